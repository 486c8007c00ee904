//! Reading from the nearest replica (KIP-392): three brokers in a rack each, `rack-1` to `rack-3`,
//! and the selector that looks at racks.

use milena_protocol::messages::FetchRequest;

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{
    LIST_OFFSETS, PRODUCE, batch, fetch, fetch_with, list_offsets, produce, topic_id,
};

cases! {
    a_reader_is_sent_to_the_replica_in_its_rack: Racks, "RackAwareReplicaSelector";
    a_reader_in_the_leaders_rack_or_in_none_stays: Racks, "RackAwareReplicaSelector";
    a_replica_that_lacks_the_offset_is_nobodys_choice: Racks, "ReplicaManager.findPreferredReadReplica";
    a_replica_outside_the_isr_is_nobodys_choice: Racks, "ReplicaManager.findPreferredReadReplica";
    a_live_replica_outside_the_isr_is_nobodys_choice_either: Racks, "ReplicaManager.findPreferredReadReplica";
    a_follower_answers_from_its_own_log: Racks, "KIP-392";
    a_redirect_looks_at_the_epoch_and_not_at_the_records: Racks, "ReplicaManager.readFromLog";
    a_redirect_does_not_wait: Racks, "ReplicaManager.fetchMessages";
    a_reader_is_sent_on_within_a_session: Racks, "FetchSession.CachedPartition";
    brokers_tell_their_racks: Racks, "Broker.rack";
}

const FETCH: i16 = 12;

fn in_rack(request: FetchRequest, rack: &str) -> FetchRequest {
    request.with_rack_id(text(rack))
}

fn a_reader_is_sent_to_the_replica_in_its_rack(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    for version in [11, 12] {
        for rack in ["rack-2", "rack-3"] {
            let request = in_rack(fetch(&topic, 0), rack);
            s.ask(&format!("{rack} in version {version}"), 1, version, &request)?;
        }
    }
    let committed = in_rack(fetch(&topic, 1), "rack-2").with_isolation_level(1);
    s.ask("committed records", 1, FETCH, &committed)?;
    s.ask("at the end", 1, FETCH, &in_rack(fetch(&topic, 2), "rack-2"))?;
    // A version without racks.
    s.ask("in version 10", 1, 10, &fetch(&topic, 0)).map(drop)
}

fn a_reader_in_the_leaders_rack_or_in_none_stays(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    for rack in ["rack-1", "rack-3", "rack-4", "RACK-2", ""] {
        let request = in_rack(fetch(&topic, 0), rack);
        s.ask(&format!("rack {rack:?}"), 1, FETCH, &request)?;
    }
    Ok(())
}

fn a_replica_that_lacks_the_offset_is_nobodys_choice(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    for offset in [3, 100, -1] {
        let request = in_rack(fetch(&topic, offset), "rack-2");
        s.ask(&format!("offset {offset}"), 1, FETCH, &request)?;
    }
    Ok(())
}

fn a_replica_outside_the_isr_is_nobodys_choice(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.kill(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.ask("rack 3", 1, FETCH, &in_rack(fetch(&topic, 0), "rack-3"))?;
    s.ask("rack 2", 1, FETCH, &in_rack(fetch(&topic, 0), "rack-2"))?;
    s.start(3)?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.ask("rack 3 again", 1, FETCH, &in_rack(fetch(&topic, 0), "rack-3")).map(drop)
}

fn a_live_replica_outside_the_isr_is_nobodys_choice_either(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2, 3], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.ask("rack 3", 1, FETCH, &in_rack(fetch(&topic, 0), "rack-3"))?;
    s.cut(3, 1)?;
    s.ask("acks 1", 1, PRODUCE, &produce(&topic, 1, batch(&["b"])))?;
    s.wait_for_isr(1, &topic, 1, &[1, 2])?;
    s.ask("rack 3, where it lags", 1, FETCH, &in_rack(fetch(&topic, 0), "rack-3"))?;
    s.heal()?;
    s.wait_for_isr(1, &topic, 1, &[1, 2, 3])?;
    s.ask("rack 3 again", 1, FETCH, &in_rack(fetch(&topic, 0), "rack-3")).map(drop)
}

