//! kafka-python and confluent-kafka against the simulated cluster over TCP, through a killed leader.
//!
//! The same scenario also runs against Apache Kafka, which keeps it honest.

use milena_mock_broker::MockCluster;
use milena_protocol_tests::interop::{Event, Library, Reading, Report, Session};
use milena_protocol_tests::kafka::{Kafka, Timings, Tool, Version, requires};

const RECORDS: u64 = 1_500;
const TOPIC: &str = "orders";

/// Runs the scenario; `kill` and `restart` get the broker that leads partition 0 half way.
async fn through_a_killed_leader(
    library: Library,
    bootstrap: &str,
    mut kill: impl FnMut(i32),
    mut restart: impl FnMut(i32),
) {
    let topic = format!("{TOPIC}-{library:?}");
    let mut session =
        Session::start(library, bootstrap, &topic, RECORDS).expect("the script starts");
    let mut killed = None;
    let report = loop {
        match session.event().await.expect("the scenario goes on") {
            Event::Half { leader } => {
                kill(leader);
                killed = Some(leader);
            }
            Event::Acknowledged => restart(killed.expect("half comes first")),
            Event::Report(report) => break report,
        }
    };
    check(&report, &session.log_tail());
}

fn check(report: &Report, log: &str) {
    let all =
        Reading { consumed: RECORDS, lost: 0, duplicated: 0, out_of_order: 0, wrong: Vec::new() };
    assert_eq!(report.failures, Vec::<String>::new(), "{log}");
    assert_eq!(report.acknowledged, RECORDS, "{log}");
    assert_eq!(report.live, all, "{log}");
    assert_eq!(report.again, all, "{log}");
    for (client, seconds) in &report.closes {
        assert!(*seconds <= 5.0, "the {client} took {seconds} s to close\n{log}");
    }
}

async fn against_the_simulated_cluster(library: Library) {
    if !requires(&[Tool::Python]) {
        return;
    }
    let cluster =
        MockCluster::builder().brokers(3).fast_failover().start().await.expect("it starts");
    let bootstrap = cluster.bootstrap_servers();
    let kill = |leader| cluster.broker(leader).kill();
    let restart = |leader| cluster.broker(leader).restart();
    through_a_killed_leader(library, &bootstrap, kill, restart).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_python_loses_nothing_when_a_leader_dies() {
    against_the_simulated_cluster(Library::KafkaPython).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn confluent_kafka_loses_nothing_when_a_leader_dies() {
    against_the_simulated_cluster(Library::ConfluentKafka).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scenario_asks_for_nothing_apache_kafka_would_not_do() {
    if !requires(&[Tool::Python, Tool::Java, Tool::Maven]) {
        return;
    }
    let builder = Kafka::builder(Version::V4_1_0).nodes(3).timings(Timings::Short);
    let kafka = std::cell::RefCell::new(builder.start().expect("Apache Kafka starts"));
    let bootstrap = kafka.borrow().bootstrap_servers();
    for library in [Library::KafkaPython, Library::ConfluentKafka] {
        let kill = |leader: i32| {
            let node = u32::try_from(leader).expect("there is a leader");
            kafka.borrow_mut().kill(node).expect("the leader is a node");
        };
        let restart = |leader: i32| {
            let node = u32::try_from(leader).expect("there is a leader");
            kafka.borrow_mut().restart(node).expect("the node comes back");
        };
        through_a_killed_leader(library, &bootstrap, kill, restart).await;
    }
}
