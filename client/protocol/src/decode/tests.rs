use bytes::{BufMut, BytesMut};

use super::*;
use crate::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use crate::messages::metadata_request::MetadataRequestTopic;
use crate::messages::{
    DescribeGroupsRequest, FetchRequest, FetchResponse, MetadataRequest, MetadataResponse,
    ProduceRequest, ResponseKind,
};
use crate::{Encodable, StrBytes, request, response};

fn frame_of<R: Request>(version: i16, message: &R) -> Bytes {
    let id = StrBytes::from_static_str("tests");
    let frame = request::encode(5, version, Some(&id), message).unwrap().to_bytes();
    frame.slice(4..)
}

fn body_of<M: Encodable>(version: i16, message: &M) -> Bytes {
    let mut body = BytesMut::new();
    message.encode(&mut body, version).unwrap();
    body.freeze()
}

#[test]
fn a_request_comes_back_with_its_header() {
    let topic = MetadataRequestTopic::default()
        .with_name(Some(crate::ids::TopicName::new("orders").unwrap().to_wire()));
    let message = MetadataRequest::default().with_topics(Some(vec![topic]));
    for version in 0..=13 {
        let decoded = request(frame_of(version, &message)).unwrap();
        assert_eq!((decoded.key, decoded.version), (ApiKey::Metadata, version));
        assert_eq!(decoded.header.correlation_id, 5);
        assert_eq!(decoded.header.client_id.as_deref(), Some("tests"));
        let RequestKind::Metadata(body) = decoded.body else { panic!("another request") };
        assert_eq!(body.topics, message.topics);
    }
}

#[test]
fn a_frame_shorter_than_any_header_is_an_error() {
    let frame = frame_of(12, &MetadataRequest::default());
    for length in 0..8 {
        let error = request(frame.slice(..length)).unwrap_err();
        assert_eq!(error, DecodeError::ShortHeader { needed: 8, length });
    }
    for length in 0..4 {
        let error = response_header(ApiKey::Fetch, 12, &mut frame.slice(..length)).unwrap_err();
        assert_eq!(error, DecodeError::ShortHeader { needed: 4, length });
    }
}

#[test]
fn a_frame_cut_anywhere_is_an_error_and_never_a_panic() {
    let topic = MetadataRequestTopic::default();
    let message = MetadataRequest::default().with_topics(Some(vec![topic]));
    for version in [0, 8, 9, 12] {
        let frame = frame_of(version, &message);
        for length in 0..frame.len() {
            assert!(request(frame.slice(..length)).is_err(), "v{version}, {length} bytes");
        }
    }
}

#[test]
fn an_unknown_api_is_told_by_key() {
    let frame = Bytes::from_static(&[0x7f, 0xff, 0, 3, 0, 0, 0, 9, 0xff, 0xff]);
    let expected = DecodeError::UnknownApiKey { key: 0x7fff, version: 3, correlation_id: 9 };
    assert_eq!(request(frame), Err(expected));
}

#[test]
fn api_versions_of_a_version_too_new_still_yields_its_header() {
    let mut frame = frame_of(4, &ApiVersionsRequest::default()).to_vec();
    frame[2..4].copy_from_slice(&99_i16.to_be_bytes());
    let error = request(Bytes::from(frame)).unwrap_err();
    let DecodeError::UnsupportedVersion { key, version, header } = error else {
        panic!("{error}");
    };
    assert_eq!((key, version, header.correlation_id), (ApiKey::ApiVersions, 99, 5));
    assert_eq!(header.client_id.as_deref(), Some("tests"));
}

#[test]
fn bytes_behind_a_request_are_ignored() {
    let mut frame = frame_of(12, &MetadataRequest::default()).to_vec();
    frame.extend_from_slice(b"more");
    assert!(request(Bytes::from(frame)).is_ok());
}

