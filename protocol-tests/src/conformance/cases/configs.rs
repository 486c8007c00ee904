//! Settings of topics and brokers: described, changed, refused.

use milena_protocol::messages::describe_configs_request::DescribeConfigsResource;
use milena_protocol::messages::incremental_alter_configs_request as incremental;
use milena_protocol::messages::{
    AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest,
    ListConfigResourcesRequest, alter_configs_request,
};

use serde_json::json;

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{CREATE_TOPICS, PRODUCE, batch, creatable, create, produce};
use crate::kafka::Version;

cases! {
    a_topic_lists_every_setting_with_its_default: One, "ConfigHelper, LogConfig";
    a_broker_lists_every_setting_with_its_default: One, "ConfigHelper, KafkaConfig";
    settings_by_name_are_listed_alone: One, "DescribeConfigsRequest";
    what_has_no_settings_is_told_so: One, "ConfigHelper.describeConfigs";
    a_topics_setting_is_changed_and_taken_back: One, "KIP-339";
    changes_that_make_no_sense_are_refused: One, "ConfigurationControlManager";
    a_brokers_default_reaches_its_topics: One, "KIP-226";
    the_old_way_replaces_every_setting: One, "AlterConfigsRequest";
    a_limit_counts_from_the_next_batch: One, "LogConfig max.message.bytes";
    the_minimum_isr_of_one_broker_is_not_set_with_elr: One, "KIP-966";
    resources_with_settings_are_listed: One, "KIP-1142";
    settings_are_explained_to_those_who_ask: One, "KIP-569";
    a_setting_of_one_broker_wins_over_that_of_all: One, "KIP-226";
    a_brokers_setting_that_cannot_be_is_refused: One, "DynamicBrokerConfig.validate";
    a_topics_setting_that_cannot_be_is_refused: One, "LogConfig.validate";
    a_resource_named_twice_is_refused_and_others_are_changed: One, "ConfigAdminManager.preprocess";
    the_old_way_refuses_what_the_new_way_refuses: One, "ConfigAdminManager.preprocess";
    settings_of_client_metrics_are_kept: One, "KIP-714";
    settings_of_a_group_are_kept: One, "KIP-848";
    loggers_belong_to_their_broker: One, "KIP-412";
    a_created_topic_is_told_with_its_settings: One, "KIP-525";
}

pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
const LOGGER: i8 = 8;
const CLIENT_METRICS: i8 = 16;
const GROUP: i8 = 32;

pub(super) const SET: i8 = 0;
pub(super) const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

fn describe(kind: i8, name: &str, keys: Option<&[&str]>) -> DescribeConfigsRequest {
    let resource = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configuration_keys(keys.map(|keys| keys.iter().map(|key| text(key)).collect()));
    DescribeConfigsRequest::default().with_resources(vec![resource]).with_include_synonyms(true)
}

pub(super) fn alter(
    kind: i8,
    name: &str,
    changes: &[(&str, i8, Option<&str>)],
) -> IncrementalAlterConfigsRequest {
    let configs = changes.iter().map(|(name, operation, value)| {
        incremental::AlterableConfig::default()
            .with_name(text(name))
            .with_config_operation(*operation)
            .with_value(value.map(text))
    });
    let resource = incremental::AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configs(configs.collect());
    IncrementalAlterConfigsRequest::default().with_resources(vec![resource])
}

/// Waits until broker 1 tells this value of a setting.
pub(super) fn wait_for_value(
    s: &mut Scenario<'_>,
    kind: i8,
    name: &str,
    key: &str,
    value: &str,
) -> Outcome {
    s.wait_until(&format!("{key}={value} of {name}"), |s| {
        let answer = s.query(1, 4, &describe(kind, name, Some(&[key])))?;
        // Not every release tells only what it was asked for.
        let mut told = answer.results.iter().flat_map(|result| &result.configs);
        let seen = told.find(|config| config.name.as_str() == key);
        let seen = seen.and_then(|config| config.value.as_ref()).map(ToString::to_string);
        Ok((seen.as_deref() == Some(value), format!("{seen:?}")))
    })
}

