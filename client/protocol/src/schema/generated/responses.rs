//! Responses.
//!
//! Made by `cargo run -p milena-protocol-tests --bin schemas` from the schemas in the jars of
//! Apache Kafka 4.1.0; not to be edited.

use super::shared;
use crate::schema::Kind::*;
use crate::schema::{MessageSchema, Versions, field, since, span};

/// `ProduceResponse`.
#[rustfmt::skip]
pub(super) static PRODUCE_RESPONSE: MessageSchema = MessageSchema::new(
    "ProduceResponse", span(3, 13), since(9), &[
        field("responses", since(0), Array(&Struct(&[
            field("name", span(0, 12), String),
            field("topic_id", since(13), Uuid),
            field("partition_responses", since(0), Array(&Struct(&[
                field("index", since(0), Int32),
                field("error_code", since(0), Int16),
                field("base_offset", since(0), Int64),
                field("log_append_time_ms", since(2), Int64),
                field("log_start_offset", since(5), Int64),
                field("record_errors", since(8), Array(&Struct(&[
                    field("batch_index", since(8), Int32),
                    field("batch_index_error_message", since(8), String).nullable(since(8)),
                ]))),
                field("error_message", since(8), String).nullable(since(8)),
                field("current_leader", since(10), Struct(&[
                    field("leader_id", since(10), Int32),
                    field("leader_epoch", since(10), Int32),
                ])).tagged(0, since(10)),
            ]))),
        ]))),
        field("throttle_time_ms", since(1), Int32),
        field("node_endpoints", since(10), Array(&Struct(&[
            field("node_id", since(10), Int32),
            field("host", since(10), String),
            field("port", since(10), Int32),
            field("rack", since(10), String).nullable(since(10)),
        ]))).tagged(0, since(10)),
    ],
);

/// `FetchResponse`.
#[rustfmt::skip]
pub(super) static FETCH_RESPONSE: MessageSchema = MessageSchema::new(
    "FetchResponse", span(4, 18), since(12), &[
        field("throttle_time_ms", since(1), Int32),
        field("error_code", since(7), Int16),
        field("session_id", since(7), Int32),
        field("responses", since(0), Array(&Struct(&[
            field("topic", span(0, 12), String),
            field("topic_id", since(13), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("error_code", since(0), Int16),
                field("high_watermark", since(0), Int64),
                field("last_stable_offset", since(4), Int64),
                field("log_start_offset", since(5), Int64),
                field("diverging_epoch", since(12), Struct(&[
                    field("epoch", since(12), Int32),
                    field("end_offset", since(12), Int64),
                ])).tagged(0, since(12)),
                field("current_leader", since(12), Struct(&[
                    field("leader_id", since(12), Int32),
                    field("leader_epoch", since(12), Int32),
                ])).tagged(1, since(12)),
                field("snapshot_id", since(12), Struct(shared::SNAPSHOT_ID)).tagged(2, since(12)),
                field("aborted_transactions", since(4), Array(&Struct(&[
                    field("producer_id", since(4), Int64),
                    field("first_offset", since(4), Int64),
                ]))).nullable(since(4)),
                field("preferred_read_replica", since(11), Int32),
                field("records", since(0), Records).nullable(since(0)),
            ]))),
        ]))),
        field("node_endpoints", since(16), Array(&Struct(&[
            field("node_id", since(16), Int32),
            field("host", since(16), String),
            field("port", since(16), Int32),
            field("rack", since(16), String).nullable(since(16)),
        ]))).tagged(0, since(16)),
    ],
);

/// `ListOffsetsResponse`.
#[rustfmt::skip]
pub(super) static LIST_OFFSETS_RESPONSE: MessageSchema = MessageSchema::new(
    "ListOffsetsResponse", span(1, 10), since(6), &[
        field("throttle_time_ms", since(2), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("error_code", since(0), Int16),
                field("timestamp", since(1), Int64),
                field("offset", since(1), Int64),
                field("leader_epoch", since(4), Int32),
            ]))),
        ]))),
    ],
);

/// `MetadataResponse`.
#[rustfmt::skip]
pub(super) static METADATA_RESPONSE: MessageSchema = MessageSchema::new(
    "MetadataResponse", span(0, 13), since(9), &[
        field("throttle_time_ms", since(3), Int32),
        field("brokers", since(0), Array(&Struct(&[
            field("node_id", since(0), Int32),
            field("host", since(0), String),
            field("port", since(0), Int32),
            field("rack", since(1), String).nullable(since(1)),
        ]))),
        field("cluster_id", since(2), String).nullable(since(2)),
        field("controller_id", since(1), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("name", since(0), String).nullable(since(12)),
            field("topic_id", since(10), Uuid),
            field("is_internal", since(1), Bool),
            field("partitions", since(0), Array(&Struct(&[
                field("error_code", since(0), Int16),
                field("partition_index", since(0), Int32),
                field("leader_id", since(0), Int32),
                field("leader_epoch", since(7), Int32),
                field("replica_nodes", since(0), Array(&Int32)),
                field("isr_nodes", since(0), Array(&Int32)),
                field("offline_replicas", since(5), Array(&Int32)),
            ]))),
            field("topic_authorized_operations", since(8), Int32),
        ]))),
        field("cluster_authorized_operations", span(8, 10), Int32),
        field("error_code", since(13), Int16),
    ],
);

/// `OffsetCommitResponse`.
#[rustfmt::skip]
pub(super) static OFFSET_COMMIT_RESPONSE: MessageSchema = MessageSchema::new(
    "OffsetCommitResponse", span(2, 10), since(8), &[
        field("throttle_time_ms", since(3), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("name", span(0, 9), String),
            field("topic_id", since(10), Uuid),
            field("partitions", since(0), Array(&Struct(shared::ALTER_REPLICA_LOG_DIR_PARTITION_RESULT))),
        ]))),
    ],
);

