//! The controller's own listener: what brokers ask of it in Kafka's own bytes, for tests that ask it
//! themselves.
//!
//! The brokers of this cluster speak to their controller in typed messages. Whoever connects to it
//! by its id is answered by the same rules. Each request is answered at once.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use milena_protocol::ErrorCode;
use milena_protocol::decode;
use milena_protocol::ids::{BrokerId, TopicId};
use milena_protocol::messages::alter_partition_response::{PartitionData, TopicData};
use milena_protocol::messages::api_versions_response::ApiVersion;
use milena_protocol::messages::{
    self, AllocateProducerIdsRequest, AllocateProducerIdsResponse, AlterPartitionRequest,
    AlterPartitionResponse, ApiKey, ApiVersionsResponse, BrokerHeartbeatRequest,
    BrokerHeartbeatResponse, BrokerRegistrationRequest, BrokerRegistrationResponse, ProducerId,
    RequestKind, ResponseKind,
};
use milena_protocol::response;

use super::Controller;
use crate::cluster::{CloseCause, CloseReason, ConnectionId, Node, Output};
use crate::context::Context;
use crate::message::{Heartbeat, IsrAnswer, IsrProposal, RegisterRequest, Wish};
use crate::metadata::{Recovery, TopicNumber, TopicPartition};

/// What is served, in the versions of a 4.1 controller.
const SERVED: &[(ApiKey, i16, i16)] = &[
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::ElectLeaders, 0, 2),
    (ApiKey::AlterPartitionReassignments, 0, 1),
    (ApiKey::ListPartitionReassignments, 0, 0),
    (ApiKey::AlterClientQuotas, 0, 1),
    (ApiKey::AlterUserScramCredentials, 0, 0),
    (ApiKey::DescribeQuorum, 0, 2),
    (ApiKey::AlterPartition, 2, 3),
    (ApiKey::BrokerRegistration, 0, 4),
    (ApiKey::BrokerHeartbeat, 0, 1),
    (ApiKey::UnregisterBroker, 0, 0),
    (ApiKey::AllocateProducerIds, 0, 0),
];

/// The open connections, and who they belong to.
#[derive(Default, Debug)]
pub(super) struct Clients(BTreeMap<ConnectionId, String>);

impl Controller {
    pub(crate) fn connected(&mut self, connection: ConnectionId, peer: String) {
        self.clients.0.insert(connection, peer);
    }

    pub(crate) fn disconnected(&mut self, connection: ConnectionId) {
        self.clients.0.remove(&connection);
    }

    /// All connections, which are gone then.
    pub(crate) fn drop_clients(&mut self) -> BTreeMap<ConnectionId, String> {
        std::mem::take(&mut self.clients.0)
    }

    /// Answers a request, or closes its connection.
    pub(crate) fn frame(&mut self, ctx: &mut Context<'_>, connection: ConnectionId, frame: Bytes) {
        if !self.clients.0.contains_key(&connection) {
            return;
        }
        match self.handle(ctx, frame) {
            Ok(frame) => ctx.outputs.push_back(Output::Send { connection, frame }),
            Err(cause) => {
                let peer = self.clients.0.remove(&connection).unwrap_or_default();
                let reason = CloseReason { broker: ctx.config.controller_id, peer, cause };
                ctx.outputs.push_back(Output::Close { connection, reason });
            }
        }
    }

    fn handle(&mut self, ctx: &mut Context<'_>, frame: Bytes) -> Result<Bytes, CloseCause> {
        let malformed = |error: decode::DecodeError| CloseCause::Malformed(error.to_string());
        let request = decode::request(frame).map_err(malformed)?;
        let (key, version) = (request.key, request.version);
        ctx.trace(Node::Controller, "request", &[("key", &key), ("version", &version)]);
        let not_served = || CloseCause::NotServed { key: key as i16, version };
        let served = SERVED.iter().find(|(served, ..)| *served == key).ok_or_else(not_served)?;
        if !(served.1..=served.2).contains(&version) {
            return Err(not_served());
        }
        let client = request.header.client_id.as_deref().unwrap_or_default();
        let body = self.serve(ctx, client, version, &request.body).ok_or_else(not_served)?;
        response::encode(key, version, request.header.correlation_id, &body)
            .map_err(|error| CloseCause::Unencodable(error.to_string()))
    }

    fn serve(
        &mut self,
        ctx: &mut Context<'_>,
        client: &str,
        version: i16,
        request: &RequestKind,
    ) -> Option<ResponseKind> {
        Some(match request {
            RequestKind::ApiVersions(_) => ResponseKind::ApiVersions(api_versions()),
            RequestKind::AlterPartition(request) => {
                ResponseKind::AlterPartition(self.alter_partition_on_wire(ctx, version, request))
            }
            RequestKind::BrokerRegistration(request) => {
                ResponseKind::BrokerRegistration(self.register_on_wire(ctx, request))
            }
            RequestKind::BrokerHeartbeat(request) => {
                ResponseKind::BrokerHeartbeat(self.heartbeat_on_wire(ctx, request))
            }
            RequestKind::AllocateProducerIds(request) => {
                ResponseKind::AllocateProducerIds(self.allocate_on_wire(request))
            }
            other => return self.forwarded(ctx, client, version, other),
        })
    }

