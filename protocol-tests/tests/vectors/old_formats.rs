//! The record formats 0 and 1, which brokers before 4.0 still read and write: refused by their
//! magic, wherever they come from.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Buf, Bytes};
use milena_protocol::messages::ApiKey;
use milena_protocol::records::{self, BatchErrorKind};
use milena_protocol_tests::vectors::{Direction, Vector};

use crate::all;

fn take_string(bytes: &mut Bytes) -> Bytes {
    let length = bytes.get_i16();
    bytes.split_to(usize::try_from(length).unwrap_or(0))
}

/// The record sets of a Produce request below version 3 or of an answer to Fetch below version 4,
/// whose layouts the decoder does not know.
fn record_sets(vector: &Vector) -> Option<Vec<Bytes>> {
    let mut bytes = vector.frame.clone();
    let before_records = match (vector.key, vector.direction) {
        (ApiKey::Produce, Direction::Request) if vector.version < 3 => {
            bytes.advance(2 + 2 + 4);
            take_string(&mut bytes); // client id
            bytes.advance(2 + 4); // acks, time-out
            4 // partition
        }
        (ApiKey::Fetch, Direction::Response) if vector.version < 4 => {
            // Correlation id, and the throttle time from version 1 on.
            bytes.advance(if vector.version >= 1 { 4 + 4 } else { 4 });
            4 + 2 + 8 // partition, error code, high watermark
        }
        _ => return None,
    };
    let mut sets = Vec::new();
    for _ in 0..bytes.get_i32() {
        take_string(&mut bytes); // topic
        for _ in 0..bytes.get_i32() {
            bytes.advance(before_records);
            let length = bytes.get_i32();
            sets.push(bytes.split_to(usize::try_from(length).unwrap_or(0)));
        }
    }
    assert!(bytes.is_empty(), "{vector} has another layout");
    Some(sets)
}

#[test]
fn records_of_the_formats_0_and_1_are_refused_by_their_magic() {
    let mut seen: BTreeMap<(i16, i8), usize> = BTreeMap::new();
    for vector in all() {
        for set in record_sets(&vector).into_iter().flatten() {
            for batch in records::batches(set) {
                let error = batch.expect_err("a record of an old format is no batch");
                let BatchErrorKind::Magic { magic } = error.kind else {
                    panic!("{vector}: {error}");
                };
                // A reader can still go on behind it.
                assert_eq!(error.next_offset, Some(error.base_offset.next()), "{vector}");
                *seen.entry((vector.key as i16, magic)).or_default() += 1;
            }
        }
    }
    let seen: BTreeSet<(i16, i8)> = seen.into_keys().collect();
    let (produce, fetch) = (ApiKey::Produce as i16, ApiKey::Fetch as i16);
    assert_eq!(seen, [(produce, 0), (produce, 1), (fetch, 0), (fetch, 1)].into());
}
