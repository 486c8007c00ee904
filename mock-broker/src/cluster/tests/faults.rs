//! Rules about requests.

use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::create_topics_request::CreatableTopic;
use milena_protocol::messages::*;

use crate::cluster::testing::*;
use crate::cluster::{CloseCause, Happening, Input, Operation, OperationError};
use crate::config::ClusterConfig;
use crate::fault::{Corruption, Delay, Fault, InvalidRule, Rule};
use crate::log::batch_tests::produced;

const SECOND: Duration = Duration::from_secs(1);

/// One broker with two topics.
fn one() -> Harness {
    let mut harness = Harness::new(1);
    harness.create_on("orders", &[1]);
    harness.create_on("payments", &[1]);
    harness
}

impl Harness {
    fn declare(&mut self, rule: Rule) {
        self.operate(Operation::Declare(Box::new(rule)));
    }

    fn fired(&self) -> Vec<u64> {
        self.cluster.faults().iter().map(|report| report.fired).collect()
    }

    fn end(&self, topic: &str) -> i64 {
        self.ends(topic)[0].0
    }
}

fn both(values: &[&str]) -> ProduceRequest {
    let mut request = produce_request("orders", -1, produced(-1, -1, -1, values, 1_000));
    let more = produce_request("payments", -1, produced(-1, -1, -1, values, 1_000));
    request.topic_data.extend(more.topic_data);
    request
}

fn codes(response: &ProduceResponse) -> Vec<(String, i16)> {
    let topics = response.responses.iter();
    let mut codes: Vec<_> = topics
        .map(|topic| (topic.name.to_string(), topic.partition_responses[0].error_code))
        .collect();
    codes.sort();
    codes
}

#[test]
fn only_the_nth_request_is_applied_and_its_connection_closed() {
    let mut harness = one();
    harness.declare(Rule::on(ApiKey::Produce).topic("orders").nth(2).apply_then(Fault::Disconnect));
    let connection = harness.connect(1);
    assert_eq!(harness.produce(connection, "orders", -1, &["a"]).error_code, 0);
    assert_eq!(harness.produce(connection, "payments", -1, &["a"]).error_code, 0);
    let sent = harness.send_produce(connection, "orders", -1, &["b"]);
    assert!(harness.produced(sent).is_none());
    assert_eq!(harness.closed[&connection].cause, CloseCause::Fault);
    assert_eq!(harness.end("orders"), 2);
    let again = harness.connect(1);
    assert_eq!(harness.produce(again, "orders", -1, &["c"]).base_offset, 2);
    assert_eq!(harness.fired(), [1]);
}

#[test]
fn an_error_instead_is_for_its_topic_and_leaves_the_log_as_it_was() {
    let mut harness = one();
    let code = ErrorCode::NOT_ENOUGH_REPLICAS;
    harness.declare(Rule::on(ApiKey::Produce).topic("orders").once().answer(code));
    let connection = harness.connect(1);
    let response = harness.ask(connection, PRODUCE, &both(&["a"]));
    assert_eq!(codes(&response), [("orders".to_owned(), code.0), ("payments".to_owned(), 0)]);
    assert_eq!((harness.end("orders"), harness.end("payments")), (0, 1));
    let response = harness.ask(connection, PRODUCE, &both(&["a"]));
    assert_eq!(codes(&response), [("orders".to_owned(), 0), ("payments".to_owned(), 0)]);
}

#[test]
fn an_error_afterwards_is_answered_although_it_was_written() {
    let mut harness = one();
    let code = ErrorCode::REQUEST_TIMED_OUT;
    let rule = Rule::on(ApiKey::Produce).topic("orders").apply_then(Fault::Answer(code));
    harness.declare(rule);
    let connection = harness.connect(1);
    let response = harness.ask(connection, PRODUCE, &both(&["a"]));
    assert_eq!(codes(&response), [("orders".to_owned(), code.0), ("payments".to_owned(), 0)]);
    assert_eq!((harness.end("orders"), harness.end("payments")), (1, 1));
}

#[test]
fn a_failed_produce_without_acknowledgement_closes_its_connection() {
    let mut harness = one();
    harness.declare(Rule::on(ApiKey::Produce).once().answer(ErrorCode::KAFKA_STORAGE_ERROR));
    let connection = harness.connect(1);
    harness.send_produce(connection, "orders", 0, &["a"]);
    assert!(harness.closed.contains_key(&connection));
    assert_eq!(harness.end("orders"), 0);
}

