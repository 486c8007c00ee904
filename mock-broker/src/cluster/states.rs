//! More of what a test may look at: records, producers, and what each broker believes.

use milena_protocol::compression::DecompressionBudget;
use milena_protocol::ids::{BrokerId, LeaderEpoch, Offset, ProducerEpoch, ProducerId, TopicId};
use milena_protocol::records::BatchError;

use super::{BatchView, Cluster};
use crate::broker::Broker;
use crate::metadata::{Image, PartitionState, Topic};

/// What a [`BatchView::records`] may decompress to.
const MOST_DECOMPRESSED: usize = 256 * 1024 * 1024;

/// A record in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedRecord {
    /// Its offset.
    pub offset: Offset,
    /// Milliseconds since 1970: its own, or the batch's under LogAppendTime.
    pub timestamp: i64,
    /// Its key; absent is not the same as empty.
    pub key: Option<Vec<u8>>,
    /// Its value; absent is a tombstone and not the same as empty.
    pub value: Option<Vec<u8>>,
    /// Its headers: keys and values in the order they were written.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl BatchView {
    /// The records of the batch, decompressed.
    ///
    /// # Errors
    /// If the batch is corrupt, or decompresses to more than 256 MiB.
    pub fn records(&self) -> Result<Vec<LoggedRecord>, BatchError> {
        let batch =
            self.batch.decompressed(&mut DecompressionBudget::for_one_batch(MOST_DECOMPRESSED))?;
        let record = |record: milena_protocol::records::RecordView<'_>| LoggedRecord {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record
                .headers()
                .map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec)))
                .collect(),
        };
        batch.records()?.map(|read| read.map(record)).collect()
    }

    /// Whether it belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.batch.is_transactional()
    }

    /// Whether it holds a marker instead of records.
    pub fn is_control(&self) -> bool {
        self.batch.is_control()
    }
}

/// What one replica knows of an idempotent producer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProducerView {
    /// The producer.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
    /// The sequence of its last record, if it wrote any in this epoch.
    pub last_sequence: Option<i32>,
    /// The offset of that record.
    pub last_offset: Option<Offset>,
    /// The timestamp of its last batch, in milliseconds.
    pub last_timestamp: Option<i64>,
    /// How many of its last batches are remembered, to recognise one that is sent again.
    pub remembered_batches: usize,
}

/// The cluster as one broker believes it to be: its own image of the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageView {
    /// How many records of the metadata log it holds. The controller's image holds them all.
    pub offset: u64,
    /// Registered brokers, and whether they are fenced.
    pub brokers: Vec<(BrokerId, bool)>,
    /// Topics by name.
    pub topics: Vec<ImageTopic>,
}

impl ImageView {
    /// A topic of that name.
    pub fn topic(&self, name: &str) -> Option<&ImageTopic> {
        self.topics.iter().find(|topic| topic.name == name)
    }

    /// A partition of a topic of that name.
    pub fn partition(&self, topic: &str, index: i32) -> Option<&ImagePartition> {
        self.topic(topic)?.partitions.get(usize::try_from(index).ok()?)
    }
}

/// A topic in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageTopic {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: TopicId,
    /// Its partitions, by number.
    pub partitions: Vec<ImagePartition>,
}

/// A partition in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImagePartition {
    /// The leader, if it has one.
    pub leader: Option<BrokerId>,
    /// Counts leaders.
    pub leader_epoch: LeaderEpoch,
    /// Counts changes.
    pub partition_epoch: i32,
    /// The assigned replicas, the preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// The in-sync replicas.
    pub isr: Vec<BrokerId>,
    /// The eligible leader replicas (KIP-966).
    pub elr: Vec<BrokerId>,
}

impl Cluster {
    /// What one replica knows of idempotent producers, by their ids. Empty if there is no such
    /// replica; one on a broker that is down has what its log says.
    pub fn producers(&self, topic: &str, index: i32, broker: BrokerId) -> Vec<ProducerView> {
        let found = self.controller.image().topic_named(topic);
        let log = found.and_then(|topic| {
            let key = topic.partition(index);
            self.brokers.get(&broker).and_then(|broker| broker.log(key))
        });
        let producers = log.into_iter().flat_map(|log| log.producers().iter());
        producers
            .map(|(id, entry)| {
                let last = entry.batches.back();
                ProducerView {
                    id: ProducerId(id),
                    epoch: ProducerEpoch(entry.epoch),
                    last_sequence: last.map(|batch| batch.last_sequence),
                    last_offset: last.map(|batch| Offset(batch.last_offset)),
                    last_timestamp: last.map(|batch| batch.timestamp),
                    remembered_batches: entry.batches.len(),
                }
            })
            .collect()
    }

    /// The metadata image of a broker, which may lag behind the controller's. `None` if there is no
    /// such broker or its process is down.
    pub fn image(&self, broker: BrokerId) -> Option<ImageView> {
        let process = self.brokers.get(&broker).and_then(Broker::process)?;
        Some(image_view(&process.image))
    }

    /// The controller's image: what is committed.
    pub fn committed_image(&self) -> ImageView {
        image_view(self.controller.image())
    }

    /// One partition in the metadata image of a broker.
    pub fn partition_in_image(
        &self,
        broker: BrokerId,
        topic: &str,
        index: i32,
    ) -> Option<ImagePartition> {
        let image = &self.brokers.get(&broker).and_then(Broker::process)?.image;
        let key = image.topic_named(topic)?.partition(index);
        image.partition(key).map(|state| partition_view(state))
    }

    /// By how many milliseconds a broker's clock is ahead. `None` if there is no such broker.
    pub fn clock_skew(&self, broker: BrokerId) -> Option<i64> {
        self.brokers.get(&broker).map(|broker| broker.clock_skew)
    }
}

fn image_view(image: &Image) -> ImageView {
    ImageView {
        offset: image.offset,
        brokers: image.brokers.iter().map(|(id, broker)| (*id, broker.is_fenced())).collect(),
        topics: image.topics().map(|topic| topic_view(topic)).collect(),
    }
}

fn topic_view(topic: &Topic) -> ImageTopic {
    ImageTopic {
        name: topic.name.to_string(),
        id: topic.id,
        partitions: topic.partitions.iter().map(|state| partition_view(state)).collect(),
    }
}

fn partition_view(state: &PartitionState) -> ImagePartition {
    ImagePartition {
        leader: Some(state.leader).filter(|id| *id != BrokerId::NONE),
        leader_epoch: LeaderEpoch(state.leader_epoch),
        partition_epoch: state.partition_epoch,
        replicas: state.replicas.clone(),
        isr: state.isr.clone(),
        elr: state.elr.clone(),
    }
}
