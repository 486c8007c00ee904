//! What a cluster is made of before it starts: its brokers, Kafka's settings, the network.
//!
//! Every default is Apache Kafka's; the doc comment names the property. Nothing here reads a
//! clock: the time of day is [`ClusterConfig::epoch_millis`] plus the machine's monotonic time.

use std::collections::BTreeMap;
use std::time::Duration;

use milena_protocol::ids::BrokerId;

use crate::release::{ELIGIBLE_LEADERS, Release};

/// One broker: its number and where clients are told to find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerConfig {
    /// `node.id`.
    pub id: BrokerId,
    /// The host of `advertised.listeners`.
    pub host: String,
    /// The port of `advertised.listeners`.
    pub port: u16,
    /// `broker.rack`.
    pub rack: Option<String>,
}

/// How long brokers and controller wait for each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timings {
    /// `broker.heartbeat.interval.ms`: 2 s.
    pub heartbeat_interval: Duration,
    /// `broker.session.timeout.ms`: a broker silent for this long is fenced. 9 s.
    pub session_timeout: Duration,
    /// `replica.lag.time.max.ms`: a follower behind for this long leaves the ISR. 30 s.
    pub replica_lag_time_max: Duration,
    /// `replica.fetch.wait.max.ms`: how long a follower's fetch is parked. 500 ms.
    pub replica_fetch_wait_max: Duration,
    /// `replica.fetch.backoff.ms`: a follower's pause after an error. 1 s.
    pub replica_fetch_backoff: Duration,
    /// `replica.high.watermark.checkpoint.interval.ms`: what a crash forgets of the high
    /// watermark is at most this old. 5 s.
    pub high_watermark_checkpoint_interval: Duration,
    /// `replica.socket.timeout.ms` and `controller.socket.timeout.ms`: 30 s.
    pub request_timeout: Duration,
    /// The pause before a refused registration or a failed call to the controller is tried again
    /// (`BrokerLifecycleManager`, `NodeToControllerChannelManager`). 100 ms.
    pub controller_retry_backoff: Duration,
    /// `connections.max.idle.ms`: a client's connection on which nothing happens for this long is
    /// closed. 10 minutes.
    pub connections_max_idle: Duration,
    /// `leader.imbalance.check.interval.seconds`: how long after the first partition lost its
    /// preferred leader those are given back. 300 s.
    pub leader_imbalance_check_interval: Duration,
    /// `unclean.leader.election.interval.ms`: how long after the first partition lost its last
    /// leader a switch that was turned on since is noticed. 5 min.
    pub unclean_election_interval: Duration,
    /// How long it takes until another controller has taken over from one that is gone:
    /// `controller.quorum.fetch.timeout.ms`, 2 s, when it was cut off or died.
    pub controller_failover: Duration,
    /// How long a request that only the controller can answer waits for it in its broker
    /// (`ForwardingManager`). 60 s.
    pub forwarding_timeout: Duration,
    /// How long a broker that is to shut down waits for the controller to let it go
    /// (`BrokerServer.shutdown`). 5 min.
    pub controlled_shutdown_timeout: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_secs(2),
            session_timeout: Duration::from_secs(9),
            replica_lag_time_max: Duration::from_secs(30),
            replica_fetch_wait_max: Duration::from_millis(500),
            replica_fetch_backoff: Duration::from_secs(1),
            high_watermark_checkpoint_interval: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            controller_retry_backoff: Duration::from_millis(100),
            connections_max_idle: Duration::from_secs(600),
            leader_imbalance_check_interval: Duration::from_secs(300),
            unclean_election_interval: Duration::from_secs(300),
            controller_failover: Duration::from_secs(2),
            forwarding_timeout: Duration::from_secs(60),
            controlled_shutdown_timeout: Duration::from_secs(300),
        }
    }
}

/// The network between brokers, and between brokers and controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkConfig {
    /// How long a message takes. Zero, so that a cluster on real time costs no timers; a
    /// simulation sets more.
    pub latency: Duration,
    /// Up to this much is added to the latency of each message, drawn from the link's own stream
    /// of the seed. Messages of one link never overtake each other.
    pub jitter: Duration,
}

/// What becomes of records that were appended and not flushed when a broker is killed.
///
/// Apache Kafka leaves flushing to the operating system: a broker brings a log to the disk when it
/// closes a segment (`segment.bytes`, `segment.ms`), and otherwise as `flush.messages` says, which
/// is never by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unflushed {
    /// They stay: the process is killed, and the operating system writes what it left.
    #[default]
    Kept,
    /// They are lost: the machine loses power with every kill.
    Lost,
    /// As many are lost as the seed says, down to the end of a batch.
    Drawn,
}

