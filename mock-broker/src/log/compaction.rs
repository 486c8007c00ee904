//! Compaction: of each key the last record stays (`LogCleaner`, `Cleaner`; KIP-58, KIP-534).
//!
//! The part of the log behind the last compaction and before the active segment is dirty: the keys
//! in it, each with its last offset, are held against everything before it and in it. Segments that
//! were compacted become as few as their size allows. A batch keeps its first and last offset
//! whatever goes out of it. One that is empty goes, unless it is the last of its producer or of the
//! compacted part: then its header stays, for the sequence and the offset in it. A tombstone gets a
//! horizon when it is compacted first, and goes when that has passed; so does a transaction's
//! marker once nothing of the transaction is left. What was aborted goes at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use milena_protocol::records::{Batch, ControlType};

use super::rewrite::{Filtered, emptied, filtered};
use super::segments::Segment;
use super::validate::decompressed;
use super::{Entry, Log, LogBatch};
use crate::sabotage::{self, Sabotage};

/// How a log is compacted.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Compaction {
    /// Whether `cleanup.policy` names `compact`.
    pub(crate) compacts: bool,
    /// `min.cleanable.dirty.ratio`
    pub(crate) min_dirty_ratio: f64,
    /// `delete.retention.ms`
    pub(crate) delete_retention: i64,
    /// `min.compaction.lag.ms`
    pub(crate) min_lag: i64,
    /// `max.compaction.lag.ms`
    pub(crate) max_lag: i64,
    /// `segment.bytes`: how large a segment may be that is made of several.
    pub(crate) segment_bytes: u64,
}

/// What is to be compacted: everything before `end`, by the keys from `start` on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Dirty {
    start: i64,
    end: i64,
}

impl Log {
    /// Compacts what is dirty, if it is enough. Whether it did.
    pub(crate) fn compact_if_due(&mut self, compaction: &Compaction, wall_millis: i64) -> bool {
        if !compaction.compacts {
            return false;
        }
        let dirty = self.dirty(compaction, wall_millis);
        if !self.is_dirty_enough(dirty, compaction, wall_millis) {
            return false;
        }
        self.compact(dirty, compaction, wall_millis);
        true
    }

    /// `LogCleanerManager.cleanableOffsets`
    fn dirty(&self, compaction: &Compaction, wall_millis: i64) -> Dirty {
        let start = match self.compacted_to {
            known if known > self.end_offset => self.start_offset,
            known => known.max(self.start_offset),
        };
        let lagging = wall_millis.saturating_sub(compaction.min_lag.max(0));
        let too_young = self.segments.iter().find(|segment| {
            compaction.min_lag > 0
                && self.segment_end(segment.base_offset) > start
                && segment.largest_timestamp() > lagging
        });
        let end = self
            .active_base()
            .min(self.last_stable_offset())
            .min(too_young.map_or(i64::MAX, |segment| segment.base_offset));
        // Whole segments: the one that holds the end is left out.
        let whole = self.segments.partition_point(|segment| segment.base_offset <= end.max(start));
        let end = whole.checked_sub(1).and_then(|at| self.segments.get(at));
        Dirty { start, end: end.map_or(start, |segment| segment.base_offset).max(start) }
    }

    fn is_dirty_enough(&self, dirty: Dirty, compaction: &Compaction, wall_millis: i64) -> bool {
        let (mut clean, mut cleanable) = (0, 0);
        let mut oldest = i64::MAX;
        for (segment, size) in self.segments.iter().zip(self.segment_sizes()) {
            if segment.base_offset >= dirty.end {
                break;
            }
            // The one that holds the start of the dirty part counts for both (logSegments(-1, to)).
            if segment.base_offset < dirty.start {
                clean += size;
            }
            if self.segment_end(segment.base_offset) > dirty.start {
                cleanable += size;
                oldest = oldest.min(segment.first_timestamp().unwrap_or(i64::MAX));
            }
        }
        let overdue = wall_millis.saturating_sub(oldest) > compaction.max_lag.max(0);
        let ratio = cleanable as f64 / (clean + cleanable) as f64;
        cleanable > 0 && (overdue || ratio > compaction.min_dirty_ratio)
    }

