//! DescribeTopicPartitions, version 0 (KIP-966): topics in the order of their names, page by page.
//!
//! A leaderless partition has no error here, unlike in Metadata: its leader is -1.

use std::collections::BTreeSet;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, TopicName};
use milena_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use milena_protocol::messages::{
    self, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, RequestKind,
    ResponseKind,
};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::cluster::CloseCause;
use crate::context::Context;
use crate::metadata::{Image, PartitionState, Topic, TopicPartition};

/// `max.request.partition.size.limit`
const MOST_PARTITIONS: i32 = 2_000;

/// Every operation on a topic, as a bit each, which is what everybody may do where nobody checks
/// (`AclEntry.supportedOperations`): read, write, create, delete, alter, describe and the two of
/// configs.
pub(super) const EVERY_TOPIC_OPERATION: i32 = 0b1101_1111_1000;

pub(super) fn handle(
    process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, DescribeTopicPartitions);
    match describe(&process.image, &request) {
        Ok(response) => ResponseKind::DescribeTopicPartitions(response).into(),
        // The message has no error code of its own, and a broker cannot answer (KAFKA-16585).
        Err(why) => Answer::Close(CloseCause::Malformed(why)),
    }
}

/// `DescribeTopicPartitionsRequestHandler`
fn describe(
    image: &Image,
    request: &DescribeTopicPartitionsRequest,
) -> Result<DescribeTopicPartitionsResponse, String> {
    let (from_topic, from_index) = match &request.cursor {
        None => ("", 0),
        Some(cursor) if cursor.partition_index < 0 => {
            return Err(format!("a cursor at partition {}", cursor.partition_index));
        }
        Some(cursor) => (cursor.topic_name.as_str(), cursor.partition_index),
    };
    let fetch_all = request.topics.is_empty();
    let names: BTreeSet<&str> = if fetch_all {
        image.topics().map(|topic| topic.name.as_str()).collect()
    } else {
        request.topics.iter().map(|topic| topic.name.as_str()).collect()
    };
    if !fetch_all && request.cursor.is_some() && !names.contains(from_topic) {
        return Err(format!("a cursor at topic {from_topic}, which is not asked for"));
    }
    let mut left = request.response_partition_limit.clamp(1, MOST_PARTITIONS) as usize;
    let mut response = DescribeTopicPartitionsResponse::default().with_next_cursor(None);
    for name in names.range(from_topic..) {
        let start = if *name == from_topic { from_index as usize } else { 0 };
        if left == 0 {
            response.next_cursor = Some(cursor(name, start));
            break;
        }
        let Some(topic) = image.topic_named(name) else {
            response.topics.push(unknown(name));
            continue;
        };
        let partitions: Vec<_> = (0..)
            .zip(&topic.partitions)
            .skip(start)
            .take(left)
            .map(|(index, state)| {
                let key = topic.partition(index);
                describe_partition(image, key, state)
            })
            .collect();
        left -= partitions.len();
        let next = start + partitions.len();
        response.topics.push(describe_topic(topic, partitions));
        if next < topic.partitions.len() {
            response.next_cursor = Some(cursor(name, next));
            break;
        }
    }
    Ok(response)
}

fn cursor(topic: &str, index: usize) -> Cursor {
    Cursor::default()
        .with_topic_name(messages::TopicName(StrBytes::from_string(topic.to_owned())))
        .with_partition_index(i32::try_from(index).unwrap_or(i32::MAX))
}

fn unknown(name: &str) -> DescribeTopicPartitionsResponseTopic {
    let code = match TopicName::new(name) {
        Ok(_) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        Err(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
    };
    DescribeTopicPartitionsResponseTopic::default()
        .with_error_code(code.0)
        .with_name(Some(messages::TopicName(StrBytes::from_string(name.to_owned()))))
        .with_topic_authorized_operations(EVERY_TOPIC_OPERATION)
}

fn describe_topic(
    topic: &Topic,
    partitions: Vec<DescribeTopicPartitionsResponsePartition>,
) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic::default()
        .with_name(Some(topic.name.to_wire()))
        .with_topic_id(topic.id.0)
        .with_partitions(partitions)
        .with_topic_authorized_operations(EVERY_TOPIC_OPERATION)
}

fn describe_partition(
    image: &Image,
    key: TopicPartition,
    state: &PartitionState,
) -> DescribeTopicPartitionsResponsePartition {
    let is_live = |id: &BrokerId| image.live(*id).is_some();
    let is_there = |id: &BrokerId| is_live(id) && !image.is_offline(*id, key);
    let wire = |ids: &[BrokerId]| ids.iter().map(|id| messages::BrokerId(id.get())).collect();
    let offline: Vec<BrokerId> =
        state.replicas.iter().filter(|id| !is_there(id)).copied().collect();
    let leader = if is_live(&state.leader) { state.leader.get() } else { -1 };
    DescribeTopicPartitionsResponsePartition::default()
        .with_partition_index(key.index)
        .with_leader_id(messages::BrokerId(leader))
        .with_leader_epoch(state.leader_epoch)
        .with_replica_nodes(wire(&state.replicas))
        .with_isr_nodes(wire(&state.isr))
        .with_eligible_leader_replicas(Some(wire(&state.elr)))
        .with_last_known_elr(Some(wire(&state.last_known_elr)))
        .with_offline_replicas(wire(&offline))
}

// Not modelled: an authorizer, internal topics.
