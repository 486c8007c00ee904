use super::*;
use crate::config::producer::Idempotence;
use crate::error::Hindrance;

const GAP: ErrorCode = ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER;

#[test]
fn a_retry_resends_identical_bytes() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 3);
    let first = bench.next();
    bench.lose(&first);
    bench.back_off();
    let again = bench.next();
    assert_eq!(again.bytes(), first.bytes());
    bench.ack(&again, 10);
    assert_eq!(bench.acknowledged("a"), Some(10));
}

#[test]
fn sequences_follow_each_other_by_record() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 3);
    bench.batch(A, "b", 2);
    assert_eq!(bench.next().numbers(), (0, 1, 3));
    assert_eq!(bench.next().numbers(), (0, 4, 2));
}

#[test]
fn at_most_five_batches_of_a_partition_are_in_flight() {
    let mut bench = Bench::with(ProducerConfig { max_in_flight: 5, ..Default::default() });
    for name in ["1", "2", "3", "4", "5", "6"] {
        bench.batch(A, name, 1);
    }
    assert_eq!(bench.sent.len(), 5);
    let head = bench.next();
    bench.ack(&head, 1);
    assert_eq!(bench.sent.len(), 5);
}

#[test]
fn retries_go_back_in_order_one_at_a_time_until_the_head_is_resolved() {
    let mut bench = Bench::new();
    for name in ["a", "b", "c"] {
        bench.batch(A, name, 1);
    }
    let (a, b, c) = (bench.next(), bench.next(), bench.next());
    bench.lose(&a);
    bench.lose(&b);
    bench.lose(&c);
    bench.batch(A, "d", 1);
    bench.back_off();
    for (sent, offset) in [(&a, 1), (&b, 2), (&c, 3)] {
        assert_eq!(bench.sent.len(), 1, "one at a time");
        let again = bench.next();
        assert_eq!(again.bytes(), sent.bytes());
        bench.ack(&again, offset);
    }
    assert_eq!(bench.next().numbers(), (0, 4, 1), "then what is new");
}

#[test]
fn a_gap_before_a_batch_that_is_not_the_head_is_retried_without_a_bump() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    bench.batch(A, "b", 1);
    let (a, b) = (bench.next(), bench.next());
    bench.answer_code(&a, ErrorCode::NOT_ENOUGH_REPLICAS, -1);
    bench.answer_code(&b, GAP, -1);
    bench.back_off();
    let again = bench.next();
    assert_eq!(again.numbers(), (0, 1, 1));
    bench.ack(&again, 1);
    let again = bench.next();
    assert_eq!(again.numbers(), (0, 2, 1));
    bench.ack(&again, 2);
    assert_eq!((bench.acknowledged("a"), bench.acknowledged("b")), (Some(1), Some(2)));
    assert_eq!(bench.losses, 0);
}

#[test]
fn a_gap_before_the_head_bumps_the_epoch_of_that_partition_only() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 2);
    bench.batch(A, "b", 1);
    let (a, b) = (bench.next(), bench.next());
    bench.answer_code(&a, GAP, -1);
    bench.nothing_goes_out();
    bench.answer_code(&b, GAP, -1);
    assert_eq!(bench.losses, 1, "records that were acknowledged are gone");
    let again = bench.next();
    assert_eq!(again.numbers(), (1, 0, 2));
    bench.ack(&again, 5);
    assert_eq!(bench.next().numbers(), (1, 2, 1));
    bench.batch(B, "other", 1);
    assert_eq!(bench.next().numbers(), (0, 1, 1), "the other partition never notices");
}

#[test]
fn a_gap_that_retention_explains_is_no_loss() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    let answer = PartitionAnswer { log_start: Some(Offset(90)), ..said(A, GAP, -1) };
    bench.answer(&a, Answer::Partitions(vec![answer]));
    assert_eq!(bench.losses, 0);
    assert_eq!(bench.next().numbers(), (1, 0, 1));
}

