//! Keys and values of `__consumer_offsets`.
//!
//! Made by `cargo run -p milena-protocol-tests --bin schemas` from the schemas in the jars of
//! Apache Kafka 4.1.0; not to be edited.

#![expect(
    clippy::field_reassign_with_default,
    reason = "a field that is absent keeps its default"
)]

use crate::internal::value::{Misfit, Reader, Value, Writer};
use crate::internal::{UnknownTaggedFields, belongs_to, internal_records};
use crate::StrBytes;
use uuid::Uuid;
use bytes::Bytes;

internal_records! {
    GroupKey GroupValue:
    0 LegacyOffsetCommit LegacyOffsetCommitKey LegacyOffsetCommitValue,
    1 OffsetCommit OffsetCommitKey OffsetCommitValue,
    2 GroupMetadata GroupMetadataKey GroupMetadataValue,
    3 ConsumerGroupMetadata ConsumerGroupMetadataKey ConsumerGroupMetadataValue,
    4 ConsumerGroupPartitionMetadata ConsumerGroupPartitionMetadataKey ConsumerGroupPartitionMetadataValue,
    5 ConsumerGroupMemberMetadata ConsumerGroupMemberMetadataKey ConsumerGroupMemberMetadataValue,
    6 ConsumerGroupTargetAssignmentMetadata ConsumerGroupTargetAssignmentMetadataKey ConsumerGroupTargetAssignmentMetadataValue,
    7 ConsumerGroupTargetAssignmentMember ConsumerGroupTargetAssignmentMemberKey ConsumerGroupTargetAssignmentMemberValue,
    8 ConsumerGroupCurrentMemberAssignment ConsumerGroupCurrentMemberAssignmentKey ConsumerGroupCurrentMemberAssignmentValue,
    10 ShareGroupMemberMetadata ShareGroupMemberMetadataKey ShareGroupMemberMetadataValue,
    11 ShareGroupMetadata ShareGroupMetadataKey ShareGroupMetadataValue,
    12 ShareGroupTargetAssignmentMetadata ShareGroupTargetAssignmentMetadataKey ShareGroupTargetAssignmentMetadataValue,
    13 ShareGroupTargetAssignmentMember ShareGroupTargetAssignmentMemberKey ShareGroupTargetAssignmentMemberValue,
    14 ShareGroupCurrentMemberAssignment ShareGroupCurrentMemberAssignmentKey ShareGroupCurrentMemberAssignmentValue,
    15 ShareGroupStatePartitionMetadata ShareGroupStatePartitionMetadataKey ShareGroupStatePartitionMetadataValue,
    16 ConsumerGroupRegularExpression ConsumerGroupRegularExpressionKey ConsumerGroupRegularExpressionValue,
    17 StreamsGroupMetadata StreamsGroupMetadataKey StreamsGroupMetadataValue,
    19 StreamsGroupMemberMetadata StreamsGroupMemberMetadataKey StreamsGroupMemberMetadataValue,
    20 StreamsGroupTargetAssignmentMetadata StreamsGroupTargetAssignmentMetadataKey StreamsGroupTargetAssignmentMetadataValue,
    21 StreamsGroupTargetAssignmentMember StreamsGroupTargetAssignmentMemberKey StreamsGroupTargetAssignmentMemberValue,
    22 StreamsGroupCurrentMemberAssignment StreamsGroupCurrentMemberAssignmentKey StreamsGroupCurrentMemberAssignmentValue,
    23 StreamsGroupTopology StreamsGroupTopologyKey StreamsGroupTopologyValue,
}

/// `ConsumerGroupCurrentMemberAssignmentKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupCurrentMemberAssignmentKey {
    /// `group_id`.
    pub group_id: StrBytes,
    /// `member_id`.
    pub member_id: StrBytes,
}

impl Value for ConsumerGroupCurrentMemberAssignmentKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        this.member_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        to.put(&self.member_id)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupCurrentMemberAssignmentKey, CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY);

/// `ConsumerGroupCurrentMemberAssignmentValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupCurrentMemberAssignmentValue {
    /// `member_epoch`.
    pub member_epoch: i32,
    /// `previous_member_epoch`.
    pub previous_member_epoch: i32,
    /// `state`.
    pub state: i8,
    /// `assigned_partitions`.
    pub assigned_partitions: Vec<TopicPartitions>,
    /// `partitions_pending_revocation`.
    pub partitions_pending_revocation: Vec<TopicPartitions>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ConsumerGroupCurrentMemberAssignmentValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.member_epoch = from.get()?;
        this.previous_member_epoch = from.get()?;
        this.state = from.get()?;
        this.assigned_partitions = from.get()?;
        this.partitions_pending_revocation = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.member_epoch)?;
        to.put(&self.previous_member_epoch)?;
        to.put(&self.state)?;
        to.put(&self.assigned_partitions)?;
        to.put(&self.partitions_pending_revocation)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `TopicPartitions` in `ConsumerGroupCurrentMemberAssignmentValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitions {
    /// `topic_id`.
    pub topic_id: Uuid,
    /// `partitions`.
    pub partitions: Vec<i32>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for TopicPartitions {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.topic_id = from.get()?;
        this.partitions = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.topic_id)?;
        to.put(&self.partitions)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupCurrentMemberAssignmentValue, CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE);

/// `ConsumerGroupMemberMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupMemberMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
    /// `member_id`.
    pub member_id: StrBytes,
}

