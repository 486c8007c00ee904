//! A batch without some of its records (`MemoryRecords.filterTo`): its offsets, its producer and its
//! epoch stay what they were.

use bytes::{BufMut, Bytes, BytesMut};
use milena_protocol::compression::{self, Codec};
use milena_protocol::records::{
    self, Attributes, Batch, BatchHeader, HEADER_LEN, RecordView, TimestampType,
};

use super::LogBatch;

/// Bytes of a batch that its length field does not count.
const UNCOUNTED: usize = 12;

/// Where the part of a batch begins that its checksum covers.
const CRC_END: usize = 21;

/// What a filter left of a batch.
pub(super) enum Filtered {
    Unchanged,
    Changed(LogBatch),
    Empty,
}

/// Keeps the records for which `keep` says so of key, whether there is a value, and offset. With a
/// `horizon` it is written into a batch that keeps tombstones, or if it is an `empty_marker`.
pub(super) fn filtered(
    batch: &Batch,
    plain: &Batch,
    keep: impl Fn(Option<&[u8]>, bool, i64) -> bool,
    horizon: Option<i64>,
    empty_marker: bool,
) -> Filtered {
    let Ok(records) = plain.records() else { return Filtered::Unchanged };
    let all: Vec<RecordView<'_>> = records.filter_map(Result::ok).collect();
    let kept: Vec<&RecordView<'_>> = all
        .iter()
        .filter(|record| keep(record.key, record.value.is_some(), record.offset.get()))
        .collect();
    if kept.is_empty() {
        return Filtered::Empty;
    }
    let needs_horizon = empty_marker || kept.iter().any(|record| record.value.is_none());
    let horizon = horizon.filter(|_| needs_horizon);
    if kept.len() == all.len() && horizon.is_none() {
        return Filtered::Unchanged;
    }
    match rewritten(batch, &kept, horizon) {
        Some(changed) => Filtered::Changed(changed),
        // What is left of a batch is shorter than the batch.
        None => Filtered::Unchanged,
    }
}

/// A batch without any record, for the offset and the sequence in its header
/// (`DefaultRecordBatch.writeEmptyHeader`).
pub(super) fn emptied(batch: &Batch) -> Option<LogBatch> {
    let header = &batch.header;
    let kept = Attributes(0).with_timestamp_type(batch.timestamp_type());
    let kept = if batch.is_transactional() { kept.transactional() } else { kept };
    let attributes = if batch.is_control() { kept.control() } else { kept };
    let base_timestamp = records::NO_TIMESTAMP;
    sealed(BatchHeader { attributes, base_timestamp, record_count: 0, ..*header }, Bytes::new())
}

fn rewritten(batch: &Batch, kept: &[&RecordView<'_>], horizon: Option<i64>) -> Option<LogBatch> {
    let header = &batch.header;
    let known = batch.has_delete_horizon().then_some(header.base_timestamp);
    let horizon = horizon.or(known);
    let first = kept.first()?;
    let base_timestamp = horizon.unwrap_or(first.timestamp);
    let mut payload = BytesMut::new();
    for record in kept {
        let offset_delta = record.offset.get() - header.base_offset.get();
        put_record(
            &mut payload,
            record,
            record.timestamp.wrapping_sub(base_timestamp),
            offset_delta,
        );
    }
    let codec = batch.codec().ok()?;
    let payload = match codec {
        Codec::None => payload.freeze(),
        codec => compression::compress(codec.into(), &payload).ok()?,
    };
    let max_timestamp = match batch.timestamp_type() {
        TimestampType::LogAppendTime => header.max_timestamp,
        TimestampType::CreateTime => {
            kept.iter().map(|record| record.timestamp).max().unwrap_or(header.max_timestamp)
        }
    };
    let attributes = match horizon {
        Some(_) => header.attributes.delete_horizon(),
        None => header.attributes,
    };
    let record_count = i32::try_from(kept.len()).ok()?;
    let header = BatchHeader { attributes, base_timestamp, max_timestamp, record_count, ..*header };
    sealed(header, payload)
}

/// Header and payload as a batch, with the length and the checksum that belong to them.
fn sealed(header: BatchHeader, payload: Bytes) -> Option<LogBatch> {
    let batch_length = i32::try_from(HEADER_LEN - UNCOUNTED + payload.len()).ok()?;
    let header = BatchHeader { batch_length, ..header };
    let covered = crc32c::crc32c(&header.to_bytes()[CRC_END..]);
    let crc = crc32c::crc32c_append(covered, &payload);
    let mut bytes = BytesMut::with_capacity(HEADER_LEN + payload.len());
    bytes.extend_from_slice(&BatchHeader { crc, ..header }.to_bytes());
    bytes.extend_from_slice(&payload);
    let batch = records::batches(bytes.freeze()).next()?.ok()?;
    Some(LogBatch::new(batch))
}

fn put_record(out: &mut BytesMut, record: &RecordView<'_>, timestamp: i64, offset: i64) {
    let mut body = BytesMut::new();
    body.put_u8(0);
    put_varint(&mut body, timestamp);
    put_varint(&mut body, offset);
    put_bytes(&mut body, record.key);
    put_bytes(&mut body, record.value);
    put_length(&mut body, record.headers().len());
    for (key, value) in record.headers() {
        put_bytes(&mut body, Some(key));
        put_bytes(&mut body, value);
    }
    put_length(out, body.len());
    out.extend_from_slice(&body);
}

fn put_bytes(out: &mut BytesMut, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            put_length(out, bytes.len());
            out.extend_from_slice(bytes);
        }
        None => put_varint(out, -1),
    }
}

