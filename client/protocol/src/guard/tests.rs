use bytes::{BufMut, Bytes, BytesMut};

use super::plan::{Plan, What};
use super::{Fault, GuardError, Limits, check, check_whole};
use crate::messages::consumer_group_heartbeat_response::Assignment;
use crate::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, PartitionData,
};
use crate::messages::metadata_response::{MetadataResponsePartition, MetadataResponseTopic};
use crate::messages::{
    ApiKey, ConsumerGroupHeartbeatResponse, FetchResponse, MetadataRequest, MetadataResponse,
};
use crate::schema::{self, MessageSchema};
use crate::{Encodable, StrBytes};

fn encoded<M: Encodable>(version: i16, message: &M) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    message.encode(&mut bytes, version).unwrap();
    bytes.to_vec()
}

fn walk(schema: &'static MessageSchema, version: i16, bytes: &[u8]) -> Result<(), GuardError> {
    check_whole(schema, version, bytes, Limits::default())
}

fn fetch_response(version: i16, bytes: &[u8]) -> Result<(), GuardError> {
    walk(schema::response(ApiKey::Fetch), version, bytes)
}

fn metadata_request(version: i16, bytes: &[u8]) -> GuardError {
    walk(schema::request(ApiKey::Metadata), version, bytes).unwrap_err()
}

fn of_records(records: &'static [u8]) -> FetchResponse {
    let topic = |records: Option<Bytes>| {
        FetchableTopicResponse::default()
            .with_partitions(vec![PartitionData::default().with_records(records)])
    };
    FetchResponse::default().with_responses(vec![
        topic(None),
        topic(None),
        topic(Some(Bytes::from_static(records))),
    ])
}

#[test]
fn a_length_beyond_the_end_is_told_by_message_version_path_and_offset() {
    let sound = encoded(16, &of_records(&[7; 4096]));
    let length_at = sound.len() - 3 - 4096 - 2;
    assert_eq!(sound[length_at..length_at + 2], [0x81, 0x20], "4096 + 1");
    fetch_response(16, &sound).unwrap();
    let mut torn = sound[..length_at].to_vec();
    torn.extend_from_slice(&[0xac, 0xca, 0x31]);
    torn.extend_from_slice(&sound[length_at + 2..sound.len() - 3]);
    let error = fetch_response(16, &torn).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "FetchResponse v16 responses[2].partitions[0].records: \
             length 812331 exceeds the 4096 bytes left (at byte {length_at})"
        ),
    );
    assert_eq!(error.message(), "FetchResponse");
    assert_eq!(error.version(), 16);
    assert_eq!(error.path(), "responses[2].partitions[0].records");
    assert_eq!(error.offset(), length_at);
    assert_eq!(error.fault(), &Fault::Length { length: 812_331, left: 4096 });
}

#[test]
fn a_message_cut_anywhere_is_an_error_that_lies_within_what_is_left() {
    let partition = PartitionData::default()
        .with_aborted_transactions(Some(vec![AbortedTransaction::default()]))
        .with_diverging_epoch(EpochEndOffset::default().with_epoch(3))
        .with_records(Some(Bytes::from_static(b"records")));
    let topic = FetchableTopicResponse::default().with_partitions(vec![partition]);
    let message = FetchResponse::default().with_responses(vec![topic]);
    for version in [4, 11, 12, 18] {
        let message = if version < 12 {
            let mut message = message.clone();
            message.responses[0].partitions[0].diverging_epoch = EpochEndOffset::default();
            message
        } else {
            message.clone()
        };
        let sound = encoded(version, &message);
        fetch_response(version, &sound).unwrap();
        for length in 0..sound.len() {
            let error = fetch_response(version, &sound[..length]).unwrap_err();
            assert!(error.offset() <= length, "{error}");
        }
    }
}

#[test]
fn a_cut_among_fields_of_fixed_sizes_names_the_one_it_goes_through() {
    let sound = encoded(12, &of_records(b""));
    // Throttle time, error code, session id.
    for (length, path, offset, left) in
        [(3, "throttle_time_ms", 0, 3), (5, "error_code", 4, 1), (6, "session_id", 6, 0)]
    {
        let error = fetch_response(12, &sound[..length]).unwrap_err();
        assert_eq!((error.path(), error.offset()), (path, offset), "{error}");
        assert!(matches!(error.fault(), Fault::Short { left: l, .. } if *l == left), "{error}");
    }
}