impl Value for ConsumerGroupMemberMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        this.member_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        to.put(&self.member_id)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupMemberMetadataKey, CONSUMER_GROUP_MEMBER_METADATA_KEY);

/// `ConsumerGroupMemberMetadataValue`, version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerGroupMemberMetadataValue {
    /// `instance_id`.
    pub instance_id: Option<StrBytes>,
    /// `rack_id`.
    pub rack_id: Option<StrBytes>,
    /// `client_id`.
    pub client_id: StrBytes,
    /// `client_host`.
    pub client_host: StrBytes,
    /// `subscribed_topic_names`.
    pub subscribed_topic_names: Vec<StrBytes>,
    /// `subscribed_topic_regex`.
    pub subscribed_topic_regex: Option<StrBytes>,
    /// `rebalance_timeout_ms`.
    pub rebalance_timeout_ms: i32,
    /// `server_assignor`.
    pub server_assignor: Option<StrBytes>,
    /// `classic_member_metadata`.
    pub classic_member_metadata: Option<ClassicMemberMetadata>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Default for ConsumerGroupMemberMetadataValue {
    fn default() -> Self {
        Self {
            instance_id: Default::default(),
            rack_id: Default::default(),
            client_id: Default::default(),
            client_host: Default::default(),
            subscribed_topic_names: Default::default(),
            subscribed_topic_regex: Default::default(),
            rebalance_timeout_ms: -1,
            server_assignor: Default::default(),
            classic_member_metadata: Some(Default::default()),
            unknown_tagged_fields: Default::default(),
        }
    }
}

impl Value for ConsumerGroupMemberMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.instance_id = from.get()?;
        this.rack_id = from.get()?;
        this.client_id = from.get()?;
        this.client_host = from.get()?;
        this.subscribed_topic_names = from.get()?;
        this.subscribed_topic_regex = from.get()?;
        this.rebalance_timeout_ms = from.get()?;
        this.server_assignor = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            match tag {
                0 => this.classic_member_metadata = from.tagged_optional()?,
                _ => {
                    this.unknown_tagged_fields.insert(tag, from.raw(size)?);
                }
            }
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.instance_id)?;
        to.put(&self.rack_id)?;
        to.put(&self.client_id)?;
        to.put(&self.client_host)?;
        to.put(&self.subscribed_topic_names)?;
        to.put(&self.subscribed_topic_regex)?;
        to.put(&self.rebalance_timeout_ms)?;
        to.put(&self.server_assignor)?;
        let mut tags = Vec::new();
        if self.classic_member_metadata != Some(Default::default()) {
            if !to.is_flexible() {
                return Err(to.absent("classic_member_metadata"));
            }
            tags.push((0, to.aside(|to| to.put_tagged_optional(&self.classic_member_metadata))?));
        }
        to.put_tags(tags, &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `ClassicMemberMetadata` in `ConsumerGroupMemberMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassicMemberMetadata {
    /// `session_timeout_ms`.
    pub session_timeout_ms: i32,
    /// `supported_protocols`.
    pub supported_protocols: Vec<ClassicProtocol>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ClassicMemberMetadata {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.session_timeout_ms = from.get()?;
        this.supported_protocols = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.session_timeout_ms)?;
        to.put(&self.supported_protocols)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `ClassicProtocol` in `ConsumerGroupMemberMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassicProtocol {
    /// `name`.
    pub name: StrBytes,
    /// `metadata`.
    pub metadata: Bytes,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ClassicProtocol {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.name = from.get()?;
        this.metadata = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.name)?;
        to.put(&self.metadata)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupMemberMetadataValue, CONSUMER_GROUP_MEMBER_METADATA_VALUE);

/// `ConsumerGroupMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
}

impl Value for ConsumerGroupMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupMetadataKey, CONSUMER_GROUP_METADATA_KEY);

/// `ConsumerGroupMetadataValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupMetadataValue {
    /// `epoch`.
    pub epoch: i32,
    /// `metadata_hash`.
    pub metadata_hash: i64,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ConsumerGroupMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.epoch = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            match tag {
                0 => this.metadata_hash = from.get()?,
                _ => {
                    this.unknown_tagged_fields.insert(tag, from.raw(size)?);
                }
            }
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.epoch)?;
        let mut tags = Vec::new();
        if self.metadata_hash != 0 {
            if !to.is_flexible() {
                return Err(to.absent("metadata_hash"));
            }
            tags.push((0, to.aside(|to| to.put(&self.metadata_hash))?));
        }
        to.put_tags(tags, &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupMetadataValue, CONSUMER_GROUP_METADATA_VALUE);

/// `ConsumerGroupPartitionMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupPartitionMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
}

impl Value for ConsumerGroupPartitionMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupPartitionMetadataKey, CONSUMER_GROUP_PARTITION_METADATA_KEY);

/// `ConsumerGroupPartitionMetadataValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupPartitionMetadataValue {
    /// `topics`.
    pub topics: Vec<TopicMetadata>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ConsumerGroupPartitionMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.topics = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.topics)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `TopicMetadata` in `ConsumerGroupPartitionMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicMetadata {
    /// `topic_id`.
    pub topic_id: Uuid,
    /// `topic_name`.
    pub topic_name: StrBytes,
    /// `num_partitions`.
    pub num_partitions: i32,
    /// `partition_metadata`.
    pub partition_metadata: Vec<PartitionMetadata>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for TopicMetadata {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.topic_id = from.get()?;
        this.topic_name = from.get()?;
        this.num_partitions = from.get()?;
        this.partition_metadata = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.topic_id)?;
        to.put(&self.topic_name)?;
        to.put(&self.num_partitions)?;
        to.put(&self.partition_metadata)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `PartitionMetadata` in `ConsumerGroupPartitionMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionMetadata {
    /// `partition`.
    pub partition: i32,
    /// `racks`.
    pub racks: Vec<StrBytes>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for PartitionMetadata {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.partition = from.get()?;
        this.racks = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.partition)?;
        to.put(&self.racks)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupPartitionMetadataValue, CONSUMER_GROUP_PARTITION_METADATA_VALUE);

/// `ConsumerGroupRegularExpressionKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupRegularExpressionKey {
    /// `group_id`.
    pub group_id: StrBytes,
    /// `regular_expression`.
    pub regular_expression: StrBytes,
}

impl Value for ConsumerGroupRegularExpressionKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        this.regular_expression = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        to.put(&self.regular_expression)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupRegularExpressionKey, CONSUMER_GROUP_REGULAR_EXPRESSION_KEY);

/// `ConsumerGroupRegularExpressionValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupRegularExpressionValue {
    /// `topics`.
    pub topics: Vec<StrBytes>,
    /// `version`.
    pub version: i64,
    /// `timestamp`.
    pub timestamp: i64,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ConsumerGroupRegularExpressionValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.topics = from.get()?;
        this.version = from.get()?;
        this.timestamp = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.topics)?;
        to.put(&self.version)?;
        to.put(&self.timestamp)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupRegularExpressionValue, CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE);

/// `ConsumerGroupTargetAssignmentMemberKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMemberKey {
    /// `group_id`.
    pub group_id: StrBytes,
    /// `member_id`.
    pub member_id: StrBytes,
}

impl Value for ConsumerGroupTargetAssignmentMemberKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        this.member_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        to.put(&self.member_id)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupTargetAssignmentMemberKey, CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY);

/// `ConsumerGroupTargetAssignmentMemberValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMemberValue {
    /// `topic_partitions`.
    pub topic_partitions: Vec<TopicPartition>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ConsumerGroupTargetAssignmentMemberValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.topic_partitions = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.topic_partitions)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `TopicPartition` in `ConsumerGroupTargetAssignmentMemberValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartition {
    /// `topic_id`.
    pub topic_id: Uuid,
    /// `partitions`.
    pub partitions: Vec<i32>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for TopicPartition {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.topic_id = from.get()?;
        this.partitions = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.topic_id)?;
        to.put(&self.partitions)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupTargetAssignmentMemberValue, CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE);

/// `ConsumerGroupTargetAssignmentMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
}

impl Value for ConsumerGroupTargetAssignmentMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupTargetAssignmentMetadataKey, CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY);

/// `ConsumerGroupTargetAssignmentMetadataValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConsumerGroupTargetAssignmentMetadataValue {
    /// `assignment_epoch`.
    pub assignment_epoch: i32,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ConsumerGroupTargetAssignmentMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.assignment_epoch = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.assignment_epoch)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ConsumerGroupTargetAssignmentMetadataValue, CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE);

/// `GroupMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupMetadataKey {
    /// `group`.
    pub group: StrBytes,
}

impl Value for GroupMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group)?;
        Ok(())
    }
}

belongs_to!(GroupMetadataKey, GROUP_METADATA_KEY);

/// `GroupMetadataValue`, versions 0 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupMetadataValue {
    /// `protocol_type`.
    pub protocol_type: StrBytes,
    /// `generation`.
    pub generation: i32,
    /// `protocol`.
    pub protocol: Option<StrBytes>,
    /// `leader`.
    pub leader: Option<StrBytes>,
    /// `current_state_timestamp`, from version 2 on.
    pub current_state_timestamp: i64,
    /// `members`.
    pub members: Vec<MemberMetadata>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Default for GroupMetadataValue {
    fn default() -> Self {
        Self {
            protocol_type: Default::default(),
            generation: Default::default(),
            protocol: Default::default(),
            leader: Default::default(),
            current_state_timestamp: -1,
            members: Default::default(),
            unknown_tagged_fields: Default::default(),
        }
    }
}

