//! Requests whose time-out is over before the controller comes to them: with a time-out of 0 or
//! less nothing is done, and everything that was asked for is answered with REQUEST_TIMED_OUT
//! and no words (`QuorumController.appendWriteEvent`, `KafkaEventQueue`).

use milena_protocol::ErrorCode;
use milena_protocol::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use milena_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use milena_protocol::messages::create_topics_response::CreatableTopicResult;
use milena_protocol::messages::delete_topics_response::DeletableTopicResult;
use milena_protocol::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use milena_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, ElectLeadersRequest, ElectLeadersResponse,
    RequestKind, ResponseKind,
};

const TIMED_OUT: i16 = ErrorCode::REQUEST_TIMED_OUT.0;

/// The answer, if the request waits for nothing and asks for something.
pub(super) fn passed(version: i16, request: &RequestKind) -> Option<ResponseKind> {
    Some(match request {
        RequestKind::CreateTopics(request)
            if request.timeout_ms <= 0 && !request.topics.is_empty() =>
        {
            ResponseKind::CreateTopics(create_topics(request))
        }
        RequestKind::DeleteTopics(request) if request.timeout_ms <= 0 => {
            let response = delete_topics(request);
            if response.responses.is_empty() {
                return None;
            }
            ResponseKind::DeleteTopics(response)
        }
        RequestKind::CreatePartitions(request)
            if request.timeout_ms <= 0 && !request.topics.is_empty() =>
        {
            ResponseKind::CreatePartitions(create_partitions(request))
        }
        RequestKind::ElectLeaders(request)
            if request.timeout_ms <= 0
                && !request.topic_partitions.as_ref().is_some_and(Vec::is_empty) =>
        {
            ResponseKind::ElectLeaders(elect_leaders(version, request))
        }
        RequestKind::AlterPartitionReassignments(request)
            if request.timeout_ms <= 0 && !request.topics.is_empty() =>
        {
            ResponseKind::AlterPartitionReassignments(reassign(request))
        }
        _ => return None,
    })
}

fn create_topics(request: &CreateTopicsRequest) -> CreateTopicsResponse {
    let result = request.topics.iter().map(|topic| {
        CreatableTopicResult::default()
            .with_name(topic.name.clone())
            .with_error_code(TIMED_OUT)
            .with_error_message(None)
    });
    CreateTopicsResponse::default().with_topics(result.collect())
}

fn delete_topics(request: &DeleteTopicsRequest) -> DeleteTopicsResponse {
    let result = |name| {
        DeletableTopicResult::default()
            .with_name(name)
            .with_error_code(TIMED_OUT)
            .with_error_message(None)
    };
    // Version 6 names topics in another field than those before.
    let old = request.topic_names.iter().map(|name| result(Some(name.clone())));
    let new =
        request.topics.iter().map(|topic| result(topic.name.clone()).with_topic_id(topic.topic_id));
    DeleteTopicsResponse::default().with_responses(old.chain(new).collect())
}

fn create_partitions(request: &CreatePartitionsRequest) -> CreatePartitionsResponse {
    let result = request.topics.iter().map(|topic| {
        CreatePartitionsTopicResult::default()
            .with_name(topic.name.clone())
            .with_error_code(TIMED_OUT)
            .with_error_message(None)
    });
    CreatePartitionsResponse::default().with_results(result.collect())
}

fn elect_leaders(version: i16, request: &ElectLeadersRequest) -> ElectLeadersResponse {
    let result = request.topic_partitions.iter().flatten().map(|topic| {
        let partitions = topic.partitions.iter().map(|index| {
            PartitionResult::default()
                .with_partition_id(*index)
                .with_error_code(TIMED_OUT)
                .with_error_message(None)
        });
        ReplicaElectionResult::default()
            .with_topic(topic.topic.clone())
            .with_partition_result(partitions.collect())
    });
    // Version 0 has no error of the whole.
    let code = if version == 0 { 0 } else { TIMED_OUT };
    ElectLeadersResponse::default()
        .with_error_code(code)
        .with_replica_election_results(result.collect())
}

fn reassign(request: &AlterPartitionReassignmentsRequest) -> AlterPartitionReassignmentsResponse {
    let result = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            ReassignablePartitionResponse::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(TIMED_OUT)
                .with_error_message(None)
        });
        ReassignableTopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    AlterPartitionReassignmentsResponse::default()
        .with_error_code(TIMED_OUT)
        .with_error_message(None)
        .with_responses(result.collect())
}
