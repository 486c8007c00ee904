//! An Apache Kafka client in pure Rust.

pub mod environment;
