//! Kill, restart, pause, elections, truncation.

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::{InitProducerIdRequest, TransactionalId};

use crate::cluster::testing::*;
use crate::cluster::{CloseCause, ListenerState, Node, Operation, ProcessState};
use crate::config::ClusterConfig;
use crate::log::batch_tests::produced;

fn three() -> Harness {
    let mut harness = Harness::new(3);
    harness.create_on("orders", &[1, 2, 3]);
    harness
}

fn kill(harness: &mut Harness, broker: i32) {
    harness.operate(Operation::Kill(BrokerId(broker)));
}

fn restart(harness: &mut Harness, broker: i32) {
    harness.operate(Operation::Restart(BrokerId(broker)));
}

#[test]
fn a_killed_leader_is_replaced_when_its_session_times_out() {
    let mut harness = three();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    kill(&mut harness, 1);
    assert_eq!(harness.closed[&connection].cause, CloseCause::BrokerKilled);
    assert_eq!(harness.listeners[&BrokerId(1)], ListenerState::Refusing);
    harness.advance_millis(6_900);
    assert_eq!(harness.leader("orders"), Some(1));
    harness.advance_millis(2_200);
    assert_eq!(harness.leader("orders"), Some(2));
    assert_eq!(harness.isr("orders"), [2, 3]);
    let view = harness.partition("orders");
    assert_eq!(view.leader_epoch.get(), 1);
    let connection = harness.connect(2);
    assert_eq!(harness.produce(connection, "orders", -1, &["b"]).base_offset, 1);
    assert_eq!(harness.ends("orders"), [(1, 0), (2, 2), (2, 2)]);
}

#[test]
fn a_restarted_broker_is_refused_until_its_old_session_is_over_and_then_has_a_new_epoch() {
    let mut harness = three();
    let before = harness.cluster.broker(BrokerId(1)).unwrap().broker_epoch;
    kill(&mut harness, 1);
    restart(&mut harness, 1);
    harness.advance_millis(5_000);
    let view = harness.cluster.broker(BrokerId(1)).unwrap();
    assert_eq!((view.state, view.broker_epoch), (ProcessState::Starting, before));
    assert_eq!(harness.listeners[&BrokerId(1)], ListenerState::Refusing);
    harness.advance_millis(15_000);
    let view = harness.cluster.broker(BrokerId(1)).unwrap();
    assert_eq!((view.state, view.fenced), (ProcessState::Running, false));
    assert!(view.broker_epoch > before);
    assert_eq!(harness.listeners[&BrokerId(1)], ListenerState::Accepting);
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
}

#[test]
fn an_old_leader_cuts_what_the_others_never_had_and_copies_what_they_wrote_since() {
    let mut harness = three();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["common"]);
    for other in [2, 3] {
        let (from, to) = (Node::Broker(BrokerId(1)), Node::Broker(BrokerId(other)));
        harness.operate(Operation::Cut { from, to });
    }
    harness.produce(connection, "orders", 1, &["lost", "lost too"]);
    assert_eq!(harness.ends("orders"), [(3, 1), (1, 1), (1, 1)]);
    kill(&mut harness, 1);
    harness.operate(Operation::HealAll);
    harness.advance_millis(10_000);
    let connection = harness.connect(2);
    assert_eq!(harness.produce(connection, "orders", -1, &["new"]).base_offset, 1);
    assert_eq!(harness.ends("orders")[0], (3, 0), "the dead broker's disk still has them");
    restart(&mut harness, 1);
    harness.advance_millis(20_000);
    assert_eq!(harness.ends("orders"), [(2, 2), (2, 2), (2, 2)]);
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
    let logs = [1, 2].map(|id| harness.cluster.batches("orders", 0, BrokerId(id)));
    assert_eq!(logs[0], logs[1]);
    let epochs = &harness.partition("orders").logs[0].leader_epochs;
    assert_eq!(
        epochs.iter().map(|(epoch, at)| (epoch.get(), at.get())).collect::<Vec<_>>(),
        [(0, 0), (1, 1)]
    );
}

#[test]
fn without_eligible_leaders_the_last_isr_member_leads_again_with_all_it_had() {
    let config =
        ClusterConfig { eligible_leader_replicas: false, ..ClusterConfig::with_brokers(3) };
    let mut harness = Harness::with(config);
    harness.create_on("orders", &[1, 2, 3]);
    let connection = harness.connect(1);
    kill(&mut harness, 2);
    kill(&mut harness, 3);
    harness.advance_millis(10_000);
    assert_eq!(harness.isr("orders"), [1]);
    harness.produce(connection, "orders", -1, &["a", "b"]);
    kill(&mut harness, 1);
    restart(&mut harness, 2);
    harness.advance_millis(20_000);
    assert_eq!(harness.leader("orders"), None);
    assert_eq!(harness.isr("orders"), [1]);
    let described = harness.metadata(2, "orders");
    assert_eq!(described.error_code, ErrorCode::LEADER_NOT_AVAILABLE.0);
    assert_eq!((described.leader_id.0, described.leader_epoch), (-1, 1));
    assert_eq!(described.offline_replicas.iter().map(|id| id.0).collect::<Vec<_>>(), [1, 3]);
    restart(&mut harness, 1);
    harness.advance_millis(20_000);
    assert_eq!(harness.leader("orders"), Some(1));
    assert_eq!(harness.isr("orders"), [1, 2]);
    assert_eq!(harness.ends("orders")[..2], [(2, 2), (2, 2)]);
}

