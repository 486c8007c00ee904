//! What a log is after the end of it was lost: truncation, recovery, and what is known of producers
//! (KIP-101, KIP-966).

use bytes::Bytes;
use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
use milena_protocol::records::Stamp;

use super::super::{Outcome, Scenario};
use super::elections::elect;
use super::epochs::end_of;
use super::log_retention::{ANY_TIME, YOUNG, at};
use super::support::{
    LIST_OFFSETS, PRODUCE, batch, describe_producers, describe_topics, fetch, idempotent,
    list_offsets, produce,
};

cases! {
    a_follower_that_lost_its_tail_fetches_it_again: Three, "KIP-101";
    the_only_replica_leads_with_what_is_left_of_its_log: Three, "KIP-966";
    a_leader_that_lost_its_tail_takes_it_from_the_next_leader: Three, "KIP-966";
    what_is_known_of_producers_is_lost_with_the_tail: Three, "ProducerStateManager.truncateAndReload";
    a_log_is_cut_where_the_histories_part: Apart, "KIP-101, KIP-595";
    histories_that_part_twice_are_cut_to_the_last_epoch_in_common: Apart, "AbstractFetcherThread.getOffsetTruncationState";
    a_log_is_cut_below_its_own_high_watermark: Apart, "KIP-101";
    a_log_that_never_had_the_leaders_epoch_is_cut_to_the_one_below: Apart, "AbstractFetcherThread.getOffsetTruncationState";
    what_is_known_of_producers_is_cut_off_with_their_records: Apart, "ProducerStateManager.truncateAndReload";
    a_lost_log_is_copied_whole: Three, "LogLoader.recoverLog";
}

fn a_follower_that_lost_its_tail_fetches_it_again(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    for value in ["a", "b", "c"] {
        s.append(1, &topic, batch(&[value]))?;
    }
    s.wait_for_held(3, &topic, (0, 3))?;
    s.kill(3)?;
    s.truncate_log(3, &topic, 1)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.wait_for_held(3, &topic, (0, 3))?;
    s.ask("its records", 3, 12, &fetch(&topic, 0)).map(drop)
}

fn the_only_replica_leads_with_what_is_left_of_its_log(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2], &[])?;
    for value in ["a", "b", "c"] {
        s.append(2, &topic, batch(&[value]))?;
    }
    s.kill(2)?;
    s.truncate_log(2, &topic, 1)?;
    s.start(2)?;
    s.wait_for_high_watermark(2, &topic, 1)?;
    s.ask("what is left", 2, 12, &fetch(&topic, 0))?;
    s.ask("what is lost", 2, 12, &fetch(&topic, 2))?;
    s.ask("the end of the old epoch", 2, 4, &end_of(&topic, -1, 0))?;
    s.ask("described", 1, 0, &describe_topics(&[&topic]))?;
    s.ask("the next record", 2, PRODUCE, &produce(&topic, -1, batch(&["d"])))?;
    s.ask("both", 2, 12, &fetch(&topic, 0)).map(drop)
}

fn a_leader_that_lost_its_tail_takes_it_from_the_next_leader(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1], &[])?;
    for value in ["a", "b"] {
        s.append(3, &topic, batch(&[value]))?;
    }
    s.wait_for_held(1, &topic, (0, 2))?;
    s.kill(3)?;
    s.truncate_log(3, &topic, 0)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.append(1, &topic, batch(&["c"]))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.wait_for_held(3, &topic, (0, 3))?;
    s.ask("its records", 3, 12, &fetch(&topic, 0))?;
    s.metadata("who leads", 1, &[&topic]).map(drop)
}

fn what_is_known_of_producers_is_lost_with_the_tail(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2], &[ANY_TIME])?;
    // A producer whose last record is a day old is forgotten when a log is loaded.
    let young = |value, sequence| {
        let stamp = Stamp {
            producer_id: ProducerId(4_712),
            producer_epoch: ProducerEpoch(0),
            base_sequence: Sequence(sequence),
            ..Stamp::default()
        };
        at(YOUNG, &[(None, Some(value))], &stamp)
    };
    for (value, sequence) in [("a", 0), ("b", 1), ("c", 2)] {
        s.append(2, &topic, young(value, sequence))?;
    }
    s.kill(2)?;
    s.truncate_log(2, &topic, 1)?;
    s.start(2)?;
    s.wait_for_high_watermark(2, &topic, 1)?;
    for (step, sequence) in [("a gap now", 2), ("kept: a duplicate", 0), ("lost: appended", 1)] {
        s.ask(step, 2, PRODUCE, &produce(&topic, -1, young("again", sequence)))?;
    }
    s.ask("what is known", 2, 0, &describe_producers(&topic, &[0]))?;
    s.ask("what is there", 2, 12, &fetch(&topic, 0)).map(drop)
}