fn a_topic_lists_every_setting_with_its_default(s: &mut Scenario<'_>) -> Outcome {
    let plain = s.create_on("plain", &[1], &[])?;
    s.ask("as it was born", 1, 4, &describe(TOPIC, &plain, None))?;
    let overrides = [("retention.ms", "1000"), ("max.message.bytes", "5000")];
    let topic = s.create_on("a", &[1], &overrides)?;
    s.ask("with settings of its own", 1, 4, &describe(TOPIC, &topic, None))?;
    let plain = describe(TOPIC, &topic, None).with_include_synonyms(false);
    s.ask("v1", 1, 1, &plain).map(drop)
}

fn a_broker_lists_every_setting_with_its_default(s: &mut Scenario<'_>) -> Outcome {
    s.ask("by id", 1, 4, &describe(BROKER, "1", None))?;
    s.ask("the default of all", 1, 4, &describe(BROKER, "", None)).map(drop)
}

fn settings_by_name_are_listed_alone(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let keys = ["cleanup.policy", "no.such.setting", "min.insync.replicas"];
    s.ask("three names", 1, 4, &describe(TOPIC, &topic, Some(&keys)))?;
    s.ask("no name", 1, 4, &describe(TOPIC, &topic, Some(&[]))).map(drop)
}

fn what_has_no_settings_is_told_so(s: &mut Scenario<'_>) -> Outcome {
    s.ask("no such topic", 1, 4, &describe(TOPIC, "nobody-made-this", None))?;
    s.ask("an illegal name", 1, 4, &describe(TOPIC, "no spaces", None))?;
    s.ask("no such broker", 1, 4, &describe(BROKER, "99", None))?;
    s.ask("not a number", 1, 4, &describe(BROKER, "first", None))?;
    s.ask("an unknown kind", 1, 4, &describe(77, "a", None)).map(drop)
}

fn a_topics_setting_is_changed_and_taken_back(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let keys = ["retention.ms", "cleanup.policy"];
    let seen = |s: &mut Scenario<'_>, step: &str, retention: &str, policy: &str| -> Outcome {
        s.wait_until("the change", |s| {
            let answer = s.query(1, 4, &describe(TOPIC, &topic, Some(&keys)))?;
            let values: Vec<String> = answer
                .results
                .iter()
                .flat_map(|result| &result.configs)
                .filter_map(|config| config.value.as_ref().map(ToString::to_string))
                .collect();
            let all = [retention, policy].iter().all(|v| values.iter().any(|seen| seen == v));
            Ok((all, format!("{values:?}")))
        })?;
        s.ask(step, 1, 4, &describe(TOPIC, &topic, Some(&keys))).map(drop)
    };
    s.ask("set", 1, 1, &alter(TOPIC, &topic, &[("retention.ms", SET, Some("5000"))]))?;
    seen(s, "after set", "5000", "delete")?;
    let append = alter(TOPIC, &topic, &[("cleanup.policy", APPEND, Some("compact"))]);
    s.ask("append", 1, 1, &append)?;
    seen(s, "after append", "5000", "delete,compact")?;
    let subtract = alter(TOPIC, &topic, &[("cleanup.policy", SUBTRACT, Some("delete"))]);
    s.ask("subtract", 1, 1, &subtract)?;
    seen(s, "after subtract", "5000", "compact")?;
    let delete = [("retention.ms", DELETE, None), ("cleanup.policy", DELETE, None)];
    s.ask("delete", 1, 1, &alter(TOPIC, &topic, &delete))?;
    seen(s, "after delete", "604800000", "delete")
}

