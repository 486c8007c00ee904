//! DeleteRecords, versions 0 to 2: lets logs start later (KIP-107).
//!
//! The leader moves the start of its log, never above the high watermark; -1 stands for the high
//! watermark. The answer waits until the low watermark, the smallest start among the live replicas,
//! has reached the offset, or the time-out is over. Records of a topic that is only compacted
//! cannot be deleted (POLICY_VIOLATION), nor those of the cluster's own topics. A partition that is
//! named twice counts once, as it was named last.

use std::collections::BTreeMap;
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use milena_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, RequestKind, ResponseKind, TopicName,
};

use super::body;
use crate::broker::{Answer, Asked, AwaitedDeletion, DelayedDelete, Process};
use crate::cluster::Node;
use crate::context::Context;
use crate::metadata::TopicPartition;

/// `Topic.INTERNAL_TOPICS`
const INTERNAL: &[&str] = &["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// What was done about one partition.
struct Deleted {
    key: TopicPartition,
    required: i64,
    low_watermark: i64,
}

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, DeleteRecords);
    let mut response = DeleteRecordsResponse::default();
    let mut awaited = Vec::new();
    for (at, (topic, partitions)) in by_topic(&request).into_iter().enumerate() {
        let mut told = DeleteRecordsTopicResult::default().with_name(topic.clone());
        for (place, (index, offset)) in partitions.into_iter().enumerate() {
            let deleted = delete(process, ctx, topic.as_str(), index, offset);
            told.partitions.push(tell(index, &deleted));
            if let Ok(Deleted { key, required, low_watermark }) = deleted
                && low_watermark < required
            {
                awaited.push(AwaitedDeletion { key, required, place: (at, place) });
            }
        }
        response.topics.push(told);
    }
    if awaited.is_empty() {
        return ResponseKind::DeleteRecords(response).into();
    }
    let wait = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
    let deadline = ctx.now + wait;
    process.await_deletion(DelayedDelete { asked: *asked, deadline, awaited, response });
    Answer::Later
}

/// The offset of each partition, a topic once, in the order in which they are named first.
fn by_topic(request: &DeleteRecordsRequest) -> Vec<(TopicName, BTreeMap<i32, i64>)> {
    let mut topics: Vec<(TopicName, BTreeMap<i32, i64>)> = Vec::new();
    for topic in &request.topics {
        let at = topics.iter().position(|(name, _)| *name == topic.name).unwrap_or_else(|| {
            topics.push((topic.name.clone(), BTreeMap::new()));
            topics.len() - 1
        });
        if let Some((_, partitions)) = topics.get_mut(at) {
            partitions.extend(topic.partitions.iter().map(|it| (it.partition_index, it.offset)));
        }
    }
    topics
}

fn delete(
    process: &mut Process,
    ctx: &mut Context<'_>,
    topic: &str,
    index: i32,
    offset: i64,
) -> Result<Deleted, ErrorCode> {
    let found = process.image.topic_named(topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let key = found.partition(index);
    process.image.partition(key).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    if INTERNAL.contains(&topic) {
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    let required = process.replica_mut(key)?.delete_records(offset)?;
    let replica = process.replica(key)?;
    let low_watermark = replica.low_watermark(&process.image)?;
    let start = replica.log.start_offset();
    ctx.trace(
        Node::Broker(process.id),
        "delete records",
        &[("topic", &topic), ("partition", &index), ("start", &start), ("low", &low_watermark)],
    );
    process.log_start_moved(key);
    Ok(Deleted { key, required, low_watermark })
}

fn tell(index: i32, deleted: &Result<Deleted, ErrorCode>) -> DeleteRecordsPartitionResult {
    let told = DeleteRecordsPartitionResult::default().with_partition_index(index);
    match deleted {
        Ok(deleted) => told.with_low_watermark(deleted.low_watermark),
        Err(code) => told.with_low_watermark(-1).with_error_code(code.0),
    }
}

// Not modelled: authorizers, tiered storage.
