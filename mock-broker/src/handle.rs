//! What a test holds of a cluster: topics, brokers, partitions, the network.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;
use tokio::sync::Notify;

use crate::builder::MockClusterBuilder;
use crate::cluster::{BrokerView, Cluster, Operation, OperationError, TopicView};
use crate::simulation::Clients;
use crate::trace::Trace;
use crate::transport::memory::Memory;
use crate::transport::tcp::Tcp;

mod broker;
mod controller;
mod disk;
mod faults;
mod links;
mod network;
mod partition;
mod topic;
mod wait;

pub use broker::BrokerHandle;
pub use controller::ControllerHandle;
pub use disk::DiskHandle;
pub use faults::RuleHandle;
pub use links::{Ends, Links, OneWay};
pub use network::NetworkHandle;
pub use partition::PartitionHandle;
pub use topic::Topic;
pub use wait::WaitError;

/// A running cluster. Clones are handles to the same one; it stops when the last is dropped.
///
/// ```
/// use milena_mock_broker::{MockCluster, Topic};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = MockCluster::builder().brokers(3).start().await?;
/// cluster.create_topic("orders", Topic::new().partitions(3).replication_factor(3))?;
///
/// let leader = cluster.partition("orders", 0).leader();
/// assert!(leader.is_some());
/// println!("bootstrap.servers={}", cluster.bootstrap_servers());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MockCluster {
    running: Arc<Running>,
}

struct Running {
    place: Place,
    seed: u64,
    unfired: Unfired,
}

/// What follows from a fault that was declared and never fired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unfired {
    #[default]
    IsTold,
    Fails,
}

/// Where a cluster runs.
pub(crate) enum Place {
    Tcp(Arc<Tcp<Cluster>>),
    Memory { memory: Arc<Memory<Cluster>>, clients: Clients },
}

impl Drop for Running {
    fn drop(&mut self) {
        let faults = match &self.place {
            Place::Tcp(tcp) => tcp.inspect(Cluster::faults),
            Place::Memory { memory, .. } => memory.peek(Cluster::faults),
        };
        match &self.place {
            Place::Tcp(tcp) => tcp.stop(),
            Place::Memory { memory, .. } => memory.stop(),
        }
        faults::tell_unfired(self.unfired, faults);
    }
}

impl MockCluster {
    /// Starts to configure a cluster.
    pub fn builder() -> MockClusterBuilder {
        MockClusterBuilder::default()
    }

    pub(crate) fn new(place: Place, seed: u64, unfired: Unfired) -> Self {
        Self { running: Arc::new(Running { place, seed, unfired }) }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.running.place
    }

    /// What clients take as `bootstrap.servers`: every broker, in order of their ids.
    pub fn bootstrap_servers(&self) -> String {
        self.inspect(|cluster| {
            let brokers = &cluster.config().brokers;
            let addresses: Vec<String> = brokers
                .iter()
                .map(|broker| match broker.host.contains(':') {
                    true => format!("[{}]:{}", broker.host, broker.port),
                    false => format!("{}:{}", broker.host, broker.port),
                })
                .collect();
            addresses.join(",")
        })
    }

    /// The seed it was started with.
    pub fn seed(&self) -> u64 {
        self.running.seed
    }

    /// Creates a topic. Its partitions have leaders when this returns; brokers and clients learn
    /// of it as they do of any change.
    ///
    /// # Errors
    /// If the name is taken or not legal, or there are not enough brokers.
    pub fn create_topic(&self, name: &str, topic: Topic) -> Result<(), OperationError> {
        self.operate(Operation::CreateTopic(topic.into_spec(name)))
    }

    /// Deletes a topic and everything in it.
    ///
    /// # Errors
    /// If there is no such topic.
    pub fn delete_topic(&self, name: &str) -> Result<(), OperationError> {
        self.operate(Operation::DeleteTopic { name: name.to_owned() })
    }

    /// Every topic, by name.
    pub fn topics(&self) -> Vec<TopicView> {
        self.inspect(Cluster::topics)
    }

    /// One topic.
    pub fn topic(&self, name: &str) -> Option<TopicView> {
        self.inspect(|cluster| cluster.topic(name))
    }

    /// Every broker, in order of their ids.
    pub fn brokers(&self) -> Vec<BrokerView> {
        self.inspect(Cluster::brokers)
    }

    /// The broker of that number; they count from 1.
    ///
    /// # Panics
    /// If there is no such broker.
    #[track_caller]
    pub fn broker(&self, id: impl Into<BrokerId>) -> BrokerHandle {
        let id = id.into();
        let known = self.inspect(|cluster| cluster.broker(id).is_some());
        assert!(known, "there is no broker {id}: they are numbered from 1 to {}", self.size());
        BrokerHandle::new(self.clone(), id)
    }

    /// Gives the controller, to harm it.
    pub fn controller(&self) -> ControllerHandle {
        ControllerHandle::new(self.clone())
    }

    /// A partition, which need not exist (yet).
    pub fn partition(&self, topic: &str, index: i32) -> PartitionHandle {
        PartitionHandle::new(self.clone(), topic, index)
    }

    /// The network between brokers, and between clients and brokers.
    pub fn network(&self) -> NetworkHandle {
        NetworkHandle::new(self.clone())
    }

    /// What happened so far, as a hash or event by event; empty over TCP, where no two runs are
    /// the same.
    pub fn trace(&self) -> Trace {
        match self.place() {
            Place::Tcp(_) => Trace::new(),
            Place::Memory { memory, .. } => memory.with(|world, _| world.trace()),
        }
    }

    fn size(&self) -> usize {
        self.inspect(|cluster| cluster.config().brokers.len())
    }

    /// Looks at the machine.
    pub(crate) fn inspect<R>(&self, look: impl FnOnce(&Cluster) -> R) -> R {
        match self.place() {
            Place::Tcp(tcp) => tcp.inspect(look),
            Place::Memory { memory, .. } => memory.inspect(look),
        }
    }

    /// Acts on the machine, and carries out what follows before it returns.
    pub(crate) fn operate(&self, operation: Operation) -> Result<(), OperationError> {
        let act = |cluster: &mut Cluster, now: MonoTime| cluster.operate(now, operation);
        match self.place() {
            Place::Tcp(tcp) => tcp.with(act),
            Place::Memory { memory, .. } => memory.with(|world, now| act(world.machine(), now)),
        }
    }

    /// Notified when the machine may have changed.
    fn stepped(&self) -> &Notify {
        match self.place() {
            Place::Tcp(tcp) => tcp.stepped(),
            Place::Memory { memory, .. } => memory.stepped(),
        }
    }

    /// Waits until every broker is registered, unfenced and known to every other.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// If that does not happen within the given time; a broker that was killed is waited for, too.
    pub async fn wait_until_ready(&self, within: Duration) -> Result<(), WaitError> {
        let size = self.size();
        self.wait_until("every broker is unfenced and known to the others", within, |cluster| {
            let brokers = cluster.brokers();
            let known =
                |broker: &BrokerView| !broker.fenced && broker.live_brokers_in_image == size;
            brokers.len() == size && brokers.iter().all(known)
        })
        .await
    }
}

impl fmt::Debug for MockCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place() {
            Place::Tcp(_) => "tcp",
            Place::Memory { .. } => "memory",
        };
        f.debug_struct("MockCluster")
            .field("place", &place)
            .field("bootstrap_servers", &self.bootstrap_servers())
            .field("seed", &self.seed())
            .finish()
    }
}

#[cfg(test)]
mod tests;