#[test]
fn a_duplicate_is_a_success_without_an_offset() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    bench.answer_code(&a, ErrorCode::DUPLICATE_SEQUENCE_NUMBER, -1);
    assert_eq!(bench.acknowledged("a"), None);
}

#[test]
fn a_forgotten_producer_is_asked_again_until_the_log_start_is_known_and_then_starts_anew() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    let unknown = ErrorCode::UNKNOWN_PRODUCER_ID;
    let answer = PartitionAnswer { log_start: None, ..said(A, unknown, -1) };
    bench.answer(&a, Answer::Partitions(vec![answer]));
    bench.back_off();
    let again = bench.next();
    assert_eq!(again.bytes(), a.bytes());
    let answer = PartitionAnswer { log_start: Some(Offset(50)), ..said(A, unknown, -1) };
    bench.answer(&again, Answer::Partitions(vec![answer]));
    assert_eq!(bench.next().numbers(), (1, 0, 1));
    assert_eq!(bench.losses, 0);
}

#[test]
fn a_sequence_whose_outcome_is_unknown_is_never_given_to_other_records() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    bench.lose(&a);
    bench.pass(Duration::from_secs(120));
    assert_eq!(bench.failed("a").persistence(), Persistence::Possibly);
    bench.sent.clear();
    bench.batch(A, "b", 1);
    assert_eq!(bench.next().numbers(), (1, 0, 1), "another epoch, not sequence 1 again");
}

#[test]
fn a_sequence_that_certainly_reached_no_log_is_given_out_again() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    bench.answer_code(&a, ErrorCode::INVALID_RECORD, -1);
    assert_eq!(bench.failed("a").persistence(), Persistence::No);
    bench.batch(A, "b", 1);
    assert_eq!(bench.next().numbers(), (0, 1, 1));
}

#[test]
fn a_broker_side_timeout_leaves_it_possible_that_the_record_was_written() {
    for code in [ErrorCode::REQUEST_TIMED_OUT, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND] {
        let mut bench = Bench::new();
        bench.batch(A, "a", 1);
        let a = bench.next();
        bench.answer_code(&a, code, 4);
        bench.sent.clear();
        bench.pass(Duration::from_secs(120));
        let error = bench.failed("a");
        assert_eq!(error.persistence(), Persistence::Possibly, "{code}");
    }
}

#[test]
fn too_few_replicas_before_the_append_leave_the_record_certainly_unwritten() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let mut sent = bench.next();
    while bench.is_open("a") {
        bench.answer_code(&sent, ErrorCode::NOT_ENOUGH_REPLICAS, -1);
        bench.back_off();
        match bench.sent.pop_front() {
            Some(again) => sent = again,
            None => bench.pass(Duration::from_secs(1)),
        }
        if bench.now > MonoTime::from_millis(121_000) {
            bench.answer_code(&sent, ErrorCode::NOT_ENOUGH_REPLICAS, -1);
        }
    }
    let error = bench.failed("a");
    let last = Some(Hindrance::Code(ErrorCode::NOT_ENOUGH_REPLICAS));
    assert!(
        matches!(error.kind(), ProduceErrorKind::DeliveryTimeout { last: l, .. } if *l == last)
    );
    assert!(error.attempts() > 10 && error.broker() == Some(ONE));
}

#[test]
fn the_delivery_timeout_resolves_callers_on_time_while_the_slot_stays_held() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    bench.pass(Duration::from_secs(119));
    assert!(bench.is_open("a"));
    bench.batch(A, "b", 1);
    let b = bench.next();
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.failed("a").persistence(), Persistence::Possibly);
    // The answer comes after all: nothing is in doubt, and no epoch is spent.
    bench.ack(&a, 1);
    bench.ack(&b, 2);
    bench.batch(A, "c", 1);
    assert_eq!(bench.next().numbers(), (0, 3, 1));
    assert_eq!(bench.done.iter().filter(|(name, ..)| *name == "a").count(), 1);
}