fn changes_that_make_no_sense_are_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let on = |changes: &[(&str, i8, Option<&str>)]| alter(TOPIC, &topic, changes);
    for (step, request) in [
        ("an unknown setting", on(&[("no.such.setting", SET, Some("1"))])),
        ("a bad value", on(&[("retention.ms", SET, Some("soon"))])),
        ("a value out of range", on(&[("min.insync.replicas", SET, Some("0"))])),
        ("a null value", on(&[("retention.ms", SET, None)])),
        ("append to what is no list", on(&[("retention.ms", APPEND, Some("1"))])),
        ("an unknown operation", on(&[("retention.ms", 9, Some("1"))])),
        (
            "the same twice",
            on(&[("retention.ms", SET, Some("1")), ("retention.ms", SET, Some("2"))]),
        ),
        ("no change", on(&[])),
        ("no such topic", alter(TOPIC, "nobody-made-this", &[("retention.ms", SET, Some("1"))])),
        ("no such broker", alter(BROKER, "99", &[("log.retention.ms", SET, Some("1"))])),
        ("read only", alter(BROKER, "1", &[("node.id", SET, Some("7"))])),
        ("an unknown kind", alter(77, "a", &[("retention.ms", SET, Some("1"))])),
    ] {
        s.ask(step, 1, 1, &request)?;
    }
    let checked = on(&[("retention.ms", SET, Some("1000"))]).with_validate_only(true);
    s.ask("only validated", 1, 1, &checked)?;
    s.ask("nothing changed", 1, 4, &describe(TOPIC, &topic, Some(&["retention.ms"]))).map(drop)
}

fn a_brokers_default_reaches_its_topics(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let keys = ["max.message.bytes"];
    let wait = |s: &mut Scenario<'_>, value: &str| -> Outcome {
        wait_for_value(s, TOPIC, &topic, keys[0], value)
    };
    let set = [("message.max.bytes", SET, Some("2000000"))];
    s.ask("for all brokers", 1, 1, &alter(BROKER, "", &set))?;
    wait(s, "2000000")?;
    s.ask("a topic's", 1, 4, &describe(TOPIC, &topic, Some(&keys)))?;
    s.ask("the brokers'", 1, 4, &describe(BROKER, "", None))?;
    let delete = [("message.max.bytes", DELETE, None)];
    s.ask("taken back", 1, 1, &alter(BROKER, "", &delete))?;
    wait(s, "1048588")
}

/// A change in the way before KIP-339: what is not named goes.
fn replace(kind: i8, name: &str, settings: &[(&str, Option<&str>)]) -> AlterConfigsRequest {
    let configs = settings.iter().map(|(name, value)| {
        alter_configs_request::AlterableConfig::default()
            .with_name(text(name))
            .with_value(value.map(text))
    });
    let resource = alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configs(configs.collect());
    AlterConfigsRequest::default().with_resources(vec![resource])
}

fn the_old_way_replaces_every_setting(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[("retention.ms", "1000"), ("segment.ms", "7777")])?;
    s.ask("replaced", 1, 2, &replace(TOPIC, &topic, &[("retention.ms", Some("2000"))]))?;
    wait_for_value(s, TOPIC, &topic, "retention.ms", "2000")?;
    let keys = ["retention.ms", "segment.ms"];
    s.ask("only one is left", 1, 4, &describe(TOPIC, &topic, Some(&keys))).map(drop)
}

fn a_limit_counts_from_the_next_batch(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[("max.message.bytes", "200")])?;
    let (small, large) = ("s".repeat(100), "l".repeat(200));
    s.ask("small", 1, PRODUCE, &produce(&topic, -1, batch(&[small.as_str()])))?;
    s.ask("large", 1, PRODUCE, &produce(&topic, -1, batch(&[large.as_str()]))).map(drop)
}

fn the_minimum_isr_of_one_broker_is_not_set_with_elr(s: &mut Scenario<'_>) -> Outcome {
    let set = [("min.insync.replicas", SET, Some("1"))];
    s.ask("of one broker", 1, 1, &alter(BROKER, "1", &set))?;
    s.ask("of all brokers", 1, 1, &alter(BROKER, "", &set))?;
    let delete = [("min.insync.replicas", DELETE, None)];
    s.ask("deleted for all", 1, 1, &alter(BROKER, "", &delete))?;
    s.ask("deleted for one", 1, 1, &alter(BROKER, "1", &delete)).map(drop)
}

