//! Fetch requests that wait for enough bytes (`DelayedFetch`).

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use milena_protocol::time::MonoTime;

use super::{Asked, Process};
use crate::api::fetch::FetchPlan;
use crate::cluster::ConnectionId;
use crate::context::Context;
use crate::metadata::TopicPartition;

/// A request that waits.
#[derive(Debug)]
pub(crate) struct DelayedFetch {
    pub(crate) asked: Asked,
    pub(crate) deadline: MonoTime,
    pub(crate) plan: FetchPlan,
}

/// All of them, by connection: one has at most one request at a time.
#[derive(Default, Debug)]
pub(super) struct FetchPurgatory {
    delayed: IndexMap<ConnectionId, DelayedFetch, FixedState>,
    deadlines: BTreeSet<(MonoTime, ConnectionId)>,
    watchers: BTreeMap<TopicPartition, BTreeSet<ConnectionId>>,
}

impl FetchPurgatory {
    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    fn insert(&mut self, fetch: DelayedFetch) {
        let id = fetch.asked.connection;
        self.deadlines.insert((fetch.deadline, id));
        for key in fetch.plan.watched() {
            self.watchers.entry(key).or_default().insert(id);
        }
        self.delayed.insert(id, fetch);
    }

    fn remove(&mut self, id: ConnectionId) -> Option<DelayedFetch> {
        let fetch = self.delayed.swap_remove(&id)?;
        self.deadlines.remove(&(fetch.deadline, id));
        for key in fetch.plan.watched() {
            if let Some(watchers) = self.watchers.get_mut(&key) {
                watchers.remove(&id);
                if watchers.is_empty() {
                    self.watchers.remove(&key);
                }
            }
        }
        Some(fetch)
    }
}

impl Process {
    /// Parks a request until there is enough for it, or its wait is over.
    pub(crate) fn await_bytes(&mut self, fetch: DelayedFetch) {
        self.fetch.insert(fetch);
    }

    /// Looks at the requests that wait for a partition that changed.
    pub(super) fn complete_fetches(&mut self, ctx: &mut Context<'_>, key: TopicPartition) {
        let Some(watchers) = self.fetch.watchers.get(&key) else { return };
        let watchers: Vec<ConnectionId> = watchers.iter().copied().collect();
        for id in watchers {
            let Some(waiting) = self.fetch.delayed.get(&id) else { continue };
            if !self.is_satisfied(&waiting.plan) {
                continue;
            }
            if let Some(fetch) = self.fetch.remove(id) {
                self.answer_fetch(ctx, &fetch.asked, &fetch.plan);
            }
        }
    }

    pub(super) fn expire_fetches(&mut self, ctx: &mut Context<'_>) {
        while let Some((at, id)) = self.fetch.deadlines.first().copied() {
            if at > ctx.now {
                break;
            }
            let Some(fetch) = self.fetch.remove(id) else { break };
            self.answer_fetch(ctx, &fetch.asked, &fetch.plan);
        }
    }

    pub(super) fn fetch_abandoned(&mut self, id: ConnectionId) {
        self.fetch.remove(id);
    }
}
