//! In-sync replicas and the high watermark.

use std::time::Duration;

use super::super::{Outcome, Scenario};
use super::support::{PRODUCE, batch, fetch, produce};

cases! {
    a_frozen_follower_leaves_the_isr_and_comes_back: Three, "Partition.maybeShrinkIsr";
    acks_all_times_out_with_the_offset_while_a_member_is_silent: Three, "DelayedProduce";
    the_high_watermark_waits_for_every_member: Three, "Partition.maybeIncrementLeaderHW";
    records_below_the_minimum_stay_invisible: Three, "Partition.maybeIncrementLeaderHW";
    a_follower_that_missed_records_catches_up: Three, "Partition.maybeExpandIsr";
    a_request_holds_up_those_behind_it: Three, "SocketServer (muted channels)";
}

fn a_frozen_follower_leaves_the_isr_and_comes_back(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.freeze(3)?;
    s.ask("without waiting", 1, PRODUCE, &produce(&topic, 1, batch(&["a"])))?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.metadata("without it", 1, &[&topic])?;
    s.ask("visible now", 1, 12, &fetch(&topic, 0))?;
    s.thaw(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.metadata("with it", 1, &[&topic]).map(drop)
}

fn acks_all_times_out_with_the_offset_while_a_member_is_silent(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 3], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.freeze(3)?;
    let request = produce(&topic, -1, batch(&["b", "c"])).with_timeout_ms(300);
    s.ask("too slow", 1, PRODUCE, &request)?;
    s.ask("not visible", 1, 12, &fetch(&topic, 1))?;
    s.thaw(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.wait_for_high_watermark(1, &topic, 3)?;
    s.ask("visible", 1, 12, &fetch(&topic, 1)).map(drop)
}

fn the_high_watermark_waits_for_every_member(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.freeze(2)?;
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, batch(&["b"])))?;
    s.ask("behind the high watermark", 1, 12, &fetch(&topic, 1))?;
    s.thaw(2)?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.ask("below it", 1, 12, &fetch(&topic, 1))?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}

fn records_below_the_minimum_stay_invisible(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[("min.insync.replicas", "2")])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.wait_until_it_acts("later")?;
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, batch(&["b"])))?;
    s.ask("acks 0 would be taken as well", 1, PRODUCE, &produce(&topic, -1, batch(&["c"])))?;
    s.ask("only the first", 1, 12, &fetch(&topic, 0))?;
    s.start(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.ask("both", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn a_follower_that_missed_records_catches_up(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    for value in ["a", "b", "c"] {
        s.append(1, &topic, batch(&[value]))?;
    }
    s.start(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.kill(1)?;
    s.wait_for_isr(2, &topic, 2, &[2, 3])?;
    s.wait_for_high_watermark(2, &topic, 3)?;
    s.ask("from the one that was away", 2, 12, &fetch(&topic, 0))?;
    s.start(1)?;
    s.wait_for_isr(2, &topic, 2, &[1, 2, 3])?;
    s.wait_for_isr(1, &topic, 2, &[1, 2, 3])?;
    s.metadata("the leader stays", 1, &[&topic]).map(drop)
}

fn a_request_holds_up_those_behind_it(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    let link = s.connect(1)?;
    let parked = fetch(&topic, 0).with_max_wait_ms(20_000);
    let fetched = s.send(link, 12, &parked)?;
    let behind = s.send(link, 12, &super::super::scenario::metadata_of(&[&topic]))?;
    s.sends_nothing_for("both wait", link, Duration::from_millis(400))?;
    s.ask("a record comes", 1, PRODUCE, &produce(&topic, -1, batch(&["a"])))?;
    s.answer("the fetch", fetched)?;
    s.answer("then the metadata", behind).map(drop)
}
