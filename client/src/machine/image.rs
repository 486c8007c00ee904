//! What the client knows of the cluster at one moment: an immutable snapshot.

use std::sync::Arc;

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use milena_protocol::ErrorCode;
use milena_protocol::ids::{BrokerId, LeaderEpoch, PartitionIndex, TopicId, TopicName};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// Topics by name, in an order that is the same in every run.
pub(crate) type TopicMap = IndexMap<TopicName, Arc<TopicImage>, FixedState>;

/// The brokers and topics of a cluster as one or several metadata answers described them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClusterImage {
    /// Counts the images of this client; a later one has a higher number.
    pub(crate) generation: u64,
    /// `cluster.id`.
    pub(crate) cluster_id: Option<Arc<str>>,
    /// Where to send controller requests. Under KRaft any broker forwards them, and this is one
    /// of them at random.
    pub(crate) controller: Option<BrokerId>,
    /// The live brokers.
    pub(crate) brokers: BTreeMap<BrokerId, BrokerNode>,
    /// The topics somebody asked for.
    pub(crate) topics: TopicMap,
}

/// A broker and where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrokerNode {
    /// Its number.
    pub(crate) id: BrokerId,
    /// The host it advertises.
    pub(crate) host: Arc<str>,
    /// The port it advertises.
    pub(crate) port: u16,
    /// `broker.rack`.
    pub(crate) rack: Option<Arc<str>>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TopicImage {
    /// Its name.
    pub(crate) name: TopicName,
    /// Its id, [`TopicId::ZERO`] where the cluster does not tell.
    pub(crate) id: TopicId,
    /// What the cluster said instead of describing it. The partitions are then those last known.
    pub(crate) error: Option<ErrorCode>,
    /// Whether it belongs to the cluster itself.
    pub(crate) internal: bool,
    /// Its partitions, each at the place of its index.
    pub(crate) partitions: Vec<PartitionImage>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PartitionImage {
    /// The broker that takes its records, if there is one now.
    pub(crate) leader: Option<BrokerId>,
    /// The epoch of that leadership; never falls as long as the topic id is the same.
    pub(crate) leader_epoch: LeaderEpoch,
    /// The brokers that hold it, the preferred leader first.
    pub(crate) replicas: SmallVec<[BrokerId; 4]>,
    /// Those in sync.
    pub(crate) isr: SmallVec<[BrokerId; 4]>,
    /// Those known to be offline.
    pub(crate) offline: SmallVec<[BrokerId; 4]>,
    /// What the cluster said about it, such as LEADER_NOT_AVAILABLE.
    pub(crate) error: Option<ErrorCode>,
}

impl PartitionImage {
    /// Nothing is known about it but that it exists.
    pub(crate) fn unknown() -> Self {
        Self {
            leader: None,
            leader_epoch: LeaderEpoch::UNKNOWN,
            replicas: SmallVec::new(),
            isr: SmallVec::new(),
            offline: SmallVec::new(),
            error: Some(ErrorCode::LEADER_NOT_AVAILABLE),
        }
    }
}

impl ClusterImage {
    /// The topic of that name, if it was asked for and the cluster has answered.
    pub(crate) fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.topics.get(name)
    }

    /// The partition, if it is known.
    pub(crate) fn partition(&self, topic: &str, index: PartitionIndex) -> Option<&PartitionImage> {
        self.topic(topic)?.partition(index)
    }
}

impl TopicImage {
    /// The partition of that index.
    pub(crate) fn partition(&self, index: PartitionIndex) -> Option<&PartitionImage> {
        self.partitions.get(usize::try_from(index.get()).ok()?)
    }
}
