//! The settings of a producer.
