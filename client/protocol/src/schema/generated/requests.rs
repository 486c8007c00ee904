//! Requests.
//!
//! Made by `cargo run -p milena-protocol-tests --bin schemas` from the schemas in the jars of
//! Apache Kafka 4.1.0; not to be edited.

use super::shared;
use crate::schema::Kind::*;
use crate::schema::{MessageSchema, Versions, field, since, span};

/// `ProduceRequest`.
#[rustfmt::skip]
pub(super) static PRODUCE_REQUEST: MessageSchema = MessageSchema::new(
    "ProduceRequest", span(3, 13), since(9), &[
        field("transactional_id", since(3), String).nullable(since(3)),
        field("acks", since(0), Int16),
        field("timeout_ms", since(0), Int32),
        field("topic_data", since(0), Array(&Struct(&[
            field("name", span(0, 12), String),
            field("topic_id", since(13), Uuid),
            field("partition_data", since(0), Array(&Struct(&[
                field("index", since(0), Int32),
                field("records", since(0), Records).nullable(since(0)),
            ]))),
        ]))),
    ],
);

/// `FetchRequest`.
#[rustfmt::skip]
pub(super) static FETCH_REQUEST: MessageSchema = MessageSchema::new(
    "FetchRequest", span(4, 18), since(12), &[
        field("cluster_id", since(12), String).nullable(since(12)).tagged(0, since(12)),
        field("replica_id", span(0, 14), Int32),
        field("replica_state", since(15), Struct(&[
            field("replica_id", since(15), Int32),
            field("replica_epoch", since(15), Int64),
        ])).tagged(1, since(15)),
        field("max_wait_ms", since(0), Int32),
        field("min_bytes", since(0), Int32),
        field("max_bytes", since(3), Int32),
        field("isolation_level", since(4), Int8),
        field("session_id", since(7), Int32),
        field("session_epoch", since(7), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("topic", span(0, 12), String),
            field("topic_id", since(13), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition", since(0), Int32),
                field("current_leader_epoch", since(9), Int32),
                field("fetch_offset", since(0), Int64),
                field("last_fetched_epoch", since(12), Int32),
                field("log_start_offset", since(5), Int64),
                field("partition_max_bytes", since(0), Int32),
                field("replica_directory_id", since(17), Uuid).tagged(0, since(17)),
                field("high_watermark", since(18), Int64).tagged(1, since(18)),
            ]))),
        ]))),
        field("forgotten_topics_data", since(7), Array(&Struct(&[
            field("topic", span(7, 12), String),
            field("topic_id", since(13), Uuid),
            field("partitions", since(7), Array(&Int32)),
        ]))),
        field("rack_id", since(11), String),
    ],
);

/// `ListOffsetsRequest`.
#[rustfmt::skip]
pub(super) static LIST_OFFSETS_REQUEST: MessageSchema = MessageSchema::new(
    "ListOffsetsRequest", span(1, 10), since(6), &[
        field("replica_id", since(0), Int32),
        field("isolation_level", since(2), Int8),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("current_leader_epoch", since(4), Int32),
                field("timestamp", since(0), Int64),
            ]))),
        ]))),
        field("timeout_ms", since(10), Int32),
    ],
);

/// `MetadataRequest`.
#[rustfmt::skip]
pub(super) static METADATA_REQUEST: MessageSchema = MessageSchema::new(
    "MetadataRequest", span(0, 13), since(9), &[
        field("topics", since(0), Array(&Struct(&[
            field("topic_id", since(10), Uuid),
            field("name", since(0), String).nullable(since(10)),
        ]))).nullable(since(1)),
        field("allow_auto_topic_creation", since(4), Bool),
        field("include_cluster_authorized_operations", span(8, 10), Bool),
        field("include_topic_authorized_operations", since(8), Bool),
    ],
);

/// `OffsetCommitRequest`.
#[rustfmt::skip]
pub(super) static OFFSET_COMMIT_REQUEST: MessageSchema = MessageSchema::new(
    "OffsetCommitRequest", span(2, 9), since(8), &[
        field("group_id", since(0), String),
        field("generation_id_or_member_epoch", since(1), Int32),
        field("member_id", since(1), String),
        field("group_instance_id", since(7), String).nullable(since(7)),
        field("retention_time_ms", span(2, 4), Int64),
        field("topics", since(0), Array(&Struct(&[
            field("name", span(0, 9), String),
            field("topic_id", since(10), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("committed_offset", since(0), Int64),
                field("committed_leader_epoch", since(6), Int32),
                field("committed_metadata", since(0), String).nullable(since(0)),
            ]))),
        ]))),
    ],
);

/// `OffsetFetchRequest`.
#[rustfmt::skip]
pub(super) static OFFSET_FETCH_REQUEST: MessageSchema = MessageSchema::new(
    "OffsetFetchRequest", span(1, 9), since(6), &[
        field("group_id", span(0, 7), String),
        field("topics", span(0, 7), Array(&Struct(&[
            field("name", span(0, 7), String),
            field("partition_indexes", span(0, 7), Array(&Int32)),
        ]))).nullable(span(2, 7)),
        field("groups", since(8), Array(&Struct(&[
            field("group_id", since(8), String),
            field("member_id", since(9), String).nullable(since(9)),
            field("member_epoch", since(9), Int32),
            field("topics", since(8), Array(&Struct(&[
                field("name", span(8, 9), String),
                field("topic_id", since(10), Uuid),
                field("partition_indexes", since(8), Array(&Int32)),
            ]))).nullable(since(8)),
        ]))),
        field("require_stable", since(7), Bool),
    ],
);

/// `FindCoordinatorRequest`.
#[rustfmt::skip]
pub(super) static FIND_COORDINATOR_REQUEST: MessageSchema = MessageSchema::new(
    "FindCoordinatorRequest", span(0, 6), since(3), &[
        field("key", span(0, 3), String),
        field("key_type", since(1), Int8),
        field("coordinator_keys", since(4), Array(&String)),
    ],
);

