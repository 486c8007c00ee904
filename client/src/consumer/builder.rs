//! Settings of an [`AssignedConsumer`].

use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ids::{Offset, PartitionIndex, TopicName};

use super::assigned::{AssignedConsumer, EventHook};
use super::event::ConsumerEvent;
use crate::config::ConsumerProperties;
use crate::config::consumer::{FetchConfig, IsolationLevel, OffsetReset, Start};
use crate::error::ConfigError;
use crate::error::consume::ConsumeError;
use crate::machine::fetch::TopicPartition;
use crate::runtime::core::Core;

/// Settings of an [`AssignedConsumer`]. Made by
/// [`Kafka::assigned_consumer`](crate::Kafka::assigned_consumer).
#[must_use = "a builder does nothing until build is called"]
pub struct AssignedConsumerBuilder {
    core: Core,
    config: FetchConfig,
    partitions: Vec<(String, PartitionIndex, Start)>,
    hook: Option<EventHook>,
}

impl AssignedConsumerBuilder {
    pub(crate) fn new(core: Core) -> Self {
        let config = FetchConfig::of(core.config());
        Self { core, config, partitions: Vec::new(), hook: None }
    }

    /// Takes the consumer's settings from properties, those that were set before included. The
    /// client's among them count only for a client made from them.
    pub fn properties(mut self, properties: &ConsumerProperties) -> Self {
        self.config = properties.fetch.clone();
        self
    }

    /// Adds partitions to read, each from its own start.
    pub fn assign<T, P, I>(mut self, partitions: I) -> Self
    where
        T: Into<String>,
        P: Into<PartitionIndex>,
        I: IntoIterator<Item = (T, P, Start)>,
    {
        let partitions = partitions.into_iter();
        self.partitions
            .extend(partitions.map(|(topic, index, start)| (topic.into(), index.into(), start)));
        self
    }

    /// What happens when a position is not in the log (`auto.offset.reset`). Default:
    /// [`OffsetReset::Latest`], as in Java.
    pub fn offset_reset(mut self, reset: OffsetReset) -> Self {
        self.config.reset = reset;
        self
    }

    /// Which records of transactions are read (`isolation.level`). Default:
    /// [`IsolationLevel::ReadUncommitted`], as in Java.
    pub fn isolation_level(mut self, level: IsolationLevel) -> Self {
        self.config.isolation = level;
        self
    }

    /// The bytes a broker waits for before it answers, up to
    /// [`fetch_max_wait`](Self::fetch_max_wait) (`fetch.min.bytes`). Default: 1, so that a record
    /// arrives as soon as it is there; more saves requests at the cost of delay.
    pub fn fetch_min_bytes(mut self, bytes: usize) -> Self {
        self.config.min_bytes = bytes;
        self
    }

    /// The bytes of one answer at most (`fetch.max.bytes`). Default: 50 MiB. A first batch that is
    /// larger still comes (KIP-74).
    pub fn fetch_max_bytes(mut self, bytes: usize) -> Self {
        self.config.max_bytes = bytes;
        self
    }

    /// How long a broker may wait for [`fetch_min_bytes`](Self::fetch_min_bytes)
    /// (`fetch.max.wait.ms`). Default: 500 ms.
    pub fn fetch_max_wait(mut self, wait: Duration) -> Self {
        self.config.max_wait = wait;
        self
    }

    /// The bytes of one partition in one answer at most (`max.partition.fetch.bytes`), and the
    /// bytes it may hold in the buffer before it is left out of fetches. Default: 1 MiB. A first
    /// batch that is larger still comes (KIP-74).
    pub fn partition_max_bytes(mut self, bytes: usize) -> Self {
        self.config.partition_max_bytes = bytes;
        self
    }

    /// The bytes that may be asked for or wait for delivery, over all partitions. Default: 64 MiB.
    /// Java has no such limit: there, each broker may send `fetch.max.bytes`.
    ///
    /// Two things may go beyond: a batch that is larger than what was asked for (KIP-74), and,
    /// when paused partitions fill the buffer, one fetch of
    /// [`partition_max_bytes`](Self::partition_max_bytes) per broker, so that the others go on.
    pub fn buffer_bytes(mut self, bytes: usize) -> Self {
        self.config.buffer_bytes = bytes;
        self
    }

