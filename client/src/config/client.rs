//! The settings every role shares.

use std::time::Duration;

use milena_protocol::StrBytes;

use crate::error::ConfigError;

/// The settings every role shares. Set through [`KafkaBuilder`](crate::KafkaBuilder).
#[derive(Clone, Debug)]
pub(crate) struct ClientConfig {
    /// `client.id`.
    pub(crate) client_id: StrBytes,
    /// `request.timeout.ms`, 30 s.
    pub(crate) request_timeout: Duration,
    /// `reconnect.backoff.ms`, 50 ms.
    pub(crate) reconnect_backoff: Duration,
    /// `reconnect.backoff.max.ms`, 1 s.
    pub(crate) reconnect_backoff_max: Duration,
    /// `retry.backoff.ms`, 100 ms.
    pub(crate) retry_backoff: Duration,
    /// `retry.backoff.max.ms`, 1 s.
    pub(crate) retry_backoff_max: Duration,
    /// `socket.connection.setup.timeout.ms`, 10 s.
    pub(crate) connection_setup_timeout: Duration,
    /// `connections.max.idle.ms`, 9 min.
    pub(crate) connections_max_idle: Duration,
    /// `metadata.max.age.ms`, 5 min.
    pub(crate) metadata_max_age: Duration,
    /// `metadata.max.idle.ms`, 5 min.
    pub(crate) metadata_max_idle: Duration,
    /// `metadata.recovery.strategy`.
    pub(crate) recovery: MetadataRecovery,
    /// `allow.auto.create.topics`; ours is off.
    pub(crate) topic_creation: TopicCreation,
    /// The largest frame taken from a broker.
    pub(crate) receive_max_bytes: usize,
    /// How long [`KafkaBuilder::connect`](crate::KafkaBuilder::connect) tries.
    pub(crate) connect_timeout: Duration,
}

/// What happens when no known broker can be reached (`metadata.recovery.strategy`, KIP-899).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MetadataRecovery {
    /// Start again from the bootstrap servers. The default, as in Java since 4.0.
    #[default]
    Rebootstrap,
    /// Keep trying the brokers last known.
    None,
}

/// Whether asking for an unknown topic may create it (`allow.auto.create.topics`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TopicCreation {
    /// An unknown topic stays unknown. The default, other than in Java's producer: a misspelled
    /// name should fail rather than make a topic with default settings.
    #[default]
    Never,
    /// The broker may create it, if `auto.create.topics.enable` is on there.
    Allowed,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            client_id: StrBytes::from_static_str("milena"),
            request_timeout: Duration::from_secs(30),
            reconnect_backoff: Duration::from_millis(50),
            reconnect_backoff_max: Duration::from_secs(1),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            connection_setup_timeout: Duration::from_secs(10),
            connections_max_idle: Duration::from_secs(9 * 60),
            metadata_max_age: Duration::from_secs(5 * 60),
            metadata_max_idle: Duration::from_secs(5 * 60),
            recovery: MetadataRecovery::default(),
            topic_creation: TopicCreation::default(),
            receive_max_bytes: 128 * 1024 * 1024,
            connect_timeout: Duration::from_secs(10),
        }
    }
}

impl ClientConfig {
    /// Whether the values are possible, alone and together.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (setting, value) in [
            ("request.timeout.ms", self.request_timeout),
            ("reconnect.backoff.ms", self.reconnect_backoff),
            ("retry.backoff.ms", self.retry_backoff),
            ("socket.connection.setup.timeout.ms", self.connection_setup_timeout),
            ("connections.max.idle.ms", self.connections_max_idle),
            ("metadata.max.age.ms", self.metadata_max_age),
            ("metadata.max.idle.ms", self.metadata_max_idle),
            ("connect timeout", self.connect_timeout),
        ] {
            if value.is_zero() {
                return Err(ConfigError::invalid(setting, value, "must be longer than zero"));
            }
        }
        ordered(
            ("reconnect.backoff.ms", self.reconnect_backoff),
            ("reconnect.backoff.max.ms", self.reconnect_backoff_max),
        )?;
        ordered(
            ("retry.backoff.ms", self.retry_backoff),
            ("retry.backoff.max.ms", self.retry_backoff_max),
        )?;
        if self.client_id.len() > i16::MAX as usize {
            return Err(ConfigError::invalid(
                "client.id",
                self.client_id.len(),
                "must not be longer than 32767 bytes",
            ));
        }
        if self.receive_max_bytes < 1024 || self.receive_max_bytes > i32::MAX as usize {
            return Err(ConfigError::invalid(
                "receive max bytes",
                self.receive_max_bytes,
                "must be between 1024 and 2147483647",
            ));
        }
        Ok(())
    }
}

fn ordered(
    small: (&'static str, Duration),
    large: (&'static str, Duration),
) -> Result<(), ConfigError> {
    if small.1 > large.1 {
        return Err(ConfigError::contradiction(
            small,
            large,
            "the first must not exceed the second",
        ));
    }
    Ok(())
}
