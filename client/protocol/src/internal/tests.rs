use bytes::Bytes;
use uuid::Uuid;

use super::{
    ClassicMemberMetadata, ConsumerGroupMemberMetadataValue, GroupKey, GroupMetadataValue,
    GroupValue, OffsetCommitKey, OffsetCommitValue, PartitionsSchema, TransactionKey,
    TransactionLogValue, TransactionValue,
};
use crate::StrBytes;
use crate::schema::Versions;

fn text(text: &'static str) -> StrBytes {
    StrBytes::from_static_str(text)
}

fn committed() -> OffsetCommitValue {
    OffsetCommitValue {
        offset: 42,
        leader_epoch: 7,
        metadata: text("m"),
        commit_timestamp: 1_000,
        ..OffsetCommitValue::default()
    }
}

#[test]
fn a_committed_offset_is_laid_out_as_kafka_does() {
    let key = GroupKey::OffsetCommit(OffsetCommitKey {
        group: text("g"),
        topic: text("t"),
        partition: 5,
    });
    let bytes = key.encode().unwrap();
    assert_eq!(&bytes[..], b"\0\x01\0\x01g\0\x01t\0\0\0\x05");
    assert_eq!(GroupKey::decode(bytes).unwrap(), key);
    assert_eq!(key.record_type(), 1);

    let value = GroupValue::OffsetCommit(committed());
    let bytes = value.encode(3).unwrap();
    assert_eq!(&bytes[..], b"\0\x03\0\0\0\0\0\0\0\x2a\0\0\0\x07\0\x01m\0\0\0\0\0\0\x03\xe8",);
    assert_eq!(GroupValue::decode(1, bytes).unwrap(), (3, value));
}

#[test]
fn a_field_that_a_version_does_not_have_is_read_as_its_default() {
    let bytes = GroupValue::OffsetCommit(committed()).encode(0).unwrap();
    let (version, GroupValue::OffsetCommit(read)) = GroupValue::decode(1, bytes).unwrap() else {
        panic!("another type");
    };
    assert_eq!((version, read.leader_epoch, read.expire_timestamp), (0, -1, -1));
    assert_eq!(GroupValue::schema(1).unwrap().versions, Versions::new(0, 4));
    assert!(GroupValue::schema(99).is_none());
}

#[test]
fn a_value_that_a_version_cannot_express_is_an_error_unless_kafka_may_drop_it() {
    let value = TransactionLogValue { previous_producer_id: 9, ..TransactionLogValue::default() };
    let value = TransactionValue::TransactionLog(value);
    let error = value.encode(0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "TransactionLogValue v0 cannot be encoded: previous_producer_id has a value, which \
         version 0 cannot express",
    );
    let bytes = value.encode(1).unwrap();
    assert_eq!(TransactionValue::decode(0, bytes).unwrap(), (1, value));
    // `topic_id` is marked as ignorable.
    let with_id = OffsetCommitValue { topic_id: Uuid::from_u128(5), ..committed() };
    assert!(GroupValue::OffsetCommit(with_id).encode(3).is_ok());
}

#[test]
fn tagged_fields_are_written_in_the_order_of_their_tags_with_unknown_ones_among_them() {
    let mut value = TransactionLogValue {
        transaction_partitions: Some(vec![PartitionsSchema {
            topic: text("t"),
            partition_ids: vec![1, 2],
            ..PartitionsSchema::default()
        }]),
        next_producer_epoch: 3,
        client_transaction_version: 2,
        ..TransactionLogValue::default()
    };
    value.unknown_tagged_fields.insert(9, Bytes::from_static(b"new"));
    let value = TransactionValue::TransactionLog(value);
    let bytes = value.encode(1).unwrap();
    // Client transaction version is tag 2, next producer epoch tag 3.
    assert!(bytes.ends_with(b"\x03\x02\x02\0\x02\x03\x02\0\x03\x09\x03new"), "{bytes:?}");
    assert_eq!(TransactionValue::decode(0, bytes).unwrap(), (1, value));
}

#[test]
fn a_tagged_struct_that_may_be_null_comes_back() {
    for classic in [None, Some(ClassicMemberMetadata::default())] {
        let member = ConsumerGroupMemberMetadataValue {
            classic_member_metadata: classic,
            ..ConsumerGroupMemberMetadataValue::default()
        };
        let value = GroupValue::ConsumerGroupMemberMetadata(member);
        let bytes = value.encode(0).unwrap();
        assert_eq!(GroupValue::decode(5, bytes).unwrap(), (0, value));
    }
}

#[test]
fn a_tagged_struct_is_null_behind_another_marker_than_in_line() {
    // As Apache Kafka 4.1.0 wrote it for a member of a consumer group: one tagged field, tag 0, a
    // byte, null. In line null would be ff.
    let bytes = b"\0\0\0\0\x0dvectors-java\x0b/127.0.0.1\x02\x0bjava-group\x01\0\0N \0\x01\0\x01\0";
    let (version, value) = GroupValue::decode(5, Bytes::from_static(bytes)).unwrap();
    let GroupValue::ConsumerGroupMemberMetadata(member) = &value else { panic!("{value:?}") };
    assert_eq!(member.classic_member_metadata, None);
    assert_eq!(member.rebalance_timeout_ms, 20_000);
    assert_eq!(value.encode(version).unwrap(), &bytes[..]);

    let mut marked = bytes.to_vec();
    *marked.last_mut().unwrap() = 2;
    let error = GroupValue::decode(5, marked.into()).unwrap_err();
    assert!(error.to_string().contains("marker 2 is neither 1"), "{error}");
}

#[test]
fn a_tagged_struct_that_is_not_there_is_kafkas_default_and_not_null() {
    let value = ConsumerGroupMemberMetadataValue::default();
    assert_eq!(value.classic_member_metadata, Some(ClassicMemberMetadata::default()));
    let bytes = GroupValue::ConsumerGroupMemberMetadata(value.clone()).encode(0).unwrap();
    assert_eq!(bytes.last(), Some(&0), "no tagged field is written");
    let (_, read) = GroupValue::decode(5, bytes).unwrap();
    assert_eq!(read, GroupValue::ConsumerGroupMemberMetadata(value));
}

#[test]
fn what_is_torn_names_the_field() {
    let value = GroupValue::GroupMetadata(GroupMetadataValue::default()).encode(3).unwrap();
    let error = GroupValue::decode(2, value.slice(..value.len() - 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "malformed GroupMetadataValue v3 members: 4 bytes are needed, 3 are left (at byte 18)",
    );
    let longer = Bytes::from([&value[..], b"x"].concat());
    let error = GroupValue::decode(2, longer).unwrap_err();
    assert!(error.to_string().contains("1 bytes follow"), "{error}");
}

#[test]
fn an_unknown_record_type_or_version_is_an_error() {
    let error = GroupKey::decode(Bytes::from_static(&[0, 99, 0])).unwrap_err();
    assert_eq!(error.to_string(), "internal record type 99 is not known");
    let error = TransactionKey::decode(Bytes::from_static(&[0])).unwrap_err();
    assert!(error.to_string().contains("too short for its version"), "{error}");
    let error = GroupValue::decode(1, Bytes::from_static(&[0, 9, 0])).unwrap_err();
    assert!(error.to_string().contains("only versions 0 to 4"), "{error}");
    assert!(GroupValue::OffsetCommit(committed()).encode(5).is_err());
}