/// `OffsetFetchResponse`.
#[rustfmt::skip]
pub(super) static OFFSET_FETCH_RESPONSE: MessageSchema = MessageSchema::new(
    "OffsetFetchResponse", span(1, 10), since(6), &[
        field("throttle_time_ms", since(3), Int32),
        field("topics", span(0, 7), Array(&Struct(&[
            field("name", span(0, 7), String),
            field("partitions", span(0, 7), Array(&Struct(&[
                field("partition_index", span(0, 7), Int32),
                field("committed_offset", span(0, 7), Int64),
                field("committed_leader_epoch", span(5, 7), Int32),
                field("metadata", span(0, 7), String).nullable(span(0, 7)),
                field("error_code", span(0, 7), Int16),
            ]))),
        ]))),
        field("error_code", span(2, 7), Int16),
        field("groups", since(8), Array(&Struct(&[
            field("group_id", since(8), String),
            field("topics", since(8), Array(&Struct(&[
                field("name", span(8, 9), String),
                field("topic_id", since(10), Uuid),
                field("partitions", since(8), Array(&Struct(&[
                    field("partition_index", since(8), Int32),
                    field("committed_offset", since(8), Int64),
                    field("committed_leader_epoch", since(8), Int32),
                    field("metadata", since(8), String).nullable(since(8)),
                    field("error_code", since(8), Int16),
                ]))),
            ]))),
            field("error_code", since(8), Int16),
        ]))),
    ],
);

/// `FindCoordinatorResponse`.
#[rustfmt::skip]
pub(super) static FIND_COORDINATOR_RESPONSE: MessageSchema = MessageSchema::new(
    "FindCoordinatorResponse", span(0, 6), since(3), &[
        field("throttle_time_ms", since(1), Int32),
        field("error_code", span(0, 3), Int16),
        field("error_message", span(1, 3), String).nullable(span(1, 3)),
        field("node_id", span(0, 3), Int32),
        field("host", span(0, 3), String),
        field("port", span(0, 3), Int32),
        field("coordinators", since(4), Array(&Struct(&[
            field("key", since(4), String),
            field("node_id", since(4), Int32),
            field("host", since(4), String),
            field("port", since(4), Int32),
            field("error_code", since(4), Int16),
            field("error_message", since(4), String).nullable(since(4)),
        ]))),
    ],
);

/// `JoinGroupResponse`.
#[rustfmt::skip]
pub(super) static JOIN_GROUP_RESPONSE: MessageSchema = MessageSchema::new(
    "JoinGroupResponse", span(0, 9), since(6), &[
        field("throttle_time_ms", since(2), Int32),
        field("error_code", since(0), Int16),
        field("generation_id", since(0), Int32),
        field("protocol_type", since(7), String).nullable(since(7)),
        field("protocol_name", since(0), String).nullable(since(7)),
        field("leader", since(0), String),
        field("skip_assignment", since(9), Bool),
        field("member_id", since(0), String),
        field("members", since(0), Array(&Struct(&[
            field("member_id", since(0), String),
            field("group_instance_id", since(5), String).nullable(since(5)),
            field("metadata", since(0), Bytes),
        ]))),
    ],
);

/// `HeartbeatResponse`.
#[rustfmt::skip]
pub(super) static HEARTBEAT_RESPONSE: MessageSchema = MessageSchema::new(
    "HeartbeatResponse", span(0, 4), since(4), &[
        field("throttle_time_ms", since(1), Int32),
        field("error_code", since(0), Int16),
    ],
);

/// `LeaveGroupResponse`.
#[rustfmt::skip]
pub(super) static LEAVE_GROUP_RESPONSE: MessageSchema = MessageSchema::new(
    "LeaveGroupResponse", span(0, 5), since(4), &[
        field("throttle_time_ms", since(1), Int32),
        field("error_code", since(0), Int16),
        field("members", since(3), Array(&Struct(&[
            field("member_id", since(3), String),
            field("group_instance_id", since(3), String).nullable(since(3)),
            field("error_code", since(3), Int16),
        ]))),
    ],
);

/// `SyncGroupResponse`.
#[rustfmt::skip]
pub(super) static SYNC_GROUP_RESPONSE: MessageSchema = MessageSchema::new(
    "SyncGroupResponse", span(0, 5), since(4), &[
        field("throttle_time_ms", since(1), Int32),
        field("error_code", since(0), Int16),
        field("protocol_type", since(5), String).nullable(since(5)),
        field("protocol_name", since(5), String).nullable(since(5)),
        field("assignment", since(0), Bytes),
    ],
);

/// `DescribeGroupsResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_GROUPS_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeGroupsResponse", span(0, 6), since(5), &[
        field("throttle_time_ms", since(1), Int32),
        field("groups", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("error_message", since(6), String).nullable(since(6)),
            field("group_id", since(0), String),
            field("group_state", since(0), String),
            field("protocol_type", since(0), String),
            field("protocol_data", since(0), String),
            field("members", since(0), Array(&Struct(&[
                field("member_id", since(0), String),
                field("group_instance_id", since(4), String).nullable(since(4)),
                field("client_id", since(0), String),
                field("client_host", since(0), String),
                field("member_metadata", since(0), Bytes),
                field("member_assignment", since(0), Bytes),
            ]))),
            field("authorized_operations", since(3), Int32),
        ]))),
    ],
);

/// `ListGroupsResponse`.
#[rustfmt::skip]
pub(super) static LIST_GROUPS_RESPONSE: MessageSchema = MessageSchema::new(
    "ListGroupsResponse", span(0, 5), since(3), &[
        field("throttle_time_ms", since(1), Int32),
        field("error_code", since(0), Int16),
        field("groups", since(0), Array(&Struct(&[
            field("group_id", since(0), String),
            field("protocol_type", since(0), String),
            field("group_state", since(4), String),
            field("group_type", since(5), String),
        ]))),
    ],
);

/// `SaslHandshakeResponse`.
#[rustfmt::skip]
pub(super) static SASL_HANDSHAKE_RESPONSE: MessageSchema = MessageSchema::new(
    "SaslHandshakeResponse", span(0, 1), Versions::NONE, &[
        field("error_code", since(0), Int16),
        field("mechanisms", since(0), Array(&String)),
    ],
);

/// `ApiVersionsResponse`.
#[rustfmt::skip]
pub(super) static API_VERSIONS_RESPONSE: MessageSchema = MessageSchema::new(
    "ApiVersionsResponse", span(0, 4), since(3), &[
        field("error_code", since(0), Int16),
        field("api_keys", since(0), Array(&Struct(&[
            field("api_key", since(0), Int16),
            field("min_version", since(0), Int16),
            field("max_version", since(0), Int16),
        ]))),
        field("throttle_time_ms", since(1), Int32),
        field("supported_features", since(3), Array(&Struct(&[
            field("name", since(3), String),
            field("min_version", since(3), Int16),
            field("max_version", since(3), Int16),
        ]))).tagged(0, since(3)),
        field("finalized_features_epoch", since(3), Int64).tagged(1, since(3)),
        field("finalized_features", since(3), Array(&Struct(&[
            field("name", since(3), String),
            field("max_version_level", since(3), Int16),
            field("min_version_level", since(3), Int16),
        ]))).tagged(2, since(3)),
        field("zk_migration_ready", since(3), Bool).tagged(3, since(3)),
    ],
);

