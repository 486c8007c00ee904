//! Requests that many cases send.

use bytes::Bytes;
use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};
use milena_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use milena_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use milena_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use milena_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use milena_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use milena_protocol::messages::{
    BrokerId, CreateTopicsRequest, DeleteRecordsRequest, DescribeProducersRequest,
    DescribeTopicPartitionsRequest, FetchRequest, ListOffsetsRequest, ProduceRequest, TopicName,
    describe_producers_request, describe_topic_partitions_request,
};
use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};

use super::super::scenario::{metadata_of, text};
use super::super::{Outcome, Scenario, Trouble};

/// The last Produce version that names topics.
pub(super) const PRODUCE: i16 = 12;
/// The last Fetch version that names topics.
pub(super) const FETCH: i16 = 12;
/// A ListOffsets version both releases serve.
pub(super) const LIST_OFFSETS: i16 = 9;
/// A CreateTopics version both releases serve.
pub(super) const CREATE_TOPICS: i16 = 7;

/// A record's timestamp where a case does not care: real brokers refuse what is far in the future,
/// and this is in the past of both subjects.
pub(super) const TIMESTAMP: i64 = 1_700_000_000_000;

/// A batch of values, from no producer in particular.
pub(super) fn batch(values: &[&str]) -> Bytes {
    stamped(values, &Stamp::default())
}

/// A batch of an idempotent producer.
pub(super) fn idempotent(values: &[&str], id: i64, epoch: i16, sequence: i32) -> Bytes {
    let stamp = Stamp {
        producer_id: ProducerId(id),
        producer_epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(sequence),
        ..Stamp::default()
    };
    stamped(values, &stamp)
}

/// A batch with everything a stamp says.
pub(super) fn stamped(values: &[&str], stamp: &Stamp) -> Bytes {
    let mut builder = BatchBuilder::new(1024);
    for value in values {
        builder
            .append(TIMESTAMP, None, Some(value.as_bytes()), NO_HEADERS)
            .expect("a few short values fit");
    }
    builder.seal().stamp(stamp).to_bytes()
}

/// A batch of records with these timestamps.
pub(super) fn batch_at(times: &[i64]) -> Bytes {
    let mut builder = BatchBuilder::new(1024);
    for time in times {
        builder.append(*time, None, Some(b"v"), NO_HEADERS).expect("a few short values fit");
    }
    builder.seal().stamp(&Stamp::default()).to_bytes()
}

/// A Produce request for partition 0.
pub(super) fn produce(topic: &str, acks: i16, records: Bytes) -> ProduceRequest {
    produce_to(topic, 0, acks, records)
}

/// A Produce request for one partition.
pub(super) fn produce_to(topic: &str, index: i32, acks: i16, records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData::default().with_index(index).with_records(Some(records));
    let topic = TopicProduceData::default()
        .with_name(TopicName(text(topic)))
        .with_partition_data(vec![partition]);
    ProduceRequest::default()
        .with_transactional_id(None)
        .with_acks(acks)
        .with_timeout_ms(10_000)
        .with_topic_data(vec![topic])
}

/// A Fetch request outside a session for partition 0, that does not wait.
pub(super) fn fetch(topic: &str, offset: i64) -> FetchRequest {
    fetch_with(topic, offset, |partition| partition)
}

/// The same with something changed about the partition.
pub(super) fn fetch_with(
    topic: &str,
    offset: i64,
    change: impl FnOnce(FetchPartition) -> FetchPartition,
) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_fetch_offset(offset)
        .with_current_leader_epoch(-1)
        .with_last_fetched_epoch(-1)
        .with_log_start_offset(-1)
        .with_partition_max_bytes(1024 * 1024);
    let topic = FetchTopic::default()
        .with_topic(TopicName(text(topic)))
        .with_partitions(vec![change(partition)]);
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(0)
        .with_min_bytes(1)
        .with_max_bytes(50 * 1024 * 1024)
        .with_session_id(0)
        .with_session_epoch(-1)
        .with_topics(vec![topic])
}