fn a_follower_answers_from_its_own_log(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    s.append(1, &topic, batch(&["c"]))?;
    // A follower hears of the high watermark one fetch later.
    s.wait_until("the follower's high watermark", |s| {
        let answer = s.query(2, FETCH, &fetch(&topic, 0))?;
        let seen = answer.responses.iter().flat_map(|topic| &topic.partitions).next();
        let seen = seen.map_or(-1, |partition| partition.high_watermark);
        Ok((seen == 3, format!("{seen}")))
    })?;
    for rack in ["", "rack-1", "rack-2", "rack-3"] {
        let request = in_rack(fetch(&topic, 0), rack);
        s.ask(&format!("rack {rack:?}"), 2, FETCH, &request)?;
    }
    for offset in [2, 3, 4, -1] {
        s.ask(&format!("from {offset}"), 2, FETCH, &fetch(&topic, offset))?;
    }
    let epoch =
        |epoch| fetch_with(&topic, 0, |partition| partition.with_current_leader_epoch(epoch));
    s.ask("the leader's epoch", 2, FETCH, &epoch(0))?;
    s.ask("a newer epoch", 2, FETCH, &epoch(1))?;
    let diverged = fetch_with(&topic, 1, |partition| partition.with_last_fetched_epoch(0));
    s.ask("the epoch of the last batch", 2, FETCH, &diverged)?;
    s.ask("in version 11", 2, 11, &fetch(&topic, 0))?;
    s.ask("in version 10", 2, 10, &fetch(&topic, 0))?;
    s.ask("who has no replica", 3, FETCH, &fetch(&topic, 0))?;
    s.ask("its offsets", 2, LIST_OFFSETS, &list_offsets(&topic, -1)).map(drop)
}

fn a_redirect_looks_at_the_epoch_and_not_at_the_records(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    for epoch in [0, 1] {
        let request = fetch_with(&topic, 0, |partition| partition.with_current_leader_epoch(epoch));
        s.ask(&format!("epoch {epoch}"), 1, FETCH, &in_rack(request, "rack-2"))?;
    }
    let diverged = fetch_with(&topic, 1, |partition| partition.with_last_fetched_epoch(5));
    s.ask("a last epoch that never was", 1, FETCH, &in_rack(diverged, "rack-2")).map(drop)
}

fn a_redirect_does_not_wait(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    let patient = in_rack(fetch(&topic, 2), "rack-2").with_max_wait_ms(20_000);
    let link = s.connect(1)?;
    let pending = s.send(link, FETCH, &patient)?;
    s.answer("although there is nothing to read", pending).map(drop)
}

fn a_reader_is_sent_on_within_a_session(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1, 2], &[])?;
    s.append(1, &topic, batch(&["a", "b"]))?;
    let opening = in_rack(fetch(&topic, 0), "rack-2").with_session_epoch(0);
    let id = s.ask("the session is opened", 1, FETCH, &opening)?.session_id;
    for epoch in [1, 2] {
        let next = in_rack(fetch(&topic, 0), "rack-2")
            .with_session_id(id)
            .with_session_epoch(epoch)
            .with_topics(Vec::new());
        s.ask(&format!("its request {epoch}"), 1, FETCH, &next)?;
    }
    Ok(())
}

fn brokers_tell_their_racks(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[2], &[])?;
    s.metadata("metadata", 1, &[&topic])?;
    let cluster = milena_protocol::messages::DescribeClusterRequest::default();
    s.ask("the cluster", 1, 1, &cluster)?;
    // KIP-951 names the leader with its rack.
    let request = by_id(topic_id(s, &topic)?);
    s.ask("at the wrong broker", 1, 17, &request).map(drop)
}

/// A fetch that names its topic by id.
fn by_id(id: uuid::Uuid) -> FetchRequest {
    let mut request = fetch("", 0);
    for topic in &mut request.topics {
        topic.topic = milena_protocol::messages::TopicName::default();
        topic.topic_id = id;
    }
    request
}
