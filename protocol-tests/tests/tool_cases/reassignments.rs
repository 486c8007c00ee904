//! `kafka-reassign-partitions`

use milena_protocol_tests::interop::Script::{ReassignPartitions, Topics};
use milena_protocol_tests::kafka::Version;

use super::{Ground, field, file};

fn plan(topic: &str, replicas: &str) -> String {
    file(&format!(
        r#"{{"version":1,"partitions":[{{"topic":"{topic}","partition":0,"replicas":{replicas}}}]}}"#
    ))
}

/// Whether the only partition of a topic has these replicas, all in sync.
fn lies_on(seen: &[String], replicas: &str) -> bool {
    seen.last().is_some_and(|line| {
        let mut isr: Vec<_> = field(line, "Isr").unwrap_or_default().split(',').collect();
        isr.sort_unstable();
        let mut wanted: Vec<_> = replicas.split(',').collect();
        wanted.sort_unstable();
        field(line, "Replicas") == Some(replicas) && isr == wanted
    })
}

pub(crate) fn moved(g: &mut Ground<'_>) {
    g.create("moved", "1:2");
    g.write("moved", 50);
    let plan = format!("--reassignment-json-file {}", plan("moved", "[3,1]"));
    let said = g.ok(ReassignPartitions, &format!("{plan} --execute"));
    assert_eq!(said[0], "Current partition replica assignment");
    let current = r#"{"version":1,"partitions":[{"topic":"moved","partition":0,"replicas":[1,2],"log_dirs":["any","any"]}]}"#;
    assert!(said.contains(&current.to_owned()), "{said:#?}");
    let started = "Successfully started partition reassignment for moved-0";
    assert_eq!(said.last().map(String::as_str), Some(started));
    let seen = g.until(ReassignPartitions, &format!("{plan} --verify"), |seen| {
        seen.contains(&"Reassignment of partition moved-0 is completed.".to_owned())
    });
    assert_eq!(seen[0], "Status of partition reassignment:");
    g.until(Topics, "--describe --topic moved", |seen| lies_on(seen, "3,1"));
    assert_eq!(g.ok(ReassignPartitions, "--list"), ["No partition reassignments found."]);
    let cancelled = g.ok(ReassignPartitions, &format!("{plan} --cancel"));
    let none = "None of the specified partition reassignments are active.";
    assert!(cancelled.contains(&none.to_owned()), "{cancelled:#?}");
    let nowhere = plan_of_nowhere();
    g.fails(
        ReassignPartitions,
        &format!("--reassignment-json-file {nowhere} --execute"),
        "Unknown broker id 9",
    );
}

fn plan_of_nowhere() -> String {
    plan("moved", "[9]")
}

pub(crate) fn proposed(g: &mut Ground<'_>) {
    g.create("proposed", "1:2");
    let topics = file(r#"{"version":1,"topics":[{"topic":"proposed"}]}"#);
    let generate = format!("--generate --topics-to-move-json-file {topics} --broker-list");
    let said = g.ok(ReassignPartitions, &format!("{generate} 2,3"));
    assert_eq!(said[0], "Current partition replica assignment");
    let current = r#"{"version":1,"partitions":[{"topic":"proposed","partition":0,"replicas":[1,2],"log_dirs":["any","any"]}]}"#;
    assert_eq!(said[1], current);
    assert_eq!(said[2], "Proposed partition reassignment configuration");
    assert!(said[3].contains("[2,3]") || said[3].contains("[3,2]"), "{said:#?}");
    let too_few = match g.version() {
        Version::V3_9_1 => "Replication factor: 2 larger than available brokers: 1",
        Version::V4_1_0 => "replication factor of 2 cannot be reached because only 1 broker(s)",
    };
    g.fails(ReassignPartitions, &format!("{generate} 2"), too_few);
}

/// A replica that cannot fetch from its leader keeps a reassignment from its end.
pub(crate) fn cancelled(g: &mut Ground<'_>) {
    g.create("stalled", "1:2");
    (g.kill)(3);
    let plan = format!("--reassignment-json-file {}", plan("stalled", "[1,3]"));
    g.ok(ReassignPartitions, &format!("{plan} --execute"));
    let listed =
        ["Current partition reassignments:", "stalled-0: replicas: 1,3,2. adding: 3. removing: 2."];
    let seen = g.until(ReassignPartitions, "--list", |seen| seen.len() == 2);
    assert_eq!(seen, listed);
    let again = format!("{plan} --execute");
    g.fails(
        ReassignPartitions,
        &again,
        "Cannot execute because there is an existing partition assignment",
    );
    let verified = g.ok(ReassignPartitions, &format!("{plan} --verify"));
    let going_on = "Reassignment of partition stalled-0 is still in progress.";
    assert!(verified.contains(&going_on.to_owned()), "{verified:#?}");
    let cancelled = g.ok(ReassignPartitions, &format!("{plan} --cancel"));
    let done = "Successfully cancelled partition reassignment for: stalled-0";
    assert!(cancelled.contains(&done.to_owned()), "{cancelled:#?}");
    g.until(Topics, "--describe --topic stalled", |seen| lies_on(seen, "1,2"));
    assert_eq!(g.ok(ReassignPartitions, "--list"), ["No partition reassignments found."]);
    (g.restart)(3);
}

pub(crate) fn directories(g: &mut Ground<'_>) {
    g.create("housed", "1");
    g.write("housed", 50);
    for directory in super::logs::directories_of(g, 1) {
        let plan = file(&format!(
            r#"{{"version":1,"partitions":[{{"topic":"housed","partition":0,"replicas":[1],"log_dirs":["{directory}"]}}]}}"#
        ));
        let plan = format!("--reassignment-json-file {plan}");
        let said = g.ok(ReassignPartitions, &format!("{plan} --execute"));
        let started = "Successfully started partition reassignment for housed-0";
        assert!(said.contains(&started.to_owned()), "{said:#?}");
        let ended = "Reassignment of replica housed-0-1 completed successfully.".to_owned();
        g.until(ReassignPartitions, &format!("{plan} --verify"), |seen| seen.contains(&ended));
        assert_eq!(super::logs::directory_of(g, "housed", 1), directory);
    }
}
