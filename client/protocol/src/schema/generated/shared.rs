//! Structs that occur in several places.
//!
//! Made by `cargo run -p milena-protocol-tests --bin schemas` from the schemas in the jars of
//! Apache Kafka 4.1.0; not to be edited.

use crate::schema::Kind::*;
use crate::schema::{Field, field, since};

#[rustfmt::skip]
pub(super) static ACKNOWLEDGE_TOPIC: &[Field] = &[
    field("topic_id", since(0), Uuid),
    field("partitions", since(0), Array(&Struct(&[
        field("partition_index", since(0), Int32),
        field("acknowledgement_batches", since(0), Array(&Struct(&[
            field("first_offset", since(0), Int64),
            field("last_offset", since(0), Int64),
            field("acknowledge_types", since(0), Array(&Int8)),
        ]))),
    ]))),
];

#[rustfmt::skip]
pub(super) static ADD_PARTITIONS_TO_TXN_TOPIC: &[Field] = &[
    field("name", since(0), String),
    field("partitions", since(0), Array(&Int32)),
];

#[rustfmt::skip]
pub(super) static ADD_PARTITIONS_TO_TXN_TOPIC_RESULT: &[Field] = &[
    field("name", since(0), String),
    field("results_by_partition", since(0), Array(&Struct(&[
        field("partition_index", since(0), Int32),
        field("partition_error_code", since(0), Int16),
    ]))),
];

#[rustfmt::skip]
pub(super) static ALTERABLE_CONFIG: &[Field] = &[
    field("name", since(0), String),
    field("value", since(0), String).nullable(since(0)),
];

#[rustfmt::skip]
pub(super) static ALTER_CONFIGS_RESOURCE_RESPONSE: &[Field] = &[
    field("error_code", since(0), Int16),
    field("error_message", since(0), String).nullable(since(0)),
    field("resource_type", since(0), Int8),
    field("resource_name", since(0), String),
];

#[rustfmt::skip]
pub(super) static ALTER_REPLICA_LOG_DIR_PARTITION_RESULT: &[Field] = &[
    field("partition_index", since(0), Int32),
    field("error_code", since(0), Int16),
];

#[rustfmt::skip]
pub(super) static ASSIGNMENT: &[Field] = &[
    field("topic_partitions", since(0), Array(&Struct(&[
        field("topic_id", since(0), Uuid),
        field("partitions", since(0), Array(&Int32)),
    ]))),
];

#[rustfmt::skip]
pub(super) static ASSIGNMENT_2: &[Field] = &[
    field("topic_partitions", since(0), Array(&Struct(&[
        field("topic_id", since(0), Uuid),
        field("topic_name", since(0), String),
        field("partitions", since(0), Array(&Int32)),
    ]))),
];

#[rustfmt::skip]
pub(super) static CREATABLE_RENEWERS: &[Field] = &[
    field("principal_type", since(0), String),
    field("principal_name", since(0), String),
];

#[rustfmt::skip]
pub(super) static CURSOR: &[Field] = &[
    field("topic_name", since(0), String),
    field("partition_index", since(0), Int32),
];