fn resources_with_settings_are_listed(s: &mut Scenario<'_>) -> Outcome {
    // KIP-714 gave the API its first meaning: client metrics alone.
    s.ask("client metrics", 1, 0, &ListConfigResourcesRequest::default())?;
    if s.version() < Version::V4_1_0 {
        return Ok(());
    }
    for (step, kinds) in [
        ("brokers", vec![BROKER]),
        ("loggers", vec![LOGGER]),
        ("groups and metrics", vec![GROUP, CLIENT_METRICS]),
        ("an unknown kind", vec![77]),
        ("a known and an unknown kind", vec![BROKER, 77]),
    ] {
        let request = ListConfigResourcesRequest::default().with_resource_types(kinds);
        s.ask(step, 1, 1, &request)?;
    }
    let topic = s.create_on("a", &[1], &[])?;
    let request = ListConfigResourcesRequest::default().with_resource_types(vec![TOPIC]);
    let answer = s.query(1, 1, &request)?;
    let mut topics = answer.config_resources.iter();
    let listed = topics.any(|resource| resource.resource_name == text(&topic));
    s.record("topics without settings too", json!(listed));
    Ok(())
}

fn settings_are_explained_to_those_who_ask(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let explained = |kind, name: &str, key: &str| {
        describe(kind, name, Some(&[key])).with_include_documentation(true)
    };
    s.ask("a topic's", 1, 4, &explained(TOPIC, &topic, "retention.ms"))?;
    s.ask("a broker's", 1, 4, &explained(BROKER, "1", "log.retention.ms"))?;
    s.ask("before it could be asked for", 1, 2, &describe(TOPIC, &topic, Some(&["retention.ms"])))
        .map(drop)
}

fn a_setting_of_one_broker_wins_over_that_of_all(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let look = |s: &mut Scenario<'_>, step: &str, value: &str| -> Outcome {
        wait_for_value(s, TOPIC, &topic, "retention.ms", value)?;
        let keys = ["retention.ms"];
        s.ask(&format!("{step}: the topic's"), 1, 4, &describe(TOPIC, &topic, Some(&keys)))?;
        let keys = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
        s.ask(&format!("{step}: the broker's"), 1, 4, &describe(BROKER, "1", Some(&keys)))?;
        s.ask(&format!("{step}: that of all"), 1, 4, &describe(BROKER, "", Some(&keys))).map(drop)
    };
    let set = |value| [("log.retention.ms", SET, Some(value))];
    s.ask("for all", 1, 1, &alter(BROKER, "", &set("1000000")))?;
    look(s, "for all", "1000000")?;
    s.ask("for one", 1, 1, &alter(BROKER, "1", &set("2000000")))?;
    look(s, "for one", "2000000")?;
    s.ask("for all again", 1, 1, &alter(BROKER, "", &set("3000000")))?;
    wait_for_value(s, BROKER, "", "log.retention.ms", "3000000")?;
    look(s, "for all again", "2000000")?;
    let delete = [("log.retention.ms", DELETE, None)];
    s.ask("not for one", 1, 1, &alter(BROKER, "1", &delete))?;
    look(s, "not for one", "3000000")?;
    s.ask("not for all", 1, 1, &alter(BROKER, "", &delete))?;
    look(s, "not for all", "604800000")
}

