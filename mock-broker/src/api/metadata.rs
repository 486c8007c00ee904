//! Metadata, versions 0 to 13: this broker's image of brokers, topics and partitions.
//!
//! By name, by id (since version 12), or all. The image may lag; the brokers listed are the live
//! ones of the image. A topic that is not there is created when both
//! auto.create.topics.enable and the request allow it: this answer still says
//! UNKNOWN_TOPIC_OR_PARTITION, a later one has it. A leaderless partition answers
//! LEADER_NOT_AVAILABLE with leader -1 and the real epoch; replicas on fenced brokers are listed
//! as offline.

use std::collections::BTreeSet;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, TopicId, TopicName};
use milena_protocol::messages::create_topics_request::CreatableTopic;
use milena_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use milena_protocol::messages::{
    self, CreateTopicsRequest, MetadataRequest, MetadataResponse, RequestKind, ResponseKind,
};

use super::body;
use crate::broker::{Answer, Asked, CallKind, Process};
use crate::context::Context;
use crate::message::Request;
use crate::metadata::{Image, PartitionState, Topic, TopicPartition};
use crate::sabotage::{self, Sabotage};

/// The first version that asks for topics by id.
const FIRST_WITH_IDS: i16 = 12;

/// The version of the CreateTopics request a broker sends on a client's behalf.
const AUTO_CREATE_VERSION: i16 = 7;

/// The first version with the flag; before, creation is always allowed.
const FIRST_WITH_AUTO_CREATE_FLAG: i16 = 4;

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, Metadata);
    let version = asked.version;
    let mut response = MetadataResponse::default();
    if let Err(code) = fill_topics(process, ctx, asked, &request, &mut response) {
        return ResponseKind::Metadata(refused(version, &request, code)).into();
    }
    response.brokers = process
        .image
        .live_brokers()
        .map(|(id, broker)| {
            MetadataResponseBroker::default()
                .with_node_id(messages::BrokerId(id.get()))
                .with_host(StrBytes::from_string(broker.host.clone()))
                .with_port(i32::from(broker.port))
                .with_rack(broker.rack.clone().map(StrBytes::from_string))
        })
        .collect();
    response.cluster_id = Some(StrBytes::from_string(process.cluster_id().to_owned()));
    response.controller_id = messages::BrokerId(process.some_live_broker());
    ResponseKind::Metadata(response).into()
}

/// `MetadataRequest.getErrorResponse`
fn refused(version: i16, request: &MetadataRequest, code: ErrorCode) -> MetadataResponse {
    let mut response = MetadataResponse::default();
    if version >= 13 {
        response.error_code = code.0;
    }
    let topics = request.topics.iter().flatten().map(|topic| {
        let name = topic.name.clone().or_else(|| Some(messages::TopicName::default()));
        MetadataResponseTopic::default()
            .with_name(name)
            .with_topic_id(topic.topic_id)
            .with_error_code(code.0)
    });
    response.topics = topics.collect();
    response
}

