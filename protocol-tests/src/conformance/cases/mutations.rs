//! What the quota on changes of partitions causes (KIP-599). A client that owes partitions is not
//! read from for as long as it is told, so that each request has a connection of its own; a
//! throttle is compared as present or not, because credits come back while requests are handled.

use std::time::Duration;

use milena_protocol::Request;
use milena_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use milena_protocol::messages::create_topics_request::CreatableTopic;
use milena_protocol::messages::delete_topics_request::DeleteTopicState;
use milena_protocol::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, TopicName,
};
use serde_json::json;

use super::super::scenario::{metadata_of, text};
use super::super::{Outcome, Scenario};
use super::support::create;
use super::throttles::set;

cases! {
    partitions_beyond_the_rate_are_refused: One, "KIP-599";
    old_versions_owe_partitions_beyond_the_rate: One, "ControllerMutationQuotaManager";
    a_client_that_owes_partitions_is_silenced: One, "RequestHandlerHelper.sendForwardedResponse";
}

const KEY: &str = "controller_mutation_rate";

/// Less than a partition is owed after a burst of them.
const RATE: f64 = 0.01;

/// The last CreateTopics version that refuses nothing.
const PERMISSIVE: i16 = 5;

fn topic(name: &str, partitions: i32) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(TopicName(text(name)))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
}

fn creation(name: &str) -> CreateTopicsRequest {
    create(vec![topic(name, 1)])
}

fn more(name: &str) -> CreatePartitionsRequest {
    let topic = CreatePartitionsTopic::default()
        .with_name(TopicName(text(name)))
        .with_count(2)
        .with_assignments(None);
    CreatePartitionsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000)
}

/// On a connection that is not silenced.
fn fresh<R: Request>(s: &mut Scenario<'_>, version: i16, request: &R) -> Outcome<R::Response> {
    let link = s.connect(1)?;
    let pending = s.send(link, version, request)?;
    s.take(pending)
}

/// Gives the client a rate, and has topics checked until it owes some.
fn owe(s: &mut Scenario<'_>, client: &str) -> Outcome {
    set(s, &[("client-id", client)], KEY, Some(RATE))?;
    let check = creation(&format!("{client}-check")).with_validate_only(true);
    s.wait_until("debt", |s| {
        let told = fresh(s, PERMISSIVE, &check)?.throttle_time_ms;
        Ok((told > 0, format!("throttle {told}")))
    })
}

fn record(s: &mut Scenario<'_>, step: &str, code: Option<i16>, throttle: i32) {
    s.record(step, json!({"error_code": code, "is throttled": throttle > 0}));
}

fn create_one(s: &mut Scenario<'_>, step: &str, version: i16, name: &str) -> Outcome {
    let answer = fresh(s, version, &creation(name))?;
    record(s, step, answer.topics.first().map(|it| it.error_code), answer.throttle_time_ms);
    Ok(())
}

fn grow(s: &mut Scenario<'_>, step: &str, version: i16, name: &str) -> Outcome {
    let answer = fresh(s, version, &more(name))?;
    record(s, step, answer.results.first().map(|it| it.error_code), answer.throttle_time_ms);
    Ok(())
}

fn delete(s: &mut Scenario<'_>, step: &str, version: i16, name: &str) -> Outcome {
    let name = TopicName(text(name));
    let request = match version {
        6.. => DeleteTopicsRequest::default()
            .with_topics(vec![DeleteTopicState::default().with_name(Some(name))]),
        _ => DeleteTopicsRequest::default().with_topic_names(vec![name]),
    };
    let answer = fresh(s, version, &request.with_timeout_ms(10_000))?;
    record(s, step, answer.responses.first().map(|it| it.error_code), answer.throttle_time_ms);
    Ok(())
}

fn partitions_beyond_the_rate_are_refused(s: &mut Scenario<'_>) -> Outcome {
    let present = s.create_on("a", &[1], &[])?;
    let client = s.topic("client");
    s.as_client(&client);
    owe(s, &client)?;
    let new = s.topic("b");
    create_one(s, "a topic", 7, &new)?;
    create_one(s, "in the first version that is refused", 6, &new)?;
    create_one(s, "a topic that is there", 7, &present)?;
    grow(s, "more partitions", 3, &present)?;
    grow(s, "of a topic that is not there", 3, &new)?;
    delete(s, "a topic's end", 6, &present)?;
    delete(s, "by name", 5, &present)?;
    delete(s, "of a topic that is not there", 6, &new)?;
    s.metadata("nothing has changed", 1, &[&present, &new])?;
    set(s, &[("client-id", &client)], KEY, None)?;
    s.wait_until("the rate is gone", |s| {
        let told = fresh(s, 7, &creation(&new).with_validate_only(true))?.throttle_time_ms;
        Ok((told == 0, format!("throttle {told}")))
    })?;
    create_one(s, "without a rate", 7, &new)
}

fn old_versions_owe_partitions_beyond_the_rate(s: &mut Scenario<'_>) -> Outcome {
    let present = s.create_on("a", &[1], &[])?;
    let client = s.topic("client");
    s.as_client(&client);
    owe(s, &client)?;
    let new = s.topic("b");
    create_one(s, "a topic", PERMISSIVE, &new)?;
    create_one(s, "a topic that is there", PERMISSIVE, &present)?;
    grow(s, "more partitions", 2, &present)?;
    delete(s, "a topic's end", 4, &new)?;
    create_one(s, "refused in a later version", 7, &new)?;
    set(s, &[("client-id", &client)], KEY, None)
}

fn a_client_that_owes_partitions_is_silenced(s: &mut Scenario<'_>) -> Outcome {
    let client = s.topic("client");
    s.as_client(&client);
    set(s, &[("client-id", &client)], KEY, Some(0.5))?;
    let link = s.connect(1)?;
    let name = s.topic("a");
    // Five and a half may come at once.
    let pending = s.send(link, PERMISSIVE, &create(vec![topic(&name, 7)]))?;
    let told = s.take(pending)?.throttle_time_ms;
    s.record("is told", json!(told > 2_000 && told <= 3_000));
    let pending = s.send(link, 12, &metadata_of(&[]))?;
    s.sends_nothing_for("and not read from", link, Duration::from_millis(500))?;
    s.take(pending)?;
    s.record("until its debt is paid", json!("answered"));
    set(s, &[("client-id", &client)], KEY, None)
}
