//! The entry point of the client.

use std::sync::Arc;
use std::time::Duration;

use milena_protocol::StrBytes;

use crate::config::client::{MetadataRecovery, TopicCreation};
use crate::config::{ClientConfig, Properties, short};
use crate::consumer::AssignedConsumerBuilder;
use crate::environment::Environment;
use crate::error::{ConfigError, ConnectError};
use crate::runtime::core::Core;

/// A client of one cluster: one pool of connections for every role. Cheap to clone.
///
/// When the last clone is gone, and every producer and consumer made from it, the connections are
/// closed and the tasks behind them end; dropping never blocks.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let kafka = milena::Kafka::builder("localhost:9092").connect().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Kafka {
    core: Core,
}

impl Kafka {
    /// Starts to set up a client; `servers` are where it finds its first broker
    /// (`bootstrap.servers`), each as `host:port`, one after the other or separated by commas.
    ///
    /// ```no_run
    /// # use milena::Kafka;
    /// let one = Kafka::builder("kafka-1:9092,kafka-2:9092");
    /// let other = Kafka::builder(["kafka-1:9092", "[2001:db8::1]:9092"]);
    /// ```
    pub fn builder(servers: impl Into<BootstrapServers>) -> KafkaBuilder {
        KafkaBuilder::of(servers.into(), ClientConfig::default())
    }

    /// Closes every connection of this client: no new request is sent, those that were sent are
    /// waited for, at most `within`; the rest fails. Returns within `within`.
    ///
    /// Concerns all clones and everything made from them. Producers and consumers have a `close`
    /// of their own, which loses nothing; call that first.
    ///
    /// Cancellation safe: if the future is dropped, the connections end when they are answered.
    pub async fn close(&self, within: Duration) {
        self.core.close(within).await;
    }

    /// Starts to set up a consumer of partitions that the caller names, without a group.
    pub fn assigned_consumer(&self) -> AssignedConsumerBuilder {
        AssignedConsumerBuilder::new(self.core.clone())
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }
}

/// Where a client finds its first broker (`bootstrap.servers`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootstrapServers(Vec<String>);

impl From<&str> for BootstrapServers {
    fn from(servers: &str) -> Self {
        Self(servers.split(',').map(|server| server.trim().to_owned()).collect())
    }
}

impl From<String> for BootstrapServers {
    fn from(servers: String) -> Self {
        Self::from(servers.as_str())
    }
}

impl From<&String> for BootstrapServers {
    fn from(servers: &String) -> Self {
        Self::from(servers.as_str())
    }
}

impl<S: Into<String>> From<Vec<S>> for BootstrapServers {
    fn from(servers: Vec<S>) -> Self {
        servers.into_iter().collect()
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for BootstrapServers {
    fn from(servers: [S; N]) -> Self {
        servers.into_iter().collect()
    }
}

impl<S: Into<String>> FromIterator<S> for BootstrapServers {
    fn from_iter<I: IntoIterator<Item = S>>(servers: I) -> Self {
        Self(servers.into_iter().flat_map(|server| Self::from(server.into()).0).collect())
    }
}

impl BootstrapServers {
    pub(crate) fn parse(&self) -> Result<Vec<(Arc<str>, u16)>, ConfigError> {
        let mut parsed = Vec::new();
        for server in self.0.iter().filter(|server| !server.is_empty()) {
            let endpoint = parse_endpoint(server).ok_or_else(|| {
                let rule = "each server must be host:port, an IPv6 address in brackets";
                ConfigError::invalid("bootstrap.servers", short(server), rule)
            })?;
            if !parsed.contains(&endpoint) {
                parsed.push(endpoint);
            }
        }
        if parsed.is_empty() {
            let rule = "there must be at least one server";
            return Err(ConfigError::invalid("bootstrap.servers", short(&self.0.join(",")), rule));
        }
        Ok(parsed)
    }
}

fn parse_endpoint(server: &str) -> Option<(Arc<str>, u16)> {
    let (host, port) = server.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port > 0)?;
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        // More colons without brackets: an IPv6 address whose end would be taken for a port.
        None if host.contains(':') => return None,
        None => host,
    };
    let legal = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
    legal.then(|| (Arc::from(host), port))
}

