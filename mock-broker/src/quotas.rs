//! Which quota holds for a client, who shares it, and how its use is measured (KIP-13, KIP-124,
//! KIP-257, KIP-599). Brokers measure bytes and time ([`crate::broker`]), the controller changes of
//! partitions ([`crate::controller`]).

use std::collections::BTreeMap;

use milena_protocol::time::MonoTime;

use crate::metadata::{QuotaEntity, Quotas};
use crate::sabotage::{self, Sabotage};

mod rate;
mod token_bucket;

pub(crate) use rate::{Rate, SAMPLE_MILLIS, largest_in_window};
pub(crate) use token_bucket::TokenBucket;

/// How many samples a rate has, the current one included (`quota.window.num`,
/// `controller.quota.window.num`). Each lasts a second.
const SAMPLES: i64 = 11;

/// What nobody used for an hour is forgotten (`InactiveSensorExpirationTimeSeconds`).
const KEPT_UNUSED_MILLIS: i64 = 3_600_000;

/// What a client is on a listener without authentication (`KafkaPrincipal.ANONYMOUS`).
pub(crate) const USER: &str = "ANONYMOUS";

/// What is measured (`QuotaType`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum QuotaKind {
    Produce,
    Fetch,
    Request,
    ControllerMutation,
}

impl QuotaKind {
    const fn key(self) -> &'static str {
        match self {
            Self::Produce => "producer_byte_rate",
            Self::Fetch => "consumer_byte_rate",
            Self::Request => "request_percentage",
            Self::ControllerMutation => "controller_mutation_rate",
        }
    }
}

/// Who shares a quota: a user, a client id, or both; the one that does not count is empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Sharers {
    user: &'static str,
    client: String,
}

/// The clock that quotas go by, in milliseconds.
pub(crate) fn millis(now: MonoTime) -> i64 {
    i64::try_from(now.since_origin().as_millis()).unwrap_or(i64::MAX)
}

/// A throttle as a response tells it.
pub(crate) fn told(throttle_millis: i64) -> i32 {
    i32::try_from(throttle_millis).unwrap_or(i32::MAX)
}

/// A user or a client id of an entity: by name or the default, if it counts at all.
type Part = Option<Option<String>>;

/// The rate that holds for a client, and who shares it: the closest of the entities that have one
/// (`DefaultQuotaCallback`).
pub(crate) fn limit(
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
    let mut by_closeness: [(Part, Part, Sharers); 8] = [
        (named(USER), named(client), together()),
        (named(USER), default(), together()),
        (named(USER), None, user_alone()),
        (default(), named(client), together()),
        (default(), default(), together()),
        (default(), None, user_alone()),
        (None, named(client), client_alone()),
        (None, default(), client_alone()),
    ];
    if sabotage::is(Sabotage::FarthestRateDecides) {
        by_closeness.reverse();
    }
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