/// `CreateTopicsResponse`.
#[rustfmt::skip]
pub(super) static CREATE_TOPICS_RESPONSE: MessageSchema = MessageSchema::new(
    "CreateTopicsResponse", span(2, 7), since(5), &[
        field("throttle_time_ms", since(2), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("topic_id", since(7), Uuid),
            field("error_code", since(0), Int16),
            field("error_message", since(1), String).nullable(since(0)),
            field("topic_config_error_code", since(5), Int16).tagged(0, since(5)),
            field("num_partitions", since(5), Int32),
            field("replication_factor", since(5), Int16),
            field("configs", since(5), Array(&Struct(&[
                field("name", since(5), String),
                field("value", since(5), String).nullable(since(5)),
                field("read_only", since(5), Bool),
                field("config_source", since(5), Int8),
                field("is_sensitive", since(5), Bool),
            ]))).nullable(since(5)),
        ]))),
    ],
);

/// `DeleteTopicsResponse`.
#[rustfmt::skip]
pub(super) static DELETE_TOPICS_RESPONSE: MessageSchema = MessageSchema::new(
    "DeleteTopicsResponse", span(1, 6), since(4), &[
        field("throttle_time_ms", since(1), Int32),
        field("responses", since(0), Array(&Struct(&[
            field("name", since(0), String).nullable(since(6)),
            field("topic_id", since(6), Uuid),
            field("error_code", since(0), Int16),
            field("error_message", since(5), String).nullable(since(5)),
        ]))),
    ],
);

/// `DeleteRecordsResponse`.
#[rustfmt::skip]
pub(super) static DELETE_RECORDS_RESPONSE: MessageSchema = MessageSchema::new(
    "DeleteRecordsResponse", span(0, 2), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("low_watermark", since(0), Int64),
                field("error_code", since(0), Int16),
            ]))),
        ]))),
    ],
);

/// `InitProducerIdResponse`.
#[rustfmt::skip]
pub(super) static INIT_PRODUCER_ID_RESPONSE: MessageSchema = MessageSchema::new(
    "InitProducerIdResponse", span(0, 6), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("producer_id", since(0), Int64),
        field("producer_epoch", since(0), Int16),
        field("ongoing_txn_producer_id", since(6), Int64),
        field("ongoing_txn_producer_epoch", since(6), Int16),
    ],
);

/// `OffsetForLeaderEpochResponse`.
#[rustfmt::skip]
pub(super) static OFFSET_FOR_LEADER_EPOCH_RESPONSE: MessageSchema = MessageSchema::new(
    "OffsetForLeaderEpochResponse", span(2, 4), since(4), &[
        field("throttle_time_ms", since(2), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("topic", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("error_code", since(0), Int16),
                field("partition", since(0), Int32),
                field("leader_epoch", since(1), Int32),
                field("end_offset", since(0), Int64),
            ]))),
        ]))),
    ],
);

/// `AddPartitionsToTxnResponse`.
#[rustfmt::skip]
pub(super) static ADD_PARTITIONS_TO_TXN_RESPONSE: MessageSchema = MessageSchema::new(
    "AddPartitionsToTxnResponse", span(0, 5), since(3), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(4), Int16),
        field("results_by_transaction", since(4), Array(&Struct(&[
            field("transactional_id", since(4), String),
            field("topic_results", since(4), Array(&Struct(shared::ADD_PARTITIONS_TO_TXN_TOPIC_RESULT))),
        ]))),
        field("results_by_topic_v3_and_below", span(0, 3), Array(&Struct(shared::ADD_PARTITIONS_TO_TXN_TOPIC_RESULT))),
    ],
);

/// `AddOffsetsToTxnResponse`.
#[rustfmt::skip]
pub(super) static ADD_OFFSETS_TO_TXN_RESPONSE: MessageSchema = MessageSchema::new(
    "AddOffsetsToTxnResponse", span(0, 4), since(3), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
    ],
);

/// `EndTxnResponse`.
#[rustfmt::skip]
pub(super) static END_TXN_RESPONSE: MessageSchema = MessageSchema::new(
    "EndTxnResponse", span(0, 5), since(3), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("producer_id", since(5), Int64),
        field("producer_epoch", since(5), Int16),
    ],
);

/// `WriteTxnMarkersResponse`.
#[rustfmt::skip]
pub(super) static WRITE_TXN_MARKERS_RESPONSE: MessageSchema = MessageSchema::new(
    "WriteTxnMarkersResponse", span(1, 1), since(1), &[
        field("markers", since(0), Array(&Struct(&[
            field("producer_id", since(0), Int64),
            field("topics", since(0), Array(&Struct(shared::OFFSET_DELETE_RESPONSE_TOPIC))),
        ]))),
    ],
);

/// `TxnOffsetCommitResponse`.
#[rustfmt::skip]
pub(super) static TXN_OFFSET_COMMIT_RESPONSE: MessageSchema = MessageSchema::new(
    "TxnOffsetCommitResponse", span(0, 5), since(3), &[
        field("throttle_time_ms", since(0), Int32),
        field("topics", since(0), Array(&Struct(shared::OFFSET_DELETE_RESPONSE_TOPIC))),
    ],
);

/// `DescribeAclsResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_ACLS_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeAclsResponse", span(1, 3), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("resources", since(0), Array(&Struct(&[
            field("resource_type", since(0), Int8),
            field("resource_name", since(0), String),
            field("pattern_type", since(1), Int8),
            field("acls", since(0), Array(&Struct(&[
                field("principal", since(0), String),
                field("host", since(0), String),
                field("operation", since(0), Int8),
                field("permission_type", since(0), Int8),
            ]))),
        ]))),
    ],
);

/// `CreateAclsResponse`.
#[rustfmt::skip]
pub(super) static CREATE_ACLS_RESPONSE: MessageSchema = MessageSchema::new(
    "CreateAclsResponse", span(1, 3), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("results", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
        ]))),
    ],
);

