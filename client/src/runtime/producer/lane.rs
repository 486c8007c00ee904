//! One partition's open batch: the one place where senders and the task share state.
//!
//! A sender encodes its record into the open batch under the lane's mutex; the task takes batches
//! out under the same. Neither waits for anything else while it holds it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use milena_protocol::ids::{PartitionIndex, TopicName};
use milena_protocol::records::{AsHeader, BatchBuilder, HEADER_LEN};
use milena_protocol::time::MonoTime;
use parking_lot::{Mutex, MutexGuard};

use super::accumulator::{Event, Shared};
use super::clock::RECORDS_PER_READ;
use super::completion::{Completion, Placed};
use super::memory::Grant;
use super::ratio::RatioEstimate;
use crate::error::{ProduceError, ProduceErrorKind};
use crate::machine::producer::LaneId;
use crate::record::{Record, RecordHeader};

/// A partition as senders see it.
pub(crate) struct Lane {
    pub(super) id: LaneId,
    pub(super) topic: TopicName,
    pub(super) index: PartitionIndex,
    /// Batches the task holds for it, for the choice of a sticky partition.
    pub(super) queued: AtomicUsize,
    /// How far the records of the topic compress.
    pub(super) ratio: Arc<RatioEstimate>,
    state: Mutex<LaneState>,
}

/// What the lane's mutex guards.
pub(super) struct LaneState {
    open: Option<OpenBatch>,
    full: VecDeque<OpenBatch>,
    /// Bytes of records without a key since the lane became the sticky one.
    sticky_bytes: usize,
    /// What the last batch took, as a guess at what the next will.
    last_size: usize,
    until_clock: u32,
    closed: bool,
}

/// A batch that still takes records, or did until now.
pub(super) struct OpenBatch {
    pub(super) builder: BatchBuilder,
    pub(super) completion: Arc<Completion>,
    pub(super) opened: MonoTime,
    /// Bytes of buffer memory taken for it.
    pub(super) reserved: usize,
    /// The size it may have before it is compressed.
    limit: usize,
}

/// Why a record was not put anywhere.
pub(crate) enum NotPlaced {
    /// This much buffer memory is missing.
    Full {
        bytes: usize,
    },
    /// The sticky partition is another now.
    Moved,
    Rejected(ProduceError),
}

/// Whether a record was put here because the lane is the sticky one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// By its key or by the caller.
    Fixed,
    /// For want of either.
    Sticky,
}

/// The smallest chunk in which a batch takes memory.
const FIRST_CHUNK: usize = 1024;

/// The most a record takes besides its key, value and headers: seven varints and an attribute.
const RECORD_OVERHEAD: usize = 40;

/// The most a header takes besides its key and value.
const HEADER_OVERHEAD: usize = 10;

impl AsHeader for RecordHeader<'_> {
    #[inline]
    fn header_key(&self) -> &[u8] {
        self.key.as_slice()
    }

    #[inline]
    fn header_value(&self) -> Option<&[u8]> {
        self.value.as_ref().map(|value| value.as_slice())
    }
}

/// At least what a record takes in a batch.
pub(super) fn upper_bound(record: &Record<'_>) -> usize {
    record.payload_bytes() + RECORD_OVERHEAD + record.headers.len() * HEADER_OVERHEAD
}

