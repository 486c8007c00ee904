//! What clients are answered.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, TopicId};
use milena_protocol::messages::create_topics_request::CreatableTopic;
use milena_protocol::messages::delete_topics_request::DeleteTopicState;
use milena_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use milena_protocol::messages::metadata_request::MetadataRequestTopic;
use milena_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use milena_protocol::messages::{BrokerId as WireBrokerId, *};
use milena_protocol::records;

use crate::cluster::testing::*;
use crate::cluster::{CloseCause, Input, Node, Operation};
use crate::config::{ClusterConfig, TopicSpec};
use crate::log::batch_tests::produced;

fn one() -> Harness {
    let mut harness = Harness::new(1);
    harness.create_on("orders", &[1]);
    harness
}

fn values(data: &fetch_response::PartitionData) -> Vec<String> {
    records::batches(data.records.clone().unwrap())
        .flat_map(|batch| {
            let batch = batch.unwrap();
            batch
                .records()
                .unwrap()
                .map(|record| String::from_utf8(record.unwrap().value.unwrap().to_vec()).unwrap())
                .collect::<Vec<_>>()
        })
        .collect()
}

// ApiVersions

#[test]
fn api_versions_lists_what_is_served_and_produce_from_zero() {
    let mut harness = Harness::new(1);
    let connection = harness.connect(1);
    let request = ApiVersionsRequest::default()
        .with_client_software_name(StrBytes::from_static_str("milena"))
        .with_client_software_version(StrBytes::from_static_str("0.1.0"));
    let response = harness.ask(connection, 4, &request);
    assert_eq!(response.error_code, 0);
    let range = |key: ApiKey| {
        let found = response.api_keys.iter().find(|api| api.api_key == key as i16)?;
        Some((found.min_version, found.max_version))
    };
    assert_eq!(range(ApiKey::Produce), Some((0, 13)));
    assert_eq!(range(ApiKey::Fetch), Some((4, 18)));
    assert_eq!(range(ApiKey::ListOffsets), Some((1, 10)));
    assert_eq!(range(ApiKey::JoinGroup), None);
}

#[test]
fn a_version_of_api_versions_from_the_future_is_answered_in_version_zero() {
    let mut harness = Harness::new(1);
    let connection = harness.connect(1);
    let frame = Bytes::from_static(&[0, 18, 0, 99, 0, 0, 0, 5, 0xff, 0xff, 0]);
    harness.step(Input::Frame { connection, frame });
    let sent = harness.pretend_sent(connection, 5, 0);
    let response = harness.answer::<ApiVersionsRequest>(sent).unwrap();
    assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION.0);
    assert_eq!(response.api_keys.len(), 1);
    assert_eq!(response.api_keys[0].api_key, 18);
}

#[test]
fn what_is_not_served_closes_the_connection() {
    let mut harness = Harness::new(1);
    for (key, version) in [(0, 2), (1, 3), (11, 5), (999, 0)] {
        let connection = harness.connect(1);
        let [k, v] = [i16::to_be_bytes(key), i16::to_be_bytes(version)];
        let frame = [&k[..], &v, &[0, 0, 0, 1, 0xff, 0xff]].concat();
        harness.step(Input::Frame { connection, frame: frame.into() });
        assert_eq!(harness.closed[&connection].cause, CloseCause::NotServed { key, version });
    }
}

// Metadata

fn ask_metadata(
    harness: &mut Harness,
    version: i16,
    names: &[&str],
    create: bool,
) -> MetadataResponse {
    let topics = names
        .iter()
        .map(|name| MetadataRequestTopic::default().with_name(Some(topic_name(name))))
        .collect();
    let request =
        MetadataRequest::default().with_topics(Some(topics)).with_allow_auto_topic_creation(create);
    let connection = harness.connect(1);
    harness.ask(connection, version, &request)
}

#[test]
fn a_topic_is_created_by_asking_for_it_but_only_told_the_next_time() {
    let mut harness = Harness::new(1);
    let first = ask_metadata(&mut harness, 12, &["orders", "no good"], true);
    let codes: Vec<_> = first.topics.iter().map(|topic| topic.error_code).collect();
    assert_eq!(
        codes,
        [ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0, ErrorCode::INVALID_TOPIC_EXCEPTION.0]
    );
    let second = ask_metadata(&mut harness, 12, &["orders"], true);
    assert_eq!(second.topics[0].error_code, 0);
    assert_eq!(second.topics[0].partitions.len(), 1);
}

