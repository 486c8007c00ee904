//! What an attempt with an unknown outcome may have written stays in doubt, whatever is said of the
//! attempts after it.

use super::*;

/// A batch of two records whose first attempt got no answer, and its second attempt.
fn sent_again(bench: &mut Bench) -> Sent {
    bench.batch(A, "doubted", 2);
    let first = bench.next();
    bench.lose(&first);
    bench.back_off();
    bench.next()
}

/// Its records may be in the log, and no other record gets their numbers.
fn stays_in_doubt(bench: &mut Bench, sent: &Sent) {
    assert_eq!(bench.failed("doubted").persistence(), Persistence::Possibly);
    let (epoch, base, count) = sent.numbers();
    bench.batch(A, "next", 1);
    bench.back_off();
    let (next_epoch, next_base, _) = bench.next().numbers();
    assert!(next_epoch > epoch || next_base >= base + count as i32, "{next_epoch}, {next_base}");
}

#[test]
fn a_broker_that_lost_a_version_does_not_undo_what_it_may_have_written() {
    let mut bench = Bench::new();
    let again = sent_again(&mut bench);
    let kind = RequestErrorKind::UnsupportedVersion { message: "none in common".into() };
    bench.answer(&again, Answer::Lost { kind, written: Persistence::No });
    stays_in_doubt(&mut bench, &again);
}

#[test]
fn a_batch_found_corrupt_on_the_way_may_have_been_written_before() {
    let mut bench = Bench::new();
    let mut again = sent_again(&mut bench);
    for _ in 0..2 {
        bench.answer_code(&again, ErrorCode::CORRUPT_MESSAGE, -1);
        bench.back_off();
        bench.back_off();
        again = bench.next();
    }
    bench.answer_code(&again, ErrorCode::CORRUPT_MESSAGE, -1);
    stays_in_doubt(&mut bench, &again);
}

#[test]
fn numbers_below_acknowledged_ones_are_not_given_out_again() {
    let mut bench = Bench::new();
    bench.batch(A, "first", 3);
    bench.batch(A, "second", 2);
    let first = bench.next();
    let second = bench.next();
    // No broker may do this: the second before the first.
    bench.ack(&second, 10);
    let kind = RequestErrorKind::Encode { message: "too long".into() };
    bench.answer(&first, Answer::Lost { kind, written: Persistence::No });
    assert_eq!(bench.failed("first").persistence(), Persistence::No);
    bench.batch(A, "third", 3);
    bench.back_off();
    let (epoch, ..) = bench.next().numbers();
    assert!(epoch > second.numbers().0, "a hole is only left behind by another epoch");
}
