//! What retention and compaction leave of a log (KIP-58, KIP-71, KIP-534).

use bytes::Bytes;
use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};

use super::super::{Outcome, Scenario};
use super::support::{
    LIST_OFFSETS, PRODUCE, TIMESTAMP, batch, delete_until, fetch, idempotent, list_offsets, produce,
};

cases! {
    segments_that_are_too_old_go: Storage, "UnifiedLog.deleteRetentionMsBreachedSegments";
    the_active_segment_goes_too_and_offsets_go_on: Storage, "UnifiedLog.deleteSegments";
    segments_beyond_the_size_to_keep_go: Storage, "UnifiedLog.deleteRetentionSizeBreachedSegments";
    followers_forget_what_their_leader_forgot: Storage, "ReplicaFetcherThread.processPartitionData";
    the_segments_before_a_deletion_go: Storage, "UnifiedLog.deleteLogStartOffsetBreachedSegments";
    an_answer_does_not_reach_over_the_end_of_a_segment: Storage, "LocalLog.read";
    compaction_keeps_the_last_record_of_each_key: Storage, "Cleaner.buildOffsetMap";
    compaction_keeps_the_offsets_of_what_is_left: Storage, "MemoryRecords.filterTo";
    a_tombstone_stays_until_its_horizon: Storage, "KIP-534";
    a_tombstone_goes_when_its_horizon_has_passed: Storage, "KIP-534";
    the_last_batch_of_a_producer_stays_as_an_empty_one: Storage, "Cleaner.cleanInto";
    a_topic_that_is_compacted_and_deleted_forgets_by_time_too: Storage, "KIP-71";
}

/// Each batch of another second is another segment.
const A_SEGMENT_A_SECOND: (&str, &str) = ("segment.ms", "100");
const SECOND: i64 = 1_000;

/// A time that retention finds young in both subjects: far in the future.
pub(super) const YOUNG: i64 = 4_000_000_000_000;
pub(super) const ANY_TIME: (&str, &str) = ("message.timestamp.after.max.ms", "9223372036854775807");

pub(super) fn at(timestamp: i64, records: &[(Option<&str>, Option<&str>)], stamp: &Stamp) -> Bytes {
    let mut builder = BatchBuilder::new(1024);
    for (key, value) in records {
        builder
            .append(timestamp, key.map(str::as_bytes), value.map(str::as_bytes), NO_HEADERS)
            .expect("a few short values fit");
    }
    builder.seal().stamp(stamp).to_bytes()
}

/// A batch of values at a time.
fn values(timestamp: i64, values: &[&str]) -> Bytes {
    let records: Vec<_> = values.iter().map(|value| (None, Some(*value))).collect();
    at(timestamp, &records, &Stamp::default())
}

/// A batch of keys and values at a time; a value may be a tombstone.
fn pairs(timestamp: i64, pairs: &[(&str, Option<&str>)]) -> Bytes {
    let records: Vec<_> = pairs.iter().map(|(key, value)| (Some(*key), *value)).collect();
    at(timestamp, &records, &Stamp::default())
}

fn wait_for_start(s: &mut Scenario<'_>, topic: &str, start: i64) -> Outcome {
    s.wait_until(&format!("{topic} to start at {start}"), |s| {
        let (seen, _) = s.held(1, topic)?;
        Ok((seen == start, format!("it starts at {seen}")))
    })
}

fn segments_that_are_too_old_go(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[A_SEGMENT_A_SECOND, ANY_TIME])?;
    // A week is the default.
    s.append(1, &topic, values(TIMESTAMP, &["old", "too"]))?;
    s.append(1, &topic, values(YOUNG, &["young"]))?;
    s.append(1, &topic, values(TIMESTAMP + SECOND, &["old, behind a young one"]))?;
    wait_for_start(s, &topic, 2)?;
    s.ask("before it", 1, 12, &fetch(&topic, 0))?;
    s.ask("what is left", 1, 12, &fetch(&topic, 2))?;
    s.ask("the earliest", 1, LIST_OFFSETS, &list_offsets(&topic, -2)).map(drop)
}

fn the_active_segment_goes_too_and_offsets_go_on(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    wait_for_start(s, &topic, 2)?;
    s.ask("nothing is left", 1, 12, &fetch(&topic, 2))?;
    s.ask("by time", 1, LIST_OFFSETS, &list_offsets(&topic, 0))?;
    s.ask("appended", 1, PRODUCE, &produce(&topic, -1, values(TIMESTAMP, &["c"])))?;
    wait_for_start(s, &topic, 3)
}

fn segments_beyond_the_size_to_keep_go(s: &mut Scenario<'_>) -> Outcome {
    let configs = [A_SEGMENT_A_SECOND, ("retention.ms", "-1"), ("retention.bytes", "150")];
    let topic = s.create_on("a", &[1], &configs)?;
    let mut time = TIMESTAMP;
    for value in ["a", "b", "c", "d"] {
        s.append(1, &topic, values(time, &[value, "and some more bytes"]))?;
        time += SECOND;
    }
    wait_for_start(s, &topic, 4)?;
    s.ask("what is left", 1, 12, &fetch(&topic, 4)).map(drop)
}

