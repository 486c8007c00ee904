//! The marker that ends a transaction in a partition (`EndTransactionMarker`, KIP-98).

use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
use milena_protocol::records::{BatchBuilder, BatchKind, ControlType, NO_HEADERS, Stamp};

use super::batch::LogBatch;

/// `EndTransactionMarker.CURRENT_END_TXN_MARKER_VERSION`, and the version of a control record's key.
const VERSION: i16 = 0;

/// How a transaction ended (`ControlRecordType`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum TxnEnd {
    Abort,
    Commit,
}

/// A marker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EndTxnMarker {
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) coordinator_epoch: i32,
    pub(crate) end: TxnEnd,
}

impl EndTxnMarker {
    /// The control batch, written at a time of day.
    pub(crate) fn to_batch(self, wall_millis: i64) -> LogBatch {
        let kind: i16 = match self.end {
            TxnEnd::Abort => 0,
            TxnEnd::Commit => 1,
        };
        let mut key = VERSION.to_be_bytes().to_vec();
        key.extend_from_slice(&kind.to_be_bytes());
        let mut value = VERSION.to_be_bytes().to_vec();
        value.extend_from_slice(&self.coordinator_epoch.to_be_bytes());
        let mut builder = BatchBuilder::new(32);
        builder
            .append(wall_millis, Some(&key), Some(&value), NO_HEADERS)
            .expect("ten bytes fit into a batch");
        let stamp = Stamp {
            producer_id: ProducerId(self.producer_id),
            producer_epoch: ProducerEpoch(self.producer_epoch),
            base_sequence: Sequence::NONE,
            kind: BatchKind::TransactionMarker,
        };
        let batch = builder.seal().stamp(&stamp).to_batch();
        LogBatch::new(batch.expect("a batch that was just built can be read"))
    }

    /// What a control batch says, if it ends a transaction.
    pub(crate) fn read(batch: &LogBatch) -> Option<Self> {
        let end = match batch.inner().control_type() {
            Ok(Some(ControlType::Abort)) => TxnEnd::Abort,
            Ok(Some(ControlType::Commit)) => TxnEnd::Commit,
            _ => return None,
        };
        let record = batch.inner().records().ok()?.next()?.ok()?;
        let (_version, rest) = record.value?.split_first_chunk::<2>()?;
        Some(Self {
            producer_id: batch.producer_id(),
            producer_epoch: batch.producer_epoch(),
            coordinator_epoch: i32::from_be_bytes(*rest.first_chunk::<4>()?),
            end,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::tests::sequenced;
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        for end in [TxnEnd::Abort, TxnEnd::Commit] {
            let marker =
                EndTxnMarker { producer_id: 7, producer_epoch: 3, coordinator_epoch: 9, end };
            let batch = marker.to_batch(5);
            assert!(batch.is_control() && batch.is_transactional());
            assert_eq!((batch.max_timestamp(), batch.base_sequence()), (5, -1));
            assert!(batch.inner().verify_crc().is_ok());
            assert_eq!(EndTxnMarker::read(&batch), Some(marker));
        }
    }

    #[test]
    fn a_batch_of_records_is_no_marker() {
        assert_eq!(EndTxnMarker::read(&sequenced(0, 7, 0, 0, 1)), None);
    }
}
