//! Every API in every version: a request with nothing in it, and requests that are damaged.
//!
//! They are generated from the schema tables. Of the answer to an empty request, the fields of the
//! message itself are compared; lists and structs tell of what other cases left behind. Of a damaged one it
//! counts whether it is answered.

use std::collections::BTreeSet;

use bytes::{BufMut, Bytes, BytesMut};
use milena_protocol::arbitrary::{Encoding, Extreme, Generator, Mark, MarkKind, WireMessage};
use milena_protocol::messages::{ApiKey, ApiVersionsRequest, InitProducerIdRequest};
use milena_protocol::version::spoken_versions;
use milena_protocol::{decode, schema};
use serde_json::{Map, Value, json};

use super::super::scenario::text;
use super::super::{Case, Outcome, Received, Scenario, Shape, Trouble, dissect};

/// A case per API. Those of coordinators are not among them.
macro_rules! each_version_of {
    ($($name:ident: $key:ident;)*) => {
        pub(super) const CASES: &[Case] = &[$(Case {
            name: stringify!($name),
            shows: "RequestContext.parseRequest",
            shape: Shape::One,
            run: |s| every_version(s, ApiKey::$key),
        }),*];
    };
}

each_version_of! {
    every_version_of_produce_is_read: Produce;
    every_version_of_fetch_is_read: Fetch;
    every_version_of_list_offsets_is_read: ListOffsets;
    every_version_of_metadata_is_read: Metadata;
    every_version_of_sasl_handshake_is_read: SaslHandshake;
    every_version_of_api_versions_is_read: ApiVersions;
    every_version_of_create_topics_is_read: CreateTopics;
    every_version_of_delete_topics_is_read: DeleteTopics;
    every_version_of_delete_records_is_read: DeleteRecords;
    every_version_of_init_producer_id_is_read: InitProducerId;
    every_version_of_offset_for_leader_epoch_is_read: OffsetForLeaderEpoch;
    every_version_of_write_txn_markers_is_read: WriteTxnMarkers;
    every_version_of_describe_acls_is_read: DescribeAcls;
    every_version_of_create_acls_is_read: CreateAcls;
    every_version_of_delete_acls_is_read: DeleteAcls;
    every_version_of_describe_configs_is_read: DescribeConfigs;
    every_version_of_alter_configs_is_read: AlterConfigs;
    every_version_of_alter_replica_log_dirs_is_read: AlterReplicaLogDirs;
    every_version_of_describe_log_dirs_is_read: DescribeLogDirs;
    every_version_of_sasl_authenticate_is_read: SaslAuthenticate;
    every_version_of_create_partitions_is_read: CreatePartitions;
    every_version_of_create_delegation_token_is_read: CreateDelegationToken;
    every_version_of_renew_delegation_token_is_read: RenewDelegationToken;
    every_version_of_expire_delegation_token_is_read: ExpireDelegationToken;
    every_version_of_describe_delegation_token_is_read: DescribeDelegationToken;
    every_version_of_elect_leaders_is_read: ElectLeaders;
    every_version_of_incremental_alter_configs_is_read: IncrementalAlterConfigs;
    every_version_of_alter_partition_reassignments_is_read: AlterPartitionReassignments;
    every_version_of_list_partition_reassignments_is_read: ListPartitionReassignments;
    every_version_of_describe_client_quotas_is_read: DescribeClientQuotas;
    every_version_of_alter_client_quotas_is_read: AlterClientQuotas;
    every_version_of_describe_user_scram_credentials_is_read: DescribeUserScramCredentials;
    every_version_of_alter_user_scram_credentials_is_read: AlterUserScramCredentials;
    every_version_of_describe_quorum_is_read: DescribeQuorum;
    every_version_of_update_features_is_read: UpdateFeatures;
    every_version_of_describe_cluster_is_read: DescribeCluster;
    every_version_of_describe_producers_is_read: DescribeProducers;
    every_version_of_unregister_broker_is_read: UnregisterBroker;
    every_version_of_list_config_resources_is_read: ListConfigResources;
    every_version_of_describe_topic_partitions_is_read: DescribeTopicPartitions;
    every_version_of_add_raft_voter_is_read: AddRaftVoter;
    every_version_of_remove_raft_voter_is_read: RemoveRaftVoter;
}

fn every_version(s: &mut Scenario<'_>, key: ApiKey) -> Outcome {
    let Some(newest) = newest(s, key)? else {
        s.record("not offered", Value::Null);
        return Ok(());
    };
    if key == ApiKey::InitProducerId {
        wait_for_producer_ids(s)?;
    }
    if key == ApiKey::DescribeTopicPartitions {
        // An answer has room for one partition at least, and a cursor if there are more.
        s.create_on("a", &[1], &[])?;
        s.create_on("b", &[1], &[])?;
    }
    for version in *spoken_versions(key).start()..=newest {
        let message = minimal(key, version);
        let mut seen = Map::new();
        let answer = s.exchange(frame(key, version, &message.bytes))?;
        seen.insert("nothing in it".to_owned(), own_fields(key, version, answer)?);
        for (what, body) in damaged(&message) {
            let answer = s.exchange(frame(key, version, &body))?;
            seen.insert(what, json!(outcome(&answer)));
        }
        let name = schema::response(key).name;
        s.record_message(&format!("v{version}"), name, version, Value::Object(seen));
    }
    if key != ApiKey::ApiVersions {
        for version in [-1, newest + 1] {
            let answer = s.exchange(frame(key, version, &[0; 16]))?;
            s.record(&format!("v{version}"), json!(outcome(&answer)));
        }
    }
    Ok(())
}

