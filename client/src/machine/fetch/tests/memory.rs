//! The budget, read-ahead, paused and slow partitions.

use super::*;
use crate::machine::fetch::decide::HOLD;

fn big(base: i64) -> Bytes {
    batch_of(base, 1, 900, LeaderEpoch(3), &Stamp::default())
}

/// Two partitions of at most 1,000 bytes a fetch and 4,000 bytes in all.
fn small() -> Rig {
    let config =
        FetchConfig { partition_max_bytes: 1_000, buffer_bytes: 4_000, ..FetchConfig::default() };
    Rig::new(config, &[(0, Start::at(0)), (1, Start::at(0))])
}

#[test]
fn a_fetch_asks_for_no_more_than_its_partitions_may_bring_or_half_the_buffer() {
    let mut rig = small();
    assert_eq!(rig.fetch().max_bytes, 2_000);
    let mut rig = Rig::at(0);
    assert_eq!(rig.fetch().max_bytes, 1024 * 1024);
}

#[test]
fn what_is_asked_for_counts_until_it_is_delivered() {
    let mut rig = small();
    rig.fetch();
    assert_eq!(rig.machine.budget.free(), 2_000);
    rig.answer(B1, vec![data(0, big(0)), nothing(1)]);
    assert_eq!(rig.machine.budget.free(), 4_000 - big(0).len());
    rig.fetch();
    rig.offsets(1);
    rig.settle();
    assert_eq!(rig.machine.budget.held(), 0);
}

#[test]
fn a_first_batch_larger_than_the_buffer_is_delivered() {
    let mut rig = small();
    rig.fetch();
    let huge = batch_of(0, 1, 50_000, LeaderEpoch(3), &Stamp::default());
    rig.answer(B1, vec![data(0, huge), nothing(1)]);
    assert!(rig.fetches().is_empty(), "the buffer is more than full");
    assert_eq!(rig.offsets(10), [0]);
    assert_eq!(asked(&rig.fetch()), [(0, 1)]);
}

#[test]
fn a_caller_who_does_not_poll_stops_the_fetching_at_a_bounded_amount() {
    let mut rig = small();
    let mut base = [0, 0];
    for _ in 0..100 {
        rig.advance(HOLD);
        for plan in rig.fetches() {
            let mut answer = Vec::new();
            for wish in plan.session.send {
                let partition = wish.name.partition.get();
                answer.push(data(partition, big(base[partition as usize])));
                base[partition as usize] += 1;
            }
            rig.answer(B1, answer);
        }
    }
    assert!(rig.machine.budget.held() <= 4_000, "{}", rig.machine.budget.held());
    assert!(rig.fetches().is_empty());
    let total = (base[0] + base[1]) as usize;
    assert_eq!(rig.poll(1_000).len(), total, "and nothing of it is lost");
}

#[test]
fn paused_partitions_keep_what_they_hold_and_do_not_stop_the_others() {
    let config =
        FetchConfig { partition_max_bytes: 1_000, buffer_bytes: 1_000, ..FetchConfig::default() };
    let mut rig = Rig::new(config, &[(0, Start::at(0)), (1, Start::at(0))]);
    rig.fetch();
    rig.answer(
        B1,
        vec![data(0, batch_of(0, 2, 900, LeaderEpoch(3), &Stamp::default())), nothing(1)],
    );
    let paused = rig.slot(0);
    rig.shelf.pause(paused);
    let plan = rig.fetch();
    assert_eq!(plan.max_bytes, 1_000, "one smallest fetch beyond the budget");
    rig.answer(B1, vec![data(1, big(0))]);
    rig.settle();
    assert_eq!(rig.poll(100), [(1, 0)]);
    rig.shelf.resume(paused);
    assert_eq!(rig.poll(100), [(0, 0), (0, 1)]);
}

