//! The pure machine: a whole cluster behind `step(now, input) -> outputs`.
//!
//! Nothing in here reads a clock, draws a random number from outside, or does IO. A driver hands
//! in what happened and when ([`Cluster::step`]), takes what is to be done
//! ([`Cluster::poll_output`], until it gives nothing), and comes back at
//! [`Cluster::poll_timeout`] with [`Input::Timeout`].
//!
//! Between two steps the machine may have had many events of its own (messages between brokers,
//! timers): each happens at its own time, in the order of time, so that a driver whose timers are
//! coarse sees the same as one whose timers are fine.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::StrBytes;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use milena_protocol::time::MonoTime;

mod control;
mod disks;
mod dump;
mod history;
mod input;
mod inspect;
mod links;
mod operate;
mod states;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trace;
mod view;

pub use history::{Happening, HistoryEvent};
pub(crate) use history::{History, Noted};
pub use input::{
    CloseCause, CloseReason, ConnectionId, DiskPace, Input, ListenerState, Node, Operation,
    OperationError, Output, ProcessState, Reading,
};
pub use states::{ImagePartition, ImageTopic, ImageView, LoggedRecord, ProducerView};
pub(crate) use trace::{Digest, Field, Fields, Text, Tracer};
pub use trace::{HashOnly, TraceArguments, TraceEvent, TraceSink};
pub use view::{BatchView, BrokerView, ConnectionView, PartitionView, ReplicaView, TopicView};

use crate::broker::{Broker, BrokerState, Held};
use crate::config::{ClusterConfig, ConfigError, TopicSpec};
use crate::context::Context;
use crate::controller::Controller;
use crate::fault::RuleBook;
use crate::handle::WaitError;
use crate::message::Message;
use crate::network::{Envelope, Network, Parcel};
use crate::settings::{self, Layers};
use control::Presence;

/// A simulated Kafka cluster.
#[derive(Debug)]
pub struct Cluster {
    config: ClusterConfig,
    tracer: Tracer,
    network: Network,
    controller: Controller,
    presence: Presence,
    brokers: BTreeMap<BrokerId, Broker>,
    /// Which broker each open connection leads to.
    connections: BTreeMap<ConnectionId, BrokerId>,
    /// Connections on which something vanished: the next packet that passes resets them.
    dead: BTreeMap<ConnectionId, BrokerId>,
    /// Bytes of requests that wait for a broker that is paused.
    held_bytes: BTreeMap<ConnectionId, usize>,
    /// Bytes of a connection between its client and its broker that take their time, or are held by
    /// a cut.
    on_the_way: BTreeMap<ConnectionId, usize>,
    /// Metadata on its way to brokers that are kept from learning it.
    held_metadata: BTreeMap<BrokerId, Vec<Message>>,
    outputs: VecDeque<Output>,
    /// What nodes put out since [`Cluster::hold_outputs`] looked.
    fresh: VecDeque<Output>,
    /// Brokers that ended by themselves and are still to be buried.
    halted: Vec<BrokerId>,
    last_request: u64,
    rules: RuleBook,
    history: History,
    now: MonoTime,
    is_started: bool,
    /// When something happens next by itself, as it was when everything due was done.
    next: Option<MonoTime>,
    /// Messages that arrived and timers that were due.
    events: u64,
}

impl Cluster {
    /// A cluster whose brokers are about to start. The first step starts them.
    ///
    /// `seed` decides cluster id, topic ids, placement and jitter; equal seeds and inputs give
    /// equal runs.
    ///
    /// # Errors
    /// If the configuration contradicts itself.
    pub fn new(mut config: ClusterConfig, seed: u64, now: MonoTime) -> Result<Self, ConfigError> {
        settings::apply_properties(&mut config)?;
        config.validate()?;
        let settings = Layers::of(&config);
        let controller = Controller::new(seed, &config, settings.clone());
        let cluster_id: Arc<str> = Arc::from(controller.cluster_id());
        let brokers = config
            .brokers
            .iter()
            .map(|broker| {
                let (settings, cluster_id) = (settings.at(broker), Arc::clone(&cluster_id));
                (broker.id, Broker::new(broker.clone(), settings, cluster_id, seed))
            })
            .collect();
        Ok(Self {
            network: Network::new(config.network.clone(), seed),
            rules: RuleBook::new(seed),
            history: History::new(config.history),
            config,
            tracer: Tracer::default(),
            controller,
            presence: Presence::default(),
            brokers,
            connections: BTreeMap::new(),
            dead: BTreeMap::new(),
            held_bytes: BTreeMap::new(),
            on_the_way: BTreeMap::new(),
            held_metadata: BTreeMap::new(),
            outputs: VecDeque::new(),
            fresh: VecDeque::new(),
            halted: Vec::new(),
            last_request: 0,
            now,
            is_started: false,
            next: Some(now),
            events: 0,
        })
    }

