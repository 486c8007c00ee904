//! A simulated Apache Kafka cluster with real replicas, for tests.
//!
//! Every broker has its own logs, its own image of the metadata and its own connections; followers
//! replicate by fetching from their leaders over a simulated network; a controller registers
//! brokers, elects leaders and keeps the in-sync replicas. So `min.insync.replicas`, high
//! watermarks, truncation and failover are not faked: they happen.
//!
//! Over TCP any client in any language can use it:
//!
//! ```no_run
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
//! a function of its seed: [`MockClusterBuilder::start_in_memory`] and
//! [`MockCluster::environment`].

mod api;
mod broker;
mod builder;
pub mod cluster;
pub mod config;
mod context;
mod controller;
mod handle;
mod log;
mod message;
mod metadata;
mod network;
mod replication;
mod simulation;
pub mod trace;
mod transport;

pub use builder::{MockClusterBuilder, StartError, Tracing};
pub use handle::{BrokerHandle, MockCluster, NetworkHandle, PartitionHandle, Topic, WaitError};
pub use simulation::ClientProcess;
