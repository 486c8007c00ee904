//! The world of an in-memory cluster: the machine, the network around it, and its time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

use bytes::Bytes;
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;
use parking_lot::Mutex;

use super::super::{Machine, STEPS_AT_ONE_MOMENT};
use super::connection::{BrokerEnd, ClientEnd, Connection, Incoming, Packet, UNREAD_LIMIT};
use super::link::{Direction, Link, LinkConfig, LinkKey};
use crate::cluster::{
    CloseCause, CloseReason, ConnectionId, Input, ListenerState, Output, Reading,
};
use crate::simulation::Seed;
use crate::trace::{Node, Trace};

/// What a world is started with.
#[derive(Debug)]
pub(crate) struct WorldConfig {
    pub(crate) seed: Seed,
    pub(crate) link: LinkConfig,
    pub(crate) max_frame: usize,
    pub(crate) trace: Arc<Mutex<Trace>>,
}

#[derive(Debug)]
pub(crate) struct World<M> {
    pub(super) machine: M,
    config: WorldConfig,
    now: MonoTime,
    steps_at_now: u32,
    life: Life,
    events: BinaryHeap<Reverse<Scheduled>>,
    sequence: u64,
    next_connection: u64,
    pub(super) connections: BTreeMap<u64, Connection>,
    links: BTreeMap<LinkKey, Link>,
    ports: BTreeMap<BrokerId, ListenerState>,
    /// Connections whose broker's end may have something to do.
    ready: BTreeSet<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Running,
    Stopped,
}

/// What happens at a moment. Events of one moment happen in the order of scheduling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Scheduled {
    at: MonoTime,
    sequence: u64,
    connection: u64,
    event: Event,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The next packet of a pipe arrives.
    Arrival(Direction),
    /// The client has read: the broker's end may go on.
    Drained,
}

impl<M: Machine> World<M> {
    pub(crate) fn new(machine: M, config: WorldConfig) -> Self {
        Self {
            machine,
            config,
            now: MonoTime::ZERO,
            steps_at_now: 0,
            life: Life::Running,
            events: BinaryHeap::new(),
            sequence: 0,
            next_connection: 0,
            connections: BTreeMap::new(),
            links: BTreeMap::new(),
            ports: BTreeMap::new(),
            ready: BTreeSet::new(),
        }
    }

    pub(crate) fn machine(&mut self) -> &mut M {
        &mut self.machine
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.life == Life::Stopped
    }

