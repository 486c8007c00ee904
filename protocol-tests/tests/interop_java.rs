//! Java's console producer and consumer against the simulated cluster over TCP, through a killed
//! leader.

use std::time::Duration;

use milena::admin::NewTopic;
use milena::{Codec, Record, Start};
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

/// Java reads what we compressed, and we read what Java compressed, through the simulated cluster.
#[tokio::test(flavor = "multi_thread")]
async fn the_console_tools_of_kafka_4_1_0_exchange_compressed_records_with_us() {
    if !requires(&[Tool::Java, Tool::Maven]) {
        return;
    }
    let jars = Jars::fetch(Version::V4_1_0).expect("the jars are there");
    let cluster = MockCluster::builder().brokers(1).start().await.expect("it starts");
    let servers = cluster.bootstrap_servers();
    let kafka = milena::Kafka::builder(&servers).connect().await.expect("it serves");
    for codec in Codec::ALL {
        let topic = format!("exchanged-{codec}");
        let new = NewTopic::new(&topic).partitions(1).replication_factor(1);
        kafka.admin().create_topic(new).await.expect("a new topic");
        let ours = kafka.producer().compression(codec).build().await.expect("the codec is built");
        for n in 0..HALF {
            let (key, value) = (format!("key-{}", n % 7), format!("value-{n}"));
            let record = Record::to(topic.as_str()).key(&key).value(&value);
            let record = record.header("number", n.to_string()).header("again", "yes");
            drop(ours.enqueue(record).await.expect("there is room"));
        }
        ours.flush().await.expect("everything is written");
        let mut theirs =
            ConsoleProducer::start_with(&jars, &servers, &topic, codec.name()).expect("it starts");
        theirs.send(&lines(HALF, HALF)).await.expect("it reads its input");
        theirs.finish().await.expect("it delivers everything");

        let reader = ConsoleConsumer::start(&jars, &servers, &topic, 0, 2 * HALF);
        let (read, _) = reader.expect("it starts").finish(2 * HALF).await.expect("it reads");
        assert_eq!(read, (0..2 * HALF).map(line).collect::<Vec<_>>(), "{codec}");
        let from = [(topic.as_str(), 0, Start::Earliest)];
        let consumer = kafka.assigned_consumer().assign(from).build().await;
        let mut consumer = consumer.expect("the topic exists");
        for n in 0..2 * HALF {
            let record = consumer.next().await.expect("no end").expect("a record");
            assert_eq!(record.value(), Some(format!("value-{n}").as_bytes()), "{codec}");
            assert_eq!(record.headers().count(), 2, "{codec}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_tools_of_kafka_3_9_1_lose_nothing_when_a_leader_dies() {
    through_a_killed_leader(Version::V3_9_1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_tools_of_kafka_4_1_0_lose_nothing_when_a_leader_dies() {
    through_a_killed_leader(Version::V4_1_0).await;
}
