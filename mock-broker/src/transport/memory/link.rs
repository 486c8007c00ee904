//! Directed links between clients and brokers: latency from a seeded stream, and cuts.

use std::time::Duration;

use milena_protocol::ids::BrokerId;

use crate::simulation::{Seed, Stream};

/// Which way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    ToBroker,
    ToClient,
}

/// Names a link: the client's number, the broker, the direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkKey {
    pub(crate) client: u32,
    pub(crate) broker: BrokerId,
    pub(crate) direction: Direction,
}

/// How long a packet is on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkConfig {
    pub(crate) least_latency: Duration,
    pub(crate) most_latency: Duration,
}

impl Default for LinkConfig {
    /// A network within a data centre: 100 to 500 us.
    fn default() -> Self {
        Self { least_latency: Duration::from_micros(100), most_latency: Duration::from_micros(500) }
    }
}

/// One direction between one client and one broker.
#[derive(Debug)]
pub(crate) struct Link {
    stream: Stream,
    config: LinkConfig,
    state: LinkState,
}

/// ```text
/// Open <-> Cut
/// ```
#[derive(Debug)]
enum LinkState {
    Open,
    /// Nothing passes. The connections for which something waits, in the order of arrival:
    /// TCP repeats what is lost until it gets through.
    Cut(Vec<u64>),
}

impl Link {
    pub(crate) fn new(seed: Seed, key: LinkKey, config: LinkConfig) -> Self {
        let purpose = match key.direction {
            Direction::ToBroker => "link to broker",
            Direction::ToClient => "link to client",
        };
        let entity = u64::from(key.client) << 32 | u64::from(key.broker.0.cast_unsigned());
        Self { stream: seed.stream(purpose, entity), config, state: LinkState::Open }
    }

    /// How long the next packet takes.
    pub(crate) fn latency(&mut self) -> Duration {
        self.stream.between(self.config.least_latency, self.config.most_latency)
    }

    /// Takes note that something for `connection` arrives here. Whether it gets through.
    pub(crate) fn passes(&mut self, connection: u64) -> bool {
        match &mut self.state {
            LinkState::Open => true,
            LinkState::Cut(waiting) => {
                waiting.push(connection);
                false
            }
        }
    }

    pub(crate) fn cut(&mut self) {
        if matches!(self.state, LinkState::Open) {
            self.state = LinkState::Cut(Vec::new());
        }
    }

    /// Lets everything pass again; gives the connections for which something waited.
    pub(crate) fn heal(&mut self) -> Vec<u64> {
        match std::mem::replace(&mut self.state, LinkState::Open) {
            LinkState::Open => Vec::new(),
            LinkState::Cut(waiting) => waiting,
        }
    }
}
