//! One partition's queue: which batch goes out next, and what an answer does to it.
//!
//! ```text
//!   sealed            numbered once                         answered
//!   [fresh .........] [window: waiting | on the wire ......] -> acknowledged, failed
//!        ^                     |    ^---- retried, head first, same bytes
//!        '---- renumbered -----'          under the next epoch, once the wire is empty
//! ```
//!
//! The rules this file owns (KIP-98, KIP-360, and `RecordAccumulator.shouldStopDrainBatchesForPartition`,
//! `TransactionManager.canRetry`, `TransactionManager.maybeResolveSequences` of Apache Kafka's client):
//!
//! - The window is in sequence order. While one of its batches waits to be sent again, only the
//!   head may go out, alone, and nothing new is numbered.
//! - A batch that may be in the log is never renumbered and its numbers are never given to other
//!   records. It is sent again as it is until a leader says whether it has it.
//! - Numbers that certainly reached no log are given back if they were the last ones drawn;
//!   otherwise the partition is [`Continuity::Broken`].
//! - A leader that finds a gap before the head of the window has neither the head nor anything
//!   after it: a log takes a producer's batches only in order. Then, and when nothing numbered is
//!   left in doubt, the partition starts again at sequence 0 under the next epoch.
//! - After a change of leader, and in a new epoch, one batch is in flight until the first is
//!   acknowledged: a log that knows nothing of a producer takes any sequence, so the second of
//!   two batches could otherwise get in before the first.

use std::collections::VecDeque;
use std::time::Duration;

use milena_protocol::ids::{
    BrokerId, LeaderEpoch, Offset, PartitionIndex, Sequence, TopicId, TopicName,
};
use milena_protocol::records::SealedBatch;
use milena_protocol::time::MonoTime;

use super::batch::{Batch, Outcome, Span};
use super::sequence::{GivenBack, Incarnation, Numbering, advance};
use crate::error::{Hindrance, Persistence, ProduceError, ProduceErrorKind};
use crate::machine::backoff::Backoff;

/// A batch with its numbers.
#[derive(Debug)]
pub(super) struct Slot<T> {
    pub(super) serial: u64,
    pub(super) batch: Batch<T>,
    pub(super) base: Sequence,
    pub(super) place: Place,
    pub(super) callers: Callers,
    /// How often it went out under these numbers.
    sends: u32,
}

/// Where a numbered batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At a broker, or on its way there or back.
    Wire { to: BrokerId, epoch: LeaderEpoch },
    /// Here, to be sent again, not before `until`.
    Waiting { until: MonoTime },
}

/// Whether anybody still waits for a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callers {
    /// They do.
    Waiting,
    /// They were told that the delivery time-out passed. The batch keeps its place in the window
    /// until the wire has resolved, because its sequence may have been taken.
    Told,
}

/// Whether the next number follows what the log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Continuity {
    /// Every number before the window was acknowledged.
    Intact,
    /// A batch was given up whose outcome is unknown. Whether the log has it shows when the batch
    /// after it is sent; without one, the partition starts again.
    Unresolved,
    /// A number is missing for certain.
    Broken,
}

/// How many batches may be in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// One, until the leader has acknowledged it.
    Probing,
    /// As many as configured.
    Streaming,
}

/// What a partition would do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing to do, or an answer has to come first.
    Nothing,
    /// Something, but not before this time.
    Later(MonoTime),
    /// Send the batch at the head of the window again.
    Again,
    /// Number the first fresh batch and send it.
    Fresh,
    /// Something, once a leader is known.
    Leaderless,
    /// Something, once there is a producer id.
    Nameless,
}

/// What callers and the driver have to be told.
#[derive(Debug)]
pub(super) enum Notice<T> {
    Complete(Span<T>, Outcome),
    /// Acknowledged: nobody needs the records any more.
    Spent(SealedBatch),
    /// A batch was too large and is now two.
    Halved,
    /// The log lost records it had acknowledged.
    DataLost {
        last_acknowledged: Offset,
    },
}

