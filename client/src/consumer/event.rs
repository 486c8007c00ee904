//! What a consumer tells besides records and errors.

use milena_protocol::ids::{Offset, PartitionIndex, TopicId, TopicName};

use crate::machine::fetch::{self, ShelfEvent};

/// Something that happened to a partition and did not stop it.
///
/// Events come in their place among the partition's records: through
/// [`Records::events`](super::Records::events), through the hook given to
/// [`on_event`](super::AssignedConsumerBuilder::on_event), and as a warning in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsumerEvent {
    /// The position was given up for another one.
    PositionReset {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionIndex,
        /// The offset that would have been next.
        old: Option<Offset>,
        /// The offset that is next now.
        new: Offset,
        /// Why.
        cause: ResetCause,
    },
}

/// Why a position was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResetCause {
    /// The log does not hold the offset: retention removed it, or it was never written.
    OffsetOutOfRange,
    /// The log was cut below the position when the leader changed (KIP-320). Records from the new
    /// offset on may have been delivered before with other contents.
    LogTruncated,
    /// The topic was deleted, and one of the same name was created (KIP-516).
    TopicRecreated {
        /// The id of the topic that was read before.
        old: TopicId,
        /// The id of the topic that is read now.
        new: TopicId,
    },
}

impl From<ShelfEvent> for ConsumerEvent {
    fn from(event: ShelfEvent) -> Self {
        let ShelfEvent::Reset { name, old, new, cause } = event;
        Self::PositionReset {
            topic: name.topic,
            partition: name.partition,
            old,
            new,
            cause: match cause {
                fetch::ResetCause::OutOfRange => ResetCause::OffsetOutOfRange,
                fetch::ResetCause::Truncated => ResetCause::LogTruncated,
                fetch::ResetCause::Recreated { old, new } => {
                    ResetCause::TopicRecreated { old, new }
                }
            },
        }
    }
}
