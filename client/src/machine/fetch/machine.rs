//! Decides what to ask of which broker.
//!
//! Inputs only note what happened; [`FetchMachine::on_timeout`] then decides once, so that a
//! driver may hand in many inputs before it.

use std::collections::{BTreeMap, VecDeque};

use milena_protocol::ErrorCode;
use milena_protocol::ids::{BrokerId, LeaderEpoch, Offset, TopicId};
use milena_protocol::messages::FetchRequest;
use milena_protocol::time::MonoTime;

use super::budget::{Budget, Reservation};
use super::lookup::Target;
use super::partition::{FetchPosition, Flow, Lookup, Partition, Presence, State, Told};
use super::session::{FINAL_EPOCH, FetchSession};
use super::{
    Effect, Generation, Item, ItemKind, Leadership, ResetCause, SeekTo, ShelfCommand, Slot,
    TopicPartition,
};
use crate::config::consumer::{FetchConfig, Start};
use crate::error::consume::ConsumeError;

/// Reads partitions ahead of the caller.
#[derive(Debug)]
pub(crate) struct FetchMachine {
    pub(super) config: FetchConfig,
    pub(super) partitions: BTreeMap<Slot, Partition>,
    pub(super) slots: BTreeMap<TopicPartition, Slot>,
    pub(super) brokers: BTreeMap<BrokerId, Broker>,
    pub(super) budget: Budget,
    pub(super) effects: VecDeque<Effect>,
    pub(super) served: u64,
    stamps: u64,
    wake: Option<MonoTime>,
}

/// One broker fetched from.
#[derive(Debug)]
pub(super) struct Broker {
    pub(super) session: FetchSession,
    pub(super) in_flight: Option<Reservation>,
    pub(super) not_before: MonoTime,
    pub(super) failures: u32,
    pub(super) held_since: Option<MonoTime>,
    pub(super) leading: Leading,
}

/// Whether any partition is still read from a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leading {
    Something,
    Nothing,
}

impl Broker {
    pub(super) fn new() -> Self {
        Self {
            session: FetchSession::new(),
            in_flight: None,
            not_before: MonoTime::ZERO,
            failures: 0,
            held_since: None,
            leading: Leading::Something,
        }
    }
}

impl FetchMachine {
    pub(crate) fn new(config: FetchConfig) -> Self {
        Self {
            budget: Budget::new(config.buffer_bytes),
            config,
            partitions: BTreeMap::new(),
            slots: BTreeMap::new(),
            brokers: BTreeMap::new(),
            effects: VecDeque::new(),
            served: 0,
            stamps: 0,
            wake: None,
        }
    }

    /// Begins to read a partition.
    pub(crate) fn assign(
        &mut self,
        now: MonoTime,
        slot: Slot,
        name: TopicPartition,
        generation: Generation,
        start: Start,
    ) {
        self.slots.insert(name.clone(), slot);
        self.partitions.insert(slot, Partition::new(name, generation, now));
        self.seek(now, slot, generation, SeekTo::Start(start));
    }

    /// The partitions, for whoever tells about their leaders.
    pub(crate) fn assigned(&self) -> impl Iterator<Item = (Slot, &TopicPartition)> {
        self.partitions.iter().map(|(slot, partition)| (*slot, &partition.name))
    }

