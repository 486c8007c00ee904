//! Positions that are not in the log, other errors, topics created again.

use super::*;
use crate::config::consumer::OffsetReset;
use crate::error::consume::ConsumeError;

fn with_reset(reset: OffsetReset) -> Rig {
    let config = FetchConfig { reset, ..FetchConfig::default() };
    Rig::new(config, &[(0, Start::at(5))])
}

fn second_id() -> TopicId {
    TopicId(uuid::Uuid::from_u128(2))
}

#[test]
fn an_offset_out_of_range_is_reset_as_configured_and_reported_with_both_offsets() {
    for (reset, target) in
        [(OffsetReset::Earliest, Target::Earliest), (OffsetReset::Latest, Target::Latest)]
    {
        let mut rig = with_reset(reset);
        rig.fetch();
        rig.answer(B1, vec![refused(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
        let lookup = rig.lookup();
        assert_eq!(lookup.wanted[0].target, target);
        rig.found(&lookup, ErrorCode::NONE, 40);
        assert_eq!(asked(&rig.fetch()), [(0, 40)]);
        let ShelfEvent::Reset { old, new, cause, .. } = rig.event();
        assert_eq!((old, new), (Some(Offset(5)), Offset(40)));
        assert_eq!(cause, ResetCause::OutOfRange);
        assert_eq!(rig.position(0), Position::At(Offset(40)));
    }
}

#[test]
fn without_a_reset_policy_an_offset_out_of_range_stops_the_partition() {
    let mut rig = with_reset(OffsetReset::Fail);
    rig.fetch();
    rig.answer(B1, vec![refused(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    rig.settle();
    assert!(matches!(rig.error(), ConsumeError::OffsetOutOfRange { offset: Offset(5), .. }));
    rig.advance(Duration::from_secs(3_600));
    assert!(rig.settle().is_empty());
    let slot = rig.slot(0);
    rig.shelf.seek(slot, Start::at(9));
    assert_eq!(asked(&rig.fetch()), [(0, 9)]);
}

#[test]
fn records_fetched_before_a_reset_are_delivered_before_it_is_reported() {
    let mut rig = with_reset(OffsetReset::Earliest);
    rig.fetch();
    rig.answer(B1, vec![data(0, batch(5, 2))]);
    rig.fetch();
    rig.answer(B1, vec![refused(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    let lookup = rig.lookup();
    rig.found(&lookup, ErrorCode::NONE, 90);
    rig.settle();
    assert_eq!(rig.offsets(2), [5, 6]);
    let ShelfEvent::Reset { old, .. } = rig.event();
    assert_eq!(old, Some(Offset(7)));
}

#[test]
fn a_seek_during_a_reset_wins() {
    let mut rig = with_reset(OffsetReset::Earliest);
    rig.fetch();
    rig.answer(B1, vec![refused(0, ErrorCode::OFFSET_OUT_OF_RANGE)]);
    let lookup = rig.lookup();
    let slot = rig.slot(0);
    rig.shelf.seek(slot, Start::at(8));
    assert_eq!(asked(&rig.fetch()), [(0, 8)]);
    rig.found(&lookup, ErrorCode::NONE, 0);
    rig.settle();
    assert_eq!(rig.position(0), Position::At(Offset(8)));
    assert!(rig.shelf.take(1).is_none(), "nothing is reported of a reset that did not happen");
}

#[test]
fn an_answer_for_a_position_that_was_left_is_dropped() {
    let mut rig = Rig::at(0);
    rig.fetch();
    let slot = rig.slot(0);
    rig.shelf.seek(slot, Start::at(50));
    rig.settle();
    rig.answer(B1, vec![data(0, batch(0, 5))]);
    assert_eq!(asked(&rig.fetch()), [(0, 50)]);
    assert!(rig.shelf.take(1).is_none());
    // Even if the caller came back to the very same offset.
    rig.shelf.seek(slot, Start::at(50));
    rig.settle();
    rig.answer(B1, vec![data(0, batch(50, 5))]);
    rig.fetch();
    assert!(rig.shelf.take(1).is_none());
}

#[test]
fn a_stale_leader_is_learned_anew_with_the_hint_that_came_along() {
    for code in [ErrorCode::NOT_LEADER_OR_FOLLOWER, ErrorCode::FENCED_LEADER_EPOCH] {
        let mut rig = Rig::at(5);
        rig.fetch();
        let mut partition = refused(0, code);
        partition.current_leader.leader_id = 2.into();
        partition.current_leader.leader_epoch = 4;
        rig.answer(B1, vec![partition]);
        let hints = rig.settle().into_iter().find_map(|effect| match effect {
            Effect::LeaderHints(hints) => Some(hints),
            _ => None,
        });
        let hint = &hints.expect("a hint came along")[0];
        assert_eq!((hint.leader, hint.epoch), (B2, LeaderEpoch(4)), "{code}");
        assert!(rig.refreshes > 0);
        rig.lead(0, 2, 4);
        let plan = rig.fetch();
        assert_eq!((plan.broker, asked(&plan)), (B2, vec![(0, 5)]));
        assert_eq!(plan.session.send[0].leader_epoch, LeaderEpoch(4));
    }
}

#[test]
fn a_broker_behind_the_metadata_is_asked_again_after_a_growing_pause() {
    let mut rig = Rig::at(5);
    let mut pauses = Vec::new();
    for _ in 0..3 {
        rig.fetch();
        rig.answer(B1, vec![refused(0, ErrorCode::UNKNOWN_LEADER_EPOCH)]);
        assert!(rig.fetches().is_empty());
        let at = rig.machine.poll_timeout().unwrap();
        pauses.push((at - rig.now).as_millis());
        rig.now = at;
    }
    assert_eq!(pauses, [100, 200, 400]);
    assert_eq!(rig.refreshes, 0, "newer metadata would not help");
}

#[test]
fn a_partition_in_trouble_does_not_hold_up_its_neighbours() {
    let starts = [(0, Start::at(0)), (1, Start::at(0))];
    let mut rig = Rig::new(FetchConfig::default(), &starts);
    rig.fetch();
    rig.answer(B1, vec![refused(0, ErrorCode::KAFKA_STORAGE_ERROR), data(1, batch(0, 1))]);
    let plan = rig.fetch();
    assert_eq!((asked(&plan), forgotten(&plan)), (vec![(1, 1)], vec![0]));
}

#[test]
fn a_leaderless_partition_waits_for_its_leader_and_asks_for_metadata() {
    let mut rig = Rig::at(5);
    rig.lead(0, -1, 4);
    assert!(rig.fetches().is_empty());
    assert!(rig.refreshes > 0);
    rig.lead(0, 2, 5);
    assert_eq!(rig.fetch().broker, B2);
}

#[test]
fn a_refused_topic_stops_with_the_brokers_word() {
    let mut rig = Rig::at(5);
    rig.fetch();
    rig.answer(B1, vec![refused(0, ErrorCode::TOPIC_AUTHORIZATION_FAILED)]);
    assert!(rig.settle().is_empty());
    let error = rig.error();
    let ConsumeError::Refused { broker: Some(B1), code, .. } = error else { panic!("{error}") };
    assert_eq!(code, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
}

#[test]
fn a_topic_created_again_is_read_from_its_reset_and_carries_no_offset_over() {
    let mut rig = with_reset(OffsetReset::Earliest);
    rig.fetch();
    rig.answer(B1, vec![refused(0, ErrorCode::UNKNOWN_TOPIC_ID)]);
    rig.lead_as(0, 1, 0, second_id());
    let lookup = rig.lookup();
    rig.found(&lookup, ErrorCode::NONE, 0);
    let plan = rig.fetch();
    assert_eq!(asked(&plan), [(0, 0)]);
    assert_eq!(plan.session.send[0].topic_id, second_id());
    let ShelfEvent::Reset { old, new, cause, .. } = rig.event();
    assert_eq!((old, new), (Some(Offset(5)), Offset(0)));
    assert_eq!(cause, ResetCause::Recreated { old: first_id(), new: second_id() });
}

#[test]
fn an_answer_for_the_deleted_topic_is_dropped() {
    let mut rig = with_reset(OffsetReset::Earliest);
    rig.fetch();
    rig.lead_as(0, 1, 0, second_id());
    let lookup = rig.lookup();
    rig.answer(B1, vec![data(0, batch(5, 3))]);
    rig.found(&lookup, ErrorCode::NONE, 0);
    let plan = rig.fetch();
    assert_eq!(asked(&plan), [(0, 0)]);
    assert!(matches!(rig.shelf.take(9), Some(Step::Event(_))));
    assert!(rig.shelf.take(9).is_none());
}

#[test]
fn without_a_reset_policy_a_topic_created_again_stops_the_partition() {
    let mut rig = with_reset(OffsetReset::Fail);
    rig.fetch();
    rig.lead_as(0, 1, 0, second_id());
    assert!(rig.settle().is_empty());
    let error = rig.error();
    assert!(
        matches!(error, ConsumeError::TopicRecreated { offset: Some(Offset(5)), .. }),
        "{error}"
    );
    let slot = rig.slot(0);
    rig.shelf.resume(slot);
    assert!(rig.settle().is_empty(), "there is no offset to go on from");
}
