//! `kafka-verifiable-producer`, `kafka-producer-perf-test` and `kafka-transactions`

use std::time::Duration;

use milena_protocol_tests::interop::Script::{GetOffsets, Transactions};
use milena_protocol_tests::kafka::{Jars, JavaTool};
use serde_json::Value;

use super::Ground;

/// For the start of a JVM on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(90);

/// In a JVM of its own: it sums up when that ends.
pub(crate) fn verifiable(g: &mut Ground<'_>) {
    g.create("verified", "1:2:3");
    let jars = Jars::fetch(g.version()).expect("the jars are there");
    let said = JavaTool::verifiable_producer(&jars)
        .args(["--bootstrap-server", &g.servers, "--topic", "verified"])
        .args(["--max-messages", "300", "--acks", "-1"])
        .run("", TIMEOUT)
        .expect("it succeeds");
    let said = said.stdout.lines();
    let events: Vec<Value> =
        said.map(|line| serde_json::from_str(line).expect("each line is a JSON object")).collect();
    let named = |name: &'static str| events.iter().filter(move |event| event["name"] == name);
    let offsets: Vec<i64> =
        named("producer_send_success").filter_map(|event| event["offset"].as_i64()).collect();
    assert_eq!(offsets, (0..300).collect::<Vec<_>>());
    assert_eq!(named("producer_send_error").count(), 0);
    let total = named("tool_data").next().expect("it sums up");
    assert_eq!((&total["sent"], &total["acked"]), (&Value::from(300), &Value::from(300)));
    assert_eq!(g.ok(GetOffsets, "--topic verified"), ["verified:0:300"]);
}

pub(crate) fn performance(g: &mut Ground<'_>) {
    g.create("measured", "1:2,2:3,3:1");
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let said = g.write_with("measured", 1_000, &format!("compression.type={codec}"));
        assert!(said.starts_with("1000 records sent, "), "{codec}: {said:?}");
    }
    let ends = g.ok(GetOffsets, "--topic measured");
    let total: i64 =
        ends.iter().filter_map(|line| line.rsplit(':').next()?.parse::<i64>().ok()).sum();
    assert_eq!((ends.len(), total), (3, 5_000));
}

pub(crate) fn described(g: &mut Ground<'_>) {
    g.create("written", "1:2");
    g.write("written", 30);
    let table = g.ok(Transactions, "describe-producers --topic written --partition 0");
    let rows: Vec<Vec<&str>> = table.iter().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows[0][..4],
        ["ProducerId", "ProducerEpoch", "LatestCoordinatorEpoch", "LastSequence"]
    );
    assert_eq!(rows.len(), 2, "{table:#?}");
    assert_eq!(rows[1][1..4], ["0", "-1", "29"], "{table:#?}");
    assert_eq!(rows[1].last(), Some(&"None"), "{table:#?}");
}
