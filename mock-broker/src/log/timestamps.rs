//! Finds offsets by time (`UnifiedLog.fetchOffsetByTimestamp`, KIP-79, KIP-734).

use super::{Log, LogBatch};

/// A record found by its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FoundOffset {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) leader_epoch: i32,
}

impl Log {
    /// The first record whose timestamp is at least `target`.
    pub(crate) fn first_at_or_after(&self, target: i64) -> Option<FoundOffset> {
        self.batches()
            .filter(|batch| batch.max_timestamp() >= target)
            .find_map(|batch| first_in(batch, target))
    }

    /// The first record that has the largest timestamp of the log.
    pub(crate) fn largest_timestamp(&self) -> Option<FoundOffset> {
        let largest = self.batches().map(|batch| batch.max_timestamp()).max()?;
        let batch = self.batches().find(|batch| batch.max_timestamp() == largest)?;
        first_in(batch, largest)
    }
}

fn first_in(batch: &LogBatch, target: i64) -> Option<FoundOffset> {
    let found =
        |offset, timestamp| FoundOffset { offset, timestamp, leader_epoch: batch.leader_epoch() };
    let Ok(records) = batch.inner().records() else {
        // Compressed with a codec that is not part of this build: as good as can be told.
        return Some(found(batch.base_offset(), batch.max_timestamp()));
    };
    records
        .filter_map(Result::ok)
        .find(|record| record.timestamp >= target)
        .map(|record| found(record.offset.get(), record.timestamp))
}

#[cfg(test)]
mod tests {
    use milena_protocol::records::batches;

    use super::super::batch::tests::produced;
    use super::*;

    fn log(times: &[i64]) -> Log {
        let mut log = Log::default();
        for time in times {
            let bytes = produced(-1, -1, -1, &["a", "b"], *time);
            let batch = LogBatch::new(batches(bytes).next().unwrap().unwrap());
            log.append_as_leader(batch, 0, None).unwrap();
        }
        log
    }

    #[test]
    fn the_first_record_at_or_after_a_time_is_found() {
        let log = log(&[10, 30, 20, 40]);
        let offset = |target| log.first_at_or_after(target).map(|found| found.offset);
        assert_eq!(offset(0), Some(0));
        assert_eq!(offset(15), Some(2));
        assert_eq!(offset(35), Some(6));
        assert_eq!(offset(41), None);
    }

    #[test]
    fn the_largest_timestamp_is_found_at_its_first_record() {
        let found = log(&[10, 30, 30, 20]).largest_timestamp().unwrap();
        assert_eq!((found.offset, found.timestamp), (2, 30));
        assert_eq!(Log::default().largest_timestamp(), None);
    }
}
