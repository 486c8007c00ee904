//! Broker registrations, heartbeats and fencing (`ClusterControlManager`,
//! `BrokerHeartbeatManager`).
//!
//! ```text
//!            caught up                      leads something
//!   Fenced ─────────────▶ Active ──wants to shut down──▶ ShuttingDown
//!     ▲                     │                                │
//!     └── session time-out ─┴── leads nothing, others know ──┘
//! ```
//!
//! A broker starts fenced, and is unfenced once it has read the metadata log up to its own
//! registration. One that is silent for the session time-out is fenced, leaves the ISRs and loses
//! its leaderships in one step. One that wants to shut down hands its leaderships over first, and
//! may go when every active broker has heard of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::Controller;
use super::change::EligibleLeaders;
use crate::context::Context;
use crate::message::{Heartbeat, HeartbeatReply, RegisterRequest, Wish};
use crate::metadata::{Record, Registration, Standing};
use crate::sabotage::{self, Sabotage};

/// What a controller remembers of a broker besides its registration, and forgets when it goes
/// (`BrokerHeartbeatState`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) contact: MonoTime,
    /// The last metadata record it has, as its last heartbeat told.
    metadata_offset: i64,
    /// What the others have to know before it may go.
    shutdown_at: Option<i64>,
}

impl Session {
    fn begun(now: MonoTime) -> Self {
        Self { contact: now, metadata_offset: -1, shutdown_at: None }
    }
}

/// What becomes of a broker with a heartbeat (`BrokerControlState`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    Stays(Standing),
    Becomes(Standing),
    /// It is fenced and may end its process.
    ShutsDown,
}

impl Controller {
    /// Takes over: what an earlier controller had heard of brokers is unknown, so each of them has a
    /// whole session from now on (`ClusterControlManager.activate`).
    pub(crate) fn take_over(&mut self, now: MonoTime) {
        let end = self.last_offset();
        let session = |registration: &Registration| Session {
            shutdown_at: (registration.standing == Standing::ShuttingDown).then_some(end),
            ..Session::begun(now)
        };
        self.sessions =
            self.image.brokers.iter().map(|(id, known)| (*id, session(known))).collect();
    }

    /// Forgets all that is not in the log.
    pub(crate) fn lose_memory(&mut self) {
        self.sessions.clear();
        self.waiting.clear();
        self.scans = Default::default();
        self.mutations = Default::default();
    }

    /// Registers a broker, or refuses while an earlier incarnation's session is still valid.
    pub(super) fn register(
        &mut self,
        ctx: &mut Context<'_>,
        broker: BrokerId,
        request: RegisterRequest,
    ) -> Result<i64, ErrorCode> {
        let known = self.image.brokers.get(&broker);
        if let Some(known) = known
            && known.incarnation != request.incarnation
            && self.has_valid_session(ctx, broker)
        {
            return Err(ErrorCode::DUPLICATE_BROKER_REGISTRATION);
        }
        if let Some(known) = known
            && known.incarnation == request.incarnation
        {
            let epoch = known.epoch;
            self.heard_of(ctx.now, broker);
            return Ok(epoch);
        }
        // The offset of its record is the broker's epoch, so a later registration has a larger one.
        let epoch = i64::try_from(self.image.offset).unwrap_or(i64::MAX);
        let registration = Arc::new(Registration {
            epoch,
            incarnation: request.incarnation,
            host: request.host,
            port: request.port,
            rack: request.rack,
            standing: Standing::Fenced,
            failed: BTreeSet::new(),
        });
        // Without a shutdown in order the broker may have lost what was not flushed.
        let was_unclean = known.is_some_and(|known| known.epoch != request.previous_epoch);
        self.sessions.insert(broker, Session::begun(ctx.now));
        let mut records = vec![Record::RegisterBroker { id: broker, registration }];
        if was_unclean && self.eligible_leaders == EligibleLeaders::Kept {
            records.extend(self.strike_unclean(broker));
        }
        self.commit(ctx, records);
        Ok(epoch)
    }

    pub(super) fn heartbeat(
        &mut self,
        ctx: &mut Context<'_>,
        broker: BrokerId,
        heartbeat: Heartbeat,
    ) -> Result<HeartbeatReply, ErrorCode> {
        let (epoch, metadata_offset) = (heartbeat.epoch, heartbeat.metadata_offset);
        self.check_broker_epoch(broker, epoch)?;
        let next = self.next_state(broker, &heartbeat);
        self.heard_of(ctx.now, broker);
        if let Some(session) = self.sessions.get_mut(&broker) {
            session.metadata_offset = metadata_offset;
        }
        match next {
            Next::Stays(_) => {}
            Next::Becomes(Standing::Active) => self.unfence(ctx, broker, epoch),
            Next::Becomes(Standing::ShuttingDown) => self.begin_shutdown(ctx, broker, epoch),
            Next::Becomes(Standing::Fenced) | Next::ShutsDown => self.fence(ctx, broker),
        }
        let fenced = self.image.live(broker).is_none();
        let caught_up = metadata_offset >= epoch;
        Ok(HeartbeatReply { caught_up, fenced, shut_down: next == Next::ShutsDown })
    }