#[test]
fn after_a_batch_expired_with_unknown_outcome_the_partition_goes_on_once_the_wire_has_resolved() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    bench.pass(Duration::from_secs(120));
    assert!(!bench.is_open("a"));
    bench.batch(A, "b", 1);
    let b = bench.next();
    assert_eq!(b.numbers(), (0, 2, 1), "in flight behind it, as before");
    bench.batch(B, "other", 1);
    let other = bench.next();
    assert_eq!(other.numbers(), (0, 1, 1));
    bench.lose(&a);
    bench.lose(&b);
    bench.back_off();
    // Whether "b" is in the log cannot be told without asking: the same bytes first.
    let again = bench.next();
    assert_eq!(again.bytes(), b.bytes());
    bench.answer_code(&again, GAP, -1);
    assert_eq!(bench.next().numbers(), (1, 0, 1));
    assert_eq!(bench.losses, 0, "nothing acknowledged was lost");
}

#[test]
fn a_batch_behind_an_expired_one_that_was_written_needs_no_bump() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    bench.pass(Duration::from_secs(110));
    bench.batch(A, "b", 1);
    let b = bench.next();
    bench.lose(&a);
    bench.lose(&b);
    bench.pass(Duration::from_secs(10));
    assert!(!bench.is_open("a") && bench.is_open("b"));
    let again = bench.next();
    assert_eq!(again.bytes(), b.bytes());
    bench.ack(&again, 2);
    bench.batch(A, "c", 1);
    assert_eq!(bench.next().numbers(), (0, 3, 1));
}

#[test]
fn no_batch_of_a_new_epoch_goes_out_while_one_of_the_old_epoch_is_in_flight() {
    let mut bench = Bench::new();
    for name in ["a", "b", "c"] {
        bench.batch(A, name, 1);
    }
    let (a, b, c) = (bench.next(), bench.next(), bench.next());
    bench.answer_code(&a, ErrorCode::INVALID_RECORD, -1);
    bench.batch(A, "d", 1);
    bench.nothing_goes_out();
    bench.answer_code(&b, GAP, -1);
    bench.nothing_goes_out();
    bench.answer_code(&c, GAP, -1);
    let again = bench.next();
    assert_eq!(again.numbers(), (1, 0, 1));
    bench.nothing_goes_out();
    bench.ack(&again, 1);
    assert_eq!(bench.next().numbers(), (1, 1, 1));
    assert_eq!(bench.next().numbers(), (1, 2, 1));
}

#[test]
fn one_poisoned_record_does_not_delay_another_partition() {
    let mut bench = Bench::new();
    bench.batch(A, "poison", 1);
    bench.batch(A, "a", 1);
    let poison = bench.next();
    let _a_on_the_wire = bench.next();
    bench.answer_code(&poison, ErrorCode::INVALID_TIMESTAMP, -1);
    bench.batch(B, "b", 1);
    let b = bench.next();
    assert_eq!(b.numbers(), (0, 1, 1));
    bench.ack(&b, 1);
    assert_eq!(bench.acknowledged("b"), Some(1));
}

#[test]
fn one_partition_without_replicas_does_not_delay_another() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let mut a = bench.next();
    for round in 0..20 {
        bench.answer_code(&a, ErrorCode::NOT_ENOUGH_REPLICAS, -1);
        bench.batch(B, "b", 1);
        let b = bench.next();
        assert_eq!(b.lanes(), [1]);
        bench.ack(&b, round);
        bench.back_off();
        a = bench.next();
    }
    assert!(bench.is_open("a"));
}

#[test]
fn used_up_epochs_lead_to_another_producer_id_and_lose_nothing() {
    let mut bench = Bench::blank(ProducerConfig::default());
    bench.machine.on_producer_id(bench.now, incarnation(7, i16::MAX));
    bench.batch(A, "a", 1);
    bench.ack_next(0);
    bench.batch(A, "b", 1);
    let b = bench.next();
    let asked = bench.ids_asked;
    bench.answer_code(&b, GAP, -1);
    assert_eq!(bench.ids_asked, asked + 1);
    bench.nothing_goes_out();
    bench.machine.on_producer_id(bench.now, incarnation(8, 0));
    bench.settle();
    let again = bench.next();
    assert_eq!(again.parts[0].stamp.producer_id, ProducerId(8));
    assert_eq!(again.numbers(), (0, 0, 1));
    bench.ack(&again, 1);
    assert_eq!(bench.acknowledged("b"), Some(1));
}

