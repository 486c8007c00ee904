//! Reading records.
//!
//! An [`AssignedConsumer`] reads partitions that the caller names, without a group: nothing is
//! committed anywhere, and where to start is the caller's decision.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use milena::Kafka;
//! use milena::consumer::Start;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let kafka = Kafka::builder("localhost:9092").connect().await?;
//! let mut consumer = kafka
//!     .assigned_consumer()
//!     .assign([("orders", 0, Start::Earliest), ("orders", 1, Start::at(42))])
//!     .build()
//!     .await?;
//!
//! // Batches of records, borrowed: the fast way.
//! let records = consumer.poll(1_000, Duration::from_millis(100)).await?;
//! for record in &records {
//!     println!("{}-{}@{}: {:?}", record.topic(), record.partition(), record.offset(), record.value());
//! }
//!
//! // One record at a time, owned: also as a `futures_core::Stream`.
//! while let Some(record) = consumer.next().await {
//!     let record = record?;
//!     println!("{} {:?}", record.offset(), record.value());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Delivery
//! Records are fetched in the background, from all brokers at once, into a buffer of bounded size,
//! and each is delivered once, in the order of its partition. The position of a partition moves
//! when a record is handed over. It also passes what is not shown: transaction markers, records of
//! aborted transactions (read_committed), and offsets that compaction emptied.
//!
//! # Memory
//! A record is a view of the answer it came in, and keeps that answer in memory: one that is kept
//! for long should be [detached](ConsumerRecord::detach). What was delivered no longer counts
//! against the buffer.

mod assigned;
mod builder;
mod event;
mod record;
mod records;

pub use crate::config::consumer::{IsolationLevel, OffsetReset, Start};
pub use crate::error::consume::ConsumeError;
pub use assigned::AssignedConsumer;
pub use builder::AssignedConsumerBuilder;
pub use event::{ConsumerEvent, ResetCause};
pub use milena_protocol::records::{Headers, TimestampType};
pub use record::{ConsumerRecord, RecordRef};
pub use records::{IntoIter, Iter, Records};

use milena_protocol::ids::{Offset, PartitionIndex, TopicName};
use std::collections::BTreeMap;

/// Offsets by topic and partition, in order.
pub type Offsets = BTreeMap<(TopicName, PartitionIndex), Offset>;
