//! Replication, ISR and high watermark.

use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;

use crate::cluster::testing::*;
use crate::cluster::{Node, Operation};
use crate::config::{ClusterConfig, TopicSpec};

fn three() -> Harness {
    let mut harness = Harness::new(3);
    harness.create_on("orders", &[1, 2, 3]);
    harness
}

fn cut_between(harness: &mut Harness, one: i32, other: i32) {
    let (one, other) = (Node::Broker(BrokerId(one)), Node::Broker(BrokerId(other)));
    harness.operate(Operation::Cut { from: one, to: other });
    harness.operate(Operation::Cut { from: other, to: one });
}

#[test]
fn acks_all_is_answered_once_every_isr_member_has_the_records() {
    let mut harness = three();
    let connection = harness.connect(1);
    let produced = harness.produce(connection, "orders", -1, &["a", "b"]);
    assert_eq!((produced.error_code, produced.base_offset), (0, 0));
    assert_eq!(harness.ends("orders"), [(2, 2), (2, 2), (2, 2)]);
}

#[test]
fn the_replicas_hold_the_same_batches_and_share_their_payloads() {
    let mut harness = three();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a", "b"]);
    harness.produce(connection, "orders", 1, &["c"]);
    let logs = [1, 2, 3].map(|id| harness.cluster.batches("orders", 0, BrokerId(id)));
    assert_eq!(logs[0].len(), 2);
    assert_eq!(logs[0], logs[1]);
    assert_eq!(logs[0], logs[2]);
    assert_eq!(logs[0][0].batch.payload().as_ptr(), logs[2][0].batch.payload().as_ptr());
}

#[test]
fn the_high_watermark_waits_for_a_follower_in_the_isr() {
    let mut harness = three();
    cut_between(&mut harness, 1, 3);
    let connection = harness.connect(1);
    let waiting = harness.send_produce(connection, "orders", -1, &["a"]);
    harness.advance_millis(1_000);
    assert!(harness.produced(waiting).is_none());
    let ends = harness.ends("orders");
    assert_eq!(ends, [(1, 0), (1, 0), (0, 0)]);
    let reader = harness.connect(1);
    let fetched = harness.fetch(reader, "orders", 0);
    assert_eq!((fetched.error_code, fetched.high_watermark), (0, 0));
    assert!(fetched.records.unwrap().is_empty());
}

#[test]
fn a_silent_follower_leaves_the_isr_between_one_and_one_and_a_half_lag_times() {
    let mut harness = three();
    cut_between(&mut harness, 1, 3);
    let connection = harness.connect(1);
    let waiting = harness.send_produce(connection, "orders", -1, &["a"]);
    harness.advance_millis(29_000);
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
    assert!(harness.produced(waiting).is_none());
    harness.advance_millis(16_500);
    assert_eq!(harness.isr("orders"), [1, 2]);
    let timed_out = harness.produced(waiting).unwrap();
    assert_eq!(timed_out.error_code, ErrorCode::REQUEST_TIMED_OUT.0);
    assert_eq!(timed_out.base_offset, 0, "the records stay and may be committed");
    assert_eq!(harness.ends("orders")[0], (1, 1));
}

#[test]
fn a_silent_follower_that_has_everything_never_leaves_the_isr() {
    let mut harness = three();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    cut_between(&mut harness, 1, 3);
    harness.advance_millis(300_000);
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
}

#[test]
fn a_follower_that_fell_silent_long_ago_gets_its_full_time_from_its_last_fetch() {
    let mut harness = three();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    // Idle, but fetching all the while.
    harness.advance_millis(300_000);
    cut_between(&mut harness, 1, 3);
    harness.send_produce(connection, "orders", -1, &["b"]);
    harness.advance_millis(25_000);
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
    harness.advance_millis(21_000);
    assert_eq!(harness.isr("orders"), [1, 2]);
}

#[test]
fn a_follower_joins_the_isr_again_once_it_has_caught_up() {
    let mut harness = three();
    cut_between(&mut harness, 1, 3);
    let connection = harness.connect(1);
    harness.send_produce(connection, "orders", -1, &["a"]);
    harness.advance_millis(50_000);
    assert_eq!(harness.isr("orders"), [1, 2]);
    let epoch = harness.partition("orders").partition_epoch;
    harness.operate(Operation::HealAll);
    harness.advance_millis(2_000);
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
    let view = harness.partition("orders");
    assert_eq!(view.partition_epoch, epoch + 1);
    assert_eq!(view.leader_epoch.get(), 0, "an ISR change alone does not bump the leader epoch");
    assert_eq!(harness.ends("orders"), [(1, 1), (1, 1), (1, 1)]);
}