/// `JoinGroupRequest`.
#[rustfmt::skip]
pub(super) static JOIN_GROUP_REQUEST: MessageSchema = MessageSchema::new(
    "JoinGroupRequest", span(0, 9), since(6), &[
        field("group_id", since(0), String),
        field("session_timeout_ms", since(0), Int32),
        field("rebalance_timeout_ms", since(1), Int32),
        field("member_id", since(0), String),
        field("group_instance_id", since(5), String).nullable(since(5)),
        field("protocol_type", since(0), String),
        field("protocols", since(0), Array(&Struct(shared::JOIN_GROUP_REQUEST_PROTOCOL))),
        field("reason", since(8), String).nullable(since(8)),
    ],
);

/// `HeartbeatRequest`.
#[rustfmt::skip]
pub(super) static HEARTBEAT_REQUEST: MessageSchema = MessageSchema::new(
    "HeartbeatRequest", span(0, 4), since(4), &[
        field("group_id", since(0), String),
        field("generation_id", since(0), Int32),
        field("member_id", since(0), String),
        field("group_instance_id", since(3), String).nullable(since(3)),
    ],
);

/// `LeaveGroupRequest`.
#[rustfmt::skip]
pub(super) static LEAVE_GROUP_REQUEST: MessageSchema = MessageSchema::new(
    "LeaveGroupRequest", span(0, 5), since(4), &[
        field("group_id", since(0), String),
        field("member_id", span(0, 2), String),
        field("members", since(3), Array(&Struct(&[
            field("member_id", since(3), String),
            field("group_instance_id", since(3), String).nullable(since(3)),
            field("reason", since(5), String).nullable(since(5)),
        ]))),
    ],
);

/// `SyncGroupRequest`.
#[rustfmt::skip]
pub(super) static SYNC_GROUP_REQUEST: MessageSchema = MessageSchema::new(
    "SyncGroupRequest", span(0, 5), since(4), &[
        field("group_id", since(0), String),
        field("generation_id", since(0), Int32),
        field("member_id", since(0), String),
        field("group_instance_id", since(3), String).nullable(since(3)),
        field("protocol_type", since(5), String).nullable(since(5)),
        field("protocol_name", since(5), String).nullable(since(5)),
        field("assignments", since(0), Array(&Struct(&[
            field("member_id", since(0), String),
            field("assignment", since(0), Bytes),
        ]))),
    ],
);

/// `DescribeGroupsRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_GROUPS_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeGroupsRequest", span(0, 6), since(5), &[
        field("groups", since(0), Array(&String)),
        field("include_authorized_operations", since(3), Bool),
    ],
);

/// `ListGroupsRequest`.
#[rustfmt::skip]
pub(super) static LIST_GROUPS_REQUEST: MessageSchema = MessageSchema::new(
    "ListGroupsRequest", span(0, 5), since(3), &[
        field("states_filter", since(4), Array(&String)),
        field("types_filter", since(5), Array(&String)),
    ],
);

/// `SaslHandshakeRequest`.
#[rustfmt::skip]
pub(super) static SASL_HANDSHAKE_REQUEST: MessageSchema = MessageSchema::new(
    "SaslHandshakeRequest", span(0, 1), Versions::NONE, &[
        field("mechanism", since(0), String),
    ],
);

/// `ApiVersionsRequest`.
#[rustfmt::skip]
pub(super) static API_VERSIONS_REQUEST: MessageSchema = MessageSchema::new(
    "ApiVersionsRequest", span(0, 4), since(3), &[
        field("client_software_name", since(3), String),
        field("client_software_version", since(3), String),
    ],
);

/// `CreateTopicsRequest`.
#[rustfmt::skip]
pub(super) static CREATE_TOPICS_REQUEST: MessageSchema = MessageSchema::new(
    "CreateTopicsRequest", span(2, 7), since(5), &[
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("num_partitions", since(0), Int32),
            field("replication_factor", since(0), Int16),
            field("assignments", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("broker_ids", since(0), Array(&Int32)),
            ]))),
            field("configs", since(0), Array(&Struct(shared::ALTERABLE_CONFIG))),
        ]))),
        field("timeout_ms", since(0), Int32),
        field("validate_only", since(1), Bool),
    ],
);

/// `DeleteTopicsRequest`.
#[rustfmt::skip]
pub(super) static DELETE_TOPICS_REQUEST: MessageSchema = MessageSchema::new(
    "DeleteTopicsRequest", span(1, 6), since(4), &[
        field("topics", since(6), Array(&Struct(&[
            field("name", since(6), String).nullable(since(6)),
            field("topic_id", since(6), Uuid),
        ]))),
        field("topic_names", span(0, 5), Array(&String)),
        field("timeout_ms", since(0), Int32),
    ],
);

/// `DeleteRecordsRequest`.
#[rustfmt::skip]
pub(super) static DELETE_RECORDS_REQUEST: MessageSchema = MessageSchema::new(
    "DeleteRecordsRequest", span(0, 2), since(2), &[
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("offset", since(0), Int64),
            ]))),
        ]))),
        field("timeout_ms", since(0), Int32),
    ],
);

/// `InitProducerIdRequest`.
#[rustfmt::skip]
pub(super) static INIT_PRODUCER_ID_REQUEST: MessageSchema = MessageSchema::new(
    "InitProducerIdRequest", span(0, 5), since(2), &[
        field("transactional_id", since(0), String).nullable(since(0)),
        field("transaction_timeout_ms", since(0), Int32),
        field("producer_id", since(3), Int64),
        field("producer_epoch", since(3), Int16),
        field("enable_2_pc", since(6), Bool),
        field("keep_prepared_txn", since(6), Bool),
    ],
);

