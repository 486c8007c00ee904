//! The ways between clients and brokers: what is said and heard on them, and what is done to them.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use milena_protocol::ids::BrokerId;

use super::{CloseCause, CloseReason, Cluster, ConnectionId, Node, Output, Reading, hand_over};
use crate::broker::{Broker, BrokerState, FULL, Held};
use crate::network::{Carried, Parcel};

/// Bytes of one connection that may be on their way to a client, or wait for a cut to heal: more than
/// the largest answer (`fetch.max.bytes`).
const MOST_ON_THE_WAY: usize = 64 * 1024 * 1024;

impl Cluster {
    pub(super) fn connected(&mut self, connection: ConnectionId, broker: BrokerId, peer: String) {
        self.connections.insert(connection, broker);
        self.client_says(broker, Held::Connected { connection, peer });
    }

    pub(super) fn frame(&mut self, connection: ConnectionId, frame: Bytes) {
        if let Some(broker) = self.connections.get(&connection).copied() {
            self.client_says(broker, Held::Frame { connection, frame });
        }
    }

    pub(super) fn disconnected(&mut self, connection: ConnectionId) {
        if let Some(broker) = self.connections.remove(&connection) {
            self.dead.remove(&connection);
            self.held_bytes.remove(&connection);
            self.on_the_way.remove(&connection);
            self.client_says(broker, Held::Disconnected { connection });
        }
    }

    /// Something came from a client, and may be on its way to the broker for a while.
    fn client_says(&mut self, id: BrokerId, said: Held) {
        let connection = said.connection();
        if connection.is_some_and(|connection| self.dead.contains_key(&connection)) {
            return;
        }
        let (from, to) = (Node::Clients, Node::Broker(id));
        let parcel = Parcel::Said(said);
        let size = parcel.size();
        match self.network.carry(self.now, from, to, parcel) {
            Carried::Now(Parcel::Said(said)) => {
                self.hear(id, said);
                self.hold_outputs();
            }
            Carried::Lost(Parcel::Said(said)) => {
                if let Some(connection) = said.connection() {
                    self.reset(id, connection);
                }
            }
            Carried::Vanished(Parcel::Said(said)) => {
                self.dead.extend(said.connection().map(|connection| (connection, id)));
            }
            Carried::Later => self.sets_out(id, connection, size),
            Carried::Now(_) | Carried::Lost(_) | Carried::Vanished(_) => {}
        }
    }

    /// Something of a client's connection is on its way for a while. Above [`FULL`] bytes the
    /// client's socket is not read any more; above [`MOST_ON_THE_WAY`], which only answers can
    /// reach, the connection breaks.
    fn sets_out(&mut self, broker: BrokerId, connection: Option<ConnectionId>, size: usize) {
        let Some(connection) = connection else { return };
        if !self.connections.contains_key(&connection) {
            return;
        }
        let bytes = self.on_the_way.entry(connection).or_default();
        *bytes += size;
        if *bytes > MOST_ON_THE_WAY {
            self.reset(broker, connection);
        } else if *bytes > FULL {
            self.outputs.push_back(Output::Reading { connection, reading: Reading::Paused });
        }
    }

    /// Something of a client's connection is there.
    pub(super) fn arrives(&mut self, parcel: &Parcel) {
        let Some(connection) = parcel.connection() else { return };
        let Some(bytes) = self.on_the_way.get_mut(&connection) else { return };
        let was_full = *bytes > FULL;
        *bytes = bytes.saturating_sub(parcel.size());
        if was_full && *bytes <= FULL && self.reads(connection) {
            self.outputs.push_back(Output::Reading { connection, reading: Reading::Resumed });
        }
        if self.on_the_way.get(&connection) == Some(&0) {
            self.on_the_way.remove(&connection);
        }
    }

    /// Whether the broker of a connection takes what is read from it.
    fn reads(&self, connection: ConnectionId) -> bool {
        let broker = self.connections.get(&connection).and_then(|id| self.brokers.get(id));
        let is_full = self.held_bytes.get(&connection).is_some_and(|held| *held > FULL);
        let process = broker.and_then(Broker::process);
        !is_full && process.is_none_or(|process| process.reads(connection))
    }

    /// What a client said has arrived.
    pub(super) fn hear(&mut self, id: BrokerId, said: Held) {
        self.look_at_conditions();
        if id == self.config.controller_id {
            self.reach_controller(said);
            return;
        }
        if self.brokers.get(&id).is_some_and(Broker::is_paused) {
            note_held(&mut self.held_bytes, &mut self.outputs, &said);
        }
        let (_, brokers, mut ctx) = self.split();
        let Some(broker) = brokers.get_mut(&id) else { return };
        ctx.clock_skew = broker.clock_skew;
        match &mut broker.state {
            BrokerState::Up(process) => hand_over(process, &mut ctx, said),
            BrokerState::Paused { held, .. } => held.push_back(said),
            BrokerState::Killed(_) => {
                if let Held::Connected { connection, peer } = said {
                    let cause = CloseCause::NotListening;
                    let reason = CloseReason { broker: id, peer, cause };
                    self.fresh.push_back(Output::Close { connection, reason });
                }
            }
        }
    }

