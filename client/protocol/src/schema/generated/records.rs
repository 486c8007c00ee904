//! Keys and values of records in internal topics.
//!
//! Made by `cargo run -p milena-protocol-tests --bin schemas` from the schemas in the jars of
//! Apache Kafka 4.1.0; not to be edited.

use super::shared;
use crate::schema::Kind::*;
use crate::schema::{MessageSchema, Versions, field, since, span};

/// `ConsumerGroupCurrentMemberAssignmentKey`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: MessageSchema = MessageSchema::new(
    "ConsumerGroupCurrentMemberAssignmentKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
        field("member_id", span(0, 0), String),
    ],
);

/// `ConsumerGroupCurrentMemberAssignmentValue`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: MessageSchema = MessageSchema::new(
    "ConsumerGroupCurrentMemberAssignmentValue", span(0, 0), since(0), &[
        field("member_epoch", since(0), Int32),
        field("previous_member_epoch", since(0), Int32),
        field("state", since(0), Int8),
        field("assigned_partitions", since(0), Array(&Struct(shared::TOPIC_PARTITIONS))),
        field("partitions_pending_revocation", since(0), Array(&Struct(shared::TOPIC_PARTITIONS))),
    ],
);

/// `ConsumerGroupMemberMetadataKey`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_MEMBER_METADATA_KEY: MessageSchema = MessageSchema::new(
    "ConsumerGroupMemberMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
        field("member_id", span(0, 0), String),
    ],
);

/// `ConsumerGroupMemberMetadataValue`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_MEMBER_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "ConsumerGroupMemberMetadataValue", span(0, 0), since(0), &[
        field("instance_id", since(0), String).nullable(since(0)),
        field("rack_id", since(0), String).nullable(since(0)),
        field("client_id", since(0), String),
        field("client_host", since(0), String),
        field("subscribed_topic_names", since(0), Array(&String)),
        field("subscribed_topic_regex", since(0), String).nullable(since(0)),
        field("rebalance_timeout_ms", since(0), Int32),
        field("server_assignor", since(0), String).nullable(since(0)),
        field("classic_member_metadata", since(0), Struct(&[
            field("session_timeout_ms", since(0), Int32),
            field("supported_protocols", since(0), Array(&Struct(shared::JOIN_GROUP_REQUEST_PROTOCOL))),
        ])).nullable(since(0)).tagged(0, since(0)),
    ],
);

/// `ConsumerGroupMetadataKey`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_METADATA_KEY: MessageSchema = MessageSchema::new(
    "ConsumerGroupMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
    ],
);

/// `ConsumerGroupMetadataValue`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "ConsumerGroupMetadataValue", span(0, 0), since(0), &[
        field("epoch", since(0), Int32),
        field("metadata_hash", since(0), Int64).tagged(0, since(0)),
    ],
);

/// `ConsumerGroupPartitionMetadataKey`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_PARTITION_METADATA_KEY: MessageSchema = MessageSchema::new(
    "ConsumerGroupPartitionMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
    ],
);

/// `ConsumerGroupPartitionMetadataValue`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_PARTITION_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "ConsumerGroupPartitionMetadataValue", span(0, 0), since(0), &[
        field("topics", since(0), Array(&Struct(&[
            field("topic_id", since(0), Uuid),
            field("topic_name", since(0), String),
            field("num_partitions", since(0), Int32),
            field("partition_metadata", since(0), Array(&Struct(&[
                field("partition", since(0), Int32),
                field("racks", since(0), Array(&String)),
            ]))),
        ]))),
    ],
);

/// `ConsumerGroupRegularExpressionKey`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_REGULAR_EXPRESSION_KEY: MessageSchema = MessageSchema::new(
    "ConsumerGroupRegularExpressionKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
        field("regular_expression", span(0, 0), String),
    ],
);

/// `ConsumerGroupRegularExpressionValue`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE: MessageSchema = MessageSchema::new(
    "ConsumerGroupRegularExpressionValue", span(0, 0), since(0), &[
        field("topics", since(0), Array(&String)),
        field("version", since(0), Int64),
        field("timestamp", since(0), Int64),
    ],
);

/// `ConsumerGroupTargetAssignmentMemberKey`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: MessageSchema = MessageSchema::new(
    "ConsumerGroupTargetAssignmentMemberKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
        field("member_id", span(0, 0), String),
    ],
);

/// `ConsumerGroupTargetAssignmentMemberValue`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: MessageSchema = MessageSchema::new(
    "ConsumerGroupTargetAssignmentMemberValue", span(0, 0), since(0), &[
        field("topic_partitions", since(0), Array(&Struct(shared::TOPIC_PARTITIONS))),
    ],
);

