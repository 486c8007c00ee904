//! Headers, and messages inside of messages and records.
//!
//! Made by `cargo run -p milena-protocol-tests --bin schemas` from the schemas in the jars of
//! Apache Kafka 4.1.0; not to be edited.

use super::shared;
use crate::schema::Kind::*;
use crate::schema::{MessageSchema, Versions, field, since, span};

/// `ConsumerProtocolAssignment`.
#[rustfmt::skip]
pub static CONSUMER_PROTOCOL_ASSIGNMENT: MessageSchema = MessageSchema::new(
    "ConsumerProtocolAssignment", span(0, 3), Versions::NONE, &[
        field("assigned_partitions", since(0), Array(&Struct(shared::TOPIC_PARTITION))),
        field("user_data", since(0), Bytes).nullable(since(0)),
    ],
);

/// `ConsumerProtocolSubscription`.
#[rustfmt::skip]
pub static CONSUMER_PROTOCOL_SUBSCRIPTION: MessageSchema = MessageSchema::new(
    "ConsumerProtocolSubscription", span(0, 3), Versions::NONE, &[
        field("topics", since(0), Array(&String)),
        field("user_data", since(0), Bytes).nullable(since(0)),
        field("owned_partitions", since(1), Array(&Struct(&[
            field("topic", since(1), String),
            field("partitions", since(1), Array(&Int32)),
        ]))),
        field("generation_id", since(2), Int32),
        field("rack_id", since(3), String).nullable(since(3)),
    ],
);

/// `DefaultPrincipalData`.
#[rustfmt::skip]
pub static DEFAULT_PRINCIPAL_DATA: MessageSchema = MessageSchema::new(
    "DefaultPrincipalData", span(0, 0), since(0), &[
        field("type", since(0), String),
        field("name", since(0), String),
        field("token_authenticated", since(0), Bool),
    ],
);

/// `EndTxnMarker`.
#[rustfmt::skip]
pub static END_TXN_MARKER: MessageSchema = MessageSchema::new(
    "EndTxnMarker", span(0, 0), Versions::NONE, &[
        field("coordinator_epoch", since(0), Int32),
    ],
);

/// `KRaftVersionRecord`.
#[rustfmt::skip]
pub static K_RAFT_VERSION_RECORD: MessageSchema = MessageSchema::new(
    "KRaftVersionRecord", span(0, 0), since(0), &[
        field("version", since(0), Int16),
        field("k_raft_version", since(0), Int16),
    ],
);

/// `LeaderChangeMessage`.
#[rustfmt::skip]
pub static LEADER_CHANGE_MESSAGE: MessageSchema = MessageSchema::new(
    "LeaderChangeMessage", span(0, 1), since(0), &[
        field("version", since(0), Int16),
        field("leader_id", since(0), Int32),
        field("voters", since(0), Array(&Struct(shared::VOTER))),
        field("granting_voters", since(0), Array(&Struct(shared::VOTER))),
    ],
);

/// `RequestHeader`.
#[rustfmt::skip]
pub static REQUEST_HEADER: MessageSchema = MessageSchema::new(
    "RequestHeader", span(1, 2), since(2), &[
        field("request_api_key", since(0), Int16),
        field("request_api_version", since(0), Int16),
        field("correlation_id", since(0), Int32),
        field("client_id", since(1), ClassicString).nullable(since(1)),
    ],
);

/// `ResponseHeader`.
#[rustfmt::skip]
pub static RESPONSE_HEADER: MessageSchema = MessageSchema::new(
    "ResponseHeader", span(0, 1), since(1), &[
        field("correlation_id", since(0), Int32),
    ],
);

/// `SnapshotFooterRecord`.
#[rustfmt::skip]
pub static SNAPSHOT_FOOTER_RECORD: MessageSchema = MessageSchema::new(
    "SnapshotFooterRecord", span(0, 0), since(0), &[
        field("version", since(0), Int16),
    ],
);

/// `SnapshotHeaderRecord`.
#[rustfmt::skip]
pub static SNAPSHOT_HEADER_RECORD: MessageSchema = MessageSchema::new(
    "SnapshotHeaderRecord", span(0, 0), since(0), &[
        field("version", since(0), Int16),
        field("last_contained_log_timestamp", since(0), Int64),
    ],
);

/// `VotersRecord`.
#[rustfmt::skip]
pub static VOTERS_RECORD: MessageSchema = MessageSchema::new(
    "VotersRecord", span(0, 0), since(0), &[
        field("version", since(0), Int16),
        field("voters", since(0), Array(&Struct(&[
            field("voter_id", since(0), Int32),
            field("voter_directory_id", since(0), Uuid),
            field("endpoints", since(0), Array(&Struct(shared::LISTENER))),
            field("k_raft_version_feature", since(0), Struct(shared::K_RAFT_VERSION_FEATURE)),
        ]))),
    ],
);
