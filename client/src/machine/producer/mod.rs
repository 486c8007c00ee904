//! The idempotent producer's decisions: pure, without clock, sockets or randomness of its own.
//!
//! Batches come in sealed ([`ProducerMachine::on_batch`]); requests go out
//! ([`Effect::Send`]); answers come in ([`ProducerMachine::on_answer`]); outcomes go out
//! ([`Effect::Complete`]). [`partition`] holds the rules of one partition, [`disposition`] what
//! an error code means, [`sequence`] the numbering, [`partitioner`] the choice of a partition.

mod answers;
mod batch;
mod disposition;
mod partition;
pub(crate) mod partitioner;
mod sequence;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{
    BrokerId, LeaderEpoch, Offset, PartitionIndex, ProducerId, TopicId, TopicName,
};
use milena_protocol::records::{BatchKind, SealedBatch, Stamp, StampedBatch};
use milena_protocol::time::MonoTime;

pub(crate) use batch::{Batch, Outcome, Span};
pub(crate) use sequence::Incarnation;

use self::partition::{Next, Notice, Partition, Rules};
use self::sequence::Numbering;
use crate::config::producer::{Idempotence, ProducerConfig};
use crate::error::{Hindrance, Persistence, ProduceErrorKind, RequestErrorKind};
use crate::machine::backoff::Backoff;

/// A partition, as the machine and the accumulator number them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LaneId(pub(crate) u32);

/// A request, as the machine numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RequestId(pub(crate) u64);

/// What a Produce request carries besides its records, per partition and in all, at most.
const PARTITION_OVERHEAD: usize = 64;

/// One partition's part of a request.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) lane: LaneId,
    pub(crate) topic: TopicName,
    pub(crate) topic_id: TopicId,
    pub(crate) partition: PartitionIndex,
    pub(crate) batch: StampedBatch,
    pub(crate) stamp: Stamp,
    topic_number: u32,
}

/// What the driver has to do.
#[derive(Debug)]
pub(crate) enum Effect<T> {
    /// Send a Produce request. The parts of one topic are next to each other.
    Send { request: RequestId, broker: BrokerId, parts: Vec<Part> },
    /// Tell whoever waits for these records.
    Complete { span: Span<T>, outcome: Outcome },
    /// Get a producer id; not the given one, whose epochs are used up.
    FetchProducerId { spent: Option<ProducerId> },
    /// The metadata are out of date or name no leader.
    RefreshMetadata,
    /// The records of a batch that is in the log; their memory may be used again.
    Spent(SealedBatch),
    /// A batch of this partition was too large for the broker and was halved.
    Halved(LaneId),
    /// Acknowledged records are missing from the log.
    DataLost { lane: LaneId, last_acknowledged: Offset },
}

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The broker answered, for each partition.
    Partitions(Vec<PartitionAnswer>),
    /// It went out, and no answer is to be expected (acks=0).
    Written,
    /// There is no answer.
    Lost { kind: RequestErrorKind, written: Persistence },
}

/// What a broker said about one partition of a request.
#[derive(Clone, Debug)]
pub(crate) struct PartitionAnswer {
    pub(crate) lane: LaneId,
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<Arc<str>>,
    pub(crate) base_offset: Offset,
    pub(crate) log_append_time: Option<i64>,
    pub(crate) log_start: Option<Offset>,
    /// The records at fault, by their place in the batch (KIP-467).
    pub(crate) record_errors: Vec<(u32, Option<Arc<str>>)>,
}

/// Where the producer id stands.
#[derive(Debug)]
enum Identity {
    None,
    Asked,
    Known(Incarnation),
}

#[derive(Debug, Default)]
struct Broker {
    in_flight: usize,
    ready: BTreeSet<LaneId>,
    /// The lane after the last one served, so that none starves.
    cursor: u32,
}

#[derive(Debug)]
struct InFlight {
    broker: BrokerId,
    parts: Vec<(LaneId, u64)>,
}

