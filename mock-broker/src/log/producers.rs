//! What a log knows about its producers: sequences, epochs, the last five batches, open
//! transactions.
//!
//! The state is derived from the log and from nothing else, so a new leader has it without being
//! told, and a truncated tail takes its part of it along (`ProducerStateManager`,
//! `ProducerStateEntry` and `ProducerAppendInfo` in Apache Kafka).

use std::collections::{BTreeMap, VecDeque};

use milena_protocol::ErrorCode;

use super::batch::LogBatch;
use super::marker::EndTxnMarker;
use super::transactions::{CompletedTxn, OpenTransactions};
use crate::sabotage::{self, Sabotage};

/// How many batches per producer are remembered, which is why a client keeps at most five in
/// flight (`ProducerStateEntry.NUM_BATCHES_TO_RETAIN`).
const REMEMBERED_BATCHES: usize = 5;

/// A batch that was appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AppendedBatch {
    pub(crate) first_sequence: i32,
    pub(crate) last_sequence: i32,
    pub(crate) first_offset: i64,
    pub(crate) last_offset: i64,
    pub(crate) timestamp: i64,
}

/// One producer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ProducerEntry {
    pub(crate) epoch: i16,
    /// Of the coordinator that wrote its last marker, -1 before the first.
    pub(crate) coordinator_epoch: i32,
    /// Of its last batch or marker.
    pub(crate) last_timestamp: i64,
    /// Where its open transaction begins.
    pub(crate) transaction_start: Option<i64>,
    pub(crate) batches: VecDeque<AppendedBatch>,
}

/// What is to be done with a batch of an idempotent producer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SequenceVerdict {
    /// It follows: append it.
    Append,
    /// It was appended before: answer what was answered then.
    Duplicate(AppendedBatch),
}

/// All producers of one log.
#[derive(Clone, Default, Debug)]
pub(crate) struct Producers {
    by_id: BTreeMap<i64, ProducerEntry>,
    transactions: OpenTransactions,
}

