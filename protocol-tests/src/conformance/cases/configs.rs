//! Settings of topics and brokers: described, changed, refused.

use milena_protocol::messages::describe_configs_request::DescribeConfigsResource;
use milena_protocol::messages::incremental_alter_configs_request as incremental;
use milena_protocol::messages::{
    AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest,
    ListConfigResourcesRequest, alter_configs_request,
};

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{PRODUCE, batch, produce};

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
}

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

fn describe(kind: i8, name: &str, keys: Option<&[&str]>) -> DescribeConfigsRequest {
    let resource = DescribeConfigsResource::default()
        .with_resource_type(kind)
        .with_resource_name(text(name))
        .with_configuration_keys(keys.map(|keys| keys.iter().map(|key| text(key)).collect()));
    DescribeConfigsRequest::default().with_resources(vec![resource]).with_include_synonyms(true)
}

fn alter(
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

fn a_topic_lists_every_setting_with_its_default(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[("retention.ms", "1000")])?;
    s.ask("with synonyms", 1, 4, &describe(TOPIC, &topic, None))?;
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
        s.wait_until("the default", |s| {
            let answer = s.query(1, 4, &describe(TOPIC, &topic, Some(&keys)))?;
            let seen = answer.results.iter().flat_map(|result| &result.configs).next();
            let seen = seen.and_then(|config| config.value.as_ref()).map(ToString::to_string);
            Ok((seen.as_deref() == Some(value), format!("{seen:?}")))
        })
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

fn the_old_way_replaces_every_setting(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[("retention.ms", "1000"), ("segment.ms", "7777")])?;
    let config = alter_configs_request::AlterableConfig::default()
        .with_name(text("retention.ms"))
        .with_value(Some(text("2000")));
    let resource = alter_configs_request::AlterConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(&topic))
        .with_configs(vec![config]);
    let request = AlterConfigsRequest::default().with_resources(vec![resource]);
    s.ask("replaced", 1, 2, &request)?;
    let keys = ["retention.ms", "segment.ms"];
    s.wait_until("the change", |s| {
        let answer = s.query(1, 4, &describe(TOPIC, &topic, Some(&keys)))?;
        let configs = answer.results.iter().flat_map(|result| &result.configs);
        let values: Vec<_> = configs.filter_map(|config| config.value.clone()).collect();
        Ok((values.contains(&text("2000")), format!("{values:?}")))
    })?;
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
    s.ask("client metrics", 1, 0, &ListConfigResourcesRequest::default()).map(drop)
}
