//! The simulated network between brokers, between brokers and controller, and between clients and
//! brokers.
//!
//! What is on its way waits in a heap ordered by (arrival, sequence number). Links are directed;
//! each can be harmed by itself ([`LinkFault`]). Nodes take the configured latency to reach each
//! other; what clients say and hear takes no time here, because transports have latencies of their
//! own.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use milena_protocol::time::MonoTime;

use crate::broker::Held;
use crate::cluster::{ConnectionId, Node, Output};
use crate::config::NetworkConfig;
use crate::fault::{Delay, FaultReport};
use crate::message::Message;

mod declared;
mod link;

use declared::Declarations;
pub use declared::{LinkFault, Probability};
use link::{Link, Passage};

/// What travels.
#[derive(Debug)]
pub(crate) enum Parcel {
    /// Between nodes.
    Message(Message),
    /// From a client to a broker.
    Said(Held),
    /// From a broker to a client.
    Output(Output),
}

impl Parcel {
    /// The client's connection that it is on.
    pub(crate) fn connection(&self) -> Option<ConnectionId> {
        match self {
            Self::Message(_) => None,
            Self::Said(said) => said.connection(),
            Self::Output(output) => output.connection(),
        }
    }

    /// About what it takes on the wire.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Message(message) => message.size(),
            Self::Said(Held::Frame { frame, .. }) => frame.len() + 4,
            Self::Output(Output::Send { frame, .. }) => frame.len(),
            Self::Said(_) | Self::Output(_) => 64,
        }
    }
}

/// A parcel on its way.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) at: MonoTime,
    pub(crate) sequence: u64,
    pub(crate) from: Node,
    pub(crate) to: Node,
    pub(crate) parcel: Parcel,
}

impl PartialEq for Envelope {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Envelope {}

impl PartialOrd for Envelope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Envelope {
    /// The earliest is the greatest, because `BinaryHeap` gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

/// What became of something between a client and a broker.
#[derive(Debug)]
pub(crate) enum Carried {
    /// It is there.
    Now(Parcel),
    /// It comes later.
    Later,
    /// It is lost, and its connection with it.
    Lost(Parcel),
    /// It is lost, and nobody knows yet.
    Vanished(Parcel),
}

/// All links, and what is on them.
#[derive(Debug)]
pub(crate) struct Network {
    config: NetworkConfig,
    seed: u64,
    heap: BinaryHeap<Envelope>,
    sequence: u64,
    links: BTreeMap<(Node, Node), Link>,
    declarations: Declarations,
}

impl Network {
    pub(crate) fn new(config: NetworkConfig, seed: u64) -> Self {
        Self {
            config,
            seed,
            heap: BinaryHeap::new(),
            sequence: 0,
            links: BTreeMap::new(),
            declarations: Declarations::default(),
        }
    }

    /// Sends a message from one node to another at `now`.
    pub(crate) fn send(&mut self, now: MonoTime, from: Node, to: Node, message: Message) {
        if self.links.is_empty() && self.config.jitter.is_zero() {
            return self.push(now + self.config.latency, from, to, Parcel::Message(message));
        }
        let parcel = Parcel::Message(message);
        match self.pass(now, from, to, parcel) {
            Carried::Now(parcel) => self.push(now, from, to, parcel),
            Carried::Later => {}
            Carried::Lost(Parcel::Message(message)) => self.break_call(now, from, to, &message),
            Carried::Vanished(Parcel::Message(message)) => {
                if let Some(link) = self.links.get_mut(&(from, to)) {
                    link.vanished.push_back(message);
                }
            }
            Carried::Lost(_) | Carried::Vanished(_) => {}
        }
    }

    /// Carries something between a client and a broker.
    pub(crate) fn carry(&mut self, now: MonoTime, from: Node, to: Node, parcel: Parcel) -> Carried {
        if self.links.contains_key(&(from, to)) {
            self.pass(now, from, to, parcel)
        } else {
            Carried::Now(parcel)
        }
    }

    fn pass(&mut self, now: MonoTime, from: Node, to: Node, parcel: Parcel) -> Carried {
        let between_nodes = from != Node::Clients && to != Node::Clients;
        let usual = match between_nodes {
            true => {
                Delay { least: self.config.latency, most: self.config.latency + self.config.jitter }
            }
            false => Delay::ZERO,
        };
        let seed = self.seed;
        let link = self.links.entry((from, to)).or_insert_with(|| Link::new(seed, (from, to)));
        match link.passage(now, usual, parcel.size(), &mut self.declarations) {
            Passage::Held => link.held.push_back(parcel),
            Passage::Lost => return Carried::Lost(parcel),
            Passage::Vanished => return Carried::Vanished(parcel),
            Passage::At(at) if at <= now && !between_nodes => return Carried::Now(parcel),
            Passage::At(at) => self.push(at, from, to, parcel),
        }
        Carried::Later
    }

