//! The topics a producer sends to, as senders look them up: no lock, no reference count, no write.
//!
//! Topics are only ever added, by the task, and live as long as the producer, so a sender needs
//! nothing but loads. (A snapshot behind an atomic pointer that is counted costs two locked
//! instructions per record, a tenth of what a record costs in all.)

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use foldhash::fast::FixedState;
use milena_protocol::ids::TopicName;

use super::lane::Lane;

/// No partition was chosen yet.
pub(super) const NO_STICKY: u32 = u32::MAX;

/// A topic as senders see it.
pub(super) struct TopicLanes {
    name: TopicName,
    /// How many partitions there are. Less than lanes if the topic was made anew with fewer.
    count: AtomicU32,
    lanes: LaneList,
    /// The partitions to choose from for records without a key: those with a leader.
    available: ArcSwap<Vec<u32>>,
    /// The partition that gets records without a key for now.
    sticky: AtomicU32,
}

/// Lanes, and the longer list that has taken its place if partitions were added since.
struct LaneList {
    lanes: Vec<Arc<Lane>>,
    grown: OnceLock<Box<LaneList>>,
}

impl LaneList {
    fn new(lanes: Vec<Arc<Lane>>) -> Self {
        Self { lanes, grown: OnceLock::new() }
    }

    fn latest(&self) -> &Self {
        let mut list = self;
        while let Some(longer) = list.grown.get() {
            list = longer;
        }
        list
    }
}

impl TopicLanes {
    pub(super) fn new(name: TopicName, lanes: Vec<Arc<Lane>>) -> Self {
        Self {
            name,
            count: AtomicU32::new(0),
            lanes: LaneList::new(lanes),
            available: ArcSwap::from_pointee(Vec::new()),
            sticky: AtomicU32::new(NO_STICKY),
        }
    }

    /// Takes over what is known of the partitions. Called by the task alone.
    pub(super) fn update(&self, lanes: &[Arc<Lane>], count: u32, available: Vec<u32>) {
        let list = self.lanes.latest();
        if lanes.len() > list.lanes.len() {
            // Set by nobody else, so this succeeds.
            let _ = list.grown.set(Box::new(LaneList::new(lanes.to_vec())));
        }
        let sticky = self.sticky.load(Ordering::Relaxed);
        let stays = available.contains(&sticky);
        self.available.store(Arc::new(available));
        self.count.store(count, Ordering::Release);
        if !stays {
            // Records without a key avoid a partition without a leader.
            self.switch_sticky(sticky, NO_STICKY);
        }
    }

    /// How many partitions the topic has.
    #[inline]
    pub(super) fn partitions(&self) -> u32 {
        self.count.load(Ordering::Acquire)
    }

    /// The lane of a partition, if the topic has it.
    #[inline]
    pub(super) fn lane(&self, partition: u32) -> Option<&Arc<Lane>> {
        if partition >= self.partitions() {
            return None;
        }
        self.lanes.latest().lanes.get(partition as usize)
    }

    pub(super) fn available(&self) -> Arc<Vec<u32>> {
        self.available.load_full()
    }

    #[inline]
    pub(super) fn sticky(&self) -> u32 {
        self.sticky.load(Ordering::Relaxed)
    }

    /// Makes another partition the sticky one, unless somebody has.
    pub(super) fn switch_sticky(&self, from: u32, to: u32) {
        let _ = self.sticky.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// The topics by name: a tree that branches by four bits of the name's hash at each step.
#[derive(Default)]
pub(super) struct TopicTable {
    hasher: FixedState,
    root: Branch,
}

#[derive(Default)]
struct Branch([OnceLock<Box<Node>>; 16]);

struct Node {
    hash: u64,
    topic: TopicLanes,
    below: Branch,
}

impl Branch {
    #[inline]
    fn slot(&self, rest: u64) -> &OnceLock<Box<Node>> {
        // Four bits, so one of sixteen.
        &self.0[(rest & 15) as usize]
    }
}

impl TopicTable {
    #[inline]
    pub(super) fn get(&self, name: &str) -> Option<&TopicLanes> {
        let hash = self.hasher.hash_one(name);
        let mut rest = hash;
        let mut branch = &self.root;
        loop {
            let node = branch.slot(rest).get()?;
            if node.hash == hash && &*node.topic.name == name {
                return Some(&node.topic);
            }
            rest >>= 4;
            branch = &node.below;
        }
    }

    /// Adds a topic that is not there yet. Called by the task alone.
    pub(super) fn insert(&self, topic: TopicLanes) {
        let hash = self.hasher.hash_one(&*topic.name);
        let mut rest = hash;
        let mut node = Box::new(Node { hash, topic, below: Branch::default() });
        let mut branch = &self.root;
        loop {
            let slot = branch.slot(rest);
            match slot.get() {
                Some(taken) => branch = &taken.below,
                None => match slot.set(node) {
                    Ok(()) => return,
                    // Taken meanwhile: go on below it.
                    Err(back) => {
                        node = back;
                        continue;
                    }
                },
            }
            rest >>= 4;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_that_was_added_is_found_and_no_other() {
        let table = TopicTable::default();
        let name = |n: usize| TopicName::new(&format!("topic-{n}")).unwrap();
        for n in 0..5_000 {
            assert!(table.get(&name(n)).is_none());
            table.insert(TopicLanes::new(name(n), Vec::new()));
        }
        for n in 0..5_000 {
            assert_eq!(table.get(&name(n)).map(|topic| topic.name.clone()), Some(name(n)));
        }
        assert!(table.get("topic-5000").is_none());
    }

    #[test]
    fn a_topic_grows_and_shrinks_with_its_partitions() {
        use crate::machine::producer::LaneId;
        use milena_protocol::ids::PartitionIndex;

        let name = TopicName::new("orders").unwrap();
        let lanes: Vec<_> = (0..4)
            .map(|n| Lane::new(LaneId(n), (name.clone(), PartitionIndex(n as i32)), Arc::default()))
            .collect();
        let topic = TopicLanes::new(name, lanes[..2].to_vec());
        topic.update(&lanes[..2], 2, vec![0, 1]);
        assert!(topic.lane(1).is_some() && topic.lane(2).is_none());
        topic.switch_sticky(NO_STICKY, 1);
        topic.update(&lanes, 4, vec![0, 2, 3]);
        assert_eq!(topic.lane(3).map(|lane| lane.index), Some(PartitionIndex(3)));
        assert_eq!(topic.sticky(), NO_STICKY, "it has lost its leader");
        topic.update(&lanes, 1, vec![0]);
        assert!(topic.lane(0).is_some() && topic.lane(1).is_none());
    }
}