#[test]
fn a_topic_that_is_refused_is_not_created_and_the_others_are() {
    let mut harness = one();
    let code = ErrorCode::POLICY_VIOLATION;
    harness.declare(Rule::on(ApiKey::CreateTopics).topic("a").answer(code));
    let topic = |name: &str| {
        CreatableTopic::default()
            .with_name(topic_name(name))
            .with_num_partitions(1)
            .with_replication_factor(1)
    };
    let request = CreateTopicsRequest::default().with_topics(vec![topic("a"), topic("b")]);
    let connection = harness.connect(1);
    let response = harness.ask(connection, 7, &request);
    let mut codes: Vec<_> =
        response.topics.iter().map(|told| (told.name.to_string(), told.error_code)).collect();
    codes.sort();
    assert_eq!(codes, [("a".to_owned(), code.0), ("b".to_owned(), 0)]);
    assert!(harness.cluster.topic("a").is_none() && harness.cluster.topic("b").is_some());
}

#[test]
fn a_fetch_that_goes_on_in_a_session_is_met_by_what_the_session_holds() {
    let mut harness = one();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    let full = fetch_request("orders", 0).with_session_epoch(0);
    let opened = harness.ask(connection, FETCH, &full);
    assert_ne!(opened.session_id, 0);
    let code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    harness.declare(Rule::on(ApiKey::Fetch).topic("orders").partition(0).answer(code));
    let mut next = FetchRequest::default()
        .with_replica_id(BrokerId(-1).get().into())
        .with_max_wait_ms(500)
        .with_min_bytes(1_000)
        .with_max_bytes(1_000)
        .with_session_id(opened.session_id)
        .with_session_epoch(1);
    next.topics.clear();
    // At once, although there is too little for it.
    let response = harness.ask(connection, FETCH, &next);
    assert_eq!(response.error_code, 0);
    let told = &response.responses[0];
    assert_eq!((told.topic.as_str(), told.partitions[0].error_code), ("orders", code.0));
    assert!(told.partitions[0].records.as_ref().is_some_and(|records| records.is_empty()));
}

#[test]
fn a_delayed_request_is_handled_late_and_those_behind_it_wait() {
    let mut harness = one();
    harness.declare(Rule::on(ApiKey::Produce).once().delay_request(SECOND));
    let connection = harness.connect(1);
    let first = harness.send_produce(connection, "orders", -1, &["a"]);
    let second = harness.send_produce(connection, "orders", -1, &["b"]);
    let other = harness.connect(1);
    assert_eq!(harness.produce(other, "orders", -1, &["c"]).base_offset, 0);
    harness.advance_millis(999);
    assert_eq!(harness.end("orders"), 1);
    assert!(harness.produced(first).is_none());
    harness.advance_millis(1);
    assert_eq!(harness.produced(first).map(|told| told.base_offset), Some(1));
    assert_eq!(harness.produced(second).map(|told| told.base_offset), Some(2));
}

#[test]
fn a_delayed_answer_tells_late_what_was_done_at_once() {
    let mut harness = one();
    let jitter = Duration::from_millis(100)..=Duration::from_millis(300);
    harness.declare(Rule::on(ApiKey::Produce).delay_answer(jitter));
    let connection = harness.connect(1);
    let mut waits = Vec::new();
    for offset in 0..20 {
        let sent = harness.send_produce(connection, "orders", -1, &["a"]);
        assert_eq!(harness.end("orders"), offset + 1);
        let start = harness.now;
        while harness.produced(sent).is_none() {
            harness.advance_millis(1);
        }
        waits.push(harness.now.saturating_since(start).as_millis());
    }
    assert!(waits.iter().all(|wait| (100..=301).contains(wait)), "{waits:?}");
    assert!(waits.iter().max() > waits.iter().min(), "{waits:?}");
}