    fn compact(&mut self, dirty: Dirty, compaction: &Compaction, wall_millis: i64) {
        let mut cleaner = Cleaner {
            last_offsets: self.last_offsets(dirty),
            end: dirty.end,
            last_of_producers: self
                .producers
                .iter()
                .filter(|_| !sabotage::is(Sabotage::LastBatchGoes))
                .filter_map(|(id, entry)| Some((id, entry.batches.back()?.last_offset)))
                .collect(),
            transactions: Transactions::new(self.aborted_spans()),
            wall_millis,
            horizon: wall_millis.saturating_add(compaction.delete_retention),
        };
        let cleaned = self.entries.partition_point(|it| it.batch.base_offset() < dirty.end);
        let rest = self.entries.split_off(cleaned);
        for entry in std::mem::take(&mut self.entries) {
            let is_indexed = entry.is_indexed;
            if let Some(batch) = cleaner.clean(entry.batch) {
                self.entries.push_back(Entry { position: 0, is_indexed, batch });
            }
        }
        self.entries.extend(rest);
        self.measure_segments();
        self.group_segments(dirty.end, compaction.segment_bytes);
        self.measure_segments();
        self.compacted_to = dirty.end;
    }

    /// The last offset of each key in the dirty part.
    fn last_offsets(&self, dirty: Dirty) -> BTreeMap<Vec<u8>, i64> {
        let mut last_offsets = BTreeMap::new();
        let mut transactions = Transactions::new(self.aborted_spans());
        let from = self.segments.partition_point(|segment| segment.base_offset <= dirty.start);
        let from = from.checked_sub(1).and_then(|at| self.segments.get(at));
        let from = from.map_or(0, |segment| segment.base_offset);
        for batch in self.batches() {
            if batch.base_offset() < from || batch.base_offset() >= dirty.end {
                continue;
            }
            if transactions.may_go(batch) || batch.is_control() {
                continue;
            }
            let Ok(plain) = decompressed(batch.inner()) else { continue };
            for record in plain.records().into_iter().flatten().filter_map(Result::ok) {
                if let Some(key) = record.key.filter(|_| record.offset.get() >= dirty.start) {
                    if sabotage::is(Sabotage::FirstOfKeyKept) && last_offsets.contains_key(key) {
                        continue;
                    }
                    last_offsets.insert(key.to_vec(), record.offset.get());
                }
            }
        }
        last_offsets
    }

    /// Makes one segment out of neighbours that were compacted, as far as one may hold them
    /// (`Cleaner.groupSegmentsBySize`, before which each is measured as it is now).
    fn group_segments(&mut self, end: i64, largest: u64) {
        let sizes = self.segment_sizes();
        let mut grouped: std::collections::VecDeque<Segment> = Default::default();
        let mut held = 0;
        for (segment, size) in std::mem::take(&mut self.segments).into_iter().zip(sizes) {
            let joins = segment.base_offset < end && held + size <= largest;
            if joins && !grouped.is_empty() {
                held += size;
            } else {
                held = size;
                grouped.push_back(segment);
            }
        }
        self.segments = grouped;
    }
}

/// One pass over a log.
struct Cleaner {
    last_offsets: BTreeMap<Vec<u8>, i64>,
    end: i64,
    /// The last offset of a record of each producer that is still known.
    last_of_producers: BTreeMap<i64, i64>,
    transactions: Transactions,
    wall_millis: i64,
    /// When tombstones go that are compacted for the first time.
    horizon: i64,
}

impl Cleaner {
    /// What becomes of a batch (`Cleaner.cleanInto`, `MemoryRecords.filterTo`).
    fn clean(&mut self, batch: Arc<LogBatch>) -> Option<Arc<LogBatch>> {
        let inner = batch.inner();
        let may_go = self.transactions.may_go(&batch);
        let passed = horizon_of(inner).is_some_and(|horizon| {
            horizon <= self.wall_millis && !sabotage::is(Sabotage::TombstonesStay)
        }) || sabotage::is(Sabotage::TombstonesGoAtOnce);
        let drops_all = may_go && (passed || !batch.is_control());
        let stays_empty = batch.next_offset() == self.end
            || self.last_of_producers.get(&batch.producer_id()) == Some(&batch.last_offset());
        if drops_all {
            return stays_empty.then(|| emptied(inner)).flatten().map(Arc::new);
        }
        // What cannot be read cannot have been appended.
        let Ok(plain) = decompressed(inner) else { return Some(batch) };
        let keep = |key: Option<&[u8]>, has_value: bool, offset: i64| {
            batch.is_control() || self.keeps(key, has_value || !passed, offset)
        };
        let sets_horizon = horizon_of(inner).is_none();
        let empty_marker = may_go && batch.is_control();
        let horizon = (sets_horizon).then_some(self.horizon);
        match filtered(inner, &plain, keep, horizon, empty_marker) {
            Filtered::Unchanged => Some(batch),
            Filtered::Changed(changed) => Some(Arc::new(changed)),
            Filtered::Empty => stays_empty.then(|| emptied(inner)).flatten().map(Arc::new),
        }
    }

