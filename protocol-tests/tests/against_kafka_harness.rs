//! The harness itself: Apache Kafka starts, loses a node, gets it back, and its own tools work.

use std::time::Duration;

use milena_protocol_tests::kafka::{JavaTool, Kafka, Timings, Tool, Version, requires};

const TIMEOUT: Duration = Duration::from_secs(60);

fn console_round_trip(version: Version) {
    if !requires(&[Tool::Java, Tool::Maven]) {
        return;
    }
    let kafka = Kafka::builder(version).start().expect("Apache Kafka starts");
    let servers = kafka.bootstrap_servers();
    JavaTool::console_producer(kafka.jars())
        .args(["--bootstrap-server", &servers, "--topic", "round"])
        .run("one\ntwo\n", TIMEOUT)
        .expect("the console producer works");
    let output = JavaTool::console_consumer(kafka.jars())
        .args(["--bootstrap-server", &servers, "--topic", "round", "--partition", "0"])
        .args(["--offset", "earliest", "--max-messages", "2"])
        .run("", TIMEOUT)
        .expect("the console consumer works");
    assert_eq!(output.stdout, "one\ntwo\n");
}

#[test]
fn kafka_3_9_1_starts_and_its_console_tools_work() {
    console_round_trip(Version::V3_9_1);
}

#[test]
fn kafka_4_1_0_starts_and_its_console_tools_work() {
    console_round_trip(Version::V4_1_0);
}

#[test]
fn a_killed_node_of_three_comes_back_on_its_port() {
    if !requires(&[Tool::Java, Tool::Maven]) {
        return;
    }
    let mut kafka = Kafka::builder(Version::V4_1_0)
        .nodes(3)
        .timings(Timings::Short)
        .start()
        .expect("three nodes start");
    let servers = kafka.bootstrap_servers();
    kafka.kill(2).expect("node 2 is there");
    assert!(kafka.kill(2).is_err(), "a dead node is killed only once");
    kafka.restart(2).expect("node 2 comes back");
    kafka.pause(3).expect("node 3 is there");
    kafka.resume(3).expect("node 3 is there");
    assert_eq!(kafka.bootstrap_servers(), servers);
    assert!(kafka.kill(4).is_err(), "there is no node 4");
}
