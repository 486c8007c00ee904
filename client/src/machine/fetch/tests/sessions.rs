//! Fetch sessions as the machine uses them (KIP-227), topic ids, throttling.

use super::*;
use crate::machine::fetch::plan::Naming;

fn two() -> Rig {
    Rig::new(FetchConfig::default(), &[(0, Start::at(0)), (1, Start::at(0))])
}

#[test]
fn an_incremental_fetch_names_only_the_partition_that_moved() {
    let mut rig = two();
    let full = rig.fetch();
    assert_eq!((full.session.session_id, full.session.session_epoch), (0, 0));
    assert_eq!(asked(&full), [(0, 0), (1, 0)]);
    rig.answer(B1, vec![data(0, batch(0, 2)), nothing(1)]);
    let next = rig.fetch();
    assert_eq!((next.session.session_id, next.session.session_epoch), (77, 1));
    assert_eq!(asked(&next), [(0, 2)]);
    // The broker leaves out what has nothing new.
    rig.answer(B1, vec![data(1, batch(0, 1))]);
    let next = rig.fetch();
    assert_eq!(next.session.session_epoch, 2);
    assert_eq!(asked(&next), [(1, 1)]);
    rig.answer(B1, vec![]);
    assert_eq!(asked(&rig.fetch()), []);
}

#[test]
fn a_paused_partition_is_forgotten_and_added_again() {
    let mut rig = two();
    rig.fetch();
    let slot = rig.slot(1);
    rig.shelf.pause(slot);
    rig.answer(B1, vec![nothing(0), nothing(1)]);
    let next = rig.fetch();
    assert_eq!(forgotten(&next), [1]);
    rig.shelf.resume(slot);
    rig.answer(B1, vec![]);
    assert_eq!(asked(&rig.fetch()), [(1, 0)]);
}

#[test]
fn a_session_the_broker_forgot_is_begun_anew_at_once() {
    let mut rig = two();
    rig.fetch();
    rig.answer(B1, vec![nothing(0), nothing(1)]);
    rig.fetch();
    let code = ErrorCode::FETCH_SESSION_ID_NOT_FOUND.get();
    rig.answer_with(B1, FetchResponse::default().with_error_code(code));
    let full = rig.fetch();
    assert_eq!((full.session.session_id, full.session.session_epoch), (0, 0));
    assert_eq!(asked(&full), [(0, 0), (1, 0)]);
}

#[test]
fn a_session_both_sides_see_differently_is_closed_and_begun_anew() {
    for code in [ErrorCode::INVALID_FETCH_SESSION_EPOCH, ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR] {
        let mut rig = two();
        rig.fetch();
        rig.answer(B1, vec![nothing(0), nothing(1)]);
        rig.fetch();
        rig.answer_with(B1, FetchResponse::default().with_error_code(code.get()));
        let full = rig.fetch();
        assert_eq!((full.session.session_id, full.session.session_epoch), (77, 0), "{code}");
        assert_eq!(asked(&full), [(0, 0), (1, 0)]);
    }
}

#[test]
fn a_broker_that_refuses_every_session_is_not_asked_without_pause() {
    let mut rig = two();
    for _ in 0..2 {
        rig.fetch();
        let code = ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR.get();
        rig.answer_with(B1, FetchResponse::default().with_error_code(code));
    }
    assert!(rig.fetches().is_empty());
    rig.now = rig.machine.poll_timeout().unwrap();
    assert_eq!(rig.fetches().len(), 1);
}

#[test]
fn a_lost_answer_is_followed_by_a_full_fetch_after_a_pause() {
    let mut rig = two();
    rig.fetch();
    rig.answer(B1, vec![nothing(0), nothing(1)]);
    rig.fetch();
    rig.lose(B1);
    assert!(rig.fetches().is_empty());
    assert_eq!(rig.refreshes, 1);
    rig.now = rig.machine.poll_timeout().unwrap();
    let full = rig.fetch();
    assert_eq!((full.session.session_id, full.session.session_epoch), (77, 0));
    assert_eq!(asked(&full), [(0, 0), (1, 0)]);
}

#[test]
fn a_full_answer_that_leaves_partitions_out_ends_the_session() {
    let mut rig = two();
    rig.fetch();
    rig.answer(B1, vec![data(0, batch(0, 1))]);
    let full = rig.fetch();
    assert_eq!((full.session.session_id, full.session.session_epoch), (77, 0));
    assert_eq!(rig.offsets(10), [0], "what came is good all the same");
}

#[test]
fn a_topic_without_an_id_keeps_to_versions_that_carry_names() {
    let mut rig = Rig::at(0);
    rig.lead_as(0, 1, 3, TopicId::ZERO);
    assert_eq!(rig.fetch().naming, Naming::NamesOnly);
    let topic = FetchableTopicResponse::default()
        .with_topic(orders(0).topic.to_wire())
        .with_partitions(vec![data(0, batch(0, 2))]);
    let response = FetchResponse::default().with_session_id(77).with_responses(vec![topic]);
    let answer = FetchAnswer { version: 12, response };
    rig.machine.on_fetch_answer(rig.now, B1, Ok(answer));
    rig.settle();
    assert_eq!(rig.offsets(10), [0, 1]);
}

#[test]
fn a_throttled_broker_is_left_alone_for_that_long() {
    let mut rig = two();
    rig.fetch();
    rig.answer_with(B1, FetchResponse::default().with_throttle_time_ms(700));
    assert!(rig.fetches().is_empty());
    assert_eq!(rig.machine.poll_timeout(), Some(rig.now + Duration::from_millis(700)));
    rig.advance(Duration::from_millis(700));
    assert_eq!(asked(&rig.fetch()), [(0, 0), (1, 0)]);
}

#[test]
fn each_broker_is_asked_at_once_and_only_once() {
    let mut rig = two();
    rig.lead(1, 2, 3);
    let plans = rig.fetches();
    let brokers: Vec<BrokerId> = plans.iter().map(|plan| plan.broker).collect();
    assert_eq!(brokers, [B1, B2]);
    assert!(rig.fetches().is_empty());
    rig.answer(B2, vec![data(1, batch(0, 1))]);
    assert_eq!(rig.fetch().broker, B2, "the long poll of the other broker delays nobody");
}

#[test]
fn partitions_nobody_asked_for_are_ignored() {
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.answer(B1, vec![data(0, batch(0, 1)), data(9, batch(0, 1)), data(0, batch(0, 1))]);
    rig.settle();
    assert_eq!(rig.offsets(100), [0], "nor is the same partition taken twice");
}

#[test]
fn sessions_are_closed_with_the_consumer() {
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.answer(B1, vec![nothing(0)]);
    rig.machine.close();
    let effect = rig.machine.poll_effect();
    assert!(matches!(effect, Some(Effect::EndSession { broker: B1, session_id: 77 })));
    let request = FetchMachine::end_of_session(77);
    assert_eq!((request.session_id, request.session_epoch), (77, -1));
}

#[test]
fn a_follower_the_leader_names_is_read_until_it_fails() {
    let config = FetchConfig { rack: "r1".to_owned(), ..FetchConfig::default() };
    let mut rig = Rig::new(config, &[(0, Start::at(0))]);
    assert_eq!(rig.fetch().rack.as_str(), "r1");
    rig.answer(B1, vec![nothing(0).with_preferred_read_replica(2.into())]);
    let plan = rig.fetch();
    assert_eq!((plan.broker, asked(&plan)), (B2, vec![(0, 0)]));
    rig.answer(B2, vec![refused(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    assert_eq!(rig.fetch().broker, B1, "the leader is asked before anything is concluded");
}
