//! The producer's task: takes full and ripe batches out of the lanes, lets the machine decide,
//! and carries out what it says. The only place that reads the time for the machine.

mod alarm;
mod ending;
mod identity;
mod parking;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::TopicName;
use milena_protocol::time::MonoTime;
use tokio::sync::oneshot;

use self::alarm::Alarm;
use self::identity::IdFailure;
use super::accumulator::{Event, Shared};
use super::completion::Completion;
use super::lane::{Lane, OpenBatch};
use super::memory::Memory;
use super::packing::Packer;
use super::topics::Registry;
use super::wire::{self, Shape};
use crate::config::producer::ProducerConfig;
use crate::environment::BoxFuture;
use crate::error::{FlushError, ProduceError, ProduceErrorKind, RequestError};
use crate::machine::producer::{
    Batch, Effect, Incarnation, LaneId, Outcome, ProducerMachine, RequestId, Span,
};
use crate::runtime::core::{Core, MetadataWatch, Purpose, RawResponse, RefreshReason};

/// Whom to tell about a batch, and what to give back when it is gone.
#[derive(Clone)]
struct Tag(Arc<TagInner>);

struct TagInner {
    lane: Arc<Lane>,
    completion: Arc<Completion>,
    total: u32,
    generation: u64,
    reserved: usize,
    memory: Arc<Memory>,
}

impl Drop for TagInner {
    fn drop(&mut self) {
        self.lane.queued.fetch_sub(1, Ordering::Relaxed);
        self.memory.give_back(self.reserved);
    }
}

type Reply = oneshot::Sender<Result<(), FlushError>>;

/// A caller of `flush` that waits.
struct PendingFlush {
    stage: FlushStage,
    reply: Reply,
}

#[derive(Clone, Copy)]
enum FlushStage {
    /// For the parked records up to this number to be put into batches.
    Parked(u64),
    /// For the batches up to this generation to end.
    Batches(u64),
}

/// Whether the producer still takes records.
enum Phase {
    Open,
    /// Every handle is gone; what is here is sent.
    Orphaned,
    /// What is here is sent until then.
    Closing {
        by: MonoTime,
        replies: Vec<Reply>,
    },
}

/// The producer's task.
pub(crate) struct ProducerTask {
    core: Core,
    shared: Arc<Shared>,
    config: ProducerConfig,
    machine: ProducerMachine<Tag>,
    registry: Registry,
    watch: MetadataWatch,
    seen_image: Option<u64>,
    /// Open batches by the time at which they are ripe.
    lingering: VecDeque<(MonoTime, LaneId)>,
    /// Lanes whose open batch is ripe but could not go out, and when it was opened.
    ripe: BTreeMap<LaneId, MonoTime>,
    requests: BTreeMap<RequestId, Shape>,
    id_request: Option<BoxFuture<Result<Incarnation, IdFailure>>>,
    id_failures: u32,
    id_retry_at: Option<MonoTime>,
    parked_retry_at: Option<MonoTime>,
    generation: u64,
    /// How many batches of each generation have not ended.
    outstanding: BTreeMap<u64, usize>,
    flushes: Vec<PendingFlush>,
    phase: Phase,
    last_mail: MonoTime,
    mail: Vec<Event>,
    packer: Packer,
}

/// The cached clock is kept up for so long after something happened.
const CLOCK_IDLE: Duration = Duration::from_millis(100);

/// How old the cached clock may get.
const CLOCK_TICK: Duration = Duration::from_millis(1);

impl ProducerTask {
    pub(crate) fn new(core: Core, shared: Arc<Shared>, config: ProducerConfig) -> Self {
        Self {
            watch: core.metadata_watch(),
            machine: ProducerMachine::new(&config),
            packer: Packer::new(&config),
            core,
            shared,
            config,
            registry: Registry::default(),
            seen_image: None,
            lingering: VecDeque::new(),
            ripe: BTreeMap::new(),
            requests: BTreeMap::new(),
            id_request: None,
            id_failures: 0,
            id_retry_at: None,
            parked_retry_at: None,
            generation: 0,
            outstanding: BTreeMap::new(),
            flushes: Vec::new(),
            phase: Phase::Open,
            last_mail: MonoTime::ZERO,
            mail: Vec::new(),
        }
    }

