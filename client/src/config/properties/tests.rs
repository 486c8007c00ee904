use std::time::Duration;

use super::*;
use crate::config::client::{MetadataRecovery, TopicCreation};
use crate::config::consumer::{IsolationLevel, OffsetReset};
use crate::config::producer::{Acks, Idempotence};

const SERVERS: (&str, &str) = ("bootstrap.servers", "a:1");

fn with(pairs: &[(&str, &str)]) -> Properties {
    [SERVERS].into_iter().chain(pairs.iter().copied()).collect()
}

fn producer(pairs: &[(&str, &str)]) -> Result<ProducerProperties, ConfigError> {
    ProducerProperties::from_properties(&with(pairs))
}

fn consumer(pairs: &[(&str, &str)]) -> Result<ConsumerProperties, ConfigError> {
    ConsumerProperties::from_properties(&with(pairs))
}

#[test]
fn a_clients_settings_come_from_their_java_names() {
    let (_, config) = client(&with(&[
        ("client.id", "billing"),
        ("request.timeout.ms", "1000"),
        ("retry.backoff.ms", " 7 "),
        ("metadata.recovery.strategy", "none"),
        ("allow.auto.create.topics", "TRUE"),
        ("security.protocol", "plaintext"),
    ]))
    .expect("possible");
    assert_eq!(config.client_id.as_str(), "billing");
    assert_eq!(config.request_timeout, Duration::from_secs(1));
    assert_eq!(config.retry_backoff, Duration::from_millis(7));
    assert_eq!(config.recovery, MetadataRecovery::None);
    assert_eq!(config.topic_creation, TopicCreation::Allowed);
}

#[test]
fn a_producers_settings_come_from_their_java_names() {
    let settings = producer(&[
        ("acks", "-1"),
        ("linger.ms", "0"),
        ("batch.size", "0"),
        ("buffer.memory", "2048"),
        ("max.request.size", "1024"),
        ("max.in.flight.requests.per.connection", "1"),
        ("request.timeout.ms", "2000"),
        ("delivery.timeout.ms", "3000"),
        ("key.serializer", "org.apache.kafka.common.serialization.StringSerializer"),
        ("retries", "2147483647"),
    ])
    .expect("possible");
    let config = settings.producer;
    assert_eq!((config.acks, config.idempotence), (Acks::All, Idempotence::On));
    assert_eq!((config.linger, config.batch_size), (Duration::ZERO, 1));
    assert_eq!((config.buffer_memory, config.max_request_size), (2048, 1024));
    assert_eq!(config.max_in_flight, 1);
    assert_eq!(config.request_timeout, Duration::from_secs(2));
    assert_eq!(config.delivery_timeout, Duration::from_secs(3));
}

#[test]
fn a_consumers_settings_come_from_their_java_names() {
    let settings = consumer(&[
        ("fetch.min.bytes", "7"),
        ("fetch.max.bytes", "70"),
        ("fetch.max.wait.ms", "100"),
        ("max.partition.fetch.bytes", "10"),
        ("isolation.level", "read_committed"),
        ("auto.offset.reset", "none"),
        ("client.rack", "r1"),
        ("metadata.max.age.ms", "1000"),
        ("enable.auto.commit", "false"),
    ])
    .expect("possible");
    let config = settings.fetch;
    assert_eq!((config.min_bytes, config.max_bytes), (7, 70));
    assert_eq!(config.max_wait, Duration::from_millis(100));
    assert_eq!(config.partition_max_bytes, 10);
    assert_eq!(config.isolation, IsolationLevel::ReadCommitted);
    assert_eq!(config.reset, OffsetReset::Fail);
    assert_eq!(config.rack, "r1");
    assert_eq!(config.follower_lease, Duration::from_secs(1));
}

#[test]
fn an_unknown_name_is_an_error_that_suggests_the_one_meant() {
    let error = producer(&[("linger.mss", "5")]).expect_err("a slip");
    assert_eq!(error.to_string(), "linger.mss is not a setting; is linger.ms meant?");
    let error = producer(&[("frobnicate", "5")]).expect_err("no setting");
    assert_eq!(error.to_string(), "frobnicate is not a setting");
    let error = client(&with(&[("acks", "all")])).expect_err("a producer's");
    assert!(matches!(error, ConfigError::Unknown { .. }), "{error}");
}

