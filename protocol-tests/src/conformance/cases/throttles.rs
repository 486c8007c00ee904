//! What quotas of bytes and time cause (KIP-124, KIP-219). Each case has a client id of its own, so
//! that nobody else shares its rate; a throttle is compared where it does not hang on the
//! milliseconds between two requests, which is at the first one of a client.

use std::time::Duration;

use milena_protocol::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use milena_protocol::messages::describe_client_quotas_request::ComponentData;
use milena_protocol::messages::{
    AlterClientQuotasRequest, DescribeClientQuotasRequest, FetchRequest, ProduceRequest,
};
use serde_json::json;

use super::super::scenario::{metadata_of, text};
use super::super::{Outcome, Scenario};
use super::support::{
    FETCH, LIST_OFFSETS, PRODUCE, batch, creatable, create, fetch, fetch_with, list_offsets,
    produce,
};

cases! {
    a_producer_above_its_rate_is_told_and_silenced: One, "KIP-219";
    a_producer_without_acks_is_silenced_without_a_word: One, "KIP-219";
    a_consumer_above_its_rate_gets_no_records: One, "ClientQuotaManager.unrecordQuotaSensor";
    a_fetch_is_cut_at_what_the_rate_allows_at_once: One, "ClientQuotaManager.getMaxValueInQuotaWindow";
    a_throttled_fetch_opens_no_session: One, "FetchContext.getThrottledResponse";
    the_closest_rate_decides: One, "DefaultQuotaCallback";
    a_client_above_its_share_of_time_is_silenced_for_a_second: One, "ClientRequestQuotaManager";
}

const QUOTAS: i16 = 1;

/// A user without authentication.
const NOBODY: &str = "ANONYMOUS";

/// Entity types and names.
type Entity<'a> = &'a [(&'a str, &'a str)];

fn alter(entity: Entity<'_>, key: &str, value: Option<f64>) -> AlterClientQuotasRequest {
    let entity = entity.iter().map(|(kind, name)| {
        EntityData::default().with_entity_type(text(kind)).with_entity_name(Some(text(name)))
    });
    let op = OpData::default()
        .with_key(text(key))
        .with_value(value.unwrap_or_default())
        .with_remove(value.is_none());
    let entry = EntryData::default().with_entity(entity.collect()).with_ops(vec![op]);
    AlterClientQuotasRequest::default().with_entries(vec![entry])
}

/// Sets or removes a rate and waits until broker 1 knows.
pub(super) fn set(
    s: &mut Scenario<'_>,
    entity: Entity<'_>,
    key: &str,
    value: Option<f64>,
) -> Outcome {
    s.query(1, QUOTAS, &alter(entity, key, value))?;
    let components = entity.iter().map(|(kind, name)| {
        ComponentData::default()
            .with_entity_type(text(kind))
            .with_match_type(0)
            .with_match(Some(text(name)))
    });
    let described = DescribeClientQuotasRequest::default()
        .with_components(components.collect())
        .with_strict(true);
    s.wait_until("the quota is known", |s| {
        let answer = s.query(1, QUOTAS, &described)?;
        let entries = answer.entries.unwrap_or_default();
        let found = entries
            .iter()
            .flat_map(|entry| &entry.values)
            .find(|rate| rate.key.as_str() == key)
            .map(|rate| rate.value);
        Ok((found == value, format!("{found:?}")))
    })
}

fn large(topic: &str, acks: i16, bytes: usize) -> ProduceRequest {
    produce(topic, acks, batch(&[&"x".repeat(bytes)]))
}

fn a_producer_above_its_rate_is_told_and_silenced(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.as_client(&topic);
    set(s, &[("client-id", &topic)], "producer_byte_rate", Some(1_000.0))?;
    // Ten seconds' worth and about two more.
    s.ask("too much", 1, PRODUCE, &large(&topic, 1, 12_000))?;
    let link = s.connect(1)?;
    let pending = s.send(link, PRODUCE, &large(&topic, 1, 10))?;
    let told = s.take(pending)?.throttle_time_ms;
    // Another connection is read, and told to be silent for what is left.
    s.record("another connection is told", json!(told > 1_000 && told < 3_000));
    let pending = s.send(link, PRODUCE, &large(&topic, 1, 10))?;
    s.sends_nothing_for("and then silenced", link, Duration::from_millis(500))?;
    let told = s.take(pending)?.throttle_time_ms;
    s.record("until its time is over", json!(told < 1_500));
    set(s, &[("client-id", &topic)], "producer_byte_rate", None)?;
    s.ask("without a rate", 1, PRODUCE, &large(&topic, 1, 10)).map(drop)
}

