//! Kafka's command line tools of both releases against the simulated cluster in the matching
//! profile.
//!
//! The same scenarios also run against Apache Kafka, which keeps them honest. The console clients
//! are in `interop_java.rs`.

mod tool_cases;

use std::cell::RefCell;

use milena_mock_broker::{MockCluster, Release};
use milena_protocol_tests::kafka::{Kafka, Timings, Tool, Version, requires};
use tool_cases::{Ground, Scenario, elections, logs, producers, quorum, reassignments};
use tool_cases::{settings, topics, users};

const TOOLS: [Tool; 3] = [Tool::Java, Tool::JavaCompiler, Tool::Maven];

/// Runs a scenario with the tools of a release against three brokers of its profile.
async fn against_ours(version: Version, scenario: Scenario) {
    if !requires(&TOOLS) {
        return;
    }
    let release = match version {
        Version::V3_9_1 => Release::V3_9,
        Version::V4_1_0 => Release::V4_1,
    };
    let cluster = MockCluster::builder()
        .brokers(3)
        .fast_failover()
        .configure(|config| {
            config.release = release;
            config.storage.log_dirs = vec!["/data-1".to_owned(), "/data-2".to_owned()];
        })
        .start()
        .await
        .expect("it starts");
    let mut ground = Ground {
        tools: tool_cases::tools(version),
        servers: cluster.bootstrap_servers(),
        kill: Box::new(|broker| cluster.broker(broker).kill()),
        restart: Box::new(|broker| cluster.broker(broker).restart()),
    };
    scenario(&mut ground);
}

macro_rules! scenarios {
    ($($name:ident: $scenario:path,)*) => {
        mod of_kafka_4_1_0 {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    against_ours(Version::V4_1_0, $scenario).await;
                }
            )*
        }

        mod of_kafka_3_9_1 {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    against_ours(Version::V3_9_1, $scenario).await;
                }
            )*
        }

        const SCENARIOS: &[(&str, Scenario)] = &[$((stringify!($name), $scenario),)*];
    };
}

scenarios! {
    kafka_topics_creates_describes_grows_lists_and_deletes: topics::life,
    kafka_topics_says_why_a_topic_cannot_be: topics::refusals,
    kafka_topics_shows_what_lacks_replicas_when_a_broker_is_dead: topics::lacking,
    kafka_configs_changes_and_describes_a_topic: settings::of_a_topic,
    kafka_configs_changes_and_describes_brokers: settings::of_brokers,
    kafka_configs_refuses_what_no_setting_takes: settings::refusals,
    kafka_client_metrics_keeps_subscriptions: settings::of_client_metrics,
    kafka_configs_sets_and_removes_quotas: users::quotas,
    kafka_configs_adds_and_removes_scram_credentials: users::credentials,
    kafka_acls_is_told_that_there_is_no_authorizer: users::acls,
    kafka_reassign_partitions_moves_a_partition: reassignments::moved,
    kafka_reassign_partitions_proposes_an_assignment: reassignments::proposed,
    kafka_reassign_partitions_moves_a_replica_to_another_directory: reassignments::directories,
    kafka_leader_election_gives_partitions_back_to_their_preferred_leaders: elections::preferred,
    kafka_leader_election_elects_who_is_not_in_sync: elections::unclean,
    kafka_log_dirs_shows_every_replica_and_its_size: logs::directories,
    kafka_delete_records_moves_the_start_of_a_log: logs::deleted,
    kafka_get_offsets_finds_both_ends_and_times: logs::offsets,
    kafka_features_lists_what_is_on: quorum::features,
    kafka_metadata_quorum_shows_the_controller_and_the_brokers: quorum::quorum,
    kafka_cluster_tells_its_id_and_its_brokers: quorum::cluster,
    kafka_broker_api_versions_finds_every_api_usable_that_is_served: quorum::versions,
    kafka_verifiable_producer_sees_every_record_acknowledged: producers::verifiable,
    kafka_producer_perf_test_delivers_every_record: producers::performance,
    kafka_transactions_describes_who_wrote: producers::described,
}

/// Only ours can be cut in a way that keeps a reassignment from its end.
mod stalled {
    use super::*;

    async fn cancelled(version: Version) {
        if !requires(&TOOLS) {
            return;
        }
        let release = match version {
            Version::V3_9_1 => Release::V3_9,
            Version::V4_1_0 => Release::V4_1,
        };
        let cluster =
            MockCluster::builder().brokers(3).configure(|config| config.release = release);
        let cluster = cluster.start().await.expect("it starts");
        let cut = cluster.network().from(3).to(1);
        let mut ground = Ground {
            tools: tool_cases::tools(version),
            servers: cluster.bootstrap_servers(),
            // What would hinder the new replica, and what no longer does.
            kill: Box::new(|_| cut.cut()),
            restart: Box::new(|_| cut.heal()),
        };
        reassignments::cancelled(&mut ground);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn kafka_reassign_partitions_of_4_1_0_lists_and_cancels_what_goes_on() {
        cancelled(Version::V4_1_0).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn kafka_reassign_partitions_of_3_9_1_lists_and_cancels_what_goes_on() {
        cancelled(Version::V3_9_1).await;
    }
}

/// Every scenario, with the tools and brokers of one release.
fn against_apache_kafka(version: Version) {
    if !requires(&TOOLS) {
        return;
    }
    let builder = Kafka::builder(version).nodes(3).controller_apart().timings(Timings::Short);
    let kafka = builder
        .log_directories(2)
        .property("leader.imbalance.check.interval.seconds", "3600")
        .start()
        .expect("Apache Kafka starts");
    let servers = kafka.bootstrap_servers();
    let kafka = RefCell::new(kafka);
    let node = |broker: i32| u32::try_from(broker).expect("a node has a positive number");
    for (name, scenario) in SCENARIOS {
        // A failure tells where it came from.
        eprintln!("{name}");
        let mut ground = Ground {
            tools: tool_cases::tools(version),
            servers: servers.clone(),
            kill: Box::new(|broker| kafka.borrow_mut().kill(node(broker)).expect("it lives")),
            restart: Box::new(|broker| {
                kafka.borrow_mut().launch(node(broker)).expect("it is dead");
            }),
        };
        scenario(&mut ground);
    }
}

#[test]
fn apache_kafka_4_1_0_does_all_of_this_itself() {
    against_apache_kafka(Version::V4_1_0);
}

#[test]
fn apache_kafka_3_9_1_does_all_of_this_itself() {
    against_apache_kafka(Version::V3_9_1);
}