/// `ConsumerGroupTargetAssignmentMetadataKey`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: MessageSchema = MessageSchema::new(
    "ConsumerGroupTargetAssignmentMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
    ],
);

/// `ConsumerGroupTargetAssignmentMetadataValue`.
#[rustfmt::skip]
pub static CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "ConsumerGroupTargetAssignmentMetadataValue", span(0, 0), since(0), &[
        field("assignment_epoch", since(0), Int32),
    ],
);

/// `GroupMetadataKey`.
#[rustfmt::skip]
pub static GROUP_METADATA_KEY: MessageSchema = MessageSchema::new(
    "GroupMetadataKey", span(0, 0), Versions::NONE, &[
        field("group", span(0, 0), String),
    ],
);

/// `GroupMetadataValue`.
#[rustfmt::skip]
pub static GROUP_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "GroupMetadataValue", span(0, 4), since(4), &[
        field("protocol_type", since(0), String),
        field("generation", since(0), Int32),
        field("protocol", since(0), String).nullable(since(0)),
        field("leader", since(0), String).nullable(since(0)),
        field("current_state_timestamp", since(2), Int64),
        field("members", since(0), Array(&Struct(&[
            field("member_id", since(0), String),
            field("group_instance_id", since(3), String).nullable(since(3)),
            field("client_id", since(0), String),
            field("client_host", since(0), String),
            field("rebalance_timeout", since(1), Int32),
            field("session_timeout", since(0), Int32),
            field("subscription", since(0), Bytes),
            field("assignment", since(0), Bytes),
        ]))),
    ],
);

/// `LegacyOffsetCommitKey`.
#[rustfmt::skip]
pub static LEGACY_OFFSET_COMMIT_KEY: MessageSchema = MessageSchema::new(
    "LegacyOffsetCommitKey", span(0, 0), Versions::NONE, &[
        field("group", span(0, 0), String),
        field("topic", span(0, 0), String),
        field("partition", span(0, 0), Int32),
    ],
);

/// `LegacyOffsetCommitValue`.
#[rustfmt::skip]
pub static LEGACY_OFFSET_COMMIT_VALUE: MessageSchema = MessageSchema::new(
    "LegacyOffsetCommitValue", span(0, 0), Versions::NONE, &[
        field("offset", span(0, 0), Int64),
        field("metadata", span(0, 0), String),
        field("commit_timestamp", span(0, 0), Int64),
    ],
);

/// `OffsetCommitKey`.
#[rustfmt::skip]
pub static OFFSET_COMMIT_KEY: MessageSchema = MessageSchema::new(
    "OffsetCommitKey", span(0, 0), Versions::NONE, &[
        field("group", span(0, 0), String),
        field("topic", span(0, 0), String),
        field("partition", span(0, 0), Int32),
    ],
);

/// `OffsetCommitValue`.
#[rustfmt::skip]
pub static OFFSET_COMMIT_VALUE: MessageSchema = MessageSchema::new(
    "OffsetCommitValue", span(0, 4), since(4), &[
        field("offset", since(0), Int64),
        field("leader_epoch", since(3), Int32),
        field("metadata", since(0), String),
        field("commit_timestamp", since(0), Int64),
        field("expire_timestamp", span(1, 1), Int64),
        field("topic_id", since(4), Uuid).tagged(0, since(4)),
    ],
);

/// `ShareGroupCurrentMemberAssignmentKey`.
#[rustfmt::skip]
pub static SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: MessageSchema = MessageSchema::new(
    "ShareGroupCurrentMemberAssignmentKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
        field("member_id", span(0, 0), String),
    ],
);

/// `ShareGroupCurrentMemberAssignmentValue`.
#[rustfmt::skip]
pub static SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: MessageSchema = MessageSchema::new(
    "ShareGroupCurrentMemberAssignmentValue", span(0, 0), since(0), &[
        field("member_epoch", since(0), Int32),
        field("previous_member_epoch", since(0), Int32),
        field("state", since(0), Int8),
        field("assigned_partitions", since(0), Array(&Struct(shared::TOPIC_PARTITIONS))),
    ],
);

/// `ShareGroupMemberMetadataKey`.
#[rustfmt::skip]
pub static SHARE_GROUP_MEMBER_METADATA_KEY: MessageSchema = MessageSchema::new(
    "ShareGroupMemberMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
        field("member_id", span(0, 0), String),
    ],
);

/// `ShareGroupMemberMetadataValue`.
#[rustfmt::skip]
pub static SHARE_GROUP_MEMBER_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "ShareGroupMemberMetadataValue", span(0, 0), since(0), &[
        field("rack_id", since(0), String).nullable(since(0)),
        field("client_id", since(0), String),
        field("client_host", since(0), String),
        field("subscribed_topic_names", since(0), Array(&String)),
    ],
);

