//! Incremental fetch sessions (KIP-227), and topic ids in Fetch (KIP-516).

use milena_protocol::messages::fetch_request::ForgottenTopic;
use milena_protocol::messages::{FetchRequest, TopicName};
use uuid::Uuid;

use super::super::scenario::text;
use super::super::{Outcome, Scenario};
use super::support::{batch, fetch, topic_id};

cases! {
    a_session_answers_only_what_changed: One, "KIP-227, IncrementalFetchContext";
    a_wrong_session_or_epoch_is_refused: One, "FetchManager.newContext";
    a_forgotten_partition_is_not_answered: One, "FetchSession.update";
    a_session_that_is_closed_is_gone: One, "SessionlessFetchContext";
    topic_ids_that_nobody_knows_are_named: One, "KIP-516";
    versions_with_and_without_topic_ids_do_not_mix: One, "FETCH_SESSION_TOPIC_ID_ERROR";
}

fn in_session(request: FetchRequest, id: i32, epoch: i32) -> FetchRequest {
    request.with_session_id(id).with_session_epoch(epoch)
}

fn nothing_new(id: i32, epoch: i32) -> FetchRequest {
    in_session(fetch("-", 0), id, epoch).with_topics(Vec::new())
}

fn a_session_answers_only_what_changed(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let opened = s.ask("opened", 1, 12, &in_session(fetch(&topic, 0), 0, 0))?;
    let id = opened.session_id;
    s.ask("nothing changed", 1, 12, &nothing_new(id, 1))?;
    s.append(1, &topic, batch(&["a"]))?;
    s.ask("a record came", 1, 12, &nothing_new(id, 2))?;
    s.ask("still there", 1, 12, &nothing_new(id, 3))?;
    s.ask("the position moved", 1, 12, &in_session(fetch(&topic, 1), id, 4))?;
    s.ask("nothing again", 1, 12, &nothing_new(id, 5)).map(drop)
}

fn a_wrong_session_or_epoch_is_refused(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let id = s.ask("opened", 1, 12, &in_session(fetch(&topic, 0), 0, 0))?.session_id;
    s.ask("an epoch too high", 1, 12, &nothing_new(id, 5))?;
    s.ask("an epoch too low", 1, 12, &nothing_new(id, -2))?;
    s.ask("no such session", 1, 12, &nothing_new(123_456_789, 1))?;
    s.ask("the right one", 1, 12, &nothing_new(id, 1)).map(drop)
}

fn a_forgotten_partition_is_not_answered(s: &mut Scenario<'_>) -> Outcome {
    let (one, two) = (s.create_on("a", &[1], &[])?, s.create_on("b", &[1], &[])?);
    for topic in [&one, &two] {
        s.append(1, topic, batch(&["a"]))?;
    }
    let mut both = fetch(&one, 0);
    both.topics.extend(fetch(&two, 0).topics);
    let id = s.ask("opened", 1, 12, &in_session(both, 0, 0))?.session_id;
    let forgotten =
        ForgottenTopic::default().with_topic(TopicName(text(&one))).with_partitions(vec![0]);
    let request = nothing_new(id, 1).with_forgotten_topics_data(vec![forgotten]);
    s.ask("one is forgotten", 1, 12, &request)?;
    s.ask("and stays so", 1, 12, &nothing_new(id, 2)).map(drop)
}

fn a_session_that_is_closed_is_gone(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let id = s.ask("opened", 1, 12, &in_session(fetch(&topic, 0), 0, 0))?.session_id;
    s.ask("closed", 1, 12, &nothing_new(id, -1))?;
    s.ask("gone", 1, 12, &nothing_new(id, 1)).map(drop)
}

fn by_id(id: Uuid, index: i32) -> FetchRequest {
    let mut request = fetch("-", 0);
    for topic in &mut request.topics {
        topic.topic_id = id;
        for partition in &mut topic.partitions {
            partition.partition = index;
        }
    }
    request
}

fn topic_ids_that_nobody_knows_are_named(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let id = topic_id(s, &topic)?;
    s.append(1, &topic, batch(&["a"]))?;
    for version in [13, 16, 17] {
        s.ask(&format!("known, v{version}"), 1, version, &by_id(id, 0))?;
        s.ask(&format!("a bad index, v{version}"), 1, version, &by_id(id, 9))?;
        s.ask(&format!("unknown, v{version}"), 1, version, &by_id(Uuid::from_u128(5), 0))?;
        s.ask(&format!("zero, v{version}"), 1, version, &by_id(Uuid::nil(), 0))?;
    }
    Ok(())
}

fn versions_with_and_without_topic_ids_do_not_mix(s: &mut Scenario<'_>) -> Outcome {
    let topic = s.create_on("a", &[1], &[])?;
    let known = topic_id(s, &topic)?;
    let id = s.ask("by id", 1, 13, &in_session(by_id(known, 0), 0, 0))?.session_id;
    s.ask("then by name", 1, 12, &in_session(fetch(&topic, 0), id, 1))?;
    let id = s.ask("by name", 1, 12, &in_session(fetch(&topic, 0), 0, 0))?.session_id;
    s.ask("then by id", 1, 13, &in_session(by_id(known, 0), id, 1)).map(drop)
}
