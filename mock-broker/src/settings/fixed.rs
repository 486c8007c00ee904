//! What brokers were started with, as lines of `server.properties`: the fields of
//! [`ClusterConfig`] that have a name there, and the properties that were given by name.

use std::time::Duration;

use super::{Tables, Values, items};
use crate::config::{BrokerConfig, ClusterConfig, ConfigError, ReplicaSelector};

/// A property that is a field of the configuration.
struct Field {
    name: &'static str,
    get: fn(&ClusterConfig) -> String,
    /// Whether the value could be read.
    set: fn(&mut ClusterConfig, &str) -> bool,
}

macro_rules! parsed {
    ($name:literal, $field:ident) => {
        Field {
            name: $name,
            get: |config| config.$field.to_string(),
            set: |config, value| match value.parse() {
                Ok(value) => {
                    config.$field = value;
                    true
                }
                Err(_) => false,
            },
        }
    };
}

macro_rules! millis {
    ($name:literal, $($field:ident).+) => {
        Field {
            name: $name,
            get: |config| config.$($field).+.as_millis().to_string(),
            set: |config, value| match value.parse() {
                Ok(millis) => {
                    config.$($field).+ = Duration::from_millis(millis);
                    true
                }
                Err(_) => false,
            },
        }
    };
}

/// `RackAwareReplicaSelector`
const RACK_AWARE: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

static FIELDS: &[Field] = &[
    parsed!("auto.leader.rebalance.enable", auto_leader_rebalance),
    parsed!("auto.create.topics.enable", auto_create_topics),
    parsed!("default.replication.factor", default_replication_factor),
    parsed!("fetch.max.bytes", fetch_max_bytes),
    parsed!("max.incremental.fetch.session.cache.slots", max_fetch_sessions),
    parsed!("message.max.bytes", message_max_bytes),
    parsed!("min.insync.replicas", min_insync_replicas),
    parsed!("num.partitions", num_partitions),
    parsed!("replica.fetch.max.bytes", replica_fetch_max_bytes),
    parsed!("replica.fetch.response.max.bytes", replica_fetch_response_max_bytes),
    parsed!("socket.request.max.bytes", socket_request_max_bytes),
    parsed!("transaction.partition.verification.enable", transaction_partition_verification),
    parsed!("unclean.leader.election.enable", unclean_leader_election),
    millis!("broker.heartbeat.interval.ms", timings.heartbeat_interval),
    millis!("broker.session.timeout.ms", timings.session_timeout),
    millis!("connections.max.idle.ms", timings.connections_max_idle),
    millis!("log.cleaner.backoff.ms", storage.cleaner_backoff),
    millis!("log.flush.start.offset.checkpoint.interval.ms", storage.start_checkpoint_interval),
    millis!("log.initial.task.delay.ms", storage.initial_task_delay),
    millis!("log.retention.check.interval.ms", storage.retention_check_interval),
    millis!("producer.id.expiration.check.interval.ms", producer_id_expiration_check_interval),
    millis!("producer.id.expiration.ms", producer_id_expiration),
    millis!("replica.fetch.backoff.ms", timings.replica_fetch_backoff),
    millis!("replica.fetch.wait.max.ms", timings.replica_fetch_wait_max),
    millis!(
        "replica.high.watermark.checkpoint.interval.ms",
        timings.high_watermark_checkpoint_interval
    ),
    millis!("replica.lag.time.max.ms", timings.replica_lag_time_max),
    millis!("replica.socket.timeout.ms", timings.request_timeout),
    millis!("unclean.leader.election.interval.ms", timings.unclean_election_interval),
    Field {
        name: "leader.imbalance.check.interval.seconds",
        get: |config| config.timings.leader_imbalance_check_interval.as_secs().to_string(),
        set: |config, value| {
            let Ok(seconds) = value.parse() else { return false };
            config.timings.leader_imbalance_check_interval = Duration::from_secs(seconds);
            true
        },
    },
    Field {
        name: "log.dirs",
        get: |config| config.storage.log_dirs.join(","),
        set: |config, value| {
            config.storage.log_dirs = items(value).map(str::to_owned).collect();
            !config.storage.log_dirs.is_empty()
        },
    },
    Field {
        name: "replica.selector.class",
        get: |config| match config.replica_selector {
            ReplicaSelector::Leader => String::new(),
            ReplicaSelector::RackAware => RACK_AWARE.to_owned(),
        },
        set: |config, value| {
            config.replica_selector = match value {
                "" => ReplicaSelector::Leader,
                RACK_AWARE => ReplicaSelector::RackAware,
                _ => return false,
            };
            true
        },
    },
];

/// Gives the properties that are fields to their fields.
pub(crate) fn apply_properties(config: &mut ClusterConfig) -> Result<(), ConfigError> {
    let tables = Tables::of(config);
    let properties = config.properties.clone();
    for (name, value) in &properties {
        let setting = tables
            .broker(name)
            .ok_or_else(|| ConfigError::UnknownProperty { name: name.clone() })?;
        let unfit = || ConfigError::PropertyValue { name: name.clone(), value: value.clone() };
        super::allowed::check_kind(setting, value).map_err(|_| unfit())?;
        let value = setting.canonical(value);
        if let Some(field) = FIELDS.iter().find(|field| field.name == name)
            && !(field.set)(config, &value)
        {
            return Err(unfit());
        }
    }
    Ok(())
}

