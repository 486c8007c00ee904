//! The cluster's metadata: a log of records that the controller writes, and images of it.
//!
//! The controller's image is the truth. Each broker has its own, built from the same records as
//! they reach it over the network, so a broker may answer with yesterday's truth, as under KRaft.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use milena_protocol::ids::{BrokerId, TopicId, TopicName};

use crate::marks::Marks;
use crate::settings::{Layers, Values};
pub(crate) use crate::settings::{TimestampType, TopicSettings};

mod log_settings;
mod resources;
mod users;

pub(crate) use resources::Resource;
pub(crate) use users::{QuotaEntity, Quotas, ScramCredential, ScramKey};

/// A topic by the offset of the record that created it: as lasting as its id and the same on every
/// node, and ascending, so that what is new is together in everything that is ordered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct TopicNumber(pub(crate) u64);

impl TopicNumber {
    /// No topic has it.
    pub(crate) const NONE: Self = Self(u64::MAX);
}

/// A partition by its topic's number, which a topic of the same name created later does not share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct TopicPartition {
    pub(crate) topic: TopicNumber,
    pub(crate) index: i32,
}

/// Whether a leader still has to recover from an unclean election (KIP-704).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Recovery {
    Recovered,
    Recovering,
}

/// A partition's committed state (`PartitionRegistration`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct PartitionState {
    pub(crate) replicas: Vec<BrokerId>,
    /// Those of the replicas that a reassignment adds, and those that it takes away (KIP-455).
    pub(crate) adding: Vec<BrokerId>,
    pub(crate) removing: Vec<BrokerId>,
    pub(crate) isr: Vec<BrokerId>,
    /// Who may lead while nobody is in sync, and who led last (KIP-966).
    pub(crate) elr: Vec<BrokerId>,
    pub(crate) last_known_elr: Vec<BrokerId>,
    /// [`BrokerId::NONE`] where there is none.
    pub(crate) leader: BrokerId,
    pub(crate) leader_epoch: i32,
    pub(crate) partition_epoch: i32,
    pub(crate) recovery: Recovery,
}

impl PartitionState {
    /// A partition at its birth.
    pub(crate) fn new(replicas: Vec<BrokerId>, isr: Vec<BrokerId>, leader: BrokerId) -> Self {
        Self {
            replicas,
            adding: Vec::new(),
            removing: Vec::new(),
            isr,
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            leader,
            leader_epoch: 0,
            partition_epoch: 0,
            recovery: Recovery::Recovered,
        }
    }

    pub(crate) fn has_leader(&self) -> bool {
        self.leader != BrokerId::NONE
    }
}

/// A topic with all its partitions.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) name: TopicName,
    pub(crate) id: TopicId,
    pub(crate) number: TopicNumber,
    pub(crate) settings: Arc<TopicSettings>,
    pub(crate) partitions: Vec<Arc<PartitionState>>,
}

impl Topic {
    /// One of its partitions.
    pub(crate) fn partition(&self, index: i32) -> TopicPartition {
        TopicPartition { topic: self.number, index }
    }

    pub(crate) fn partition_state(&self, index: i32) -> Option<&Arc<PartitionState>> {
        self.partitions.get(usize::try_from(index).ok()?)
    }
}

/// A broker's registration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Registration {
    pub(crate) epoch: i64,
    pub(crate) incarnation: u64,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) rack: Option<String>,
    pub(crate) standing: Standing,
    /// Log directories that are offline (KIP-858).
    pub(crate) failed: BTreeSet<Directory>,
}

/// What a registered broker may do (`BrokerControlState`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// It is not told to clients, leads nothing and is in no ISR.
    Fenced,
    Active,
    /// It serves on, but may not lead or join an ISR any more.
    ShuttingDown,
}

impl Registration {
    pub(crate) fn is_fenced(&self) -> bool {
        self.standing == Standing::Fenced
    }
}

/// A log directory of a broker, by its place in `log.dirs`.
pub(crate) type Directory = u8;

/// One change of the metadata.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    RegisterBroker {
        id: BrokerId,
        registration: Arc<Registration>,
    },
    BrokerStanding {
        id: BrokerId,
        epoch: i64,
        standing: Standing,
    },
    Topic {
        name: TopicName,
        id: TopicId,
    },
    /// All settings of a resource as they are from now on.
    Settings {
        of: Resource,
        values: Arc<Values>,
    },
    /// A partition as it is from now on; a new one if the index is the next.
    Partition {
        partition: TopicPartition,
        state: Arc<PartitionState>,
    },
    RemoveTopic {
        id: TopicId,
    },
    /// A credential, or that it is gone.
    Scram {
        key: ScramKey,
        credential: Option<ScramCredential>,
    },
    /// A rate, or that it is gone.
    Quota {
        entity: QuotaEntity,
        key: String,
        value: Option<f64>,
    },
    UnregisterBroker {
        id: BrokerId,
    },
    /// The level of a feature (KIP-584); 0 turns it off.
    Feature {
        name: String,
        level: i16,
    },
    /// Where a replica is, of a broker with several log directories.
    ReplicaDirectory {
        broker: BrokerId,
        partition: TopicPartition,
        directory: Directory,
    },
    /// All directories of a broker that are offline.
    FailedDirectories {
        id: BrokerId,
        epoch: i64,
        failed: BTreeSet<Directory>,
    },
}

