//! Finds offsets by time (`UnifiedLog.fetchOffsetByTimestamp`, KIP-79, KIP-734).

use super::validate::decompressed;
use super::{Log, LogBatch};

/// A record found by its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FoundOffset {
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) leader_epoch: i32,
}

impl Log {
    /// The first record whose timestamp is at least `target`, not counting those before the log's
    /// start.
    pub(crate) fn first_at_or_after(&self, target: i64) -> Option<FoundOffset> {
        let start = self.start_offset();
        self.batches()
            .filter(|batch| batch.max_timestamp() >= target && batch.last_offset() >= start)
            .find_map(|batch| first_in(batch, start, target))
    }

    /// The first record that has the largest timestamp of the log.
    pub(crate) fn largest_timestamp(&self) -> Option<FoundOffset> {
        let largest = self.batches().map(|batch| batch.max_timestamp()).max()?;
        let batch = self.batches().find(|batch| batch.max_timestamp() == largest)?;
        first_in(batch, batch.base_offset(), largest)
    }
}

fn first_in(batch: &LogBatch, from: i64, target: i64) -> Option<FoundOffset> {
    let found =
        |offset, timestamp| FoundOffset { offset, timestamp, leader_epoch: batch.leader_epoch() };
    // It was read when it was appended, so it can be read again.
    let batch = decompressed(batch.inner()).ok()?;
    batch
        .records()
        .ok()?
        .filter_map(Result::ok)
        .find(|record| record.timestamp >= target && record.offset.get() >= from)
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
    fn a_record_is_found_by_its_time_inside_a_compressed_batch() {
        use milena_protocol::compression::Compression;
        use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
        let mut builder = BatchBuilder::new(64);
        for time in [10, 20, 30] {
            builder.append(time, None, Some(b"v"), NO_HEADERS).unwrap();
        }
        let sealed = builder.seal_compressed(Compression::lz4()).unwrap();
        let mut log = Log::default();
        let batch = LogBatch::new(sealed.stamp(&Stamp::default()).to_batch().unwrap());
        log.append_as_leader(batch, 0, None).unwrap();
        assert_eq!(log.first_at_or_after(15).map(|found| found.offset), Some(1));
        assert_eq!(log.largest_timestamp().map(|found| found.offset), Some(2));
    }

    #[test]
    fn the_largest_timestamp_is_found_at_its_first_record() {
        let found = log(&[10, 30, 30, 20]).largest_timestamp().unwrap();
        assert_eq!((found.offset, found.timestamp), (2, 30));
        assert_eq!(Log::default().largest_timestamp(), None);
    }
}
