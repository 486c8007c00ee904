//! Several dead brokers, which takes a controller of its own: eligible leader replicas, unclean
//! elections, shutdowns in order.

use super::super::{Outcome, Scenario};
use super::configs::{SET, TOPIC, alter};
use super::elections::elect;
use super::support::{PRODUCE, batch, describe_topics, fetch, produce};

cases! {
    the_last_member_of_the_isr_stays_eligible: Apart, "KIP-966";
    a_member_that_leaves_a_short_isr_stays_eligible: Apart, "KIP-966";
    an_unclean_election_takes_the_first_live_replica: Apart, "PartitionChangeBuilder.electAnyLeader";
    an_unclean_election_asked_for_gives_up_what_was_committed: Apart, "KIP-460";
    an_unclean_election_that_is_allowed_later_waits_for_a_scan: Apart, "maybeScheduleNextElectUncleanLeaders";
    a_broker_that_shuts_down_hands_its_leaderships_over: Apart, "BrokerHeartbeatManager";
    an_only_replica_that_shuts_down_leads_again: Apart, "BrokerHeartbeatManager";
    a_replica_that_shut_down_in_order_stays_eligible: Apart, "KIP-966, CleanShutdownFileHandler";
    a_replica_that_was_killed_is_not_eligible_any_more: Apart, "KIP-966, handleBrokerUncleanShutdown";
    a_partition_goes_back_to_its_preferred_leader: Balanced, "maybeBalancePartitionLeaders";
}

fn the_last_member_of_the_isr_stays_eligible(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2, 3], &[])?;
    s.append(2, &topic, batch(&["a"]))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 2, &[2])?;
    s.kill(2)?;
    s.wait_for_leader(1, &topic, -1)?;
    s.metadata("nobody leads", 1, &[&topic])?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    s.launch(3)?;
    s.wait_until_it_serves(3)?;
    s.metadata("the other one may not lead", 1, &[&topic])?;
    s.ask("described with the other one", 1, 0, &describe_topics(&[&topic]))?;
    s.launch(2)?;
    s.wait_for_isr(1, &topic, 2, &[2, 3])?;
    s.metadata("all again", 1, &[&topic])?;
    s.ask("described at last", 1, 0, &describe_topics(&[&topic])).map(drop)
}

fn a_member_that_leaves_a_short_isr_stays_eligible(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[("min.insync.replicas", "2")])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.ask("two are enough", 1, 0, &describe_topics(&[&topic]))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.ask("one is not", 1, 0, &describe_topics(&[&topic]))?;
    s.wait_until_it_acts("later")?;
    s.ask("nothing is taken", 1, PRODUCE, &produce(&topic, -1, batch(&["b"])))?;
    s.launch(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.ask("two again", 1, 0, &describe_topics(&[&topic]))?;
    s.launch(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.ask("all again", 1, 0, &describe_topics(&[&topic])).map(drop)
}

/// A topic on brokers 2 and 3: both have the first record, only 2 the second, and both are dead.
fn a_tail_that_one_has(s: &mut Scenario<'_>, configs: &[(&str, &str)]) -> Outcome<String> {
    let topic = s.create_on("a", &[2, 3], configs)?;
    s.append(2, &topic, batch(&["a"]))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 2, &[2])?;
    s.append(2, &topic, batch(&["b"]))?;
    s.kill(2)?;
    s.wait_for_leader(1, &topic, -1)?;
    Ok(topic)
}

fn an_unclean_election_takes_the_first_live_replica(s: &mut Scenario<'_>) -> Outcome {
    let topic = a_tail_that_one_has(s, &[("unclean.leader.election.enable", "true")])?;
    s.ask("nobody is left", 1, 0, &describe_topics(&[&topic]))?;
    s.launch(3)?;
    s.wait_for_isr(1, &topic, 3, &[3])?;
    s.wait_for_high_watermark(3, &topic, 1)?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    s.ask("the second record is gone", 3, 12, &fetch(&topic, 0))?;
    s.append(3, &topic, batch(&["c"]))?;
    s.launch(2)?;
    s.wait_for_isr(1, &topic, 3, &[2, 3])?;
    s.metadata("the leader stays", 1, &[&topic])?;
    s.ask("elected", 1, 2, &elect(&topic, 0))?;
    s.wait_for_isr(2, &topic, 2, &[2, 3])?;
    s.wait_for_high_watermark(2, &topic, 2)?;
    s.ask("it gave up its own", 2, 12, &fetch(&topic, 0)).map(drop)
}

fn an_unclean_election_asked_for_gives_up_what_was_committed(s: &mut Scenario<'_>) -> Outcome {
    let topic = a_tail_that_one_has(s, &[])?;
    s.ask("nobody is alive", 1, 2, &elect(&topic, 1))?;
    s.launch(3)?;
    s.wait_until_it_serves(3)?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    s.ask("not the preferred one", 1, 2, &elect(&topic, 0))?;
    s.ask("anyone", 1, 2, &elect(&topic, 1))?;
    s.wait_for_isr(1, &topic, 3, &[3])?;
    s.wait_for_high_watermark(3, &topic, 1)?;
    s.ask("described again", 1, 0, &describe_topics(&[&topic]))?;
    s.ask("the second record is gone", 3, 12, &fetch(&topic, 0))?;
    s.launch(2)?;
    s.wait_for_isr(1, &topic, 3, &[2, 3])?;
    s.metadata("the leader stays", 1, &[&topic]).map(drop)
}

