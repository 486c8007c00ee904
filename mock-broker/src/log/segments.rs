//! The segments a log is cut into (`LogSegment`, `LogSegments`, `LocalLog.roll`): retention and
//! compaction work on whole segments, a read never goes over the end of one, and what is in a
//! segment that was closed is on the disk.

use super::{Log, LogBatch, SinceIndexed};
use crate::sabotage::{self, Sabotage};

/// When a segment is full (`segment.bytes`, `segment.ms`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentLimits {
    pub(crate) bytes: u64,
    pub(crate) millis: i64,
}

/// A segment; it ends where the next one begins, or with the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Segment {
    pub(super) base_offset: i64,
    /// Where it begins, in bytes since the log was created.
    pub(super) position: u64,
    /// The time of day at which it was begun.
    created: i64,
    /// The time of day at which it was last appended to.
    modified: i64,
    /// The largest timestamp of its first batch.
    first_timestamp: Option<i64>,
    /// -1 without any.
    largest_timestamp: i64,
}

impl Segment {
    fn new(base_offset: i64, position: u64, wall_millis: i64) -> Self {
        Self {
            base_offset,
            position,
            created: wall_millis,
            modified: wall_millis,
            first_timestamp: None,
            largest_timestamp: -1,
        }
    }

    fn note(&mut self, batch: &LogBatch) {
        self.first_timestamp.get_or_insert(batch.max_timestamp());
        self.largest_timestamp = self.largest_timestamp.max(batch.max_timestamp());
    }

    /// The largest timestamp of a record; of records without any, the time of the last append.
    pub(super) fn largest_timestamp(&self) -> i64 {
        if self.largest_timestamp >= 0 { self.largest_timestamp } else { self.modified }
    }

    /// The timestamp of its first batch, if it has one (`getFirstBatchTimestamp`).
    pub(super) fn first_timestamp(&self) -> Option<i64> {
        self.first_timestamp.filter(|at| *at >= 0)
    }

    /// How long it has been open when a record of `timestamp` comes (`timeWaitedForRoll`): counted
    /// in the time of its records, if they have one.
    fn waited(&self, wall_millis: i64, timestamp: i64) -> i64 {
        match self.first_timestamp() {
            Some(first) => timestamp.saturating_sub(first),
            None => wall_millis.saturating_sub(self.created),
        }
    }
}

impl Log {
    /// Begins a new segment if what is to be appended (its first offset, bytes and largest
    /// timestamp) does not belong to the active one any more (`LogSegment.shouldRoll`).
    pub(crate) fn roll_if_due(
        &mut self,
        limits: SegmentLimits,
        wall_millis: i64,
        (next_offset, bytes, timestamp): (i64, u64, i64),
    ) {
        let held = self.active_size();
        if let Some(active) = self.segments.back_mut() {
            active.modified = wall_millis;
            let full = held + bytes > limits.bytes;
            if sabotage::is(Sabotage::SegmentsNeverEnd) {
                return;
            }
            if held > 0 && (full || active.waited(wall_millis, timestamp) > limits.millis) {
                self.begin_segment(next_offset.max(self.end_offset), wall_millis);
            }
        } else {
            self.begin_segment(self.end_offset, wall_millis);
        }
    }

    /// Closes the active segment and begins a new one, unless the active one is empty.
    pub(crate) fn roll(&mut self, wall_millis: i64) {
        if self.active_size() > 0 {
            self.begin_segment(self.end_offset, wall_millis);
        }
    }

    fn begin_segment(&mut self, base_offset: i64, wall_millis: i64) {
        self.flushed = self.end_offset;
        self.since_indexed = SinceIndexed::default();
        self.segments.push_back(Segment::new(base_offset, self.end_position, wall_millis));
    }

    fn active_size(&self) -> u64 {
        self.segments.back().map_or(0, |active| self.end_position - active.position)
    }

    /// Notes a batch that is about to be pushed.
    pub(super) fn note_in_segment(&mut self, batch: &LogBatch) {
        if self.segments.is_empty() {
            self.begin_segment(self.end_offset, batch.max_timestamp());
        }
        if let Some(active) = self.segments.back_mut() {
            active.note(batch);
        }
    }

    /// Where the first segment begins, which may be before the log does.
    pub(super) fn first_base(&self) -> i64 {
        self.segments.front().map_or(self.end_offset, |first| first.base_offset)
    }

    /// Where the active segment begins.
    pub(super) fn active_base(&self) -> i64 {
        self.segments.back().map_or(self.end_offset, |active| active.base_offset)
    }

    /// The first offset behind the segment that holds `offset`.
    pub(super) fn segment_end(&self, offset: i64) -> i64 {
        let next = self.segments.partition_point(|segment| segment.base_offset <= offset);
        self.segments.get(next).map_or(i64::MAX, |next| next.base_offset)
    }

    /// The bytes of each segment, in order.
    pub(super) fn segment_sizes(&self) -> Vec<u64> {
        let ends = self.segments.iter().skip(1).map(|segment| segment.position);
        let ends = ends.chain([self.end_position]);
        self.segments.iter().zip(ends).map(|(segment, end)| end - segment.position).collect()
    }

