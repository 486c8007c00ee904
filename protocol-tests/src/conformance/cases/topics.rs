//! CreateTopics, DeleteTopics, Metadata.

use milena_protocol::messages::{ApiVersionsRequest, DeleteTopicsRequest, TopicName};

use super::super::scenario::{metadata_of, text};
use super::super::{Outcome, Scenario};
use super::support::{CREATE_TOPICS, creatable, create};

/// `Errors.UNKNOWN_TOPIC_OR_PARTITION`
const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;

cases! {
    every_api_and_its_versions_are_announced: One, "ApiVersionManager";
    topics_that_cannot_be_created_are_told_why: Three, "ReplicationControlManager.createTopics";
    a_topic_is_created_described_and_deleted: Three, "ReplicationControlManager";
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
