//! What is asked next: look-ups, validations, and one fetch per broker.

use std::collections::BTreeMap;
use std::time::Duration;

use milena_protocol::StrBytes;
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::budget::Overdraft;
use super::epochs::Doubt;
use super::machine::{Broker, FetchMachine, Leading};
use super::partition::{Lookup, Partition, ReadAhead, Readiness, State};
use super::plan::Naming;
use super::session::Wish;
use super::{Effect, EpochLookup, FetchPlan, OffsetLookup, Slot, Wanted};

/// How long a broker's fetch is held back for a partition that holds enough, or whose position is
/// being asked for, so that it can be part of the fetch: one left out would wait for the end of the
/// others' long poll. The fetches that go out without it wait no longer than this for data.
pub(super) const HOLD: Duration = Duration::from_millis(100);

/// Items of one partition that may wait for the caller, for partitions whose answers bring
/// progress without bytes.
const MAX_HELD_ITEMS: u32 = 64;

/// What one broker could be asked for now.
#[derive(Default)]
struct Candidates {
    ready: Vec<(u64, Slot)>,
    soon: u32,
    /// Bytes of its partitions that wait for a caller who may take them.
    deliverable: usize,
}

impl FetchMachine {
    pub(super) fn plan_lookups(&mut self, now: MonoTime) {
        let mut offsets: BTreeMap<BrokerId, Vec<Wanted>> = BTreeMap::new();
        let mut epochs: BTreeMap<BrokerId, Vec<Doubt>> = BTreeMap::new();
        let mut leaderless = Vec::new();
        let mut next = None;
        for (slot, partition) in &mut self.partitions {
            let Some(at) = partition.lookup_due() else { continue };
            if at > now {
                next = Some(next.map_or(at, |next: MonoTime| next.min(at)));
                continue;
            }
            let Some((leader, leader_epoch)) = partition.leader() else {
                leaderless.push(*slot);
                continue;
            };
            let (name, stamp) = (partition.name.clone(), partition.stamp);
            match partition.state {
                State::AwaitingOffset { target, .. } | State::Resetting { target, .. } => {
                    let wanted = Wanted { name, target, leader_epoch, stamp };
                    offsets.entry(leader).or_default().push(wanted);
                }
                State::Validating { position, .. } => {
                    let last_epoch = position.last_epoch;
                    let doubt = Doubt { name, last_epoch, leader_epoch, stamp };
                    epochs.entry(leader).or_default().push(doubt);
                }
                State::Fetching { .. } | State::Halted { .. } => {}
            }
            partition.set_lookup(Lookup::InFlight);
        }
        self.wait_for_leaders(now, leaderless);
        if let Some(at) = next {
            self.wake_at(at);
        }
        let isolation = self.config.isolation;
        for (broker, wanted) in offsets {
            let lookup = OffsetLookup { broker, isolation, wanted };
            self.effects.push_back(Effect::ListOffsets(lookup));
        }
        for (broker, doubts) in epochs {
            self.effects.push_back(Effect::ValidateEpochs(EpochLookup { broker, doubts }));
        }
    }

    fn wait_for_leaders(&mut self, now: MonoTime, leaderless: Vec<Slot>) {
        if leaderless.is_empty() {
            return;
        }
        for slot in leaderless {
            self.back_off(now, slot);
            let at = self.partitions.get(&slot).and_then(|partition| match partition.state {
                State::Fetching { not_before, .. } => Some(not_before),
                _ => partition.lookup_due(),
            });
            if let Some(at) = at {
                self.wake_at(at);
            }
        }
        self.effects.push_back(Effect::RefreshMetadata);
    }

