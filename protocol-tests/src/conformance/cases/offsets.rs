//! ListOffsets and OffsetForLeaderEpoch.

use milena_protocol::messages::elect_leaders_request::TopicPartitions;
use milena_protocol::messages::{ElectLeadersRequest, TopicName};

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{LIST_OFFSETS, PRODUCE, TIMESTAMP, batch, batch_at, list_offsets, produce};

cases! {
    special_timestamps_name_the_ends_of_the_log: One, "ListOffsetsRequest";
    a_timestamp_newer_than_the_version_is_not_supported: One, "ListOffsetsRequest, KafkaApis.handleListOffsetRequest";
    a_record_is_found_by_its_time: One, "UnifiedLog.fetchOffsetByTimestamp, KIP-734";
    a_partition_listed_twice_is_refused: One, "ListOffsetsRequest.duplicatePartitions";
    a_leader_below_its_epochs_start_tells_no_latest_offset: Three, "Partition.fetchOffsetForTimestamp, KIP-207";
    offsets_are_told_by_leaders_alone: Three, "Partition.localLogWithEpochOrThrow";
}

fn special_timestamps_name_the_ends_of_the_log(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for timestamp in [-1, -2, -3, -4, -5, 0] {
        let request = list_offsets(&topic, timestamp);
        s.ask(&format!("{timestamp}, empty"), 1, LIST_OFFSETS, &request)?;
    }
    s.append(1, &topic, batch(&["a", "b"]))?;
    for timestamp in [-1, -2, -3, -4, -5, 0, TIMESTAMP, TIMESTAMP + 1] {
        let request = list_offsets(&topic, timestamp);
        s.ask(&format!("{timestamp}, two records"), 1, LIST_OFFSETS, &request)?;
    }
    Ok(())
}

fn a_timestamp_newer_than_the_version_is_not_supported(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    for version in [1, 4, 6, 7, 8, 9, 10] {
        for timestamp in [-1, -2, -3, -4, -5, -6, -9] {
            let step = format!("{timestamp}, v{version}");
            s.ask(&step, 1, version, &list_offsets(&topic, timestamp))?;
        }
    }
    Ok(())
}

fn a_record_is_found_by_its_time(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for times in [&[10, 30][..], &[20, 5, 30], &[25], &[40, 40]] {
        let times: Vec<i64> = times.iter().map(|time| TIMESTAMP + time).collect();
        s.append(1, &topic, batch_at(&times))?;
    }
    for time in [0, 10, 11, 15, 25, 30, 31, 40, 41] {
        let request = list_offsets(&topic, TIMESTAMP + time);
        s.ask(&format!("time {time}"), 1, LIST_OFFSETS, &request)?;
    }
    s.ask("the largest", 1, LIST_OFFSETS, &list_offsets(&topic, -3)).map(drop)
}

fn a_partition_listed_twice_is_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let mut request = list_offsets(&topic, -1);
    request.topics[0].partitions.extend(list_offsets(&topic, -2).topics[0].partitions.clone());
    s.ask("in one topic", 1, LIST_OFFSETS, &request)?;
    let mut request = list_offsets(&topic, -1);
    request.topics.extend(list_offsets(&topic, -2).topics);
    s.ask("in two topics", 1, LIST_OFFSETS, &request).map(drop)
}

fn a_leader_below_its_epochs_start_tells_no_latest_offset(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 1, 2], &[("min.insync.replicas", "3")])?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.kill(2)?;
    s.wait_for_isr(1, &topic, 1, &[1, 3])?;
    // Taken and replicated, but not committed before the third is back.
    s.ask("taken", 1, PRODUCE, &produce(&topic, 1, batch(&["a"])))?;
    s.wait_until("the record at the follower", |s| {
        let answer = s.query(3, 12, &super::support::fetch(&topic, 1))?;
        let told = answer.responses.iter().flat_map(|topic| &topic.partitions).next();
        let code = told.map_or(-1, |told| told.error_code);
        Ok((code == 0, format!("error {code}")))
    })?;
    s.ask("of the leader it came in under", 1, LIST_OFFSETS, &list_offsets(&topic, -1))?;
    let partitions =
        TopicPartitions::default().with_topic(TopicName(text(&topic))).with_partitions(vec![0]);
    let elect = ElectLeadersRequest::default()
        .with_election_type(0)
        .with_topic_partitions(Some(vec![partitions]))
        .with_timeout_ms(10_000);
    s.ask("the preferred replica leads", 1, 2, &elect)?;
    s.wait_for_isr(3, &topic, 3, &[1, 3])?;
    s.wait_until("that it leads", |s| {
        let answer = s.query(3, LIST_OFFSETS, &list_offsets(&topic, -2))?;
        let told = answer.topics.iter().flat_map(|topic| &topic.partitions).next();
        let code = told.map_or(-1, |told| told.error_code);
        Ok((code == 0, format!("error {code}")))
    })?;
    for version in [4, 5, 9] {
        let step = format!("of the new one, v{version}");
        s.ask(&step, 3, version, &list_offsets(&topic, -1))?;
    }
    s.ask("by time", 3, LIST_OFFSETS, &list_offsets(&topic, TIMESTAMP))?;
    s.start(2)?;
    s.wait_for_isr(3, &topic, 3, &[1, 2, 3])?;
    s.wait_for_high_watermark(3, &topic, 1)
}

fn offsets_are_told_by_leaders_alone(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    for (step, broker) in [("a follower", 2), ("no replica", 3)] {
        for version in [1, 9] {
            let step = format!("{step}, v{version}");
            s.ask(&step, broker, version, &list_offsets(&topic, -1))?;
        }
    }
    s.ask("no such topic", 1, LIST_OFFSETS, &list_offsets("nobody-made-this", -1)).map(drop)
}
