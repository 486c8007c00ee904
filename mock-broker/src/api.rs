//! The APIs a broker serves: one table, one file per key.
//!
//! The table lists exactly what is implemented. ApiVersions answers from it, requests are
//! dispatched by it, and everything else closes the connection, as Apache Kafka does.

use bytes::Bytes;
use milena_protocol::StrBytes;
use milena_protocol::decode::DecodeError;
use milena_protocol::messages::{ApiKey, RequestKind};

use crate::broker::{Answer, Asked, Forwarded, Process};
use crate::cluster::{CloseCause, ConnectionId, Node};
use crate::context::Context;
use crate::release::Release;

mod acl_codes;
mod add_raft_voter;
mod alter_client_quotas;
mod alter_configs;
mod alter_partition_reassignments;
mod alter_replica_log_dirs;
mod alter_user_scram_credentials;
mod api_versions;
mod config_changes;
mod create_acls;
mod create_delegation_token;
mod create_partitions;
mod create_topics;
mod delete_acls;
mod delete_records;
mod delete_topics;
mod describe_acls;
mod describe_client_quotas;
mod describe_cluster;
mod describe_configs;
mod describe_delegation_token;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_topic_partitions;
mod describe_user_scram_credentials;
mod elect_leaders;
mod expire_delegation_token;
pub(crate) mod fetch;
mod find_coordinator;
mod hints;
mod incremental_alter_configs;
mod init_producer_id;
mod list_config_resources;
mod list_offsets;
mod list_partition_reassignments;
mod metadata;
mod offset_for_leader_epoch;
pub(crate) mod produce;
mod reading;
mod remove_raft_voter;
mod renew_delegation_token;
mod sasl_authenticate;
mod sasl_handshake;
mod unregister_broker;
mod update_features;
pub(crate) mod write_txn_markers;

type Handler = fn(&mut Process, &mut Context<'_>, &Asked, RequestKind) -> Answer;

/// One API.
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    /// What ApiVersions of a 4.1 broker tells.
    advertised: (i16, i16),
    /// The first version that is really served.
    served_from: i16,
    handler: Handler,
}

impl Api {
    /// What ApiVersions tells of it; `None` if the release does not have it.
    pub(crate) fn advertised(&self, release: Release) -> Option<(i16, i16)> {
        match release {
            Release::V4_1 => Some(self.advertised),
            release => release.offers(self.key, (self.served_from, self.advertised.1)),
        }
    }

    fn serves(&self, release: Release, version: i16) -> bool {
        self.advertised(release).is_some_and(|(_, max)| (self.served_from..=max).contains(&version))
    }
}

const fn api(key: ApiKey, min: i16, max: i16, handler: Handler) -> Api {
    Api { key, advertised: (min, max), served_from: min, handler }
}

