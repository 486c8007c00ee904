//! Positions, starts, what is shown and what is passed.

use super::*;
use crate::config::consumer::IsolationLevel;
use crate::error::consume::ConsumeError;

fn committed() -> FetchConfig {
    FetchConfig { isolation: IsolationLevel::ReadCommitted, ..FetchConfig::default() }
}

#[test]
fn an_offset_is_fetched_at_once_and_each_record_is_delivered_once() {
    let mut rig = Rig::at(5);
    assert_eq!(asked(&rig.fetch()), [(0, 5)]);
    rig.answer(B1, vec![data(0, joined(&[batch(5, 2), batch(7, 3)]))]);
    assert_eq!(asked(&rig.fetch()), [(0, 10)], "the next fetch goes on behind what came");
    assert_eq!(rig.offsets(100), [5, 6, 7, 8, 9]);
    assert_eq!(rig.offsets(100), [0; 0]);
    assert_eq!(rig.position(0), Position::At(Offset(10)));
}

#[test]
fn a_start_that_only_the_leader_knows_is_looked_up_there() {
    for (start, target) in [
        (Start::Earliest, Target::Earliest),
        (Start::Latest, Target::Latest),
        (Start::Timestamp(5), Target::Timestamp(5)),
    ] {
        let mut rig = Rig::new(FetchConfig::default(), &[(0, start)]);
        assert_eq!(rig.position(0), Position::Pending);
        let lookup = rig.lookup();
        assert_eq!((lookup.broker, lookup.wanted[0].target), (B1, target));
        assert_eq!(lookup.wanted[0].leader_epoch, LeaderEpoch(3));
        rig.found(&lookup, ErrorCode::NONE, 40);
        assert_eq!(asked(&rig.fetch()), [(0, 40)]);
        assert_eq!(rig.position(0), Position::At(Offset(40)), "known before anything is read");
    }
}

#[test]
fn a_timestamp_behind_the_last_record_starts_at_the_end() {
    let mut rig = Rig::new(FetchConfig::default(), &[(0, Start::Timestamp(5))]);
    let lookup = rig.lookup();
    rig.found(&lookup, ErrorCode::NONE, -1);
    let lookup = rig.lookup();
    assert_eq!(lookup.wanted[0].target, Target::Latest);
    rig.found(&lookup, ErrorCode::NONE, 70);
    assert_eq!(asked(&rig.fetch()), [(0, 70)]);
}

#[test]
fn a_look_up_the_leader_cannot_answer_yet_is_asked_again_after_a_while() {
    let mut rig = Rig::new(FetchConfig::default(), &[(0, Start::Latest)]);
    let lookup = rig.lookup();
    rig.found(&lookup, ErrorCode::OFFSET_NOT_AVAILABLE, -1);
    assert!(rig.settle().is_empty());
    rig.now = rig.machine.poll_timeout().unwrap();
    assert_eq!(rig.lookup().wanted[0].target, Target::Latest);
}

#[test]
fn a_look_up_is_asked_anew_when_the_leader_changes_and_the_old_answer_is_dropped() {
    let mut rig = Rig::new(FetchConfig::default(), &[(0, Start::Earliest)]);
    let old = rig.lookup();
    rig.lead(0, 2, 4);
    let new = rig.lookup();
    assert_eq!(new.broker, B2);
    rig.found(&old, ErrorCode::NONE, 10);
    assert!(rig.fetches().is_empty());
    rig.found(&new, ErrorCode::NONE, 20);
    assert_eq!(asked(&rig.fetch()), [(0, 20)]);
}

#[test]
fn a_fetch_offset_inside_a_batch_delivers_from_there_on() {
    let mut rig = Rig::at(7);
    rig.fetch();
    rig.answer(B1, vec![data(0, batch(5, 5))]);
    rig.settle();
    assert_eq!(rig.offsets(100), [7, 8, 9]);
}

