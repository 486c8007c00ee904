//! What a producer can be told, checked together before it starts.

use std::time::Duration;

use milena_protocol::compression::Compression;

use crate::config::ClientConfig;
use crate::error::ConfigError;

/// How many replicas have to have a record before it counts as acknowledged. Java: `acks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Acks {
    /// Every replica in sync, and at least `min.insync.replicas` of them. The default, and the only
    /// choice for an idempotent producer: an acknowledged record survives as long as one of them.
    #[default]
    All,
    /// The leader alone. A record is lost if the leader dies before a follower has copied it.
    Leader,
    /// Nobody: there is no answer, so there are no offsets, and errors go unseen.
    None,
}

impl Acks {
    pub(crate) const fn to_wire(self) -> i16 {
        match self {
            Self::All => -1,
            Self::Leader => 1,
            Self::None => 0,
        }
    }
}

impl TryFrom<i16> for Acks {
    type Error = ConfigError;

    fn try_from(value: i16) -> Result<Self, ConfigError> {
        match value {
            -1 => Ok(Self::All),
            0 => Ok(Self::None),
            1 => Ok(Self::Leader),
            _ => Err(ConfigError::invalid("acks", value, "must be -1 (all), 0 or 1")),
        }
    }
}

/// Whether the broker recognises a batch that is sent twice. Java: `enable.idempotence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Idempotence {
    /// Retries neither duplicate nor reorder. The default.
    #[default]
    On,
    /// Retries may duplicate. Needed for other acks than all.
    Off,
}

/// The settings of a producer. The defaults are those of Java's 4.1 client.
#[derive(Clone, Debug)]
pub(crate) struct ProducerConfig {
    pub(crate) acks: Acks,
    pub(crate) idempotence: Idempotence,
    pub(crate) compression: Compression,
    pub(crate) linger: Duration,
    pub(crate) batch_size: usize,
    pub(crate) buffer_memory: usize,
    pub(crate) max_request_size: usize,
    pub(crate) max_in_flight: usize,
    pub(crate) request_timeout: Duration,
    pub(crate) delivery_timeout: Duration,
    pub(crate) max_block: Duration,
    pub(crate) retry_backoff: Duration,
    pub(crate) retry_backoff_max: Duration,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            idempotence: Idempotence::On,
            compression: Compression::NONE,
            linger: Duration::from_millis(5),
            batch_size: 16 * 1024,
            buffer_memory: 32 * 1024 * 1024,
            max_request_size: 1024 * 1024,
            max_in_flight: 5,
            request_timeout: Duration::from_secs(30),
            delivery_timeout: Duration::from_secs(120),
            max_block: Duration::from_secs(60),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
        }
    }
}

/// A broker remembers the last five batches of a producer and partition
/// (`ProducerStateEntry.NUM_BATCHES_TO_RETAIN`); a sixth in flight could be written twice.
pub(crate) const MAX_IN_FLIGHT_IDEMPOTENT: usize = 5;

