//! The simulated cluster as a pure machine, driven by nobody but the measurement.

use std::time::Duration;

use bytes::Bytes;
use milena_mock_broker::cluster::{Cluster, ConnectionId, Input, Operation, Output};
use milena_mock_broker::config::{ClusterConfig, TopicSpec};
use milena_protocol::ids::{BrokerId, ProducerEpoch, ProducerId, Sequence};
use milena_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use milena_protocol::messages::{ProduceRequest, ProduceResponse};
use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
use milena_protocol::time::MonoTime;
use milena_protocol::{StrBytes, decode, messages, request};

/// By topic id, as a client of 4.1 asks.
const PRODUCE_VERSION: i16 = 13;

/// More than a cluster needs to register its brokers, elect leaders and replicate.
const SETTLED: Duration = Duration::from_secs(2);

/// Bytes of a record's value.
const VALUE: usize = 1024;

/// A cluster, its clock, and what it answered.
#[derive(Debug)]
pub struct Driven {
    cluster: Cluster,
    now: MonoTime,
    connections: u64,
    answer: Option<Bytes>,
}

impl Driven {
    /// A cluster whose brokers serve.
    ///
    /// # Panics
    /// If it cannot start.
    pub fn start(brokers: usize) -> Self {
        let config = ClusterConfig::with_brokers(brokers);
        let cluster = Cluster::new(config, 1, MonoTime::ZERO).expect("the defaults are sound");
        let mut driven = Self { cluster, now: MonoTime::ZERO, connections: 0, answer: None };
        driven.step(Input::Timeout);
        driven.settle();
        driven
    }

    /// Lets time pass until everything that was begun is done.
    pub fn settle(&mut self) {
        let end = self.now + SETTLED;
        while let Some(at) = self.cluster.poll_timeout().filter(|at| *at < end) {
            self.now = self.now.max(at);
            self.step(Input::Timeout);
        }
        self.now = end;
        self.step(Input::Timeout);
    }

    /// Creates a topic with one replica of each partition on every broker.
    ///
    /// # Panics
    /// If it is refused.
    pub fn create_topic(&mut self, name: &str, partitions: i32) {
        let brokers = self.cluster.brokers().len();
        let spec = TopicSpec::new(name)
            .partitions(partitions)
            .replication_factor(i16::try_from(brokers).expect("few brokers"));
        let created = self.cluster.operate(self.now, Operation::CreateTopic(spec));
        created.expect("the topic is new and every broker serves");
        self.collect();
    }

    /// Connects to the leader of a partition.
    ///
    /// # Panics
    /// If it has none.
    pub fn connect_to_leader(&mut self, topic: &str, index: i32) -> ConnectionId {
        let partition = self.cluster.partition(topic, index).expect("the partition exists");
        let leader: BrokerId = partition.leader.expect("every broker serves");
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let peer = "measurement".to_owned();
        self.step(Input::Connected { connection, broker: leader, peer });
        connection
    }

    /// Requests with acks=all, each with one record of 1 KiB for partition 0, one after the other
    /// from one idempotent producer.
    ///
    /// # Panics
    /// If there is no such topic.
    pub fn produce_requests(&self, topic: &str, sequences: std::ops::Range<i32>) -> Vec<Bytes> {
        let id = self.cluster.topic(topic).expect("the topic exists").id;
        let client = StrBytes::from_static_str("measurement");
        sequences
            .map(|sequence| {
                let records = PartitionProduceData::default()
                    .with_index(0)
                    .with_records(Some(one_record(sequence)));
                let topic = TopicProduceData::default()
                    .with_topic_id(id.0)
                    .with_partition_data(vec![records]);
                let body = ProduceRequest::default()
                    .with_acks(-1)
                    .with_timeout_ms(30_000)
                    .with_topic_data(vec![topic]);
                let frame = request::encode(sequence, PRODUCE_VERSION, Some(&client), &body);
                frame.expect("the request can be written").to_bytes().slice(4..)
            })
            .collect()
    }

    /// Hands a request in, and takes the answer that comes without time passing.
    ///
    /// # Panics
    /// If none comes.
    pub fn ask(&mut self, connection: ConnectionId, frame: Bytes) -> Bytes {
        self.step(Input::Frame { connection, frame });
        self.answer.take().expect("the answer needs no time")
    }

    fn step(&mut self, input: Input) {
        self.cluster.step(self.now, input);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(output) = self.cluster.poll_output() {
            if let Output::Send { frame, .. } = output {
                self.answer = Some(frame.slice(4..));
            }
        }
    }
}

/// A batch as an idempotent producer sends it.
fn one_record(sequence: i32) -> Bytes {
    let mut builder = BatchBuilder::with_buffer(Vec::new());
    builder
        .append(super::records::TIMESTAMP, None, Some(&[b'v'; VALUE]), NO_HEADERS)
        .expect("one record is not too many");
    let stamp = Stamp {
        producer_id: ProducerId(4000),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(sequence),
        ..Stamp::default()
    };
    builder.seal().stamp(&stamp).to_bytes()
}

/// The offset that a produce request was given.
///
/// # Panics
/// If it was refused.
pub fn acknowledged_offset(mut answer: Bytes) -> i64 {
    let key = messages::ApiKey::Produce;
    decode::response_header(key, PRODUCE_VERSION, &mut answer).expect("the header is sound");
    let answer: ProduceResponse =
        decode::response::<ProduceRequest>(PRODUCE_VERSION, answer).expect("the body is sound");
    let partition = &answer.responses[0].partition_responses[0];
    assert_eq!(partition.error_code, 0, "the record was refused");
    partition.base_offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_acknowledged_by_all_replicas_without_time_passing() {
        let mut driven = Driven::start(3);
        driven.create_topic("orders", 1);
        driven.settle();
        let connection = driven.connect_to_leader("orders", 0);
        for (offset, frame) in (0..).zip(driven.produce_requests("orders", 0..10)) {
            let answer = driven.ask(connection, frame);
            assert_eq!(acknowledged_offset(answer), offset);
        }
        let partition = driven.cluster.partition("orders", 0).unwrap();
        assert!(partition.logs.iter().all(|log| log.log_end_offset.0 == 10), "{partition:?}");
    }
}