/// A ListOffsets request for partition 0.
pub(super) fn list_offsets(topic: &str, timestamp: i64) -> ListOffsetsRequest {
    let partition =
        ListOffsetsPartition::default().with_current_leader_epoch(-1).with_timestamp(timestamp);
    let topic = ListOffsetsTopic::default()
        .with_name(TopicName(text(topic)))
        .with_partitions(vec![partition]);
    ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(vec![topic])
}

/// The same in a leader epoch.
pub(super) fn list_offsets_in(topic: &str, timestamp: i64, epoch: i32) -> ListOffsetsRequest {
    let mut request = list_offsets(topic, timestamp);
    for partition in request.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
        partition.current_leader_epoch = epoch;
    }
    request
}

/// A DeleteRecords request for one partition; -1 stands for all that is committed.
pub(super) fn delete_until(topic: &str, index: i32, offset: i64) -> DeleteRecordsRequest {
    let partition =
        DeleteRecordsPartition::default().with_partition_index(index).with_offset(offset);
    let topic = DeleteRecordsTopic::default()
        .with_name(TopicName(text(topic)))
        .with_partitions(vec![partition]);
    DeleteRecordsRequest::default().with_topics(vec![topic]).with_timeout_ms(10_000)
}

/// A DescribeProducers request.
pub(super) fn describe_producers(topic: &str, partitions: &[i32]) -> DescribeProducersRequest {
    let topic = describe_producers_request::TopicRequest::default()
        .with_name(TopicName(text(topic)))
        .with_partition_indexes(partitions.to_vec());
    DescribeProducersRequest::default().with_topics(vec![topic])
}

/// A DescribeTopicPartitions request.
pub(super) fn describe_topics(topics: &[&str]) -> DescribeTopicPartitionsRequest {
    let topics = topics.iter().map(|topic| {
        describe_topic_partitions_request::TopicRequest::default().with_name(TopicName(text(topic)))
    });
    DescribeTopicPartitionsRequest::default()
        .with_topics(topics.collect())
        .with_response_partition_limit(2_000)
        .with_cursor(None)
}

/// Writes the checksum that belongs to a batch's bytes.
pub(super) fn fix_crc(batch: &mut [u8]) {
    let crc = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// A topic's id, as a broker tells it.
pub(super) fn topic_id(s: &mut Scenario<'_>, topic: &str) -> Outcome<uuid::Uuid> {
    let answer = s.query(1, 12, &metadata_of(&[topic]))?;
    let found = answer.topics.first().map(|topic| topic.topic_id);
    found.ok_or_else(|| Trouble::Impossible {
        what: format!("tell the id of {topic}"),
        reason: "no broker knows it".to_owned(),
    })
}

/// A topic with these replicas per partition, to be created.
pub(super) fn creatable(
    name: &str,
    replicas: &[&[i32]],
    configs: &[(&str, &str)],
) -> CreatableTopic {
    let assignments = (0..).zip(replicas).map(|(index, replicas)| {
        CreatableReplicaAssignment::default()
            .with_partition_index(index)
            .with_broker_ids(replicas.iter().copied().map(BrokerId).collect())
    });
    let configs = configs.iter().map(|(name, value)| {
        CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))
    });
    CreatableTopic::default()
        .with_name(TopicName(text(name)))
        .with_num_partitions(-1)
        .with_replication_factor(-1)
        .with_assignments(assignments.collect())
        .with_configs(configs.collect())
}

/// A CreateTopics request.
pub(super) fn create(topics: Vec<CreatableTopic>) -> CreateTopicsRequest {
    CreateTopicsRequest::default().with_topics(topics).with_timeout_ms(10_000)
}

