//! A broker's disk, to look after and to harm.

use milena_protocol::ids::BrokerId;

use super::MockCluster;
use crate::cluster::{DiskPace, Operation, OperationError};

/// The disk of a broker.
///
/// ```
/// use milena_mock_broker::{MockCluster, Topic};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cluster = MockCluster::builder().brokers(1).start_in_memory().await?;
/// cluster.create_topic("orders", Topic::new())?;
/// // The broker hears of it, and opens a log.
/// tokio::time::sleep(std::time::Duration::from_secs(1)).await;
/// cluster.broker(1).kill();
/// // Everything from offset 0 on never reached the disk.
/// cluster.disk(1).truncate_log("orders", 0, 0)?;
/// cluster.broker(1).restart();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DiskHandle {
    cluster: MockCluster,
    broker: BrokerId,
}

impl MockCluster {
    /// A broker's disk.
    ///
    /// # Panics
    /// If there is no such broker.
    #[track_caller]
    pub fn disk(&self, broker: impl Into<BrokerId>) -> DiskHandle {
        let broker = self.broker(broker).id();
        DiskHandle { cluster: self.clone(), broker }
    }
}

impl DiskHandle {
    /// Ends the broker together with everything it had not flushed, which without
    /// `flush.messages` is all of a log's last segment.
    ///
    /// # Errors
    /// If the broker is down.
    pub fn lose_power(&self) -> Result<(), OperationError> {
        self.cluster.operate(Operation::LosePower(self.broker))
    }

    /// Takes the end of a log off the disk of a broker that was killed: all batches from the one
    /// that holds `offset`.
    ///
    /// # Errors
    /// If the broker is not down, or has no such log.
    pub fn truncate_log(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<(), OperationError> {
        let (broker, topic) = (self.broker, topic.to_owned());
        self.cluster.operate(Operation::TruncateLog { broker, topic, partition, offset })
    }

    /// Deletes old segments and compacts now, instead of when `log.retention.check.interval.ms` and
    /// `log.cleaner.backoff.ms` say so.
    ///
    /// # Errors
    /// If the broker does not run.
    pub fn clean_logs(&self) -> Result<(), OperationError> {
        self.cluster.operate(Operation::CleanLogs(self.broker))
    }

    /// Deletes a log directory with everything in it; see [`Operation::DeleteLogDirectory`].
    ///
    /// # Errors
    /// If the broker has no such directory, or is paused.
    pub fn delete_directory(&self, directory: &str) -> Result<(), OperationError> {
        let (broker, directory) = (self.broker, directory.to_owned());
        self.cluster.operate(Operation::DeleteLogDirectory { broker, directory })
    }

    /// Leaves no room for another append in a directory; see [`Operation::FillDisk`].
    ///
    /// # Errors
    /// If the broker has no such directory, or does not run.
    pub fn fill(&self, directory: &str) -> Result<(), OperationError> {
        let (broker, directory) = (self.broker, directory.to_owned());
        self.cluster.operate(Operation::FillDisk { broker, directory })
    }

    /// Lets the disk hang, be slow, or be as usual again.
    ///
    /// # Errors
    /// If the broker does not run.
    pub fn set_pace(&self, pace: DiskPace) -> Result<(), OperationError> {
        self.cluster.operate(Operation::PaceDisk { broker: self.broker, pace })
    }

    /// Flips a bit in this broker's copy of the batch that holds `offset`; see
    /// [`Operation::FlipByte`].
    ///
    /// # Errors
    /// If it has no such batch.
    pub fn flip_byte(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<(), OperationError> {
        let (broker, topic) = (self.broker, topic.to_owned());
        self.cluster.operate(Operation::FlipByte { broker, topic, partition, offset })
    }
}