#[test]
fn bytes_behind_a_response_are_an_error() {
    let mut body = body_of(12, &MetadataResponse::default()).to_vec();
    assert!(response::<MetadataRequest>(12, Bytes::from(body.clone())).is_ok());
    body.push(0);
    let error = response::<MetadataRequest>(12, Bytes::from(body)).unwrap_err();
    assert!(error.to_string().contains("1 bytes follow"), "{error}");
}

#[test]
fn the_header_of_a_response_is_taken_off() {
    for version in [8, 9] {
        let kind = ResponseKind::Metadata(MetadataResponse::default());
        let frame = response::encode(ApiKey::Metadata, version, 77, &kind).unwrap();
        let mut frame = frame.slice(4..);
        let header = response_header(ApiKey::Metadata, version, &mut frame);
        assert_eq!(header, Ok(77));
        assert!(response::<MetadataRequest>(version, frame).is_ok());
    }
}

#[test]
fn an_unsupported_api_versions_answer_is_read_in_version_zero() {
    let answer =
        ApiVersionsResponse::default().with_error_code(ErrorCode::UNSUPPORTED_VERSION.get());
    let decoded = api_versions_response(4, body_of(0, &answer)).unwrap();
    assert_eq!(decoded.error_code, ErrorCode::UNSUPPORTED_VERSION.get());
    let answer = ApiVersionsResponse::default();
    assert_eq!(api_versions_response(4, body_of(4, &answer)), Ok(answer));
}

#[test]
fn counts_that_would_take_the_memory_of_the_process_are_refused() {
    // Each of these makes a generated decoder ask for more than 100 GiB at once.
    let flexible = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
    let error = response::<ProduceRequest>(13, flexible).unwrap_err();
    assert!(error.to_string().contains("elements"), "{error}");

    let classic = Bytes::from_static(&[0x7f, 0xff, 0xff, 0xff]);
    assert!(response::<ProduceRequest>(3, classic.clone()).is_err());
    let padded = [&classic[..], &[0; 64]].concat();
    assert!(response::<ProduceRequest>(3, Bytes::from(padded)).is_err());

    let mut frame = frame_of(1, &MetadataRequest::default().with_topics(Some(Vec::new()))).to_vec();
    let count = frame.len() - 4;
    frame[count..].copy_from_slice(&i32::MAX.to_be_bytes());
    assert!(request(Bytes::from(frame.clone())).is_err());
    frame.extend_from_slice(&[0; 64]);
    let error = request(Bytes::from(frame)).unwrap_err();
    assert!(error.to_string().contains("elements"), "{error}");
}

#[test]
fn a_variable_length_integer_of_more_than_32_bits_is_refused() {
    let bytes = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0]);
    let error = response::<ProduceRequest>(13, bytes).unwrap_err();
    assert!(error.to_string().contains("32 bits"), "{error}");
}

#[test]
fn large_records_pass_at_every_version_without_a_copy() {
    for size in [10, 100_000, 3_000_000] {
        let records = Bytes::from(vec![7; size]);
        let partition = PartitionData::default().with_records(Some(records.clone()));
        let topic = FetchableTopicResponse::default().with_partitions(vec![partition]);
        let message = FetchResponse::default()
            .with_session_id(i32::MAX)
            .with_responses(vec![topic.clone(), topic]);
        for version in 4..=18 {
            let message =
                if version < 7 { message.clone().with_session_id(0) } else { message.clone() };
            let body = body_of(version, &message);
            let around = body.as_ptr_range();
            let decoded = response::<FetchRequest>(version, body).unwrap();
            let found = decoded.responses[1].partitions[0].records.as_ref().unwrap();
            assert_eq!(found, &records);
            assert!(around.contains(&found.as_ptr()), "v{version} copied the records");
        }
    }
}