#[test]
fn acks_all_is_refused_below_min_insync_replicas_and_nothing_is_appended() {
    let mut harness = Harness::new(3);
    harness.create(on("orders", &[1, 2, 3]).config("min.insync.replicas", "3"));
    cut_between(&mut harness, 1, 3);
    let connection = harness.connect(1);
    harness.send_produce(connection, "orders", 1, &["a"]);
    harness.advance_millis(50_000);
    assert_eq!(harness.isr("orders"), [1, 2]);
    let connection = harness.connect(1);
    let refused = harness.produce(connection, "orders", -1, &["b"]);
    assert_eq!(refused.error_code, ErrorCode::NOT_ENOUGH_REPLICAS.0);
    assert_eq!(refused.base_offset, -1);
    assert_eq!(harness.ends("orders")[0].0, 1);
    let appended = harness.produce(connection, "orders", 1, &["c"]);
    assert_eq!((appended.error_code, appended.base_offset), (0, 1));
    assert_eq!(harness.ends("orders")[0], (2, 0), "the high watermark stands still");
}

#[test]
fn min_insync_replicas_counts_no_more_replicas_than_there_are() {
    let mut harness = Harness::new(1);
    harness.create(on("orders", &[1]).config("min.insync.replicas", "3"));
    let connection = harness.connect(1);
    assert_eq!(harness.produce(connection, "orders", -1, &["a"]).error_code, 0);
}

#[test]
fn a_change_of_the_isr_waits_for_the_controller() {
    let mut harness = three();
    cut_between(&mut harness, 1, 3);
    let leader = Node::Broker(BrokerId(1));
    let connection = harness.connect(1);
    harness.send_produce(connection, "orders", 1, &["a"]);
    harness.advance_millis(44_900);
    // What the leader proposes arrives, what it is answered does not.
    harness.operate(Operation::Cut { from: Node::Controller, to: leader });
    harness.advance_millis(200);
    assert_eq!(harness.isr("orders"), [1, 2], "the controller has committed it");
    assert_eq!(harness.ends("orders")[0], (1, 0), "the leader still counts the old member");
    harness.operate(Operation::Heal { from: Node::Controller, to: leader });
    assert_eq!(harness.ends("orders")[0], (1, 1));
}

#[test]
fn many_partitions_replicate_through_one_session_per_pair_of_brokers() {
    let mut harness = Harness::new(3);
    harness.create(TopicSpec::new("many").partitions(50).replication_factor(3));
    for index in 0..50 {
        let leader = harness.cluster.partition("many", index).unwrap().leader.unwrap();
        let connection = harness.connect(leader.get());
        let records = crate::log::batch_tests::produced(-1, -1, -1, &["x"], 0);
        let mut request = produce_request("many", -1, records);
        request.topic_data[0].partition_data[0].index = index;
        let response = harness.ask(connection, PRODUCE, &request);
        assert_eq!(response.responses[0].partition_responses[0].error_code, 0);
    }
    for index in 0..50 {
        let view = harness.cluster.partition("many", index).unwrap();
        assert!(view.logs.iter().all(|log| log.log_end_offset.get() == 1));
    }
}

#[test]
fn replication_takes_its_time_over_a_slow_network() {
    let mut config = ClusterConfig::with_brokers(3);
    config.network.latency = Duration::from_millis(5);
    let mut harness = Harness::with(config);
    harness.advance_millis(100);
    harness.create_on("orders", &[1, 2, 3]);
    harness.advance_millis(100);
    let connection = harness.connect(1);
    let sent = harness.send_produce(connection, "orders", -1, &["a"]);
    harness.advance_millis(9);
    assert!(harness.produced(sent).is_none());
    harness.advance_millis(2);
    assert_eq!(harness.produced(sent).unwrap().error_code, 0);
}

#[test]
fn a_topic_created_later_is_copied_at_once_although_the_followers_fetches_are_parked() {
    let mut harness = three();
    harness.advance_millis(700);
    harness.create_on("bills", &[1, 2, 3]);
    let connection = harness.connect(1);
    assert_eq!(harness.produce(connection, "bills", -1, &["a"]).error_code, 0);
}

#[test]
fn a_follower_stops_fetching_from_a_leader_it_has_nothing_of() {
    let mut harness = three();
    harness.advance_millis(700);
    harness.operate(Operation::DeleteTopic { name: "orders".to_owned() });
    harness.advance_millis(1_000);
    harness.create_on("orders", &[1, 2, 3]);
    let connection = harness.connect(1);
    assert_eq!(harness.produce(connection, "orders", -1, &["a"]).error_code, 0);
    assert_eq!(harness.ends("orders"), [(1, 1), (1, 1), (1, 1)]);
}
