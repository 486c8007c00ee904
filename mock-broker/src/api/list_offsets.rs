//! ListOffsets, versions 1 to 10: offsets by time.
//!
//! Beside real timestamps: latest (-1), earliest (-2), the largest timestamp (-3, since version 7,
//! KIP-734), earliest local (-4, since version 8, KIP-405) and latest tiered (-5, since version 9,
//! KIP-1005), answered as by a broker without tiering. A special timestamp newer than the
//! version, or unknown, is UNSUPPORTED_VERSION for its partition. A new leader whose high
//! watermark has not reached its epoch's start answers OFFSET_NOT_AVAILABLE (KIP-207), before
//! version 5 LEADER_NOT_AVAILABLE. A partition that is named twice is an INVALID_REQUEST.

use std::collections::{BTreeMap, BTreeSet};

use milena_protocol::ErrorCode;
use milena_protocol::messages::list_offsets_request::ListOffsetsPartition;
use milena_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use milena_protocol::messages::{
    ListOffsetsRequest, ListOffsetsResponse, RequestKind, ResponseKind,
};

use super::body;
use crate::broker::{Answer, Asked, Process};
use crate::context::Context;
use crate::log::FoundOffset;
use crate::release::Release;
use crate::replication::Replica;
use crate::sabotage::{self, Sabotage};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const LARGEST_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

/// `ListOffsetsRequest.CONSUMER_REPLICA_ID` and `DEBUGGING_REPLICA_ID`
const CONSUMER: i32 = -1;
const DEBUGGING: i32 = -2;

const READ_COMMITTED: i8 = 1;

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, ListOffsets);
    // Since 4.0 what is named twice is answered once (`ReplicaManager.fetchOffset`).
    let as_often_as_asked = ctx.config.release == Release::V3_9;
    let mut told = BTreeSet::new();
    let mut named: BTreeMap<(&str, i32), usize> = BTreeMap::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            *named.entry((topic.name.as_str(), partition.partition_index)).or_default() += 1;
        }
    }
    let mut topics: Vec<ListOffsetsTopicResponse> = Vec::new();
    for topic in &request.topics {
        let name = topic.name.as_str();
        if as_often_as_asked {
            topics.push(ListOffsetsTopicResponse::default().with_name(topic.name.clone()));
        }
        for partition in &topic.partitions {
            let is_first = told.insert((name, partition.partition_index));
            if !is_first && !as_often_as_asked && !sabotage::is(Sabotage::DuplicateListed) {
                continue;
            }
            let twice = named.get(&(name, partition.partition_index)).is_some_and(|n| *n > 1);
            let found = if twice && !sabotage::is(Sabotage::DuplicateListed) {
                Err(ErrorCode::INVALID_REQUEST)
            } else {
                find(process, asked.version, &request, name, partition)
            };
            let answer = tell(asked.version, partition.partition_index, found);
            let known = if as_often_as_asked {
                topics.last_mut()
            } else {
                topics.iter_mut().find(|known| known.name == topic.name)
            };
            match known {
                Some(known) => known.partitions.push(answer),
                None => topics.push(
                    ListOffsetsTopicResponse::default()
                        .with_name(topic.name.clone())
                        .with_partitions(vec![answer]),
                ),
            }
        }
    }
    let response = ListOffsetsResponse::default().with_topics(topics);
    ResponseKind::ListOffsets(response).into()
}

fn find(
    process: &Process,
    version: i16,
    request: &ListOffsetsRequest,
    topic: &str,
    partition: &ListOffsetsPartition,
) -> Result<Option<FoundOffset>, ErrorCode> {
    if !is_known(partition.timestamp, version) {
        return Err(ErrorCode::UNSUPPORTED_VERSION);
    }
    let topic = process.image.topic_named(topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let key = topic.partition(partition.partition_index);
    process.image.partition(key).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    let replica = process.replica(key)?;
    replica.check_epoch(partition.current_leader_epoch)?;
    if request.replica_id.0 != DEBUGGING {
        replica.as_leader()?;
    }
    let log = &replica.log;
    let (end, is_client) = match (request.replica_id.0, request.isolation_level) {
        (CONSUMER, READ_COMMITTED) => (log.last_stable_offset(), true),
        (CONSUMER, _) => (log.high_watermark(), true),
        _ => (log.end_offset(), false),
    };
    let available = if is_client { check_available(replica, version) } else { Ok(()) };
    let at = |offset, leader_epoch| FoundOffset { offset, timestamp: -1, leader_epoch };
    let found = match partition.timestamp {
        LATEST => {
            available?;
            return Ok(Some(at(end, replica.leader_epoch)));
        }
        EARLIEST | EARLIEST_LOCAL => {
            let start = log.start_offset();
            let epoch = log.epochs().epoch_at(start).unwrap_or(-1);
            return Ok(Some(at(start, epoch)));
        }
        // Nothing is tiered.
        LATEST_TIERED => return Ok(Some(at(-1, -1))),
        LARGEST_TIMESTAMP => log.largest_timestamp(),
        timestamp => log.first_at_or_after(timestamp),
    };
    // What is not committed is not told; it may be once the leader has caught up.
    match found {
        Some(found) if found.offset < end => Ok(Some(found)),
        _ => available.map(|()| None),
    }
}

/// Whether a new leader knows enough to say where its log ends.
fn check_available(replica: &Replica, version: i16) -> Result<(), ErrorCode> {
    let leader = replica.as_leader()?;
    if leader.epoch_start() <= replica.log.high_watermark()
        || sabotage::is(Sabotage::LatestOffsetAlwaysTold)
    {
        Ok(())
    } else if version >= 5 {
        Err(ErrorCode::OFFSET_NOT_AVAILABLE)
    } else {
        Err(ErrorCode::LEADER_NOT_AVAILABLE)
    }
}

/// `ReplicaManager.isListOffsetsTimestampUnsupported`
fn is_known(timestamp: i64, version: i16) -> bool {
    match timestamp {
        LARGEST_TIMESTAMP => version >= 7,
        EARLIEST_LOCAL => version >= 8,
        LATEST_TIERED => version >= 9,
        timestamp => timestamp >= EARLIEST,
    }
}

fn tell(
    version: i16,
    index: i32,
    found: Result<Option<FoundOffset>, ErrorCode>,
) -> ListOffsetsPartitionResponse {
    let told = ListOffsetsPartitionResponse::default()
        .with_partition_index(index)
        .with_timestamp(-1)
        .with_offset(-1)
        .with_leader_epoch(-1);
    match found {
        Ok(None) => told,
        Ok(Some(found)) => {
            let told = told.with_timestamp(found.timestamp).with_offset(found.offset);
            if version >= 4 { told.with_leader_epoch(found.leader_epoch) } else { told }
        }
        Err(code) => told.with_error_code(code.0),
    }
}

// Not modelled: tiered storage, and so the request's time-out.
