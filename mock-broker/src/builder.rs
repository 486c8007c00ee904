//! Configures and starts a [`MockCluster`].

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;
use parking_lot::Mutex;

use crate::cluster::{Cluster, TraceEvent, TraceSink};
use crate::config::{BrokerConfig, ClusterConfig, ConfigError, Timings};
use crate::handle::{MockCluster, Place, Unfired, WaitError};
use crate::simulation::{BASE_MILLIS, Seed};
use crate::trace::{Node, Trace};
use crate::transport::memory::{LinkConfig, Memory, WorldConfig};
use crate::transport::tcp::{self, Tcp};

/// The port that in-memory brokers say they listen on.
const MEMORY_PORT: u16 = 9092;

/// How long a cluster may take to elect itself ready: far beyond what registration needs.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Configures a [`MockCluster`]. Made by [`MockCluster::builder`].
///
/// Every setting has Apache Kafka's default unless its documentation says otherwise.
#[derive(Clone, Debug)]
pub struct MockClusterBuilder {
    brokers: usize,
    config: ClusterConfig,
    seed: u64,
    ip: IpAddr,
    port: u16,
    broker_latency: Option<(Duration, Duration)>,
    link: LinkConfig,
    defer_percent: u8,
    tracing: Tracing,
    unfired: Unfired,
}

/// What an in-memory cluster writes down of its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tracing {
    /// Nothing.
    Off,
    /// A rolling hash, enough to tell whether two runs were the same.
    #[default]
    Hash,
    /// Every event, to see where two runs part.
    Events,
}

impl Default for MockClusterBuilder {
    fn default() -> Self {
        Self {
            brokers: 3,
            config: ClusterConfig::default(),
            seed: 0,
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            broker_latency: None,
            link: LinkConfig::default(),
            defer_percent: 30,
            tracing: Tracing::default(),
            unfired: Unfired::default(),
        }
    }
}

impl MockClusterBuilder {
    /// How many brokers; they get the ids 1 to `count`. Default 3, the smallest number with which
    /// a partition survives the loss of a replica under `min.insync.replicas=2`.
    #[must_use]
    pub fn brokers(mut self, count: usize) -> Self {
        self.brokers = count;
        self
    }

    /// What decides topic ids, latencies, and in memory the order of tasks. Default 0: a cluster
    /// that is started twice is the same twice.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The port of the first broker over TCP; the others follow. Default 0: free ones are taken.
    #[must_use]
    pub fn port(mut self, first: u16) -> Self {
        self.port = first;
        self
    }

    /// The address to listen on and to advertise over TCP. Default 127.0.0.1: nobody but this
    /// machine gets in.
    #[must_use]
    pub fn address(mut self, ip: IpAddr) -> Self {
        self.ip = ip;
        self
    }

    /// Heartbeats, sessions, replica lag. Default: Kafka's, with which the failure of a broker is
    /// noticed after 9 s. Virtual time makes that free; on real time a test may prefer
    /// [`fast_failover`](Self::fast_failover).
    #[must_use]
    pub fn timings(mut self, timings: Timings) -> Self {
        self.config.timings = timings;
        self
    }

    /// Notices the failure of a broker within half a second instead of 9 s, for tests and
    /// demonstrations on real time. Heartbeats every 100 ms, sessions of 500 ms, followers out of
    /// sync after 1 s.
    #[must_use]
    pub fn fast_failover(mut self) -> Self {
        self.config.timings = Timings {
            heartbeat_interval: Duration::from_millis(100),
            session_timeout: Duration::from_millis(500),
            replica_lag_time_max: Duration::from_secs(1),
            replica_fetch_backoff: Duration::from_millis(50),
            ..Timings::default()
        };
        self
    }

    /// `num.partitions` of topics that are created without saying how many. Default 1.
    #[must_use]
    pub fn default_partitions(mut self, count: i32) -> Self {
        self.config.num_partitions = count;
        self
    }

    /// `default.replication.factor`. Default 1.
    #[must_use]
    pub fn default_replication_factor(mut self, factor: i16) -> Self {
        self.config.default_replication_factor = factor;
        self
    }

    /// `min.insync.replicas` of topics that do not set it. Default 1.
    #[must_use]
    pub fn min_insync_replicas(mut self, count: i32) -> Self {
        self.config.min_insync_replicas = count;
        self
    }

    /// Any other setting: `change` gets what was configured so far. The list of brokers is filled
    /// in at the start.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut ClusterConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// How long a message between brokers takes, drawn anew for each. Default: no time over TCP,
    /// where every wait would cost a timer; 100 to 500 us in memory.
    #[must_use]
    pub fn broker_latency(mut self, least: Duration, most: Duration) -> Self {
        self.broker_latency = Some((least, most));
        self
    }

    /// How long a packet between client and broker takes in memory, drawn anew for each.
    /// Default: 100 to 500 us, as within a data centre.
    #[must_use]
    pub fn client_latency(mut self, least: Duration, most: Duration) -> Self {
        self.link = LinkConfig { least_latency: least, most_latency: most };
        self
    }

    /// How often the poll of a client's task is put off in memory, so that other tasks run first.
    /// Default 30 %: first-in first-out scheduling hides ordering bugs.
    #[must_use]
    pub fn deferred_polls(mut self, percent: u8) -> Self {
        self.defer_percent = percent;
        self
    }