#[test]
fn a_setting_without_a_counterpart_says_why() {
    for (name, value, reason) in [
        ("ssl.keystore.location", "k", "TLS"),
        ("sasl.mechanism", "PLAIN", "SASL"),
        ("security.protocol", "SASL_SSL", "SASL"),
        ("transactional.id", "t", "transactions"),
        ("retries", "3", "delivery.timeout.ms"),
        ("key.serializer", "com.example.AvroSerializer", "bytes"),
        ("interceptor.classes", "com.example.X", "classes"),
    ] {
        let error = producer(&[(name, value)]).expect_err(name);
        assert!(matches!(error, ConfigError::Unsupported { .. }), "{name}: {error}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(value) && text.contains(reason), "{text}");
    }
    let error = consumer(&[("group.id", "g")]).expect_err("no groups");
    assert!(error.to_string().contains("group.id"), "{error}");
}

#[test]
fn a_value_that_cannot_be_is_named_with_what_it_has_to_be() {
    for (name, value) in [
        ("acks", "2"),
        ("linger.ms", "-1"),
        ("linger.ms", "5s"),
        ("linger.ms", ""),
        ("batch.size", "2147483648"),
        ("batch.size", "99999999999999999999"),
        ("enable.idempotence", "yes"),
        ("max.in.flight.requests.per.connection", "0"),
        ("request.timeout.ms", "0"),
        ("bootstrap.servers", "a"),
    ] {
        let error = producer(&[(name, value)]).expect_err(value);
        assert!(matches!(error, ConfigError::Invalid { .. }), "{name}: {error}");
        let text = error.to_string();
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn properties_without_a_server_are_no_client() {
    let error = client(&Properties::default()).expect_err("nowhere to go");
    assert!(error.to_string().contains("bootstrap.servers"), "{error}");
}

#[cfg(all(feature = "compression-gzip", feature = "compression-snappy"))]
#[test]
fn compression_comes_with_the_level_of_its_codec() {
    use milena_protocol::compression::Compression;
    let compression = |pairs: &[_]| producer(pairs).map(|settings| settings.producer.compression);
    assert_eq!(compression(&[]), Ok(Compression::NONE));
    assert_eq!(compression(&[("compression.type", "snappy")]), Ok(Compression::snappy()));
    let gzip = ("compression.type", "gzip");
    let nine = Compression::gzip().with_level(9).expect("a level of gzip");
    // The level of another codec is no concern of this one.
    let other = ("compression.zstd.level", "22");
    assert_eq!(compression(&[gzip, ("compression.gzip.level", "9"), other]), Ok(nine));
}

#[test]
fn a_level_that_this_build_has_not_is_named_with_its_feature() {
    let error = producer(&[("compression.type", "gzip"), ("compression.gzip.level", "10")]);
    let text = error.expect_err("no such level").to_string();
    assert!(text.contains("compression.gzip.level = 10"), "{text}");
    let error = producer(&[("compression.type", "brotli")]).expect_err("no such codec");
    assert!(error.to_string().contains("compression.type"), "{error}");
    if cfg!(feature = "compression-zstd") && !cfg!(feature = "zstd-c") {
        let pairs = [("compression.type", "zstd"), ("compression.zstd.level", "19")];
        let text = producer(&pairs).expect_err("no such level").to_string();
        assert!(text.contains("compression.zstd.level = 19") && text.contains("zstd-c"), "{text}");
    }
}

#[test]
fn idempotence_gives_way_where_it_was_not_asked_for() {
    let idempotence = |pairs: &[_]| producer(pairs).map(|settings| settings.producer.idempotence);
    assert_eq!(idempotence(&[]), Ok(Idempotence::On));
    assert_eq!(idempotence(&[("acks", "1")]), Ok(Idempotence::Off));
    let many = ("max.in.flight.requests.per.connection", "6");
    assert_eq!(idempotence(&[many]), Ok(Idempotence::Off));
    let error = idempotence(&[("acks", "1"), ("enable.idempotence", "true")]);
    assert!(matches!(error, Err(ConfigError::Contradiction { .. })));
}

#[test]
fn a_long_text_from_outside_is_shortened_in_the_error() {
    let long = "x".repeat(1 << 20);
    let error = producer(&[(long.as_str(), "1"), ("acks", "all")]).expect_err("no setting");
    assert!(error.to_string().len() < 200);
    let error = producer(&[("linger.ms", long.as_str())]).expect_err("no number");
    assert!(error.to_string().len() < 300);
    for servers in [long, ",".repeat(1 << 20)] {
        let properties = Properties::from_iter([("bootstrap.servers", servers)]);
        let error = client(&properties).expect_err("no server");
        assert!(error.to_string().len() < 300, "{error}");
    }
}
