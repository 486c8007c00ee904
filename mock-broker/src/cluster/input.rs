//! What goes into the machine and what comes out of it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use milena_protocol::ids::BrokerId;

use crate::config::TopicSpec;
use crate::fault::{InvalidRule, LinkFault, Rule, RuleId};

/// A client's connection, numbered by the driver; never used twice in the life of a cluster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnectionId(pub u64);

/// An end of a link of the simulated network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Node {
    /// A broker.
    Broker(BrokerId),
    /// The controller.
    Controller,
    /// All clients together.
    Clients,
}

impl From<BrokerId> for Node {
    fn from(id: BrokerId) -> Self {
        Self::Broker(id)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker(id) => write!(f, "broker {id}"),
            Self::Controller => f.write_str("controller"),
            Self::Clients => f.write_str("clients"),
        }
    }
}

/// What happens to the cluster.
#[derive(Clone, Debug)]
pub enum Input {
    /// A client opened a connection to a broker. Only while its listener is accepting or silent.
    Connected {
        /// The connection's number.
        connection: ConnectionId,
        /// The broker it was opened to.
        broker: BrokerId,
        /// Who it is, for errors and logs.
        peer: String,
    },
    /// A request arrived, without its length prefix.
    Frame {
        /// On which connection.
        connection: ConnectionId,
        /// Header and body.
        frame: Bytes,
    },
    /// The client closed a connection, or it broke.
    Disconnected {
        /// Which.
        connection: ConnectionId,
    },
    /// Time passed; see [`Cluster::poll_timeout`](super::Cluster::poll_timeout).
    Timeout,
    /// Someone outside the cluster acts on it. The outcome is dropped; use
    /// [`Cluster::operate`](super::Cluster::operate) to get it.
    Operator(Operation),
}

/// What an operator does to a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Ends a broker's process as `kill -9` does: its log and checkpoints stay, all else is lost.
    Kill(BrokerId),
    /// Starts a killed broker again, on the same port.
    Restart(BrokerId),
    /// Stops a broker's process as SIGSTOP does.
    Pause(BrokerId),
    /// Lets a paused broker go on.
    Resume(BrokerId),
    /// Asks a broker's process to end in order, as SIGTERM does: it hands its leaderships over
    /// first, and ends when the controller lets it go (KIP-631).
    ShutDown(BrokerId),
    /// Ends the controller's process: no elections, no changes of metadata. What was committed
    /// stays.
    KillController,
    /// Starts a controller again, which takes over at once.
    RestartController,
    /// Stops the controller's process as SIGSTOP does.
    PauseController,
    /// Lets the controller go on.
    ResumeController,
    /// The controller is gone, and another has taken over when
    /// [`controller_failover`](crate::config::Timings::controller_failover) is over.
    MoveController,
    /// Keeps new metadata from a broker: it goes on by what it knows.
    HoldMetadata(BrokerId),
    /// Lets it have what was kept from it.
    ReleaseMetadata(BrokerId),
    /// Stops what `from` sends to `to`; it arrives once the link heals.
    Cut {
        /// The sending end.
        from: Node,
        /// The receiving end.
        to: Node,
    },
    /// Does something to links, each given as (sending end, receiving end).
    Harm {
        /// Which.
        links: Vec<(Node, Node)>,
        /// What.
        fault: LinkFault,
    },
    /// Ends everything that is done to a link.
    Heal {
        /// The sending end.
        from: Node,
        /// The receiving end.
        to: Node,
    },
    /// Ends everything that is done to any link.
    HealAll,
    /// Sets what a message from `from` to `to` takes, in place of the configured latency.
    Delay {
        /// The sending end.
        from: Node,
        /// The receiving end.
        to: Node,
        /// How long a message takes.
        latency: Duration,
    },
    /// Puts a rule about requests in force. Rules are numbered from 0.
    Declare(Box<Rule>),
    /// Ends a rule.
    Withdraw(RuleId),
    /// Ends all rules.
    WithdrawAll,
    /// Puts a broker's clock ahead of the time of day, or behind it. What it measures in
    /// intervals goes on as before, as with Java's `System.nanoTime`.
    SkewClock {
        /// The broker.
        broker: BrokerId,
        /// By so many milliseconds; 0 is no skew.
        millis: i64,
    },
    /// Ends a broker's machine: like a kill, and everything that was not flushed is lost
    /// ([`Unflushed`](crate::config::Unflushed)).
    LosePower(BrokerId),
    /// Takes the end of a log off the disk of a killed broker: all batches from the one that holds
    /// `offset`, as when the machine lost power before they were flushed. A kill alone loses
    /// nothing.
    TruncateLog {
        /// The broker.
        broker: BrokerId,
        /// The topic's name.
        topic: String,
        /// The partition's number.
        partition: i32,
        /// The first offset that is lost.
        offset: i64,
    },
    /// Lets a broker do at once what it does in the background: delete old segments, compact.
    CleanLogs(BrokerId),
    /// Deletes one of a broker's log directories. A live broker takes it offline, with every
    /// replica in it, until it is restarted; one that has no other ends.
    DeleteLogDirectory {
        /// The broker.
        broker: BrokerId,
        /// One of [`StorageConfig::log_dirs`](crate::config::StorageConfig::log_dirs).
        directory: String,
    },
    /// Sets how fast a broker's disk answers.
    PaceDisk {
        /// The broker.
        broker: BrokerId,
        /// How fast.
        pace: DiskPace,
    },
    /// Lets a broker's disk be full: the next append to it fails, and takes the directory offline
    /// until there is room and the broker is restarted.
    FillDisk {
        /// The broker.
        broker: BrokerId,
        /// One of [`StorageConfig::log_dirs`](crate::config::StorageConfig::log_dirs).
        directory: String,
    },
    /// Flips a bit in the batch that holds an offset, in one broker's copy of it. Readers get it as
    /// it is; a follower refuses to append it; a broker that starts anew cuts its log before it, if
    /// it was not flushed.
    FlipByte {
        /// The broker.
        broker: BrokerId,
        /// The topic's name.
        topic: String,
        /// The partition's number.
        partition: i32,
        /// An offset in the batch.
        offset: i64,
    },
    /// Creates a topic.
    CreateTopic(TopicSpec),
    /// Deletes a topic.
    DeleteTopic {
        /// Its name.
        name: String,
    },
}

