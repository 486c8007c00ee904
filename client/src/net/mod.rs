//! Connections to brokers: dialling, one task per broker and purpose, and the pool of them.

mod dial;
mod link;
mod outbox;
pub(crate) mod pool;
mod slot;
