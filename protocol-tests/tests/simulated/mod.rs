//! What tests under virtual time share.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use milena::consumer::Start;
use milena::{Kafka, Offset};
use milena_mock_broker::{MockCluster, Topic};

/// Virtual time after which a run counts as stuck.
const HORIZON: Duration = Duration::from_secs(600);

/// Runs `scenario` on a current-thread runtime with paused time and without IO.
///
/// # Panics
/// If it is not done by the horizon.
pub(crate) fn run<T>(scenario: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime needs nothing of the system");
    let outcome = runtime.block_on(async { tokio::time::timeout(HORIZON, scenario).await });
    outcome.expect("the scenario ends before its horizon")
}

/// Everything a scenario draws, from its seed.
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d }
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }
}

/// A cluster of three in memory, with a topic "orders" on all of them.
pub(crate) async fn cluster(seed: u64, partitions: i32) -> MockCluster {
    start(MockCluster::builder().seed(seed), partitions).await
}

pub(crate) async fn start(
    builder: milena_mock_broker::MockClusterBuilder,
    partitions: i32,
) -> MockCluster {
    let cluster = builder.brokers(3).start_in_memory().await.expect("the cluster starts");
    let topic = Topic::new().partitions(partitions).replication_factor(3).min_insync_replicas(2);
    cluster.create_topic("orders", topic).expect("the topic is new");
    cluster
}

/// A client of `cluster`.
pub(crate) async fn client(cluster: &MockCluster) -> Kafka {
    Kafka::builder(cluster.bootstrap_servers())
        .environment(cluster.environment())
        .connect()
        .await
        .expect("the cluster answers")
}

/// Every record of "orders" by partition, in order, with its offset.
pub(crate) async fn read_all(kafka: &Kafka, partitions: i32) -> BTreeMap<i32, Vec<(i64, String)>> {
    let mut read = BTreeMap::new();
    let from = (0..partitions).map(|index| ("orders", index, Start::Earliest));
    let consumer = kafka.assigned_consumer().assign(from).build().await;
    let mut consumer = consumer.expect("the partitions exist");
    let all: Vec<(&str, i32)> = (0..partitions).map(|index| ("orders", index)).collect();
    let ends = consumer.end_offsets(all).await.expect("the leaders answer");
    loop {
        let behind = ends.iter().any(|((topic, index), end)| {
            consumer.position(topic, *index).expect("it is assigned").unwrap_or(Offset::ZERO) < *end
        });
        if !behind {
            break;
        }
        let records = consumer.poll(1_000, Duration::from_millis(100)).await;
        for record in &records.expect("the log can be read") {
            let value = String::from_utf8_lossy(record.value().unwrap_or_default()).into_owned();
            let log = read.entry(record.partition().get()).or_insert_with(Vec::new);
            log.push((record.offset().get(), value));
        }
    }
    consumer.close(Duration::from_secs(1)).await;
    read
}
