//! The records field of a fetch response: batches, records, headers.

mod obvious;

use arbitrary::{Arbitrary, Unstructured};
use bytes::{Bytes, BytesMut};
use milena_protocol::arbitrary::ArbitraryBatch;
use milena_protocol::compression::DecompressionBudget;
use milena_protocol::ids::{LeaderEpoch, Offset};
use milena_protocol::records::{self, Batch, BatchBuilder, RecordView, Stamp};

use super::{DECOMPRESSING, Target, samples};

/// Record batches as a consumer reads them and a broker checks them.
pub const TARGET: Target = Target { name: "record_batches", cap: DECOMPRESSING, exercise, seeds };

/// What one batch may decompress to.
const PER_BATCH: usize = 64 * 1024;

/// What all of them may.
const PER_FETCH: usize = 128 * 1024;

/// So many bytes of a generated batch are changed at most.
const MOST_CHANGES: usize = 8;

/// Records with more headers are not written again.
const MANY_HEADERS: usize = 64;

/// The first byte decides: even for the field as it is, odd for a batch made out of the rest.
fn exercise(input: &[u8]) {
    match input.split_first() {
        Some((mode, field)) if mode % 2 == 0 => read_field(&Bytes::copy_from_slice(field)),
        Some((_, rest)) => read_generated(&mut Unstructured::new(rest)),
        None => {}
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let fields = samples::batches().into_iter().map(|field| [&[0][..], &field].concat());
    let generated = (0..16).map(|seed| [&[1][..], &samples::noise(seed, 512)].concat());
    fields.chain(generated).collect()
}

/// A valid batch is read as what it was made of; then some of its bytes are changed.
fn read_generated(u: &mut Unstructured<'_>) {
    let Ok(generated) = ArbitraryBatch::arbitrary(u) else { return };
    let read = records::batches(generated.bytes().clone()).next();
    let batch = read.expect("it is whole").expect("its header is possible");
    batch.verify_crc().expect("its checksum is right");
    assert_eq!(&batch.header, generated.header());
    let mut budget = DecompressionBudget::for_one_batch(16 << 20);
    let plain = batch.decompressed(&mut budget).expect("it was compressed here");
    let records = plain.records().expect("it is not compressed any more");
    let mut count = 0;
    for (record, expected) in records.zip(generated.records()) {
        let record = record.expect("it is well formed");
        assert_eq!((record.offset, record.timestamp), (expected.offset, expected.timestamp));
        assert_eq!(record.key, expected.key.as_deref());
        assert_eq!(record.value, expected.value.as_deref());
        let headers = expected.headers.iter().map(|(key, value)| (&key[..], value.as_deref()));
        assert!(record.headers().eq(headers));
        count += 1;
    }
    assert_eq!(count, generated.records().len());

    let mut changed = generated.bytes().to_vec();
    for _ in 0..MOST_CHANGES {
        if u.is_empty() {
            break;
        }
        let (Ok(at), Ok(byte)) = (u.choose_index(changed.len()), u.arbitrary()) else { break };
        changed[at] = byte;
    }
    read_field(&changed.into());
}

fn read_field(field: &Bytes) {
    let mut budget = DecompressionBudget::new(PER_BATCH, PER_FETCH);
    let mut batches = records::batches(field.clone());
    let mut at = 0;
    while let Some(batch) = batches.next() {
        let next = field.len() - batches.tail().len();
        assert!(next > at, "every batch takes bytes");
        match batch {
            Ok(batch) => read_batch(&batch, &field[at..next], &mut budget),
            // Its text is made from the peer's bytes, too.
            Err(error) => drop(std::hint::black_box(error.to_string())),
        }
        at = next;
    }
    assert!(batches.next().is_none(), "an end is an end");
}

fn read_batch(batch: &Batch, bytes: &[u8], budget: &mut DecompressionBudget) {
    let mut written = BytesMut::new();
    batch.write_to(&mut written);
    assert_eq!(written, bytes, "a batch is written as it was read");
    assert!(batch.next_offset() > batch.last_offset() && batch.last_offset() >= Offset::ZERO);
    if batch.verify_crc().is_ok() {
        let moved = batch.clone().at(Offset(5), LeaderEpoch(7)).with_append_time(9);
        moved.verify_crc().expect("a new place and time keep a checksum right");
    }
    let _ = std::hint::black_box(batch.control_type());
    let plain = match batch.decompressed(budget) {
        Ok(plain) => plain,
        Err(error) => return drop(std::hint::black_box(error.to_string())),
    };
    let sound = read_records(&plain);
    let mut produced = DecompressionBudget::for_one_batch(PER_BATCH);
    if batch.check_produced(&mut produced).is_ok() {
        assert!(sound, "a broker takes only what a consumer can read");
        assert_eq!(batch.count() as i64, batch.next_offset().get() - batch.base_offset().get());
    }
}

/// Reads every record and compares it with what the obvious reader makes of it. Tells whether the
/// batch is sound to its last byte.
fn read_records(batch: &Batch) -> bool {
    let mut obvious = obvious::Reader::new(batch.payload());
    let mut builder = BatchBuilder::new(0);
    let mut rebuilt = true;
    let mut read = 0;
    for record in batch.records().expect("it is not compressed") {
        let expected = if read < batch.count() { obvious.next(batch) } else { None };
        let record = match (record, expected) {
            (Ok(record), Some(expected)) => {
                expected.compare(&record);
                record
            }
            (Err(_), None) => return false,
            (found, expected) => panic!("record {read}: {found:?} instead of {expected:?}"),
        };
        read += 1;
        rebuilt &= append(&mut builder, &record);
    }
    assert_eq!(read, batch.count());
    assert!(obvious.is_at_end());
    if rebuilt {
        read_again(batch, builder);
    }
    true
}

fn append(builder: &mut BatchBuilder, record: &RecordView<'_>) -> bool {
    let headers = record.headers();
    if headers.len() > MANY_HEADERS {
        return false;
    }
    let headers: Vec<_> = headers.collect();
    builder.append(record.timestamp, record.key, record.value, &headers).is_ok()
}

/// Records that were read and written are read as the same again.
fn read_again(batch: &Batch, builder: BatchBuilder) {
    if builder.is_empty() {
        return;
    }
    let again = builder.seal().stamp(&Stamp::default()).to_batch();
    let again = again.expect("its header is possible");
    again.verify_crc().expect("it was just computed");
    let records = batch.records().expect("they were read");
    let copies = again.records().expect("it is not compressed");
    for (record, copy) in records.zip(copies) {
        let (record, copy) = (record.expect("read before"), copy.expect("just written"));
        assert_eq!(record.timestamp, copy.timestamp);
        assert_eq!((record.key, record.value), (copy.key, copy.value));
        assert!(record.headers().eq(copy.headers()));
    }
}
