//! Record batches with arbitrary content, written field by field as the format says, without the
//! builder that they are to be held against.

use ::arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;

use super::content::take;
use super::wire::put_varint;
use crate::compression::{Codec, Compression, compress};
use crate::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use crate::records::{Attributes, BatchHeader, TimestampType};

/// What the length field of a batch counts before the records.
const COUNTED_HEADER: usize = 49;

/// No batch has more records than this.
const MOST_RECORDS: usize = 40;

/// A record batch that is valid in every respect, and what a reader has to find in it.
///
/// It may be plain, idempotent, transactional or a control batch, compressed or not, emptied or
/// thinned out by compaction, with LogAppendTime or a delete horizon.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use milena_protocol::arbitrary::ArbitraryBatch;
/// use milena_protocol::records;
///
/// let mut unstructured = Unstructured::new(b"whatever a fuzzer comes up with");
/// let batch = ArbitraryBatch::arbitrary(&mut unstructured)?;
/// let read = records::batches(batch.bytes().clone()).next().expect("there is one")?;
/// assert_eq!(read.verify_crc(), Ok(()));
/// assert_eq!(read.count(), batch.records().len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArbitraryBatch {
    header: BatchHeader,
    bytes: Bytes,
    records: Vec<ArbitraryRecord>,
}

/// A record of an [`ArbitraryBatch`], as a reader has to show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArbitraryRecord {
    /// Its offset.
    pub offset: Offset,
    /// Its timestamp; the batch's under LogAppendTime.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value.
    pub value: Option<Bytes>,
    /// Its headers, duplicates included.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

/// What may be in an [`ArbitraryBatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchGenerator {
    codec: Codec,
    header_keys: HeaderKeys,
    kinds: Kinds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeaderKeys {
    Bytes,
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinds {
    Any,
    Produced,
}

/// What a batch is, apart from its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Idempotent,
    Transactional,
    Control,
    /// Compaction has removed every record.
    Emptied,
}

impl ArbitraryBatch {
    /// The batch as it stands in a response.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Its header, whose checksum is right.
    pub fn header(&self) -> &BatchHeader {
        &self.header
    }

    /// Its records.
    pub fn records(&self) -> &[ArbitraryRecord] {
        &self.records
    }
}

impl<'a> Arbitrary<'a> for ArbitraryBatch {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let codec = Codec::ALL[u.int_in_range(0..=Codec::ALL.len() - 1)?];
        BatchGenerator::new(codec).arbitrary(u)
    }
}

impl BatchGenerator {
    /// Everything is possible, with this compression; none if this build does not have the codec.
    pub const fn new(codec: Codec) -> Self {
        let codec = if codec.is_built() { codec } else { Codec::None };
        Self { codec, header_keys: HeaderKeys::Bytes, kinds: Kinds::Any }
    }

    /// Makes the keys of headers UTF-8, which some readers demand.
    #[must_use]
    pub const fn with_text_in_header_keys(mut self) -> Self {
        self.header_keys = HeaderKeys::Text;
        self
    }

    /// Makes only what a producer sends: no control batch, no LogAppendTime, no delete horizon,
    /// no gaps and nothing emptied, base offset 0 and no leader epoch. Timestamps are not negative.
    #[must_use]
    pub const fn as_produced(mut self) -> Self {
        self.kinds = Kinds::Produced;
        self
    }

    /// A batch with arbitrary content.
    ///
    /// # Errors
    /// Never because the bytes are used up: the rest of the batch is zero or empty then.
    pub fn arbitrary(&self, u: &mut Unstructured<'_>) -> Result<ArbitraryBatch> {
        let kind = match (u.int_in_range(0..=9_u8)?, self.kinds) {
            (0..=4, _) => Kind::Plain,
            (5, _) => Kind::Idempotent,
            (6..=7, _) | (_, Kinds::Produced) => Kind::Transactional,
            (8, Kinds::Any) => Kind::Control,
            (_, Kinds::Any) => Kind::Emptied,
        };
        let mut header = self.header(kind, u)?;
        let mut records = self.records(kind, &mut header, u)?;
        let mut payload = Vec::new();
        for record in &records {
            put_record(&mut payload, record, &header);
        }
        if header.attributes.timestamp_type() == TimestampType::LogAppendTime {
            records.iter_mut().for_each(|record| record.timestamp = header.max_timestamp);
        }
        let codec = if records.is_empty() { Codec::None } else { self.codec };
        let payload = match codec {
            Codec::None => Bytes::from(payload),
            codec => compress(Compression::of(codec), &payload).expect("the codec is built"),
        };
        header.attributes = header.attributes.with_codec(codec);
        header.record_count = records.len() as i32;
        header.batch_length = (COUNTED_HEADER + payload.len()) as i32;
        header.crc = crc32c::crc32c_append(header.crc_of_covered_part(), &payload);
        let bytes = [&header.to_bytes()[..], &payload].concat().into();
        Ok(ArbitraryBatch { header, bytes, records })
    }

