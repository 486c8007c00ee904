//! DescribeProducers, version 0 (KIP-664): the producers that a replica remembers, a follower's too,
//! and where their open transactions begin.

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::describe_producers_response::{
    PartitionResponse, ProducerState, TopicResponse,
};
use milena_protocol::messages::{DescribeProducersResponse, ProducerId, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;
use crate::metadata::Topic;

pub(super) fn handle(
    process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, DescribeProducers);
    let topics = request.topics.into_iter().map(|asked| {
        let topic = process.image.topic_named(asked.name.as_str());
        let describe = |index: &i32| match topic {
            Some(topic) => describe(process, topic, *index),
            None => refused(*index, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
                .with_error_message(Some(StrBytes::from_static_str("There is no such topic."))),
        };
        TopicResponse::default()
            .with_partitions(asked.partition_indexes.iter().map(describe).collect())
            .with_name(asked.name)
    });
    let response = DescribeProducersResponse::default().with_topics(topics.collect());
    ResponseKind::DescribeProducers(response).into()
}

fn refused(index: i32, code: ErrorCode) -> PartitionResponse {
    PartitionResponse::default().with_partition_index(index).with_error_code(code.0)
}

/// `ReplicaManager.activeProducerState`
fn describe(process: &Process, topic: &Topic, index: i32) -> PartitionResponse {
    let key = topic.partition(index);
    let replica = match process.replica(key) {
        Ok(replica) => replica,
        Err(code) => return refused(index, code),
    };
    let producers = replica.log.producers().iter().map(|(id, entry)| {
        ProducerState::default()
            .with_producer_id(ProducerId(id))
            .with_producer_epoch(entry.epoch.into())
            .with_last_sequence(entry.last_sequence())
            .with_last_timestamp(entry.last_timestamp)
            .with_coordinator_epoch(entry.coordinator_epoch)
            .with_current_txn_start_offset(entry.transaction_start.unwrap_or(-1))
    });
    PartitionResponse::default()
        .with_partition_index(index)
        .with_active_producers(producers.collect())
}

// Not modelled: an authorizer.
