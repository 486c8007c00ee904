//! Settings change while brokers run, and each broker goes by those its image holds.

use milena_protocol::StrBytes;
use milena_protocol::messages::describe_configs_request::DescribeConfigsResource;
use milena_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use milena_protocol::messages::{
    ApiVersionsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest,
};

use super::*;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// Sets a value through `broker`, and lets the change arrive.
fn set(
    harness: &mut Harness,
    broker: i32,
    (kind, name): (i8, &str),
    key: &str,
    value: &str,
) -> i16 {
    let config = AlterableConfig::default().with_name(text(key)).with_value(Some(text(value)));
    let resource = AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configs(vec![config]);
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    let connection = harness.connect(broker);
    harness.ask(connection, 1, &request).responses[0].error_code
}

/// A value as `broker` tells it, and where it comes from.
fn told(harness: &mut Harness, broker: i32, (kind, name): (i8, &str), key: &str) -> (String, i8) {
    let resource = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configuration_keys(Some(vec![text(key)]));
    let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
    let connection = harness.connect(broker);
    let config = harness.ask(connection, 4, &request).results[0].configs[0].clone();
    (config.value.unwrap().to_string(), config.config_source)
}

fn large(harness: &mut Harness, broker: i32, topic: &str) -> i16 {
    let connection = harness.connect(broker);
    let value = "v".repeat(1_000);
    harness.produce(connection, topic, 1, &[value.as_str()]).error_code
}

#[test]
fn a_setting_of_all_brokers_takes_effect_on_every_broker() {
    let mut harness = Harness::new(3);
    for broker in 1..=3 {
        harness.create_on(&format!("on-{broker}"), &[broker]);
    }
    assert_eq!(set(&mut harness, 1, (BROKER, ""), "message.max.bytes", "500"), 0);
    for broker in 1..=3 {
        let code = large(&mut harness, broker, &format!("on-{broker}"));
        assert_eq!(code, ErrorCode::MESSAGE_TOO_LARGE.0, "broker {broker}");
    }
    harness.create_on("later", &[2]);
    assert_eq!(large(&mut harness, 2, "later"), ErrorCode::MESSAGE_TOO_LARGE.0);
}

#[test]
fn a_brokers_own_setting_counts_on_it_alone_and_outlives_its_process() {
    let mut harness = Harness::new(2);
    harness.create_on("one", &[1]);
    harness.create_on("two", &[2]);
    assert_eq!(set(&mut harness, 2, (BROKER, "2"), "message.max.bytes", "500"), 0);
    assert_eq!(large(&mut harness, 1, "one"), 0);
    assert_eq!(large(&mut harness, 2, "two"), ErrorCode::MESSAGE_TOO_LARGE.0);
    harness.operate(Operation::Kill(BrokerId(2)));
    harness.advance_millis(20_000);
    harness.operate(Operation::Restart(BrokerId(2)));
    harness.advance_millis(20_000);
    assert_eq!(large(&mut harness, 2, "two"), ErrorCode::MESSAGE_TOO_LARGE.0);
    assert_eq!(told(&mut harness, 2, (TOPIC, "two"), "max.message.bytes"), ("500".into(), 2));
    assert_eq!(told(&mut harness, 1, (TOPIC, "two"), "max.message.bytes").1, 5);
}

#[test]
fn a_broker_whose_image_lags_goes_by_yesterdays_settings() {
    let mut harness = Harness::new(2);
    harness.create_on("orders", &[2]);
    let cut = Operation::Cut { from: Node::Controller, to: Node::Broker(BrokerId(2)) };
    harness.operate(cut);
    let topic = (TOPIC, "orders");
    assert_eq!(set(&mut harness, 1, topic, "max.message.bytes", "500"), 0);
    assert_eq!(told(&mut harness, 1, topic, "max.message.bytes"), ("500".into(), 1));
    assert_eq!(told(&mut harness, 2, topic, "max.message.bytes").1, 5);
    assert_eq!(large(&mut harness, 2, "orders"), 0);
    harness.operate(Operation::HealAll);
    harness.advance_millis(60_000);
    assert_eq!(large(&mut harness, 2, "orders"), ErrorCode::MESSAGE_TOO_LARGE.0);
}

#[test]
fn min_insync_replicas_is_a_default_of_all_brokers_where_leaders_stay_eligible() {
    let mut config = ClusterConfig::with_brokers(1);
    config.min_insync_replicas = 2;
    let mut harness = Harness::with(config.clone());
    harness.create_on("orders", &[1]);
    let seen = told(&mut harness, 1, (TOPIC, "orders"), "min.insync.replicas");
    assert_eq!(seen, ("2".to_owned(), 3));
    config.eligible_leader_replicas = false;
    let mut harness = Harness::with(config);
    harness.create_on("orders", &[1]);
    let seen = told(&mut harness, 1, (TOPIC, "orders"), "min.insync.replicas");
    assert_eq!(seen, ("2".to_owned(), 4));
}

#[test]
fn a_connection_on_which_nothing_happens_for_ten_minutes_is_closed() {
    let mut harness = Harness::new(1);
    let (idle, busy) = (harness.connect(1), harness.connect(1));
    let minutes = |count: u64| Duration::from_secs(60 * count);
    harness.advance(minutes(6));
    harness.ask(busy, 0, &ApiVersionsRequest::default());
    harness.advance(minutes(4) - Duration::from_millis(1));
    assert!(!harness.closed.contains_key(&idle));
    harness.advance_millis(1);
    assert_eq!(harness.closed[&idle].cause, CloseCause::Idle);
    harness.advance(minutes(5));
    assert!(!harness.closed.contains_key(&busy));
    harness.advance(minutes(2));
    assert_eq!(harness.closed[&busy].cause, CloseCause::Idle);
}

#[test]
fn a_request_above_the_limit_closes_the_connection_and_no_other() {
    let mut config = ClusterConfig::with_brokers(1);
    config.socket_request_max_bytes = 1_000;
    let mut harness = Harness::with(config);
    harness.create_on("orders", &[1]);
    let (large, other) = (harness.connect(1), harness.connect(1));
    let value = "v".repeat(1_000);
    harness.send_produce(large, "orders", 1, &[value.as_str()]);
    assert!(matches!(harness.closed[&large].cause, CloseCause::TooLarge { limit: 1_000, .. }));
    assert_eq!(harness.produce(other, "orders", 1, &["small"]).error_code, 0);
}