#[rustfmt::skip]
pub(super) static DELETE_STATE_RESULT: &[Field] = &[
    field("topic_id", since(0), Uuid),
    field("partitions", since(0), Array(&Struct(&[
        field("partition", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
    ]))),
];

#[rustfmt::skip]
pub(super) static ENTITY_DATA: &[Field] = &[
    field("entity_type", since(0), String),
    field("entity_name", since(0), String).nullable(since(0)),
];

#[rustfmt::skip]
pub(super) static FEATURE: &[Field] = &[
    field("name", since(0), String),
    field("min_supported_version", since(0), Int16),
    field("max_supported_version", since(0), Int16),
];

#[rustfmt::skip]
pub(super) static JOIN_GROUP_REQUEST_PROTOCOL: &[Field] = &[
    field("name", since(0), String),
    field("metadata", since(0), Bytes),
];

#[rustfmt::skip]
pub(super) static KEY_VALUE: &[Field] = &[
    field("key", since(0), String),
    field("value", since(0), String),
];

#[rustfmt::skip]
pub(super) static K_RAFT_VERSION_FEATURE: &[Field] = &[
    field("min_supported_version", since(0), Int16),
    field("max_supported_version", since(0), Int16),
];

#[rustfmt::skip]
pub(super) static LEADER_ENDPOINT: &[Field] = &[
    field("name", since(1), String),
    field("host", since(1), String),
    field("port", since(1), Uint16),
];

#[rustfmt::skip]
pub(super) static LEADER_ID_AND_EPOCH: &[Field] = &[
    field("leader_id", since(0), Int32),
    field("leader_epoch", since(0), Int32),
];

#[rustfmt::skip]
pub(super) static LISTENER: &[Field] = &[
    field("name", since(0), String),
    field("host", since(0), String),
    field("port", since(0), Uint16),
];

#[rustfmt::skip]
pub(super) static LISTENER_2: &[Field] = &[
    field("name", since(0), String),
    field("host", since(0), String),
    field("port", since(0), Uint16),
    field("security_protocol", since(0), Int16),
];

#[rustfmt::skip]
pub(super) static NODE_ENDPOINT: &[Field] = &[
    field("node_id", since(0), Int32),
    field("host", since(0), String),
    field("port", since(0), Int32),
    field("rack", since(0), String).nullable(since(0)),
];

#[rustfmt::skip]
pub(super) static NODE_ENDPOINT_2: &[Field] = &[
    field("node_id", since(1), Int32),
    field("host", since(1), String),
    field("port", since(1), Uint16),
];

#[rustfmt::skip]
pub(super) static OFFSET_DELETE_RESPONSE_TOPIC: &[Field] = &[
    field("name", since(0), String),
    field("partitions", since(0), Array(&Struct(&[
        field("partition_index", since(0), Int32),
        field("error_code", since(0), Int16),
    ]))),
];

#[rustfmt::skip]
pub(super) static PARTITION_DATA: &[Field] = &[
    field("partition_index", since(0), Int32),
];

#[rustfmt::skip]
pub(super) static READ_STATE_DATA: &[Field] = &[
    field("topic_id", since(0), Uuid),
    field("partitions", since(0), Array(&Struct(&[
        field("partition", since(0), Int32),
        field("leader_epoch", since(0), Int32),
    ]))),
];

#[rustfmt::skip]
pub(super) static REASSIGNABLE_PARTITION_RESPONSE: &[Field] = &[
    field("partition_index", since(0), Int32),
    field("error_code", since(0), Int16),
    field("error_message", since(0), String).nullable(since(0)),
];

#[rustfmt::skip]
pub(super) static REPLICA_STATE: &[Field] = &[
    field("replica_id", since(0), Int32),
    field("replica_directory_id", since(2), Uuid),
    field("log_end_offset", since(0), Int64),
    field("last_fetch_timestamp", since(1), Int64),
    field("last_caught_up_timestamp", since(1), Int64),
];

#[rustfmt::skip]
pub(super) static SNAPSHOT_ID: &[Field] = &[
    field("end_offset", since(0), Int64),
    field("epoch", since(0), Int32),
];

#[rustfmt::skip]
pub(super) static STATE_BATCH: &[Field] = &[
    field("first_offset", since(0), Int64),
    field("last_offset", since(0), Int64),
    field("delivery_state", since(0), Int8),
    field("delivery_count", since(0), Int16),
];

#[rustfmt::skip]
pub(super) static TASK_IDS: &[Field] = &[
    field("subtopology_id", since(0), String),
    field("partitions", since(0), Array(&Int32)),
];

#[rustfmt::skip]
pub(super) static TOPIC_DATA: &[Field] = &[
    field("topic_name", since(0), String),
    field("partitions", since(0), Array(&Struct(&[
        field("partition_index", since(0), Int32),
        field("error_code", since(0), Int16),
        field("leader_id", since(0), Int32),
        field("leader_epoch", since(0), Int32),
    ]))),
];

#[rustfmt::skip]
pub(super) static TOPIC_INFO: &[Field] = &[
    field("name", since(0), String),
    field("partitions", since(0), Int32),
    field("replication_factor", since(0), Int16),
    field("topic_configs", since(0), Array(&Struct(&[
        field("key", since(0), String),
        field("value", since(0), String),
    ]))),
];

#[rustfmt::skip]
pub(super) static TOPIC_PARTITION: &[Field] = &[
    field("topic", since(0), String),
    field("partitions", since(0), Array(&Int32)),
];

#[rustfmt::skip]
pub(super) static TOPIC_PARTITIONS: &[Field] = &[
    field("topic_id", since(0), Uuid),
    field("partitions", since(0), Array(&Int32)),
];

#[rustfmt::skip]
pub(super) static TOPIC_PARTITIONS_2: &[Field] = &[
    field("topic_id", since(0), Uuid),
    field("topic_name", since(0), String),
    field("partitions", since(0), Array(&Int32)),
];

#[rustfmt::skip]
pub(super) static TOPIC_REQUEST: &[Field] = &[
    field("name", since(0), String),
];

#[rustfmt::skip]
pub(super) static TOPIC_REQUEST_2: &[Field] = &[
    field("name", since(0), String),
    field("partition_indexes", since(0), Array(&Int32)),
];

#[rustfmt::skip]
pub(super) static VOTER: &[Field] = &[
    field("voter_id", since(0), Int32),
    field("voter_directory_id", since(1), Uuid),
];