/// What is the same for all partitions of a producer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) delivery_timeout: Duration,
    pub(super) max_in_flight: usize,
    pub(super) backoff: Backoff,
}

#[derive(Debug)]
pub(super) struct Partition<T> {
    pub(super) topic: TopicName,
    pub(super) topic_number: u32,
    pub(super) index: PartitionIndex,
    pub(super) topic_id: TopicId,
    pub(super) leader: Option<BrokerId>,
    pub(super) leader_epoch: LeaderEpoch,
    pub(super) window: VecDeque<Slot<T>>,
    pub(super) fresh: VecDeque<Batch<T>>,
    pub(super) numbering: Numbering,
    pub(super) continuity: Continuity,
    pace: Pace,
    /// How often it started again since the last acknowledgement.
    restarts: u32,
    /// Nothing goes out before.
    not_before: MonoTime,
    pub(super) last_acknowledged: Option<Offset>,
    /// The time at which the machine looks at this partition again, if it has set one.
    pub(super) armed: Option<MonoTime>,
}

impl<T: Clone> Partition<T> {
    pub(super) fn new(
        (topic, topic_number): (TopicName, u32),
        index: PartitionIndex,
        numbering: Numbering,
    ) -> Self {
        Self {
            topic,
            topic_number,
            index,
            topic_id: TopicId::ZERO,
            leader: None,
            leader_epoch: LeaderEpoch::UNKNOWN,
            window: VecDeque::new(),
            fresh: VecDeque::new(),
            numbering,
            continuity: Continuity::Intact,
            pace: Pace::Probing,
            restarts: 0,
            not_before: MonoTime::ZERO,
            last_acknowledged: None,
            armed: None,
        }
    }

    /// Learns who leads, and which topic of this name it is.
    pub(super) fn lead(
        &mut self,
        now: MonoTime,
        (leader, epoch): (Option<BrokerId>, LeaderEpoch),
        topic_id: TopicId,
    ) {
        if leader != self.leader || epoch != self.leader_epoch {
            self.leader = leader;
            self.leader_epoch = epoch;
            self.pace = Pace::Probing;
            // A new leader is a new chance (`hasLeaderChangedForTheOngoingRetry`).
            for slot in &mut self.window {
                if let Place::Waiting { until } = &mut slot.place {
                    *until = now;
                }
            }
        }
        let recreated =
            !self.topic_id.is_zero() && !topic_id.is_zero() && topic_id != self.topic_id;
        if !topic_id.is_zero() {
            self.topic_id = topic_id;
        }
        if recreated {
            // Another log (KIP-516): neither sequences nor offsets of the old one mean anything.
            self.last_acknowledged = None;
            self.pace = Pace::Probing;
            self.give_up_continuity(Continuity::Broken);
        }
    }

    pub(super) fn on_wire(&self) -> usize {
        self.window.iter().filter(|slot| matches!(slot.place, Place::Wire { .. })).count()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.window.is_empty() && self.fresh.is_empty()
    }

    /// Whether a batch that came now could be numbered and sent at once.
    pub(super) fn has_room(&self, rules: &Rules) -> bool {
        self.fresh.is_empty()
            && self.leader.is_some()
            && self.continuity == Continuity::Intact
            && !matches!(self.numbering, Numbering::Wanted { .. })
            && self.window.iter().all(|slot| self.is_on_wire_to_leader(slot))
            && self.window.len() < self.limit(rules)
    }

    fn is_on_wire_to_leader(&self, slot: &Slot<T>) -> bool {
        matches!(slot.place, Place::Wire { to, .. } if Some(to) == self.leader)
    }

    fn limit(&self, rules: &Rules) -> usize {
        let retrying = self.window.front().is_some_and(|head| head.sends > 1);
        if self.pace == Pace::Probing || retrying { 1 } else { rules.max_in_flight }
    }

