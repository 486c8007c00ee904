//! Errors of administration.

use super::RequestError;

/// Why an administrative call failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The request got no answer.
    #[error(transparent)]
    Request(#[from] RequestError),
}