#[test]
fn the_last_isr_member_stays_eligible_and_leads_again_when_it_is_back() {
    let mut harness = three();
    let connection = harness.connect(1);
    kill(&mut harness, 2);
    kill(&mut harness, 3);
    harness.advance_millis(10_000);
    harness.produce(connection, "orders", -1, &["a", "b"]);
    kill(&mut harness, 1);
    restart(&mut harness, 2);
    harness.advance_millis(20_000);
    assert_eq!(harness.leader("orders"), None);
    assert_eq!(harness.isr("orders"), [0; 0]);
    restart(&mut harness, 1);
    harness.advance_millis(20_000);
    assert_eq!(harness.leader("orders"), Some(1));
    assert_eq!(harness.isr("orders"), [1, 2]);
    assert_eq!(harness.ends("orders")[..2], [(2, 2), (2, 2)]);
}

#[test]
fn an_unclean_election_loses_committed_records_where_the_topic_allows_it() {
    let mut harness = Harness::new(2);
    let spec = on("orders", &[1, 2]).config("unclean.leader.election.enable", "true");
    harness.create(spec);
    let connection = harness.connect(1);
    kill(&mut harness, 2);
    harness.advance_millis(10_000);
    harness.produce(connection, "orders", -1, &["lost"]);
    kill(&mut harness, 1);
    restart(&mut harness, 2);
    harness.advance_millis(20_000);
    assert_eq!(harness.leader("orders"), Some(2));
    assert_eq!(harness.isr("orders"), [2]);
    restart(&mut harness, 1);
    harness.advance_millis(20_000);
    assert_eq!(harness.ends("orders"), [(0, 0), (0, 0)]);
    assert_eq!(harness.isr("orders"), [1, 2]);
}

#[test]
fn a_paused_broker_is_silent_and_a_zombie_afterwards() {
    let mut harness = three();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    harness.operate(Operation::Pause(BrokerId(1)));
    assert_eq!(harness.listeners[&BrokerId(1)], ListenerState::Silent);
    let zombie = harness.send_produce(connection, "orders", 1, &["zombie"]);
    harness.advance_millis(15_000);
    assert!(harness.produced(zombie).is_none());
    assert_eq!(harness.leader("orders"), Some(2));
    harness.operate(Operation::Resume(BrokerId(1)));
    assert_eq!(harness.listeners[&BrokerId(1)], ListenerState::Accepting);
    harness.advance_millis(5_000);
    // It had not heard of its successor when it took the record, which then went.
    assert_eq!(harness.ends("orders"), [(1, 1), (1, 1), (1, 1)]);
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
}

#[test]
fn a_broker_cut_off_from_the_controller_goes_on_serving_until_it_hears_of_its_successor() {
    let mut harness = three();
    let broker = Node::Broker(BrokerId(1));
    harness.operate(Operation::Cut { from: broker, to: Node::Controller });
    harness.operate(Operation::Cut { from: Node::Controller, to: broker });
    harness.advance_millis(12_000);
    assert_eq!(harness.leader("orders"), Some(2));
    let connection = harness.connect(1);
    let taken = harness.produce(connection, "orders", 1, &["nobody will keep this"]);
    assert_eq!(taken.error_code, 0);
    let waiting = harness.send_produce(connection, "orders", -1, &["nor this"]);
    assert!(harness.produced(waiting).is_none());
    harness.operate(Operation::HealAll);
    harness.advance_millis(15_000);
    let told = harness.produced(waiting).unwrap();
    assert_eq!(told.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER.0);
    assert_eq!((told.current_leader.leader_id.0, told.current_leader.leader_epoch), (2, 1));
    assert_eq!(harness.ends("orders"), [(0, 0), (0, 0), (0, 0)]);
    assert_eq!(harness.isr("orders"), [1, 2, 3]);
}