    /// Tells whoever waits for an answer that the connection broke over `message`.
    fn break_call(&mut self, now: MonoTime, from: Node, to: Node, message: &Message) {
        let at = now + self.config.latency;
        match message {
            Message::Request { id, .. } => {
                self.push(at, to, from, Parcel::Message(Message::Disconnected { id: *id }));
            }
            Message::Response { id, .. } | Message::Disconnected { id } => {
                self.push(at, from, to, Parcel::Message(Message::Disconnected { id: *id }));
            }
        }
    }

    /// Does something to links, as one declaration.
    pub(crate) fn harm(&mut self, now: MonoTime, links: &[(Node, Node)], fault: &LinkFault) {
        let declaration = self.declarations.declare(now, links, fault);
        for ends in links {
            let seed = self.seed;
            let link = self.links.entry(*ends).or_insert_with(|| Link::new(seed, *ends));
            link.suffer(fault, declaration);
        }
        self.forget_ended();
    }

    /// Ends everything that was done to a direction. What was held by a cut is sent now; what
    /// vanished turns out to be lost. Gives whether connections of clients are to be reset.
    pub(crate) fn heal(&mut self, now: MonoTime, from: Node, to: Node) {
        let Some(link) = self.links.get_mut(&(from, to)) else { return };
        link.recover();
        let (held, vanished) = (std::mem::take(&mut link.held), std::mem::take(&mut link.vanished));
        for message in vanished {
            self.break_call(now, from, to, &message);
        }
        for parcel in held {
            match self.pass(now, from, to, parcel) {
                Carried::Now(parcel) => self.push(now, from, to, parcel),
                Carried::Later | Carried::Lost(_) | Carried::Vanished(_) => {}
            }
        }
        self.forget_ended();
    }

    /// Ends everything that was done to any link.
    pub(crate) fn heal_all(&mut self, now: MonoTime) {
        let links: Vec<_> = self.links.keys().copied().collect();
        for (from, to) in links {
            self.heal(now, from, to);
        }
    }

    /// Whether what is sent in a direction does not arrive for now.
    pub(crate) fn is_cut(&self, from: Node, to: Node) -> bool {
        self.links.get(&(from, to)).is_some_and(Link::is_cut)
    }

    /// Whether what is sent in a direction vanishes.
    pub(crate) fn is_half_open(&self, from: Node, to: Node) -> bool {
        self.links.get(&(from, to)).is_some_and(Link::is_half_open)
    }

    /// Drops what cuts hold of a client's connection that is gone.
    pub(crate) fn drop_held_of(&mut self, connection: ConnectionId) {
        for link in self.links.values_mut() {
            link.held.retain(|parcel| parcel.connection() != Some(connection));
        }
    }

    /// Drops what is held on the way to a node that died: its connections are gone.
    pub(crate) fn drop_held(&mut self, node: Node) {
        for ((from, to), link) in &mut self.links {
            if *to == node || *from == node {
                link.held.clear();
                link.vanished.clear();
            }
        }
    }

    pub(crate) fn next_arrival(&self) -> Option<MonoTime> {
        self.heap.peek().map(|envelope| envelope.at)
    }

    pub(crate) fn pop(&mut self) -> Option<Envelope> {
        self.heap.pop()
    }

    /// What became of what was done to links.
    pub(crate) fn reports(&self) -> Vec<FaultReport> {
        self.declarations.reports()
    }

    fn forget_ended(&mut self) {
        let in_force = self.links.values().flat_map(Link::declarations).collect();
        self.declarations.forget_others(&in_force);
    }

    fn push(&mut self, at: MonoTime, from: Node, to: Node, parcel: Parcel) {
        let sequence = self.sequence;
        self.sequence += 1;
        self.heap.push(Envelope { at, sequence, from, to, parcel });
    }
}

/// How long `bytes` take at a bandwidth.
fn transmission(bytes: usize, bytes_per_second: u64) -> Duration {
    let nanos = u128::try_from(bytes).unwrap_or(u128::MAX).saturating_mul(1_000_000_000);
    let nanos = nanos / u128::from(bytes_per_second.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
