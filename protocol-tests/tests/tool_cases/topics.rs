//! `kafka-topics`

use milena_protocol_tests::interop::Script::Topics;

use super::{Ground, field};

/// Partition, leader, replicas, in-sync replicas.
type Row = (String, String, String, Vec<String>);

fn rows(seen: &[String]) -> Vec<Row> {
    let partitions = seen.iter().filter(|line| line.contains("\tPartition: "));
    let text = |line: &str, name| field(line, name).unwrap_or("(none)").to_owned();
    let row = |line: &String| {
        let mut isr: Vec<_> = text(line, "Isr").split(',').map(str::to_owned).collect();
        isr.sort();
        (text(line, "Partition"), text(line, "Leader"), text(line, "Replicas"), isr)
    };
    partitions.map(row).collect()
}

fn row(partition: &str, leader: &str, replicas: &str, isr: &str) -> Row {
    let isr = isr.split(',').map(str::to_owned).collect();
    (partition.to_owned(), leader.to_owned(), replicas.to_owned(), isr)
}

pub(crate) fn life(g: &mut Ground<'_>) {
    let created = g.ok(
        Topics,
        "--create --topic life --replica-assignment 1:2:3,2:3:1 --config min.insync.replicas=2",
    );
    assert_eq!(created, ["Created topic life."]);
    let seen = g.until(Topics, "--describe --topic life", |seen| rows(seen).len() == 2);
    assert_eq!(field(&seen[0], "Topic"), Some("life"));
    assert_eq!(field(&seen[0], "TopicId").map(str::len), Some(22));
    assert_eq!(field(&seen[0], "PartitionCount"), Some("2"));
    assert_eq!(field(&seen[0], "ReplicationFactor"), Some("3"));
    assert_eq!(field(&seen[0], "Configs"), Some("min.insync.replicas=2"));
    assert_eq!(rows(&seen), [row("0", "1", "1,2,3", "1,2,3"), row("1", "2", "2,3,1", "1,2,3")]);
    // "N/A" where brokers do not serve DescribeTopicPartitions (KIP-966).
    assert_eq!((field(&seen[1], "Elr"), field(&seen[1], "LastKnownElr")), (Some(""), Some("")));

    assert_eq!(g.ok(Topics, "--alter --topic life --partitions 5"), Vec::<String>::new());
    let grown = g.until(Topics, "--describe --topic life", |seen| rows(seen).len() == 5);
    assert_eq!(field(&grown[0], "PartitionCount"), Some("5"));
    assert!(g.ok(Topics, "--list").contains(&"life".to_owned()));
    assert_eq!(g.ok(Topics, "--delete --topic life"), Vec::<String>::new());
    g.until(Topics, "--list", |seen| !seen.contains(&"life".to_owned()));
}

pub(crate) fn refusals(g: &mut Ground<'_>) {
    g.create("there", "1,2,3");
    let again = "--create --topic there --partitions 1";
    g.fails(Topics, again, "Topic 'there' already exists.");
    assert_eq!(g.ok(Topics, &format!("{again} --if-not-exists")), Vec::<String>::new());
    g.fails(
        Topics,
        "--create --topic wide --replication-factor 4",
        "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot \
         be reached because only 3 broker(s) are registered.",
    );
    g.fails(
        Topics,
        "--create --topic none --partitions 0",
        "The partitions must be greater than 0",
    );
    g.fails(
        Topics,
        "--create --topic odd --config no.such=1",
        "Unknown topic config name: no.such",
    );
    g.fails(Topics, "--create --topic a/b", "Topic name is invalid");
    g.fails(
        Topics,
        "--alter --topic there --partitions 2",
        "The topic there currently has 3 partition(s); 2 would not be an increase.",
    );
    for command in ["--describe", "--delete", "--alter --partitions 2"] {
        let missing = format!("{command} --topic missing");
        g.fails(Topics, &missing, "does not exist as expected");
        g.ok(Topics, &format!("{missing} --if-exists"));
    }
}

pub(crate) fn lacking(g: &mut Ground<'_>) {
    g.create("lacking-some", "1:3");
    g.create("lacking-all", "3");
    // A name is a regular expression.
    let under = "--describe --topic lacking-.* --under-replicated-partitions";
    let unavailable = "--describe --topic lacking-.* --unavailable-partitions";
    assert_eq!(g.ok(Topics, under), Vec::<String>::new());
    assert_eq!(g.ok(Topics, unavailable), Vec::<String>::new());
    (g.kill)(3);
    let described = "--describe --topic lacking-some --under-replicated-partitions";
    let seen = g.until(Topics, described, |seen| rows(seen).len() == 1);
    assert_eq!(rows(&seen), [row("0", "1", "1,3", "1")]);
    let seen = g.until(Topics, unavailable, |seen| rows(seen).len() == 1);
    assert_eq!(field(&seen[0], "Topic"), Some("lacking-all"));
    assert_eq!((rows(&seen)[0].1.as_str(), rows(&seen)[0].2.as_str()), ("none", "3"));
    let at_minimum = g.ok(Topics, "--describe --topic lacking-some --at-min-isr-partitions");
    assert_eq!(rows(&at_minimum).len(), 1);
    (g.restart)(3);
    g.until(Topics, under, <[String]>::is_empty);
    assert_eq!(g.ok(Topics, unavailable), Vec::<String>::new());
}