    pub(super) fn next(&self, now: MonoTime, rules: &Rules) -> Next {
        if self.is_idle() {
            return Next::Nothing;
        }
        let Some(leader) = self.leader else { return Next::Leaderless };
        let mut on_wire = 0;
        let mut waiting = None;
        for (at, slot) in self.window.iter().enumerate() {
            match slot.place {
                // What went to the old leader is drained first.
                Place::Wire { to, .. } if to != leader => return Next::Nothing,
                Place::Wire { .. } => on_wire += 1,
                Place::Waiting { until } => {
                    waiting.get_or_insert((at, until));
                }
            }
        }
        let limit = if waiting.is_some() { 1 } else { self.limit(rules) };
        if on_wire >= limit {
            return Next::Nothing;
        }
        match waiting {
            Some((0, until)) => match until.max(self.not_before) {
                due if due > now => Next::Later(due),
                _ => Next::Again,
            },
            Some(_) => Next::Nothing,
            None if self.fresh.is_empty() || self.continuity != Continuity::Intact => Next::Nothing,
            None if matches!(self.numbering, Numbering::Wanted { .. }) => Next::Nameless,
            None if self.not_before > now => Next::Later(self.not_before),
            None => Next::Fresh,
        }
    }

    /// Puts the batch that [`Partition::next`] chose on the wire.
    pub(super) fn send(&mut self, next: Next, serial: u64) -> Option<(&Slot<T>, Incarnation)> {
        let to = self.leader?;
        let place = Place::Wire { to, epoch: self.leader_epoch };
        let at = match next {
            Next::Again => 0,
            Next::Fresh => {
                let batch = self.fresh.front()?;
                let (_, base) = self.numbering.draw(batch.count())?;
                let batch = self.fresh.pop_front()?;
                self.window.push_back(Slot {
                    serial,
                    batch,
                    base,
                    place,
                    callers: Callers::Waiting,
                    sends: 0,
                });
                self.window.len() - 1
            }
            Next::Nothing | Next::Later(_) | Next::Leaderless | Next::Nameless => return None,
        };
        let incarnation = match self.numbering {
            Numbering::Running { incarnation, .. } => incarnation,
            Numbering::Off | Numbering::Wanted { .. } => Incarnation::NONE,
        };
        let slot = self.window.get_mut(at)?;
        slot.place = place;
        slot.sends += 1;
        slot.batch.past.attempts += 1;
        slot.batch.past.broker = Some(to);
        Some((slot, incarnation))
    }

    pub(super) fn find(&self, serial: u64) -> Option<usize> {
        self.window.iter().position(|slot| slot.serial == serial)
    }

    /// Lets the delivery time-out pass for whom it has passed.
    pub(super) fn expire(&mut self, now: MonoTime, rules: &Rules, out: &mut Vec<Notice<T>>) {
        let after = rules.delivery_timeout;
        let is_due = |batch: &Batch<T>| batch.opened + after <= now;
        let mut at = 0;
        while let Some(slot) = self.window.get_mut(at) {
            if slot.callers == Callers::Told {
                at += 1;
                continue;
            }
            if !is_due(&slot.batch) {
                break;
            }
            let on_wire = matches!(slot.place, Place::Wire { .. });
            let mut past = slot.batch.past.clone();
            if on_wire {
                past.written = Persistence::Possibly;
            }
            let span = slot.batch.span();
            let last = past.last.clone();
            let error = self.error(ProduceErrorKind::DeliveryTimeout { after, last });
            let error = error.after(past.broker, past.attempts, past.written);
            out.push(Notice::Complete(span, Outcome::Failed(error)));
            if on_wire {
                if let Some(slot) = self.window.get_mut(at) {
                    slot.callers = Callers::Told;
                }
                at += 1;
            } else {
                self.discard(at);
            }
        }
        while self.fresh.front().is_some_and(is_due) {
            let Some(batch) = self.fresh.pop_front() else { break };
            let last = batch.past.last.clone().or_else(|| self.hindrance());
            let error = self.error(ProduceErrorKind::DeliveryTimeout { after, last });
            let past = &batch.past;
            let error = error.after(past.broker, past.attempts, past.written);
            out.push(Notice::Complete(batch.span(), Outcome::Failed(error)));
        }
    }

