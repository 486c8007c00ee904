//! A simulated Apache Kafka cluster with real replicas, for tests.

pub mod cluster;
pub mod config;
