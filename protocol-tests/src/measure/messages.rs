//! The responses that are measured.

use bytes::Bytes;
use milena_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use milena_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use milena_protocol::messages::{BrokerId, FetchResponse, MetadataResponse, TopicName};
use milena_protocol::{Encodable, StrBytes};

/// The newest Metadata that brokers of 4.x answer.
pub const METADATA_VERSION: i16 = 13;

/// A Fetch with topic ids and tagged fields.
pub const FETCH_VERSION: i16 = 17;

/// A cluster of three brokers: topics of a hundred partitions each, three replicas of each.
pub fn metadata(topics: usize) -> MetadataResponse {
    let nodes = || [1, 2, 3].map(BrokerId).to_vec();
    let broker = |id| {
        MetadataResponseBroker::default()
            .with_node_id(BrokerId(id))
            .with_host(StrBytes::from_string(format!("broker-{id}.example.com")))
            .with_port(9092)
    };
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(index % 3 + 1))
            .with_leader_epoch(7)
            .with_replica_nodes(nodes())
            .with_isr_nodes(nodes())
    };
    let topic = |index| {
        MetadataResponseTopic::default()
            .with_name(Some(TopicName(StrBytes::from_string(format!("orders-{index}")))))
            .with_partitions((0..100).map(partition).collect())
    };
    MetadataResponse::default()
        .with_brokers([1, 2, 3].map(broker).to_vec())
        .with_cluster_id(Some(StrBytes::from_static_str("5L6g3nShT-eMCtK--X86sw")))
        .with_controller_id(BrokerId(1))
        .with_topics((0..topics).map(topic).collect())
}

/// Topics of ten partitions each, with the same records in each of them.
pub fn fetched(topics: usize, records: &Bytes) -> FetchResponse {
    let partition = |index| {
        PartitionData::default()
            .with_partition_index(index)
            .with_high_watermark(1_000_000)
            .with_last_stable_offset(1_000_000)
            .with_log_start_offset(0)
            .with_records(Some(records.clone()))
    };
    let topic =
        |_| FetchableTopicResponse::default().with_partitions((0..10).map(partition).collect());
    FetchResponse::default().with_responses((0..topics).map(topic).collect())
}

/// A message as it goes on the wire, without a header.
///
/// # Panics
/// If it cannot be written at that version.
pub fn bytes_of(message: &impl Encodable, version: i16) -> Bytes {
    let mut bytes = bytes::BytesMut::new();
    message.encode(&mut bytes, version).expect("the message can be written at this version");
    bytes.freeze()
}
