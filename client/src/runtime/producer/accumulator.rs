//! What senders and the task share: lanes by topic, buffer memory, the cached clock, and a mailbox
//! through which senders tell the task of batches.
//!
//! This is the one place where state has two owners, because handing each record to a task would
//! cost more than sending it. What is shared is small: the open batches. Everything after the
//! sealing of a batch belongs to the task alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use milena_protocol::compression::Codec;
use milena_protocol::ids::{PartitionIndex, TopicName};
use milena_protocol::time::MonoTime;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::clock::CachedClock;
use super::completion::Placed;
use super::failures::{FailureHook, Failures};
use super::lane::{Choice, NotPlaced};
use super::memory::{Grant, Memory};
use super::parked::{ParkedRecord, Parking};
use super::ratio::RatioEstimate;
use super::table::{TopicLanes, TopicTable};
use crate::config::producer::ProducerConfig;
use crate::environment::Environment;
use crate::error::{FlushError, ProduceError, ProduceErrorKind, RequestError};
use crate::machine::producer::partitioner::{next_sticky, partition_for_key};
use crate::machine::producer::{LaneId, RequestId};
use crate::record::{Record, TopicRef};
use crate::runtime::core::RawResponse;

/// What the task is told. In the order in which it happened.
pub(super) enum Event {
    /// A lane has an open batch, since then.
    Opened(LaneId, MonoTime),
    /// A lane has a batch that takes no more records.
    Full(LaneId),
    /// A record waits for its topic or partition.
    Parked(TopicName),
    /// A sender found no room: nothing is to linger.
    Exhausted,
    /// A request is over.
    Answer(RequestId, Result<RawResponse, RequestError>),
    /// Tell when everything before this has ended.
    Flush(oneshot::Sender<Result<(), FlushError>>),
    /// Take nothing more, end everything by then, and tell.
    Close { by: MonoTime, done: oneshot::Sender<Result<(), FlushError>> },
    /// Every handle is gone.
    Orphaned,
}

/// What senders have told the task.
#[derive(Default)]
struct Mailbox {
    events: Vec<Event>,
    /// Nobody reads it any more.
    stopped: bool,
}

/// What senders and the task share.
pub(crate) struct Shared {
    pub(super) topics: TopicTable,
    pub(super) parking: Mutex<Parking>,
    pub(super) memory: Arc<Memory>,
    pub(super) failures: Arc<Failures>,
    pub(super) clock: CachedClock,
    pub(super) batch_size: usize,
    /// The most a batch may hold before it is compressed; None where nothing is compressed.
    largest_plain: Option<usize>,
    pub(super) max_request_size: usize,
    mailbox: Mutex<Mailbox>,
    /// Set by `close`; senders look at it before each record.
    closed: AtomicBool,
    /// The task was told that there is no room, and has not read it yet.
    hurried: AtomicBool,
    pub(super) wake: Notify,
    buffers: Mutex<Vec<Vec<u8>>>,
    environment: Environment,
    origin: Instant,
}

/// Why a record found no place.
pub(crate) enum Refusal {
    /// This much buffer memory is missing.
    Full { bytes: usize },
    /// It never will.
    Rejected(ProduceError),
}

/// How much longer than it was told `close` waits for the task's last word.
const CLOSE_GRACE: Duration = Duration::from_millis(10);

/// The share of buffer memory that the records of one batch may take before they are compressed,
/// however well they compress.
const PLAIN_SHARE: usize = 8;

/// The share of buffer memory that may lie idle in buffers kept for reuse.
const POOL_SHARE: usize = 4;

impl Shared {
    pub(crate) fn new(
        config: &ProducerConfig,
        environment: Environment,
        origin: Instant,
        hook: Option<FailureHook>,
    ) -> Arc<Self> {
        Arc::new(Self {
            topics: TopicTable::default(),
            parking: Mutex::new(Parking::default()),
            memory: Memory::new(config.buffer_memory),
            failures: Failures::new(hook),
            clock: CachedClock::new(environment.clone()),
            batch_size: config.batch_size,
            largest_plain: (config.compression.codec() != Codec::None)
                .then(|| config.batch_size.max(config.buffer_memory / PLAIN_SHARE)),
            max_request_size: config.max_request_size,
            mailbox: Mutex::new(Mailbox::default()),
            closed: AtomicBool::new(false),
            hurried: AtomicBool::new(false),
            wake: Notify::new(),
            buffers: Mutex::new(Vec::new()),
            environment,
            origin,
        })
    }