#[test]
fn after_a_change_of_leader_the_old_one_is_drained_and_then_one_batch_probes_the_new() {
    let mut bench = Bench::new();
    for name in ["a", "b"] {
        bench.batch(A, name, 1);
    }
    let (a, b) = (bench.next(), bench.next());
    bench.lead(A, Some(TWO), 2);
    bench.batch(A, "c", 1);
    bench.batch(A, "d", 1);
    bench.nothing_goes_out();
    bench.answer_code(&a, ErrorCode::NOT_LEADER_OR_FOLLOWER, -1);
    bench.nothing_goes_out();
    bench.answer_code(&b, ErrorCode::NOT_LEADER_OR_FOLLOWER, -1);
    let again = bench.next();
    assert_eq!((again.broker, again.bytes()), (TWO, a.bytes()));
    bench.nothing_goes_out();
    bench.ack(&again, 1);
    let again = bench.ack_next(2);
    assert_eq!(again.bytes(), b.bytes());
    assert_eq!(bench.next().numbers(), (0, 3, 1));
    assert_eq!(bench.next().numbers(), (0, 4, 1));
}

#[test]
fn a_new_leader_probes_with_one_batch_even_if_nothing_was_in_flight() {
    let mut bench = Bench::new();
    bench.lead(A, Some(TWO), 2);
    for name in ["a", "b", "c"] {
        bench.batch(A, name, 1);
    }
    assert_eq!(bench.sent.len(), 1);
    bench.ack_next(1);
    assert_eq!(bench.sent.len(), 2);
}

#[test]
fn a_recreated_topic_carries_no_sequence() {
    let mut bench = Bench::new();
    bench.machine.on_leader(bench.now, A, (Some(ONE), LeaderEpoch(0)), id(2));
    bench.batch(A, "a", 1);
    let a = bench.next();
    assert_eq!(a.numbers(), (1, 0, 1));
    assert_eq!(a.parts[0].topic_id, id(2));
    bench.batch(B, "b", 1);
    assert_eq!(bench.next().numbers(), (0, 1, 1));
}

#[test]
fn a_recreated_topic_takes_what_was_in_flight_to_the_old_one() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    bench.machine.on_leader(bench.now, A, (Some(ONE), LeaderEpoch(0)), id(2));
    bench.settle();
    bench.nothing_goes_out();
    bench.answer_code(&a, ErrorCode::UNKNOWN_TOPIC_ID, -1);
    bench.back_off();
    assert_eq!(bench.next().numbers(), (1, 0, 1));
}

#[test]
fn a_batch_that_is_too_large_is_halved_down_to_single_records() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 4);
    bench.batch(A, "b", 1);
    let (whole, b) = (bench.next(), bench.next());
    bench.answer_code(&whole, ErrorCode::MESSAGE_TOO_LARGE, -1);
    bench.answer_code(&b, GAP, -1);
    let half = bench.next();
    assert_eq!(half.numbers(), (0, 1, 2));
    bench.answer_code(&half, ErrorCode::MESSAGE_TOO_LARGE, -1);
    let single = bench.next();
    assert_eq!(single.numbers(), (0, 1, 1));
    bench.ack(&single, 10);
    let single = bench.next();
    assert_eq!(single.numbers(), (0, 2, 1));
    bench.ack(&single, 11);
    let half = bench.next();
    assert_eq!(half.numbers(), (0, 3, 2));
    bench.ack(&half, 12);
    bench.ack_next(14);
    let spans: Vec<_> =
        bench.done.iter().map(|(n, first, count, _)| (*n, *first, *count)).collect();
    assert_eq!(spans, [("a", 0, 1), ("a", 1, 1), ("a", 2, 2), ("b", 0, 1)]);
    assert!(bench.done.iter().all(|(.., outcome)| outcome.is_ok()));
}