/// Where brokers keep their logs, and what they do with them in the background. What topics may set,
/// too (`log.segment.bytes`, `log.retention.ms`, ..), is given in [`ClusterConfig::properties`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageConfig {
    /// `log.dirs`: the directories of every broker. One, `/tmp/kafka-logs`.
    pub log_dirs: Vec<String>,
    /// What a kill does to records that were not flushed. They are kept.
    pub unflushed: Unflushed,
    /// `log.initial.task.delay.ms`: the first of the tasks below comes this long after a broker
    /// started. 30 s.
    pub initial_task_delay: Duration,
    /// `log.retention.check.interval.ms`: 5 min.
    pub retention_check_interval: Duration,
    /// `log.cleaner.backoff.ms`: how long the cleaner rests when there is nothing to compact. 15 s.
    pub cleaner_backoff: Duration,
    /// `log.flush.start.offset.checkpoint.interval.ms`: a crash of every replica forgets deletions
    /// that are younger than this. 60 s.
    pub start_checkpoint_interval: Duration,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            log_dirs: vec!["/tmp/kafka-logs".to_owned()],
            unflushed: Unflushed::Kept,
            initial_task_delay: Duration::from_secs(30),
            retention_check_interval: Duration::from_secs(5 * 60),
            cleaner_backoff: Duration::from_secs(15),
            start_checkpoint_interval: Duration::from_secs(60),
        }
    }
}

/// Which replica a consumer is told to read from (`replica.selector.class`, KIP-392).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplicaSelector {
    /// The leader, always: no class is set.
    #[default]
    Leader,
    /// `RackAwareReplicaSelector`: a replica in the consumer's rack, the most caught-up of them,
    /// unless the leader is in that rack.
    RackAware,
}

/// Everything a [`Cluster`](crate::cluster::Cluster) is started with.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterConfig {
    /// The release of Apache Kafka that the cluster stands for: 4.1.
    pub release: Release,
    /// The brokers. Ids are unique and not negative.
    pub brokers: Vec<BrokerConfig>,
    /// `node.id` of the controller, at whose own listener it may be asked what only brokers ask.
    /// No broker has it. 100.
    pub controller_id: BrokerId,
    /// `auto.leader.rebalance.enable`: partitions go back to their preferred leaders. True.
    pub auto_leader_rebalance: bool,
    /// Waits and intervals.
    pub timings: Timings,
    /// Latency between nodes.
    pub network: NetworkConfig,
    /// Logs on disk.
    pub storage: StorageConfig,
    /// The time of day, in milliseconds since 1970-01-01 UTC, at `MonoTime::ZERO`.
    pub epoch_millis: i64,
    /// `auto.create.topics.enable`: true.
    pub auto_create_topics: bool,
    /// `num.partitions` of a topic created without saying how many: 1.
    pub num_partitions: i32,
    /// `default.replication.factor`: 1.
    pub default_replication_factor: i16,
    /// `min.insync.replicas`: 1.
    pub min_insync_replicas: i32,
    /// `unclean.leader.election.enable`: false.
    pub unclean_leader_election: bool,
    /// Whether members that leave a short ISR stay eligible to lead: the feature
    /// `eligible.leader.replicas.version` (KIP-966), which new clusters of 4.1 have and those of
    /// 3.9 do not, whatever stands here. True.
    pub eligible_leader_replicas: bool,
    /// `transaction.partition.verification.enable`: whether a broker asks the transaction's
    /// coordinator about the first batch of a transaction in a partition (KIP-890). True.
    pub transaction_partition_verification: bool,
    /// `producer.id.expiration.ms`: a producer without an open transaction that wrote nothing for
    /// this long is forgotten. 1 day.
    pub producer_id_expiration: Duration,
    /// `producer.id.expiration.check.interval.ms`: how often producers are looked at. 10 minutes.
    pub producer_id_expiration_check_interval: Duration,
    /// `replica.selector.class`: none, so that consumers read from the leader.
    pub replica_selector: ReplicaSelector,
    /// `message.max.bytes`: 1,048,588.
    pub message_max_bytes: i32,
    /// `socket.request.max.bytes`: 100 MiB.
    pub socket_request_max_bytes: i32,
    /// `fetch.max.bytes`: what a broker puts into one fetch response at most, 55 MiB.
    pub fetch_max_bytes: i32,
    /// `max.incremental.fetch.session.cache.slots`: 1,000.
    pub max_fetch_sessions: usize,
    /// `replica.fetch.max.bytes`, per partition: 1 MiB.
    pub replica_fetch_max_bytes: i32,
    /// `replica.fetch.response.max.bytes`: 10 MiB.
    pub replica_fetch_response_max_bytes: i32,
    /// What each request costs its client where `request_percentage` bounds it (KIP-124): so much
    /// time of a thread. Requests take no time here. Zero, so that nobody is throttled for time.
    pub request_time: Duration,
    /// How many events [`Cluster::history`](crate::cluster::Cluster::history) goes back: 1,000.
    /// 0 keeps none.
    pub history: usize,
    /// Events of its own that the cluster has in one step at most; what is left is done in the next.
    /// A loop in no time would otherwise never give the driver its turn. 10,000,000.
    pub events_per_step: usize,
    /// A defect the cluster is to have.
    #[cfg(feature = "sabotage")]
    #[doc(hidden)]
    pub sabotage: Option<crate::sabotage::Sabotage>,
    /// Lines of every broker's `server.properties`, by name. A field of this configuration that names
    /// a property and its line here are one setting, however it is given: brokers act upon it and
    /// describe it to clients. Where both are given, the line counts. Those without a field are
    /// described, and take effect where they are a topic's default. Unknown names are refused.
    /// Default: none.
    pub properties: BTreeMap<String, String>,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        Self::with_brokers(3)
    }
}