#[test]
fn a_count_is_held_against_the_least_bytes_of_its_elements() {
    let error = metadata_request(1, &[0, 0, 0, 4, 0, 1, b'a', 0, 1, b'b']);
    assert_eq!(
        error.to_string(),
        "MetadataRequest v1 topics: 4 elements need at least 8 bytes, 6 are left (at byte 0)",
    );
    // 2^32 - 2 elements of at least a byte.
    let error = metadata_request(9, &[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]);
    assert!(matches!(error.fault(), Fault::Count { count: 0xffff_fffe, .. }), "{error}");
}

#[test]
fn a_negative_length_is_an_error_unless_it_is_the_one_of_null() {
    let error = metadata_request(1, &(-2_i32).to_be_bytes());
    assert_eq!(error.to_string(), "MetadataRequest v1 topics: -2 is negative (at byte 0)");
    let null = (-1_i32).to_be_bytes();
    assert!(walk(schema::request(ApiKey::Metadata), 1, &null).is_ok());
    let error = metadata_request(0, &null);
    assert_eq!(
        error.to_string(),
        "MetadataRequest v0 topics: is null, which it may not be in this version (at byte 0)",
    );
    let error = metadata_request(1, &[0, 0, 0, 1, 0xff, 0xff]);
    assert_eq!((error.path(), error.offset()), ("topics[0].name", 4));
    assert_eq!(error.fault(), &Fault::Null);
}

#[test]
fn a_string_has_to_be_utf8() {
    let error = metadata_request(1, &[0, 0, 0, 1, 0, 3, b'a', 0xff, b'b']);
    assert_eq!(
        error.to_string(),
        "MetadataRequest v1 topics[0].name: is not UTF-8 from byte 1 of its 3 on (at byte 4)",
    );
}

#[test]
fn a_variable_length_integer_has_at_most_32_bits() {
    let error = metadata_request(9, &[0xff, 0xff, 0xff, 0xff, 0x1f, 0, 0, 0]);
    assert_eq!((error.path(), error.fault()), ("topics", &Fault::Varint));
    let error = metadata_request(9, &[0xff, 0xff]);
    assert_eq!(error.fault(), &Fault::Short { needed: 3, left: 2 });
    // Longer than need be: Kafka reads it.
    assert!(walk(schema::request(ApiKey::Metadata), 9, &[0x80, 0x00, 0, 0, 0, 0x80, 0]).is_ok());
}

#[test]
fn the_marker_of_a_struct_is_one_or_minus_one() {
    let schema = schema::response(ApiKey::ConsumerGroupHeartbeat);
    let null = encoded(0, &ConsumerGroupHeartbeatResponse::default());
    let some =
        ConsumerGroupHeartbeatResponse::default().with_assignment(Some(Assignment::default()));
    let some = encoded(0, &some);
    walk(schema, 0, &null).unwrap();
    walk(schema, 0, &some).unwrap();
    let marker = null.len() - 2;
    assert_eq!((null[marker], some[marker]), (0xff, 1));
    for (value, shown) in [(0, "0"), (2, "2"), (0xfe, "-2")] {
        let mut bytes = some.clone();
        bytes[marker] = value;
        let error = walk(schema, 0, &bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "ConsumerGroupHeartbeatResponse v0 assignment: marker {shown} is neither 1 for a \
                 value nor -1 for null (at byte {marker})"
            ),
        );
    }
}

/// A fetch response without topics, and these tagged fields.
fn with_tags(tags: &[u8]) -> Vec<u8> {
    let mut bytes = encoded(16, &FetchResponse::default());
    bytes.pop();
    bytes.extend_from_slice(tags);
    bytes
}