#[test]
fn a_topic_is_not_created_when_either_side_forbids_it() {
    let mut harness = Harness::new(1);
    ask_metadata(&mut harness, 12, &["orders"], false);
    assert_eq!(harness.cluster.topics().len(), 0);
    let mut config = ClusterConfig::with_brokers(1);
    config.auto_create_topics = false;
    let mut harness = Harness::with(config);
    ask_metadata(&mut harness, 12, &["orders"], true);
    assert_eq!(harness.cluster.topics().len(), 0);
}

#[test]
fn metadata_is_asked_by_name_by_id_or_for_everything() {
    let mut harness = one();
    harness.create_on("bills", &[1]);
    let id = harness.cluster.topic("orders").unwrap().id;
    let connection = harness.connect(1);
    let all = harness.ask(connection, 12, &MetadataRequest::default().with_topics(None));
    assert_eq!(all.topics.len(), 2);
    let by_id = |id: TopicId| {
        let topic = MetadataRequestTopic::default().with_name(None).with_topic_id(id.0);
        MetadataRequest::default().with_topics(Some(vec![topic]))
    };
    let known = harness.ask(connection, 12, &by_id(id));
    assert_eq!(known.topics[0].name, Some(topic_name("orders")));
    let unknown = harness.ask(connection, 12, &by_id(TopicId(uuid::Uuid::max())));
    assert_eq!(unknown.topics[0].error_code, ErrorCode::UNKNOWN_TOPIC_ID.0);
    let none = harness.ask(connection, 12, &MetadataRequest::default().with_topics(Some(vec![])));
    assert_eq!((none.topics.len(), none.brokers.len()), (0, 1));
    let oldest = harness.ask(connection, 0, &MetadataRequest::default().with_topics(Some(vec![])));
    assert_eq!(oldest.topics.len(), 2);
}

// Produce

#[test]
fn acks_are_minus_one_zero_or_one() {
    let mut harness = one();
    let connection = harness.connect(1);
    for acks in [-2, 2] {
        let told = harness.produce(connection, "orders", acks, &["a"]);
        assert_eq!(told.error_code, ErrorCode::INVALID_REQUIRED_ACKS.0);
    }
    assert_eq!(harness.ends("orders"), [(0, 0)]);
}

#[test]
fn acks_zero_gets_no_answer_and_an_error_closes_the_connection() {
    let mut harness = one();
    let connection = harness.connect(1);
    let sent = harness.send_produce(connection, "orders", 0, &["a"]);
    assert!(harness.produced(sent).is_none());
    assert_eq!(harness.ends("orders"), [(1, 1)]);
    assert_eq!(harness.produce(connection, "orders", 1, &["b"]).base_offset, 1);
    harness.send_produce(connection, "nothing", 0, &["a"]);
    assert!(matches!(
        harness.closed[&connection].cause,
        CloseCause::UnacknowledgedProduce { code: 3, .. }
    ));
}

#[test]
fn records_that_are_null_are_never_answered() {
    let mut harness = one();
    let connection = harness.connect(1);
    let mut request = produce_request("orders", 1, Bytes::new());
    request.topic_data[0].partition_data[0].records = None;
    let sent = harness.send(connection, PRODUCE, &request);
    assert!(harness.produced(sent).is_none());
    assert!(!harness.closed.contains_key(&connection));
}

#[test]
fn a_produce_to_a_follower_is_told_who_leads() {
    let mut harness = Harness::new(3);
    harness.create_on("orders", &[2, 1, 3]);
    let connection = harness.connect(1);
    let request = produce_request("orders", 1, produced(-1, -1, -1, &["a"], 0));
    let response = harness.ask(connection, PRODUCE, &request);
    let told = &response.responses[0].partition_responses[0];
    assert_eq!(told.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER.0);
    assert_eq!((told.current_leader.leader_id.0, told.current_leader.leader_epoch), (2, 0));
    assert_eq!(response.node_endpoints[0].node_id.0, 2);
    assert_eq!(response.node_endpoints[0].port, 9093);
    let old = harness.ask(connection, 9, &request);
    assert!(old.node_endpoints.is_empty());
}