#[test]
fn the_position_moves_on_delivery_and_may_stand_within_a_batch() {
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.answer(B1, vec![data(0, batch(0, 5))]);
    rig.settle();
    assert_eq!(rig.position(0), Position::At(Offset(0)));
    assert_eq!(rig.offsets(2), [0, 1]);
    assert_eq!(rig.position(0), Position::At(Offset(2)));
    assert_eq!(rig.offsets(2), [2, 3]);
    assert_eq!(rig.offsets(2), [4]);
    assert_eq!(rig.position(0), Position::At(Offset(5)));
}

#[test]
fn the_position_passes_markers_and_batches_that_compaction_emptied() {
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.answer(B1, vec![data(0, joined(&[batch(0, 1), emptied(1, 9), marker(10, 1)]))]);
    assert_eq!(asked(&rig.fetch()), [(0, 11)]);
    assert_eq!(rig.offsets(100), [0]);
    assert_eq!(rig.position(0), Position::At(Offset(11)));
}

#[test]
fn an_answer_with_nothing_to_show_moves_the_position_too() {
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.answer(B1, vec![data(0, joined(&[emptied(0, 10), marker(10, 0)]))]);
    assert_eq!(asked(&rig.fetch()), [(0, 11)]);
    assert_eq!(rig.offsets(100), [0; 0]);
    assert_eq!(rig.position(0), Position::At(Offset(11)));
    rig.settle();
    assert_eq!(rig.machine.budget.held(), 0);
}

#[test]
fn read_committed_passes_aborted_batches_and_shows_committed_ones() {
    let mut rig = Rig::new(committed(), &[(0, Start::at(0))]);
    assert_eq!(rig.fetch().isolation, IsolationLevel::ReadCommitted);
    let bytes = joined(&[
        transactional(0, 2),
        marker(2, 0),
        transactional(3, 2),
        marker(5, 1),
        batch(6, 1),
    ]);
    rig.answer(B1, vec![aborting(data(0, bytes), 0)]);
    assert_eq!(asked(&rig.fetch()), [(0, 7)]);
    assert_eq!(rig.offsets(100), [3, 4, 6]);
    assert_eq!(rig.position(0), Position::At(Offset(7)));
    assert_eq!(rig.shelf.end(rig.slot(0)), Some(Offset(900_000)), "the last stable offset");
}

#[test]
fn an_aborted_tail_moves_the_position_when_its_turn_comes() {
    let mut rig = Rig::new(committed(), &[(0, Start::at(0))]);
    rig.fetch();
    let bytes = joined(&[batch(0, 1), transactional(1, 2)]);
    rig.answer(B1, vec![aborting(data(0, bytes), 1)]);
    rig.settle();
    assert_eq!(rig.position(0), Position::At(Offset(0)));
    assert_eq!(rig.offsets(1), [0]);
    assert_eq!(rig.position(0), Position::At(Offset(3)));
}

