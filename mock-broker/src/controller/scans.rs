//! What the controller looks for by itself from time to time (`QuorumController`): partitions that
//! are not led by their preferred replica, and partitions that nobody leads where anybody may.
//!
//! A scan is planned when the first such partition appears, one interval ahead; one that comes to
//! its limit of elections goes on after a moment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::time::MonoTime;

use super::Controller;
use super::change::Election;
use crate::config::ClusterConfig;
use crate::context::Context;
use crate::metadata::{Record, TopicPartition};
use crate::sabotage::{self, Sabotage};

/// The most elections of one scan (`QuorumController.MAX_ELECTIONS_PER_IMBALANCE`).
const MOST_ELECTIONS: usize = 1_000;

/// The pause after a scan that came to its limit.
const A_MOMENT: Duration = Duration::from_millis(10);

/// When the next scans are due.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Scans {
    balance: Option<MonoTime>,
    unclean: Option<MonoTime>,
}

impl Scans {
    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        self.balance.into_iter().chain(self.unclean).min()
    }

    /// Plans a scan for what there is, if none is planned.
    pub(super) fn plan(
        &mut self,
        now: MonoTime,
        config: &ClusterConfig,
        imbalanced: &BTreeSet<TopicPartition>,
        leaderless: &BTreeSet<TopicPartition>,
    ) {
        let balances = config.auto_leader_rebalance && !sabotage::is(Sabotage::NothingRebalanced);
        if balances && !imbalanced.is_empty() {
            let at = now + config.timings.leader_imbalance_check_interval;
            self.balance.get_or_insert(at);
        }
        if !leaderless.is_empty() && !sabotage::is(Sabotage::LeaderlessForgotten) {
            let at = now + config.timings.unclean_election_interval;
            self.unclean.get_or_insert(at);
        }
    }
}

impl Controller {
    pub(super) fn scan_if_due(&mut self, ctx: &mut Context<'_>) {
        let is_due = |at: Option<MonoTime>| at.is_some_and(|at| at <= ctx.now);
        let (balance, unclean) = (is_due(self.scans.balance), is_due(self.scans.unclean));
        if balance {
            let records = self.elections(&self.imbalanced, Election::Preferred);
            self.scans.balance = next_after(&records, ctx.now);
            self.commit(ctx, records);
        }
        if unclean {
            let records = self.elections(&self.leaderless, Election::Unclean);
            self.scans.unclean = next_after(&records, ctx.now);
            self.commit(ctx, records);
        }
        if balance || unclean {
            self.scans.plan(ctx.now, ctx.config, &self.imbalanced, &self.leaderless);
        }
    }

    /// The elections that change something, up to the limit.
    fn elections(&self, among: &BTreeSet<TopicPartition>, election: Election) -> Vec<Record> {
        let elected = among.iter().filter_map(|partition| {
            let before = self.image.partition(*partition)?;
            let topic = self.image.topic_of(*partition)?;
            if election == Election::Unclean && !topic.settings.unclean_leader_election {
                return None;
            }
            let mut change = self.change(*partition, before);
            change.election = election;
            let state = Arc::new(change.build()?);
            Some(Record::Partition { partition: *partition, state })
        });
        elected.take(MOST_ELECTIONS).collect()
    }
}

fn next_after(records: &[Record], now: MonoTime) -> Option<MonoTime> {
    (records.len() >= MOST_ELECTIONS).then(|| now + A_MOMENT)
}