    fn header(&self, kind: Kind, u: &mut Unstructured<'_>) -> Result<BatchHeader> {
        let mut attributes = Attributes::default();
        let mut header = BatchHeader {
            base_offset: Offset::ZERO,
            batch_length: 0,
            leader_epoch: LeaderEpoch::UNKNOWN,
            crc: 0,
            attributes,
            last_offset_delta: 0,
            base_timestamp: timestamp(self.kinds, u)?,
            max_timestamp: 0,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
            record_count: 0,
        };
        if kind != Kind::Plain {
            header.producer_id = ProducerId(non_negative(u)?);
            header.producer_epoch = ProducerEpoch(u.arbitrary::<i16>()? & i16::MAX);
            header.base_sequence = Sequence(u.arbitrary::<i32>()? & i32::MAX);
        }
        match kind {
            Kind::Plain | Kind::Idempotent => {}
            Kind::Transactional | Kind::Emptied => attributes = attributes.transactional(),
            Kind::Control => {
                // A coordinator has no sequences.
                header.base_sequence = Sequence::NONE;
                attributes = attributes.transactional().control();
            }
        }
        if self.kinds == Kinds::Any {
            // All offsets of the batch, and the next one, have to fit.
            header.base_offset = Offset(non_negative(u)?.min(i64::MAX - (1 << 32)));
            header.leader_epoch = LeaderEpoch(u.arbitrary::<i32>()? & i32::MAX);
            if u.ratio(1_u8, 4_u8)? {
                attributes = attributes.with_timestamp_type(TimestampType::LogAppendTime);
            }
            if u.ratio(1_u8, 6_u8)? {
                attributes = attributes.delete_horizon();
            }
        }
        header.attributes = attributes;
        Ok(header)
    }

    /// The records with times of their own, and what of the header follows from them.
    fn records(
        &self,
        kind: Kind,
        header: &mut BatchHeader,
        u: &mut Unstructured<'_>,
    ) -> Result<Vec<ArbitraryRecord>> {
        let count = match kind {
            Kind::Emptied => 0,
            Kind::Control => 1,
            _ => match u.int_in_range(0..=7_u8)? {
                few @ 0..=5 => usize::from(few) + 1,
                _ => u.int_in_range(1..=MOST_RECORDS)?,
            },
        };
        let mut records = Vec::with_capacity(count);
        let mut delta = 0;
        for index in 0..count {
            delta += i64::from(index > 0) + self.gap(u)?;
            let offset = header.base_offset.plus(delta);
            let timestamp = match index {
                // What the others are counted from, unless that is a delete horizon.
                0 if !header.attributes.has_delete_horizon() => header.base_timestamp,
                _ => self.timestamp_near(header.base_timestamp, u)?,
            };
            records.push(match kind {
                Kind::Control => control_record(offset, timestamp, u)?,
                _ => self.record(offset, timestamp, u)?,
            });
        }
        delta += self.gap(u)?;
        header.last_offset_delta = delta as i32;
        header.max_timestamp = match header.attributes.timestamp_type() {
            TimestampType::LogAppendTime => non_negative(u)?,
            TimestampType::CreateTime => {
                records.iter().map(|record| record.timestamp).max().unwrap_or(-1)
            }
        };
        Ok(records)
    }

