//! Requests that are not what they should be: what is answered, and what ends a connection.

use bytes::{BufMut, Bytes, BytesMut};
use milena_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use milena_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use milena_protocol::messages::delete_topics_request::DeleteTopicState;
use milena_protocol::messages::elect_leaders_request::TopicPartitions;
use milena_protocol::messages::{
    AlterPartitionReassignmentsRequest, ApiKey, BrokerId, CreatePartitionsRequest,
    DeleteTopicsRequest, ElectLeadersRequest, TopicName,
};

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{CREATE_TOPICS, batch, creatable, create, produce};

cases! {
    an_unknown_api_key_closes_the_connection: One, "SocketServer.Processor.processCompletedReceives";
    a_version_that_is_not_served_closes_the_connection: One, "ApiVersionManager.isApiEnabled";
    api_versions_of_an_unknown_version_is_answered_in_version_zero: One, "KIP-511";
    a_request_that_ends_early_closes_the_connection: One, "RequestContext.parseRequest";
    bytes_behind_a_request_are_ignored: One, "RequestContext.parseRequest";
    a_length_beyond_the_request_closes_the_connection: One, "ByteBufferAccessor";
    produce_without_acks_gets_no_answer_and_an_error_closes: One, "KafkaApis.handleProduceRequest";
    api_versions_without_a_legal_client_name_is_refused: One, "ApiVersionsRequest.isValid";
    a_time_out_of_zero_is_over_at_once: One, "QuorumController.appendWriteEvent";
}

/// A request frame by hand: header version 1, without a client id.
fn frame(key: i16, version: i16, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_i16(key);
    frame.put_i16(version);
    frame.put_i32(77);
    frame.put_i16(-1);
    frame.extend_from_slice(body);
    frame.freeze()
}

fn an_unknown_api_key_closes_the_connection(s: &mut Scenario<'_>) -> Outcome {
    for key in [-1, 99, 999, i16::MAX] {
        s.raw(&format!("key {key}"), 1, frame(key, 0, &[0; 16]))?;
    }
    // Keys of the time of ZooKeeper, and of a controller.
    for key in [4, 5, 6, 7, 52, 53, 54, 56, 62, 63] {
        s.raw(&format!("key {key}"), 1, frame(key, 0, &[0; 16]))?;
    }
    Ok(())
}

fn a_version_that_is_not_served_closes_the_connection(s: &mut Scenario<'_>) -> Outcome {
    for key in [ApiKey::Produce, ApiKey::Fetch, ApiKey::Metadata, ApiKey::CreateTopics] {
        for version in [-1, 50] {
            s.raw(&format!("{key:?} v{version}"), 1, frame(key as i16, version, &[0; 32]))?;
        }
    }
    s.raw("Produce v2", 1, frame(0, 2, &[0; 32]))?;
    s.raw("CreateTopics v0", 1, frame(19, 0, &[0; 32])).map(drop)
}

fn api_versions_of_an_unknown_version_is_answered_in_version_zero(s: &mut Scenario<'_>) -> Outcome {
    for version in [5, 99, -1] {
        let received = s.raw(&format!("v{version}"), 1, frame(18, version, &[]))?;
        s.record_head(&format!("error of v{version}"), &received, 6);
    }
    Ok(())
}

fn a_request_that_ends_early_closes_the_connection(s: &mut Scenario<'_>) -> Outcome {
    s.raw("an empty frame", 1, Bytes::new())?;
    s.raw("half a header", 1, frame(3, 1, &[]).slice(..6))?;
    s.raw("a header alone", 1, frame(3, 1, &[]))?;
    s.raw("half a count", 1, frame(3, 1, &[0, 0]))?;
    s.raw("a topic that is not there", 1, frame(3, 1, &[0, 0, 0, 1])).map(drop)
}