    /// Hands every event from now on to `sink`. Before the first step, for whole traces.
    pub fn set_trace(&mut self, sink: Box<dyn TraceSink>) {
        self.tracer.install(sink);
    }

    /// The rolling hash over all events since a sink was installed.
    pub fn trace_hash(&self) -> u64 {
        self.tracer.hash()
    }

    /// Takes an input, and does everything that is due by `now`.
    ///
    /// Time never goes back: an earlier `now` than before counts as the same.
    pub fn step(&mut self, now: MonoTime, input: Input) {
        self.catch_up(now);
        match input {
            Input::Connected { connection, broker, peer } => {
                self.connected(connection, broker, peer);
            }
            Input::Frame { connection, frame } => self.frame(connection, frame),
            Input::Disconnected { connection } => self.disconnected(connection),
            Input::Timeout => {}
            Input::Operator(operation) => {
                // The caller chose not to hear of a refusal.
                let _ = self.carry_out(operation);
            }
        }
        self.advance(now);
    }

    /// [`Input::Operator`] with its outcome.
    ///
    /// # Errors
    /// If the operation makes no sense now; nothing changed then.
    pub fn operate(&mut self, now: MonoTime, operation: Operation) -> Result<(), OperationError> {
        self.catch_up(now);
        let outcome = self.carry_out(operation);
        self.advance(now);
        outcome
    }

    /// Lets time pass, from timer to timer, until `condition` holds. For drivers whose clients do
    /// nothing meanwhile; [`MockCluster`](crate::MockCluster) has a wait for the others.
    ///
    /// # Errors
    /// If it does not hold within the given time. The error says `what` was waited for, and
    /// describes the cluster.
    pub fn run_until(
        &mut self,
        what: &str,
        within: Duration,
        mut condition: impl FnMut(&Self) -> bool,
    ) -> Result<(), WaitError> {
        let deadline = self.now + within;
        loop {
            if condition(self) {
                return Ok(());
            }
            match self.poll_timeout().filter(|at| *at <= deadline) {
                Some(at) => self.step(at, Input::Timeout),
                None if self.now < deadline => self.step(deadline, Input::Timeout),
                None => return Err(WaitError::new(what, within, self.describe())),
            }
        }
    }

