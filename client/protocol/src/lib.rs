//! The Kafka wire protocol without IO.
//!
//! Bytes from a peer enter through [`decode`] and nowhere else; record batches have a codec of
//! their own in [`records`]; everything else in this crate is small and has no state.

pub mod ids;
pub mod time;

pub use kafka_protocol::messages;
