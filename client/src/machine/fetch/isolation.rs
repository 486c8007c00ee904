//! Which batches a read_committed reader is shown (`CompletedFetch` in Apache Kafka).
//!
//! The broker sends every batch below the last stable offset and, beside them, the aborted
//! transactions that overlap them: a producer id and the offset of the transaction's first record.
//! A transactional batch is skipped from that offset on until the producer's abort marker.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use milena_protocol::ids::{Offset, ProducerId};

use crate::config::consumer::IsolationLevel;

/// Walks the batches of one partition of one answer, in offset order.
#[derive(Debug)]
pub(crate) enum IsolationFilter {
    Uncommitted,
    Committed {
        upcoming: BinaryHeap<Reverse<(Offset, ProducerId)>>,
        aborting: BTreeSet<ProducerId>,
    },
}

/// What the filter has to know of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchFacts {
    pub(crate) producer_id: ProducerId,
    pub(crate) last_offset: Offset,
    pub(crate) kind: BatchKind,
}

/// What a batch is to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchKind {
    /// Records outside transactions.
    Plain,
    /// Records of a transaction.
    Transactional,
    /// The marker that a transaction was aborted.
    AbortMarker,
    /// Any other marker, known or not.
    OtherControl,
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    Shown,
    /// Passed: the position moves beyond it.
    Hidden,
}

impl IsolationFilter {
    /// A filter for one answer, given the aborted transactions it lists.
    pub(crate) fn new(
        level: IsolationLevel,
        aborted: impl Iterator<Item = (ProducerId, Offset)>,
    ) -> Self {
        match level {
            IsolationLevel::ReadUncommitted => Self::Uncommitted,
            IsolationLevel::ReadCommitted => Self::Committed {
                upcoming: aborted.map(|(id, first)| Reverse((first, id))).collect(),
                aborting: BTreeSet::new(),
            },
        }
    }

    /// Whether the next batch is shown. Control batches never are.
    pub(crate) fn judge(&mut self, batch: BatchFacts) -> Visibility {
        if let Self::Committed { upcoming, aborting } = self
            && batch.producer_id != ProducerId::NONE
        {
            while let Some(Reverse((first, id))) = upcoming.peek().copied()
                && first <= batch.last_offset
            {
                aborting.insert(id);
                upcoming.pop();
            }
            match batch.kind {
                BatchKind::AbortMarker => {
                    aborting.remove(&batch.producer_id);
                }
                BatchKind::Transactional if aborting.contains(&batch.producer_id) => {
                    return Visibility::Hidden;
                }
                BatchKind::Transactional | BatchKind::Plain | BatchKind::OtherControl => {}
            }
        }
        match batch.kind {
            BatchKind::Plain | BatchKind::Transactional => Visibility::Shown,
            BatchKind::AbortMarker | BatchKind::OtherControl => Visibility::Hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(producer: i64, last_offset: i64, kind: BatchKind) -> BatchFacts {
        BatchFacts { producer_id: ProducerId(producer), last_offset: Offset(last_offset), kind }
    }

    fn committed(aborted: &[(i64, i64)]) -> IsolationFilter {
        let list = aborted.iter().map(|&(id, first)| (ProducerId(id), Offset(first)));
        IsolationFilter::new(IsolationLevel::ReadCommitted, list)
    }

    #[test]
    fn records_of_an_aborted_transaction_are_hidden_until_its_marker() {
        let mut filter = committed(&[(7, 10)]);
        assert_eq!(filter.judge(batch(7, 9, BatchKind::Transactional)), Visibility::Shown);
        assert_eq!(filter.judge(batch(7, 12, BatchKind::Transactional)), Visibility::Hidden);
        assert_eq!(filter.judge(batch(7, 13, BatchKind::AbortMarker)), Visibility::Hidden);
        assert_eq!(filter.judge(batch(7, 15, BatchKind::Transactional)), Visibility::Shown);
    }

    #[test]
    fn an_aborted_transaction_hides_neither_other_producers_nor_plain_batches_of_its_own() {
        let mut filter = committed(&[(7, 0)]);
        assert_eq!(filter.judge(batch(8, 1, BatchKind::Transactional)), Visibility::Shown);
        assert_eq!(filter.judge(batch(7, 2, BatchKind::Plain)), Visibility::Shown);
        assert_eq!(filter.judge(batch(-1, 3, BatchKind::Plain)), Visibility::Shown);
    }

    #[test]
    fn two_aborted_transactions_of_one_producer_are_told_apart_by_the_marker() {
        let mut filter = committed(&[(7, 20), (7, 0)]);
        assert_eq!(filter.judge(batch(7, 1, BatchKind::Transactional)), Visibility::Hidden);
        assert_eq!(filter.judge(batch(7, 2, BatchKind::AbortMarker)), Visibility::Hidden);
        assert_eq!(filter.judge(batch(7, 12, BatchKind::Transactional)), Visibility::Shown);
        assert_eq!(filter.judge(batch(7, 21, BatchKind::Transactional)), Visibility::Hidden);
    }

    #[test]
    fn read_uncommitted_shows_aborted_records_but_no_markers() {
        let aborted = [(ProducerId(7), Offset(0))].into_iter();
        let mut filter = IsolationFilter::new(IsolationLevel::ReadUncommitted, aborted);
        assert_eq!(filter.judge(batch(7, 1, BatchKind::Transactional)), Visibility::Shown);
        assert_eq!(filter.judge(batch(7, 2, BatchKind::AbortMarker)), Visibility::Hidden);
        assert_eq!(filter.judge(batch(7, 3, BatchKind::OtherControl)), Visibility::Hidden);
    }
}