impl Value for GroupMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.protocol_type = from.get()?;
        this.generation = from.get()?;
        this.protocol = from.get()?;
        this.leader = from.get()?;
        if from.version() >= 2 {
            this.current_state_timestamp = from.get()?;
        }
        this.members = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.protocol_type)?;
        to.put(&self.generation)?;
        to.put(&self.protocol)?;
        to.put(&self.leader)?;
        if to.version() >= 2 {
            to.put(&self.current_state_timestamp)?;
        }
        to.put(&self.members)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `MemberMetadata` in `GroupMetadataValue`.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberMetadata {
    /// `member_id`.
    pub member_id: StrBytes,
    /// `group_instance_id`, from version 3 on.
    pub group_instance_id: Option<StrBytes>,
    /// `client_id`.
    pub client_id: StrBytes,
    /// `client_host`.
    pub client_host: StrBytes,
    /// `rebalance_timeout`, from version 1 on.
    pub rebalance_timeout: i32,
    /// `session_timeout`.
    pub session_timeout: i32,
    /// `subscription`.
    pub subscription: Bytes,
    /// `assignment`.
    pub assignment: Bytes,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Default for MemberMetadata {
    fn default() -> Self {
        Self {
            member_id: Default::default(),
            group_instance_id: Default::default(),
            client_id: Default::default(),
            client_host: Default::default(),
            rebalance_timeout: -1,
            session_timeout: Default::default(),
            subscription: Default::default(),
            assignment: Default::default(),
            unknown_tagged_fields: Default::default(),
        }
    }
}

impl Value for MemberMetadata {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.member_id = from.get()?;
        if from.version() >= 3 {
            this.group_instance_id = from.get()?;
        }
        this.client_id = from.get()?;
        this.client_host = from.get()?;
        if from.version() >= 1 {
            this.rebalance_timeout = from.get()?;
        }
        this.session_timeout = from.get()?;
        this.subscription = from.get()?;
        this.assignment = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.member_id)?;
        if to.version() >= 3 {
            to.put(&self.group_instance_id)?;
        }
        to.put(&self.client_id)?;
        to.put(&self.client_host)?;
        if to.version() >= 1 {
            to.put(&self.rebalance_timeout)?;
        }
        to.put(&self.session_timeout)?;
        to.put(&self.subscription)?;
        to.put(&self.assignment)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(GroupMetadataValue, GROUP_METADATA_VALUE);

/// `LegacyOffsetCommitKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegacyOffsetCommitKey {
    /// `group`.
    pub group: StrBytes,
    /// `topic`.
    pub topic: StrBytes,
    /// `partition`.
    pub partition: i32,
}

impl Value for LegacyOffsetCommitKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group = from.get()?;
        this.topic = from.get()?;
        this.partition = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group)?;
        to.put(&self.topic)?;
        to.put(&self.partition)?;
        Ok(())
    }
}

belongs_to!(LegacyOffsetCommitKey, LEGACY_OFFSET_COMMIT_KEY);

/// `LegacyOffsetCommitValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LegacyOffsetCommitValue {
    /// `offset`.
    pub offset: i64,
    /// `metadata`.
    pub metadata: StrBytes,
    /// `commit_timestamp`.
    pub commit_timestamp: i64,
}

impl Value for LegacyOffsetCommitValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.offset = from.get()?;
        this.metadata = from.get()?;
        this.commit_timestamp = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.offset)?;
        to.put(&self.metadata)?;
        to.put(&self.commit_timestamp)?;
        Ok(())
    }
}

belongs_to!(LegacyOffsetCommitValue, LEGACY_OFFSET_COMMIT_VALUE);

/// `OffsetCommitKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OffsetCommitKey {
    /// `group`.
    pub group: StrBytes,
    /// `topic`.
    pub topic: StrBytes,
    /// `partition`.
    pub partition: i32,
}

impl Value for OffsetCommitKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group = from.get()?;
        this.topic = from.get()?;
        this.partition = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group)?;
        to.put(&self.topic)?;
        to.put(&self.partition)?;
        Ok(())
    }
}

belongs_to!(OffsetCommitKey, OFFSET_COMMIT_KEY);

