//! Damaged bytes end in a typed error, never in a panic, and never take the good with the bad.

use bytes::Bytes;
use milena_protocol::ids::Offset;
use milena_protocol::records::{Batch, BatchErrorKind, BatchHeader, RecordFault, batches};
use proptest::prelude::*;

use crate::reference::{
    Plain, Record, any_records, budget, owned, put_record, put_varint, record, stamped,
};

fn three() -> Vec<Record> {
    vec![record("one"), record("two"), record("three")]
}

#[test]
fn a_tail_cut_at_any_byte_ends_the_iteration_and_keeps_what_came_before() {
    let first = Plain::of(&[record("whole")]).to_bytes();
    let second = Plain { base_offset: 1, ..Plain::of(&three()) }.to_bytes();
    for cut in 0..second.len() {
        let bytes = [&first[..], &second[..cut]].concat();
        let mut read = batches(Bytes::from(bytes));
        assert_eq!(owned(&read.next().unwrap().unwrap()), [record("whole")]);
        assert!(read.next().is_none(), "cut at {cut}");
        assert!(read.next().is_none());
        assert_eq!(read.tail(), &second[..cut]);
        assert_eq!(read.next_size(), (cut >= 12).then_some(second.len()));
    }
}

/// What a reader that looks at everything sees of one batch.
fn read_all(bytes: Vec<u8>) -> Option<Result<(Batch, usize), BatchErrorKind>> {
    let batch = match batches(Bytes::from(bytes)).next()? {
        Ok(batch) => batch,
        Err(error) => return Some(Err(error.kind)),
    };
    Some(batch.verify_crc().map(|()| (batch.clone(), batch.count())).map_err(|error| error.kind))
}

#[test]
fn every_flipped_bit_of_the_header_and_the_payload_is_noticed() {
    let good = Plain { base_offset: 50, leader_epoch: 3, ..Plain::of(&three()) }.to_bytes();
    for bit in 0..good.len() * 8 {
        let mut bytes = good.to_vec();
        let at = bit / 8;
        bytes[at] ^= 1 << (bit % 8);
        match (at, read_all(bytes)) {
            // The broker writes base offset and leader epoch without computing a checksum.
            (0..8, Some(Ok((batch, 3)))) => assert_ne!(batch.base_offset(), Offset(50)),
            (12..16, Some(Ok((batch, 3)))) => assert_ne!(batch.header.leader_epoch.get(), 3),
            // A negative offset.
            (0, Some(Err(BatchErrorKind::Header { .. }))) => {}
            // A longer batch than there is looks like one that is cut off.
            (8..12, None | Some(Err(_))) => {}
            (16, Some(Err(BatchErrorKind::Magic { .. }))) => {}
            (17.., Some(Err(_))) => {}
            (at, other) => panic!("bit {bit} at byte {at}: {other:?}"),
        }
    }
}

#[test]
fn a_wrong_checksum_tells_both_sums_and_how_to_go_on() {
    let good = Plain { base_offset: 50, ..Plain::of(&three()) }.to_bytes();
    let expected = u32::from_be_bytes([good[17], good[18], good[19], good[20]]);
    let mut bytes = good.to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let batch = batches(Bytes::from(bytes)).next().unwrap().unwrap();
    let error = batch.verify_crc().unwrap_err();
    let BatchErrorKind::Crc { expected: told, found } = error.kind else { panic!("{error}") };
    assert_eq!(told, expected);
    assert_ne!(found, expected);
    assert_eq!((error.base_offset, error.next_offset), (Offset(50), Some(Offset(53))));
    assert!(error.is_corrupt());
    assert!(error.to_string().contains("offset 50"), "{error}");
}