/// `DeleteAclsResponse`.
#[rustfmt::skip]
pub(super) static DELETE_ACLS_RESPONSE: MessageSchema = MessageSchema::new(
    "DeleteAclsResponse", span(1, 3), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("filter_results", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
            field("matching_acls", since(0), Array(&Struct(&[
                field("error_code", since(0), Int16),
                field("error_message", since(0), String).nullable(since(0)),
                field("resource_type", since(0), Int8),
                field("resource_name", since(0), String),
                field("pattern_type", since(1), Int8),
                field("principal", since(0), String),
                field("host", since(0), String),
                field("operation", since(0), Int8),
                field("permission_type", since(0), Int8),
            ]))),
        ]))),
    ],
);

/// `DescribeConfigsResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_CONFIGS_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeConfigsResponse", span(1, 4), since(4), &[
        field("throttle_time_ms", since(0), Int32),
        field("results", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
            field("resource_type", since(0), Int8),
            field("resource_name", since(0), String),
            field("configs", since(0), Array(&Struct(&[
                field("name", since(0), String),
                field("value", since(0), String).nullable(since(0)),
                field("read_only", since(0), Bool),
                field("config_source", since(1), Int8),
                field("is_sensitive", since(0), Bool),
                field("synonyms", since(1), Array(&Struct(&[
                    field("name", since(1), String),
                    field("value", since(1), String).nullable(since(0)),
                    field("source", since(1), Int8),
                ]))),
                field("config_type", since(3), Int8),
                field("documentation", since(3), String).nullable(since(0)),
            ]))),
        ]))),
    ],
);

/// `AlterConfigsResponse`.
#[rustfmt::skip]
pub(super) static ALTER_CONFIGS_RESPONSE: MessageSchema = MessageSchema::new(
    "AlterConfigsResponse", span(0, 2), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("responses", since(0), Array(&Struct(shared::ALTER_CONFIGS_RESOURCE_RESPONSE))),
    ],
);

/// `AlterReplicaLogDirsResponse`.
#[rustfmt::skip]
pub(super) static ALTER_REPLICA_LOG_DIRS_RESPONSE: MessageSchema = MessageSchema::new(
    "AlterReplicaLogDirsResponse", span(1, 2), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("results", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
            field("partitions", since(0), Array(&Struct(shared::ALTER_REPLICA_LOG_DIR_PARTITION_RESULT))),
        ]))),
    ],
);

/// `DescribeLogDirsResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_LOG_DIRS_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeLogDirsResponse", span(1, 4), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(3), Int16),
        field("results", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("log_dir", since(0), String),
            field("topics", since(0), Array(&Struct(&[
                field("name", since(0), String),
                field("partitions", since(0), Array(&Struct(&[
                    field("partition_index", since(0), Int32),
                    field("partition_size", since(0), Int64),
                    field("offset_lag", since(0), Int64),
                    field("is_future_key", since(0), Bool),
                ]))),
            ]))),
            field("total_bytes", since(4), Int64),
            field("usable_bytes", since(4), Int64),
        ]))),
    ],
);

/// `SaslAuthenticateResponse`.
#[rustfmt::skip]
pub(super) static SASL_AUTHENTICATE_RESPONSE: MessageSchema = MessageSchema::new(
    "SaslAuthenticateResponse", span(0, 2), since(2), &[
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("auth_bytes", since(0), Bytes),
        field("session_lifetime_ms", since(1), Int64),
    ],
);

/// `CreatePartitionsResponse`.
#[rustfmt::skip]
pub(super) static CREATE_PARTITIONS_RESPONSE: MessageSchema = MessageSchema::new(
    "CreatePartitionsResponse", span(0, 3), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("results", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
        ]))),
    ],
);

/// `CreateDelegationTokenResponse`.
#[rustfmt::skip]
pub(super) static CREATE_DELEGATION_TOKEN_RESPONSE: MessageSchema = MessageSchema::new(
    "CreateDelegationTokenResponse", span(1, 3), since(2), &[
        field("error_code", since(0), Int16),
        field("principal_type", since(0), String),
        field("principal_name", since(0), String),
        field("token_requester_principal_type", since(3), String),
        field("token_requester_principal_name", since(3), String),
        field("issue_timestamp_ms", since(0), Int64),
        field("expiry_timestamp_ms", since(0), Int64),
        field("max_timestamp_ms", since(0), Int64),
        field("token_id", since(0), String),
        field("hmac", since(0), Bytes),
        field("throttle_time_ms", since(0), Int32),
    ],
);

/// `RenewDelegationTokenResponse`.
#[rustfmt::skip]
pub(super) static RENEW_DELEGATION_TOKEN_RESPONSE: MessageSchema = MessageSchema::new(
    "RenewDelegationTokenResponse", span(1, 2), since(2), &[
        field("error_code", since(0), Int16),
        field("expiry_timestamp_ms", since(0), Int64),
        field("throttle_time_ms", since(0), Int32),
    ],
);

/// `ExpireDelegationTokenResponse`.
#[rustfmt::skip]
pub(super) static EXPIRE_DELEGATION_TOKEN_RESPONSE: MessageSchema = MessageSchema::new(
    "ExpireDelegationTokenResponse", span(1, 2), since(2), &[
        field("error_code", since(0), Int16),
        field("expiry_timestamp_ms", since(0), Int64),
        field("throttle_time_ms", since(0), Int32),
    ],
);

/// `DescribeDelegationTokenResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_DELEGATION_TOKEN_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeDelegationTokenResponse", span(1, 3), since(2), &[
        field("error_code", since(0), Int16),
        field("tokens", since(0), Array(&Struct(&[
            field("principal_type", since(0), String),
            field("principal_name", since(0), String),
            field("token_requester_principal_type", since(3), String),
            field("token_requester_principal_name", since(3), String),
            field("issue_timestamp", since(0), Int64),
            field("expiry_timestamp", since(0), Int64),
            field("max_timestamp", since(0), Int64),
            field("token_id", since(0), String),
            field("hmac", since(0), Bytes),
            field("renewers", since(0), Array(&Struct(shared::CREATABLE_RENEWERS))),
        ]))),
        field("throttle_time_ms", since(0), Int32),
    ],
);

/// `DeleteGroupsResponse`.
#[rustfmt::skip]
pub(super) static DELETE_GROUPS_RESPONSE: MessageSchema = MessageSchema::new(
    "DeleteGroupsResponse", span(0, 2), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("results", since(0), Array(&Struct(&[
            field("group_id", since(0), String),
            field("error_code", since(0), Int16),
        ]))),
    ],
);

