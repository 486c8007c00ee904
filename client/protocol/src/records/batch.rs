//! Batches as they come from a peer, cut out of its bytes without copying.

use bytes::{Bytes, BytesMut};

use super::crc::Shift;
use super::error::{BatchError, BatchErrorKind, RecordFault};
use super::header::{
    BatchHeader, COUNTED_HEADER, ControlType, HEADER_LEN, LENGTH_END, MAGIC, MAGIC_AT,
    TimestampType,
};
use super::read::Records;
use super::sealed::StampedBatch;
use crate::compression::{self, Codec, CompressionError, DecompressionBudget};
use crate::ids::{LeaderEpoch, Offset};

/// The shortest length field of the old formats (`LegacyRecord.RECORD_OVERHEAD_V0`).
const SHORTEST_LEGACY: i32 = 14;

/// A batch that was read. Its header is plausible; its checksum is looked at by
/// [`Batch::verify_crc`] and its records by [`Batch::records`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its header.
    pub header: BatchHeader,
    payload: Bytes,
    checksum: Checksum,
}

/// Where the checksum of a batch is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checksum {
    /// In its header.
    InHeader,
    /// Nowhere: the batch was decompressed, and few of those are written again.
    NotComputed,
}

/// Cuts the records field of a response or request into batches.
///
/// ```
/// use bytes::Bytes;
/// use milena_protocol::records;
///
/// assert!(records::batches(Bytes::new()).next().is_none());
/// ```
pub fn batches(records: Bytes) -> Batches {
    Batches { rest: records }
}

/// The batches of a records field, see [`batches`].
///
/// A batch cut off at the end is not an error: brokers send as many bytes as were asked for. It
/// stays in [`Batches::tail`]. After a batch that cannot be read the iteration goes on with the
/// next one, unless its length is impossible.
#[derive(Clone, Debug)]
pub struct Batches {
    rest: Bytes,
}

impl Batches {
    /// What was not cut into batches: once the iteration has ended, the part of a batch that was
    /// cut off.
    pub fn tail(&self) -> &Bytes {
        &self.rest
    }

    /// The size of the next batch, if enough of it is there to tell.
    pub fn next_size(&self) -> Option<usize> {
        let head = self.rest.first_chunk::<LENGTH_END>()?;
        let length = i32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        usize::try_from(length).ok().map(|length| LENGTH_END + length)
    }

    fn take(&mut self) -> Option<Result<Batch, BatchError>> {
        let head = self.rest.first_chunk::<LENGTH_END>()?;
        let [o0, o1, o2, o3, o4, o5, o6, o7, l0, l1, l2, l3] = *head;
        let base_offset = Offset(i64::from_be_bytes([o0, o1, o2, o3, o4, o5, o6, o7]));
        let length = i32::from_be_bytes([l0, l1, l2, l3]);
        if length < SHORTEST_LEGACY {
            // Nothing behind it can be found.
            self.rest.clear();
            let kind = BatchErrorKind::Length { length };
            return Some(Err(BatchError { base_offset, next_offset: None, kind }));
        }
        let size = LENGTH_END + length as usize;
        if self.rest.len() < size {
            return None;
        }
        let mut batch = self.rest.split_to(size);
        let magic = i8::from_be_bytes([batch[MAGIC_AT]]);
        if magic != MAGIC {
            let kind = BatchErrorKind::Magic { magic };
            // A message of the old formats carries its offset, a compressed set that of its last.
            let next_offset = matches!(magic, 0 | 1).then(|| base_offset.next());
            return Some(Err(BatchError { base_offset, next_offset, kind }));
        }
        if size < HEADER_LEN {
            let kind = BatchErrorKind::Length { length };
            return Some(Err(BatchError { base_offset, next_offset: None, kind }));
        }
        let header = match BatchHeader::parse(&batch) {
            Ok(header) => header,
            Err(error) => return Some(Err(error)),
        };
        let payload = batch.split_off(HEADER_LEN);
        Some(Ok(Batch::from_parts(header, payload)))
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.take()
    }
}

impl std::iter::FusedIterator for Batches {}

impl Batch {
    pub(crate) fn from_parts(header: BatchHeader, payload: Bytes) -> Self {
        Self { header, payload, checksum: Checksum::InHeader }
    }