/// `ShareGroupMetadataKey`.
#[rustfmt::skip]
pub static SHARE_GROUP_METADATA_KEY: MessageSchema = MessageSchema::new(
    "ShareGroupMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
    ],
);

/// `ShareGroupMetadataValue`.
#[rustfmt::skip]
pub static SHARE_GROUP_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "ShareGroupMetadataValue", span(0, 0), since(0), &[
        field("epoch", since(0), Int32),
        field("metadata_hash", since(0), Int64),
    ],
);

/// `ShareGroupStatePartitionMetadataKey`.
#[rustfmt::skip]
pub static SHARE_GROUP_STATE_PARTITION_METADATA_KEY: MessageSchema = MessageSchema::new(
    "ShareGroupStatePartitionMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
    ],
);

/// `ShareGroupStatePartitionMetadataValue`.
#[rustfmt::skip]
pub static SHARE_GROUP_STATE_PARTITION_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "ShareGroupStatePartitionMetadataValue", span(0, 0), since(0), &[
        field("initializing_topics", since(0), Array(&Struct(shared::TOPIC_PARTITIONS_2))),
        field("initialized_topics", since(0), Array(&Struct(shared::TOPIC_PARTITIONS_2))),
        field("deleting_topics", since(0), Array(&Struct(&[
            field("topic_id", since(0), Uuid),
            field("topic_name", since(0), String),
        ]))),
    ],
);

/// `ShareGroupTargetAssignmentMemberKey`.
#[rustfmt::skip]
pub static SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: MessageSchema = MessageSchema::new(
    "ShareGroupTargetAssignmentMemberKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
        field("member_id", span(0, 0), String),
    ],
);

/// `ShareGroupTargetAssignmentMemberValue`.
#[rustfmt::skip]
pub static SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: MessageSchema = MessageSchema::new(
    "ShareGroupTargetAssignmentMemberValue", span(0, 0), since(0), &[
        field("topic_partitions", since(0), Array(&Struct(shared::TOPIC_PARTITIONS))),
    ],
);

/// `ShareGroupTargetAssignmentMetadataKey`.
#[rustfmt::skip]
pub static SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: MessageSchema = MessageSchema::new(
    "ShareGroupTargetAssignmentMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
    ],
);

/// `ShareGroupTargetAssignmentMetadataValue`.
#[rustfmt::skip]
pub static SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "ShareGroupTargetAssignmentMetadataValue", span(0, 0), since(0), &[
        field("assignment_epoch", since(0), Int32),
    ],
);

/// `StreamsGroupCurrentMemberAssignmentKey`.
#[rustfmt::skip]
pub static STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: MessageSchema = MessageSchema::new(
    "StreamsGroupCurrentMemberAssignmentKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
        field("member_id", span(0, 0), String),
    ],
);

/// `StreamsGroupCurrentMemberAssignmentValue`.
#[rustfmt::skip]
pub static STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: MessageSchema = MessageSchema::new(
    "StreamsGroupCurrentMemberAssignmentValue", span(0, 0), since(0), &[
        field("member_epoch", since(0), Int32),
        field("previous_member_epoch", since(0), Int32),
        field("state", since(0), Int8),
        field("active_tasks", since(0), Array(&Struct(shared::TASK_IDS))),
        field("standby_tasks", since(0), Array(&Struct(shared::TASK_IDS))),
        field("warmup_tasks", since(0), Array(&Struct(shared::TASK_IDS))),
        field("active_tasks_pending_revocation", since(0), Array(&Struct(shared::TASK_IDS))),
        field("standby_tasks_pending_revocation", since(0), Array(&Struct(shared::TASK_IDS))),
        field("warmup_tasks_pending_revocation", since(0), Array(&Struct(shared::TASK_IDS))),
    ],
);

/// `StreamsGroupMemberMetadataKey`.
#[rustfmt::skip]
pub static STREAMS_GROUP_MEMBER_METADATA_KEY: MessageSchema = MessageSchema::new(
    "StreamsGroupMemberMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
        field("member_id", span(0, 0), String),
    ],
);

/// `StreamsGroupMemberMetadataValue`.
#[rustfmt::skip]
pub static STREAMS_GROUP_MEMBER_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "StreamsGroupMemberMetadataValue", span(0, 0), since(0), &[
        field("instance_id", since(0), String).nullable(since(0)),
        field("rack_id", since(0), String).nullable(since(0)),
        field("client_id", since(0), String),
        field("client_host", since(0), String),
        field("rebalance_timeout_ms", since(0), Int32),
        field("topology_epoch", since(0), Int32),
        field("process_id", since(0), String),
        field("user_endpoint", since(0), Struct(&[
            field("host", since(0), String),
            field("port", since(0), Uint16),
        ])).nullable(since(0)),
        field("client_tags", since(0), Array(&Struct(shared::KEY_VALUE))),
    ],
);

