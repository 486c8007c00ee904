//! A batch that takes no more records, and the header it is sent with.

use bytes::{Bytes, BytesMut};

use super::batch::Batch;
use super::crc::Shift;
use super::error::BatchError;
use super::header::{Attributes, BatchHeader, COUNTED_HEADER, HEADER_LEN};
use crate::compression::{Codec, Compression};
use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

/// Records in wire format that never change again, with their checksum.
///
/// Cloning is cheap: the payload is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBatch {
    payload: Bytes,
    payload_crc: u32,
    /// Carries a header's checksum past the payload.
    shift: Shift,
    /// Bytes of the records before they were compressed.
    plain_len: usize,
    compression: Compression,
    count: i32,
    base_timestamp: i64,
    max_timestamp: i64,
}

/// What a batch is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum BatchKind {
    /// Records outside a transaction.
    #[default]
    Plain,
    /// Records of a transaction.
    Transactional,
    /// The marker that ends a transaction, written by its coordinator.
    TransactionMarker,
}

/// What is only known when a sealed batch is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The idempotent producer; [`ProducerId::NONE`] without.
    pub producer_id: ProducerId,
    /// Its epoch; [`ProducerEpoch::NONE`] without.
    pub producer_epoch: ProducerEpoch,
    /// The first record's sequence; [`Sequence::NONE`] without.
    pub base_sequence: Sequence,
    /// What the batch is sent for.
    pub kind: BatchKind,
}

impl Default for Stamp {
    /// Neither idempotent nor transactional.
    fn default() -> Self {
        Self {
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
            kind: BatchKind::Plain,
        }
    }
}

/// A batch as it goes on the wire: a header and the payload it was written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampedBatch {
    /// The header.
    pub header: [u8; HEADER_LEN],
    /// The records, shared with the sealed batch.
    pub payload: Bytes,
}

impl SealedBatch {
    pub(crate) fn new(
        payload: Bytes,
        plain_len: usize,
        compression: Compression,
        count: i32,
        base_timestamp: i64,
        max_timestamp: i64,
    ) -> Self {
        let payload_crc = crc32c::crc32c(&payload);
        let shift = Shift::by(payload.len());
        Self {
            payload,
            payload_crc,
            shift,
            plain_len,
            compression,
            count,
            base_timestamp,
            max_timestamp,
        }
    }

    /// Writes a header. The payload is neither read nor touched.
    pub fn stamp(&self, stamp: &Stamp) -> StampedBatch {
        StampedBatch { header: self.header(stamp).to_bytes(), payload: self.payload.clone() }
    }

    fn header(&self, stamp: &Stamp) -> BatchHeader {
        let attributes = Attributes::default().with_codec(self.codec());
        let mut header = BatchHeader {
            // Both are the broker's to fill in.
            base_offset: Offset::ZERO,
            leader_epoch: LeaderEpoch::UNKNOWN,
            // The builder keeps payloads short enough.
            batch_length: (COUNTED_HEADER + self.payload.len()) as i32,
            crc: 0,
            attributes: match stamp.kind {
                BatchKind::Plain => attributes,
                BatchKind::Transactional => attributes.transactional(),
                BatchKind::TransactionMarker => attributes.transactional().control(),
            },
            last_offset_delta: self.count - 1,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id: stamp.producer_id,
            producer_epoch: stamp.producer_epoch,
            base_sequence: stamp.base_sequence,
            record_count: self.count,
        };
        header.crc = self.shift.combine(header.crc_of_covered_part(), self.payload_crc);
        header
    }

    pub(super) fn to_batch(&self) -> Batch {
        Batch::from_parts(self.header(&Stamp::default()), self.payload.clone())
    }

    /// Bytes of the records as they are sent.
    pub fn payload_len(&self) -> usize {
        self.payload.len()
    }

    /// Bytes of the records before they were compressed.
    pub fn plain_len(&self) -> usize {
        self.plain_len
    }

    /// The records as they are sent.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Bytes of the whole batch, its header included.
    pub fn size(&self) -> usize {
        HEADER_LEN + self.payload.len()
    }

    /// How many records it holds.
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// The first record's timestamp.
    pub fn base_timestamp(&self) -> i64 {
        self.base_timestamp
    }

    /// The largest timestamp of a record.
    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// The compression of the payload.
    pub fn codec(&self) -> Codec {
        self.compression.codec()
    }

    /// The compression of the payload, with the level it was compressed at.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The payload's memory for [`super::BatchBuilder::with_buffer`], if nobody else holds it any
    /// more.
    pub fn reclaim(self) -> Option<Vec<u8>> {
        let mut payload = self.payload.try_into_mut().ok()?;
        // Cleared first: what is left would be moved otherwise.
        payload.clear();
        Some(Vec::from(payload))
    }
}

impl StampedBatch {
    /// Bytes of header and payload.
    pub fn size(&self) -> usize {
        HEADER_LEN + self.payload.len()
    }

    /// The batch in one piece; copies.
    pub fn to_bytes(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(self.size());
        self.write_to(&mut bytes);
        bytes.freeze()
    }

    /// The batch at the end of a buffer.
    pub fn write_to(&self, out: &mut BytesMut) {
        out.extend_from_slice(&self.header);
        out.extend_from_slice(&self.payload);
    }

    /// The batch as a reader sees it, sharing the payload.
    ///
    /// # Errors
    /// If it holds no record.
    pub fn to_batch(&self) -> Result<Batch, BatchError> {
        Ok(Batch::from_parts(BatchHeader::parse(&self.header)?, self.payload.clone()))
    }
}