    fn hindrance(&self) -> Option<Hindrance> {
        match (self.leader, self.numbering) {
            (None, _) => Some(Hindrance::NoLeader),
            (Some(_), Numbering::Wanted { .. }) => Some(Hindrance::NoProducerId),
            (Some(_), _) => self.window.front().and_then(|head| head.batch.past.last.clone()),
        }
    }

    /// Fails everything that is here, on the wire or not.
    pub(super) fn fail_all(&mut self, kind: &ProduceErrorKind, out: &mut Vec<Notice<T>>) {
        let window: Vec<_> = self.window.drain(..).collect();
        for slot in window {
            if slot.callers == Callers::Told {
                continue;
            }
            let written = match slot.place {
                Place::Wire { .. } => Persistence::Possibly,
                Place::Waiting { .. } => slot.batch.past.written,
            };
            let past = &slot.batch.past;
            let error = self.error(kind.clone()).after(past.broker, past.attempts, written);
            out.push(Notice::Complete(slot.batch.span(), Outcome::Failed(error)));
        }
        let fresh: Vec<_> = self.fresh.drain(..).collect();
        for batch in fresh {
            let past = &batch.past;
            let error = self.error(kind.clone()).after(past.broker, past.attempts, past.written);
            out.push(Notice::Complete(batch.span(), Outcome::Failed(error)));
        }
    }

    pub(super) fn error(&self, kind: ProduceErrorKind) -> ProduceError {
        ProduceError::new(kind).in_topic(self.topic.clone()).in_partition(self.index)
    }

    /// Takes a batch out of the window for good, and looks after the hole its numbers leave.
    pub(super) fn discard(&mut self, at: usize) -> Option<Slot<T>> {
        let slot = self.window.remove(at)?;
        match slot.batch.past.written {
            Persistence::No => {
                let last = at == self.window.len();
                let numbers = (slot.base, slot.batch.count());
                if !last || self.numbering.give_back(numbers.0, numbers.1) == GivenBack::No {
                    self.give_up_continuity(Continuity::Broken);
                }
            }
            Persistence::Possibly | Persistence::Yes => {
                if self.continuity == Continuity::Intact {
                    self.give_up_continuity(Continuity::Unresolved);
                }
            }
        }
        Some(slot)
    }

    pub(super) fn give_up_continuity(&mut self, to: Continuity) {
        match self.numbering {
            // Without sequences there is nothing to continue.
            Numbering::Off => {}
            Numbering::Wanted { .. } => {}
            Numbering::Running { .. } => self.continuity = to,
        }
    }

    /// The batch at `at` is in the log.
    pub(super) fn acknowledge(&mut self, at: usize, outcome: Outcome, out: &mut Vec<Notice<T>>) {
        let Some(slot) = self.window.remove(at) else { return };
        if let Outcome::Acknowledged { base_offset: Some(base), .. } = outcome {
            let last = base.plus(i64::from(slot.batch.count()) - 1);
            self.last_acknowledged = self.last_acknowledged.max(Some(last));
        }
        if self.is_on_wire_to_leader(&slot) {
            self.pace = Pace::Streaming;
        }
        self.restarts = 0;
        if at == 0 && self.continuity == Continuity::Unresolved {
            // The log took the batch after the one in doubt, so it has that one.
            self.continuity = Continuity::Intact;
        }
        if slot.callers == Callers::Waiting {
            out.push(Notice::Complete(slot.batch.span(), outcome));
        }
        out.push(Notice::Spent(slot.batch.records));
    }

    /// The batch at `at` is to be sent again as it is.
    pub(super) fn retry(
        &mut self,
        now: MonoTime,
        at: usize,
        written: Persistence,
        (rules, random): (&Rules, u64),
    ) {
        let leader_epoch = self.leader_epoch;
        let Some(slot) = self.window.get_mut(at) else { return };
        slot.batch.past.written = slot.batch.past.written.max(written);
        let moved = matches!(slot.place, Place::Wire { epoch, .. } if epoch != leader_epoch);
        let wait = match moved {
            true => Duration::ZERO,
            false => rules.backoff.after(slot.batch.past.attempts, random),
        };
        slot.place = Place::Waiting { until: now + wait };
        if slot.callers == Callers::Told {
            self.discard(at);
        }
    }