#[test]
fn a_slow_partition_that_holds_enough_is_left_out_after_a_moment() {
    let config = FetchConfig { partition_max_bytes: 1_000, ..FetchConfig::default() };
    let mut rig = Rig::new(config, &[(0, Start::at(0)), (1, Start::at(0))]);
    rig.fetch();
    let full = batch_of(0, 2, 600, LeaderEpoch(3), &Stamp::default());
    rig.answer(B1, vec![data(0, full), nothing(1)]);
    assert!(rig.fetches().is_empty(), "it may be emptied any moment");
    rig.advance(HOLD);
    let plan = rig.fetch();
    assert_eq!(forgotten(&plan), [0]);
    assert!(plan.max_wait <= HOLD, "so that it is soon taken in again");
}

#[test]
fn a_partition_that_is_emptied_in_time_is_fetched_with_the_others() {
    let config = FetchConfig { partition_max_bytes: 1_000, ..FetchConfig::default() };
    let mut rig = Rig::new(config, &[(0, Start::at(0)), (1, Start::at(0))]);
    rig.fetch();
    let full = batch_of(0, 2, 600, LeaderEpoch(3), &Stamp::default());
    rig.answer(B1, vec![data(0, full), nothing(1)]);
    assert!(rig.fetches().is_empty());
    assert_eq!(rig.offsets(2), [0, 1]);
    let plan = rig.fetch();
    assert_eq!((asked(&plan), forgotten(&plan)), (vec![(0, 2)], vec![]));
    assert_eq!(plan.max_wait, Duration::from_millis(500));
}

#[test]
fn what_a_seek_drops_is_given_back() {
    let mut rig = small();
    rig.fetch();
    rig.answer(B1, vec![data(0, big(0)), nothing(1)]);
    rig.fetch();
    let slot = rig.slot(0);
    rig.shelf.seek(slot, Start::at(500));
    rig.settle();
    assert_eq!(rig.machine.budget.held(), 0);
    // What was on its way when the caller sought is dropped when it arrives.
    rig.answer(B1, vec![data(0, big(1))]);
    rig.settle();
    assert_eq!(rig.machine.budget.held(), 0);
}

#[test]
fn a_paused_partition_does_not_hold_on_to_the_answer_it_came_in() {
    let mut rig = small();
    rig.fetch();
    let frame = big(0);
    rig.answer(B1, vec![data(0, frame.clone()), nothing(1)]);
    rig.settle();
    assert!(!frame.is_unique());
    let slot = rig.slot(0);
    rig.shelf.pause(slot);
    assert!(frame.is_unique());
    rig.shelf.resume(slot);
    assert_eq!(rig.offsets(10), [0]);
}

#[test]
fn the_share_of_a_broker_shrinks_with_their_number() {
    let mut rig = small();
    rig.lead(1, 2, 3);
    let plans = rig.fetches();
    assert_eq!(plans.iter().map(|plan| plan.max_bytes).collect::<Vec<_>>(), [1_000, 1_000]);
}

#[test]
fn a_fetch_that_waits_for_a_deposed_leader_is_taken_back() {
    let mut rig = Rig::at(0);
    rig.fetch();
    rig.lead(0, 2, 4);
    let effects = rig.settle();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Withdraw(B1))), "{effects:?}");
    assert!(!rig.settle().iter().any(|effect| matches!(effect, Effect::Withdraw(_))), "once");
}

#[test]
fn partitions_whose_starts_are_looked_up_are_fetched_together_with_the_others() {
    let starts = [(0, Start::Earliest), (1, Start::at(7))];
    let mut rig = Rig::new(FetchConfig::default(), &starts);
    let effects = rig.settle();
    let [Effect::ListOffsets(lookup)] = effects.as_slice() else { panic!("{effects:?}") };
    rig.found(lookup, ErrorCode::NONE, 3);
    assert_eq!(asked(&rig.fetch()), [(0, 3), (1, 7)]);
}

#[test]
fn a_start_that_is_never_found_does_not_stop_the_others() {
    let starts = [(0, Start::Earliest), (1, Start::at(7))];
    let mut rig = Rig::new(FetchConfig::default(), &starts);
    rig.lookup();
    rig.advance(HOLD);
    let plan = rig.fetch();
    assert_eq!((asked(&plan), plan.max_wait), (vec![(1, 7)], HOLD));
}
