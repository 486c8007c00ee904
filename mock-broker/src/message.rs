//! What nodes of the cluster say to each other.
//!
//! Typed values in place of wire bytes: the requests are those of Apache Kafka (BrokerRegistration,
//! BrokerHeartbeat, the observer's Fetch of the metadata log, AlterPartition, AllocateProducerIds,
//! what clients ask of a controller, a follower's Fetch), with their rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::{RequestKind, ResponseKind};

use crate::log::LogBatch;
use crate::metadata::{Directory, Image, Record, Recovery, TopicPartition};

/// What travels on a link.
#[derive(Debug)]
pub(crate) enum Message {
    Request {
        id: u64,
        body: Request,
    },
    Response {
        id: u64,
        body: Response,
    },
    /// The connection a request was sent on broke, or was refused.
    Disconnected {
        id: u64,
    },
}

impl Message {
    /// About what it would take on the wire.
    pub(crate) fn size(&self) -> usize {
        const SMALL: usize = 128;
        match self {
            Self::Response { body: Response::ReplicaFetch(response), .. } => {
                let partitions = response.partitions.iter().map(|(_, partition)| {
                    let records: usize = match &partition.outcome {
                        ReplicaOutcome::Records { batches, .. } => {
                            batches.iter().map(|batch| batch.inner().size()).sum()
                        }
                        _ => 0,
                    };
                    SMALL + records
                });
                SMALL + partitions.sum::<usize>()
            }
            Self::Response { body: Response::FetchMetadata { records, .. }, .. } => {
                SMALL + SMALL * records.len()
            }
            Self::Request { body: Request::ReplicaFetch(request), .. } => {
                SMALL + SMALL * request.partitions.len()
            }
            _ => SMALL,
        }
    }
}

/// What one node asks of another.
#[derive(Debug)]
pub(crate) enum Request {
    Register(RegisterRequest),
    Heartbeat(Heartbeat),
    /// Answered once the metadata log is longer than `from`.
    FetchMetadata {
        from: u64,
    },
    AlterPartition {
        epoch: i64,
        proposals: Vec<IsrProposal>,
    },
    AllocateProducerIds {
        epoch: i64,
    },
    /// AssignReplicasToDirs (KIP-858).
    AssignDirectories {
        epoch: i64,
        assignments: Vec<(TopicPartition, Directory)>,
    },
    /// A client's request (KIP-590).
    Forwarded {
        /// Its `client.id`.
        client: String,
        version: i16,
        request: Box<RequestKind>,
    },
    ReplicaFetch(ReplicaFetchRequest),
}

/// The answer to the request of the same name.
#[derive(Debug)]
pub(crate) enum Response {
    /// The broker epoch.
    Register(Result<i64, ErrorCode>),
    Heartbeat(Result<HeartbeatReply, ErrorCode>),
    FetchMetadata {
        from: u64,
        records: Vec<Record>,
    },
    /// All of the metadata at once, for a broker that is behind what the log still has.
    Snapshot(Box<Image>),
    AlterPartition(Result<Vec<IsrAnswer>, ErrorCode>),
    AllocateProducerIds(Result<ProducerIdBlock, ErrorCode>),
    AssignDirectories(Result<(), ErrorCode>),
    Forwarded(Box<ResponseKind>),
    ReplicaFetch(ReplicaFetchResponse),
}

#[derive(Clone, Debug)]
pub(crate) struct RegisterRequest {
    pub(crate) incarnation: u64,
    /// The epoch in which the broker was shut down in order, -1 if it was not (KIP-966).
    pub(crate) previous_epoch: i64,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) rack: Option<String>,
}

/// What a broker wants and has (`BrokerHeartbeatRequestData`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Heartbeat {
    pub(crate) epoch: i64,
    /// The offset of the last metadata record it has, -1 before the first.
    pub(crate) metadata_offset: i64,
    pub(crate) wants: Wish,
    /// Log directories that are offline (KIP-858).
    pub(crate) failed: BTreeSet<Directory>,
}

/// What a broker asks to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    Fenced,
    Active,
    ShutDown,
    /// It would be shut down and is not ready to serve either.
    ShutDownFenced,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HeartbeatReply {
    pub(crate) caught_up: bool,
    pub(crate) fenced: bool,
    pub(crate) shut_down: bool,
}

/// `ProducerIdsBlock`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ProducerIdBlock {
    pub(crate) first: i64,
    pub(crate) count: i64,
}

/// An ISR as its leader wants it, each member with the broker epoch the leader knows (KIP-903).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct IsrProposal {
    pub(crate) partition: TopicPartition,
    pub(crate) leader_epoch: i32,
    pub(crate) partition_epoch: i32,
    pub(crate) recovery: Recovery,
    pub(crate) isr: Vec<(BrokerId, i64)>,
}

/// The controller's answer to one proposal.
pub(crate) type IsrAnswer = (TopicPartition, Result<IsrCommit, ErrorCode>);

/// What the controller made of a proposal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct IsrCommit {
    pub(crate) leader_epoch: i32,
    pub(crate) partition_epoch: i32,
    pub(crate) isr: Vec<BrokerId>,
    pub(crate) leader: BrokerId,
    pub(crate) recovery: Recovery,
}

/// Names a follower's fetch session at its leader (KIP-227). Epoch 0 opens one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SessionId {
    pub(crate) id: u64,
    pub(crate) epoch: u64,
}

/// A follower's fetch: what changed since the session's last one.
#[derive(Debug)]
pub(crate) struct ReplicaFetchRequest {
    pub(crate) broker_epoch: i64,
    pub(crate) session: SessionId,
    pub(crate) partitions: Vec<(TopicPartition, ReplicaPosition)>,
    pub(crate) forgotten: Vec<TopicPartition>,
}

/// Where a follower is in one partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ReplicaPosition {
    pub(crate) leader_epoch: i32,
    pub(crate) fetch_offset: i64,
    /// The epoch of its last record, -1 if it has none.
    pub(crate) last_fetched_epoch: i32,
    pub(crate) log_start_offset: i64,
    /// KIP-1166: the leader answers at once while its own is larger.
    pub(crate) high_watermark: i64,
}

#[derive(Debug)]
pub(crate) struct ReplicaFetchResponse {
    /// The session's next fetch carries this; an error ends the session.
    pub(crate) session: Result<SessionId, ErrorCode>,
    pub(crate) partitions: Vec<(TopicPartition, ReplicaPartition)>,
}

/// One partition of the answer to a follower's fetch.
#[derive(Debug)]
pub(crate) struct ReplicaPartition {
    /// The position it answers.
    pub(crate) fetch_offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) outcome: ReplicaOutcome,
}

#[derive(Debug)]
pub(crate) enum ReplicaOutcome {
    Records {
        batches: Vec<Arc<LogBatch>>,
        high_watermark: i64,
        /// Where the leader's log starts.
        log_start_offset: i64,
    },
    /// The follower's log parts from the leader's: the end of the last common epoch.
    Diverging {
        epoch: i32,
        end_offset: i64,
    },
    /// `OFFSET_OUT_OF_RANGE`, with what a follower asks for next (ListOffsets for latest and
    /// earliest) already in it.
    OutOfRange {
        log_start_offset: i64,
        log_end_offset: i64,
    },
    Error(ErrorCode),
}
