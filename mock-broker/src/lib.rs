//! A simulated Apache Kafka cluster with real replicas, for tests.
