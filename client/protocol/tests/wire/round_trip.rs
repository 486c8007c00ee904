//! What is written is what the format says, and what is read is what was written.

use bytes::{Bytes, BytesMut};
use indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records as generated;
use milena_protocol::records::{BatchKind, batches};
use proptest::prelude::*;

use crate::reference::{
    Plain, any_place, any_record, any_records, any_stamp, budget, built, owned, stamped,
};

proptest! {
    #[test]
    fn a_batch_is_byte_for_byte_what_the_format_says(
        records in any_records(200), stamp in any_stamp(),
    ) {
        let ours = built(&records).seal().stamp(&stamp);
        let expected = Plain {
            producer_id: stamp.producer_id.get(),
            producer_epoch: stamp.producer_epoch.get(),
            base_sequence: stamp.base_sequence.get(),
            attributes: match stamp.kind {
                BatchKind::Plain => 0,
                BatchKind::Transactional => 0x10,
                BatchKind::TransactionMarker => 0x30,
            },
            ..Plain::of(&records)
        };
        prop_assert_eq!(ours.to_bytes(), expected.to_bytes());
        prop_assert_eq!(ours.size(), ours.to_bytes().len());
    }

    #[test]
    fn records_come_back_as_they_were(records in any_records(200), place in any_place()) {
        let batch = Plain {
            base_offset: place.0.get(),
            leader_epoch: place.1.get(),
            ..Plain::of(&records)
        }
        .read();
        prop_assert_eq!(owned(&batch), records.clone());
        prop_assert_eq!(batch.base_offset(), place.0);
        prop_assert_eq!(batch.header.leader_epoch, place.1);
        prop_assert_eq!(batch.next_offset(), place.0.plus(records.len() as i64));
        prop_assert_eq!(batch.count(), records.len());
        let offsets: Vec<_> = batch.records().unwrap().map(|r| r.unwrap().offset).collect();
        let expected: Vec<_> = (0..records.len()).map(|at| place.0.plus(at as i64)).collect();
        prop_assert_eq!(offsets, expected);
        prop_assert_eq!(batch.check_produced(&mut budget()), Ok(()));
    }

    #[test]
    fn the_size_told_beforehand_is_the_growth(
        records in any_records(100), next in any_record(),
    ) {
        let mut builder = built(&records);
        let (key, value) = (next.key.as_deref(), next.value.as_deref());
        let told = builder.encoded_size(next.timestamp, key, value, &next.headers);
        let before = builder.len();
        let delta = builder.append(next.timestamp, key, value, &next.headers).unwrap();
        prop_assert_eq!(builder.len(), before + told);
        prop_assert_eq!(delta, records.len());
        let newest = records.iter().map(|r| r.timestamp).max().unwrap().max(next.timestamp);
        prop_assert_eq!(builder.base_timestamp(), Some(records[0].timestamp));
        prop_assert_eq!(builder.max_timestamp(), Some(newest));
        prop_assert_eq!(builder.size(), builder.clone().seal().size());
    }

    #[test]
    fn stamping_anew_shares_the_payload_and_the_checksum_holds(
        records in any_records(50), first in any_stamp(), second in any_stamp(),
    ) {
        let sealed = built(&records).seal();
        let (one, two) = (sealed.stamp(&first), sealed.stamp(&second));
        prop_assert_eq!(one.payload.as_ptr(), two.payload.as_ptr());
        for (stamped, stamp) in [(one, first), (two, second)] {
            let batch = stamped.to_batch().unwrap();
            prop_assert_eq!(batch.verify_crc(), Ok(()));
            prop_assert_eq!(batch.header.producer_id, stamp.producer_id);
            prop_assert_eq!(batch.header.producer_epoch, stamp.producer_epoch);
            prop_assert_eq!(batch.header.base_sequence, stamp.base_sequence);
        }
    }

    #[test]
    fn moving_a_batch_keeps_its_checksum_and_its_records(
        records in any_records(50), place in any_place(),
    ) {
        let moved = Plain::of(&records).read().relocate(place.0, place.1);
        let batch = batches(moved.to_bytes()).next().unwrap().unwrap();
        prop_assert_eq!(batch.verify_crc(), Ok(()));
        prop_assert_eq!((batch.base_offset(), batch.header.leader_epoch), place);
        prop_assert_eq!(owned(&batch), records);
    }

    #[test]
    fn the_time_of_the_append_replaces_all_times_and_the_checksum_holds(
        records in any_records(50), time: i64,
    ) {
        let batch = Plain::of(&records).read().with_append_time(time);
        let expected = Plain { attributes: 8, max_timestamp: time, ..Plain::of(&records) };
        prop_assert_eq!(batch.stamped().to_bytes(), expected.to_bytes());
        prop_assert!(owned(&batch).iter().all(|record| record.timestamp == time));
    }

    #[test]
    fn several_batches_follow_each_other(groups in proptest::collection::vec(any_records(5), 0..5)) {
        let mut bytes = BytesMut::new();
        for records in &groups {
            stamped(records).write_to(&mut bytes);
        }
        let read: Vec<_> = batches(bytes.freeze()).map(|batch| owned(&batch.unwrap())).collect();
        prop_assert_eq!(read, groups);
    }

    #[test]
    fn the_generated_codec_reads_what_is_written(records in simple_records()) {
        let mut bytes = stamped(&records).to_bytes();
        let read = generated::RecordBatchDecoder::decode(&mut bytes).unwrap().records;
        prop_assert_eq!(read, records.iter().enumerate().map(as_generated).collect::<Vec<_>>());
    }

    #[test]
    fn what_the_generated_codec_writes_is_read(records in simple_records()) {
        let theirs: Vec<_> = records.iter().enumerate().map(as_generated).collect();
        let options = generated::RecordEncodeOptions {
            version: 2,
            compression: generated::Compression::None,
        };
        let mut bytes = BytesMut::new();
        generated::RecordBatchEncoder::encode(&mut bytes, &theirs, &options).unwrap();
        let batch = batches(bytes.freeze()).next().unwrap().unwrap();
        prop_assert_eq!(batch.check_produced(&mut budget()), Ok(()));
        prop_assert_eq!(owned(&batch), records);
    }
}

/// Records within what the generated codec gets right: header keys are distinct and text, and
/// timestamps do not overflow.
fn simple_records() -> impl Strategy<Value = Vec<crate::reference::Record>> {
    any_records(50).prop_map(|mut records| {
        for record in &mut records {
            record.timestamp = record.timestamp.rem_euclid(1 << 42);
            for (number, (key, _)) in record.headers.iter_mut().enumerate() {
                *key = format!("header {number}").into_bytes();
            }
        }
        records
    })
}

fn as_generated((at, record): (usize, &crate::reference::Record)) -> generated::Record {
    let bytes = |bytes: &Option<Vec<u8>>| bytes.clone().map(Bytes::from);
    let headers = record.headers.iter().map(|(key, value)| {
        (StrBytes::from_string(String::from_utf8(key.clone()).unwrap()), bytes(value))
    });
    generated::Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: generated::TimestampType::Creation,
        offset: at as i64,
        // Its encoder joins records only if sequences run along with offsets, the first being -1.
        sequence: at as i32 - 1,
        timestamp: record.timestamp,
        key: bytes(&record.key),
        value: bytes(&record.value),
        headers: headers.collect::<IndexMap<_, _>>(),
    }
}
