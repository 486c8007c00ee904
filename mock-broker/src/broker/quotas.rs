//! Quotas of bytes, and the throttle they cause (KIP-124, KIP-219, KIP-257; `ClientQuotaManager`).
//!
//! A client above its rate is answered at once, told for how long it should be silent, and not read
//! from until then. What is charged for is a Produce request and a Fetch response; a throttled fetch
//! is answered without records, and not charged for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use milena_protocol::time::MonoTime;

use super::Process;
use crate::cluster::ConnectionId;
use crate::context::Context;
use crate::metadata::{QuotaEntity, Quotas};

mod rate;

use rate::Rate;

/// What a client is on a listener without authentication (`KafkaPrincipal.ANONYMOUS`).
const USER: &str = "ANONYMOUS";

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum QuotaKind {
    Produce,
    Fetch,
}

impl QuotaKind {
    const fn key(self) -> &'static str {
        match self {
            Self::Produce => "producer_byte_rate",
            Self::Fetch => "consumer_byte_rate",
        }
    }
}

/// Who shares a rate: a user, a client id, or both; the one that does not count is empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Sharers {
    user: &'static str,
    client: String,
}

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

    /// Counts a Produce request when it is answered. What to tell the client.
    pub(crate) fn charge_produce(&mut self, ctx: &mut Context<'_>, id: ConnectionId) -> i32 {
        if !self.has_quotas() {
            return 0;
        }
        let (client, size) = self.last_request(id);
        let throttle = self.charge(ctx, QuotaKind::Produce, &client, size);
        self.silence(ctx, id, throttle);
        told(throttle)
    }

    /// Counts what a client sent or is given. How long it is to be silent, in milliseconds.
    fn charge(&mut self, ctx: &Context<'_>, kind: QuotaKind, client: &str, bytes: usize) -> i64 {
        let Some((sharers, bound)) = limit(&self.image.quotas, kind, client) else { return 0 };
        let now = millis(ctx.now);
        let rate = self.quotas.rates.entry((kind, sharers)).or_default();
        rate.record(bytes as f64, now);
        rate.throttle_millis(bound, now)
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
        let throttle = self.charge(ctx, QuotaKind::Fetch, &client, size);
        if throttle == 0 {
            return None;
        }
        self.refund(ctx, QuotaKind::Fetch, &client, size);
        self.silence(ctx, id, throttle);
        Some(told(throttle))
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
        Some(rate::largest_in_window(bound) as i32)
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

fn millis(now: MonoTime) -> i64 {
    i64::try_from(now.since_origin().as_millis()).unwrap_or(i64::MAX)
}

/// A throttle as a response tells it.
fn told(throttle_millis: i64) -> i32 {
    i32::try_from(throttle_millis).unwrap_or(i32::MAX)
}

/// A throttle as a time.
pub(crate) fn silence_of(throttle_millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(throttle_millis).unwrap_or(0))
}

/// A user or a client id of an entity: by name or the default, if it counts at all.
type Part = Option<Option<String>>;

/// The rate that holds for a client, and who shares it: the closest of the entities that have one
/// (`DefaultQuotaCallback`).
fn limit(
    quotas: &BTreeMap<QuotaEntity, Quotas>,
    kind: QuotaKind,
    client: &str,
) -> Option<(Sharers, f64)> {
    if quotas.is_empty() {
        return None;
    }
    let named = |name: &str| Some(Some(name.to_owned()));
    let default = || Some(None);
    let together = || Sharers { user: USER, client: client.to_owned() };
    let user_alone = || Sharers { user: USER, client: String::new() };
    let client_alone = || Sharers { user: "", client: client.to_owned() };
    let by_closeness: [(Part, Part, Sharers); 8] = [
        (named(USER), named(client), together()),
        (named(USER), default(), together()),
        (named(USER), None, user_alone()),
        (default(), named(client), together()),
        (default(), default(), together()),
        (default(), None, user_alone()),
        (None, named(client), client_alone()),
        (None, default(), client_alone()),
    ];
    by_closeness.into_iter().find_map(|(user, client, sharers)| {
        let parts = [("user", user), ("client-id", client)];
        let entity: QuotaEntity = parts
            .into_iter()
            .filter_map(|(part, name)| name.map(|name| (part.to_owned(), name)))
            .collect();
        let bound = quotas.get(&entity)?.get(kind.key())?;
        Some((sharers, *bound))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Entity<'a> = &'a [(&'a str, Option<&'a str>)];

    fn quotas(entries: &[(Entity<'_>, f64)]) -> BTreeMap<QuotaEntity, Quotas> {
        let entity = |parts: Entity<'_>| -> QuotaEntity {
            parts.iter().map(|(part, name)| ((*part).to_owned(), name.map(str::to_owned))).collect()
        };
        let rates = |rate: f64| Quotas::from([("producer_byte_rate".to_owned(), rate)]);
        entries.iter().map(|(parts, rate)| (entity(parts), rates(*rate))).collect()
    }

    fn bound(quotas: &BTreeMap<QuotaEntity, Quotas>, client: &str) -> Option<f64> {
        limit(quotas, QuotaKind::Produce, client).map(|(_, bound)| bound)
    }

    #[test]
    fn the_closest_entity_with_a_rate_decides() {
        let mut known: Vec<(Entity<'_>, f64)> = vec![(&[("client-id", None)], 8.0)];
        assert_eq!(bound(&quotas(&known), "c"), Some(8.0));
        let closer: [(Entity<'_>, f64); 7] = [
            (&[("client-id", Some("c"))], 7.0),
            (&[("user", None)], 6.0),
            (&[("user", None), ("client-id", None)], 5.0),
            (&[("user", None), ("client-id", Some("c"))], 4.0),
            (&[("user", Some(USER))], 3.0),
            (&[("user", Some(USER)), ("client-id", None)], 2.0),
            (&[("user", Some(USER)), ("client-id", Some("c"))], 1.0),
        ];
        for (entity, rate) in closer {
            known.push((entity, rate));
            assert_eq!(bound(&quotas(&known), "c"), Some(rate), "{entity:?}");
        }
    }

    #[test]
    fn an_entity_without_this_rate_is_passed_over() {
        let mut known = quotas(&[(&[("client-id", None)], 8.0)]);
        let other = QuotaEntity::from([("client-id".to_owned(), Some("c".to_owned()))]);
        known.insert(other, Quotas::from([("consumer_byte_rate".to_owned(), 1.0)]));
        assert_eq!(bound(&known, "c"), Some(8.0));
        assert_eq!(bound(&BTreeMap::new(), "c"), None);
    }
}
