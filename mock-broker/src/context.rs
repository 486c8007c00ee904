//! What a node may touch besides itself while it handles something.

use std::collections::VecDeque;

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use crate::cluster::{Fields, History, Node, Noted, Output, Tracer};
use crate::config::ClusterConfig;
use crate::fault::RuleBook;
use crate::message::Message;
use crate::network::Network;

/// Lent to a node for one event.
pub(crate) struct Context<'a> {
    pub(crate) now: MonoTime,
    pub(crate) config: &'a ClusterConfig,
    pub(crate) network: &'a mut Network,
    pub(crate) outputs: &'a mut VecDeque<Output>,
    pub(crate) tracer: &'a mut Tracer,
    /// Brokers whose process ends by itself.
    pub(crate) halted: &'a mut Vec<BrokerId>,
    /// The number of the last request any node sent.
    pub(crate) last_request: &'a mut u64,
    pub(crate) rules: &'a mut RuleBook,
    pub(crate) history: &'a mut History,
    /// By how many milliseconds this node's clock is ahead of the true time of day.
    pub(crate) clock_skew: i64,
}

impl Context<'_> {
    /// Sends a message to another node.
    pub(crate) fn send(&mut self, from: Node, to: Node, message: Message) {
        self.network.send(self.now, from, to, message);
    }

    /// A number no other request has.
    pub(crate) fn next_request(&mut self) -> u64 {
        *self.last_request += 1;
        *self.last_request
    }

    /// The time of day in milliseconds, as this node's clock shows it.
    pub(crate) fn wall_millis(&self) -> i64 {
        let millis = i64::try_from(self.now.since_origin().as_millis()).unwrap_or(i64::MAX);
        self.config.epoch_millis.saturating_add(millis).saturating_add(self.clock_skew)
    }

    /// Keeps in mind for whoever asks later what happened.
    pub(crate) fn note(&mut self, node: Node, noted: Noted) {
        self.history.note(self.now, node, noted);
    }

    /// Notes an event.
    pub(crate) fn trace(&mut self, node: Node, kind: &'static str, fields: &Fields<'_>) {
        self.tracer.event(self.now, node, kind, fields);
    }
}