    pub(super) fn plan_fetches(&mut self, now: MonoTime) {
        let limit = ReadAhead { bytes: self.config.partition_max_bytes, items: MAX_HELD_ITEMS };
        let mut candidates: BTreeMap<BrokerId, Candidates> = BTreeMap::new();
        let mut leaderless = Vec::new();
        let mut later = None;
        for (slot, partition) in &self.partitions {
            let broker = match partition.readiness(now, limit) {
                Readiness::Ready(broker) => {
                    let here = candidates.entry(broker).or_default();
                    here.ready.push((partition.served, *slot));
                    broker
                }
                Readiness::Soon(broker) => {
                    candidates.entry(broker).or_default().soon += 1;
                    broker
                }
                Readiness::Leaderless => {
                    leaderless.push(*slot);
                    continue;
                }
                Readiness::Later(at) => {
                    later = Some(later.map_or(at, |later: MonoTime| later.min(at)));
                    continue;
                }
                Readiness::Idle => continue,
            };
            candidates.entry(broker).or_default().deliverable += partition.held_bytes;
        }
        if let Some(at) = later {
            self.wake_at(at);
        }
        self.wait_for_leaders(now, leaderless);
        self.withdraw_from_the_deposed();
        let brokers = candidates.values().filter(|here| !here.ready.is_empty()).count();
        for (broker, here) in candidates {
            self.plan_fetch(now, broker, here, brokers);
        }
    }

    /// A fetch to a broker that leads nothing any more and cannot be reached would hold on to its
    /// part of the budget until it times out.
    fn withdraw_from_the_deposed(&mut self) {
        for (id, broker) in &mut self.brokers {
            let (true, Leading::Something) = (broker.in_flight.is_some(), broker.leading) else {
                continue;
            };
            let sources = self.partitions.values().filter_map(|partition| {
                partition.follower.map(|(id, _)| id).or(partition.leader().map(|(id, _)| id))
            });
            if !sources.into_iter().any(|source| source == *id) {
                broker.leading = Leading::Nothing;
                self.effects.push_back(Effect::Withdraw(*id));
            }
        }
    }

    fn plan_fetch(&mut self, now: MonoTime, id: BrokerId, here: Candidates, brokers: usize) {
        let broker = self.brokers.entry(id).or_insert_with(Broker::new);
        if here.soon == 0 {
            broker.held_since = None;
        }
        if here.ready.is_empty() || broker.in_flight.is_some() {
            return;
        }
        if now < broker.not_before {
            let at = broker.not_before;
            return self.wake_at(at);
        }
        let mut max_wait = self.config.max_wait;
        if here.soon > 0 {
            let until = *broker.held_since.get_or_insert(now) + HOLD;
            if now < until {
                return self.wake_at(until);
            }
            max_wait = max_wait.min(HOLD);
        }
        let smallest = self.config.partition_max_bytes.min(self.config.max_bytes);
        // Half of each broker's share, so that the next fetch can be under way while the last one
        // is being delivered.
        let share = self.budget.limit() / (2 * brokers.max(1));
        let wanted = smallest.saturating_mul(here.ready.len());
        let wanted = wanted.min(share.max(smallest)).min(self.config.max_bytes);
        let overdraft =
            if here.deliverable == 0 { Overdraft::Smallest } else { Overdraft::Refused };
        let Some(reservation) = self.budget.reserve(wanted, smallest, overdraft) else { return };
        let max_bytes = reservation.bytes();
        broker.in_flight = Some(reservation);
        broker.leading = Leading::Something;
        let (wishes, naming) = wishes(&self.partitions, here.ready);
        let plan = FetchPlan {
            broker: id,
            max_wait,
            min_bytes: self.config.min_bytes.min(max_bytes),
            max_bytes,
            partition_max_bytes: self.config.partition_max_bytes,
            isolation: self.config.isolation,
            rack: StrBytes::from_string(self.config.rack.clone()),
            session: broker.session.request(wishes),
            naming,
        };
        self.effects.push_back(Effect::Fetch(plan));
    }
}

/// What to ask for, those served longest ago first: a broker fills a full answer in this order.
fn wishes(
    partitions: &BTreeMap<Slot, Partition>,
    mut ready: Vec<(u64, Slot)>,
) -> (Vec<Wish>, Naming) {
    ready.sort_unstable();
    let mut naming = Naming::Either;
    let mut wishes = Vec::with_capacity(ready.len());
    for (_, slot) in ready {
        let Some(partition) = partitions.get(&slot) else { continue };
        let (State::Fetching { position, .. }, Some(leadership)) =
            (partition.state, partition.leadership())
        else {
            continue;
        };
        if leadership.topic_id.is_zero() {
            naming = Naming::NamesOnly;
        }
        wishes.push(Wish {
            slot,
            name: partition.name.clone(),
            topic_id: leadership.topic_id,
            offset: position.offset,
            leader_epoch: leadership.epoch,
            last_epoch: position.last_epoch,
            stamp: partition.stamp,
        });
    }
    (wishes, naming)
}