#[test]
fn a_lost_answer_leaves_its_connection_silent_and_others_as_they_are() {
    let mut harness = one();
    harness.declare(Rule::on(ApiKey::Produce).once().drop_answer());
    harness.declare(Rule::on(ApiKey::Metadata).once().ignore());
    let connection = harness.connect(1);
    let lost = harness.send_produce(connection, "orders", -1, &["a"]);
    let behind = harness.send_produce(connection, "orders", -1, &["b"]);
    harness.advance(60 * SECOND);
    assert!(harness.produced(lost).is_none() && harness.produced(behind).is_none());
    assert!(!harness.closed.contains_key(&connection));
    assert_eq!(harness.end("orders"), 1);
    let other = harness.connect(1);
    let ignored = harness.send(other, 12, &MetadataRequest::default());
    assert!(harness.answer::<MetadataRequest>(ignored).is_none());
    assert_eq!(harness.metadata(1, "orders").leader_id.0, 1);
    assert_eq!(harness.fired(), [1, 1]);
}

#[test]
fn a_frame_is_cut_and_its_connection_closed() {
    let mut harness = one();
    harness.declare(Rule::on(ApiKey::Produce).apply_then(Fault::CutFrame { after: 10 }));
    let connection = harness.connect(1);
    harness.send_produce(connection, "orders", -1, &["a"]);
    assert_eq!(harness.raw_answer(connection).map(|bytes| bytes.len()), Some(6));
    assert_eq!(harness.closed[&connection].cause, CloseCause::Fault);
    assert_eq!(harness.end("orders"), 1);
}

#[test]
fn an_answer_is_corrupted_behind_its_correlation_id() {
    let mut harness = one();
    let connection = harness.connect(1);
    let request = MetadataRequest::default();
    harness.send(connection, 12, &request);
    let sound = harness.raw_answer(connection).expect("it is answered");
    let corrupt = Fault::Corrupt(Corruption::Bytes(1));
    harness.declare(Rule::on(ApiKey::Metadata).apply_then(corrupt));
    harness.send(connection, 12, &request);
    let corrupted = harness.raw_answer(connection).expect("it is answered");
    // The correlation ids differ.
    assert_eq!(sound.len(), corrupted.len());
    assert!(sound[4..].iter().zip(&corrupted[4..]).filter(|(a, b)| a != b).count() <= 5);
    assert_ne!(sound[4..], corrupted[4..]);
}

#[test]
fn a_batch_that_is_corrupted_on_its_way_fails_its_checksum() {
    let mut harness = one();
    let connection = harness.connect(1);
    let sent = harness.send_produce(connection, "orders", -1, &["payload"]);
    assert_eq!(harness.produced(sent).map(|told| told.error_code), Some(0));
    // The record's value is followed by the number of its headers and three empty tag sections.
    let length = harness.cluster.history().iter().rev().find_map(|event| match &event.what {
        Happening::Requested { key: ApiKey::Produce, bytes, .. } => Some(*bytes),
        _ => None,
    });
    let offset = length.expect("it was noted") - 5;
    let flip = Corruption::At { offset, flip: 1 };
    harness.declare(Rule::on(ApiKey::Produce).once().corrupt_request(flip));
    let told = harness.produce(connection, "orders", -1, &["payload"]);
    assert_eq!(told.error_code, ErrorCode::CORRUPT_MESSAGE.0);
    assert_eq!(harness.produce(connection, "orders", -1, &["payload"]).error_code, 0);
    assert_eq!(harness.end("orders"), 2);
}

#[test]
fn a_throttled_client_is_told_at_once_and_then_not_listened_to() {
    let mut harness = one();
    harness.declare(Rule::on(ApiKey::ListOffsets).once().throttle(SECOND));
    let connection = harness.connect(1);
    let request = ListOffsetsRequest::default();
    let response = harness.ask(connection, 7, &request);
    assert_eq!(response.throttle_time_ms, 1_000);
    let next = harness.send(connection, 7, &request);
    harness.advance_millis(999);
    assert!(harness.answer::<ListOffsetsRequest>(next).is_none());
    harness.advance_millis(1);
    let response = harness.answer::<ListOffsetsRequest>(next).expect("the time is over");
    assert_eq!(response.throttle_time_ms, 0);
}