fn fill_topics(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    request: &MetadataRequest,
    response: &mut MetadataResponse,
) -> Result<(), ErrorCode> {
    let version = asked.version;
    // Version 0 asks for all topics with an empty list.
    let named = match &request.topics {
        None => None,
        Some(topics) if version == 0 && topics.is_empty() => None,
        Some(topics) => Some(topics),
    };
    let Some(named) = named else {
        let image = &process.image;
        response.topics = image.topics().map(|topic| describe(version, image, topic)).collect();
        return Ok(());
    };
    let unfit = |topic: &messages::metadata_request::MetadataRequestTopic| {
        topic.name.is_none() || !topic.topic_id.is_nil()
    };
    if version < FIRST_WITH_IDS && named.iter().any(unfit) {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let ids = named.iter().filter(|topic| !topic.topic_id.is_nil());
    let ids = once_each(ids.map(|topic| TopicId(topic.topic_id)));
    if !ids.is_empty() {
        let image = &process.image;
        // Ids that nobody knows come first.
        let (known, unknown): (Vec<_>, Vec<_>) =
            ids.into_iter().partition(|id| image.topic(*id).is_some());
        let ids = unknown.into_iter().chain(known);
        response.topics = ids.map(|id| by_id(version, image, id)).collect();
        return Ok(());
    }
    let names = named.iter().filter_map(|topic| topic.name.as_ref());
    let names = once_each(names.map(TopicName::from));
    let may_create = ctx.config.auto_create_topics
        && !sabotage::is(Sabotage::NothingCreatedOnDemand)
        && (version < FIRST_WITH_AUTO_CREATE_FLAG || request.allow_auto_topic_creation);
    let mut missing = Vec::new();
    for name in names {
        match process.image.topic_named(&name) {
            Some(topic) => response.topics.push(describe(version, &process.image, topic)),
            None => missing.push(name),
        }
    }
    for name in &missing {
        response.topics.push(unknown(name));
    }
    if may_create {
        create(process, ctx, asked, missing);
    }
    Ok(())
}

/// What was asked for, without repetitions. Kafka keeps up to four in the order they were asked for,
/// and more in a hash set.
fn once_each<T: Ord + Clone>(asked: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    asked.filter(|one| seen.insert(one.clone())).collect()
}

fn by_id(version: i16, image: &Image, id: TopicId) -> MetadataResponseTopic {
    match image.topic(id) {
        Some(topic) => describe(version, image, topic),
        None => MetadataResponseTopic::default()
            .with_error_code(ErrorCode::UNKNOWN_TOPIC_ID.0)
            .with_name(None)
            .with_topic_id(id.0),
    }
}

fn unknown(name: &TopicName) -> MetadataResponseTopic {
    let code = match TopicName::new(name) {
        Ok(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Err(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
    };
    MetadataResponseTopic::default().with_error_code(code.0).with_name(Some(name.to_wire()))
}

/// Asks the controller for the topics that it is not being asked for already
/// (`AutoTopicCreationManager`).
fn create(process: &mut Process, ctx: &mut Context<'_>, asked: &Asked, missing: Vec<TopicName>) {
    let wanted = missing
        .into_iter()
        .filter(|name| TopicName::new(name).is_ok())
        .filter(|name| process.start_creating(name))
        .collect::<Vec<_>>();
    if wanted.is_empty() {
        return;
    }
    let topic = |name: &TopicName| {
        CreatableTopic::default()
            .with_name(name.to_wire())
            .with_num_partitions(-1)
            .with_replication_factor(-1)
    };
    let request = CreateTopicsRequest::default().with_topics(wanted.iter().map(topic).collect());
    let topics = wanted.iter().map(|name| name.as_str().to_owned()).collect();
    let request = Box::new(RequestKind::CreateTopics(request));
    // The topics are created in the client's name, and by its quota.
    let (client, _) = process.last_request(asked.connection);
    let body = Request::Forwarded { client, version: AUTO_CREATE_VERSION, request };
    process.call_controller(ctx, CallKind::AutoCreate { topics }, body);
}

fn describe(version: i16, image: &Image, topic: &Topic) -> MetadataResponseTopic {
    let partitions = (0..)
        .zip(&topic.partitions)
        .map(|(index, state)| {
            let key = topic.partition(index);
            describe_partition(version, image, key, state)
        })
        .collect();
    MetadataResponseTopic::default()
        .with_name(Some(topic.name.to_wire()))
        .with_topic_id(topic.id.0)
        .with_partitions(partitions)
}

/// `KRaftMetadataCache.getPartitionMetadata`
fn describe_partition(
    version: i16,
    image: &Image,
    key: TopicPartition,
    state: &PartitionState,
) -> MetadataResponsePartition {
    let is_live = |id: &BrokerId| image.live(*id).is_some();
    let is_there = |id: &BrokerId| is_live(id) && !image.is_offline(*id, key);
    // Version 0 leaves out replicas that cannot be reached, and says so.
    let shown = |ids: &[BrokerId]| -> Vec<messages::BrokerId> {
        ids.iter()
            .filter(|id| version > 0 || is_live(id))
            .map(|id| messages::BrokerId(id.get()))
            .collect()
    };
    let replicas = shown(&state.replicas);
    let isr = shown(&state.isr);
    let offline = state
        .replicas
        .iter()
        .filter(|id| !is_there(id))
        .map(|id| messages::BrokerId(id.get()))
        .collect();
    let has_live_leader = state.has_leader() && is_live(&state.leader);
    let code = if !has_live_leader {
        ErrorCode::LEADER_NOT_AVAILABLE
    } else if replicas.len() < state.replicas.len() || isr.len() < state.isr.len() {
        ErrorCode::REPLICA_NOT_AVAILABLE
    } else {
        ErrorCode::NONE
    };
    let leader = if has_live_leader { state.leader.get() } else { -1 };
    MetadataResponsePartition::default()
        .with_error_code(code.0)
        .with_partition_index(key.index)
        .with_leader_id(messages::BrokerId(leader))
        .with_leader_epoch(state.leader_epoch)
        .with_replica_nodes(replicas)
        .with_isr_nodes(isr)
        .with_offline_replicas(if sabotage::is(Sabotage::OfflineUntold) {
            Vec::new()
        } else {
            offline
        })
}

// Not modelled: authorized operations (there is no authorizer), internal topics, listeners beyond
// one per broker (LISTENER_NOT_FOUND).