    /// Compares the checksum in the header with that of the bytes. There is nothing to compare
    /// with once the batch is [`Batch::decompressed`]: look before.
    ///
    /// # Errors
    /// [`BatchErrorKind::Crc`] if they differ.
    pub fn verify_crc(&self) -> Result<(), BatchError> {
        if self.checksum == Checksum::NotComputed {
            return Ok(());
        }
        let found = self.compute_crc();
        let expected = self.header.crc;
        if found == expected {
            Ok(())
        } else {
            Err(self.header.error(BatchErrorKind::Crc { expected, found }))
        }
    }

    fn compute_crc(&self) -> u32 {
        crc32c::crc32c_append(self.header.crc_of_covered_part(), &self.payload)
    }

    /// Its header, with a checksum that is right if the batch's was.
    fn header_with_crc(&self) -> BatchHeader {
        match self.checksum {
            Checksum::InHeader => self.header,
            Checksum::NotComputed => BatchHeader { crc: self.compute_crc(), ..self.header },
        }
    }

    /// The same batch without compression, so that its records can be read. A batch that is not
    /// compressed is given back as it is, and takes nothing from the budget.
    ///
    /// # Errors
    /// [`BatchErrorKind::Compression`] as [`compression::decompress`] says, and
    /// [`BatchErrorKind::RecordCount`] if what it decompresses to cannot hold its records.
    pub fn decompressed(&self, budget: &mut DecompressionBudget) -> Result<Self, BatchError> {
        let codec = self.codec().map_err(|error| self.compression_error(error))?;
        if codec == Codec::None {
            return Ok(self.clone());
        }
        // Compaction may have left no record. Apache Kafka does not look at the payload then
        // (DefaultRecordBatch.iterator).
        let payload = match self.header.record_count {
            0 => Bytes::new(),
            _ => compression::decompress(codec, &self.payload, budget)
                .map_err(|error| self.compression_error(error))?,
        };
        let mut header = self.header;
        header.attributes = header.attributes.with_codec(Codec::None);
        let length = i32::try_from(COUNTED_HEADER + payload.len());
        header.batch_length = length.map_err(|_| self.header.error(BatchErrorKind::Overflow))?;
        header.check_count()?;
        Ok(Self { header, payload, checksum: Checksum::NotComputed })
    }