#[test]
fn a_corrupt_batch_is_an_error_behind_what_precedes_it_and_can_be_passed() {
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.answer(B1, vec![data(0, joined(&[batch(0, 3), damaged(3, 4), batch(7, 1)]))]);
    assert!(rig.fetches().is_empty(), "nothing is asked for until the caller decides");
    assert_eq!(rig.offsets(3), [0, 1, 2]);
    let error = rig.error();
    let ConsumeError::CorruptBatch {
        partition: PartitionIndex(0),
        offset: Offset(3),
        next_offset: Offset(7),
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(error.next_offset(), Some(Offset(7)));
    rig.advance(Duration::from_secs(3_600));
    assert!(rig.fetches().is_empty(), "and is not tried again by itself");
    let slot = rig.slot(0);
    rig.shelf.seek(slot, Start::at(7));
    assert_eq!(asked(&rig.fetch()), [(0, 7)]);
}

#[test]
fn a_batch_in_an_unknown_compression_is_told_apart_from_a_damaged_one() {
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.answer(B1, vec![data(0, compressed(0, 4))]);
    rig.settle();
    let error = rig.error();
    assert!(matches!(
        error,
        ConsumeError::UnsupportedBatch { offset: Offset(0), next_offset: Offset(4), .. }
    ));
    assert!(error.to_string().contains("codec with id 5"), "{error}");
    assert!(!error.is_retriable() && !error.is_fatal());
}

#[test]
fn a_stopped_partition_is_tried_again_where_it_stopped_when_it_is_resumed() {
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.answer(B1, vec![data(0, damaged(0, 4))]);
    rig.settle();
    rig.error();
    let slot = rig.slot(0);
    rig.shelf.resume(slot);
    let plan = rig.fetch();
    assert_eq!((asked(&plan), forgotten(&plan)), (vec![], vec![]), "the session knows the offset");
    rig.answer(B1, vec![data(0, batch(0, 4))]);
    rig.settle();
    assert_eq!(rig.offsets(10), [0, 1, 2, 3]);
}

#[test]
fn bytes_without_a_complete_batch_are_an_error_and_not_a_loop() {
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.answer(B1, vec![data(0, batch(0, 4).slice(..40))]);
    assert!(rig.fetches().is_empty());
    assert!(matches!(
        rig.error(),
        ConsumeError::CorruptBatch { offset: Offset(0), next_offset: Offset(1), .. }
    ));
}

#[test]
fn a_batch_cut_off_at_the_end_of_an_answer_is_fetched_again() {
    let mut rig = Rig::at(0);
    rig.fetch();
    let second = batch(2, 2);
    rig.answer(B1, vec![data(0, joined(&[batch(0, 2), second.slice(..30)]))]);
    assert_eq!(asked(&rig.fetch()), [(0, 2)]);
    assert_eq!(rig.offsets(100), [0, 1]);
}

#[test]
fn an_answer_with_only_batches_below_the_position_is_not_asked_for_again_at_once() {
    let mut rig = Rig::at(50);
    rig.fetch();
    rig.answer(B1, vec![data(0, batch(0, 4))]);
    assert!(rig.fetches().is_empty());
    rig.now = rig.machine.poll_timeout().unwrap();
    assert_eq!(rig.fetch().session.session_epoch, 1);
}

#[test]
fn partitions_take_turns() {
    let starts = [(0, Start::at(0)), (1, Start::at(0))];
    let mut rig = Rig::new(FetchConfig::default(), &starts);
    rig.fetch();
    rig.answer(B1, vec![data(0, batch(0, 2)), data(1, batch(0, 2))]);
    rig.fetch();
    rig.answer(B1, vec![data(0, batch(2, 2)), data(1, batch(2, 2))]);
    rig.settle();
    assert_eq!(rig.poll(100), [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (0, 3), (1, 2), (1, 3)]);
}

#[test]
fn each_record_taken_alone_is_the_same_as_taken_together() {
    let mut rig = Rig::at(1);
    rig.fetch();
    rig.answer(B1, vec![data(0, joined(&[batch(0, 3), emptied(3, 2), batch(5, 2)]))]);
    rig.settle();
    let mut offsets = Vec::new();
    while let Some(Step::Records((batch, spans))) = rig.shelf.take_one() {
        assert_eq!(batch.bytes(spans.value.unwrap()), b"vvvvvvvvvv");
        offsets.push((spans.offset.get(), rig.position(0)));
    }
    let at = |offset| Position::At(Offset(offset));
    assert_eq!(offsets, [(1, at(2)), (2, at(3)), (5, at(6)), (6, at(7))]);
}

#[test]
fn an_unknown_topic_is_reported_once_and_read_when_it_appears() {
    let config = FetchConfig::default();
    let shelf = Shelf::new(&config);
    let mut rig =
        Rig { machine: FetchMachine::new(config), shelf, now: MonoTime::ZERO, refreshes: 0 };
    let slot = rig.shelf.assign(orders(0), Start::at(0)).unwrap();
    rig.machine.assign(rig.now, slot, orders(0), Generation::default(), Start::at(0));
    assert!(rig.settle().is_empty());
    assert!(rig.refreshes > 0);
    rig.advance(Duration::from_secs(60));
    rig.settle();
    assert!(matches!(rig.error(), ConsumeError::UnknownPartition { .. }));
    rig.advance(Duration::from_secs(600));
    rig.settle();
    assert!(rig.shelf.take(1).is_none());
    rig.lead(0, 1, 0);
    assert_eq!(asked(&rig.fetch()), [(0, 0)]);
}
