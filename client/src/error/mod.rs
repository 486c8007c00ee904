//! What went wrong, and what the caller may do about it.
//!
//! Every error of this crate is typed, cheap to clone, and answers the questions that matter
//! after a failure: may the call be repeated (`is_retriable`), is the client broken for good
//! (`is_fatal`), and may the write have happened (`persistence`).

pub mod admin;
pub mod config;
pub mod connect;
pub mod consume;
pub mod produce;
pub mod request;

use std::fmt;

pub use admin::{AdminError, AdminErrorKind};
pub use config::ConfigError;
pub use connect::{AddressFailure, ConnectError, ConnectErrorKind, EndpointFailure, PeerFailure};
pub use produce::{FlushError, Hindrance, ProduceError, ProduceErrorKind, TryEnqueueError};
pub use request::{RequestError, RequestErrorKind};

/// Whether something that failed may nevertheless have taken effect at the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Persistence {
    /// It certainly did not happen: the request never left this process, or the broker refused it.
    No,
    /// It left this process and no definite answer came back.
    Possibly,
    /// The broker confirmed it.
    Yes,
}

impl fmt::Display for Persistence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "certainly not written",
            Self::Possibly => "possibly written",
            Self::Yes => "written",
        })
    }
}
