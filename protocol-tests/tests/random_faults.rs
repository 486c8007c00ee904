//! Producing through random kills, pauses and partitions of the simulated cluster: whatever was
//! acknowledged is read back once and in order.
//!
//! A failure prints its seed; `MILENA_SEED=<seed> cargo test -p milena-protocol-tests --test
//! random_faults` runs that one alone.

use std::collections::BTreeMap;
use std::time::Duration;

use milena::{Codec, Delivery, Kafka, Record, Start};
use milena_mock_broker::{MockCluster, Topic};

const SEEDS: u64 = 20;
const RECORDS: u64 = 300;
const PARTITIONS: i32 = 3;
const KEYS: u64 = 17;
const SECOND: Duration = Duration::from_secs(1);

type Failure = Box<dyn std::error::Error>;

/// SplitMix64: the faults of a seed, whatever else draws random numbers.
struct Lot(u64);

impl Lot {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn broker(&mut self) -> i32 {
        if self.below(3) == 0 { 1 } else { 2 + i32::from(self.below(2) == 0) }
    }
}

fn disturb(cluster: &MockCluster, lot: &mut Lot) {
    let id = lot.broker();
    match lot.below(5) {
        0 => cluster.broker(id).kill(),
        1 => cluster.broker(id).pause(),
        2 => bring_back(cluster, id),
        3 => cluster.network().cut([id], [1 + id % 3]),
        _ => cluster.network().heal(),
    }
}

fn bring_back(cluster: &MockCluster, id: i32) {
    cluster.broker(id).resume();
    cluster.broker(id).restart();
}

/// Sends records, in a codec that the seed chooses, while brokers come and go, heals everything, and reads back.
async fn run(seed: u64) -> Result<(), Failure> {
    let mut lot = Lot(seed);
    let cluster = MockCluster::builder().brokers(3).seed(seed).deferred_polls(30);
    let cluster = cluster.start_in_memory().await?;
    cluster.wait_until_ready(30 * SECOND).await?;
    let topic = Topic::new().partitions(PARTITIONS).replication_factor(3).min_insync_replicas(2);
    cluster.create_topic("orders", topic)?;
    let servers = cluster.bootstrap_servers();
    let kafka = Kafka::builder(servers).environment(cluster.environment()).connect().await?;
    let codec = Codec::ALL[usize::try_from(seed)? % Codec::ALL.len()];
    let producer = kafka.producer().compression(codec).build().await?;
    let mut open: Vec<(u64, Delivery)> = Vec::new();
    for number in 0..RECORDS {
        if lot.below(25) == 0 {
            disturb(&cluster, &mut lot);
        }
        let key = (number % KEYS).to_string();
        let record = Record::to("orders").key(key).value(number.to_string());
        open.push((number, producer.enqueue(record).await?));
        tokio::time::sleep(Duration::from_millis(lot.below(200))).await;
    }
    cluster.network().heal();
    for id in 1..=3 {
        bring_back(&cluster, id);
    }
    let mut acknowledged = Vec::new();
    for (number, delivery) in open {
        delivery.await.map_err(|error| format!("record {number}: {error}"))?;
        acknowledged.push(number);
    }
    let seen = read_back(&kafka, acknowledged.len()).await?;
    kafka.close(5 * SECOND).await;
    match acknowledged.iter().find(|number| !seen.contains_key(number)) {
        Some(lost) => Err(format!("record {lost} was acknowledged and is gone").into()),
        None => Ok(()),
    }
}

/// Where each record was found; fails if one is found twice or behind a later one of its key.
async fn read_back(kafka: &Kafka, count: usize) -> Result<BTreeMap<u64, i64>, Failure> {
    let partitions = (0..PARTITIONS).map(|index| ("orders", index, Start::Earliest));
    let mut consumer = kafka.assigned_consumer().assign(partitions).build().await?;
    let mut seen = BTreeMap::new();
    let mut last_of_key = BTreeMap::new();
    let deadline = tokio::time::Instant::now() + 120 * SECOND;
    while seen.len() < count && tokio::time::Instant::now() < deadline {
        for record in consumer.poll(1_000, 5 * SECOND).await?.iter() {
            let value = record.value().ok_or("a record without a value")?;
            let number: u64 = std::str::from_utf8(value)?.parse()?;
            if seen.insert(number, record.offset().get()).is_some() {
                return Err(format!("record {number} was read twice").into());
            }
            let later = last_of_key.insert(number % KEYS, number).filter(|last| *last > number);
            if let Some(later) = later {
                return Err(format!("record {number} was read behind {later}").into());
            }
        }
    }
    consumer.close(5 * SECOND).await;
    Ok(seen)
}

#[test]
fn what_was_acknowledged_is_read_back_once_and_in_order_whatever_the_brokers_do() {
    let chosen = std::env::var("MILENA_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = chosen.map_or(0..SEEDS, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime without IO needs nothing from the system");
        let outcome =
            runtime.block_on(async { tokio::time::timeout(3_600 * SECOND, run(seed)).await });
        let replay = format!("replay with MILENA_SEED={seed}");
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => panic!("{failure}; {replay}"),
            Err(_) => panic!("still busy after an hour of virtual time; {replay}"),
        }
    }
}
