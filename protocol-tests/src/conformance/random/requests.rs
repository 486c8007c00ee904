//! The requests of random actions.

use bytes::Bytes;
use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
use milena_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use milena_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use milena_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use milena_protocol::messages::elect_leaders_request::TopicPartitions;
use milena_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use milena_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use milena_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use milena_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use milena_protocol::messages::{
    BrokerId, CreatePartitionsRequest, CreateTopicsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, DescribeProducersRequest, DescribeTopicPartitionsRequest,
    ElectLeadersRequest, FetchRequest, ListOffsetsRequest, OffsetForLeaderEpochRequest,
    ProduceRequest, TopicName, describe_producers_request, describe_topic_partitions_request,
};
use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
use uuid::Uuid;

use super::super::scenario::text;
use super::plan::{Flaw, Numbers, TopicPlan};

fn name(topic: &str) -> TopicName {
    TopicName(text(topic))
}

pub(super) fn timestamp(moment: i64, of_plan: i64) -> i64 {
    if of_plan < 0 { of_plan } else { moment + of_plan }
}

pub(super) fn create(topic: &str, plan: &TopicPlan, validate_only: bool) -> CreateTopicsRequest {
    let assignments = (0..).zip(&plan.replicas).map(|(index, replicas)| {
        CreatableReplicaAssignment::default()
            .with_partition_index(index)
            .with_broker_ids(replicas.iter().copied().map(BrokerId).collect())
    });
    let configs = plan.settings.iter().map(|(name, value)| {
        CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))
    });
    let topic = CreatableTopic::default()
        .with_name(name(topic))
        .with_num_partitions(-1)
        .with_replication_factor(-1)
        .with_assignments(assignments.collect())
        .with_configs(configs.collect());
    CreateTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(10_000)
        .with_validate_only(validate_only)
}

pub(super) fn delete(topic: &str) -> DeleteTopicsRequest {
    DeleteTopicsRequest::default().with_topic_names(vec![name(topic)]).with_timeout_ms(10_000)
}

pub(super) fn grow(topic: &str, count: i32, on: &[i32]) -> CreatePartitionsRequest {
    use milena_protocol::messages::create_partitions_request::CreatePartitionsAssignment;
    let brokers = || on.iter().copied().map(BrokerId).collect();
    // Placement draws lots; a plan says where. One partition comes at a time.
    let assignment = CreatePartitionsAssignment::default().with_broker_ids(brokers());
    let topic = CreatePartitionsTopic::default()
        .with_name(name(topic))
        .with_count(count)
        .with_assignments(Some(vec![assignment]));
    CreatePartitionsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000)
}

/// A topic by its name and, in versions that want one, its id.
pub(super) struct Topic<'a> {
    pub(super) name: &'a str,
    pub(super) id: Uuid,
}

pub(super) fn produce(
    topic: &Topic<'_>,
    version: i16,
    index: i32,
    acks: i16,
    records: Bytes,
) -> ProduceRequest {
    let partition = PartitionProduceData::default().with_index(index).with_records(Some(records));
    let data = TopicProduceData::default().with_partition_data(vec![partition]);
    let data = match version {
        13.. => data.with_topic_id(topic.id),
        _ => data.with_name(name(topic.name)),
    };
    ProduceRequest::default()
        .with_transactional_id(None)
        .with_acks(acks)
        .with_timeout_ms(10_000)
        .with_topic_data(vec![data])
}

pub(super) fn batch(moment: i64, times: &[i64], numbers: Option<Numbers>, flaw: Flaw) -> Bytes {
    let mut builder = BatchBuilder::new(256);
    for (at, time) in times.iter().enumerate() {
        let value = format!("{at} at {time}");
        builder
            .append(moment + time, None, Some(value.as_bytes()), NO_HEADERS)
            .expect("a few short values fit");
    }
    let stamp = numbers.map_or_else(Stamp::default, |numbers| Stamp {
        producer_id: ProducerId(numbers.id),
        producer_epoch: ProducerEpoch(numbers.epoch),
        base_sequence: Sequence(numbers.sequence),
        ..Stamp::default()
    });
    let good = builder.seal().stamp(&stamp).to_bytes();
    match flaw {
        Flaw::None => good,
        Flaw::Damaged => {
            let mut bytes = good.to_vec();
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
            bytes.into()
        }
        Flaw::Doubled => [good.clone(), good].concat().into(),
        Flaw::Shifted => {
            let mut bytes = good.to_vec();
            // The base offset is no part of what the checksum covers.
            bytes[7] = 5;
            bytes.into()
        }
    }
}