/// The properties that every broker's file has.
pub(super) fn properties_of(config: &ClusterConfig) -> Values {
    let tables = Tables::of(config);
    let mut properties = config.properties.clone();
    for field in FIELDS {
        // An internal setting is listed where a line of the file has it, and nowhere else.
        let Some(setting) = super::find(tables.broker, field.name) else { continue };
        let value = (field.get)(config);
        let default = setting.default;
        if default.unwrap_or_default() != value {
            properties.entry(field.name.to_owned()).or_insert(value);
        }
    }
    properties
}

/// What a broker's file says of who and where it is, unless it was told otherwise.
pub(super) fn place_of(broker: &BrokerConfig) -> impl Iterator<Item = (&'static str, String)> {
    let (id, host, port) = (broker.id.get(), &broker.host, broker.port);
    let rack = broker.rack.clone().map(|rack| ("broker.rack", rack));
    [
        ("advertised.listeners", format!("PLAINTEXT://{host}:{port}")),
        ("broker.id", id.to_string()),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        ("controller.quorum.voters", format!("0@{host}:9093")),
        ("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT".to_owned()),
        ("listeners", format!("PLAINTEXT://{host}:{port}")),
        ("node.id", id.to_string()),
        ("process.roles", "broker".to_owned()),
    ]
    .into_iter()
    .chain(rack)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StorageConfig;

    #[test]
    fn every_field_has_kafkas_default() {
        // Apache Kafka would take log.dir, which every file that it comes with sets otherwise.
        let directories = [("log.dirs".to_owned(), "/tmp/kafka-logs".to_owned())];
        let config = ClusterConfig::default();
        assert_eq!(properties_of(&config), Values::from(directories));
    }

    #[test]
    fn every_field_is_a_setting_and_takes_what_it_gives() {
        let config = ClusterConfig::default();
        let tables = Tables::of(&config);
        for field in FIELDS {
            assert!(tables.broker(field.name).is_some(), "{}", field.name);
            let mut set = config.clone();
            let value = (field.get)(&config);
            assert!((field.set)(&mut set, &value), "{}={value}", field.name);
            assert_eq!(set, config, "{}={value}", field.name);
        }
    }

    #[test]
    fn what_concerns_logs_is_one_setting_by_its_field_and_by_its_name() {
        let mut by_name = ClusterConfig::default();
        for (name, value) in [
            ("log.dirs", "/one, /two"),
            ("log.initial.task.delay.ms", "1"),
            ("log.retention.check.interval.ms", "2"),
            ("log.cleaner.backoff.ms", "3"),
            ("log.flush.start.offset.checkpoint.interval.ms", "4"),
        ] {
            by_name.properties.insert(name.to_owned(), value.to_owned());
        }
        apply_properties(&mut by_name).unwrap();
        let storage = StorageConfig {
            log_dirs: vec!["/one".to_owned(), "/two".to_owned()],
            initial_task_delay: Duration::from_millis(1),
            retention_check_interval: Duration::from_millis(2),
            cleaner_backoff: Duration::from_millis(3),
            start_checkpoint_interval: Duration::from_millis(4),
            ..StorageConfig::default()
        };
        let by_field = ClusterConfig { storage, ..ClusterConfig::default() };
        assert_eq!(by_name.storage, by_field.storage);
        by_name.properties.insert("log.dirs".to_owned(), "/one,/two".to_owned());
        // An internal one is listed where its line is given, and nowhere else.
        let mut listed = properties_of(&by_name);
        assert_eq!(listed.remove("log.initial.task.delay.ms").as_deref(), Some("1"));
        assert_eq!(listed, properties_of(&by_field));
    }

    #[test]
    fn a_property_sets_its_field() {
        let mut config = ClusterConfig::default();
        config.properties.insert("num.partitions".to_owned(), " 7 ".to_owned());
        config.properties.insert("auto.create.topics.enable".to_owned(), "FALSE".to_owned());
        config.properties.insert("connections.max.idle.ms".to_owned(), "50".to_owned());
        apply_properties(&mut config).unwrap();
        assert_eq!((config.num_partitions, config.auto_create_topics), (7, false));
        assert_eq!(config.timings.connections_max_idle, Duration::from_millis(50));
    }

    #[test]
    fn a_property_that_nobody_knows_or_can_read_is_refused() {
        for (name, value) in [
            ("num.partition", "7"),
            ("num.partitions", "seven"),
            ("log.dirs", ""),
            ("replica.selector.class", "com.example.Selector"),
        ] {
            let mut config = ClusterConfig::default();
            config.properties.insert(name.to_owned(), value.to_owned());
            assert!(apply_properties(&mut config).is_err(), "{name}={value}");
        }
    }
}
