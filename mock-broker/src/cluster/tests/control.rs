//! The controller dead, stopped, moved; brokers that end in order; brokers that are kept from
//! learning; what the controller looks for by itself. With Kafka's own intervals.

use std::sync::mpsc;
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::create_topics_request::CreatableTopic;
use milena_protocol::messages::{CreateTopicsRequest, DescribeQuorumRequest};

use crate::cluster::testing::*;
use crate::cluster::{
    CloseCause, ListenerState, Node, Operation, OperationError, ProcessState, Reading, TraceEvent,
    TraceSink,
};
use crate::config::{ClusterConfig, TopicSpec};

const MINUTE: u64 = 60_000;

fn three() -> Harness {
    let mut harness = Harness::new(3);
    harness.create_on("orders", &[1, 2, 3]);
    harness
}

fn state(harness: &Harness, broker: i32) -> ProcessState {
    harness.cluster.broker(BrokerId(broker)).unwrap().state
}

fn create_request(topic: &str) -> CreateTopicsRequest {
    let topic = CreatableTopic::default()
        .with_name(topic_name(topic))
        .with_num_partitions(1)
        .with_replication_factor(3);
    CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(100)
}

#[test]
fn a_broker_that_shuts_down_hands_its_leaderships_over_and_ends() {
    let mut harness = three();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    harness.operate(Operation::ShutDown(BrokerId(1)));
    assert_eq!(harness.leader("orders"), Some(2));
    assert_eq!(harness.isr("orders"), [2, 3]);
    assert_eq!(state(&harness, 1), ProcessState::Running, "the others do not know yet");
    harness.advance_millis(5_000);
    assert_eq!(state(&harness, 1), ProcessState::Killed);
    assert_eq!(harness.listeners[&BrokerId(1)], ListenerState::Refusing);
    assert_eq!(harness.ends("orders")[0], (1, 1), "its high watermark is saved");
    harness.operate(Operation::Restart(BrokerId(1)));
    harness.advance_millis(1_000);
    // Its session ended with it: nothing has to time out first.
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
}

#[test]
fn a_broker_that_shuts_down_is_in_no_isr_again() {
    let mut harness = three();
    // One that does not tell what it has of the metadata holds it up.
    harness.operate(Operation::HoldMetadata(BrokerId(3)));
    harness.operate(Operation::ShutDown(BrokerId(1)));
    harness.advance_millis(20_000);
    assert_eq!(state(&harness, 1), ProcessState::Running);
    assert_eq!(harness.isr("orders"), [2, 3], "though it follows");
    harness.create(TopicSpec::new("later").partitions(6).replication_factor(2));
    for index in 0..6 {
        let replicas = harness.cluster.partition("later", index).unwrap().replicas;
        assert!(!replicas.contains(&BrokerId(1)), "{replicas:?}");
    }
    harness.operate(Operation::ReleaseMetadata(BrokerId(3)));
    harness.advance_millis(5_000);
    assert_eq!(state(&harness, 1), ProcessState::Killed);
}

#[test]
fn a_broker_that_nobody_lets_go_ends_after_five_minutes() {
    let mut harness = three();
    harness.operate(Operation::KillController);
    harness.operate(Operation::ShutDown(BrokerId(1)));
    harness.advance_millis(5 * MINUTE - 1_000);
    assert_eq!(state(&harness, 1), ProcessState::Running);
    harness.advance_millis(2_000);
    assert_eq!(state(&harness, 1), ProcessState::Killed);
}

#[test]
fn a_broker_that_does_not_serve_yet_ends_at_once() {
    let mut harness = three();
    harness.operate(Operation::Kill(BrokerId(1)));
    harness.operate(Operation::Restart(BrokerId(1)));
    assert_eq!(state(&harness, 1), ProcessState::Starting);
    harness.operate(Operation::ShutDown(BrokerId(1)));
    assert_eq!(state(&harness, 1), ProcessState::Killed);
    let again = harness.cluster.operate(harness.now, Operation::ShutDown(BrokerId(1)));
    assert!(matches!(again, Err(OperationError::WrongState { .. })), "{again:?}");
}

#[test]
fn nothing_is_elected_or_created_until_a_controller_is_back() {
    let mut harness = three();
    harness.operate(Operation::KillController);
    harness.operate(Operation::Kill(BrokerId(1)));
    let connection = harness.connect(2);
    let sent = harness.send(connection, 7, &create_request("later"));
    harness.advance_millis(30_000);
    assert_eq!(harness.leader("orders"), Some(1));
    assert!(harness.answer::<CreateTopicsRequest>(sent).is_none());
    harness.operate(Operation::RestartController);
    harness.advance_millis(200);
    let created = harness.answer::<CreateTopicsRequest>(sent).unwrap();
    assert_eq!(created.topics[0].error_code, 0);
    // Who is heard of no more has a whole session from the controller that took over.
    harness.advance_millis(8_000);
    assert_eq!(harness.leader("orders"), Some(1));
    harness.advance_millis(1_000);
    assert_eq!(harness.leader("orders"), Some(2));
}

