//! What a log forgets (`UnifiedLog.deleteOldSegments`): whole segments, oldest first, that end
//! before the log's start, that are more than `retention.bytes`, or whose youngest record is older
//! than `retention.ms`. Nothing above the high watermark goes; if all of a log goes, a new segment
//! is begun first.

use super::Log;
use super::segments::Segment;
use crate::sabotage::{self, Sabotage};

/// How long a log remembers; -1 stands for always.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Retention {
    /// Whether `cleanup.policy` names `delete`. Without it only what is before the start goes.
    pub(crate) deletes: bool,
    pub(crate) millis: i64,
    pub(crate) bytes: i64,
}

impl Log {
    /// Deletes what need not be remembered. How many segments went.
    pub(crate) fn delete_old_segments(&mut self, retention: Retention, wall_millis: i64) -> usize {
        let start = self.start_offset;
        let mut deleted = self.delete_while(wall_millis, |_, _, next| {
            next.is_some_and(|next| next.base_offset <= start)
                && !sabotage::is(Sabotage::DeletedSegmentsStay)
        });
        if !retention.deletes && !sabotage::is(Sabotage::PolicyUnasked) {
            return deleted;
        }
        if !sabotage::is(Sabotage::NothingTooLarge)
            && let Ok(limit) = u64::try_from(retention.bytes)
            && let Some(mut above) = self.size().checked_sub(limit)
        {
            deleted += self.delete_while(wall_millis, |_, size, _| match above.checked_sub(size) {
                Some(left) => {
                    above = left;
                    true
                }
                None => false,
            });
        }
        if retention.millis >= 0 && !sabotage::is(Sabotage::NothingTooOld) {
            deleted += self.delete_while(wall_millis, |segment, _, _| {
                wall_millis.saturating_sub(segment.largest_timestamp()) > retention.millis
            });
        }
        deleted
    }

    /// Deletes the oldest segments as long as `breaches` says so of a segment, its size and the
    /// segment behind it.
    fn delete_while(
        &mut self,
        wall_millis: i64,
        mut breaches: impl FnMut(&Segment, u64, Option<&Segment>) -> bool,
    ) -> usize {
        let mut count = 0;
        for (at, size) in self.segment_sizes().into_iter().enumerate() {
            let next = self.segments.get(at + 1);
            let upper = next.map_or(self.end_offset, |next| next.base_offset);
            let is_last_and_empty = next.is_none() && size == 0;
            let Some(segment) = self.segments.get(at) else { break };
            if upper > self.high_watermark || is_last_and_empty || !breaches(segment, size, next) {
                break;
            }
            count += 1;
        }
        if count == 0 {
            return 0;
        }
        if count == self.segments.len() {
            self.roll(wall_millis);
        }
        let Some(first) = self.segments.get(count).map(|first| first.base_offset) else { return 0 };
        self.segments.drain(..count);
        let gone = self.entries.partition_point(|entry| entry.batch.base_offset() < first);
        self.entries.drain(..gone);
        // It is not above the high watermark: that was looked at for each segment.
        if first > self.start_offset {
            self.start_offset = first;
            self.epochs.truncate_before(first);
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use milena_protocol::records::batches;

    use super::super::batch::tests::produced;
    use super::super::{LogBatch, SegmentLimits};
    use super::*;

    const KEEP_ALL: Retention = Retention { deletes: true, millis: -1, bytes: -1 };

    /// A segment for each timestamp.
    fn log(timestamps: &[i64]) -> Log {
        let mut log = Log::default();
        for timestamp in timestamps {
            let bytes = produced(-1, -1, -1, &["value"], *timestamp);
            let batch = LogBatch::new(batches(bytes).next().unwrap().unwrap());
            log.roll(0);
            let limits = SegmentLimits { bytes: 1_000_000, millis: i64::MAX };
            log.roll_if_due(limits, 0, (log.end_offset(), batch.size() as u64, *timestamp));
            log.append_as_leader(batch, 0, None).unwrap();
        }
        log.raise_high_watermark(i64::MAX);
        log
    }

    #[test]
    fn segments_whose_youngest_record_is_too_old_go() {
        let mut log = log(&[100, 200, 300]);
        let retention = Retention { millis: 50, ..KEEP_ALL };
        assert_eq!(log.delete_old_segments(retention, 250), 1);
        assert_eq!((log.start_offset(), log.segment_count()), (1, 2));
        assert_eq!(log.delete_old_segments(retention, 251), 1);
        assert_eq!(log.start_offset(), 2);
    }

    #[test]
    fn if_all_segments_are_too_old_the_log_is_empty_and_goes_on_where_it_ended() {
        let mut log = log(&[100, 200]);
        let retention = Retention { millis: 50, ..KEEP_ALL };
        assert_eq!(log.delete_old_segments(retention, 1_000), 2);
        assert_eq!((log.start_offset(), log.end_offset(), log.size()), (2, 2, 0));
        assert_eq!(log.delete_old_segments(retention, 2_000), 0);
    }

    #[test]
    fn nothing_above_the_high_watermark_goes() {
        let mut log = log(&[100, 200, 300]);
        log.high_watermark = 1;
        let retention = Retention { millis: 50, ..KEEP_ALL };
        assert_eq!(log.delete_old_segments(retention, 1_000), 1);
        assert_eq!(log.start_offset(), 1);
    }

    #[test]
    fn as_many_segments_go_as_leave_no_less_than_the_size_to_keep() {
        let mut log = log(&[100, 200, 300]);
        let one = i64::try_from(log.size()).unwrap() / 3;
        let retention = Retention { bytes: 2 * one - 1, ..KEEP_ALL };
        assert_eq!(log.delete_old_segments(retention, 0), 1);
        assert_eq!(log.start_offset(), 1);
        assert_eq!(log.delete_old_segments(retention, 0), 0);
    }

    #[test]
    fn without_the_policy_only_what_is_before_the_start_goes() {
        let mut log = log(&[100, 200, 300]);
        let keep = Retention { deletes: false, millis: 0, bytes: 0 };
        assert_eq!(log.delete_old_segments(keep, 1_000), 0);
        assert_eq!(log.raise_start(2), Ok(true));
        assert_eq!(log.delete_old_segments(keep, 1_000), 2);
        assert_eq!((log.start_offset(), log.segment_count()), (2, 1));
    }

    #[test]
    fn a_segment_that_ends_where_the_log_starts_goes_and_the_next_stays() {
        let mut log = log(&[100, 200]);
        assert_eq!(log.raise_start(1), Ok(true));
        assert_eq!(log.raise_start(3), Err(milena_protocol::ErrorCode::OFFSET_OUT_OF_RANGE));
        assert_eq!(log.delete_old_segments(KEEP_ALL, 0), 1);
        assert_eq!(log.segment_count(), 1);
    }
}
