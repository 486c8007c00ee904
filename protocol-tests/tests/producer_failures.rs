//! The producer while brokers die, hang and lose their connections: whatever is acknowledged is in
//! the log once, in order, at the offset it was told.

use std::time::Duration;

use milena::protocol::records::Batch;
use milena::{Kafka, Producer, Record};
use milena_mock_broker::{MockCluster, Topic};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const PARTITIONS: i32 = 3;
const RECORDS: usize = 300;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

fn run(scenario: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(scenario);
}

async fn start(seed: u64) -> (MockCluster, Producer) {
    let cluster =
        MockCluster::builder().brokers(3).seed(seed).start_in_memory().await.expect("a cluster");
    let topic = Topic::new().partitions(PARTITIONS).replication_factor(3).min_insync_replicas(2);
    cluster.create_topic("orders", topic).expect("a topic");
    let kafka = Kafka::builder(cluster.bootstrap_servers())
        .environment(cluster.environment())
        .connect()
        .await
        .expect("the cluster serves");
    let builder = kafka.producer().batch_size(400).linger(MILLI);
    let builder = builder.request_timeout(5 * SECOND).delivery_timeout(600 * SECOND);
    (cluster, builder.build().await.expect("sound settings"))
}

/// What the leader's log holds, record by record.
fn values(cluster: &MockCluster, partition: i32) -> Vec<String> {
    let view = cluster.partition("orders", partition);
    let leader = view.leader().expect("healed");
    let mut values = Vec::new();
    for batch in view.log(leader) {
        let batch: &Batch = &batch.batch;
        for record in batch.records().expect("records") {
            let value = record.expect("a record").value.expect("a value").to_vec();
            values.push(String::from_utf8(value).expect("text"));
        }
    }
    values
}

/// One of the things that can happen to a cluster.
fn strike(cluster: &MockCluster, dice: &mut Dice) {
    let broker = dice.roll(3) as i32 + 1;
    match dice.roll(6) {
        0 => cluster.broker(broker).kill(),
        1 => cluster.broker(broker).pause(),
        2 => cluster.network().reset_clients([broker]),
        3 => {
            let other = (broker + dice.roll(2) as i32) % 3 + 1;
            cluster.network().cut([broker], [other]);
        }
        4 => cluster.network().cut_clients([broker]),
        _ => {
            let leader = cluster.partition("orders", dice.roll(3) as i32).leader();
            if let Some(leader) = leader {
                cluster.broker(leader).kill();
            }
        }
    }
}

fn heal(cluster: &MockCluster) {
    for broker in 1..=3 {
        cluster.broker(broker).resume();
        if !cluster.broker(broker).is_running() {
            cluster.broker(broker).restart();
        }
    }
    cluster.network().heal();
}

async fn through_faults(seed: u64) {
    let (cluster, producer) = start(seed).await;
    let mut dice = Dice(seed);
    let mut deliveries = Vec::new();
    for number in 0..RECORDS {
        let partition = number as i32 % PARTITIONS;
        let value = format!("{number:06}");
        let record = Record::to("orders").value(&value).partition(partition);
        deliveries.push((value.clone(), producer.enqueue(record).await.expect("room")));
        if dice.roll(60) == 0 {
            strike(&cluster, &mut dice);
        }
        if dice.roll(40) == 0 {
            tokio::time::sleep(Duration::from_secs(dice.roll(20))).await;
            heal(&cluster);
        }
        tokio::time::sleep(Duration::from_millis(dice.roll(20))).await;
    }
    heal(&cluster);
    let mut outcomes = Vec::new();
    for (value, delivery) in deliveries {
        let metadata = delivery.await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        outcomes.push((value, metadata.partition.get(), metadata.offset));
    }
    for partition in 0..PARTITIONS {
        cluster.partition("orders", partition).wait_for_leader(60 * SECOND).await.expect("healed");
        let log = values(&cluster, partition);
        let mut sorted = log.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(log, sorted, "seed {seed}: twice or out of order in partition {partition}");
        for (value, _, offset) in outcomes.iter().filter(|(_, p, _)| *p == partition) {
            let place = log.iter().position(|v| v == value);
            let place = place.unwrap_or_else(|| panic!("seed {seed}: {value} is lost"));
            if let Some(offset) = offset {
                assert_eq!(place as i64, offset.get(), "seed {seed}: {value}");
            }
        }
    }
}

#[test]
fn acknowledged_records_are_in_the_log_once_and_in_order_whatever_happens_to_brokers() {
    for seed in 0..12 {
        run(through_faults(seed));
    }
}

#[test]
fn a_leader_that_dies_delays_its_partition_and_no_other() {
    run(async {
        let (cluster, producer) = start(1).await;
        for partition in 0..PARTITIONS {
            let record = Record::to("orders").value("warm up").partition(partition);
            producer.send(record).await.expect("acknowledged");
        }
        let victim = cluster.partition("orders", 0).leader().expect("a leader");
        let other = (0..PARTITIONS)
            .find(|&p| cluster.partition("orders", p).leader() != Some(victim))
            .expect("leaders are spread");
        cluster.broker(victim).kill();
        let stalled = producer.enqueue(Record::to("orders").value("a").partition(0)).await;
        let stalled = stalled.expect("room");
        let start = tokio::time::Instant::now();
        // Followers that are gone hold up acks=all until they are fenced, so not at once.
        let record = Record::to("orders").value("b").partition(other);
        producer.send(record).await.expect("acknowledged");
        let healthy = start.elapsed();
        stalled.await.expect("acknowledged by the next leader");
        assert!(healthy <= start.elapsed() && start.elapsed() < 60 * SECOND);
    });
}

#[test]
fn a_recreated_topic_starts_without_the_sequences_of_the_old_one() {
    run(async {
        let (cluster, producer) = start(2).await;
        for value in ["a", "b"] {
            let record = Record::to("orders").value(value).partition(0);
            producer.send(record).await.expect("acknowledged");
        }
        cluster.delete_topic("orders").expect("it exists");
        let topic = Topic::new().partitions(PARTITIONS).replication_factor(3);
        tokio::time::sleep(SECOND).await;
        cluster.create_topic("orders", topic).expect("a new one");
        let record = Record::to("orders").value("c").partition(0);
        producer.send(record).await.expect("acknowledged");
        assert_eq!(values(&cluster, 0), ["c"]);
        let leader = cluster.partition("orders", 0).leader().expect("a leader");
        let log = cluster.partition("orders", 0).log(leader);
        assert_eq!(log.first().expect("a batch").base_sequence.get(), 0);
    });
}
