//! The machine of the producer.
