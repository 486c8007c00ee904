//! The Produce request of our own encoder is that of the generated one, byte for byte.

use bytes::BytesMut;
use milena_protocol::ids::{PartitionIndex, TopicId};
use milena_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use milena_protocol::messages::{ApiKey, ProduceRequest, TransactionalId};
use milena_protocol::produce::{PartitionBatch, ProduceSkeleton, TopicBatches};
use milena_protocol::records::StampedBatch;
use milena_protocol::request::{self, EncodeError};
use milena_protocol::{StrBytes, decode};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use crate::reference::{any_records, any_stamp, built, record, stamped};

#[derive(Clone, Debug)]
struct Topic {
    name: String,
    id: u128,
    partitions: Vec<(i32, StampedBatch)>,
}

#[derive(Clone, Debug)]
struct Produce {
    client_id: Option<String>,
    transactional_id: Option<String>,
    acks: i16,
    timeout_ms: i32,
    topics: Vec<Topic>,
}

fn any_produce() -> impl Strategy<Value = Produce> {
    let batch = (any_records(20), any_stamp())
        .prop_map(|(records, stamp)| built(&records).seal().stamp(&stamp));
    let topic = ("[a-z.]{1,200}", any::<u128>(), vec((any::<i32>(), batch), 0..4))
        .prop_map(|(name, id, partitions)| Topic { name, id, partitions });
    let text = || option::of("[ -~ä]{0,30}");
    (text(), text(), any::<i16>(), any::<i32>(), vec(topic, 0..4)).prop_map(
        |(client_id, transactional_id, acks, timeout_ms, topics)| Produce {
            client_id,
            transactional_id,
            acks,
            timeout_ms,
            topics,
        },
    )
}

impl Produce {
    fn skeleton(&self) -> ProduceSkeleton<'_> {
        ProduceSkeleton {
            transactional_id: self.transactional_id.as_deref(),
            acks: self.acks,
            timeout_ms: self.timeout_ms,
            topics: self
                .topics
                .iter()
                .map(|batches| TopicBatches {
                    name: &batches.name,
                    id: TopicId(Uuid::from_u128(batches.id)),
                    partitions: (batches.partitions.iter())
                        .map(|(index, batch)| PartitionBatch {
                            index: PartitionIndex(*index),
                            batch,
                        })
                        .collect(),
                })
                .collect(),
        }
    }

    fn generated(&self, version: i16) -> ProduceRequest {
        let partition = |(index, batch): &(i32, StampedBatch)| {
            PartitionProduceData::default().with_index(*index).with_records(Some(batch.to_bytes()))
        };
        let topic = |topic: &Topic| {
            let data = TopicProduceData::default()
                .with_partition_data(topic.partitions.iter().map(partition).collect());
            if version >= 13 {
                data.with_topic_id(Uuid::from_u128(topic.id))
            } else {
                data.with_name(StrBytes::from_string(topic.name.clone()).into())
            }
        };
        let transactional_id = self.transactional_id.clone();
        ProduceRequest::default()
            .with_transactional_id(
                transactional_id.map(|id| TransactionalId(StrBytes::from_string(id))),
            )
            .with_acks(self.acks)
            .with_timeout_ms(self.timeout_ms)
            .with_topic_data(self.topics.iter().map(topic).collect())
    }
}

proptest! {
    #[test]
    fn the_skeleton_is_byte_for_byte_the_generated_request_at_every_version(produce in any_produce()) {
        let client_id = produce.client_id.clone().map(StrBytes::from_string);
        for version in 3..=13 {
            let ours = produce.skeleton().encode(version, 42, client_id.as_ref()).unwrap();
            let theirs = request::encode(42, version, client_id.as_ref(), &produce.generated(version));
            let theirs = theirs.unwrap();
            prop_assert_eq!(ours.to_bytes(), theirs.to_bytes(), "version {}", version);
            prop_assert_eq!(ours.total_len(), theirs.total_len());
            prop_assert!(ours.parts().iter().all(|part| !part.is_empty()));
        }
    }
}

fn of_one(batch: &StampedBatch) -> ProduceSkeleton<'_> {
    ProduceSkeleton {
        transactional_id: None,
        acks: -1,
        timeout_ms: 30_000,
        topics: vec![TopicBatches {
            name: "orders",
            id: TopicId::ZERO,
            partitions: vec![PartitionBatch { index: PartitionIndex(0), batch }],
        }],
    }
}

#[test]
fn a_large_batch_is_a_part_of_its_own_and_is_not_copied() {
    let batch = stamped(&[record(&"x".repeat(300_000))]);
    for version in 3..=13 {
        let encoded = of_one(&batch).encode(version, 1, None).unwrap();
        assert_eq!(encoded.parts()[1].as_ptr(), batch.payload.as_ptr());
        let mut frame = BytesMut::from(&encoded.to_bytes()[..]).freeze();
        let decoded = decode::request(frame.split_off(4)).unwrap();
        assert_eq!((decoded.key, decoded.version), (ApiKey::Produce, version));
    }
}

#[test]
fn a_version_that_does_not_exist_is_an_error() {
    let batch = stamped(&[record("x")]);
    for version in [-1, 0, 2, 14] {
        let refused = of_one(&batch).encode(version, 1, None);
        assert!(matches!(refused, Err(EncodeError::Message { .. })), "version {version}");
    }
}

#[test]
fn a_transactional_id_beyond_a_string_of_the_protocol_is_an_error() {
    let batch = stamped(&[record("x")]);
    let id = "x".repeat(40_000);
    for version in [3, 13] {
        let skeleton = ProduceSkeleton { transactional_id: Some(&id), ..of_one(&batch) };
        let refused = skeleton.encode(version, 1, None).unwrap_err();
        assert!(refused.to_string().contains("transactional id"), "{refused}");
    }
}
