//! Transactions of a log: those whose outcome is not certain yet, and the index of aborted ones
//! that readers of committed records are given (`ProducerStateManager`, `TransactionIndex`).

use std::collections::BTreeMap;

use super::marker::TxnEnd;
use crate::sabotage::{self, Sabotage};

/// A transaction that a marker has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CompletedTxn {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
    /// The marker's.
    pub(crate) last_offset: i64,
    pub(crate) end: TxnEnd,
    /// The last stable offset once the marker is replicated, if nothing else happens.
    pub(crate) last_stable_offset: i64,
}

/// Transactions whose outcome is not certain, by where they begin.
#[derive(Clone, Default, Debug)]
pub(super) struct OpenTransactions {
    /// Whose they are.
    ongoing: BTreeMap<i64, i64>,
    /// Where the markers are of those that have ended.
    unreplicated: BTreeMap<i64, i64>,
}

impl OpenTransactions {
    pub(super) fn begin(&mut self, first_offset: i64, producer_id: i64) {
        self.ongoing.insert(first_offset, producer_id);
    }

    pub(super) fn complete(&mut self, ended: &CompletedTxn) {
        self.ongoing.remove(&ended.first_offset);
        if !sabotage::is(Sabotage::MarkersDecideAtOnce) {
            self.unreplicated.insert(ended.first_offset, ended.last_offset);
        }
    }

    pub(super) fn decided_below(&mut self, offset: i64) {
        self.unreplicated.retain(|_, marker| *marker >= offset);
    }

    pub(super) fn first_unstable_offset(&self) -> Option<i64> {
        let undecided = self.ongoing.keys().next();
        let unreplicated = self.unreplicated.keys().next();
        undecided.into_iter().chain(unreplicated).min().copied()
    }

    /// Where the first open transaction of another producer begins.
    pub(super) fn first_of_others(&self, producer_id: i64) -> Option<i64> {
        let other = self.ongoing.iter().find(|(_, owner)| **owner != producer_id);
        other.map(|(first_offset, _)| *first_offset)
    }
}

/// An aborted transaction, as readers of committed records are told of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AbortedTxn {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
}

/// The aborted transactions of a log, in the order of their markers.
#[derive(Clone, Default, Debug)]
pub(super) struct TransactionIndex {
    aborted: Vec<CompletedTxn>,
}

impl TransactionIndex {
    pub(super) fn add(&mut self, ended: CompletedTxn) {
        if ended.end == TxnEnd::Abort {
            self.aborted.push(ended);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &CompletedTxn> {
        self.aborted.iter()
    }

    /// Forgets transactions whose markers are cut off.
    pub(super) fn truncate_to(&mut self, offset: i64) {
        let kept = self.aborted.partition_point(|ended| ended.last_offset < offset);
        self.aborted.truncate(kept);
    }

    /// Those that overlap with what is read from `from` on, up to `to`.
    pub(super) fn between(&self, from: i64, to: i64) -> Vec<AbortedTxn> {
        let mut found = Vec::new();
        let first = self.aborted.partition_point(|ended| ended.last_offset < from);
        for ended in &self.aborted[first..] {
            if ended.first_offset < to {
                let CompletedTxn { producer_id, first_offset, .. } = *ended;
                found.push(AbortedTxn { producer_id, first_offset });
            }
            // Whatever was aborted later began behind this.
            if ended.last_stable_offset >= to {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aborted(first_offset: i64, last_offset: i64, last_stable_offset: i64) -> CompletedTxn {
        let (producer_id, end) = (first_offset, TxnEnd::Abort);
        CompletedTxn { producer_id, first_offset, last_offset, end, last_stable_offset }
    }

    fn firsts(index: &TransactionIndex, from: i64, to: i64) -> Vec<i64> {
        index.between(from, to).iter().map(|ended| ended.first_offset).collect()
    }

    #[test]
    fn transactions_that_overlap_with_what_is_read_are_named() {
        let mut index = TransactionIndex::default();
        index.add(aborted(3, 4, 0));
        index.add(aborted(0, 6, 7));
        index.add(aborted(8, 9, 10));
        assert_eq!(firsts(&index, 0, 10), [3, 0, 8]);
        assert_eq!(firsts(&index, 5, 10), [0, 8]);
        assert_eq!(firsts(&index, 0, 3), [0]);
        assert_eq!(firsts(&index, 10, 20), [0; 0]);
    }

    #[test]
    fn committed_transactions_are_not_named() {
        let mut index = TransactionIndex::default();
        index.add(CompletedTxn { end: TxnEnd::Commit, ..aborted(0, 1, 2) });
        assert_eq!(firsts(&index, 0, 10), [0; 0]);
    }

    #[test]
    fn a_marker_that_is_cut_off_takes_its_entry_along() {
        let mut index = TransactionIndex::default();
        index.add(aborted(0, 4, 5));
        index.add(aborted(5, 8, 9));
        index.truncate_to(8);
        assert_eq!(firsts(&index, 0, 100), [0]);
        index.truncate_to(4);
        assert_eq!(firsts(&index, 0, 100), [0; 0]);
    }

    #[test]
    fn what_is_uncertain_begins_with_the_first_open_or_unreplicated_transaction() {
        let mut open = OpenTransactions::default();
        open.begin(5, 1);
        open.begin(2, 2);
        assert_eq!(open.first_unstable_offset(), Some(2));
        open.complete(&aborted(2, 9, 5));
        assert_eq!(open.first_unstable_offset(), Some(2));
        open.decided_below(10);
        assert_eq!(open.first_unstable_offset(), Some(5));
        assert_eq!((open.first_of_others(1), open.first_of_others(2)), (None, Some(5)));
    }
}
