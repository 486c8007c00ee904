//! Batches that a broker finds too large.

use super::*;

#[test]
fn whoever_fills_the_next_batch_is_told_that_one_was_halved() {
    let mut bench = Bench::new();
    bench.batch(B, "large", 4);
    let sent = bench.next();
    bench.answer_code(&sent, ErrorCode::MESSAGE_TOO_LARGE, -1);
    assert_eq!(bench.halvings, [B]);
    let front = bench.ack_next(10);
    let back = bench.ack_next(12);
    assert_eq!((front.numbers().2, back.numbers().2), (2, 2));
}

#[test]
fn a_record_that_cannot_be_halved_says_nothing_of_the_next_batch() {
    let mut bench = Bench::new();
    bench.batch(B, "large", 1);
    let sent = bench.next();
    bench.answer_code(&sent, ErrorCode::MESSAGE_TOO_LARGE, -1);
    assert!(bench.halvings.is_empty());
    assert_eq!(bench.failed("large").persistence(), Persistence::No);
}