/// `ElectLeadersResponse`.
#[rustfmt::skip]
pub(super) static ELECT_LEADERS_RESPONSE: MessageSchema = MessageSchema::new(
    "ElectLeadersResponse", span(0, 2), since(2), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(1), Int16),
        field("replica_election_results", since(0), Array(&Struct(&[
            field("topic", since(0), String),
            field("partition_result", since(0), Array(&Struct(&[
                field("partition_id", since(0), Int32),
                field("error_code", since(0), Int16),
                field("error_message", since(0), String).nullable(since(0)),
            ]))),
        ]))),
    ],
);

/// `IncrementalAlterConfigsResponse`.
#[rustfmt::skip]
pub(super) static INCREMENTAL_ALTER_CONFIGS_RESPONSE: MessageSchema = MessageSchema::new(
    "IncrementalAlterConfigsResponse", span(0, 1), since(1), &[
        field("throttle_time_ms", since(0), Int32),
        field("responses", since(0), Array(&Struct(shared::ALTER_CONFIGS_RESOURCE_RESPONSE))),
    ],
);

/// `AlterPartitionReassignmentsResponse`.
#[rustfmt::skip]
pub(super) static ALTER_PARTITION_REASSIGNMENTS_RESPONSE: MessageSchema = MessageSchema::new(
    "AlterPartitionReassignmentsResponse", span(0, 1), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("allow_replication_factor_change", since(1), Bool),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("responses", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(shared::REASSIGNABLE_PARTITION_RESPONSE))),
        ]))),
    ],
);

/// `ListPartitionReassignmentsResponse`.
#[rustfmt::skip]
pub(super) static LIST_PARTITION_REASSIGNMENTS_RESPONSE: MessageSchema = MessageSchema::new(
    "ListPartitionReassignmentsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("replicas", since(0), Array(&Int32)),
                field("adding_replicas", since(0), Array(&Int32)),
                field("removing_replicas", since(0), Array(&Int32)),
            ]))),
        ]))),
    ],
);

/// `OffsetDeleteResponse`.
#[rustfmt::skip]
pub(super) static OFFSET_DELETE_RESPONSE: MessageSchema = MessageSchema::new(
    "OffsetDeleteResponse", span(0, 0), Versions::NONE, &[
        field("error_code", since(0), Int16),
        field("throttle_time_ms", since(0), Int32),
        field("topics", since(0), Array(&Struct(shared::OFFSET_DELETE_RESPONSE_TOPIC))),
    ],
);

/// `DescribeClientQuotasResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_CLIENT_QUOTAS_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeClientQuotasResponse", span(0, 1), since(1), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("entries", since(0), Array(&Struct(&[
            field("entity", since(0), Array(&Struct(shared::ENTITY_DATA))),
            field("values", since(0), Array(&Struct(&[
                field("key", since(0), String),
                field("value", since(0), Float64),
            ]))),
        ]))).nullable(since(0)),
    ],
);

/// `AlterClientQuotasResponse`.
#[rustfmt::skip]
pub(super) static ALTER_CLIENT_QUOTAS_RESPONSE: MessageSchema = MessageSchema::new(
    "AlterClientQuotasResponse", span(0, 1), since(1), &[
        field("throttle_time_ms", since(0), Int32),
        field("entries", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
            field("entity", since(0), Array(&Struct(shared::ENTITY_DATA))),
        ]))),
    ],
);

/// `DescribeUserScramCredentialsResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeUserScramCredentialsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("results", since(0), Array(&Struct(&[
            field("user", since(0), String),
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
            field("credential_infos", since(0), Array(&Struct(&[
                field("mechanism", since(0), Int8),
                field("iterations", since(0), Int32),
            ]))),
        ]))),
    ],
);

/// `AlterUserScramCredentialsResponse`.
#[rustfmt::skip]
pub(super) static ALTER_USER_SCRAM_CREDENTIALS_RESPONSE: MessageSchema = MessageSchema::new(
    "AlterUserScramCredentialsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("results", since(0), Array(&Struct(&[
            field("user", since(0), String),
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
        ]))),
    ],
);

/// `VoteResponse`.
#[rustfmt::skip]
pub(super) static VOTE_RESPONSE: MessageSchema = MessageSchema::new(
    "VoteResponse", span(0, 2), since(0), &[
        field("error_code", since(0), Int16),
        field("topics", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("error_code", since(0), Int16),
                field("leader_id", since(0), Int32),
                field("leader_epoch", since(0), Int32),
                field("vote_granted", since(0), Bool),
            ]))),
        ]))),
        field("node_endpoints", since(1), Array(&Struct(shared::NODE_ENDPOINT_2))).tagged(0, since(1)),
    ],
);

/// `BeginQuorumEpochResponse`.
#[rustfmt::skip]
pub(super) static BEGIN_QUORUM_EPOCH_RESPONSE: MessageSchema = MessageSchema::new(
    "BeginQuorumEpochResponse", span(0, 1), since(1), &[
        field("error_code", since(0), Int16),
        field("topics", since(0), Array(&Struct(shared::TOPIC_DATA))),
        field("node_endpoints", since(1), Array(&Struct(shared::NODE_ENDPOINT_2))).tagged(0, since(1)),
    ],
);

/// `EndQuorumEpochResponse`.
#[rustfmt::skip]
pub(super) static END_QUORUM_EPOCH_RESPONSE: MessageSchema = MessageSchema::new(
    "EndQuorumEpochResponse", span(0, 1), since(1), &[
        field("error_code", since(0), Int16),
        field("topics", since(0), Array(&Struct(shared::TOPIC_DATA))),
        field("node_endpoints", since(1), Array(&Struct(shared::NODE_ENDPOINT_2))).tagged(0, since(1)),
    ],
);

/// `DescribeQuorumResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_QUORUM_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeQuorumResponse", span(0, 2), since(0), &[
        field("error_code", since(0), Int16),
        field("error_message", since(2), String).nullable(since(2)),
        field("topics", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("error_code", since(0), Int16),
                field("error_message", since(2), String).nullable(since(2)),
                field("leader_id", since(0), Int32),
                field("leader_epoch", since(0), Int32),
                field("high_watermark", since(0), Int64),
                field("current_voters", since(0), Array(&Struct(shared::REPLICA_STATE))),
                field("observers", since(0), Array(&Struct(shared::REPLICA_STATE))),
            ]))),
        ]))),
        field("nodes", since(2), Array(&Struct(&[
            field("node_id", since(2), Int32),
            field("listeners", since(2), Array(&Struct(&[
                field("name", since(2), String),
                field("host", since(2), String),
                field("port", since(2), Uint16),
            ]))),
        ]))),
    ],
);

