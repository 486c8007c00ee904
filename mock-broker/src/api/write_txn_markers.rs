//! WriteTxnMarkers, version 1: a coordinator ends transactions in the partitions this broker leads.
//!
//! Each marker is appended to each partition by itself, as with acks=all: below
//! min.insync.replicas it is NOT_ENOUGH_REPLICAS, and the answer comes once all are replicated or
//! request.timeout.ms is over. A partition of which this broker has no replica is
//! UNKNOWN_TOPIC_OR_PARTITION. A marker of an older producer epoch is INVALID_PRODUCER_EPOCH, one of
//! an older coordinator TRANSACTION_COORDINATOR_FENCED; one that ends nothing is appended as well.
//! The answer has a partition once per producer, with what was settled last.

use std::collections::BTreeMap;

use milena_protocol::ErrorCode;
use milena_protocol::messages::write_txn_markers_request::WritableTxnMarker;
use milena_protocol::messages::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
};
use milena_protocol::messages::{
    ProducerId, RequestKind, ResponseKind, TopicName, WriteTxnMarkersResponse,
};

use super::body;
use crate::broker::{
    Answer, AppendAnswer, Asked, AwaitedPartition, DelayedProduce, Process, surroundings,
};
use crate::cluster::Node;
use crate::context::Context;
use crate::log::{EndTxnMarker, TxnEnd};
use crate::metadata::TopicPartition;

/// What became of the markers of one request.
#[derive(Default, Debug)]
pub(crate) struct MarkerResults {
    /// Whose marker is to be written where.
    wanted: Vec<(i64, TopicName, i32)>,
    settled: BTreeMap<i64, BTreeMap<TopicName, BTreeMap<i32, ErrorCode>>>,
}

impl MarkerResults {
    /// Notes a marker that is to be written, and gives its number.
    fn want(&mut self, producer: i64, topic: &TopicName, partition: i32) -> usize {
        self.wanted.push((producer, topic.clone(), partition));
        self.wanted.len() - 1
    }

    /// Settles the marker of this number.
    pub(crate) fn set(&mut self, number: usize, code: ErrorCode) {
        if let Some((producer, topic, partition)) = self.wanted.get(number) {
            let topics = self.settled.entry(*producer).or_default();
            topics.entry(topic.clone()).or_default().insert(*partition, code);
        }
    }

    pub(crate) fn into_response(self) -> WriteTxnMarkersResponse {
        let markers = self.settled.into_iter().map(|(producer, topics)| {
            let topics = topics.into_iter().map(|(name, partitions)| {
                let partitions = partitions.into_iter().map(|(index, code)| {
                    WritableTxnMarkerPartitionResult::default()
                        .with_partition_index(index)
                        .with_error_code(code.0)
                });
                WritableTxnMarkerTopicResult::default()
                    .with_name(name)
                    .with_partitions(partitions.collect())
            });
            WritableTxnMarkerResult::default()
                .with_producer_id(ProducerId(producer))
                .with_topics(topics.collect())
        });
        WriteTxnMarkersResponse::default().with_markers(markers.collect())
    }
}

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, WriteTxnMarkers);
    let mut results = MarkerResults::default();
    let mut awaited = Vec::new();
    for marker in &request.markers {
        for topic in &marker.topics {
            for index in &topic.partition_indexes {
                let number = results.want(marker.producer_id.0, &topic.name, *index);
                match write(process, ctx, &end_of(marker), topic.name.as_str(), *index) {
                    Ok(Written::Replicated) => results.set(number, ErrorCode::NONE),
                    Ok(Written::Until { key, required }) => {
                        awaited.push(AwaitedPartition { key, required, place: (number, 0) });
                    }
                    Err(code) => results.set(number, code),
                }
            }
        }
    }
    if awaited.is_empty() {
        return ResponseKind::WriteTxnMarkers(results.into_response()).into();
    }
    let deadline = ctx.now + ctx.config.timings.request_timeout;
    let answer = AppendAnswer::Markers(results);
    process.await_replication(DelayedProduce { asked: *asked, deadline, awaited, answer });
    Answer::Later
}

fn end_of(marker: &WritableTxnMarker) -> EndTxnMarker {
    EndTxnMarker {
        producer_id: marker.producer_id.0,
        producer_epoch: marker.producer_epoch,
        coordinator_epoch: marker.coordinator_epoch,
        end: if marker.transaction_result { TxnEnd::Commit } else { TxnEnd::Abort },
    }
}

/// What became of a marker.
enum Written {
    /// All that have to have it, have it.
    Replicated,
    /// It is replicated once the high watermark is there.
    Until { key: TopicPartition, required: i64 },
}

/// Appends a marker to one partition.
fn write(
    process: &mut Process,
    ctx: &mut Context<'_>,
    marker: &EndTxnMarker,
    topic: &str,
    index: i32,
) -> Result<Written, ErrorCode> {
    let wall_millis = ctx.wall_millis();
    let around = surroundings!(process, ctx);
    let followers = &process.followers;
    let topic = process.image.topic_named(topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let key = topic.partition(index);
    let replica = process.replicas.get_mut(&key).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    replica.as_leader()?;
    if replica.is_under_min_isr() {
        return Err(ErrorCode::NOT_ENOUGH_REPLICAS);
    }
    let seen = |id| followers.get(&id).map(|session| session.last_request);
    let appended = replica.append_marker(marker, wall_millis, seen)?;
    let high_watermark_moved = replica.maybe_raise_high_watermark(around);
    let required = appended.last_offset + 1;
    let is_replicated = replica.log.high_watermark() >= required;
    ctx.trace(
        Node::Broker(process.id),
        "append",
        &[
            ("topic", &replica.topic),
            ("partition", &index),
            ("marker", &marker.end),
            ("producer", &marker.producer_id),
            ("at", &appended.base_offset),
            ("hw", &replica.log.high_watermark()),
        ],
    );
    process.note_append(key, high_watermark_moved);
    Ok(if is_replicated { Written::Replicated } else { Written::Until { key, required } })
}

// Not modelled: an authorizer; markers for `__consumer_offsets`, which a group coordinator would have
// to hear of.