impl Scenario<'_> {
    /// Creates a topic of one partition on these replicas, the first of them its leader, and waits
    /// until every broker that is up knows it.
    ///
    /// # Errors
    /// If it is refused.
    pub(super) fn create_on(
        &mut self,
        suffix: &str,
        replicas: &[i32],
        configs: &[(&str, &str)],
    ) -> Outcome<String> {
        let name = self.topic(suffix);
        let request = create(vec![creatable(&name, &[replicas], configs)]);
        let answer = self.query(1, CREATE_TOPICS, &request)?;
        if let Some(refused) = answer.topics.iter().find(|topic| topic.error_code != 0) {
            return Err(Trouble::Impossible {
                what: format!("create {name}"),
                reason: format!("error {}: {:?}", refused.error_code, refused.error_message),
            });
        }
        for broker in self.brokers_up() {
            self.wait_for_isr(broker, &name, replicas[0], replicas)?;
        }
        // A broker lists a leader a moment before that leader serves.
        self.wait_for_high_watermark(replicas[0], &name, 0)?;
        Ok(name)
    }

    /// Waits until broker 1 has acted on all that it lists. It lists a change a moment before its
    /// replicas know of it, and takes one change after the other: when it leads a topic that came
    /// later, it is done with those before.
    ///
    /// # Errors
    /// If the topic is refused.
    pub(super) fn wait_until_it_acts(&mut self, suffix: &str) -> Outcome {
        self.create_on(suffix, &[1], &[]).map(drop)
    }

    /// Appends as a preparation.
    ///
    /// # Errors
    /// If it is refused.
    pub(super) fn append(&mut self, broker: i32, topic: &str, records: Bytes) -> Outcome {
        let answer = self.query(broker, PRODUCE, &produce(topic, -1, records))?;
        let answers = answer.responses.iter().flat_map(|topic| &topic.partition_responses);
        match answers.into_iter().find(|partition| partition.error_code != 0) {
            None => Ok(()),
            Some(refused) => Err(Trouble::Impossible {
                what: format!("append to {topic}"),
                reason: format!("error {}: {:?}", refused.error_code, refused.error_message),
            }),
        }
    }

    /// Waits until a broker tells this as the latest offset of partition 0.
    ///
    /// # Errors
    /// If it never does.
    pub(super) fn wait_for_high_watermark(
        &mut self,
        broker: i32,
        topic: &str,
        offset: i64,
    ) -> Outcome {
        self.wait_until(&format!("high watermark {offset} of {topic}"), |s| {
            let answer = s.query(broker, LIST_OFFSETS, &list_offsets(topic, -1))?;
            let seen = answer.topics.iter().flat_map(|topic| &topic.partitions).next();
            let seen = seen.filter(|partition| partition.error_code == 0);
            let seen = seen.map_or(-1, |partition| partition.offset);
            Ok((seen == offset, format!("latest offset {seen}")))
        })
    }

    /// What a replica, leader or not, holds of partition 0: its first offset and its end.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub(super) fn held(&mut self, broker: i32, topic: &str) -> Outcome<(i64, i64)> {
        // Whoever debugs may ask a follower, and is told its end and not the high watermark.
        let mut ask = |timestamp| {
            let request = list_offsets(topic, timestamp).with_replica_id(BrokerId(-2));
            let answer = self.query(broker, LIST_OFFSETS, &request)?;
            let told = answer.topics.iter().flat_map(|topic| &topic.partitions).next();
            let told = told.filter(|partition| partition.error_code == 0);
            Ok::<_, Trouble>(told.map_or(-1, |partition| partition.offset))
        };
        Ok((ask(-2)?, ask(-1)?))
    }

    /// Waits until a replica holds exactly these offsets, the end not included.
    ///
    /// # Errors
    /// If it never does.
    pub(super) fn wait_for_held(
        &mut self,
        broker: i32,
        topic: &str,
        wanted: (i64, i64),
    ) -> Outcome {
        self.wait_until(&format!("offsets {wanted:?} of {topic} at broker {broker}"), |s| {
            let seen = s.held(broker, topic)?;
            Ok((seen == wanted, format!("{seen:?}")))
        })
    }
}
