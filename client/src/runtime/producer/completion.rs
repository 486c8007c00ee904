//! What a batch's records are waited for with: one object per batch, nothing per record.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use milena_protocol::ids::{Offset, PartitionIndex, TopicName};
use parking_lot::Mutex;

use super::failures::Failures;
use crate::error::ProduceError;
use crate::machine::producer::Outcome;

/// The outcome of one record.
pub(crate) type RecordOutcome = Result<Acknowledged, ProduceError>;

/// Where a record went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) offset: Option<Offset>,
    pub(crate) log_append_time: Option<i64>,
}

/// Where a record was put: what a delivery consists of. Small, because there is one per record.
pub(crate) struct Placed {
    pub(crate) completion: Arc<Completion>,
    index: u32,
    /// The record's timestamp, counted from the batch's.
    delta: i32,
}

/// The index of a record that is in no batch yet.
const PARKED: u32 = u32::MAX;

impl Placed {
    #[inline]
    pub(super) fn new(completion: Arc<Completion>, index: u32, delta: i32) -> Self {
        Self { completion, index, delta }
    }

    /// A record that waits for its topic, with a completion of its own.
    pub(super) fn parked(completion: &Arc<Completion>, timestamp: i64) -> Self {
        let delta = completion.timestamp_delta(timestamp).unwrap_or(0);
        Self { completion: Arc::clone(completion), index: PARKED, delta }
    }

    /// The record's own timestamp.
    #[inline]
    pub(crate) fn timestamp(&self) -> i64 {
        self.completion.timestamp + i64::from(self.delta)
    }

    #[inline]
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<RecordOutcome> {
        if self.index != PARKED {
            return self.completion.poll(self.index, context);
        }
        self.poll_parked(context)
    }

    #[cold]
    fn poll_parked(&mut self, context: &mut Context<'_>) -> Poll<RecordOutcome> {
        if let Poll::Ready(outcome) = self.completion.poll(0, context) {
            return Poll::Ready(outcome);
        }
        // The task is registered there now, so a move that comes later wakes it.
        let Some(moved) = self.completion.moved.get() else { return Poll::Pending };
        *self = Self::new(Arc::clone(&moved.completion), moved.index, moved.delta);
        self.completion.poll(self.index, context)
    }

    /// Nobody will ask what became of the record.
    pub(crate) fn abandon(&self) {
        if self.index != PARKED {
            return self.completion.abandon(self.index);
        }
        self.completion.abandon(0);
        self.completion.pass_on_abandoned();
    }
}

/// The outcome of a batch, for everyone who holds a delivery of one of its records.
pub(crate) struct Completion {
    topic: TopicName,
    partition: PartitionIndex,
    /// The batch's first timestamp.
    timestamp: i64,
    /// Where the only record of this went, if it was parked and has found its batch.
    moved: OnceLock<Placed>,
    /// Set once, when all records of the batch end alike. Read without a lock.
    whole: OnceLock<Outcome>,
    /// Deliveries that were dropped before their record ended.
    abandoned: AtomicU32,
    failures: Arc<Failures>,
    rest: Mutex<Rest>,
}

#[derive(Default)]
struct Rest {
    /// The outcomes so far of a batch that was split or refused in part.
    parts: Vec<(u32, u32, Outcome)>,
    completed: u32,
    waiters: Vec<Waker>,
}

/// Waiters beyond this many are woken to register again, so that a delivery polled by ever new
/// tasks does not collect wakers without bound.
const MANY_WAITERS: usize = 4096;

impl Completion {
    pub(super) fn new(
        (topic, partition): (TopicName, PartitionIndex),
        timestamp: i64,
        failures: Arc<Failures>,
    ) -> Arc<Self> {
        Arc::new(Self {
            topic,
            partition,
            timestamp,
            moved: OnceLock::new(),
            whole: OnceLock::new(),
            abandoned: AtomicU32::new(0),
            failures,
            rest: Mutex::new(Rest::default()),
        })
    }

    pub(crate) fn topic(&self) -> &TopicName {
        &self.topic
    }

    pub(crate) fn partition(&self) -> PartitionIndex {
        self.partition
    }

    /// How far a timestamp is from the batch's first, if a delivery can hold that: 24 days.
    #[inline]
    pub(super) fn timestamp_delta(&self, timestamp: i64) -> Option<i32> {
        i32::try_from(timestamp.checked_sub(self.timestamp)?).ok()
    }

    /// The record that was parked has found its batch.
    pub(super) fn move_to(&self, placed: Placed) {
        // A record is parked once, so it moves once.
        let _ = self.moved.set(placed);
        let waiters = std::mem::take(&mut self.rest.lock().waiters);
        waiters.into_iter().for_each(Waker::wake);
        self.pass_on_abandoned();
    }

