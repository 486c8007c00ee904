//! `kafka-leader-election`

use milena_protocol_tests::interop::Script::{LeaderElection, ReassignPartitions, Topics};

use super::{Ground, field, file};

fn leader<'s>(seen: &'s [String], partition: &str) -> Option<&'s str> {
    let line = seen.iter().find(|line| field(line, "Partition") == Some(partition))?;
    field(line, "Leader")
}

pub(crate) fn preferred(g: &mut Ground<'_>) {
    g.create("preferred", "1:2,1:2,1:2");
    // Another order of the replicas prefers another leader, and elects nobody.
    let partitions: Vec<_> = (0..3)
        .map(|n| format!(r#"{{"topic":"preferred","partition":{n},"replicas":[2,1]}}"#))
        .collect();
    let plan = file(&format!(r#"{{"version":1,"partitions":[{}]}}"#, partitions.join(",")));
    g.ok(ReassignPartitions, &format!("--reassignment-json-file {plan} --execute"));
    let describe = "--describe --topic preferred";
    let seen = g.until(Topics, describe, |seen| {
        seen.iter().filter(|line| field(line, "Replicas") == Some("2,1")).count() == 3
    });
    assert_eq!(leader(&seen, "0"), Some("1"));

    let one = "--election-type preferred --topic preferred --partition 0";
    let elected = "Successfully completed leader election (PREFERRED) for partitions preferred-0";
    assert_eq!(g.ok(LeaderElection, one), [elected]);
    g.until(Topics, describe, |seen| leader(seen, "0") == Some("2"));
    let valid = "Valid replica already elected for partitions preferred-0";
    assert_eq!(g.ok(LeaderElection, one), [valid]);

    let listed = file(r#"{"partitions":[{"topic":"preferred","partition":1}]}"#);
    let some = format!("--election-type preferred --path-to-json-file {listed}");
    let elected = "Successfully completed leader election (PREFERRED) for partitions preferred-1";
    assert_eq!(g.ok(LeaderElection, &some), [elected]);
    let said = g.ok(LeaderElection, "--election-type preferred --all-topic-partitions");
    assert!(said[0].contains("preferred-2") && !said[0].contains("preferred-1"), "{said:?}");
    g.until(Topics, describe, |seen| {
        ["0", "1", "2"].iter().all(|partition| leader(seen, partition) == Some("2"))
    });
    let missing = "--election-type preferred --topic missing --partition 0";
    g.fails(LeaderElection, missing, "1 replica(s) could not be elected");
}

pub(crate) fn unclean(g: &mut Ground<'_>) {
    g.create("unclean", "2:3");
    let describe = "--describe --topic unclean";
    let in_sync = |seen: &[String], isr: &str| {
        seen.last().is_some_and(|line| field(line, "Isr") == Some(isr))
    };
    (g.kill)(3);
    g.until(Topics, describe, |seen| in_sync(seen, "2"));
    // What the one that is dead does not have.
    g.write("unclean", 20);
    (g.kill)(2);
    g.until(Topics, describe, |seen| leader(seen, "0") == Some("none"));
    (g.restart)(3);
    let one = "--election-type unclean --topic unclean --partition 0";
    // The broker has to be back before it can be elected.
    let elected = "Successfully completed leader election (UNCLEAN) for partitions unclean-0";
    g.until(LeaderElection, one, |seen| seen == [elected]);
    g.until(Topics, describe, |seen| leader(seen, "0") == Some("3"));
    let valid = "Valid replica already elected for partitions unclean-0";
    assert_eq!(g.ok(LeaderElection, one), [valid]);
    (g.restart)(2);
    g.until(Topics, describe, |seen| in_sync(seen, "3,2") || in_sync(seen, "2,3"));
}
