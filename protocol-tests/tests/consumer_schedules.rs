//! The consumer under random schedules of faults: whatever happens, each partition is delivered as
//! one gapless sequence, and in the end everything that was acknowledged was delivered.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use milena::{AssignedConsumer, Kafka, OffsetReset, Producer, Record, Start};
use milena_mock_broker::{MockCluster, Topic};
use tokio::time::Instant;

type Failure = Box<dyn Error>;

const PARTITIONS: i32 = 4;
/// Seeds of an ordinary run.
const SEEDS: u64 = 8;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// What a consumer was given, checked as it comes.
struct Seen {
    next: [i64; PARTITIONS as usize],
    values: BTreeSet<u64>,
}

impl Seen {
    async fn poll(&mut self, consumer: &mut AssignedConsumer, max: usize) -> Result<(), Failure> {
        let timeout = Duration::from_millis(200);
        let start = Instant::now();
        let records = consumer.poll(max, timeout).await?;
        if start.elapsed() > timeout + Duration::from_millis(1) {
            return Err(format!("poll took {:?}", start.elapsed()).into());
        }
        if let [event, ..] = records.events() {
            return Err(format!("nothing should have been reset: {event:?}").into());
        }
        for record in &records {
            let next = &mut self.next[usize::try_from(record.partition().get())?];
            if record.offset().get() != *next {
                return Err(format!("{record:?} came where offset {next} was due").into());
            }
            *next += 1;
            let value = std::str::from_utf8(record.value().unwrap_or_default())?.parse()?;
            if !self.values.insert(value) {
                return Err(format!("{value} came twice").into());
            }
        }
        Ok(())
    }
}

/// One fault, or the end of some.
fn disturb(cluster: &MockCluster, random: &mut Random) {
    let id = i32::try_from(random.below(3)).unwrap_or_default() + 1;
    let others = (1..=3).filter(|other| *other != id).collect::<Vec<i32>>();
    match random.below(9) {
        0 => cluster.broker(id).kill(),
        1 => cluster.broker(id).pause(),
        2 => cluster.network().cut([id], others),
        3 => cluster.network().cut_clients([id]),
        4 => cluster.network().reset_clients([1, 2, 3]),
        5 => cluster.network().cut_from_controller([id]),
        6 => cluster.network().delay_clients([id], Duration::from_millis(random.below(400))),
        _ => heal(cluster),
    }
}

fn heal(cluster: &MockCluster) {
    cluster.network().heal();
    for id in 1..=3 {
        cluster.broker(id).resume();
        if !cluster.broker(id).is_running() {
            cluster.broker(id).restart();
        }
    }
}

async fn run(seed: u64) -> Result<(), Failure> {
    let cluster = MockCluster::builder().brokers(3).seed(seed).start_in_memory().await?;
    let topic = Topic::new().partitions(PARTITIONS).replication_factor(3).min_insync_replicas(2);
    cluster.create_topic("orders", topic)?;
    let servers = cluster.bootstrap_servers();
    let kafka = Kafka::builder(servers).environment(cluster.environment()).connect().await?;
    let producer = kafka.producer().build().await?;
    let mut random = Random(seed);
    let mut consumer = kafka
        .assigned_consumer()
        .assign((0..PARTITIONS).map(|partition| ("orders", partition, Start::Earliest)))
        .offset_reset(OffsetReset::Fail)
        .partition_max_bytes(64 << random.below(8))
        .fetch_max_wait(Duration::from_millis(1 + random.below(500)))
        .build()
        .await?;
    let mut seen = Seen { next: [0; PARTITIONS as usize], values: BTreeSet::new() };
    let mut written = Vec::new();
    for value in 0..400 {
        if random.below(12) == 0 {
            disturb(&cluster, &mut random);
        }
        written.push((value, enqueue(&producer, value).await?));
        let max = usize::try_from(1 + random.below(20))?;
        seen.poll(&mut consumer, max).await?;
        if random.below(10) == 0 {
            // The caller loses interest in the middle of a wait.
            let patience = Duration::from_micros(random.below(20_000));
            let interrupted = tokio::time::timeout(patience, seen.poll(&mut consumer, 5)).await;
            if let Ok(outcome) = interrupted {
                outcome?;
            }
        }
    }
    heal(&cluster);
    let mut acknowledged = BTreeSet::new();
    for (value, delivery) in written {
        if delivery.await.is_ok() {
            acknowledged.insert(value);
        }
    }
    let deadline = Instant::now() + Duration::from_secs(120);
    while !acknowledged.is_subset(&seen.values) {
        if Instant::now() > deadline {
            let missing: Vec<_> = acknowledged.difference(&seen.values).take(5).collect();
            return Err(format!("{missing:?} never came; {}", cluster.describe()).into());
        }
        seen.poll(&mut consumer, 100).await?;
    }
    Ok(())
}

async fn enqueue(producer: &Producer, value: u64) -> Result<milena::Delivery, Failure> {
    let partition = i32::try_from(value)? % PARTITIONS;
    let record = Record::to("orders").partition(partition).value(value.to_string());
    Ok(producer.enqueue(record).await?)
}

/// `MILENA_SEEDS=FIRST..END` runs others.
fn seeds() -> Result<std::ops::Range<u64>, Failure> {
    let Ok(asked) = std::env::var("MILENA_SEEDS") else { return Ok(0..SEEDS) };
    let (first, end) = asked.split_once("..").ok_or("MILENA_SEEDS is not FIRST..END")?;
    Ok(first.parse()?..end.parse()?)
}

#[test]
fn each_partition_is_one_gapless_sequence_under_any_schedule_of_faults() -> Result<(), Failure> {
    for seed in seeds()? {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        let outcome = runtime.block_on(run(seed));
        outcome.map_err(|error| {
            let command = "cargo test -p milena-protocol-tests --test consumer_schedules";
            format!("{error}; to see it again: MILENA_SEEDS={seed}..{} {command}", seed + 1)
        })?;
    }
    Ok(())
}
