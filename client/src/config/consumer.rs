//! The settings of a consumer.

use std::time::Duration;

use milena_protocol::ids::Offset;

use crate::config::ClientConfig;
use crate::error::ConfigError;

/// Where the reading of a partition starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Start {
    /// At the oldest record that is still there.
    Earliest,
    /// After the newest record: only what is written from now on. With
    /// [`IsolationLevel::ReadCommitted`] that is the first offset of the oldest open transaction.
    Latest,
    /// At this offset. If the partition does not hold it, the [`OffsetReset`] policy decides.
    Offset(Offset),
    /// At the first record whose timestamp is this or later, in milliseconds since 1970-01-01 UTC;
    /// if there is none, as with [`Start::Latest`].
    Timestamp(i64),
}

impl Start {
    /// At this offset.
    pub fn at(offset: impl Into<Offset>) -> Self {
        Self::Offset(offset.into())
    }
}

impl From<Offset> for Start {
    fn from(offset: Offset) -> Self {
        Self::Offset(offset)
    }
}

impl From<i64> for Start {
    fn from(offset: i64) -> Self {
        Self::Offset(Offset(offset))
    }
}

/// What happens when a position is not (or no longer) in the log (`auto.offset.reset`).
///
/// It applies when the broker answers OFFSET_OUT_OF_RANGE because retention removed the records,
/// when the log was truncated and the point of divergence is not known, and when the topic was
/// deleted and created again. Every reset is reported as a
/// [`ConsumerEvent`](crate::consumer::ConsumerEvent) with the old and the new offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OffsetReset {
    /// Go on at the oldest record.
    Earliest,
    /// Go on after the newest record. The default, as in Java.
    #[default]
    Latest,
    /// Stop reading the partition and give an error; [`seek`] starts it again.
    ///
    /// [`seek`]: crate::consumer::AssignedConsumer::seek
    Fail,
}

/// Which records of transactions are read (`isolation.level`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IsolationLevel {
    /// Everything that is replicated, also of transactions that are open or were aborted. The
    /// default, as in Java.
    #[default]
    ReadUncommitted,
    /// Only records of committed transactions and records outside transactions. Reading stops
    /// before the oldest open transaction.
    ReadCommitted,
}

impl IsolationLevel {
    pub(crate) const fn to_wire(self) -> i8 {
        match self {
            Self::ReadUncommitted => 0,
            Self::ReadCommitted => 1,
        }
    }
}

/// Checked settings of everything that fetches.
#[derive(Clone, Debug)]
pub(crate) struct FetchConfig {
    pub(crate) min_bytes: usize,
    pub(crate) max_bytes: usize,
    pub(crate) max_wait: Duration,
    pub(crate) partition_max_bytes: usize,
    pub(crate) buffer_bytes: usize,
    /// What one batch may decompress to.
    pub(crate) max_decompressed: usize,
    /// What the batches of one poll may decompress to.
    pub(crate) max_decompressed_poll: usize,
    pub(crate) isolation: IsolationLevel,
    pub(crate) reset: OffsetReset,
    pub(crate) rack: String,
    pub(crate) api_timeout: Duration,
    pub(crate) retry_backoff: Duration,
    pub(crate) retry_backoff_max: Duration,
    /// How long a broker's advice to read from a follower is followed (`metadata.max.age.ms`).
    pub(crate) follower_lease: Duration,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            min_bytes: 1,
            max_bytes: 50 * 1024 * 1024,
            max_wait: Duration::from_millis(500),
            partition_max_bytes: 1024 * 1024,
            buffer_bytes: 64 * 1024 * 1024,
            max_decompressed: 64 * 1024 * 1024,
            max_decompressed_poll: 256 * 1024 * 1024,
            isolation: IsolationLevel::default(),
            reset: OffsetReset::default(),
            rack: String::new(),
            api_timeout: Duration::from_secs(60),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            follower_lease: Duration::from_secs(300),
        }
    }
}