fn put_length(out: &mut BytesMut, length: usize) {
    put_varint(out, i64::try_from(length).unwrap_or(i64::MAX));
}

/// A zig-zag number of any width: short ones are written alike in all.
fn put_varint(out: &mut BytesMut, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.put_u8((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

#[cfg(test)]
mod tests {
    use milena_protocol::compression::Compression;
    use milena_protocol::records::{BatchBuilder, Stamp};

    use super::*;

    fn batch(compression: Option<Compression>) -> Batch {
        let mut builder = BatchBuilder::new(64);
        for (time, key, value) in [(10, "a", Some("1")), (20, "b", None), (15, "c", Some("3"))] {
            let headers = &[("h", Some(b"v".as_slice())), ("h", None)];
            let value = value.map(str::as_bytes);
            builder.append(time, Some(key.as_bytes()), value, headers).unwrap();
        }
        let sealed = match compression {
            Some(compression) => builder.seal_compressed(compression).unwrap(),
            None => builder.seal(),
        };
        sealed.stamp(&Stamp::default()).to_batch().unwrap()
    }

    fn changed(batch: &Batch, horizon: Option<i64>, keep: impl Fn(&[u8]) -> bool) -> LogBatch {
        let plain = super::super::validate::decompressed(batch).unwrap();
        let keep = |key: Option<&[u8]>, _: bool, _: i64| keep(key.unwrap());
        match filtered(batch, &plain, keep, horizon, false) {
            Filtered::Changed(changed) => changed,
            Filtered::Unchanged | Filtered::Empty => panic!("it was to change"),
        }
    }

    #[test]
    fn what_is_left_is_what_it_was() {
        for compression in [None, Some(Compression::lz4()), Some(Compression::gzip())] {
            let before = batch(compression);
            let after = changed(&before, None, |key| key != b"a");
            after.inner().verify_crc().unwrap();
            assert_eq!((after.base_offset(), after.last_offset()), (0, 2));
            let plain = super::super::validate::decompressed(after.inner()).unwrap();
            let seen: Vec<_> = plain
                .records()
                .unwrap()
                .map(Result::unwrap)
                .map(|it| {
                    (it.offset.get(), it.timestamp, it.key.unwrap().to_vec(), it.headers.len())
                })
                .collect();
            assert_eq!(seen, [(1, 20, b"b".to_vec(), 2), (2, 15, b"c".to_vec(), 2)]);
            assert_eq!(after.max_timestamp(), 20);
        }
    }

    #[test]
    fn a_horizon_stands_in_place_of_the_first_timestamp_and_moves_no_record() {
        let after = changed(&batch(None), Some(99_000), |_| true);
        assert!(after.inner().has_delete_horizon());
        assert_eq!(after.inner().header.base_timestamp, 99_000);
        let times: Vec<i64> =
            after.inner().records().unwrap().map(|record| record.unwrap().timestamp).collect();
        assert_eq!(times, [10, 20, 15]);
    }

    #[test]
    fn an_empty_batch_keeps_its_offsets_and_sequence() {
        let empty = emptied(&batch(Some(Compression::lz4()))).unwrap();
        empty.inner().verify_crc().unwrap();
        assert_eq!((empty.base_offset(), empty.last_offset(), empty.size()), (0, 2, HEADER_LEN));
        assert!(empty.inner().records().unwrap().next().is_none());
    }
}
