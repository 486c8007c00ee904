//! The recorder against Apache Kafka, and the codec against everything that was recorded.

use std::sync::Arc;

use milena_protocol::messages::ApiKey;
use milena_protocol_tests::capture::{Proxy, Recorded, Recorder, Speaker, every_version};
use milena_protocol_tests::kafka::{Kafka, Tool, Version, requires};
use milena_protocol_tests::vectors::{self, Direction, Source};
use tokio::runtime::Runtime;

fn has(frames: &[Recorded], direction: Direction, key: ApiKey) -> bool {
    frames.iter().any(|frame| frame.direction == direction && frame.key == key as i16)
}

/// Every frame whose version is spoken has to come out as it went in; gives how many there were.
fn rewrite_all(frames: &[Recorded], version: Version) -> usize {
    let server = format!("Apache Kafka {version}");
    let source = Arc::new(Source { name: "live".to_owned(), client: String::new(), server });
    let vectors = frames.iter().filter_map(|frame| frame.to_vector(&source));
    let mut count = 0;
    for vector in vectors.filter(|vector| vector.is_spoken()) {
        let written = vector.rewritten().unwrap_or_else(|error| panic!("{vector}: {error}"));
        assert!(written == vector.frame, "{vector}\n  {:?}\n  {written:?}", vector.frame);
        count += 1;
    }
    count
}

fn record(version: Version) {
    if !requires(&[Tool::Java, Tool::Maven]) {
        return;
    }
    let runtime = Runtime::new().expect("there are threads");
    let recorder = Arc::new(Recorder::default());
    let proxy = Proxy::new(runtime.handle().clone(), Arc::clone(&recorder));
    let kafka = Kafka::builder(version).relay(Arc::new(proxy)).start();
    let kafka = kafka.expect("Apache Kafka starts behind a proxy");
    let asked = vectors::all().expect("the vectors can be read");
    every_version(&kafka.bootstrap_servers(), &asked).expect("the broker answers");

    let nodes = recorder.frames_of(&Speaker::Broker);
    let ours = recorder.frames_of(&Speaker::Client("sweep".to_owned()));
    for direction in [Direction::Request, Direction::Response] {
        assert!(has(&nodes, direction, ApiKey::BrokerRegistration), "{direction}");
        // Version 13 came with 4.0.
        for version in 0..=12 {
            let metadata = ApiKey::Metadata as i16;
            let mut seen = ours.iter().filter(|frame| frame.direction == direction);
            let seen = seen.any(|frame| (frame.key, frame.version) == (metadata, version));
            assert!(seen, "no {direction} of Metadata v{version}");
        }
    }
    let count = rewrite_all(&nodes, version) + rewrite_all(&ours, version);
    assert!(count > 300, "only {count} frames were recorded");
    drop(kafka);
    runtime.shutdown_background();
}

#[test]
fn what_kafka_3_9_1_answers_at_every_version_is_read_and_written_again() {
    record(Version::V3_9_1);
}

#[test]
fn what_kafka_4_1_0_answers_at_every_version_is_read_and_written_again() {
    record(Version::V4_1_0);
}
