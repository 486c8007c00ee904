//! `kafka-configs` and `kafka-client-metrics`, as far as settings go

use milena_protocol_tests::interop::Script::{ClientMetrics, Configs};

use super::Ground;

pub(crate) fn of_a_topic(g: &mut Ground<'_>) {
    g.create("settled", "1");
    let topic = "--entity-type topics --entity-name settled";
    let set = "--alter --add-config retention.ms=7200000,cleanup.policy=[compact,delete]";
    assert_eq!(
        g.ok(Configs, &format!("{topic} {set}")),
        ["Completed updating config for topic settled."]
    );
    let describe = format!("{topic} --describe");
    let seen = g.until(Configs, &describe, |seen| seen.len() == 3);
    assert_eq!(
        seen,
        [
            "Dynamic configs for topic settled are:",
            "cleanup.policy=compact,delete sensitive=false \
             synonyms={DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, \
             DEFAULT_CONFIG:log.cleanup.policy=delete}",
            "retention.ms=7200000 sensitive=false \
             synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=7200000}",
        ]
    );
    let all = g.ok(Configs, &format!("{describe} --all"));
    assert_eq!(all[0], "All configs for topic settled are:");
    let default = "compression.type=producer sensitive=false \
                   synonyms={DEFAULT_CONFIG:compression.type=producer}";
    assert!(all.contains(&default.to_owned()), "{all:#?}");
    assert!(all.is_sorted_by_key(|line| line.starts_with(char::is_lowercase)), "{all:#?}");
    assert!(all.len() > 30, "{all:#?}");
    g.ok(Configs, &format!("{topic} --alter --delete-config retention.ms"));
    g.until(Configs, &describe, |seen| seen.len() == 2);
}

pub(crate) fn of_brokers(g: &mut Ground<'_>) {
    let of_all = "--entity-type brokers --entity-default";
    let of_one = "--entity-type brokers --entity-name 1";
    let set = "--alter --add-config log.cleaner.threads";
    assert_eq!(
        g.ok(Configs, &format!("{of_all} {set}=2")),
        ["Completed updating default config for brokers in the cluster."]
    );
    let of_all_brokers = "log.cleaner.threads=2 sensitive=false \
                          synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:log.cleaner.threads=2}";
    let seen = g.until(Configs, &format!("{of_all} --describe"), |seen| {
        seen.contains(&of_all_brokers.to_owned())
    });
    assert_eq!(seen[0], "Default configs for brokers in the cluster are:");
    assert_eq!(
        g.ok(Configs, &format!("{of_one} {set}=1")),
        ["Completed updating config for broker 1."]
    );
    let describe = format!("{of_one} --describe");
    let seen = g.until(Configs, &describe, |seen| {
        seen.get(1).is_some_and(|line| line.starts_with("log.cleaner.threads=1 "))
    });
    assert_eq!(
        seen,
        [
            "Dynamic configs for broker 1 are:",
            "log.cleaner.threads=1 sensitive=false \
             synonyms={DYNAMIC_BROKER_CONFIG:log.cleaner.threads=1, \
             DYNAMIC_DEFAULT_BROKER_CONFIG:log.cleaner.threads=2, \
             DEFAULT_CONFIG:log.cleaner.threads=1}",
        ]
    );
    let all = g.ok(Configs, &format!("{describe} --all"));
    assert_eq!(all[0], "All configs for broker 1 are:");
    assert!(all.iter().any(|line| line.starts_with("node.id=1 sensitive=false")), "{all:#?}");
    g.ok(Configs, &format!("{of_one} --alter --delete-config log.cleaner.threads"));
    g.ok(Configs, &format!("{of_all} --alter --delete-config log.cleaner.threads"));
    g.until(Configs, &describe, |seen| seen.len() == 1);
}

pub(crate) fn refusals(g: &mut Ground<'_>) {
    g.create("refusing", "1");
    let topic = "--entity-type topics --entity-name refusing --alter";
    g.fails(
        Configs,
        &format!("{topic} --add-config no.such=1"),
        "Unknown topic config name: no.such",
    );
    g.fails(
        Configs,
        &format!("{topic} --add-config retention.ms=soon"),
        "Invalid value soon for configuration retention.ms",
    );
    g.fails(
        Configs,
        &format!("{topic} --delete-config retention.ms"),
        "Invalid config(s): retention.ms",
    );
    g.fails(
        Configs,
        "--entity-type topics --entity-name missing --alter --add-config retention.ms=1",
        "UnknownTopicOrPartitionException",
    );
    let broker = "--entity-type brokers --entity-name 1 --alter --add-config";
    g.fails(Configs, &format!("{broker} log.dirs=/elsewhere"), "log.dirs");
    let seen = g.ok(Configs, "--entity-type topics --entity-name refusing --describe");
    assert_eq!(seen, ["Dynamic configs for topic refusing are:"]);
}

pub(crate) fn of_client_metrics(g: &mut Ground<'_>) {
    let alter = "--alter --name slow --metrics org.apache.kafka.producer. --interval 60000";
    assert_eq!(g.ok(ClientMetrics, alter), ["Altered client metrics config for slow."]);
    let seen = g.until(ClientMetrics, "--describe --name slow", |seen| seen.len() >= 3);
    assert!(seen[0].starts_with("Client metrics configs for slow are:"), "{seen:#?}");
    assert!(seen.contains(&"interval.ms=60000".to_owned()), "{seen:#?}");
    assert!(seen.contains(&"metrics=org.apache.kafka.producer.".to_owned()), "{seen:#?}");
    assert_eq!(g.ok(ClientMetrics, "--list"), ["slow"]);
    assert_eq!(
        g.ok(ClientMetrics, "--delete --name slow"),
        ["Deleted client metrics config for slow."]
    );
    g.until(ClientMetrics, "--list", <[String]>::is_empty);
}