#[test]
fn tags_ascend_and_are_not_too_large() {
    fetch_response(16, &with_tags(&[2, 5, 1, b'x', 6, 0])).unwrap();
    for (tags, expected) in [
        (&[2, 6, 0, 5, 0][..], Fault::TagOrder { tag: 5, previous: 6 }),
        (&[2, 6, 0, 6, 0], Fault::TagOrder { tag: 6, previous: 6 }),
        (&[1, 0x80, 0x80, 0x80, 0x80, 0x08, 0], Fault::TagNumber { tag: 1 << 31 }),
        (&[1, 5, 3, b'x'], Fault::Length { length: 3, left: 1 }),
        (&[3, 5, 0], Fault::Count { count: 3, needed: 6, left: 2 }),
    ] {
        let error = fetch_response(16, &with_tags(tags)).unwrap_err();
        assert_eq!(error.fault(), &expected, "{error}");
    }
    fetch_response(16, &with_tags(&[1, 0xff, 0xff, 0xff, 0xff, 0x07, 0])).unwrap();
}

#[test]
fn a_known_tagged_field_is_as_long_as_its_size_says() {
    // `node_endpoints` is tag 0: an array without elements is one byte.
    fetch_response(16, &with_tags(&[1, 0, 1, 1])).unwrap();
    let error = fetch_response(16, &with_tags(&[1, 0, 2, 1, 1])).unwrap_err();
    assert_eq!(error.path(), "node_endpoints");
    assert_eq!(error.fault(), &Fault::TagSize { tag: 0, size: 2, used: 1 });
    // The size ends inside of it, although the message goes on.
    let error = fetch_response(16, &with_tags(&[2, 0, 1, 2, 9, 0])).unwrap_err();
    assert_eq!(error.path(), "node_endpoints");
    assert!(matches!(error.fault(), Fault::Count { count: 1, left: 0, .. }), "{error}");
    let before = with_tags(&[]).len();
    assert_eq!(error.offset(), before + 3);
}

#[test]
fn what_follows_a_tagged_field_is_walked_over_too() {
    let error = fetch_response(16, &with_tags(&[2, 0, 1, 1, 5, 7])).unwrap_err();
    assert_eq!(error.fault(), &Fault::Length { length: 7, left: 0 });
    assert_eq!(error.offset(), with_tags(&[]).len() + 4);
}

#[test]
fn a_known_tag_is_an_error_in_a_version_without_it() {
    let mut bytes = encoded(15, &FetchResponse::default());
    bytes.pop();
    bytes.extend_from_slice(&[1, 0, 1, 1]);
    let error = fetch_response(15, &bytes).unwrap_err();
    assert_eq!(error.fault(), &Fault::TagVersion { tag: 0 });
}

#[test]
fn what_follows_the_message_is_told() {
    let mut bytes = encoded(12, &MetadataRequest::default());
    let length = bytes.len();
    bytes.put_slice(b"abc");
    let schema = schema::request(ApiKey::Metadata);
    assert_eq!(check(schema, 12, &bytes, Limits::default()), Ok(length));
    let error = check_whole(schema, 12, &bytes, Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("MetadataRequest v12: 3 bytes follow that do not belong to it (at byte {length})"),
    );
}

#[test]
fn a_version_that_cannot_be_read_is_told_with_those_that_can() {
    for version in [-1, 14, i16::MIN, i16::MAX] {
        let error = metadata_request(version, &[]);
        assert_eq!(error.fault(), &Fault::UnknownVersion { min: 0, max: 13 });
    }
}

#[test]
fn unknown_tagged_fields_take_memory_that_is_bounded() {
    // A struct of five bytes that takes more than a hundred times as much when decoded.
    let count = 20_000;
    let mut bytes = BytesMut::new();
    bytes.put_slice(&[0xa1, 0x9c, 0x01]);
    for _ in 0..count {
        bytes.put_slice(&[0; 16]);
        bytes.put_slice(&[0, 1, 9, 0]);
    }
    bytes.put_slice(&[0, 0, 0]);
    let schema = schema::request(ApiKey::Metadata);
    let error = walk(schema, 12, &bytes).unwrap_err();
    assert!(matches!(error.fault(), Fault::Memory { .. }), "{error}");
    assert!(error.to_string().contains("bytes of memory are needed"), "{error}");
    check_whole(schema, 12, &bytes, Limits::with_fixed(16 << 20)).unwrap();
}