/// Waits until the broker has a block of producer ids, which it asks for when the first producer
/// comes.
fn wait_for_producer_ids(s: &mut Scenario<'_>) -> Outcome {
    s.wait_until("a producer id", |s| {
        let answer =
            s.query(1, 4, &InitProducerIdRequest::default().with_transactional_id(None))?;
        Ok((answer.error_code == 0, format!("error {}", answer.error_code)))
    })
}

/// The newest version that the broker announces of an API.
fn newest(s: &mut Scenario<'_>, key: ApiKey) -> Outcome<Option<i16>> {
    let request = ApiVersionsRequest::default()
        .with_client_software_name(text("conformance"))
        .with_client_software_version(text("1"));
    let answer = s.query(1, 3, &request)?;
    let known = answer.api_keys.iter().find(|api| api.api_key == key as i16);
    Ok(known.map(|api| api.max_version))
}

/// The request whose lists are empty and whose numbers are 0. Produce asks for an answer.
fn minimal(key: ApiKey, version: i16) -> WireMessage {
    let generator = Generator::new(schema::request(key), version).without_unknown_tags();
    let mut message = generator.extreme(Extreme::Empty);
    if key == ApiKey::Produce {
        // Behind the transactional id, which is null.
        let acks = if version >= 9 { 1 } else { 2 };
        let mut bytes = BytesMut::from(&message.bytes[..]);
        bytes[acks..acks + 2].copy_from_slice(&1_i16.to_be_bytes());
        message.bytes = bytes.freeze();
    }
    message
}

/// A request's bytes in ways that they should not be, by what was done to them.
fn damaged(message: &WireMessage) -> Vec<(String, Bytes)> {
    let bytes = &message.bytes;
    let mut damaged = vec![("more behind it".to_owned(), [&bytes[..], &[1, 2, 3]].concat().into())];
    if !bytes.is_empty() {
        damaged.push(("a byte short".to_owned(), bytes.slice(..bytes.len() - 1)));
        damaged.push(("no body".to_owned(), Bytes::new()));
    }
    let mut seen = BTreeSet::new();
    for mark in &message.marks {
        // One of each sort says what all of them would.
        if seen.insert((mark.kind, mark.nullable)) {
            let values = values(mark).into_iter();
            damaged.extend(values.map(|value| {
                let what = format!("{:?} {} is {value}", mark.kind, mark.field);
                (what, message.with(mark, value))
            }));
        }
    }
    damaged
}

/// What is written in place of a number. A presence has values of its own.
fn values(mark: &Mark) -> Vec<i64> {
    match (mark.kind, mark.encoding) {
        (MarkKind::Length | MarkKind::Count, Encoding::Compact) => {
            vec![-1, 1000, i64::from(i32::MAX) - 1, mark.encoding.max()]
        }
        (MarkKind::Length | MarkKind::Count, _) => vec![-1, -2, 1000, mark.encoding.max()],
        (MarkKind::TagCount | MarkKind::Tag | MarkKind::TagSize, _) => {
            vec![1, mark.encoding.max()]
        }
        (MarkKind::Presence, _) => vec![1],
    }
}

/// A request with a header of the version that belongs to it.
fn frame(key: ApiKey, version: i16, body: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_i16(key as i16);
    frame.put_i16(version);
    frame.put_i32(77);
    frame.put_i16(-1);
    if key.request_header_version(version) >= 2 {
        frame.put_u8(0);
    }
    frame.extend_from_slice(body);
    frame.freeze()
}

fn outcome(received: &Received) -> &'static str {
    match received {
        Received::Frame(_) => "an answer",
        Received::Closed => "closed",
        Received::Silence => "silence",
    }
}

/// The fields of an answer that are no lists and no structs.
fn own_fields(key: ApiKey, version: i16, received: Received) -> Outcome<Value> {
    let Received::Frame(mut frame) = received else {
        return Ok(json!(outcome(&received)));
    };
    let unreadable = |reason: String| Trouble::Unreadable { step: format!("v{version}"), reason };
    decode::response_header(key, version, &mut frame)
        .map_err(|error| unreadable(error.to_string()))?;
    let seen = dissect::dissect(schema::response(key), version, frame).map_err(unreadable)?;
    let Value::Object(mut fields) = seen else { return Ok(seen) };
    fields.retain(|_, value| !value.is_array() && !value.is_object());
    Ok(Value::Object(fields))
}