/// `OffsetForLeaderEpochRequest`.
#[rustfmt::skip]
pub(super) static OFFSET_FOR_LEADER_EPOCH_REQUEST: MessageSchema = MessageSchema::new(
    "OffsetForLeaderEpochRequest", span(2, 4), since(4), &[
        field("replica_id", since(3), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("topic", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition", since(0), Int32),
                field("current_leader_epoch", since(2), Int32),
                field("leader_epoch", since(0), Int32),
            ]))),
        ]))),
    ],
);

/// `AddPartitionsToTxnRequest`.
#[rustfmt::skip]
pub(super) static ADD_PARTITIONS_TO_TXN_REQUEST: MessageSchema = MessageSchema::new(
    "AddPartitionsToTxnRequest", span(0, 5), since(3), &[
        field("transactions", since(4), Array(&Struct(&[
            field("transactional_id", since(4), String),
            field("producer_id", since(4), Int64),
            field("producer_epoch", since(4), Int16),
            field("verify_only", since(4), Bool),
            field("topics", since(4), Array(&Struct(shared::ADD_PARTITIONS_TO_TXN_TOPIC))),
        ]))),
        field("v3_and_below_transactional_id", span(0, 3), String),
        field("v3_and_below_producer_id", span(0, 3), Int64),
        field("v3_and_below_producer_epoch", span(0, 3), Int16),
        field("v3_and_below_topics", span(0, 3), Array(&Struct(shared::ADD_PARTITIONS_TO_TXN_TOPIC))),
    ],
);

/// `AddOffsetsToTxnRequest`.
#[rustfmt::skip]
pub(super) static ADD_OFFSETS_TO_TXN_REQUEST: MessageSchema = MessageSchema::new(
    "AddOffsetsToTxnRequest", span(0, 4), since(3), &[
        field("transactional_id", since(0), String),
        field("producer_id", since(0), Int64),
        field("producer_epoch", since(0), Int16),
        field("group_id", since(0), String),
    ],
);

/// `EndTxnRequest`.
#[rustfmt::skip]
pub(super) static END_TXN_REQUEST: MessageSchema = MessageSchema::new(
    "EndTxnRequest", span(0, 5), since(3), &[
        field("transactional_id", since(0), String),
        field("producer_id", since(0), Int64),
        field("producer_epoch", since(0), Int16),
        field("committed", since(0), Bool),
    ],
);

/// `WriteTxnMarkersRequest`.
#[rustfmt::skip]
pub(super) static WRITE_TXN_MARKERS_REQUEST: MessageSchema = MessageSchema::new(
    "WriteTxnMarkersRequest", span(1, 1), since(1), &[
        field("markers", since(0), Array(&Struct(&[
            field("producer_id", since(0), Int64),
            field("producer_epoch", since(0), Int16),
            field("transaction_result", since(0), Bool),
            field("topics", since(0), Array(&Struct(shared::TOPIC_REQUEST_2))),
            field("coordinator_epoch", since(0), Int32),
        ]))),
    ],
);

/// `TxnOffsetCommitRequest`.
#[rustfmt::skip]
pub(super) static TXN_OFFSET_COMMIT_REQUEST: MessageSchema = MessageSchema::new(
    "TxnOffsetCommitRequest", span(0, 5), since(3), &[
        field("transactional_id", since(0), String),
        field("group_id", since(0), String),
        field("producer_id", since(0), Int64),
        field("producer_epoch", since(0), Int16),
        field("generation_id", since(3), Int32),
        field("member_id", since(3), String),
        field("group_instance_id", since(3), String).nullable(since(3)),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("committed_offset", since(0), Int64),
                field("committed_leader_epoch", since(2), Int32),
                field("committed_metadata", since(0), String).nullable(since(0)),
            ]))),
        ]))),
    ],
);

/// `DescribeAclsRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_ACLS_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeAclsRequest", span(1, 3), since(2), &[
        field("resource_type_filter", since(0), Int8),
        field("resource_name_filter", since(0), String).nullable(since(0)),
        field("pattern_type_filter", since(1), Int8),
        field("principal_filter", since(0), String).nullable(since(0)),
        field("host_filter", since(0), String).nullable(since(0)),
        field("operation", since(0), Int8),
        field("permission_type", since(0), Int8),
    ],
);

/// `CreateAclsRequest`.
#[rustfmt::skip]
pub(super) static CREATE_ACLS_REQUEST: MessageSchema = MessageSchema::new(
    "CreateAclsRequest", span(1, 3), since(2), &[
        field("creations", since(0), Array(&Struct(&[
            field("resource_type", since(0), Int8),
            field("resource_name", since(0), String),
            field("resource_pattern_type", since(1), Int8),
            field("principal", since(0), String),
            field("host", since(0), String),
            field("operation", since(0), Int8),
            field("permission_type", since(0), Int8),
        ]))),
    ],
);

/// `DeleteAclsRequest`.
#[rustfmt::skip]
pub(super) static DELETE_ACLS_REQUEST: MessageSchema = MessageSchema::new(
    "DeleteAclsRequest", span(1, 3), since(2), &[
        field("filters", since(0), Array(&Struct(&[
            field("resource_type_filter", since(0), Int8),
            field("resource_name_filter", since(0), String).nullable(since(0)),
            field("pattern_type_filter", since(1), Int8),
            field("principal_filter", since(0), String).nullable(since(0)),
            field("host_filter", since(0), String).nullable(since(0)),
            field("operation", since(0), Int8),
            field("permission_type", since(0), Int8),
        ]))),
    ],
);

/// `DescribeConfigsRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_CONFIGS_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeConfigsRequest", span(1, 4), since(4), &[
        field("resources", since(0), Array(&Struct(&[
            field("resource_type", since(0), Int8),
            field("resource_name", since(0), String),
            field("configuration_keys", since(0), Array(&String)).nullable(since(0)),
        ]))),
        field("include_synonyms", since(1), Bool),
        field("include_documentation", since(3), Bool),
    ],
);

