//! The processes that run clients of an in-memory cluster, and what their environments are made of.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use milena::environment::Environment;
use milena_protocol::ids::BrokerId;
use parking_lot::Mutex;

use super::clock::VirtualWallClock;
use super::nodes::{NodeSpawner, NodeTasks};
use super::seed::{Seed, SeededEntropy};
use crate::cluster::Cluster;
use crate::handle::{MockCluster, Place};
use crate::transport::memory::{Direction, LinkKey, Memory, MemoryConnector};

/// The client processes of an in-memory cluster.
pub(crate) struct Clients {
    names: Arc<BTreeMap<String, BrokerId>>,
    defer_percent: u8,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    started: u32,
    /// The one that [`MockCluster::environment`] belongs to.
    first: Option<ClientProcess>,
}

impl Clients {
    fn new(names: BTreeMap<String, BrokerId>, defer_percent: u8) -> Self {
        Self { names: Arc::new(names), defer_percent, state: Mutex::default() }
    }

    fn start(&self, memory: &Arc<Memory<Cluster>>, seed: Seed) -> ClientProcess {
        let mut state = self.state.lock();
        self.start_locked(&mut state, memory, seed)
    }

    fn start_locked(
        &self,
        state: &mut State,
        memory: &Arc<Memory<Cluster>>,
        seed: Seed,
    ) -> ClientProcess {
        let number = state.started;
        state.started += 1;
        let tasks = Arc::new(NodeTasks::new(seed, number, self.defer_percent));
        let environment = Environment::new(
            MemoryConnector::new(Arc::clone(memory), number, Arc::clone(&self.names)),
            VirtualWallClock::new(memory.origin()),
            SeededEntropy::new(seed.stream("client entropy", u64::from(number))),
            NodeSpawner(Arc::clone(&tasks)),
        );
        ClientProcess { number, tasks, environment, memory: Arc::clone(memory) }
    }

    fn each(&self) -> std::ops::Range<u32> {
        0..self.state.lock().started
    }

    /// Ends the cuts of single clients.
    pub(crate) fn heal(&self, memory: &Memory<Cluster>, broker: BrokerId) {
        let links = self.each().flat_map(|client| both(client, broker));
        memory.with(|world, _| links.for_each(|key| world.heal(key)));
    }

    pub(crate) fn reset(&self, memory: &Memory<Cluster>, broker: BrokerId) {
        let clients = self.each();
        memory.with(|world, _| clients.for_each(|client| world.reset(client, broker)));
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("started", &self.state.lock().started).finish()
    }
}

/// Both directions between a client and a broker.
fn both(client: u32, broker: BrokerId) -> impl Iterator<Item = LinkKey> {
    let directions = [Direction::ToBroker, Direction::ToClient];
    directions.into_iter().map(move |direction| LinkKey { client, broker, direction })
}

impl Place {
    pub(crate) fn memory(
        memory: Arc<Memory<Cluster>>,
        names: BTreeMap<String, BrokerId>,
        defer_percent: u8,
    ) -> Self {
        Self::Memory { memory, clients: Clients::new(names, defer_percent) }
    }
}

impl MockCluster {
    /// What a client needs to reach this cluster: hand it to `Kafka::builder(..).environment(..)`.
    ///
    /// In memory every call gives the environment of one and the same client process; a test that
    /// crashes clients starts them with [`start_client`](Self::start_client). Over TCP this is the
    /// ordinary environment.
    pub fn environment(&self) -> Environment {
        let Place::Memory { memory, clients } = self.place() else { return Environment::tokio() };
        let seed = Seed(self.seed());
        let mut state = clients.state.lock();
        if let Some(first) = &state.first {
            return first.environment();
        }
        let first = clients.start_locked(&mut state, memory, seed);
        let environment = first.environment();
        state.first = Some(first);
        environment
    }

    /// Starts a client process of its own, which can be cut off, paused and crashed. `None` over
    /// TCP, where clients are none of the cluster's business.
    pub fn start_client(&self) -> Option<ClientProcess> {
        match self.place() {
            Place::Tcp(_) => None,
            Place::Memory { memory, clients } => Some(clients.start(memory, Seed(self.seed()))),
        }
    }
}

/// A process that runs clients of an in-memory cluster: its tasks and its connections.
#[derive(Clone)]
pub struct ClientProcess {
    number: u32,
    tasks: Arc<NodeTasks>,
    environment: Environment,
    memory: Arc<Memory<Cluster>>,
}

impl ClientProcess {
    /// What to give to `Kafka::builder(..).environment(..)` for a client that runs in it.
    pub fn environment(&self) -> Environment {
        self.environment.clone()
    }

    /// Its number in traces.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Ends it where it stands: its tasks are never polled again, its connections break. What runs
    /// outside of it, such as the test itself, keeps handles that lead nowhere. Nothing starts in
    /// it again.
    pub fn crash(&self) {
        self.tasks.crash();
        self.memory.with(|world, _| world.crash(self.number));
    }

    /// Stops it as SIGSTOP does: no task of it runs, its connections stay.
    pub fn pause(&self) {
        self.tasks.pause();
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.tasks.resume();
    }

    /// Cuts it off from brokers, in both directions, until
    /// [`NetworkHandle::heal`](crate::NetworkHandle::heal) or [`heal`](Self::heal).
    pub fn cut<A>(&self, brokers: A)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
    {
        let links = brokers.into_iter().flat_map(|id| both(self.number, id.into()));
        self.memory.with(|world, _| links.for_each(|key| world.cut(key)));
    }

    /// Ends its cuts from brokers.
    pub fn heal<A>(&self, brokers: A)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
    {
        let links = brokers.into_iter().flat_map(|id| both(self.number, id.into()));
        self.memory.with(|world, _| links.for_each(|key| world.heal(key)));
    }
}

impl fmt::Debug for ClientProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientProcess").field("number", &self.number).finish_non_exhaustive()
    }
}
