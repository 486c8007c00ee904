//! The 61 bytes before the records (`DefaultRecordBatch` in Apache Kafka).

use super::SMALLEST_RECORD;
use super::error::{BatchError, BatchErrorKind};
use crate::compression::{Codec, CompressionError};
use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

/// Bytes of a batch before its records.
pub const HEADER_LEN: usize = 61;

/// Bytes before the part that the length field counts: base offset and the length itself.
pub(crate) const LENGTH_END: usize = 12;
/// Where the format stands, in every format.
pub(crate) const MAGIC_AT: usize = 16;
/// Where the part covered by the checksum begins.
pub(crate) const CRC_END: usize = 21;
/// The format this crate reads and writes.
pub(crate) const MAGIC: i8 = 2;
/// What the length field counts before the records.
pub(crate) const COUNTED_HEADER: usize = HEADER_LEN - LENGTH_END;

/// The attributes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Attributes(pub i16);

/// What a batch's timestamps mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum TimestampType {
    /// Each record has the time its producer gave it.
    #[default]
    CreateTime,
    /// All records have the time at which the broker appended them, the batch's max timestamp.
    LogAppendTime,
}

/// What a control record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ControlType {
    /// The transaction was aborted.
    Abort,
    /// The transaction was committed.
    Commit,
    /// Something else: never shown, always passed.
    Unknown(i16),
}

impl Attributes {
    const LOG_APPEND_TIME: i16 = 1 << 3;
    const TRANSACTIONAL: i16 = 1 << 4;
    const CONTROL: i16 = 1 << 5;
    const DELETE_HORIZON: i16 = 1 << 6;

    /// The compression of the payload.
    ///
    /// # Errors
    /// For the ids 5 to 7.
    pub const fn codec(self) -> Result<Codec, CompressionError> {
        Codec::from_attributes(self.0)
    }

    /// What the timestamps mean.
    pub const fn timestamp_type(self) -> TimestampType {
        if self.0 & Self::LOG_APPEND_TIME == 0 {
            TimestampType::CreateTime
        } else {
            TimestampType::LogAppendTime
        }
    }

    /// Whether the batch belongs to a transaction.
    pub const fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// Whether the batch holds control records, which are not shown to anybody.
    pub const fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Whether the base timestamp is the time after which tombstones may go (KIP-534).
    pub const fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }

    /// With another codec.
    #[must_use]
    pub const fn with_codec(self, codec: Codec) -> Self {
        Self((self.0 & !0b111) | codec.id())
    }

    /// With another meaning of the timestamps.
    #[must_use]
    pub const fn with_timestamp_type(self, timestamps: TimestampType) -> Self {
        match timestamps {
            TimestampType::CreateTime => Self(self.0 & !Self::LOG_APPEND_TIME),
            TimestampType::LogAppendTime => Self(self.0 | Self::LOG_APPEND_TIME),
        }
    }

    /// Marked as part of a transaction.
    #[must_use]
    pub const fn transactional(self) -> Self {
        Self(self.0 | Self::TRANSACTIONAL)
    }

    /// Marked as holding control records.
    #[must_use]
    pub const fn control(self) -> Self {
        Self(self.0 | Self::CONTROL)
    }

    /// Marked as having a delete horizon.
    #[must_use]
    pub const fn delete_horizon(self) -> Self {
        Self(self.0 | Self::DELETE_HORIZON)
    }
}

/// The header of a batch, field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// The offset of the first record the batch was written with. Outside the checksum.
    pub base_offset: Offset,
    /// Bytes behind the length field. Outside the checksum.
    pub batch_length: i32,
    /// The epoch of the leader that appended the batch, -1 before. Outside the checksum.
    pub leader_epoch: LeaderEpoch,
    /// CRC-32C of everything behind it.
    pub crc: u32,
    /// Compression and flags.
    pub attributes: Attributes,
    /// The last offset the batch was written with, counted from the base offset. Compaction may
    /// have removed the record itself.
    pub last_offset_delta: i32,
    /// What the records' timestamps are counted from: the first record's, or the delete horizon.
    pub base_timestamp: i64,
    /// The largest timestamp of a record, or the time of the append under LogAppendTime.
    pub max_timestamp: i64,
    /// The idempotent producer, -1 if none.
    pub producer_id: ProducerId,
    /// Its epoch, -1 if none.
    pub producer_epoch: ProducerEpoch,
    /// The sequence of the first record, -1 if none.
    pub base_sequence: Sequence,
    /// How many records follow.
    pub record_count: i32,
}