    /// What is to be done next; `None` when there is nothing until the next step.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When the machine wants [`Input::Timeout`] at the latest.
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        self.next
    }

    /// How many events of its own it has had: messages that arrived, timers that were due. A driver
    /// that bounds them notices a cluster that never comes to rest.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The configuration it was started with.
    pub fn config(&self) -> &ClusterConfig {
        &self.config
    }

    /// Does what became due since the last step.
    fn catch_up(&mut self, now: MonoTime) {
        #[cfg(feature = "sabotage")]
        crate::sabotage::plant(self.config.sabotage);
        if self.next.is_some_and(|at| at <= now) {
            self.advance(now);
        }
        self.now = self.now.max(now);
    }

    /// Does everything that is due by `now`, each thing at its own time.
    fn advance(&mut self, now: MonoTime) {
        if !self.is_started {
            self.is_started = true;
            self.now = self.now.max(now);
            let ids: Vec<BrokerId> = self.brokers.keys().copied().collect();
            for id in ids {
                self.start_broker(id);
            }
        }
        self.next = Some(self.now);
        for _ in 0..self.config.events_per_step {
            let arrival = self.network.next_arrival();
            // Messages of this very moment come before timers, which need not be looked at then.
            if arrival.is_none_or(|at| at > self.now) {
                self.next = arrival.into_iter().chain(self.next_timer()).min();
                let Some(next) = self.next.filter(|at| *at <= now) else { break };
                self.now = self.now.max(next);
                if arrival.is_none_or(|at| at > next) {
                    self.events += 1;
                    self.run_timers();
                    continue;
                }
            }
            if let Some(envelope) = self.network.pop() {
                self.events += 1;
                self.deliver(envelope);
            }
        }
        self.now = self.now.max(now);
    }

    fn next_timer(&self) -> Option<MonoTime> {
        let brokers = self.brokers.values().filter_map(|broker| match &broker.state {
            BrokerState::Up(process) => Some(process.poll_timeout()),
            BrokerState::Killed(_) | BrokerState::Paused { .. } => None,
        });
        brokers.chain(self.next_of_controller()).min()
    }

    fn run_timers(&mut self) {
        self.look_at_conditions();
        self.run_controller();
        let now = self.now;
        let (_, brokers, mut ctx) = self.split();
        let mut ended = Vec::new();
        for (id, broker) in brokers {
            ctx.clock_skew = broker.clock_skew;
            if let BrokerState::Up(process) = &mut broker.state
                && process.poll_timeout() <= now
            {
                process.on_timeout(&mut ctx);
                if process.has_ended() {
                    ended.push(*id);
                }
            }
        }
        self.hold_outputs();
        for id in ended {
            self.end_if_over(id);
        }
    }

    fn deliver(&mut self, envelope: Envelope) {
        self.look_at_conditions();
        let Envelope { from, to, parcel, .. } = envelope;
        self.arrives(&parcel);
        match (to, parcel) {
            (_, Parcel::Message(message)) => self.deliver_message(from, to, message),
            (Node::Broker(id), Parcel::Said(said)) => self.hear(id, said),
            (_, Parcel::Output(output)) => self.outputs.push_back(output),
            (Node::Controller | Node::Clients, Parcel::Said(_)) => {}
        }
        self.hold_outputs();
    }

    fn deliver_message(&mut self, from: Node, to: Node, message: Message) {
        let Some(message) = self.keep_metadata(to, message) else { return };
        let (_, brokers, mut ctx) = self.split();
        match to {
            Node::Controller => self.reach_controller(Held::Message { from, message }),
            Node::Clients => {}
            Node::Broker(id) => {
                let Some(broker) = brokers.get_mut(&id) else { return };
                ctx.clock_skew = broker.clock_skew;
                match &mut broker.state {
                    BrokerState::Up(process) => {
                        process.receive(&mut ctx, from, message);
                        if process.has_ended() {
                            self.end_if_over(id);
                        }
                    }
                    BrokerState::Paused { held, .. } => {
                        held.push_back(Held::Message { from, message });
                    }
                    // Nobody listens: the connection is refused.
                    BrokerState::Killed(_) => {
                        if let Message::Request { id, .. } = message {
                            ctx.send(to, from, Message::Disconnected { id });
                        }
                    }
                }
            }
        }
    }

    /// Looks at the conditions of rules before something happens that may bring requests.
    fn look_at_conditions(&mut self) {
        if self.rules.has_conditions() {
            let mut rules = std::mem::replace(&mut self.rules, RuleBook::new(0));
            rules.look_at(self);
            self.rules = rules;
        }
    }

    /// The nodes, and what they may touch.
    fn split(&mut self) -> (&mut Controller, &mut BTreeMap<BrokerId, Broker>, Context<'_>) {
        let ctx = Context {
            now: self.now,
            config: &self.config,
            network: &mut self.network,
            outputs: &mut self.fresh,
            tracer: &mut self.tracer,
            halted: &mut self.halted,
            last_request: &mut self.last_request,
            rules: &mut self.rules,
            history: &mut self.history,
            clock_skew: 0,
        };
        (&mut self.controller, &mut self.brokers, ctx)
    }

    fn start_broker(&mut self, id: BrokerId) {
        let (_, brokers, mut ctx) = self.split();
        if let Some(broker) = brokers.get_mut(&id) {
            broker.start(&mut ctx);
        }
        self.hold_outputs();
    }
}

/// Tells a process what happened.
fn hand_over(process: &mut crate::broker::Process, ctx: &mut Context<'_>, said: Held) {
    match said {
        Held::Message { from, message } => process.receive(ctx, from, message),
        Held::Connected { connection, peer } => process.connected(ctx, connection, peer),
        Held::Frame { connection, frame } => process.frame(ctx, connection, frame),
        Held::Disconnected { connection } => process.disconnected(ctx, connection),
    }
}

fn creatable(spec: &TopicSpec) -> CreatableTopic {
    let text = |text: &str| StrBytes::from_string(text.to_owned());
    let broker = |id: &BrokerId| milena_protocol::messages::BrokerId(id.get());
    let assignments = (0..).zip(spec.assignments.iter().flatten()).map(|(index, replicas)| {
        CreatableReplicaAssignment::default()
            .with_partition_index(index)
            .with_broker_ids(replicas.iter().map(broker).collect())
    });
    let configs = spec.configs.iter().map(|(name, value)| {
        CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))
    });
    CreatableTopic::default()
        .with_name(milena_protocol::messages::TopicName(text(&spec.name)))
        .with_num_partitions(spec.partitions.unwrap_or(-1))
        .with_replication_factor(spec.replication_factor.unwrap_or(-1))
        .with_assignments(assignments.collect())
        .with_configs(configs.collect())
}