/// One record that both of two replicas have, in epoch 0, and then one that only `first` has,
/// committed by it alone. Both are dead at the end.
fn first_goes_on_alone(s: &mut Scenario<'_>, first: i32, second: i32) -> Outcome<String> {
    first_goes_on_alone_with(s, first, second, batch(&["only", "first"]))
}

fn first_goes_on_alone_with(
    s: &mut Scenario<'_>,
    first: i32,
    second: i32,
    records: Bytes,
) -> Outcome<String> {
    let topic = s.create_on(
        "a",
        &[first, second],
        &[("unclean.leader.election.enable", "true"), ANY_TIME],
    )?;
    s.append(first, &topic, batch(&["both"]))?;
    s.wait_for_held(second, &topic, (0, 1))?;
    s.kill(second)?;
    s.wait_for_isr(first, &topic, first, &[first])?;
    s.append(first, &topic, records)?;
    s.kill(first)?;
    s.wait_for_leader(1, &topic, -1)?;
    Ok(topic)
}

fn a_log_is_cut_where_the_histories_part(s: &mut Scenario<'_>) -> Outcome {
    let topic = first_goes_on_alone(s, 2, 3)?;
    s.launch(3)?;
    s.wait_for_isr(3, &topic, 3, &[3])?;
    s.wait_for_high_watermark(3, &topic, 1)?;
    s.append(3, &topic, batch(&["only second"]))?;
    s.start(2)?;
    s.wait_for_isr(3, &topic, 3, &[2, 3])?;
    s.wait_for_held(2, &topic, (0, 2))?;
    s.ask("at the leader", 3, 12, &fetch(&topic, 0))?;
    s.ask("at the one that was cut", 2, 12, &fetch(&topic, 0))?;
    s.ask("the first epoch", 3, 4, &end_of(&topic, -1, 0))?;
    s.metadata("who leads", 3, &[&topic]).map(drop)
}

fn histories_that_part_twice_are_cut_to_the_last_epoch_in_common(s: &mut Scenario<'_>) -> Outcome {
    let topic = first_goes_on_alone(s, 2, 3)?;
    s.launch(3)?;
    s.wait_for_isr(3, &topic, 3, &[3])?;
    s.wait_for_high_watermark(3, &topic, 1)?;
    s.append(3, &topic, batch(&["second", "alone"]))?;
    s.append(3, &topic, batch(&["once more"]))?;
    // The second dies as well, and the first leads on with its own history.
    s.kill(3)?;
    s.wait_for_leader(1, &topic, -1)?;
    s.launch(2)?;
    s.wait_for_isr(2, &topic, 2, &[2])?;
    s.wait_for_high_watermark(2, &topic, 3)?;
    s.append(2, &topic, batch(&["first again"]))?;
    s.start(3)?;
    s.wait_for_isr(2, &topic, 2, &[2, 3])?;
    s.wait_for_held(3, &topic, (0, 4))?;
    s.ask("at the leader", 2, 12, &fetch(&topic, 0))?;
    s.ask("at the one that was cut", 3, 12, &fetch(&topic, 0))?;
    s.ask("the latest offsets", 2, LIST_OFFSETS, &list_offsets(&topic, -1)).map(drop)
}

fn a_log_is_cut_below_its_own_high_watermark(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2, 3], &[("unclean.leader.election.enable", "true")])?;
    s.append(2, &topic, batch(&["both"]))?;
    s.wait_for_held(3, &topic, (0, 1))?;
    s.kill(3)?;
    s.wait_for_isr(2, &topic, 2, &[2])?;
    s.append(2, &topic, batch(&["only"]))?;
    s.append(2, &topic, batch(&["first"]))?;
    // It shuts down in order, so that it remembers what it committed.
    s.stop(2)?;
    s.wait_for_leader(1, &topic, -1)?;
    s.launch(3)?;
    s.wait_for_isr(3, &topic, 3, &[3])?;
    s.wait_for_high_watermark(3, &topic, 1)?;
    s.append(3, &topic, batch(&["only second"]))?;
    s.start(2)?;
    s.wait_for_isr(3, &topic, 3, &[2, 3])?;
    s.wait_for_held(2, &topic, (0, 2))?;
    s.ask("at the one that was cut", 2, 12, &fetch(&topic, 0))?;
    s.metadata("who leads", 3, &[&topic]).map(drop)
}