impl BatchHeader {
    /// Reads the header of a batch of format 2 and checks that its fields are possible. Bytes
    /// behind the header are not looked at.
    ///
    /// # Errors
    /// If there are fewer than [`HEADER_LEN`] bytes, the format is another, or a field has an
    /// impossible value.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let Some(raw) = bytes.first_chunk::<HEADER_LEN>() else {
            let base_offset = bytes.first_chunk().map_or(-1, |raw| i64::from_be_bytes(*raw));
            let value = bytes.len() as i64;
            return Err(BatchError {
                base_offset: Offset(base_offset),
                next_offset: None,
                kind: BatchErrorKind::Header { field: "header length", value },
            });
        };
        let header = Self::read(raw);
        let magic = i8::from_be_bytes([raw[MAGIC_AT]]);
        if magic != MAGIC {
            return Err(header.error(BatchErrorKind::Magic { magic }));
        }
        header.check()?;
        Ok(header)
    }

    fn read(raw: &[u8; HEADER_LEN]) -> Self {
        Self {
            base_offset: Offset(i64::from_be_bytes(field(raw, 0))),
            batch_length: i32::from_be_bytes(field(raw, 8)),
            leader_epoch: LeaderEpoch(i32::from_be_bytes(field(raw, 12))),
            crc: u32::from_be_bytes(field(raw, 17)),
            attributes: Attributes(i16::from_be_bytes(field(raw, 21))),
            last_offset_delta: i32::from_be_bytes(field(raw, 23)),
            base_timestamp: i64::from_be_bytes(field(raw, 27)),
            max_timestamp: i64::from_be_bytes(field(raw, 35)),
            producer_id: ProducerId(i64::from_be_bytes(field(raw, 43))),
            producer_epoch: ProducerEpoch(i16::from_be_bytes(field(raw, 51))),
            base_sequence: Sequence(i32::from_be_bytes(field(raw, 53))),
            record_count: i32::from_be_bytes(field(raw, 57)),
        }
    }

    fn check(&self) -> Result<(), BatchError> {
        let impossible = |field, value| Err(self.error(BatchErrorKind::Header { field, value }));
        if self.batch_length < COUNTED_HEADER as i32 {
            return Err(self.error(BatchErrorKind::Length { length: self.batch_length }));
        }
        if self.base_offset.get() < 0 {
            return impossible("base offset", self.base_offset.get());
        }
        if self.last_offset_delta < 0 || self.next_offset_checked().is_none() {
            return impossible("last offset delta", self.last_offset_delta.into());
        }
        self.check_count()
    }

    /// Checked before anything is done with the count; that of a compressed payload is checked
    /// once its true length is known.
    pub(super) fn check_count(&self) -> Result<(), BatchError> {
        let payload = self.payload_len();
        let possible = payload / SMALLEST_RECORD;
        let compressed = !matches!(self.attributes.codec(), Ok(Codec::None));
        let count = usize::try_from(self.record_count);
        if !count.is_ok_and(|count| compressed || count <= possible) {
            let count = self.record_count;
            return Err(self.error(BatchErrorKind::RecordCount { count, payload }));
        }
        Ok(())
    }

    /// The header as it goes on the wire.
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut raw = [0; HEADER_LEN];
        set(&mut raw, 0, self.base_offset.get().to_be_bytes());
        set(&mut raw, 8, self.batch_length.to_be_bytes());
        set(&mut raw, 12, self.leader_epoch.get().to_be_bytes());
        set(&mut raw, MAGIC_AT, MAGIC.to_be_bytes());
        set(&mut raw, 17, self.crc.to_be_bytes());
        set(&mut raw, 21, self.attributes.0.to_be_bytes());
        set(&mut raw, 23, self.last_offset_delta.to_be_bytes());
        set(&mut raw, 27, self.base_timestamp.to_be_bytes());
        set(&mut raw, 35, self.max_timestamp.to_be_bytes());
        set(&mut raw, 43, self.producer_id.get().to_be_bytes());
        set(&mut raw, 51, self.producer_epoch.get().to_be_bytes());
        set(&mut raw, 53, self.base_sequence.get().to_be_bytes());
        set(&mut raw, 57, self.record_count.to_be_bytes());
        raw
    }

    /// Bytes of the whole batch.
    pub const fn size(&self) -> usize {
        LENGTH_END + self.batch_length as usize
    }

    /// Bytes behind the header.
    pub const fn payload_len(&self) -> usize {
        self.size().saturating_sub(HEADER_LEN)
    }

    /// The last offset the batch was written with, whether its record is still there or not.
    pub const fn last_offset(&self) -> Offset {
        self.base_offset.plus(self.last_offset_delta as i64)
    }

    /// The offset to read from after this batch.
    pub const fn next_offset(&self) -> Offset {
        self.last_offset().next()
    }

    /// The sequence of the last record; [`Sequence::NONE`] without an idempotent producer.
    pub const fn last_sequence(&self) -> Sequence {
        if self.base_sequence.0 < 0 {
            Sequence::NONE
        } else {
            self.base_sequence.plus(self.last_offset_delta)
        }
    }

    /// CRC-32C of the part of the header that the batch's checksum covers.
    pub(crate) fn crc_of_covered_part(&self) -> u32 {
        crc32c::crc32c(&self.to_bytes()[CRC_END..])
    }

    pub(crate) fn error(&self, kind: BatchErrorKind) -> BatchError {
        let next_offset = match kind {
            // A message set of the old formats carries the offset of its last message.
            BatchErrorKind::Magic { magic: 0 | 1 } => Some(self.base_offset.next()),
            BatchErrorKind::Magic { .. } | BatchErrorKind::Length { .. } => None,
            _ => self.next_offset_checked(),
        };
        BatchError { base_offset: self.base_offset, next_offset, kind }
    }

    fn next_offset_checked(&self) -> Option<Offset> {
        let deltas = i64::from(self.last_offset_delta) + 1;
        let next = self.base_offset.get().checked_add(deltas)?;
        (deltas > 0 && self.base_offset.get() >= 0).then_some(Offset(next))
    }
}

#[inline]
fn field<const N: usize>(raw: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&raw[at..at + N]);
    bytes
}

#[inline]
fn set<const N: usize>(raw: &mut [u8; HEADER_LEN], at: usize, bytes: [u8; N]) {
    raw[at..at + N].copy_from_slice(&bytes);
}