fn a_producer_without_acks_is_silenced_without_a_word(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.as_client(&topic);
    set(s, &[("client-id", &topic)], "producer_byte_rate", Some(1_000.0))?;
    let link = s.connect(1)?;
    let _ = s.send(link, PRODUCE, &large(&topic, 0, 12_000))?;
    let pending = s.send(link, FETCH, &fetch(&topic, 1))?;
    s.sends_nothing_for("silenced", link, Duration::from_millis(500))?;
    s.answer("until its time is over", pending).map(drop)
}

fn a_consumer_above_its_rate_gets_no_records(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for _ in 0..3 {
        s.append(1, &topic, batch(&[&"x".repeat(6_000)]))?;
    }
    s.as_client(&topic);
    set(s, &[("client-id", &topic)], "consumer_byte_rate", Some(500.0))?;
    // The first batch comes whole, whatever the limit.
    s.ask("too much", 1, FETCH, &fetch(&topic, 0))?;
    set(s, &[("client-id", &topic)], "consumer_byte_rate", Some(1_000.0))?;
    let one = fetch_with(&topic, 0, |partition| partition.with_partition_max_bytes(1));
    s.ask("what was not given was not counted", 1, FETCH, &one).map(drop)
}

fn a_fetch_is_cut_at_what_the_rate_allows_at_once(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    for _ in 0..3 {
        s.append(1, &topic, batch(&[&"x".repeat(300)]))?;
    }
    s.as_client(&topic);
    set(s, &[("client-id", &topic)], "consumer_byte_rate", Some(100.0))?;
    s.ask("all but a tail, and nothing of it", 1, FETCH, &fetch(&topic, 0))?;
    set(s, &[("client-id", &topic)], "consumer_byte_rate", Some(1_000.0))?;
    s.ask("all of it", 1, FETCH, &fetch(&topic, 0)).map(drop)
}

fn a_throttled_fetch_opens_no_session(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&[&"x".repeat(6_000)]))?;
    s.as_client(&topic);
    set(s, &[("client-id", &topic)], "consumer_byte_rate", Some(500.0))?;
    let opening: FetchRequest = fetch(&topic, 0).with_session_epoch(0);
    s.ask("throttled", 1, FETCH, &opening)?;
    set(s, &[("client-id", &topic)], "consumer_byte_rate", None)?;
    s.ask("not throttled", 1, FETCH, &opening).map(drop)
}

fn the_closest_rate_decides(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.as_client(&topic);
    let (client, both) = (("client-id", topic.as_str()), ("user", NOBODY));
    set(s, &[client], "producer_byte_rate", Some(1_000.0))?;
    set(s, &[both, client], "producer_byte_rate", Some(1_000_000.0))?;
    s.ask("the user's and client's", 1, PRODUCE, &large(&topic, 1, 12_000))?;
    set(s, &[both, client], "producer_byte_rate", None)?;
    s.ask("the client's", 1, PRODUCE, &large(&topic, 1, 12_000)).map(drop)
}

fn a_client_above_its_share_of_time_is_silenced_for_a_second(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    s.append(1, &topic, batch(&["a"]))?;
    s.as_client(&topic);
    // However fast it is, a request takes more than its share.
    set(s, &[("client-id", &topic)], "request_percentage", Some(0.000_001))?;
    let link = s.connect(1)?;
    let pending = s.send(link, 12, &metadata_of(&[&topic]))?;
    s.answer("told", pending)?;
    let pending = s.send(link, FETCH, &fetch(&topic, 0))?;
    s.sends_nothing_for("and then silenced", link, Duration::from_millis(500))?;
    s.answer("then answered without records", pending)?;
    let link = s.connect(1)?;
    let pending = s.send(link, PRODUCE, &large(&topic, 1, 10))?;
    s.answer("a producer is told", pending)?;
    let link = s.connect(1)?;
    let pending = s.send(link, 4, &create(vec![creatable(&s.topic("b"), &[&[1]], &[])]))?;
    s.answer("and who asks the controller", pending)?;
    let link = s.connect(1)?;
    let _ = s.send(link, PRODUCE, &large(&topic, 0, 10))?;
    let _ = s.send(link, LIST_OFFSETS, &list_offsets(&topic, -1))?;
    s.sends_nothing_for("not behind what has no answer", link, Duration::from_millis(500))?;
    set(s, &[("client-id", &topic)], "request_percentage", None)
}