    /// `Cleaner.shouldRetainRecord`
    fn keeps(&self, key: Option<&[u8]>, has_value_or_time: bool, offset: i64) -> bool {
        if offset >= self.end {
            return true;
        }
        let Some(key) = key else { return false };
        let last = self.last_offsets.get(key).copied().unwrap_or(-1);
        offset >= last && has_value_or_time
    }
}

/// Until when tombstones stay, once it is known.
fn horizon_of(batch: &Batch) -> Option<i64> {
    batch.has_delete_horizon().then_some(batch.header.base_timestamp)
}

/// Which transactions a pass is in (`CleanedTransactionMetadata`).
struct Transactions {
    /// First offset and producer of those aborted that the pass has not reached.
    ahead: Vec<(i64, i64)>,
    aborted: BTreeMap<i64, Seen>,
    committed: BTreeSet<i64>,
}

/// Whether a pass came by records of an aborted transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Records,
}

impl Transactions {
    fn new(mut aborted: Vec<(i64, i64)>) -> Self {
        aborted.sort_unstable();
        aborted.reverse();
        Self { ahead: aborted, aborted: BTreeMap::new(), committed: BTreeSet::new() }
    }

    /// Takes in the next batch. Whether it is part of an aborted transaction, or a marker of a
    /// transaction of which nothing is left.
    fn may_go(&mut self, batch: &LogBatch) -> bool {
        while let Some((_, producer)) =
            self.ahead.pop_if(|(first, _)| *first <= batch.last_offset())
        {
            self.aborted.entry(producer).or_insert(Seen::Nothing);
        }
        let producer = batch.producer_id();
        if batch.is_control() {
            return match batch.inner().control_type() {
                Ok(Some(ControlType::Abort)) => {
                    self.aborted.remove(&producer) != Some(Seen::Records)
                }
                Ok(Some(ControlType::Commit)) => !self.committed.remove(&producer),
                _ => false,
            };
        }
        if !batch.is_transactional() {
            return false;
        }
        if let Some(seen) = self.aborted.get_mut(&producer) {
            *seen = Seen::Records;
            return true;
        }
        self.committed.insert(producer);
        false
    }
}

