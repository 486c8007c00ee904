//! The pure machine: a whole cluster behind `step(now, input) -> outputs`.
//!
//! Nothing in here reads a clock, draws a random number from outside, or does IO. A driver hands
//! in what happened and when ([`Cluster::step`]), takes what is to be done
//! ([`Cluster::poll_output`], until it gives nothing), and comes back at
//! [`Cluster::poll_timeout`] with [`Input::Timeout`].

use std::collections::VecDeque;

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

mod input;
mod trace;
mod view;

pub use input::{
    CloseCause, CloseReason, ConnectionId, Input, ListenerState, Node, Operation, OperationError,
    Output, ProcessState, Reading,
};
pub use trace::{HashOnly, TraceEvent, TraceSink};
pub use view::{BatchView, BrokerView, PartitionView, ReplicaView, TopicView};

use crate::config::{ClusterConfig, ConfigError};

/// A simulated Kafka cluster.
#[derive(Debug)]
pub struct Cluster {
    config: ClusterConfig,
    tracer: trace::Tracer,
    outputs: VecDeque<Output>,
    now: MonoTime,
}

impl Cluster {
    /// A cluster whose brokers are about to start. The first step starts them.
    ///
    /// `seed` decides cluster id, topic ids and jitter; equal seeds and inputs give equal runs.
    pub fn new(config: ClusterConfig, _seed: u64, now: MonoTime) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self { config, tracer: trace::Tracer::default(), outputs: VecDeque::new(), now })
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
        match input {
            Input::Operator(operation) => {
                let _ = self.operate(now, operation);
            }
            _ => self.now = self.now.max(now),
        }
    }

    /// [`Input::Operator`] with its outcome.
    pub fn operate(&mut self, now: MonoTime, operation: Operation) -> Result<(), OperationError> {
        self.now = self.now.max(now);
        match operation {
            Operation::Kill(broker) => Err(OperationError::NoSuchBroker { broker }),
            _ => Ok(()),
        }
    }

    /// What is to be done next; `None` when there is nothing until the next step.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When the machine wants [`Input::Timeout`] at the latest.
    pub fn poll_timeout(&self) -> Option<MonoTime> {
        None
    }

    /// The configuration it was started with.
    pub fn config(&self) -> &ClusterConfig {
        &self.config
    }

    /// The id of the cluster.
    pub fn cluster_id(&self) -> &str {
        ""
    }

    /// Every broker, by number.
    pub fn brokers(&self) -> Vec<BrokerView> {
        Vec::new()
    }

    /// One broker.
    pub fn broker(&self, _id: BrokerId) -> Option<BrokerView> {
        None
    }

    /// Every topic, by name.
    pub fn topics(&self) -> Vec<TopicView> {
        Vec::new()
    }

    /// One topic.
    pub fn topic(&self, _name: &str) -> Option<TopicView> {
        None
    }

    /// One partition. Copies the batches of every replica's log (their bytes are shared).
    pub fn partition(&self, _topic: &str, _index: i32) -> Option<PartitionView> {
        None
    }
}