/// What a run of records changed, for whoever has to act on it.
#[derive(Default, Debug)]
pub(crate) struct ImageDelta {
    pub(crate) partitions: Marks<TopicPartition>,
    pub(crate) removed_topics: Vec<Arc<Topic>>,
    /// Topics whose settings may have changed.
    pub(crate) settings: BTreeSet<TopicId>,
}

/// Hashes alike in every run.
type Hasher = foldhash::fast::FixedState;

/// The metadata up to some record.
#[derive(Clone, Default, Debug)]
pub(crate) struct Image {
    /// How many records it holds.
    pub(crate) offset: u64,
    pub(crate) brokers: BTreeMap<BrokerId, Arc<Registration>>,
    topics: BTreeMap<TopicNumber, Arc<Topic>>,
    ids: IndexMap<TopicId, TopicNumber, Hasher>,
    names: IndexMap<TopicName, TopicNumber, Hasher>,
    /// All topics in the order of their names; sorted when somebody asks.
    in_order: OnceLock<Vec<TopicNumber>>,
    partitions: usize,
    pub(crate) scram: BTreeMap<ScramKey, ScramCredential>,
    pub(crate) quotas: BTreeMap<QuotaEntity, Quotas>,
    /// The features that are on, and their levels.
    pub(crate) features: BTreeMap<String, i16>,
    /// The settings of the node this is the image of, and of topics without their own.
    pub(crate) settings: Layers,
    /// The broker whose own settings count; the controller has none.
    node: Option<BrokerId>,
    /// Settings of everything but topics.
    pub(crate) configs: BTreeMap<Resource, Arc<Values>>,
    directories: BTreeMap<(BrokerId, TopicPartition), Directory>,
}

impl Image {
    /// Takes in the next record.
    pub(crate) fn apply(&mut self, record: &Record, delta: &mut ImageDelta) {
        let number = self.topic_behind(0);
        self.offset += 1;
        match record {
            Record::RegisterBroker { id, registration } => {
                self.brokers.insert(*id, Arc::clone(registration));
            }
            Record::BrokerStanding { id, epoch, standing } => {
                if let Some(broker) = self.brokers.get_mut(id)
                    && broker.epoch == *epoch
                {
                    Arc::make_mut(broker).standing = *standing;
                }
            }
            Record::Topic { name, id } => {
                let topic = Topic {
                    name: name.clone(),
                    id: *id,
                    number,
                    settings: self.settings.topic(&Values::new()),
                    partitions: Vec::new(),
                };
                self.ids.insert(*id, number);
                self.names.insert(name.clone(), number);
                self.in_order = OnceLock::new();
                self.topics.insert(number, Arc::new(topic));
            }
            Record::Partition { partition, state } => {
                let Some(topic) = self.topic_mut(partition.topic) else { return };
                let Ok(index) = usize::try_from(partition.index) else { return };
                // Copies the topic once per change only while someone else still looks at it.
                let topic = Arc::make_mut(topic);
                if let Some(slot) = topic.partitions.get_mut(index) {
                    *slot = Arc::clone(state);
                } else if index == topic.partitions.len() {
                    topic.partitions.push(Arc::clone(state));
                    self.partitions += 1;
                }
                delta.partitions.insert(*partition);
            }
            Record::Settings { of, values } => self.apply_values(of, values, delta),
            Record::RemoveTopic { id } => {
                let Some(number) = self.ids.swap_remove(id) else { return };
                if let Some(topic) = self.topics.remove(&number) {
                    self.names.swap_remove(&topic.name);
                    self.in_order = OnceLock::new();
                    self.partitions -= topic.partitions.len();
                    self.directories.retain(|(_, partition), _| partition.topic != number);
                    delta.removed_topics.push(topic);
                }
            }
            Record::Scram { key, credential } => match credential {
                Some(credential) => {
                    self.scram.insert(key.clone(), credential.clone());
                }
                None => {
                    self.scram.remove(key);
                }
            },
            Record::Quota { entity, key, value } => self.apply_quota(entity, key, *value),
            Record::UnregisterBroker { id } => {
                self.brokers.remove(id);
            }
            Record::Feature { name, level: 0 } => {
                self.features.remove(name);
            }
            Record::Feature { name, level } => {
                self.features.insert(name.clone(), *level);
            }
            Record::ReplicaDirectory { broker, partition, directory } => {
                self.directories.insert((*broker, *partition), *directory);
            }
            Record::FailedDirectories { id, epoch, failed } => {
                if let Some(broker) = self.brokers.get_mut(id)
                    && broker.epoch == *epoch
                {
                    Arc::make_mut(broker).failed.clone_from(failed);
                }
            }
        }
    }

