//! One replica's log (`UnifiedLog`): batches, high watermark, leader epochs, producer state.
//!
//! Owns truncation and everything that is derived from the batches. It knows nothing of leaders
//! and followers; `replication` decides who may append what.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::sabotage::{self, Sabotage};
use milena_protocol::ErrorCode;

mod batch;
mod compaction;
mod epochs;
mod marker;
mod offset_index;
mod producers;
mod recompress;
mod recovery;
mod retention;
mod rewrite;
mod segments;
mod timestamps;
mod transactions;
mod validate;

pub(crate) use batch::LogBatch;
#[cfg(test)]
pub(crate) use batch::tests as batch_tests;
pub(crate) use compaction::Compaction;
pub(crate) use epochs::{EpochEnd, LeaderEpochs};
pub(crate) use marker::{EndTxnMarker, TxnEnd};
pub(crate) use producers::SequenceVerdict;
pub(crate) use retention::Retention;
pub(crate) use segments::SegmentLimits;
pub(crate) use timestamps::FoundOffset;
pub(crate) use transactions::AbortedTxn;
pub(crate) use validate::{Refused, check_produced, single_batch};

use offset_index::SinceIndexed;
use producers::Producers;
use segments::Segment;
use transactions::TransactionIndex;

/// A batch and where it begins, in bytes since the log was created.
#[derive(Clone, Debug)]
struct Entry {
    position: u64,
    /// Whether an offset index has an entry for it.
    is_indexed: bool,
    batch: Arc<LogBatch>,
}

/// What a leader did with a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
    /// -1 under CreateTime, except for a duplicate, which has its batch's timestamp.
    pub(crate) append_time: i64,
    pub(crate) duplicate: bool,
}

/// What was read.
#[derive(Clone, Default, Debug)]
pub(crate) struct Read {
    pub(crate) batches: Vec<Arc<LogBatch>>,
    /// Bytes of these.
    pub(crate) bytes: usize,
    /// The batch behind them, and how much of it fits: Kafka cuts at the limit.
    pub(crate) tail: Option<(Arc<LogBatch>, usize)>,
}

/// A log.
#[derive(Clone, Default, Debug)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    /// None before the first append.
    segments: VecDeque<Segment>,
    start_offset: i64,
    end_offset: i64,
    end_position: u64,
    high_watermark: i64,
    /// Everything below is on the disk, whatever happens to the machine.
    flushed: i64,
    /// Everything below was compacted (`cleaner-offset-checkpoint`).
    compacted_to: i64,
    epochs: LeaderEpochs,
    producers: Producers,
    aborted: TransactionIndex,
    since_indexed: SinceIndexed,
    /// What a producer snapshot holds, and the offset it reaches to.
    snapshot: Option<(i64, Producers)>,
}

impl Log {
    pub(crate) fn start_offset(&self) -> i64 {
        self.start_offset
    }

    pub(crate) fn end_offset(&self) -> i64 {
        self.end_offset
    }

    pub(crate) fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    /// The first offset a reader of committed records may not see: all below is replicated, and
    /// every transaction there is decided (`UnifiedLog.lastStableOffset`).
    pub(crate) fn last_stable_offset(&self) -> i64 {
        let unstable = self.producers.first_unstable_offset();
        unstable.map_or(self.high_watermark, |first| {
            first.max(self.start_offset).min(self.high_watermark)
        })
    }

    /// First offset and producer of each transaction that was aborted.
    fn aborted_spans(&self) -> Vec<(i64, i64)> {
        self.aborted.iter().map(|ended| (ended.first_offset, ended.producer_id)).collect()
    }

    pub(crate) fn epochs(&self) -> &LeaderEpochs {
        &self.epochs
    }

    pub(crate) fn latest_epoch(&self) -> Option<i32> {
        self.epochs.latest()
    }

    /// Notes the start of a leader's epoch before it appends anything.
    pub(crate) fn start_epoch(&mut self, epoch: i32) {
        if sabotage::is(Sabotage::ProducersForgotten) {
            self.producers = Producers::default();
        }
        if sabotage::is(Sabotage::OpenTransactionsForgotten) {
            self.producers.forget_transactions();
        }
        if sabotage::is(Sabotage::AbortedForgotten) {
            self.aborted = TransactionIndex::default();
        }
        if !sabotage::is(Sabotage::EpochsNotKept) {
            self.epochs.assign(epoch, self.end_offset);
        }
    }