impl FetchConfig {
    /// The defaults of a consumer of this client.
    pub(crate) fn of(client: &ClientConfig) -> Self {
        Self {
            retry_backoff: client.retry_backoff,
            retry_backoff_max: client.retry_backoff_max,
            follower_lease: client.metadata_max_age,
            ..Self::default()
        }
    }

    /// Whether the values are possible, alone and together.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (setting, value) in [
            ("fetch.max.bytes", self.max_bytes),
            ("max.partition.fetch.bytes", self.partition_max_bytes),
            ("buffer bytes", self.buffer_bytes),
            ("max decompressed per batch", self.max_decompressed),
        ] {
            if value == 0 {
                return Err(ConfigError::invalid(setting, value, "must be above zero"));
            }
        }
        for (setting, value) in [
            ("fetch.min.bytes", self.min_bytes),
            ("fetch.max.bytes", self.max_bytes),
            ("max.partition.fetch.bytes", self.partition_max_bytes),
        ] {
            if value > i32::MAX as usize {
                return Err(ConfigError::invalid(setting, value, "must not exceed 2147483647"));
            }
        }
        if self.max_wait.as_millis() > i32::MAX as u128 {
            let rule = "must not exceed 2147483647 ms";
            return Err(ConfigError::invalid("fetch.max.wait.ms", self.max_wait, rule));
        }
        if self.min_bytes > self.max_bytes {
            return Err(ConfigError::contradiction(
                ("fetch.min.bytes", self.min_bytes),
                ("fetch.max.bytes", self.max_bytes),
                "a broker would wait for more than it may send",
            ));
        }
        if self.partition_max_bytes > self.buffer_bytes {
            return Err(ConfigError::contradiction(
                ("max.partition.fetch.bytes", self.partition_max_bytes),
                ("buffer bytes", self.buffer_bytes),
                "the buffer has to take what one partition may send",
            ));
        }
        if self.max_decompressed > self.max_decompressed_poll {
            return Err(ConfigError::contradiction(
                ("max decompressed per batch", self.max_decompressed),
                ("max decompressed per poll", self.max_decompressed_poll),
                "a poll has to take what one batch may hold",
            ));
        }
        if self.api_timeout.is_zero() {
            let rule = "must be longer than zero";
            return Err(ConfigError::invalid("default.api.timeout.ms", self.api_timeout, rule));
        }
        Ok(())
    }

    /// The largest delay between two attempts after `failures` of them failed in a row.
    pub(crate) fn backoff(&self, failures: u32) -> Duration {
        let doubled = self.retry_backoff.saturating_mul(1 << failures.saturating_sub(1).min(10));
        doubled.min(self.retry_backoff_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_java() {
        let config = FetchConfig::default();
        assert!(config.check().is_ok());
        assert_eq!(config.min_bytes, 1);
        assert_eq!(config.max_bytes, 52_428_800);
        assert_eq!(config.max_wait, Duration::from_millis(500));
        assert_eq!(config.partition_max_bytes, 1_048_576);
        assert_eq!(config.isolation, IsolationLevel::ReadUncommitted);
        assert_eq!(config.reset, OffsetReset::Latest);
    }

    #[test]
    fn a_minimum_above_the_maximum_is_a_contradiction_with_both_values() {
        let config = FetchConfig { min_bytes: 10, max_bytes: 5, ..FetchConfig::default() };
        let text = config.check().unwrap_err().to_string();
        assert!(text.contains("fetch.min.bytes = 10"), "{text}");
        assert!(text.contains("fetch.max.bytes = 5"), "{text}");
    }

    #[test]
    fn a_partition_has_to_fit_the_buffer() {
        let config = FetchConfig { buffer_bytes: 1000, ..FetchConfig::default() };
        assert!(matches!(config.check(), Err(ConfigError::Contradiction { .. })));
    }

    #[test]
    fn the_delay_between_attempts_doubles_up_to_its_maximum() {
        let config = FetchConfig::default();
        assert_eq!(config.backoff(1), Duration::from_millis(100));
        assert_eq!(config.backoff(3), Duration::from_millis(400));
        assert_eq!(config.backoff(60), Duration::from_secs(1));
    }
}
