//! Which lanes there are: kept in step with the metadata.

use std::sync::Arc;

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use milena_protocol::ids::{BrokerId, LeaderEpoch, PartitionIndex, TopicName};
use milena_protocol::time::MonoTime;

use super::lane::Lane;
use super::ratio::RatioEstimate;
use crate::machine::image::TopicImage;
use crate::machine::producer::{LaneId, ProducerMachine};

/// The topics a producer has sent to.
#[derive(Default)]
pub(super) struct Registry {
    topics: IndexMap<TopicName, Known, FixedState>,
    /// Every lane, at the place of its number.
    lanes: Vec<(Arc<Lane>, usize)>,
}

struct Known {
    image: Arc<TopicImage>,
    lanes: Vec<Arc<Lane>>,
    ratio: Arc<RatioEstimate>,
    /// When the metadata were last told that this topic is in use.
    wanted: MonoTime,
}

impl Registry {
    pub(super) fn lane(&self, id: LaneId) -> Option<&Arc<Lane>> {
        self.lanes.get(id.0 as usize).map(|(lane, _)| lane)
    }

    pub(super) fn lanes(&self) -> impl Iterator<Item = &Arc<Lane>> {
        self.lanes.iter().map(|(lane, _)| lane)
    }

    pub(super) fn names(&self) -> Vec<TopicName> {
        self.topics.keys().cloned().collect()
    }

    /// How many partitions the topic has, as far as it is known.
    pub(super) fn partitions(&self, topic: &str) -> Option<usize> {
        self.topics.get(topic).map(|known| known.image.partitions.len())
    }

    /// Whether the metadata should be told again that this lane's topic is in use.
    pub(super) fn wants(&mut self, id: LaneId, now: MonoTime) -> Option<TopicName> {
        const EVERY: std::time::Duration = std::time::Duration::from_secs(30);
        let (_, topic) = self.lanes.get(id.0 as usize)?;
        let (name, known) = self.topics.get_index_mut(*topic)?;
        if now.saturating_since(known.wanted) < EVERY {
            return None;
        }
        known.wanted = now;
        Some(name.clone())
    }

    /// Takes over what the metadata say of a topic. Gives the brokers that lead less than before,
    /// or nothing if nothing changed.
    pub(super) fn apply<T: Clone>(
        &mut self,
        now: MonoTime,
        image: &Arc<TopicImage>,
        machine: &mut ProducerMachine<T>,
    ) -> Option<Vec<BrokerId>> {
        // Not described yet, or not any more: what was known stays.
        if image.partitions.is_empty() {
            return None;
        }
        let entry = self.topics.entry(image.name.clone());
        let topic = entry.index();
        let mut first = false;
        let known = entry.or_insert_with(|| {
            first = true;
            let ratio = Arc::default();
            Known { image: Arc::clone(image), lanes: Vec::new(), ratio, wanted: now }
        });
        if !first && Arc::ptr_eq(&known.image, image) {
            return None;
        }
        let before = std::mem::replace(&mut known.image, Arc::clone(image));
        while known.lanes.len() < image.partitions.len() {
            let index = PartitionIndex(known.lanes.len() as i32);
            let id = machine.add_partition(image.name.clone(), index);
            let lane = Lane::new(id, (image.name.clone(), index), Arc::clone(&known.ratio));
            self.lanes.push((Arc::clone(&lane), topic));
            known.lanes.push(lane);
        }
        let mut left = Vec::new();
        for (at, lane) in known.lanes.iter().enumerate() {
            let old = before.partitions.get(at).filter(|_| !first);
            let (leader, epoch) = match image.partitions.get(at) {
                Some(new) => (new.leader, new.leader_epoch),
                // The topic was made anew with fewer partitions.
                None => (None, LeaderEpoch::UNKNOWN),
            };
            let same = old.is_some_and(|old| old.leader == leader && old.leader_epoch == epoch)
                && before.id == image.id;
            if !same {
                machine.on_leader(now, lane.id, (leader, epoch), image.id);
                left.extend(old.and_then(|old| old.leader).filter(|old| Some(*old) != leader));
            }
        }
        left.sort_unstable();
        left.dedup();
        Some(left)
    }

    /// What senders are to see of a topic.
    pub(super) fn seen(&self, topic: &str) -> Option<Seen> {
        let known = self.topics.get(topic)?;
        let count = known.image.partitions.len().min(known.lanes.len()) as u32;
        let led =
            |at: &u32| known.image.partitions.get(*at as usize).is_some_and(|p| p.leader.is_some());
        let mut available: Vec<u32> = (0..count).filter(led).collect();
        if available.is_empty() {
            available = (0..count).collect();
        }
        Some(Seen { lanes: known.lanes.clone(), count, available })
    }
}

/// What senders see of a topic.
pub(super) struct Seen {
    pub(super) lanes: Vec<Arc<Lane>>,
    /// How many partitions it has.
    pub(super) count: u32,
    /// Those with a leader, or all if none has one.
    pub(super) available: Vec<u32>,
}
