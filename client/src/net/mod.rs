//! Connections to brokers: dialling, one task per broker and purpose, and the pool of them.

pub(crate) mod clock;
mod dial;
mod link;
mod outbox;
pub(crate) mod pool;
pub(crate) mod request;
mod slot;