/// Settings of a [`Kafka`] handle, those every role shares. The defaults are those of Apache
/// Kafka's Java client 4.1, unless said otherwise.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `connect`"]
pub struct KafkaBuilder {
    bootstrap: BootstrapServers,
    environment: Option<Environment>,
    config: ClientConfig,
}

impl KafkaBuilder {
    /// The settings of a client by their Java names, `bootstrap.servers` among them. For those of a
    /// producer or consumer see [`ProducerProperties`](crate::config::ProducerProperties) and
    /// [`ConsumerProperties`](crate::config::ConsumerProperties).
    ///
    /// ```
    /// use milena::KafkaBuilder;
    /// use milena::config::Properties;
    ///
    /// let properties = Properties::from_iter([("bootstrap.servers", "kafka-1:9092")]);
    /// let builder = KafkaBuilder::from_properties(&properties)?;
    /// # Ok::<(), milena::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`], which names the setting: unknown, without a counterpart here, with a value
    /// that cannot be, or in contradiction to another.
    pub fn from_properties(properties: &Properties) -> Result<Self, ConfigError> {
        let (bootstrap, config) = crate::config::client_of(properties)?;
        Ok(Self::of(bootstrap, config))
    }

    pub(crate) fn of(bootstrap: BootstrapServers, config: ClientConfig) -> Self {
        Self { bootstrap, environment: None, config }
    }