impl Producers {
    /// Judges a batch that a client sent. Batches without a producer id always follow.
    pub(crate) fn check(&self, batch: &LogBatch) -> Result<SequenceVerdict, ErrorCode> {
        if batch.producer_id() < 0 || sabotage::is(Sabotage::SequencesUnchecked) {
            return Ok(SequenceVerdict::Append);
        }
        let Some(entry) = self.by_id.get(&batch.producer_id()) else {
            // Retention may have removed the state, so any sequence may follow (KIP-360).
            if sabotage::is(Sabotage::UnknownStartsAtZero) && batch.base_sequence() != 0 {
                return Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
            }
            return Ok(SequenceVerdict::Append);
        };
        if let Some(duplicate) = entry.find(batch) {
            return Ok(SequenceVerdict::Duplicate(*duplicate));
        }
        if batch.producer_epoch() < entry.epoch && !sabotage::is(Sabotage::OldProducerEpochTaken) {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        entry.check_sequence(batch)?;
        if entry.transaction_start.is_some()
            && !batch.is_transactional()
            && !sabotage::is(Sabotage::PlainInsideTransaction)
        {
            return Err(ErrorCode::INVALID_TXN_STATE);
        }
        Ok(SequenceVerdict::Append)
    }

    /// Judges a marker that a coordinator sent. One that ends nothing is as good as another.
    pub(crate) fn check_marker(&self, marker: &EndTxnMarker) -> Result<(), ErrorCode> {
        let entry = self.by_id.get(&marker.producer_id);
        let (epoch, coordinator_epoch) =
            entry.map_or((-1, -1), |entry| (entry.epoch, entry.coordinator_epoch));
        if marker.producer_epoch < epoch && !sabotage::is(Sabotage::OldMarkerTaken) {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if marker.coordinator_epoch < coordinator_epoch
            && !sabotage::is(Sabotage::OldCoordinatorHeard)
        {
            return Err(ErrorCode::TRANSACTION_COORDINATOR_FENCED);
        }
        Ok(())
    }

    /// Takes in a batch that was appended, by a leader or a follower. Gives the transaction that a
    /// marker has ended.
    pub(crate) fn appended(&mut self, batch: &LogBatch) -> Option<CompletedTxn> {
        if batch.producer_id() < 0 {
            return None;
        }
        if batch.is_control() {
            // Of a marker whose record was compacted away nothing is left to be done.
            return EndTxnMarker::read(batch)
                .and_then(|marker| self.marker_appended(batch, &marker));
        }
        let entry = self.entry_in_epoch(batch.producer_id(), batch.producer_epoch());
        if entry.batches.len() == REMEMBERED_BATCHES {
            entry.batches.pop_front();
        }
        entry.batches.push_back(AppendedBatch {
            first_sequence: batch.base_sequence(),
            last_sequence: batch.last_sequence(),
            first_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            timestamp: batch.max_timestamp(),
        });
        entry.last_timestamp = batch.max_timestamp();
        if batch.is_transactional() && entry.transaction_start.is_none() {
            entry.transaction_start = Some(batch.base_offset());
            self.transactions.begin(batch.base_offset(), batch.producer_id());
        }
        None
    }

    fn marker_appended(&mut self, batch: &LogBatch, marker: &EndTxnMarker) -> Option<CompletedTxn> {
        let entry = self.entry_in_epoch(marker.producer_id, marker.producer_epoch);
        entry.coordinator_epoch = marker.coordinator_epoch;
        entry.last_timestamp = batch.max_timestamp();
        let first_offset = entry.transaction_start.take()?;
        let ended = CompletedTxn {
            producer_id: marker.producer_id,
            first_offset,
            last_offset: batch.base_offset(),
            end: marker.end,
            last_stable_offset: self
                .transactions
                .first_of_others(marker.producer_id)
                .unwrap_or(batch.base_offset() + 1),
        };
        self.transactions.complete(&ended);
        Some(ended)
    }

    /// A new epoch forgets the batches of the old one.
    fn entry_in_epoch(&mut self, id: i64, epoch: i16) -> &mut ProducerEntry {
        let entry = self.by_id.entry(id).or_insert_with(|| ProducerEntry {
            epoch,
            coordinator_epoch: -1,
            last_timestamp: -1,
            transaction_start: None,
            batches: VecDeque::new(),
        });
        if entry.epoch != epoch {
            entry.batches.clear();
            entry.epoch = epoch;
        }
        entry
    }

    /// Where the first transaction begins whose outcome is not certain: it is open, or its marker
    /// is not replicated yet.
    pub(crate) fn first_unstable_offset(&self) -> Option<i64> {
        self.transactions.first_unstable_offset()
    }

    /// Markers below the high watermark, or below the start of the log, are certain.
    pub(crate) fn decided_below(&mut self, offset: i64) {
        self.transactions.decided_below(offset);
    }

    /// Whether a transaction of this producer and epoch is open
    /// (`UnifiedLog.hasOngoingTransaction`).
    pub(crate) fn has_open_transaction(&self, id: i64, epoch: i16) -> bool {
        let entry = self.by_id.get(&id);
        entry.is_some_and(|entry| entry.epoch == epoch && entry.transaction_start.is_some())
    }

    /// Forgets producers that wrote nothing for `expiration` milliseconds and have no open
    /// transaction (`ProducerStateManager.removeExpiredProducers`).
    pub(crate) fn expire(&mut self, wall_millis: i64, expiration: i64) {
        self.by_id.retain(|_, entry| {
            entry.transaction_start.is_some()
                || wall_millis.saturating_sub(entry.last_timestamp) < expiration
        });
    }

    /// No transaction was ever begun: what a defect makes of a new leader.
    pub(crate) fn forget_transactions(&mut self) {
        self.transactions = OpenTransactions::default();
        self.by_id.values_mut().for_each(|entry| entry.transaction_start = None);
    }

    /// Every producer, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &ProducerEntry)> {
        self.by_id.iter().map(|(id, entry)| (*id, entry))
    }

    /// Derives the state anew from the batches of a log.
    #[cfg(test)]
    pub(crate) fn rebuild<'a>(batches: impl Iterator<Item = &'a LogBatch>) -> Self {
        Self::default().with(batches)
    }

    /// This, and the batches of a log behind it.
    pub(crate) fn with<'a>(mut self, batches: impl Iterator<Item = &'a LogBatch>) -> Self {
        for batch in batches {
            self.appended(batch);
        }
        self
    }

    /// Keeps what a producer snapshot holds: the last batch of each producer
    /// (`ProducerStateManager.readSnapshot`).
    pub(crate) fn forget_all_but_last(&mut self) {
        for entry in self.by_id.values_mut() {
            let known = entry.batches.len();
            entry.batches.drain(..known.saturating_sub(1));
        }
    }

    #[cfg(test)]
    pub(crate) fn entry(&self, producer_id: i64) -> Option<&ProducerEntry> {
        self.by_id.get(&producer_id)
    }
}

impl ProducerEntry {
    /// The sequence of its last batch, -1 if its epoch has none.
    pub(crate) fn last_sequence(&self) -> i32 {
        self.batches.back().map_or(-1, |batch| batch.last_sequence)
    }