#[test]
fn a_damaged_batch_does_not_take_the_next_one_with_it() {
    let mut bytes = Plain::of(&three()).to_bytes().to_vec();
    // The record count, which can be seen to be wrong without the checksum.
    bytes[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
    bytes.extend(Plain { base_offset: 3, ..Plain::of(&[record("good")]) }.to_bytes());
    let mut read = batches(Bytes::from(bytes));
    let error = read.next().unwrap().unwrap_err();
    assert!(matches!(error.kind, BatchErrorKind::RecordCount { count: i32::MAX, .. }));
    assert_eq!(error.next_offset, Some(Offset(3)));
    assert_eq!(owned(&read.next().unwrap().unwrap()), [record("good")]);
    assert!(read.next().is_none());
}

#[test]
fn an_impossible_length_ends_the_iteration() {
    for length in [i32::MIN, -1, 0, 13] {
        let mut bytes = Plain::of(&three()).to_bytes().to_vec();
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        let mut read = batches(Bytes::from(bytes));
        let error = read.next().unwrap().unwrap_err();
        assert_eq!(error.kind, BatchErrorKind::Length { length });
        assert!(read.next().is_none());
    }
}

#[test]
fn a_length_too_short_for_a_header_of_this_format_is_told() {
    let mut bytes = Plain::of(&three()).to_bytes().to_vec();
    bytes[8..12].copy_from_slice(&48_i32.to_be_bytes());
    let error = batches(Bytes::from(bytes)).next().unwrap().unwrap_err();
    assert_eq!(error.kind, BatchErrorKind::Length { length: 48 });
}

#[test]
fn an_unknown_format_is_told() {
    let bytes = Plain { magic: 3, ..Plain::of(&three()) }.to_bytes();
    let error = batches(bytes).next().unwrap().unwrap_err();
    assert_eq!(error.kind, BatchErrorKind::Magic { magic: 3 });
    assert_eq!(error.next_offset, None);
}

#[test]
fn impossible_counts_and_deltas_are_refused_before_they_are_used() {
    for record_count in [-1, i32::MIN, 1_000] {
        let bytes = Plain { record_count, ..Plain::of(&three()) }.to_bytes();
        let error = batches(bytes).next().unwrap().unwrap_err();
        let payload = Plain::of(&three()).payload.len();
        assert_eq!(error.kind, BatchErrorKind::RecordCount { count: record_count, payload });
    }
    for last_offset_delta in [-1, i32::MIN] {
        let bytes = Plain { last_offset_delta, ..Plain::of(&three()) }.to_bytes();
        let error = batches(bytes).next().unwrap().unwrap_err();
        assert!(matches!(error.kind, BatchErrorKind::Header { .. }), "{error}");
        assert_eq!(error.next_offset, None);
    }
}

#[test]
fn a_header_alone_can_be_parsed_and_a_shorter_one_cannot() {
    let bytes = Plain { base_offset: 7, ..Plain::of(&three()) }.to_bytes();
    let header = BatchHeader::parse(&bytes).unwrap();
    assert_eq!(header.base_offset, Offset(7));
    assert_eq!(header.size(), bytes.len());
    assert_eq!(header.to_bytes(), bytes[..61]);
    for length in 0..61 {
        assert!(BatchHeader::parse(&bytes[..length]).is_err());
    }
}

/// The fault of a batch with one record that has this body.
fn fault_of(body: &[u8]) -> RecordFault {
    let mut payload = Vec::new();
    put_varint(&mut payload, body.len() as i64);
    payload.extend(body);
    let count = payload.len().max(7);
    payload.resize(count, 0);
    let batch = Plain { payload, ..Plain::of(&[record("x")]) }.read();
    let mut records = batch.records().unwrap();
    let error = records.next().unwrap().unwrap_err();
    assert_eq!(error.next_offset, Some(Offset(1)));
    assert!(records.next().is_none(), "an error ends the iteration");
    match error.kind {
        BatchErrorKind::Record { index: 0, fault } => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn malformed_records_are_told_apart() {
    // Attributes, timestamp delta, offset delta, key, value, headers; -1 is 1, n is 2n.
    assert_eq!(fault_of(&[]), RecordFault::Truncated);
    assert_eq!(fault_of(&[0, 0x80, 0x80]), RecordFault::Varint);
    assert_eq!(fault_of(&[0, 0, 0, 3, 1, 0]), RecordFault::NegativeLength(-2));
    assert_eq!(fault_of(&[0, 0, 0, 20, 1, 0]), RecordFault::Truncated);
    assert_eq!(fault_of(&[0, 0, 0, 1, 20, 0]), RecordFault::Truncated);
    assert_eq!(fault_of(&[0, 0, 0, 1, 1, 0, 9]), RecordFault::Slack(1));
    assert_eq!(fault_of(&[0, 0, 0, 1, 1, 1]), RecordFault::HeaderCount(-1));
    assert_eq!(fault_of(&[0, 0, 0, 1, 1, 4, 0, 1, 0]), RecordFault::HeaderCount(2));
    assert_eq!(fault_of(&[0, 0, 0, 1, 1, 2, 1, 1]), RecordFault::NegativeLength(-1));
    assert_eq!(fault_of(&[0, 0, 1, 1, 1, 0]), RecordFault::OffsetDelta(-1));
    assert_eq!(fault_of(&[0, 0, 2, 1, 1, 0]), RecordFault::OffsetDelta(1));
}

#[test]
fn a_record_longer_than_the_payload_is_cut_short() {
    let mut payload = vec![0; 7];
    payload[0] = 100;
    let batch = Plain { payload, ..Plain::of(&[record("x")]) }.read();
    let error = batch.records().unwrap().next().unwrap().unwrap_err();
    let fault = RecordFault::Truncated;
    assert_eq!(error.kind, BatchErrorKind::Record { index: 0, fault });
}

#[test]
fn bytes_behind_the_last_record_are_an_error_after_the_records() {
    let mut plain = Plain::of(&three());
    plain.payload.extend([1, 2, 3]);
    let batch = plain.read();
    let mut records = batch.records().unwrap();
    for _ in 0..3 {
        records.next().unwrap().unwrap();
    }
    let error = records.next().unwrap().unwrap_err();
    assert_eq!(error.kind, BatchErrorKind::Slack { count: 3 });
    assert!(records.next().is_none());
}

#[test]
fn a_produced_batch_has_to_count_its_offsets_from_zero() {
    let mut payload = Vec::new();
    put_record(&mut payload, &record("a"), 1_000, 1);
    put_record(&mut payload, &record("b"), 1_000, 0);
    let swapped = Plain { payload, ..Plain::of(&[record("a"), record("b")]) }
        .read()
        .check_produced(&mut budget());
    assert_eq!(swapped.unwrap_err().kind, BatchErrorKind::Offsets { index: 0, delta: 1 });
    let empty =
        Plain { last_offset_delta: 0, ..Plain::of(&[]) }.read().check_produced(&mut budget());
    assert_eq!(empty.unwrap_err().kind, BatchErrorKind::Offsets { index: 0, delta: 0 });
    let mut bytes = stamped(&three()).to_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let damaged =
        batches(Bytes::from(bytes)).next().unwrap().unwrap().check_produced(&mut budget());
    assert!(matches!(damaged.unwrap_err().kind, BatchErrorKind::Crc { .. }));
}

fn walk(bytes: Bytes) {
    for batch in batches(bytes).flatten() {
        let _ = batch.verify_crc();
        let _ = batch.control_type();
        let _ = batch.check_produced(&mut budget());
        if let Ok(records) = batch.records() {
            for record in records.flatten() {
                assert!(record.headers().count() <= batch.payload().len());
            }
        }
    }
}

proptest! {
    #[test]
    fn garbage_is_read_without_a_panic(bytes: Vec<u8>) {
        walk(Bytes::from(bytes));
    }

    #[test]
    fn a_batch_damaged_anywhere_is_read_without_a_panic(
        records in any_records(10), damage in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = Plain::of(&records).to_bytes().to_vec();
        for (at, byte) in damage {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
        }
        walk(Bytes::from(bytes));
    }

    #[test]
    fn a_payload_of_garbage_is_read_without_a_panic(
        payload in proptest::collection::vec(any::<u8>(), 0..200), count in 0..30_i32, attributes in 0..8_i16,
    ) {
        let record_count = count.min(payload.len() as i32 / 7);
        let attributes = attributes << 3;
        walk(Plain { payload, record_count, attributes, last_offset_delta: 20, ..Plain::of(&[]) }.to_bytes());
    }
}
