//! Broker registrations, heartbeats and fencing (`ClusterControlManager`,
//! `BrokerHeartbeatManager`).
//!
//! A broker starts fenced, and is unfenced once it has read the metadata log up to its own
//! registration. One that is silent for the session time-out is fenced, leaves the ISRs and loses
//! its leaderships in one step.

use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::Controller;
use super::change::EligibleLeaders;
use crate::context::Context;
use crate::message::{HeartbeatReply, RegisterRequest};
use crate::metadata::{Record, Registration};

impl Controller {
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
            self.contacts.insert(broker, ctx.now);
            return Ok(known.epoch);
        }
        // The offset of its record is the broker's epoch, so a later registration has a larger one.
        let epoch = i64::try_from(self.image.offset).unwrap_or(i64::MAX);
        let registration = Arc::new(Registration {
            epoch,
            incarnation: request.incarnation,
            host: request.host,
            port: request.port,
            rack: request.rack,
            fenced: true,
        });
        self.contacts.insert(broker, ctx.now);
        // Without a shutdown in order the broker may have lost what was not flushed.
        let was_unclean = known.is_some_and(|known| known.epoch != request.previous_epoch);
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
        epoch: i64,
        metadata_offset: i64,
        want_fence: bool,
    ) -> Result<HeartbeatReply, ErrorCode> {
        self.check_broker_epoch(broker, epoch)?;
        self.contacts.insert(broker, ctx.now);
        let caught_up = metadata_offset >= epoch;
        let fenced = self.image.live(broker).is_none();
        if fenced && !want_fence && caught_up {
            self.unfence(ctx, broker, epoch);
        } else if !fenced && want_fence {
            self.fence(ctx, broker);
        }
        Ok(HeartbeatReply { caught_up, fenced: self.image.live(broker).is_none() })
    }

    pub(super) fn check_broker_epoch(&self, broker: BrokerId, epoch: i64) -> Result<(), ErrorCode> {
        match self.image.brokers.get(&broker) {
            Some(known) if known.epoch == epoch => Ok(()),
            _ => Err(ErrorCode::STALE_BROKER_EPOCH),
        }
    }

    /// When the next broker is due to be fenced, unless it is heard of before.
    pub(crate) fn poll_timeout(&self, ctx_session: std::time::Duration) -> Option<MonoTime> {
        self.image
            .live_brokers()
            .filter_map(|(id, _)| self.contacts.get(&id))
            .min()
            .map(|contact| *contact + ctx_session)
    }

    /// Fences every broker whose session has timed out.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<'_>) {
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

    fn has_valid_session(&self, ctx: &Context<'_>, broker: BrokerId) -> bool {
        let timeout = ctx.config.timings.session_timeout;
        self.contacts.get(&broker).is_some_and(|contact| *contact + timeout > ctx.now)
    }

    fn fence(&mut self, ctx: &mut Context<'_>, broker: BrokerId) {
        let Some(registration) = self.image.brokers.get(&broker) else { return };
        let epoch = registration.epoch;
        let mut records = self.remove_from_isrs(broker);
        records.push(Record::BrokerFencing { id: broker, epoch, fenced: true });
        self.commit(ctx, records);
    }

    fn unfence(&mut self, ctx: &mut Context<'_>, broker: BrokerId, epoch: i64) {
        let mut records = vec![Record::BrokerFencing { id: broker, epoch, fenced: false }];
        records.extend(self.elect_leaderless(broker));
        self.commit(ctx, records);
    }
}
