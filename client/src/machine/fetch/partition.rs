//! One partition: where it is read, by whom it is led, what it holds.
//!
//! ```text
//!   AwaitingOffset ──── offset found ────▶ Fetching ◀──── offset found ──── Resetting
//!        ▲                                  │  ▲  │                             ▲
//!        │ seek to a start                  │  │  └── out of range, recreated ──┤
//!        │ (from anywhere)       new leader │  │ valid                          │
//!        │                                  ▼  │                                │
//!        │                               Validating ── diverges somewhere ──────┘
//!        │                                  │
//!        └─── seek ─── Halted ◀─────────────┴── truncated; also: corrupt, refused, no reset
//! ```
//!
//! Each arrow gives the partition a new stamp. An answer that carries another stamp was asked for
//! an earlier position and is dropped.

use milena_protocol::ids::{BrokerId, LeaderEpoch, Offset, TopicId};
use milena_protocol::time::MonoTime;

use super::lookup::Target;
use super::{Generation, Leadership, ResetCause, TopicPartition};

/// Where the next fetch begins, ahead of what was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FetchPosition {
    pub(crate) offset: Offset,
    /// The epoch of the record before, by which truncation is noticed (KIP-320).
    pub(crate) last_epoch: LeaderEpoch,
}

/// A question to the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Due(MonoTime),
    InFlight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The start is looked up.
    AwaitingOffset { target: Target, lookup: Lookup },
    /// A position was given up; another is looked up.
    Resetting { old: Option<Offset>, cause: ResetCause, target: Target, lookup: Lookup },
    /// The leader changed: it is asked whether it has what was read.
    Validating { position: FetchPosition, lookup: Lookup },
    /// The position is good.
    Fetching { position: FetchPosition, not_before: MonoTime },
    /// Nothing is read until the caller seeks, or resumes it where there is a position.
    Halted { position: Option<FetchPosition> },
}

/// Whether the caller wants it read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Running,
    Paused,
}

/// Whether the cluster knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Known(Leadership),
    /// Not (yet, any more) in the metadata.
    Missing {
        since: MonoTime,
        told: Told,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    NotYet,
    Yes,
}

/// What one partition means for the fetches to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// Fetch it from this broker.
    Ready(BrokerId),
    /// It will be fetched from this broker soon: it holds enough for now, or its position is being
    /// asked for.
    Soon(BrokerId),
    /// Its leader is not known.
    Leaderless,
    /// Not before this time.
    Later(MonoTime),
    /// Not until something else happens.
    Idle,
}

#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) name: TopicPartition,
    pub(crate) generation: Generation,
    pub(crate) state: State,
    pub(crate) stamp: u64,
    pub(crate) flow: Flow,
    pub(crate) presence: Presence,
    /// The id of the topic that the position belongs to; a position is not carried to another one.
    pub(crate) topic_id: TopicId,
    /// A follower the leader advised to read from, and until when (KIP-392).
    pub(crate) follower: Option<(BrokerId, MonoTime)>,
    /// Bytes and items on the way to the caller.
    pub(crate) held_bytes: usize,
    pub(crate) held_items: u32,
    /// Errors in a row.
    pub(crate) failures: u32,
    /// When it last brought records, counted in fetches; the longest without comes first.
    pub(crate) served: u64,
}

/// How much of a partition is read ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadAhead {
    pub(crate) bytes: usize,
    pub(crate) items: u32,
}

impl Partition {
    pub(crate) fn new(name: TopicPartition, generation: Generation, now: MonoTime) -> Self {
        Self {
            name,
            generation,
            state: State::Halted { position: None },
            stamp: 0,
            flow: Flow::Running,
            presence: Presence::Missing { since: now, told: Told::NotYet },
            topic_id: TopicId::ZERO,
            follower: None,
            held_bytes: 0,
            held_items: 0,
            failures: 0,
            served: 0,
        }
    }

    pub(crate) fn leadership(&self) -> Option<Leadership> {
        match self.presence {
            Presence::Known(leadership) => Some(leadership),
            Presence::Missing { .. } => None,
        }
    }

    /// The leader and its epoch, if there is one.
    pub(crate) fn leader(&self) -> Option<(BrokerId, LeaderEpoch)> {
        let leadership = self.leadership()?;
        Some((leadership.leader?, leadership.epoch))
    }

    pub(crate) fn readiness(&self, now: MonoTime, limit: ReadAhead) -> Readiness {
        if self.flow == Flow::Paused {
            return Readiness::Idle;
        }
        let not_before = match self.state {
            State::Fetching { not_before, .. } => not_before,
            State::AwaitingOffset { .. } | State::Resetting { .. } | State::Validating { .. } => {
                return self
                    .leader()
                    .map_or(Readiness::Idle, |(leader, _)| Readiness::Soon(leader));
            }
            State::Halted { .. } => return Readiness::Idle,
        };
        if now < not_before {
            return Readiness::Later(not_before);
        }
        let source = match (self.follower, self.leader()) {
            (_, None) => return Readiness::Leaderless,
            (Some((follower, until)), _) if now < until => follower,
            (_, Some((leader, _))) => leader,
        };
        if self.held_bytes >= limit.bytes || self.held_items >= limit.items {
            return Readiness::Soon(source);
        }
        Readiness::Ready(source)
    }

    /// The question to the leader that is due at some time, if there is one.
    pub(crate) fn lookup_due(&self) -> Option<MonoTime> {
        match self.state {
            State::AwaitingOffset { lookup: Lookup::Due(at), .. }
            | State::Resetting { lookup: Lookup::Due(at), .. }
            | State::Validating { lookup: Lookup::Due(at), .. } => Some(at),
            State::AwaitingOffset { lookup: Lookup::InFlight, .. }
            | State::Resetting { lookup: Lookup::InFlight, .. }
            | State::Validating { lookup: Lookup::InFlight, .. }
            | State::Fetching { .. }
            | State::Halted { .. } => None,
        }
    }

    pub(crate) fn set_lookup(&mut self, to: Lookup) {
        match &mut self.state {
            State::AwaitingOffset { lookup, .. }
            | State::Resetting { lookup, .. }
            | State::Validating { lookup, .. } => *lookup = to,
            State::Fetching { .. } | State::Halted { .. } => {}
        }
    }

    /// The offset the partition has come to, as far as it is known.
    pub(crate) fn offset(&self) -> Option<Offset> {
        match self.state {
            State::AwaitingOffset { .. } | State::Halted { position: None } => None,
            State::Resetting { old, .. } => old,
            State::Validating { position, .. }
            | State::Fetching { position, .. }
            | State::Halted { position: Some(position) } => Some(position.offset),
        }
    }
}