/// `AlterConfigsRequest`.
#[rustfmt::skip]
pub(super) static ALTER_CONFIGS_REQUEST: MessageSchema = MessageSchema::new(
    "AlterConfigsRequest", span(0, 2), since(2), &[
        field("resources", since(0), Array(&Struct(&[
            field("resource_type", since(0), Int8),
            field("resource_name", since(0), String),
            field("configs", since(0), Array(&Struct(shared::ALTERABLE_CONFIG))),
        ]))),
        field("validate_only", since(0), Bool),
    ],
);

/// `AlterReplicaLogDirsRequest`.
#[rustfmt::skip]
pub(super) static ALTER_REPLICA_LOG_DIRS_REQUEST: MessageSchema = MessageSchema::new(
    "AlterReplicaLogDirsRequest", span(1, 2), since(2), &[
        field("dirs", since(0), Array(&Struct(&[
            field("path", since(0), String),
            field("topics", since(0), Array(&Struct(shared::ADD_PARTITIONS_TO_TXN_TOPIC))),
        ]))),
    ],
);

/// `DescribeLogDirsRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_LOG_DIRS_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeLogDirsRequest", span(1, 4), since(2), &[
        field("topics", since(0), Array(&Struct(shared::TOPIC_PARTITION))).nullable(since(0)),
    ],
);

/// `SaslAuthenticateRequest`.
#[rustfmt::skip]
pub(super) static SASL_AUTHENTICATE_REQUEST: MessageSchema = MessageSchema::new(
    "SaslAuthenticateRequest", span(0, 2), since(2), &[
        field("auth_bytes", since(0), Bytes),
    ],
);

/// `CreatePartitionsRequest`.
#[rustfmt::skip]
pub(super) static CREATE_PARTITIONS_REQUEST: MessageSchema = MessageSchema::new(
    "CreatePartitionsRequest", span(0, 3), since(2), &[
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("count", since(0), Int32),
            field("assignments", since(0), Array(&Struct(&[
                field("broker_ids", since(0), Array(&Int32)),
            ]))).nullable(since(0)),
        ]))),
        field("timeout_ms", since(0), Int32),
        field("validate_only", since(0), Bool),
    ],
);

/// `CreateDelegationTokenRequest`.
#[rustfmt::skip]
pub(super) static CREATE_DELEGATION_TOKEN_REQUEST: MessageSchema = MessageSchema::new(
    "CreateDelegationTokenRequest", span(1, 3), since(2), &[
        field("owner_principal_type", since(3), String).nullable(since(3)),
        field("owner_principal_name", since(3), String).nullable(since(3)),
        field("renewers", since(0), Array(&Struct(shared::CREATABLE_RENEWERS))),
        field("max_lifetime_ms", since(0), Int64),
    ],
);

/// `RenewDelegationTokenRequest`.
#[rustfmt::skip]
pub(super) static RENEW_DELEGATION_TOKEN_REQUEST: MessageSchema = MessageSchema::new(
    "RenewDelegationTokenRequest", span(1, 2), since(2), &[
        field("hmac", since(0), Bytes),
        field("renew_period_ms", since(0), Int64),
    ],
);

/// `ExpireDelegationTokenRequest`.
#[rustfmt::skip]
pub(super) static EXPIRE_DELEGATION_TOKEN_REQUEST: MessageSchema = MessageSchema::new(
    "ExpireDelegationTokenRequest", span(1, 2), since(2), &[
        field("hmac", since(0), Bytes),
        field("expiry_time_period_ms", since(0), Int64),
    ],
);

/// `DescribeDelegationTokenRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_DELEGATION_TOKEN_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeDelegationTokenRequest", span(1, 3), since(2), &[
        field("owners", since(0), Array(&Struct(shared::CREATABLE_RENEWERS))).nullable(since(0)),
    ],
);

/// `DeleteGroupsRequest`.
#[rustfmt::skip]
pub(super) static DELETE_GROUPS_REQUEST: MessageSchema = MessageSchema::new(
    "DeleteGroupsRequest", span(0, 2), since(2), &[
        field("groups_names", since(0), Array(&String)),
    ],
);

/// `ElectLeadersRequest`.
#[rustfmt::skip]
pub(super) static ELECT_LEADERS_REQUEST: MessageSchema = MessageSchema::new(
    "ElectLeadersRequest", span(0, 2), since(2), &[
        field("election_type", since(1), Int8),
        field("topic_partitions", since(0), Array(&Struct(shared::TOPIC_PARTITION))).nullable(since(0)),
        field("timeout_ms", since(0), Int32),
    ],
);

/// `IncrementalAlterConfigsRequest`.
#[rustfmt::skip]
pub(super) static INCREMENTAL_ALTER_CONFIGS_REQUEST: MessageSchema = MessageSchema::new(
    "IncrementalAlterConfigsRequest", span(0, 1), since(1), &[
        field("resources", since(0), Array(&Struct(&[
            field("resource_type", since(0), Int8),
            field("resource_name", since(0), String),
            field("configs", since(0), Array(&Struct(&[
                field("name", since(0), String),
                field("config_operation", since(0), Int8),
                field("value", since(0), String).nullable(since(0)),
            ]))),
        ]))),
        field("validate_only", since(0), Bool),
    ],
);

/// `AlterPartitionReassignmentsRequest`.
#[rustfmt::skip]
pub(super) static ALTER_PARTITION_REASSIGNMENTS_REQUEST: MessageSchema = MessageSchema::new(
    "AlterPartitionReassignmentsRequest", span(0, 1), since(0), &[
        field("timeout_ms", since(0), Int32),
        field("allow_replication_factor_change", since(1), Bool),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("replicas", since(0), Array(&Int32)).nullable(since(0)),
            ]))),
        ]))),
    ],
);