    fn alter_partition_on_wire(
        &mut self,
        ctx: &mut Context<'_>,
        version: i16,
        request: &AlterPartitionRequest,
    ) -> AlterPartitionResponse {
        let response = AlterPartitionResponse::default();
        let proposals: Vec<IsrProposal> = request
            .topics
            .iter()
            .flat_map(|topic| {
                let known = self.image.topic(TopicId(topic.topic_id));
                let number = known.map_or(TopicNumber::NONE, |topic| topic.number);
                topic.partitions.iter().map(move |partition| (number, partition))
            })
            .map(|(topic, partition)| IsrProposal {
                partition: TopicPartition { topic, index: partition.partition_index },
                leader_epoch: partition.leader_epoch,
                partition_epoch: partition.partition_epoch,
                recovery: match partition.leader_recovery_state {
                    1 => Recovery::Recovering,
                    _ => Recovery::Recovered,
                },
                isr: if version < 3 {
                    // Members without epochs are taken as they are (KIP-903).
                    partition.new_isr.iter().map(|id| (BrokerId(id.0), -1)).collect()
                } else {
                    let members = partition.new_isr_with_epochs.iter();
                    members.map(|it| (BrokerId(it.broker_id.0), it.broker_epoch)).collect()
                },
            })
            .collect();
        let broker = BrokerId(request.broker_id.0);
        match self.alter_partitions(ctx, broker, request.broker_epoch, &proposals) {
            Err(code) => response.with_error_code(code.0),
            Ok(answers) => {
                let mut answers = answers.into_iter();
                let topics = request.topics.iter().map(|topic| {
                    let answered = answers.by_ref().take(topic.partitions.len());
                    TopicData::default()
                        .with_topic_id(topic.topic_id)
                        .with_partitions(answered.map(|answer| altered(&answer)).collect())
                });
                response.with_topics(topics.collect())
            }
        }
    }

    fn register_on_wire(
        &mut self,
        ctx: &mut Context<'_>,
        request: &BrokerRegistrationRequest,
    ) -> BrokerRegistrationResponse {
        let response = BrokerRegistrationResponse::default();
        if request.cluster_id.as_str() != self.cluster_id() {
            return response
                .with_error_code(ErrorCode::INCONSISTENT_CLUSTER_ID.0)
                .with_broker_epoch(-1);
        }
        let listener = request.listeners.first();
        let registration = RegisterRequest {
            incarnation: request.incarnation_id.as_u64_pair().1,
            previous_epoch: request.previous_broker_epoch,
            host: listener.map(|it| it.host.to_string()).unwrap_or_default(),
            port: listener.map_or(0, |it| it.port),
            rack: request.rack.as_ref().map(ToString::to_string),
        };
        match self.register(ctx, BrokerId(request.broker_id.0), registration) {
            Ok(epoch) => response.with_broker_epoch(epoch),
            Err(code) => response.with_error_code(code.0).with_broker_epoch(-1),
        }
    }

    fn heartbeat_on_wire(
        &mut self,
        ctx: &mut Context<'_>,
        request: &BrokerHeartbeatRequest,
    ) -> BrokerHeartbeatResponse {
        let heartbeat = Heartbeat {
            epoch: request.broker_epoch,
            metadata_offset: request.current_metadata_offset,
            failed: BTreeSet::new(),
            wants: match (request.want_shut_down, request.want_fence) {
                (true, true) => Wish::ShutDownFenced,
                (true, false) => Wish::ShutDown,
                (false, true) => Wish::Fenced,
                (false, false) => Wish::Active,
            },
        };
        let response = BrokerHeartbeatResponse::default();
        match self.heartbeat(ctx, BrokerId(request.broker_id.0), heartbeat) {
            Ok(reply) => response
                .with_is_caught_up(reply.caught_up)
                .with_is_fenced(reply.fenced)
                .with_should_shut_down(reply.shut_down),
            Err(code) => response.with_error_code(code.0),
        }
    }

    fn allocate_on_wire(
        &mut self,
        request: &AllocateProducerIdsRequest,
    ) -> AllocateProducerIdsResponse {
        let response = AllocateProducerIdsResponse::default();
        let broker = BrokerId(request.broker_id.0);
        match self.allocate_producer_ids(broker, request.broker_epoch) {
            Ok(block) => response
                .with_producer_id_start(ProducerId(block.first))
                .with_producer_id_len(i32::try_from(block.count).unwrap_or(i32::MAX)),
            Err(code) => response.with_error_code(code.0),
        }
    }
}

fn altered((partition, answer): &IsrAnswer) -> PartitionData {
    let data = PartitionData::default().with_partition_index(partition.index);
    match answer {
        Err(code) => data.with_error_code(code.0),
        Ok(commit) => data
            .with_leader_id(messages::BrokerId(commit.leader.get()))
            .with_leader_epoch(commit.leader_epoch)
            .with_isr(commit.isr.iter().map(|id| messages::BrokerId(id.get())).collect())
            .with_leader_recovery_state(match commit.recovery {
                Recovery::Recovered => 0,
                Recovery::Recovering => 1,
            })
            .with_partition_epoch(commit.partition_epoch),
    }
}

fn api_versions() -> ApiVersionsResponse {
    let keys = SERVED.iter().map(|(key, min, max)| {
        ApiVersion::default()
            .with_api_key(*key as i16)
            .with_min_version(*min)
            .with_max_version(*max)
    });
    ApiVersionsResponse::default().with_api_keys(keys.collect())
}

// Not modelled: the quorum's own requests (Vote, Fetch of the metadata log, and so on), requests
// that a controller answers from what brokers registered with it (DescribeCluster for controllers).
