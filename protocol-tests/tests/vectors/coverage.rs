//! What the vectors are there for is in them, so that a new recording does not lose it unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use milena_protocol_tests::vectors::{Direction, directory};

use crate::all;

#[test]
fn every_client_is_recorded_against_both_releases() {
    let sources: BTreeSet<String> = all().iter().map(|it| it.source.name.clone()).collect();
    let clients = ["java", "librdkafka", "kafka-python", "franz-go", "nodes", "every-version"];
    for client in clients {
        for release in ["3.9.1", "4.1.0"] {
            let name = format!("{client}-to-kafka-{release}");
            assert!(sources.contains(&name), "{name} is missing: {sources:?}");
        }
    }
}

#[test]
fn every_vector_says_who_spoke_with_whom() {
    for vector in all() {
        assert!(vector.source.server.starts_with("Apache Kafka "), "{vector}");
        let version = vector.source.client.rsplit(' ').any(|word| {
            word.trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit())
        });
        assert!(version, "{vector}: {:?} names no version", vector.source.client);
    }
}

#[test]
fn each_kind_of_batch_is_there() {
    let notes: Vec<String> = all().into_iter().map(|vector| vector.note).collect();
    let kinds = [
        "gzip",
        "snappy",
        "lz4",
        "zstd",
        "headers",
        "null key",
        "null value",
        "append time",
        "transactional",
        "commit marker",
        "abort marker",
        "delete horizon",
        "gaps",
        "empty",
        "a batch cut off",
        "idempotent",
        "__consumer_offsets with keys v1",
        "__transaction_state with keys v0",
        "several blocks",
        "control record of type 2",
    ];
    for kind in kinds {
        assert!(notes.iter().any(|note| note.contains(kind)), "no vector shows {kind:?}");
    }
}

#[test]
fn most_apis_are_there_in_both_directions() {
    let mut apis: BTreeMap<i16, BTreeSet<Direction>> = BTreeMap::new();
    let mut pairs = BTreeSet::new();
    for vector in all() {
        apis.entry(vector.key as i16).or_default().insert(vector.direction);
        pairs.insert((vector.key as i16, vector.version, vector.direction));
    }
    let both = apis.values().filter(|directions| directions.len() == 2).count();
    assert!(both >= 70, "{both} of {} APIs in both directions", apis.len());
    assert!(pairs.len() >= 300, "{} pairs of API and version", pairs.len());
}

#[test]
fn all_of_it_stays_small() {
    let files = fs::read_dir(directory()).unwrap();
    let size: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!(size < 600 << 10, "{size} bytes");
}
