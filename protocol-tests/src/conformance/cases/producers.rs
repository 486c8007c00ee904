//! What a broker remembers of idempotent producers.

use super::super::{Outcome, Scenario};
use super::support::{PRODUCE, batch, describe_producers, fetch, idempotent, produce, stamped};
use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
use milena_protocol::records::{BatchKind, Stamp};

cases! {
    a_sequence_wraps_to_zero: One, "DefaultRecordBatch.incrementSequence";
    a_duplicate_is_told_apart_from_an_overlap: One, "ProducerStateEntry.findDuplicateBatch";
    an_unknown_producer_starts_anywhere: One, "ProducerAppendInfo.checkSequence";
    producers_are_remembered_per_partition: One, "ProducerStateManager";
    producer_state_survives_a_change_of_the_leader: Three, "ProducerStateManager";
    a_transactional_batch_needs_a_transactional_id: One, "KafkaApis.handleProduceRequest";
    a_control_batch_from_a_client_is_refused: One, "LogValidator.validateBatch";
    a_sequence_without_a_producer_is_refused: One, "LogValidator.validateBatch";
    describe_producers_shows_the_last_batch: One, "KIP-664";
}

fn a_sequence_wraps_to_zero(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let last = i32::MAX - 1;
    for (step, sequence) in [("two at the end", last), ("behind the wrap", 0), ("again", 0)] {
        let records = idempotent(&["x", "y"], 4_000, 0, sequence);
        s.ask(step, 1, PRODUCE, &produce(&topic, -1, records))?;
    }
    s.ask("the next", 1, PRODUCE, &produce(&topic, -1, idempotent(&["z"], 4_000, 0, 2)))?;
    let across = idempotent(&["x", "y", "z"], 4_001, 0, last);
    s.ask("across the wrap", 1, PRODUCE, &produce(&topic, -1, across))?;
    s.ask("then 1", 1, PRODUCE, &produce(&topic, -1, idempotent(&["z"], 4_001, 0, 1)))?;
    s.ask("what there is", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn a_duplicate_is_told_apart_from_an_overlap(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for (step, values, sequence) in [
        ("three", &["a", "b", "c"][..], 0),
        ("the same", &["a", "b", "c"], 0),
        ("its first two", &["a", "b"], 0),
        ("its last two", &["b", "c"], 1),
        ("one more than it", &["a", "b", "c", "d"], 0),
        ("overlapping its end", &["c", "d"], 2),
        ("the next", &["d"], 3),
    ] {
        let records = idempotent(values, 4_000, 0, sequence);
        s.ask(step, 1, PRODUCE, &produce(&topic, -1, records))?;
    }
    Ok(())
}

fn an_unknown_producer_starts_anywhere(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for (step, id, epoch, sequence) in [
        ("at zero", 4_000, 0, 0),
        ("at seven", 4_001, 0, 7),
        ("in epoch 5 at three", 4_002, 5, 3),
        ("at the highest", 4_003, 0, i32::MAX),
    ] {
        let records = idempotent(&["x"], id, epoch, sequence);
        s.ask(step, 1, PRODUCE, &produce(&topic, -1, records))?;
    }
    Ok(())
}

fn producers_are_remembered_per_partition(s: &mut Scenario<'_>) -> Outcome {
    let (one, two) = (s.create_on("a", &[1], &[])?, s.create_on("b", &[1], &[])?);
    for (step, topic, sequence) in
        [("a 0", &one, 0), ("b 5", &two, 5), ("a 1", &one, 1), ("b 6", &two, 6), ("b 2", &two, 2)]
    {
        let records = idempotent(&["x"], 4_000, 0, sequence);
        s.ask(step, 1, PRODUCE, &produce(topic, -1, records))?;
    }
    Ok(())
}

fn producer_state_survives_a_change_of_the_leader(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[])?;
    for sequence in 0..3 {
        let records = idempotent(&["x"], 4_000, 2, sequence);
        s.ask(&format!("batch {sequence}"), 3, PRODUCE, &produce(&topic, -1, records))?;
    }
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    for (step, epoch, sequence) in
        [("a duplicate", 2, 1), ("the next", 2, 3), ("a gap", 2, 9), ("an older epoch", 1, 4)]
    {
        let records = idempotent(&["x"], 4_000, epoch, sequence);
        s.ask(step, 1, PRODUCE, &produce(&topic, -1, records))?;
    }
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])
}

fn a_transactional_batch_needs_a_transactional_id(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let stamp = Stamp {
        producer_id: ProducerId(4_000),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(0),
        kind: BatchKind::Transactional,
    };
    let request = produce(&topic, -1, stamped(&["x"], &stamp));
    s.ask("without", 1, PRODUCE, &request)?;
    s.ask("nothing is there", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn a_control_batch_from_a_client_is_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let mut bytes = idempotent(&["x"], 4_000, 0, 0).to_vec();
    // The control bit, and the checksum that belongs to it.
    bytes[22] |= 0x20;
    super::support::fix_crc(&mut bytes);
    s.ask("a control batch", 1, PRODUCE, &produce(&topic, -1, bytes.into())).map(drop)
}

fn a_sequence_without_a_producer_is_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for (step, id, epoch, sequence) in [
        ("a producer without a sequence", 4_000, 0, -1),
        ("a producer without an epoch", 4_000, -1, 0),
        ("a sequence without a producer", -1, 0, 4),
    ] {
        let records = idempotent(&["x"], id, epoch, sequence);
        s.ask(step, 1, PRODUCE, &produce(&topic, -1, records))?;
    }
    Ok(())
}

fn describe_producers_shows_the_last_batch(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.ask("nobody", 1, 0, &describe_producers(&topic, &[0]))?;
    s.append(1, &topic, batch(&["a"]))?;
    for sequence in [0, 1] {
        let records = idempotent(&["x"], 4_000, 3, sequence);
        s.append(1, &topic, records)?;
    }
    s.ask("one producer", 1, 0, &describe_producers(&topic, &[0]))?;
    s.ask("no such partition", 1, 0, &describe_producers(&topic, &[5]))?;
    s.ask("no such topic", 1, 0, &describe_producers("nobody-made-this", &[0])).map(drop)
}
