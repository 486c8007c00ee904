//! What a log is after its process died (`LogLoader`): its batches and epochs, from the checkpoints
//! the high watermark and the start, and everything else derived from the batches. Whether records
//! that were not flushed are lost is the machine's fate, not the process's.

use super::{Log, SinceIndexed};

impl Log {
    /// Takes over from the checkpoints what a crash leaves of it.
    pub(crate) fn recover(&mut self, high_watermark: i64, start_offset: i64) {
        let start = start_offset.max(self.first_base());
        if self.end_offset < start {
            self.restart_at(start);
            return;
        }
        // What was not flushed is read again, and cut before the first batch that is damaged.
        let unflushed = self.entries.iter().map(|entry| &entry.batch);
        let mut unflushed = unflushed.filter(|batch| batch.last_offset() >= self.flushed);
        if let Some(at) = unflushed.find(|batch| batch.is_damaged()).map(|it| it.base_offset()) {
            self.truncate_to(at);
        }
        let start = start.min(self.end_offset);
        self.since_indexed = SinceIndexed::default();
        self.start_offset = start;
        self.epochs.truncate_before(start);
        self.epochs.truncate_from(self.end_offset);
        self.recover_producers();
        self.set_high_watermark(high_watermark.clamp(start, self.end_offset));
    }

    /// Recovery writes a snapshot of the producers and goes on with that, and a snapshot has each
    /// producer's last batch alone (`LogLoader.recoverSegment`).
    fn recover_producers(&mut self) {
        self.snapshot = None;
        self.rebuild_producers();
        self.producers.forget_all_but_last();
        self.snapshot = Some((self.end_offset, self.producers.clone()));
    }

    /// Flips a bit of the batch that holds `offset`. Whether there is one.
    pub(crate) fn flip_byte(&mut self, offset: i64) -> bool {
        let at = self.index_of(offset);
        let Some(entry) = self.entries.get_mut(at) else { return false };
        let Some(damaged) = entry.batch.damaged() else { return false };
        entry.batch = std::sync::Arc::new(damaged);
        true
    }

    /// Everything that is in the log now outlives a loss of power.
    pub(crate) fn flush(&mut self) {
        self.flushed = self.end_offset;
    }

    /// Flushes once there are so many records that were not (`UnifiedLog.append`).
    pub(crate) fn flush_if_due(&mut self, messages: i64) {
        if self.end_offset - self.flushed >= messages {
            self.flush();
        }
    }

    /// Where what outlives a loss of power ends (`UnifiedLog.recoveryPoint`).
    pub(crate) fn flushed(&self) -> i64 {
        self.flushed
    }

    /// The ends of the batches that a loss of power may take: the log ends at one of them, or at
    /// [`Log::flushed`].
    pub(crate) fn unflushed_ends(&self) -> Vec<i64> {
        let first = self.entries.partition_point(|entry| entry.batch.last_offset() < self.flushed);
        self.entries.range(first..).map(|entry| entry.batch.next_offset()).collect()
    }
}

#[cfg(test)]
mod tests {
    use milena_protocol::ErrorCode;

    use super::super::batch::tests::sequenced;
    use super::super::tests::log_of;
    use super::*;

    fn log() -> Log {
        let mut log = Log::default();
        for sequence in 0..4 {
            log.append_as_leader(sequenced(0, 7, 0, sequence, 1), 0, None).unwrap();
        }
        log.raise_high_watermark(4);
        log
    }

    #[test]
    fn a_crash_forgets_what_was_deleted_since_the_checkpoint_of_the_start() {
        let mut log = log();
        log.raise_start(3).unwrap();
        log.recover(4, 1);
        assert_eq!((log.start_offset(), log.high_watermark()), (1, 4));
    }

    #[test]
    fn a_log_that_ends_before_its_start_begins_anew_there() {
        let mut log = log();
        log.truncate_to(2);
        log.recover(4, 3);
        assert_eq!((log.start_offset(), log.end_offset(), log.size()), (3, 3, 0));
    }

    #[test]
    fn only_what_was_not_flushed_may_be_lost() {
        let mut log = log();
        assert_eq!(log.unflushed_ends(), [1, 2, 3, 4]);
        log.truncate_to(2);
        log.flush();
        log.append_as_leader(sequenced(0, 7, 0, 2, 3), 0, None).unwrap();
        assert_eq!((log.flushed(), log.unflushed_ends()), (2, vec![5]));
    }

    #[test]
    fn a_crash_forgets_the_high_watermark_since_the_checkpoint_and_keeps_the_records() {
        let mut log = log_of(&[(3, 0), (2, 0)]);
        log.raise_high_watermark(5);
        log.recover(3, 0);
        assert_eq!((log.high_watermark(), log.end_offset()), (3, 5));
    }

    #[test]
    fn a_crash_leaves_the_last_batch_of_each_producer() {
        let mut log = log_of(&[(3, 0), (2, 0)]);
        log.recover(0, 0);
        let again = log.append_as_leader(sequenced(0, 7, 0, 3, 2), 0, None).unwrap();
        assert!(again.duplicate);
        let before = log.append_as_leader(sequenced(0, 7, 0, 0, 3), 0, None);
        assert_eq!(before, Err(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
    }

    #[test]
    fn a_cut_behind_a_crash_goes_on_from_what_the_crash_left() {
        let mut log = log_of(&[(3, 0), (2, 0)]);
        log.recover(0, 0);
        log.append_as_leader(sequenced(0, 7, 0, 5, 1), 1, None).unwrap();
        log.append_as_leader(sequenced(0, 7, 0, 6, 1), 1, None).unwrap();
        log.truncate_to(6);
        let known = log.producers().entry(7).unwrap().batches.len();
        assert_eq!(known, 2, "the one of the snapshot and the one behind it");
        log.truncate_to(3);
        let known = log.producers().entry(7).unwrap().batches.len();
        assert_eq!(known, 1, "the snapshot reaches beyond the end");
    }
}