/// `AlterPartitionResponse`.
#[rustfmt::skip]
pub(super) static ALTER_PARTITION_RESPONSE: MessageSchema = MessageSchema::new(
    "AlterPartitionResponse", span(2, 3), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("topics", since(0), Array(&Struct(&[
            field("topic_id", since(2), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("error_code", since(0), Int16),
                field("leader_id", since(0), Int32),
                field("leader_epoch", since(0), Int32),
                field("isr", since(0), Array(&Int32)),
                field("leader_recovery_state", since(1), Int8),
                field("partition_epoch", since(0), Int32),
            ]))),
        ]))),
    ],
);

/// `UpdateFeaturesResponse`.
#[rustfmt::skip]
pub(super) static UPDATE_FEATURES_RESPONSE: MessageSchema = MessageSchema::new(
    "UpdateFeaturesResponse", span(0, 2), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("results", span(0, 1), Array(&Struct(&[
            field("feature", since(0), String),
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
        ]))),
    ],
);

/// `EnvelopeResponse`.
#[rustfmt::skip]
pub(super) static ENVELOPE_RESPONSE: MessageSchema = MessageSchema::new(
    "EnvelopeResponse", span(0, 0), since(0), &[
        field("response_data", since(0), Bytes).nullable(since(0)),
        field("error_code", since(0), Int16),
    ],
);

/// `FetchSnapshotResponse`.
#[rustfmt::skip]
pub(super) static FETCH_SNAPSHOT_RESPONSE: MessageSchema = MessageSchema::new(
    "FetchSnapshotResponse", span(0, 1), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("index", since(0), Int32),
                field("error_code", since(0), Int16),
                field("snapshot_id", since(0), Struct(shared::SNAPSHOT_ID)),
                field("current_leader", since(0), Struct(shared::LEADER_ID_AND_EPOCH)).tagged(0, since(0)),
                field("size", since(0), Int64),
                field("position", since(0), Int64),
                field("unaligned_records", since(0), Records),
            ]))),
        ]))),
        field("node_endpoints", since(1), Array(&Struct(shared::NODE_ENDPOINT_2))).tagged(0, since(1)),
    ],
);

/// `DescribeClusterResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_CLUSTER_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeClusterResponse", span(0, 2), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("endpoint_type", since(1), Int8),
        field("cluster_id", since(0), String),
        field("controller_id", since(0), Int32),
        field("brokers", since(0), Array(&Struct(&[
            field("broker_id", since(0), Int32),
            field("host", since(0), String),
            field("port", since(0), Int32),
            field("rack", since(0), String).nullable(since(0)),
            field("is_fenced", since(2), Bool),
        ]))),
        field("cluster_authorized_operations", since(0), Int32),
    ],
);

/// `DescribeProducersResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_PRODUCERS_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeProducersResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("error_code", since(0), Int16),
                field("error_message", since(0), String).nullable(since(0)),
                field("active_producers", since(0), Array(&Struct(&[
                    field("producer_id", since(0), Int64),
                    field("producer_epoch", since(0), Int32),
                    field("last_sequence", since(0), Int32),
                    field("last_timestamp", since(0), Int64),
                    field("coordinator_epoch", since(0), Int32),
                    field("current_txn_start_offset", since(0), Int64),
                ]))),
            ]))),
        ]))),
    ],
);

/// `BrokerRegistrationResponse`.
#[rustfmt::skip]
pub(super) static BROKER_REGISTRATION_RESPONSE: MessageSchema = MessageSchema::new(
    "BrokerRegistrationResponse", span(0, 4), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("broker_epoch", since(0), Int64),
    ],
);

/// `BrokerHeartbeatResponse`.
#[rustfmt::skip]
pub(super) static BROKER_HEARTBEAT_RESPONSE: MessageSchema = MessageSchema::new(
    "BrokerHeartbeatResponse", span(0, 1), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("is_caught_up", since(0), Bool),
        field("is_fenced", since(0), Bool),
        field("should_shut_down", since(0), Bool),
    ],
);

/// `UnregisterBrokerResponse`.
#[rustfmt::skip]
pub(super) static UNREGISTER_BROKER_RESPONSE: MessageSchema = MessageSchema::new(
    "UnregisterBrokerResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
    ],
);

/// `DescribeTransactionsResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_TRANSACTIONS_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeTransactionsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("transaction_states", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("transactional_id", since(0), String),
            field("transaction_state", since(0), String),
            field("transaction_timeout_ms", since(0), Int32),
            field("transaction_start_time_ms", since(0), Int64),
            field("producer_id", since(0), Int64),
            field("producer_epoch", since(0), Int16),
            field("topics", since(0), Array(&Struct(shared::TOPIC_PARTITION))),
        ]))),
    ],
);

/// `ListTransactionsResponse`.
#[rustfmt::skip]
pub(super) static LIST_TRANSACTIONS_RESPONSE: MessageSchema = MessageSchema::new(
    "ListTransactionsResponse", span(0, 2), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("unknown_state_filters", since(0), Array(&String)),
        field("transaction_states", since(0), Array(&Struct(&[
            field("transactional_id", since(0), String),
            field("producer_id", since(0), Int64),
            field("transaction_state", since(0), String),
        ]))),
    ],
);

/// `AllocateProducerIdsResponse`.
#[rustfmt::skip]
pub(super) static ALLOCATE_PRODUCER_IDS_RESPONSE: MessageSchema = MessageSchema::new(
    "AllocateProducerIdsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("producer_id_start", since(0), Int64),
        field("producer_id_len", since(0), Int32),
    ],
);

/// `ConsumerGroupHeartbeatResponse`.
#[rustfmt::skip]
pub(super) static CONSUMER_GROUP_HEARTBEAT_RESPONSE: MessageSchema = MessageSchema::new(
    "ConsumerGroupHeartbeatResponse", span(0, 1), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("member_id", since(0), String).nullable(since(0)),
        field("member_epoch", since(0), Int32),
        field("heartbeat_interval_ms", since(0), Int32),
        field("assignment", since(0), Struct(shared::ASSIGNMENT)).nullable(since(0)),
    ],
);