    /// What an in-memory cluster writes down of its run. Default: a hash.
    #[must_use]
    pub fn tracing(mut self, tracing: Tracing) -> Self {
        self.tracing = tracing;
        self
    }

    /// Lets the end of the cluster panic if a fault was declared and never fired: a test whose fault
    /// did not happen shows nothing. Default: it is printed on standard error and nothing follows.
    /// [`MockCluster::check_faults`] asks before the end.
    #[must_use]
    pub fn fail_on_unfired_faults(mut self) -> Self {
        self.unfired = Unfired::Fails;
        self
    }

    /// How many events [`MockCluster::history`] goes back; 0 keeps none. Default 1,000.
    #[must_use]
    pub fn history(mut self, events: usize) -> Self {
        self.config.history = events;
        self
    }

    /// Starts the cluster on TCP and waits until every broker serves.
    ///
    /// Runs on the current tokio runtime, which needs IO and time; the cluster ends with its last
    /// handle. Not cancel safe in one respect only: a start that is dropped leaves nothing behind,
    /// but its ports were taken meanwhile.
    ///
    /// # Errors
    /// If a port is taken or the configuration contradicts itself.
    pub async fn start(self) -> Result<MockCluster, StartError> {
        let mut config = self.config;
        let ports = tcp::reserve(self.ip, self.port, broker_ids(self.brokers))
            .map_err(|(address, error)| StartError::Address { address, error: Arc::new(error) })?;
        config.brokers = ports
            .iter()
            .map(|port| {
                broker(port.broker(), port.address().ip().to_string(), port.address().port())
            })
            .collect();
        config.epoch_millis = tcp::time_of_day_millis();
        (config.network.latency, config.network.jitter) =
            spread(self.broker_latency, Duration::ZERO);

        let max_frame = usize::try_from(config.socket_request_max_bytes).unwrap_or(usize::MAX);
        let machine = Cluster::new(config, self.seed, MonoTime::ZERO)?;
        let cluster = MockCluster::new(
            Place::Tcp(Tcp::start(machine, ports, max_frame)),
            self.seed,
            self.unfired,
        );
        ready(&cluster).await?;
        Ok(cluster)
    }

    /// Starts the cluster in memory and waits until every broker serves.
    ///
    /// Clients reach it through [`MockCluster::environment`] only. On a current-thread tokio
    /// runtime with paused time the run is deterministic: the same seed gives the same trace. The
    /// runtime needs time, and no IO.
    ///
    /// # Errors
    /// If the configuration contradicts itself.
    pub async fn start_in_memory(self) -> Result<MockCluster, StartError> {
        let mut config = self.config;
        let host = |id: BrokerId| format!("broker-{id}");
        config.brokers =
            broker_ids(self.brokers).map(|id| broker(id, host(id), MEMORY_PORT)).collect();
        config.epoch_millis = BASE_MILLIS;
        let default = Duration::from_micros(100);
        (config.network.latency, config.network.jitter) = match self.broker_latency {
            Some(between) => spread(Some(between), default),
            None => (default, Duration::from_micros(400)),
        };

        let max_frame = usize::try_from(config.socket_request_max_bytes).unwrap_or(usize::MAX);
        let names: BTreeMap<String, BrokerId> =
            config.brokers.iter().map(|broker| (broker.host.clone(), broker.id)).collect();
        let mut machine = Cluster::new(config, self.seed, MonoTime::ZERO)?;
        let trace = Arc::new(Mutex::new(match self.tracing {
            Tracing::Off => Trace::off(),
            Tracing::Hash => Trace::new(),
            Tracing::Events => Trace::keeping_events(),
        }));
        if self.tracing != Tracing::Off {
            machine.set_trace(Box::new(MachineTrace(Arc::clone(&trace))));
        }
        let seed = Seed(self.seed);
        let world = WorldConfig { seed, link: self.link, max_frame, trace };
        let memory = Memory::start(machine, world);
        let place = Place::memory(memory, names, self.defer_percent);
        let cluster = MockCluster::new(place, self.seed, self.unfired);
        ready(&cluster).await?;
        Ok(cluster)
    }
}

fn broker_ids(count: usize) -> impl Iterator<Item = BrokerId> {
    (1..=i32::try_from(count).unwrap_or(i32::MAX)).map(BrokerId)
}

fn broker(id: BrokerId, host: String, port: u16) -> BrokerConfig {
    BrokerConfig { id, host, port, rack: None }
}

/// Least and most as latency and what is added to it at most.
fn spread(between: Option<(Duration, Duration)>, default: Duration) -> (Duration, Duration) {
    match between {
        Some((least, most)) => (least, most.saturating_sub(least)),
        None => (default, Duration::ZERO),
    }
}

async fn ready(cluster: &MockCluster) -> Result<(), StartError> {
    cluster.wait_until_ready(START_TIMEOUT).await.map_err(StartError::NotReady)
}

/// Takes the machine's events into the trace of the whole run.
struct MachineTrace(Arc<Mutex<Trace>>);

impl TraceSink for MachineTrace {
    fn record(&mut self, event: &TraceEvent<'_>) {
        let at = MonoTime::from_micros(event.micros);
        self.0.lock().record(at, Node::from(event.node), event.kind, |a| {
            a.told_by(event.hash, event.arguments);
        });
    }
}

/// Why a cluster did not start.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Address {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        error: Arc<io::Error>,
    },
    /// The configuration contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The brokers did not get ready.
    #[error("the brokers did not get ready: {0}")]
    NotReady(#[source] WaitError),
}
