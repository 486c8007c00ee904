//! Where a log starts, and who lets it start later (KIP-107).

use milena_protocol::messages::delete_records_request::DeleteRecordsPartition;

use super::super::{Outcome, Scenario};
use super::epochs::end_of;
use super::reassignments::{reassign, wait_for_none};
use super::support::{
    LIST_OFFSETS, PRODUCE, TIMESTAMP, batch, creatable, create, delete_until, fetch, idempotent,
    list_offsets, produce, produce_to,
};

cases! {
    deleted_records_are_gone_from_every_replica: Three, "KIP-107";
    a_new_leader_knows_where_the_log_starts: Three, "ReplicaFetcherThread.processPartitionData";
    a_deletion_waits_for_a_live_replica_that_is_silent: Three, "DelayedDeleteRecords";
    a_deletion_does_not_wait_for_a_dead_replica: Three, "Partition.lowWatermarkIfLeader";
    nothing_above_the_high_watermark_is_deleted: Three, "UnifiedLog.maybeIncrementLogStartOffset";
    a_replica_that_slept_through_a_deletion_begins_where_the_log_starts: Three, "AbstractFetcherThread.fetchOffsetAndTruncate";
    a_new_replica_of_a_log_that_starts_inside_of_a_batch_has_all_of_it: Three, "Partition.appendRecordsToFollowerOrFutureReplica";
    epochs_before_the_log_start_are_forgotten: Three, "LeaderEpochFileCache.truncateFromStart";
    a_deletion_leaves_what_is_known_of_producers: One, "KIP-360";
    each_partition_of_a_deletion_has_its_own_answer: One, "KafkaApis.handleDeleteRecordsRequest";
    a_crash_of_the_only_replica_forgets_a_young_deletion: Three, "LogManager.checkpointLogStartOffsets";
    times_before_the_log_start_are_not_found: One, "UnifiedLog.fetchOffsetByTimestamp";
}

fn deleted_records_are_gone_from_every_replica(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.append(1, &topic, batch(&["a", "b", "c"]))?;
    s.append(1, &topic, batch(&["d", "e"]))?;
    for version in [0, 1, 2] {
        let until = i64::from(version) + 1;
        s.ask(&format!("v{version}"), 1, version, &delete_until(&topic, 0, until))?;
    }
    for broker in [1, 2, 3] {
        s.wait_for_held(broker, &topic, (3, 5))?;
    }
    s.ask("the start", 1, 12, &fetch(&topic, 3))?;
    s.ask("before it", 1, 12, &fetch(&topic, 2))?;
    s.ask("at a follower", 2, 12, &fetch(&topic, 2))?;
    s.ask("appended", 1, PRODUCE, &produce(&topic, -1, batch(&["f"]))).map(drop)
}

fn a_new_leader_knows_where_the_log_starts(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[])?;
    s.append(3, &topic, batch(&["a"]))?;
    s.append(3, &topic, batch(&["b"]))?;
    s.ask("deleted", 3, 2, &delete_until(&topic, 0, 1))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.ask("the earliest", 1, LIST_OFFSETS, &list_offsets(&topic, -2))?;
    s.ask("before it", 1, 12, &fetch(&topic, 0))?;
    s.ask("deleted again", 1, 2, &delete_until(&topic, 0, -1))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.wait_for_held(3, &topic, (2, 2))
}

fn a_deletion_waits_for_a_live_replica_that_is_silent(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.append(1, &topic, batch(&["b"]))?;
    s.wait_for_held(2, &topic, (0, 2))?;
    s.freeze(2)?;
    // Shorter than the session of a broker.
    let request = delete_until(&topic, 0, 2).with_timeout_ms(500);
    s.ask("timed out", 1, 2, &request)?;
    s.ask("the earliest, nevertheless", 1, LIST_OFFSETS, &list_offsets(&topic, -2))?;
    s.thaw(2)?;
    s.ask("asked again", 1, 2, &delete_until(&topic, 0, 2))?;
    s.wait_for_held(2, &topic, (2, 2))
}

fn a_deletion_does_not_wait_for_a_dead_replica(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 3], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.ask("deleted", 1, 2, &delete_until(&topic, 0, 1))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.wait_for_held(3, &topic, (1, 1))
}

fn nothing_above_the_high_watermark_is_deleted(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 3], &[("min.insync.replicas", "2")])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.query(1, PRODUCE, &produce(&topic, 1, batch(&["b"])))?;
    s.ask("not committed", 1, 2, &delete_until(&topic, 0, 2))?;
    s.ask("all that is committed", 1, 2, &delete_until(&topic, 0, -1))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.ask("committed now", 1, 2, &delete_until(&topic, 0, 2)).map(drop)
}

