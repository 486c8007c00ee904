//! Which lanes there are: kept in step with the metadata.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use milena_protocol::ids::{BrokerId, LeaderEpoch, PartitionIndex, TopicName};
use milena_protocol::time::MonoTime;

use super::accumulator::{NO_STICKY, TopicLanes, Topics};
use super::lane::Lane;
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
    sticky: Arc<AtomicU32>,
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
            Known {
                image: Arc::clone(image),
                lanes: Vec::new(),
                sticky: Arc::new(AtomicU32::new(NO_STICKY)),
                wanted: now,
            }
        });
        if !first && Arc::ptr_eq(&known.image, image) {
            return None;
        }
        let before = std::mem::replace(&mut known.image, Arc::clone(image));
        while known.lanes.len() < image.partitions.len() {
            let index = PartitionIndex(known.lanes.len() as i32);
            let id = machine.add_partition(image.name.clone(), index);
            let lane = Lane::new(id, image.name.clone(), index);
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

    /// A topic as senders are to see it.
    pub(super) fn lanes_of(&self, topic: &str) -> Option<Arc<TopicLanes>> {
        let known = self.topics.get(topic)?;
        let count = known.image.partitions.len().min(known.lanes.len());
        let led =
            |at: &u32| known.image.partitions.get(*at as usize).is_some_and(|p| p.leader.is_some());
        let all = 0..count as u32;
        let mut available: Vec<u32> = all.clone().filter(led).collect();
        if available.is_empty() {
            available = all.collect();
        }
        let sticky = known.sticky.load(Ordering::Relaxed);
        if sticky != NO_STICKY && !available.contains(&sticky) {
            // Records without a key avoid a partition without a leader.
            let _ = known.sticky.compare_exchange(
                sticky,
                NO_STICKY,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
        }
        Some(Arc::new(TopicLanes {
            lanes: known.lanes.iter().take(count).cloned().collect(),
            available,
            sticky: Arc::clone(&known.sticky),
        }))
    }
}

/// The topics with one replaced.
pub(super) fn with_topic(topics: &Topics, name: TopicName, lanes: Arc<TopicLanes>) -> Topics {
    let mut topics = topics.clone();
    topics.insert(name, lanes);
    topics
}
