//! Links of the network by the nodes at their ends, and what a test does to them.

use milena_protocol::ids::BrokerId;

use super::MockCluster;
use crate::cluster::{Node, Operation};
use crate::fault::{Delay, LinkFault, Probability};

/// Nodes at an end of links: a broker by its number, several of them, or
/// [`Node::Clients`] and [`Node::Controller`].
pub trait Ends {
    /// Them.
    fn nodes(self) -> Vec<Node>;
}

impl Ends for Node {
    fn nodes(self) -> Vec<Node> {
        vec![self]
    }
}

impl Ends for BrokerId {
    fn nodes(self) -> Vec<Node> {
        vec![Node::Broker(self)]
    }
}

impl Ends for i32 {
    fn nodes(self) -> Vec<Node> {
        BrokerId(self).nodes()
    }
}

impl<E: Ends, const N: usize> Ends for [E; N] {
    fn nodes(self) -> Vec<Node> {
        self.into_iter().flat_map(Ends::nodes).collect()
    }
}

impl<E: Ends> Ends for Vec<E> {
    fn nodes(self) -> Vec<Node> {
        self.into_iter().flat_map(Ends::nodes).collect()
    }
}

/// Links in one direction, whose senders are named. See
/// [`NetworkHandle::from`](crate::NetworkHandle::from).
#[derive(Clone, Debug)]
#[must_use = "these are no links yet: say to whom"]
pub struct OneWay {
    cluster: MockCluster,
    senders: Vec<Node>,
}

impl OneWay {
    pub(super) fn new(cluster: MockCluster, senders: Vec<Node>) -> Self {
        Self { cluster, senders }
    }

    /// The links to these nodes.
    pub fn to(self, receivers: impl Ends) -> Links {
        let receivers = receivers.nodes();
        let mut links = Links { cluster: self.cluster, ends: Vec::new() };
        for from in self.senders {
            receivers.iter().for_each(|to| links.add(from, *to));
        }
        links
    }
}

/// Links, each a direction. See [`NetworkHandle::between`](crate::NetworkHandle::between).
///
/// What is done to them lasts until they [`heal`](Self::heal) or the whole network does. One link
/// can suffer several things at once. What is done with one call is one fault in
/// [`MockCluster::faults`](crate::MockCluster::faults).
///
/// Between clients and brokers it is what was read from connections and what is to be written that
/// is harmed; connections themselves are opened by the transport, over TCP by the kernel.
///
/// # Panics
/// To name a broker that there is not, or a probability, delay or bandwidth that cannot be, is a
/// mistake of the test: these methods panic then.
#[derive(Clone, Debug)]
#[must_use = "say what happens to them"]
pub struct Links {
    cluster: MockCluster,
    ends: Vec<(Node, Node)>,
}

impl Links {
    pub(super) fn between(cluster: MockCluster, some: &[Node], others: &[Node]) -> Self {
        let mut links = Self { cluster, ends: Vec::new() };
        for one in some {
            for other in others {
                links.add(*one, *other);
                links.add(*other, *one);
            }
        }
        links
    }

    fn add(&mut self, from: Node, to: Node) {
        if from != to && !self.ends.contains(&(from, to)) {
            self.ends.push((from, to));
        }
    }

    /// Lets nothing pass; it waits. See [`LinkFault::Cut`].
    #[track_caller]
    pub fn cut(&self) {
        self.suffer(LinkFault::Cut);
    }

    /// Lets everything vanish without a word. See [`LinkFault::HalfOpen`].
    #[track_caller]
    pub fn half_open(&self) {
        self.suffer(LinkFault::HalfOpen);
    }

    /// What is sent takes this long, with jitter if it is a range. See [`LinkFault::Delay`].
    #[track_caller]
    pub fn delay(&self, delay: impl Into<Delay>) {
        self.suffer(LinkFault::Delay(delay.into()));
    }

    /// Loses something with this probability, and the connection it was on. See
    /// [`LinkFault::Loss`].
    #[track_caller]
    pub fn lose(&self, probability: impl Into<Probability>) {
        self.suffer(LinkFault::Loss(probability.into()));
    }

    /// Lets so many bytes pass in a second. See [`LinkFault::Bandwidth`].
    #[track_caller]
    pub fn bandwidth(&self, bytes_per_second: u64) {
        self.suffer(LinkFault::Bandwidth { bytes_per_second });
    }

    /// Ends everything that is done to them.
    #[track_caller]
    pub fn heal(&self) {
        for (from, to) in &self.ends {
            self.operate(Operation::Heal { from: *from, to: *to });
        }
    }

    #[track_caller]
    fn suffer(&self, fault: LinkFault) {
        self.operate(Operation::Harm { links: self.ends.clone(), fault });
    }

    #[track_caller]
    fn operate(&self, operation: Operation) {
        if let Err(error) = self.cluster.operate(operation) {
            panic!("{error}");
        }
    }
}
