//! What happened lately, with its time: requests and answers, state changes, operations, faults.
//!
//! A ring of bounded size. What is noted on the way of a request is a few words without an
//! allocation; it becomes text or copies of state only when someone looks.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ids::{BrokerId, LeaderEpoch, TopicId, TopicName};
use milena_protocol::messages::ApiKey;
use milena_protocol::time::MonoTime;

use super::input::{CloseCause, ConnectionId, Node, Operation};
use crate::fault::RuleId;
use crate::metadata::{Image, PartitionState, Record, Standing};

/// Something that happened, in [`Cluster::history`](super::Cluster::history).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryEvent {
    /// When, in the cluster's own time.
    pub at: MonoTime,
    /// Where.
    pub node: Node,
    /// What.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// A client opened a connection.
    Connected {
        /// Its number.
        connection: ConnectionId,
    },
    /// A client closed a connection, or it broke.
    Disconnected {
        /// Its number.
        connection: ConnectionId,
    },
    /// The broker closed a connection.
    Closed {
        /// Its number.
        connection: ConnectionId,
        /// Why.
        cause: CloseCause,
    },
    /// A request was taken off its connection to be handled.
    Requested {
        /// The connection's number.
        connection: ConnectionId,
        /// The `client.id` in its header.
        client_id: Option<String>,
        /// The API.
        key: ApiKey,
        /// The version.
        version: i16,
        /// The length of its frame, without the length itself.
        bytes: usize,
    },
    /// An answer was written.
    Answered {
        /// The connection's number.
        connection: ConnectionId,
        /// The API.
        key: ApiKey,
        /// The version.
        version: i16,
        /// The length of its frame, the length itself included.
        bytes: usize,
        /// How long ago its request was taken off the connection.
        took: Duration,
    },
    /// A rule was done to a request.
    FaultFired {
        /// The rule.
        rule: RuleId,
        /// The connection's number.
        connection: ConnectionId,
        /// The API.
        key: ApiKey,
    },
    /// The controller committed a new state of a partition.
    Partition {
        /// The topic.
        topic: String,
        /// The partition's number.
        partition: i32,
        /// The leader, if it has one.
        leader: Option<BrokerId>,
        /// Counts leaders.
        leader_epoch: LeaderEpoch,
        /// Counts changes.
        partition_epoch: i32,
        /// The in-sync replicas.
        isr: Vec<BrokerId>,
        /// The eligible leader replicas (KIP-966).
        elr: Vec<BrokerId>,
    },
    /// The controller registered a broker.
    BrokerRegistered {
        /// The broker.
        broker: BrokerId,
        /// Its epoch.
        epoch: i64,
    },
    /// The controller fenced a broker or ended that.
    BrokerFenced {
        /// The broker.
        broker: BrokerId,
        /// Whether it is fenced now.
        fenced: bool,
    },
    /// The controller created a topic.
    TopicCreated {
        /// Its name.
        topic: String,
        /// Its id.
        id: TopicId,
    },
    /// The controller deleted a topic.
    TopicDeleted {
        /// Its name.
        topic: String,
    },
    /// Someone outside acted on the cluster.
    Operated {
        /// What was done.
        operation: Operation,
    },
}

/// As it is kept.
#[derive(Clone, Debug)]
pub(crate) enum Noted {
    Connected {
        connection: ConnectionId,
    },
    Disconnected {
        connection: ConnectionId,
    },
    Closed {
        connection: ConnectionId,
        cause: CloseCause,
    },
    Requested {
        connection: ConnectionId,
        client_id: Option<Arc<str>>,
        key: ApiKey,
        version: i16,
        bytes: usize,
    },
    Answered {
        connection: ConnectionId,
        key: ApiKey,
        version: i16,
        bytes: usize,
        took: Duration,
    },
    FaultFired {
        rule: RuleId,
        connection: ConnectionId,
        key: ApiKey,
    },
    Partition {
        topic: TopicName,
        index: i32,
        state: Arc<PartitionState>,
    },
    BrokerRegistered {
        broker: BrokerId,
        epoch: i64,
    },
    BrokerFenced {
        broker: BrokerId,
        fenced: bool,
    },
    TopicCreated {
        topic: TopicName,
        id: TopicId,
    },
    TopicDeleted {
        topic: TopicName,
    },
    Operated {
        operation: Box<Operation>,
    },
}

impl Noted {
    /// A record of the metadata log, as the controller commits it behind `image`.
    pub(crate) fn committed(record: &Record, image: &Image) -> Option<Self> {
        Some(match record {
            Record::Partition { partition, state } => Self::Partition {
                topic: image.topic_of(*partition)?.name.clone(),
                index: partition.index,
                state: Arc::clone(state),
            },
            Record::RegisterBroker { id, registration } => {
                Self::BrokerRegistered { broker: *id, epoch: registration.epoch }
            }
            // That it shuts down shows in the partitions it leads no more.
            Record::BrokerStanding { standing: Standing::ShuttingDown, .. } => return None,
            Record::BrokerStanding { id, standing, .. } => {
                Self::BrokerFenced { broker: *id, fenced: *standing == Standing::Fenced }
            }
            Record::Topic { name, id, .. } => Self::TopicCreated { topic: name.clone(), id: *id },
            Record::RemoveTopic { id } => {
                Self::TopicDeleted { topic: image.topic(*id)?.name.clone() }
            }
            _ => return None,
        })
    }