/// `ListPartitionReassignmentsRequest`.
#[rustfmt::skip]
pub(super) static LIST_PARTITION_REASSIGNMENTS_REQUEST: MessageSchema = MessageSchema::new(
    "ListPartitionReassignmentsRequest", span(0, 0), since(0), &[
        field("timeout_ms", since(0), Int32),
        field("topics", since(0), Array(&Struct(shared::TOPIC_REQUEST_2))).nullable(since(0)),
    ],
);

/// `OffsetDeleteRequest`.
#[rustfmt::skip]
pub(super) static OFFSET_DELETE_REQUEST: MessageSchema = MessageSchema::new(
    "OffsetDeleteRequest", span(0, 0), Versions::NONE, &[
        field("group_id", since(0), String),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(shared::PARTITION_DATA))),
        ]))),
    ],
);

/// `DescribeClientQuotasRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_CLIENT_QUOTAS_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeClientQuotasRequest", span(0, 1), since(1), &[
        field("components", since(0), Array(&Struct(&[
            field("entity_type", since(0), String),
            field("match_type", since(0), Int8),
            field("match", since(0), String).nullable(since(0)),
        ]))),
        field("strict", since(0), Bool),
    ],
);

/// `AlterClientQuotasRequest`.
#[rustfmt::skip]
pub(super) static ALTER_CLIENT_QUOTAS_REQUEST: MessageSchema = MessageSchema::new(
    "AlterClientQuotasRequest", span(0, 1), since(1), &[
        field("entries", since(0), Array(&Struct(&[
            field("entity", since(0), Array(&Struct(shared::ENTITY_DATA))),
            field("ops", since(0), Array(&Struct(&[
                field("key", since(0), String),
                field("value", since(0), Float64),
                field("remove", since(0), Bool),
            ]))),
        ]))),
        field("validate_only", since(0), Bool),
    ],
);

/// `DescribeUserScramCredentialsRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeUserScramCredentialsRequest", span(0, 0), since(0), &[
        field("users", since(0), Array(&Struct(shared::TOPIC_REQUEST))).nullable(since(0)),
    ],
);

/// `AlterUserScramCredentialsRequest`.
#[rustfmt::skip]
pub(super) static ALTER_USER_SCRAM_CREDENTIALS_REQUEST: MessageSchema = MessageSchema::new(
    "AlterUserScramCredentialsRequest", span(0, 0), since(0), &[
        field("deletions", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("mechanism", since(0), Int8),
        ]))),
        field("upsertions", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("mechanism", since(0), Int8),
            field("iterations", since(0), Int32),
            field("salt", since(0), Bytes),
            field("salted_password", since(0), Bytes),
        ]))),
    ],
);

/// `VoteRequest`.
#[rustfmt::skip]
pub(super) static VOTE_REQUEST: MessageSchema = MessageSchema::new(
    "VoteRequest", span(0, 2), since(0), &[
        field("cluster_id", since(0), String).nullable(since(0)),
        field("voter_id", since(1), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("replica_epoch", since(0), Int32),
                field("replica_id", since(0), Int32),
                field("replica_directory_id", since(1), Uuid),
                field("voter_directory_id", since(1), Uuid),
                field("last_offset_epoch", since(0), Int32),
                field("last_offset", since(0), Int64),
                field("pre_vote", since(2), Bool),
            ]))),
        ]))),
    ],
);

/// `BeginQuorumEpochRequest`.
#[rustfmt::skip]
pub(super) static BEGIN_QUORUM_EPOCH_REQUEST: MessageSchema = MessageSchema::new(
    "BeginQuorumEpochRequest", span(0, 1), since(1), &[
        field("cluster_id", since(0), String).nullable(since(0)),
        field("voter_id", since(1), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("voter_directory_id", since(1), Uuid),
                field("leader_id", since(0), Int32),
                field("leader_epoch", since(0), Int32),
            ]))),
        ]))),
        field("leader_endpoints", since(1), Array(&Struct(shared::LEADER_ENDPOINT))),
    ],
);

/// `EndQuorumEpochRequest`.
#[rustfmt::skip]
pub(super) static END_QUORUM_EPOCH_REQUEST: MessageSchema = MessageSchema::new(
    "EndQuorumEpochRequest", span(0, 1), since(1), &[
        field("cluster_id", since(0), String).nullable(since(0)),
        field("topics", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("leader_id", since(0), Int32),
                field("leader_epoch", since(0), Int32),
                field("preferred_successors", span(0, 0), Array(&Int32)),
                field("preferred_candidates", since(1), Array(&Struct(&[
                    field("candidate_id", since(1), Int32),
                    field("candidate_directory_id", since(1), Uuid),
                ]))),
            ]))),
        ]))),
        field("leader_endpoints", since(1), Array(&Struct(shared::LEADER_ENDPOINT))),
    ],
);

/// `DescribeQuorumRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_QUORUM_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeQuorumRequest", span(0, 2), since(0), &[
        field("topics", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
            field("partitions", since(0), Array(&Struct(shared::PARTITION_DATA))),
        ]))),
    ],
);

/// `AlterPartitionRequest`.
#[rustfmt::skip]
pub(super) static ALTER_PARTITION_REQUEST: MessageSchema = MessageSchema::new(
    "AlterPartitionRequest", span(2, 3), since(0), &[
        field("broker_id", since(0), Int32),
        field("broker_epoch", since(0), Int64),
        field("topics", since(0), Array(&Struct(&[
            field("topic_id", since(2), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("leader_epoch", since(0), Int32),
                field("new_isr", span(0, 2), Array(&Int32)),
                field("new_isr_with_epochs", since(3), Array(&Struct(&[
                    field("broker_id", since(3), Int32),
                    field("broker_epoch", since(3), Int64),
                ]))),
                field("leader_recovery_state", since(1), Int8),
                field("partition_epoch", since(0), Int32),
            ]))),
        ]))),
    ],
);

