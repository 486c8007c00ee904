//! The network of a cluster, to be cut and healed.

use std::time::Duration;

use milena_protocol::ids::BrokerId;

use super::{Ends, Links, MockCluster, OneWay, Place};
use crate::cluster::{Node, Operation};

/// The links between brokers, between brokers and controller, and between clients and brokers.
///
/// [`between`](Self::between) and [`from`](Self::from) name links, both directions or one, and what
/// they give does something to them. The other methods are shorter words for what tests do most.
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

    /// The links between some nodes and others, in both directions.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use milena_mock_broker::{MockCluster, cluster::Node};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = MockCluster::builder().brokers(3).start_in_memory().await?;
    /// let far = Duration::from_millis(20)..=Duration::from_millis(80);
    /// cluster.network().between(1, [2, 3]).delay(far);
    /// cluster.network().between(Node::Clients, 2).lose(0.01);
    /// cluster.network().between(3, Node::Controller).half_open();
    /// # Ok(())
    /// # }
    /// ```
    pub fn between(&self, some: impl Ends, others: impl Ends) -> Links {
        Links::between(self.cluster.clone(), &some.nodes(), &others.nodes())
    }

    /// Begins to name links in one direction: those from these nodes [`to`](OneWay::to) others.
    ///
    /// ```
    /// # use milena_mock_broker::{MockCluster, cluster::Node};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = MockCluster::builder().brokers(3).start_in_memory().await?;
    /// cluster.network().from(1).to([2, 3]).cut();
    /// cluster.network().from(2).to(Node::Clients).bandwidth(64 * 1024);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from(&self, senders: impl Ends) -> OneWay {
        OneWay::new(self.cluster.clone(), senders.nodes())
    }

    /// Cuts every link between a broker of `some` and one of `others`, in both directions.
    pub fn cut<A, B>(&self, some: A, others: B)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
        B: IntoIterator<Item: Into<BrokerId>>,
    {
        self.between(nodes(some), nodes(others)).cut();
    }

    /// Cuts every link from a broker of `senders` to one of `receivers`, in that direction only.
    pub fn cut_one_way<A, B>(&self, senders: A, receivers: B)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
        B: IntoIterator<Item: Into<BrokerId>>,
    {
        self.from(nodes(senders)).to(nodes(receivers)).cut();
    }

    /// Cuts brokers off from the controller: no heartbeat arrives, and no change reaches them.
    pub fn cut_from_controller<A>(&self, brokers: A)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
    {
        self.between(nodes(brokers), Node::Controller).cut();
    }

    /// Cuts brokers off from every client. New connections are still accepted, as by a kernel, and
    /// stay silent. Of one connection 4 MiB are held, then its client's socket is not read any more;
    /// a connection with more than 64 MiB of answers on their way breaks.
    pub fn cut_clients<A>(&self, brokers: A)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
    {
        self.between(Node::Clients, nodes(brokers)).cut();
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

    /// Adds to what a request or an answer between any client and these brokers takes, until
    /// [`heal`](Self::heal).
    pub fn delay_clients<A>(&self, brokers: A, delay: Duration)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
    {
        self.between(Node::Clients, nodes(brokers)).delay(delay);
    }

    /// Sets what a message between a broker of `some` and one of `others` takes, either way,
    /// until [`heal`](Self::heal).
    pub fn delay<A, B>(&self, some: A, others: B, latency: Duration)
    where
        A: IntoIterator<Item: Into<BrokerId>>,
        B: IntoIterator<Item: Into<BrokerId>>,
    {
        self.between(nodes(some), nodes(others)).delay(latency);
    }

    /// Ends everything that is done to any link.
    pub fn heal(&self) {
        if let Err(error) = self.cluster.operate(Operation::HealAll) {
            tracing::warn!(%error, "the network stays as it is");
        }
        if let Place::Memory { memory, clients } = self.cluster.place() {
            for broker in self.cluster.brokers() {
                clients.heal(memory, broker.id);
            }
        }
    }
}

fn nodes<A>(brokers: A) -> Vec<Node>
where
    A: IntoIterator<Item: Into<BrokerId>>,
{
    brokers.into_iter().map(|id| Node::Broker(id.into())).collect()
}
