//! What is generated from the schemas in Apache Kafka's jars is what is checked in.

use std::fs;

use milena_protocol_tests::kafka::{Jars, Tool, requires};
use milena_protocol_tests::schemas::{RELEASE, generate, output_directory, unspoken};

#[test]
fn the_generated_files_are_what_the_jars_say() {
    if !requires(&[Tool::Maven]) {
        return;
    }
    let files = generate(&Jars::fetch(RELEASE).unwrap()).unwrap();
    for (name, content) in files {
        let checked_in = fs::read_to_string(output_directory().join(name)).unwrap();
        assert!(
            checked_in == content,
            "{name} is not what the schemas say: cargo run -p milena-protocol-tests --bin schemas",
        );
    }
}

/// The documentation of `milena_protocol::version` lists them.
#[test]
fn only_versions_that_kafka_calls_unstable_are_not_spoken() {
    if !requires(&[Tool::Maven]) {
        return;
    }
    let unspoken = unspoken(&Jars::fetch(RELEASE).unwrap()).unwrap();
    let told: Vec<_> =
        unspoken.iter().map(|it| (it.name.as_str(), it.first, it.last, it.unstable)).collect();
    let expected = [
        ("InitProducerIdRequest", 6, 6, true),
        ("OffsetCommitRequest", 10, 10, true),
        ("OffsetFetchRequest", 10, 10, true),
        ("StreamsGroupDescribeRequest", 0, 0, true),
        ("StreamsGroupHeartbeatRequest", 0, 0, true),
    ];
    assert_eq!(told, expected);
}
