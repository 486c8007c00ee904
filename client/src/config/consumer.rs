//! The settings of a consumer.
