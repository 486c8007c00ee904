//! The simulated network between brokers, and between brokers and controller.
//!
//! Messages wait in a heap ordered by (arrival, sequence number). Links are directed; each can be
//! cut or delayed by itself. What is sent on a cut link is not lost: like a TCP stream it arrives
//! once the link heals, unless its receiver has died meanwhile.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::Duration;

use milena_protocol::time::MonoTime;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::cluster::Node;
use crate::config::NetworkConfig;
use crate::message::Message;

/// A message on its way.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) at: MonoTime,
    pub(crate) sequence: u64,
    pub(crate) from: Node,
    pub(crate) to: Node,
    pub(crate) message: Message,
}

impl PartialEq for Envelope {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Envelope {}

impl PartialOrd for Envelope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Envelope {
    /// The earliest is the greatest, because `BinaryHeap` gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.sequence).cmp(&(self.at, self.sequence))
    }
}

/// What is special about one direction between two nodes.
#[derive(Debug, Default)]
struct Link {
    cut: bool,
    latency: Option<Duration>,
    held: VecDeque<Message>,
    /// When the last message arrives: a later one never overtakes it.
    last_arrival: MonoTime,
    jitter: Option<ChaCha8Rng>,
}

/// All links, and the messages on them.
#[derive(Debug)]
pub(crate) struct Network {
    config: NetworkConfig,
    seed: u64,
    heap: BinaryHeap<Envelope>,
    sequence: u64,
    links: BTreeMap<(Node, Node), Link>,
}

impl Network {
    pub(crate) fn new(config: NetworkConfig, seed: u64) -> Self {
        Self { config, seed, heap: BinaryHeap::new(), sequence: 0, links: BTreeMap::new() }
    }

    /// Sends a message at `now`.
    pub(crate) fn send(&mut self, now: MonoTime, from: Node, to: Node, message: Message) {
        let plain = self.links.is_empty() && self.config.jitter.is_zero();
        let at = if plain {
            now + self.config.latency
        } else {
            let link = self.links.entry((from, to)).or_default();
            if link.cut {
                link.held.push_back(message);
                return;
            }
            arrival(&self.config, self.seed, now, (from, to), link)
        };
        self.push(at, from, to, message);
    }

    /// Stops a direction.
    pub(crate) fn cut(&mut self, from: Node, to: Node) {
        self.links.entry((from, to)).or_default().cut = true;
    }

    /// Lets a direction go on: what was held is sent now.
    pub(crate) fn heal(&mut self, now: MonoTime, from: Node, to: Node) {
        let Some(link) = self.links.get_mut(&(from, to)) else { return };
        link.cut = false;
        let held = std::mem::take(&mut link.held);
        for message in held {
            self.send(now, from, to, message);
        }
    }

    /// Ends all cuts and delays.
    pub(crate) fn heal_all(&mut self, now: MonoTime) {
        let links: Vec<_> = self.links.keys().copied().collect();
        for (from, to) in links {
            if let Some(link) = self.links.get_mut(&(from, to)) {
                link.latency = None;
            }
            self.heal(now, from, to);
        }
    }

    /// Sets what a message takes in one direction.
    pub(crate) fn delay(&mut self, from: Node, to: Node, latency: Duration) {
        self.links.entry((from, to)).or_default().latency = Some(latency);
    }

    pub(crate) fn is_cut(&self, from: Node, to: Node) -> bool {
        self.links.get(&(from, to)).is_some_and(|link| link.cut)
    }

    /// Drops what is held on the way to a node that died: its connections are gone.
    pub(crate) fn drop_held(&mut self, node: Node) {
        for ((from, to), link) in &mut self.links {
            if *to == node || *from == node {
                link.held.clear();
            }
        }
    }

    pub(crate) fn next_arrival(&self) -> Option<MonoTime> {
        self.heap.peek().map(|envelope| envelope.at)
    }

    pub(crate) fn pop(&mut self) -> Option<Envelope> {
        self.heap.pop()
    }

