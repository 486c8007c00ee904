//! Produce: what is accepted, in which order it is checked, what is answered.

use std::time::Duration;

use milena_protocol::messages::elect_leaders_request::TopicPartitions;
use milena_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use milena_protocol::messages::{ElectLeadersRequest, ProduceRequest, TopicName};
use milena_protocol::records::{BatchKind, Stamp};
use uuid::Uuid;

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{
    PRODUCE, TIMESTAMP, batch, batch_at, fetch, idempotent, produce, produce_to, stamped, topic_id,
};

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
    acks_none_and_leader_append_below_the_minimum_isr: Three, "Partition.appendRecordsToLeader";
    a_leader_that_lost_its_lead_answers_who_waits_for_all: Apart, "DelayedProduce.tryComplete";
    what_is_checked_first_decides: Three, "KafkaApis.handleProduceRequest, ReplicaManager.appendRecords";
    records_without_keys_do_not_enter_a_compacted_topic: One, "LogValidator.validateKey, KIP-467";
    a_timestamp_out_of_bounds_is_named_for_each_record: One, "LogValidator.validateTimestamp, KIP-937";
    a_batch_above_the_topics_limit_is_too_large: One, "UnifiedLog.analyzeAndValidateRecords";
    a_partition_named_twice_counts_as_named_last: One, "KafkaApis.handleProduceRequest";
    topic_ids_in_produce_are_named_when_unknown: One, "KIP-516";
    produce_without_records_is_never_answered: One, "ProduceRequest.validateRecords";
    every_version_of_produce_answers_alike: One, "ProduceRequest";
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
    s.wait_until_it_acts("later")?;
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