    /// How many offsets compaction has taken away.
    fn gap(&self, u: &mut Unstructured<'_>) -> Result<i64> {
        if self.kinds == Kinds::Produced || !u.ratio(1_u8, 6_u8)? {
            return Ok(0);
        }
        Ok(u.arbitrary::<u16>()?.into())
    }

    fn timestamp_near(&self, base: i64, u: &mut Unstructured<'_>) -> Result<i64> {
        if u.ratio(1_u8, 8_u8)? {
            return timestamp(self.kinds, u);
        }
        let near = base.saturating_add(u.arbitrary::<i16>()?.into());
        Ok(if self.kinds == Kinds::Produced { near.max(0) } else { near })
    }

    fn record(
        &self,
        offset: Offset,
        timestamp: i64,
        u: &mut Unstructured<'_>,
    ) -> Result<ArbitraryRecord> {
        let (key, value) = (nullable(u)?, nullable(u)?);
        let mut headers: Vec<(Bytes, Option<Bytes>)> = Vec::new();
        for _ in 0..u.int_in_range(0..=9_u8)?.saturating_sub(6) {
            let key = match headers.last() {
                Some((last, _)) if u.ratio(1_u8, 3_u8)? => last.clone(),
                _ => self.header_key(u)?,
            };
            headers.push((key, nullable(u)?));
        }
        Ok(ArbitraryRecord { offset, timestamp, key, value, headers })
    }

    fn header_key(&self, u: &mut Unstructured<'_>) -> Result<Bytes> {
        let bytes = take(u)?;
        Ok(match self.header_keys {
            HeaderKeys::Bytes => Bytes::copy_from_slice(bytes),
            HeaderKeys::Text => String::from_utf8_lossy(bytes).into_owned().into(),
        })
    }
}

/// The marker of a transaction's end, or something of the future (`EndTransactionMarker`).
fn control_record(
    offset: Offset,
    timestamp: i64,
    u: &mut Unstructured<'_>,
) -> Result<ArbitraryRecord> {
    let version = u.int_in_range(0..=1_i16)?;
    let control_type = u.int_in_range(0..=7_i16)?;
    let coordinator_epoch = u.arbitrary::<i32>()?;
    let key = [version.to_be_bytes(), control_type.to_be_bytes()].concat();
    let value = [&version.to_be_bytes()[..], &coordinator_epoch.to_be_bytes()].concat();
    let (key, value) = (Some(key.into()), Some(value.into()));
    Ok(ArbitraryRecord { offset, timestamp, key, value, headers: Vec::new() })
}

/// A time of our days, or any.
fn timestamp(kinds: Kinds, u: &mut Unstructured<'_>) -> Result<i64> {
    if u.ratio(3_u8, 4_u8)? {
        return Ok(1_700_000_000_000 + i64::from(u.arbitrary::<u32>()?));
    }
    if kinds == Kinds::Produced { non_negative(u) } else { u.arbitrary() }
}

fn non_negative(u: &mut Unstructured<'_>) -> Result<i64> {
    Ok(u.arbitrary::<i64>()? & i64::MAX)
}

fn nullable(u: &mut Unstructured<'_>) -> Result<Option<Bytes>> {
    if u.ratio(1_u8, 5_u8)? { Ok(None) } else { take(u).map(Bytes::copy_from_slice).map(Some) }
}

fn put_record(out: &mut Vec<u8>, record: &ArbitraryRecord, header: &BatchHeader) {
    let mut body = vec![0];
    // Wrapping, as Java's subtraction does.
    put_signed(&mut body, record.timestamp.wrapping_sub(header.base_timestamp));
    put_signed(&mut body, record.offset.get() - header.base_offset.get());
    put_bytes(&mut body, record.key.as_deref());
    put_bytes(&mut body, record.value.as_deref());
    put_signed(&mut body, record.headers.len() as i64);
    for (key, value) in &record.headers {
        put_bytes(&mut body, Some(key));
        put_bytes(&mut body, value.as_deref());
    }
    put_bytes(out, Some(&body));
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    let length = bytes.map_or(-1, |bytes| bytes.len() as i64);
    put_signed(out, length);
    out.extend(bytes.unwrap_or_default());
}

/// Zigzag, so that small negative numbers are short. The same for 32 and 64 bits.
fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}
