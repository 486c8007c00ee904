//! The metadata and the brokers they are asked of.

use std::collections::BTreeMap;
use std::time::Duration;

use arbitrary::Arbitrary;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, LeaderEpoch, PartitionIndex, TopicId, TopicName};
use milena_protocol::messages::MetadataResponse;
use milena_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use milena_protocol::time::MonoTime;

use super::{START, code, topic_id};
use crate::config::client::{MetadataRecovery, TopicCreation};
use crate::machine::backoff::Backoff;
use crate::machine::image::BrokerNode;
use crate::machine::metadata::{LeaderHint, Metadata, MetadataSettings, NodeState};

/// What happens to the metadata.
#[derive(Arbitrary, Clone, Debug)]
pub enum Operation {
    /// A role uses a topic.
    Want(u8),
    /// A role has reason to believe that something changed.
    Refresh,
    /// So many milliseconds pass.
    Pass(u16),
    /// How the brokers are connected from now on: two bits each.
    Connected(u16),
    /// One that was asked answers, or with no question open somebody answers all the same.
    Answer {
        /// Which of those that were asked.
        from: u8,
        /// The error code of the whole answer.
        error: u8,
        /// The brokers it names: number and port.
        brokers: Vec<(i8, u16)>,
        /// What it tells of topics.
        topics: Vec<Topic>,
    },
    /// One that was asked cannot be reached.
    Failure(u8),
    /// An answer to something else named a leader (KIP-951).
    Hint {
        /// The topic.
        topic: u8,
        /// Its incarnation.
        id: u8,
        /// Index and what is said of it.
        partition: Partition,
        /// Whether the leader's address is told.
        address: Option<u16>,
    },
    /// The known brokers are of no use.
    Rebootstrap,
}

/// A topic in an answer.
#[derive(Arbitrary, Clone, Debug)]
pub struct Topic {
    name: u8,
    id: u8,
    error: u8,
    partitions: Vec<Partition>,
}

/// A partition in an answer.
#[derive(Arbitrary, Clone, Debug)]
pub struct Partition {
    index: i32,
    error: u8,
    leader: i8,
    epoch: i8,
    replicas: Vec<i8>,
}

/// The metadata, the questions that are open, and what was known.
pub struct Driver {
    machine: Metadata,
    now: MonoTime,
    connected: u16,
    open: Vec<BrokerId>,
    generation: u64,
    /// When a topic was last used: it may be forgotten, with its epochs, a while after.
    used: BTreeMap<TopicName, MonoTime>,
    highest: BTreeMap<(TopicName, usize), (TopicId, LeaderEpoch)>,
}

const MAX_IDLE: Duration = Duration::from_secs(300);

impl Default for Driver {
    fn default() -> Self {
        let settings = MetadataSettings {
            max_age: Duration::from_secs(300),
            max_idle: MAX_IDLE,
            backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(1)),
            recovery: MetadataRecovery::Rebootstrap,
            creation: TopicCreation::Never,
            bootstrap_servers: 2,
        };
        Self {
            machine: Metadata::new(settings),
            now: START,
            connected: 0,
            open: Vec::new(),
            generation: 0,
            used: BTreeMap::new(),
            highest: BTreeMap::new(),
        }
    }
}

