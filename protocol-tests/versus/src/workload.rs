//! What is measured, and the settings every client gets.

use bytes::Bytes;
use clap::ValueEnum;

/// The settings are Kafka's names in the clients' own words; all clients get the same.
pub mod settings {
    use std::time::Duration;

    pub const PARTITIONS: i32 = 6;
    pub const LINGER: Duration = Duration::from_millis(5);
    pub const BATCH_BYTES: usize = 128 * 1024;
    pub const BUFFER_BYTES: usize = 64 * 1024 * 1024;
    pub const FETCH_MAX_BYTES: i32 = 50 * 1024 * 1024;
    pub const FETCH_PARTITION_BYTES: i32 = 1024 * 1024;
    pub const FETCH_MAX_WAIT: Duration = Duration::from_millis(500);
    /// The latency workload sends one record a millisecond.
    pub const LATENCY_INTERVAL: Duration = Duration::from_millis(1);
    /// A run that takes longer has failed.
    pub const STALL: Duration = Duration::from_secs(60);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Workload {
    #[value(name = "produce-100")]
    Produce100,
    #[value(name = "produce-1k")]
    Produce1k,
    #[value(name = "consume-100")]
    Consume100,
    #[value(name = "consume-1k")]
    Consume1k,
    #[value(name = "latency")]
    Latency,
}

/// Which side of a client a workload exercises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Produce,
    Consume,
}

impl Workload {
    pub fn name(self) -> &'static str {
        match self {
            Self::Produce100 => "produce-100",
            Self::Produce1k => "produce-1k",
            Self::Consume100 => "consume-100",
            Self::Consume1k => "consume-1k",
            Self::Latency => "latency",
        }
    }

    pub fn direction(self) -> Direction {
        match self {
            Self::Produce100 | Self::Produce1k | Self::Latency => Direction::Produce,
            Self::Consume100 | Self::Consume1k => Direction::Consume,
        }
    }

    pub fn value_bytes(self) -> usize {
        match self {
            Self::Produce100 | Self::Consume100 | Self::Latency => 100,
            Self::Produce1k | Self::Consume1k => 1024,
        }
    }

    pub fn default_records(self) -> u64 {
        match self {
            Self::Produce100 | Self::Consume100 => 5_000_000,
            Self::Produce1k | Self::Consume1k => 1_000_000,
            Self::Latency => 10_000,
        }
    }

    /// The workload that fills the topic a consume workload reads.
    pub fn filled_by(self) -> Option<Self> {
        match self {
            Self::Consume100 => Some(Self::Produce100),
            Self::Consume1k => Some(Self::Produce1k),
            Self::Produce100 | Self::Produce1k | Self::Latency => None,
        }
    }

    pub fn linger(self) -> std::time::Duration {
        match self {
            Self::Latency => std::time::Duration::ZERO,
            _ => settings::LINGER,
        }
    }

    /// Every how many records the time to the acknowledgement is taken: a clock read costs 24 ns,
    /// which must not be what is measured.
    pub fn sample_every(self) -> u64 {
        match self {
            Self::Latency => 1,
            _ => 1024,
        }
    }

    /// The waits before each record of the latency workload, none for the others.
    pub fn interval(self) -> Option<std::time::Duration> {
        (self == Self::Latency).then_some(settings::LATENCY_INTERVAL)
    }
}

/// Values made before the clock starts: incompressible, the same in every run and client.
pub struct ValuePool(Vec<Bytes>);

/// A power of two, so that taking the next value is a mask.
const POOL: usize = 1024;

impl ValuePool {
    pub fn new(value_bytes: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        };
        Self((0..POOL).map(|_| (0..value_bytes).map(|_| next()).collect()).collect())
    }

    pub fn get(&self, index: u64) -> &Bytes {
        &self.0[index as usize & (POOL - 1)]
    }
}
