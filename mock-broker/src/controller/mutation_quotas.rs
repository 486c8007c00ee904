//! How many partitions a client may create and delete in a second (KIP-599,
//! `ControllerMutationQuotaManager`).
//!
//! Credits are taken per topic, whether the change is carried out or only checked. Once some are
//! owed, newer versions of a request are refused with THROTTLING_QUOTA_EXCEEDED, topic by topic,
//! until they are paid back; older ones, whose clients do not know the error, are carried out and
//! owe more. Both are told how long that takes.

use std::collections::BTreeMap;

use milena_protocol::ErrorCode;

use super::{Controller, Refusal};
use crate::context::Context;
use crate::quotas::{QuotaKind, Sharers, TokenBucket, limit, millis, told};

/// From here on CreateTopics is refused.
pub(super) const STRICT_CREATE_TOPICS: i16 = 6;

/// From here on DeleteTopics is refused.
pub(super) const STRICT_DELETE_TOPICS: i16 = 5;

/// From here on CreatePartitions is refused.
pub(super) const STRICT_CREATE_PARTITIONS: i16 = 3;

/// The credits of everybody who has a quota.
#[derive(Default, Debug)]
pub(super) struct MutationQuotas(BTreeMap<Sharers, TokenBucket>);

impl MutationQuotas {
    fn of(&mut self, sharers: &Sharers, now: i64) -> &mut TokenBucket {
        if !self.0.contains_key(sharers) {
            self.0.retain(|_, bucket| bucket.is_in_use(now));
        }
        self.0.entry(sharers.clone()).or_default()
    }
}

/// What one request may change.
#[derive(Debug)]
pub(crate) struct MutationQuota {
    /// Who pays, and how much is paid back in a second. `None` is no quota.
    payer: Option<(Sharers, f64)>,
    when_owing: WhenOwing,
    throttle_millis: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum WhenOwing {
    Refuse,
    OweMore,
}

impl MutationQuota {
    /// That of an operator.
    pub(crate) const fn unbounded() -> Self {
        Self { payer: None, when_owing: WhenOwing::OweMore, throttle_millis: 0 }
    }

    /// What to tell the client.
    pub(super) fn throttle_time_ms(&self) -> i32 {
        told(self.throttle_millis)
    }
}

impl Controller {
    /// The quota of a request, which is refused from `strict_since` on.
    pub(super) fn mutation_quota(
        &self,
        client: &str,
        version: i16,
        strict_since: i16,
    ) -> MutationQuota {
        let when_owing =
            if version >= strict_since { WhenOwing::Refuse } else { WhenOwing::OweMore };
        let payer = limit(&self.image.quotas, QuotaKind::ControllerMutation, client);
        MutationQuota { payer, when_owing, throttle_millis: 0 }
    }

    /// Takes credits for a change of so many partitions.
    pub(super) fn charge_mutations(
        &mut self,
        ctx: &Context<'_>,
        quota: &mut MutationQuota,
        partitions: usize,
    ) -> Result<(), Refusal> {
        let Some((sharers, bound)) = &quota.payer else { return Ok(()) };
        let now = millis(ctx.now);
        let bucket = self.mutations.of(sharers, now);
        if quota.when_owing == WhenOwing::Refuse {
            let owing = bucket.throttle_millis(*bound, now);
            if owing > 0 {
                quota.throttle_millis = owing;
                let text = "The throttling quota has been exceeded.".to_owned();
                return Err((ErrorCode::THROTTLING_QUOTA_EXCEEDED, text));
            }
            bucket.take(partitions as f64, *bound, now);
        } else {
            bucket.take(partitions as f64, *bound, now);
            quota.throttle_millis = bucket.throttle_millis(*bound, now);
        }
        Ok(())
    }
}

// Not modelled: windows of other sizes (`controller.quota.window.num`,
// `controller.quota.window.size.seconds`).
