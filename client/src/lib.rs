//! An Apache Kafka client in pure Rust.

pub mod admin;
pub mod config;
pub mod consumer;
pub mod environment;
pub mod error;
mod kafka;
mod machine;
mod net;
pub mod producer;
pub mod record;
mod runtime;
#[cfg(test)]
mod testing;

pub use admin::Admin;
pub use config::client::{MetadataRecovery, TopicCreation};
pub use config::producer::{Acks, Idempotence};
pub use consumer::{
    AssignedConsumer, AssignedConsumerBuilder, ConsumeError, ConsumerEvent, ConsumerRecord,
    IsolationLevel, OffsetReset, RecordRef, Records, ResetCause, Start,
};
pub use error::{
    AdminError, ConfigError, ConnectError, FlushError, Persistence, ProduceError, ProduceErrorKind,
    RequestError, TryEnqueueError,
};
pub use kafka::{BootstrapServers, Kafka, KafkaBuilder};
pub use milena_protocol as protocol;
pub use producer::{Delivery, Producer, ProducerBuilder, RecordMetadata};
pub use record::{Data, Record, RecordHeader, TopicRef};
