//! Who leads, and in which epoch.

use milena_protocol::messages::elect_leaders_request::TopicPartitions;
use milena_protocol::messages::{ElectLeadersRequest, TopicName};

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{PRODUCE, batch, describe_topics, fetch, list_offsets, produce};

cases! {
    the_next_member_of_the_isr_leads_when_the_leader_dies: Three, "PartitionChangeBuilder.electLeader";
    a_replica_that_returns_does_not_take_the_lead: Three, "PartitionChangeBuilder.electLeader";
    a_partition_without_a_live_replica_has_no_leader: Three, "KIP-966";
    the_only_replica_leads_again_when_it_returns: Three, "PartitionChangeBuilder.electLastKnownLeader";
    an_election_asked_for_moves_the_lead_to_the_preferred_replica: Three, "KIP-460";
    an_isr_change_alone_leaves_the_leader_epoch: Three, "PartitionRegistration.merge";
    a_lost_leader_is_named_to_producers_and_consumers: Three, "KIP-951";
}

pub(super) fn elect(topic: &str, kind: i8) -> ElectLeadersRequest {
    let partitions =
        TopicPartitions::default().with_topic(TopicName(text(topic))).with_partitions(vec![0]);
    ElectLeadersRequest::default()
        .with_election_type(kind)
        .with_topic_partitions(Some(vec![partitions]))
        .with_timeout_ms(10_000)
}

fn the_next_member_of_the_isr_leads_when_the_leader_dies(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2, 3, 1], &[])?;
    s.metadata("before", 1, &[&topic])?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 3, &[1, 3])?;
    s.metadata("after", 1, &[&topic])?;
    s.ask("it takes records", 3, PRODUCE, &produce(&topic, -1, batch(&["a"])))?;
    s.start(2)?;
    s.wait_for_isr(1, &topic, 3, &[1, 2, 3])?;
    s.metadata("at last", 1, &[&topic]).map(drop)
}

fn a_replica_that_returns_does_not_take_the_lead(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1], &[])?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.metadata("the lead stays", 1, &[&topic])?;
    s.ask("its old leader knows", 3, PRODUCE, &produce(&topic, -1, batch(&["a"]))).map(drop)
}

fn a_partition_without_a_live_replica_has_no_leader(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3], &[])?;
    s.append(3, &topic, batch(&["a"]))?;
    s.kill(3)?;
    s.wait_until("no leader", |s| {
        let seen = s.partition(1, &topic)?;
        Ok((seen.leader_id.0 == -1, format!("leader {}", seen.leader_id.0)))
    })?;
    s.metadata("no leader", 1, &[&topic])?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    s.ask("produce to another", 1, 12, &produce(&topic, -1, batch(&["b"])))?;
    s.ask("fetch from another", 1, 12, &fetch(&topic, 0))?;
    s.ask("list offsets at another", 1, 9, &list_offsets(&topic, -1))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 3, &[3])?;
    s.metadata("again", 1, &[&topic])?;
    s.ask("described again", 1, 0, &describe_topics(&[&topic])).map(drop)
}

fn the_only_replica_leads_again_when_it_returns(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2], &[])?;
    s.append(2, &topic, batch(&["a", "b"]))?;
    s.kill(2)?;
    s.start(2)?;
    // What others say of it may be old until it serves again.
    s.wait_for_high_watermark(2, &topic, 2)?;
    s.wait_for_isr(1, &topic, 2, &[2])?;
    s.ask("its records", 2, 12, &fetch(&topic, 0))?;
    s.metadata("metadata", 1, &[&topic]).map(drop)
}

fn an_election_asked_for_moves_the_lead_to_the_preferred_replica(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[])?;
    s.ask("not needed", 1, 2, &elect(&topic, 0))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.ask("the preferred one is dead", 1, 2, &elect(&topic, 0))?;
    s.ask("an unclean one is not needed", 1, 2, &elect(&topic, 1))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.ask("the preferred one", 1, 2, &elect(&topic, 0))?;
    s.wait_for_isr(1, &topic, 3, &[1, 2, 3])?;
    s.metadata("it leads", 1, &[&topic])?;
    s.ask("no such topic", 1, 2, &elect("nobody-made-this", 0)).map(drop)
}

fn an_isr_change_alone_leaves_the_leader_epoch(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.metadata("a member fewer", 1, &[&topic])?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.metadata("all again", 1, &[&topic]).map(drop)
}

fn a_lost_leader_is_named_to_producers_and_consumers(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[])?;
    s.kill(3)?;
    s.wait_for_isr(2, &topic, 1, &[1, 2])?;
    for version in [9, 10, 12] {
        let request = produce(&topic, -1, batch(&["a"]));
        s.ask(&format!("produce v{version}"), 2, version, &request)?;
    }
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}
