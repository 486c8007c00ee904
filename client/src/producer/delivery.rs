//! What a sender gets for a record: first a delivery, then where the record went.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use milena_protocol::ids::{Offset, PartitionIndex, TopicName};

use crate::error::{ProduceError, ProduceErrorKind};
use crate::runtime::producer::completion::Completion;
use crate::runtime::producer::{Parked, Placed};

/// The outcome of one record, to be awaited.
///
/// Dropping it does not cancel the record: if the record fails then, that shows in
/// [`flush`](crate::Producer::flush), [`close`](crate::Producer::close) and the hook set by
/// [`on_unawaited_failure`](crate::ProducerBuilder::on_unawaited_failure).
///
/// Awaiting it is cancellation safe: poll it again, from any task. Deliveries of one batch share
/// one allocation and end together.
#[must_use = "the record is sent in any case, but this tells what became of it"]
pub struct Delivery(State);

enum State {
    Placed(Placed),
    Parked(Arc<Parked>),
    Over,
}

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
    pub(super) fn placed(placed: Placed) -> Self {
        Self(State::Placed(placed))
    }

    pub(super) fn parked(parked: Arc<Parked>) -> Self {
        Self(State::Parked(parked))
    }
}

impl Future for Delivery {
    type Output = Result<RecordMetadata, ProduceError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::Parked(parked) = &self.0 {
            match parked.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(placed)) => self.0 = State::Placed(placed),
                Poll::Ready(Err(error)) => {
                    self.0 = State::Over;
                    return Poll::Ready(Err(error));
                }
            }
        }
        let State::Placed(placed) = &self.0 else {
            // Polled again after it was ready.
            return Poll::Ready(Err(ProduceError::new(ProduceErrorKind::Closed)));
        };
        let Poll::Ready(outcome) = placed.completion.poll(placed.index, context) else {
            return Poll::Pending;
        };
        let State::Placed(placed) = std::mem::replace(&mut self.0, State::Over) else {
            return Poll::Pending;
        };
        Poll::Ready(outcome.map(|acknowledged| RecordMetadata {
            partition: placed.completion.partition(),
            offset: acknowledged.offset,
            timestamp: acknowledged.log_append_time.unwrap_or(placed.timestamp),
            completion: placed.completion,
        }))
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let State::Placed(placed) = &self.0 {
            placed.completion.abandon(placed.index);
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            State::Placed(_) => "Delivery(in a batch)",
            State::Parked(_) => "Delivery(waiting for its topic)",
            State::Over => "Delivery(over)",
        })
    }
}