#[test]
fn a_controller_that_moves_is_back_after_the_failover_time() {
    let mut harness = three();
    harness.operate(Operation::MoveController);
    assert_eq!(harness.cluster.controller_process(), ProcessState::Killed);
    let connection = harness.connect(2);
    let sent = harness.send(connection, 7, &create_request("later"));
    harness.advance_millis(1_900);
    assert!(harness.answer::<CreateTopicsRequest>(sent).is_none());
    harness.advance_millis(200);
    assert!(harness.answer::<CreateTopicsRequest>(sent).is_some());
}

#[test]
fn a_controller_that_slept_too_long_fences_everybody_first() {
    let mut harness = three();
    harness.operate(Operation::PauseController);
    harness.advance_millis(MINUTE);
    assert_eq!(harness.leader("orders"), Some(1));
    harness.operate(Operation::ResumeController);
    harness.advance_millis(5_000);
    let view = harness.partition("orders");
    assert!(view.leader_epoch.get() > 0, "{view:?}");
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
}

#[test]
fn a_request_that_no_controller_answers_is_told_so_after_a_minute() {
    let mut harness = three();
    harness.operate(Operation::KillController);
    let connection = harness.connect(2);
    let sent = harness.send(connection, 7, &create_request("later"));
    harness.advance_millis(MINUTE - 1_000);
    assert!(harness.answer::<CreateTopicsRequest>(sent).is_none());
    harness.advance_millis(2_000);
    let refused = harness.answer::<CreateTopicsRequest>(sent).unwrap();
    assert_eq!(refused.topics[0].error_code, ErrorCode::REQUEST_TIMED_OUT.0);
}

#[test]
fn a_broker_that_is_kept_from_learning_tells_yesterdays_leader() {
    let mut harness = three();
    harness.operate(Operation::HoldMetadata(BrokerId(3)));
    harness.operate(Operation::Kill(BrokerId(1)));
    harness.advance_millis(10_000);
    assert_eq!(harness.metadata(2, "orders").leader_id.0, 2);
    assert_eq!(harness.metadata(3, "orders").leader_id.0, 1);
    harness.operate(Operation::ReleaseMetadata(BrokerId(3)));
    assert_eq!(harness.metadata(3, "orders").leader_id.0, 2);
}

#[test]
fn a_broker_far_behind_gets_all_of_the_metadata_at_once() {
    let mut harness = three();
    harness.create_on("gone", &[3]);
    harness.operate(Operation::HoldMetadata(BrokerId(3)));
    harness.operate(Operation::DeleteTopic { name: "gone".to_owned() });
    for round in 0..8 {
        let spec = TopicSpec::new(format!("many-{round}")).partitions(9_999);
        harness.create(spec.replication_factor(1));
        harness.operate(Operation::DeleteTopic { name: format!("many-{round}") });
    }
    harness.create_on("last", &[3]);
    harness.operate(Operation::ReleaseMetadata(BrokerId(3)));
    harness.advance_millis(1_000);
    let connection = harness.connect(3);
    assert_eq!(harness.produce(connection, "last", -1, &["a"]).error_code, 0);
    let view = harness.cluster.broker(BrokerId(3)).unwrap();
    assert_eq!(view.partitions_in_image, 2);
    assert!(harness.cluster.batches("gone", 0, BrokerId(3)).is_empty());
}

#[test]
fn partitions_go_back_to_their_preferred_leaders_within_five_minutes() {
    let mut harness = three();
    harness.operate(Operation::Kill(BrokerId(1)));
    harness.advance_millis(10_000);
    assert_eq!(harness.leader("orders"), Some(2));
    harness.operate(Operation::Restart(BrokerId(1)));
    harness.advance_millis(4 * MINUTE);
    assert_eq!((harness.leader("orders"), harness.isr("orders")), (Some(2), vec![1, 2, 3]));
    harness.advance_millis(MINUTE);
    assert_eq!(harness.leader("orders"), Some(1));
}

#[test]
fn a_scan_moves_at_most_a_thousand_leaders_at_a_time() {
    let mut harness = Harness::new(3);
    let replicas = [1, 2].map(BrokerId).to_vec();
    harness.create(TopicSpec::new("many").assignments(vec![replicas; 1_500]));
    harness.operate(Operation::Kill(BrokerId(1)));
    harness.advance_millis(10_000);
    harness.operate(Operation::Restart(BrokerId(1)));
    let leads = |harness: &Harness, index: i32| {
        harness.cluster.partition("many", index).unwrap().leader == Some(BrokerId(1))
    };
    // The scan was planned when the first lead moved, some 9 s after the kill.
    harness.advance_millis(5 * MINUTE - 10_000);
    for _ in 0..4_000 {
        harness.advance_millis(5);
        if leads(&harness, 0) {
            break;
        }
    }
    let led = |harness: &Harness| (0..1_500).filter(|index| leads(harness, *index)).count();
    assert_eq!(led(&harness), 1_000);
    harness.advance_millis(10);
    assert_eq!(led(&harness), 1_500);
}