/// `OffsetCommitValue`, versions 0 to 4.
#[derive(Clone, Debug, PartialEq)]
pub struct OffsetCommitValue {
    /// `offset`.
    pub offset: i64,
    /// `leader_epoch`, from version 3 on.
    pub leader_epoch: i32,
    /// `metadata`.
    pub metadata: StrBytes,
    /// `commit_timestamp`.
    pub commit_timestamp: i64,
    /// `expire_timestamp`, in version 1.
    pub expire_timestamp: i64,
    /// `topic_id`, from version 4 on.
    pub topic_id: Uuid,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Default for OffsetCommitValue {
    fn default() -> Self {
        Self {
            offset: Default::default(),
            leader_epoch: -1,
            metadata: Default::default(),
            commit_timestamp: Default::default(),
            expire_timestamp: -1,
            topic_id: Default::default(),
            unknown_tagged_fields: Default::default(),
        }
    }
}

impl Value for OffsetCommitValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.offset = from.get()?;
        if from.version() >= 3 {
            this.leader_epoch = from.get()?;
        }
        this.metadata = from.get()?;
        this.commit_timestamp = from.get()?;
        if from.version() == 1 {
            this.expire_timestamp = from.get()?;
        }
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            match tag {
                0 => this.topic_id = from.get()?,
                _ => {
                    this.unknown_tagged_fields.insert(tag, from.raw(size)?);
                }
            }
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.offset)?;
        if to.version() >= 3 {
            to.put(&self.leader_epoch)?;
        }
        to.put(&self.metadata)?;
        to.put(&self.commit_timestamp)?;
        if to.version() == 1 {
            to.put(&self.expire_timestamp)?;
        }
        let mut tags = Vec::new();
        if !self.topic_id.is_nil() {
            tags.push((0, to.aside(|to| to.put(&self.topic_id))?));
        }
        to.put_tags(tags, &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(OffsetCommitValue, OFFSET_COMMIT_VALUE);

/// `ShareGroupCurrentMemberAssignmentKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupCurrentMemberAssignmentKey {
    /// `group_id`.
    pub group_id: StrBytes,
    /// `member_id`.
    pub member_id: StrBytes,
}

impl Value for ShareGroupCurrentMemberAssignmentKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        this.member_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        to.put(&self.member_id)?;
        Ok(())
    }
}

belongs_to!(ShareGroupCurrentMemberAssignmentKey, SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY);

/// `ShareGroupCurrentMemberAssignmentValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupCurrentMemberAssignmentValue {
    /// `member_epoch`.
    pub member_epoch: i32,
    /// `previous_member_epoch`.
    pub previous_member_epoch: i32,
    /// `state`.
    pub state: i8,
    /// `assigned_partitions`.
    pub assigned_partitions: Vec<TopicPartitions>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ShareGroupCurrentMemberAssignmentValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.member_epoch = from.get()?;
        this.previous_member_epoch = from.get()?;
        this.state = from.get()?;
        this.assigned_partitions = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.member_epoch)?;
        to.put(&self.previous_member_epoch)?;
        to.put(&self.state)?;
        to.put(&self.assigned_partitions)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ShareGroupCurrentMemberAssignmentValue, SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE);

/// `ShareGroupMemberMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupMemberMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
    /// `member_id`.
    pub member_id: StrBytes,
}

impl Value for ShareGroupMemberMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        this.member_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        to.put(&self.member_id)?;
        Ok(())
    }
}

belongs_to!(ShareGroupMemberMetadataKey, SHARE_GROUP_MEMBER_METADATA_KEY);

/// `ShareGroupMemberMetadataValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupMemberMetadataValue {
    /// `rack_id`.
    pub rack_id: Option<StrBytes>,
    /// `client_id`.
    pub client_id: StrBytes,
    /// `client_host`.
    pub client_host: StrBytes,
    /// `subscribed_topic_names`.
    pub subscribed_topic_names: Vec<StrBytes>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ShareGroupMemberMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.rack_id = from.get()?;
        this.client_id = from.get()?;
        this.client_host = from.get()?;
        this.subscribed_topic_names = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.rack_id)?;
        to.put(&self.client_id)?;
        to.put(&self.client_host)?;
        to.put(&self.subscribed_topic_names)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ShareGroupMemberMetadataValue, SHARE_GROUP_MEMBER_METADATA_VALUE);

/// `ShareGroupMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
}

impl Value for ShareGroupMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        Ok(())
    }
}

belongs_to!(ShareGroupMetadataKey, SHARE_GROUP_METADATA_KEY);

/// `ShareGroupMetadataValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupMetadataValue {
    /// `epoch`.
    pub epoch: i32,
    /// `metadata_hash`.
    pub metadata_hash: i64,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ShareGroupMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.epoch = from.get()?;
        this.metadata_hash = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.epoch)?;
        to.put(&self.metadata_hash)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ShareGroupMetadataValue, SHARE_GROUP_METADATA_VALUE);

/// `ShareGroupStatePartitionMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupStatePartitionMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
}

impl Value for ShareGroupStatePartitionMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        Ok(())
    }
}

belongs_to!(ShareGroupStatePartitionMetadataKey, SHARE_GROUP_STATE_PARTITION_METADATA_KEY);

/// `ShareGroupStatePartitionMetadataValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupStatePartitionMetadataValue {
    /// `initializing_topics`.
    pub initializing_topics: Vec<TopicPartitionsInfo>,
    /// `initialized_topics`.
    pub initialized_topics: Vec<TopicPartitionsInfo>,
    /// `deleting_topics`.
    pub deleting_topics: Vec<ShareGroupStatePartitionMetadataTopicInfo>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ShareGroupStatePartitionMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.initializing_topics = from.get()?;
        this.initialized_topics = from.get()?;
        this.deleting_topics = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.initializing_topics)?;
        to.put(&self.initialized_topics)?;
        to.put(&self.deleting_topics)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `TopicPartitionsInfo` in `ShareGroupStatePartitionMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicPartitionsInfo {
    /// `topic_id`.
    pub topic_id: Uuid,
    /// `topic_name`.
    pub topic_name: StrBytes,
    /// `partitions`.
    pub partitions: Vec<i32>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for TopicPartitionsInfo {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.topic_id = from.get()?;
        this.topic_name = from.get()?;
        this.partitions = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.topic_id)?;
        to.put(&self.topic_name)?;
        to.put(&self.partitions)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `TopicInfo` in `ShareGroupStatePartitionMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupStatePartitionMetadataTopicInfo {
    /// `topic_id`.
    pub topic_id: Uuid,
    /// `topic_name`.
    pub topic_name: StrBytes,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ShareGroupStatePartitionMetadataTopicInfo {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.topic_id = from.get()?;
        this.topic_name = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.topic_id)?;
        to.put(&self.topic_name)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ShareGroupStatePartitionMetadataValue, SHARE_GROUP_STATE_PARTITION_METADATA_VALUE);

/// `ShareGroupTargetAssignmentMemberKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupTargetAssignmentMemberKey {
    /// `group_id`.
    pub group_id: StrBytes,
    /// `member_id`.
    pub member_id: StrBytes,
}

impl Value for ShareGroupTargetAssignmentMemberKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        this.member_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        to.put(&self.member_id)?;
        Ok(())
    }
}

belongs_to!(ShareGroupTargetAssignmentMemberKey, SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY);

/// `ShareGroupTargetAssignmentMemberValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupTargetAssignmentMemberValue {
    /// `topic_partitions`.
    pub topic_partitions: Vec<TopicPartition>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ShareGroupTargetAssignmentMemberValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.topic_partitions = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.topic_partitions)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ShareGroupTargetAssignmentMemberValue, SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE);

/// `ShareGroupTargetAssignmentMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupTargetAssignmentMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
}

impl Value for ShareGroupTargetAssignmentMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        Ok(())
    }
}

belongs_to!(ShareGroupTargetAssignmentMetadataKey, SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY);

/// `ShareGroupTargetAssignmentMetadataValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareGroupTargetAssignmentMetadataValue {
    /// `assignment_epoch`.
    pub assignment_epoch: i32,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for ShareGroupTargetAssignmentMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.assignment_epoch = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.assignment_epoch)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(ShareGroupTargetAssignmentMetadataValue, SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE);

/// `StreamsGroupCurrentMemberAssignmentKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupCurrentMemberAssignmentKey {
    /// `group_id`.
    pub group_id: StrBytes,
    /// `member_id`.
    pub member_id: StrBytes,
}

impl Value for StreamsGroupCurrentMemberAssignmentKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        this.member_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        to.put(&self.member_id)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupCurrentMemberAssignmentKey, STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY);

/// `StreamsGroupCurrentMemberAssignmentValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupCurrentMemberAssignmentValue {
    /// `member_epoch`.
    pub member_epoch: i32,
    /// `previous_member_epoch`.
    pub previous_member_epoch: i32,
    /// `state`.
    pub state: i8,
    /// `active_tasks`.
    pub active_tasks: Vec<TaskIds>,
    /// `standby_tasks`.
    pub standby_tasks: Vec<TaskIds>,
    /// `warmup_tasks`.
    pub warmup_tasks: Vec<TaskIds>,
    /// `active_tasks_pending_revocation`.
    pub active_tasks_pending_revocation: Vec<TaskIds>,
    /// `standby_tasks_pending_revocation`.
    pub standby_tasks_pending_revocation: Vec<TaskIds>,
    /// `warmup_tasks_pending_revocation`.
    pub warmup_tasks_pending_revocation: Vec<TaskIds>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for StreamsGroupCurrentMemberAssignmentValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.member_epoch = from.get()?;
        this.previous_member_epoch = from.get()?;
        this.state = from.get()?;
        this.active_tasks = from.get()?;
        this.standby_tasks = from.get()?;
        this.warmup_tasks = from.get()?;
        this.active_tasks_pending_revocation = from.get()?;
        this.standby_tasks_pending_revocation = from.get()?;
        this.warmup_tasks_pending_revocation = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.member_epoch)?;
        to.put(&self.previous_member_epoch)?;
        to.put(&self.state)?;
        to.put(&self.active_tasks)?;
        to.put(&self.standby_tasks)?;
        to.put(&self.warmup_tasks)?;
        to.put(&self.active_tasks_pending_revocation)?;
        to.put(&self.standby_tasks_pending_revocation)?;
        to.put(&self.warmup_tasks_pending_revocation)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `TaskIds` in `StreamsGroupCurrentMemberAssignmentValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskIds {
    /// `subtopology_id`.
    pub subtopology_id: StrBytes,
    /// `partitions`.
    pub partitions: Vec<i32>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for TaskIds {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.subtopology_id = from.get()?;
        this.partitions = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.subtopology_id)?;
        to.put(&self.partitions)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupCurrentMemberAssignmentValue, STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE);

/// `StreamsGroupMemberMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupMemberMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
    /// `member_id`.
    pub member_id: StrBytes,
}

