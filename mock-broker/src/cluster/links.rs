//! The ways between clients and brokers: what is said and heard on them, and what is done to them.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use milena_protocol::ids::BrokerId;

use super::{CloseCause, CloseReason, Cluster, ConnectionId, Node, Output, Reading, hand_over};
use crate::broker::{Broker, BrokerState, FULL, Held};
use crate::network::{Carried, Parcel};

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
        match self.network.carry(self.now, from, to, Parcel::Said(said)) {
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
            Carried::Now(_) | Carried::Later | Carried::Lost(_) | Carried::Vanished(_) => {}
        }
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
                    Some(reason.broker)
                }
                Output::Reading { .. } | Output::Listener { .. } => None,
            };
            let Some(broker) = broker else {
                self.outputs.push_back(output);
                continue;
            };
            self.answer_client(broker, output);
        }
    }

    fn answer_client(&mut self, broker: BrokerId, output: Output) {
        if output.connection().is_some_and(|connection| self.dead.contains_key(&connection)) {
            return;
        }
        let (from, to) = (Node::Broker(broker), Node::Clients);
        match self.network.carry(self.now, from, to, Parcel::Output(output)) {
            Carried::Now(Parcel::Output(output)) => self.outputs.push_back(output),
            Carried::Lost(Parcel::Output(output)) => {
                if let Some(connection) = output.connection() {
                    self.reset(broker, connection);
                }
            }
            Carried::Vanished(Parcel::Output(output)) => {
                self.dead.extend(output.connection().map(|connection| (connection, broker)));
            }
            Carried::Now(_) | Carried::Later | Carried::Lost(_) | Carried::Vanished(_) => {}
        }
    }

    /// Breaks a client's connection: both ends know at once.
    pub(super) fn reset(&mut self, broker: BrokerId, connection: ConnectionId) {
        self.connections.remove(&connection);
        self.dead.remove(&connection);
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