fn a_brokers_setting_that_cannot_be_is_refused(s: &mut Scenario<'_>) -> Outcome {
    for (step, broker, key, operation, value) in [
        ("no number", "1", "message.max.bytes", SET, Some("many")),
        ("out of range", "1", "message.max.bytes", SET, Some("-1")),
        ("none of its values", "", "compression.type", SET, Some("brotli")),
        ("neither true nor false", "", "unclean.leader.election.enable", SET, Some("yes")),
        ("a list's value", "", "log.cleanup.policy", SET, Some("keep")),
        ("append to what is no list", "", "message.max.bytes", APPEND, Some("1")),
        ("append to what nobody knows", "", "no.such.setting", APPEND, Some("1")),
        ("append to what is read only", "", "node.id", APPEND, Some("1")),
        ("an unknown operation", "", "message.max.bytes", 9, Some("1")),
        ("read only", "", "num.partitions", SET, Some("3")),
        ("a key of the listener", "1", "ssl.keystore.location", SET, Some("/nowhere")),
        ("of one broker alone", "", "principal.builder.class", SET, Some("x")),
        ("three times the threads", "", "num.io.threads", SET, Some("24")),
        ("a third of the threads", "", "num.io.threads", SET, Some("2")),
        ("no thread at all", "", "num.network.threads", SET, Some("0")),
        ("many cleaners", "", "log.cleaner.threads", SET, Some("3")),
        ("a null value", "", "message.max.bytes", SET, None),
        ("no such broker", "7", "message.max.bytes", SET, Some("1")),
        ("no number of a broker", "one", "message.max.bytes", SET, Some("1")),
    ] {
        s.ask(step, 1, 1, &alter(BROKER, broker, &[(key, operation, value)]))?;
    }
    s.ask("nothing changed", 1, 4, &describe(BROKER, "", None)).map(drop)
}

fn a_topics_setting_that_cannot_be_is_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for (key, value) in [
        ("cleanup.policy", ""),
        ("cleanup.policy", "compact,keep"),
        ("cleanup.policy", " compact , delete "),
        ("compression.type", "none"),
        ("compression.gzip.level", "0"),
        ("compression.lz4.level", "18"),
        ("compression.zstd.level", "23"),
        ("flush.messages", "0"),
        ("follower.replication.throttled.replicas", "all"),
        ("follower.replication.throttled.replicas", "0:1,1:2"),
        ("leader.replication.throttled.replicas", "*"),
        ("max.message.bytes", "-1"),
        ("max.message.bytes", " 77 "),
        ("max.message.bytes", "2147483648"),
        ("message.timestamp.type", "createtime"),
        ("min.cleanable.dirty.ratio", "1.5"),
        ("preallocate", "TRUE"),
        ("preallocate", "1"),
        ("remote.storage.enable", "true"),
        ("retention.ms", "-2"),
        ("segment.bytes", "13"),
        ("message.max.bytes", "1000"),
    ] {
        s.ask(&format!("{key}={value}"), 1, 1, &alter(TOPIC, &topic, &[(key, SET, Some(value))]))?;
    }
    let lags = [
        ("min.compaction.lag.ms", SET, Some("2000")),
        ("max.compaction.lag.ms", SET, Some("1000")),
    ];
    s.ask("a lag below the other", 1, 1, &alter(TOPIC, &topic, &lags))?;
    s.ask("an illegal topic", 1, 1, &alter(TOPIC, "no spaces", &lags[..1]))?;
    s.ask("no topic", 1, 1, &alter(TOPIC, "", &lags[..1]))?;
    wait_for_value(s, TOPIC, &topic, "preallocate", "true")?;
    s.ask("what was taken", 1, 4, &describe(TOPIC, &topic, None)).map(drop)
}

