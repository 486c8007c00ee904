//! Quotas and what they cause.

use milena_protocol::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use milena_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use milena_protocol::messages::create_topics_request::CreatableTopic;
use milena_protocol::messages::{
    AlterClientQuotasRequest, CreatePartitionsRequest, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, MetadataRequest,
};
use milena_protocol::{Request, StrBytes};

use super::*;

const EXCEEDED: i16 = ErrorCode::THROTTLING_QUOTA_EXCEEDED.0;

/// One broker, and a quota of the client id that the harness sends.
fn with_quota(config: ClusterConfig, key: &'static str, rate: f64) -> Harness {
    let mut harness = Harness::with(config);
    let entity = EntityData::default()
        .with_entity_type(StrBytes::from_static_str("client-id"))
        .with_entity_name(Some(StrBytes::from_static_str("test")));
    let op = OpData::default().with_key(StrBytes::from_static_str(key)).with_value(rate);
    let entry = EntryData::default().with_entity(vec![entity]).with_ops(vec![op]);
    let connection = harness.connect(1);
    let request = AlterClientQuotasRequest::default().with_entries(vec![entry]);
    harness.ask(connection, 1, &request);
    harness.advance_millis(100);
    harness
}

fn one(key: &'static str, rate: f64) -> Harness {
    with_quota(ClusterConfig::with_brokers(1), key, rate)
}

fn topic(name: &str, partitions: i32) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
}

fn creation(topics: &[(&str, i32)]) -> CreateTopicsRequest {
    let topics = topics.iter().map(|(name, partitions)| topic(name, *partitions));
    CreateTopicsRequest::default().with_topics(topics.collect()).with_timeout_ms(1_000)
}

/// On a connection of its own, because a throttled one is not read.
fn ask<R: Request>(harness: &mut Harness, version: i16, request: &R) -> R::Response {
    let connection = harness.connect(1);
    harness.ask(connection, version, request)
}

fn codes(response: &CreateTopicsResponse) -> Vec<i16> {
    response.topics.iter().map(|topic| topic.error_code).collect()
}

#[test]
fn once_a_client_owes_partitions_the_next_topic_is_refused() {
    let mut harness = one("controller_mutation_rate", 1.0);
    let response = ask(&mut harness, 7, &creation(&[("orders", 13), ("bills", 1)]));
    assert_eq!(codes(&response), [0, EXCEEDED]);
    assert_eq!(response.throttle_time_ms, 2_000);
    harness.advance_millis(2_000);
    let response = ask(&mut harness, 7, &creation(&[("bills", 1)]));
    assert_eq!((codes(&response), response.throttle_time_ms), (vec![0], 0));
}

#[test]
fn old_versions_are_carried_out_and_owe_more() {
    let mut harness = one("controller_mutation_rate", 1.0);
    let response = ask(&mut harness, 5, &creation(&[("orders", 12), ("bills", 3)]));
    assert_eq!((codes(&response), response.throttle_time_ms), (vec![0, 0], 4_000));
    let more = CreatePartitionsTopic::default()
        .with_name(topic_name("orders"))
        .with_count(13)
        .with_assignments(None);
    let more = CreatePartitionsRequest::default().with_topics(vec![more]).with_timeout_ms(1_000);
    let refused = ask(&mut harness, 3, &more);
    assert_eq!((refused.results[0].error_code, refused.throttle_time_ms), (EXCEEDED, 4_000));
    let response = ask(&mut harness, 2, &more);
    assert_eq!((response.results[0].error_code, response.throttle_time_ms), (0, 5_000));
    let deletion = DeleteTopicsRequest::default()
        .with_topic_names(vec![topic_name("orders")])
        .with_timeout_ms(1_000);
    assert_eq!(ask(&mut harness, 5, &deletion).responses[0].error_code, EXCEEDED);
    let response = ask(&mut harness, 4, &deletion);
    assert_eq!((response.responses[0].error_code, response.throttle_time_ms), (0, 18_000));
}

