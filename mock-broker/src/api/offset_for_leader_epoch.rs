//! OffsetForLeaderEpoch, versions 2 to 4: where a leader epoch ends (KIP-101, KIP-320).
//!
//! The latest epoch ends at the log's end, not at the high watermark.

use milena_protocol::ErrorCode;
use milena_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use milena_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use milena_protocol::messages::{OffsetForLeaderEpochResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;
use crate::log::EpochEnd;
use crate::sabotage::{self, Sabotage};

pub(super) fn handle(
    process: &mut Process,
    _ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, OffsetForLeaderEpoch);
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let told = EpochEndOffset::default().with_partition(partition.partition);
            match find(process, topic.topic.as_str(), partition) {
                Ok(end) => told.with_leader_epoch(end.epoch).with_end_offset(end.offset),
                Err(code) => told.with_error_code(code.0).with_leader_epoch(-1).with_end_offset(-1),
            }
        });
        OffsetForLeaderTopicResult::default()
            .with_topic(topic.topic.clone())
            .with_partitions(partitions.collect())
    });
    let response = OffsetForLeaderEpochResponse::default().with_topics(topics.collect());
    ResponseKind::OffsetForLeaderEpoch(response).into()
}

fn find(
    process: &Process,
    topic: &str,
    partition: &OffsetForLeaderPartition,
) -> Result<EpochEnd, ErrorCode> {
    let topic = process.image.topic_named(topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let key = topic.partition(partition.partition);
    process.image.partition(key).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let replica = process.replica(key)?;
    replica.check_epoch(partition.current_leader_epoch)?;
    replica.as_leader()?;
    let end = replica.log.epoch_end(partition.leader_epoch);
    if sabotage::is(Sabotage::EpochEndIsHighWatermark) {
        return Ok(EpochEnd { offset: end.offset.min(replica.log.high_watermark()), ..end });
    }
    Ok(end)
}

// Not modelled: nothing is left out.
