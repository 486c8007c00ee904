//! OffsetForLeaderEpoch, and epochs in every request that carries one.

use milena_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use milena_protocol::messages::{BrokerId, OffsetForLeaderEpochRequest, TopicName};

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{PRODUCE, batch, fetch, fetch_with, list_offsets_in, produce};

cases! {
    the_end_of_an_epoch_is_where_the_next_one_begins: Three, "LeaderEpochFileCache.endOffsetFor";
    the_latest_epoch_ends_where_the_log_does: Three, "Partition.lastOffsetForLeaderEpoch";
    list_offsets_checks_the_leader_epoch: One, "Partition.checkCurrentLeaderEpoch";
    a_consumer_that_followed_another_history_diverges: Three, "Partition.readRecords";
    epochs_of_batches_are_those_they_were_appended_in: Three, "UnifiedLog.append";
}

pub(super) fn end_of(topic: &str, current: i32, epoch: i32) -> OffsetForLeaderEpochRequest {
    let partition = OffsetForLeaderPartition::default()
        .with_partition(0)
        .with_current_leader_epoch(current)
        .with_leader_epoch(epoch);
    let topic = OffsetForLeaderTopic::default()
        .with_topic(TopicName(text(topic)))
        .with_partitions(vec![partition]);
    OffsetForLeaderEpochRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![topic])
}

/// Epoch 0: two records by broker 3; epoch 1 begins at 2 with broker 1, three records.
fn two_epochs(s: &mut Scenario<'_>) -> Outcome<String> {
    let topic = s.create_on("a", &[3, 1, 2], &[])?;
    s.append(3, &topic, batch(&["a", "b"]))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.append(1, &topic, batch(&["c", "d", "e"]))?;
    Ok(topic)
}

fn the_end_of_an_epoch_is_where_the_next_one_begins(s: &mut Scenario<'_>) -> Outcome {
    let topic = two_epochs(s)?;
    for epoch in [0, 1, 2, 99, -1] {
        s.ask(&format!("epoch {epoch}"), 1, 4, &end_of(&topic, -1, epoch))?;
    }
    for current in [0, 1, 2] {
        s.ask(&format!("current epoch {current}"), 1, 4, &end_of(&topic, current, 0))?;
    }
    s.ask("at a follower", 2, 4, &end_of(&topic, -1, 0))?;
    s.ask("no such topic", 1, 4, &end_of("nobody-made-this", -1, 0))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}

fn the_latest_epoch_ends_where_the_log_does(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 3], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.freeze(3)?;
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, batch(&["b"])))?;
    s.ask("the end of the epoch", 1, 4, &end_of(&topic, -1, 0))?;
    s.ask("the high watermark", 1, 9, &list_offsets_in(&topic, -1, 0))?;
    s.thaw(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.wait_for_high_watermark(1, &topic, 2)
}

fn list_offsets_checks_the_leader_epoch(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    for epoch in [-1, 0, 1, 7] {
        s.ask(&format!("epoch {epoch}"), 1, 9, &list_offsets_in(&topic, -1, epoch))?;
    }
    Ok(())
}

fn a_consumer_that_followed_another_history_diverges(s: &mut Scenario<'_>) -> Outcome {
    let topic = two_epochs(s)?;
    for (offset, epoch) in [(2, 0), (3, 0), (4, 1), (5, 1), (3, 1), (2, 1), (5, 2)] {
        let request = fetch_with(&topic, offset, |p| p.with_last_fetched_epoch(epoch));
        s.ask(&format!("offset {offset} after epoch {epoch}"), 1, 12, &request)?;
    }
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}

fn epochs_of_batches_are_those_they_were_appended_in(s: &mut Scenario<'_>) -> Outcome {
    let topic = two_epochs(s)?;
    s.ask("all of it", 1, 12, &fetch(&topic, 0))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.ask("all of it, later", 1, 12, &fetch(&topic, 0))?;
    s.metadata("metadata", 1, &[&topic]).map(drop)
}