    /// The size a batch may have before it is compressed.
    pub(super) fn plain_size(&self, ratio: &RatioEstimate) -> usize {
        match self.largest_plain {
            None => self.batch_size,
            Some(most) => ratio.plain_size(self.batch_size, most),
        }
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    pub(super) fn now(&self) -> MonoTime {
        MonoTime::ZERO + self.origin.elapsed()
    }

    pub(super) fn instant(&self, at: MonoTime) -> Instant {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        self.origin + at.since_origin().min(YEAR)
    }

    pub(super) fn random(&self) -> u64 {
        self.environment.entropy().next_u64()
    }

    /// Puts something into the task's mailbox and wakes it.
    pub(super) fn post(&self, event: Event) {
        let first = {
            let mut mailbox = self.mailbox.lock();
            if mailbox.stopped {
                // Whoever waits for an answer sees the sender dropped.
                return;
            }
            mailbox.events.push(event);
            mailbox.events.len() == 1
        };
        // If there was something, whoever put it there has woken the task.
        if first {
            self.wake.notify_one();
        }
    }

    pub(super) fn take_mail(&self, into: &mut Vec<Event>) {
        std::mem::swap(&mut self.mailbox.lock().events, into);
    }

    pub(super) fn has_mail(&self) -> bool {
        !self.mailbox.lock().events.is_empty()
    }

    /// The task is gone: nobody reads the mailbox any more.
    pub(super) fn stop(&self) {
        let unread = {
            let mut mailbox = self.mailbox.lock();
            mailbox.stopped = true;
            std::mem::take(&mut mailbox.events)
        };
        drop(unread);
    }

    /// The last handle is gone.
    pub(crate) fn orphan(&self) {
        self.post(Event::Orphaned);
    }

    /// Somebody waits for room: nothing is to linger.
    pub(crate) fn hurry(&self) {
        // A caller may ask again and again: one message at a time is enough.
        if !self.hurried.swap(true, Ordering::Relaxed) {
            self.post(Event::Exhausted);
        }
    }

    pub(super) fn hurry_was_read(&self) {
        self.hurried.store(false, Ordering::Relaxed);
    }

    pub(crate) async fn flush(&self) -> Result<(), FlushError> {
        let (reply, answer) = oneshot::channel();
        self.post(Event::Flush(reply));
        match answer.await {
            Ok(result) => result,
            // The task has ended, and with it everything that was enqueued.
            Err(_) => self.failures.take(),
        }
    }

    pub(crate) async fn close(&self, within: Duration) -> Result<(), FlushError> {
        let (done, answer) = oneshot::channel();
        self.closed.store(true, Ordering::Relaxed);
        let by = self.now() + within;
        self.post(Event::Close { by, done });
        // The task keeps the time; this holds even if it gets no turn.
        match tokio::time::timeout(within + CLOSE_GRACE, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) => self.failures.take(),
        }
    }

    /// Memory for a batch that will take about `size` bytes.
    pub(super) fn buffer(&self, size: usize) -> Vec<u8> {
        if 2 * size > self.batch_size
            && size <= self.batch_size
            && let Some(buffer) = self.buffers.lock().pop()
        {
            return buffer;
        }
        Vec::with_capacity(size)
    }

    /// Keeps a large buffer for the next batch.
    pub(super) fn recycle(&self, buffer: Vec<u8>) {
        if 2 * buffer.capacity() < self.batch_size || buffer.capacity() > 2 * self.batch_size {
            return;
        }
        let mut buffers = self.buffers.lock();
        if buffers.len() * self.batch_size < self.memory.total() / POOL_SHARE {
            buffers.push(buffer);
        }
    }

