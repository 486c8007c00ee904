//! An Apache Kafka client in pure Rust: no librdkafka, no C compiler, no unsafe code.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use milena::admin::NewTopic;
//! use milena::{Kafka, Record, Start};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let kafka = Kafka::builder("localhost:9092").connect().await?;
//! kafka.admin().create_topic(NewTopic::new("orders").partitions(1)).await?;
//!
//! let producer = kafka.producer().build().await?;
//! let written = producer.send(Record::to("orders").key("42").value("paid")).await?;
//! println!("partition {}, offset {:?}", written.partition, written.offset);
//!
//! let orders = [("orders", 0, Start::Earliest)];
//! let mut consumer = kafka.assigned_consumer().assign(orders).build().await?;
//! let record = consumer.next().await.expect("a consumer without an end")?;
//! assert_eq!(record.value(), Some(&b"paid"[..]));
//!
//! consumer.close(Duration::from_secs(5)).await;
//! producer.close(Duration::from_secs(5)).await?;
//! kafka.close(Duration::from_secs(5)).await;
//! # Ok(()) }
//! ```
//!
//! - One [`Kafka`] handle serves every role. It holds the connections, one per broker and
//!   purpose, so that a long poll delays nobody, and the metadata, which are shared.
//! - Everything the client takes from outside (connections, time of day, randomness, tasks) comes
//!   through [`environment`]; handed a simulated one, the same client runs deterministically.
//! - Errors are typed and say what to do next: `is_retriable`, `is_fatal`, and
//!   [`persistence`](Persistence), which tells whether a write may have happened.
//! - Batches are compressed and decompressed with gzip, snappy, lz4 and zstd, each a feature that is
//!   on by default (`compression-gzip` and so on) and in Rust; `zstd-c` takes Zstandard's C library
//!   instead, which is faster and has all levels. See [`ProducerBuilder::compression`] and
//!   [`AssignedConsumerBuilder::max_decompressed`].
//! - Settings are typed, with the defaults of Apache Kafka's Java client 4.1, and are checked
//!   together before anything is sent. Those of a Java client can be brought along:
//!   [`config::Properties`].

pub mod admin;
#[cfg(feature = "unstable-bench-support")]
#[doc(hidden)]
pub mod bench_support;
pub mod config;
pub mod consumer;
pub mod environment;
pub mod error;
#[cfg(feature = "unstable-fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
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
pub use milena_protocol::compression::{Codec, Compression};
pub use milena_protocol::ids::{BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicName};
pub use producer::{Delivery, Producer, ProducerBuilder, RecordMetadata};
pub use record::{Data, Record, RecordHeader, TopicRef};
