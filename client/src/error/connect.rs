//! Why no connection came about.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ids::BrokerId;

use super::ConfigError;

/// Why [`KafkaBuilder::connect`](crate::KafkaBuilder::connect) failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
#[non_exhaustive]
pub struct ConnectError {
    kind: ConnectErrorKind,
}

/// The kinds of [`ConnectError`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectErrorKind {
    /// The configuration cannot work; nothing was tried.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// No bootstrap address led to a broker that answered within the time-out.
    #[error("no broker answered within {}: {}", rounded(*within), display_list(failures))]
    Unreachable {
        /// How long it was tried.
        within: Duration,
        /// Every bootstrap server, with every address it resolved to and why each failed.
        failures: Vec<EndpointFailure>,
    },
}

impl ConnectError {
    pub(crate) fn unreachable(within: Duration, failures: Vec<EndpointFailure>) -> Self {
        Self { kind: ConnectErrorKind::Unreachable { within, failures } }
    }

    /// What happened.
    pub fn kind(&self) -> &ConnectErrorKind {
        &self.kind
    }

    /// Whether trying again without changing anything may help.
    pub fn is_retriable(&self) -> bool {
        match &self.kind {
            ConnectErrorKind::Config(_) => false,
            ConnectErrorKind::Unreachable { failures, .. } => {
                failures.iter().any(EndpointFailure::is_retriable)
            }
        }
    }

    /// Whether the configuration or the network has to change before it can work.
    pub fn is_fatal(&self) -> bool {
        !self.is_retriable()
    }
}

impl From<ConfigError> for ConnectError {
    fn from(error: ConfigError) -> Self {
        Self { kind: ConnectErrorKind::Config(error) }
    }
}

/// One `host:port` that could not be used, with every address that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointFailure {
    /// The broker's number, where it is known; bootstrap servers have none.
    pub broker: Option<BrokerId>,
    /// The host as configured or as the broker advertises it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Why the name gave no address, if that is what failed.
    pub resolution: Option<PeerFailure>,
    /// Each address in the order tried, and why it failed.
    pub addresses: Vec<AddressFailure>,
}

/// One address that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddressFailure {
    /// The address.
    pub address: SocketAddr,
    /// Why it failed.
    pub failure: PeerFailure,
}

impl EndpointFailure {
    pub(crate) fn new(broker: Option<BrokerId>, host: &str, port: u16) -> Self {
        Self { broker, host: host.to_owned(), port, resolution: None, addresses: Vec::new() }
    }

    /// Whether another attempt without any change may succeed.
    pub fn is_retriable(&self) -> bool {
        let failures = self.addresses.iter().map(|address| &address.failure);
        if self.resolution.is_none() && self.addresses.is_empty() {
            // Nothing came of it yet.
            return true;
        }
        self.resolution.iter().chain(failures).any(PeerFailure::is_passing)
    }
}

impl fmt::Display for EndpointFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(broker) = self.broker {
            write!(f, "broker {broker} at ")?;
        }
        write!(f, "{}:{}", self.host, self.port)?;
        if let Some(resolution) = &self.resolution {
            write!(f, ": {resolution}")?;
        }
        for (index, AddressFailure { address, failure }) in self.addresses.iter().enumerate() {
            let separator = if index == 0 { ": " } else { ", " };
            write!(f, "{separator}[{address}] {failure}")?;
        }
        Ok(())
    }
}

impl std::error::Error for EndpointFailure {}

/// What was seen of a peer that could not be used, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerFailure {
    /// The name did not resolve to any address.
    #[error("the name does not resolve ({message}); check the spelling and the DNS")]
    Resolution {
        /// What the resolver said.
        message: Arc<str>,
    },
    /// The operating system reported an error, such as a refused connection.
    #[error("{message}")]
    Io {
        /// Its kind.
        kind: io::ErrorKind,
        /// Its text.
        message: Arc<str>,
    },
    /// Nothing came back in time.
    #[error("nothing came back within {} while {during}{}", rounded(*after), silence_hint(*during))]
    TimedOut {
        /// How long it was waited for.
        after: Duration,
        /// What it was waited for.
        during: ConnectionStage,
    },
    /// The peer closed the connection.
    #[error("the peer closed the connection while {during}{}", closed_hint(*during))]
    Closed {
        /// What was going on.
        during: ConnectionStage,
    },
    /// The peer speaks another protocol.
    #[error("the peer does not speak the Kafka protocol: {seen}; {hint}")]
    NotKafka {
        /// What it sent, as far as it was recognised.
        seen: Arc<str>,
        /// What to look at.
        hint: Arc<str>,
    },
    /// A frame longer than allowed.
    #[error("a frame of {length} bytes is above the limit of {max} bytes")]
    Oversized {
        /// The length the peer announced.
        length: u64,
        /// The limit.
        max: usize,
    },
    /// The connection was ready, and what was asked over it was not answered.
    #[error("it takes requests and does not answer: {message}")]
    Unanswered {
        /// What was asked and what happened.
        message: Arc<str>,
    },
    /// A frame that does not decode.
    #[error("an answer could not be used: {message}")]
    Garbage {
        /// What was wrong with it.
        message: Arc<str>,
    },
    /// An answer to a question that was not asked.
    #[error("an answer carries correlation id {found} where {expected:?} was due")]
    Correlation {
        /// The id of the oldest unanswered request, if there was one.
        expected: Option<i32>,
        /// The id in the answer.
        found: i32,
    },
    /// The broker refused even the oldest version of ApiVersions.
    #[error("the broker refuses ApiVersions: {error}")]
    VersionsRefused {
        /// The error it named.
        error: Arc<str>,
    },
}

impl PeerFailure {
    /// Whether it may be over the next time: the network's doing, not the peer's.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Resolution { .. }
            | Self::Io { .. }
            | Self::TimedOut { .. }
            | Self::Unanswered { .. }
            | Self::Closed { .. } => true,
            Self::NotKafka { .. }
            | Self::Oversized { .. }
            | Self::Garbage { .. }
            | Self::Correlation { .. }
            | Self::VersionsRefused { .. } => false,
        }
    }

    pub(crate) fn io(error: &io::Error) -> Self {
        Self::Io { kind: error.kind(), message: error.to_string().into() }
    }
}

/// How far a connection had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ConnectionStage {
    /// The name is being resolved.
    Resolving,
    /// The connection is being opened.
    Connecting,
    /// ApiVersions was sent and is not answered.
    Negotiating,
    /// Authentication is going on.
    Authenticating,
    /// Requests may be sent.
    Ready,
}

impl fmt::Display for ConnectionStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolving => "resolving the name",
            Self::Connecting => "connecting",
            Self::Negotiating => "waiting for the answer to ApiVersions",
            Self::Authenticating => "authenticating",
            Self::Ready => "waiting for an answer",
        })
    }
}

/// Microseconds tell nothing here.
fn rounded(time: Duration) -> String {
    format!("{:?}", Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}

fn silence_hint(during: ConnectionStage) -> &'static str {
    match during {
        ConnectionStage::Negotiating => {
            "; is it a Kafka listener, and is it one without TLS and SASL?"
        }
        ConnectionStage::Connecting => "; is a firewall in between?",
        _ => "",
    }
}

fn closed_hint(during: ConnectionStage) -> &'static str {
    match during {
        ConnectionStage::Negotiating => "; is it a listener that expects TLS or SASL?",
        _ => "",
    }
}

fn display_list(failures: &[EndpointFailure]) -> String {
    failures.iter().map(EndpointFailure::to_string).collect::<Vec<_>>().join("; ")
}