/// The producer's state.
#[derive(Debug)]
pub(crate) struct ProducerMachine<T> {
    rules: Rules,
    max_request_size: usize,
    idempotence: Idempotence,
    partitions: Vec<Partition<T>>,
    topics: BTreeMap<TopicName, u32>,
    brokers: BTreeMap<BrokerId, Broker>,
    in_flight: BTreeMap<RequestId, InFlight>,
    timers: BTreeSet<(MonoTime, LaneId)>,
    effects: VecDeque<Effect<T>>,
    notices: Vec<Notice<T>>,
    identity: Identity,
    metadata_wanted: bool,
    /// Set once nothing will be accepted any more.
    dead: Option<ErrorCode>,
    next_request: u64,
    next_serial: u64,
}

impl<T: Clone> ProducerMachine<T> {
    pub(crate) fn new(config: &ProducerConfig) -> Self {
        Self {
            rules: Rules {
                delivery_timeout: config.delivery_timeout,
                max_in_flight: config.max_in_flight,
                backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
            },
            max_request_size: config.max_request_size,
            idempotence: config.idempotence,
            partitions: Vec::new(),
            topics: BTreeMap::new(),
            brokers: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            timers: BTreeSet::new(),
            effects: VecDeque::new(),
            notices: Vec::new(),
            identity: Identity::None,
            metadata_wanted: false,
            dead: None,
            next_request: 0,
            next_serial: 0,
        }
    }

    /// Adds a partition. Lanes are numbered in the order in which they are added.
    pub(crate) fn add_partition(&mut self, topic: TopicName, index: PartitionIndex) -> LaneId {
        let lane = LaneId(self.partitions.len() as u32);
        let next_number = self.topics.len() as u32;
        let number = *self.topics.entry(topic.clone()).or_insert(next_number);
        let mut numbering = match self.idempotence {
            Idempotence::On => Numbering::Wanted { spent: None },
            Idempotence::Off => Numbering::Off,
        };
        match (&self.identity, numbering) {
            (Identity::Known(incarnation), _) => numbering.adopt(*incarnation),
            // Asked for early, so that the first batch need not wait for it.
            (Identity::None, Numbering::Wanted { spent }) => {
                self.identity = Identity::Asked;
                self.effects.push_back(Effect::FetchProducerId { spent });
            }
            (Identity::None | Identity::Asked, _) => {}
        }
        self.partitions.push(Partition::new((topic, number), index, numbering));
        lane
    }

    /// Learns a partition's leader and the id of its topic.
    pub(crate) fn on_leader(
        &mut self,
        now: MonoTime,
        lane: LaneId,
        leader: (Option<BrokerId>, LeaderEpoch),
        topic_id: TopicId,
    ) {
        let Some(partition) = self.partitions.get_mut(lane.0 as usize) else { return };
        let before = partition.leader;
        partition.lead(now, leader, topic_id);
        if let Some(broker) = before.filter(|_| before != leader.0)
            && let Some(broker) = self.brokers.get_mut(&broker)
        {
            broker.ready.remove(&lane);
        }
        self.touch(now, lane, 0);
    }

    /// Takes a sealed batch.
    pub(crate) fn on_batch(&mut self, now: MonoTime, lane: LaneId, batch: Batch<T>) {
        let Some(partition) = self.partitions.get_mut(lane.0 as usize) else { return };
        partition.fresh.push_back(batch);
        if let Some(code) = self.dead {
            let kind = ProduceErrorKind::Refused { code, message: None };
            partition.fail_all(&kind, &mut self.notices);
        }
        self.touch(now, lane, 0);
    }

    /// Takes a producer id.
    pub(crate) fn on_producer_id(&mut self, now: MonoTime, incarnation: Incarnation) {
        self.identity = Identity::Known(incarnation);
        for lane in 0..self.partitions.len() {
            let partition = &mut self.partitions[lane];
            if matches!(partition.numbering, Numbering::Wanted { .. }) {
                partition.numbering.adopt(incarnation);
                self.touch(now, LaneId(lane as u32), 0);
            }
        }
    }

    /// No producer id can be had: what is waiting for one fails, and the next batch asks again.
    pub(crate) fn on_no_producer_id(&mut self, now: MonoTime, why: Hindrance) {
        self.identity = Identity::None;
        let kind = ProduceErrorKind::NoProducerId(why);
        for lane in 0..self.partitions.len() {
            let partition = &mut self.partitions[lane];
            if matches!(partition.numbering, Numbering::Wanted { .. }) {
                partition.fail_all(&kind, &mut self.notices);
                self.touch(now, LaneId(lane as u32), 0);
            }
        }
    }