    /// A leader says that something is missing before the batch at `at`.
    pub(super) fn gap(
        &mut self,
        now: MonoTime,
        at: usize,
        log_start: Option<Offset>,
        out: &mut Vec<Notice<T>>,
    ) {
        let Some(slot) = self.window.get_mut(at) else { return };
        slot.batch.past.written = Persistence::No;
        slot.place = Place::Waiting { until: now };
        let callers = slot.callers;
        if at == 0 {
            let intact = self.continuity == Continuity::Intact;
            if let Some(last) = self.last_acknowledged.filter(|_| intact) {
                // Retention may remove a producer's last batch, and the leader then forgets it.
                if log_start.is_none_or(|start| start <= last) {
                    out.push(Notice::DataLost { last_acknowledged: last });
                }
            }
            self.give_up_continuity(Continuity::Broken);
            for slot in &mut self.window {
                if matches!(slot.place, Place::Waiting { .. }) {
                    slot.batch.past.written = Persistence::No;
                }
            }
        }
        if callers == Callers::Told {
            self.discard(at);
        }
    }

    /// Halves the batch at `at`; false if it is a single record.
    ///
    /// The halves share the numbers of the whole, which the broker did not take.
    pub(super) fn split(&mut self, now: MonoTime, at: usize, serial: u64) -> bool {
        let Some(slot) = self.window.get(at) else { return false };
        let Some((front, back)) = slot.batch.halves() else { return false };
        let place = Place::Waiting { until: now };
        let (callers, base, first_serial, sends) =
            (slot.callers, slot.base, slot.serial, slot.sends);
        let middle = advance(base, front.count());
        let front = Slot { serial: first_serial, batch: front, base, place, callers, sends };
        let back = Slot { serial, batch: back, base: middle, place, callers, sends };
        self.window.remove(at);
        self.window.insert(at, back);
        self.window.insert(at, front);
        true
    }

    /// Starts again under the next epoch if it has to and may.
    pub(super) fn settle(&mut self, now: MonoTime, rules: &Rules, random: u64) {
        if self.continuity == Continuity::Unresolved && self.window.is_empty() {
            self.continuity = Continuity::Broken;
        }
        let clear = |slot: &Slot<T>| {
            matches!(slot.place, Place::Waiting { .. })
                && slot.batch.past.written == Persistence::No
        };
        if self.continuity != Continuity::Broken || !self.window.iter().all(clear) {
            return;
        }
        // No batch of the old epoch is in flight, and none that may be in the log is left.
        while let Some(slot) = self.window.pop_back() {
            self.fresh.push_front(slot.batch);
        }
        self.numbering.restart();
        self.continuity = Continuity::Intact;
        self.pace = Pace::Probing;
        // The first time at once; a broker that refuses the new epoch, too, gets time.
        self.not_before = now + rules.backoff.after(self.restarts, random);
        self.restarts += 1;
    }

    /// When to look at this partition again.
    pub(super) fn deadline(&self, now: MonoTime, rules: &Rules) -> Option<MonoTime> {
        let waiting = self.window.iter().find(|slot| slot.callers == Callers::Waiting);
        let oldest = waiting.map(|slot| &slot.batch).or(self.fresh.front());
        let expiry = oldest.map(|batch| batch.opened + rules.delivery_timeout);
        let step = match self.next(now, rules) {
            Next::Later(at) => Some(at),
            // Asks for the leader again.
            Next::Leaderless => Some(now + rules.backoff.after(1, 0)),
            Next::Nothing | Next::Again | Next::Fresh | Next::Nameless => None,
        };
        expiry.into_iter().chain(step).min()
    }
}