fn a_resource_named_twice_is_refused_and_others_are_changed(s: &mut Scenario<'_>) -> Outcome {
    let (a, b) = (s.create_on("a", &[1], &[])?, s.create_on("b", &[1], &[])?);
    let good = alter(TOPIC, &a, &[("retention.ms", SET, Some("1000"))]);
    let mixed = [("retention.ms", SET, Some("1000")), ("segment.ms", SET, Some("never"))];
    let bad = alter(TOPIC, &b, &mixed);
    let both = |resources: [&IncrementalAlterConfigsRequest; 3]| {
        let all = resources.iter().flat_map(|request| request.resources.clone());
        IncrementalAlterConfigsRequest::default().with_resources(all.collect())
    };
    s.ask("twice", 1, 1, &both([&good, &good, &bad]))?;
    let unknown = alter(77, "a", &[("retention.ms", SET, Some("1000"))]);
    s.ask("one of three", 1, 1, &both([&unknown, &good, &bad]))?;
    wait_for_value(s, TOPIC, &a, "retention.ms", "1000")?;
    s.ask("nothing of the bad one", 1, 4, &describe(TOPIC, &b, Some(&["retention.ms"])))?;
    let mut twice = describe(TOPIC, &a, Some(&["retention.ms"]));
    twice.resources.push(twice.resources[0].clone());
    s.ask("described twice", 1, 4, &twice)?;
    twice.resources.push(DescribeConfigsResource::default().with_resource_type(77));
    s.ask("and one unknown", 1, 4, &twice).map(drop)
}

fn the_old_way_refuses_what_the_new_way_refuses(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[("retention.ms", "1000")])?;
    for (step, request) in [
        ("unknown", replace(TOPIC, &topic, &[("no.such.setting", Some("1"))])),
        ("a bad value", replace(TOPIC, &topic, &[("retention.ms", Some("soon"))])),
        ("null", replace(TOPIC, &topic, &[("retention.ms", None)])),
        (
            "twice",
            replace(TOPIC, &topic, &[("retention.ms", Some("1")), ("retention.ms", Some("2"))]),
        ),
        ("no such topic", replace(TOPIC, "nobody-made-this", &[("retention.ms", Some("1"))])),
        ("no such broker", replace(BROKER, "9", &[])),
        ("read only", replace(BROKER, "1", &[("node.id", Some("7"))])),
        ("a logger", replace(LOGGER, "1", &[("root", Some("INFO"))])),
    ] {
        s.ask(step, 1, 2, &request)?;
    }
    let checked =
        replace(TOPIC, &topic, &[("retention.ms", Some("5000"))]).with_validate_only(true);
    s.ask("only validated", 1, 2, &checked)?;
    s.ask("as it was", 1, 4, &describe(TOPIC, &topic, Some(&["retention.ms"])))?;
    s.ask("nothing", 1, 2, &replace(TOPIC, &topic, &[]))?;
    wait_for_value(s, TOPIC, &topic, "retention.ms", "604800000")?;
    s.ask("all of a broker's", 1, 2, &replace(BROKER, "1", &[("num.io.threads", Some("9"))]))?;
    wait_for_value(s, BROKER, "1", "num.io.threads", "9")?;
    s.ask("and none", 1, 2, &replace(BROKER, "1", &[]))?;
    wait_for_value(s, BROKER, "1", "num.io.threads", "8")
}

fn settings_of_client_metrics_are_kept(s: &mut Scenario<'_>) -> Outcome {
    for (step, key, value) in [
        ("an interval", "interval.ms", "60000"),
        ("too short", "interval.ms", "99"),
        ("an unknown key", "every", "1"),
        ("what to match", "match", "client_id=abc"),
        ("nothing to match", "match", "colour=red"),
        ("metrics", "metrics", "org.apache.kafka.producer."),
    ] {
        s.ask(step, 1, 1, &alter(CLIENT_METRICS, "all", &[(key, SET, Some(value))]))?;
    }
    let last = "org.apache.kafka.producer.";
    wait_for_value(s, CLIENT_METRICS, "all", "metrics", last)?;
    s.ask("described", 1, 4, &describe(CLIENT_METRICS, "all", None))?;
    s.ask("one of them", 1, 4, &describe(CLIENT_METRICS, "all", Some(&["match"])))?;
    s.ask("nobody's", 1, 4, &describe(CLIENT_METRICS, "nobody", None))?;
    s.ask("without a name", 1, 4, &describe(CLIENT_METRICS, "", None))?;
    s.ask("set without a name", 1, 1, &alter(CLIENT_METRICS, "", &[("match", SET, Some(""))]))?;
    s.ask("listed", 1, 0, &ListConfigResourcesRequest::default())?;
    let delete =
        [("interval.ms", DELETE, None), ("match", DELETE, None), ("metrics", DELETE, None)];
    s.ask("taken back", 1, 1, &alter(CLIENT_METRICS, "all", &delete))?;
    s.wait_until("none", |s| {
        let answer = s.query(1, 0, &ListConfigResourcesRequest::default())?;
        let count = answer.config_resources.len();
        Ok((count == 0, format!("{count} are listed")))
    })?;
    s.ask("listed no more", 1, 0, &ListConfigResourcesRequest::default()).map(drop)
}