    /// What waited for a broker is about to be handed on: its connections are read again.
    pub(super) fn forget_held(&mut self, id: BrokerId) {
        let connections = &self.connections;
        let of_broker =
            |connection: &ConnectionId, _: &mut usize| connections.get(connection) == Some(&id);
        for (connection, held) in self.held_bytes.extract_if(.., of_broker) {
            if held > FULL {
                let reading = Reading::Resumed;
                self.fresh.push_back(Output::Reading { connection, reading });
            }
        }
    }

    /// Passes on what nodes put out. What is meant for clients may be on its way for a while.
    pub(super) fn hold_outputs(&mut self) {
        while let Some(id) = self.halted.pop() {
            // It may have been killed in the same moment.
            let _ = self.kill(id);
        }
        while let Some(output) = self.fresh.pop_front() {
            let broker = match &output {
                Output::Send { connection, .. } => self.connections.get(connection).copied(),
                Output::Close { connection, reason } => {
                    self.connections.remove(connection);
                    self.on_the_way.remove(connection);
                    Some(reason.broker)
                }
                Output::Reading { .. } | Output::Listener { .. } => None,
            };
            let Some(broker) = broker else {
                if !self.is_overtaken(&output) {
                    self.outputs.push_back(output);
                }
                continue;
            };
            self.answer_client(broker, output);
        }
    }

    /// Whether a broker wants to read a connection of which too much is on its way.
    fn is_overtaken(&self, output: &Output) -> bool {
        let Output::Reading { connection, reading: Reading::Resumed } = output else {
            return false;
        };
        self.on_the_way.get(connection).is_some_and(|bytes| *bytes > FULL)
    }

    fn answer_client(&mut self, broker: BrokerId, output: Output) {
        if output.connection().is_some_and(|connection| self.dead.contains_key(&connection)) {
            return;
        }
        let (from, to) = (Node::Broker(broker), Node::Clients);
        let parcel = Parcel::Output(output);
        let (connection, size) = (parcel.connection(), parcel.size());
        match self.network.carry(self.now, from, to, parcel) {
            Carried::Now(Parcel::Output(output)) => self.outputs.push_back(output),
            Carried::Lost(Parcel::Output(output)) => {
                if let Some(connection) = output.connection() {
                    self.reset(broker, connection);
                }
            }
            Carried::Vanished(Parcel::Output(output)) => {
                self.dead.extend(output.connection().map(|connection| (connection, broker)));
            }
            Carried::Later => self.sets_out(broker, connection, size),
            Carried::Now(_) | Carried::Lost(_) | Carried::Vanished(_) => {}
        }
    }

    /// Breaks a client's connection: both ends know at once.
    pub(super) fn reset(&mut self, broker: BrokerId, connection: ConnectionId) {
        self.connections.remove(&connection);
        self.dead.remove(&connection);
        self.on_the_way.remove(&connection);
        self.network.drop_held_of(connection);
        let reason = CloseReason { broker, peer: String::new(), cause: CloseCause::ConnectionLost };
        self.outputs.push_back(Output::Close { connection, reason });
        self.hear(broker, Held::Disconnected { connection });
        self.hold_outputs();
    }

    /// Resets connections on which something vanished, where packets pass again.
    pub(super) fn reset_the_dead(&mut self) {
        for (connection, broker) in std::mem::take(&mut self.dead) {
            let node = Node::Broker(broker);
            let is_half_open = self.network.is_half_open(Node::Clients, node)
                || self.network.is_half_open(node, Node::Clients);
            if is_half_open {
                self.dead.insert(connection, broker);
            } else {
                self.reset(broker, connection);
            }
        }
    }
}

/// Counts what waits for a broker that cannot take it, and has a connection that sends too much read
/// no more, as a socket whose buffers are full.
fn note_held(
    bytes: &mut BTreeMap<ConnectionId, usize>,
    outputs: &mut VecDeque<Output>,
    said: &Held,
) {
    let Held::Frame { connection, frame } = said else { return };
    let held = bytes.entry(*connection).or_default();
    let was_full = *held > FULL;
    *held += frame.len();
    if *held > FULL && !was_full {
        outputs.push_back(Output::Reading { connection: *connection, reading: Reading::Paused });
    }
}
