//! Errors of producers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::compression::CompressionError;
use milena_protocol::ids::{BrokerId, IllegalTopicName, PartitionIndex, TopicName};

use super::{Persistence, RequestErrorKind};

/// A record that was not acknowledged.
///
/// Cheap to clone: all records of a batch that failed together share one.
#[derive(Clone)]
pub struct ProduceError(Arc<Inner>);

struct Inner {
    kind: ProduceErrorKind,
    topic: Option<TopicName>,
    partition: Option<PartitionIndex>,
    broker: Option<BrokerId>,
    attempts: u32,
    persistence: Persistence,
}

/// The kinds of [`ProduceError`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProduceErrorKind {
    /// The record is larger than a limit of this producer.
    #[error("the record takes {size} bytes, more than {limit_name} = {limit}")]
    RecordTooLarge {
        /// What the record takes in a batch of its own.
        size: usize,
        /// The limit.
        limit: usize,
        /// The Java name of the limit.
        limit_name: &'static str,
    },
    /// The topic's name is not one Kafka accepts.
    #[error(transparent)]
    IllegalTopic(IllegalTopicName),
    /// The cluster did not know the topic, however often it was asked.
    #[error("the topic was not found within {waited:?}")]
    UnknownTopic {
        /// How long the record waited for it.
        waited: Duration,
    },
    /// The topic has no partition of that number, however often the cluster was asked.
    #[error("the topic has {partitions} partitions, and no more came within {waited:?}")]
    UnknownPartition {
        /// How many partitions the topic has.
        partitions: usize,
        /// How long the record waited for the one it names.
        waited: Duration,
    },
    /// The buffer stayed full for `max.block.ms`.
    #[error("the buffer of {buffer_memory} bytes had no room within {waited:?}")]
    BufferFull {
        /// `buffer.memory`.
        buffer_memory: usize,
        /// How long the caller waited.
        waited: Duration,
    },
    /// `delivery.timeout.ms` passed before the record was acknowledged.
    #[error("not acknowledged within {after:?}{}", LastSeen(.last))]
    DeliveryTimeout {
        /// `delivery.timeout.ms`.
        after: Duration,
        /// What kept the batch from being acknowledged, as far as it was seen.
        last: Option<Hindrance>,
    },
    /// The broker refused the batch.
    #[error("the broker refused the batch: {code}{}", Said(.message))]
    Refused {
        /// Why.
        code: ErrorCode,
        /// What the broker added.
        message: Option<Arc<str>>,
    },
    /// The broker refused this very record (KIP-467).
    #[error("the broker refused the record: {code}{}", Said(.message))]
    RecordRefused {
        /// Why.
        code: ErrorCode,
        /// What the broker added.
        message: Option<Arc<str>>,
    },
    /// The record is fine, but the broker refused others of its batch (KIP-467).
    #[error(
        "not written, because the broker refused {refused} other record(s) of the batch: {code}"
    )]
    Bystander {
        /// Why the others were refused.
        code: ErrorCode,
        /// How many were.
        refused: usize,
    },
    /// The request could not be made or its answer not be understood.
    #[error("{0}")]
    Request(RequestErrorKind),
    /// No producer id could be had, so an idempotent producer cannot send.
    #[error("no producer id: {0}")]
    NoProducerId(Hindrance),
    /// The batch could not be compressed.
    #[error("the batch could not be compressed: {0}")]
    Compression(CompressionError),
    /// The producer was closed before the record was acknowledged.
    #[error("the producer is closed")]
    Closed,
    /// The runtime that ran the producer's task is gone.
    #[error("the producer's task has stopped")]
    TaskStopped,
}

/// What stood between a batch and its acknowledgement.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Hindrance {
    /// The broker answered with an error that may pass.
    #[error("{0}")]
    Code(ErrorCode),
    /// The request had no answer.
    #[error("{0}")]
    Request(RequestErrorKind),
    /// The partition had no leader.
    #[error("the partition has no leader")]
    NoLeader,
    /// The producer had no producer id yet.
    #[error("no producer id yet")]
    NoProducerId,
}

struct LastSeen<'a>(&'a Option<Hindrance>);

impl fmt::Display for LastSeen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(last) => write!(f, "; last seen: {last}"),
            None => Ok(()),
        }
    }
}

struct Said<'a>(&'a Option<Arc<str>>);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(message) => write!(f, " ({message})"),
            None => Ok(()),
        }
    }
}

impl ProduceError {
    pub(crate) fn new(kind: ProduceErrorKind) -> Self {
        Self(Arc::new(Inner {
            kind,
            topic: None,
            partition: None,
            broker: None,
            attempts: 0,
            persistence: Persistence::No,
        }))
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        match Arc::get_mut(&mut self.0) {
            Some(inner) => {
                change(inner);
                self
            }
            None => {
                let mut inner =
                    Inner { kind: self.0.kind.clone(), topic: self.0.topic.clone(), ..*self.0 };
                change(&mut inner);
                Self(Arc::new(inner))
            }
        }
    }