    /// Reads the records one by one.
    ///
    /// # Errors
    /// [`BatchErrorKind::Compressed`] if the batch has to be [`Batch::decompressed`] first.
    pub fn records(&self) -> Result<Records<'_>, BatchError> {
        self.readable()?;
        Ok(Records::new(self))
    }

    /// Whether [`Batch::records`] can read the payload.
    pub(super) fn readable(&self) -> Result<(), BatchError> {
        match self.codec() {
            Ok(Codec::None) => Ok(()),
            Ok(codec) => Err(self.header.error(BatchErrorKind::Compressed { codec })),
            Err(error) => Err(self.compression_error(error)),
        }
    }

    fn compression_error(&self, error: CompressionError) -> BatchError {
        self.header.error(BatchErrorKind::Compression(error))
    }

    /// Whether the payload has to be decompressed before its records can be read.
    #[inline]
    pub fn is_compressed(&self) -> bool {
        self.header.attributes.0 & 0b111 != 0
    }

    /// The records in wire format.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Bytes of the whole batch.
    pub fn size(&self) -> usize {
        HEADER_LEN + self.payload.len()
    }

    /// How many records it holds. Compaction may have left none.
    pub fn count(&self) -> usize {
        self.header.record_count as usize
    }

    /// Where it begins.
    pub fn base_offset(&self) -> Offset {
        self.header.base_offset
    }

    /// The last offset it was written with, whether its record is still there or not.
    pub fn last_offset(&self) -> Offset {
        self.header.last_offset()
    }

    /// The offset to read from after this batch: never that of the last record plus one, because
    /// compaction may have removed records at the end, or all of them.
    pub fn next_offset(&self) -> Offset {
        self.header.next_offset()
    }

    /// Whether it holds control records, which are not shown to anybody.
    pub fn is_control(&self) -> bool {
        self.header.attributes.is_control()
    }

    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.header.attributes.is_transactional()
    }

    /// What its timestamps mean.
    pub fn timestamp_type(&self) -> TimestampType {
        self.header.attributes.timestamp_type()
    }

    /// Whether its base timestamp is the time after which tombstones may go (KIP-534).
    pub fn has_delete_horizon(&self) -> bool {
        self.header.attributes.has_delete_horizon()
    }

    /// The compression of its payload.
    ///
    /// # Errors
    /// For the ids 5 to 7.
    pub fn codec(&self) -> Result<Codec, CompressionError> {
        self.header.attributes.codec()
    }

    /// What its first record says, if this is a control batch and still has a record.
    ///
    /// # Errors
    /// If the record is malformed.
    pub fn control_type(&self) -> Result<Option<ControlType>, BatchError> {
        if !self.is_control() {
            return Ok(None);
        }
        let Some(record) = self.records()?.next() else { return Ok(None) };
        // The key is a version and a type; later versions may add fields behind them
        // (ControlRecordType.parseTypeId).
        let control = match record?.key {
            Some(&[v0, v1, t0, t1, ..]) if i16::from_be_bytes([v0, v1]) >= 0 => {
                i16::from_be_bytes([t0, t1])
            }
            _ => {
                let kind = BatchErrorKind::Record { index: 0, fault: RecordFault::ControlKey };
                return Err(self.header.error(kind));
            }
        };
        Ok(Some(match control {
            0 => ControlType::Abort,
            1 => ControlType::Commit,
            other => ControlType::Unknown(other),
        }))
    }

    /// Checks what a broker asks of a batch that a producer sends, beyond a valid header: checksum,
    /// every record well-formed, offsets running from 0 to the last without a gap.
    ///
    /// # Errors
    /// With the first thing that is wrong.
    pub fn check_produced(&self, budget: &mut DecompressionBudget) -> Result<(), BatchError> {
        self.verify_crc()?;
        let (count, last) = (self.header.record_count, self.header.last_offset_delta);
        if count == 0 || i64::from(count) != i64::from(last) + 1 {
            return Err(self.header.error(BatchErrorKind::Offsets { index: count, delta: last }));
        }
        for (index, record) in (0..).zip(self.decompressed(budget)?.records()?) {
            let delta = record?.offset.get() - self.base_offset().get();
            if delta != i64::from(index) {
                let delta = delta as i32;
                return Err(self.header.error(BatchErrorKind::Offsets { index, delta }));
            }
        }
        Ok(())
    }

    /// The same batch at another place in a log. Neither field is covered by the checksum.
    #[must_use]
    pub fn at(mut self, base_offset: Offset, leader_epoch: LeaderEpoch) -> Self {
        self.header.base_offset = base_offset;
        self.header.leader_epoch = leader_epoch;
        self
    }

    /// [`Batch::at`], as it goes on the wire.
    pub fn relocate(&self, base_offset: Offset, leader_epoch: LeaderEpoch) -> StampedBatch {
        self.clone().at(base_offset, leader_epoch).stamped()
    }

    /// The same batch with the time of its append in place of its records' times
    /// (`message.timestamp.type=LogAppendTime`). The payload is not read: the new checksum is
    /// computed from the old one, which has to be right.
    #[must_use]
    pub fn with_append_time(self, timestamp: i64) -> Self {
        self.with_times(TimestampType::LogAppendTime, timestamp)
    }

    /// The same batch with this as the largest of its records' own times, whatever its header says.
    /// The checksum has to be right, as for [`Batch::with_append_time`].
    #[must_use]
    pub fn with_max_timestamp(self, timestamp: i64) -> Self {
        self.with_times(TimestampType::CreateTime, timestamp)
    }

    fn with_times(mut self, timestamps: TimestampType, max: i64) -> Self {
        if self.timestamp_type() == timestamps && self.header.max_timestamp == max {
            return self;
        }
        self.header = self.header_with_crc();
        self.checksum = Checksum::InHeader;
        let shift = Shift::by(self.payload.len());
        let payload_crc = shift.combine(self.header.crc_of_covered_part(), self.header.crc);
        self.header.attributes = self.header.attributes.with_timestamp_type(timestamps);
        self.header.max_timestamp = max;
        self.header.crc = shift.combine(self.header.crc_of_covered_part(), payload_crc);
        self
    }

    /// The batch as it goes on the wire, sharing the payload.
    pub fn stamped(&self) -> StampedBatch {
        let header = self.header_with_crc().to_bytes();
        StampedBatch { header, payload: self.payload.clone() }
    }

    /// The batch at the end of a buffer.
    pub fn write_to(&self, out: &mut BytesMut) {
        out.extend_from_slice(&self.header_with_crc().to_bytes());
        out.extend_from_slice(&self.payload);
    }
}