#[test]
fn what_is_large_decoded_and_small_on_the_wire_is_refused_by_its_count() {
    // Names of no bytes: one byte each on the wire, and 32 decoded.
    let walk_over = |count: u32| {
        let mut bytes = BytesMut::from(&[0x80, 0x80, 0x80, 0x80, 0][..]);
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte |= ((count + 1) >> (7 * index)) as u8 & 0x7f;
        }
        bytes.put_bytes(1, count as usize);
        bytes.put_slice(&[0, 0]);
        walk(schema::request(ApiKey::DescribeGroups), 5, &bytes)
    };
    walk_over(50_000).unwrap();
    let error = walk_over(100_000).unwrap_err();
    assert_eq!((error.path(), error.offset()), ("groups", 0));
    assert!(matches!(error.fault(), Fault::Memory { needed: 3_200_000, .. }), "{error}");
}

#[test]
fn the_path_goes_through_as_many_levels_as_there_are() {
    let partition = MetadataResponsePartition::default();
    let topic = MetadataResponseTopic::default()
        .with_name(Some(crate::messages::TopicName(StrBytes::from_static_str("t"))))
        .with_partitions(vec![partition; 3]);
    let message = MetadataResponse::default().with_topics(vec![topic; 2]);
    let sound = encoded(12, &message);
    // From the end: tags, the topic's operations, its tags; then the last partition's tags and
    // three arrays.
    let isr = sound.len() - 1 - 5 - 1 - 2;
    let mut bytes = sound.clone();
    bytes[isr] = 9;
    let error = walk(schema::response(ApiKey::Metadata), 12, &bytes).unwrap_err();
    assert_eq!(
        (error.path(), error.offset()),
        ("topics[1].partitions[2].isr_nodes", isr),
        "{error}"
    );
}

#[test]
fn an_element_takes_at_least_a_byte_in_every_message() {
    fn look_at(what: &What, name: &str) {
        match what {
            What::Array { element, .. } => {
                assert!(element.what.least() > 0, "{name}: its counts would be without bound");
                look_at(&element.what, name);
            }
            What::Struct { plan, .. } | What::TaggedStruct { plan } => look_into(plan, name),
            What::Fixed { .. } | What::Text { .. } | What::Bytes { .. } => {}
        }
    }
    fn look_into(plan: &Plan, name: &str) {
        let tagged = plan.tags.iter().flatten().filter_map(|tag| tag.step.as_ref());
        for step in plan.steps.iter().chain(tagged) {
            look_at(&step.what, name);
        }
    }
    for schema in schema::all() {
        for version in schema.versions.min..=schema.versions.max {
            look_into(schema.plan(version).unwrap(), schema.name);
        }
    }
}

#[test]
fn a_message_that_states_another_version_is_refused() {
    // The decoder of `LeaderChangeMessage` would go on in version 1, where voters have more fields.
    let message = crate::messages::LeaderChangeMessage::default();
    let sound = encoded(0, &message.clone().with_version(0));
    walk(&schema::LEADER_CHANGE_MESSAGE, 0, &sound).unwrap();
    let error = walk(&schema::LEADER_CHANGE_MESSAGE, 0, &encoded(0, &message.with_version(1)));
    assert_eq!(
        error.unwrap_err().to_string(),
        "LeaderChangeMessage v0 version: says that the message is of version 1 (at byte 0)",
    );
}

#[test]
fn decoded_elements_are_no_larger_than_what_is_counted_for_them() {
    use crate::schema::sizes::SIZES;
    use crate::schema::{Field, Kind};

    fn find(fields: &'static [Field], path: &str) -> &'static Kind {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let field = fields.iter().find(|field| field.name == name).unwrap();
        let kind = match &field.kind {
            Kind::Array(element) => element,
            kind => kind,
        };
        match kind {
            Kind::Struct(fields) if !rest.is_empty() => find(fields, rest),
            kind => kind,
        }
    }
    assert!(SIZES.len() > 250, "{}", SIZES.len());
    for &(message, path, size) in SIZES {
        let schema = schema::all().iter().find(|schema| schema.name == message).unwrap();
        let counted = super::footprint::of_kind(find(schema.fields, path));
        assert!(size <= counted, "{message} {path} is {size}, counted as {counted}");
        assert!(counted <= 2 * size + 48, "{message} {path} is {size}, counted as {counted}");
    }
}
