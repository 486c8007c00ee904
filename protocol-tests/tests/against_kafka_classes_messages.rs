//! Every message at every version against Apache Kafka's own generated classes: they read what was
//! generated along our tables to the last byte and write it again as the same bytes, also through
//! JSON and back.
//!
//! A failure prints its seed; `MILENA_SEEDS=7..8` runs seed 7 alone.

use std::collections::BTreeSet;

use arbitrary::Unstructured;
use milena_protocol::arbitrary::{Extreme, Generator};
use milena_protocol::schema::{self, MessageSchema};
use milena_protocol_tests::java_peer::{JavaMessage, JavaPeer, Refusal, Route};
use milena_protocol_tests::kafka::{Jars, Tool, Version, requires};
use milena_protocol_tests::seeds::{bytes_of_seed, seeds};

/// Random contents of each message at each version.
const RANDOM: u64 = 20;

fn messages(schema: &'static MessageSchema, route: Route) -> Vec<(JavaMessage, String)> {
    let mut messages = Vec::new();
    for version in schema.versions.min..=schema.versions.max {
        let generator = match route {
            Route::Straight => Generator::new(schema, version),
            Route::Json => Generator::new(schema, version).without_unknown_tags().without_records(),
        };
        let mut add = |bytes, of: String| {
            let message = JavaMessage { name: schema.name, version, bytes, route };
            messages.push((message, format!("{} v{version}, {of}", schema.name)));
        };
        for extreme in Extreme::ALL {
            add(generator.extreme(extreme).bytes, format!("{extreme:?}"));
        }
        for seed in seeds(RANDOM) {
            let data = bytes_of_seed(seed, 60 + (seed as usize % 4) * 600);
            let message = generator.arbitrary(&mut Unstructured::new(&data));
            add(message.expect("there always is a message").bytes, format!("seed {seed}"));
        }
    }
    messages
}

/// What Kafka says to a message or version that it does not have.
const UNKNOWN: [&str; 2] = ["UnsupportedVersionException", "ClassNotFoundException"];

/// What has come of the messages that Kafka was given.
#[derive(Debug, Default)]
struct Outcome {
    /// How many it has written again as they were.
    equal: usize,
    /// Messages and versions that this release does not have.
    unknown: BTreeSet<String>,
    faults: Vec<String>,
}

/// `None` without Java.
fn kafka_writes_all_again(version: Version, route: Route, excepted: &[&str]) -> Option<Outcome> {
    if !requires(&[Tool::Java, Tool::JavaCompiler, Tool::Maven]) {
        return None;
    }
    let jars = Jars::fetch(version).expect("the jars are there");
    let mut peer = JavaPeer::start(&jars).expect("the peer starts");
    let mut outcome = Outcome::default();
    for schema in schema::all().iter().filter(|schema| !excepted.contains(&schema.name)) {
        let (messages, told): (Vec<_>, Vec<_>) = messages(schema, route).into_iter().unzip();
        let answers = peer.rewrite(&messages).expect("the peer answers");
        for ((answer, message), told) in answers.into_iter().zip(messages).zip(told) {
            match answer {
                Ok(written) if written == message.bytes => outcome.equal += 1,
                Ok(written) => {
                    outcome.faults.push(format!("{told}: {written:?}, not {:?}", message.bytes));
                }
                Err(Refusal(text)) if UNKNOWN.iter().any(|unknown| text.contains(unknown)) => {
                    outcome.unknown.insert(format!("{} v{}", message.name, message.version));
                }
                Err(refusal) => outcome.faults.push(format!("{told}: {refusal}")),
            }
        }
    }
    let Outcome { equal, unknown, faults } = &outcome;
    println!("Kafka {version}: {equal} messages are equal, unknown are {unknown:?}");
    let few = &faults[..faults.len().min(20)];
    assert!(faults.is_empty(), "{} faults, such as\n{}", faults.len(), few.join("\n"));
    Some(outcome)
}

#[test]
fn the_classes_of_kafka_4_1_0_write_every_message_again_as_they_read_it() {
    let outcome = kafka_writes_all_again(Version::V4_1_0, Route::Straight, &[]);
    assert!(outcome.is_none_or(|outcome| outcome.unknown.is_empty() && outcome.equal > 0));
}

#[test]
fn the_classes_of_kafka_4_1_0_write_every_message_again_after_it_was_json() {
    let outcome = kafka_writes_all_again(Version::V4_1_0, Route::Json, &[]);
    assert!(outcome.is_none_or(|outcome| outcome.unknown.is_empty() && outcome.equal > 0));
}

/// 3.9 had these, but not for use: their version 0 was changed afterwards (KIP-932).
const UNFINISHED_IN_3_9: [&str; 2] =
    ["ReadShareGroupStateSummaryResponse", "ShareGroupMetadataValue"];

/// The tables are those of 4.1.0: what the release before has of them means the same there.
#[test]
fn the_classes_of_kafka_3_9_1_write_again_what_they_know_as_they_read_it() {
    let Some(outcome) =
        kafka_writes_all_again(Version::V3_9_1, Route::Straight, &UNFINISHED_IN_3_9)
    else {
        return;
    };
    assert!(outcome.unknown.len() < 150, "{:?}", outcome.unknown);
    assert!(outcome.equal > 10_000, "{}", outcome.equal);
}
