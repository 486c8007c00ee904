//! Errors of consumers.

use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{BrokerId, Offset, PartitionIndex, TopicId, TopicName};

use super::{ConfigError, RequestError};

/// Why reading stopped or an answer is missing.
///
/// An error that names a partition concerns that partition only; the others go on.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumeError {
    /// The position is not in the log, and the reset policy is
    /// [`OffsetReset::Fail`](crate::consumer::OffsetReset::Fail). The partition is not read until
    /// the caller seeks.
    #[error("{topic}-{partition}: offset {offset} is out of range and no reset is configured")]
    OffsetOutOfRange {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionIndex,
        /// The offset that was asked for.
        offset: Offset,
    },
    /// The log was cut below the position after a change of leader (KIP-320), and the reset policy
    /// is [`OffsetReset::Fail`](crate::consumer::OffsetReset::Fail). Records that were read may no
    /// longer be in the log. The partition is not read until the caller seeks.
    #[error(
        "{topic}-{partition}: the log was truncated below offset {offset}{}",
        diverging_text(*diverging)
    )]
    LogTruncated {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionIndex,
        /// The offset of the next record that would have been delivered.
        offset: Offset,
        /// The first offset that is no longer what it was, where the broker can tell.
        diverging: Option<Offset>,
    },
    /// The topic was deleted and created again, and the reset policy is
    /// [`OffsetReset::Fail`](crate::consumer::OffsetReset::Fail). The old offset means nothing in
    /// the new topic (KIP-516). The partition is not read until the caller seeks.
    #[error("{topic}-{partition}: the topic was created again ({old} became {new})")]
    TopicRecreated {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionIndex,
        /// The position in the old topic, if there was one.
        offset: Option<Offset>,
        /// The id of the topic that was read.
        old: TopicId,
        /// The id of the topic that has the name now.
        new: TopicId,
    },
    /// A batch whose bytes are damaged. The partition is not read until the caller seeks, to
    /// `next_offset` to skip the batch or to `offset` to try again.
    #[error("{topic}-{partition}: the batch at offset {offset} is corrupt: {reason}")]
    CorruptBatch {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionIndex,
        /// Where the batch begins, or the position if it does not tell.
        offset: Offset,
        /// The offset after the batch, as far as that can be known.
        next_offset: Offset,
        /// What is wrong with it.
        reason: String,
    },
    /// A batch in a format or with a compression that this build does not read. The partition is
    /// not read until the caller seeks, for example to `next_offset`.
    #[error("{topic}-{partition}: the batch at offset {offset} cannot be read: {reason}")]
    UnsupportedBatch {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionIndex,
        /// Where the batch begins.
        offset: Offset,
        /// The offset after the batch.
        next_offset: Offset,
        /// What is not supported.
        reason: String,
    },
    /// The cluster does not know the topic or the partition. It is asked for again and again, and
    /// reading starts when it appears.
    #[error("{topic}-{partition}: not known to the cluster for {waited:?}")]
    UnknownPartition {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionIndex,
        /// For how long it has been asked for.
        waited: Duration,
    },
    /// The broker refuses to serve the partition, for example because the principal may not read
    /// it. The partition is not read until the caller seeks or resumes it.
    #[error("{topic}-{partition}: refused{}: {code}", broker_text(*broker))]
    Refused {
        /// The topic.
        topic: TopicName,
        /// The partition.
        partition: PartitionIndex,
        /// The broker, if it was that of the partition. Without, the metadata say so.
        broker: Option<BrokerId>,
        /// What it said.
        code: ErrorCode,
    },
    /// The partition is not assigned to this consumer.
    #[error("{topic}-{partition} is not assigned to this consumer")]
    NotAssigned {
        /// The topic.
        topic: String,
        /// The partition.
        partition: PartitionIndex,
    },
    /// The answer did not come in time, although it was asked for repeatedly.
    #[error("no answer within {after:?}{}", last_text(last.as_deref()))]
    TimedOut {
        /// The time-out.
        after: Duration,
        /// Why the last attempt failed, if one did.
        last: Option<Box<ConsumeError>>,
    },
    /// A request got no usable answer.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The consumer is closed.
    #[error("the consumer is closed")]
    Closed,
}

impl ConsumeError {
    /// Whether the same call may succeed later without any change.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::UnknownPartition { .. } | Self::TimedOut { .. } => true,
            Self::Refused { code, .. } => code.is_retriable(),
            Self::Request(error) => error.is_retriable(),
            Self::OffsetOutOfRange { .. }
            | Self::LogTruncated { .. }
            | Self::TopicRecreated { .. }
            | Self::CorruptBatch { .. }
            | Self::UnsupportedBatch { .. }
            | Self::NotAssigned { .. }
            | Self::Config(_)
            | Self::Closed => false,
        }
    }

    /// Whether this consumer can never be used again.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Closed => true,
            Self::Request(error) => error.is_fatal(),
            _ => false,
        }
    }

    /// The topic and partition concerned, if it is one.
    pub fn partition(&self) -> Option<(&str, PartitionIndex)> {
        match self {
            Self::OffsetOutOfRange { topic, partition, .. }
            | Self::LogTruncated { topic, partition, .. }
            | Self::TopicRecreated { topic, partition, .. }
            | Self::CorruptBatch { topic, partition, .. }
            | Self::UnsupportedBatch { topic, partition, .. }
            | Self::UnknownPartition { topic, partition, .. }
            | Self::Refused { topic, partition, .. } => Some((topic, *partition)),
            Self::NotAssigned { topic, partition } => Some((topic, *partition)),
            Self::TimedOut { last, .. } => last.as_ref().and_then(|last| last.partition()),
            Self::Request(_) | Self::Config(_) | Self::Closed => None,
        }
    }

    /// Where to seek to in order to go on after what cannot be read.
    pub fn next_offset(&self) -> Option<Offset> {
        match self {
            Self::CorruptBatch { next_offset, .. } | Self::UnsupportedBatch { next_offset, .. } => {
                Some(*next_offset)
            }
            Self::LogTruncated { diverging, .. } => *diverging,
            _ => None,
        }
    }
}

fn broker_text(broker: Option<BrokerId>) -> String {
    broker.map_or_else(String::new, |broker| format!(" by broker {broker}"))
}

fn diverging_text(diverging: Option<Offset>) -> String {
    diverging.map_or_else(String::new, |at| format!("; it diverges from offset {at} on"))
}

fn last_text(last: Option<&ConsumeError>) -> String {
    last.map_or_else(String::new, |last| format!("; the last attempt: {last}"))
}