#[test]
fn topics_are_named_by_id_since_produce_13() {
    let mut harness = one();
    let connection = harness.connect(1);
    let id = harness.cluster.topic("orders").unwrap().id;
    let mut request = produce_request("", 1, produced(-1, -1, -1, &["a"], 0));
    let mut code = |id: uuid::Uuid, index: i32| {
        request.topic_data[0].topic_id = id;
        request.topic_data[0].partition_data[0].index = index;
        let response = harness.ask(connection, 13, &request);
        response.responses[0].partition_responses[0].error_code
    };
    assert_eq!(code(id.0, 0), 0);
    assert_eq!(code(id.0, 7), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0);
    assert_eq!(code(uuid::Uuid::nil(), 0), ErrorCode::UNKNOWN_TOPIC_ID.0);
    assert_eq!(code(uuid::Uuid::max(), 0), ErrorCode::UNKNOWN_TOPIC_ID.0);
}

#[test]
fn a_partition_named_twice_in_a_produce_counts_once_as_named_last() {
    let mut harness = one();
    let connection = harness.connect(1);
    let mut request = produce_request("orders", 1, produced(-1, -1, -1, &["first"], 0));
    let again = produce_request("orders", 1, produced(-1, -1, -1, &["last"], 0));
    request.topic_data.extend(again.topic_data);
    let response = harness.ask(connection, PRODUCE, &request);
    let answers: usize =
        response.responses.iter().map(|topic| topic.partition_responses.len()).sum();
    assert_eq!(answers, 1);
    let reader = harness.connect(1);
    assert_eq!(values(&harness.fetch(reader, "orders", 0)), ["last"]);
}

#[test]
fn a_transactional_batch_needs_a_transactional_id_and_then_a_coordinator() {
    let mut harness = one();
    let connection = harness.connect(1);
    let mut builder = records::BatchBuilder::new(64);
    builder.append(0, None, Some(b"v"), records::NO_HEADERS).unwrap();
    let stamp = records::Stamp {
        producer_id: milena_protocol::ids::ProducerId(1),
        producer_epoch: milena_protocol::ids::ProducerEpoch(0),
        base_sequence: milena_protocol::ids::Sequence(0),
        kind: records::BatchKind::Transactional,
    };
    let stamped = builder.seal().stamp(&stamp);
    let mut batch = BytesMut::from(&stamped.header[..]);
    batch.extend_from_slice(&stamped.payload);
    let mut request = produce_request("orders", -1, batch.freeze());
    let mut code = |request: &ProduceRequest| {
        let response = harness.ask(connection, 11, request);
        response.responses[0].partition_responses[0].error_code
    };
    assert_eq!(code(&request), ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED.0);
    request.transactional_id = Some(TransactionalId("billing".into()));
    assert_eq!(code(&request), ErrorCode::NOT_ENOUGH_REPLICAS.0);
}

#[test]
fn append_time_is_told_where_the_topic_asks_for_it() {
    let mut harness = Harness::new(1);
    harness.create(on("orders", &[1]).config("message.timestamp.type", "LogAppendTime"));
    let connection = harness.connect(1);
    let told = harness.produce(connection, "orders", 1, &["a"]);
    assert_eq!(told.log_append_time_ms, harness.cluster.config().epoch_millis);
    harness.create_on("bills", &[1]);
    assert_eq!(harness.produce(connection, "bills", 1, &["a"]).log_append_time_ms, -1);
}

// Fetch

#[test]
fn a_fetch_waits_for_its_min_bytes_or_its_max_wait() {
    let mut harness = one();
    let (reader, writer) = (harness.connect(1), harness.connect(1));
    let request = fetch_request("orders", 0).with_min_bytes(150);
    let waiting = harness.send(reader, FETCH, &request);
    harness.produce(writer, "orders", 1, &["a"]);
    assert!(harness.answer::<FetchRequest>(waiting).is_none());
    harness.produce(writer, "orders", 1, &["b"]);
    harness.produce(writer, "orders", 1, &["c"]);
    let answer = harness.answer::<FetchRequest>(waiting).unwrap();
    assert_eq!(values(&answer.responses[0].partitions[0]), ["a", "b", "c"]);
    let waiting = harness.send(reader, FETCH, &fetch_request("orders", 3).with_max_wait_ms(200));
    harness.advance_millis(199);
    assert!(harness.answer::<FetchRequest>(waiting).is_none());
    harness.advance_millis(1);
    let answer = harness.answer::<FetchRequest>(waiting).unwrap();
    assert!(values(&answer.responses[0].partitions[0]).is_empty());
}