impl Lane {
    pub(super) fn new(
        id: LaneId,
        (topic, index): (TopicName, PartitionIndex),
        ratio: Arc<RatioEstimate>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            topic,
            index,
            queued: AtomicUsize::new(0),
            ratio,
            state: Mutex::new(LaneState {
                open: None,
                full: VecDeque::new(),
                sticky_bytes: 0,
                last_size: 0,
                until_clock: 0,
                closed: false,
            }),
        })
    }

    /// Encodes a record into the open batch, opening one if need be.
    #[inline]
    pub(super) fn append(
        &self,
        shared: &Shared,
        record: &Record<'_>,
        choice: Choice,
        still_sticky: impl FnOnce() -> bool,
        grant: &mut Grant<'_>,
    ) -> Result<Placed, NotPlaced> {
        let mut state = self.state.lock();
        if choice == Choice::Sticky && !still_sticky() {
            return Err(NotPlaced::Moved);
        }
        let bound = upper_bound(record);
        let state = &mut *state;
        let timestamp = match record.timestamp {
            Some(timestamp) => timestamp,
            None if state.until_clock == 0 => {
                state.until_clock = RECORDS_PER_READ;
                shared.clock.renew()
            }
            None => {
                state.until_clock -= 1;
                shared.clock.read()
            }
        };
        let fitting = state
            .open
            .as_ref()
            .filter(|open| open.builder.size() + bound <= open.reserved.min(open.limit));
        let (timestamp, delta) =
            match fitting.and_then(|open| open.completion.timestamp_delta(timestamp)) {
                Some(delta) => (timestamp, delta),
                None => self.make_room(shared, state, (record, bound, timestamp), choice, grant)?,
            };
        // Just opened, if it was not open before.
        let Some(open) = &mut state.open else { return Err(NotPlaced::Moved) };
        let before = open.builder.len();
        let key = record.key.as_ref().map(|key| key.as_slice());
        let value = record.value.as_ref().map(|value| value.as_slice());
        let index = match open.builder.append(timestamp, key, value, &record.headers) {
            Ok(index) => index as u32,
            Err(too_large) => {
                return Err(NotPlaced::Rejected(self.too_large(
                    too_large.size,
                    shared.max_request_size,
                    "max.request.size",
                )));
            }
        };
        if choice == Choice::Sticky {
            state.sticky_bytes += open.builder.len() - before;
        }
        Ok(Placed::new(Arc::clone(&open.completion), index, delta))
    }

    fn too_large(&self, size: usize, limit: usize, limit_name: &'static str) -> ProduceError {
        ProduceError::new(ProduceErrorKind::RecordTooLarge { size, limit, limit_name })
            .in_topic(self.topic.clone())
            .in_partition(self.index)
    }

    /// Sees to it that there is an open batch with memory for the record. Gives the record's
    /// timestamp, which is new if the batch is, and its distance from the batch's.
    #[cold]
    fn make_room(
        &self,
        shared: &Shared,
        state: &mut LaneState,
        (record, bound, timestamp): (&Record<'_>, usize, i64),
        choice: Choice,
        grant: &mut Grant<'_>,
    ) -> Result<(i64, i32), NotPlaced> {
        if state.closed {
            return Err(NotPlaced::Rejected(
                ProduceError::new(ProduceErrorKind::Closed).in_topic(self.topic.clone()),
            ));
        }
        if let Some(open) = &mut state.open {
            let needed = open.builder.size() + bound;
            if needed <= open.limit
                && let Some(delta) = open.completion.timestamp_delta(timestamp)
            {
                return match grow(open.reserved, needed, open.limit, grant) {
                    Ok(reserved) => {
                        open.reserved = reserved;
                        Ok((timestamp, delta))
                    }
                    Err(bytes) => Err(NotPlaced::Full { bytes }),
                };
            }
            if let Some(full) = state.open.take() {
                state.last_size = full.builder.size();
                state.full.push_back(full);
                shared.post(Event::Full(self.id));
            }
        }
        // A record larger than a batch stays where nothing was written yet: moving on would never end.
        let enough = shared.plain_size(&self.ratio).saturating_sub(bound).max(1);
        if choice == Choice::Sticky && state.sticky_bytes >= enough {
            // Enough for this partition (KIP-794); it was filled to the last batch.
            state.sticky_bytes = 0;
            return Err(NotPlaced::Moved);
        }
        Ok((self.open(shared, state, (record, bound), grant)?, 0))
    }

    /// Opens a batch for the record, whose timestamp becomes the batch's.
    fn open(
        &self,
        shared: &Shared,
        state: &mut LaneState,
        (record, bound): (&Record<'_>, usize),
        grant: &mut Grant<'_>,
    ) -> Result<i64, NotPlaced> {
        let alone = HEADER_LEN + bound;
        if alone > shared.max_request_size.min(shared.memory.total()) {
            self.check_size(shared, record)?;
        }
        let limit = shared.plain_size(&self.ratio);
        // As large as the last batch was, so that a busy lane takes its memory at once.
        let guess = state.last_size.next_power_of_two().clamp(FIRST_CHUNK, limit.max(FIRST_CHUNK));
        let most = limit.max(alone);
        let reserved = match grow(0, alone.max(guess.min(most)), most, grant) {
            Ok(reserved) => reserved,
            Err(_) => match grow(0, alone, alone, grant) {
                Ok(reserved) => reserved,
                Err(bytes) => return Err(NotPlaced::Full { bytes }),
            },
        };
        let now = shared.clock.refresh();
        let timestamp = record.timestamp.unwrap_or(now);
        let place = (self.topic.clone(), self.index);
        let completion = Completion::new(place, timestamp, Arc::clone(&shared.failures));
        let opened = shared.now();
        let builder = BatchBuilder::with_buffer(shared.buffer(reserved));
        state.open = Some(OpenBatch { builder, completion, opened, reserved, limit });
        state.until_clock = RECORDS_PER_READ;
        shared.post(Event::Opened(self.id, opened));
        Ok(timestamp)
    }

    /// The exact measure, for records near a limit.
    fn check_size(&self, shared: &Shared, record: &Record<'_>) -> Result<(), NotPlaced> {
        let key = record.key.as_ref().map(|key| key.as_slice());
        let value = record.value.as_ref().map(|value| value.as_slice());
        let record = BatchBuilder::new(0).encoded_size(0, key, value, &record.headers);
        let size = HEADER_LEN + record;
        for (limit, name) in [
            (shared.max_request_size, "max.request.size"),
            (shared.memory.total(), "buffer.memory"),
        ] {
            if size > limit {
                return Err(NotPlaced::Rejected(self.too_large(size, limit, name)));
            }
        }
        Ok(())
    }

    /// How many batches the task holds for it.
    pub(super) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    /// Takes the batches that are full.
    pub(super) fn take_full(&self) -> VecDeque<OpenBatch> {
        std::mem::take(&mut self.state.lock().full)
    }

    /// Takes every batch, the open one included, if it has records.
    pub(super) fn take_all(&self) -> VecDeque<OpenBatch> {
        let mut state = self.state.lock();
        take_open(&mut state);
        std::mem::take(&mut state.full)
    }

    /// When the open batch was opened, if there is one.
    pub(super) fn open_since(&self) -> Option<MonoTime> {
        self.state.lock().open.as_ref().map(|open| open.opened)
    }

    /// Takes no more records.
    pub(super) fn close(&self) -> VecDeque<OpenBatch> {
        let mut state = self.state.lock();
        state.closed = true;
        take_open(&mut state);
        std::mem::take(&mut state.full)
    }
}

fn take_open(state: &mut MutexGuard<'_, LaneState>) {
    if let Some(open) = state.open.take() {
        state.last_size = open.builder.size();
        state.full.push_back(open);
    }
}

/// Takes memory until a batch has `needed`: in chunks that double, up to `most`, and if there is
/// not that much, what it needs. Says what is missing otherwise.
fn grow(
    reserved: usize,
    needed: usize,
    most: usize,
    grant: &mut Grant<'_>,
) -> Result<usize, usize> {
    let generous = needed.max(2 * reserved).min(most.max(needed));
    for target in [generous, needed] {
        if grant.take(target - reserved) {
            return Ok(target);
        }
    }
    Err(needed - reserved)
}
