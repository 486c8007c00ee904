//! Fetch: offsets, epochs, limits.

use std::time::Duration;

use milena_protocol::messages::BrokerId;
use milena_protocol::messages::fetch_request::ReplicaState;

use super::super::{Outcome, Scenario};
use super::support::{FETCH, batch, fetch, fetch_with, topic_id};

cases! {
    an_offset_outside_of_the_log_is_out_of_range: One, "UnifiedLog.read";
    a_leader_epoch_is_fenced_below_and_unknown_above: One, "Partition.checkCurrentLeaderEpoch";
    a_last_fetched_epoch_that_does_not_match_diverges: One, "KIP-595, Partition.readRecords";
    the_first_batch_comes_whole_whatever_the_limit: One, "KIP-74";
    a_follower_answers_since_version_11: Three, "KIP-392, Partition.readRecords";
    a_fetch_as_a_replica_that_is_none_is_refused: Three, "KIP-903, Partition.getReplica";
    a_fetch_waits_until_there_is_enough: One, "DelayedFetch";
    an_answer_names_the_leader_since_version_16: Three, "KIP-951";
    a_partition_fetched_twice_counts_as_named_last: One, "FetchRequest.fetchData";
    every_version_of_fetch_answers_alike: One, "FetchRequest";
    read_committed_without_transactions_reads_to_the_high_watermark: One, "UnifiedLog.read";
}

fn an_offset_outside_of_the_log_is_out_of_range(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    for offset in [2, 3, -1, i64::MAX] {
        s.ask(&format!("offset {offset}"), 1, FETCH, &fetch(&topic, offset))?;
    }
    Ok(())
}

fn a_leader_epoch_is_fenced_below_and_unknown_above(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    for epoch in [-1, 0, 1, 5] {
        let request = fetch_with(&topic, 0, |p| p.with_current_leader_epoch(epoch));
        s.ask(&format!("epoch {epoch}"), 1, FETCH, &request)?;
    }
    Ok(())
}

fn a_last_fetched_epoch_that_does_not_match_diverges(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    for (offset, epoch) in [(1, 0), (1, 3), (2, 0), (5, 0), (0, -1)] {
        let request = fetch_with(&topic, offset, |p| p.with_last_fetched_epoch(epoch));
        s.ask(&format!("offset {offset} after epoch {epoch}"), 1, FETCH, &request)?;
    }
    Ok(())
}

fn the_first_batch_comes_whole_whatever_the_limit(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let value = "v".repeat(500);
    for _ in 0..3 {
        s.append(1, &topic, batch(&[value.as_str()]))?;
    }
    for limit in [0, 1, 600, 1_200, 100_000] {
        let request = fetch_with(&topic, 0, |p| p.with_partition_max_bytes(limit));
        s.ask(&format!("{limit} bytes of the partition"), 1, FETCH, &request)?;
        let request = fetch(&topic, 0).with_max_bytes(limit);
        s.ask(&format!("{limit} bytes in all"), 1, FETCH, &request)?;
    }
    Ok(())
}

fn a_follower_answers_since_version_11(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    // A follower's high watermark trails by a round of fetches.
    s.wait_until("the high watermark of the follower", |s| {
        let answer = s.query(2, FETCH, &fetch(&topic, 0))?;
        let told = answer.responses.iter().flat_map(|topic| &topic.partitions).next();
        let seen = told.map_or(-1, |told| told.high_watermark);
        Ok((seen == 2, format!("{seen}")))
    })?;
    for version in [4, 10, 11, 12] {
        s.ask(&format!("a follower, v{version}"), 2, version, &fetch(&topic, 0))?;
    }
    for offset in [2, 3] {
        s.ask(&format!("a follower, offset {offset}"), 2, FETCH, &fetch(&topic, offset))?;
    }
    for epoch in [0, 1] {
        let request = fetch_with(&topic, 0, |p| p.with_current_leader_epoch(epoch));
        s.ask(&format!("a follower, epoch {epoch}"), 2, FETCH, &request)?;
    }
    s.ask("no replica", 3, FETCH, &fetch(&topic, 0)).map(drop)
}

