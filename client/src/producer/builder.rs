//! The settings of a producer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::compression::Compression;

use super::Producer;
use crate::config::ProducerProperties;
use crate::config::producer::{Acks, Idempotence, ProducerConfig};
use crate::error::{ConfigError, ProduceError};
use crate::runtime::core::Core;
use crate::runtime::producer::accumulator::Shared;
use crate::runtime::producer::failures::FailureHook;
use crate::runtime::producer::task::ProducerTask;

/// Settings of a [`Producer`]. The defaults are those of Apache Kafka's Java client 4.1.
#[derive(Clone)]
#[must_use = "nothing happens before `build`"]
pub struct ProducerBuilder {
    core: Core,
    config: ProducerConfig,
    hook: Option<FailureHook>,
}

impl ProducerBuilder {
    pub(crate) fn new(core: Core) -> Self {
        let config = ProducerConfig::of(core.config());
        Self { core, config, hook: None }
    }

    /// Takes the producer's settings from properties, those that were set before included. The
    /// client's among them count only for a client made from them.
    pub fn properties(mut self, properties: &ProducerProperties) -> Self {
        self.config = properties.producer.clone();
        self
    }

    /// How many replicas have to have a record before it counts as acknowledged (`acks`).
    /// Default: [`Acks::All`]. Anything less needs [`Idempotence::Off`].
    pub fn acks(mut self, acks: Acks) -> Self {
        self.config.acks = acks;
        self
    }

    /// Whether brokers recognise a batch that is sent twice (`enable.idempotence`). Default:
    /// [`Idempotence::On`], which costs a few bytes per batch and nothing per record.
    pub fn idempotence(mut self, idempotence: Idempotence) -> Self {
        self.config.idempotence = idempotence;
        self
    }

    /// How batches are compressed (`compression.type`, and with a level `compression.gzip.level`,
    /// `compression.lz4.level` or `compression.zstd.level`). Default: not at all.
    ///
    /// Records are compressed batch by batch when the batch is sent, so larger batches compress
    /// better. A batch takes more records than `batch.size` when those before it compressed well,
    /// as in Java; until then they take `buffer.memory` as they are, at most an eighth of it per
    /// batch. Compression runs in the task of the producer, one batch at a time, and not where
    /// records are sent: what one core compresses is what one producer can send. LZ4 costs least.
    ///
    /// ```no_run
    /// # fn example(kafka: milena::Kafka) -> Result<(), Box<dyn std::error::Error>> {
    /// use milena::Compression;
    ///
    /// let small = kafka.producer().compression(Compression::gzip().with_level(9)?);
    /// let fast = kafka.producer().compression(Compression::lz4());
    /// # Ok(()) }
    /// ```
    ///
    /// zstd needs brokers from 2.1 on (KIP-110). A codec whose feature is not part of this build
    /// is refused by [`build`](Self::build), and a level that is not by
    /// [`with_level`](Compression::with_level).
    pub fn compression(mut self, compression: impl Into<Compression>) -> Self {
        self.config.compression = compression.into();
        self
    }

    /// How long a batch waits for more records from its first on (`linger.ms`). Default: 5 ms.
    /// A batch that is full goes at once; one that cannot go yet takes more records meanwhile.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.config.linger = linger;
        self
    }

    /// How many bytes a batch holds at most (`batch.size`). Default: 16 KiB. A larger record gets
    /// a batch of its own. Larger batches cost less CPU per record, on both sides.
    pub fn batch_size(mut self, bytes: usize) -> Self {
        self.config.batch_size = bytes;
        self
    }

    /// How many bytes of records the producer holds at most (`buffer.memory`). Default: 32 MiB.
    /// When they are used up, `enqueue` waits and `try_enqueue` gives the record back.
    pub fn buffer_memory(mut self, bytes: usize) -> Self {
        self.config.buffer_memory = bytes;
        self
    }

    /// How many bytes a request, and so a record, has at most (`max.request.size`). Default: 1 MiB.
    pub fn max_request_size(mut self, bytes: usize) -> Self {
        self.config.max_request_size = bytes;
        self
    }

    /// How many requests to one broker, and batches of one partition, are under way at once
    /// (`max.in.flight.requests.per.connection`). Default: 5, the most an idempotent producer may
    /// have.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.config.max_in_flight = requests;
        self
    }

    /// How long the answer to one request may take (`request.timeout.ms`). Default: that of the
    /// [`KafkaBuilder`](crate::KafkaBuilder), 30 s. After that the outcome is unknown, and the
    /// same batch is sent again.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.config.request_timeout = timeout;
        self
    }

    /// How long a record may take from `enqueue` to its outcome (`delivery.timeout.ms`), counted
    /// from its batch's first record. Default: 120 s. Not less than linger and one request.
    pub fn delivery_timeout(mut self, timeout: Duration) -> Self {
        self.config.delivery_timeout = timeout;
        self
    }

    /// How long `enqueue` waits for room, and a record for its topic (`max.block.ms`).
    /// Default: 60 s.
    pub fn max_block(mut self, timeout: Duration) -> Self {
        self.config.max_block = timeout;
        self
    }

    /// The pauses between attempts (`retry.backoff.ms`, `retry.backoff.max.ms`): the first, which
    /// doubles with each, and the longest. Default: those of the
    /// [`KafkaBuilder`](crate::KafkaBuilder), 100 ms and 1 s.
    pub fn retry_backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.config.retry_backoff = first;
        self.config.retry_backoff_max = longest;
        self
    }

    /// Called when records fail whose [`Delivery`](crate::Delivery) was dropped: once per batch,
    /// with the error and the number of such records. It runs in the producer's task or where a
    /// delivery is dropped, and must not block. Default: none; they are logged, and the next
    /// [`flush`](Producer::flush) or [`close`](Producer::close) returns them.
    pub fn on_unawaited_failure(
        mut self,
        hook: impl Fn(&ProduceError, u64) + Send + Sync + 'static,
    ) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Starts the producer. Connects to nobody yet.
    ///
    /// # Errors
    /// If settings are impossible or contradict each other; the error names them and their values.
    pub async fn build(self) -> Result<Producer, ConfigError> {
        self.config.check()?;
        let environment = self.core.environment().clone();
        let shared = Shared::new(
            &self.config,
            environment.clone(),
            self.core.instant(milena_protocol::time::MonoTime::ZERO),
            self.hook,
        );
        let max_block = self.config.max_block;
        let task = ProducerTask::new(self.core, Arc::clone(&shared), self.config);
        // Ends by itself once the last handle is gone.
        let _task = environment.spawner().spawn("producer", Box::pin(task.run()));
        Ok(Producer::new(shared, max_block))
    }
}

impl fmt::Debug for ProducerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProducerBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}