#[test]
fn a_stale_image_answers_what_was_true_when_the_rule_was_declared() {
    let mut harness = Harness::new(3);
    harness.create_on("orders", &[1, 2, 3]);
    harness.declare(Rule::on(ApiKey::Metadata).broker(2).answer_from_stale_image());
    harness.operate(Operation::Kill(BrokerId(1)));
    harness.advance(20 * SECOND);
    let leader = harness.leader("orders").expect("another was elected");
    assert_ne!(leader, 1);
    assert_eq!(harness.metadata(2, "orders").leader_id.0, 1);
    assert_eq!(harness.metadata(3, "orders").leader_id.0, leader);
    harness.operate(Operation::WithdrawAll);
    assert_eq!(harness.metadata(2, "orders").leader_id.0, leader);
}

#[test]
fn a_rule_holds_only_while_its_condition_does() {
    let mut harness = Harness::new(3);
    harness.create_on("orders", &[1, 2, 3]);
    harness.declare(
        Rule::on(ApiKey::Produce)
            .only_while("the ISR is short", |cluster| {
                cluster.partition("orders", 0).is_some_and(|view| view.isr.len() < 3)
            })
            .answer(ErrorCode::NOT_ENOUGH_REPLICAS),
    );
    let connection = harness.connect(1);
    assert_eq!(harness.produce(connection, "orders", 1, &["a"]).error_code, 0);
    harness.operate(Operation::Kill(BrokerId(3)));
    harness.advance(20 * SECOND);
    let told = harness.produce(connection, "orders", 1, &["b"]);
    assert_eq!(told.error_code, ErrorCode::NOT_ENOUGH_REPLICAS.0);
    harness.operate(Operation::Restart(BrokerId(3)));
    harness.advance(20 * SECOND);
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
    assert_eq!(harness.produce(connection, "orders", 1, &["c"]).error_code, 0);
}

#[test]
fn a_rule_for_a_broker_and_a_client_leaves_others_alone() {
    let mut harness = one();
    let code = ErrorCode::KAFKA_STORAGE_ERROR;
    harness.declare(Rule::on(ApiKey::Produce).client_id("someone").answer(code));
    harness.declare(Rule::on(ApiKey::Produce).client_id("test").partition(1).answer(code));
    let connection = harness.connect(1);
    assert_eq!(harness.produce(connection, "orders", -1, &["a"]).error_code, 0);
    harness.declare(Rule::on_any().broker(1).client_id("test").partition(0).answer(code));
    assert_eq!(harness.produce(connection, "orders", -1, &["a"]).error_code, code.0);
    assert_eq!(harness.fired(), [0, 0, 1]);
}

#[test]
fn a_probability_is_kept_and_drawn_from_the_rules_own_stream() {
    let run = |others: usize| {
        let mut harness = one();
        let code = ErrorCode::NOT_ENOUGH_REPLICAS;
        harness.declare(Rule::on(ApiKey::Produce).with_probability(0.3).answer(code));
        for _ in 0..others {
            harness.declare(
                Rule::on(ApiKey::Produce)
                    .with_probability(0.5)
                    .delay_answer(Delay::from(Duration::ZERO)),
            );
        }
        let connection = harness.connect(1);
        let outcomes =
            (0..300).map(|_| harness.produce(connection, "orders", -1, &["a"]).error_code);
        outcomes.collect::<Vec<_>>()
    };
    let alone = run(0);
    let failed = alone.iter().filter(|code| **code != 0).count();
    assert!((60..120).contains(&failed), "{failed}");
    assert_eq!(alone, run(1));
}

#[test]
fn of_two_rules_the_first_decides_and_delays_add_up() {
    let mut harness = one();
    harness.declare(Rule::on(ApiKey::Produce).delay_request(SECOND));
    harness.declare(Rule::on(ApiKey::Produce).once().answer(ErrorCode::NOT_ENOUGH_REPLICAS));
    harness.declare(Rule::on(ApiKey::Produce).disconnect());
    harness.declare(Rule::on(ApiKey::Produce).delay_request(SECOND));
    let connection = harness.connect(1);
    let sent = harness.send_produce(connection, "orders", -1, &["a"]);
    harness.advance(2 * SECOND);
    let told = harness.produced(sent).expect("it is answered");
    assert_eq!(told.error_code, ErrorCode::NOT_ENOUGH_REPLICAS.0);
    harness.send_produce(connection, "orders", -1, &["a"]);
    harness.advance(2 * SECOND);
    assert!(harness.closed.contains_key(&connection));
    assert_eq!(harness.fired(), [2, 1, 1, 2]);
}

