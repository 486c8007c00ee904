//! Validation after leader changes and truncation (KIP-320).

use milena_protocol::messages::OffsetForLeaderEpochResponse;
use milena_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};

use super::*;
use crate::config::consumer::OffsetReset;
use crate::error::consume::ConsumeError;

/// Has fetched offsets 0 to 9 in epoch 3.
fn fetched(reset: OffsetReset) -> Rig {
    let config = FetchConfig { reset, ..FetchConfig::default() };
    let mut rig = Rig::new(config, &[(0, Start::at(0))]);
    rig.fetch();
    rig.answer(B1, vec![data(0, batch(0, 10))]);
    rig.fetch();
    rig
}

impl Rig {
    fn ends(&mut self, lookup: &EpochLookup, code: ErrorCode, epoch: i32, end: i64) {
        let partition = EpochEndOffset::default()
            .with_partition(0)
            .with_error_code(code.get())
            .with_leader_epoch(epoch)
            .with_end_offset(end);
        let topic = OffsetForLeaderTopicResult::default()
            .with_topic(orders(0).topic.to_wire())
            .with_partitions(vec![partition]);
        let response = OffsetForLeaderEpochResponse::default().with_topics(vec![topic]);
        self.machine.on_epochs_answer(self.now, lookup, Ok(response));
    }
}

#[test]
fn fetches_carry_the_leader_epoch_and_that_of_the_last_record() {
    let mut rig = Rig::at(0);
    let first = rig.fetch();
    assert_eq!(first.session.send[0].leader_epoch, LeaderEpoch(3));
    assert_eq!(first.session.send[0].last_epoch, LeaderEpoch::UNKNOWN);
    let old = batch_of(0, 2, 10, LeaderEpoch(1), &Stamp::default());
    rig.answer(B1, vec![data(0, old)]);
    assert_eq!(rig.fetch().session.send[0].last_epoch, LeaderEpoch(1));
}

#[test]
fn a_position_is_validated_by_the_new_leader_before_it_is_fetched_there() {
    let mut rig = fetched(OffsetReset::Latest);
    rig.lead(0, 2, 4);
    let lookup = rig.validation();
    assert_eq!(lookup.broker, B2);
    assert_eq!(lookup.doubts[0].last_epoch, LeaderEpoch(3));
    assert_eq!(lookup.doubts[0].leader_epoch, LeaderEpoch(4));
    assert!(rig.fetches().is_empty());
    rig.ends(&lookup, ErrorCode::NONE, 3, 10);
    let plan = rig.fetch();
    assert_eq!((plan.broker, asked(&plan)), (B2, vec![(0, 10)]));
}

#[test]
fn a_position_nothing_was_read_before_needs_no_validation() {
    let mut rig = Rig::at(5);
    rig.fetch();
    rig.lead(0, 2, 4);
    assert_eq!(rig.fetch().broker, B2);
}

#[test]
fn a_fetch_answer_that_comes_during_validation_is_dropped() {
    let mut rig = fetched(OffsetReset::Latest);
    rig.lead(0, 2, 4);
    let lookup = rig.validation();
    rig.answer(B1, vec![data(0, batch(10, 5))]);
    rig.settle();
    rig.ends(&lookup, ErrorCode::NONE, 3, 10);
    assert_eq!(asked(&rig.fetch()), [(0, 10)]);
    assert_eq!(rig.offsets(100), (0..10).collect::<Vec<i64>>());
}

#[test]
fn truncation_below_what_was_delivered_goes_back_and_is_reported() {
    let mut rig = fetched(OffsetReset::Latest);
    assert_eq!(rig.offsets(8).len(), 8);
    rig.lead(0, 2, 4);
    let lookup = rig.validation();
    rig.ends(&lookup, ErrorCode::NONE, 3, 6);
    let plan = rig.fetch();
    assert_eq!(asked(&plan), [(0, 6)]);
    assert_eq!(plan.session.send[0].last_epoch, LeaderEpoch(3));
    let ShelfEvent::Reset { old, new, cause, .. } = rig.event();
    assert_eq!((old, new), (Some(Offset(8)), Offset(6)));
    assert_eq!(cause, ResetCause::Truncated);
    assert!(rig.shelf.take(1).is_none(), "what was cut off is not delivered");
}

#[test]
fn truncation_of_what_was_only_prefetched_drops_it_without_a_word() {
    let mut rig = fetched(OffsetReset::Latest);
    assert_eq!(rig.offsets(4).len(), 4);
    rig.lead(0, 2, 4);
    let lookup = rig.validation();
    rig.ends(&lookup, ErrorCode::NONE, 3, 6);
    assert_eq!(asked(&rig.fetch()), [(0, 4)], "from the delivered position, nothing is skipped");
    assert!(rig.shelf.take(1).is_none());
    rig.settle();
    assert_eq!(rig.machine.budget.held(), 0);
}