fn settings_of_a_group_are_kept(s: &mut Scenario<'_>) -> Outcome {
    s.ask("as it was born", 1, 4, &describe(GROUP, "readers", None))?;
    // Groups of the new protocol are a preview in 3.9 (KIP-848).
    let is_kept = s.version() >= Version::V4_1_0;
    for (step, key, value) in [
        ("a session", "consumer.session.timeout.ms", "50000"),
        ("too short", "consumer.session.timeout.ms", "1"),
        ("an unknown key", "every", "1"),
        ("no number", "consumer.heartbeat.interval.ms", "often"),
    ] {
        s.ask(step, 1, 1, &alter(GROUP, "readers", &[(key, SET, Some(value))]))?;
    }
    if is_kept {
        wait_for_value(s, GROUP, "readers", "consumer.session.timeout.ms", "50000")?;
    }
    s.ask("described", 1, 4, &describe(GROUP, "readers", None))?;
    s.ask("without a name", 1, 4, &describe(GROUP, "", None))?;
    s.ask("set without a name", 1, 1, &alter(GROUP, "", &[]))?;
    let delete = [("consumer.session.timeout.ms", DELETE, None)];
    s.ask("taken back", 1, 1, &alter(GROUP, "readers", &delete))?;
    if is_kept {
        wait_for_value(s, GROUP, "readers", "consumer.session.timeout.ms", "45000")?;
    }
    s.ask("as at first", 1, 4, &describe(GROUP, "readers", None)).map(drop)
}

fn loggers_belong_to_their_broker(s: &mut Scenario<'_>) -> Outcome {
    s.ask("of nobody", 1, 4, &describe(LOGGER, "", None))?;
    s.ask("of another", 1, 4, &describe(LOGGER, "7", None))?;
    s.ask("no number", 1, 4, &describe(LOGGER, "one", None))?;
    s.ask("nothing of the kind", 1, 4, &describe(LOGGER, "1", Some(&["no.such.logger"])))?;
    for (step, name, key, operation, value) in [
        ("an unknown one", "1", "no.such.logger", SET, "INFO"),
        ("of another broker", "7", "kafka.server", SET, "INFO"),
        ("no level", "1", "root", SET, "LOUD"),
        ("appended", "1", "root", APPEND, "INFO"),
    ] {
        let request = alter(LOGGER, name, &[(key, operation, Some(value))]);
        s.ask(step, 1, 1, &request.with_validate_only(true))?;
    }
    Ok(())
}

fn a_created_topic_is_told_with_its_settings(s: &mut Scenario<'_>) -> Outcome {
    for (step, settings) in [
        ("plain", &[][..]),
        ("with two of its own", &[("retention.ms", "1000"), ("preallocate", " TRUE")][..]),
    ] {
        let name = s.topic(&step.replace(' ', "-"));
        let request = create(vec![creatable(&name, &[&[1]], settings)]);
        s.ask(step, 1, CREATE_TOPICS, &request)?;
    }
    let request = create(vec![creatable(&s.topic("old"), &[&[1]], &[])]);
    s.ask("before they were told", 1, 4, &request).map(drop)
}
