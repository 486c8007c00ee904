//! Requests of clients that only the controller can answer (`ForwardingManager`, KIP-590).
//!
//! They wait in their broker until a controller answers, whatever time-out they name themselves;
//! after a minute the broker answers REQUEST_TIMED_OUT in the controller's place.

use milena_protocol::ErrorCode;
use milena_protocol::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use milena_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use milena_protocol::messages::create_topics_response::CreatableTopicResult;
use milena_protocol::messages::delete_topics_response::DeletableTopicResult;
use milena_protocol::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use milena_protocol::messages::{
    self, AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    CreatePartitionsResponse, CreateTopicsResponse, DeleteTopicsRequest, DeleteTopicsResponse,
    DescribeQuorumResponse, ElectLeadersRequest, ElectLeadersResponse,
    ListPartitionReassignmentsResponse, RequestKind, ResponseKind, UnregisterBrokerResponse,
};
use milena_protocol::time::MonoTime;

use super::{Asked, CallKind, Process, Reassembly};
use crate::context::Context;
use crate::message::Request;

/// A client's request that the controller handles.
#[derive(Clone, Debug)]
pub(crate) struct Forwarded {
    pub(crate) asked: Asked,
    /// Tried again as long as the controller is not there.
    pub(crate) request: Box<RequestKind>,
    /// What this broker has answered itself.
    pub(crate) reassembly: Option<Reassembly>,
    /// When the client is told that nobody answered.
    pub(crate) until: MonoTime,
}

impl Process {
    /// Hands a client's request on to the controller, or tells the client that it took too long.
    pub(crate) fn forward(&mut self, ctx: &mut Context<'_>, forwarded: Forwarded) {
        if forwarded.until <= ctx.now
            && let Some(response) = timed_out(&forwarded.request)
        {
            self.respond(ctx, &forwarded.asked, &response);
            return;
        }
        let Asked { version, connection, .. } = forwarded.asked;
        let (client, _) = self.last_request(connection);
        let body = Request::Forwarded { client, version, request: forwarded.request.clone() };
        self.call_controller(ctx, CallKind::Forward(forwarded), body);
    }
}

/// What a request's `getErrorResponse` makes of a time-out; nothing for requests whose answers have
/// no place for it, which wait on.
fn timed_out(request: &RequestKind) -> Option<ResponseKind> {
    let code = ErrorCode::REQUEST_TIMED_OUT.0;
    Some(match request {
        RequestKind::CreateTopics(request) => {
            let refused = request.topics.iter().map(|topic| {
                CreatableTopicResult::default()
                    .with_name(topic.name.clone())
                    .with_error_code(code)
                    .with_error_message(None)
            });
            ResponseKind::CreateTopics(
                CreateTopicsResponse::default().with_topics(refused.collect()),
            )
        }
        RequestKind::DeleteTopics(request) => {
            ResponseKind::DeleteTopics(not_deleted(request, code))
        }
        RequestKind::CreatePartitions(request) => {
            let refused = request.topics.iter().map(|topic| {
                CreatePartitionsTopicResult::default()
                    .with_name(topic.name.clone())
                    .with_error_code(code)
                    .with_error_message(None)
            });
            let response = CreatePartitionsResponse::default().with_results(refused.collect());
            ResponseKind::CreatePartitions(response)
        }
        RequestKind::ElectLeaders(request) => {
            ResponseKind::ElectLeaders(not_elected(request, code))
        }
        RequestKind::AlterPartitionReassignments(request) => {
            ResponseKind::AlterPartitionReassignments(not_reassigned(request, code))
        }
        RequestKind::ListPartitionReassignments(_) => ResponseKind::ListPartitionReassignments(
            ListPartitionReassignmentsResponse::default()
                .with_error_code(code)
                .with_error_message(None),
        ),
        RequestKind::DescribeQuorum(_) => {
            ResponseKind::DescribeQuorum(DescribeQuorumResponse::default().with_error_code(code))
        }
        RequestKind::UnregisterBroker(_) => ResponseKind::UnregisterBroker(
            UnregisterBrokerResponse::default().with_error_code(code).with_error_message(None),
        ),
        _ => return None,
    })
}

fn not_deleted(request: &DeleteTopicsRequest, code: i16) -> DeleteTopicsResponse {
    let by_state = request.topics.iter().map(|topic| {
        DeletableTopicResult::default()
            .with_name(topic.name.clone())
            .with_topic_id(topic.topic_id)
            .with_error_code(code)
    });
    let by_name = request.topic_names.iter().map(|name| {
        DeletableTopicResult::default().with_name(Some(name.clone())).with_error_code(code)
    });
    DeleteTopicsResponse::default().with_responses(by_state.chain(by_name).collect())
}

fn not_elected(request: &ElectLeadersRequest, code: i16) -> ElectLeadersResponse {
    let results = request.topic_partitions.iter().flatten().map(|topic| {
        let partitions = topic.partitions.iter().map(|index| {
            PartitionResult::default()
                .with_partition_id(*index)
                .with_error_code(code)
                .with_error_message(None)
        });
        ReplicaElectionResult::default()
            .with_topic(topic.topic.clone())
            .with_partition_result(partitions.collect())
    });
    ElectLeadersResponse::default()
        .with_error_code(code)
        .with_replica_election_results(results.collect())
}

fn not_reassigned(
    request: &AlterPartitionReassignmentsRequest,
    code: i16,
) -> AlterPartitionReassignmentsResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            ReassignablePartitionResponse::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(code)
                .with_error_message(None)
        });
        ReassignableTopicResponse::default()
            .with_name(messages::TopicName(topic.name.0.clone()))
            .with_partitions(partitions.collect())
    });
    AlterPartitionReassignmentsResponse::default()
        .with_error_message(None)
        .with_responses(topics.collect())
}
