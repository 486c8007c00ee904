//! The network of a cluster, to be cut and healed.

use std::time::Duration;

use milena_protocol::ids::BrokerId;

use super::{MockCluster, Place};
use crate::cluster::{Node, Operation};
use crate::transport::tcp;

/// The links between brokers, between brokers and controller, and between clients and brokers.
///
/// A link that is cut holds back what is sent over it, as TCP does, and delivers it once it heals;
/// whoever waits has to give up by a time-out of his own.
///
/// ```
/// # use milena_mock_broker::MockCluster;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = MockCluster::builder().brokers(3).start_in_memory().await?;
/// cluster.network().cut([1], [2, 3]);          // broker 1 replicates no more
/// cluster.network().cut_from_controller([1]);  // and is fenced in a while
/// cluster.network().cut_clients([2]);          // nobody reaches broker 2
/// cluster.network().heal();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NetworkHandle {
    cluster: MockCluster,
}

impl NetworkHandle {
    pub(super) fn new(cluster: MockCluster) -> Self {
        Self { cluster }
    }

    /// Cuts every link between a broker of `some` and one of `others`, in both directions.
    pub fn cut<A, B>(&self, some: A, others: B)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
        B: IntoIterator<Item: Into<BrokerId>>,
    {
        let others: Vec<Node> = nodes(others);
        for one in nodes(some) {
            for other in &others {
                self.cut_link(one, *other);
                self.cut_link(*other, one);
            }
        }
    }

    /// Cuts every link from a broker of `senders` to one of `receivers`, in that direction only.
    pub fn cut_one_way<A, B>(&self, senders: A, receivers: B)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
        B: IntoIterator<Item: Into<BrokerId>>,
    {
        let receivers: Vec<Node> = nodes(receivers);
        for from in nodes(senders) {
            for to in &receivers {
                self.cut_link(from, *to);
            }
        }
    }

    /// Cuts brokers off from the controller: no heartbeat arrives, and no change reaches them.
    pub fn cut_from_controller<A>(&self, brokers: A)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
    {
        for broker in nodes(brokers) {
            self.cut_link(broker, Node::Controller);
            self.cut_link(Node::Controller, broker);
        }
    }

    /// Cuts brokers off from every client. Over TCP new connections are still accepted, by the
    /// kernel, and stay silent.
    pub fn cut_clients<A>(&self, brokers: A)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
    {
        for broker in brokers {
            let broker = broker.into();
            match self.cluster.place() {
                Place::Tcp(tcp) => tcp.set_clients(broker, tcp::Clients::CutOff),
                Place::Memory { memory, clients } => clients.cut(memory, broker),
            }
        }
    }

    /// Breaks every connection of every client to these brokers. New ones are accepted.
    pub fn reset_clients<A>(&self, brokers: A)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
    {
        for broker in brokers {
            let broker = broker.into();
            match self.cluster.place() {
                Place::Tcp(tcp) => tcp.reset_clients(broker),
                Place::Memory { memory, clients } => clients.reset(memory, broker),
            }
        }
    }

    /// Adds to what a packet between any client and these brokers takes, either way, until
    /// [`heal`](Self::heal). Without effect over TCP.
    pub fn delay_clients<A>(&self, brokers: A, delay: Duration)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
    {
        for broker in brokers {
            if let Place::Memory { memory, clients } = self.cluster.place() {
                clients.delay(memory, broker.into(), delay);
            }
        }
    }

    /// Sets what a message between a broker of `some` and one of `others` takes, either way,
    /// until [`heal`](Self::heal).
    pub fn delay<A, B>(&self, some: A, others: B, latency: Duration)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
        B: IntoIterator<Item: Into<BrokerId>>,
    {
        let others: Vec<Node> = nodes(others);
        for one in nodes(some) {
            for other in &others {
                self.operate(Operation::Delay { from: one, to: *other, latency });
                self.operate(Operation::Delay { from: *other, to: one, latency });
            }
        }
    }

    /// Ends all cuts and delays.
    pub fn heal(&self) {
        self.operate(Operation::HealAll);
        for broker in self.cluster.brokers() {
            match self.cluster.place() {
                Place::Tcp(tcp) => tcp.set_clients(broker.id, tcp::Clients::Connected),
                Place::Memory { memory, clients } => clients.heal(memory, broker.id),
            }
        }
    }

    fn cut_link(&self, from: Node, to: Node) {
        if from != to {
            self.operate(Operation::Cut { from, to });
        }
    }

    /// These operations are refused for a node that does not exist, which has no link to lose.
    fn operate(&self, operation: Operation) {
        if let Err(error) = self.cluster.operate(operation) {
            tracing::warn!(%error, "the network stays as it is");
        }
    }
}

fn nodes<A>(brokers: A) -> Vec<Node>
where
    A: IntoIterator<Item: Into<BrokerId>>,
{
    brokers.into_iter().map(|id| Node::Broker(id.into())).collect()
}
