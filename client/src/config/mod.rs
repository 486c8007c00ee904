//! The settings of each role: typed, with the defaults of Apache Kafka's Java client 4.1.

pub(crate) mod client;
pub mod consumer;
pub mod producer;

pub(crate) use client::ClientConfig;