/// Every API, by key.
pub(crate) static APIS: &[Api] = &[
    // Advertised from 0 for the sake of old librdkafka, served from 3 (KAFKA-18659).
    Api { key: ApiKey::Produce, advertised: (0, 13), served_from: 3, handler: produce::handle },
    api(ApiKey::Fetch, 4, 18, fetch::handle),
    api(ApiKey::ListOffsets, 1, 10, list_offsets::handle),
    api(ApiKey::Metadata, 0, 13, metadata::handle),
    api(ApiKey::FindCoordinator, 0, 6, find_coordinator::handle),
    api(ApiKey::SaslHandshake, 0, 1, sasl_handshake::handle),
    api(ApiKey::ApiVersions, 0, 4, api_versions::handle),
    api(ApiKey::CreateTopics, 2, 7, create_topics::handle),
    api(ApiKey::DeleteTopics, 1, 6, delete_topics::handle),
    api(ApiKey::DeleteRecords, 0, 2, delete_records::handle),
    api(ApiKey::InitProducerId, 0, 5, init_producer_id::handle),
    api(ApiKey::OffsetForLeaderEpoch, 2, 4, offset_for_leader_epoch::handle),
    api(ApiKey::WriteTxnMarkers, 1, 1, write_txn_markers::handle),
    api(ApiKey::DescribeAcls, 1, 3, describe_acls::handle),
    api(ApiKey::CreateAcls, 1, 3, create_acls::handle),
    api(ApiKey::DeleteAcls, 1, 3, delete_acls::handle),
    api(ApiKey::DescribeConfigs, 1, 4, describe_configs::handle),
    api(ApiKey::AlterConfigs, 0, 2, alter_configs::handle),
    api(ApiKey::AlterReplicaLogDirs, 1, 2, alter_replica_log_dirs::handle),
    api(ApiKey::DescribeLogDirs, 1, 4, describe_log_dirs::handle),
    api(ApiKey::SaslAuthenticate, 0, 2, sasl_authenticate::handle),
    api(ApiKey::CreatePartitions, 0, 3, create_partitions::handle),
    api(ApiKey::CreateDelegationToken, 1, 3, create_delegation_token::handle),
    api(ApiKey::RenewDelegationToken, 1, 2, renew_delegation_token::handle),
    api(ApiKey::ExpireDelegationToken, 1, 2, expire_delegation_token::handle),
    api(ApiKey::DescribeDelegationToken, 1, 3, describe_delegation_token::handle),
    api(ApiKey::ElectLeaders, 0, 2, elect_leaders::handle),
    api(ApiKey::IncrementalAlterConfigs, 0, 1, incremental_alter_configs::handle),
    api(ApiKey::AlterPartitionReassignments, 0, 1, alter_partition_reassignments::handle),
    api(ApiKey::ListPartitionReassignments, 0, 0, list_partition_reassignments::handle),
    api(ApiKey::DescribeClientQuotas, 0, 1, describe_client_quotas::handle),
    api(ApiKey::AlterClientQuotas, 0, 1, alter_client_quotas::handle),
    api(ApiKey::DescribeUserScramCredentials, 0, 0, describe_user_scram_credentials::handle),
    api(ApiKey::AlterUserScramCredentials, 0, 0, alter_user_scram_credentials::handle),
    api(ApiKey::DescribeQuorum, 0, 2, describe_quorum::handle),
    api(ApiKey::UpdateFeatures, 0, 2, update_features::handle),
    api(ApiKey::DescribeCluster, 0, 2, describe_cluster::handle),
    api(ApiKey::DescribeProducers, 0, 0, describe_producers::handle),
    api(ApiKey::UnregisterBroker, 0, 0, unregister_broker::handle),
    api(ApiKey::ListConfigResources, 0, 1, list_config_resources::handle),
    api(ApiKey::DescribeTopicPartitions, 0, 0, describe_topic_partitions::handle),
    api(ApiKey::AddRaftVoter, 0, 0, add_raft_voter::handle),
    api(ApiKey::RemoveRaftVoter, 0, 0, remove_raft_voter::handle),
];

fn find(key: ApiKey) -> Option<&'static Api> {
    APIS.iter().find(|api| api.key == key)
}

/// A request that is served, decoded.
#[derive(Debug)]
pub(crate) struct Requested {
    pub(crate) asked: Asked,
    pub(crate) client_id: Option<StrBytes>,
    pub(crate) body: RequestKind,
}

/// What a request gets that no handler sees.
#[derive(Debug)]
pub(crate) struct Unserved {
    pub(crate) asked: Option<Asked>,
    pub(crate) answer: Answer,
}

impl From<CloseCause> for Unserved {
    fn from(cause: CloseCause) -> Self {
        Self { asked: None, answer: Answer::Close(cause) }
    }
}

