//! Why an administrative call failed.

use std::fmt;
use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::ids::IllegalTopicName;

use super::{Persistence, RequestError};

/// Why an administrative call failed, as a whole or for one topic.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AdminError {
    /// What happened.
    pub kind: AdminErrorKind,
    /// The topic it concerns, if it concerns one.
    pub topic: Option<Arc<str>>,
}

/// The kinds of [`AdminError`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminErrorKind {
    /// The request got no answer.
    #[error("{0}")]
    Request(#[from] RequestError),
    /// The cluster refused.
    #[error("{code}{}", message.as_ref().map(|m| format!(": {m}")).unwrap_or_default())]
    Refused {
        /// Why.
        code: ErrorCode,
        /// What the broker said about it.
        message: Option<Arc<str>>,
    },
    /// No topic can have that name; nothing was sent for it.
    #[error("{0}")]
    IllegalTopicName(#[from] IllegalTopicName),
    /// The answer does not mention the topic.
    #[error("the answer does not mention it")]
    NotAnswered,
}

impl AdminError {
    pub(crate) fn topic(topic: &str, kind: impl Into<AdminErrorKind>) -> Self {
        Self { kind: kind.into(), topic: Some(Arc::from(topic)) }
    }

    /// What the cluster said, if it was the cluster that refused.
    pub fn code(&self) -> Option<ErrorCode> {
        match &self.kind {
            AdminErrorKind::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the same call may succeed later. Calls were repeated already until their time-out.
    pub fn is_retriable(&self) -> bool {
        match &self.kind {
            AdminErrorKind::Request(error) => error.is_retriable(),
            AdminErrorKind::Refused { code, .. } => code.is_retriable(),
            AdminErrorKind::IllegalTopicName(_) | AdminErrorKind::NotAnswered => false,
        }
    }

    /// Whether no later call of this client can succeed either.
    pub fn is_fatal(&self) -> bool {
        matches!(&self.kind, AdminErrorKind::Request(error) if error.is_fatal())
    }

    /// Whether what was asked may have been carried out.
    pub fn persistence(&self) -> Persistence {
        match &self.kind {
            AdminErrorKind::Request(error) => error.persistence(),
            // The controller goes on with what did not finish in time.
            AdminErrorKind::Refused { code: ErrorCode::REQUEST_TIMED_OUT, .. }
            | AdminErrorKind::NotAnswered => Persistence::Possibly,
            AdminErrorKind::Refused { .. } | AdminErrorKind::IllegalTopicName(_) => Persistence::No,
        }
    }
}

impl From<RequestError> for AdminError {
    fn from(error: RequestError) -> Self {
        Self { kind: error.into(), topic: None }
    }
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.topic {
            Some(topic) => write!(f, "topic {topic:?}: {}", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

impl std::error::Error for AdminError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.kind)
    }
}
