//! What is done to the ways between clients and brokers, and between brokers.

use std::time::Duration;

use milena_protocol::ids::BrokerId;

use crate::cluster::testing::*;
use crate::cluster::{CloseCause, Input, Node, Operation, OperationError, Reading};
use crate::fault::{Delay, LinkFault};

const ONE: Node = Node::Broker(BrokerId(1));
const TWO: Node = Node::Broker(BrokerId(2));

fn one() -> Harness {
    let mut harness = Harness::new(1);
    harness.create_on("orders", &[1]);
    harness
}

impl Harness {
    fn harm(&mut self, from: Node, to: Node, fault: LinkFault) {
        self.operate(Operation::Harm { links: vec![(from, to)], fault });
    }
}

fn millis(count: u64) -> Delay {
    Delay::from(Duration::from_millis(count))
}

#[test]
fn a_delay_of_what_clients_say_is_not_one_of_what_they_hear() {
    let mut harness = one();
    let connection = harness.connect(1);
    harness.harm(Node::Clients, ONE, LinkFault::Delay(millis(30)));
    let sent = harness.send_produce(connection, "orders", -1, &["a"]);
    harness.advance_millis(29);
    assert_eq!(harness.ends("orders"), [(0, 0)]);
    harness.advance_millis(1);
    assert!(harness.produced(sent).is_some());
    harness.operate(Operation::HealAll);
    harness.harm(ONE, Node::Clients, LinkFault::Delay(millis(30)));
    let sent = harness.send_produce(connection, "orders", -1, &["a"]);
    assert_eq!(harness.ends("orders"), [(2, 2)]);
    harness.advance_millis(29);
    assert!(harness.produced(sent).is_none());
    harness.advance_millis(1);
    assert!(harness.produced(sent).is_some());
}

#[test]
fn what_a_client_says_over_a_cut_arrives_when_it_heals() {
    let mut harness = one();
    let connection = harness.connect(1);
    harness.operate(Operation::Cut { from: Node::Clients, to: ONE });
    let sent = harness.send_produce(connection, "orders", -1, &["a"]);
    harness.advance_millis(10_000);
    assert!(harness.produced(sent).is_none());
    harness.operate(Operation::Heal { from: Node::Clients, to: ONE });
    assert_eq!(harness.produced(sent).map(|told| told.base_offset), Some(0));
}

#[test]
fn a_request_that_is_lost_breaks_its_connection_and_is_not_done() {
    let mut harness = one();
    let connection = harness.connect(1);
    harness.harm(Node::Clients, ONE, LinkFault::Loss(1.0.into()));
    harness.send_produce(connection, "orders", -1, &["a"]);
    assert_eq!(harness.closed[&connection].cause, CloseCause::ConnectionLost);
    assert_eq!(harness.ends("orders"), [(0, 0)]);
    assert!(harness.cluster.connections().is_empty());
}

#[test]
fn an_answer_that_is_lost_breaks_its_connection_and_was_done() {
    let mut harness = one();
    let connection = harness.connect(1);
    harness.harm(ONE, Node::Clients, LinkFault::Loss(1.0.into()));
    let sent = harness.send_produce(connection, "orders", -1, &["a"]);
    assert!(harness.produced(sent).is_none());
    assert_eq!(harness.closed[&connection].cause, CloseCause::ConnectionLost);
    assert_eq!(harness.ends("orders"), [(1, 1)]);
    assert!(harness.cluster.connections().is_empty());
}

#[test]
fn a_half_open_connection_is_silent_for_good_and_reset_when_packets_pass_again() {
    let mut harness = one();
    let (dead, unused) = (harness.connect(1), harness.connect(1));
    harness.harm(Node::Clients, ONE, LinkFault::HalfOpen);
    let sent = harness.send_produce(dead, "orders", -1, &["a"]);
    harness.advance_millis(60_000);
    assert!(harness.produced(sent).is_none());
    assert!(harness.closed.is_empty());
    harness.operate(Operation::HealAll);
    assert_eq!(harness.closed[&dead].cause, CloseCause::ConnectionLost);
    assert_eq!(harness.ends("orders"), [(0, 0)]);
    assert_eq!(harness.produce(unused, "orders", -1, &["b"]).base_offset, 0);
}

#[test]
fn a_connection_closed_while_it_is_half_open_is_forgotten_by_its_broker_in_the_end() {
    let mut harness = one();
    let connection = harness.connect(1);
    harness.harm(Node::Clients, ONE, LinkFault::HalfOpen);
    harness.step(Input::Disconnected { connection });
    assert_eq!(harness.cluster.connections().len(), 1);
    harness.operate(Operation::HealAll);
    assert!(harness.cluster.connections().is_empty());
}