/// `ConsumerGroupDescribeResponse`.
#[rustfmt::skip]
pub(super) static CONSUMER_GROUP_DESCRIBE_RESPONSE: MessageSchema = MessageSchema::new(
    "ConsumerGroupDescribeResponse", span(0, 1), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("groups", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
            field("group_id", since(0), String),
            field("group_state", since(0), String),
            field("group_epoch", since(0), Int32),
            field("assignment_epoch", since(0), Int32),
            field("assignor_name", since(0), String),
            field("members", since(0), Array(&Struct(&[
                field("member_id", since(0), String),
                field("instance_id", since(0), String).nullable(since(0)),
                field("rack_id", since(0), String).nullable(since(0)),
                field("member_epoch", since(0), Int32),
                field("client_id", since(0), String),
                field("client_host", since(0), String),
                field("subscribed_topic_names", since(0), Array(&String)),
                field("subscribed_topic_regex", since(0), String).nullable(since(0)),
                field("assignment", since(0), Struct(shared::ASSIGNMENT_2)),
                field("target_assignment", since(0), Struct(shared::ASSIGNMENT_2)),
                field("member_type", since(1), Int8),
            ]))),
            field("authorized_operations", since(0), Int32),
        ]))),
    ],
);

/// `ControllerRegistrationResponse`.
#[rustfmt::skip]
pub(super) static CONTROLLER_REGISTRATION_RESPONSE: MessageSchema = MessageSchema::new(
    "ControllerRegistrationResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
    ],
);

/// `GetTelemetrySubscriptionsResponse`.
#[rustfmt::skip]
pub(super) static GET_TELEMETRY_SUBSCRIPTIONS_RESPONSE: MessageSchema = MessageSchema::new(
    "GetTelemetrySubscriptionsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("client_instance_id", since(0), Uuid),
        field("subscription_id", since(0), Int32),
        field("accepted_compression_types", since(0), Array(&Int8)),
        field("push_interval_ms", since(0), Int32),
        field("telemetry_max_bytes", since(0), Int32),
        field("delta_temporality", since(0), Bool),
        field("requested_metrics", since(0), Array(&String)),
    ],
);

/// `PushTelemetryResponse`.
#[rustfmt::skip]
pub(super) static PUSH_TELEMETRY_RESPONSE: MessageSchema = MessageSchema::new(
    "PushTelemetryResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
    ],
);

/// `AssignReplicasToDirsResponse`.
#[rustfmt::skip]
pub(super) static ASSIGN_REPLICAS_TO_DIRS_RESPONSE: MessageSchema = MessageSchema::new(
    "AssignReplicasToDirsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("directories", since(0), Array(&Struct(&[
            field("id", since(0), Uuid),
            field("topics", since(0), Array(&Struct(&[
                field("topic_id", since(0), Uuid),
                field("partitions", since(0), Array(&Struct(shared::ALTER_REPLICA_LOG_DIR_PARTITION_RESULT))),
            ]))),
        ]))),
    ],
);

/// `ListConfigResourcesResponse`.
#[rustfmt::skip]
pub(super) static LIST_CONFIG_RESOURCES_RESPONSE: MessageSchema = MessageSchema::new(
    "ListConfigResourcesResponse", span(0, 1), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("config_resources", since(0), Array(&Struct(&[
            field("resource_name", since(0), String),
            field("resource_type", since(1), Int8),
        ]))),
    ],
);

/// `DescribeTopicPartitionsResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_TOPIC_PARTITIONS_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeTopicPartitionsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("name", since(0), String).nullable(since(0)),
            field("topic_id", since(0), Uuid),
            field("is_internal", since(0), Bool),
            field("partitions", since(0), Array(&Struct(&[
                field("error_code", since(0), Int16),
                field("partition_index", since(0), Int32),
                field("leader_id", since(0), Int32),
                field("leader_epoch", since(0), Int32),
                field("replica_nodes", since(0), Array(&Int32)),
                field("isr_nodes", since(0), Array(&Int32)),
                field("eligible_leader_replicas", since(0), Array(&Int32)).nullable(since(0)),
                field("last_known_elr", since(0), Array(&Int32)).nullable(since(0)),
                field("offline_replicas", since(0), Array(&Int32)),
            ]))),
            field("topic_authorized_operations", since(0), Int32),
        ]))),
        field("next_cursor", since(0), Struct(shared::CURSOR)).nullable(since(0)),
    ],
);

/// `ShareGroupHeartbeatResponse`.
#[rustfmt::skip]
pub(super) static SHARE_GROUP_HEARTBEAT_RESPONSE: MessageSchema = MessageSchema::new(
    "ShareGroupHeartbeatResponse", span(1, 1), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("member_id", since(0), String).nullable(since(0)),
        field("member_epoch", since(0), Int32),
        field("heartbeat_interval_ms", since(0), Int32),
        field("assignment", since(0), Struct(shared::ASSIGNMENT)).nullable(since(0)),
    ],
);

/// `ShareGroupDescribeResponse`.
#[rustfmt::skip]
pub(super) static SHARE_GROUP_DESCRIBE_RESPONSE: MessageSchema = MessageSchema::new(
    "ShareGroupDescribeResponse", span(1, 1), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("groups", since(0), Array(&Struct(&[
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
            field("group_id", since(0), String),
            field("group_state", since(0), String),
            field("group_epoch", since(0), Int32),
            field("assignment_epoch", since(0), Int32),
            field("assignor_name", since(0), String),
            field("members", since(0), Array(&Struct(&[
                field("member_id", since(0), String),
                field("rack_id", since(0), String).nullable(since(0)),
                field("member_epoch", since(0), Int32),
                field("client_id", since(0), String),
                field("client_host", since(0), String),
                field("subscribed_topic_names", since(0), Array(&String)),
                field("assignment", since(0), Struct(shared::ASSIGNMENT_2)),
            ]))),
            field("authorized_operations", since(0), Int32),
        ]))),
    ],
);

/// `ShareFetchResponse`.
#[rustfmt::skip]
pub(super) static SHARE_FETCH_RESPONSE: MessageSchema = MessageSchema::new(
    "ShareFetchResponse", span(1, 1), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("acquisition_lock_timeout_ms", since(1), Int32),
        field("responses", since(0), Array(&Struct(&[
            field("topic_id", since(0), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("error_code", since(0), Int16),
                field("error_message", since(0), String).nullable(since(0)),
                field("acknowledge_error_code", since(0), Int16),
                field("acknowledge_error_message", since(0), String).nullable(since(0)),
                field("current_leader", since(0), Struct(shared::LEADER_ID_AND_EPOCH)),
                field("records", since(0), Records).nullable(span(0, 0)),
                field("acquired_records", since(0), Array(&Struct(&[
                    field("first_offset", since(0), Int64),
                    field("last_offset", since(0), Int64),
                    field("delivery_count", since(0), Int16),
                ]))),
            ]))),
        ]))),
        field("node_endpoints", since(0), Array(&Struct(shared::NODE_ENDPOINT))),
    ],
);