impl ProducerConfig {
    /// The defaults of a producer of this client.
    pub(crate) fn of(client: &ClientConfig) -> Self {
        Self {
            request_timeout: client.request_timeout,
            retry_backoff: client.retry_backoff,
            retry_backoff_max: client.retry_backoff_max,
            ..Self::default()
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.check_each()?;
        self.check_idempotence()?;
        let codec = self.compression.codec();
        codec.ensure_built().map_err(|error| {
            ConfigError::invalid("compression.type", codec.name(), error.to_string())
        })?;
        if self.delivery_timeout < self.linger.saturating_add(self.request_timeout) {
            return Err(ConfigError::contradiction(
                ("delivery.timeout.ms", self.delivery_timeout),
                (
                    "linger.ms + request.timeout.ms",
                    self.linger.saturating_add(self.request_timeout),
                ),
                "a record needs time to linger and for one request",
            ));
        }
        if self.batch_size > self.buffer_memory {
            return Err(ConfigError::contradiction(
                ("batch.size", self.batch_size),
                ("buffer.memory", self.buffer_memory),
                "the buffer has to hold at least one batch",
            ));
        }
        if self.batch_size > self.max_request_size {
            return Err(ConfigError::contradiction(
                ("batch.size", self.batch_size),
                ("max.request.size", self.max_request_size),
                "a batch has to fit into a request",
            ));
        }
        if self.retry_backoff > self.retry_backoff_max {
            return Err(ConfigError::contradiction(
                ("retry.backoff.ms", self.retry_backoff),
                ("retry.backoff.max.ms", self.retry_backoff_max),
                "the first pause cannot be longer than the longest",
            ));
        }
        Ok(())
    }

    fn check_each(&self) -> Result<(), ConfigError> {
        /// Sizes and counts travel as signed 32-bit integers.
        const MOST: usize = i32::MAX as usize;
        for (name, value, least) in [
            ("batch.size", self.batch_size, 1),
            ("buffer.memory", self.buffer_memory, 1024),
            ("max.request.size", self.max_request_size, 1024),
            ("max.in.flight.requests.per.connection", self.max_in_flight, 1),
        ] {
            if value < least || value > MOST {
                let rule = format!("must be {least} to {MOST}");
                return Err(ConfigError::invalid(name, value, rule));
            }
        }
        for (name, value) in [
            ("request.timeout.ms", self.request_timeout),
            ("delivery.timeout.ms", self.delivery_timeout),
            ("retry.backoff.ms", self.retry_backoff),
        ] {
            if value.is_zero() {
                return Err(ConfigError::invalid(name, value, "must be longer than zero"));
            }
        }
        if self.request_timeout.as_millis() > i32::MAX as u128 {
            let rule = "must fit into 2^31 - 1 milliseconds";
            return Err(ConfigError::invalid("request.timeout.ms", self.request_timeout, rule));
        }
        Ok(())
    }

    fn check_idempotence(&self) -> Result<(), ConfigError> {
        if self.idempotence == Idempotence::Off {
            return Ok(());
        }
        if self.acks != Acks::All {
            return Err(ConfigError::contradiction(
                ("enable.idempotence", self.idempotence),
                ("acks", self.acks),
                "an idempotent producer needs acks=all",
            ));
        }
        if self.max_in_flight > MAX_IN_FLIGHT_IDEMPOTENT {
            return Err(ConfigError::contradiction(
                ("enable.idempotence", self.idempotence),
                ("max.in.flight.requests.per.connection", self.max_in_flight),
                "a broker recognises the last 5 batches of a partition, no more",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut ProducerConfig)) -> String {
        let mut config = ProducerConfig::default();
        change(&mut config);
        config.check().expect_err("contradictory").to_string()
    }

    #[test]
    fn the_defaults_agree_with_each_other() {
        ProducerConfig::default().check().expect("defaults");
    }

    #[test]
    fn an_idempotent_producer_needs_acks_of_all_replicas() {
        let message = refused(|c| c.acks = Acks::Leader);
        assert!(message.contains("acks") && message.contains("Leader"), "{message}");
    }

    #[test]
    fn an_idempotent_producer_has_at_most_five_batches_in_flight() {
        assert!(refused(|c| c.max_in_flight = 6).contains('6'));
        let free = ProducerConfig {
            max_in_flight: 6,
            idempotence: Idempotence::Off,
            ..ProducerConfig::default()
        };
        free.check().expect("not idempotent");
    }

    #[test]
    fn the_delivery_timeout_covers_linger_and_one_request() {
        let message = refused(|c| c.delivery_timeout = Duration::from_secs(30));
        assert!(message.contains("30s") && message.contains("30.005s"), "{message}");
    }

    #[test]
    fn a_batch_fits_into_the_buffer_and_into_a_request() {
        assert!(refused(|c| c.batch_size = 64 << 20).contains("buffer.memory"));
        assert!(refused(|c| c.batch_size = 2 << 20).contains("max.request.size"));
    }

    #[test]
    fn acks_other_than_minus_one_zero_and_one_are_refused_with_the_value() {
        let error = Acks::try_from(2).expect_err("not an acks").to_string();
        assert!(error.contains("acks = 2"), "{error}");
    }
}