impl Value for StreamsGroupMemberMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        this.member_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        to.put(&self.member_id)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupMemberMetadataKey, STREAMS_GROUP_MEMBER_METADATA_KEY);

/// `StreamsGroupMemberMetadataValue`, version 0.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamsGroupMemberMetadataValue {
    /// `instance_id`.
    pub instance_id: Option<StrBytes>,
    /// `rack_id`.
    pub rack_id: Option<StrBytes>,
    /// `client_id`.
    pub client_id: StrBytes,
    /// `client_host`.
    pub client_host: StrBytes,
    /// `rebalance_timeout_ms`.
    pub rebalance_timeout_ms: i32,
    /// `topology_epoch`.
    pub topology_epoch: i32,
    /// `process_id`.
    pub process_id: StrBytes,
    /// `user_endpoint`.
    pub user_endpoint: Option<Endpoint>,
    /// `client_tags`.
    pub client_tags: Vec<KeyValue>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Default for StreamsGroupMemberMetadataValue {
    fn default() -> Self {
        Self {
            instance_id: Default::default(),
            rack_id: Default::default(),
            client_id: Default::default(),
            client_host: Default::default(),
            rebalance_timeout_ms: -1,
            topology_epoch: Default::default(),
            process_id: Default::default(),
            user_endpoint: Default::default(),
            client_tags: Default::default(),
            unknown_tagged_fields: Default::default(),
        }
    }
}

impl Value for StreamsGroupMemberMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.instance_id = from.get()?;
        this.rack_id = from.get()?;
        this.client_id = from.get()?;
        this.client_host = from.get()?;
        this.rebalance_timeout_ms = from.get()?;
        this.topology_epoch = from.get()?;
        this.process_id = from.get()?;
        this.user_endpoint = from.optional()?;
        this.client_tags = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.instance_id)?;
        to.put(&self.rack_id)?;
        to.put(&self.client_id)?;
        to.put(&self.client_host)?;
        to.put(&self.rebalance_timeout_ms)?;
        to.put(&self.topology_epoch)?;
        to.put(&self.process_id)?;
        to.put_optional(&self.user_endpoint)?;
        to.put(&self.client_tags)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `Endpoint` in `StreamsGroupMemberMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint {
    /// `host`.
    pub host: StrBytes,
    /// `port`.
    pub port: u16,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for Endpoint {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.host = from.get()?;
        this.port = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.host)?;
        to.put(&self.port)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `KeyValue` in `StreamsGroupMemberMetadataValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyValue {
    /// `key`.
    pub key: StrBytes,
    /// `value`.
    pub value: StrBytes,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for KeyValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.key = from.get()?;
        this.value = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.key)?;
        to.put(&self.value)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupMemberMetadataValue, STREAMS_GROUP_MEMBER_METADATA_VALUE);

/// `StreamsGroupMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
}

impl Value for StreamsGroupMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupMetadataKey, STREAMS_GROUP_METADATA_KEY);

/// `StreamsGroupMetadataValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupMetadataValue {
    /// `epoch`.
    pub epoch: i32,
    /// `metadata_hash`.
    pub metadata_hash: i64,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for StreamsGroupMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.epoch = from.get()?;
        this.metadata_hash = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.epoch)?;
        to.put(&self.metadata_hash)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupMetadataValue, STREAMS_GROUP_METADATA_VALUE);

/// `StreamsGroupTargetAssignmentMemberKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMemberKey {
    /// `group_id`.
    pub group_id: StrBytes,
    /// `member_id`.
    pub member_id: StrBytes,
}

impl Value for StreamsGroupTargetAssignmentMemberKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        this.member_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        to.put(&self.member_id)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupTargetAssignmentMemberKey, STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY);

/// `StreamsGroupTargetAssignmentMemberValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMemberValue {
    /// `active_tasks`.
    pub active_tasks: Vec<TaskIds>,
    /// `standby_tasks`.
    pub standby_tasks: Vec<TaskIds>,
    /// `warmup_tasks`.
    pub warmup_tasks: Vec<TaskIds>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for StreamsGroupTargetAssignmentMemberValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.active_tasks = from.get()?;
        this.standby_tasks = from.get()?;
        this.warmup_tasks = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.active_tasks)?;
        to.put(&self.standby_tasks)?;
        to.put(&self.warmup_tasks)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupTargetAssignmentMemberValue, STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE);

