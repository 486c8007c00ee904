//! What the client does end to end, as scenarios that take nothing but a bootstrap address: the
//! same run against Apache Kafka and against the simulated cluster.

pub(crate) mod admin;
pub(crate) mod compression;
pub(crate) mod errors;
pub(crate) mod failover;
pub(crate) mod positions;
pub(crate) mod properties;
pub(crate) mod records;

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use milena::Kafka;
use milena::admin::{NewTopic, TopicDescription};
use milena::consumer::{AssignedConsumer, ConsumerRecord, Start};
use milena::protocol::ErrorCode;

/// A case fails by panicking or by an error; both say what went wrong.
pub(crate) type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// A reader that gets nothing new for so long will not get it at all.
const SILENCE: Duration = Duration::from_secs(60);

/// Calls `$run!(module, case)` for every case that one node suffices for.
#[macro_export]
macro_rules! for_each_client_case {
    ($run:ident) => {
        $run! {
            records: keyed_records_come_back_once_and_in_order;
            records: records_without_keys_reach_every_partition;
            records: headers_nulls_and_timestamps_come_back_as_sent;
            records: a_topic_with_log_append_time_stamps_records_itself;
            records: a_record_near_the_limit_goes_round;
            records: weaker_acks_deliver_too;
            compression: records_of_every_codec_come_back_as_sent;
            compression: reading_starts_in_the_middle_of_a_compressed_batch;
            compression: a_compressed_batch_the_broker_finds_too_large_is_split;
            positions: begin_and_end_offsets_frame_what_was_written;
            positions: reading_starts_where_it_was_told;
            positions: a_seek_goes_there_and_nowhere_else;
            positions: a_paused_partition_holds_back_its_records;
            positions: an_offset_out_of_range_follows_the_reset;
            properties: settings_by_their_java_names_make_producer_and_consumer;
            errors: a_topic_nobody_created_is_an_error_in_time;
            errors: a_record_above_the_limits_is_refused_and_the_rest_goes_on;
            errors: a_batch_the_broker_finds_too_large_is_split;
            admin: a_topic_is_created_described_listed_and_deleted;
            admin: refusals_name_the_topic_and_the_reason;
            admin: the_cluster_describes_itself;
        }
    };
}

pub(crate) async fn connect(servers: &str) -> Result<Kafka, milena::ConnectError> {
    Kafka::builder(servers).connect().await
}

pub(crate) async fn create(kafka: &Kafka, topic: NewTopic) -> Outcome {
    kafka.admin().create_topic(topic).await?;
    Ok(())
}

/// Asks again until the broker that answers knows the topic: its image of the metadata may lag
/// behind the controller that created it.
pub(crate) async fn describe(
    kafka: &Kafka,
    name: &str,
) -> Result<TopicDescription, Box<dyn Error + Send + Sync>> {
    let asking = async {
        loop {
            match kafka.admin().describe_topic(name).await {
                Err(error) if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => {}
                answer => return answer,
            }
        }
    };
    Ok(tokio::time::timeout(SILENCE, asking).await??)
}

pub(crate) fn topic(name: &str, partitions: i32) -> NewTopic {
    NewTopic::new(name).partitions(partitions).replication_factor(1)
}

pub(crate) async fn reader(
    kafka: &Kafka,
    topic: &str,
    partitions: i32,
    start: Start,
) -> Result<AssignedConsumer, milena::consumer::ConsumeError> {
    let assignment = (0..partitions).map(|partition| (topic, partition, start));
    kafka.assigned_consumer().assign(assignment).build().await
}

/// Reads until `count` records are there; fails when nothing comes any more.
pub(crate) async fn read(
    consumer: &mut AssignedConsumer,
    count: usize,
) -> Result<Vec<ConsumerRecord>, Box<dyn Error + Send + Sync>> {
    let mut read = Vec::with_capacity(count);
    while read.len() < count {
        let records = consumer.poll(count - read.len(), SILENCE).await?;
        if records.is_empty() {
            return Err(format!("only {} of {count} records came", read.len()).into());
        }
        read.extend(records);
    }
    Ok(read)
}

/// Nothing comes after what was expected.
pub(crate) async fn nothing_more(consumer: &mut AssignedConsumer) -> Outcome {
    let more = consumer.poll(usize::MAX, Duration::from_millis(500)).await?;
    assert_eq!(more.len(), 0, "more came than was written: {more:?}");
    Ok(())
}

/// The numbers that were sent as values, in the order they were read.
pub(crate) fn numbers(
    records: &[ConsumerRecord],
) -> Result<Vec<u64>, Box<dyn Error + Send + Sync>> {
    let number = |record: &ConsumerRecord| -> Result<u64, Box<dyn Error + Send + Sync>> {
        Ok(std::str::from_utf8(record.value().unwrap_or_default())?.parse()?)
    };
    records.iter().map(number).collect()
}

pub(crate) fn key_of(number: u64) -> String {
    format!("key-{}", number % 101)
}

/// Every number below `count` once, and those of one key in order.
pub(crate) fn assert_once_and_in_order(numbers: &[u64], count: u64) {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    let mut seen = vec![0_u32; usize::try_from(count).expect("a small number")];
    for &number in numbers {
        seen[usize::try_from(number).expect("a small number")] += 1;
        let before = last.insert(key_of(number), number);
        assert!(before < Some(number), "{number} came after {before:?}");
    }
    let lost = seen.iter().filter(|times| **times == 0).count();
    let twice = seen.iter().filter(|times| **times > 1).count();
    assert_eq!((lost, twice), (0, 0), "records lost and records read twice");
}
