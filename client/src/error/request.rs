//! Why a request to a broker has no answer.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ids::BrokerId;
use milena_protocol::messages::ApiKey;

use super::Persistence;
use super::connect::{EndpointFailure, PeerFailure};

/// A request that has no usable answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestError {
    /// What happened.
    pub kind: RequestErrorKind,
    /// The broker it was for, if one had been chosen.
    pub broker: Option<BrokerId>,
    /// The address it went to, if it came so far.
    pub address: Option<SocketAddr>,
    /// What was asked.
    pub api: ApiKey,
    /// How often it was tried.
    pub attempts: u32,
    pub(crate) sent: Persistence,
}

/// The kinds of [`RequestError`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestErrorKind {
    /// No connection to the broker came about.
    #[error("no connection: {0}")]
    Unreachable(Arc<EndpointFailure>),
    /// The metadata do not name the broker (any more).
    #[error("the broker is not in the metadata")]
    UnknownBroker,
    /// No broker is known to be the controller.
    #[error("no controller is known")]
    NoController,
    /// The connection broke before the answer.
    #[error("the connection broke: {0}")]
    Disconnected(PeerFailure),
    /// No answer within the time-out.
    #[error("no answer within {after:?}")]
    TimedOut {
        /// The time-out.
        after: Duration,
    },
    /// The broker speaks no version of this request that we speak.
    #[error("the broker offers no common version: {message}")]
    UnsupportedVersion {
        /// Both ranges.
        message: Arc<str>,
    },
    /// The request could not be encoded.
    #[error("the request cannot be encoded: {message}")]
    Encode {
        /// What the encoder said.
        message: Arc<str>,
    },
    /// The answer could not be decoded.
    #[error("the answer cannot be decoded: {message}")]
    Decode {
        /// What the decoder said.
        message: Arc<str>,
    },
    /// Too many requests wait for this connection.
    #[error("{limit} requests wait for this connection already")]
    QueueFull {
        /// The limit.
        limit: usize,
    },
    /// It was taken back before it was sent, because another broker took over.
    #[error("taken back before it was sent")]
    Withdrawn,
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

impl RequestError {
    pub(crate) fn new(
        kind: RequestErrorKind,
        broker: Option<BrokerId>,
        api: ApiKey,
        sent: Persistence,
    ) -> Self {
        Self { kind, broker, address: None, api, attempts: 1, sent }
    }

    /// Whether the request may have reached the broker and taken effect.
    pub fn persistence(&self) -> Persistence {
        self.sent
    }

    /// Whether the same request may succeed later, perhaps at another broker.
    ///
    /// A request that has effects and was [`Persistence::Possibly`] carried out needs more thought.
    pub fn is_retriable(&self) -> bool {
        match &self.kind {
            RequestErrorKind::Unreachable(_)
            | RequestErrorKind::UnknownBroker
            | RequestErrorKind::NoController
            | RequestErrorKind::Disconnected(_)
            | RequestErrorKind::TimedOut { .. }
            | RequestErrorKind::QueueFull { .. }
            | RequestErrorKind::Withdrawn => true,
            RequestErrorKind::UnsupportedVersion { .. }
            | RequestErrorKind::Encode { .. }
            | RequestErrorKind::Decode { .. }
            | RequestErrorKind::Closed => false,
        }
    }

    /// Whether no later request of this client can succeed either.
    pub fn is_fatal(&self) -> bool {
        matches!(self.kind, RequestErrorKind::Closed)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.api)?;
        if let Some(broker) = self.broker {
            write!(f, " to broker {broker}")?;
        }
        if let Some(address) = self.address {
            write!(f, " ({address})")?;
        }
        write!(f, ": {}", self.kind)?;
        if self.attempts > 1 {
            write!(f, " (attempt {})", self.attempts)?;
        }
        Ok(())
    }
}

impl std::error::Error for RequestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.kind)
    }
}