    /// Tells the batch of a record that was parked that nobody awaits it.
    fn pass_on_abandoned(&self) {
        if let Some(moved) = self.moved.get()
            && self.take_abandoned(1) == 1
        {
            moved.completion.abandon(moved.index);
        }
    }

    /// The record that was parked ends here.
    pub(super) fn fail_parked(&self, error: ProduceError) {
        self.complete((0, 1), 1, Outcome::Failed(error));
    }

    /// Ends `count` records from `first` on, of `total`. True if these were the last.
    pub(crate) fn complete(
        &self,
        (first, count): (u32, u32),
        total: u32,
        outcome: Outcome,
    ) -> bool {
        let error = match &outcome {
            Outcome::Failed(error) => Some(error.clone()),
            Outcome::Acknowledged { .. } => None,
        };
        let (done, waiters) = {
            let mut rest = self.rest.lock();
            rest.completed += count;
            if first == 0 && count == total {
                // Never set before: a record ends once.
                let _ = self.whole.set(outcome);
            } else {
                rest.parts.push((first, count, outcome));
            }
            (rest.completed >= total, std::mem::take(&mut rest.waiters))
        };
        for waiter in waiters {
            waiter.wake();
        }
        if let Some(error) = error {
            let abandoned = self.take_abandoned(count);
            self.failures.batch_failed(&error, count, abandoned);
        }
        done
    }

    /// At most `most` of the abandoned deliveries, which are then accounted for.
    fn take_abandoned(&self, most: u32) -> u32 {
        let mut taken = 0;
        let _ = self.abandoned.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| {
            taken = n.min(most);
            (taken > 0).then(|| n - taken)
        });
        taken
    }

    /// The outcome of the record at `index`; registers the task if there is none yet.
    #[inline]
    fn poll(&self, index: u32, context: &mut Context<'_>) -> Poll<RecordOutcome> {
        if let Some(outcome) = self.peek(index) {
            return Poll::Ready(outcome);
        }
        self.wait(index, context)
    }

    fn wait(&self, index: u32, context: &mut Context<'_>) -> Poll<RecordOutcome> {
        let mut rest = self.rest.lock();
        // Between the look and the lock it may have ended.
        if let Some(outcome) = self.whole.get() {
            return Poll::Ready(of_record(outcome, index));
        }
        if let Some(outcome) = in_parts(&rest.parts, index) {
            return Poll::Ready(outcome);
        }
        // A task that awaits one delivery after the other registers once per batch.
        let waker = context.waker();
        let known = rest.waiters.iter().rev().take(4).any(|waiter| waiter.will_wake(waker));
        if !known {
            let crowd = match rest.waiters.len() >= MANY_WAITERS {
                true => std::mem::take(&mut rest.waiters),
                false => Vec::new(),
            };
            rest.waiters.push(waker.clone());
            drop(rest);
            crowd.into_iter().for_each(Waker::wake);
        }
        Poll::Pending
    }

    /// The outcome, if all records of the batch ended alike and have ended.
    #[inline]
    fn peek(&self, index: u32) -> Option<RecordOutcome> {
        self.whole.get().map(|outcome| of_record(outcome, index))
    }

    /// The delivery of the record at `index` is dropped, and nobody learned its outcome.
    fn abandon(&self, index: u32) {
        if matches!(self.whole.get(), Some(Outcome::Acknowledged { .. })) {
            return;
        }
        self.abandoned.fetch_add(1, Ordering::AcqRel);
        let outcome = match self.whole.get() {
            Some(outcome) => Some(of_record(outcome, index)),
            None => in_parts(&self.rest.lock().parts, index),
        };
        // Whoever takes the count reports it: this, or the end of the batch.
        if let Some(Err(error)) = outcome {
            let taken = self.take_abandoned(1);
            self.failures.delivery_dropped(&error, taken);
        }
    }
}

#[inline]
fn of_record(outcome: &Outcome, index: u32) -> RecordOutcome {
    match outcome {
        Outcome::Acknowledged { base_offset, log_append_time } => Ok(Acknowledged {
            offset: base_offset.map(|base| base.plus(i64::from(index))),
            log_append_time: *log_append_time,
        }),
        Outcome::Failed(error) => Err(error.clone()),
    }
}

fn in_parts(parts: &[(u32, u32, Outcome)], index: u32) -> Option<RecordOutcome> {
    parts
        .iter()
        .find(|(first, count, _)| (*first..first + count).contains(&index))
        .map(|(first, _, outcome)| of_record(outcome, index - first))
}
