//! How much one request may ask of the controller.

use milena_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use milena_protocol::messages::create_topics_request::CreatableTopic;
use milena_protocol::messages::{CreatePartitionsRequest, CreateTopicsRequest};

use super::*;

fn wide(name: &str, partitions: i32) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
}

#[test]
fn a_request_for_too_many_records_creates_none_of_its_topics() {
    let mut harness = Harness::new(1);
    let connection = harness.connect(1);
    // Each topic takes a record more than it has partitions.
    let request = CreateTopicsRequest::default()
        .with_topics(vec![wide("a", 4_999), wide("b", 5_000)])
        .with_timeout_ms(100);
    let sent = harness.send(connection, 7, &request);
    harness.advance_millis(1);
    let answer = harness.answer::<CreateTopicsRequest>(sent).unwrap();
    let codes: Vec<_> = answer.topics.iter().map(|topic| topic.error_code).collect();
    assert_eq!(codes, [ErrorCode::POLICY_VIOLATION.0; 2]);
    assert_eq!(harness.cluster.topics(), []);
}

#[test]
fn of_too_many_partitions_those_that_fit_are_created_all_the_same() {
    let mut harness = Harness::new(1);
    harness.create_on("a", &[1]);
    harness.create_on("b", &[1]);
    let connection = harness.connect(1);
    let more = |name, count| {
        let topic = CreatePartitionsTopic::default().with_name(topic_name(name));
        topic.with_count(count).with_assignments(None)
    };
    let request = CreatePartitionsRequest::default()
        .with_topics(vec![more("a", 6_001), more("b", 6_001)])
        .with_timeout_ms(100);
    let sent = harness.send(connection, 3, &request);
    harness.advance_millis(1);
    let answer = harness.answer::<CreatePartitionsRequest>(sent).unwrap();
    let codes: Vec<_> = answer.results.iter().map(|result| result.error_code).collect();
    assert_eq!(codes, [0, ErrorCode::UNKNOWN_SERVER_ERROR.0]);
    let counts = ["a", "b"].map(|name| harness.cluster.topic(name).unwrap().partitions);
    assert_eq!(counts, [6_001, 4_001]);
}
