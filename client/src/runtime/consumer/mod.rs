//! The task of the consumer.