    /// Fails every batch that is here with `kind`.
    pub(crate) fn fail_everything(&mut self, kind: &ProduceErrorKind) {
        for lane in 0..self.partitions.len() {
            self.partitions[lane].fail_all(kind, &mut self.notices);
            self.publish(LaneId(lane as u32));
        }
    }

    /// Lets time pass.
    pub(crate) fn on_timeout(&mut self, now: MonoTime) {
        while let Some(&(due, lane)) = self.timers.first()
            && due <= now
        {
            self.timers.pop_first();
            let rules = self.rules;
            if let Some(partition) = self.partitions.get_mut(lane.0 as usize) {
                partition.armed = None;
                partition.expire(now, &rules, &mut self.notices);
            }
            self.touch(now, lane, 0);
        }
    }

    /// When [`ProducerMachine::on_timeout`] has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<MonoTime> {
        self.timers.first().map(|&(due, _)| due)
    }

    /// Whether a batch of this partition is of use now: it would go out at once, or its presence
    /// makes the machine look for what is missing. If not, it is better left open, to take more
    /// records.
    pub(crate) fn wants(&self, lane: LaneId) -> bool {
        let Some(partition) = self.partitions.get(lane.0 as usize) else { return false };
        let Some(leader) = partition.leader else { return partition.is_idle() };
        if matches!(partition.numbering, Numbering::Wanted { .. }) {
            return partition.is_idle() && !matches!(self.identity, Identity::Asked);
        }
        let busy =
            self.brokers.get(&leader).is_some_and(|b| b.in_flight >= self.rules.max_in_flight);
        !busy && partition.has_room(&self.rules)
    }

    /// How many batches of this partition are waiting or in flight.
    pub(crate) fn queued(&self, lane: LaneId) -> usize {
        self.partitions.get(lane.0 as usize).map_or(0, |p| p.fresh.len() + p.window.len())
    }

    /// Whether no batch is waiting or in flight.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.is_empty() && self.partitions.iter().all(Partition::is_idle)
    }

    /// The next thing to do.
    pub(crate) fn poll_effect(&mut self, now: MonoTime) -> Option<Effect<T>> {
        if let Some(effect) = self.effects.pop_front() {
            return Some(effect);
        }
        if std::mem::take(&mut self.metadata_wanted) {
            return Some(Effect::RefreshMetadata);
        }
        let broker = self.brokers.iter().find_map(|(&id, broker)| {
            let free = broker.in_flight < self.rules.max_in_flight;
            (free && !broker.ready.is_empty()).then_some(id)
        })?;
        self.assemble(now, broker).or_else(|| self.poll_effect(now))
    }

    /// Makes a request of one batch of each partition that is ready, as far as they fit.
    fn assemble(&mut self, now: MonoTime, to: BrokerId) -> Option<Effect<T>> {
        let broker = self.brokers.get_mut(&to)?;
        let start = LaneId(broker.cursor);
        let lanes: Vec<_> =
            broker.ready.range(start..).chain(broker.ready.range(..start)).copied().collect();
        let mut parts = Vec::new();
        let mut serials = Vec::new();
        let mut size = 0;
        for lane in lanes {
            let Some(partition) = self.partitions.get_mut(lane.0 as usize) else { continue };
            let next = partition.next(now, &self.rules);
            let batch = match next {
                Next::Again => partition.window.front().map(|slot| &slot.batch),
                Next::Fresh => partition.fresh.front(),
                Next::Nothing | Next::Later(_) | Next::Leaderless | Next::Nameless => None,
            };
            if let Some(batch) = batch {
                let more = batch.records.size() + PARTITION_OVERHEAD;
                if !parts.is_empty() && size + more > self.max_request_size {
                    break;
                }
                size += more;
                let serial = self.next_serial;
                self.next_serial += 1;
                if let Some((part, serial)) = put_on_wire(partition, lane, next, serial) {
                    parts.push(part);
                    serials.push((lane, serial));
                }
            }
            if let Some(broker) = self.brokers.get_mut(&to) {
                broker.cursor = lane.0 + 1;
            }
            self.touch(now, lane, 0);
        }
        if parts.is_empty() {
            return None;
        }
        parts.sort_by_key(|part| (part.topic_number, part.partition));
        let request = RequestId(self.next_request);
        self.next_request += 1;
        if let Some(broker) = self.brokers.get_mut(&to) {
            broker.in_flight += 1;
        }
        self.in_flight.insert(request, InFlight { broker: to, parts: serials });
        Some(Effect::Send { request, broker: to, parts })
    }

    /// Brings what depends on a partition's state up to date: its place among the ready ones, its
    /// timer, what it needs from outside.
    fn touch(&mut self, now: MonoTime, lane: LaneId, random: u64) {
        self.publish(lane);
        let rules = self.rules;
        let Some(partition) = self.partitions.get_mut(lane.0 as usize) else { return };
        partition.settle(now, &rules, random);
        if let (Numbering::Wanted { .. }, Identity::Known(known)) =
            (partition.numbering, &self.identity)
        {
            partition.numbering.adopt(*known);
        }
        let next = partition.next(now, &rules);
        if let Some(leader) = partition.leader {
            let broker = self.brokers.entry(leader).or_default();
            match next {
                Next::Again | Next::Fresh => broker.ready.insert(lane),
                Next::Nothing | Next::Later(_) | Next::Leaderless | Next::Nameless => {
                    broker.ready.remove(&lane)
                }
            };
        }
        match next {
            Next::Leaderless => self.metadata_wanted = true,
            Next::Nameless => {
                let spent = match partition.numbering {
                    Numbering::Wanted { spent } => spent,
                    Numbering::Off | Numbering::Running { .. } => None,
                };
                if !matches!(self.identity, Identity::Asked) {
                    self.identity = Identity::Asked;
                    self.effects.push_back(Effect::FetchProducerId { spent });
                }
            }
            Next::Nothing | Next::Later(_) | Next::Again | Next::Fresh => {}
        }
        let deadline = partition.deadline(now, &rules);
        // A timer that fires too early only looks again.
        if let Some(due) = deadline
            && partition.armed.is_none_or(|armed| due < armed)
        {
            if let Some(armed) = partition.armed {
                self.timers.remove(&(armed, lane));
            }
            partition.armed = Some(due);
            self.timers.insert((due, lane));
        }
    }

    /// After a request came back, lanes that were ready and had no request to ride in are looked
    /// at again by [`ProducerMachine::poll_effect`]; nothing else is needed.
    fn offer_again(&mut self, _now: MonoTime, broker: BrokerId) {
        if let Some(state) = self.brokers.get(&broker)
            && state.in_flight == 0
            && state.ready.is_empty()
        {
            self.brokers.remove(&broker);
        }
    }

    fn publish(&mut self, lane: LaneId) {
        for notice in self.notices.drain(..) {
            self.effects.push_back(match notice {
                Notice::Complete(span, outcome) => Effect::Complete { span, outcome },
                Notice::Spent(records) => Effect::Spent(records),
                Notice::Halved => Effect::Halved(lane),
                Notice::DataLost { last_acknowledged } => {
                    Effect::DataLost { lane, last_acknowledged }
                }
            });
        }
    }
}

fn put_on_wire<T: Clone>(
    partition: &mut Partition<T>,
    lane: LaneId,
    next: Next,
    serial: u64,
) -> Option<(Part, u64)> {
    let (topic, topic_id) = (partition.topic.clone(), partition.topic_id);
    let (index, topic_number) = (partition.index, partition.topic_number);
    let (slot, incarnation) = partition.send(next, serial)?;
    let stamp = Stamp {
        producer_id: incarnation.id,
        producer_epoch: incarnation.epoch,
        base_sequence: slot.base,
        kind: BatchKind::Plain,
    };
    let batch = slot.batch.records.stamp(&stamp);
    let part = Part { lane, topic, topic_id, partition: index, batch, stamp, topic_number };
    Some((part, slot.serial))
}
