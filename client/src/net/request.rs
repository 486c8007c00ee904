//! What is handed to a connection, and what comes back.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use milena_protocol::StrBytes;
use milena_protocol::messages::ApiKey;
use milena_protocol::request::{EncodeError, EncodedRequest};

use crate::error::RequestError;

/// What a request is for. Each purpose has a connection of its own to each broker, because a
/// broker handles one request per connection at a time: behind a long poll everything waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Purpose {
    /// Metadata, admin, offsets, producer ids: short questions.
    Control,
    /// Produce.
    Produce,
    /// Fetch, which the broker may hold until there is something: so each consumer of a client has
    /// connections of its own, which is what the number tells apart.
    Fetch(u32),
    /// Group calls that the broker may hold (JoinGroup).
    #[expect(dead_code, reason = "groups are the ones to use it")]
    Blocking,
    /// Changes of the cluster, which a broker holds while there is no controller.
    Admin,
}

/// Whether an answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// As usual.
    Response,
    /// Produce with acks=0: done once it is written.
    NoResponse,
}

/// What an encoder gets to know when the connection is ready.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodeContext<'a> {
    /// The version both sides speak.
    pub(crate) version: i16,
    /// To be put into the header.
    pub(crate) correlation_id: i32,
    /// `client.id`.
    pub(crate) client_id: &'a StrBytes,
}

/// Encodes a request once the version is known.
pub(crate) type EncodeFn =
    Box<dyn FnOnce(EncodeContext<'_>) -> Result<EncodedRequest, EncodeError> + Send>;

/// A request on its way out.
pub(crate) struct Outgoing {
    /// Which API.
    pub(crate) key: ApiKey,
    /// The versions the caller can encode and decode.
    pub(crate) versions: RangeInclusive<i16>,
    /// Called at most once, when the connection is ready.
    pub(crate) encode: EncodeFn,
    /// How long it may wait to be written, and then again how long the answer may take.
    pub(crate) timeout: Duration,
    /// Whether an answer comes.
    pub(crate) expect: Expect,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("key", &self.key)
            .field("versions", &self.versions)
            .field("timeout", &self.timeout)
            .field("expect", &self.expect)
            .finish_non_exhaustive()
    }
}

/// An answer, not yet decoded. Decode it with `milena_protocol::decode::response`.
#[derive(Clone, Debug)]
pub(crate) struct RawResponse {
    /// The version of the request and so of the answer.
    pub(crate) version: i16,
    /// What follows the response header. Empty for [`Expect::NoResponse`].
    pub(crate) body: Bytes,
}

/// What is called when a request is over.
pub(crate) type Done = Box<dyn FnOnce(Result<RawResponse, RequestError>) + Send>;