    pub(crate) fn epoch_end(&self, epoch: i32) -> EpochEnd {
        self.epochs.end_of(epoch, self.end_offset)
    }

    pub(crate) fn batches(&self) -> impl Iterator<Item = &Arc<LogBatch>> {
        self.entries.iter().map(|entry| &entry.batch)
    }

    /// Appends a batch that passed [`check_produced`], as the leader of `epoch`. With
    /// `append_time` the records get that time in place of their own (LogAppendTime).
    pub(crate) fn append_as_leader(
        &mut self,
        batch: LogBatch,
        epoch: i32,
        append_time: Option<i64>,
    ) -> Result<Appended, ErrorCode> {
        match self.producers.check(&batch)? {
            SequenceVerdict::Duplicate(known) => Ok(Appended {
                base_offset: known.first_offset,
                last_offset: known.last_offset,
                append_time: if sabotage::is(Sabotage::DuplicateWithoutTime) {
                    -1
                } else {
                    known.timestamp
                },
                duplicate: true,
            }),
            SequenceVerdict::Append => {
                let batch = Arc::new(batch.placed(self.end_offset, epoch, append_time));
                let appended = Appended {
                    base_offset: batch.base_offset(),
                    last_offset: batch.last_offset(),
                    append_time: append_time.unwrap_or(-1),
                    duplicate: false,
                };
                self.push(batch);
                Ok(appended)
            }
        }
    }

    /// Appends a marker that a transaction's coordinator sent, as the leader of `epoch`.
    pub(crate) fn append_marker(
        &mut self,
        marker: &EndTxnMarker,
        epoch: i32,
        wall_millis: i64,
        append_time: Option<i64>,
    ) -> Result<Appended, ErrorCode> {
        self.producers.check_marker(marker)?;
        let batch = marker.to_batch(wall_millis).placed(self.end_offset, epoch, append_time);
        let appended = Appended {
            base_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            append_time: append_time.unwrap_or(-1),
            duplicate: false,
        };
        self.push(Arc::new(batch));
        Ok(appended)
    }

    /// Appends what a follower fetched. Batches it already has are skipped, and false is told if
    /// they do not continue this log or are damaged. Compaction leaves gaps between batches, and
    /// those may be wider on the leader.
    ///
    /// A leader's log may start inside of a batch, of which it gives all: a follower that has
    /// nothing yet then starts where the batch does
    /// (`Partition.appendRecordsToFollowerOrFutureReplica`).
    pub(crate) fn append_as_follower(&mut self, batches: &[Arc<LogBatch>]) -> bool {
        for batch in batches {
            if batch.next_offset() <= self.end_offset {
                continue;
            }
            if batch.is_damaged() {
                return false;
            }
            if batch.base_offset() < self.end_offset {
                if self.start_offset != self.end_offset {
                    return false;
                }
                self.restart_at(batch.base_offset());
            }
            self.push(Arc::clone(batch));
        }
        true
    }

    fn push(&mut self, batch: Arc<LogBatch>) {
        self.epochs.assign(batch.leader_epoch(), batch.base_offset());
        self.note_in_segment(&batch);
        if let Some(ended) = self.producers.appended(&batch) {
            self.aborted.add(ended);
        }
        self.end_offset = batch.next_offset();
        let position = self.end_position;
        self.end_position += batch.size() as u64;
        let is_indexed = self.since_indexed.append(batch.size());
        self.entries.push_back(Entry { position, is_indexed, batch });
    }

