//! Record batches, read and written by Kafka's `MemoryRecords` and `MemoryRecordsBuilder`.

use bytes::{BufMut, Bytes, BytesMut};
use milena_protocol::compression::Codec;
use milena_protocol::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use milena_protocol::records::TimestampType;

use super::items::{Reader, put_bytes, put_count};
use super::{JavaPeer, PeerError, Question, Refusal};

const LOG_APPEND_TIME: u8 = 1;
const TRANSACTIONAL: u8 = 2;
const CONTROL: u8 = 4;

/// A record on its way to or from Kafka's classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaRecord {
    /// Its offset.
    pub offset: Offset,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value.
    pub value: Option<Bytes>,
    /// Its headers. Java's keys are text, so anything that is not UTF-8 comes back changed.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

/// A batch as Kafka has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaBatch {
    /// Where it begins.
    pub base_offset: Offset,
    /// The last offset it was written with.
    pub last_offset: Offset,
    /// The offset to read from after it.
    pub next_offset: Offset,
    /// The epoch of the leader that appended it.
    pub leader_epoch: LeaderEpoch,
    /// Its compression.
    pub codec: Codec,
    /// What its timestamps mean.
    pub timestamps: TimestampType,
    /// Whether it belongs to a transaction.
    pub transactional: bool,
    /// Whether it holds control records.
    pub control: bool,
    /// What its records' timestamps are counted from.
    pub base_timestamp: i64,
    /// The largest of them, or the time of the append.
    pub max_timestamp: i64,
    /// The time after which its tombstones may go, if it has one.
    pub delete_horizon: Option<i64>,
    /// Its idempotent producer.
    pub producer_id: ProducerId,
    /// The producer's epoch.
    pub producer_epoch: ProducerEpoch,
    /// The first record's sequence.
    pub base_sequence: Sequence,
    /// The last record's sequence.
    pub last_sequence: Sequence,
    /// Its records.
    pub records: Vec<JavaRecord>,
    /// For each record its sequence.
    pub sequences: Vec<Sequence>,
    /// For each record of a control batch the type that its key names (`ControlRecordType`).
    pub control_types: Vec<i16>,
}

/// The level that Kafka is to compress with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Level {
    /// The codec's default.
    #[default]
    Default,
    /// A given one; neither for none nor for snappy.
    Of(i32),
}

/// A batch that Kafka is to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchToWrite {
    /// Its compression.
    pub codec: Codec,
    /// How much it is compressed.
    pub level: Level,
    /// What its timestamps mean.
    pub timestamps: TimestampType,
    /// Whether it belongs to a transaction.
    pub transactional: bool,
    /// Whether its records are control records.
    pub control: bool,
    /// Where it begins.
    pub base_offset: Offset,
    /// The last offset; at or behind that of the last record.
    pub last_offset: Offset,
    /// The epoch of the leader that appends it.
    pub leader_epoch: LeaderEpoch,
    /// The time of the append under LogAppendTime, and of a batch without records.
    pub append_time: i64,
    /// The time after which its tombstones may go.
    pub delete_horizon: Option<i64>,
    /// Its idempotent producer.
    pub producer_id: ProducerId,
    /// The producer's epoch.
    pub producer_epoch: ProducerEpoch,
    /// The first record's sequence.
    pub base_sequence: Sequence,
    /// Its records; none for a batch that compaction has emptied.
    pub records: Vec<JavaRecord>,
}

impl BatchToWrite {
    /// A batch as a producer without idempotence writes it, at the offsets of its records.
    pub fn plain(codec: Codec, records: Vec<JavaRecord>) -> Self {
        let first = records.first().map_or(Offset::ZERO, |record| record.offset);
        let last = records.last().map_or(Offset::ZERO, |record| record.offset);
        Self {
            codec,
            level: Level::Default,
            timestamps: TimestampType::CreateTime,
            transactional: false,
            control: false,
            base_offset: first,
            last_offset: last,
            leader_epoch: LeaderEpoch::UNKNOWN,
            append_time: -1,
            delete_horizon: None,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
            records,
        }
    }
}

impl JavaPeer {
    /// Kafka reads the batches in each records field, verifies their checksums and reads every
    /// record.
    ///
    /// # Errors
    /// The peer is gone.
    pub fn read_batches(
        &mut self,
        fields: &[Bytes],
    ) -> Result<Vec<Result<Vec<JavaBatch>, Refusal>>, PeerError> {
        let answers = self.ask(Question::ReadBatches, fields)?;
        let read = answers.into_iter().map(|answer| match answer {
            Ok(result) => read_result(result).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        });
        read.collect()
    }