#[test]
fn the_first_batch_is_given_however_large_it_is() {
    let mut harness = one();
    let connection = harness.connect(1);
    for value in ["first", "second"] {
        harness.produce(connection, "orders", 1, &[value]);
    }
    let mut request = fetch_request("orders", 0).with_max_bytes(1);
    let response = harness.ask(connection, FETCH, &request);
    assert_eq!(values(&response.responses[0].partitions[0]), ["first"]);
    request = fetch_request("orders", 0);
    request.topics[0].partitions[0].partition_max_bytes = 1;
    let response = harness.ask(connection, FETCH, &request);
    assert_eq!(values(&response.responses[0].partitions[0]), ["first"]);
}

#[test]
fn offsets_outside_the_log_are_out_of_range() {
    let mut harness = one();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", 1, &["a"]);
    let data = harness.fetch(connection, "orders", 2);
    assert_eq!(data.error_code, ErrorCode::OFFSET_OUT_OF_RANGE.0);
    assert_eq!((data.high_watermark, data.last_stable_offset, data.log_start_offset), (-1, -1, -1));
    assert_eq!(harness.fetch(connection, "orders", 1).error_code, 0);
}

#[test]
fn a_fetch_with_another_leader_epoch_is_fenced_or_ahead() {
    let mut harness = Harness::new(2);
    harness.create_on("orders", &[1, 2]);
    harness.operate(Operation::Kill(BrokerId(1)));
    harness.advance_millis(10_000);
    let connection = harness.connect(2);
    let mut ask = |epoch| {
        let mut request = fetch_request("orders", 0).with_max_wait_ms(0);
        request.topics[0].topic_id = harness.cluster.topic("orders").unwrap().id.0;
        request.topics[0].partitions[0].current_leader_epoch = epoch;
        let response = harness.ask(connection, 16, &request);
        response.responses[0].partitions[0].clone()
    };
    let fenced = ask(0);
    assert_eq!(fenced.error_code, ErrorCode::FENCED_LEADER_EPOCH.0);
    assert_eq!((fenced.current_leader.leader_id.0, fenced.current_leader.leader_epoch), (2, 1));
    assert_eq!(ask(2).error_code, ErrorCode::UNKNOWN_LEADER_EPOCH.0);
    assert_eq!(ask(1).error_code, 0);
}

#[test]
fn a_reader_whose_last_epoch_ended_earlier_is_told_where() {
    let mut harness = Harness::new(2);
    harness.create_on("orders", &[1, 2]);
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    harness.operate(Operation::Kill(BrokerId(1)));
    harness.advance_millis(10_000);
    let connection = harness.connect(2);
    harness.produce(connection, "orders", -1, &["b", "c"]);
    let mut request = fetch_request("orders", 2).with_max_wait_ms(0);
    request.topics[0].partitions[0].last_fetched_epoch = 0;
    let response = harness.ask(connection, FETCH, &request);
    let data = &response.responses[0].partitions[0];
    assert_eq!((data.diverging_epoch.epoch, data.diverging_epoch.end_offset), (0, 1));
    assert!(values(data).is_empty());
}

#[test]
fn a_follower_serves_consumers_since_fetch_11() {
    let mut harness = Harness::new(2);
    harness.create_on("orders", &[1, 2]);
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    harness.advance_millis(1_000);
    let connection = harness.connect(2);
    let request = fetch_request("orders", 0).with_max_wait_ms(0);
    let old = harness.ask(connection, 10, &request);
    let code = old.responses[0].partitions[0].error_code;
    assert_eq!(code, ErrorCode::NOT_LEADER_OR_FOLLOWER.0);
    let new = harness.ask(connection, 11, &request);
    assert_eq!(values(&new.responses[0].partitions[0]), ["a"]);
}

