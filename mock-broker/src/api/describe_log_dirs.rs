//! DescribeLogDirs, versions 1 to 4: what is in which log directory (KIP-113, KIP-827).
//!
//! Every directory is listed, with those of the wanted partitions that are in it; a replica that is
//! being moved is in both, in one of them as a future one that lags. A directory that failed has
//! KAFKA_STORAGE_ERROR and nothing in it.

use std::collections::{BTreeMap, BTreeSet};

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use milena_protocol::messages::{
    DescribeLogDirsRequest, DescribeLogDirsResponse, RequestKind, ResponseKind,
};

use super::body;
use crate::broker::{Answer, Asked, Directory, Process};
use crate::context::Context;
use crate::metadata::TopicPartition;

/// What a disk holds as far as brokers tell: 1 TiB.
const DISK: i64 = 1 << 40;

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, DescribeLogDirs);
    let wanted = wanted(process, &request);
    let names = (0..).zip(&ctx.config.storage.log_dirs);
    let results = names.map(|(directory, name)| describe(process, directory, name, &wanted));
    let response = DescribeLogDirsResponse::default().with_results(results.collect());
    ResponseKind::DescribeLogDirs(response).into()
}

/// The partitions that were asked for, all without a list.
fn wanted(process: &Process, request: &DescribeLogDirsRequest) -> BTreeSet<TopicPartition> {
    match &request.topics {
        None => process.replicas.keys().copied().collect(),
        Some(topics) => topics
            .iter()
            .filter_map(|topic| Some((process.image.topic_named(topic.topic.as_str())?, topic)))
            .flat_map(|(found, topic)| topic.partitions.iter().map(move |at| found.partition(*at)))
            .collect(),
    }
}

fn describe(
    process: &Process,
    directory: Directory,
    name: &str,
    wanted: &BTreeSet<TopicPartition>,
) -> DescribeLogDirsResult {
    let told =
        DescribeLogDirsResult::default().with_log_dir(StrBytes::from_string(name.to_owned()));
    if process.has_failed(directory) {
        return told
            .with_error_code(ErrorCode::KAFKA_STORAGE_ERROR.0)
            .with_total_bytes(-1)
            .with_usable_bytes(-1);
    }
    let mut topics: BTreeMap<&str, DescribeLogDirsTopic> = BTreeMap::new();
    let mut add = |key: TopicPartition, partition: DescribeLogDirsPartition| {
        let Some(replica) = process.replicas.get(&key) else { return };
        let topic = topics
            .entry(replica.topic.as_str())
            .or_insert_with(|| DescribeLogDirsTopic::default().with_name(replica.topic.to_wire()));
        topic.partitions.push(partition.with_partition_index(key.index));
    };
    let mut used = 0;
    for (key, replica) in &process.replicas {
        if process.directory_of(*key) != directory {
            continue;
        }
        let log = &replica.log;
        let size = i64::try_from(log.size()).unwrap_or(i64::MAX);
        used += size;
        if wanted.contains(key) {
            let lag = (log.high_watermark() - log.end_offset()).max(0);
            let told =
                DescribeLogDirsPartition::default().with_partition_size(size).with_offset_lag(lag);
            add(*key, told);
        }
    }
    for (key, moving) in process.moving().filter(|(_, moving)| moving.to == directory) {
        let Some(replica) = process.replicas.get(&key) else { continue };
        let log = &replica.log;
        let size = log.bytes_between(log.start_offset(), moving.end_offset);
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        used += size;
        if wanted.contains(&key) {
            let told = DescribeLogDirsPartition::default()
                .with_partition_size(size)
                .with_offset_lag(log.end_offset() - moving.end_offset)
                .with_is_future_key(true);
            add(key, told);
        }
    }
    told.with_topics(topics.into_values().collect())
        .with_total_bytes(DISK)
        .with_usable_bytes(DISK.saturating_sub(used))
}

// Not modelled: the sizes of real disks, authorizers, indexes and the metadata log.