#[test]
fn numbers_that_are_no_counts_pass_however_large() {
    for version in 4..=18 {
        let message = FetchRequest::default()
            .with_replica_id(crate::messages::BrokerId(-1))
            .with_max_wait_ms(i32::MAX)
            .with_min_bytes(i32::MAX)
            .with_max_bytes(i32::MAX);
        let decoded = request(frame_of(version, &message)).unwrap();
        let RequestKind::Fetch(body) = decoded.body else { panic!("another request") };
        assert_eq!((body.max_wait_ms, body.max_bytes), (i32::MAX, i32::MAX), "v{version}");
    }
}

#[test]
fn many_small_elements_pass() {
    let topics = (0..100_000).map(|_| {
        MetadataRequestTopic::default()
            .with_name(Some(messages::TopicName(StrBytes::from_static_str("orders-of-today"))))
    });
    let message = MetadataRequest::default().with_topics(Some(topics.collect()));
    for version in [4, 8, 9, 12] {
        let decoded = request(frame_of(version, &message)).unwrap();
        assert_eq!(decoded.body, RequestKind::Metadata(message.clone()), "v{version}");
    }
}

#[test]
fn a_message_alone_is_taken_off_its_bytes() {
    let marker = messages::EndTxnMarker::default().with_coordinator_epoch(3);
    let mut bytes = BytesMut::from(&body_of(0, &marker)[..]);
    bytes.put_u8(9);
    let mut bytes = bytes.freeze();
    assert_eq!(message::<messages::EndTxnMarker>(0, &mut bytes), Ok(marker));
    assert_eq!(&bytes[..], [9]);
    assert!(message::<messages::EndTxnMarker>(0, &mut bytes).is_err());
    assert_eq!(&bytes[..], [9]);
}

#[test]
fn a_malformed_header_names_the_api_and_the_field() {
    let mut frame = frame_of(12, &MetadataRequest::default()).to_vec();
    // The length of the client id.
    frame[8..10].copy_from_slice(&300_i16.to_be_bytes());
    let error = request(Bytes::from(frame)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(
            "malformed header of Metadata v12: RequestHeader v2 client_id: length 300 exceeds the "
        ),
        "{text}",
    );
}

#[test]
fn a_malformed_body_names_the_message_and_the_field() {
    let body = body_of(12, &MetadataResponse::default());
    let error = response::<MetadataRequest>(12, body.slice(..3)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "malformed MetadataResponse v12 throttle_time_ms: 4 bytes are needed, 3 are left \
         (at byte 0)",
    );
}

#[test]
fn limits_of_ones_own_bound_the_memory_of_a_message() {
    let names = (0..1000).map(|_| MetadataRequestTopic::default().with_name(None));
    let message = MetadataRequest::default().with_topics(Some(names.collect()));
    let frame = frame_of(12, &message);
    assert!(request(frame.clone()).is_ok());
    assert!(request_within(frame, Limits::with_fixed(0)).is_ok(), "18 bytes each on the wire");
    // A byte each on the wire, and 32 decoded.
    let groups = vec![crate::messages::GroupId(StrBytes::default()); 1000];
    let frame = frame_of(5, &DescribeGroupsRequest::default().with_groups(groups));
    assert!(request(frame.clone()).is_ok());
    let error = request_within(frame, Limits::with_fixed(0)).unwrap_err();
    assert!(error.to_string().contains("32000 bytes of memory are needed"), "{error}");
}

proptest::proptest! {
    #[test]
    fn garbage_is_an_error_or_a_message_and_never_a_panic(
        key in 0_i16..92, version in 0_i16..20, bytes: Vec<u8>,
    ) {
        let mut frame = BytesMut::new();
        frame.put_i16(key);
        frame.put_i16(version);
        frame.put_i32(1);
        frame.put_slice(&bytes);
        let _ = request(frame.freeze());
        let bytes = Bytes::from(bytes);
        let _ = response::<FetchRequest>(version, bytes.clone());
        let _ = response::<MetadataRequest>(version, bytes.clone());
        let _ = response::<ProduceRequest>(version, bytes);
    }
}