impl ClusterConfig {
    /// `count` brokers with the ids 1..=`count`, on the ports from 9092 of 127.0.0.1.
    pub fn with_brokers(count: usize) -> Self {
        let brokers = (0..count)
            .map(|index| BrokerConfig {
                id: BrokerId(i32::try_from(index + 1).unwrap_or(i32::MAX)),
                host: "127.0.0.1".to_owned(),
                port: u16::try_from(9092 + index).unwrap_or(u16::MAX),
                rack: None,
            })
            .collect();
        Self {
            release: Release::default(),
            brokers,
            controller_id: BrokerId(100),
            auto_leader_rebalance: true,
            timings: Timings::default(),
            network: NetworkConfig::default(),
            storage: StorageConfig::default(),
            epoch_millis: 1_750_000_000_000,
            auto_create_topics: true,
            num_partitions: 1,
            default_replication_factor: 1,
            min_insync_replicas: 1,
            unclean_leader_election: false,
            eligible_leader_replicas: true,
            transaction_partition_verification: true,
            producer_id_expiration: Duration::from_secs(24 * 60 * 60),
            producer_id_expiration_check_interval: Duration::from_secs(10 * 60),
            replica_selector: ReplicaSelector::Leader,
            message_max_bytes: 1_048_588,
            socket_request_max_bytes: 100 * 1024 * 1024,
            fetch_max_bytes: 55 * 1024 * 1024,
            max_fetch_sessions: 1_000,
            replica_fetch_max_bytes: 1024 * 1024,
            replica_fetch_response_max_bytes: 10 * 1024 * 1024,
            request_time: Duration::ZERO,
            history: 1_000,
            events_per_step: 10_000_000,
            #[cfg(feature = "sabotage")]
            sabotage: None,
            properties: BTreeMap::new(),
        }
    }

