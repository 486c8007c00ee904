//! The sparse offset index of each segment (`OffsetIndex`), as far as it can be seen from outside:
//! how far a read reaches is looked up in it when a reader is told of aborted transactions.

use super::{AbortedTxn, Log};

/// `index.interval.bytes`: how far apart the entries of an index are.
const INTERVAL: usize = 4096;

/// Bytes appended to a segment since the last entry of its index (`LogSegment.append`).
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct SinceIndexed(usize);

impl SinceIndexed {
    /// Whether a batch that is appended gets an entry.
    pub(super) fn append(&mut self, size: usize) -> bool {
        let is_due = self.0 > INTERVAL;
        self.0 = if is_due { size } else { self.0 + size };
        is_due
    }
}

impl Log {
    /// The aborted transactions that a reader of committed records has to know who was given
    /// `bytes` bytes from `offset` on. As in Apache Kafka it may be told of some behind them: the
    /// read ends with the first entry of its segment's index that is not within it; without one,
    /// where the next segment begins, or the log ends (`LocalLog.addAbortedTransactions`).
    pub(crate) fn aborted_transactions(&self, offset: i64, bytes: usize) -> Vec<AbortedTxn> {
        let first = self.index_of(offset);
        let Some(entry) = self.entries.get(first) else { return Vec::new() };
        let behind = entry.position + bytes as u64;
        let end = self.segment_end(entry.batch.base_offset());
        let segment = self.entries.range(first..);
        let segment = segment.take_while(|entry| entry.batch.base_offset() < end);
        let mut index = segment.filter(|entry| entry.is_indexed);
        let bound = index.find(|entry| entry.position >= behind);
        let to = bound.map_or(end.min(self.end_offset), |entry| entry.batch.last_offset());
        self.aborted.between(offset, to)
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::tests::{sequenced, transactional};
    use super::super::{EndTxnMarker, TxnEnd};
    use super::*;

    /// A record of a transaction of its own.
    fn begin(log: &mut Log, producer_id: i64) {
        log.append_as_leader(transactional(0, producer_id, 0, 0, 1), 0, None).unwrap();
    }

    fn abort(log: &mut Log, producer_id: i64) {
        let marker = EndTxnMarker {
            producer_id,
            producer_epoch: 0,
            coordinator_epoch: 0,
            end: TxnEnd::Abort,
        };
        log.append_marker(&marker, 0, 1_000, None).unwrap();
    }

    fn told(log: &Log, offset: i64, batches: usize) -> Vec<i64> {
        let read = log.batches().filter(|batch| batch.last_offset() >= offset).take(batches);
        let bytes = read.map(|batch| batch.size()).sum();
        log.aborted_transactions(offset, bytes).iter().map(|txn| txn.producer_id).collect()
    }

    #[test]
    fn a_reader_is_told_of_no_transaction_that_begins_in_the_next_segment() {
        let mut log = Log::default();
        begin(&mut log, 1);
        abort(&mut log, 1);
        log.roll(0);
        begin(&mut log, 2);
        abort(&mut log, 2);
        assert_eq!(told(&log, 0, 2), [1]);
        assert_eq!(told(&log, 2, 2), [2]);
    }

    #[test]
    fn a_transaction_whose_marker_is_in_a_later_segment_is_told() {
        let mut log = Log::default();
        begin(&mut log, 1);
        begin(&mut log, 2);
        log.roll(0);
        abort(&mut log, 2);
        log.roll(0);
        abort(&mut log, 1);
        assert_eq!(told(&log, 0, 2), [2, 1]);
    }

    #[test]
    fn without_an_entry_behind_a_read_all_of_its_segment_counts() {
        let mut log = Log::default();
        begin(&mut log, 1);
        abort(&mut log, 1);
        begin(&mut log, 2);
        abort(&mut log, 2);
        assert_eq!(told(&log, 0, 1), [1, 2]);
    }

    #[test]
    fn an_entry_of_the_index_bounds_what_is_told() {
        let mut log = Log::default();
        begin(&mut log, 1);
        abort(&mut log, 1);
        // Larger than the interval, so that the batch behind it has an entry.
        log.append_as_leader(sequenced(0, -1, -1, -1, 1_000), 0, None).unwrap();
        log.append_as_leader(sequenced(0, -1, -1, -1, 1), 0, None).unwrap();
        begin(&mut log, 2);
        abort(&mut log, 2);
        assert_eq!(told(&log, 0, 1), [1]);
    }

    #[test]
    fn an_entry_of_the_next_segments_index_bounds_nothing() {
        let mut log = Log::default();
        begin(&mut log, 1);
        abort(&mut log, 1);
        log.roll(0);
        begin(&mut log, 2);
        log.append_as_leader(sequenced(0, -1, -1, -1, 1_000), 0, None).unwrap();
        log.append_as_leader(sequenced(0, -1, -1, -1, 1), 0, None).unwrap();
        assert!(log.entries.back().is_some_and(|entry| entry.is_indexed));
        abort(&mut log, 2);
        assert_eq!(told(&log, 0, 2), [1]);
    }

    #[test]
    fn each_segment_begins_to_count_anew() {
        let mut log = Log::default();
        log.append_as_leader(sequenced(0, -1, -1, -1, 1_000), 0, None).unwrap();
        log.roll(0);
        log.append_as_leader(sequenced(0, -1, -1, -1, 1), 0, None).unwrap();
        let indexed: Vec<_> = log.entries.iter().map(|entry| entry.is_indexed).collect();
        assert_eq!(indexed, [false, false]);
    }
}