/// `StreamsGroupTargetAssignmentMetadataKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMetadataKey {
    /// `group_id`.
    pub group_id: StrBytes,
}

impl Value for StreamsGroupTargetAssignmentMetadataKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupTargetAssignmentMetadataKey, STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_KEY);

/// `StreamsGroupTargetAssignmentMetadataValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTargetAssignmentMetadataValue {
    /// `assignment_epoch`.
    pub assignment_epoch: i32,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for StreamsGroupTargetAssignmentMetadataValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.assignment_epoch = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.assignment_epoch)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupTargetAssignmentMetadataValue, STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE);

/// `StreamsGroupTopologyKey`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTopologyKey {
    /// `group_id`.
    pub group_id: StrBytes,
}

impl Value for StreamsGroupTopologyKey {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.group_id = from.get()?;
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.group_id)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupTopologyKey, STREAMS_GROUP_TOPOLOGY_KEY);

/// `StreamsGroupTopologyValue`, version 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTopologyValue {
    /// `epoch`.
    pub epoch: i32,
    /// `subtopologies`.
    pub subtopologies: Vec<Subtopology>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for StreamsGroupTopologyValue {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.epoch = from.get()?;
        this.subtopologies = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.epoch)?;
        to.put(&self.subtopologies)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `Subtopology` in `StreamsGroupTopologyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subtopology {
    /// `subtopology_id`.
    pub subtopology_id: StrBytes,
    /// `source_topics`.
    pub source_topics: Vec<StrBytes>,
    /// `source_topic_regex`.
    pub source_topic_regex: Vec<StrBytes>,
    /// `state_changelog_topics`.
    pub state_changelog_topics: Vec<StreamsGroupTopologyTopicInfo>,
    /// `repartition_sink_topics`.
    pub repartition_sink_topics: Vec<StrBytes>,
    /// `repartition_source_topics`.
    pub repartition_source_topics: Vec<StreamsGroupTopologyTopicInfo>,
    /// `copartition_groups`.
    pub copartition_groups: Vec<CopartitionGroup>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for Subtopology {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.subtopology_id = from.get()?;
        this.source_topics = from.get()?;
        this.source_topic_regex = from.get()?;
        this.state_changelog_topics = from.get()?;
        this.repartition_sink_topics = from.get()?;
        this.repartition_source_topics = from.get()?;
        this.copartition_groups = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.subtopology_id)?;
        to.put(&self.source_topics)?;
        to.put(&self.source_topic_regex)?;
        to.put(&self.state_changelog_topics)?;
        to.put(&self.repartition_sink_topics)?;
        to.put(&self.repartition_source_topics)?;
        to.put(&self.copartition_groups)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `TopicInfo` in `StreamsGroupTopologyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamsGroupTopologyTopicInfo {
    /// `name`.
    pub name: StrBytes,
    /// `partitions`.
    pub partitions: i32,
    /// `replication_factor`.
    pub replication_factor: i16,
    /// `topic_configs`.
    pub topic_configs: Vec<TopicConfig>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for StreamsGroupTopologyTopicInfo {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.name = from.get()?;
        this.partitions = from.get()?;
        this.replication_factor = from.get()?;
        this.topic_configs = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.name)?;
        to.put(&self.partitions)?;
        to.put(&self.replication_factor)?;
        to.put(&self.topic_configs)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `TopicConfig` in `StreamsGroupTopologyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicConfig {
    /// `key`.
    pub key: StrBytes,
    /// `value`.
    pub value: StrBytes,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for TopicConfig {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.key = from.get()?;
        this.value = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.key)?;
        to.put(&self.value)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

/// `CopartitionGroup` in `StreamsGroupTopologyValue`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CopartitionGroup {
    /// `source_topics`.
    pub source_topics: Vec<i16>,
    /// `source_topic_regex`.
    pub source_topic_regex: Vec<i16>,
    /// `repartition_source_topics`.
    pub repartition_source_topics: Vec<i16>,
    /// Tagged fields that are not known.
    pub unknown_tagged_fields: UnknownTaggedFields,
}

impl Value for CopartitionGroup {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let mut this = Self::default();
        this.source_topics = from.get()?;
        this.source_topic_regex = from.get()?;
        this.repartition_source_topics = from.get()?;
        for _ in 0..from.tags()? {
            let (tag, size) = from.tag()?;
            this.unknown_tagged_fields.insert(tag, from.raw(size)?);
        }
        Ok(this)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put(&self.source_topics)?;
        to.put(&self.source_topic_regex)?;
        to.put(&self.repartition_source_topics)?;
        to.put_tags([], &self.unknown_tagged_fields)?;
        Ok(())
    }
}

belongs_to!(StreamsGroupTopologyValue, STREAMS_GROUP_TOPOLOGY_VALUE);