    pub(crate) fn in_topic(self, topic: TopicName) -> Self {
        self.edit(|inner| inner.topic = Some(topic))
    }

    pub(crate) fn in_partition(self, partition: PartitionIndex) -> Self {
        self.edit(|inner| inner.partition = Some(partition))
    }

    pub(crate) fn after(
        self,
        broker: Option<BrokerId>,
        attempts: u32,
        persistence: Persistence,
    ) -> Self {
        self.edit(|inner| {
            inner.broker = broker;
            inner.attempts = attempts;
            inner.persistence = persistence;
        })
    }

    /// What happened.
    pub fn kind(&self) -> &ProduceErrorKind {
        &self.0.kind
    }

    /// The topic the record was for.
    pub fn topic(&self) -> Option<&TopicName> {
        self.0.topic.as_ref()
    }

    /// The partition the record was for, if one had been chosen.
    pub fn partition(&self) -> Option<PartitionIndex> {
        self.0.partition
    }

    /// The broker the batch went to last, if it went out at all.
    pub fn broker(&self) -> Option<BrokerId> {
        self.0.broker
    }

    /// How often the batch was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the record may be in the log nevertheless.
    pub fn persistence(&self) -> Persistence {
        self.0.persistence
    }

    /// Whether sending the same record again may succeed.
    ///
    /// If [`persistence`](Self::persistence) is not [`Persistence::No`], it may then be written
    /// twice: the producer has given up the sequence that would have recognised it.
    pub fn is_retriable(&self) -> bool {
        match &self.0.kind {
            ProduceErrorKind::UnknownTopic { .. }
            | ProduceErrorKind::UnknownPartition { .. }
            | ProduceErrorKind::BufferFull { .. }
            | ProduceErrorKind::DeliveryTimeout { .. }
            | ProduceErrorKind::Bystander { .. } => true,
            ProduceErrorKind::Refused { code, .. }
            | ProduceErrorKind::RecordRefused { code, .. } => code.is_retriable(),
            ProduceErrorKind::NoProducerId(Hindrance::Code(code)) => code.is_retriable(),
            ProduceErrorKind::NoProducerId(_) => true,
            ProduceErrorKind::RecordTooLarge { .. }
            | ProduceErrorKind::IllegalTopic(_)
            | ProduceErrorKind::Compression(_)
            | ProduceErrorKind::Request(_)
            | ProduceErrorKind::Closed
            | ProduceErrorKind::TaskStopped => false,
        }
    }

    /// Whether nothing this producer sends can succeed any more.
    pub fn is_fatal(&self) -> bool {
        matches!(self.0.kind, ProduceErrorKind::Closed | ProduceErrorKind::TaskStopped)
    }

    /// Whether a transaction would have to be aborted. Never so outside transactions.
    pub fn requires_abort(&self) -> bool {
        false
    }
}

impl fmt::Display for ProduceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.topic, self.0.partition) {
            (Some(topic), Some(partition)) => write!(f, "{topic}-{partition}: ")?,
            (Some(topic), None) => write!(f, "{topic}: ")?,
            (None, _) => {}
        }
        write!(f, "{}", self.0.kind)?;
        if self.0.attempts > 0 {
            write!(f, " (attempts: {}", self.0.attempts)?;
            if let Some(broker) = self.0.broker {
                write!(f, ", last to broker {broker}")?;
            }
            write!(f, ")")?;
        }
        write!(f, "; {}", self.0.persistence)
    }
}

impl fmt::Debug for ProduceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProduceError({self})")
    }
}

impl std::error::Error for ProduceError {}

/// Why [`try_enqueue`](crate::Producer::try_enqueue) did not take a record.
#[derive(Debug)]
#[non_exhaustive]
pub enum TryEnqueueError<R> {
    /// The buffer is full. Here is the record.
    Full(R),
    /// The record can never be sent by this producer.
    Rejected(ProduceError),
}

impl<R> fmt::Display for TryEnqueueError<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("the buffer is full"),
            Self::Rejected(error) => error.fmt(f),
        }
    }
}

impl<R: fmt::Debug> std::error::Error for TryEnqueueError<R> {}

/// Records that were lost without anybody awaiting their delivery.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{lost} record(s) failed that nobody awaited, the first: {first}")]
#[non_exhaustive]
pub struct FlushError {
    /// How many records failed since the last flush.
    pub lost: u64,
    /// Why the first of them failed.
    pub first: ProduceError,
}
