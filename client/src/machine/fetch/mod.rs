//! Reading partitions: positions, fetch sessions, memory, isolation. Pure.
//!
//! [`FetchMachine`] decides what is asked of which broker and turns answers into [`Item`]s, in
//! order per partition; [`Shelf`] holds the items on the caller's side, knows the delivered
//! positions and is what `seek`, `pause` and `poll` act on. The two are joined by a queue in each
//! direction. A [`Generation`] per partition, counted by the shelf, makes what was fetched for an
//! earlier position recognisable.
//!
//! Followed here: KIP-74 (a first batch above the limits is taken), KIP-227 (sessions), KIP-320
//! (validation after leader changes), KIP-392 (reading from followers), KIP-516 (topic ids),
//! KIP-951 (leader hints).

mod answers;
mod batch;
mod budget;
mod chunk;
mod decide;
mod disposition;
mod epochs;
mod isolation;
mod lookup;
mod machine;
mod partition;
mod plan;
mod session;
mod shelf;

#[cfg(test)]
mod tests;

use milena_protocol::ids::{BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicId, TopicName};

pub(crate) use answers::FetchAnswer;
pub(crate) use batch::{FetchedBatch, RecordSpans};
pub(crate) use chunk::Chunk;
pub(crate) use disposition::{LookupDisposition, disposition_of_lookup};
pub(crate) use epochs::EpochLookup;
pub(crate) use lookup::{OffsetLookup, Target, Wanted};
pub(crate) use machine::FetchMachine;
pub(crate) use partition::Flow;
pub(crate) use plan::FetchPlan;
pub(crate) use shelf::{Portion, Position, Shelf, ShelfCommand, ShelfEvent, Step};

use crate::config::consumer::Start;
use crate::error::consume::ConsumeError;
use crate::machine::metadata::LeaderHint;

/// Names an assigned partition within one consumer; never used again for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u32);

/// Counts the positions the caller chose for a partition. What was fetched under an earlier one is
/// never delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Generation(pub(crate) u32);

impl Generation {
    pub(crate) fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// A partition by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TopicPartition {
    pub(crate) topic: TopicName,
    pub(crate) partition: PartitionIndex,
}

/// Who leads a partition, as far as the metadata tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leadership {
    pub(crate) topic_id: TopicId,
    pub(crate) leader: Option<BrokerId>,
    pub(crate) epoch: LeaderEpoch,
}

/// Where the caller wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeekTo {
    /// At what a start stands for; it is not validated against the log's epochs.
    Start(Start),
    /// At an offset after a record of a known epoch, so that truncation is noticed.
    After { offset: Offset, epoch: Option<LeaderEpoch> },
}

/// What goes to the caller's side, in order per partition.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) slot: Slot,
    pub(crate) generation: Generation,
    pub(crate) kind: ItemKind,
}

#[derive(Debug)]
pub(crate) enum ItemKind {
    /// Records, or only progress past what is not shown.
    Chunk(Chunk),
    /// The start was looked up.
    Positioned(Offset),
    /// The position was given up for another one.
    Reset { old: Option<Offset>, new: Offset, cause: ResetCause },
    /// The log diverges from what was read (KIP-320). The shelf knows what was delivered and so
    /// where to go on.
    Truncated { at: Offset, diverging: Divergence, then: AfterTruncation },
    /// The partition stopped, or something is to be told.
    Failed(ConsumeError),
}

/// The first offset from which on the leader's log is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Divergence {
    pub(crate) offset: Offset,
    pub(crate) epoch: Option<LeaderEpoch>,
}

/// Whether reading goes on after a truncation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterTruncation {
    GoOn,
    Fail,
}

/// Why a position was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResetCause {
    OutOfRange,
    Truncated,
    Recreated { old: TopicId, new: TopicId },
}

/// What the driver has to do for the machine.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Send a Fetch; its answer goes to [`FetchMachine::on_fetch_answer`].
    Fetch(FetchPlan),
    /// Send a ListOffsets; its answer goes to [`FetchMachine::on_offsets_answer`].
    ListOffsets(OffsetLookup),
    /// Send an OffsetForLeaderEpoch; its answer goes to [`FetchMachine::on_epochs_answer`].
    ValidateEpochs(EpochLookup),
    /// Close a fetch session the broker still holds; nobody waits for the answer.
    EndSession { broker: BrokerId, session_id: i32 },
    /// Take back the fetch that waits for a connection to a broker that leads nothing any more.
    Withdraw(BrokerId),
    /// The metadata are known to be stale.
    RefreshMetadata,
    /// The broker named newer leaders (KIP-951).
    LeaderHints(Vec<LeaderHint>),
    /// Put onto the caller's queue.
    Deliver(Item),
}