#[cfg(test)]
mod tests {
    use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
    use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp, batches};

    use super::super::marker::{EndTxnMarker, TxnEnd};
    use super::*;
    use crate::log::batch_tests::transactional;

    const POLICY: Compaction = Compaction {
        compacts: true,
        min_dirty_ratio: 0.01,
        delete_retention: 1_000,
        min_lag: 0,
        max_lag: i64::MAX,
        segment_bytes: 1_000_000,
    };

    fn append(log: &mut Log, producer: i64, sequence: i32, pairs: &[(&str, Option<&str>)]) {
        let mut builder = BatchBuilder::new(64);
        for (key, value) in pairs {
            let value = value.map(str::as_bytes);
            builder.append(5_000, Some(key.as_bytes()), value, NO_HEADERS).unwrap();
        }
        let stamp = Stamp {
            producer_id: ProducerId(producer),
            producer_epoch: ProducerEpoch(if producer < 0 { -1 } else { 0 }),
            base_sequence: Sequence(sequence),
            ..Stamp::default()
        };
        let bytes = builder.seal().stamp(&stamp).to_bytes();
        let batch = LogBatch::new(batches(bytes).next().unwrap().unwrap());
        log.append_as_leader(batch, 0, None).unwrap();
        log.raise_high_watermark(i64::MAX);
    }

    /// A segment each.
    fn log(segments: &[&[(&str, Option<&str>)]]) -> Log {
        let mut log = Log::default();
        for pairs in segments {
            append(&mut log, -1, -1, pairs);
            log.roll(0);
        }
        log
    }

    fn held(log: &Log) -> Vec<(i64, String, Option<String>)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut held = Vec::new();
        for batch in log.batches() {
            batch.inner().verify_crc().unwrap();
            for record in batch.inner().records().unwrap() {
                let record = record.unwrap();
                held.push((record.offset.get(), text(record.key.unwrap()), record.value.map(text)));
            }
        }
        held
    }

    fn record(offset: i64, key: &str, value: Option<&str>) -> (i64, String, Option<String>) {
        (offset, key.to_owned(), value.map(str::to_owned))
    }

    #[test]
    fn the_last_record_of_each_key_stays_at_its_offset() {
        let mut log = log(&[
            &[("a", Some("1")), ("b", Some("1"))],
            &[("a", Some("2")), ("c", Some("1"))],
            &[("c", Some("2"))],
        ]);
        assert!(log.compact_if_due(&POLICY, 9_000));
        let left =
            [record(1, "b", Some("1")), record(2, "a", Some("2")), record(4, "c", Some("2"))];
        assert_eq!(held(&log), left);
        assert_eq!(log.segment_count(), 2);
        assert_eq!((log.start_offset(), log.end_offset()), (0, 5));
        assert!(!log.compact_if_due(&POLICY, 9_000));
    }

    #[test]
    fn the_active_segment_is_left_alone() {
        let mut log = log(&[&[("a", Some("1"))]]);
        append(&mut log, -1, -1, &[("a", Some("2"))]);
        log.compact_if_due(&POLICY, 9_000);
        assert_eq!(held(&log).len(), 2);
    }

    #[test]
    fn a_tombstone_goes_when_its_horizon_has_passed() {
        let mut log = log(&[&[("a", Some("1")), ("a", None)], &[("b", Some("1"))]]);
        assert!(log.compact_if_due(&POLICY, 9_000));
        assert_eq!(held(&log), [record(1, "a", None), record(2, "b", Some("1"))]);
        let batch = log.batches().next().unwrap();
        assert_eq!(horizon_of(batch.inner()), Some(10_000));
        assert_eq!(batch.inner().records().unwrap().next().unwrap().unwrap().timestamp, 5_000);
        for (time, left) in [(9_999, 3), (10_000, 2)] {
            append(&mut log, -1, -1, &[("c", Some("1"))]);
            log.roll(0);
            assert!(log.compact_if_due(&POLICY, time));
            assert_eq!(held(&log).len(), left, "{time}");
        }
        assert!(held(&log).iter().all(|(_, _, value)| value.is_some()));
    }

    #[test]
    fn the_last_batch_of_a_producer_stays_without_records() {
        let mut log = Log::default();
        append(&mut log, 7, 0, &[("a", Some("1"))]);
        append(&mut log, 7, 1, &[("a", Some("2"))]);
        append(&mut log, -1, -1, &[("a", Some("3"))]);
        log.roll(0);
        append(&mut log, -1, -1, &[("b", Some("1"))]);
        assert!(log.compact_if_due(&POLICY, 9_000));
        let first = log.batches().next().unwrap();
        assert_eq!((first.base_offset(), first.inner().count(), first.base_sequence()), (1, 0, 1));
        log.recover(4, 0);
        assert_eq!(log.producers().entry(7).unwrap().batches.back().unwrap().last_sequence, 1);
    }

    #[test]
    fn too_little_that_is_dirty_waits_until_it_is_overdue() {
        let mut log = log(&[&[("a", Some("1"))]]);
        let lazy = Compaction { min_dirty_ratio: 1.0, max_lag: 100, ..POLICY };
        assert!(!log.compact_if_due(&lazy, 5_100));
        assert!(log.compact_if_due(&lazy, 5_101));
    }

    #[test]
    fn young_records_wait() {
        let mut log = log(&[&[("a", Some("1"))], &[("a", Some("2"))]]);
        let patient = Compaction { min_lag: 1_000, ..POLICY };
        assert!(!log.compact_if_due(&patient, 5_999));
        assert!(log.compact_if_due(&patient, 6_000));
    }

    #[test]
    fn what_an_aborted_transaction_wrote_goes_and_hides_nothing() {
        let mut log = log(&[&[("k", Some("before"))]]);
        log.append_as_leader(transactional(0, 7, 0, 0, 1), 0, None).unwrap();
        let abort = EndTxnMarker {
            producer_id: 7,
            producer_epoch: 0,
            coordinator_epoch: 0,
            end: TxnEnd::Abort,
        };
        log.append_marker(&abort, 0, 5_000, None).unwrap();
        log.raise_high_watermark(i64::MAX);
        log.roll(0);
        assert!(log.compact_if_due(&POLICY, 9_000));
        let records =
            log.batches().filter(|batch| !batch.is_control() && batch.inner().count() > 0);
        let left: Vec<i64> = records.map(|batch| batch.base_offset()).collect();
        assert_eq!(left, [0]);
        assert_eq!(log.end_offset(), 3);
    }
}