/// One of two replicas leads alone, appends, and dies.
fn leads_alone(s: &mut Scenario<'_>, broker: i32, topic: &str, end: i64, value: &str) -> Outcome {
    s.launch(broker)?;
    s.wait_for_isr(broker, topic, broker, &[broker])?;
    s.wait_for_high_watermark(broker, topic, end)?;
    s.append(broker, topic, batch(&[value]))?;
    s.append(broker, topic, batch(&[value]))
}

fn a_log_that_never_had_the_leaders_epoch_is_cut_to_the_one_below(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2, 3], &[("unclean.leader.election.enable", "true")])?;
    s.append(2, &topic, batch(&["both"]))?;
    s.wait_for_held(3, &topic, (0, 1))?;
    s.kill(3)?;
    s.wait_for_isr(2, &topic, 2, &[2])?;
    s.kill(2)?;
    s.wait_for_leader(1, &topic, -1)?;
    leads_alone(s, 3, &topic, 1, "second alone")?;
    s.append(3, &topic, batch(&["second", "goes", "on"]))?;
    s.kill(3)?;
    s.wait_for_leader(1, &topic, -1)?;
    leads_alone(s, 2, &topic, 1, "first alone")?;
    s.kill(2)?;
    s.wait_for_leader(1, &topic, -1)?;
    leads_alone(s, 3, &topic, 6, "second again")?;
    // The epoch before its own is one that it never had, and ends behind all that it has.
    s.start(2)?;
    s.wait_for_isr(3, &topic, 3, &[2, 3])?;
    s.wait_for_held(2, &topic, (0, 8))?;
    s.ask("at the leader", 3, 12, &fetch(&topic, 0))?;
    s.ask("at the one that was cut", 2, 12, &fetch(&topic, 0)).map(drop)
}

fn what_is_known_of_producers_is_cut_off_with_their_records(s: &mut Scenario<'_>) -> Outcome {
    // A producer whose last record is a day old is forgotten when a log is loaded.
    let stamp = Stamp {
        producer_id: ProducerId(4_714),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(0),
        ..Stamp::default()
    };
    let records = || at(YOUNG, &[(None, Some("only first"))], &stamp);
    let topic = first_goes_on_alone_with(s, 2, 3, records())?;
    s.launch(3)?;
    s.wait_for_isr(3, &topic, 3, &[3])?;
    s.wait_for_high_watermark(3, &topic, 1)?;
    s.append(3, &topic, batch(&["second", "alone"]))?;
    s.start(2)?;
    s.wait_for_isr(3, &topic, 3, &[2, 3])?;
    s.wait_for_held(2, &topic, (0, 3))?;
    s.query(1, 2, &elect(&topic, 0))?;
    s.wait_for_isr(2, &topic, 2, &[2, 3])?;
    s.wait_for_high_watermark(2, &topic, 3)?;
    s.ask("it was cut off", 2, 0, &describe_producers(&topic, &[0]))?;
    s.ask("so that it is no duplicate", 2, PRODUCE, &produce(&topic, -1, records()))?;
    s.ask("what there is", 2, 12, &fetch(&topic, 0)).map(drop)
}

fn a_lost_log_is_copied_whole(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 3], &[])?;
    s.append(1, &topic, idempotent(&["a", "b"], 4_713, 0, 0))?;
    s.wait_for_held(3, &topic, (0, 2))?;
    s.kill(3)?;
    s.truncate_log(3, &topic, 0)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.wait_for_held(3, &topic, (0, 2))?;
    s.kill(1)?;
    s.wait_for_isr(3, &topic, 3, &[3])?;
    s.wait_for_high_watermark(3, &topic, 2)?;
    let again = idempotent(&["a", "b"], 4_713, 0, 0);
    s.ask("a duplicate", 3, PRODUCE, &produce(&topic, -1, again))?;
    s.start(1)?;
    s.wait_for_isr(3, &topic, 3, &[1, 3])
}