#[test]
fn a_check_alone_takes_credits_too() {
    let mut harness = one("controller_mutation_rate", 1.0);
    let check = creation(&[("orders", 12)]).with_validate_only(true);
    assert_eq!(codes(&ask(&mut harness, 7, &check)), [0]);
    assert_eq!(codes(&ask(&mut harness, 7, &creation(&[("orders", 1)]))), [EXCEEDED]);
}

#[test]
fn whoever_owes_partitions_is_not_read_from_until_they_are_paid_back() {
    let mut harness = one("controller_mutation_rate", 1.0);
    let connection = harness.connect(1);
    harness.ask(connection, 7, &creation(&[("orders", 12), ("bills", 1)]));
    let sent = harness.send(connection, 12, &MetadataRequest::default());
    harness.advance_millis(999);
    assert!(harness.answer::<MetadataRequest>(sent).is_none());
    harness.advance_millis(1);
    assert!(harness.answer::<MetadataRequest>(sent).is_some());
}

#[test]
fn a_topic_that_is_asked_for_is_created_in_the_name_of_who_asks() {
    let mut harness = one("controller_mutation_rate", 0.01);
    let asked = |name: &str| {
        let topic = milena_protocol::messages::metadata_request::MetadataRequestTopic::default()
            .with_name(Some(topic_name(name)));
        MetadataRequest::default()
            .with_topics(Some(vec![topic]))
            .with_allow_auto_topic_creation(true)
    };
    ask(&mut harness, 12, &asked("first"));
    harness.advance_millis(100);
    ask(&mut harness, 12, &asked("second"));
    harness.advance_millis(100);
    let topics: Vec<String> = harness.cluster.topics().iter().map(|it| it.name.clone()).collect();
    assert_eq!(topics, ["first"]);
}

#[test]
fn requests_that_take_no_time_are_never_throttled_for_it() {
    let mut harness = one("request_percentage", 0.000_001);
    assert_eq!(ask(&mut harness, 12, &MetadataRequest::default()).throttle_time_ms, 0);
}

#[test]
fn a_client_above_its_share_of_time_is_silenced_for_a_second_at_most() {
    let mut config = ClusterConfig::with_brokers(1);
    config.request_time = Duration::from_millis(10);
    let mut harness = with_quota(config, "request_percentage", 0.25);
    harness.create_on("orders", &[1]);
    // A percent of a second, over a window of ten, each; the quota's own request was the first.
    assert_eq!(ask(&mut harness, 12, &MetadataRequest::default()).throttle_time_ms, 0);
    let connection = harness.connect(1);
    let told = harness.ask(connection, 12, &MetadataRequest::default()).throttle_time_ms;
    assert_eq!(told, 1_000);
    let sent = harness.send(connection, 12, &MetadataRequest::default());
    harness.advance_millis(999);
    assert!(harness.answer::<MetadataRequest>(sent).is_none());
    harness.advance_millis(1);
    assert!(harness.answer::<MetadataRequest>(sent).is_some());
}

#[test]
fn a_consumer_above_its_share_of_time_gets_no_records() {
    let mut config = ClusterConfig::with_brokers(1);
    config.request_time = Duration::from_millis(10);
    let mut harness = with_quota(config, "request_percentage", 0.05);
    harness.create_on("orders", &[1]);
    let request = fetch_request("orders", 0).with_max_wait_ms(0);
    let throttled = ask(&mut harness, FETCH, &request);
    assert_eq!((throttled.throttle_time_ms, throttled.responses.len()), (1_000, 0));
}

#[test]
fn without_acks_the_time_of_a_request_is_not_counted() {
    let mut config = ClusterConfig::with_brokers(1);
    config.request_time = Duration::from_millis(10);
    let mut harness = with_quota(config, "request_percentage", 0.25);
    harness.create_on("orders", &[1]);
    let connection = harness.connect(1);
    for _ in 0..5 {
        let _ = harness.send_produce(connection, "orders", 0, &["a"]);
    }
    assert_eq!(harness.ends("orders")[0].0, 5);
    assert_eq!(harness.ask(connection, 12, &MetadataRequest::default()).throttle_time_ms, 0);
}
