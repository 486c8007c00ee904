//! One partition, as its controller and its replicas see it.

use std::time::Duration;

use milena_protocol::ids::{BrokerId, LeaderEpoch, Offset};
use milena_protocol::records::BatchError;

use super::{MockCluster, WaitError};
use crate::cluster::{
    BatchView, ImagePartition, LoggedRecord, PartitionView, ProducerView, ReplicaView,
};

/// A partition of a cluster. What is asked of one that does not exist is `None` or empty.
#[derive(Clone, Debug)]
pub struct PartitionHandle {
    cluster: MockCluster,
    topic: String,
    index: i32,
}

impl PartitionHandle {
    pub(super) fn new(cluster: MockCluster, topic: &str, index: i32) -> Self {
        Self { cluster, topic: topic.to_owned(), index }
    }

    /// Everything about it at one moment, but for the batches of its logs.
    pub fn view(&self) -> Option<PartitionView> {
        self.cluster.inspect(|cluster| cluster.partition(&self.topic, self.index))
    }

    /// Its leader, by the controller's word.
    pub fn leader(&self) -> Option<BrokerId> {
        self.view()?.leader
    }

    /// How often its leader has changed.
    pub fn leader_epoch(&self) -> Option<LeaderEpoch> {
        Some(self.view()?.leader_epoch)
    }

    /// Its replicas, the preferred leader first.
    pub fn replicas(&self) -> Vec<BrokerId> {
        self.view().map(|view| view.replicas).unwrap_or_default()
    }

    /// Its in-sync replicas, by the controller's word.
    pub fn isr(&self) -> Vec<BrokerId> {
        self.view().map(|view| view.isr).unwrap_or_default()
    }

    /// Its eligible leader replicas, by the controller's word (KIP-966).
    pub fn elr(&self) -> Vec<BrokerId> {
        self.view().map(|view| view.elr).unwrap_or_default()
    }

    /// What one broker holds of it. A broker that is down keeps its log.
    pub fn replica(&self, broker: impl Into<BrokerId>) -> Option<ReplicaView> {
        self.view()?.replica(broker.into()).cloned()
    }

    /// What one broker believes of it: its own image of the metadata, which may lag behind. `None`
    /// if it does not know it, or is down.
    pub fn in_image_of(&self, broker: impl Into<BrokerId>) -> Option<ImagePartition> {
        let broker = broker.into();
        self.cluster.inspect(|cluster| cluster.partition_in_image(broker, &self.topic, self.index))
    }

    /// What one replica knows of idempotent producers, by their ids.
    pub fn producers(&self, broker: impl Into<BrokerId>) -> Vec<ProducerView> {
        let broker = broker.into();
        self.cluster.inspect(|cluster| cluster.producers(&self.topic, self.index, broker))
    }

    /// The records in one replica's log.
    ///
    /// # Errors
    /// If a batch is corrupt.
    pub fn records(&self, broker: impl Into<BrokerId>) -> Result<Vec<LoggedRecord>, BatchError> {
        let mut records = Vec::new();
        for batch in self.log(broker) {
            records.extend(batch.records()?);
        }
        Ok(records)
    }

    /// The offset up to which consumers may read, by the leader's word.
    pub fn high_watermark(&self) -> Option<Offset> {
        Some(self.view()?.high_watermark)
    }

    /// The offset that the next record gets, by the leader's word.
    pub fn log_end_offset(&self) -> Option<Offset> {
        let view = self.view()?;
        let replica = view.replica(view.leader?)?;
        Some(replica.log_end_offset)
    }

    /// The batches in one replica's log. A broker that is down keeps its log.
    pub fn log(&self, broker: impl Into<BrokerId>) -> Vec<BatchView> {
        let broker = broker.into();
        self.cluster.inspect(|cluster| cluster.batches(&self.topic, self.index, broker))
    }

    /// Waits until it has a leader. Cancel safe.
    ///
    /// # Errors
    /// If it has none within the given time.
    pub async fn wait_for_leader(&self, within: Duration) -> Result<BrokerId, WaitError> {
        let what = format!("{}-{} has a leader", self.topic, self.index);
        self.cluster.wait_for(&what, within, |_| self.leader()).await
    }

    /// Waits until as many replicas are in sync. Cancel safe.
    ///
    /// # Errors
    /// If they are not within the given time.
    pub async fn wait_for_isr(&self, count: usize, within: Duration) -> Result<(), WaitError> {
        let what = format!("{}-{} has {count} in-sync replicas", self.topic, self.index);
        self.cluster.wait_until(&what, within, |_| self.isr().len() == count).await
    }
}
