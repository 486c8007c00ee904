//! Produce: what is accepted, in which order it is checked, what is answered.

use milena_protocol::messages::ProduceRequest;

use super::super::{Outcome, Scenario};
use super::support::{PRODUCE, batch, fetch, idempotent, produce, produce_to};

cases! {
    acks_outside_of_all_none_and_leader_are_refused: One, "ReplicaManager.isValidRequiredAcks";
    acks_all_appends_nothing_below_the_minimum_isr: Three, "Partition.appendRecordsToLeader";
    an_unknown_topic_or_partition_is_named: One, "KafkaApis.handleProduceRequest";
    offsets_follow_each_other_over_batches: One, "UnifiedLog.append";
    a_duplicate_of_the_last_five_batches_is_answered_with_its_offset: One, "ProducerStateEntry.findDuplicateBatch";
    a_gap_in_the_sequence_is_out_of_order: One, "ProducerAppendInfo.checkSequence";
    an_older_producer_epoch_is_fenced_and_a_newer_one_starts_at_zero: One, "ProducerAppendInfo.checkProducerEpoch";
    a_damaged_or_doubled_batch_is_refused: One, "LogValidator, ProduceRequest.validateRecords";
    a_follower_names_the_leader: Three, "KIP-951";
}

fn send(s: &mut Scenario<'_>, step: &str, request: &ProduceRequest) -> Outcome {
    s.ask(step, 1, PRODUCE, request).map(drop)
}

fn acks_outside_of_all_none_and_leader_are_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for acks in [-2, 2, 3] {
        send(s, &format!("acks {acks}"), &produce(&topic, acks, batch(&["a"])))?;
    }
    s.ask("nothing is there", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn acks_all_appends_nothing_below_the_minimum_isr(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[("min.insync.replicas", "3")])?;
    send(s, "all in sync", &produce(&topic, -1, batch(&["a"])))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    send(s, "one too few", &produce(&topic, -1, batch(&["b"])))?;
    send(s, "the leader alone", &produce(&topic, 1, batch(&["c"])))?;
    s.ask("the high watermark stands still", 1, 12, &fetch(&topic, 0))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    send(s, "all in sync again", &produce(&topic, -1, batch(&["d"])))?;
    s.ask("what there is", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn an_unknown_topic_or_partition_is_named(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    send(s, "no such topic", &produce("nobody-made-this", -1, batch(&["a"])))?;
    send(s, "no such partition", &produce_to(&topic, 7, -1, batch(&["a"])))
}

fn offsets_follow_each_other_over_batches(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    send(s, "three", &produce(&topic, -1, batch(&["a", "b", "c"])))?;
    send(s, "two", &produce(&topic, 1, batch(&["d", "e"])))?;
    s.ask("from the start", 1, 12, &fetch(&topic, 0))?;
    s.ask("inside of a batch", 1, 12, &fetch(&topic, 4))?;
    s.ask("at the end", 1, 12, &fetch(&topic, 5)).map(drop)
}

fn a_duplicate_of_the_last_five_batches_is_answered_with_its_offset(
    s: &mut Scenario<'_>,
) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for sequence in 0..6 {
        let records = idempotent(&["x"], 4_000, 0, sequence);
        send(s, &format!("batch {sequence}"), &produce(&topic, -1, records))?;
    }
    for sequence in [5, 1, 0] {
        let records = idempotent(&["x"], 4_000, 0, sequence);
        send(s, &format!("batch {sequence} again"), &produce(&topic, -1, records))?;
    }
    s.ask("what there is", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn a_gap_in_the_sequence_is_out_of_order(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for (step, sequence) in [("any start", 7), ("the next", 8), ("a gap", 10), ("behind", 3)] {
        send(s, step, &produce(&topic, -1, idempotent(&["x"], 4_000, 0, sequence)))?;
    }
    Ok(())
}

fn an_older_producer_epoch_is_fenced_and_a_newer_one_starts_at_zero(
    s: &mut Scenario<'_>,
) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for (step, epoch, sequence) in
        [("epoch 3", 3, 0), ("epoch 2", 2, 1), ("epoch 4 at 1", 4, 1), ("epoch 4 at 0", 4, 0)]
    {
        send(s, step, &produce(&topic, -1, idempotent(&["x"], 4_000, epoch, sequence)))?;
    }
    Ok(())
}

fn a_damaged_or_doubled_batch_is_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let good = batch(&["a", "b"]);
    let mut damaged = good.to_vec();
    if let Some(last) = damaged.last_mut() {
        *last ^= 1;
    }
    send(s, "a byte flipped", &produce(&topic, -1, damaged.into()))?;
    send(s, "two batches", &produce(&topic, -1, [good.clone(), good].concat().into()))?;
    send(s, "no batch", &produce(&topic, -1, bytes::Bytes::new()))?;
    s.ask("nothing is there", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn a_follower_names_the_leader(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2, 1, 3], &[])?;
    s.ask("v12", 1, 12, &produce(&topic, -1, batch(&["a"])))?;
    s.ask("v9", 1, 9, &produce(&topic, -1, batch(&["a"])))?;
    s.ask("fetch", 1, 12, &fetch(&topic, 0)).map(drop)
}
