//! Record batches the slow and obvious way, as the format's description reads.

use bytes::Bytes;
use milena_protocol::compression::DecompressionBudget;
use milena_protocol::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use milena_protocol::records::{Batch, BatchBuilder, Stamp, StampedBatch, batches};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(crate) type Header = (Vec<u8>, Option<Vec<u8>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<Header>,
}

/// A batch of which every field can be wrong.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) base_offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) magic: i8,
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: i32,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) record_count: i32,
    pub(crate) payload: Vec<u8>,
}

impl Plain {
    /// What a producer writes for these records.
    pub(crate) fn of(records: &[Record]) -> Self {
        let base_timestamp = records.first().map_or(-1, |record| record.timestamp);
        let mut payload = Vec::new();
        for (delta, record) in records.iter().enumerate() {
            put_record(&mut payload, record, base_timestamp, delta as i64);
        }
        Self {
            base_offset: 0,
            leader_epoch: -1,
            magic: 2,
            attributes: 0,
            last_offset_delta: records.len() as i32 - 1,
            base_timestamp,
            max_timestamp: records.iter().map(|record| record.timestamp).max().unwrap_or(-1),
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            record_count: records.len() as i32,
            payload,
        }
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        let mut covered = Vec::new();
        covered.extend(self.attributes.to_be_bytes());
        covered.extend(self.last_offset_delta.to_be_bytes());
        covered.extend(self.base_timestamp.to_be_bytes());
        covered.extend(self.max_timestamp.to_be_bytes());
        covered.extend(self.producer_id.to_be_bytes());
        covered.extend(self.producer_epoch.to_be_bytes());
        covered.extend(self.base_sequence.to_be_bytes());
        covered.extend(self.record_count.to_be_bytes());
        covered.extend(&self.payload);

        let mut batch = Vec::new();
        batch.extend(self.base_offset.to_be_bytes());
        batch.extend((4 + 1 + 4 + covered.len() as i32).to_be_bytes());
        batch.extend(self.leader_epoch.to_be_bytes());
        batch.extend(self.magic.to_be_bytes());
        batch.extend(crc_bit_by_bit(&covered).to_be_bytes());
        batch.extend(covered);
        Bytes::from(batch)
    }

    /// The batch as the crate reads it, its checksum verified.
    pub(crate) fn read(&self) -> Batch {
        let mut read = batches(self.to_bytes());
        let batch = read.next().expect("a batch is there").expect("its header is possible");
        batch.verify_crc().expect("the checksum was just computed");
        assert!(read.next().is_none());
        batch
    }
}

pub(crate) fn put_record(out: &mut Vec<u8>, record: &Record, base_timestamp: i64, delta: i64) {
    let mut body = vec![0];
    put_varint(&mut body, record.timestamp.wrapping_sub(base_timestamp));
    put_varint(&mut body, delta);
    put_nullable(&mut body, record.key.as_deref());
    put_nullable(&mut body, record.value.as_deref());
    put_varint(&mut body, record.headers.len() as i64);
    for (key, value) in &record.headers {
        put_nullable(&mut body, Some(key));
        put_nullable(&mut body, value.as_deref());
    }
    put_varint(out, body.len() as i64);
    out.extend(body);
}

fn put_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => put_varint(out, -1),
        Some(bytes) => {
            put_varint(out, bytes.len() as i64);
            out.extend(bytes);
        }
    }
}

pub(crate) fn put_varint(out: &mut Vec<u8>, value: i64) {
    let value = i128::from(value);
    let mut zigzag = if value < 0 { -2 * value - 1 } else { 2 * value };
    loop {
        let group = (zigzag % 128) as u8;
        zigzag /= 128;
        if zigzag == 0 {
            out.push(group);
            return;
        }
        out.push(group + 128);
    }
}

pub(crate) fn crc_bit_by_bit(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    !crc
}

/// Enough for every batch of these tests.
pub(crate) fn budget() -> DecompressionBudget {
    DecompressionBudget::for_one_batch(1 << 24)
}

/// The records of a batch, owned.
pub(crate) fn owned(batch: &Batch) -> Vec<Record> {
    let batch = batch.decompressed(&mut budget()).expect("the batch can be decompressed");
    let records = batch.records().expect("the batch is not compressed any more");
    records
        .map(|record| {
            let record = record.expect("the record is well-formed");
            Record {
                timestamp: record.timestamp,
                key: record.key.map(<[u8]>::to_vec),
                value: record.value.map(<[u8]>::to_vec),
                headers: record
                    .headers()
                    .map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec)))
                    .collect(),
            }
        })
        .collect()
}

/// A builder that was given these records.
pub(crate) fn built(records: &[Record]) -> BatchBuilder {
    let mut builder = BatchBuilder::new(16);
    for record in records {
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        builder.append(record.timestamp, key, value, &record.headers).expect("it is small");
    }
    builder
}

pub(crate) fn stamped(records: &[Record]) -> StampedBatch {
    built(records).seal().stamp(&Stamp::default())
}

pub(crate) fn record(value: &str) -> Record {
    let value = Some(value.as_bytes().to_vec());
    Record { timestamp: 1_000, key: None, value, headers: Vec::new() }
}

pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    let bytes =
        || option::of(prop_oneof![9 => vec(any::<u8>(), 0..40), 1 => vec(any::<u8>(), 300)]);
    let header = (vec(any::<u8>(), 0..8), option::of(vec(any::<u8>(), 0..8)));
    let timestamp = prop_oneof![
        8 => 1_700_000_000_000_i64..1_700_000_100_000,
        1 => any::<i64>(),
        1 => Just(-1),
    ];
    (timestamp, bytes(), bytes(), vec(header, 0..4))
        .prop_map(|(timestamp, key, value, headers)| Record { timestamp, key, value, headers })
}

pub(crate) fn any_records(most: usize) -> impl Strategy<Value = Vec<Record>> {
    prop_oneof![4 => vec(any_record(), 1..8.min(most)), 1 => vec(any_record(), 1..most)]
}

pub(crate) fn any_stamp() -> impl Strategy<Value = Stamp> {
    use milena_protocol::records::BatchKind::{Plain, TransactionMarker, Transactional};
    let kind = prop_oneof![Just(Plain), Just(Transactional), Just(TransactionMarker)];
    (any::<i64>(), any::<i16>(), any::<i32>(), kind).prop_map(|(id, epoch, sequence, kind)| Stamp {
        producer_id: ProducerId(id),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(sequence),
        kind,
    })
}

pub(crate) fn any_place() -> impl Strategy<Value = (Offset, LeaderEpoch)> {
    (0..i64::MAX / 2, any::<i32>()).prop_map(|(at, epoch)| (Offset(at), LeaderEpoch(epoch)))
}
