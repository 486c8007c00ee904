//! Quotas of bytes and time, and the throttle they cause (KIP-124, KIP-219, KIP-257;
//! `ClientQuotaManager`, `ClientRequestQuotaManager`).
//!
//! A client above its rate is answered at once, told for how long it should be silent, and not read
//! from until then. What is charged for is the bytes of a Produce request and of a Fetch response,
//! and the time that requests take; a throttled fetch is answered without records, and its bytes
//! are not charged for. Requests take no time here: each is charged for what
//! [`ClusterConfig::request_time`](crate::config::ClusterConfig::request_time) says.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use milena_protocol::messages::{ApiKey, ResponseKind};
use milena_protocol::time::MonoTime;

use super::{Asked, Process};
use crate::cluster::ConnectionId;
use crate::context::Context;
use crate::fault;
use crate::quotas::{
    QuotaKind, Rate, SAMPLE_MILLIS, Sharers, largest_in_window, limit, millis, told,
};
use crate::sabotage::{self, Sabotage};

/// The rates of a broker's clients, and the channels that are silenced.
#[derive(Default, Debug)]
pub(super) struct ClientQuotas {
    rates: BTreeMap<(QuotaKind, Sharers), Rate>,
    silenced: BTreeSet<(MonoTime, ConnectionId)>,
}

impl ClientQuotas {
    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        self.silenced.first().map(|(at, _)| *at)
    }

    pub(super) fn silence(&mut self, until: MonoTime, connection: ConnectionId) {
        self.silenced.insert((until, connection));
    }
}

impl Process {
    /// Whether anybody has a quota.
    pub(crate) fn has_quotas(&self) -> bool {
        !self.image.quotas.is_empty()
    }

    /// Counts a Produce request when it is answered. What to tell the client. Without acks, the
    /// time it took is not counted.
    pub(crate) fn charge_produce(
        &mut self,
        ctx: &mut Context<'_>,
        id: ConnectionId,
        acks: i16,
    ) -> i32 {
        if !self.has_quotas() {
            return 0;
        }
        let (client, size) = self.last_request(id);
        let for_bytes = self.charge(ctx, QuotaKind::Produce, &client, size as f64);
        let for_time = if acks == 0 { 0 } else { self.charge_time(ctx, &client) };
        let throttle = for_bytes.max(for_time);
        self.silence(ctx, id, throttle);
        told(throttle)
    }

    /// Counts a Fetch response of this size, unless it would be above the rate. What to tell the
    /// client then, instead of giving it the records.
    pub(crate) fn charge_fetch(
        &mut self,
        ctx: &mut Context<'_>,
        id: ConnectionId,
        size: usize,
    ) -> Option<i32> {
        let (client, _) = self.last_request(id);
        let for_time = self.charge_time(ctx, &client);
        let for_bytes = self.charge(ctx, QuotaKind::Fetch, &client, size as f64);
        let throttle = for_bytes.max(for_time);
        if throttle == 0 {
            return None;
        }
        self.refund(ctx, QuotaKind::Fetch, &client, size);
        self.silence(ctx, id, throttle);
        Some(told(throttle))
    }

    /// An answer to a request that is charged for its time alone, with the throttle in it, if there
    /// is one. Of what the controller tells and what this broker finds the longer holds
    /// (`RequestHandlerHelper.sendForwardedResponse`).
    pub(super) fn throttled<'r>(
        &mut self,
        ctx: &mut Context<'_>,
        asked: &Asked,
        response: &'r ResponseKind,
    ) -> Cow<'r, ResponseKind> {
        // The first two are charged for bytes as well; the third is one of brokers.
        if matches!(asked.key, ApiKey::Produce | ApiKey::Fetch | ApiKey::WriteTxnMarkers) {
            return Cow::Borrowed(response);
        }
        let by_controller = match response {
            ResponseKind::CreateTopics(response) => response.throttle_time_ms,
            ResponseKind::CreatePartitions(response) => response.throttle_time_ms,
            ResponseKind::DeleteTopics(response) => response.throttle_time_ms,
            _ => 0,
        };
        let for_time = if self.has_quotas() {
            let (client, _) = self.last_request(asked.connection);
            self.charge_time(ctx, &client)
        } else {
            0
        };
        let throttle = for_time.max(i64::from(by_controller));
        if throttle == 0 {
            return Cow::Borrowed(response);
        }
        self.silence(ctx, asked.connection, throttle);
        let mut response = response.clone();
        fault::set_throttle(&mut response, told(throttle));
        Cow::Owned(response)
    }

    /// Counts the time of a request, in percent of a thread. A throttle for it is a second at most.
    fn charge_time(&mut self, ctx: &Context<'_>, client: &str) -> i64 {
        let percent = ctx.config.request_time.as_secs_f64() * 100.0;
        if percent == 0.0 {
            return 0;
        }
        self.charge(ctx, QuotaKind::Request, client, percent).min(SAMPLE_MILLIS)
    }

    /// Counts what a client used. How long it is to be silent, in milliseconds.
    fn charge(&mut self, ctx: &Context<'_>, kind: QuotaKind, client: &str, used: f64) -> i64 {
        let Some((sharers, bound)) = limit(&self.image.quotas, kind, client) else { return 0 };
        if sabotage::is(Sabotage::NobodyThrottled) {
            return 0;
        }
        let (now, key) = (millis(ctx.now), (kind, sharers));
        let rates = &mut self.quotas.rates;
        if !rates.contains_key(&key) {
            rates.retain(|_, rate| rate.is_in_use(now));
        }
        let rate = rates.entry(key).or_default();
        rate.record(used, now);
        rate.throttle_millis(bound, now)
    }

    /// Takes back what was counted at this moment.
    fn refund(&mut self, ctx: &Context<'_>, kind: QuotaKind, client: &str, bytes: usize) {
        let Some((sharers, _)) = limit(&self.image.quotas, kind, client) else { return };
        if let Some(rate) = self.quotas.rates.get_mut(&(kind, sharers)) {
            rate.record(-(bytes as f64), millis(ctx.now));
        }
    }

    /// How many bytes a client may be given at once without being throttled for them alone.
    pub(crate) fn largest_fetch(&self, id: ConnectionId) -> Option<i32> {
        if !self.has_quotas() {
            return None;
        }
        let (client, _) = self.last_request(id);
        let (_, bound) = limit(&self.image.quotas, QuotaKind::Fetch, &client)?;
        // As Java narrows a double.
        Some(largest_in_window(bound) as i32)
    }

    /// Reads again from those whose time is over.
    pub(super) fn silence_due(&mut self, ctx: &mut Context<'_>) {
        while let Some((at, connection)) = self.quotas.silenced.first().copied() {
            if at > ctx.now {
                break;
            }
            self.quotas.silenced.pop_first();
            self.end_silence(connection);
        }
    }
}

/// A throttle as a time.
pub(crate) fn silence_of(throttle_millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(throttle_millis).unwrap_or(0))
}

// Not modelled: the time of network threads (a request is charged for once, when it is answered),
// the rate of exempt requests, which no quota bounds, and windows of other sizes
// (`quota.window.num`, `quota.window.size.seconds`).
