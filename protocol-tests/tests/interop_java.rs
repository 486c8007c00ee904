//! Java's console producer and consumer against the simulated cluster over TCP, through a killed
//! leader.

use std::time::Duration;

use milena_mock_broker::MockCluster;
use milena_protocol::ids::Offset;
use milena_protocol_tests::interop::{ConsoleConsumer, ConsoleProducer};
use milena_protocol_tests::kafka::{Jars, JavaTool, Tool, Version, requires};

const HALF: usize = 500;
const TIMEOUT: Duration = Duration::from_secs(60);

fn lines(from: usize, count: usize) -> String {
    (from..from + count).map(|n| format!("{}\n", line(n))).collect()
}

/// Headers, key and value, as the console producer reads and the console consumer prints them.
fn line(n: usize) -> String {
    format!("number:{n},again:yes\tkey-{}\tvalue-{n}", n % 7)
}

async fn through_a_killed_leader(version: Version) {
    if !requires(&[Tool::Java, Tool::Maven]) {
        return;
    }
    let jars = Jars::fetch(version).expect("the jars are there");
    let cluster =
        MockCluster::builder().brokers(3).fast_failover().start().await.expect("it starts");
    let servers = cluster.bootstrap_servers();
    JavaTool::topics(&jars)
        .args(["--bootstrap-server", &servers, "--create", "--topic", "orders"])
        .args(["--partitions", "1", "--replication-factor", "3"])
        .args(["--config", "min.insync.replicas=2"])
        .run("", TIMEOUT)
        .expect("kafka-topics creates the topic");

    let consumer = ConsoleConsumer::start(&jars, &servers, "orders", 0, 2 * HALF);
    let consumer = consumer.expect("the console consumer starts");
    let producer = ConsoleProducer::start(&jars, &servers, "orders");
    let mut producer = producer.expect("the console producer starts");
    producer.send(&lines(0, HALF)).await.expect("it reads its input");
    let partition = cluster.partition("orders", 0);
    let half = Offset(i64::try_from(HALF).expect("a small number"));
    cluster
        .wait_until("the first half is committed", TIMEOUT, |_| {
            partition.high_watermark() >= Some(half)
        })
        .await
        .expect("the first half arrives");
    let leader = partition.leader().expect("somebody leads");
    cluster.broker(leader).kill();
    producer.send(&lines(HALF, HALF)).await.expect("it reads its input");
    producer.finish().await.expect("it delivers everything");
    cluster.broker(leader).restart();

    let (read, closing) = consumer.finish(2 * HALF).await.expect("it reads everything");
    let expected: Vec<String> = (0..2 * HALF).map(line).collect();
    assert_eq!(read, expected);
    assert!(closing <= Duration::from_secs(5), "closing took {closing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_tools_of_kafka_3_9_1_lose_nothing_when_a_leader_dies() {
    through_a_killed_leader(Version::V3_9_1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_tools_of_kafka_4_1_0_lose_nothing_when_a_leader_dies() {
    through_a_killed_leader(Version::V4_1_0).await;
}
