//! Pure decisions: no IO, no clock, no randomness of their own.
//!
//! A machine is handed events and the current [`MonoTime`](milena_protocol::time::MonoTime) and
//! hands out effects; the tasks in `runtime` and `net` carry them out.

pub(crate) mod backoff;
pub(crate) mod connection;
#[allow(dead_code, reason = "tests look inside")]
pub(crate) mod fetch;
pub(crate) mod image;
pub(crate) mod metadata;
#[allow(dead_code, reason = "tests look inside")]
pub(crate) mod producer;