#[test]
fn a_single_record_that_is_too_large_fails_and_the_next_goes_on() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    bench.answer_code(&a, ErrorCode::MESSAGE_TOO_LARGE, -1);
    let code = ErrorCode::MESSAGE_TOO_LARGE;
    assert!(
        matches!(bench.failed("a").kind(), ProduceErrorKind::Refused { code: c, .. } if *c == code)
    );
    bench.batch(A, "b", 1);
    assert_eq!(bench.next().numbers(), (0, 1, 1));
}

#[test]
fn the_bad_record_fails_by_name_and_the_others_are_reported_not_written() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 4);
    let a = bench.next();
    let answer = PartitionAnswer {
        record_errors: vec![(2, Some("no key".into()))],
        ..said(A, ErrorCode::INVALID_RECORD, -1)
    };
    bench.answer(&a, Answer::Partitions(vec![answer]));
    let kinds: Vec<_> = bench
        .done
        .iter()
        .map(|(_, first, count, outcome)| {
            let error = outcome.as_ref().expect_err("refused");
            assert_eq!(error.persistence(), Persistence::No);
            (*first, *count, matches!(error.kind(), ProduceErrorKind::RecordRefused { .. }))
        })
        .collect();
    assert_eq!(kinds, [(0, 2, false), (2, 1, true), (3, 1, false)]);
}

#[test]
fn a_batch_that_is_found_corrupt_again_and_again_fails() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    for _ in 0..3 {
        let a = bench.next();
        bench.answer_code(&a, ErrorCode::CORRUPT_MESSAGE, -1);
        bench.back_off();
    }
    bench.nothing_goes_out();
    assert_eq!(bench.failed("a").attempts(), 3);
}

#[test]
fn an_answer_that_leaves_out_a_partition_leaves_its_outcome_unknown() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    let a = bench.next();
    bench.answer(&a, Answer::Partitions(Vec::new()));
    bench.back_off();
    assert_eq!(bench.next().bytes(), a.bytes());
    bench.pass(Duration::from_secs(120));
    assert_eq!(bench.failed("a").persistence(), Persistence::Possibly);
}

#[test]
fn a_request_carries_several_partitions_of_one_broker() {
    let mut bench = Bench::with(ProducerConfig { max_in_flight: 1, ..Default::default() });
    bench.batch(A, "a", 1);
    bench.batch(A, "a2", 1);
    bench.batch(B, "b", 1);
    let a = bench.next();
    bench.nothing_goes_out();
    bench.ack(&a, 1);
    assert_eq!(bench.next().lanes(), [0, 1]);
}

#[test]
fn a_request_is_no_larger_than_its_maximum_unless_one_batch_is() {
    let config = ProducerConfig {
        max_in_flight: 1,
        max_request_size: 300,
        batch_size: 200,
        ..Default::default()
    };
    let mut bench = Bench::with(config);
    bench.batch(A, "a", 1);
    let first = bench.next();
    bench.batch(A, "large", 20);
    bench.batch(B, "b", 20);
    bench.ack(&first, 1);
    let large = bench.next();
    assert_eq!(large.parts.len(), 1);
    bench.ack(&large, 2);
    assert_eq!(bench.next().parts.len(), 1);
}

#[test]
fn a_leaderless_partition_asks_for_metadata_until_it_has_a_leader_or_its_records_expire() {
    let mut bench = Bench::new();
    bench.lead(A, None, 2);
    bench.batch(A, "a", 1);
    let before = bench.refreshes;
    for _ in 0..5 {
        bench.pass(Duration::from_millis(200));
    }
    assert!(bench.refreshes >= before + 3, "{}", bench.refreshes);
    bench.pass(Duration::from_secs(120));
    let error = bench.failed("a");
    assert_eq!(error.persistence(), Persistence::No);
    assert!(matches!(
        error.kind(),
        ProduceErrorKind::DeliveryTimeout { last: Some(Hindrance::NoLeader), .. }
    ));
}

