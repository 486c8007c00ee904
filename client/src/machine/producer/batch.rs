//! A sealed batch on its way, and what happens to it.

use milena_protocol::ids::{BrokerId, Offset};
use milena_protocol::records::SealedBatch;
use milena_protocol::time::MonoTime;

use crate::error::{Hindrance, Persistence, ProduceError};

/// A sealed batch with whom to tell about it.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    pub(crate) records: SealedBatch,
    /// Whom to tell: handed back with the outcome.
    pub(crate) tag: T,
    /// The place of this batch's first record among those `tag` stands for; not 0 after a split.
    pub(crate) first: u32,
    /// When its first record was enqueued: linger and delivery time-out run from here.
    pub(crate) opened: MonoTime,
    pub(super) past: Past,
}

/// What a batch has been through.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub(super) attempts: u32,
    pub(super) corrupt: u32,
    pub(super) broker: Option<BrokerId>,
    pub(super) last: Option<Hindrance>,
    /// Whether it may be in the log: `Possibly` from the first attempt with an unknown outcome
    /// until a leader says that it is not there.
    pub(super) written: Persistence,
}

impl Past {
    const BLANK: Self =
        Self { attempts: 0, corrupt: 0, broker: None, last: None, written: Persistence::No };
}

impl<T> Batch<T> {
    #[cfg(any(test, feature = "unstable-fuzzing"))]
    pub(crate) fn new(records: SealedBatch, tag: T, opened: MonoTime) -> Self {
        Self::part(records, tag, 0, opened)
    }

    /// Some of the records that `tag` stands for, from `first` on.
    pub(crate) fn part(records: SealedBatch, tag: T, first: u32, opened: MonoTime) -> Self {
        Self { records, tag, first, opened, past: Past::BLANK }
    }

    pub(crate) fn count(&self) -> u32 {
        // A batch's count is an i32 on the wire.
        self.records.count() as u32
    }
}

impl<T: Clone> Batch<T> {
    pub(super) fn span(&self) -> Span<T> {
        Span { tag: self.tag.clone(), first: self.first, count: self.count() }
    }

    /// The two halves of the batch, if it has more than one record.
    pub(super) fn halves(&self) -> Option<(Self, Self)> {
        let [front, back] = <[SealedBatch; 2]>::try_from(self.records.halves().ok()?).ok()?;
        let middle = self.first + front.count() as u32;
        let half = |records, first| Self {
            records,
            tag: self.tag.clone(),
            first,
            opened: self.opened,
            past: self.past.clone(),
        };
        Some((half(front, self.first), half(back, middle)))
    }
}

/// Some of the records that a tag stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span<T> {
    pub(crate) tag: T,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// What became of the records of a span.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// They are in the log.
    Acknowledged {
        /// The offset of the first; unknown with acks=0 and for some duplicates.
        base_offset: Option<Offset>,
        /// The broker's time, where the topic keeps that.
        log_append_time: Option<i64>,
    },
    /// They are not, or nobody knows.
    Failed(ProduceError),
}
