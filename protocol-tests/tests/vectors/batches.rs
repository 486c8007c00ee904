//! Every record batch is read record by record and written again.

use std::collections::BTreeMap;

use bytes::{BufMut, Bytes, BytesMut};
use milena_protocol::compression::{Codec, CompressionError, DecompressionBudget};
use milena_protocol::ids::Offset;
use milena_protocol::records::{
    self, Batch, BatchBuilder, BatchErrorKind, BatchKind, SealedBatch, Stamp, TimestampType,
};
use milena_protocol_tests::vectors::record_sets::CUT_OFF;
use milena_protocol_tests::vectors::{Direction, Vector};

use crate::all;

/// The largest window that any producer asks for.
const WIDEST: usize = 128 << 20;

/// What every batch here is by the time that its records are looked at.
const READABLE: &str = "the batch is not compressed and well-formed";

/// Why a batch is not what our builder would make of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Odd {
    /// It has no record left.
    Empty,
    /// Records are missing between the others or at an end.
    Gaps,
    /// Its base timestamp is the time after which tombstones may go (KIP-534).
    DeleteHorizon,
    /// A control record of the metadata log, which belongs to no transaction (KIP-595).
    RaftControl,
}

/// A batch with the frame that it came in.
struct Found {
    vector: Vector,
    batch: Batch,
}

fn batches() -> Vec<Found> {
    let mut found = Vec::new();
    for vector in all() {
        for set in vector.record_sets() {
            let mut batches = records::batches(set.records);
            for batch in &mut batches {
                let batch = batch.unwrap_or_else(|error| panic!("{vector}: {error}"));
                found.push(Found { vector: vector.clone(), batch });
            }
            let cut_off = !batches.tail().is_empty();
            assert!(!cut_off || vector.note.contains(CUT_OFF), "{vector} has a tail");
        }
    }
    assert!(found.len() > 150, "only {} batches", found.len());
    found
}

fn decompressed(Found { vector, batch }: &Found) -> Batch {
    let mut budget = DecompressionBudget::for_one_batch(WIDEST);
    batch.decompressed(&mut budget).unwrap_or_else(|error| panic!("{vector}: {error}"))
}

/// Why our builder cannot make this batch; `None` if it has to.
fn oddity(batch: &Batch) -> Option<Odd> {
    if batch.count() == 0 {
        Some(Odd::Empty)
    } else if batch.has_delete_horizon() {
        Some(Odd::DeleteHorizon)
    } else if batch.is_control() && !batch.is_transactional() {
        Some(Odd::RaftControl)
    } else if batch.count() as i64 != i64::from(batch.header.last_offset_delta) + 1 {
        Some(Odd::Gaps)
    } else {
        None
    }
}

/// With the records' own times, which LogAppendTime hides.
fn with_own_times(batch: &Batch) -> Batch {
    let mut batch = batch.clone();
    let attributes = batch.header.attributes;
    batch.header.attributes = attributes.with_timestamp_type(TimestampType::CreateTime);
    batch
}

/// What our builder makes of the records.
fn rebuilt(batch: &Batch) -> SealedBatch {
    let mut builder = BatchBuilder::new(batch.payload().len());
    for record in with_own_times(batch).records().expect(READABLE) {
        let record = record.expect(READABLE);
        let headers: Vec<_> = record.headers().collect();
        builder
            .append(record.timestamp, record.key, record.value, &headers)
            .expect("it was in a batch");
    }
    builder.seal()
}

fn stamp_of(batch: &Batch) -> Stamp {
    Stamp {
        producer_id: batch.header.producer_id,
        producer_epoch: batch.header.producer_epoch,
        base_sequence: batch.header.base_sequence,
        kind: match (batch.is_transactional(), batch.is_control()) {
            (true, true) => BatchKind::TransactionMarker,
            (true, false) => BatchKind::Transactional,
            _ => BatchKind::Plain,
        },
    }
}