#[test]
fn batches_wait_for_a_producer_id_and_fail_if_none_can_be_had() {
    let mut bench = Bench::blank(ProducerConfig::default());
    assert_eq!(bench.ids_asked, 1, "before the first batch");
    bench.batch(A, "a", 1);
    bench.nothing_goes_out();
    let why = Hindrance::Code(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    bench.machine.on_no_producer_id(bench.now, why);
    bench.settle();
    assert!(matches!(bench.failed("a").kind(), ProduceErrorKind::NoProducerId(_)));
    bench.batch(A, "b", 1);
    assert_eq!(bench.ids_asked, 2, "the next batch asks again");
}

#[test]
fn a_fatal_error_ends_everything_in_every_partition() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 1);
    bench.batch(B, "b", 1);
    let a = bench.next();
    bench.answer_code(&a, ErrorCode::PRODUCER_FENCED, -1);
    assert_eq!(bench.failed("a").persistence(), Persistence::No);
    assert_eq!(bench.failed("b").persistence(), Persistence::Possibly, "it is on the wire");
    bench.batch(B, "c", 1);
    assert!(!bench.is_open("c"));
}

#[test]
fn closing_says_of_each_record_whether_it_may_have_been_written() {
    let mut bench = Bench::new();
    bench.batch(A, "on the wire", 1);
    bench.lead(B, None, 2);
    bench.batch(B, "here", 1);
    bench.machine.fail_everything(&ProduceErrorKind::Closed);
    bench.settle();
    assert_eq!(bench.failed("on the wire").persistence(), Persistence::Possibly);
    assert_eq!(bench.failed("here").persistence(), Persistence::No);
}

#[test]
fn a_producer_without_idempotence_sends_no_sequences_and_still_retries_in_order() {
    let config = ProducerConfig { idempotence: Idempotence::Off, ..Default::default() };
    let mut bench = Bench::with(config);
    bench.batch(A, "a", 1);
    bench.batch(A, "b", 1);
    let (a, b) = (bench.next(), bench.next());
    assert_eq!(a.numbers(), (-1, -1, 1));
    bench.lose(&a);
    bench.lose(&b);
    bench.back_off();
    assert_eq!(bench.next().bytes().payload, a.bytes().payload);
    bench.nothing_goes_out();
}

#[test]
fn a_request_that_was_written_without_awaiting_an_answer_counts_as_done() {
    let config = ProducerConfig { idempotence: Idempotence::Off, ..Default::default() };
    let mut bench = Bench::with(config);
    bench.batch(A, "a", 1);
    let a = bench.next();
    bench.answer(&a, Answer::Written);
    assert_eq!(bench.acknowledged("a"), None);
}

#[test]
fn a_batch_that_may_be_in_the_log_is_not_halved() {
    let mut bench = Bench::new();
    bench.batch(A, "a", 2);
    let a = bench.next();
    bench.lose(&a);
    bench.back_off();
    let again = bench.next();
    bench.answer_code(&again, ErrorCode::MESSAGE_TOO_LARGE, -1);
    assert_eq!(bench.failed("a").persistence(), Persistence::Possibly);
    bench.batch(A, "b", 1);
    assert_eq!(bench.next().numbers(), (1, 0, 1));
}

#[test]
fn an_open_batch_is_wanted_only_when_it_could_go_out_at_once() {
    let mut bench = Bench::new();
    assert!(bench.machine.wants(A));
    for name in ["1", "2", "3", "4", "5"] {
        bench.batch(A, name, 1);
    }
    assert!(!bench.machine.wants(A), "five are in flight");
    assert!(!bench.machine.wants(B), "and so many requests to its broker");
    let head = bench.next();
    bench.ack(&head, 1);
    assert!(bench.machine.wants(A) && bench.machine.wants(B));
    bench.lead(B, None, 2);
    assert!(bench.machine.wants(B), "so that somebody asks for the leader");
}
