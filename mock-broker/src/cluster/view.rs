//! What a test may look at: copies of the cluster's state, as the nodes themselves hold it.

use std::collections::BTreeMap;

use milena_protocol::ids::{
    BrokerId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, TopicId,
};
use milena_protocol::messages::ApiKey;
use milena_protocol::records::Batch;
use milena_protocol::time::MonoTime;

use super::input::{ConnectionId, ProcessState, Reading};

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerView {
    /// Its number.
    pub id: BrokerId,
    /// Its advertised host.
    pub host: String,
    /// Its advertised port.
    pub port: u16,
    /// What its process does.
    pub state: ProcessState,
    /// Whether the controller has fenced it (or never unfenced it).
    pub fenced: bool,
    /// The epoch of its registration at the controller, -1 before the first.
    pub broker_epoch: i64,
    /// How many unfenced brokers its own metadata image holds.
    pub live_brokers_in_image: usize,
    /// How many partitions its own metadata image holds.
    pub partitions_in_image: usize,
    /// How many client connections are open.
    pub connections: usize,
}

/// A client's connection, as its broker has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionView {
    /// Its number.
    pub id: ConnectionId,
    /// The broker it leads to.
    pub broker: BrokerId,
    /// Who is at the other end.
    pub peer: String,
    /// The `client.id` of its last request.
    pub client_id: Option<String>,
    /// The request that is being handled or waits for its answer, with its version.
    pub handling: Option<(ApiKey, i16)>,
    /// When its last request began to be handled, or else when it was opened.
    pub since: MonoTime,
    /// How many requests wait behind that.
    pub waiting: usize,
    /// Whether its socket is read.
    pub reading: Reading,
}

/// A topic as the controller knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicView {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: TopicId,
    /// How many partitions it has.
    pub partitions: i32,
    /// Settings that differ from the defaults, by their Java names.
    pub configs: BTreeMap<String, String>,
}

/// A partition: the controller's state, and each replica's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionView {
    /// The topic's name.
    pub topic: String,
    /// The topic's id.
    pub topic_id: TopicId,
    /// The partition's number.
    pub index: i32,
    /// The leader, if it has one.
    pub leader: Option<BrokerId>,
    /// Counts leaders.
    pub leader_epoch: LeaderEpoch,
    /// Counts changes.
    pub partition_epoch: i32,
    /// The assigned replicas, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// The in-sync replicas the controller has committed.
    pub isr: Vec<BrokerId>,
    /// The eligible leader replicas the controller has committed: who may lead while nobody is in
    /// sync (KIP-966).
    pub elr: Vec<BrokerId>,
    /// Who led last, where nobody is in sync or eligible (KIP-966).
    pub last_known_elr: Vec<BrokerId>,
    /// Replicas that a reassignment adds (KIP-455).
    pub adding: Vec<BrokerId>,
    /// Replicas that a reassignment takes away (KIP-455).
    pub removing: Vec<BrokerId>,
    /// The high watermark as the leader (or else the last one that led) has it.
    pub high_watermark: Offset,
    /// What each replica holds, a killed broker's disk included, in order of assignment.
    pub logs: Vec<ReplicaView>,
}

impl PartitionView {
    /// What one broker holds of the partition.
    pub fn replica(&self, broker: BrokerId) -> Option<&ReplicaView> {
        self.logs.iter().find(|replica| replica.broker == broker)
    }
}

/// One replica's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaView {
    /// Who holds it.
    pub broker: BrokerId,
    /// The first offset.
    pub log_start_offset: Offset,
    /// The offset after the last.
    pub log_end_offset: Offset,
    /// The high watermark this replica knows.
    pub high_watermark: Offset,
    /// Up to where READ_COMMITTED consumers may read of it.
    pub last_stable_offset: Offset,
    /// The leader epochs and the offsets they start at.
    pub leader_epochs: Vec<(LeaderEpoch, Offset)>,
}

/// A record batch in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchView {
    /// The offset of its first record.
    pub base_offset: Offset,
    /// The offset of its last record.
    pub last_offset: Offset,
    /// The leader epoch it was appended in.
    pub leader_epoch: LeaderEpoch,
    /// How many records.
    pub count: i32,
    /// Its producer.
    pub producer_id: ProducerId,
    /// Its producer's epoch.
    pub producer_epoch: ProducerEpoch,
    /// The sequence of its first record.
    pub base_sequence: Sequence,
    /// Its largest timestamp.
    pub max_timestamp: i64,
    /// The batch itself, to read its records. The payload is shared with the log.
    pub batch: Batch,
}