    fn push(&mut self, at: MonoTime, from: Node, to: Node, message: Message) {
        let sequence = self.sequence;
        self.sequence += 1;
        self.heap.push(Envelope { at, sequence, from, to, message });
    }
}

fn arrival(
    config: &NetworkConfig,
    seed: u64,
    now: MonoTime,
    ends: (Node, Node),
    link: &mut Link,
) -> MonoTime {
    let mut latency = link.latency.unwrap_or(config.latency);
    if !config.jitter.is_zero() && link.latency.is_none() {
        let stream = link.jitter.get_or_insert_with(|| link_stream(seed, ends));
        let most = u64::try_from(config.jitter.as_nanos()).unwrap_or(u64::MAX);
        latency += Duration::from_nanos(stream.next_u64() % most.saturating_add(1));
    }
    link.last_arrival = link.last_arrival.max(now + latency);
    link.last_arrival
}

/// Each link has a stream of its own, so that what happens on one never changes another.
fn link_stream(seed: u64, (from, to): (Node, Node)) -> ChaCha8Rng {
    let number = |node: Node| match node {
        Node::Clients => 1,
        Node::Controller => 2,
        Node::Broker(id) => 3 + u64::from(id.get().unsigned_abs()),
    };
    let mut stream = ChaCha8Rng::seed_from_u64(seed);
    stream.set_stream(number(from) << 32 | number(to));
    stream
}

#[cfg(test)]
mod tests {
    use milena_protocol::ids::BrokerId;

    use super::*;

    const A: Node = Node::Broker(BrokerId(1));
    const B: Node = Node::Broker(BrokerId(2));

    fn note(id: u64) -> Message {
        Message::Disconnected { id }
    }

    fn drain(network: &mut Network) -> Vec<(u64, u64)> {
        std::iter::from_fn(|| network.pop())
            .map(|envelope| match envelope.message {
                Message::Disconnected { id } => (envelope.at.as_micros(), id),
                _ => (0, 0),
            })
            .collect()
    }

    #[test]
    fn messages_arrive_in_the_order_of_time_and_then_of_sending() {
        let mut network = Network::new(NetworkConfig::default(), 1);
        network.send(MonoTime::from_micros(5), A, B, note(1));
        network.send(MonoTime::from_micros(3), A, B, note(2));
        network.send(MonoTime::from_micros(3), B, A, note(3));
        assert_eq!(drain(&mut network), [(3, 2), (3, 3), (5, 1)]);
    }

    #[test]
    fn a_cut_holds_one_direction_and_heals_in_order() {
        let mut network = Network::new(NetworkConfig::default(), 1);
        network.cut(A, B);
        network.send(MonoTime::ZERO, A, B, note(1));
        network.send(MonoTime::ZERO, A, B, note(2));
        network.send(MonoTime::ZERO, B, A, note(3));
        assert_eq!(drain(&mut network), [(0, 3)]);
        network.heal(MonoTime::from_micros(9), A, B);
        assert_eq!(drain(&mut network), [(9, 1), (9, 2)]);
    }

    #[test]
    fn jitter_never_lets_a_message_overtake_another_on_its_link() {
        let config = NetworkConfig { latency: Duration::ZERO, jitter: Duration::from_micros(500) };
        let mut network = Network::new(config, 7);
        for id in 0..100 {
            network.send(MonoTime::from_micros(id), A, B, note(id));
        }
        let order: Vec<_> = drain(&mut network).into_iter().map(|(_, id)| id).collect();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn the_jitter_of_one_link_does_not_depend_on_another() {
        let config = NetworkConfig { latency: Duration::ZERO, jitter: Duration::from_millis(1) };
        let run = |noise: bool| {
            let mut network = Network::new(config.clone(), 7);
            if noise {
                network.send(MonoTime::ZERO, B, A, note(0));
                network.drop_held(A);
            }
            network.send(MonoTime::ZERO, A, B, note(1));
            drain(&mut network).into_iter().find(|(_, id)| *id == 1)
        };
        assert_eq!(run(false), run(true));
    }
}
