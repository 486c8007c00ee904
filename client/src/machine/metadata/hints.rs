//! Leaders that came with another answer (KIP-951).

use std::sync::Arc;

use milena_protocol::ids::{BrokerId, LeaderEpoch, PartitionIndex, TopicId, TopicName};

use super::Metadata;
use crate::machine::image::BrokerNode;

/// A newer leader that came with the answer to a produce or fetch request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeaderHint {
    /// The topic.
    pub(crate) topic: TopicName,
    /// Its id, [`TopicId::ZERO`] where the answer did not carry it.
    pub(crate) topic_id: TopicId,
    /// The partition.
    pub(crate) partition: PartitionIndex,
    /// The leader.
    pub(crate) leader: BrokerId,
    /// The epoch of that leadership.
    pub(crate) epoch: LeaderEpoch,
    /// Where the leader listens, if the answer told.
    pub(crate) endpoint: Option<BrokerNode>,
}

impl Metadata {
    /// Takes over what is newer than what is known, as `Metadata.updatePartitionLeadership` does:
    /// a hint counts only with a leader, a higher epoch, and a broker whose address is known.
    /// Tells whether anything changed.
    pub(crate) fn on_hints(&mut self, hints: &[LeaderHint]) -> bool {
        let mut image = (*self.image).clone();
        let mut changed = false;
        for hint in hints {
            if hint.leader.get() < 0 || !self.is_newer(hint) {
                continue;
            }
            if let Some(node) = hint.endpoint.as_ref().filter(|node| node.id == hint.leader) {
                image.brokers.insert(node.id, node.clone());
            }
            if !image.brokers.contains_key(&hint.leader) {
                continue;
            }
            let index = usize::try_from(hint.partition.get()).ok();
            let Some(topic) = image.topics.get_mut(&hint.topic) else { continue };
            let topic = Arc::make_mut(topic);
            let Some(partition) = index.and_then(|index| topic.partitions.get_mut(index)) else {
                continue;
            };
            partition.leader = Some(hint.leader);
            partition.leader_epoch = hint.epoch;
            partition.error = None;
            if let Some(seen) = self.seen.get_mut(&hint.topic) {
                seen.note(hint.partition, hint.epoch);
            }
            changed = true;
        }
        if changed {
            self.publish(image);
        }
        changed
    }

    fn is_newer(&self, hint: &LeaderHint) -> bool {
        let Some(topic) = self.image.topic(&hint.topic) else { return false };
        if !hint.topic_id.is_zero() && !topic.id.is_zero() && hint.topic_id != topic.id {
            return false;
        }
        let seen = self.seen.get(&hint.topic);
        hint.epoch > seen.map_or(LeaderEpoch::UNKNOWN, |seen| seen.highest(hint.partition))
    }
}