    /// Finds a place for the record. It is only read; a parked one is copied.
    #[inline]
    pub(crate) fn place(
        &self,
        record: &Record<'_>,
        grant: &mut Grant<'_>,
    ) -> Result<Placed, Refusal> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Refusal::Rejected(ProduceError::new(ProduceErrorKind::Closed)));
        }
        match self.topics.get(record.topic.as_str()) {
            Some(topic) => match self.place_in(topic, record, grant) {
                Some(placed) => placed,
                None => self.park(record, grant),
            },
            None => self.park(record, grant),
        }
    }

    /// `None` if the topic has no such partition.
    #[inline]
    pub(super) fn place_in(
        &self,
        topic: &TopicLanes,
        record: &Record<'_>,
        grant: &mut Grant<'_>,
    ) -> Option<Result<Placed, Refusal>> {
        let fixed = match (&record.partition, &record.key) {
            (Some(PartitionIndex(partition)), _) => Some(u32::try_from(*partition).ok()?),
            (None, Some(key)) => Some(partition_for_key(key.as_slice(), topic.partitions())),
            (None, None) => None,
        };
        if let Some(partition) = fixed {
            let lane = topic.lane(partition)?;
            let placed = lane.append(self, record, Choice::Fixed, || true, grant);
            return Some(placed.map_err(Refusal::from_fixed));
        }
        loop {
            let current = topic.sticky();
            let Some(lane) = topic.lane(current) else {
                self.switch_sticky(topic, current)?;
                continue;
            };
            let still = || topic.sticky() == current;
            match lane.append(self, record, Choice::Sticky, still, grant) {
                Ok(placed) => return Some(Ok(placed)),
                Err(NotPlaced::Full { bytes }) => return Some(Err(Refusal::Full { bytes })),
                Err(NotPlaced::Rejected(error)) => return Some(Err(Refusal::Rejected(error))),
                // Either somebody else chose another one, or this one has had enough.
                Err(NotPlaced::Moved) => self.switch_sticky(topic, current)?,
            }
        }
    }

    /// Chooses another sticky partition, unless somebody else has. `None` without partitions.
    #[cold]
    fn switch_sticky(&self, topic: &TopicLanes, from: u32) -> Option<()> {
        let queued = |partition| topic.lane(partition).map_or(usize::MAX, |lane| lane.queued());
        let next = next_sticky(&topic.available(), queued, self.random())?;
        topic.switch_sticky(from, next);
        Some(())
    }

    /// Puts a record aside until its topic or partition is known.
    #[cold]
    fn park(&self, record: &Record<'_>, grant: &mut Grant<'_>) -> Result<Placed, Refusal> {
        let topic = match &record.topic {
            TopicRef::Named(name) => name.clone(),
            TopicRef::Borrowed(name) => TopicName::new(name).map_err(|illegal| {
                Refusal::Rejected(ProduceError::new(ProduceErrorKind::IllegalTopic(illegal)))
            })?,
        };
        let mut parking = self.parking.lock();
        if parking.is_closed() {
            let closed = ProduceError::new(ProduceErrorKind::Closed).in_topic(topic);
            return Err(Refusal::Rejected(closed));
        }
        // The task publishes a topic under this lock, once nothing is parked for it any more.
        if let Some(lanes) = self.topics.get(&topic)
            && let Some(placed) = self.place_in(lanes, record, grant)
        {
            return placed;
        }
        let times = (self.clock.read(), self.now());
        let parked = ParkedRecord::new(record, topic.clone(), times, &self.failures);
        let (size, total) = (parked.bytes, self.memory.total());
        let (limit, limit_name) = match total < self.max_request_size {
            true => (total, "buffer.memory"),
            false => (self.max_request_size, "max.request.size"),
        };
        if size > limit {
            let kind = ProduceErrorKind::RecordTooLarge { size, limit, limit_name };
            return Err(Refusal::Rejected(ProduceError::new(kind).in_topic(topic)));
        }
        if !grant.take(size) {
            return Err(Refusal::Full { bytes: size });
        }
        let placed = Placed::parked(&parked.delivery, record.timestamp.unwrap_or(times.0));
        parking.push(topic.clone(), parked);
        drop(parking);
        self.post(Event::Parked(topic));
        Ok(placed)
    }
}

impl Refusal {
    fn from_fixed(not: NotPlaced) -> Self {
        match not {
            NotPlaced::Full { bytes } => Self::Full { bytes },
            NotPlaced::Rejected(error) => Self::Rejected(error),
            // Only a sticky lane moves, so this does not happen; asking for nothing tries again.
            NotPlaced::Moved => Self::Full { bytes: 0 },
        }
    }
}