fn a_replica_that_slept_through_a_deletion_begins_where_the_log_starts(
    s: &mut Scenario<'_>,
) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.append(1, &topic, batch(&["b", "c"]))?;
    s.append(1, &topic, batch(&["d"]))?;
    s.ask("deleted", 1, 2, &delete_until(&topic, 0, 3))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.wait_for_held(3, &topic, (3, 4))?;
    s.wait_for_high_watermark(1, &topic, 4)?;
    s.ask("its records", 3, 12, &fetch(&topic, 3)).map(drop)
}

fn a_new_replica_of_a_log_that_starts_inside_of_a_batch_has_all_of_it(
    s: &mut Scenario<'_>,
) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a", "b", "c"]))?;
    s.append(1, &topic, batch(&["d"]))?;
    s.ask("deleted", 1, 2, &delete_until(&topic, 0, 2))?;
    s.query(1, 0, &reassign(&topic, 0, Some(&[1, 2])))?;
    wait_for_none(s)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.wait_for_held(2, &topic, (2, 4))?;
    s.ask("at the leader", 1, 12, &fetch(&topic, 2))?;
    s.ask("at the new replica", 2, 12, &fetch(&topic, 2)).map(drop)
}

fn epochs_before_the_log_start_are_forgotten(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[])?;
    s.append(3, &topic, batch(&["a", "b"]))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.append(1, &topic, batch(&["c", "d"]))?;
    s.append(1, &topic, batch(&["e"]))?;
    s.ask("the first epoch", 1, 4, &end_of(&topic, -1, 0))?;
    s.ask("part of the first epoch deleted", 1, 2, &delete_until(&topic, 0, 1))?;
    s.ask("the first epoch, still", 1, 4, &end_of(&topic, -1, 0))?;
    s.ask("the earliest, still", 1, LIST_OFFSETS, &list_offsets(&topic, -2))?;
    s.ask("part of the second deleted", 1, 2, &delete_until(&topic, 0, 3))?;
    s.ask("the first epoch, then", 1, 4, &end_of(&topic, -1, 0))?;
    s.ask("the earliest, then", 1, LIST_OFFSETS, &list_offsets(&topic, -2))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}

fn a_deletion_leaves_what_is_known_of_producers(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, idempotent(&["a"], 4_711, 0, 0))?;
    s.append(1, &topic, idempotent(&["b"], 4_711, 0, 1))?;
    s.ask("deleted", 1, 2, &delete_until(&topic, 0, -1))?;
    for (step, sequence) in [("a duplicate", 1), ("the next", 2), ("a gap", 9)] {
        let records = idempotent(&["c"], 4_711, 0, sequence);
        s.ask(step, 1, PRODUCE, &produce(&topic, -1, records))?;
    }
    Ok(())
}

fn each_partition_of_a_deletion_has_its_own_answer(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.topic("a");
    s.query(1, 7, &create(vec![creatable(&topic, &[&[1], &[1]], &[])]))?;
    s.wait_for_high_watermark(1, &topic, 0)?;
    s.append(1, &topic, batch(&["a"]))?;
    s.query(1, PRODUCE, &produce_to(&topic, 1, -1, batch(&["a", "b"])))?;
    let mut request = delete_until(&topic, 0, 5);
    let named = [(1, 1), (3, 0), (1, 2)];
    request.topics[0].partitions.extend(named.map(|(index, offset)| {
        DeleteRecordsPartition::default().with_partition_index(index).with_offset(offset)
    }));
    request.topics.extend(delete_until("nobody-made-this", 0, 0).topics);
    s.ask("some are fulfilled", 1, 2, &request)?;
    s.ask("none named", 1, 2, &request.clone().with_topics(Vec::new())).map(drop)
}

fn a_crash_of_the_only_replica_forgets_a_young_deletion(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2], &[])?;
    s.append(2, &topic, batch(&["a"]))?;
    s.append(2, &topic, batch(&["b"]))?;
    s.ask("deleted", 2, 2, &delete_until(&topic, 0, 1))?;
    s.kill(2)?;
    s.start(2)?;
    s.wait_for_high_watermark(2, &topic, 2)?;
    // Whether the start of the epoch was written to the disk before the crash is a race in Kafka,
    // so that the offset is looked at without its epoch.
    let (start, end) = s.held(2, &topic)?;
    s.record("what it holds", serde_json::json!([start, end]));
    s.ask("it is read again", 2, 12, &fetch(&topic, 0)).map(drop)
}

fn times_before_the_log_start_are_not_found(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a", "b", "c"]))?;
    s.ask("deleted", 1, 2, &delete_until(&topic, 0, 1))?;
    for timestamp in [-5, -4, -3, -2, -1, 0, TIMESTAMP] {
        let request = list_offsets(&topic, timestamp);
        s.ask(&format!("{timestamp}"), 1, LIST_OFFSETS, &request)?;
    }
    s.ask("all deleted", 1, 2, &delete_until(&topic, 0, -1))?;
    for timestamp in [-3, 0, TIMESTAMP] {
        let request = list_offsets(&topic, timestamp);
        s.ask(&format!("{timestamp}, nothing left"), 1, LIST_OFFSETS, &request)?;
    }
    Ok(())
}
