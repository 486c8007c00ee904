//! AlterReplicaLogDirs, versions 1 and 2: moves replicas between a broker's log directories
//! (KIP-113).
//!
//! For a partition that the broker has no replica of, the directory is remembered for the time it
//! gets one, and the answer is REPLICA_NOT_AVAILABLE. An unknown directory is LOG_DIR_NOT_FOUND, one
//! that failed KAFKA_STORAGE_ERROR, as is every move while any directory is offline.

use std::collections::BTreeMap;

use milena_protocol::ids::TopicName;
use milena_protocol::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
};
use milena_protocol::messages::{AlterReplicaLogDirsResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{Answer, Asked, Process, directory_named};
use crate::context::Context;

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, AlterReplicaLogDirs);
    let mut chosen = BTreeMap::new();
    for directory in &request.dirs {
        let to = directory_named(ctx, directory.path.as_str());
        for topic in &directory.topics {
            for index in &topic.partitions {
                chosen.insert((TopicName::from(&topic.name), *index), to);
            }
        }
    }
    let mut results: BTreeMap<TopicName, AlterReplicaLogDirTopicResult> = BTreeMap::new();
    for ((topic, index), to) in chosen {
        let outcome = process.choose_directory(ctx, (&topic, index), to);
        let told = AlterReplicaLogDirPartitionResult::default()
            .with_partition_index(index)
            .with_error_code(outcome.map_or_else(|code| code.0, |()| 0));
        let name = topic.to_wire();
        let result = results
            .entry(topic)
            .or_insert_with(|| AlterReplicaLogDirTopicResult::default().with_topic_name(name));
        result.partitions.push(told);
    }
    let response =
        AlterReplicaLogDirsResponse::default().with_results(results.into_values().collect());
    ResponseKind::AlterReplicaLogDirs(response).into()
}

// Not modelled: the throttle of moves (replica.alter.log.dirs.io.max.bytes.per.second), topic names
// that are too long for a folder that is being filled.
