//! The quickstart with `--bootstrap` against Apache Kafka.

use std::path::PathBuf;
use std::process::Command;

use milena_protocol_tests::kafka::{Kafka, Tool, Version, requires};

/// Built by `cargo test --workspace` already, or else now, with the same features of its
/// dependencies.
fn quickstart() -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--workspace", "--example", "quickstart"])
        .status()
        .expect("cargo has started this test");
    assert!(status.success(), "the quickstart does not build");
    let test = std::env::current_exe().expect("this test has a path");
    let profile = test.parent().and_then(|deps| deps.parent()).expect("target/<profile>/deps");
    profile.join("examples").join("quickstart")
}

#[test]
fn the_quickstart_loses_nothing_on_apache_kafka() {
    if !requires(&[Tool::Java, Tool::Maven]) {
        return;
    }
    let quickstart = quickstart();
    for (version, nodes) in [(Version::V3_9_1, 1), (Version::V4_1_0, 1), (Version::V4_1_0, 3)] {
        let kafka = Kafka::builder(version).nodes(nodes).start().expect("Apache Kafka starts");
        let output = Command::new(&quickstart)
            .args(["--bootstrap", &kafka.bootstrap_servers(), "--records", "50000"])
            .output()
            .expect("the quickstart starts");
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{version}, {nodes} nodes:\n{stdout}\n{stderr}");
    }
}
