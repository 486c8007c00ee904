//! The settings of each role: typed, with the defaults of Apache Kafka's Java client 4.1.

pub(crate) mod client;
pub mod consumer;
pub mod producer;
mod properties;

pub(crate) use client::ClientConfig;
pub use properties::{ConsumerProperties, ProducerProperties, Properties};
pub(crate) use properties::{client as client_of, short};
