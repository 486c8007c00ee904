//! What record batches cost: beside what they cannot cost less than, a copy and a checksum, and
//! beside the codec of `kafka-protocol`.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records as generated;
use milena_protocol::records::{SMALLEST_RECORD, SealedBatch, Stamp};
use milena_protocol_tests::measure::records::{BATCH, LARGE, SMALL, Shape, read};
use milena_protocol_tests::measure::{Pair, alternate};

use crate::Measure;
use crate::report::Figure;

pub(crate) const FIGURES: [(&str, Measure); 4] = [
    ("encode-1k", encode_beside_a_copy_and_a_checksum),
    ("decode-1k", decode_beside_a_checksum),
    ("encode-headers", encode_beside_kafka_protocol),
    ("decode-headers", decode_beside_kafka_protocol),
];

const UNIT: &str = "ns/record";

/// Bytes that every buffer has room for, so that none of them grows while it is measured.
const ROOM: usize = 4 * BATCH;

/// Writes batch after batch into the same memory, as the producer does.
struct Encoder {
    shape: Shape,
    values: Vec<Vec<u8>>,
    buffer: Vec<u8>,
}

impl Encoder {
    fn new(shape: Shape) -> Self {
        Self { shape, values: shape.values(), buffer: Vec::with_capacity(ROOM) }
    }

    fn sealed(&mut self) -> SealedBatch {
        self.shape.encode(std::mem::take(&mut self.buffer), black_box(&self.values))
    }

    fn run(&mut self) {
        let sealed = self.sealed();
        black_box(sealed.stamp(&Stamp::default()));
        self.buffer = sealed.reclaim().expect("nobody else holds the payload");
    }
}

fn encode_beside_a_copy_and_a_checksum(name: &'static str) -> Result<Figure, String> {
    let mut encoder = Encoder::new(LARGE);
    // The same bytes, also record by record: a producer is not handed them in one piece.
    let records = records_of(&encoder.sealed());
    encoder = Encoder::new(LARGE);
    let mut copy: Vec<u8> = Vec::with_capacity(ROOM);
    let pair = alternate(
        || encoder.run(),
        || {
            copy.clear();
            for record in black_box(&records) {
                copy.extend_from_slice(record);
            }
            black_box(crc32c::crc32c(&copy));
        },
    );
    Ok(figure(name, pair.per(records.len()), 1.1))
}

/// Each record as it was written.
fn records_of(sealed: &SealedBatch) -> Vec<Vec<u8>> {
    let mut payload = &sealed.payload()[..];
    // All have the same length but for the width of the offset.
    let mut records = Vec::with_capacity(sealed.count());
    while payload.len() >= SMALLEST_RECORD {
        let length = (usize::from(payload[0] & 0x7f) | usize::from(payload[1]) << 7) / 2 + 2;
        let (record, rest) = payload.split_at(length);
        records.push(record.to_vec());
        payload = rest;
    }
    assert_eq!(records.len(), sealed.count(), "each length of these records takes two bytes");
    records
}

fn decode_beside_a_checksum(name: &'static str) -> Result<Figure, String> {
    let batch = LARGE.batch();
    let pair = alternate(
        || {
            black_box(read(black_box(batch.clone())));
        },
        || {
            black_box(crc32c::crc32c(black_box(&batch)));
        },
    );
    Ok(figure(name, pair.per(LARGE.values().len()), 1.6))
}

fn decode_beside_kafka_protocol(name: &'static str) -> Result<Figure, String> {
    let batch = SMALL.batch();
    if read(batch.clone()) != read_generated(batch.clone()) {
        return Err("the two decoders see different records".to_owned());
    }
    let pair = alternate(
        || {
            black_box(read(black_box(batch.clone())));
        },
        || {
            black_box(read_generated(black_box(batch.clone())));
        },
    );
    Ok(figure(name, pair.per(SMALL.values().len()), 0.1))
}

/// Visits the same bytes as [`read`].
fn read_generated(mut batch: Bytes) -> usize {
    let set = generated::RecordBatchDecoder::decode(&mut batch).expect("the batch is correct");
    let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
    let mut seen = 0;
    for record in &set.records {
        seen += length(&record.key) + length(&record.value);
        seen += record.headers.iter().map(|(key, value)| key.len() + length(value)).sum::<usize>();
    }
    seen
}

fn encode_beside_kafka_protocol(name: &'static str) -> Result<Figure, String> {
    let mut encoder = Encoder::new(SMALL);
    let values = SMALL.values();
    let mut out = BytesMut::with_capacity(ROOM);
    encode_generated(&mut out, &SMALL, &values)?;
    if read(out.split().freeze()) != read(SMALL.batch()) {
        return Err("the two encoders write different records".to_owned());
    }
    out.reserve(ROOM);
    let pair = alternate(
        || encoder.run(),
        || {
            out.clear();
            black_box(encode_generated(&mut out, &SMALL, black_box(&values))).ok();
        },
    );
    Ok(figure(name, pair.per(values.len()), 0.3))
}

/// From borrowed key, value and headers as well; this encoder wants a `Record` of each first.
fn encode_generated(out: &mut BytesMut, shape: &Shape, values: &[Vec<u8>]) -> Result<(), String> {
    let records: Result<Vec<_>, _> = values
        .iter()
        .enumerate()
        .map(|(index, value)| {
            let headers: Result<IndexMap<_, _>, _> = shape
                .headers
                .iter()
                .map(|(key, value)| {
                    let key = StrBytes::from_utf8(Bytes::copy_from_slice(key))?;
                    Ok((key, value.map(Bytes::copy_from_slice)))
                })
                .collect();
            Ok(generated::Record {
                transactional: false,
                control: false,
                delete_horizon: false,
                partition_leader_epoch: generated::NO_PARTITION_LEADER_EPOCH,
                producer_id: generated::NO_PRODUCER_ID,
                producer_epoch: generated::NO_PRODUCER_EPOCH,
                timestamp_type: generated::TimestampType::Creation,
                offset: index as i64,
                // Runs on: a record without a sequence would become a batch of its own.
                sequence: index as i32,
                timestamp: shape.timestamp(index),
                key: shape.key.map(Bytes::copy_from_slice),
                value: Some(Bytes::copy_from_slice(value)),
                headers: headers?,
            })
        })
        .collect();
    let records = records.map_err(|error: std::str::Utf8Error| error.to_string())?;
    let options =
        generated::RecordEncodeOptions { version: 2, compression: generated::Compression::None };
    generated::RecordBatchEncoder::encode(out, black_box(&records), &options)
        .map_err(|error| error.to_string())
}

fn figure(name: &'static str, pair: Pair, goal: f64) -> Figure {
    Figure::paired(name, pair, UNIT, Some(goal))
}