#[test]
fn a_diverging_epoch_in_a_fetch_answer_is_a_truncation() {
    let mut rig = fetched(OffsetReset::Latest);
    rig.offsets(100);
    let mut partition = nothing(0);
    partition.diverging_epoch.epoch = 2;
    partition.diverging_epoch.end_offset = 7;
    rig.answer(B1, vec![partition]);
    let plan = rig.fetch();
    assert_eq!(asked(&plan), [(0, 7)]);
    assert_eq!(plan.session.send[0].last_epoch, LeaderEpoch(2), "resolved step by step");
    assert!(matches!(rig.event(), ShelfEvent::Reset { new: Offset(7), .. }));
}

#[test]
fn without_a_reset_policy_truncation_stops_with_both_offsets() {
    let mut rig = fetched(OffsetReset::Fail);
    rig.offsets(8);
    rig.lead(0, 2, 4);
    let lookup = rig.validation();
    rig.ends(&lookup, ErrorCode::NONE, 3, 6);
    assert!(rig.settle().is_empty());
    let error = rig.error();
    let ConsumeError::LogTruncated { offset: Offset(8), diverging: Some(Offset(6)), .. } = error
    else {
        panic!("{error}");
    };
    assert_eq!(error.next_offset(), Some(Offset(6)));
    assert_eq!(rig.position(0), Position::At(Offset(8)));
}

#[test]
fn a_log_that_does_not_know_the_epoch_is_read_from_the_reset() {
    let mut rig = fetched(OffsetReset::Earliest);
    rig.offsets(100);
    rig.lead(0, 2, 4);
    let lookup = rig.validation();
    rig.ends(&lookup, ErrorCode::NONE, -1, -1);
    let lookup = rig.lookup();
    rig.found(&lookup, ErrorCode::NONE, 0);
    rig.settle();
    let ShelfEvent::Reset { old, new, cause, .. } = rig.event();
    assert_eq!((old, new), (Some(Offset(10)), Offset(0)));
    assert_eq!(cause, ResetCause::Truncated);
}

#[test]
fn a_validation_the_leader_cannot_answer_is_asked_again() {
    let mut rig = fetched(OffsetReset::Latest);
    rig.lead(0, 2, 4);
    let lookup = rig.validation();
    rig.ends(&lookup, ErrorCode::UNKNOWN_LEADER_EPOCH, -1, -1);
    assert!(rig.settle().is_empty());
    rig.now = rig.machine.poll_timeout().unwrap();
    let again = rig.validation();
    rig.ends(&again, ErrorCode::NONE, 3, 10);
    assert_eq!(asked(&rig.fetch()), [(0, 10)]);
}

#[test]
fn a_broker_that_cannot_validate_is_read_without() {
    let mut rig = fetched(OffsetReset::Latest);
    rig.lead(0, 2, 4);
    let lookup = rig.validation();
    let kind = RequestErrorKind::UnsupportedVersion { message: "none".into() };
    let api = milena_protocol::messages::ApiKey::OffsetForLeaderEpoch;
    let error = RequestError::new(kind, Some(B2), api, Persistence::No);
    rig.machine.on_epochs_answer(rig.now, &lookup, Err(error));
    assert_eq!(asked(&rig.fetch()), [(0, 10)]);
}

#[test]
fn a_seek_during_validation_wins() {
    let mut rig = fetched(OffsetReset::Latest);
    rig.lead(0, 2, 4);
    let lookup = rig.validation();
    let slot = rig.slot(0);
    rig.shelf.seek(slot, Start::at(3));
    assert_eq!(asked(&rig.fetch()), [(0, 3)]);
    rig.ends(&lookup, ErrorCode::NONE, 3, 1);
    rig.settle();
    assert!(rig.shelf.take(1).is_none());
    assert_eq!(rig.position(0), Position::At(Offset(3)));
}

#[test]
fn a_topic_created_again_during_a_truncation_is_read_from_its_reset() {
    let mut rig = fetched(OffsetReset::Earliest);
    rig.offsets(100);
    rig.lead(0, 2, 4);
    let lookup = rig.validation();
    rig.ends(&lookup, ErrorCode::NONE, 3, 6);
    rig.lead_as(0, 2, 0, TopicId(uuid::Uuid::from_u128(2)));
    let lookup = rig.lookup();
    assert_eq!(lookup.wanted[0].target, Target::Earliest);
    rig.found(&lookup, ErrorCode::NONE, 0);
    assert_eq!(asked(&rig.fetch()), [(0, 0)]);
}