fn followers_forget_what_their_leader_forgot(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    for broker in [1, 2, 3] {
        s.wait_for_held(broker, &topic, (2, 2))?;
    }
    Ok(())
}

fn the_segments_before_a_deletion_go(s: &mut Scenario<'_>) -> Outcome {
    let configs = [A_SEGMENT_A_SECOND, ("retention.ms", "-1")];
    let topic = s.create_on("a", &[2], &configs)?;
    let mut time = TIMESTAMP;
    for value in ["a", "b", "c"] {
        s.append(2, &topic, values(time, &[value]))?;
        time += SECOND;
    }
    s.ask("deleted", 2, 2, &delete_until(&topic, 0, 2))?;
    s.wait_for_size(2, &topic, 69)?;
    s.kill(2)?;
    s.start(2)?;
    s.wait_for_high_watermark(2, &topic, 3)?;
    s.ask("the earliest after a crash", 2, LIST_OFFSETS, &list_offsets(&topic, -2)).map(drop)
}

fn an_answer_does_not_reach_over_the_end_of_a_segment(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[A_SEGMENT_A_SECOND, ("retention.ms", "-1")])?;
    for (time, value) in [(0, "a"), (0, "b"), (SECOND, "c"), (2 * SECOND, "d")] {
        s.append(1, &topic, values(TIMESTAMP + time, &[value]))?;
    }
    for offset in 0..4 {
        s.ask(&format!("from {offset}"), 1, 12, &fetch(&topic, offset))?;
    }
    Ok(())
}

const COMPACTED: &[(&str, &str)] =
    &[A_SEGMENT_A_SECOND, ("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0.01")];

/// Fetches from `offset` until the first batch of the answer begins elsewhere than `from`, or holds
/// another number of records than `count`.
fn wait_for_compaction(s: &mut Scenario<'_>, topic: &str, offset: i64, from: i64) -> Outcome {
    s.wait_until("compaction", |s| {
        let answer = s.query(1, 12, &fetch(topic, offset))?;
        let records = answer.responses.iter().flat_map(|topic| &topic.partitions).next();
        let records = records.and_then(|partition| partition.records.clone()).unwrap_or_default();
        let first = milena_protocol::records::batches(records).next().and_then(Result::ok);
        let seen = first.map_or(-1, |batch| batch.base_offset().get());
        Ok((seen == from, format!("the first batch begins at {seen}")))
    })
}

fn compaction_keeps_the_last_record_of_each_key(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], COMPACTED)?;
    s.append(1, &topic, pairs(TIMESTAMP, &[("a", Some("1"))]))?;
    s.append(1, &topic, pairs(TIMESTAMP + SECOND, &[("b", Some("1")), ("a", Some("2"))]))?;
    s.append(1, &topic, pairs(TIMESTAMP + 2 * SECOND, &[("c", Some("1"))]))?;
    // The active segment is never compacted, and its keys do not count.
    s.append(1, &topic, pairs(TIMESTAMP + 3 * SECOND, &[("c", Some("2"))]))?;
    wait_for_compaction(s, &topic, 0, 1)?;
    s.ask("from the start", 1, 12, &fetch(&topic, 0))?;
    s.ask("further on", 1, 12, &fetch(&topic, 3))?;
    s.ask("the active segment", 1, 12, &fetch(&topic, 4))?;
    s.ask("the earliest", 1, LIST_OFFSETS, &list_offsets(&topic, -2))?;
    s.ask("by time", 1, LIST_OFFSETS, &list_offsets(&topic, 0)).map(drop)
}

fn compaction_keeps_the_offsets_of_what_is_left(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], COMPACTED)?;
    s.append(1, &topic, pairs(TIMESTAMP, &[("x", Some("1"))]))?;
    let mixed = [("a", Some("1")), ("b", Some("1")), ("a", Some("2")), ("c", Some("1"))];
    s.append(1, &topic, pairs(TIMESTAMP + SECOND, &mixed))?;
    let later = [("c", Some("2")), ("x", Some("2"))];
    s.append(1, &topic, pairs(TIMESTAMP + 2 * SECOND, &later))?;
    s.append(1, &topic, pairs(TIMESTAMP + 3 * SECOND, &[("z", Some("1"))]))?;
    wait_for_compaction(s, &topic, 0, 1)?;
    for offset in [0, 1, 2, 3, 4, 5, 6] {
        s.ask(&format!("from {offset}"), 1, 12, &fetch(&topic, offset))?;
    }
    Ok(())
}

