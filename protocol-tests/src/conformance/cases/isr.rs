//! Who is in sync: what leaders see of their followers, and what they may ask of the controller.

use milena_protocol::messages::BrokerId;

use super::super::{Outcome, Scenario};
use super::support::{LIST_OFFSETS, PRODUCE, batch, fetch, list_offsets, produce};

cases! {
    a_followers_fetch_offset_is_where_it_is: Three, "Partition.fetchRecords";
    a_silent_follower_that_has_everything_stays_in_sync: Apart, "Replica.isCaughtUp";
    a_follower_that_lags_leaves_and_a_live_one_comes_back: Apart, "Partition.maybeExpandIsr";
}

fn a_followers_fetch_offset_is_where_it_is(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 3], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.freeze(3)?;
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, batch(&["b"])))?;
    s.ask("not visible", 1, 12, &fetch(&topic, 1))?;
    let as_follower = |offset| fetch(&topic, offset).with_replica_id(BrokerId(3));
    s.ask("the follower takes it", 1, 12, &as_follower(1))?;
    s.ask("still not visible", 1, 12, &fetch(&topic, 1))?;
    s.ask("the follower has it", 1, 12, &as_follower(2))?;
    s.ask("visible", 1, 12, &fetch(&topic, 1))?;
    s.thaw(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.wait_until("the follower's own high watermark", |s| {
        let request = list_offsets(&topic, -1).with_replica_id(BrokerId(-2));
        let answer = s.query(3, LIST_OFFSETS, &request)?;
        let seen = answer.topics.iter().flat_map(|topic| &topic.partitions).next();
        let seen = seen.map_or(-1, |partition| partition.offset);
        Ok((seen == 2, format!("{seen}")))
    })
}

fn a_silent_follower_that_has_everything_stays_in_sync(s: &mut Scenario<'_>) -> Outcome {
    let idle = s.create_on("idle", &[1, 3], &[])?;
    let busy = s.create_on("busy", &[1, 3], &[])?;
    s.append(1, &idle, batch(&["a"]))?;
    s.wait_for_high_watermark(1, &idle, 1)?;
    s.cut(3, 1)?;
    s.ask("acks 1", 1, PRODUCE, &produce(&busy, 1, batch(&["a"])))?;
    s.wait_for_isr(1, &busy, 1, &[1])?;
    s.metadata("one left and one stayed", 1, &[&idle, &busy])?;
    s.heal()?;
    s.wait_for_isr(1, &busy, 1, &[1, 3])
}

fn a_follower_that_lags_leaves_and_a_live_one_comes_back(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.cut(1, 3)?;
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, batch(&["a"])))?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.metadata("all are alive, one is not in sync", 1, &[&topic])?;
    s.ask("acks all", 1, PRODUCE, &produce(&topic, -1, batch(&["b"])))?;
    s.heal()?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.metadata("all are in sync", 1, &[&topic]).map(drop)
}