fn a_fetch_as_a_replica_that_is_none_is_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    let id = topic_id(s, &topic)?;
    s.append(1, &topic, batch(&["a"]))?;
    for (step, replica) in [("no replica of it", 3), ("nobody", 9)] {
        s.ask(step, 1, FETCH, &fetch(&topic, 0).with_replica_id(BrokerId(replica)))?;
    }
    for (step, replica, epoch) in
        [("another incarnation", 2, 0), ("no replica, v16", 3, -1), ("nobody, v16", 9, -1)]
    {
        let state =
            ReplicaState::default().with_replica_id(BrokerId(replica)).with_replica_epoch(epoch);
        let mut request = fetch("", 0).with_replica_state(state);
        request.topics[0].topic_id = id;
        s.ask(step, 1, 16, &request)?;
    }
    s.metadata("the ISR is as before", 1, &[&topic]).map(drop)
}

fn a_fetch_waits_until_there_is_enough(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let link = s.connect(1)?;
    let patient = |offset| fetch(&topic, offset).with_max_wait_ms(20_000);
    let waiting = s.send(link, FETCH, &patient(0).with_min_bytes(100))?;
    s.sends_nothing_for("empty", link, Duration::from_millis(300))?;
    s.append(1, &topic, batch(&["a"]))?;
    s.sends_nothing_for("one batch is too little", link, Duration::from_millis(300))?;
    s.append(1, &topic, batch(&["b"]))?;
    s.answer("two are enough", waiting)?;
    s.ask("out of range waits for nothing", 1, FETCH, &patient(9))?;
    let request = fetch(&topic, 2).with_max_wait_ms(200);
    s.ask("nothing comes", 1, FETCH, &request)?;
    s.ask("no bytes wanted", 1, FETCH, &patient(2).with_min_bytes(0)).map(drop)
}

fn an_answer_names_the_leader_since_version_16(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[3, 2], &[])?;
    let id = topic_id(s, &topic)?;
    for version in [13, 16, 17] {
        let mut request = fetch("", 0);
        request.topics[0].topic_id = id;
        s.ask(&format!("at no replica, v{version}"), 1, version, &request)?;
        request.topics[0].partitions[0].current_leader_epoch = 5;
        s.ask(&format!("a later epoch, v{version}"), 3, version, &request)?;
    }
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 2, &[2])?;
    s.wait_for_high_watermark(2, &topic, 0)?;
    for version in [12, 16, 17] {
        let mut request = fetch(&topic, 0);
        request.topics[0].topic_id = if version < 13 { uuid::Uuid::nil() } else { id };
        if version >= 13 {
            request.topics[0].topic = Default::default();
        }
        request.topics[0].partitions[0].current_leader_epoch = 0;
        s.ask(&format!("an earlier epoch, v{version}"), 2, version, &request)?;
    }
    s.start(3)?;
    s.wait_for_isr(1, &topic, 2, &[2, 3])
}

fn a_partition_fetched_twice_counts_as_named_last(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.append(1, &topic, batch(&["b"]))?;
    let mut request = fetch(&topic, 0);
    request.topics[0].partitions.extend(fetch(&topic, 1).topics[0].partitions.clone());
    s.ask("in one topic", 1, FETCH, &request)?;
    let mut request = fetch(&topic, 1);
    request.topics.extend(fetch(&topic, 0).topics);
    s.ask("in two topics", 1, FETCH, &request).map(drop)
}

fn every_version_of_fetch_answers_alike(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let id = topic_id(s, &topic)?;
    s.append(1, &topic, batch(&["a"]))?;
    for version in 4..=17 {
        for offset in [0, 1, 2] {
            let mut request = fetch(&topic, offset);
            if version >= 13 {
                request.topics[0].topic = Default::default();
                request.topics[0].topic_id = id;
            }
            s.ask(&format!("offset {offset}, v{version}"), 1, version, &request)?;
        }
    }
    Ok(())
}

fn read_committed_without_transactions_reads_to_the_high_watermark(
    s: &mut Scenario<'_>,
) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    for offset in [0, 2, 3] {
        let request = fetch(&topic, offset).with_isolation_level(1);
        s.ask(&format!("offset {offset}"), 1, FETCH, &request)?;
    }
    Ok(())
}
