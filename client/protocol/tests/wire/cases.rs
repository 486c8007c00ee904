//! Batches as brokers really send them.

use bytes::Bytes;
use milena_protocol::compression::{Codec, CompressionError};
use milena_protocol::ids::{Offset, Sequence};
use milena_protocol::records::{
    BatchBuilder, BatchErrorKind, ControlType, NO_HEADERS, RecordCursor, Stamp, TimestampType,
    batches,
};

use crate::reference::{
    Plain, Record, budget, built, owned, put_record, put_varint, record, stamped,
};

#[test]
fn a_batch_emptied_by_compaction_is_passed() {
    let batch = Plain {
        base_offset: 40,
        last_offset_delta: 9,
        record_count: 0,
        payload: Vec::new(),
        ..Plain::of(&[])
    }
    .read();
    assert_eq!(batch.records().unwrap().count(), 0);
    assert_eq!(batch.next_offset(), Offset(50));
}

#[test]
fn records_removed_by_compaction_leave_gaps_and_the_next_offset_stands() {
    let mut payload = Vec::new();
    put_record(&mut payload, &record("b"), 1_000, 1);
    put_record(&mut payload, &record("d"), 1_000, 3);
    let batch = Plain {
        base_offset: 100,
        last_offset_delta: 5,
        record_count: 2,
        payload,
        ..Plain::of(&[record("b")])
    }
    .read();
    let offsets: Vec<_> = batch.records().unwrap().map(|record| record.unwrap().offset).collect();
    assert_eq!(offsets, [Offset(101), Offset(103)]);
    assert_eq!(batch.next_offset(), Offset(106));
    // A producer may not send this.
    let refused = batch.check_produced(&mut budget()).unwrap_err();
    assert_eq!(refused.kind, BatchErrorKind::Offsets { index: 2, delta: 5 });
}

