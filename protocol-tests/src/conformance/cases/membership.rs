//! Who counts for the high watermark, and from when on: followers that lag behind others, members
//! that join or leave while the controller is away, replicas that may not join yet.

use milena_protocol::messages::{BrokerId, FetchRequest};

use super::super::{CONTROLLER, Outcome, Scenario};
use super::controller::controller_returns;
use super::support::{
    FETCH, LIST_OFFSETS, PRODUCE, batch, describe_topics, fetch, idempotent, list_offsets, produce,
};

cases! {
    a_follower_shows_nothing_that_is_not_committed: Three, "UnifiedLog.maybeUpdateHighWatermark";
    a_duplicate_waits_until_it_is_replicated: Three, "ReplicaManager.appendRecords";
    a_new_leader_commits_nothing_by_itself: Apart, "Partition.makeLeader";
    a_member_that_joins_counts_before_it_is_committed: Apart, "KIP-497";
    a_replica_below_the_high_watermark_does_not_join: Apart, "Partition.isFollowerInSync";
    a_replica_below_the_start_of_the_epoch_does_not_join: Apart, "Partition.isFollowerInSync";
}

/// A fetch by which a follower tells that it has everything below `offset`.
fn as_follower(topic: &str, follower: i32, offset: i64) -> FetchRequest {
    fetch(topic, offset).with_replica_id(BrokerId(follower))
}

impl Scenario<'_> {
    /// Lets a moment pass by which a change of the ISR is done, if there is one: a fetch that gets
    /// nothing.
    fn wait_a_moment(&mut self, broker: i32, topic: &str, end: i64) -> Outcome {
        let patient = fetch(topic, end).with_max_wait_ms(400);
        self.ask("nothing comes", broker, FETCH, &patient).map(drop)
    }
}

fn a_follower_shows_nothing_that_is_not_committed(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.wait_until("the follower's high watermark", |s| {
        let answer = s.query(2, FETCH, &fetch(&topic, 0))?;
        let told = answer.responses.iter().flat_map(|topic| &topic.partitions).next();
        let seen = told.map_or(-1, |partition| partition.high_watermark);
        Ok((seen == 1, format!("{seen}")))
    })?;
    s.freeze(3)?;
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, batch(&["b"])))?;
    s.wait_for_held(2, &topic, (0, 2))?;
    s.ask("from the start", 2, FETCH, &fetch(&topic, 0))?;
    s.ask("what is not committed", 2, FETCH, &fetch(&topic, 1))?;
    s.thaw(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.wait_for_high_watermark(1, &topic, 2)
}

fn a_duplicate_waits_until_it_is_replicated(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 3], &[])?;
    s.append(1, &topic, idempotent(&["a"], 4_721, 0, 0))?;
    s.freeze(3)?;
    let next = || idempotent(&["b"], 4_721, 0, 1);
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, next()))?;
    s.ask("again, acks 1", 1, PRODUCE, &produce(&topic, 1, next()))?;
    let request = produce(&topic, -1, next()).with_timeout_ms(300);
    s.ask("again, acks all", 1, PRODUCE, &request)?;
    s.thaw(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.ask("once more", 1, PRODUCE, &produce(&topic, -1, next())).map(drop)
}

fn a_new_leader_commits_nothing_by_itself(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[])?;
    s.append(3, &topic, batch(&["a"]))?;
    for broker in [1, 2] {
        s.wait_for_held(broker, &topic, (0, 1))?;
    }
    // The second follower lags behind, and the leader dies before it has seen that.
    for leader in [1, 3] {
        s.cut(2, leader)?;
        s.cut(leader, 2)?;
    }
    s.ask("acks 1", 3, PRODUCE, &produce(&topic, 1, batch(&["b"])))?;
    s.wait_for_held(1, &topic, (0, 2))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.wait_until("the new leader", |s| {
        let answer = s.query(1, LIST_OFFSETS, &list_offsets(&topic, -2))?;
        let told = answer.topics.iter().flat_map(|topic| &topic.partitions).next();
        let code = told.map_or(-1, |told| told.error_code);
        Ok((code == 0, format!("error {code}")))
    })?;
    s.ask("the latest offset", 1, LIST_OFFSETS, &list_offsets(&topic, -1))?;
    s.ask("what its follower lacks", 1, FETCH, &fetch(&topic, 1))?;
    s.heal()?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.ask("what both have", 1, FETCH, &fetch(&topic, 1))?;
    s.launch(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}

fn a_member_that_joins_counts_before_it_is_committed(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.cut(3, 1)?;
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, batch(&["a"])))?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.kill(CONTROLLER)?;
    s.heal()?;
    s.wait_for_held(3, &topic, (0, 1))?;
    // Its next fetch says so to the leader, and that proposes to take it in.
    s.wait_a_moment(1, &topic, 1)?;
    s.cut(3, 1)?;
    // Longer than it would count as one that is caught up (replica.lag.time.max.ms).
    for (step, value) in [("acks all", "b"), ("and again", "c")] {
        let request = produce(&topic, -1, batch(&[value])).with_timeout_ms(4_000);
        s.ask(step, 1, PRODUCE, &request)?;
    }
    s.ask("not visible", 1, FETCH, &fetch(&topic, 1))?;
    s.metadata("the ISR as it is committed", 1, &[&topic])?;
    s.heal()?;
    s.wait_for_high_watermark(1, &topic, 3)?;
    controller_returns(s)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}

fn a_replica_below_the_high_watermark_does_not_join(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.cut(3, 1)?;
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, batch(&["a"])))?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.append(1, &topic, batch(&["b"]))?;
    s.ask("it has one record", 1, FETCH, &as_follower(&topic, 3, 1))?;
    s.wait_a_moment(1, &topic, 2)?;
    s.metadata("it is not in sync", 1, &[&topic])?;
    s.ask("it has all", 1, FETCH, &as_follower(&topic, 3, 2))?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.heal()?;
    s.wait_for_held(3, &topic, (0, 2))?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}

fn a_replica_below_the_start_of_the_epoch_does_not_join(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[("min.insync.replicas", "2")])?;
    s.append(3, &topic, batch(&["a"]))?;
    for broker in [1, 2] {
        s.wait_for_held(broker, &topic, (0, 1))?;
    }
    for leader in [1, 3] {
        s.cut(2, leader)?;
        s.cut(leader, 2)?;
    }
    s.ask("acks 1", 3, PRODUCE, &produce(&topic, 1, batch(&["b"])))?;
    s.wait_for_held(1, &topic, (0, 2))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.launch(2)?;
    s.wait_until_it_serves(2)?;
    s.ask("below the epoch's start", 1, LIST_OFFSETS, &list_offsets(&topic, -1))?;
    s.ask("it has what is committed", 1, FETCH, &as_follower(&topic, 2, 1))?;
    s.wait_a_moment(1, &topic, 2)?;
    s.metadata("it is not in sync", 1, &[&topic])?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    s.ask("it has all", 1, FETCH, &as_follower(&topic, 2, 2))?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.ask("committed now", 1, LIST_OFFSETS, &list_offsets(&topic, -1))?;
    s.heal()?;
    s.launch(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}