/// `UpdateFeaturesRequest`.
#[rustfmt::skip]
pub(super) static UPDATE_FEATURES_REQUEST: MessageSchema = MessageSchema::new(
    "UpdateFeaturesRequest", span(0, 2), since(0), &[
        field("timeout_ms", since(0), Int32),
        field("feature_updates", since(0), Array(&Struct(&[
            field("feature", since(0), String),
            field("max_version_level", since(0), Int16),
            field("allow_downgrade", span(0, 0), Bool),
            field("upgrade_type", since(1), Int8),
        ]))),
        field("validate_only", since(1), Bool),
    ],
);

/// `EnvelopeRequest`.
#[rustfmt::skip]
pub(super) static ENVELOPE_REQUEST: MessageSchema = MessageSchema::new(
    "EnvelopeRequest", span(0, 0), since(0), &[
        field("request_data", since(0), Bytes),
        field("request_principal", since(0), Bytes).nullable(since(0)),
        field("client_host_address", since(0), Bytes),
    ],
);

/// `FetchSnapshotRequest`.
#[rustfmt::skip]
pub(super) static FETCH_SNAPSHOT_REQUEST: MessageSchema = MessageSchema::new(
    "FetchSnapshotRequest", span(0, 1), since(0), &[
        field("cluster_id", since(0), String).nullable(since(0)).tagged(0, since(0)),
        field("replica_id", since(0), Int32),
        field("max_bytes", since(0), Int32),
        field("topics", since(0), Array(&Struct(&[
            field("name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition", since(0), Int32),
                field("current_leader_epoch", since(0), Int32),
                field("snapshot_id", since(0), Struct(shared::SNAPSHOT_ID)),
                field("position", since(0), Int64),
                field("replica_directory_id", since(1), Uuid).tagged(0, since(1)),
            ]))),
        ]))),
    ],
);

/// `DescribeClusterRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_CLUSTER_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeClusterRequest", span(0, 2), since(0), &[
        field("include_cluster_authorized_operations", since(0), Bool),
        field("endpoint_type", since(1), Int8),
        field("include_fenced_brokers", since(2), Bool),
    ],
);

/// `DescribeProducersRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_PRODUCERS_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeProducersRequest", span(0, 0), since(0), &[
        field("topics", since(0), Array(&Struct(shared::TOPIC_REQUEST_2))),
    ],
);

/// `BrokerRegistrationRequest`.
#[rustfmt::skip]
pub(super) static BROKER_REGISTRATION_REQUEST: MessageSchema = MessageSchema::new(
    "BrokerRegistrationRequest", span(0, 4), since(0), &[
        field("broker_id", since(0), Int32),
        field("cluster_id", since(0), String),
        field("incarnation_id", since(0), Uuid),
        field("listeners", since(0), Array(&Struct(shared::LISTENER_2))),
        field("features", since(0), Array(&Struct(shared::FEATURE))),
        field("rack", since(0), String).nullable(since(0)),
        field("is_migrating_zk_broker", since(1), Bool),
        field("log_dirs", since(2), Array(&Uuid)),
        field("previous_broker_epoch", since(3), Int64),
    ],
);

/// `BrokerHeartbeatRequest`.
#[rustfmt::skip]
pub(super) static BROKER_HEARTBEAT_REQUEST: MessageSchema = MessageSchema::new(
    "BrokerHeartbeatRequest", span(0, 1), since(0), &[
        field("broker_id", since(0), Int32),
        field("broker_epoch", since(0), Int64),
        field("current_metadata_offset", since(0), Int64),
        field("want_fence", since(0), Bool),
        field("want_shut_down", since(0), Bool),
        field("offline_log_dirs", since(1), Array(&Uuid)).tagged(0, since(1)),
    ],
);

/// `UnregisterBrokerRequest`.
#[rustfmt::skip]
pub(super) static UNREGISTER_BROKER_REQUEST: MessageSchema = MessageSchema::new(
    "UnregisterBrokerRequest", span(0, 0), since(0), &[
        field("broker_id", since(0), Int32),
    ],
);

/// `DescribeTransactionsRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_TRANSACTIONS_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeTransactionsRequest", span(0, 0), since(0), &[
        field("transactional_ids", since(0), Array(&String)),
    ],
);

/// `ListTransactionsRequest`.
#[rustfmt::skip]
pub(super) static LIST_TRANSACTIONS_REQUEST: MessageSchema = MessageSchema::new(
    "ListTransactionsRequest", span(0, 2), since(0), &[
        field("state_filters", since(0), Array(&String)),
        field("producer_id_filters", since(0), Array(&Int64)),
        field("duration_filter", since(1), Int64),
        field("transactional_id_pattern", since(2), String).nullable(since(2)),
    ],
);

/// `AllocateProducerIdsRequest`.
#[rustfmt::skip]
pub(super) static ALLOCATE_PRODUCER_IDS_REQUEST: MessageSchema = MessageSchema::new(
    "AllocateProducerIdsRequest", span(0, 0), since(0), &[
        field("broker_id", since(0), Int32),
        field("broker_epoch", since(0), Int64),
    ],
);

/// `ConsumerGroupHeartbeatRequest`.
#[rustfmt::skip]
pub(super) static CONSUMER_GROUP_HEARTBEAT_REQUEST: MessageSchema = MessageSchema::new(
    "ConsumerGroupHeartbeatRequest", span(0, 1), since(0), &[
        field("group_id", since(0), String),
        field("member_id", since(0), String),
        field("member_epoch", since(0), Int32),
        field("instance_id", since(0), String).nullable(since(0)),
        field("rack_id", since(0), String).nullable(since(0)),
        field("rebalance_timeout_ms", since(0), Int32),
        field("subscribed_topic_names", since(0), Array(&String)).nullable(since(0)),
        field("subscribed_topic_regex", since(1), String).nullable(since(1)),
        field("server_assignor", since(0), String).nullable(since(0)),
        field("topic_partitions", since(0), Array(&Struct(shared::TOPIC_PARTITIONS))).nullable(since(0)),
    ],
);