#[test]
fn an_incremental_session_tells_only_what_is_new() {
    let mut harness = one();
    harness.create_on("bills", &[1]);
    let connection = harness.connect(1);
    let mut full = fetch_request("orders", 0).with_session_epoch(0).with_max_wait_ms(0);
    full.topics.extend(fetch_request("bills", 0).topics);
    let opened = harness.ask(connection, FETCH, &full);
    assert_eq!(opened.responses.len(), 2);
    assert_ne!(opened.session_id, 0);
    let incremental = |epoch| {
        FetchRequest::default()
            .with_replica_id(WireBrokerId(-1))
            .with_min_bytes(1)
            .with_max_bytes(1_000)
            .with_session_id(opened.session_id)
            .with_session_epoch(epoch)
    };
    let nothing = harness.ask(connection, FETCH, &incremental(1));
    assert!(nothing.responses.is_empty());
    harness.produce(connection, "bills", 1, &["a"]);
    let news = harness.ask(connection, FETCH, &incremental(2));
    assert_eq!(news.responses.len(), 1);
    assert_eq!(news.responses[0].topic, topic_name("bills"));
    let stale = harness.ask(connection, FETCH, &incremental(2));
    assert_eq!(stale.error_code, ErrorCode::INVALID_FETCH_SESSION_EPOCH.0);
    let other = harness.ask(connection, 13, &incremental(3));
    assert_eq!(other.error_code, ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR.0);
}

// ListOffsets, OffsetForLeaderEpoch

fn list(harness: &mut Harness, broker: i32, version: i16, timestamp: i64) -> (i16, i64, i64) {
    let partition =
        ListOffsetsPartition::default().with_timestamp(timestamp).with_current_leader_epoch(-1);
    let topic = ListOffsetsTopic::default()
        .with_name(topic_name("orders"))
        .with_partitions(vec![partition]);
    let request =
        ListOffsetsRequest::default().with_replica_id(WireBrokerId(-1)).with_topics(vec![topic]);
    let connection = harness.connect(broker);
    let response = harness.ask(connection, version, &request);
    let told = &response.topics[0].partitions[0];
    (told.error_code, told.offset, told.timestamp)
}

#[test]
fn offsets_are_listed_by_time() {
    let mut harness = one();
    let connection = harness.connect(1);
    for time in [100, 300, 200] {
        let batch = produced(-1, -1, -1, &["a"], time);
        harness.produce_bytes(connection, "orders", 1, batch);
    }
    assert_eq!(list(&mut harness, 1, 7, -1), (0, 3, -1));
    assert_eq!(list(&mut harness, 1, 7, -2), (0, 0, -1));
    assert_eq!(list(&mut harness, 1, 7, -3), (0, 1, 300));
    assert_eq!(list(&mut harness, 1, 7, 150), (0, 1, 300));
    assert_eq!(list(&mut harness, 1, 7, 301), (0, -1, -1));
    assert_eq!(list(&mut harness, 1, 9, -4), (0, 0, -1));
    assert_eq!(list(&mut harness, 1, 9, -5), (0, -1, -1));
    let unsupported = ErrorCode::UNSUPPORTED_VERSION.0;
    for (version, timestamp) in [(6, -3), (7, -4), (8, -5), (10, -6), (10, -9)] {
        assert_eq!(list(&mut harness, 1, version, timestamp).0, unsupported);
    }
}

#[test]
fn a_new_leader_does_not_know_the_end_until_its_high_watermark_is_in_its_epoch() {
    let mut harness = Harness::new(3);
    harness.create_on("orders", &[1, 2, 3]);
    // Broker 2 has a record whose commitment it has not heard of when it becomes the leader, and
    // broker 3, still in the ISR, does not fetch from it.
    let cut = |from: i32, to: i32| Operation::Cut {
        from: Node::Broker(BrokerId(from)),
        to: Node::Broker(BrokerId(to)),
    };
    harness.operate(cut(1, 3));
    harness.operate(cut(3, 2));
    let connection = harness.connect(1);
    harness.send_produce(connection, "orders", 1, &["a"]);
    harness.operate(Operation::Kill(BrokerId(1)));
    harness.advance_millis(10_000);
    assert_eq!(harness.leader("orders"), Some(2));
    assert_eq!(list(&mut harness, 2, 5, -1).0, ErrorCode::OFFSET_NOT_AVAILABLE.0);
    assert_eq!(list(&mut harness, 2, 4, -1).0, ErrorCode::LEADER_NOT_AVAILABLE.0);
    harness.operate(Operation::HealAll);
    harness.advance_millis(2_000);
    assert_eq!(list(&mut harness, 2, 5, -1), (0, 1, -1));
}