    fn apply_quota(&mut self, entity: &QuotaEntity, key: &str, value: Option<f64>) {
        let quotas = self.quotas.entry(entity.clone()).or_default();
        match value {
            Some(value) => {
                quotas.insert(key.to_owned(), value);
            }
            None => {
                quotas.remove(key);
            }
        }
        if quotas.is_empty() {
            self.quotas.remove(entity);
        }
    }

    /// The topic of this number. Looks first at the last, which is the one that grows.
    fn topic_mut(&mut self, number: TopicNumber) -> Option<&mut Arc<Topic>> {
        match self.topics.last_key_value() {
            Some((last, _)) if *last == number => {
                self.topics.last_entry().map(|entry| entry.into_mut())
            }
            _ => self.topics.get_mut(&number),
        }
    }

    /// The number of the topic that a record creates which comes behind so many others.
    pub(crate) fn topic_behind(&self, records: usize) -> TopicNumber {
        TopicNumber(self.offset + records as u64)
    }

    pub(crate) fn topic(&self, id: TopicId) -> Option<&Arc<Topic>> {
        self.ids.get(&id).and_then(|number| self.topics.get(number))
    }

    /// The topic of a partition.
    pub(crate) fn topic_of(&self, partition: TopicPartition) -> Option<&Arc<Topic>> {
        self.topics.get(&partition.topic)
    }

    pub(crate) fn topic_named(&self, name: &str) -> Option<&Arc<Topic>> {
        self.names.get(name).and_then(|number| self.topics.get(number))
    }

    /// All topics in the order of their names.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        let in_order = self.in_order.get_or_init(|| {
            let mut topics: Vec<&Topic> = self.topics.values().map(|topic| &**topic).collect();
            topics.sort_unstable_by_key(|topic| &topic.name);
            topics.into_iter().map(|topic| topic.number).collect()
        });
        in_order.iter().filter_map(|number| self.topics.get(number))
    }

    pub(crate) fn partition(&self, partition: TopicPartition) -> Option<&Arc<PartitionState>> {
        self.topics.get(&partition.topic)?.partition_state(partition.index)
    }

    pub(crate) fn partition_count(&self) -> usize {
        self.partitions
    }

    /// A broker that is registered and not fenced.
    pub(crate) fn live(&self, id: BrokerId) -> Option<&Registration> {
        self.brokers.get(&id).map(|broker| &**broker).filter(|broker| !broker.is_fenced())
    }

    /// Whether a broker may lead and be in sync: registered, not fenced, not shutting down.
    pub(crate) fn is_active(&self, id: BrokerId) -> bool {
        self.active(id).is_some()
    }

    /// A broker that may lead and be in sync.
    pub(crate) fn active(&self, id: BrokerId) -> Option<&Registration> {
        self.live(id).filter(|broker| broker.standing == Standing::Active)
    }

    /// Which directory a replica is in, where it was told.
    pub(crate) fn directory(
        &self,
        broker: BrokerId,
        partition: TopicPartition,
    ) -> Option<Directory> {
        self.directories.get(&(broker, partition)).copied()
    }

    /// All of a broker's replicas of which it was told.
    pub(crate) fn directories_of(
        &self,
        broker: BrokerId,
    ) -> impl Iterator<Item = (TopicPartition, Directory)> {
        let all = self.directories.iter().filter(move |((id, _), _)| *id == broker);
        all.map(|((_, partition), directory)| (*partition, *directory))
    }

    /// Whether a directory of a broker is offline.
    pub(crate) fn has_failed(&self, broker: BrokerId, directory: Directory) -> bool {
        self.brokers.get(&broker).is_some_and(|broker| broker.failed.contains(&directory))
    }

    /// Whether a replica is in a directory that is offline.
    pub(crate) fn is_offline(&self, broker: BrokerId, partition: TopicPartition) -> bool {
        self.directory(broker, partition).is_some_and(|at| self.has_failed(broker, at))
    }

    /// All brokers that are registered and not fenced.
    pub(crate) fn live_brokers(&self) -> impl Iterator<Item = (BrokerId, &Registration)> {
        self.brokers
            .iter()
            .filter(|(_, broker)| !broker.is_fenced())
            .map(|(id, broker)| (*id, &**broker))
    }
}