    /// How many segments there are.
    #[cfg(test)]
    pub(crate) fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// Drops the segments behind a cut; the entries are cut already.
    pub(super) fn truncate_segments(&mut self, offset: i64) {
        while self.segments.len() > 1
            && self.segments.back().is_some_and(|active| active.base_offset > offset)
        {
            self.segments.pop_back();
        }
        let base = self.active_base();
        if let Some(active) = self.segments.back_mut() {
            active.first_timestamp = None;
            active.largest_timestamp = -1;
            let first = self.entries.partition_point(|entry| entry.batch.base_offset() < base);
            for entry in self.entries.range(first..) {
                active.note(&entry.batch);
            }
        }
    }

    /// Derives from the batches where segments begin in bytes, their timestamps and their indexes:
    /// compaction changed them.
    pub(super) fn measure_segments(&mut self) {
        let mut position = 0;
        let mut entries = self.entries.iter_mut().peekable();
        let bases: Vec<i64> = self.segments.iter().map(|segment| segment.base_offset).collect();
        let ends = bases.iter().skip(1).copied().chain([i64::MAX]);
        for (segment, end) in self.segments.iter_mut().zip(ends) {
            segment.position = position;
            segment.first_timestamp = None;
            segment.largest_timestamp = -1;
            let mut since_indexed = SinceIndexed::default();
            while let Some(entry) = entries.next_if(|entry| entry.batch.base_offset() < end) {
                entry.position = position;
                // The active segment is never compacted.
                if end < i64::MAX {
                    entry.is_indexed = since_indexed.append(entry.batch.size());
                }
                position += entry.batch.size() as u64;
                segment.note(&entry.batch);
            }
        }
        self.end_position = position;
    }
}

#[cfg(test)]
mod tests {
    use milena_protocol::records::batches;

    use super::super::batch::tests::produced;
    use super::*;

    const LIMITS: SegmentLimits = SegmentLimits { bytes: 1_000, millis: 100 };

    pub(crate) fn append(log: &mut Log, timestamp: i64, wall_millis: i64) {
        let bytes = produced(-1, -1, -1, &["value"], timestamp);
        let batch = LogBatch::new(batches(bytes).next().unwrap().unwrap());
        log.roll_if_due(LIMITS, wall_millis, (log.end_offset(), batch.size() as u64, timestamp));
        log.append_as_leader(batch, 0, None).unwrap();
    }

    fn bases(log: &Log) -> Vec<i64> {
        log.segments.iter().map(|segment| segment.base_offset).collect()
    }

    #[test]
    fn a_segment_is_closed_by_the_time_of_its_records() {
        let mut log = Log::default();
        for timestamp in [1_000, 1_050, 1_100, 1_101, 1_150] {
            append(&mut log, timestamp, 0);
        }
        assert_eq!(bases(&log), [0, 3]);
    }

    #[test]
    fn records_without_a_time_close_a_segment_by_the_time_it_was_begun_at() {
        let mut log = Log::default();
        append(&mut log, -1, 5_000);
        append(&mut log, -1, 5_100);
        append(&mut log, -1, 5_101);
        assert_eq!(bases(&log), [0, 2]);
    }

    #[test]
    fn a_segment_takes_no_more_bytes_than_it_may() {
        let mut log = Log::default();
        for _ in 0..30 {
            append(&mut log, 1_000, 0);
        }
        assert!(log.segment_count() > 1);
        assert!(log.segment_sizes().iter().all(|size| *size <= LIMITS.bytes));
        assert_eq!(log.segment_sizes().iter().sum::<u64>(), log.size());
    }

    #[test]
    fn a_read_ends_with_the_segment() {
        let mut log = Log::default();
        for timestamp in [1_000, 1_000, 2_000] {
            append(&mut log, timestamp, 0);
        }
        let offsets = |from| {
            let read = log.read(from, 3, usize::MAX, true);
            read.batches.iter().map(|batch| batch.base_offset()).collect::<Vec<_>>()
        };
        assert_eq!(offsets(0), [0, 1]);
        assert_eq!(offsets(2), [2]);
    }

    #[test]
    fn a_cut_drops_the_segments_behind_it() {
        let mut log = Log::default();
        for timestamp in [1_000, 2_000, 3_000] {
            append(&mut log, timestamp, 0);
        }
        log.truncate_to(1);
        assert_eq!(bases(&log), [0, 1]);
        assert_eq!((log.end_offset(), log.segment_sizes()[1]), (1, 0));
        log.truncate_to(0);
        assert_eq!(bases(&log), [0]);
        append(&mut log, 9_000, 0);
        assert_eq!(bases(&log), [0]);
    }

    #[test]
    fn closing_a_segment_brings_it_to_the_disk() {
        let mut log = Log::default();
        append(&mut log, 1_000, 0);
        append(&mut log, 1_000, 0);
        assert_eq!(log.flushed, 0);
        append(&mut log, 2_000, 0);
        assert_eq!(log.flushed, 2);
    }
}