    /// When something happens next, if nobody acts.
    pub(crate) fn next_event(&self) -> MonoTime {
        let network = self.events.peek().map(|Reverse(next)| next.at);
        [network, self.machine.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(MonoTime::FAR_FUTURE)
    }

    /// Plays everything that happens up to `until`, each event at its own time.
    pub(crate) fn play(&mut self, until: MonoTime) {
        self.settle();
        while self.life == Life::Running {
            let next = self.next_event();
            if next > until {
                break;
            }
            self.advance(next);
            match self.events.peek() {
                Some(Reverse(scheduled)) if scheduled.at <= self.now => {
                    let scheduled = *scheduled;
                    self.events.pop();
                    self.happen(scheduled);
                }
                _ => self.machine.step(self.now, Input::Timeout),
            }
            self.settle();
        }
        self.advance(until);
    }

    fn advance(&mut self, to: MonoTime) {
        if to > self.now {
            self.now = to;
            self.steps_at_now = 0;
            return;
        }
        self.steps_at_now += 1;
        if self.steps_at_now > STEPS_AT_ONE_MOMENT {
            tracing::error!(now = %self.now, "the cluster runs in circles without time going by: stopped");
            self.stop();
        }
    }

    /// Carries out what the machine put out, and what follows from it at this moment.
    pub(crate) fn settle(&mut self) {
        loop {
            while let Some(output) = self.machine.poll_output() {
                self.carry_out(output);
            }
            let Some(id) = self.ready.pop_first() else { break };
            self.pump(id);
        }
    }

    fn happen(&mut self, scheduled: Scheduled) {
        let id = scheduled.connection;
        let Event::Arrival(direction) = scheduled.event else {
            self.ready.insert(id);
            return;
        };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let key = connection.link(direction);
        if !link(&mut self.links, &self.config, key).passes(id) {
            return;
        }
        let Some(packet) = connection.pipe(direction).packets.pop_front() else { return };
        match direction {
            Direction::ToClient => connection.arrived_at_client(packet),
            Direction::ToBroker => self.arrived_at_broker(id, packet),
        }
    }

    fn arrived_at_broker(&mut self, id: u64, packet: Packet) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let port = self.ports.get(&connection.broker).copied();
        match (connection.broker_end, packet) {
            (BrokerEnd::Nothing, Packet::Open) => match port {
                None | Some(ListenerState::Refusing) => {
                    connection.broker_end = BrokerEnd::Closed;
                    self.send(id, Direction::ToClient, Packet::Refused);
                }
                Some(ListenerState::Accepting | ListenerState::Silent) => {
                    connection.broker_end = BrokerEnd::Accepted;
                    self.send(id, Direction::ToClient, Packet::Opened);
                }
            },
            (BrokerEnd::Accepted | BrokerEnd::Open, Packet::Data(bytes)) => {
                connection.received.extend_from_slice(&bytes);
            }
            (BrokerEnd::Accepted | BrokerEnd::Open, Packet::Finish) => {
                connection.incoming = Incoming::Finished;
            }
            (BrokerEnd::Accepted | BrokerEnd::Open, Packet::Reset) => {
                return self.disconnected(id);
            }
            (BrokerEnd::Closed, Packet::Data(_)) => {
                return self.send(id, Direction::ToClient, Packet::Reset);
            }
            _ => return self.forget_if_over(id),
        }
        self.ready.insert(id);
    }

    /// Lets a broker that runs take what its end of a connection has received.
    fn pump(&mut self, id: u64) {
        loop {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            if self.ports.get(&connection.broker) != Some(&ListenerState::Accepting) {
                return;
            }
            match connection.broker_end {
                BrokerEnd::Nothing | BrokerEnd::Closed => return,
                BrokerEnd::Accepted => self.introduce(id),
                BrokerEnd::Open => {
                    if connection.reading == Reading::Paused || connection.unread >= UNREAD_LIMIT {
                        return;
                    }
                    if !self.take_frame(id) {
                        return;
                    }
                }
            }
            while let Some(output) = self.machine.poll_output() {
                self.carry_out(output);
            }
        }
    }

    fn introduce(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.broker_end = BrokerEnd::Open;
        let (broker, client) = (connection.broker, connection.client);
        let node = Node::Broker(broker);
        self.config.trace.lock().record(self.now, node, "accept", |a| {
            a.number(id.cast_signed());
        });
        let peer = format!("client {client} connection {id}");
        self.machine
            .step(self.now, Input::Connected { connection: ConnectionId(id), broker, peer });
    }