/// How fast a disk answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiskPace {
    /// At once.
    #[default]
    Usual,
    /// Each request that reads or writes a log takes so much longer.
    Slow(Duration),
    /// Not at all, until it is as usual again. Heartbeats go on: they need no log.
    Hanging,
}

/// Why an operation was refused. Nothing changed then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperationError {
    /// The cluster has no broker of this number.
    #[error("there is no broker {broker}")]
    NoSuchBroker {
        /// The number.
        broker: BrokerId,
    },
    /// The broker's process is not in a state in which this can be done.
    #[error("broker {broker} is {state:?}: it cannot {verb}")]
    WrongState {
        /// The broker.
        broker: BrokerId,
        /// Its state.
        state: ProcessState,
        /// What was asked of it.
        verb: &'static str,
    },
    /// A rule cannot mean anything.
    #[error(transparent)]
    Rule(#[from] InvalidRule),
    /// A delay, a probability or a bandwidth cannot mean anything.
    #[error("no link can be {fault}")]
    NoSuchLinkFault {
        /// What was to be done to it.
        fault: LinkFault,
    },
    /// There is no rule of this number.
    #[error("there is no {rule}")]
    NoSuchRule {
        /// The number.
        rule: RuleId,
    },
    /// The broker holds no log of this partition.
    #[error("broker {broker} has no log of {topic}-{partition}")]
    NoSuchLog {
        /// The broker.
        broker: BrokerId,
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// The broker has no such log directory.
    #[error("broker {broker} has no log directory {directory}")]
    NoSuchLogDirectory {
        /// The broker.
        broker: BrokerId,
        /// The directory.
        directory: String,
    },
    /// The controller refused a topic.
    #[error("topic {topic}: {code}: {message}")]
    Topic {
        /// The topic.
        topic: String,
        /// Kafka's error code.
        code: i16,
        /// Why.
        message: String,
    },
}

/// What a broker's process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// It registers with the controller and catches up with the metadata; its port refuses.
    Starting,
    /// It serves.
    Running,
    /// It was stopped as by SIGSTOP; its port accepts and stays silent.
    Paused,
    /// It was killed; its port refuses.
    Killed,
}

/// What the driver has to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Output {
    /// Write a response.
    Send {
        /// To this connection.
        connection: ConnectionId,
        /// With its length prefix.
        frame: Bytes,
    },
    /// Close a connection. It is forgotten; no `Disconnected` has to follow.
    Close {
        /// Which.
        connection: ConnectionId,
        /// Why.
        reason: CloseReason,
    },
    /// Read no more from a connection, or read again: its unanswered requests fill their buffer.
    /// What was read already may still be handed in.
    Reading {
        /// Which.
        connection: ConnectionId,
        /// Whether to read.
        reading: Reading,
    },
    /// A broker's port changed.
    Listener {
        /// The broker.
        broker: BrokerId,
        /// What its port does from now on. Starts as `Refusing`.
        state: ListenerState,
    },
}

impl Output {
    /// The connection that it is about.
    pub(crate) fn connection(&self) -> Option<ConnectionId> {
        match self {
            Self::Send { connection, .. }
            | Self::Close { connection, .. }
            | Self::Reading { connection, .. } => Some(*connection),
            Self::Listener { .. } => None,
        }
    }
}

/// Whether a connection's socket is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Read no more.
    Paused,
    /// Read.
    Resumed,
}

/// What a broker's port does with new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListenerState {
    /// It accepts and answers.
    Accepting,
    /// Nobody listens.
    Refusing,
    /// It accepts, as a stopped process' kernel does, and stays silent.
    Silent,
}

/// Why a broker closed a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("broker {broker} closed the connection of {peer}: {cause}")]
pub struct CloseReason {
    /// The broker.
    pub broker: BrokerId,
    /// The client.
    pub peer: String,
    /// What happened.
    pub cause: CloseCause,
}

/// What made a broker close a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseCause {
    /// The request could not be read.
    #[error("unreadable request: {0}")]
    Malformed(String),
    /// The broker does not serve this key in this version.
    #[error("request key {key} version {version} is not served")]
    NotServed {
        /// The API key.
        key: i16,
        /// The version.
        version: i16,
    },
    /// A produce request with acks=0 failed; there is no other way to tell.
    #[error("a produce request with acks=0 failed with error {code} for {topic}-{partition}")]
    UnacknowledgedProduce {
        /// Kafka's error code.
        code: i16,
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// A request is larger than `socket.request.max.bytes`.
    #[error("a request of {size} bytes, where {limit} are allowed")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Nothing happened on the connection for `connections.max.idle.ms`.
    #[error("the connection was idle")]
    Idle,
    /// A response could not be written in the version that was asked for.
    #[error("the response could not be encoded: {0}")]
    Unencodable(String),
    /// The broker's process ended.
    #[error("the broker was killed")]
    BrokerKilled,
    /// A packet was lost, or the other end had forgotten the connection.
    #[error("the connection was lost")]
    ConnectionLost,
    /// A rule wanted it.
    #[error("a fault was declared")]
    Fault,
    /// Nobody listens at this port.
    #[error("the broker is not accepting connections")]
    NotListening,
}
