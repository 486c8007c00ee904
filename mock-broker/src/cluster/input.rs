//! What goes into the machine and what comes out of it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use milena_protocol::ids::BrokerId;

use crate::config::TopicSpec;

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
    /// Stops what `from` sends to `to`; it arrives once the link heals.
    Cut {
        /// The sending end.
        from: Node,
        /// The receiving end.
        to: Node,
    },
    /// Ends a cut.
    Heal {
        /// The sending end.
        from: Node,
        /// The receiving end.
        to: Node,
    },
    /// Ends all cuts and delays.
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
    /// Creates a topic.
    CreateTopic(TopicSpec),
    /// Deletes a topic.
    DeleteTopic {
        /// Its name.
        name: String,
    },
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

/// Whether a connection's socket is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Read no more.
    Paused,
    /// Read.
    Resumed,
}

/// What a broker's port does with new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// A response could not be written in the version that was asked for.
    #[error("the response could not be encoded: {0}")]
    Unencodable(String),
    /// The broker's process ended.
    #[error("the broker was killed")]
    BrokerKilled,
    /// Nobody listens at this port.
    #[error("the broker is not accepting connections")]
    NotListening,
}