/// What a Fetch asks for.
pub(super) struct Wanted {
    pub(super) version: i16,
    pub(super) index: i32,
    pub(super) offset: i64,
    pub(super) epoch: i32,
    pub(super) last_epoch: i32,
    pub(super) max_bytes: i32,
    pub(super) isolation: i8,
}

pub(super) fn fetch(topic: &Topic<'_>, wanted: &Wanted) -> FetchRequest {
    let versioned = |from: i16, value: i32| if wanted.version >= from { value } else { -1 };
    let partition = FetchPartition::default()
        .with_partition(wanted.index)
        .with_fetch_offset(wanted.offset)
        .with_current_leader_epoch(versioned(9, wanted.epoch))
        .with_last_fetched_epoch(versioned(12, wanted.last_epoch))
        .with_log_start_offset(-1)
        .with_partition_max_bytes(wanted.max_bytes);
    let data = FetchTopic::default().with_partitions(vec![partition]);
    let data = match wanted.version {
        13.. => data.with_topic_id(topic.id),
        _ => data.with_topic(name(topic.name)),
    };
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(0)
        .with_min_bytes(1)
        .with_max_bytes(50 * 1024 * 1024)
        .with_isolation_level(wanted.isolation)
        .with_session_id(0)
        .with_session_epoch(-1)
        .with_topics(vec![data])
}

pub(super) fn list_offsets(
    topic: &str,
    version: i16,
    index: i32,
    timestamp: i64,
    epoch: i32,
    isolation: i8,
) -> ListOffsetsRequest {
    let partition = ListOffsetsPartition::default()
        .with_partition_index(index)
        .with_current_leader_epoch(if version >= 4 { epoch } else { -1 })
        .with_timestamp(timestamp);
    let topic = ListOffsetsTopic::default().with_name(name(topic)).with_partitions(vec![partition]);
    ListOffsetsRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_isolation_level(if version >= 2 { isolation } else { 0 })
        .with_topics(vec![topic])
}

pub(super) fn end_of_epoch(
    topic: &str,
    index: i32,
    current: i32,
    epoch: i32,
) -> OffsetForLeaderEpochRequest {
    let partition = OffsetForLeaderPartition::default()
        .with_partition(index)
        .with_current_leader_epoch(current)
        .with_leader_epoch(epoch);
    let topic =
        OffsetForLeaderTopic::default().with_topic(name(topic)).with_partitions(vec![partition]);
    OffsetForLeaderEpochRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![topic])
}

pub(super) fn delete_records(topic: &str, index: i32, offset: i64) -> DeleteRecordsRequest {
    let partition =
        DeleteRecordsPartition::default().with_partition_index(index).with_offset(offset);
    let topic =
        DeleteRecordsTopic::default().with_name(name(topic)).with_partitions(vec![partition]);
    DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000)
}

pub(super) fn elect(topic: &str, index: i32, kind: i8) -> ElectLeadersRequest {
    let partitions =
        TopicPartitions::default().with_topic(name(topic)).with_partitions(vec![index]);
    ElectLeadersRequest::default()
        .with_election_type(kind)
        .with_topic_partitions(Some(vec![partitions]))
        .with_timeout_ms(10_000)
}

pub(super) fn producers(topic: &str, index: i32) -> DescribeProducersRequest {
    let topic = describe_producers_request::TopicRequest::default()
        .with_name(name(topic))
        .with_partition_indexes(vec![index]);
    DescribeProducersRequest::default().with_topics(vec![topic])
}

pub(super) fn describe(topic: &str) -> DescribeTopicPartitionsRequest {
    let topic = describe_topic_partitions_request::TopicRequest::default().with_name(name(topic));
    DescribeTopicPartitionsRequest::default()
        .with_topics(vec![topic])
        .with_response_partition_limit(2_000)
        .with_cursor(None)
}