#[test]
fn a_connection_that_ends_takes_what_was_put_off_along() {
    let mut harness = one();
    harness.declare(Rule::on(ApiKey::Produce).once().delay_request(SECOND));
    let connection = harness.connect(1);
    harness.send_produce(connection, "orders", -1, &["a"]);
    harness.step(Input::Disconnected { connection });
    harness.advance(2 * SECOND);
    assert_eq!(harness.end("orders"), 0);
}

#[test]
fn a_rule_that_cannot_mean_anything_is_refused() {
    let code = ErrorCode::NOT_ENOUGH_REPLICAS;
    let on = || Rule::on(ApiKey::Produce);
    let backwards = Duration::from_secs(2)..=SECOND;
    let nonsense = [
        (on().nth(0).answer(code), InvalidRule::Zeroth),
        (on().times(0).answer(code), InvalidRule::ZeroTimes),
        (on().with_probability(1.5).answer(code), InvalidRule::Probability("1.5".to_owned())),
        (on().with_probability(f64::NAN).answer(code), InvalidRule::Probability("NaN".to_owned())),
        (on().delay_answer(backwards), InvalidRule::Delay),
        (on().corrupt_request(Corruption::Bytes(0)), InvalidRule::NoCorruption),
        (on().answer(ErrorCode::NONE), InvalidRule::NoError),
        (on().broker(9).disconnect(), InvalidRule::NoSuchBroker { broker: BrokerId(9) }),
        (
            Rule::on(ApiKey::SaslHandshake).answer(code),
            InvalidRule::NoPlaceForAnError { key: ApiKey::SaslHandshake },
        ),
    ];
    let mut harness = one();
    for (rule, why) in nonsense {
        let refused = harness.cluster.declare(harness.now, rule.clone());
        assert_eq!(refused, Err(OperationError::Rule(why)), "{rule}");
    }
    assert!(harness.cluster.faults().is_empty());
}

#[test]
fn a_rule_that_never_fired_is_told_even_after_it_was_withdrawn() {
    let mut harness = one();
    harness.declare(Rule::on(ApiKey::Produce).topic("orders").nth(3).disconnect());
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    harness.operate(Operation::WithdrawAll);
    let reports = harness.cluster.faults();
    assert_eq!((reports[0].seen, reports[0].fired), (1, 0));
    let what = "on Produce of topic orders, at number 3: disconnect instead";
    assert_eq!(reports[0].what, what);
}

#[test]
fn a_skewed_clock_stamps_what_is_appended() {
    let stamp = |skew: i64| {
        let mut harness = Harness::with(ClusterConfig::with_brokers(1));
        let spec = on("orders", &[1]).config("message.timestamp.type", "LogAppendTime");
        harness.create(spec);
        harness.operate(Operation::SkewClock { broker: BrokerId(1), millis: skew });
        let connection = harness.connect(1);
        harness.produce(connection, "orders", -1, &["a"]).log_append_time_ms
    };
    assert_eq!(stamp(-3_600_000) + 3_600_000, stamp(0));
}

#[test]
fn what_happened_is_told_with_its_time() {
    let mut harness = one();
    harness.declare(Rule::on(ApiKey::Produce).once().delay_answer(SECOND));
    let connection = harness.connect(1);
    harness.send_produce(connection, "orders", -1, &["a"]);
    harness.advance(2 * SECOND);
    let told: Vec<_> = harness
        .cluster
        .history()
        .into_iter()
        .filter_map(|event| match event.what {
            Happening::Requested { key, client_id, .. } => Some(format!(
                "{} {key:?} of {}",
                event.at.as_micros(),
                client_id.unwrap_or_default()
            )),
            Happening::FaultFired { rule, .. } => Some(rule.to_string()),
            Happening::Answered { took, .. } => {
                Some(format!("{} after {took:?}", event.at.as_micros()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, ["0 Produce of test", "rule 0", "1000000 after 1s"]);
    let states = harness.cluster.history();
    let committed = |what: &Happening| matches!(what, Happening::Partition { .. });
    assert!(states.iter().any(|event| committed(&event.what)));
}
