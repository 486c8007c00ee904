//! The machine as a whole, through raw requests in virtual time.

use std::time::Duration;

use bytes::Bytes;
use milena_protocol::ErrorCode;

use super::testing::*;
use super::*;
use crate::config::TopicSpec;

mod bounds;
mod compression;
mod control;
mod disks;
mod failover;
mod faults;
mod links;
mod refusals;
mod replication;
mod requests;
mod settings;
mod throttles;
mod transactions;

#[test]
fn three_brokers_are_unfenced_within_the_first_moment() {
    let harness = Harness::new(3);
    let brokers = harness.cluster.brokers();
    assert_eq!(brokers.len(), 3);
    for broker in brokers {
        assert_eq!(broker.state, ProcessState::Running);
        assert!(!broker.fenced);
        assert_eq!(broker.live_brokers_in_image, 3);
        assert_eq!(harness.listeners[&broker.id], ListenerState::Accepting);
    }
}

#[test]
fn equal_seeds_and_inputs_give_equal_traces() {
    let run = |seed| {
        let mut config = ClusterConfig::with_brokers(3);
        config.network.latency = Duration::from_micros(100);
        config.network.jitter = Duration::from_micros(400);
        let mut harness = Harness::not_started(config, seed);
        harness.cluster.set_trace(Box::new(HashOnly));
        harness.advance_millis(5);
        harness.create(TopicSpec::new("orders").partitions(6).replication_factor(3));
        harness.advance_millis(5);
        let leader = harness.leader("orders").unwrap();
        let connection = harness.connect(leader);
        harness.send_produce(connection, "orders", -1, &["a", "b"]);
        harness.advance_millis(5);
        harness.operate(Operation::Kill(BrokerId(leader)));
        harness.advance_millis(60_000);
        harness.operate(Operation::Restart(BrokerId(leader)));
        harness.advance_millis(60_000);
        assert_eq!(harness.isr("orders"), [1, 2, 3]);
        harness.cluster.trace_hash()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_lagging_image_shows_yesterdays_truth_and_catches_up() {
    let mut config = ClusterConfig::with_brokers(3);
    config.network.latency = Duration::from_millis(1);
    let mut harness = Harness::with(config);
    harness.advance_millis(20);
    let slow = Operation::Delay {
        from: Node::Controller,
        to: Node::Broker(BrokerId(3)),
        latency: Duration::from_millis(500),
    };
    harness.operate(slow);
    harness.create_on("orders", &[1, 2, 3]);
    harness.advance_millis(10);
    let images: Vec<_> =
        harness.cluster.brokers().iter().map(|broker| broker.partitions_in_image).collect();
    assert_eq!(images, [1, 1, 0]);
    harness.advance_millis(500);
    assert_eq!(harness.cluster.broker(BrokerId(3)).unwrap().partitions_in_image, 1);
}

#[test]
fn garbage_closes_the_connection_with_a_reason_that_names_the_peer() {
    let mut harness = Harness::new(1);
    let frames: [&[u8]; 5] =
        [b"", b"GET", b"GET / HTTP/1.1\r\n\r\n", &[0, 3, 0, 12, 0, 0, 0, 1], &[0xff; 40]];
    for frame in frames {
        let connection = harness.connect(1);
        harness.step(Input::Frame { connection, frame: Bytes::copy_from_slice(frame) });
        let reason = harness.closed.get(&connection).unwrap();
        assert_eq!(reason.peer, format!("client-{}", connection.0));
    }
    let connection = harness.connect(1);
    let request = milena_protocol::messages::MetadataRequest::default();
    harness.ask(connection, 12, &request);
}

#[test]
fn requests_of_one_connection_are_answered_in_order_one_at_a_time() {
    let mut harness = Harness::new(1);
    harness.create_on("orders", &[1]);
    let connection = harness.connect(1);
    let fetch = harness.send(connection, FETCH, &fetch_request("orders", 0));
    let behind = harness.send_produce(connection, "orders", 1, &["a"]);
    assert!(harness.produced(behind).is_none(), "the long poll holds it up");
    harness.advance_millis(500);
    assert!(harness.answer::<milena_protocol::messages::FetchRequest>(fetch).is_some());
    assert_eq!(harness.produced(behind).unwrap().base_offset, 0);
}

#[test]
fn a_connection_with_too_many_unanswered_requests_is_not_read_any_more() {
    let mut harness = Harness::new(1);
    harness.create_on("orders", &[1]);
    let connection = harness.connect(1);
    harness.send(connection, FETCH, &fetch_request("orders", 0));
    let value = "x".repeat(1_000_000);
    for _ in 0..5 {
        harness.send_produce(connection, "orders", 1, &[&value]);
    }
    assert_eq!(harness.reading.get(&connection), Some(&Reading::Paused));
    harness.advance_millis(500);
    assert_eq!(harness.reading.get(&connection), Some(&Reading::Resumed));
    assert_eq!(harness.ends("orders"), [(5, 5)]);
}

#[test]
fn clients_that_are_cut_off_are_heard_and_answered_after_the_heal() {
    let mut harness = Harness::new(1);
    harness.create_on("orders", &[1]);
    let connection = harness.connect(1);
    let (clients, broker) = (Node::Clients, Node::Broker(BrokerId(1)));
    harness.operate(Operation::Cut { from: clients, to: broker });
    let unheard = harness.send_produce(connection, "orders", 1, &["a"]);
    assert_eq!(harness.ends("orders"), [(0, 0)]);
    harness.operate(Operation::Heal { from: clients, to: broker });
    assert_eq!(harness.produced(unheard).unwrap().base_offset, 0);
    harness.operate(Operation::Cut { from: broker, to: clients });
    let unanswered = harness.send_produce(connection, "orders", 1, &["b"]);
    assert_eq!(harness.ends("orders"), [(2, 2)]);
    assert!(harness.produced(unanswered).is_none());
    harness.operate(Operation::HealAll);
    assert_eq!(harness.produced(unanswered).unwrap().base_offset, 1);
}

#[test]
fn operations_that_make_no_sense_are_refused() {
    let mut harness = Harness::new(1);
    let mut refused = |operation| harness.cluster.operate(harness.now, operation).is_err();
    assert!(refused(Operation::Kill(BrokerId(9))));
    assert!(refused(Operation::Restart(BrokerId(1))));
    assert!(refused(Operation::Resume(BrokerId(1))));
    assert!(refused(Operation::DeleteTopic { name: "none".to_owned() }));
    assert!(refused(Operation::CreateTopic(TopicSpec::new("no good"))));
    assert_eq!(ErrorCode::NONE.0, 0);
}