    /// Hands one frame to the machine. Whether there may be more.
    fn take_frame(&mut self, id: u64) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        let broker = connection.broker;
        match connection.decoder.decode(&mut connection.received) {
            Ok(Some(frame)) => {
                connection.taken(frame.len() + 4);
                self.config.trace.lock().record(self.now, Node::Broker(broker), "request", |a| {
                    a.number(id.cast_signed()).payload(&frame);
                });
                self.machine.step(self.now, Input::Frame { connection: ConnectionId(id), frame });
                true
            }
            Ok(None) if connection.incoming == Incoming::Finished => {
                self.disconnected(id);
                false
            }
            Ok(None) => false,
            Err(error) => {
                let client = connection.client;
                tracing::warn!(%broker, client, connection = id, %error, "garbage: closing the connection");
                self.send(id, Direction::ToClient, Packet::Reset);
                self.disconnected(id);
                false
            }
        }
    }

    /// The broker's end learns that the connection is over.
    fn disconnected(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let known = connection.broker_end == BrokerEnd::Open;
        connection.broker_end = BrokerEnd::Closed;
        connection.received.clear();
        let node = Node::Broker(connection.broker);
        if known {
            self.config.trace.lock().record(self.now, node, "disconnect", |a| {
                a.number(id.cast_signed());
            });
            self.machine.step(self.now, Input::Disconnected { connection: ConnectionId(id) });
        }
        self.forget_if_over(id);
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Send { connection, frame } => self.respond(connection.0, frame),
            Output::Close { connection, reason } => self.close(connection.0, &reason),
            Output::Reading { connection, reading } => {
                if let Some(state) = self.connections.get_mut(&connection.0) {
                    state.reading = reading;
                    self.ready.insert(connection.0);
                }
            }
            Output::Listener { broker, state } => self.set_port(broker, state),
        }
    }

    fn respond(&mut self, id: u64, frame: Bytes) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.unread += frame.len();
        let node = Node::Broker(connection.broker);
        self.config.trace.lock().record(self.now, node, "response", |a| {
            a.number(id.cast_signed()).payload(&frame);
        });
        self.send(id, Direction::ToClient, Packet::Data(frame));
        self.ready.insert(id);
    }

    fn close(&mut self, id: u64, reason: &CloseReason) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.broker_end = BrokerEnd::Closed;
        connection.received.clear();
        let node = Node::Broker(connection.broker);
        self.config.trace.lock().record(self.now, node, "close", |a| {
            a.number(id.cast_signed()).text(&reason.to_string());
        });
        let packet = match reason.cause {
            CloseCause::BrokerKilled | CloseCause::ConnectionLost => Packet::Reset,
            _ => Packet::Finish,
        };
        tracing::debug!(connection = id, %reason, "closing");
        self.send(id, Direction::ToClient, packet);
        self.forget_if_over(id);
    }

    fn set_port(&mut self, broker: BrokerId, state: ListenerState) {
        self.ports.insert(broker, state);
        let name = match state {
            ListenerState::Accepting => "accepting",
            ListenerState::Refusing => "refusing",
            ListenerState::Silent => "silent",
        };
        self.config.trace.lock().record(self.now, Node::Broker(broker), "port", |a| {
            a.text(name);
        });
        let theirs = self.connections.iter().filter(|(_, c)| c.broker == broker);
        match state {
            ListenerState::Accepting => self.ready.extend(theirs.map(|(id, _)| *id)),
            ListenerState::Silent => {}
            // What the kernel had accepted on the broker's behalf ends with the process.
            ListenerState::Refusing => {
                let ended: Vec<u64> = theirs
                    .filter(|(_, c)| c.broker_end == BrokerEnd::Accepted)
                    .map(|(id, _)| *id)
                    .collect();
                for id in ended {
                    self.send(id, Direction::ToClient, Packet::Reset);
                    self.disconnected(id);
                }
            }
        }
    }

    /// Puts a packet on its way, at the world's own time.
    fn send(&mut self, id: u64, direction: Direction, packet: Packet) {
        self.send_at(self.now, id, direction, packet);
    }

    /// Puts a packet on its way at `now`, which is not before the world's own time.
    pub(super) fn send_at(&mut self, now: MonoTime, id: u64, direction: Direction, packet: Packet) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let latency = link(&mut self.links, &self.config, connection.link(direction)).latency();
        let pipe = connection.pipe(direction);
        pipe.packets.push_back(packet);
        let at = (now + latency).max(pipe.last_arrival);
        pipe.last_arrival = at;
        self.schedule(at, id, Event::Arrival(direction));
    }

    fn schedule(&mut self, at: MonoTime, connection: u64, event: Event) {
        let sequence = self.sequence;
        self.sequence += 1;
        self.events.push(Reverse(Scheduled { at, sequence, connection, event }));
    }

    /// Opens a connection from a client's end.
    pub(super) fn connect(&mut self, now: MonoTime, client: u32, broker: BrokerId) -> u64 {
        let id = self.next_connection;
        self.next_connection += 1;
        let mut connection = Connection::new(client, broker, self.config.max_frame);
        if self.life == Life::Stopped {
            connection.client_end = ClientEnd::Refused;
            connection.broker_end = BrokerEnd::Closed;
        }
        self.connections.insert(id, connection);
        self.note(now, client, "connect", id, i64::from(broker.0));
        self.send_at(now, id, Direction::ToBroker, Packet::Open);
        id
    }

    /// Takes note of what a client's end did: `argument` says how much or where to.
    pub(super) fn note(
        &self,
        now: MonoTime,
        client: u32,
        kind: &'static str,
        id: u64,
        argument: i64,
    ) {
        self.config.trace.lock().record(now, Node::Client(client), kind, |a| {
            a.number(id.cast_signed()).number(argument);
        });
    }

    /// Takes note that the client has read so much that the broker's end may go on.
    pub(super) fn drained(&mut self, now: MonoTime, id: u64) {
        self.schedule(now, id, Event::Drained);
    }

    /// Lets go of a connection once both ends have.
    pub(super) fn forget_if_over(&mut self, id: u64) {
        if self.connections.get(&id).is_some_and(Connection::is_over) {
            self.connections.remove(&id);
        }
    }

    /// Lets nothing pass a link any more.
    pub(crate) fn cut(&mut self, key: LinkKey) {
        link(&mut self.links, &self.config, key).cut();
        self.note_link(key, "cut");
    }

    /// Ends a cut: what waited is on its way again.
    pub(crate) fn heal(&mut self, key: LinkKey) {
        self.note_link(key, "heal");
        let waiting = link(&mut self.links, &self.config, key).heal();
        for id in waiting {
            let latency = link(&mut self.links, &self.config, key).latency();
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            let pipe = connection.pipe(key.direction);
            let at = (self.now + latency).max(pipe.last_arrival);
            pipe.last_arrival = at;
            self.schedule(at, id, Event::Arrival(key.direction));
        }
    }

    /// Breaks every connection between a client and a broker; both ends know at once.
    pub(crate) fn reset(&mut self, client: u32, broker: BrokerId) {
        let broken: Vec<u64> = self
            .connections
            .iter()
            .filter(|(_, c)| c.client == client && c.broker == broker)
            .map(|(id, _)| *id)
            .collect();
        for id in broken {
            self.note(self.now, client, "reset", id, i64::from(broker.0));
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.reset_client();
            }
            self.disconnected(id);
        }
    }

    /// Breaks every connection of a client whose process ended: its kernel resets them.
    pub(crate) fn crash(&mut self, client: u32) {
        self.config.trace.lock().record(self.now, Node::Client(client), "crash", |_| {});
        let theirs = self.connections.iter().filter(|(_, c)| c.client == client);
        let broken: Vec<u64> = theirs.map(|(id, _)| *id).collect();
        for id in broken {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.reset_client();
            }
            self.send(id, Direction::ToBroker, Packet::Reset);
        }
    }

    /// What happened so far.
    pub(crate) fn trace(&self) -> Trace {
        self.config.trace.lock().clone()
    }

    fn note_link(&self, key: LinkKey, kind: &'static str) {
        self.config.trace.lock().record(self.now, Node::Operator, kind, |a| {
            a.number(key.client).number(key.broker.0).text(match key.direction {
                Direction::ToBroker => "to broker",
                Direction::ToClient => "to client",
            });
        });
    }

    /// Ends the world.
    pub(crate) fn stop(&mut self) {
        self.life = Life::Stopped;
        self.events.clear();
        self.ready.clear();
        for connection in self.connections.values_mut() {
            connection.broker_end = BrokerEnd::Closed;
            connection.reset_client();
        }
        self.connections.retain(|_, connection| !connection.is_over());
    }
}

/// The link of that name, which comes to be when it is first used.
fn link<'a>(
    links: &'a mut BTreeMap<LinkKey, Link>,
    config: &WorldConfig,
    key: LinkKey,
) -> &'a mut Link {
    links.entry(key).or_insert_with(|| Link::new(config.seed, key, config.link))
}
