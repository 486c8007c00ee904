//! `kafka-features`, `kafka-metadata-quorum`, `kafka-cluster` and `kafka-broker-api-versions`

use milena_protocol_tests::interop::Script::{
    BrokerApiVersions, Cluster, Features, MetadataQuorum,
};
use milena_protocol_tests::kafka::Version;

use super::{Ground, field};

/// Feature, lowest and highest supported level, finalised level.
type Level<'s> = (&'s str, &'s str, &'s str, &'s str);

pub(crate) fn features(g: &mut Ground<'_>) {
    let seen = g.ok(Features, "describe");
    let levels: Vec<Level<'_>> = seen
        .iter()
        .map(|line| {
            let field = |name| field(line, name).unwrap_or("(none)");
            (
                field("Feature"),
                field("SupportedMinVersion"),
                field("SupportedMaxVersion"),
                field("FinalizedVersionLevel"),
            )
        })
        .collect();
    let expected: &[Level<'_>] = match g.version() {
        Version::V3_9_1 => &[
            ("kraft.version", "0", "1", "0"),
            ("metadata.version", "3.0-IV1", "3.9-IV0", "3.9-IV0"),
        ],
        Version::V4_1_0 => &[
            ("eligible.leader.replicas.version", "0", "1", "1"),
            ("group.version", "0", "1", "1"),
            ("kraft.version", "0", "1", "0"),
            ("metadata.version", "3.3-IV3", "4.1-IV1", "4.1-IV1"),
            ("share.version", "0", "1", "0"),
            ("transaction.version", "0", "2", "2"),
        ],
    };
    assert_eq!(levels, expected);
}

pub(crate) fn quorum(g: &mut Ground<'_>) {
    let status = g.ok(MetadataQuorum, "describe --status");
    let value = |name: &str| {
        let line = status.iter().find(|line| line.starts_with(name)).map(String::as_str);
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
    };
    assert_eq!(value("ClusterId").map(|id| id.len()), Some(22), "{status:#?}");
    assert_eq!(value("LeaderId").as_deref(), Some("100"), "{status:#?}");
    assert_eq!(value("MaxFollowerLag").as_deref(), Some("0"), "{status:#?}");
    assert_eq!(value("MaxFollowerLagTimeMs").as_deref(), Some("0"), "{status:#?}");
    let high_watermark: i64 =
        value("HighWatermark").and_then(|offset| offset.parse().ok()).expect("a number");
    assert!(high_watermark > 0, "{status:#?}");
    let voters = value("CurrentVoters").expect("there are voters");
    let observers = value("CurrentObservers").expect("there are observers");
    assert!(voters.contains("\"id\": 100"), "{voters}");
    for broker in 1..=3 {
        assert!(observers.contains(&format!("\"id\": {broker}")), "{observers}");
    }

    let table = g.ok(MetadataQuorum, "describe --replication");
    let rows: Vec<Vec<&str>> = table.iter().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0].first(), Some(&"NodeId"));
    assert_eq!((rows[1].first(), rows[1].last()), (Some(&"100"), Some(&"Leader")));
    // Everybody has fetched at some time.
    assert!(rows[1..].iter().all(|row| row[4] != "-1" && row[5] != "-1"), "{table:#?}");
    let mut observers: Vec<_> =
        rows[2..].iter().map(|row| (row.first().copied(), row.last().copied())).collect();
    observers.sort_unstable();
    assert_eq!(
        observers,
        ["1", "2", "3"].map(|broker| (Some(broker), Some("Observer"))),
        "{table:#?}"
    );
}

pub(crate) fn cluster(g: &mut Ground<'_>) {
    let said = g.ok(Cluster, "cluster-id");
    let id = said[0].strip_prefix("Cluster ID: ").expect("it tells the id");
    assert_eq!(id.len(), 22, "{said:?}");
    assert_eq!(g.ok(Cluster, "cluster-id"), said);
    g.fails(Cluster, "unregister --id 9", "BrokerIdNotRegisteredException");
    if g.version() == Version::V3_9_1 {
        return;
    }
    let table = g.ok(Cluster, "list-endpoints");
    let rows: Vec<Vec<&str>> = table.iter().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..3], ["ID", "HOST", "PORT"], "{table:#?}");
    let mut told: Vec<String> =
        rows[1..].iter().map(|row| format!("{}:{}", row[1], row[2])).collect();
    told.sort();
    let mut servers: Vec<&str> = g.servers.split(',').collect();
    servers.sort_unstable();
    assert_eq!(told, servers);
}

pub(crate) fn versions(g: &mut Ground<'_>) {
    let seen = g.ok(BrokerApiVersions, "");
    let text = seen.join("\n");
    assert_eq!(seen.iter().filter(|line| line.contains("(id: ")).count(), 3, "{text}");
    let newest = match g.version() {
        Version::V3_9_1 => [
            ("Produce(0)", "11"),
            ("Fetch(1)", "17"),
            ("Metadata(3)", "12"),
            ("ListOffsets(2)", "9"),
            ("CreateTopics(19)", "7"),
        ],
        Version::V4_1_0 => [
            ("Produce(0)", "13"),
            ("Fetch(1)", "18"),
            ("Metadata(3)", "13"),
            ("ListOffsets(2)", "10"),
            ("CreateTopics(19)", "7"),
        ],
    };
    for (api, version) in newest {
        let told = seen.iter().filter(|line| line.starts_with(&format!("{api}: ")));
        let usable = told.filter(|line| line.contains(&format!("[usable: {version}]"))).count();
        assert_eq!(usable, 3, "{api}: {text}");
    }
}
