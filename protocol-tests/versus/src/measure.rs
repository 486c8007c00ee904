//! CPU time, wall time, memory and acknowledgement times of this process.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

use crate::WorkerArguments;

/// One run, as printed. The Go program prints the same fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    pub client: String,
    pub workload: String,
    /// Filled in by the runner.
    #[serde(default)]
    pub round: u32,
    pub records: u64,
    pub wall_s: f64,
    /// User and system time of the client's process.
    pub cpu_s: f64,
    pub cpu_ns_per_record: f64,
    pub mb_per_s: f64,
    /// Null where nothing is acknowledged, as in a consume workload.
    pub p50_ack_ms: Option<f64>,
    pub p99_ack_ms: Option<f64>,
    pub peak_rss_mb: f64,
}

/// Started before the client is made, stopped when the last outcome is known.
pub struct Run {
    wall: Instant,
    cpu: Duration,
}

impl Run {
    pub fn start() -> Result<Self> {
        Ok(Self { wall: Instant::now(), cpu: cpu_time(&usage()?)? })
    }

    /// Prints the line of a run that has moved all its records.
    pub fn finish(&self, arguments: &WorkerArguments, acks: Option<&AckTimes>) -> Result<()> {
        let wall = self.wall.elapsed().as_secs_f64();
        let usage = usage()?;
        let cpu = cpu_time(&usage)?.saturating_sub(self.cpu).as_secs_f64();
        let bytes = arguments.records * arguments.workload.value_bytes() as u64;
        let percentiles = acks.map(AckTimes::percentiles).transpose()?;
        let line = Line {
            client: arguments.client.name().to_owned(),
            workload: arguments.workload.name().to_owned(),
            round: 0,
            records: arguments.records,
            wall_s: wall,
            cpu_s: cpu,
            cpu_ns_per_record: cpu * 1e9 / arguments.records as f64,
            mb_per_s: bytes as f64 / 1e6 / wall,
            p50_ack_ms: percentiles.map(|(p50, _)| p50),
            p99_ack_ms: percentiles.map(|(_, p99)| p99),
            // Linux counts in KiB.
            peak_rss_mb: usage.max_rss() as f64 * 1024.0 / 1e6,
        };
        println!("{}", serde_json::to_string(&line)?);
        Ok(())
    }
}

fn usage() -> Result<Usage> {
    getrusage(UsageWho::RUSAGE_SELF).context("getrusage")
}

fn cpu_time(usage: &Usage) -> Result<Duration> {
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros).context("negative CPU time")?))
}

/// Times from handing a record over to knowing its outcome, of every n-th record.
pub struct AckTimes {
    origin: Instant,
    every: u64,
    started: Vec<AtomicU64>,
    taken: Mutex<Vec<u64>>,
}

impl AckTimes {
    pub fn new(records: u64, every: u64) -> Self {
        let samples = records.div_ceil(every);
        Self {
            origin: Instant::now(),
            every,
            started: (0..samples).map(|_| AtomicU64::new(0)).collect(),
            taken: Mutex::new(Vec::with_capacity(samples as usize)),
        }
    }

    /// Record `index` is about to be handed to the client.
    pub fn sent(&self, index: u64) {
        if index.is_multiple_of(self.every) {
            self.started[(index / self.every) as usize].store(self.now(), Ordering::Release);
        }
    }

    /// Record `index` has an outcome.
    pub fn acknowledged(&self, index: u64) {
        if index.is_multiple_of(self.every) {
            let started = self.started[(index / self.every) as usize].load(Ordering::Acquire);
            let took = self.now().saturating_sub(started);
            self.taken.lock().expect("no panic while it is held").push(took);
        }
    }

    fn now(&self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }

    /// p50 and p99 in milliseconds.
    fn percentiles(&self) -> Result<(f64, f64)> {
        let mut taken = self.taken.lock().expect("no panic while it is held").clone();
        ensure!(taken.len() == self.started.len(), "some outcomes were never observed");
        taken.sort_unstable();
        let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize] as f64 / 1e6;
        Ok((at(0.5), at(0.99)))
    }
}
