//! Sends the records, and kills and restarts a leader on the way.

use std::time::Duration;

use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use milena::{Delivery, Kafka, Offset, PartitionIndex, Record};
use milena_mock_broker::{BrokerHandle, MockCluster};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Failure;
use super::chance::Chance;

/// Different keys. Records of one key are in one partition, so they are acknowledged in order, and
/// one task per key sees each acknowledgement as soon as it is there.
const KEYS: u32 = 256;

/// Unacknowledged records per key before sending waits, so that what is measured is the cluster
/// and not a queue.
const WINDOW: usize = 32;

/// How often the progress bar moves.
const TICK: u32 = 1_000;

/// Where an acknowledged record is.
pub(crate) type Place = (PartitionIndex, Option<Offset>);

/// What became of the records that were sent.
pub(crate) struct Sent {
    pub(crate) records: u32,
    /// By number: where the acknowledgement says it is.
    pub(crate) acknowledged: Vec<Option<Place>>,
    pub(crate) failures: Vec<String>,
    /// Microseconds from send to acknowledgement.
    pub(crate) latency: Histogram<u64>,
    pub(crate) took: Duration,
    pub(crate) killed: Option<String>,
}

impl Sent {
    pub(crate) fn acknowledged_count(&self) -> usize {
        self.acknowledged.iter().flatten().count()
    }
}

/// A kill in the middle of the run, and a restart.
pub(crate) struct Disturbance {
    cluster: MockCluster,
    topic: String,
    partition: i32,
    kill_at: u32,
    restart_at: u32,
    victim: Option<BrokerHandle>,
}

impl Disturbance {
    pub(crate) fn plan(
        cluster: MockCluster,
        topic: &str,
        records: u32,
        partitions: i32,
        chance: &mut Chance,
    ) -> Self {
        let partition = chance.below(partitions.cast_unsigned()).cast_signed();
        let kill_at = records / 4 + chance.below((records / 4).max(1));
        let restart_at = kill_at + records / 4;
        let topic = topic.to_owned();
        Self { cluster, topic, partition, kill_at, restart_at, victim: None }
    }

    /// Does what is planned for this record. What was done, if anything.
    fn before(&mut self, record: u32) -> Option<String> {
        if record == self.restart_at {
            self.victim.take()?.restart();
            return None;
        }
        if record != self.kill_at {
            return None;
        }
        let leader = self.cluster.partition(&self.topic, self.partition).leader()?;
        let victim = self.cluster.broker(leader);
        victim.kill();
        self.victim = Some(victim);
        let (partition, restart) = (self.partition, self.restart_at);
        Some(format!(
            "broker {leader}, leader of partition {partition}, at record {record}, back at {restart}"
        ))
    }

    /// Leaves no broker dead.
    fn end(&mut self) {
        if let Some(victim) = self.victim.take() {
            victim.restart();
        }
    }
}

pub(crate) async fn run(
    kafka: &Kafka,
    topic: &str,
    records: u32,
    mut chance: Chance,
    mut disturbance: Option<Disturbance>,
) -> Result<Sent, Failure> {
    let producer = kafka.producer().build().await?;
    let mut keys = JoinSet::new();
    let lanes: Vec<mpsc::Sender<Pending>> = (0..KEYS)
        .map(|_| {
            let (lane, pending) = mpsc::channel(WINDOW);
            keys.spawn(observe(pending));
            lane
        })
        .collect();

    let progress = bar(records, "sending");
    let started = Instant::now();
    let mut killed = None;
    let mut value = String::new();
    for number in 0..records {
        if let Some(done) = disturbance.as_mut().and_then(|plan| plan.before(number)) {
            progress.println(format!("killed {done}"));
            killed = Some(done);
        }
        let key = chance.below(KEYS);
        write_value(&mut value, number, &mut chance);
        let record = Record::to(topic).key(format!("key-{key}")).value(&value);
        let sent = Instant::now();
        let delivery = producer.enqueue(record).await?;
        let lane = lanes.get(key as usize).ok_or("there is a lane for every key")?;
        lane.send(Pending { number, sent, delivery }).await?;
        if number % TICK == 0 {
            progress.set_position(u64::from(number));
        }
    }
    drop(lanes);
    let observed = keys.join_all().await;
    let took = started.elapsed();
    progress.finish_and_clear();
    if let Some(disturbance) = &mut disturbance {
        disturbance.end();
    }
    producer.close(Duration::from_secs(10)).await?;
    collect(records, observed, took, killed)
}

/// A value that says which record it is, with some more bytes to carry.
fn write_value(value: &mut String, number: u32, chance: &mut Chance) {
    use std::fmt::Write as _;

    value.clear();
    // Writing to a String cannot fail.
    let _ = write!(value, "{number}:");
    for _ in 0..4 {
        let _ = write!(value, "{:016x}", chance.bits());
    }
}

struct Pending {
    number: u32,
    sent: Instant,
    delivery: Delivery,
}

/// What one key saw: numbers with their outcome and latency.
type Observed = Vec<(u32, Result<Place, String>, Duration)>;

async fn observe(mut pending: mpsc::Receiver<Pending>) -> Observed {
    let mut observed = Vec::new();
    while let Some(Pending { number, sent, delivery }) = pending.recv().await {
        let outcome = match delivery.await {
            Ok(at) => Ok((at.partition, at.offset)),
            Err(error) => Err(error.to_string()),
        };
        observed.push((number, outcome, sent.elapsed()));
    }
    observed
}

fn collect(
    records: u32,
    observed: Vec<Observed>,
    took: Duration,
    killed: Option<String>,
) -> Result<Sent, Failure> {
    let mut sent = Sent {
        records,
        acknowledged: vec![None; records as usize],
        failures: Vec::new(),
        latency: Histogram::new(3)?,
        took,
        killed,
    };
    for (number, outcome, latency) in observed.into_iter().flatten() {
        sent.latency.record(u64::try_from(latency.as_micros())?)?;
        match outcome {
            Ok(place) => sent.acknowledged[number as usize] = Some(place),
            Err(error) => sent.failures.push(format!("record {number}: {error}")),
        }
    }
    Ok(sent)
}

/// A progress bar, which hides itself where there is no terminal.
pub(crate) fn bar(length: u32, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(u64::from(length)).with_message(what);
    let template = "{msg:>8} {wide_bar} {pos}/{len} {per_sec}";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