/// `ShareAcknowledgeResponse`.
#[rustfmt::skip]
pub(super) static SHARE_ACKNOWLEDGE_RESPONSE: MessageSchema = MessageSchema::new(
    "ShareAcknowledgeResponse", span(1, 1), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("responses", since(0), Array(&Struct(&[
            field("topic_id", since(0), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("error_code", since(0), Int16),
                field("error_message", since(0), String).nullable(since(0)),
                field("current_leader", since(0), Struct(shared::LEADER_ID_AND_EPOCH)),
            ]))),
        ]))),
        field("node_endpoints", since(0), Array(&Struct(shared::NODE_ENDPOINT))),
    ],
);

/// `AddRaftVoterResponse`.
#[rustfmt::skip]
pub(super) static ADD_RAFT_VOTER_RESPONSE: MessageSchema = MessageSchema::new(
    "AddRaftVoterResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
    ],
);

/// `RemoveRaftVoterResponse`.
#[rustfmt::skip]
pub(super) static REMOVE_RAFT_VOTER_RESPONSE: MessageSchema = MessageSchema::new(
    "RemoveRaftVoterResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
    ],
);

/// `UpdateRaftVoterResponse`.
#[rustfmt::skip]
pub(super) static UPDATE_RAFT_VOTER_RESPONSE: MessageSchema = MessageSchema::new(
    "UpdateRaftVoterResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("current_leader", since(0), Struct(&[
            field("leader_id", since(0), Int32),
            field("leader_epoch", since(0), Int32),
            field("host", since(0), String),
            field("port", since(0), Int32),
        ])).tagged(0, since(0)),
    ],
);

/// `InitializeShareGroupStateResponse`.
#[rustfmt::skip]
pub(super) static INITIALIZE_SHARE_GROUP_STATE_RESPONSE: MessageSchema = MessageSchema::new(
    "InitializeShareGroupStateResponse", span(0, 0), since(0), &[
        field("results", since(0), Array(&Struct(shared::DELETE_STATE_RESULT))),
    ],
);

/// `ReadShareGroupStateResponse`.
#[rustfmt::skip]
pub(super) static READ_SHARE_GROUP_STATE_RESPONSE: MessageSchema = MessageSchema::new(
    "ReadShareGroupStateResponse", span(0, 0), since(0), &[
        field("results", since(0), Array(&Struct(&[
            field("topic_id", since(0), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition", since(0), Int32),
                field("error_code", since(0), Int16),
                field("error_message", since(0), String).nullable(since(0)),
                field("state_epoch", since(0), Int32),
                field("start_offset", since(0), Int64),
                field("state_batches", since(0), Array(&Struct(shared::STATE_BATCH))),
            ]))),
        ]))),
    ],
);

/// `WriteShareGroupStateResponse`.
#[rustfmt::skip]
pub(super) static WRITE_SHARE_GROUP_STATE_RESPONSE: MessageSchema = MessageSchema::new(
    "WriteShareGroupStateResponse", span(0, 0), since(0), &[
        field("results", since(0), Array(&Struct(shared::DELETE_STATE_RESULT))),
    ],
);

/// `DeleteShareGroupStateResponse`.
#[rustfmt::skip]
pub(super) static DELETE_SHARE_GROUP_STATE_RESPONSE: MessageSchema = MessageSchema::new(
    "DeleteShareGroupStateResponse", span(0, 0), since(0), &[
        field("results", since(0), Array(&Struct(shared::DELETE_STATE_RESULT))),
    ],
);

/// `ReadShareGroupStateSummaryResponse`.
#[rustfmt::skip]
pub(super) static READ_SHARE_GROUP_STATE_SUMMARY_RESPONSE: MessageSchema = MessageSchema::new(
    "ReadShareGroupStateSummaryResponse", span(0, 0), since(0), &[
        field("results", since(0), Array(&Struct(&[
            field("topic_id", since(0), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition", since(0), Int32),
                field("error_code", since(0), Int16),
                field("error_message", since(0), String).nullable(since(0)),
                field("state_epoch", since(0), Int32),
                field("leader_epoch", since(0), Int32),
                field("start_offset", since(0), Int64),
            ]))),
        ]))),
    ],
);

/// `DescribeShareGroupOffsetsResponse`.
#[rustfmt::skip]
pub(super) static DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE: MessageSchema = MessageSchema::new(
    "DescribeShareGroupOffsetsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("groups", since(0), Array(&Struct(&[
            field("group_id", since(0), String),
            field("topics", since(0), Array(&Struct(&[
                field("topic_name", since(0), String),
                field("topic_id", since(0), Uuid),
                field("partitions", since(0), Array(&Struct(&[
                    field("partition_index", since(0), Int32),
                    field("start_offset", since(0), Int64),
                    field("leader_epoch", since(0), Int32),
                    field("error_code", since(0), Int16),
                    field("error_message", since(0), String).nullable(since(0)),
                ]))),
            ]))),
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
        ]))),
    ],
);

/// `AlterShareGroupOffsetsResponse`.
#[rustfmt::skip]
pub(super) static ALTER_SHARE_GROUP_OFFSETS_RESPONSE: MessageSchema = MessageSchema::new(
    "AlterShareGroupOffsetsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("responses", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
            field("topic_id", since(0), Uuid),
            field("partitions", since(0), Array(&Struct(shared::REASSIGNABLE_PARTITION_RESPONSE))),
        ]))),
    ],
);

/// `DeleteShareGroupOffsetsResponse`.
#[rustfmt::skip]
pub(super) static DELETE_SHARE_GROUP_OFFSETS_RESPONSE: MessageSchema = MessageSchema::new(
    "DeleteShareGroupOffsetsResponse", span(0, 0), since(0), &[
        field("throttle_time_ms", since(0), Int32),
        field("error_code", since(0), Int16),
        field("error_message", since(0), String).nullable(since(0)),
        field("responses", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
            field("topic_id", since(0), Uuid),
            field("error_code", since(0), Int16),
            field("error_message", since(0), String).nullable(since(0)),
        ]))),
    ],
);
