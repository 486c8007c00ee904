//! The records of internal topics, as brokers wrote them.

use std::collections::BTreeSet;

use bytes::Bytes;
use milena_protocol::internal::{GroupKey, GroupValue, TransactionKey, TransactionValue};
use milena_protocol::records;
use milena_protocol_tests::vectors::Vector;

use crate::all;

/// Keys and values of the topic's records, each with the vector that they are from.
fn records_of(topic: &str) -> Vec<(Vector, Bytes, Option<Bytes>)> {
    let mut found = Vec::new();
    // Only the Java client fetches them, and never two of them at once.
    let vectors = all().into_iter();
    let vectors = vectors.filter(|it| it.source.name.starts_with("java-to-"));
    for vector in vectors.filter(|it| it.note.contains(topic)) {
        for batch in vector.record_sets().into_iter().flat_map(|set| records::batches(set.records))
        {
            let batch = batch.unwrap_or_else(|error| panic!("{vector}: {error}"));
            if batch.is_control() {
                continue;
            }
            for record in batch.records().expect("internal topics are not compressed") {
                let record = record.unwrap_or_else(|error| panic!("{vector}: {error}"));
                let key = Bytes::copy_from_slice(record.key.expect("every record has a key"));
                found.push((vector.clone(), key, record.value.map(Bytes::copy_from_slice)));
            }
        }
    }
    found
}

#[test]
fn the_records_of_groups_are_read_and_written_again_to_the_same_bytes() {
    let mut types = BTreeSet::new();
    let mut tombstones = 0;
    for (vector, key, value) in records_of("__consumer_offsets") {
        let read = GroupKey::decode(key.clone());
        let read = read.unwrap_or_else(|error| panic!("{vector}: {error}"));
        assert_eq!(read.encode().unwrap(), key, "{vector}");
        types.insert(read.record_type());
        let Some(value) = value else {
            tombstones += 1;
            continue;
        };
        let read = GroupValue::decode(read.record_type(), value.clone());
        let (version, read) = read.unwrap_or_else(|error| panic!("{vector}: {error}"));
        assert_eq!(read.encode(version).unwrap(), value, "{vector}: {read:?}");
    }
    // Offsets, classic groups, and the records of the consumer protocol of KIP-848.
    assert!(types.is_superset(&[1, 2, 3, 5, 6, 7, 8].into()), "{types:?}");
    assert!(tombstones > 0);
}

#[test]
fn the_records_of_transactions_are_read_and_written_again_to_the_same_bytes() {
    let mut versions = BTreeSet::new();
    for (vector, key, value) in records_of("__transaction_state") {
        let read = TransactionKey::decode(key.clone());
        let read = read.unwrap_or_else(|error| panic!("{vector}: {error}"));
        assert_eq!(read.encode().unwrap(), key, "{vector}");
        let value = value.expect("no transactional id has expired");
        let read = TransactionValue::decode(read.record_type(), value.clone());
        let (version, read) = read.unwrap_or_else(|error| panic!("{vector}: {error}"));
        assert_eq!(read.encode(version).unwrap(), value, "{vector}: {read:?}");
        versions.insert(version);
    }
    // Version 1 is written once transaction.version is 2 (KIP-890).
    assert_eq!(versions, [0, 1].into());
}