    /// The caller's side wants or gives something.
    pub(crate) fn on_command(&mut self, now: MonoTime, command: ShelfCommand) {
        match command {
            ShelfCommand::Seek { slot, generation, to } => self.seek(now, slot, generation, to),
            ShelfCommand::Pause(slot) => {
                if let Some(partition) = self.partitions.get_mut(&slot) {
                    partition.flow = Flow::Paused;
                }
            }
            ShelfCommand::Resume(slot) => self.resume(now, slot),
            ShelfCommand::Opened { slot, bytes } => {
                self.budget.hold(bytes);
                if let Some(partition) = self.partitions.get_mut(&slot) {
                    partition.held_bytes += bytes;
                }
            }
            ShelfCommand::Stop { slot, generation, at, epoch, topic_id } => {
                let last_epoch = epoch.unwrap_or(LeaderEpoch::UNKNOWN);
                let position = FetchPosition { offset: at, last_epoch };
                self.stop(slot, generation, (position, topic_id));
            }
            ShelfCommand::Delivered { slot, bytes, items } => {
                self.budget.release(bytes);
                if let Some(partition) = self.partitions.get_mut(&slot) {
                    partition.held_bytes = partition.held_bytes.saturating_sub(bytes);
                    partition.held_items = partition.held_items.saturating_sub(items);
                }
            }
        }
    }

    fn seek(&mut self, now: MonoTime, slot: Slot, generation: Generation, to: SeekTo) {
        let at = |offset, last_epoch| State::Fetching {
            position: FetchPosition { offset, last_epoch },
            not_before: now,
        };
        let look_up = |target| State::AwaitingOffset { target, lookup: Lookup::Due(now) };
        let state = match to {
            SeekTo::Start(Start::Offset(offset)) => at(offset, LeaderEpoch::UNKNOWN),
            SeekTo::Start(Start::Earliest) => look_up(Target::Earliest),
            SeekTo::Start(Start::Latest) => look_up(Target::Latest),
            SeekTo::Start(Start::Timestamp(time)) => look_up(Target::Timestamp(time)),
            SeekTo::After { offset, epoch } => at(offset, epoch.unwrap_or(LeaderEpoch::UNKNOWN)),
        };
        let Some(partition) = self.partitions.get_mut(&slot) else { return };
        partition.generation = generation;
        partition.failures = 0;
        let state = match (to, partition.state, Target::of_reset(self.config.reset)) {
            // While the shelf was asked where to go on after a truncation, the topic was created
            // again: an offset of the old one means nothing there.
            (SeekTo::After { offset, .. }, State::Halted { position: None }, Some(target)) => {
                let (old, cause, lookup) = (Some(offset), ResetCause::Truncated, Lookup::Due(now));
                State::Resetting { old, cause, target, lookup }
            }
            _ => state,
        };
        self.enter(slot, state);
    }

    /// The caller's side could not open a batch: what was read ahead of it is of no use, and it is
    /// for the caller to seek or to try again.
    fn stop(
        &mut self,
        slot: Slot,
        generation: Generation,
        (position, topic_id): (FetchPosition, TopicId),
    ) {
        let Some(partition) = self.partitions.get_mut(&slot) else { return };
        partition.generation = generation;
        partition.failures = 0;
        match partition.state {
            State::Fetching { .. } | State::Validating { .. } => {
                // No offset is carried over to a topic that was created meanwhile (KIP-516).
                let position = Some(position).filter(|_| partition.topic_id == topic_id);
                self.enter(slot, State::Halted { position });
            }
            // The position was given up meanwhile.
            State::AwaitingOffset { .. } | State::Resetting { .. } | State::Halted { .. } => {}
        }
    }

    fn resume(&mut self, now: MonoTime, slot: Slot) {
        let Some(partition) = self.partitions.get_mut(&slot) else { return };
        partition.flow = Flow::Running;
        if let State::Halted { position: Some(position) } = partition.state {
            partition.failures = 0;
            self.enter(slot, State::Fetching { position, not_before: now });
        }
    }

    /// Changes a partition's state; what is in flight for the earlier one will be dropped.
    pub(super) fn enter(&mut self, slot: Slot, state: State) {
        self.stamps += 1;
        if let Some(partition) = self.partitions.get_mut(&slot) {
            partition.stamp = self.stamps;
            partition.state = state;
        }
    }

