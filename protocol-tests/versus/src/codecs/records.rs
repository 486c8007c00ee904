//! krafka's record batches. Its codec is reachable through the module it keeps for its own benches
//! (feature `internal`); its consumer uses the same.

use std::hint::black_box;

use anyhow::{Result, ensure};
use bytes::Bytes;
use krafka::__private::protocol::{Record, RecordBatch};
use milena_protocol::records::Stamp;
use milena_protocol_tests::measure::alternate;
use milena_protocol_tests::measure::records::{BATCH, SMALL, read};

use super::{Measure, Measured};

pub const FIGURES: [(&str, Measure); 2] =
    [("decode-headers-krafka", decode), ("encode-headers-krafka", encode)];

const KRAFKA: &str = "krafka 0.28.1";
const UNIT: &str = "ns/record";

fn decode() -> Result<Measured> {
    let batch = SMALL.batch();
    ensure!(read(batch.clone()) == read_krafka(batch.clone()), "they see different records");
    let pair = alternate(
        || {
            black_box(read(black_box(batch.clone())));
        },
        || {
            black_box(read_krafka(black_box(batch.clone())));
        },
    );
    let pair = pair.per(SMALL.values().len());
    Ok(Measured { against: KRAFKA, pair, unit: UNIT, sizes: None })
}

/// Visits the same bytes as [`read`]. The checksum is verified by its decoder.
fn read_krafka(mut batch: Bytes) -> usize {
    let batch = RecordBatch::decode(&mut batch).expect("the batch is correct");
    let length = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
    let mut seen = 0;
    for record in &batch.records {
        seen += length(&record.key) + length(&record.value);
        let headers = record.headers.iter();
        seen += headers.map(|header| header.key.len() + length(&header.value)).sum::<usize>();
    }
    seen
}

fn encode() -> Result<Measured> {
    let values = SMALL.values();
    ensure!(read(encode_krafka(&values)?) == read(SMALL.batch()), "they write different records");
    let mut buffer = Vec::with_capacity(4 * BATCH);
    let pair = alternate(
        || {
            let sealed = SMALL.encode(std::mem::take(&mut buffer), black_box(&values));
            black_box(sealed.stamp(&Stamp::default()));
            buffer = sealed.reclaim().expect("nobody else holds the payload");
        },
        || {
            black_box(encode_krafka(black_box(&values))).ok();
        },
    );
    let pair = pair.per(values.len());
    Ok(Measured { against: KRAFKA, pair, unit: UNIT, sizes: None })
}

/// From borrowed key, value and headers, as ours; it wants a `Record` of each.
fn encode_krafka(values: &[Vec<u8>]) -> Result<Bytes> {
    let mut batch = RecordBatch::new();
    batch.base_timestamp = SMALL.timestamp(0);
    batch.max_timestamp = SMALL.timestamp(values.len() - 1);
    batch.last_offset_delta = i32::try_from(values.len())? - 1;
    for (index, value) in (0..).zip(values) {
        let key = SMALL.key.map(Bytes::copy_from_slice);
        let mut record = Record::new(key, Some(Bytes::copy_from_slice(value)))
            .with_timestamp_delta(SMALL.timestamp(index as usize) - batch.base_timestamp)
            .with_offset_delta(index);
        for (key, value) in SMALL.headers {
            let value = Bytes::copy_from_slice(value.unwrap_or_default());
            record = record.with_header(Bytes::copy_from_slice(key), value);
        }
        batch.add_record(record);
    }
    Ok(batch.encode()?)
}
