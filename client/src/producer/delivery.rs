//! What a sender gets for a record: first a delivery, then where the record went.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use milena_protocol::ids::{Offset, PartitionIndex, TopicName};

use crate::error::{ProduceError, ProduceErrorKind};
use crate::runtime::producer::completion::{Completion, Placed};

/// The outcome of one record, to be awaited.
///
/// Dropping it does not cancel the record: if the record fails then, that shows in
/// [`flush`](crate::Producer::flush), [`close`](crate::Producer::close) and the hook set by
/// [`on_unawaited_failure`](crate::ProducerBuilder::on_unawaited_failure).
///
/// Awaiting it is cancellation safe: poll it again, from any task. Deliveries of one batch share
/// one allocation and end together.
#[must_use = "the record is sent in any case, but this tells what became of it"]
pub struct Delivery(Option<Placed>);

/// Where a record went.
pub struct RecordMetadata {
    /// Its partition.
    pub partition: PartitionIndex,
    /// Its offset. Unknown with acks=0, and for a batch of which the broker only says that it has
    /// it already (DUPLICATE_SEQUENCE_NUMBER).
    pub offset: Option<Offset>,
    /// Its timestamp: the broker's time of appending if the topic keeps that, else its own.
    pub timestamp: i64,
    completion: Arc<Completion>,
}

impl RecordMetadata {
    /// Its topic.
    pub fn topic(&self) -> &TopicName {
        self.completion.topic()
    }
}

impl fmt::Debug for RecordMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordMetadata")
            .field("topic", self.topic())
            .field("partition", &self.partition)
            .field("offset", &self.offset)
            .field("timestamp", &self.timestamp)
            .finish()
    }
}

impl Delivery {
    #[inline]
    pub(super) fn new(placed: Placed) -> Self {
        Self(Some(placed))
    }
}

impl Future for Delivery {
    type Output = Result<RecordMetadata, ProduceError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(placed) = &mut self.0 else {
            // Polled again after it was ready.
            return Poll::Ready(Err(ProduceError::new(ProduceErrorKind::Closed)));
        };
        let Poll::Ready(outcome) = placed.poll(context) else { return Poll::Pending };
        let Some(placed) = self.0.take() else { return Poll::Pending };
        Poll::Ready(outcome.map(|acknowledged| RecordMetadata {
            partition: placed.completion.partition(),
            offset: acknowledged.offset,
            timestamp: acknowledged.log_append_time.unwrap_or_else(|| placed.timestamp()),
            completion: placed.completion,
        }))
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(placed) = &self.0 {
            placed.abandon();
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}