    /// `BrokerHeartbeatManager.calculateNextBrokerState`
    fn next_state(&self, broker: BrokerId, heartbeat: &Heartbeat) -> Next {
        let standing =
            self.image.brokers.get(&broker).map_or(Standing::Fenced, |known| known.standing);
        let caught_up = heartbeat.metadata_offset >= heartbeat.epoch;
        match (standing, heartbeat.wants) {
            (Standing::Fenced, Wish::ShutDown | Wish::ShutDownFenced) => Next::ShutsDown,
            (Standing::Fenced, Wish::Active) if caught_up => Next::Becomes(Standing::Active),
            (Standing::Fenced, Wish::Active | Wish::Fenced) => Next::Stays(Standing::Fenced),
            (Standing::Active, Wish::ShutDownFenced) => Next::ShutsDown,
            (Standing::Active, Wish::Fenced) => Next::Becomes(Standing::Fenced),
            (Standing::Active, Wish::ShutDown) if self.leads_something(broker) => {
                Next::Becomes(Standing::ShuttingDown)
            }
            (Standing::Active, Wish::ShutDown) => Next::ShutsDown,
            (Standing::Active, Wish::Active) => Next::Stays(Standing::Active),
            (Standing::ShuttingDown, _) => {
                let shutdown_at = self.sessions.get(&broker).and_then(|it| it.shutdown_at);
                let known_to_all = shutdown_at.is_none_or(|at| at <= self.lowest_active_offset());
                if self.leads_something(broker) || !known_to_all {
                    Next::Stays(Standing::ShuttingDown)
                } else {
                    Next::ShutsDown
                }
            }
        }
    }

    fn leads_something(&self, broker: BrokerId) -> bool {
        let partitions = self.in_isr.get(&broker).into_iter().flatten();
        partitions
            .filter_map(|partition| self.image.partition(*partition))
            .any(|state| state.leader == broker)
    }

    /// What every active broker has of the metadata.
    fn lowest_active_offset(&self) -> i64 {
        self.sessions
            .iter()
            .filter(|(id, _)| self.image.is_active(**id))
            .map(|(_, session)| session.metadata_offset)
            .min()
            .unwrap_or(i64::MAX)
    }

    pub(super) fn check_broker_epoch(&self, broker: BrokerId, epoch: i64) -> Result<(), ErrorCode> {
        match self.image.brokers.get(&broker) {
            Some(known) if known.epoch == epoch => Ok(()),
            Some(_) if sabotage::is(Sabotage::BrokerEpochUnchecked) => Ok(()),
            _ => Err(ErrorCode::STALE_BROKER_EPOCH),
        }
    }

    /// When the next broker is due to be fenced, unless it is heard of before.
    pub(super) fn next_fencing(&self, session: Duration) -> Option<MonoTime> {
        self.image
            .live_brokers()
            .filter_map(|(id, _)| self.sessions.get(&id))
            .map(|known| known.contact)
            .min()
            .map(|contact| contact + session)
    }

    /// Fences every broker whose session has timed out, one after the other.
    pub(super) fn fence_silent(&mut self, ctx: &mut Context<'_>) {
        let silent: Vec<BrokerId> = self
            .image
            .live_brokers()
            .map(|(id, _)| id)
            .filter(|id| !self.has_valid_session(ctx, *id))
            .collect();
        for broker in silent {
            self.fence(ctx, broker);
        }
    }

    fn heard_of(&mut self, now: MonoTime, broker: BrokerId) {
        self.sessions.entry(broker).or_insert_with(|| Session::begun(now)).contact = now;
    }

    fn has_valid_session(&self, ctx: &Context<'_>, broker: BrokerId) -> bool {
        // One that was fenced has none, however lately it was heard of.
        let timeout = ctx.config.timings.session_timeout;
        self.image.live(broker).is_some()
            && self.sessions.get(&broker).is_some_and(|it| it.contact + timeout > ctx.now)
    }

    fn fence(&mut self, ctx: &mut Context<'_>, broker: BrokerId) {
        let Some(registration) = self.image.brokers.get(&broker) else { return };
        let epoch = registration.epoch;
        if let Some(session) = self.sessions.get_mut(&broker) {
            session.shutdown_at = None;
        }
        if sabotage::is(Sabotage::NobodyFenced) {
            return;
        }
        let mut records = self.remove_from_isrs(broker);
        records.push(Record::BrokerStanding { id: broker, epoch, standing: Standing::Fenced });
        self.commit(ctx, records);
    }

    fn unfence(&mut self, ctx: &mut Context<'_>, broker: BrokerId, epoch: i64) {
        let standing = Standing::Active;
        let mut records = vec![Record::BrokerStanding { id: broker, epoch, standing }];
        records.extend(self.elect_leaderless(broker));
        self.commit(ctx, records);
    }

    /// Its leaderships go to others at once, and it leaves every ISR
    /// (`ReplicationControlManager.handleBrokerInControlledShutdown`).
    fn begin_shutdown(&mut self, ctx: &mut Context<'_>, broker: BrokerId, epoch: i64) {
        let standing = Standing::ShuttingDown;
        let mut records = vec![Record::BrokerStanding { id: broker, epoch, standing }];
        if !sabotage::is(Sabotage::ShutdownKeepsTheLead) {
            records.extend(self.remove_from_isrs(broker));
        }
        self.commit(ctx, records);
        let end = self.last_offset();
        if let Some(session) = self.sessions.get_mut(&broker) {
            session.shutdown_at = Some(end);
        }
    }

    /// The offset of the last record of the log, -1 before the first.
    fn last_offset(&self) -> i64 {
        i64::try_from(self.image.offset).unwrap_or(i64::MAX) - 1
    }
}
