//! CreateTopics, DeleteTopics, Metadata.

use milena_protocol::messages::delete_topics_request::DeleteTopicState;
use milena_protocol::messages::metadata_request::MetadataRequestTopic;
use milena_protocol::messages::{
    ApiVersionsRequest, DeleteTopicsRequest, MetadataRequest, TopicName,
};
use serde_json::json;
use uuid::Uuid;

use super::super::scenario::{metadata_of, text};
use super::super::{Outcome, Scenario};
use super::support::{CREATE_TOPICS, batch, creatable, create, produce, topic_id};

/// `Errors.UNKNOWN_TOPIC_OR_PARTITION`
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;

cases! {
    every_api_and_its_versions_are_announced: One, "ApiVersionManager";
    topics_that_cannot_be_created_are_told_why: Three, "ReplicationControlManager.createTopics";
    a_topic_is_created_described_and_deleted: Three, "ReplicationControlManager";
    a_topic_is_created_when_it_is_asked_for: One, "AutoTopicCreationManager";
    metadata_by_topic_id_names_ids_that_nobody_knows: One, "KIP-516";
    a_topic_created_again_is_another: One, "KIP-516";
    topics_named_twice_are_deleted_once_or_not_at_all: One, "ControllerApis.deleteTopics";
}

fn every_api_and_its_versions_are_announced(s: &mut Scenario<'_>) -> Outcome {
    let request = ApiVersionsRequest::default()
        .with_client_software_name(text("conformance"))
        .with_client_software_version(text("1"));
    s.ask("v4", 1, 4, &request)?;
    s.ask("v3", 1, 3, &request)?;
    s.ask("v0", 1, 0, &ApiVersionsRequest::default()).map(drop)
}

fn topics_that_cannot_be_created_are_told_why(s: &mut Scenario<'_>) -> Outcome {
    let taken = s.create_on("taken", &[1], &[])?;
    let name = s.topic("a");
    let counted = |partitions: i32, factor: i16| {
        creatable(&name, &[], &[]).with_num_partitions(partitions).with_replication_factor(factor)
    };
    let topics = [
        ("a name that is taken", creatable(&taken, &[&[1]], &[])),
        ("an illegal name", creatable("no spaces please", &[&[1]], &[])),
        ("no partitions", counted(0, 1)),
        ("more replicas than brokers", counted(1, 4)),
        ("no replicas", counted(1, 0)),
        ("a replica twice", creatable(&name, &[&[1, 1]], &[])),
        ("an unknown broker", creatable(&name, &[&[9]], &[])),
        ("an unknown setting", creatable(&name, &[&[1]], &[("no.such.thing", "1")])),
        ("a bad value", creatable(&name, &[&[1]], &[("retention.ms", "soon")])),
    ];
    for (step, topic) in topics {
        s.ask(step, 1, CREATE_TOPICS, &create(vec![topic]))?;
    }
    let twice = creatable(&name, &[&[1]], &[]);
    s.ask("the same twice", 1, CREATE_TOPICS, &create(vec![twice.clone(), twice]))?;
    s.metadata("nothing was created", 1, &[&name]).map(drop)
}

fn a_topic_is_created_described_and_deleted(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[("retention.ms", "1000")])?;
    s.metadata("it is there", 1, &[&topic])?;
    let delete = DeleteTopicsRequest::default()
        .with_topic_names(vec![TopicName(text(&topic))])
        .with_timeout_ms(10_000);
    s.ask("deleted", 1, 5, &delete)?;
    s.ask("deleted again", 1, 5, &delete)?;
    s.wait_until("a broker that knows the topic no more", |s| {
        let answer = s.query(1, 12, &metadata_of(&[&topic]))?;
        let code = answer.topics.first().map_or(0, |topic| topic.error_code);
        Ok((code == UNKNOWN_TOPIC_OR_PARTITION, format!("error {code}")))
    })?;
    s.metadata("it is gone", 1, &[&topic]).map(drop)
}