    /// The metadata say who leads a partition; None where they do not know it.
    pub(crate) fn on_leadership(&mut self, now: MonoTime, slot: Slot, found: Option<Leadership>) {
        let Some(partition) = self.partitions.get_mut(&slot) else { return };
        let Some(leadership) = found else {
            if let Presence::Known(_) = partition.presence {
                partition.presence = Presence::Missing { since: now, told: Told::NotYet };
            }
            return;
        };
        let before = partition.leadership();
        partition.presence = Presence::Known(leadership);
        let known_id = partition.topic_id;
        if !leadership.topic_id.is_zero() {
            partition.topic_id = leadership.topic_id;
            if !known_id.is_zero() && known_id != leadership.topic_id {
                self.on_recreated(
                    now,
                    slot,
                    ResetCause::Recreated { old: known_id, new: leadership.topic_id },
                );
                return;
            }
        }
        let same = before.is_some_and(|before| {
            before.leader == leadership.leader && before.epoch == leadership.epoch
        });
        if same || leadership.leader.is_none() {
            return;
        }
        partition.follower = None;
        partition.failures = 0;
        let state = match partition.state {
            State::Fetching { position, .. }
                if position.last_epoch != LeaderEpoch::UNKNOWN
                    && leadership.epoch != LeaderEpoch::UNKNOWN =>
            {
                State::Validating { position, lookup: Lookup::Due(now) }
            }
            State::Fetching { position, .. } => State::Fetching { position, not_before: now },
            // A question to the old leader is asked anew.
            mut asking => {
                match &mut asking {
                    State::AwaitingOffset { lookup, .. }
                    | State::Resetting { lookup, .. }
                    | State::Validating { lookup, .. } => *lookup = Lookup::Due(now),
                    State::Fetching { .. } | State::Halted { .. } => {}
                }
                asking
            }
        };
        self.enter(slot, state);
    }

    /// The name now stands for another topic: no offset is carried over (KIP-516).
    fn on_recreated(&mut self, now: MonoTime, slot: Slot, cause: ResetCause) {
        let Some(partition) = self.partitions.get_mut(&slot) else { return };
        partition.follower = None;
        partition.failures = 0;
        match partition.state {
            State::AwaitingOffset { target, .. } => {
                self.enter(slot, State::AwaitingOffset { target, lookup: Lookup::Due(now) });
            }
            State::Halted { .. } => self.enter(slot, State::Halted { position: None }),
            State::Resetting { .. } | State::Validating { .. } | State::Fetching { .. } => {
                self.give_up_position(now, slot, cause);
            }
        }
    }

    /// Leaves a position that cannot be used, as the reset policy says.
    pub(super) fn give_up_position(&mut self, now: MonoTime, slot: Slot, cause: ResetCause) {
        let Some(partition) = self.partitions.get(&slot) else { return };
        let old = partition.offset();
        if let Some(target) = Target::of_reset(self.config.reset) {
            let lookup = Lookup::Due(now);
            self.enter(slot, State::Resetting { old, cause, target, lookup });
            return;
        }
        let TopicPartition { topic, partition: index } = partition.name.clone();
        let offset = old;
        let error = match cause {
            ResetCause::OutOfRange => ConsumeError::OffsetOutOfRange {
                topic,
                partition: index,
                offset: offset.unwrap_or(Offset(-1)),
            },
            ResetCause::Truncated => ConsumeError::LogTruncated {
                topic,
                partition: index,
                offset: offset.unwrap_or(Offset(-1)),
                diverging: None,
            },
            ResetCause::Recreated { old, new } => {
                ConsumeError::TopicRecreated { topic, partition: index, offset, old, new }
            }
        };
        let position = match (partition.state, cause) {
            (_, ResetCause::Recreated { .. }) => None,
            (State::Fetching { position, .. } | State::Validating { position, .. }, _) => {
                Some(position)
            }
            _ => None,
        };
        self.halt(slot, position, error);
    }

