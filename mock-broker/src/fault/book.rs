//! All rules of a cluster, and how often each was met and done.

use std::collections::BTreeMap;
use std::sync::Arc;

use milena_protocol::ids::BrokerId;
use milena_protocol::messages::ApiKey;
use milena_protocol::time::MonoTime;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::{FaultReport, Rule, RuleId, Targets};
use crate::cluster::Cluster;
use crate::metadata::Image;

/// The streams of rules: behind those of nodes and links.
const STREAMS: u64 = 1 << 63;

/// Withdrawn rules that never fired are remembered up to this many.
const REMEMBERED: usize = 256;

/// A request that rules may meet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Met<'a> {
    pub(crate) broker: BrokerId,
    pub(crate) key: ApiKey,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) targets: &'a Targets,
}

/// A rule in force, or one that has had all its turns.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) rule: Rule,
    /// Of 2^53, how many draws are a hit; `None` is all.
    threshold: Option<u64>,
    stream: ChaCha8Rng,
    declared: MonoTime,
    pub(super) seen: u64,
    pub(super) fired: u64,
    /// Whether its condition held when it was last looked at.
    holds: bool,
    /// What brokers knew when it was declared, for a rule that answers from that.
    images: BTreeMap<BrokerId, Arc<Image>>,
}

impl Standing {
    fn is_over(&self) -> bool {
        self.rule.turns.times.is_some_and(|times| self.fired >= times)
    }

    /// Whether a request is one of those that the rule is about.
    pub(super) fn meets(&self, met: &Met<'_>) -> bool {
        let filter = &self.rule.filter;
        self.holds
            && !self.is_over()
            && filter.key.is_none_or(|key| key == met.key)
            && filter.broker.is_none_or(|broker| broker == met.broker)
            && filter.client_id.as_deref().is_none_or(|id| Some(id) == met.client_id)
            && met.targets.include(filter.topic.as_deref(), filter.partition)
    }

    /// Counts a request that was met. Whether it is the rule's turn.
    pub(super) fn takes_its_turn(&mut self) -> bool {
        self.seen += 1;
        if self.seen <= self.rule.turns.skip {
            return false;
        }
        self.threshold.is_none_or(|threshold| self.stream.next_u64() >> 11 < threshold)
    }

    pub(super) fn draw(&mut self) -> u64 {
        self.stream.next_u64()
    }

    pub(super) fn has_image_of(&self, broker: BrokerId) -> bool {
        self.images.contains_key(&broker)
    }

    fn report(&self, id: RuleId) -> FaultReport {
        FaultReport {
            what: self.rule.to_string(),
            rule: Some(id),
            declared: self.declared,
            seen: self.seen,
            fired: self.fired,
        }
    }
}

/// All rules.
#[derive(Debug)]
pub(crate) struct RuleBook {
    seed: u64,
    next: u64,
    pub(super) rules: BTreeMap<RuleId, Standing>,
    /// Withdrawn before they fired.
    missed: Vec<FaultReport>,
}

impl RuleBook {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, next: 0, rules: BTreeMap::new(), missed: Vec::new() }
    }

    /// Puts a rule in force.
    pub(crate) fn declare(
        &mut self,
        now: MonoTime,
        rule: Rule,
        images: BTreeMap<BrokerId, Arc<Image>>,
    ) -> RuleId {
        let id = RuleId(self.next);
        self.next += 1;
        let mut stream = ChaCha8Rng::seed_from_u64(self.seed);
        stream.set_stream(STREAMS | id.0);
        let holds = rule.filter.condition.is_none();
        // Exact for every probability that a test writes down: a double has 53 bits.
        let threshold = rule.turns.chance().map(|chance| (chance * (1_u64 << 53) as f64) as u64);
        let standing =
            Standing { rule, threshold, stream, declared: now, seen: 0, fired: 0, holds, images };
        self.rules.insert(id, standing);
        id
    }

    /// Ends a rule. Whether there was one of this number.
    pub(crate) fn withdraw(&mut self, id: RuleId) -> bool {
        let Some(standing) = self.rules.remove(&id) else { return false };
        if standing.fired == 0 && self.missed.len() < REMEMBERED {
            self.missed.push(standing.report(id));
        }
        true
    }

    /// Ends all rules.
    pub(crate) fn withdraw_all(&mut self) {
        let ids: Vec<RuleId> = self.rules.keys().copied().collect();
        for id in ids {
            self.withdraw(id);
        }
    }

    /// Whether no request has to be looked at.
    pub(crate) fn is_idle(&self) -> bool {
        self.rules.values().all(Standing::is_over)
    }

    pub(crate) fn has_conditions(&self) -> bool {
        let conditional = |standing: &Standing| standing.rule.filter.condition.is_some();
        self.rules.values().any(|standing| conditional(standing) && !standing.is_over())
    }

    /// Looks at all conditions anew.
    pub(crate) fn look_at(&mut self, cluster: &Cluster) {
        for standing in self.rules.values_mut() {
            if let Some(condition) = &standing.rule.filter.condition {
                standing.holds = condition.holds(cluster);
            }
        }
    }

    /// What a broker knew of the metadata when the rule was declared.
    pub(crate) fn stale_image(&self, id: RuleId, broker: BrokerId) -> Option<Arc<Image>> {
        self.rules.get(&id)?.images.get(&broker).map(Arc::clone)
    }

    /// How a rule is doing.
    pub(crate) fn report(&self, id: RuleId) -> Option<FaultReport> {
        let standing = self.rules.get(&id).map(|standing| standing.report(id));
        standing.or_else(|| self.missed.iter().find(|report| report.rule == Some(id)).cloned())
    }

    /// Every rule that is in force or that was withdrawn before it fired, by number.
    pub(crate) fn reports(&self) -> Vec<FaultReport> {
        let standing = self.rules.iter().map(|(id, standing)| standing.report(*id));
        let mut reports: Vec<_> = standing.chain(self.missed.iter().cloned()).collect();
        reports.sort_by_key(|report| report.rule);
        reports
    }
}