    /// Who this is, in the broker's logs, metrics and quotas (`client.id`). Default: `milena`.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.config.client_id = StrBytes::from_string(id.into());
        self
    }

    /// What the client takes from outside: connections, wall clock, entropy, tasks. Default:
    /// [`Environment::tokio`].
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// How long [`KafkaBuilder::connect`] tries before it gives up. Default: 10 s.
    ///
    /// Java has no such setting: its clients are made without a connection, and the first call
    /// that needs one waits.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.config.connect_timeout = timeout;
        self
    }

    /// How long an answer may take (`request.timeout.ms`). Default: 30 s. A request that is not
    /// answered in time ends its connection.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.config.request_timeout = timeout;
        self
    }

    /// How long one address may take until it is ready for requests
    /// (`socket.connection.setup.timeout.ms`). Default: 10 s.
    ///
    /// Other than in Java this includes the answer to ApiVersions, so that a peer that accepts
    /// and stays silent is given up as early as one that cannot be reached.
    pub fn connection_setup_timeout(mut self, timeout: Duration) -> Self {
        self.config.connection_setup_timeout = timeout;
        self
    }

    /// How long a connection may be unused before it is closed (`connections.max.idle.ms`).
    /// Default: 9 min, one less than the broker's, so that the client is the one to close.
    pub fn connections_max_idle(mut self, idle: Duration) -> Self {
        self.config.connections_max_idle = idle;
        self
    }

    /// The pause before connecting to a broker again: `initial` after the first failure, twice
    /// as long after each further one, at most `max`, each spread by 20 %
    /// (`reconnect.backoff.ms`, `reconnect.backoff.max.ms`). Default: 50 ms to 1 s.
    pub fn reconnect_backoff(mut self, initial: Duration, max: Duration) -> Self {
        self.config.reconnect_backoff = initial;
        self.config.reconnect_backoff_max = max;
        self
    }

    /// The pause before a failed request is repeated, growing likewise (`retry.backoff.ms`,
    /// `retry.backoff.max.ms`). Default: 100 ms to 1 s.
    pub fn retry_backoff(mut self, initial: Duration, max: Duration) -> Self {
        self.config.retry_backoff = initial;
        self.config.retry_backoff_max = max;
        self
    }

    /// How old the metadata may become before they are fetched anew although nothing is wrong
    /// (`metadata.max.age.ms`). Default: 5 min.
    pub fn metadata_max_age(mut self, age: Duration) -> Self {
        self.config.metadata_max_age = age;
        self
    }

    /// How long a topic nobody uses is kept in the metadata (`metadata.max.idle.ms`).
    /// Default: 5 min.
    pub fn metadata_max_idle(mut self, idle: Duration) -> Self {
        self.config.metadata_max_idle = idle;
        self
    }

    /// What happens when no known broker can be reached (`metadata.recovery.strategy`).
    /// Default: [`MetadataRecovery::Rebootstrap`].
    pub fn metadata_recovery(mut self, recovery: MetadataRecovery) -> Self {
        self.config.recovery = recovery;
        self
    }

    /// Whether asking for an unknown topic may create it (`allow.auto.create.topics`).
    /// Default: [`TopicCreation::Never`].
    pub fn topic_creation(mut self, creation: TopicCreation) -> Self {
        self.config.topic_creation = creation;
        self
    }

    /// The largest answer taken from a broker, in bytes; a larger one ends the connection.
    /// Default: 128 MiB, more than twice `fetch.max.bytes`. Java has no bound.
    pub fn receive_max_bytes(mut self, bytes: usize) -> Self {
        self.config.receive_max_bytes = bytes;
        self
    }

    /// Checks the configuration and connects.
    ///
    /// Every bootstrap server is tried, and every address its name resolves to; a server that
    /// stays silent holds up the next one for a second. Until the time-out it is tried again.
    ///
    /// # Errors
    /// [`ConnectErrorKind::Config`](crate::error::ConnectErrorKind::Config) at once if the
    /// configuration cannot work, and
    /// [`ConnectErrorKind::Unreachable`](crate::error::ConnectErrorKind::Unreachable) within
    /// [`KafkaBuilder::connect_timeout`] otherwise, naming every address and why it failed.
    ///
    /// Cancellation safe: if the future is dropped, nothing is left behind.
    pub async fn connect(self) -> Result<Kafka, ConnectError> {
        self.config.check()?;
        let bootstrap = self.bootstrap.parse()?;
        let environment = self.environment.unwrap_or_else(Environment::tokio);
        let within = self.config.connect_timeout;
        let core = Core::start(environment, self.config, bootstrap);
        core.first_image(within).await?;
        Ok(Kafka { core })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(servers: &str) -> Result<Vec<(String, u16)>, ConfigError> {
        let parsed = BootstrapServers::from(servers).parse()?;
        Ok(parsed.into_iter().map(|(host, port)| (host.to_string(), port)).collect())
    }

    #[test]
    fn bootstrap_servers_are_separated_by_commas() {
        let parsed = parse("a:1, b.example:9092,[::1]:3,a:1").unwrap();
        let expected = [("a", 1), ("b.example", 9092), ("::1", 3)];
        assert_eq!(parsed, expected.map(|(host, port)| (host.to_owned(), port)));
    }

    #[test]
    fn servers_that_cannot_be_are_named() {
        for servers in [
            "",
            ",",
            "localhost",
            "localhost:",
            ":9092",
            "h:0",
            "h:65536",
            "::1:9092",
            "http://h:1",
            "[::1:1",
        ] {
            let error = parse(servers).unwrap_err().to_string();
            assert!(error.contains("bootstrap.servers"), "{error}");
        }
        assert!(parse("a:1,b").unwrap_err().to_string().contains("\"b\""));
    }

    #[test]
    fn lists_and_strings_say_the_same() {
        let list = BootstrapServers::from(["a:1", "b:2"]);
        assert_eq!(list, BootstrapServers::from("a:1,b:2"));
        assert_eq!(list, BootstrapServers::from(vec!["a:1,b:2".to_owned()]));
    }
}
