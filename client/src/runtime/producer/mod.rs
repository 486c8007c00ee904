//! The task of the producer.