    /// Runs until the producer is closed, or every handle is gone and everything has ended.
    pub(crate) async fn run(mut self) {
        let mut alarm = Alarm::new();
        loop {
            let now = self.shared.now();
            self.packer.rested();
            self.turn(now);
            if self.is_finished(now) {
                return;
            }
            if self.packer.is_tired() {
                // More may be ripe; but first whoever else wants to run, and the brokers' answers.
                tokio::task::yield_now().await;
                continue;
            }
            let next = self.next_wake(now);
            alarm.set(next.map(|at| self.shared.instant(at)));
            let shared = Arc::clone(&self.shared);
            let id = async {
                match &mut self.id_request {
                    Some(request) => request.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = shared.wake.notified() => {}
                result = id => self.producer_id_came(result),
                () = self.watch.changed() => {}
                () = alarm.ring() => {}
            }
        }
    }

    /// Everything there is to do now.
    fn turn(&mut self, now: MonoTime) {
        self.read_mail(now);
        self.follow_metadata(now);
        self.look_after_parked(now);
        self.ripen(now);
        self.machine.on_timeout(now);
        self.retry_producer_id(now);
        // Effects make room for ripe batches, and ripe batches make effects.
        loop {
            let acted = self.carry_out(now);
            if !self.harvest(now) && !acted {
                break;
            }
        }
        self.answer_flushes(now);
        self.keep_clock(now);
    }

    fn read_mail(&mut self, now: MonoTime) {
        let mut mail = std::mem::take(&mut self.mail);
        self.shared.take_mail(&mut mail);
        if !mail.is_empty() {
            self.last_mail = now;
        }
        for event in mail.drain(..) {
            match event {
                Event::Opened(lane, at) => {
                    self.lingering.push_back((at + self.config.linger, lane));
                }
                Event::Full(id) => {
                    if let Some(lane) = self.registry.lane(id) {
                        let full = lane.take_full();
                        self.seal(now, id, full);
                    }
                }
                Event::Parked(topic) => {
                    self.core.want_topic(&topic);
                    self.seen_image = None;
                }
                Event::Exhausted => {
                    self.shared.hurry_was_read();
                    self.hurry();
                }
                Event::Answer(request, result) => self.answered(now, request, result),
                Event::Flush(reply) => self.flush(now, reply),
                Event::Close { by, done } => self.close(now, by, done),
                Event::Orphaned => {
                    if matches!(self.phase, Phase::Open) {
                        self.phase = Phase::Orphaned;
                        self.take_everything(now);
                    }
                }
            }
        }
        self.mail = mail;
    }

    /// Gives batches to the machine.
    fn seal(&mut self, now: MonoTime, id: LaneId, batches: VecDeque<OpenBatch>) {
        if batches.is_empty() {
            return;
        }
        if let Some(topic) = self.registry.wants(id, now) {
            self.core.want_topic(&topic);
        }
        let Some(lane) = self.registry.lane(id) else { return };
        for open in batches {
            let OpenBatch { builder, completion, opened, reserved, .. } = open;
            let total = builder.count() as u32;
            let batches = match self.packer.pack(&self.shared, &lane.ratio, builder) {
                Ok(batches) => batches,
                Err(error) => {
                    let error = ProduceError::new(ProduceErrorKind::Compression(error))
                        .in_topic(lane.topic.clone())
                        .in_partition(lane.index);
                    completion.complete((0, total), total, Outcome::Failed(error));
                    self.shared.memory.give_back(reserved);
                    continue;
                }
            };
            // What compression has saved is room for other records.
            let kept = match self.packer.compresses() {
                true => reserved.min(batches.iter().map(|batch| batch.size()).sum()),
                false => reserved,
            };
            self.shared.memory.give_back(reserved - kept);
            lane.queued.fetch_add(1, Ordering::Relaxed);
            let tag = Tag(Arc::new(TagInner {
                lane: Arc::clone(lane),
                completion,
                total,
                generation: self.generation,
                reserved: kept,
                memory: Arc::clone(&self.shared.memory),
            }));
            *self.outstanding.entry(self.generation).or_default() += 1;
            let mut first = 0;
            for records in batches {
                let batch = Batch::part(records, tag.clone(), first, opened);
                first += batch.count();
                self.machine.on_batch(now, id, batch);
            }
        }
    }

    /// Nothing is to linger any longer.
    fn hurry(&mut self) {
        while let Some((_, id)) = self.lingering.pop_front() {
            if let Some(opened) = self.registry.lane(id).and_then(|lane| lane.open_since()) {
                self.ripe.insert(id, opened);
            }
        }
    }

    /// Takes what is open, too, whether or not its event was read yet.
    fn take_everything(&mut self, now: MonoTime) {
        self.lingering.clear();
        self.ripe.clear();
        let lanes: Vec<_> = self.registry.lanes().cloned().collect();
        for lane in lanes {
            let all = lane.take_all();
            self.seal(now, lane.id, all);
        }
    }

    /// Finds the lanes whose open batch has lingered long enough.
    fn ripen(&mut self, now: MonoTime) {
        while let Some(&(due, id)) = self.lingering.front()
            && due <= now
        {
            self.lingering.pop_front();
            if let Some(opened) = self.registry.lane(id).and_then(|lane| lane.open_since())
                // A batch that was opened since has an entry of its own.
                && opened + self.config.linger <= now
            {
                self.ripe.insert(id, opened);
            }
        }
    }

    /// Takes ripe batches that can go out at once, or whose delivery time-out has passed. Others
    /// stay open and take more records. True if any was taken.
    fn harvest(&mut self, now: MonoTime) -> bool {
        let late = |opened: MonoTime| opened + self.config.delivery_timeout <= now;
        let ready: Vec<_> = self
            .ripe
            .iter()
            .filter(|&(&id, &opened)| self.machine.wants(id) || late(opened))
            .map(|(&id, _)| id)
            .collect();
        let mut taken = false;
        for &id in &ready {
            if self.packer.is_tired() {
                break;
            }
            taken = true;
            self.ripe.remove(&id);
            if let Some(lane) = self.registry.lane(id) {
                let all = lane.take_all();
                self.seal(now, id, all);
            }
        }
        taken
    }

    /// True if there was anything to carry out.
    fn carry_out(&mut self, now: MonoTime) -> bool {
        let mut acted = false;
        while let Some(effect) = self.machine.poll_effect(now) {
            acted = true;
            match effect {
                Effect::Send { request, broker, parts } => {
                    let (shape, outgoing) = wire::request(&self.config, broker, parts);
                    self.requests.insert(request, shape);
                    let shared = Arc::clone(&self.shared);
                    self.core.submit(broker, Purpose::Produce, outgoing, move |result| {
                        shared.post(Event::Answer(request, result));
                    });
                }
                Effect::Complete { span, outcome } => self.complete(span, outcome),
                Effect::Spent(records) => {
                    if let Some(buffer) = records.reclaim() {
                        self.shared.recycle(buffer);
                    }
                }
                Effect::FetchProducerId { spent } => {
                    tracing::debug!(?spent, "asking for a producer id");
                    self.id_failures = 0;
                    self.ask_producer_id();
                }
                Effect::RefreshMetadata => {
                    self.core.refresh_metadata(RefreshReason::StaleLeader);
                }
                Effect::Halved(lane) => {
                    if let Some(lane) = self.registry.lane(lane) {
                        lane.ratio.give_up();
                    }
                }
                Effect::DataLost { lane, last_acknowledged } => {
                    if let Some(lane) = self.registry.lane(lane) {
                        tracing::error!(
                            topic = %lane.topic,
                            partition = %lane.index,
                            %last_acknowledged,
                            "the log has lost records it had acknowledged; going on behind them"
                        );
                    }
                }
            }
        }
        acted
    }

    fn complete(&mut self, span: Span<Tag>, outcome: Outcome) {
        let Span { tag: Tag(tag), first, count } = span;
        if tag.completion.complete((first, count), tag.total, outcome)
            && let Some(left) = self.outstanding.get_mut(&tag.generation)
        {
            *left -= 1;
            if *left == 0 {
                self.outstanding.remove(&tag.generation);
            }
        }
    }

    fn answered(
        &mut self,
        now: MonoTime,
        request: RequestId,
        result: Result<RawResponse, RequestError>,
    ) {
        let Some(shape) = self.requests.remove(&request) else { return };
        let reading = shape.read(self.config.acks, result);
        if !reading.throttle.is_zero() {
            self.core.throttle(shape.broker, Purpose::Produce, reading.throttle);
        }
        if !reading.hints.is_empty() {
            // So that the retry already goes to the new leader.
            self.core.apply_leader_hints(reading.hints);
            self.follow_metadata(now);
        }
        self.machine.on_answer(now, request, reading.answer, self.shared.random());
    }

    /// Takes over what has changed in the metadata since the last time.
    fn follow_metadata(&mut self, now: MonoTime) {
        let image = self.core.image();
        if self.seen_image == Some(image.generation) {
            return;
        }
        self.seen_image = Some(image.generation);
        let mut names = self.registry.names();
        names.extend(self.shared.parking.lock().topics());
        names.sort_unstable();
        names.dedup();
        for name in names {
            let Some(topic) = image.topic(&name) else { continue };
            if let Some(code) = topic.error.filter(|code| !code.is_retriable())
                && topic.partitions.is_empty()
            {
                self.refuse_parked(&name, code);
                continue;
            }
            let changed = self.registry.apply(now, topic, &mut self.machine);
            if let Some(left) = &changed {
                for &broker in left {
                    self.core.withdraw(broker, Purpose::Produce);
                }
            }
            self.publish(&name, changed.is_some());
        }
    }

    fn next_wake(&self, now: MonoTime) -> Option<MonoTime> {
        let parked = self.shared.parking.lock().oldest().map(|since| since + self.patience());
        let late = self.ripe.values().min().map(|&opened| opened + self.config.delivery_timeout);
        let closing = match self.phase {
            Phase::Closing { by, .. } => Some(by),
            Phase::Open | Phase::Orphaned => None,
        };
        let tick = self.keeps_clock(now).then(|| now + CLOCK_TICK);
        let linger = self.lingering.front().map(|&(due, _)| due);
        [
            self.machine.poll_timeout(),
            linger,
            late,
            parked,
            self.parked_retry_at,
            self.id_retry_at,
            closing,
            tick,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn keeps_clock(&self, now: MonoTime) -> bool {
        let open = !self.lingering.is_empty() || !self.ripe.is_empty();
        open && now.saturating_since(self.last_mail) < CLOCK_IDLE
    }

    fn keep_clock(&self, now: MonoTime) {
        if self.keeps_clock(now) {
            self.shared.clock.refresh();
        } else {
            self.shared.clock.forget();
        }
    }
}

impl Drop for ProducerTask {
    fn drop(&mut self) {
        // Also when the runtime goes first: nobody is left waiting.
        self.end(&ProduceErrorKind::TaskStopped);
        self.shared.stop();
    }
}