impl Driver {
    /// Carries out one operation.
    pub fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Want(topic) => {
                let topic = name(topic);
                self.machine.on_want(self.now, &topic);
                self.used.insert(topic, self.now);
            }
            Operation::Refresh => drop(self.machine.on_refresh()),
            Operation::Pass(millis) => {
                self.now = self.now + Duration::from_millis(u64::from(millis));
            }
            Operation::Connected(states) => self.connected = states,
            Operation::Answer { from, error, brokers, topics } => {
                let answer = answer(error, &brokers, topics);
                let from = self.take_asked(from).unwrap_or(BrokerId(i32::from(from)));
                self.machine.on_answer(self.now, u64::from(self.connected), from, &answer);
            }
            Operation::Failure(which) => {
                if let Some(from) = self.take_asked(which) {
                    self.machine.on_failure(from);
                }
            }
            Operation::Hint { topic, id, partition, address } => {
                let leader = BrokerId(i32::from(partition.leader));
                let endpoint = address.map(|port| BrokerNode {
                    id: leader,
                    host: "hinted".into(),
                    port,
                    rack: None,
                });
                self.machine.on_hints(&[LeaderHint {
                    topic: name(topic),
                    topic_id: topic_id(id),
                    partition: PartitionIndex(partition.index),
                    leader,
                    epoch: LeaderEpoch(i32::from(partition.epoch)),
                    endpoint,
                }]);
            }
            Operation::Rebootstrap => self.machine.start_from_bootstrap(),
        }
        self.ask();
        self.check();
    }

    fn take_asked(&mut self, which: u8) -> Option<BrokerId> {
        if self.open.is_empty() {
            return None;
        }
        Some(self.open.remove(usize::from(which) % self.open.len()))
    }

    fn ask(&mut self) {
        let connected = self.connected;
        let state =
            |broker: BrokerId| match connected >> (2 * (broker.get().unsigned_abs() % 8)) & 3 {
                0 => NodeState::Ready,
                1 => NodeState::Connecting,
                2 => NodeState::Idle,
                _ => NodeState::Backoff,
            };
        // In a round each is asked once, and the next round waits.
        let everybody = self.machine.image().brokers.len() + 2;
        let mut asked = 0;
        while let Some(ask) = self.machine.poll_ask(self.now, u64::from(connected), state) {
            self.open.push(ask.to);
            asked += 1;
            assert!(asked <= everybody, "asks without an end");
        }
        while self.open.len() > 256 {
            let silent = self.open.remove(0);
            self.machine.on_failure(silent);
        }
        // Whoever waits for it must be told when; a machine that names a time in the past without
        // anything to ask would make its driver spin.
        let due = self.machine.poll_timeout();
        if due <= self.now {
            assert!(
                self.machine.poll_ask(self.now, u64::from(connected), state).is_none(),
                "asks again after it had nothing to ask"
            );
        }
    }

    fn check(&mut self) {
        let image = self.machine.image();
        assert!(image.generation >= self.generation, "an older image");
        self.generation = image.generation;
        for (name, topic) in &image.topics {
            let used = self.used.get(name).copied().unwrap_or(START);
            for (index, partition) in topic.partitions.iter().enumerate() {
                let key = (name.clone(), index);
                let known = self.highest.get(&key).filter(|(id, _)| *id == topic.id);
                if let Some((_, epoch)) = known
                    && partition.leader_epoch != LeaderEpoch::UNKNOWN
                    && self.now < used + MAX_IDLE
                {
                    assert!(partition.leader_epoch >= *epoch, "{name}-{index}: an epoch fell");
                }
                if partition.leader_epoch != LeaderEpoch::UNKNOWN {
                    self.highest.insert(key, (topic.id, partition.leader_epoch));
                }
            }
        }
        self.highest.retain(|(name, _), _| image.topics.contains_key(name));
    }
}

fn name(number: u8) -> TopicName {
    TopicName::new(&format!("topic-{}", number % 4)).expect("legal")
}

fn answer(error: u8, brokers: &[(i8, u16)], topics: Vec<Topic>) -> MetadataResponse {
    let brokers = brokers.iter().map(|(id, port)| {
        MetadataResponseBroker::default()
            .with_node_id(i32::from(*id).into())
            .with_host(StrBytes::from_static_str("host"))
            .with_port(i32::from(*port))
    });
    let topics = topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let replicas: Vec<_> =
                partition.replicas.iter().map(|id| i32::from(*id).into()).collect();
            MetadataResponsePartition::default()
                .with_partition_index(partition.index)
                .with_error_code(code(partition.error).get())
                .with_leader_id(i32::from(partition.leader).into())
                .with_leader_epoch(i32::from(partition.epoch))
                .with_isr_nodes(replicas.clone())
                .with_replica_nodes(replicas)
        });
        MetadataResponseTopic::default()
            .with_name(Some(name(topic.name).to_wire()))
            .with_topic_id(topic_id(topic.id).0)
            .with_error_code(code(topic.error).get())
            .with_partitions(partitions.collect())
    });
    MetadataResponse::default()
        .with_error_code(code(error).get())
        .with_brokers(brokers.collect())
        .with_topics(topics.collect())
}