#[test]
fn a_narrow_way_to_clients_takes_its_time_for_what_is_large() {
    let mut harness = one();
    let connection = harness.connect(1);
    let large = "x".repeat(10_000);
    harness.produce(connection, "orders", -1, &[&large]);
    harness.harm(ONE, Node::Clients, LinkFault::Bandwidth { bytes_per_second: 10_000 });
    let request = fetch_request("orders", 0).with_max_wait_ms(0);
    let sent = harness.send(connection, FETCH, &request);
    harness.advance_millis(1_000);
    assert!(harness.answer::<milena_protocol::messages::FetchRequest>(sent).is_none());
    harness.advance_millis(100);
    assert!(harness.answer::<milena_protocol::messages::FetchRequest>(sent).is_some());
}

#[test]
fn replication_goes_on_over_a_lossy_link() {
    let mut harness = Harness::new(2);
    harness.create_on("orders", &[1, 2]);
    for (from, to) in [(ONE, TWO), (TWO, ONE)] {
        harness.harm(from, to, LinkFault::Loss(0.3.into()));
    }
    let connection = harness.connect(1);
    for _ in 0..20 {
        let sent = harness.send_produce(connection, "orders", -1, &["a"]);
        harness.advance_millis(20_000);
        assert_eq!(harness.produced(sent).map(|told| told.error_code), Some(0));
    }
    assert_eq!(harness.ends("orders"), [(20, 20), (20, 20)]);
    assert!(harness.cluster.faults().iter().all(|report| report.fired > 0));
}

#[test]
fn brokers_hear_of_changes_again_after_their_way_to_the_controller_was_half_open() {
    let mut harness = Harness::new(2);
    harness.harm(Node::Controller, TWO, LinkFault::HalfOpen);
    harness.create_on("orders", &[1, 2]);
    harness.advance_millis(1_000);
    assert_eq!(harness.cluster.broker(BrokerId(2)).map(|view| view.partitions_in_image), Some(0));
    harness.operate(Operation::HealAll);
    harness.advance_millis(1_000);
    assert_eq!(harness.cluster.broker(BrokerId(2)).map(|view| view.partitions_in_image), Some(1));
}

#[test]
fn what_no_link_can_be_is_refused() {
    let mut harness = one();
    let backwards = Duration::from_secs(2)..=Duration::from_secs(1);
    for fault in [
        LinkFault::Loss(0.0.into()),
        LinkFault::Loss(f64::NAN.into()),
        LinkFault::Bandwidth { bytes_per_second: 0 },
        LinkFault::Delay(backwards.into()),
    ] {
        let links = vec![(Node::Clients, ONE)];
        let refused = harness.cluster.operate(harness.now, Operation::Harm { links, fault });
        assert_eq!(refused, Err(OperationError::NoSuchLinkFault { fault }));
    }
    let links = vec![(ONE, TWO)];
    let operation = Operation::Harm { links, fault: LinkFault::Cut };
    let refused = harness.cluster.operate(harness.now, operation);
    assert_eq!(refused, Err(OperationError::NoSuchBroker { broker: BrokerId(2) }));
}

#[test]
fn of_what_a_client_says_over_a_cut_four_mebibytes_are_held_and_the_rest_is_not_read() {
    let mut harness = one();
    let connection = harness.connect(1);
    harness.operate(Operation::Cut { from: Node::Clients, to: ONE });
    let large = "x".repeat(900 * 1024);
    for _ in 0..4 {
        harness.send_produce(connection, "orders", 0, &[&large]);
        assert!(!harness.reading.contains_key(&connection));
    }
    harness.send_produce(connection, "orders", 0, &[&large]);
    assert_eq!(harness.reading[&connection], Reading::Paused);
    harness.operate(Operation::HealAll);
    assert_eq!(harness.reading[&connection], Reading::Resumed);
    assert_eq!(harness.ends("orders"), [(5, 5)]);
}

/// A client that asks for more, and more again, while no answer gets through.
#[test]
fn a_connection_with_more_answers_on_their_way_than_any_client_waits_for_breaks() {
    let mut harness = one();
    let connection = harness.connect(1);
    let large = "x".repeat(900 * 1024);
    harness.produce(connection, "orders", -1, &[&large]);
    harness.operate(Operation::Cut { from: ONE, to: Node::Clients });
    let request = fetch_request("orders", 0).with_max_wait_ms(0);
    for _ in 0..4 {
        harness.send(connection, FETCH, &request);
    }
    assert!(!harness.reading.contains_key(&connection));
    harness.send(connection, FETCH, &request);
    assert_eq!(harness.reading[&connection], Reading::Paused);
    for _ in 0..80 {
        harness.send(connection, FETCH, &request);
    }
    assert_eq!(harness.closed[&connection].cause, CloseCause::ConnectionLost);
    assert!(harness.cluster.connections().is_empty());
}

#[test]
fn a_slow_way_does_not_stop_a_client_that_says_little() {
    let mut harness = one();
    let connection = harness.connect(1);
    harness.harm(Node::Clients, ONE, LinkFault::Delay(millis(30)));
    for _ in 0..100 {
        harness.send_produce(connection, "orders", 0, &["a"]);
        harness.advance_millis(10);
    }
    harness.advance_millis(30);
    assert!(!harness.reading.contains_key(&connection));
    assert_eq!(harness.ends("orders"), [(100, 100)]);
}