fn put_varint(out: &mut BytesMut, value: i64) {
    let mut value = ((value << 1) ^ (value >> 63)) as u64;
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

fn put_bytes(out: &mut BytesMut, bytes: Option<&[u8]>) {
    put_varint(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.put_slice(bytes.unwrap_or_default());
}

/// The records one by one, with whatever offsets and times they have: slow and plain.
fn written_out(batch: &Batch) -> Bytes {
    let mut payload = BytesMut::new();
    for record in with_own_times(batch).records().expect(READABLE) {
        let record = record.expect(READABLE);
        let mut body = BytesMut::new();
        body.put_u8(0); // attributes
        put_varint(&mut body, record.timestamp - batch.header.base_timestamp);
        put_varint(&mut body, record.offset.get() - batch.base_offset().get());
        put_bytes(&mut body, record.key);
        put_bytes(&mut body, record.value);
        put_varint(&mut body, record.headers().len() as i64);
        for (key, value) in record.headers() {
            put_bytes(&mut body, Some(key));
            put_bytes(&mut body, value);
        }
        put_varint(&mut payload, body.len() as i64);
        payload.extend_from_slice(&body);
    }
    payload.freeze()
}

#[test]
fn every_checksum_is_right() {
    for Found { vector, batch } in batches() {
        batch.verify_crc().unwrap_or_else(|error| panic!("{vector}: {error}"));
    }
}

#[test]
fn every_batch_is_read_and_its_records_are_written_again_to_the_same_bytes() {
    let mut codecs: BTreeMap<String, usize> = BTreeMap::new();
    for found in batches() {
        let batch = decompressed(&found);
        assert_eq!(batch.records().unwrap().count(), batch.count(), "{}", found.vector);
        assert_eq!(written_out(&batch), batch.payload(), "{}", found.vector);
        *codecs.entry(format!("{:?}", found.batch.codec().unwrap())).or_default() += 1;
    }
    assert_eq!(codecs.len(), 5, "{codecs:?}");
}

#[test]
fn every_uncompressed_batch_is_what_our_builder_makes_of_its_records() {
    let mut odd: BTreeMap<Odd, usize> = BTreeMap::new();
    for Found { vector, batch } in batches() {
        if batch.is_compressed() {
            continue;
        }
        if let Some(reason) = oddity(&batch) {
            *odd.entry(reason).or_default() += 1;
            continue;
        }
        let made = rebuilt(&batch).stamp(&stamp_of(&batch)).to_batch().unwrap();
        let mut made = made.at(batch.base_offset(), batch.header.leader_epoch);
        if batch.timestamp_type() == TimestampType::LogAppendTime {
            made = made.with_append_time(batch.header.max_timestamp);
        }
        assert_eq!(made.stamped(), batch.stamped(), "{vector}");
    }
    // Each of the reasons is still needed.
    assert_eq!(odd.len(), 4, "{odd:?}");
}

#[test]
fn the_records_of_every_compressed_batch_are_what_our_builder_would_compress() {
    for found in batches() {
        let batch = decompressed(&found);
        if found.batch.is_compressed() && oddity(&batch).is_none() {
            assert_eq!(rebuilt(&batch).payload(), batch.payload(), "{}", found.vector);
        }
    }
}

#[test]
fn every_batch_that_a_client_produced_passes_the_checks_of_a_broker() {
    for Found { vector, batch } in batches() {
        if vector.direction == Direction::Request {
            let mut budget = DecompressionBudget::for_one_batch(WIDEST);
            batch.check_produced(&mut budget).unwrap_or_else(|error| panic!("{vector}: {error}"));
            assert_eq!(batch.base_offset(), Offset::ZERO, "{vector}");
        }
    }
}

#[test]
fn a_batch_is_not_decompressed_beyond_the_budget() {
    for Found { vector, batch } in batches() {
        if !batch.is_compressed() {
            continue;
        }
        let size = decompressed(&Found { vector: vector.clone(), batch: batch.clone() });
        let size = size.payload().len();
        // A window of Zstandard is memory too, and may be larger than what is in it.
        if batch.codec() != Ok(Codec::Zstd) {
            let mut budget = DecompressionBudget::for_one_batch(size);
            assert!(batch.decompressed(&mut budget).is_ok(), "{vector}: {size} bytes");
        }
        let mut budget = DecompressionBudget::for_one_batch(size - 1);
        let error = batch.decompressed(&mut budget).unwrap_err();
        assert!(matches!(error.kind, BatchErrorKind::Compression(_)), "{vector}: {error}");
    }
}

#[test]
fn zstandard_of_the_highest_level_is_only_read_by_who_allows_a_window_of_128_mib() {
    let wide: Vec<Found> = batches()
        .into_iter()
        .filter(|found| {
            let mut budget = DecompressionBudget::for_one_batch(WIDEST / 2);
            found.batch.decompressed(&mut budget).is_err()
        })
        .collect();
    assert!(!wide.is_empty(), "no batch of the highest level");
    for Found { vector, batch } in wide {
        let mut budget = DecompressionBudget::for_one_batch(WIDEST / 2);
        let error = batch.decompressed(&mut budget).unwrap_err();
        let BatchErrorKind::Compression(CompressionError::Window { window, .. }) = error.kind
        else {
            panic!("{vector}: {error}");
        };
        assert_eq!(window, WIDEST as u64, "{vector}");
        let mut budget = DecompressionBudget::for_one_batch(WIDEST);
        let read = batch.decompressed(&mut budget).unwrap();
        assert_eq!(read.records().unwrap().count(), batch.count(), "{vector}");
    }
}
