//! `kafka-log-dirs`, `kafka-delete-records` and `kafka-get-offsets`

use milena_protocol_tests::interop::Script::{DeleteRecords, GetOffsets, LogDirs};
use serde_json::Value;

use super::{Ground, file};

/// A directory of a broker: its path, and what is in it.
type Directory = (i64, String, Vec<Value>);

/// What kafka-log-dirs prints.
fn described(g: &mut Ground<'_>, whose: &str) -> Vec<Directory> {
    let said = g.ok(LogDirs, &format!("--describe {whose}"));
    let json = said.last().expect("it prints the answer");
    let json: Value = serde_json::from_str(json).expect("it is JSON");
    let mut found = Vec::new();
    for broker in json["brokers"].as_array().expect("an array") {
        let id = broker["broker"].as_i64().expect("an id");
        for directory in broker["logDirs"].as_array().expect("an array") {
            assert_eq!(directory["error"], Value::Null, "{directory}");
            let path = directory["logDir"].as_str().expect("a path").to_owned();
            found.push((id, path, directory["partitions"].as_array().expect("an array").clone()));
        }
    }
    found.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    found
}

/// The paths of a broker's directories.
pub(crate) fn directories_of(g: &mut Ground<'_>, broker: i64) -> Vec<String> {
    let found = described(g, &format!("--broker-list {broker}"));
    found.into_iter().map(|(_, path, _)| path).collect()
}

/// The replicas of a topic: broker, directory and replica.
fn replicas(g: &mut Ground<'_>, topic: &str) -> Vec<(i64, String, Value)> {
    let found = described(g, &format!("--topic-list {topic}"));
    let each = |(broker, path, replicas): Directory| {
        replicas.into_iter().map(move |replica| (broker, path.clone(), replica))
    };
    found.into_iter().flat_map(each).collect()
}

/// Where a broker has the only partition of a topic.
pub(crate) fn directory_of(g: &mut Ground<'_>, topic: &str, broker: i64) -> String {
    let found = replicas(g, topic);
    let of_broker = found.into_iter().find(|(of, ..)| *of == broker);
    of_broker.expect("the broker has a replica").1
}

pub(crate) fn directories(g: &mut Ground<'_>) {
    g.create("kept", "1:2");
    g.write("kept", 100);
    let found = replicas(g, "kept");
    assert_eq!(found.iter().map(|(broker, ..)| *broker).collect::<Vec<_>>(), [1, 2]);
    for (_, _, replica) in &found {
        assert_eq!(replica["partition"], "kept-0");
        assert_eq!(replica["offsetLag"], 0);
        assert_eq!(replica["isFuture"], false);
        // At least a byte for each of the records.
        assert!(replica["size"].as_i64() > Some(100), "{replica}");
    }
    assert_eq!(found[0].2["size"], found[1].2["size"]);
    assert_eq!(directories_of(g, 3).len(), 2);
    let brokers = g.ok(LogDirs, "--describe --broker-list 2");
    assert_eq!(brokers[1], "Received log directory information from brokers 2");
    g.fails(LogDirs, "--describe --broker-list 9", "The given brokers do not exist");
}

pub(crate) fn deleted(g: &mut Ground<'_>) {
    g.create("cut", "1:2,2:1");
    g.create("small", "1");
    g.write("small", 100);
    let delete = |topic: &str, offset: i64| {
        let offsets = file(&format!(
            r#"{{"version":1,"partitions":[{{"topic":"{topic}","partition":0,"offset":{offset}}}]}}"#
        ));
        format!("--offset-json-file {offsets}")
    };
    let said = g.ok(DeleteRecords, &delete("small", 40));
    assert_eq!(
        said,
        [
            "Executing records delete operation",
            "Records delete operation completed:",
            "partition: small-0\tlow_watermark: 40",
        ]
    );
    let earliest = "--topic small --time earliest";
    assert_eq!(g.ok(GetOffsets, earliest), ["small:0:40"]);
    let below = g.ok(DeleteRecords, &delete("small", 10));
    assert_eq!(below[2], "partition: small-0\tlow_watermark: 40");
    let beyond = g.ok(DeleteRecords, &delete("small", 1_000));
    assert!(beyond[2].starts_with("partition: small-0\terror: "), "{beyond:?}");
    assert!(beyond[2].contains("OffsetOutOfRangeException"), "{beyond:?}");
    // -1 stands for the high watermark.
    let all = g.ok(DeleteRecords, &delete("small", -1));
    assert_eq!(all[2], "partition: small-0\tlow_watermark: 100");
    assert_eq!(g.ok(GetOffsets, earliest), ["small:0:100"]);
    let empty = g.ok(DeleteRecords, &delete("cut", -1));
    assert_eq!(empty[2], "partition: cut-0\tlow_watermark: 0");
}

pub(crate) fn offsets(g: &mut Ground<'_>) {
    g.create("found", "1:2,2:3");
    g.create("timed", "1");
    g.write("timed", 100);
    let mut at = |time: &str| g.ok(GetOffsets, &format!("--topic timed --time {time}"));
    for (name, time) in [("earliest", "-2"), ("latest", "-1"), ("max-timestamp", "-3")] {
        assert_eq!(at(name), at(time), "{name}");
    }
    assert_eq!(at("earliest"), ["timed:0:0"]);
    assert_eq!(at("latest"), ["timed:0:100"]);
    assert_eq!(at("earliest-local"), ["timed:0:0"]);
    // Every record was written after 1970 and before the year 2200.
    assert_eq!(at("1"), ["timed:0:0"]);
    assert_eq!(at("7258118400000"), Vec::<String>::new());
    let newest = at("max-timestamp");
    let newest = newest[0].strip_prefix("timed:0:").and_then(|offset| offset.parse().ok());
    assert!(newest.is_some_and(|offset: i64| (0..100).contains(&offset)), "{newest:?}");
    // Nothing was tiered, so nothing is told.
    assert_eq!(at("latest-tiered"), Vec::<String>::new());
    assert_eq!(g.ok(GetOffsets, "--topic found"), ["found:0:0", "found:1:0"]);
    assert_eq!(g.ok(GetOffsets, "--topic-partitions found:1"), ["found:1:0"]);
    g.fails(GetOffsets, "--topic missing", "Could not match any topic-partitions");
}
