//! Merging an answer into what is known.
//!
//! Brokers answer from images that lag by different amounts, so a later answer may tell of an
//! earlier state. What is comparable is compared: the leader epoch within one topic id
//! (`Metadata.updateLatestMetadata` in Apache Kafka), and topic ids that were superseded once.

use std::collections::BTreeSet;
use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{BrokerId, LeaderEpoch, PartitionIndex, TopicId, TopicName};
use milena_protocol::messages::MetadataResponse;
use milena_protocol::messages::metadata_response::{
    MetadataResponsePartition, MetadataResponseTopic,
};
use smallvec::SmallVec;

use super::Metadata;
use crate::machine::image::{BrokerNode, ClusterImage, PartitionImage, TopicImage};

/// What was seen of a topic under its present id.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    id: TopicId,
    highest: Vec<LeaderEpoch>,
    /// Ids of topics of this name that are no more. A broker that still names one lags.
    superseded: BTreeSet<TopicId>,
}

impl Seen {
    /// The highest leader epoch seen of that partition.
    pub(super) fn highest(&self, partition: PartitionIndex) -> LeaderEpoch {
        let index = usize::try_from(partition.get()).ok();
        index.and_then(|index| self.highest.get(index)).copied().unwrap_or(LeaderEpoch::UNKNOWN)
    }

    /// Remembers the epoch, if it is the highest. Only for a partition that was believed.
    pub(super) fn note(&mut self, partition: PartitionIndex, epoch: LeaderEpoch) {
        let Ok(index) = usize::try_from(partition.get()) else { return };
        if index >= self.highest.len() {
            self.highest.resize(index + 1, LeaderEpoch::UNKNOWN);
        }
        self.highest[index] = self.highest[index].max(epoch);
    }

    /// Whether an answer under that id is to be believed, and forgets the epochs of another one.
    fn accept(&mut self, id: TopicId) -> Accepted {
        if id.is_zero() || id == self.id {
            return Accepted::Same;
        }
        if self.superseded.contains(&id) {
            return Accepted::No;
        }
        let before = std::mem::replace(&mut self.id, id);
        if before.is_zero() {
            return Accepted::Same;
        }
        self.superseded.insert(before);
        self.highest.clear();
        Accepted::Another
    }
}

enum Accepted {
    No,
    Same,
    Another,
}

impl Metadata {
    /// Merges an answer. Tells whether anything is different now.
    pub(super) fn merge(&mut self, answer: &MetadataResponse) -> bool {
        let mut image = ClusterImage {
            generation: self.image.generation,
            cluster_id: answer.cluster_id.as_ref().map(|id| Arc::from(id.as_str())),
            controller: Some(BrokerId(answer.controller_id.0)).filter(|id| id.get() >= 0),
            brokers: answer.brokers.iter().filter_map(broker_node).collect(),
            topics: self.image.topics.clone(),
        };
        let wanted = &self.wanted;
        image.topics.retain(|name, _| wanted.contains_key(name));
        for topic in &answer.topics {
            let Some(name) = topic.name.as_ref().map(|name| TopicName::from_wire(&name.0)) else {
                continue;
            };
            if !self.wanted.contains_key(&name) {
                continue;
            }
            let known = image.topics.get(&name).cloned();
            if let Some(merged) = self.merge_topic(&name, known.as_deref(), topic) {
                image.topics.insert(name, Arc::new(merged));
            }
        }
        let differs = image.brokers != self.image.brokers
            || image.controller != self.image.controller
            || image.cluster_id != self.image.cluster_id
            || image.topics != self.image.topics;
        if differs {
            self.publish(image);
        }
        differs
    }

    pub(super) fn publish(&mut self, mut image: ClusterImage) {
        image.generation = self.image.generation + 1;
        self.image = Arc::new(image);
    }

    fn merge_topic(
        &mut self,
        name: &TopicName,
        known: Option<&TopicImage>,
        answer: &MetadataResponseTopic,
    ) -> Option<TopicImage> {
        let id = TopicId(answer.topic_id);
        let error = ErrorCode(answer.error_code).check().err();
        if let Some(error) = error {
            // The partitions last known stay: a broker whose image lags may not know the topic
            // yet, and what was in flight must not start again from nothing.
            let known = known.cloned();
            return Some(match known {
                Some(known) => TopicImage { error: Some(error), ..known },
                None => TopicImage {
                    name: name.clone(),
                    id,
                    error: Some(error),
                    internal: answer.is_internal,
                    partitions: Vec::new(),
                },
            });
        }
        let seen = self.seen.entry(name.clone()).or_default();
        let known = match seen.accept(id) {
            Accepted::No => return None,
            Accepted::Same => known,
            Accepted::Another => None,
        };
        let mut partitions = known.map_or_else(Vec::new, |known| known.partitions.clone());
        // Indexes are consecutive, and a broker lists all of them, leaderless ones too. One beyond
        // that is not believed, or a peer could make the client allocate as much as it names.
        let believed = answer.partitions.len().max(partitions.len());
        for partition in &answer.partitions {
            let Ok(index) = usize::try_from(partition.partition_index) else { continue };
            if index >= believed {
                continue;
            }
            if index >= partitions.len() {
                partitions.resize_with(index + 1, PartitionImage::unknown);
            }
            let epoch = LeaderEpoch(partition.leader_epoch);
            let at = PartitionIndex(partition.partition_index);
            if epoch != LeaderEpoch::UNKNOWN && epoch < seen.highest(at) {
                continue;
            }
            seen.note(at, epoch);
            partitions[index] = partition_image(partition);
        }
        let id = if id.is_zero() { known.map_or(id, |known| known.id) } else { id };
        let internal = answer.is_internal;
        Some(TopicImage { name: name.clone(), id, error: None, internal, partitions })
    }
}

fn broker_node(
    broker: &milena_protocol::messages::metadata_response::MetadataResponseBroker,
) -> Option<(BrokerId, BrokerNode)> {
    let id = BrokerId(broker.node_id.0);
    let port = u16::try_from(broker.port).ok()?;
    // Negative numbers are those of bootstrap servers.
    if id.get() < 0 {
        return None;
    }
    let rack = broker.rack.as_ref().map(|rack| Arc::from(rack.as_str()));
    Some((id, BrokerNode { id, host: Arc::from(broker.host.as_str()), port, rack }))
}

fn partition_image(partition: &MetadataResponsePartition) -> PartitionImage {
    let error = ErrorCode(partition.error_code).check().err();
    // Some replicas are offline; the leader is there all the same.
    let error = error.filter(|error| *error != ErrorCode::REPLICA_NOT_AVAILABLE);
    PartitionImage {
        leader: Some(BrokerId(partition.leader_id.0)).filter(|id| id.get() >= 0),
        leader_epoch: LeaderEpoch(partition.leader_epoch),
        replicas: brokers(&partition.replica_nodes),
        isr: brokers(&partition.isr_nodes),
        offline: brokers(&partition.offline_replicas),
        error,
    }
}

fn brokers(ids: &[milena_protocol::messages::BrokerId]) -> SmallVec<[BrokerId; 4]> {
    ids.iter().map(|id| BrokerId(id.0)).collect()
}