#[test]
fn a_partition_listed_twice_is_an_invalid_request() {
    let mut harness = one();
    let partition = ListOffsetsPartition::default().with_timestamp(-1);
    let topic = ListOffsetsTopic::default()
        .with_name(topic_name("orders"))
        .with_partitions(vec![partition.clone(), partition]);
    let request =
        ListOffsetsRequest::default().with_replica_id(WireBrokerId(-1)).with_topics(vec![topic]);
    let connection = harness.connect(1);
    let response = harness.ask(connection, 7, &request);
    let codes: BTreeSet<_> = response.topics[0].partitions.iter().map(|it| it.error_code).collect();
    assert_eq!(codes, BTreeSet::from([ErrorCode::INVALID_REQUEST.0]));
}

#[test]
fn the_end_of_an_epoch_is_told_by_the_leader_alone() {
    let mut harness = Harness::new(2);
    harness.create_on("orders", &[1, 2]);
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a", "b"]);
    let mut ask = |broker: i32, epoch: i32| {
        let partition = OffsetForLeaderPartition::default()
            .with_current_leader_epoch(-1)
            .with_leader_epoch(epoch);
        let topic = OffsetForLeaderTopic::default()
            .with_topic(topic_name("orders"))
            .with_partitions(vec![partition]);
        let request = OffsetForLeaderEpochRequest::default()
            .with_replica_id(WireBrokerId(-1))
            .with_topics(vec![topic]);
        let connection = harness.connect(broker);
        let response = harness.ask(connection, 4, &request);
        let told = &response.topics[0].partitions[0];
        (told.error_code, told.leader_epoch, told.end_offset)
    };
    assert_eq!(ask(1, 0), (0, 0, 2));
    assert_eq!(ask(1, 3), (0, -1, -1));
    assert_eq!(ask(2, 0), (ErrorCode::NOT_LEADER_OR_FOLLOWER.0, -1, -1));
}

// Topics, cluster

fn create(
    harness: &mut Harness,
    topics: Vec<CreatableTopic>,
    validate: bool,
) -> CreateTopicsResponse {
    let request = CreateTopicsRequest::default()
        .with_topics(topics)
        .with_validate_only(validate)
        .with_timeout_ms(1_000);
    let connection = harness.connect(1);
    harness.ask(connection, 7, &request)
}

fn creatable(name: &str, partitions: i32, factor: i16) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(partitions)
        .with_replication_factor(factor)
}

#[test]
fn topics_are_created_and_refused_one_by_one() {
    let mut harness = Harness::new(3);
    harness.create_on("known", &[1]);
    let cases = [
        (creatable("orders", 6, 3), ErrorCode::NONE),
        (creatable("known", 1, 1), ErrorCode::TOPIC_ALREADY_EXISTS),
        (creatable("no good", 1, 1), ErrorCode::INVALID_TOPIC_EXCEPTION),
        (creatable("none", 0, 1), ErrorCode::INVALID_PARTITIONS),
        (creatable("thin", 1, 0), ErrorCode::INVALID_REPLICATION_FACTOR),
        (creatable("wide", 1, 4), ErrorCode::INVALID_REPLICATION_FACTOR),
        (creatable("twice", 1, 1), ErrorCode::INVALID_REQUEST),
        (creatable("twice", 1, 1), ErrorCode::INVALID_REQUEST),
        (creatable("default", -1, -1), ErrorCode::NONE),
    ];
    let topics = cases.iter().map(|(topic, _)| topic.clone()).collect();
    let response = create(&mut harness, topics, false);
    assert_eq!(response.topics.len(), 8, "one entry for a duplicate");
    for told in &response.topics {
        let (_, code) = cases.iter().find(|(topic, _)| topic.name == told.name).unwrap();
        assert_eq!(told.error_code, code.0, "{}", told.name.as_str());
    }
    assert_eq!((response.topics[0].num_partitions, response.topics[0].replication_factor), (6, 3));
    assert_eq!(harness.cluster.topics().len(), 3);
}

#[test]
fn validation_alone_creates_nothing() {
    let mut harness = Harness::new(1);
    let response = create(&mut harness, vec![creatable("orders", 2, 1)], true);
    assert_eq!(response.topics[0].error_code, 0);
    assert_eq!(harness.cluster.topics().len(), 0);
}

#[test]
fn more_than_ten_thousand_partitions_in_one_request_are_refused() {
    let mut harness = Harness::new(1);
    let topics = vec![creatable("orders", 10_001, 1)];
    let response = create(&mut harness, topics, false);
    assert_eq!(response.topics[0].error_code, ErrorCode::POLICY_VIOLATION.0);
}