    fn check_sequence(&self, batch: &LogBatch) -> Result<(), ErrorCode> {
        let in_order = if batch.producer_epoch() == self.epoch {
            let last = self.last_sequence();
            let gap = batch.base_sequence() > last && sabotage::is(Sabotage::SequenceGapTaken);
            gap || follows(last, batch.base_sequence())
        } else {
            batch.base_sequence() == 0 || sabotage::is(Sabotage::NewProducerEpochAnywhere)
        };
        if in_order { Ok(()) } else { Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER) }
    }

    fn find(&self, batch: &LogBatch) -> Option<&AppendedBatch> {
        if batch.producer_epoch() != self.epoch {
            return None;
        }
        let only_last = sabotage::is(Sabotage::OnlyLastDuplicateKnown);
        self.batches.iter().rev().take(if only_last { 1 } else { usize::MAX }).find(|known| {
            known.first_sequence == batch.base_sequence()
                && known.last_sequence == batch.last_sequence()
        })
    }
}

/// Whether `next` comes after `last`; sequences wrap from the largest to 0.
fn follows(last: i32, next: i32) -> bool {
    let wraps = next == 0 && last == i32::MAX && !sabotage::is(Sabotage::SequencesNeverWrap);
    i64::from(next) == i64::from(last) + 1 || wraps
}

#[cfg(test)]
mod tests {
    use super::super::batch::tests::{sequenced, transactional};
    use super::*;

    fn with(batches: &[LogBatch]) -> Producers {
        Producers::rebuild(batches.iter())
    }

    use super::super::marker::TxnEnd;

    fn marker(epoch: i16, coordinator_epoch: i32, end: TxnEnd) -> EndTxnMarker {
        EndTxnMarker { producer_id: 7, producer_epoch: epoch, coordinator_epoch, end }
    }

    fn written(marker: &EndTxnMarker, offset: i64) -> LogBatch {
        marker.to_batch(1_000).placed(offset, 0, None)
    }

    #[test]
    fn the_next_sequence_follows() {
        let producers = with(&[sequenced(0, 7, 0, 0, 3)]);
        let next = sequenced(3, 7, 0, 3, 1);
        assert_eq!(producers.check(&next), Ok(SequenceVerdict::Append));
    }