    /// Lets the log start at `offset`, if that is further on. Whether it did. What is before it
    /// stays on the disk until its segment goes (`UnifiedLog.maybeIncrementLogStartOffset`).
    pub(crate) fn raise_start(&mut self, offset: i64) -> Result<bool, ErrorCode> {
        if offset > self.high_watermark && !sabotage::is(Sabotage::UncommittedDeleted) {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        if offset <= self.start_offset {
            return Ok(false);
        }
        self.start_offset = offset;
        if !sabotage::is(Sabotage::EpochsOutliveRecords) {
            self.epochs.truncate_before(offset);
        }
        Ok(true)
    }

    /// Bytes on the disk, of records before the start included.
    pub(crate) fn size(&self) -> u64 {
        self.segments.front().map_or(0, |first| self.end_position - first.position)
    }

    /// Batches from the one that holds `offset`, up to those that begin before `end`: as many as
    /// fit into `max_bytes`, and the first one in any case if `at_least_one` (KIP-74). A read never
    /// goes over the end of a segment (`LocalLog.read`).
    pub(crate) fn read(&self, offset: i64, end: i64, max_bytes: usize, at_least_one: bool) -> Read {
        let mut read = Read::default();
        let mut end = end;
        for entry in self.entries.range(self.index_of(offset)..) {
            let size = entry.batch.size();
            if read.batches.is_empty() {
                end = end.min(self.segment_end(entry.batch.base_offset()));
            }
            if entry.batch.base_offset() >= end {
                break;
            }
            let fits = read.bytes + size <= max_bytes;
            let is_due = at_least_one
                && read.batches.is_empty()
                && !sabotage::is(Sabotage::FirstBatchAsLimited);
            if !fits && !is_due {
                let left = max_bytes - read.bytes;
                if !read.batches.is_empty() && left > 0 {
                    read.tail = Some((Arc::clone(&entry.batch), left));
                }
                break;
            }
            read.bytes += size;
            read.batches.push(Arc::clone(&entry.batch));
            if !fits {
                break;
            }
        }
        read
    }

    /// How many bytes lie between two offsets, whole batches counted.
    pub(crate) fn bytes_between(&self, offset: i64, end: i64) -> u64 {
        self.position_of(end).saturating_sub(self.position_of(offset))
    }

    fn position_of(&self, offset: i64) -> u64 {
        self.entries.get(self.index_of(offset)).map_or(self.end_position, |entry| entry.position)
    }

    /// The index of the batch that holds `offset` or is the first behind it.
    fn index_of(&self, offset: i64) -> usize {
        // Most readers are at the end, and a search looks at batches all over the log.
        let Some(last) = self.entries.back() else { return 0 };
        if last.batch.base_offset() <= offset {
            return self.entries.len() - usize::from(last.batch.last_offset() >= offset);
        }
        self.entries.partition_point(|entry| entry.batch.last_offset() < offset)
    }

    /// Raises the high watermark, never above the end, never down. Whether it moved.
    pub(crate) fn raise_high_watermark(&mut self, to: i64) -> bool {
        let to = to.min(self.end_offset);
        let moved = to > self.high_watermark;
        if moved {
            self.set_high_watermark(to);
        }
        moved
    }

    fn set_high_watermark(&mut self, to: i64) {
        self.high_watermark = to;
        self.producers.decided_below(to);
    }

    /// Takes over the leader's high watermark, as far as this log reaches
    /// (`UnifiedLog.updateHighWatermark`). Whether it moved.
    pub(crate) fn follow_high_watermark(&mut self, leaders: i64) -> bool {
        let leaders =
            if sabotage::is(Sabotage::FollowerCommitsAll) { self.end_offset } else { leaders };
        let to = leaders.clamp(self.start_offset, self.end_offset.max(self.start_offset));
        let moved = to != self.high_watermark;
        self.set_high_watermark(to);
        moved
    }

    /// Cuts off everything from `offset` on, and derives what followed from it anew.
    ///
    /// A batch that straddles the cut goes as a whole: segments are cut at batch boundaries.
    pub(crate) fn truncate_to(&mut self, offset: i64) {
        if offset >= self.end_offset {
            // A leader of an epoch in which nothing was appended has an entry at its end that the
            // next leader does not know; kept, it would diverge forever (UnifiedLog.truncateTo).
            self.epochs.truncate_from(self.end_offset);
            return;
        }
        if offset < self.first_base() {
            self.restart_at(offset);
            return;
        }
        while self.entries.back().is_some_and(|entry| entry.batch.last_offset() >= offset) {
            if let Some(entry) = self.entries.pop_back() {
                self.end_position = entry.position;
            }
        }
        self.truncate_segments(offset);
        let after_last = self.entries.back().map(|entry| entry.batch.next_offset());
        // Compaction may have removed what was between the last batch and the cut.
        let base = self.segments.back().map_or(0, |active| active.base_offset);
        self.end_offset = after_last.unwrap_or(base).max(base);
        self.start_offset = self.start_offset.min(self.end_offset);
        self.epochs.truncate_from(self.end_offset);
        self.flushed = self.flushed.min(self.end_offset);
        self.aborted.truncate_to(self.end_offset);
        self.since_indexed = SinceIndexed::default();
        if !sabotage::is(Sabotage::ProducersOutliveRecords) {
            self.rebuild_producers();
        }
        self.set_high_watermark(self.high_watermark.min(self.end_offset));
    }

    /// Empties the log and lets it begin at `offset`.
    pub(crate) fn restart_at(&mut self, offset: i64) {
        *self = Self {
            start_offset: offset,
            end_offset: offset,
            high_watermark: offset,
            flushed: offset,
            ..Self::default()
        };
    }

    /// Derives the producers from the last snapshot within the log and the batches behind it
    /// (`ProducerStateManager.truncateAndReload`).
    fn rebuild_producers(&mut self) {
        let (start, end) = (self.start_offset, self.end_offset);
        self.snapshot = self.snapshot.take().filter(|(at, _)| *at > start && *at <= end);
        let (from, known) = self.snapshot.clone().unwrap_or_default();
        let behind = self.entries.iter().map(|entry| &*entry.batch);
        self.producers = known.with(behind.filter(|batch| batch.base_offset() >= from));
    }

    pub(crate) fn producers(&self) -> &Producers {
        &self.producers
    }

    /// Forgets producers that have been silent for `expiration` milliseconds.
    pub(crate) fn expire_producers(&mut self, wall_millis: i64, expiration: i64) {
        self.producers.expire(wall_millis, expiration);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::batch::tests::sequenced;
    use super::*;

    pub(super) fn log_of(batches: &[(usize, i32)]) -> Log {
        let mut log = Log::default();
        let mut sequence = 0;
        for (count, epoch) in batches {
            let batch = sequenced(0, 7, 0, sequence, *count);
            log.append_as_leader(batch, *epoch, None).unwrap();
            sequence += *count as i32;
        }
        log
    }

    fn offsets(read: &Read) -> Vec<i64> {
        read.batches.iter().map(|batch| batch.base_offset()).collect()
    }

    #[test]
    fn a_leader_gives_consecutive_offsets_and_its_epoch() {
        let log = log_of(&[(3, 0), (2, 4)]);
        assert_eq!(log.end_offset(), 5);
        let epochs: Vec<_> =
            log.batches().map(|batch| (batch.base_offset(), batch.leader_epoch())).collect();
        assert_eq!(epochs, [(0, 0), (3, 4)]);
        assert_eq!(log.epoch_end(0), EpochEnd { epoch: 0, offset: 3 });
        assert!(log.batches().all(|batch| batch.inner().verify_crc().is_ok()));
    }

    #[test]
    fn a_duplicate_is_answered_with_its_first_offsets_and_not_appended() {
        let mut log = log_of(&[(3, 0), (2, 0)]);
        let again = log.append_as_leader(sequenced(0, 7, 0, 0, 3), 0, None).unwrap();
        assert!(again.duplicate);
        assert_eq!((again.base_offset, again.last_offset, again.append_time), (0, 2, 1_000));
        assert_eq!(log.end_offset(), 5);
    }

    #[test]
    fn append_time_replaces_the_records_own() {
        let mut log = Log::default();
        let appended = log.append_as_leader(sequenced(0, -1, -1, -1, 2), 0, Some(77)).unwrap();
        assert_eq!(appended.append_time, 77);
        let batch = log.batches().next().unwrap();
        assert!(batch.inner().verify_crc().is_ok());
        let times: Vec<_> =
            batch.inner().records().unwrap().map(|record| record.unwrap().timestamp).collect();
        assert_eq!(times, [77, 77]);
    }

    #[test]
    fn a_read_begins_with_the_batch_that_holds_the_offset_and_ends_before_the_bound() {
        let log = log_of(&[(3, 0), (2, 0), (4, 0)]);
        assert_eq!(offsets(&log.read(1, 9, usize::MAX, false)), [0, 3, 5]);
        assert_eq!(offsets(&log.read(3, 5, usize::MAX, false)), [3]);
        assert!(log.read(9, 9, usize::MAX, true).batches.is_empty());
    }

    #[test]
    fn a_first_batch_above_the_limit_is_given_alone_if_one_has_to_be() {
        let log = log_of(&[(3, 0), (2, 0)]);
        assert_eq!(offsets(&log.read(0, 5, 10, true)), [0]);
        assert!(log.read(0, 5, 10, false).batches.is_empty());
    }

    #[test]
    fn bytes_between_offsets_count_whole_batches() {
        let log = log_of(&[(3, 0), (2, 0)]);
        let sizes: Vec<_> = log.batches().map(|batch| batch.size() as u64).collect();
        assert_eq!(log.bytes_between(0, 5), sizes[0] + sizes[1]);
        assert_eq!(log.bytes_between(3, 5), sizes[1]);
        assert_eq!(log.bytes_between(5, 5), 0);
    }

    #[test]
    fn truncation_takes_epochs_producer_state_and_high_watermark_along() {
        let mut log = log_of(&[(3, 0), (2, 4)]);
        log.raise_high_watermark(5);
        log.truncate_to(3);
        assert_eq!((log.end_offset(), log.high_watermark()), (3, 3));
        assert_eq!(log.latest_epoch(), Some(0));
        assert_eq!(log.producers().entry(7).unwrap().batches.len(), 1);
        // The cut-off sequence follows again.
        let appended = log.append_as_leader(sequenced(0, 7, 0, 3, 2), 5, None).unwrap();
        assert_eq!((appended.base_offset, appended.duplicate), (3, false));
    }

    #[test]
    fn a_follower_takes_what_continues_its_log_and_skips_what_it_has() {
        let leader = log_of(&[(3, 0), (2, 1)]);
        let batches: Vec<_> = leader.batches().cloned().collect();
        let mut follower = Log::default();
        assert!(follower.append_as_follower(&batches[..1]));
        assert!(follower.append_as_follower(&batches));
        assert_eq!(follower.end_offset(), 5);
        assert_eq!(follower.epochs().entries(), leader.epochs().entries());
        // Compaction may have left nothing before a batch.
        let mut gap = Log::default();
        assert!(gap.append_as_follower(&batches[1..]));
        assert_eq!((gap.start_offset(), gap.end_offset()), (0, 5));
    }

    #[test]
    fn a_follower_refuses_what_is_damaged() {
        let leader = log_of(&[(3, 0), (2, 1)]);
        let mut batches: Vec<_> = leader.batches().cloned().collect();
        batches[1] = Arc::new(batches[1].damaged().unwrap());
        let mut follower = Log::default();
        assert!(!follower.append_as_follower(&batches));
        assert_eq!(follower.end_offset(), 3);
    }

    #[test]
    fn a_follower_without_records_takes_all_of_a_batch_that_begins_before_its_start() {
        let leader = log_of(&[(3, 0), (2, 1)]);
        let batches: Vec<_> = leader.batches().cloned().collect();
        let mut follower = Log::default();
        follower.restart_at(2);
        assert!(follower.append_as_follower(&batches));
        assert_eq!((follower.start_offset(), follower.end_offset()), (0, 5));
    }

    #[test]
    fn a_followers_high_watermark_is_capped_at_its_end() {
        let mut log = log_of(&[(3, 0)]);
        assert!(log.follow_high_watermark(10));
        assert_eq!(log.high_watermark(), 3);
    }

    #[test]
    fn a_leaders_high_watermark_never_falls() {
        let mut log = log_of(&[(3, 0)]);
        assert!(log.raise_high_watermark(2));
        assert!(!log.raise_high_watermark(1));
        assert_eq!(log.high_watermark(), 2);
    }
}