#[test]
fn without_the_switch_nothing_goes_back() {
    let config = ClusterConfig { auto_leader_rebalance: false, ..ClusterConfig::with_brokers(3) };
    let mut harness = Harness::with(config);
    harness.create_on("orders", &[1, 2, 3]);
    harness.operate(Operation::Kill(BrokerId(1)));
    harness.advance_millis(10_000);
    harness.operate(Operation::Restart(BrokerId(1)));
    harness.advance_millis(20 * MINUTE);
    assert_eq!(harness.leader("orders"), Some(2));
}

#[test]
fn a_member_that_joins_counts_before_the_controller_has_heard_of_it() {
    let mut harness = three();
    let connection = harness.connect(1);
    let (leader, slow) = (Node::Broker(BrokerId(1)), Node::Broker(BrokerId(3)));
    harness.operate(Operation::Cut { from: slow, to: leader });
    harness.produce(connection, "orders", 1, &["a"]);
    harness.advance_millis(50_000);
    assert_eq!(harness.isr("orders"), [1, 2]);
    harness.operate(Operation::PauseController);
    harness.operate(Operation::Heal { from: slow, to: leader });
    harness.advance_millis(5_000);
    assert_eq!(harness.ends("orders")[2].0, 1, "it has caught up");
    assert_eq!(harness.isr("orders"), [1, 2], "and nobody has committed it");
    harness.operate(Operation::Cut { from: slow, to: leader });
    let sent = harness.send_produce(connection, "orders", -1, &["b"]);
    harness.advance_millis(1_000);
    assert_eq!(harness.produced(sent), None, "it is waited for");
}

/// Hands on what leaders propose as their ISRs, and what is answered.
struct Changes(mpsc::Sender<&'static str>);

impl TraceSink for Changes {
    fn record(&mut self, event: &TraceEvent<'_>) {
        if matches!(event.kind, "propose isr" | "isr") {
            self.0.send(event.kind).unwrap();
        }
    }
}

#[test]
fn a_partition_has_one_change_of_its_isr_in_flight() {
    let mut config = ClusterConfig::with_brokers(3);
    config.timings.replica_lag_time_max = Duration::from_secs(2);
    let mut harness = Harness::with(config);
    harness.create_on("orders", &[1, 2, 3]);
    let (sender, changes) = mpsc::channel();
    harness.cluster.set_trace(Box::new(Changes(sender)));
    let connection = harness.connect(1);
    let leader = Node::Broker(BrokerId(1));
    // Long enough for the second follower to fall behind while the first change is on its way, and
    // shorter than a broker's session.
    let latency = Duration::from_secs(5);
    harness.operate(Operation::Delay { from: leader, to: Node::Controller, latency });
    for slow in [3, 2] {
        harness.operate(Operation::Cut { from: Node::Broker(BrokerId(slow)), to: leader });
        harness.produce(connection, "orders", 1, &["a"]);
        harness.advance_millis(1_000);
    }
    harness.advance_millis(3_000);
    assert_eq!(changes.try_iter().collect::<Vec<_>>(), ["propose isr"], "that one leaves");
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
    harness.advance_millis(20_000);
    assert_eq!(changes.try_iter().collect::<Vec<_>>(), ["isr", "propose isr", "isr"]);
    assert_eq!(harness.isr("orders"), [1]);
}

#[test]
fn a_stopped_broker_holds_a_bounded_amount_of_each_connection() {
    let mut harness = three();
    harness.operate(Operation::Pause(BrokerId(1)));
    let connection = harness.connect(1);
    let large = "x".repeat(1_000_000);
    for _ in 0..4 {
        harness.send_produce(connection, "orders", 1, &[&large]);
    }
    assert_eq!(harness.reading.get(&connection), None);
    harness.send_produce(connection, "orders", 1, &[&large]);
    assert_eq!(harness.reading[&connection], Reading::Paused);
    harness.operate(Operation::Resume(BrokerId(1)));
    assert_eq!(harness.reading[&connection], Reading::Resumed);
    assert_eq!(harness.ends("orders")[0].0, 5);
}

#[test]
fn the_controllers_own_listener_answers_and_closes_like_a_brokers() {
    let mut harness = three();
    let connection = harness.connect(100);
    let answer = harness.ask(connection, 2, &DescribeQuorumRequest::default());
    assert_eq!(answer.error_code, 0);
    let before = harness.connect(100);
    harness.send(before, 12, &fetch_request("orders", 0));
    assert!(matches!(harness.closed[&before].cause, CloseCause::NotServed { .. }));
    harness.operate(Operation::KillController);
    assert_eq!(harness.closed[&connection].cause, CloseCause::BrokerKilled);
    let refused = harness.connect(100);
    assert_eq!(harness.closed[&refused].cause, CloseCause::NotListening);
}
