//! Replicas that move (KIP-455).

use milena_protocol::messages::alter_partition_reassignments_request::{
    ReassignablePartition, ReassignableTopic,
};
use milena_protocol::messages::{
    AlterPartitionReassignmentsRequest, BrokerId, ListPartitionReassignmentsRequest, TopicName,
};

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{batch, fetch};

cases! {
    replicas_move_to_other_brokers: Three, "KIP-455, PartitionReassignmentReplicas";
    a_leader_that_leaves_hands_over: Three, "PartitionChangeBuilder.completeReassignment";
    a_reassignment_waits_for_its_new_replicas_and_is_cancelled: Three, "KIP-455";
    reassignments_that_make_no_sense_are_refused: Three, "ReplicationControlManager.alterPartitionReassignments";
}

pub(super) fn reassign(
    topic: &str,
    index: i32,
    to: Option<&[i32]>,
) -> AlterPartitionReassignmentsRequest {
    let partition = ReassignablePartition::default()
        .with_partition_index(index)
        .with_replicas(to.map(|to| to.iter().copied().map(BrokerId).collect()));
    let topic = ReassignableTopic::default()
        .with_name(TopicName(text(topic)))
        .with_partitions(vec![partition]);
    AlterPartitionReassignmentsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000)
}

fn ongoing() -> ListPartitionReassignmentsRequest {
    ListPartitionReassignmentsRequest::default().with_topics(None).with_timeout_ms(10_000)
}

pub(super) fn wait_for_none(s: &mut Scenario<'_>) -> Outcome {
    s.wait_until("the end of all reassignments", |s| {
        let answer = s.query(1, 0, &ongoing())?;
        Ok((answer.topics.is_empty(), format!("{} topics", answer.topics.len())))
    })
}

fn replicas_move_to_other_brokers(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    s.ask("moved", 1, 0, &reassign(&topic, 0, Some(&[1, 3])))?;
    wait_for_none(s)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.metadata("at last", 1, &[&topic])?;
    s.ask("its records", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn a_leader_that_leaves_hands_over(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    s.ask("moved", 1, 0, &reassign(&topic, 0, Some(&[2, 3])))?;
    wait_for_none(s)?;
    s.wait_for_isr(2, &topic, 2, &[2, 3])?;
    s.metadata("at last", 2, &[&topic])?;
    s.ask("its records", 2, 12, &fetch(&topic, 0))?;
    s.ask("at the old leader", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn a_reassignment_waits_for_its_new_replicas_and_is_cancelled(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.freeze(3)?;
    s.ask("begun", 1, 0, &reassign(&topic, 0, Some(&[1, 3])))?;
    s.ask("under way", 1, 0, &ongoing())?;
    s.ask("cancelled", 1, 0, &reassign(&topic, 0, None))?;
    s.ask("nothing under way", 1, 0, &ongoing())?;
    s.ask("cancelled again", 1, 0, &reassign(&topic, 0, None))?;
    s.thaw(3)?;
    s.wait_for_brokers(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.metadata("as before", 1, &[&topic]).map(drop)
}

fn reassignments_that_make_no_sense_are_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    for (step, request) in [
        ("nothing to cancel", reassign(&topic, 0, None)),
        ("an unknown broker", reassign(&topic, 0, Some(&[1, 9]))),
        ("a replica twice", reassign(&topic, 0, Some(&[1, 1]))),
        ("no replica", reassign(&topic, 0, Some(&[]))),
        ("no such partition", reassign(&topic, 4, Some(&[1, 2]))),
        ("no such topic", reassign("nobody-made-this", 0, Some(&[1, 2]))),
        ("where they are", reassign(&topic, 0, Some(&[1, 2]))),
    ] {
        s.ask(step, 1, 0, &request)?;
    }
    s.ask("nothing under way", 1, 0, &ongoing()).map(drop)
}
