//! A simulated Apache Kafka cluster with real replicas, for tests.
//!
//! Every broker has its own logs, its own image of the metadata and its own connections; followers
//! replicate by fetching from their leaders over a simulated network; a controller registers
//! brokers, elects leaders and keeps the in-sync replicas. So `min.insync.replicas`, high
//! watermarks, truncation and failover are not faked: they happen.
//!
//! Over TCP any client in any language can use it:
//!
//! ```
//! use milena_mock_broker::{MockCluster, Topic};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = MockCluster::builder().brokers(3).start().await?;
//! cluster.create_topic("orders", Topic::new().partitions(3).replication_factor(3))?;
//! println!("bootstrap.servers={}", cluster.bootstrap_servers());
//! # Ok(())
//! # }
//! ```
//!
//! In memory it serves `milena` in the same process, under tokio's paused time, and then a run is
//! a function of its seed, in which waiting costs nothing:
//!
//! ```
//! use std::time::Duration;
//!
//! use milena::{Kafka, Record};
//! use milena_mock_broker::{MockCluster, Topic};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = MockCluster::builder().brokers(3).seed(7).start_in_memory().await?;
//! let topic = Topic::new().replication_factor(3).min_insync_replicas(2);
//! cluster.create_topic("orders", topic)?;
//!
//! let kafka = Kafka::builder(cluster.bootstrap_servers())
//!     .environment(cluster.environment())
//!     .connect()
//!     .await?;
//! let producer = kafka.producer().build().await?;
//! producer.send(Record::to("orders").key("42").value("ordered")).await?;
//!
//! let partition = cluster.partition("orders", 0);
//! let leader = partition.leader().ok_or("no leader")?;
//! cluster.broker(leader).kill();
//! producer.send(Record::to("orders").key("42").value("paid")).await?;
//! assert_ne!(partition.leader(), Some(leader));
//!
//! cluster.broker(leader).restart();
//! partition.wait_for_isr(3, Duration::from_secs(60)).await?;
//! assert_eq!(partition.high_watermark().map(|offset| offset.get()), Some(2));
//! # Ok(())
//! # }
//! ```

mod api;
mod broker;
mod builder;
pub mod cluster;
pub mod config;
mod context;
mod controller;
pub mod fault;
mod handle;
mod log;
mod marks;
mod message;
mod metadata;
mod network;
mod quotas;
mod release;
mod replication;
#[doc(hidden)]
pub mod sabotage;
mod settings;
mod simulation;
mod topic_names;
pub mod trace;
mod transport;

pub use milena_protocol::ErrorCode;
pub use milena_protocol::messages::ApiKey;

pub use builder::{MockClusterBuilder, StartError, Tracing};
pub use handle::{
    BrokerHandle, ControllerHandle, DiskHandle, Ends, Links, MockCluster, NetworkHandle, OneWay,
    PartitionHandle, RuleHandle, Topic, WaitError,
};
pub use release::Release;
pub use simulation::ClientProcess;
