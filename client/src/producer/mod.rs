//! Producers.
//!
//! ```no_run
//! use milena::{Kafka, Record};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let kafka = Kafka::builder("localhost:9092").connect().await?;
//! let producer = kafka.producer().build().await?;
//! let record = Record::to("orders").key("42").value("paid");
//! let metadata = producer.send(record).await?;
//! println!("{}-{} at {:?}", metadata.topic(), metadata.partition, metadata.offset);
//! # Ok(()) }
//! ```

mod builder;
mod delivery;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use builder::ProducerBuilder;
pub use delivery::{Delivery, RecordMetadata};

use crate::error::{FlushError, ProduceError, ProduceErrorKind, TryEnqueueError};
use crate::kafka::Kafka;
use crate::record::Record;
use crate::runtime::producer::accumulator::{Refusal, Shared};
use crate::runtime::producer::memory::Grant;

/// Sends records. Cheap to clone, and all methods take `&self`.
///
/// By default it is idempotent and waits for all replicas in sync: a record that was acknowledged
/// is in the log once, in the order in which records of its partition were enqueued, and survives
/// as long as one replica in sync does.
///
/// When the last clone is dropped, what was enqueued is still sent, until the delivery time-out.
/// Use [`close`](Self::close) to wait for it. If the runtime goes first, open deliveries end with
/// an error that says whether the record may have been written.
#[derive(Clone)]
pub struct Producer(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    max_block: Duration,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.orphan();
    }
}

impl Kafka {
    /// Starts to set up a producer.
    pub fn producer(&self) -> ProducerBuilder {
        ProducerBuilder::new(self.core().clone())
    }
}

impl Producer {
    pub(crate) fn new(shared: Arc<Shared>, max_block: Duration) -> Self {
        Self(Arc::new(Handle { shared, max_block }))
    }

    /// Sends a record and waits for its acknowledgement.
    ///
    /// To send many, use [`enqueue`](Self::enqueue): batches fill only with records that are
    /// enqueued before the first is acknowledged.
    ///
    /// Not cancellation safe: if the future is dropped, the record may or may not be sent.
    ///
    /// # Errors
    /// If the record was not acknowledged; [`ProduceError::persistence`] says whether it may be in
    /// the log nevertheless.
    pub async fn send(&self, record: Record<'_>) -> Result<RecordMetadata, ProduceError> {
        self.enqueue(record).await?.await
    }

    /// Puts a record into its batch, waiting for room if the buffer is full, at most
    /// `max.block.ms`.
    ///
    /// Records that one task enqueues for one partition are written in that order. Records for a
    /// topic not known yet are taken at once, and wait in the buffer until it is.
    ///
    /// Cancellation safe: if the future is dropped before it is ready, nothing was enqueued.
    ///
    /// # Errors
    /// If there was no room in time, the record is too large, the topic's name is illegal, or the
    /// producer is closed. In each case nothing was enqueued.
    #[inline]
    pub async fn enqueue(&self, record: Record<'_>) -> Result<Delivery, ProduceError> {
        // A loop of `enqueue` would otherwise keep a current-thread runtime from ever running the
        // producer's task. Nothing is placed yet, so being dropped here is harmless.
        tokio::task::coop::consume_budget().await;
        let mut grant = Grant::none(self.0.shared.memory());
        match self.attempt(&record, &mut grant) {
            Ok(delivery) => Ok(delivery),
            Err(Refusal::Rejected(error)) => Err(error),
            Err(Refusal::Full { bytes }) => self.wait_for_room(&record, grant, bytes).await,
        }
    }

    /// Puts a record into its batch if there is room, and gives it back if not.
    ///
    /// # Errors
    /// [`TryEnqueueError::Full`] with the record if the buffer is full;
    /// [`TryEnqueueError::Rejected`] if it can never be sent.
    #[inline]
    #[expect(clippy::result_large_err, reason = "the record goes back as it came, unboxed")]
    pub fn try_enqueue<'a>(
        &self,
        record: Record<'a>,
    ) -> Result<Delivery, TryEnqueueError<Record<'a>>> {
        let mut grant = Grant::none(self.0.shared.memory());
        match self.attempt(&record, &mut grant) {
            Ok(delivery) => Ok(delivery),
            Err(Refusal::Full { .. }) => {
                self.0.shared.hurry();
                Err(TryEnqueueError::Full(record))
            }
            Err(Refusal::Rejected(error)) => Err(TryEnqueueError::Rejected(error)),
        }
    }

    #[inline]
    fn attempt(&self, record: &Record<'_>, grant: &mut Grant<'_>) -> Result<Delivery, Refusal> {
        self.0.shared.place(record, grant).map(Delivery::new)
    }

    #[cold]
    async fn wait_for_room(
        &self,
        record: &Record<'_>,
        mut grant: Grant<'_>,
        mut bytes: usize,
    ) -> Result<Delivery, ProduceError> {
        let shared = &self.0.shared;
        let deadline = tokio::time::Instant::now() + self.0.max_block;
        loop {
            shared.hurry();
            if tokio::time::timeout_at(deadline, grant.fill(bytes)).await.is_err() {
                let kind = ProduceErrorKind::BufferFull {
                    buffer_memory: shared.memory().total(),
                    waited: self.0.max_block,
                };
                let error = ProduceError::new(kind);
                return Err(match milena_protocol::ids::TopicName::new(record.topic()) {
                    Ok(topic) => error.in_topic(topic),
                    Err(_) => error,
                });
            }
            match self.attempt(record, &mut grant) {
                Ok(delivery) => return Ok(delivery),
                Err(Refusal::Rejected(error)) => return Err(error),
                // Others were faster, or the record came to another batch that needs more.
                Err(Refusal::Full { bytes: more }) => bytes = more,
            }
        }
    }

    /// Sends every open batch at once, and waits until every record enqueued before has ended.
    ///
    /// Takes at most the delivery time-out. Cancellation safe: dropping it changes nothing.
    ///
    /// # Errors
    /// If records failed whose deliveries were dropped, since the last `flush`.
    pub async fn flush(&self) -> Result<(), FlushError> {
        self.0.shared.flush().await
    }

    /// Takes no more records from any clone, sends what is here, and ends what is not acknowledged
    /// within `within` with [`ProduceErrorKind::Closed`]. Returns within `within`, give or take the
    /// timer's few milliseconds.
    ///
    /// Cancellation safe: once polled, the producer closes also if the future is dropped.
    ///
    /// # Errors
    /// If records failed whose deliveries were dropped, since the last `flush`.
    pub async fn close(&self, within: Duration) -> Result<(), FlushError> {
        self.0.shared.close(within).await
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").finish_non_exhaustive()
    }
}