    fn told(&self) -> Happening {
        match self.clone() {
            Self::Connected { connection } => Happening::Connected { connection },
            Self::Disconnected { connection } => Happening::Disconnected { connection },
            Self::Closed { connection, cause } => Happening::Closed { connection, cause },
            Self::Requested { connection, client_id, key, version, bytes } => {
                let client_id = client_id.as_deref().map(str::to_owned);
                Happening::Requested { connection, client_id, key, version, bytes }
            }
            Self::Answered { connection, key, version, bytes, took } => {
                Happening::Answered { connection, key, version, bytes, took }
            }
            Self::FaultFired { rule, connection, key } => {
                Happening::FaultFired { rule, connection, key }
            }
            Self::Partition { topic, index, state } => Happening::Partition {
                topic: topic.to_string(),
                partition: index,
                leader: Some(state.leader).filter(|id| *id != BrokerId::NONE),
                leader_epoch: LeaderEpoch(state.leader_epoch),
                partition_epoch: state.partition_epoch,
                isr: state.isr.clone(),
                elr: state.elr.clone(),
            },
            Self::BrokerRegistered { broker, epoch } => {
                Happening::BrokerRegistered { broker, epoch }
            }
            Self::BrokerFenced { broker, fenced } => Happening::BrokerFenced { broker, fenced },
            Self::TopicCreated { topic, id } => {
                Happening::TopicCreated { topic: topic.to_string(), id }
            }
            Self::TopicDeleted { topic } => Happening::TopicDeleted { topic: topic.to_string() },
            Self::Operated { operation } => Happening::Operated { operation: *operation },
        }
    }
}

/// The ring.
#[derive(Debug)]
pub(crate) struct History {
    limit: usize,
    events: VecDeque<(MonoTime, Node, Noted)>,
    forgotten: u64,
}

impl History {
    /// Keeps the last `limit` events.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, events: VecDeque::new(), forgotten: 0 }
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.limit > 0
    }

    pub(crate) fn note(&mut self, now: MonoTime, node: Node, noted: Noted) {
        if self.limit == 0 {
            return;
        }
        if self.events.len() == self.limit {
            self.events.pop_front();
            self.forgotten += 1;
        }
        self.events.push_back((now, node, noted));
    }

    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(super) fn events(&self) -> impl DoubleEndedIterator<Item = HistoryEvent> {
        self.events.iter().map(|(at, node, noted)| HistoryEvent {
            at: *at,
            node: *node,
            what: noted.told(),
        })
    }
}

impl fmt::Display for HistoryEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>12} us {}: {}", self.at.as_micros(), self.node, self.what)
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { connection } => write!(f, "connection {} opened", connection.0),
            Self::Disconnected { connection } => write!(f, "connection {} ended", connection.0),
            Self::Closed { connection, cause } => {
                write!(f, "connection {} closed: {cause}", connection.0)
            }
            Self::Requested { connection, client_id, key, version, bytes } => {
                let client = client_id.as_deref().unwrap_or("-");
                let connection = connection.0;
                write!(
                    f,
                    "{key:?} v{version} of {client} on connection {connection}, {bytes} bytes"
                )
            }
            Self::Answered { connection, key, version, bytes, took } => {
                let connection = connection.0;
                write!(
                    f,
                    "{key:?} v{version} answered on connection {connection} with {bytes} bytes after {took:?}"
                )
            }
            Self::FaultFired { rule, connection, key } => {
                write!(f, "{rule} done to {key:?} on connection {}", connection.0)
            }
            Self::Partition {
                topic,
                partition,
                leader,
                leader_epoch,
                partition_epoch,
                isr,
                elr,
            } => {
                let leader = leader.map_or_else(|| "none".to_owned(), |id| id.to_string());
                write!(
                    f,
                    "{topic}-{partition}: leader {leader} in epoch {leader_epoch}, partition epoch \
                     {partition_epoch}, ISR {:?}, ELR {:?}",
                    isr.iter().map(|id| id.0).collect::<Vec<_>>(),
                    elr.iter().map(|id| id.0).collect::<Vec<_>>(),
                )
            }
            Self::BrokerRegistered { broker, epoch } => {
                write!(f, "broker {broker} registered with epoch {epoch}")
            }
            Self::BrokerFenced { broker, fenced: true } => write!(f, "broker {broker} fenced"),
            Self::BrokerFenced { broker, fenced: false } => write!(f, "broker {broker} unfenced"),
            Self::TopicCreated { topic, id } => write!(f, "topic {topic} created with id {}", id.0),
            Self::TopicDeleted { topic } => write!(f, "topic {topic} deleted"),
            Self::Operated { operation } => write!(f, "operator: {operation:?}"),
        }
    }
}