fn bytes_behind_a_request_are_ignored(s: &mut Scenario<'_>) -> Outcome {
    // Metadata v1 of no topics, and ApiVersions v0.
    s.raw("Metadata", 1, frame(3, 1, &[0, 0, 0, 0, 1, 2, 3]))?;
    s.raw("ApiVersions", 1, frame(18, 0, &[9; 9])).map(drop)
}

fn a_length_beyond_the_request_closes_the_connection(s: &mut Scenario<'_>) -> Outcome {
    s.raw("more elements than bytes", 1, frame(3, 1, &[0x7f, 0xff, 0xff, 0xff]))?;
    s.raw("a negative count that is not null", 1, frame(3, 1, &[0xff, 0xff, 0xff, 0xfe]))?;
    s.raw("a string longer than the request", 1, frame(3, 1, &[0, 0, 0, 1, 0, 9, b'a']))?;
    s.raw("a null name", 1, frame(3, 1, &[0, 0, 0, 1, 0xff, 0xff])).map(drop)
}

fn produce_without_acks_gets_no_answer_and_an_error_closes(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let good = s.connect(1)?;
    let _ = s.send(good, 12, &produce(&topic, 0, batch(&["a"])))?;
    s.sends_nothing_for("a good one", good, std::time::Duration::from_millis(500))?;
    s.wait_for_high_watermark(1, &topic, 1)?;
    let bad = s.connect(1)?;
    let _ = s.send(bad, 12, &produce("nobody-made-this", 0, batch(&["a"])))?;
    s.sends_nothing_for("an unknown topic", bad, std::time::Duration::from_secs(2))
}

fn api_versions_without_a_legal_client_name_is_refused(s: &mut Scenario<'_>) -> Outcome {
    for name in ["", "no spaces", "-leading", "fine-1.0"] {
        let request = milena_protocol::messages::ApiVersionsRequest::default()
            .with_client_software_name(text(name))
            .with_client_software_version(text("1"));
        let answer = s.query(1, 3, &request)?;
        s.record(&format!("{name:?}"), serde_json::json!(answer.error_code));
    }
    Ok(())
}

fn a_time_out_of_zero_is_over_at_once(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let name = || TopicName(text(&topic));
    let created = create(vec![creatable(&s.topic("b"), &[&[1]], &[])]).with_timeout_ms(0);
    s.ask("created", 1, CREATE_TOPICS, &created)?;
    s.ask("created, less than nothing", 1, CREATE_TOPICS, &created.with_timeout_ms(-1))?;
    s.ask("created, no topic", 1, CREATE_TOPICS, &create(Vec::new()).with_timeout_ms(0))?;
    let state = DeleteTopicState::default().with_name(Some(name()));
    let deleted = DeleteTopicsRequest::default().with_topics(vec![state]).with_timeout_ms(0);
    s.ask("deleted", 1, 6, &deleted)?;
    let more = CreatePartitionsTopic::default().with_name(name()).with_count(2);
    let more = more.with_assignments(None);
    let added = CreatePartitionsRequest::default().with_topics(vec![more]).with_timeout_ms(0);
    s.ask("added", 1, 3, &added)?;
    let elected = TopicPartitions::default().with_topic(name()).with_partitions(vec![0]);
    let elected = ElectLeadersRequest::default()
        .with_topic_partitions(Some(vec![elected]))
        .with_timeout_ms(0);
    s.ask("elected", 1, 2, &elected)?;
    let nothing = elected.clone().with_topic_partitions(Some(Vec::new()));
    s.ask("elected, no partition", 1, 2, &nothing)?;
    s.ask("elected, version 0", 1, 0, &elected)?;
    let moved = ReassignablePartition::default()
        .with_partition_index(0)
        .with_replicas(Some(vec![BrokerId(1)]));
    let moved = ReassignableTopic::default().with_name(name()).with_partitions(vec![moved]);
    let moved =
        AlterPartitionReassignmentsRequest::default().with_topics(vec![moved]).with_timeout_ms(0);
    s.ask("moved", 1, 0, &moved)?;
    s.metadata("as it was", 1, &[&topic]).map(drop)
}