    /// The features that are on in the new cluster, and their levels.
    pub(crate) fn initial_features(&self) -> BTreeMap<String, i16> {
        let mut features = self.release.initial_features();
        if !self.eligible_leader_replicas {
            features.remove(ELIGIBLE_LEADERS);
        }
        features
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        if self.brokers.is_empty() {
            return Err(ConfigError::NoBrokers);
        }
        let mut seen = BTreeMap::new();
        for broker in &self.brokers {
            if broker.id.get() < 0 {
                return Err(ConfigError::NegativeBrokerId { id: broker.id });
            }
            if seen.insert(broker.id, ()).is_some() || broker.id == self.controller_id {
                return Err(ConfigError::DuplicateBrokerId { id: broker.id });
            }
        }
        if self.num_partitions < 1 {
            return Err(ConfigError::NotPositive {
                name: "num.partitions",
                value: i64::from(self.num_partitions),
            });
        }
        if self.default_replication_factor < 1 {
            return Err(ConfigError::NotPositive {
                name: "default.replication.factor",
                value: i64::from(self.default_replication_factor),
            });
        }
        if self.timings.session_timeout <= self.timings.heartbeat_interval {
            return Err(ConfigError::SessionShorterThanHeartbeat {
                session: self.timings.session_timeout,
                heartbeat: self.timings.heartbeat_interval,
            });
        }
        for (name, value) in [
            ("broker.heartbeat.interval.ms", self.timings.heartbeat_interval),
            ("replica.lag.time.max.ms", self.timings.replica_lag_time_max),
            ("replica.fetch.wait.max.ms", self.timings.replica_fetch_wait_max),
            ("replica.fetch.backoff.ms", self.timings.replica_fetch_backoff),
            (
                "replica.high.watermark.checkpoint.interval.ms",
                self.timings.high_watermark_checkpoint_interval,
            ),
            ("replica.socket.timeout.ms", self.timings.request_timeout),
            ("retry.backoff.ms", self.timings.controller_retry_backoff),
            ("connections.max.idle.ms", self.timings.connections_max_idle),
            (
                "leader.imbalance.check.interval.seconds",
                self.timings.leader_imbalance_check_interval,
            ),
            ("unclean.leader.election.interval.ms", self.timings.unclean_election_interval),
            ("log.retention.check.interval.ms", self.storage.retention_check_interval),
            ("log.cleaner.backoff.ms", self.storage.cleaner_backoff),
            (
                "log.flush.start.offset.checkpoint.interval.ms",
                self.storage.start_checkpoint_interval,
            ),
            ("producer.id.expiration.ms", self.producer_id_expiration),
            (
                "producer.id.expiration.check.interval.ms",
                self.producer_id_expiration_check_interval,
            ),
        ] {
            if value.is_zero() {
                return Err(ConfigError::NotPositive { name, value: 0 });
            }
        }
        Ok(())
    }
}

/// Why a cluster cannot be built from a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No broker was given.
    #[error("a cluster needs at least one broker")]
    NoBrokers,
    /// Two brokers share a number.
    #[error("broker id {id} is given twice")]
    DuplicateBrokerId {
        /// The number.
        id: BrokerId,
    },
    /// A broker has a negative number.
    #[error("broker id {id} is negative")]
    NegativeBrokerId {
        /// The number.
        id: BrokerId,
    },
    /// A line of server.properties has a name that no setting of the release has.
    #[error("there is no setting {name}")]
    UnknownProperty {
        /// The name.
        name: String,
    },
    /// A line of server.properties has a value that its setting does not take.
    #[error("{name} cannot be {value:?}")]
    PropertyValue {
        /// The setting.
        name: String,
        /// The value.
        value: String,
    },
    /// A count or an interval that has to be positive is not.
    #[error("{name} has to be positive, not {value}")]
    NotPositive {
        /// The property.
        name: &'static str,
        /// Its value.
        value: i64,
    },
    /// Brokers would be fenced between two heartbeats.
    #[error(
        "broker.session.timeout.ms ({session:?}) has to be longer than \
         broker.heartbeat.interval.ms ({heartbeat:?})"
    )]
    SessionShorterThanHeartbeat {
        /// The session time-out.
        session: Duration,
        /// The heartbeat interval.
        heartbeat: Duration,
    },
}

/// A topic to be created by the operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions, or `num.partitions`.
    pub partitions: Option<i32>,
    /// How many replicas each, or `default.replication.factor`.
    pub replication_factor: Option<i16>,
    /// Which brokers hold which partition, the preferred leader first; instead of the counts.
    pub assignments: Option<Vec<Vec<BrokerId>>>,
    /// Settings by their Java names, such as `min.insync.replicas`.
    pub configs: BTreeMap<String, String>,
}

impl TopicSpec {
    /// A topic with the cluster's defaults.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            partitions: None,
            replication_factor: None,
            assignments: None,
            configs: BTreeMap::new(),
        }
    }

    /// With this many partitions.
    #[must_use]
    pub fn partitions(mut self, count: i32) -> Self {
        self.partitions = Some(count);
        self
    }

    /// With this many replicas of each partition.
    #[must_use]
    pub fn replication_factor(mut self, count: i16) -> Self {
        self.replication_factor = Some(count);
        self
    }

    /// With these replicas per partition, the preferred leader first.
    #[must_use]
    pub fn assignments(mut self, replicas: Vec<Vec<BrokerId>>) -> Self {
        self.assignments = Some(replicas);
        self
    }

    /// With a setting by its Java name.
    #[must_use]
    pub fn config(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.configs.insert(name.into(), value.into());
        self
    }
}