/// `ConsumerGroupDescribeRequest`.
#[rustfmt::skip]
pub(super) static CONSUMER_GROUP_DESCRIBE_REQUEST: MessageSchema = MessageSchema::new(
    "ConsumerGroupDescribeRequest", span(0, 1), since(0), &[
        field("group_ids", since(0), Array(&String)),
        field("include_authorized_operations", since(0), Bool),
    ],
);

/// `ControllerRegistrationRequest`.
#[rustfmt::skip]
pub(super) static CONTROLLER_REGISTRATION_REQUEST: MessageSchema = MessageSchema::new(
    "ControllerRegistrationRequest", span(0, 0), since(0), &[
        field("controller_id", since(0), Int32),
        field("incarnation_id", since(0), Uuid),
        field("zk_migration_ready", since(0), Bool),
        field("listeners", since(0), Array(&Struct(shared::LISTENER_2))),
        field("features", since(0), Array(&Struct(shared::FEATURE))),
    ],
);

/// `GetTelemetrySubscriptionsRequest`.
#[rustfmt::skip]
pub(super) static GET_TELEMETRY_SUBSCRIPTIONS_REQUEST: MessageSchema = MessageSchema::new(
    "GetTelemetrySubscriptionsRequest", span(0, 0), since(0), &[
        field("client_instance_id", since(0), Uuid),
    ],
);

/// `PushTelemetryRequest`.
#[rustfmt::skip]
pub(super) static PUSH_TELEMETRY_REQUEST: MessageSchema = MessageSchema::new(
    "PushTelemetryRequest", span(0, 0), since(0), &[
        field("client_instance_id", since(0), Uuid),
        field("subscription_id", since(0), Int32),
        field("terminating", since(0), Bool),
        field("compression_type", since(0), Int8),
        field("metrics", since(0), Bytes),
    ],
);

/// `AssignReplicasToDirsRequest`.
#[rustfmt::skip]
pub(super) static ASSIGN_REPLICAS_TO_DIRS_REQUEST: MessageSchema = MessageSchema::new(
    "AssignReplicasToDirsRequest", span(0, 0), since(0), &[
        field("broker_id", since(0), Int32),
        field("broker_epoch", since(0), Int64),
        field("directories", since(0), Array(&Struct(&[
            field("id", since(0), Uuid),
            field("topics", since(0), Array(&Struct(&[
                field("topic_id", since(0), Uuid),
                field("partitions", since(0), Array(&Struct(shared::PARTITION_DATA))),
            ]))),
        ]))),
    ],
);

/// `ListConfigResourcesRequest`.
#[rustfmt::skip]
pub(super) static LIST_CONFIG_RESOURCES_REQUEST: MessageSchema = MessageSchema::new(
    "ListConfigResourcesRequest", span(0, 1), since(0), &[
        field("resource_types", since(1), Array(&Int8)),
    ],
);

/// `DescribeTopicPartitionsRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_TOPIC_PARTITIONS_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeTopicPartitionsRequest", span(0, 0), since(0), &[
        field("topics", since(0), Array(&Struct(shared::TOPIC_REQUEST))),
        field("response_partition_limit", since(0), Int32),
        field("cursor", since(0), Struct(shared::CURSOR)).nullable(since(0)),
    ],
);

/// `ShareGroupHeartbeatRequest`.
#[rustfmt::skip]
pub(super) static SHARE_GROUP_HEARTBEAT_REQUEST: MessageSchema = MessageSchema::new(
    "ShareGroupHeartbeatRequest", span(1, 1), since(0), &[
        field("group_id", since(0), String),
        field("member_id", since(0), String),
        field("member_epoch", since(0), Int32),
        field("rack_id", since(0), String).nullable(since(0)),
        field("subscribed_topic_names", since(0), Array(&String)).nullable(since(0)),
    ],
);

/// `ShareGroupDescribeRequest`.
#[rustfmt::skip]
pub(super) static SHARE_GROUP_DESCRIBE_REQUEST: MessageSchema = MessageSchema::new(
    "ShareGroupDescribeRequest", span(1, 1), since(0), &[
        field("group_ids", since(0), Array(&String)),
        field("include_authorized_operations", since(0), Bool),
    ],
);

/// `ShareFetchRequest`.
#[rustfmt::skip]
pub(super) static SHARE_FETCH_REQUEST: MessageSchema = MessageSchema::new(
    "ShareFetchRequest", span(1, 1), since(0), &[
        field("group_id", since(0), String).nullable(since(0)),
        field("member_id", since(0), String).nullable(since(0)),
        field("share_session_epoch", since(0), Int32),
        field("max_wait_ms", since(0), Int32),
        field("min_bytes", since(0), Int32),
        field("max_bytes", since(0), Int32),
        field("max_records", since(1), Int32),
        field("batch_size", since(1), Int32),
        field("topics", since(0), Array(&Struct(shared::ACKNOWLEDGE_TOPIC))),
        field("forgotten_topics_data", since(0), Array(&Struct(shared::TOPIC_PARTITIONS))),
    ],
);

/// `ShareAcknowledgeRequest`.
#[rustfmt::skip]
pub(super) static SHARE_ACKNOWLEDGE_REQUEST: MessageSchema = MessageSchema::new(
    "ShareAcknowledgeRequest", span(1, 1), since(0), &[
        field("group_id", since(0), String).nullable(since(0)),
        field("member_id", since(0), String).nullable(since(0)),
        field("share_session_epoch", since(0), Int32),
        field("topics", since(0), Array(&Struct(shared::ACKNOWLEDGE_TOPIC))),
    ],
);

