//! What a log knows about its idempotent producers: sequences, epochs, the last five batches.
//!
//! The state is derived from the log and from nothing else, so a new leader has it without being
//! told, and a truncated tail takes its part of it along (`ProducerStateManager`,
//! `ProducerStateEntry` and `ProducerAppendInfo` in Apache Kafka).

use std::collections::{BTreeMap, VecDeque};

use milena_protocol::ErrorCode;

use super::batch::LogBatch;

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
}

impl Producers {
    /// Judges a batch that a client sent. Batches without a producer id always follow.
    pub(crate) fn check(&self, batch: &LogBatch) -> Result<SequenceVerdict, ErrorCode> {
        if batch.producer_id() < 0 {
            return Ok(SequenceVerdict::Append);
        }
        let Some(entry) = self.by_id.get(&batch.producer_id()) else {
            // Retention may have removed the state, so any sequence may follow (KIP-360).
            return Ok(SequenceVerdict::Append);
        };
        if let Some(duplicate) = entry.find(batch) {
            return Ok(SequenceVerdict::Duplicate(*duplicate));
        }
        if batch.producer_epoch() < entry.epoch {
            return Err(ErrorCode::INVALID_PRODUCER_EPOCH);
        }
        if batch.producer_epoch() > entry.epoch {
            return if batch.base_sequence() == 0 {
                Ok(SequenceVerdict::Append)
            } else {
                Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
            };
        }
        let last = entry.batches.back().map_or(-1, |batch| batch.last_sequence);
        if follows(last, batch.base_sequence()) {
            Ok(SequenceVerdict::Append)
        } else {
            Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
        }
    }

    /// Takes in a batch that was appended, by a leader or a follower.
    pub(crate) fn appended(&mut self, batch: &LogBatch) {
        if batch.producer_id() < 0 || batch.is_control() {
            return;
        }
        let entry = self
            .by_id
            .entry(batch.producer_id())
            .or_insert_with(|| ProducerEntry { epoch: -1, batches: VecDeque::new() });
        if entry.epoch != batch.producer_epoch() {
            entry.batches.clear();
            entry.epoch = batch.producer_epoch();
        }
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
    }

    /// Every producer, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &ProducerEntry)> {
        self.by_id.iter().map(|(id, entry)| (*id, entry))
    }

    /// Derives the state anew from the batches of a log.
    pub(crate) fn rebuild<'a>(batches: impl Iterator<Item = &'a LogBatch>) -> Self {
        let mut producers = Self::default();
        for batch in batches {
            producers.appended(batch);
        }
        producers
    }

    #[cfg(test)]
    pub(crate) fn entry(&self, producer_id: i64) -> Option<&ProducerEntry> {
        self.by_id.get(&producer_id)
    }
}

impl ProducerEntry {
    fn find(&self, batch: &LogBatch) -> Option<&AppendedBatch> {
        if batch.producer_epoch() != self.epoch {
            return None;
        }
        self.batches.iter().find(|known| {
            known.first_sequence == batch.base_sequence()
                && known.last_sequence == batch.last_sequence()
        })
    }
}

/// Whether `next` comes after `last`; sequences wrap from the largest to 0.
fn follows(last: i32, next: i32) -> bool {
    i64::from(next) == i64::from(last) + 1 || (next == 0 && last == i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::batch::tests::sequenced;
    use super::*;

    fn with(batches: &[LogBatch]) -> Producers {
        Producers::rebuild(batches.iter())
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
}