#[test]
fn duplicates_are_known_to_the_next_leader() {
    let mut harness = three();
    let connection = harness.connect(1);
    let batch = produced(7, 0, 0, &["a", "b"], 1_000);
    harness.produce_bytes(connection, "orders", -1, batch.clone());
    kill(&mut harness, 1);
    harness.advance_millis(10_000);
    let connection = harness.connect(2);
    let again = harness.produce_bytes(connection, "orders", -1, batch);
    assert_eq!((again.error_code, again.base_offset, again.log_append_time_ms), (0, 0, 1_000));
    let gap = harness.produce_bytes(connection, "orders", -1, produced(7, 0, 3, &["d"], 0));
    assert_eq!(gap.error_code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER.0);
    let next = harness.produce_bytes(connection, "orders", -1, produced(7, 0, 2, &["c"], 0));
    assert_eq!((next.error_code, next.base_offset), (0, 2));
}

#[test]
fn a_duplicate_is_acknowledged_only_once_it_is_replicated() {
    let mut harness = three();
    let (leader, follower) = (Node::Broker(BrokerId(1)), Node::Broker(BrokerId(3)));
    harness.operate(Operation::Cut { from: leader, to: follower });
    let batch = produced(7, 0, 0, &["a"], 0);
    let first = harness.connect(1);
    let second = harness.connect(1);
    let first = harness.send(first, PRODUCE, &produce_request("orders", -1, batch.clone()));
    let second = harness.send(second, PRODUCE, &produce_request("orders", -1, batch));
    assert!(harness.produced(second).is_none());
    harness.operate(Operation::HealAll);
    assert_eq!(harness.produced(first).unwrap().base_offset, 0);
    assert_eq!(harness.produced(second).unwrap().base_offset, 0);
}

#[test]
fn a_crash_forgets_the_high_watermark_since_the_last_checkpoint() {
    let mut harness = Harness::new(1);
    harness.create_on("orders", &[1]);
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    harness.advance_millis(5_000);
    harness.produce(connection, "orders", -1, &["b"]);
    kill(&mut harness, 1);
    assert_eq!(harness.ends("orders"), [(2, 1)]);
    restart(&mut harness, 1);
    harness.advance_millis(20_000);
    assert_eq!(harness.leader("orders"), Some(1));
    assert_eq!(harness.ends("orders"), [(2, 2)], "alone in its ISR it commits what it has");
}

#[test]
fn producer_ids_are_unique_across_brokers_and_restarts() {
    let mut harness = Harness::new(3);
    let mut ids = std::collections::BTreeSet::new();
    let request = InitProducerIdRequest::default().with_transactional_id(None);
    let ask = |harness: &mut Harness, broker: i32| {
        let connection = harness.connect(broker);
        let response = harness.ask(connection, 5, &request);
        assert_eq!((response.error_code, response.producer_epoch), (0, 0));
        response.producer_id.0
    };
    for broker in [1, 2, 3, 1, 2, 3] {
        assert!(ids.insert(ask(&mut harness, broker)));
    }
    for _ in 0..2_500 {
        assert!(ids.insert(ask(&mut harness, 1)));
    }
    kill(&mut harness, 1);
    restart(&mut harness, 1);
    harness.advance_millis(20_000);
    assert!(ids.insert(ask(&mut harness, 1)));
    let transactional = request.clone().with_transactional_id(Some(TransactionalId("t".into())));
    let connection = harness.connect(1);
    let refused = harness.ask(connection, 5, &transactional);
    assert_eq!(refused.error_code, ErrorCode::COORDINATOR_NOT_AVAILABLE.0);
}

#[test]
fn deleted_topics_take_their_logs_along_even_from_a_broker_that_was_down() {
    let mut harness = three();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    kill(&mut harness, 3);
    harness.operate(Operation::DeleteTopic { name: "orders".to_owned() });
    harness.create_on("orders", &[1, 2, 3]);
    restart(&mut harness, 3);
    harness.advance_millis(20_000);
    assert_eq!(harness.ends("orders"), [(0, 0), (0, 0), (0, 0)]);
    let connection = harness.connect(1);
    assert_eq!(harness.produce(connection, "orders", -1, &["b"]).base_offset, 0);
}

#[test]
fn a_leader_whose_epoch_had_no_records_forgets_it_and_follows_at_once() {
    let mut harness = three();
    let connection = harness.connect(1);
    harness.produce(connection, "orders", -1, &["a"]);
    kill(&mut harness, 1);
    harness.advance_millis(10_000);
    assert_eq!(harness.leader("orders"), Some(2));
    kill(&mut harness, 2);
    harness.advance_millis(10_000);
    assert_eq!(harness.leader("orders"), Some(3));
    restart(&mut harness, 2);
    // Its first fetch may come before the leader knows that it is back.
    harness.advance_millis(600);
    assert_eq!(harness.isr("orders"), [2, 3]);
    let epochs = &harness.partition("orders").logs[1].leader_epochs;
    assert_eq!(epochs.iter().map(|(epoch, _)| epoch.get()).collect::<Vec<_>>(), [0]);
}