/// `StreamsGroupMetadataKey`.
#[rustfmt::skip]
pub static STREAMS_GROUP_METADATA_KEY: MessageSchema = MessageSchema::new(
    "StreamsGroupMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
    ],
);

/// `StreamsGroupMetadataValue`.
#[rustfmt::skip]
pub static STREAMS_GROUP_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "StreamsGroupMetadataValue", span(0, 0), since(0), &[
        field("epoch", since(0), Int32),
        field("metadata_hash", since(0), Int64),
    ],
);

/// `StreamsGroupTargetAssignmentMemberKey`.
#[rustfmt::skip]
pub static STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: MessageSchema = MessageSchema::new(
    "StreamsGroupTargetAssignmentMemberKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
        field("member_id", span(0, 0), String),
    ],
);

/// `StreamsGroupTargetAssignmentMemberValue`.
#[rustfmt::skip]
pub static STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: MessageSchema = MessageSchema::new(
    "StreamsGroupTargetAssignmentMemberValue", span(0, 0), since(0), &[
        field("active_tasks", since(0), Array(&Struct(shared::TASK_IDS))),
        field("standby_tasks", since(0), Array(&Struct(shared::TASK_IDS))),
        field("warmup_tasks", since(0), Array(&Struct(shared::TASK_IDS))),
    ],
);

/// `StreamsGroupTargetAssignmentMetadataKey`.
#[rustfmt::skip]
pub static STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: MessageSchema = MessageSchema::new(
    "StreamsGroupTargetAssignmentMetadataKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
    ],
);

/// `StreamsGroupTargetAssignmentMetadataValue`.
#[rustfmt::skip]
pub static STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE: MessageSchema = MessageSchema::new(
    "StreamsGroupTargetAssignmentMetadataValue", span(0, 0), since(0), &[
        field("assignment_epoch", since(0), Int32),
    ],
);

/// `StreamsGroupTopologyKey`.
#[rustfmt::skip]
pub static STREAMS_GROUP_TOPOLOGY_KEY: MessageSchema = MessageSchema::new(
    "StreamsGroupTopologyKey", span(0, 0), Versions::NONE, &[
        field("group_id", span(0, 0), String),
    ],
);

/// `StreamsGroupTopologyValue`.
#[rustfmt::skip]
pub static STREAMS_GROUP_TOPOLOGY_VALUE: MessageSchema = MessageSchema::new(
    "StreamsGroupTopologyValue", span(0, 0), since(0), &[
        field("epoch", since(0), Int32),
        field("subtopologies", since(0), Array(&Struct(&[
            field("subtopology_id", since(0), String),
            field("source_topics", since(0), Array(&String)),
            field("source_topic_regex", since(0), Array(&String)),
            field("state_changelog_topics", since(0), Array(&Struct(shared::TOPIC_INFO))),
            field("repartition_sink_topics", since(0), Array(&String)),
            field("repartition_source_topics", since(0), Array(&Struct(shared::TOPIC_INFO))),
            field("copartition_groups", since(0), Array(&Struct(&[
                field("source_topics", since(0), Array(&Int16)),
                field("source_topic_regex", since(0), Array(&Int16)),
                field("repartition_source_topics", since(0), Array(&Int16)),
            ]))),
        ]))),
    ],
);

/// `TransactionLogKey`.
#[rustfmt::skip]
pub static TRANSACTION_LOG_KEY: MessageSchema = MessageSchema::new(
    "TransactionLogKey", span(0, 0), Versions::NONE, &[
        field("transactional_id", span(0, 0), String),
    ],
);

/// `TransactionLogValue`.
#[rustfmt::skip]
pub static TRANSACTION_LOG_VALUE: MessageSchema = MessageSchema::new(
    "TransactionLogValue", span(0, 1), since(1), &[
        field("producer_id", since(0), Int64),
        field("previous_producer_id", since(1), Int64).tagged(0, since(1)),
        field("next_producer_id", since(1), Int64).tagged(1, since(1)),
        field("producer_epoch", since(0), Int16),
        field("next_producer_epoch", since(1), Int16).tagged(3, since(1)),
        field("transaction_timeout_ms", since(0), Int32),
        field("transaction_status", since(0), Int8),
        field("transaction_partitions", since(0), Array(&Struct(&[
            field("topic", since(0), String),
            field("partition_ids", since(0), Array(&Int32)),
        ]))).nullable(since(0)),
        field("transaction_last_update_timestamp_ms", since(0), Int64),
        field("transaction_start_timestamp_ms", since(0), Int64),
        field("client_transaction_version", since(1), Int16).tagged(2, since(1)),
    ],
);