fn an_unclean_election_that_is_allowed_later_waits_for_a_scan(s: &mut Scenario<'_>) -> Outcome {
    let topic = a_tail_that_one_has(s, &[])?;
    s.launch(3)?;
    s.wait_until_it_serves(3)?;
    s.ask("nobody leads", 1, 0, &describe_topics(&[&topic]))?;
    let change = [("unclean.leader.election.enable", SET, Some("true"))];
    s.ask("allowed", 1, 1, &alter(TOPIC, &topic, &change))?;
    s.wait_for_isr(1, &topic, 3, &[3])?;
    s.wait_for_high_watermark(3, &topic, 1)?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    s.ask("the second record is gone", 3, 12, &fetch(&topic, 0))?;
    s.launch(2)?;
    s.wait_for_isr(1, &topic, 3, &[2, 3])?;
    s.metadata("all again", 1, &[&topic]).map(drop)
}

fn a_broker_that_shuts_down_hands_its_leaderships_over(s: &mut Scenario<'_>) -> Outcome {
    let led = s.create_on("led", &[2, 3, 1], &[])?;
    let followed = s.create_on("followed", &[3, 2], &[])?;
    s.append(2, &led, batch(&["a"]))?;
    s.stop(2)?;
    s.wait_for_isr(1, &led, 3, &[1, 3])?;
    s.wait_for_isr(1, &followed, 3, &[3])?;
    s.metadata("without it", 1, &[&led, &followed])?;
    s.ask("described", 1, 0, &describe_topics(&[&led, &followed]))?;
    s.launch(2)?;
    s.wait_for_isr(1, &led, 3, &[1, 2, 3])?;
    s.wait_for_isr(1, &followed, 3, &[2, 3])?;
    s.metadata("with it", 1, &[&led, &followed]).map(drop)
}

fn an_only_replica_that_shuts_down_leads_again(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2], &[])?;
    s.append(2, &topic, batch(&["a"]))?;
    s.stop(2)?;
    s.wait_for_leader(1, &topic, -1)?;
    s.metadata("nobody leads", 1, &[&topic])?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    s.launch(2)?;
    s.wait_for_isr(1, &topic, 2, &[2])?;
    s.wait_for_high_watermark(2, &topic, 1)?;
    s.metadata("it leads", 1, &[&topic])?;
    s.ask("described again", 1, 0, &describe_topics(&[&topic])).map(drop)
}

#[derive(Clone, Copy)]
enum How {
    InOrder,
    Killed,
}

/// A topic on brokers 2 and 3 with an ISR of two at least: 3 leaves it first, then 2.
fn both_leave(s: &mut Scenario<'_>, how: How) -> Outcome<String> {
    let end = |s: &mut Scenario<'_>, broker| match how {
        How::InOrder => s.stop(broker),
        How::Killed => s.kill(broker),
    };
    let topic = s.create_on("a", &[2, 3], &[("min.insync.replicas", "2")])?;
    s.append(2, &topic, batch(&["a"]))?;
    end(s, 3)?;
    s.wait_for_isr(1, &topic, 2, &[2])?;
    s.ask("described with one", 1, 0, &describe_topics(&[&topic]))?;
    end(s, 2)?;
    s.wait_for_leader(1, &topic, -1)?;
    s.ask("described with none", 1, 0, &describe_topics(&[&topic]))?;
    s.launch(3)?;
    s.wait_until_it_serves(3)?;
    Ok(topic)
}

fn a_replica_that_shut_down_in_order_stays_eligible(s: &mut Scenario<'_>) -> Outcome {
    let topic = both_leave(s, How::InOrder)?;
    s.ask("described with the other", 1, 0, &describe_topics(&[&topic]))?;
    s.metadata("whether it leads", 1, &[&topic])?;
    s.launch(2)?;
    s.wait_for_isr_alone(1, &topic, &[2, 3])?;
    s.metadata("all again", 1, &[&topic])?;
    s.ask("described with both", 1, 0, &describe_topics(&[&topic])).map(drop)
}

fn a_replica_that_was_killed_is_not_eligible_any_more(s: &mut Scenario<'_>) -> Outcome {
    let topic = both_leave(s, How::Killed)?;
    s.ask("described with the other", 1, 0, &describe_topics(&[&topic]))?;
    s.metadata("whether it leads", 1, &[&topic])?;
    s.launch(2)?;
    s.wait_for_isr_alone(1, &topic, &[2, 3])?;
    s.metadata("all again", 1, &[&topic])?;
    s.ask("described with both", 1, 0, &describe_topics(&[&topic])).map(drop)
}

fn a_partition_goes_back_to_its_preferred_leader(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2, 3, 1], &[])?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 3, &[1, 3])?;
    s.metadata("another leads", 1, &[&topic])?;
    s.launch(2)?;
    s.wait_for_isr(1, &topic, 2, &[1, 2, 3])?;
    s.metadata("it leads again", 1, &[&topic]).map(drop)
}