/// A key and its tombstone, compacted once.
fn with_tombstone(s: &mut Scenario<'_>, delete_retention: &str) -> Outcome<String> {
    let configs = [COMPACTED, &[("delete.retention.ms", delete_retention)]].concat();
    let topic = s.create_on("a", &[1], &configs)?;
    s.append(1, &topic, pairs(TIMESTAMP, &[("a", Some("1"))]))?;
    s.append(1, &topic, pairs(TIMESTAMP + SECOND, &[("a", None), ("b", Some("1"))]))?;
    s.append(1, &topic, pairs(TIMESTAMP + 2 * SECOND, &[("c", Some("1"))]))?;
    wait_for_compaction(s, &topic, 0, 1)?;
    Ok(topic)
}

fn a_tombstone_stays_until_its_horizon(s: &mut Scenario<'_>) -> Outcome {
    let topic = with_tombstone(s, "86400000")?;
    let answer = s.query(1, 12, &fetch(&topic, 0))?;
    let records = answer.responses.iter().flat_map(|topic| &topic.partitions).next();
    let records = records.and_then(|partition| partition.records.clone()).unwrap_or_default();
    // The horizon itself is a time of day.
    let seen: Vec<_> = milena_protocol::records::batches(records)
        .filter_map(Result::ok)
        .map(|batch| {
            let records: Vec<_> = batch
                .records()
                .into_iter()
                .flatten()
                .filter_map(Result::ok)
                .map(|record| {
                    let value =
                        record.value.map(|value| String::from_utf8_lossy(value).into_owned());
                    serde_json::json!([record.offset.get(), record.timestamp, value])
                })
                .collect();
            serde_json::json!({
                "has_delete_horizon": batch.has_delete_horizon(),
                "max_timestamp": batch.header.max_timestamp,
                "last_offset": batch.last_offset().get(),
                "records": records,
            })
        })
        .collect();
    s.record("what is left", serde_json::json!(seen));
    Ok(())
}

fn a_tombstone_goes_when_its_horizon_has_passed(s: &mut Scenario<'_>) -> Outcome {
    let topic = with_tombstone(s, "0")?;
    // Another pass takes it.
    s.append(1, &topic, pairs(TIMESTAMP + 3 * SECOND, &[("c", Some("2"))]))?;
    s.wait_until("the tombstone to go", |s| {
        let answer = s.query(1, 12, &fetch(&topic, 0))?;
        let records = answer.responses.iter().flat_map(|topic| &topic.partitions).next();
        let records = records.and_then(|partition| partition.records.clone()).unwrap_or_default();
        let first = milena_protocol::records::batches(records).next().and_then(Result::ok);
        let seen = first.map_or(-1, |batch| i64::from(batch.header.record_count));
        Ok((seen == 1, format!("{seen} records in the first batch")))
    })?;
    s.ask("the next", 1, 12, &fetch(&topic, 3)).map(drop)
}

fn the_last_batch_of_a_producer_stays_as_an_empty_one(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], COMPACTED)?;
    let stamp = |sequence| Stamp {
        producer_id: ProducerId(4_714),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(sequence),
        ..Stamp::default()
    };
    let pair = [(Some("a"), Some("1"))];
    s.append(1, &topic, at(TIMESTAMP, &pair, &stamp(0)))?;
    s.append(1, &topic, at(TIMESTAMP + SECOND, &pair, &stamp(1)))?;
    s.append(1, &topic, pairs(TIMESTAMP + 2 * SECOND, &[("a", Some("2"))]))?;
    s.append(1, &topic, pairs(TIMESTAMP + 3 * SECOND, &[("b", Some("1"))]))?;
    wait_for_compaction(s, &topic, 0, 1)?;
    s.ask("what is left", 1, 12, &fetch(&topic, 0))?;
    s.ask("a duplicate", 1, PRODUCE, &produce(&topic, -1, at(TIMESTAMP, &pair, &stamp(1))))?;
    s.ask("no key", 1, PRODUCE, &produce(&topic, -1, idempotent(&["x"], 4_714, 0, 2))).map(drop)
}

fn a_topic_that_is_compacted_and_deleted_forgets_by_time_too(s: &mut Scenario<'_>) -> Outcome {
    let mut configs = COMPACTED.to_vec();
    configs[1] = ("cleanup.policy", "compact,delete");
    // Compaction would make one segment of the old and the young.
    configs[2] = ("min.cleanable.dirty.ratio", "1.0");
    configs.push(ANY_TIME);
    let topic = s.create_on("a", &[1], &configs)?;
    s.append(1, &topic, pairs(TIMESTAMP, &[("a", Some("1"))]))?;
    s.append(1, &topic, pairs(YOUNG, &[("b", Some("1"))]))?;
    s.append(1, &topic, pairs(YOUNG + SECOND, &[("b", Some("2"))]))?;
    wait_for_start(s, &topic, 1)?;
    s.ask("before it", 1, 12, &fetch(&topic, 0)).map(drop)
}