    /// Stops reading a partition and says why.
    pub(super) fn halt(
        &mut self,
        slot: Slot,
        position: Option<FetchPosition>,
        error: ConsumeError,
    ) {
        self.enter(slot, State::Halted { position });
        self.deliver(slot, ItemKind::Failed(error));
    }

    pub(super) fn deliver(&mut self, slot: Slot, kind: ItemKind) {
        let Some(partition) = self.partitions.get_mut(&slot) else { return };
        partition.held_items += 1;
        if let ItemKind::Chunk(chunk) = &kind {
            partition.held_bytes += chunk.bytes;
            self.budget.hold(chunk.bytes);
        }
        let generation = partition.generation;
        self.effects.push_back(Effect::Deliver(Item { slot, generation, kind }));
    }

    /// Asks again later, and if need be after learning who leads.
    pub(super) fn back_off(&mut self, now: MonoTime, slot: Slot) {
        let Some(partition) = self.partitions.get_mut(&slot) else { return };
        partition.failures = partition.failures.saturating_add(1);
        let at = now + self.config.backoff(partition.failures);
        match &mut partition.state {
            State::Fetching { not_before, .. } => *not_before = at,
            State::AwaitingOffset { lookup, .. }
            | State::Resetting { lookup, .. }
            | State::Validating { lookup, .. } => *lookup = Lookup::Due(at),
            State::Halted { .. } => {}
        }
    }

    /// Decides what to do next.
    pub(crate) fn on_timeout(&mut self, now: MonoTime) {
        self.wake = None;
        self.tell_of_missing(now);
        self.plan_lookups(now);
        self.plan_fetches(now);
    }

    /// When [`FetchMachine::on_timeout`] has to be called although nothing happened.
    pub(crate) fn poll_timeout(&self) -> Option<MonoTime> {
        self.wake
    }

    /// The next thing to do for the machine.
    pub(crate) fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The bytes that wait for delivery.
    #[cfg(feature = "unstable-fuzzing")]
    pub(crate) fn held_bytes(&self) -> usize {
        self.budget.held()
    }

    pub(super) fn wake_at(&mut self, at: MonoTime) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    fn tell_of_missing(&mut self, now: MonoTime) {
        let patience = self.config.api_timeout;
        let mut due = Vec::new();
        let mut next = None;
        for (slot, partition) in &mut self.partitions {
            let Presence::Missing { since, told } = &mut partition.presence else { continue };
            if *told == Told::Yes {
                continue;
            }
            if now >= *since + patience {
                *told = Told::Yes;
                let name = partition.name.clone();
                due.push((
                    *slot,
                    ConsumeError::UnknownPartition {
                        topic: name.topic,
                        partition: name.partition,
                        waited: now - *since,
                    },
                ));
            } else {
                let at = *since + patience;
                next = Some(next.map_or(at, |next: MonoTime| next.min(at)));
            }
        }
        for (slot, error) in due {
            self.deliver(slot, ItemKind::Failed(error));
        }
        if let Some(at) = next {
            self.wake_at(at);
        }
    }

    /// The cluster refuses to tell about a topic.
    pub(crate) fn on_topic_refused(&mut self, slot: Slot, code: ErrorCode) {
        let Some(partition) = self.partitions.get(&slot) else { return };
        if !matches!(partition.state, State::Halted { .. }) {
            self.refuse(slot, None, code);
        }
    }

    /// The consumer goes away: lets the brokers forget its sessions.
    pub(crate) fn close(&mut self) {
        for (id, broker) in &mut self.brokers {
            if let Some(session_id) = broker.session.take_open_id() {
                self.effects.push_back(Effect::EndSession { broker: *id, session_id });
            }
        }
    }

    /// The request that closes a session.
    pub(crate) fn end_of_session(session_id: i32) -> FetchRequest {
        let mut request = FetchRequest::default()
            .with_session_id(session_id)
            .with_session_epoch(FINAL_EPOCH)
            .with_max_wait_ms(0);
        request.replica_id = (-1).into();
        request
    }
}