fn acks_none_and_leader_append_below_the_minimum_isr(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[("min.insync.replicas", "2")])?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 1, &[1])?;
    s.wait_until_it_acts("later")?;
    send(s, "acks 1", &produce(&topic, 1, batch(&["a"])))?;
    let link = s.connect(1)?;
    let _ = s.send(link, PRODUCE, &produce(&topic, 0, batch(&["b"])))?;
    s.sends_nothing_for("acks 0", link, Duration::from_millis(300))?;
    send(s, "acks all", &produce(&topic, -1, batch(&["c"])))?;
    s.ask("invisible", 1, 12, &fetch(&topic, 0))?;
    s.start(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.wait_for_high_watermark(1, &topic, 2)?;
    s.ask("both are there", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn prefer(topic: &str) -> ElectLeadersRequest {
    let partitions =
        TopicPartitions::default().with_topic(TopicName(text(topic))).with_partitions(vec![0]);
    ElectLeadersRequest::default()
        .with_election_type(0)
        .with_topic_partitions(Some(vec![partitions]))
        .with_timeout_ms(10_000)
}

fn a_leader_that_lost_its_lead_answers_who_waits_for_all(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2, 1, 3], &[])?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    s.start(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.freeze(3)?;
    let link = s.connect(1)?;
    let request = produce(&topic, -1, batch(&["a"])).with_timeout_ms(20_000);
    let waiting = s.send(link, PRODUCE, &request)?;
    s.sends_nothing_for("it waits", link, Duration::from_millis(300))?;
    s.ask("the preferred replica leads", 1, 2, &prefer(&topic))?;
    s.answer("its leader has gone", waiting)?;
    s.thaw(3)?;
    s.wait_for_isr(2, &topic, 2, &[1, 2, 3])?;
    s.wait_for_high_watermark(2, &topic, 1)?;
    s.ask("it is there all the same", 2, 12, &fetch(&topic, 0)).map(drop)
}

fn damaged() -> bytes::Bytes {
    let mut damaged = batch(&["a", "b"]).to_vec();
    if let Some(last) = damaged.last_mut() {
        *last ^= 1;
    }
    damaged.into()
}

fn transactional() -> bytes::Bytes {
    let stamp = Stamp {
        producer_id: milena_protocol::ids::ProducerId(4_000),
        producer_epoch: milena_protocol::ids::ProducerEpoch(0),
        base_sequence: milena_protocol::ids::Sequence(0),
        kind: BatchKind::Transactional,
    };
    stamped(&["x"], &stamp)
}

fn what_is_checked_first_decides(s: &mut Scenario<'_>) -> Outcome {
    let ours = s.create_on("a", &[1, 2], &[("min.insync.replicas", "2")])?;
    let theirs = s.create_on("b", &[3, 1], &[])?;
    let unknown = "nobody-made-this";
    let two = || [batch(&["a"]), batch(&["b"])].concat().into();
    for (step, request) in [
        ("unknown topic, bad acks", produce(unknown, 5, batch(&["a"]))),
        ("unknown topic, two batches", produce(unknown, -1, two())),
        ("bad acks, two batches", produce(&ours, 5, two())),
        ("bad acks, damaged", produce(&ours, 5, damaged())),
        ("bad acks, not the leader", produce(&theirs, 5, batch(&["a"]))),
        ("not the leader, two batches", produce(&theirs, -1, two())),
        ("not the leader, damaged", produce(&theirs, -1, damaged())),
        ("no transactional id, unknown topic", produce(unknown, -1, transactional())),
        ("no transactional id, bad acks", produce(&ours, 5, transactional())),
    ] {
        send(s, step, &request)?;
    }
    s.ask("nothing is there", 1, 12, &fetch(&ours, 0)).map(drop)
}

fn records_without_keys_do_not_enter_a_compacted_topic(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[("cleanup.policy", "compact")])?;
    for version in [7, 8, 12] {
        let request = produce(&topic, -1, batch(&["a", "b"]));
        s.ask(&format!("v{version}"), 1, version, &request)?;
    }
    s.ask("nothing is there", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn a_timestamp_out_of_bounds_is_named_for_each_record(s: &mut Scenario<'_>) -> Outcome {
    let late = s.create_on("a", &[1], &[("message.timestamp.before.max.ms", "1000")])?;
    send(s, "long ago", &produce(&late, -1, batch(&["a", "b"])))?;
    let early = s.create_on("b", &[1], &[("message.timestamp.after.max.ms", "1000")])?;
    // The year 2096.
    let far = 4_000_000_000_000;
    let records = batch_at(&[TIMESTAMP, far, TIMESTAMP + 1, far + 1]);
    send(s, "two far ahead", &produce(&early, -1, records))?;
    send(s, "none ahead", &produce(&early, -1, batch(&["a"])))?;
    s.ask("only the last", 1, 12, &fetch(&early, 0)).map(drop)
}

fn a_batch_above_the_topics_limit_is_too_large(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[("max.message.bytes", "100")])?;
    let long = "v".repeat(100);
    send(s, "too large", &produce(&topic, -1, batch(&[long.as_str()])))?;
    send(s, "too large and damaged", &produce(&topic, -1, damaged()))?;
    send(s, "small", &produce(&topic, -1, batch(&["a"])))?;
    s.ask("only the small one", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn a_partition_named_twice_counts_as_named_last(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let part = |value: &str| {
        PartitionProduceData::default().with_index(0).with_records(Some(batch(&[value])))
    };
    let mut request = produce(&topic, -1, batch(&["-"]));
    request.topic_data[0].partition_data = vec![part("first"), part("second")];
    send(s, "in one topic", &request)?;
    let named = |value: &str| {
        TopicProduceData::default()
            .with_name(TopicName(text(&topic)))
            .with_partition_data(vec![part(value)])
    };
    request.topic_data = vec![named("third"), named("fourth")];
    send(s, "in two topics", &request)?;
    s.ask("what there is", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn topic_ids_in_produce_are_named_when_unknown(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let id = topic_id(s, &topic)?;
    for (step, id, index) in [
        ("known", id, 0),
        ("a bad index", id, 7),
        ("unknown", Uuid::from_u128(5), 0),
        ("zero", Uuid::nil(), 0),
    ] {
        let mut request = produce_to("", index, -1, batch(&["a"]));
        request.topic_data[0].topic_id = id;
        s.ask(step, 1, 13, &request)?;
    }
    Ok(())
}

fn produce_without_records_is_never_answered(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let mut request = produce(&topic, -1, batch(&["a"]));
    request.topic_data[0].partition_data[0].records = None;
    for acks in [-1, 1, 0] {
        let link = s.connect(1)?;
        let _ = s.send(link, PRODUCE, &request.clone().with_acks(acks))?;
        s.sends_nothing_for(&format!("acks {acks}"), link, Duration::from_secs(1))?;
    }
    s.ask("nothing is there", 1, 12, &fetch(&topic, 0)).map(drop)
}

fn every_version_of_produce_answers_alike(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for version in 3..=12 {
        let request = produce(&topic, -1, batch(&["a"]));
        s.ask(&format!("good, v{version}"), 1, version, &request)?;
        let request = produce_to(&topic, 3, -1, batch(&["a"]));
        s.ask(&format!("no such partition, v{version}"), 1, version, &request)?;
    }
    Ok(())
}