/// Decodes a request.
pub(crate) fn read(
    process: &Process,
    ctx: &mut Context<'_>,
    connection: ConnectionId,
    frame: Bytes,
) -> Result<Requested, Unserved> {
    let length = frame.len();
    let release = ctx.config.release;
    if let Some((key, version)) = unserved(release, &frame) {
        return Err(CloseCause::NotServed { key, version }.into());
    }
    let request = match reading::request(frame) {
        Ok(request) => request,
        Err(DecodeError::UnsupportedVersion { key: ApiKey::ApiVersions, header, .. }) => {
            let correlation_id = header.correlation_id;
            let asked = Asked { connection, correlation_id, key: ApiKey::ApiVersions, version: 0 };
            let answer = api_versions::unsupported(release);
            return Err(Unserved { asked: Some(asked), answer });
        }
        Err(error) => return Err(close_cause(error).into()),
    };
    let asked = Asked {
        connection,
        correlation_id: request.header.correlation_id,
        key: request.key,
        version: request.version,
    };
    ctx.trace(
        Node::Broker(process.id),
        "request",
        &[
            ("key", &asked.key),
            ("version", &asked.version),
            ("connection", &connection.0),
            ("bytes", &length),
        ],
    );
    if find(asked.key).is_some_and(|api| api.serves(release, asked.version)) {
        return Ok(Requested { asked, client_id: request.header.client_id, body: request.body });
    }
    let asked = Some(Asked { version: 0, ..asked });
    Err(Unserved { asked, answer: api_versions::unsupported(release) })
}

/// Hands a request to its handler.
pub(crate) fn dispatch(
    process: &mut Process,
    ctx: &mut Context<'_>,
    requested: Requested,
) -> Answer {
    let Requested { asked, body, .. } = requested;
    match find(asked.key) {
        Some(api) => (api.handler)(process, ctx, &asked, body),
        None => {
            Answer::Close(CloseCause::NotServed { key: asked.key as i16, version: asked.version })
        }
    }
}

/// Key and version of a request that nobody serves, before anything else of it is looked at. Any
/// version of ApiVersions gets an answer.
fn unserved(release: Release, frame: &[u8]) -> Option<(i16, i16)> {
    let [k0, k1, v0, v1] = *frame.first_chunk::<4>()?;
    let (key, version) = (i16::from_be_bytes([k0, k1]), i16::from_be_bytes([v0, v1]));
    let api = APIS.iter().find(|api| api.key as i16 == key);
    let is_served =
        api.is_some_and(|api| api.key == ApiKey::ApiVersions || api.serves(release, version));
    (!is_served).then_some((key, version))
}

fn close_cause(error: DecodeError) -> CloseCause {
    match error {
        DecodeError::UnknownApiKey { key, version, .. } => CloseCause::NotServed { key, version },
        DecodeError::UnsupportedVersion { key, version, .. } => {
            CloseCause::NotServed { key: key as i16, version }
        }
        error => CloseCause::Malformed(error.to_string()),
    }
}

/// A request of another kind than its key says: the decoder does not make these.
fn mismatch(asked: &Asked) -> Answer {
    Answer::Close(CloseCause::Malformed(format!("the body is not one of {:?}", asked.key)))
}

/// Hands a request on to the controller (KIP-590), which answers it.
fn forward(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    request: RequestKind,
) -> Answer {
    let until = ctx.now + ctx.config.timings.forwarding_timeout;
    process.forward(
        ctx,
        Forwarded { asked: *asked, request: Box::new(request), reassembly: None, until },
    );
    Answer::Later
}

/// What is said by a broker whose `authorizer.class.name` is empty.
fn no_authorizer() -> StrBytes {
    StrBytes::from_static_str("No Authorizer is configured.")
}

/// Takes the body out of its enum.
macro_rules! body {
    ($asked:expr, $body:expr, $kind:ident) => {
        match $body {
            milena_protocol::messages::RequestKind::$kind(body) => body,
            _ => return $crate::api::mismatch($asked),
        }
    };
}
use body;

#[cfg(test)]
mod tests {
    use milena_protocol::version::spoken_versions;

    use super::*;

    #[test]
    fn every_advertised_maximum_can_be_decoded() {
        for api in APIS {
            let spoken = spoken_versions(api.key);
            assert!(spoken.contains(&api.served_from), "{:?}", api.key);
            assert!(spoken.contains(&api.advertised.1), "{:?}", api.key);
        }
    }

    #[test]
    fn the_table_is_in_the_order_of_the_keys() {
        assert!(APIS.is_sorted_by_key(|api| api.key as i16));
    }
}
