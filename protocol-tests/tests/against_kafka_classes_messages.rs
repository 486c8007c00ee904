//! Every message at every version against Apache Kafka's own generated classes: they read what was
//! generated along our tables to the last byte and write it again as the same bytes, also through
//! JSON and back.
//!
//! A failure prints its seed; `MILENA_SEEDS=7..8` runs seed 7 alone.

use arbitrary::Unstructured;
use milena_protocol::arbitrary::{Extreme, Generator};
use milena_protocol::schema::{self, MessageSchema};
use milena_protocol_tests::java_peer::{JavaMessage, JavaPeer, Route};
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

fn kafka_writes_all_again(route: Route) {
    if !requires(&[Tool::Java, Tool::JavaCompiler, Tool::Maven]) {
        return;
    }
    let jars = Jars::fetch(Version::V4_1_0).expect("the jars are there");
    let mut peer = JavaPeer::start(&jars).expect("the peer starts");
    let mut faults = Vec::new();
    for schema in schema::all() {
        let (messages, told): (Vec<_>, Vec<_>) = messages(schema, route).into_iter().unzip();
        let answers = peer.rewrite(&messages).expect("the peer answers");
        for ((answer, message), told) in answers.into_iter().zip(messages).zip(told) {
            match answer {
                Ok(written) if written == message.bytes => {}
                Ok(written) => {
                    faults.push(format!("{told}: {:?}, not {:?}", written, message.bytes))
                }
                Err(refusal) => faults.push(format!("{told}: {refusal}")),
            }
        }
    }
    let few = &faults[..faults.len().min(20)];
    assert!(faults.is_empty(), "{} faults, such as\n{}", faults.len(), few.join("\n"));
}

#[test]
fn kafkas_classes_write_every_message_again_as_they_read_it() {
    kafka_writes_all_again(Route::Straight);
}

#[test]
fn kafkas_classes_write_every_message_again_after_it_was_json() {
    kafka_writes_all_again(Route::Json);
}