    #[test]
    fn a_gap_is_out_of_order() {
        let producers = with(&[sequenced(0, 7, 0, 0, 3)]);
        let gap = sequenced(3, 7, 0, 4, 1);
        assert_eq!(producers.check(&gap), Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    }

    #[test]
    fn part_of_a_batch_is_out_of_order() {
        let producers = with(&[sequenced(0, 7, 0, 0, 3)]);
        let part = sequenced(3, 7, 0, 1, 1);
        assert_eq!(producers.check(&part), Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    }

    #[test]
    fn each_of_the_last_five_batches_is_known_as_a_duplicate_and_the_sixth_is_not() {
        let batches: Vec<_> = (0..6).map(|n| sequenced(n, 7, 0, n as i32, 1)).collect();
        let producers = with(&batches);
        for (offset, batch) in batches.iter().enumerate().skip(1) {
            let verdict = producers.check(batch);
            assert!(
                matches!(verdict, Ok(SequenceVerdict::Duplicate(known))
                    if known.first_offset == offset as i64),
                "{verdict:?}"
            );
        }
        let sixth = producers.check(&batches[0]);
        assert_eq!(sixth, Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    }

    #[test]
    fn a_lower_epoch_is_refused() {
        let producers = with(&[sequenced(0, 7, 3, 0, 1)]);
        let old = sequenced(1, 7, 2, 1, 1);
        assert_eq!(producers.check(&old), Err(ErrorCode::INVALID_PRODUCER_EPOCH));
    }

    #[test]
    fn a_higher_epoch_starts_at_zero() {
        let producers = with(&[sequenced(0, 7, 3, 0, 1)]);
        assert_eq!(producers.check(&sequenced(1, 7, 4, 0, 1)), Ok(SequenceVerdict::Append));
        assert_eq!(
            producers.check(&sequenced(1, 7, 4, 1, 1)),
            Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
        );
    }

    #[test]
    fn an_unknown_producer_is_taken_at_any_sequence() {
        let producers = with(&[]);
        assert_eq!(producers.check(&sequenced(0, 7, 3, 41, 1)), Ok(SequenceVerdict::Append));
    }

    #[test]
    fn sequences_wrap_from_the_largest_to_zero() {
        let producers = with(&[sequenced(0, 7, 0, i32::MAX, 1)]);
        assert_eq!(producers.check(&sequenced(1, 7, 0, 0, 1)), Ok(SequenceVerdict::Append));
        let across = with(&[sequenced(0, 7, 0, i32::MAX - 1, 4)]);
        assert_eq!(across.entry(7).unwrap().batches[0].last_sequence, 1);
        assert_eq!(across.check(&sequenced(4, 7, 0, 2, 1)), Ok(SequenceVerdict::Append));
    }

    #[test]
    fn a_new_epoch_forgets_the_batches_of_the_old_one() {
        let producers = with(&[sequenced(0, 7, 0, 0, 1), sequenced(1, 7, 1, 0, 1)]);
        assert_eq!(producers.entry(7).unwrap().batches.len(), 1);
    }

    #[test]
    fn a_plain_batch_inside_a_transaction_is_refused_and_one_behind_it_is_not() {
        let mut producers = with(&[transactional(0, 7, 0, 0, 2)]);
        let plain = sequenced(2, 7, 0, 2, 1);
        assert_eq!(producers.check(&plain), Err(ErrorCode::INVALID_TXN_STATE));
        producers.appended(&written(&marker(0, 0, TxnEnd::Commit), 2));
        assert_eq!(producers.check(&plain), Ok(SequenceVerdict::Append));
    }

    #[test]
    fn a_marker_ends_the_transaction_from_its_first_batch_to_itself() {
        let mut producers = with(&[transactional(3, 7, 0, 0, 2), transactional(5, 7, 0, 2, 1)]);
        assert_eq!(producers.first_unstable_offset(), Some(3));
        let ended = producers.appended(&written(&marker(0, 4, TxnEnd::Abort), 6)).unwrap();
        assert_eq!((ended.first_offset, ended.last_offset, ended.end), (3, 6, TxnEnd::Abort));
        assert_eq!(ended.last_stable_offset, 7);
        let entry = producers.entry(7).unwrap();
        assert_eq!((entry.transaction_start, entry.coordinator_epoch), (None, 4));
        assert_eq!(entry.batches.len(), 2, "duplicates of its batches are still known");
    }

    #[test]
    fn a_transaction_is_undecided_until_its_marker_is_below_the_high_watermark() {
        let mut producers = with(&[transactional(0, 7, 0, 0, 2)]);
        producers.appended(&written(&marker(0, 0, TxnEnd::Commit), 2));
        producers.decided_below(2);
        assert_eq!(producers.first_unstable_offset(), Some(0));
        producers.decided_below(3);
        assert_eq!(producers.first_unstable_offset(), None);
    }

    #[test]
    fn the_last_stable_offset_at_a_marker_is_where_another_producers_transaction_begins() {
        let mut producers = with(&[
            transactional(0, 7, 0, 0, 1),
            transactional(1, 8, 0, 0, 1),
            transactional(2, 9, 0, 0, 1),
        ]);
        let ended = producers.appended(&written(&marker(0, 0, TxnEnd::Abort), 3)).unwrap();
        assert_eq!(ended.last_stable_offset, 1);
    }

    #[test]
    fn markers_of_older_producers_and_coordinators_are_fenced() {
        let mut producers = with(&[transactional(0, 7, 2, 0, 1)]);
        let older = marker(1, 9, TxnEnd::Abort);
        assert_eq!(producers.check_marker(&older), Err(ErrorCode::INVALID_PRODUCER_EPOCH));
        producers.appended(&written(&marker(2, 5, TxnEnd::Commit), 1));
        let zombie = marker(2, 4, TxnEnd::Commit);
        assert_eq!(producers.check_marker(&zombie), Err(ErrorCode::TRANSACTION_COORDINATOR_FENCED));
        assert_eq!(producers.check_marker(&marker(2, 5, TxnEnd::Abort)), Ok(()));
    }

    #[test]
    fn a_marker_of_a_newer_epoch_lets_that_epoch_start_from_zero() {
        let mut producers = with(&[transactional(0, 7, 0, 0, 1)]);
        producers.appended(&written(&marker(1, 0, TxnEnd::Abort), 1));
        let old = transactional(2, 7, 0, 1, 1);
        assert_eq!(producers.check(&old), Err(ErrorCode::INVALID_PRODUCER_EPOCH));
        assert_eq!(
            producers.check(&transactional(2, 7, 1, 1, 1)),
            Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
        );
        let new = transactional(2, 7, 1, 0, 1);
        assert_eq!(producers.check(&new), Ok(SequenceVerdict::Append));
    }

    #[test]
    fn a_silent_producer_is_forgotten_unless_its_transaction_is_open() {
        let mut producers = with(&[sequenced(0, 7, 0, 0, 1), transactional(1, 8, 0, 0, 1)]);
        producers.expire(10_999, 10_000);
        assert!(producers.entry(7).is_some());
        producers.expire(11_000, 10_000);
        assert!(producers.entry(7).is_none());
        assert!(producers.entry(8).is_some());
    }
}