    /// Kafka writes each batch.
    ///
    /// # Errors
    /// The peer is gone.
    pub fn write_batches(
        &mut self,
        batches: &[BatchToWrite],
    ) -> Result<Vec<Result<Bytes, Refusal>>, PeerError> {
        let items: Vec<Bytes> = batches.iter().map(item).collect();
        self.ask(Question::WriteBatch, &items)
    }
}

fn item(batch: &BatchToWrite) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(u8::try_from(batch.codec.id()).expect("ids of codecs are small"));
    out.put_i32(match batch.level {
        // What the peer takes as such.
        Level::Default => i32::MIN,
        Level::Of(level) => level,
    });
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    out.put_u8(
        flag(batch.timestamps == TimestampType::LogAppendTime, LOG_APPEND_TIME)
            | flag(batch.transactional, TRANSACTIONAL)
            | flag(batch.control, CONTROL),
    );
    out.put_i64(batch.base_offset.get());
    out.put_i64(batch.last_offset.get());
    out.put_i32(batch.leader_epoch.get());
    out.put_i64(batch.append_time);
    out.put_i64(batch.delete_horizon.unwrap_or(-1));
    out.put_i64(batch.producer_id.get());
    out.put_i16(batch.producer_epoch.get());
    out.put_i32(batch.base_sequence.get());
    put_count(&mut out, batch.records.len());
    for record in &batch.records {
        out.put_i64(record.offset.get());
        out.put_i64(record.timestamp);
        put_bytes(&mut out, record.key.as_deref());
        put_bytes(&mut out, record.value.as_deref());
        put_count(&mut out, record.headers.len());
        for (key, value) in &record.headers {
            put_bytes(&mut out, Some(key));
            put_bytes(&mut out, value.as_deref());
        }
    }
    out.freeze()
}

fn read_result(result: Bytes) -> Result<Vec<JavaBatch>, PeerError> {
    let mut reader = Reader::new(result);
    let count = reader.i32()?;
    let batches = (0..count).map(|_| read_batch(&mut reader)).collect::<Result<_, _>>()?;
    reader.end()?;
    Ok(batches)
}

fn read_batch(reader: &mut Reader) -> Result<JavaBatch, PeerError> {
    let base_offset = Offset(reader.i64()?);
    let last_offset = Offset(reader.i64()?);
    let next_offset = Offset(reader.i64()?);
    let leader_epoch = LeaderEpoch(reader.i32()?);
    let codec = Codec::from_attributes(reader.u8()?.into());
    let codec = codec.map_err(|error| PeerError::Answer(error.to_string()))?;
    let flags = reader.u8()?;
    let mut batch = JavaBatch {
        base_offset,
        last_offset,
        next_offset,
        leader_epoch,
        codec,
        timestamps: match flags & LOG_APPEND_TIME {
            0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        },
        transactional: flags & TRANSACTIONAL != 0,
        control: flags & CONTROL != 0,
        base_timestamp: reader.i64()?,
        max_timestamp: reader.i64()?,
        delete_horizon: Some(reader.i64()?).filter(|horizon| *horizon != -1),
        producer_id: ProducerId(reader.i64()?),
        producer_epoch: ProducerEpoch(reader.i16()?),
        base_sequence: Sequence(reader.i32()?),
        last_sequence: Sequence(reader.i32()?),
        records: Vec::new(),
        sequences: Vec::new(),
        control_types: Vec::new(),
    };
    for _ in 0..reader.i32()? {
        read_record(reader, &mut batch)?;
    }
    Ok(batch)
}

fn read_record(reader: &mut Reader, batch: &mut JavaBatch) -> Result<(), PeerError> {
    let offset = Offset(reader.i64()?);
    let timestamp = reader.i64()?;
    batch.sequences.push(Sequence(reader.i32()?));
    let control_type = reader.i16()?;
    if batch.control {
        batch.control_types.push(control_type);
    }
    let key = reader.nullable_bytes()?;
    let value = reader.nullable_bytes()?;
    let headers = (0..reader.i32()?)
        .map(|_| Ok((reader.bytes()?, reader.nullable_bytes()?)))
        .collect::<Result<_, PeerError>>()?;
    batch.records.push(JavaRecord { offset, timestamp, key, value, headers });
    Ok(())
}