/// `AddRaftVoterRequest`.
#[rustfmt::skip]
pub(super) static ADD_RAFT_VOTER_REQUEST: MessageSchema = MessageSchema::new(
    "AddRaftVoterRequest", span(0, 0), since(0), &[
        field("cluster_id", since(0), String).nullable(since(0)),
        field("timeout_ms", since(0), Int32),
        field("voter_id", since(0), Int32),
        field("voter_directory_id", since(0), Uuid),
        field("listeners", since(0), Array(&Struct(shared::LISTENER))),
    ],
);

/// `RemoveRaftVoterRequest`.
#[rustfmt::skip]
pub(super) static REMOVE_RAFT_VOTER_REQUEST: MessageSchema = MessageSchema::new(
    "RemoveRaftVoterRequest", span(0, 0), since(0), &[
        field("cluster_id", since(0), String).nullable(since(0)),
        field("voter_id", since(0), Int32),
        field("voter_directory_id", since(0), Uuid),
    ],
);

/// `UpdateRaftVoterRequest`.
#[rustfmt::skip]
pub(super) static UPDATE_RAFT_VOTER_REQUEST: MessageSchema = MessageSchema::new(
    "UpdateRaftVoterRequest", span(0, 0), since(0), &[
        field("cluster_id", since(0), String).nullable(since(0)),
        field("current_leader_epoch", since(0), Int32),
        field("voter_id", since(0), Int32),
        field("voter_directory_id", since(0), Uuid),
        field("listeners", since(0), Array(&Struct(shared::LISTENER))),
        field("k_raft_version_feature", since(0), Struct(shared::K_RAFT_VERSION_FEATURE)),
    ],
);

/// `InitializeShareGroupStateRequest`.
#[rustfmt::skip]
pub(super) static INITIALIZE_SHARE_GROUP_STATE_REQUEST: MessageSchema = MessageSchema::new(
    "InitializeShareGroupStateRequest", span(0, 0), since(0), &[
        field("group_id", since(0), String),
        field("topics", since(0), Array(&Struct(&[
            field("topic_id", since(0), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition", since(0), Int32),
                field("state_epoch", since(0), Int32),
                field("start_offset", since(0), Int64),
            ]))),
        ]))),
    ],
);

/// `ReadShareGroupStateRequest`.
#[rustfmt::skip]
pub(super) static READ_SHARE_GROUP_STATE_REQUEST: MessageSchema = MessageSchema::new(
    "ReadShareGroupStateRequest", span(0, 0), since(0), &[
        field("group_id", since(0), String),
        field("topics", since(0), Array(&Struct(shared::READ_STATE_DATA))),
    ],
);

/// `WriteShareGroupStateRequest`.
#[rustfmt::skip]
pub(super) static WRITE_SHARE_GROUP_STATE_REQUEST: MessageSchema = MessageSchema::new(
    "WriteShareGroupStateRequest", span(0, 0), since(0), &[
        field("group_id", since(0), String),
        field("topics", since(0), Array(&Struct(&[
            field("topic_id", since(0), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition", since(0), Int32),
                field("state_epoch", since(0), Int32),
                field("leader_epoch", since(0), Int32),
                field("start_offset", since(0), Int64),
                field("state_batches", since(0), Array(&Struct(shared::STATE_BATCH))),
            ]))),
        ]))),
    ],
);

/// `DeleteShareGroupStateRequest`.
#[rustfmt::skip]
pub(super) static DELETE_SHARE_GROUP_STATE_REQUEST: MessageSchema = MessageSchema::new(
    "DeleteShareGroupStateRequest", span(0, 0), since(0), &[
        field("group_id", since(0), String),
        field("topics", since(0), Array(&Struct(&[
            field("topic_id", since(0), Uuid),
            field("partitions", since(0), Array(&Struct(&[
                field("partition", since(0), Int32),
            ]))),
        ]))),
    ],
);

/// `ReadShareGroupStateSummaryRequest`.
#[rustfmt::skip]
pub(super) static READ_SHARE_GROUP_STATE_SUMMARY_REQUEST: MessageSchema = MessageSchema::new(
    "ReadShareGroupStateSummaryRequest", span(0, 0), since(0), &[
        field("group_id", since(0), String),
        field("topics", since(0), Array(&Struct(shared::READ_STATE_DATA))),
    ],
);

/// `DescribeShareGroupOffsetsRequest`.
#[rustfmt::skip]
pub(super) static DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST: MessageSchema = MessageSchema::new(
    "DescribeShareGroupOffsetsRequest", span(0, 0), since(0), &[
        field("groups", since(0), Array(&Struct(&[
            field("group_id", since(0), String),
            field("topics", since(0), Array(&Struct(&[
                field("topic_name", since(0), String),
                field("partitions", since(0), Array(&Int32)),
            ]))).nullable(since(0)),
        ]))),
    ],
);

/// `AlterShareGroupOffsetsRequest`.
#[rustfmt::skip]
pub(super) static ALTER_SHARE_GROUP_OFFSETS_REQUEST: MessageSchema = MessageSchema::new(
    "AlterShareGroupOffsetsRequest", span(0, 0), since(0), &[
        field("group_id", since(0), String),
        field("topics", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
            field("partitions", since(0), Array(&Struct(&[
                field("partition_index", since(0), Int32),
                field("start_offset", since(0), Int64),
            ]))),
        ]))),
    ],
);

/// `DeleteShareGroupOffsetsRequest`.
#[rustfmt::skip]
pub(super) static DELETE_SHARE_GROUP_OFFSETS_REQUEST: MessageSchema = MessageSchema::new(
    "DeleteShareGroupOffsetsRequest", span(0, 0), since(0), &[
        field("group_id", since(0), String),
        field("topics", since(0), Array(&Struct(&[
            field("topic_name", since(0), String),
        ]))),
    ],
);
