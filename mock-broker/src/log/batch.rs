//! A record batch as a log keeps it: one header, and a payload shared by every replica.

use bytes::BytesMut;
use milena_protocol::ids::{LeaderEpoch, Offset};
use milena_protocol::records::{self, Batch, HEADER_LEN};

/// A batch in a log. Replicas share it; nothing in it changes after the leader appended it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LogBatch(Batch, Health);

/// Whether a batch is as its leader wrote it. Nobody looks at its bytes to find out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Health {
    Sound,
    Damaged,
}

impl LogBatch {
    pub(crate) fn new(batch: Batch) -> Self {
        Self(batch, Health::Sound)
    }

    /// The same batch with a bit of its records flipped, in bytes of its own; `None` without
    /// records.
    pub(crate) fn damaged(&self) -> Option<Self> {
        let mut bytes = BytesMut::with_capacity(self.size());
        self.write_to(&mut bytes);
        let last = bytes.get_mut(HEADER_LEN..)?.last_mut()?;
        *last ^= 1;
        let batch = records::batches(bytes.freeze()).next()?.ok()?;
        Some(Self(batch, Health::Damaged))
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.1 == Health::Damaged
    }

    /// The same batch as the leader of `epoch` appends it at `base_offset`.
    pub(crate) fn placed(self, base_offset: i64, epoch: i32, append_time: Option<i64>) -> Self {
        let batch = self.0.at(Offset(base_offset), LeaderEpoch(epoch));
        Self::new(match append_time {
            Some(millis) => batch.with_append_time(millis),
            None => batch,
        })
    }

    pub(crate) fn inner(&self) -> &Batch {
        &self.0
    }

    pub(crate) fn base_offset(&self) -> i64 {
        self.0.header.base_offset.get()
    }

    pub(crate) fn last_offset(&self) -> i64 {
        self.0.header.last_offset().get()
    }

    pub(crate) fn next_offset(&self) -> i64 {
        self.0.header.next_offset().get()
    }

    pub(crate) fn leader_epoch(&self) -> i32 {
        self.0.header.leader_epoch.get()
    }

    pub(crate) fn producer_id(&self) -> i64 {
        self.0.header.producer_id.get()
    }

    pub(crate) fn producer_epoch(&self) -> i16 {
        self.0.header.producer_epoch.get()
    }

    pub(crate) fn base_sequence(&self) -> i32 {
        self.0.header.base_sequence.get()
    }

    pub(crate) fn last_sequence(&self) -> i32 {
        self.0.header.last_sequence().get()
    }

    pub(crate) fn max_timestamp(&self) -> i64 {
        self.0.header.max_timestamp
    }

    pub(crate) fn is_control(&self) -> bool {
        self.0.is_control()
    }

    pub(crate) fn is_transactional(&self) -> bool {
        self.0.is_transactional()
    }

    pub(crate) fn size(&self) -> usize {
        self.0.size()
    }

    pub(crate) fn write_to(&self, out: &mut BytesMut) {
        self.0.write_to(out);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use bytes::{Bytes, BytesMut};
    use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
    use milena_protocol::records::{BatchBuilder, BatchKind, NO_HEADERS, Stamp, batches};

    use super::*;

    /// A batch as a client writes it, in wire format.
    pub(crate) fn produced(
        producer_id: i64,
        epoch: i16,
        sequence: i32,
        values: &[&str],
        timestamp: i64,
    ) -> Bytes {
        let stamp = Stamp {
            producer_id: ProducerId(producer_id),
            producer_epoch: ProducerEpoch(epoch),
            base_sequence: Sequence(sequence),
            ..Stamp::default()
        };
        stamped(&stamp, values, timestamp)
    }

    fn stamped(stamp: &Stamp, values: &[&str], timestamp: i64) -> Bytes {
        let mut builder = BatchBuilder::new(64);
        for value in values {
            builder.append(timestamp, Some(b"k"), Some(value.as_bytes()), NO_HEADERS).unwrap();
        }
        let stamped = builder.seal().stamp(stamp);
        let mut bytes = BytesMut::new();
        bytes.extend_from_slice(&stamped.header);
        bytes.extend_from_slice(&stamped.payload);
        bytes.freeze()
    }

    /// A batch of `count` records at `offset`.
    pub(crate) fn sequenced(
        offset: i64,
        producer_id: i64,
        epoch: i16,
        sequence: i32,
        count: usize,
    ) -> LogBatch {
        let bytes = produced(producer_id, epoch, sequence, &vec!["v"; count], 1_000);
        let batch = batches(bytes).next().unwrap().unwrap();
        LogBatch::new(batch).placed(offset, 0, None)
    }

    /// The same in a transaction.
    pub(crate) fn transactional(
        offset: i64,
        producer_id: i64,
        epoch: i16,
        sequence: i32,
        count: usize,
    ) -> LogBatch {
        let stamp = Stamp {
            producer_id: ProducerId(producer_id),
            producer_epoch: ProducerEpoch(epoch),
            base_sequence: Sequence(sequence),
            kind: BatchKind::Transactional,
        };
        let bytes = stamped(&stamp, &vec!["v"; count], 1_000);
        let batch = batches(bytes).next().unwrap().unwrap();
        LogBatch::new(batch).placed(offset, 0, None)
    }
}