#[test]
fn under_log_append_time_every_record_has_the_time_of_the_append() {
    let plain = Plain { attributes: 1 << 3, max_timestamp: 77, ..Plain::of(&[record("a")]) };
    let batch = plain.read();
    assert_eq!(batch.timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!(owned(&batch)[0].timestamp, 77);
}

#[test]
fn a_delete_horizon_is_recognised_and_times_are_counted_from_it() {
    let mut payload = Vec::new();
    put_record(&mut payload, &record("a"), 9_000, 0);
    let plain =
        Plain { attributes: 1 << 6, base_timestamp: 9_000, payload, ..Plain::of(&[record("a")]) };
    let batch = plain.read();
    assert!(batch.has_delete_horizon());
    assert_eq!(owned(&batch)[0].timestamp, 1_000);
}

#[test]
fn timestamps_may_be_absent_fall_and_reach_the_extremes() {
    let times = [-1, i64::MAX, i64::MIN, 0, 5, 3, -1];
    let records: Vec<_> =
        times.iter().map(|&timestamp| Record { timestamp, ..record("a") }).collect();
    let batch = stamped(&records).to_batch().unwrap();
    assert_eq!(batch.header.base_timestamp, -1);
    assert_eq!(batch.header.max_timestamp, i64::MAX);
    assert_eq!(owned(&batch), records);
}

#[test]
fn absent_and_empty_are_told_apart_and_headers_may_repeat_and_be_any_bytes() {
    let header = |key: &[u8], value: Option<&[u8]>| (key.to_vec(), value.map(<[u8]>::to_vec));
    let records = [
        Record { timestamp: 0, key: None, value: None, headers: Vec::new() },
        Record { timestamp: 0, key: Some(vec![]), value: Some(vec![]), headers: Vec::new() },
        Record {
            timestamp: 0,
            key: Some(vec![0xff, 0xfe]),
            value: None,
            headers: vec![
                header(b"", None),
                header(b"same", Some(b"1")),
                header(b"same", Some(b"")),
                header(&[0xc0, 0xff], Some(&[0xff])),
            ],
        },
    ];
    assert_eq!(owned(&stamped(&records).to_batch().unwrap()), records);
}

fn control(version: i16, kind: i16) -> Plain {
    let key = [version.to_be_bytes(), kind.to_be_bytes()].concat();
    let marker = Record { key: Some(key), ..record("\0\0\0\0\0\0") };
    Plain { attributes: 0x30, producer_id: 7, producer_epoch: 0, ..Plain::of(&[marker]) }
}

#[test]
fn control_batches_are_recognised_whatever_they_say() {
    let cases = [
        (control(0, 0), ControlType::Abort),
        (control(0, 1), ControlType::Commit),
        (control(0, 2), ControlType::Unknown(2)),
        (control(0, -1), ControlType::Unknown(-1)),
        (control(3, 1), ControlType::Commit),
    ];
    for (plain, expected) in cases {
        let batch = plain.read();
        assert!(batch.is_control() && batch.is_transactional());
        assert_eq!(batch.control_type(), Ok(Some(expected)));
        assert_eq!(batch.next_offset(), Offset(1));
    }
}

#[test]
fn a_control_batch_without_a_readable_key_is_an_error_that_can_be_passed() {
    let no_key = Plain { attributes: 0x20, ..Plain::of(&[record("x")]) }.read();
    assert_eq!(no_key.control_type().unwrap_err().next_offset, Some(Offset(1)));
    assert!(control(-1, 0).read().control_type().is_err());
    let emptied = Plain { attributes: 0x20, last_offset_delta: 0, ..Plain::of(&[]) }.read();
    assert_eq!(emptied.control_type(), Ok(None));
    let data = Plain::of(&[record("x")]).read();
    assert_eq!(data.control_type(), Ok(None));
}

#[test]
fn sequences_wrap_within_a_batch() {
    let stamp = Stamp { base_sequence: Sequence(i32::MAX), ..Stamp::default() };
    let sealed = built(&[record("a"), record("b")]).seal();
    let batch = sealed.stamp(&stamp).to_batch().unwrap();
    assert_eq!(batch.header.last_sequence(), Sequence(0));
    let plain = sealed.stamp(&Stamp::default()).to_batch().unwrap();
    assert_eq!(plain.header.last_sequence(), Sequence::NONE);
}

#[test]
fn old_message_formats_are_told_and_passed() {
    for magic in [0, 1] {
        let old = Plain { base_offset: 41, magic, ..Plain::of(&[record("a")]) };
        let new = Plain { base_offset: 42, ..Plain::of(&[record("b")]) };
        let bytes = [old.to_bytes(), new.to_bytes()].concat();
        let mut read = batches(Bytes::from(bytes));
        let error = read.next().unwrap().unwrap_err();
        assert_eq!(error.kind, BatchErrorKind::Magic { magic });
        assert_eq!((error.base_offset, error.next_offset), (Offset(41), Some(Offset(42))));
        assert!(!error.is_corrupt());
        assert_eq!(owned(&read.next().unwrap().unwrap()), [record("b")]);
    }
}

#[test]
fn the_shortest_message_of_the_old_format_is_told() {
    // Offset, size, CRC, magic, attributes, key -1, value -1.
    let mut message = 3_i64.to_be_bytes().to_vec();
    message.extend(14_i32.to_be_bytes());
    message.extend([0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let error = batches(Bytes::from(message)).next().unwrap().unwrap_err();
    assert_eq!(error.kind, BatchErrorKind::Magic { magic: 0 });
    assert_eq!(error.next_offset, Some(Offset(4)));
}

#[test]
fn compressed_batches_name_their_codec_and_can_be_passed() {
    for (id, codec) in [(1, Codec::Gzip), (2, Codec::Snappy), (3, Codec::Lz4), (4, Codec::Zstd)] {
        let plain = Plain { attributes: id, base_offset: 9, ..Plain::of(&[record("a")]) };
        let batch = plain.read();
        assert_eq!(batch.codec(), Ok(codec));
        let error = batch.records().unwrap_err();
        assert_eq!(error.kind, BatchErrorKind::Compressed { codec });
        assert_eq!(error.next_offset, Some(Offset(10)));
        let mut cursor = RecordCursor::START;
        assert_eq!(cursor.next(&batch), Some(Err(error)));
        assert_eq!(cursor.next(&batch), None);
    }
}

#[test]
fn a_compressed_batch_may_hold_more_records_than_its_bytes_could_plain() {
    let plain = Plain {
        attributes: 4,
        record_count: 1_000_000,
        last_offset_delta: 999_999,
        ..Plain::of(&[record("a")])
    };
    assert_eq!(plain.read().next_offset(), Offset(1_000_000));
}

#[test]
fn codecs_that_do_not_exist_are_told_by_number() {
    for id in 5..=7_u8 {
        let plain = Plain { attributes: id.into(), ..Plain::of(&[record("a")]) };
        let error = plain.read().records().unwrap_err();
        let expected = CompressionError::UnknownCodec { id };
        assert_eq!(error.kind, BatchErrorKind::Compression(expected));
    }
}

#[test]
fn a_cursor_goes_on_where_it_stopped() {
    let batch = stamped(&[record("a"), record("b")]).to_batch().unwrap();
    let mut cursor = RecordCursor::START;
    assert_eq!(cursor.next(&batch).unwrap().unwrap().value, Some(&b"a"[..]));
    let mut kept = cursor;
    assert_eq!(kept.read(), 1);
    assert_eq!(kept.next(&batch).unwrap().unwrap().value, Some(&b"b"[..]));
    assert_eq!(kept.next(&batch), None);
    assert_eq!(kept.next(&batch), None);
}

#[test]
fn a_record_longer_than_its_batch_s_buffer_is_written_whole() {
    let value = vec![7; 1_000_000];
    let mut builder = BatchBuilder::new(0);
    builder.append(1, None, Some(&value), NO_HEADERS).unwrap();
    let batch = builder.seal().stamp(&Stamp::default()).to_batch().unwrap();
    assert_eq!(batch.records().unwrap().next().unwrap().unwrap().value, Some(&value[..]));
}

#[test]
fn a_batch_filled_to_its_capacity_stays_where_it_is() {
    let mut builder = BatchBuilder::new(1_000);
    let capacity = builder.capacity();
    assert!(capacity >= 1_000);
    while builder.len() + builder.encoded_size(1, None, None, NO_HEADERS) <= capacity {
        builder.append(1, None, None, NO_HEADERS).unwrap();
    }
    assert_eq!(builder.capacity(), capacity);
}

#[test]
fn the_memory_of_a_batch_comes_back_once_nobody_else_reads_it() {
    let sealed = built(&[record("a")]).seal();
    let stamped = sealed.stamp(&Stamp::default());
    assert_eq!(sealed.clone().reclaim(), None);
    drop(stamped);
    let buffer = sealed.reclaim().unwrap();
    assert!(buffer.is_empty() && buffer.capacity() > 0);
    let place = buffer.as_ptr();
    let mut builder = BatchBuilder::with_buffer(buffer);
    builder.append(1, None, None, NO_HEADERS).unwrap();
    assert_eq!(builder.seal().payload().as_ptr(), place);
}

#[test]
fn an_empty_builder_says_so() {
    let builder = BatchBuilder::new(10);
    assert!(builder.is_empty());
    assert_eq!((builder.count(), builder.len(), builder.size()), (0, 0, 61));
    assert_eq!((builder.base_timestamp(), builder.max_timestamp()), (None, None));
    assert!(builder.seal().stamp(&Stamp::default()).to_batch().is_err());
}

#[test]
fn the_largest_offsets_do_not_overflow() {
    let last = Plain { base_offset: i64::MAX - 1, ..Plain::of(&[record("a")]) };
    assert_eq!(last.read().next_offset(), Offset(i64::MAX));
    let beyond = Plain { base_offset: i64::MAX, ..Plain::of(&[record("a")]) };
    let error = batches(beyond.to_bytes()).next().unwrap().unwrap_err();
    let value = 0;
    let field = "last offset delta";
    assert_eq!(error.kind, BatchErrorKind::Header { field, value });
    assert_eq!(error.next_offset, None);
}

#[test]
fn a_timestamp_of_ten_bytes_is_read() {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, i64::MIN);
    assert_eq!(bytes.len(), 10);
    let records =
        [Record { timestamp: 0, ..record("a") }, Record { timestamp: i64::MIN, ..record("b") }];
    assert_eq!(owned(&stamped(&records).to_batch().unwrap()), records);
}