    /// The bytes to which one compressed batch, and all compressed batches of one poll, may be
    /// decompressed. Default: 64 MiB, which is 64 times the largest batch a broker takes by
    /// default, and 256 MiB. Java has no such limits: there, 33 KB may become 1 GiB.
    ///
    /// The first also bounds the window that a Zstandard batch asks for: Java's producer asks for
    /// 2 MiB at its default level and for 128 MiB at the highest, however little a batch holds, so
    /// less than that may refuse small batches, too.
    ///
    /// Batches stay compressed until their turn comes; what is open and not handed over counts
    /// against [`buffer_bytes`](Self::buffer_bytes). A batch beyond the first limit is a
    /// [`ConsumeError::UnsupportedBatch`]; a poll that reaches the second ends with the records it
    /// has, and the next one goes on.
    pub fn max_decompressed(mut self, per_batch: usize, per_poll: usize) -> Self {
        self.config.max_decompressed = per_batch;
        self.config.max_decompressed_poll = per_poll;
        self
    }

    /// Where this client is (`client.rack`): a broker may then name a follower in the same rack to
    /// read from (KIP-392). Default: empty, which means reading from leaders.
    pub fn rack(mut self, rack: impl Into<String>) -> Self {
        self.config.rack = rack.into();
        self
    }

    /// How long look-ups such as [`AssignedConsumer::end_offsets`] may take, and after which time
    /// an unknown topic is reported (`default.api.timeout.ms`). Default: 60 s.
    pub fn api_timeout(mut self, timeout: Duration) -> Self {
        self.config.api_timeout = timeout;
        self
    }

    /// Is called with every event, from within [`AssignedConsumer::poll`] or
    /// [`AssignedConsumer::next`]. It should return soon.
    pub fn on_event(mut self, hook: impl Fn(&ConsumerEvent) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Checks the settings and begins to read in the background.
    ///
    /// Does not wait for any broker: a topic that is not known (yet) is asked for until it appears,
    /// and reported after [`api_timeout`](Self::api_timeout).
    ///
    /// # Errors
    /// [`ConsumeError::Config`] if the settings cannot work, a topic name is illegal, an offset or
    /// partition is negative, or a partition is assigned twice or none at all.
    ///
    /// # Cancellation safety
    /// Safe: dropped before it is done, nothing was started.
    pub async fn build(self) -> Result<AssignedConsumer, ConsumeError> {
        self.config.check()?;
        let receive_max = self.core.config().receive_max_bytes;
        if self.config.max_bytes > receive_max {
            return Err(ConfigError::contradiction(
                ("fetch.max.bytes", self.config.max_bytes),
                ("receive max bytes", receive_max),
                "an answer of that size would end the connection",
            )
            .into());
        }
        if self.config.rack.len() > i16::MAX as usize {
            let rule = "must not be longer than 32767 bytes";
            return Err(ConfigError::invalid("client.rack", self.config.rack.len(), rule).into());
        }
        if self.partitions.is_empty() {
            let rule = "at least one partition has to be assigned";
            return Err(ConfigError::invalid("assignment", "empty", rule).into());
        }
        let mut partitions = Vec::with_capacity(self.partitions.len());
        for (topic, index, start) in self.partitions {
            let topic = TopicName::new(&topic)
                .map_err(|error| ConfigError::invalid("topic", topic, error.reason.to_string()))?;
            if index.get() < 0 {
                let rule = "must not be negative";
                return Err(ConfigError::invalid("partition", index.get(), rule).into());
            }
            check_start(start)?;
            partitions.push((TopicPartition { topic, partition: index }, start));
        }
        AssignedConsumer::start(self.core, self.config, partitions, self.hook)
    }
}

/// Whether a start is possible at all.
pub(super) fn check_start(start: Start) -> Result<(), ConfigError> {
    match start {
        Start::Offset(Offset(offset)) if offset < 0 => {
            Err(ConfigError::invalid("offset", offset, "must not be negative"))
        }
        Start::Timestamp(at) if at < 0 => {
            Err(ConfigError::invalid("timestamp", at, "must not be negative"))
        }
        Start::Offset(_) | Start::Timestamp(_) | Start::Earliest | Start::Latest => Ok(()),
    }
}

impl std::fmt::Debug for AssignedConsumerBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssignedConsumerBuilder")
            .field("config", &self.config)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}
