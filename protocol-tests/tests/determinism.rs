//! One seed, one trace: a scenario with faults runs twice for each of 200 seeds, and everything
//! that happened has to be the same.
//!
//! A seed that fails is replayed, with the first event that differs, by
//! `MILENA_SEED=<seed> cargo test -p milena-protocol-tests --test determinism`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use milena::environment::Environment;
use milena::{Kafka, Record};
use milena_mock_broker::trace::Trace;
use milena_mock_broker::{MockCluster, Tracing};

mod simulated;

use simulated::Chance;

/// Quarters of the seeds run as tests of their own, and so next to each other.
const QUARTER: u64 = 50;
const PARTITIONS: i32 = 3;
const RECORDS: u64 = 40;
const FAULTS: usize = 2;

/// What a run leaves behind.
struct Run {
    trace: Trace,
    acknowledged: Vec<(i32, i64, String)>,
    read: BTreeMap<i32, Vec<(i64, String)>>,
}

fn run(seed: u64, tracing: Tracing) -> Run {
    simulated::run(async move {
        let cluster =
            simulated::start(MockCluster::builder().seed(seed).tracing(tracing), PARTITIONS).await;
        let kafka = simulated::client(&cluster).await;
        let written = Arc::new(Mutex::new(Written::default()));
        let environment = cluster.environment();
        let writing = write(kafka.clone(), environment.clone(), Arc::clone(&written));
        environment.spawner().spawn("writer", Box::pin(writing));
        disturb(&cluster, &mut Chance::new(seed)).await;

        while !written.lock().expect("no writer panics").done {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let read = simulated::read_all(&kafka, PARTITIONS).await;
        let acknowledged =
            std::mem::take(&mut written.lock().expect("no writer panics").acknowledged);
        Run { trace: cluster.trace(), acknowledged, read }
    })
}

#[derive(Default)]
struct Written {
    acknowledged: Vec<(i32, i64, String)>,
    done: bool,
}

/// Sends records at a steady pace, whatever happens to the brokers.
async fn write(kafka: Kafka, environment: Environment, written: Arc<Mutex<Written>>) {
    let producer = kafka.producer().build().await.expect("the defaults are sound");
    let mut deliveries = Vec::new();
    for number in 0..RECORDS {
        let value = format!("{number}");
        let key = format!("{}", environment.entropy().next_u64() % 16);
        let record = Record::to("orders").key(&key).value(&value);
        deliveries.push((value.clone(), producer.enqueue(record).await.expect("there is room")));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for (value, delivery) in deliveries {
        if let Ok(placed) = delivery.await {
            let offset = placed.offset.map_or(-1, |offset| offset.get());
            let place = (placed.partition.get(), offset, value);
            written.lock().expect("no reader panics").acknowledged.push(place);
        }
    }
    written.lock().expect("no reader panics").done = true;
}

/// Kills, restarts, cuts and heals, one fault at a time, and leaves everything whole.
async fn disturb(cluster: &MockCluster, chance: &mut Chance) {
    for _ in 0..FAULTS {
        tokio::time::sleep(Duration::from_millis(chance.below(1_500))).await;
        let victim = 1 + chance.below(3) as i32;
        let others = (1..=3).filter(|id| *id != victim);
        match chance.below(4) {
            0 => cluster.broker(victim).kill(),
            1 => cluster.network().cut([victim], others),
            2 => cluster.network().cut_clients([victim]),
            _ => cluster.broker(victim).pause(),
        }
        tokio::time::sleep(Duration::from_millis(chance.below(12_000))).await;
        cluster.broker(victim).restart();
        cluster.broker(victim).resume();
        cluster.network().heal();
        cluster.wait_until_ready(Duration::from_secs(60)).await.expect("nothing is broken");
    }
    for index in 0..PARTITIONS {
        let partition = cluster.partition("orders", index);
        partition.wait_for_isr(3, Duration::from_secs(120)).await.expect("replicas catch up");
    }
}

/// What has to hold for every seed, besides being the same twice.
fn check(run: &Run) {
    for (partition, offset, value) in &run.acknowledged {
        let records = run.read.get(partition).map_or(&[][..], Vec::as_slice);
        let found: Vec<_> = records.iter().filter(|(_, read)| read == value).collect();
        assert_eq!(found.len(), 1, "{value} in partition {partition} is there {found:?}");
        assert!(*offset == -1 || found[0].0 == *offset, "{value} is not where it was put");
    }
    for (partition, records) in &run.read {
        let numbers: Vec<u64> = records.iter().filter_map(|(_, v)| v.parse().ok()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "partition {partition}: {numbers:?}");
    }
}

fn replay(seed: u64) -> String {
    format!("MILENA_SEED={seed} cargo test -p milena-protocol-tests --test determinism")
}

/// Replays the seed that the environment names, with every event kept, if it names one.
fn replayed() -> bool {
    let Some(seed) = std::env::var("MILENA_SEED").ok().and_then(|text| text.parse().ok()) else {
        return false;
    };
    let (once, again) = (run(seed, Tracing::Events), run(seed, Tracing::Events));
    if let Some(difference) = once.trace.first_difference(&again.trace) {
        panic!("seed {seed}: {difference}");
    }
    check(&once);
    true
}

fn every_seed_of(quarter: u64) {
    if replayed() {
        return;
    }
    let mut traces = BTreeSet::new();
    for seed in quarter * QUARTER..(quarter + 1) * QUARTER {
        let checked = std::panic::catch_unwind(|| {
            let once = run(seed, Tracing::Hash);
            check(&once);
            once.trace.hash()
        });
        let Ok(once) = checked else {
            panic!("seed {seed} failed as told above; replay: {}", replay(seed));
        };
        let again = run(seed, Tracing::Hash).trace.hash();
        assert_eq!(once, again, "seed {seed} gave two traces; replay: {}", replay(seed));
        traces.insert(once);
    }
    assert_eq!(traces.len() as u64, QUARTER, "different seeds have to give different traces");
}

#[test]
fn a_seed_gives_the_same_trace_twice_and_loses_nothing_first_quarter() {
    every_seed_of(0);
}

#[test]
fn a_seed_gives_the_same_trace_twice_and_loses_nothing_second_quarter() {
    every_seed_of(1);
}

#[test]
fn a_seed_gives_the_same_trace_twice_and_loses_nothing_third_quarter() {
    every_seed_of(2);
}

#[test]
fn a_seed_gives_the_same_trace_twice_and_loses_nothing_last_quarter() {
    every_seed_of(3);
}