fn a_topic_is_created_when_it_is_asked_for(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.topic("a");
    let wanted = metadata_of(&[&topic]).with_allow_auto_topic_creation(true);
    s.ask("not wanted", 1, 12, &metadata_of(&[&topic]))?;
    s.ask("wanted", 1, 12, &wanted)?;
    s.wait_until("the topic", |s| {
        let answer = s.query(1, 12, &metadata_of(&[&topic]))?;
        let code = answer.topics.first().map_or(-1, |topic| topic.error_code);
        Ok((code == 0, format!("error {code}")))
    })?;
    s.ask("it is there", 1, 12, &wanted)?;
    for name in ["no spaces please", "", ".", "..", "__cluster_metadata"] {
        let request = metadata_of(&[name]).with_allow_auto_topic_creation(true);
        s.ask(&format!("illegal: {name:?}"), 1, 12, &request)?;
    }
    Ok(())
}

fn by_id(id: Uuid) -> MetadataRequest {
    let topic = MetadataRequestTopic::default().with_topic_id(id).with_name(None);
    MetadataRequest::default().with_topics(Some(vec![topic])).with_allow_auto_topic_creation(false)
}

fn metadata_by_topic_id_names_ids_that_nobody_knows(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let id = topic_id(s, &topic)?;
    s.ask("known", 1, 12, &by_id(id))?;
    s.ask("unknown", 1, 12, &by_id(Uuid::from_u128(5)))?;
    s.ask("both", 1, 12, &{
        let mut both = by_id(id);
        both.topics.iter_mut().for_each(|topics| {
            topics.extend(by_id(Uuid::from_u128(5)).topics.into_iter().flatten());
        });
        both
    })?;
    for version in [10, 11] {
        let request = by_id(id);
        s.ask(&format!("v{version}"), 1, version, &request)?;
    }
    Ok(())
}

fn delete(names: &[&str]) -> DeleteTopicsRequest {
    DeleteTopicsRequest::default()
        .with_topic_names(names.iter().map(|name| TopicName(text(name))).collect())
        .with_timeout_ms(10_000)
}

fn a_topic_created_again_is_another(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let old = topic_id(s, &topic)?;
    s.append(1, &topic, batch(&["a"]))?;
    s.ask("deleted", 1, 5, &delete(&[&topic]))?;
    s.wait_until("the end of the topic", |s| {
        let answer = s.query(1, 12, &metadata_of(&[&topic]))?;
        let code = answer.topics.first().map_or(-1, |topic| topic.error_code);
        Ok((code == 3, format!("error {code}")))
    })?;
    s.create_on("a", &[1], &[])?;
    let new = topic_id(s, &topic)?;
    s.record("it has another id", json!(old != new));
    for (step, id) in [("by the old id", old), ("by the new id", new)] {
        let mut request = produce("", -1, batch(&["b"]));
        request.topic_data[0].topic_id = id;
        s.ask(step, 1, 13, &request)?;
    }
    s.ask("metadata of the old id", 1, 12, &by_id(old))?;
    s.ask("its records", 1, 12, &super::support::fetch(&topic, 0)).map(drop)
}

fn topics_named_twice_are_deleted_once_or_not_at_all(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let id = topic_id(s, &topic)?;
    s.ask("the same name twice", 1, 5, &delete(&[&topic, &topic]))?;
    s.metadata("it is still there", 1, &[&topic])?;
    let named = DeleteTopicState::default().with_name(Some(TopicName(text(&topic))));
    let numbered = DeleteTopicState::default().with_name(None).with_topic_id(id);
    let both = named.clone().with_topic_id(id);
    let neither = DeleteTopicState::default().with_name(None);
    let unknown = DeleteTopicState::default().with_name(None).with_topic_id(Uuid::from_u128(5));
    for (step, topics) in [
        ("a name and its id", vec![named, numbered.clone()]),
        ("the same id twice", vec![numbered.clone(), numbered.clone()]),
        ("name and id in one", vec![both]),
        ("neither", vec![neither]),
        ("an unknown id", vec![unknown]),
        ("the id alone", vec![numbered]),
    ] {
        let request = DeleteTopicsRequest::default().with_topics(topics).with_timeout_ms(10_000);
        s.ask(step, 1, 6, &request)?;
    }
    Ok(())
}
