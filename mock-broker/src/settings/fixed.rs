//! What brokers were started with, as lines of `server.properties`: the fields of
//! [`ClusterConfig`] that have a name there, and the properties that were given by name.

use std::time::Duration;

use super::{Tables, Values};
use crate::config::{BrokerConfig, ClusterConfig, ConfigError};

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

static FIELDS: &[Field] = &[
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
    millis!("log.initial.task.delay.ms", storage.initial_task_delay),
    millis!("replica.fetch.backoff.ms", timings.replica_fetch_backoff),
    millis!("replica.fetch.wait.max.ms", timings.replica_fetch_wait_max),
    millis!(
        "replica.high.watermark.checkpoint.interval.ms",
        timings.high_watermark_checkpoint_interval
    ),
    millis!("replica.lag.time.max.ms", timings.replica_lag_time_max),
    millis!("replica.socket.timeout.ms", timings.request_timeout),
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
        let value = (field.get)(config);
        let default = tables.broker(field.name).and_then(|setting| setting.default);
        if default != Some(value.as_str()) {
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
        ("log.dirs", format!("/var/lib/kafka/{id}")),
        ("node.id", id.to_string()),
        ("process.roles", "broker".to_owned()),
    ]
    .into_iter()
    .chain(rack)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_kafkas_default() {
        let config = ClusterConfig::default();
        assert_eq!(properties_of(&config), Values::new());
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
        for (name, value) in [("num.partition", "7"), ("num.partitions", "seven")] {
            let mut config = ClusterConfig::default();
            config.properties.insert(name.to_owned(), value.to_owned());
            assert!(apply_properties(&mut config).is_err(), "{name}={value}");
        }
    }
}