#[test]
fn names_that_differ_in_dots_and_underscores_collide() {
    let mut harness = Harness::new(1);
    harness.create(TopicSpec::new("a.b"));
    let response = create(&mut harness, vec![creatable("a_b", 1, 1)], false);
    assert_eq!(response.topics[0].error_code, ErrorCode::INVALID_TOPIC_EXCEPTION.0);
}

#[test]
fn topics_are_deleted_by_name_or_id() {
    let mut harness = one();
    harness.create_on("bills", &[1]);
    let bills = harness.cluster.topic("bills").unwrap().id;
    let by_name = |name: &str| DeleteTopicState::default().with_name(Some(topic_name(name)));
    let by_id = |id: TopicId| DeleteTopicState::default().with_name(None).with_topic_id(id.0);
    let topics =
        vec![by_name("orders"), by_id(bills), by_name("none"), by_id(TopicId(uuid::Uuid::max()))];
    let connection = harness.connect(1);
    let request = DeleteTopicsRequest::default().with_topics(topics).with_timeout_ms(1_000);
    let response = harness.ask(connection, 6, &request);
    let codes: Vec<_> = response.responses.iter().map(|told| told.error_code).collect();
    let unknown = (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0, ErrorCode::UNKNOWN_TOPIC_ID.0);
    assert_eq!(codes, [0, 0, unknown.0, unknown.1]);
    assert_eq!(response.responses[1].name, Some(topic_name("bills")));
    assert_eq!(harness.cluster.topics().len(), 0);
}

#[test]
fn a_deleted_topic_ends_what_waits_for_it() {
    let mut harness = one();
    let reader = harness.connect(1);
    let waiting = harness.send(reader, FETCH, &fetch_request("orders", 0));
    harness.operate(Operation::DeleteTopic { name: "orders".to_owned() });
    let answer = harness.answer::<FetchRequest>(waiting).unwrap();
    assert_ne!(answer.responses[0].partitions[0].error_code, 0);
}

#[test]
fn the_cluster_is_described_with_its_live_brokers() {
    let mut harness = Harness::new(3);
    harness.operate(Operation::Kill(BrokerId(3)));
    harness.advance_millis(10_000);
    let connection = harness.connect(1);
    let request = DescribeClusterRequest::default();
    let response = harness.ask(connection, 2, &request);
    assert_eq!(response.brokers.len(), 2);
    assert_eq!(response.cluster_id.as_str(), harness.cluster.cluster_id());
    let fenced = request.clone().with_include_fenced_brokers(true);
    let all = harness.ask(connection, 2, &fenced);
    assert_eq!(all.brokers.iter().filter(|broker| broker.is_fenced).count(), 1);
    let controllers = harness.ask(connection, 2, &request.with_endpoint_type(2));
    assert_eq!(controllers.error_code, ErrorCode::MISMATCHED_ENDPOINT_TYPE.0);
}

#[test]
fn nobody_coordinates() {
    let mut harness = Harness::new(1);
    let connection = harness.connect(1);
    let request = FindCoordinatorRequest::default()
        .with_coordinator_keys(vec![StrBytes::from_static_str("group")]);
    let response = harness.ask(connection, 6, &request);
    let code = response.coordinators[0].error_code;
    assert_eq!(code, ErrorCode::COORDINATOR_NOT_AVAILABLE.0);
}

/// A creation that the controller cannot hear of is carried out when it can.
#[test]
fn a_topic_creation_is_parked_while_the_controller_is_away() {
    let mut harness = Harness::new(1);
    let broker = Node::Broker(BrokerId(1));
    harness.operate(Operation::Cut { from: broker, to: Node::Controller });
    let connection = harness.connect(1);
    let request = CreateTopicsRequest::default()
        .with_topics(vec![creatable("orders", 1, 1)])
        .with_timeout_ms(10);
    let parked = harness.send(connection, 7, &request);
    harness.advance_millis(5_000);
    assert!(harness.answer::<CreateTopicsRequest>(parked).is_none());
    harness.operate(Operation::HealAll);
    let response = harness.answer::<CreateTopicsRequest>(parked).unwrap();
    assert_eq!(response.topics[0].error_code, 0);
}
