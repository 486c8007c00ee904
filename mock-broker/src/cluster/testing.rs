//! A client for tests of the machine: raw requests over virtual connections, in virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use milena_protocol::Request;
use milena_protocol::StrBytes;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use milena_protocol::messages::fetch_response::PartitionData;
use milena_protocol::messages::metadata_request::MetadataRequestTopic;
use milena_protocol::messages::metadata_response::MetadataResponsePartition;
use milena_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use milena_protocol::messages::produce_response::PartitionProduceResponse;
use milena_protocol::messages::{self, *};
use milena_protocol::time::MonoTime;
use milena_protocol::{decode, request};

use super::*;
use crate::config::{ClusterConfig, TopicSpec};
use crate::log::batch_tests::produced;

/// The Produce version used where a test does not care: the last that names topics.
pub(crate) const PRODUCE: i16 = 12;
/// The same for Fetch.
pub(crate) const FETCH: i16 = 12;

/// A cluster, its clock and its clients.
pub(crate) struct Harness {
    pub(crate) cluster: Cluster,
    pub(crate) now: MonoTime,
    next_connection: u64,
    next_correlation: i32,
    answers: BTreeMap<ConnectionId, VecDeque<Bytes>>,
    pub(crate) closed: BTreeMap<ConnectionId, CloseReason>,
    pub(crate) listeners: BTreeMap<BrokerId, ListenerState>,
    pub(crate) reading: BTreeMap<ConnectionId, Reading>,
}

/// A request that was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) connection: ConnectionId,
    correlation_id: i32,
    version: i16,
}

impl Harness {
    pub(crate) fn new(brokers: usize) -> Self {
        Self::with(ClusterConfig::with_brokers(brokers))
    }

    pub(crate) fn with(config: ClusterConfig) -> Self {
        let mut harness = Self::not_started(config, 7);
        harness.step(Input::Timeout);
        harness
    }

    pub(crate) fn not_started(config: ClusterConfig, seed: u64) -> Self {
        // The records of tests are of the first second of time; retention is to find them young.
        let config = ClusterConfig { epoch_millis: 0, ..config };
        Self {
            cluster: Cluster::new(config, seed, MonoTime::ZERO).unwrap(),
            now: MonoTime::ZERO,
            next_connection: 0,
            next_correlation: 0,
            answers: BTreeMap::new(),
            closed: BTreeMap::new(),
            listeners: BTreeMap::new(),
            reading: BTreeMap::new(),
        }
    }

    pub(crate) fn step(&mut self, input: Input) {
        self.cluster.step(self.now, input);
        self.collect();
    }

    pub(crate) fn operate(&mut self, operation: Operation) {
        self.cluster.operate(self.now, operation).unwrap();
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(output) = self.cluster.poll_output() {
            match output {
                Output::Send { connection, frame } => {
                    self.answers.entry(connection).or_default().push_back(frame.slice(4..));
                }
                Output::Close { connection, reason } => {
                    self.closed.insert(connection, reason);
                }
                Output::Listener { broker, state } => {
                    self.listeners.insert(broker, state);
                }
                Output::Reading { connection, reading } => {
                    self.reading.insert(connection, reading);
                }
            }
        }
    }

    /// Lets time pass, stopping at each of the machine's timers.
    pub(crate) fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(at) = self.cluster.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.step(Input::Timeout);
        }
        self.now = end;
        self.step(Input::Timeout);
    }

    pub(crate) fn advance_millis(&mut self, millis: u64) {
        self.advance(Duration::from_millis(millis));
    }

    pub(crate) fn connect(&mut self, broker: i32) -> ConnectionId {
        self.next_connection += 1;
        let connection = ConnectionId(self.next_connection);
        let peer = format!("client-{}", self.next_connection);
        self.step(Input::Connected { connection, broker: BrokerId(broker), peer });
        connection
    }

    pub(crate) fn send<R: Request>(
        &mut self,
        connection: ConnectionId,
        version: i16,
        body: &R,
    ) -> Sent {
        self.next_correlation += 1;
        let correlation_id = self.next_correlation;
        let client = StrBytes::from_static_str("test");
        let encoded = request::encode(correlation_id, version, Some(&client), body).unwrap();
        let mut frame = BytesMut::new();
        for part in encoded.parts() {
            frame.extend_from_slice(part);
        }
        self.step(Input::Frame { connection, frame: frame.freeze().slice(4..) });
        Sent { connection, correlation_id, version }
    }

    /// What stands for a request that was written by hand.
    pub(crate) fn pretend_sent(
        &self,
        connection: ConnectionId,
        correlation_id: i32,
        version: i16,
    ) -> Sent {
        Sent { connection, correlation_id, version }
    }

    /// The answer, if it has come and is the next one on its connection.
    pub(crate) fn answer<R: Request>(&mut self, sent: Sent) -> Option<R::Response> {
        let answers = self.answers.get_mut(&sent.connection)?;
        let mut frame = answers.front()?.clone();
        let key = ApiKey::try_from(R::KEY).unwrap();
        let id = decode::response_header(key, sent.version, &mut frame).unwrap();
        if id != sent.correlation_id {
            return None;
        }
        answers.pop_front();
        Some(decode::response::<R>(sent.version, frame).unwrap())
    }

    /// What is left of the frame of an answer, behind its length.
    pub(crate) fn raw_answer(&mut self, connection: ConnectionId) -> Option<Bytes> {
        self.answers.get_mut(&connection)?.pop_front()
    }

    /// Asks and expects the answer without any time passing.
    pub(crate) fn ask<R: Request>(
        &mut self,
        connection: ConnectionId,
        version: i16,
        body: &R,
    ) -> R::Response {
        let sent = self.send(connection, version, body);
        let closed = self.closed.get(&connection).cloned();
        self.answer::<R>(sent).unwrap_or_else(|| panic!("no answer at {}: {closed:?}", self.now))
    }

    pub(crate) fn create(&mut self, spec: TopicSpec) {
        self.operate(Operation::CreateTopic(spec));
    }

    /// A topic of one partition, replicated on brokers 1, 2, 3 with 1 as the preferred leader.
    pub(crate) fn create_on(&mut self, topic: &str, replicas: &[i32]) {
        self.create(on(topic, replicas));
    }

    pub(crate) fn partition(&self, topic: &str) -> PartitionView {
        self.cluster.partition(topic, 0).unwrap()
    }

    pub(crate) fn isr(&self, topic: &str) -> Vec<i32> {
        let mut isr: Vec<i32> = self.partition(topic).isr.iter().map(|id| id.get()).collect();
        isr.sort_unstable();
        isr
    }

    pub(crate) fn leader(&self, topic: &str) -> Option<i32> {
        self.partition(topic).leader.map(|id| id.get())
    }

    /// End and high watermark of each replica in the order of assignment.
    pub(crate) fn ends(&self, topic: &str) -> Vec<(i64, i64)> {
        self.partition(topic)
            .logs
            .iter()
            .map(|log| (log.log_end_offset.get(), log.high_watermark.get()))
            .collect()
    }

    pub(crate) fn metadata(&mut self, broker: i32, topic: &str) -> MetadataResponsePartition {
        let connection = self.connect(broker);
        let wanted = MetadataRequestTopic::default().with_name(Some(topic_name(topic)));
        let request = MetadataRequest::default()
            .with_topics(Some(vec![wanted]))
            .with_allow_auto_topic_creation(false);
        let response = self.ask(connection, 12, &request);
        response.topics[0].partitions[0].clone()
    }

    /// Sends one batch of plain records.
    pub(crate) fn send_produce(
        &mut self,
        connection: ConnectionId,
        topic: &str,
        acks: i16,
        values: &[&str],
    ) -> Sent {
        let records = produced(-1, -1, -1, values, 1_000);
        self.send(connection, PRODUCE, &produce_request(topic, acks, records))
    }

    pub(crate) fn produce(
        &mut self,
        connection: ConnectionId,
        topic: &str,
        acks: i16,
        values: &[&str],
    ) -> PartitionProduceResponse {
        let records = produced(-1, -1, -1, values, 1_000);
        self.produce_bytes(connection, topic, acks, records)
    }

    pub(crate) fn produce_bytes(
        &mut self,
        connection: ConnectionId,
        topic: &str,
        acks: i16,
        records: Bytes,
    ) -> PartitionProduceResponse {
        let response = self.ask(connection, PRODUCE, &produce_request(topic, acks, records));
        response.responses[0].partition_responses[0].clone()
    }

    pub(crate) fn produced(&mut self, sent: Sent) -> Option<PartitionProduceResponse> {
        let response = self.answer::<ProduceRequest>(sent)?;
        Some(response.responses[0].partition_responses[0].clone())
    }

    /// Fetches once, without waiting.
    pub(crate) fn fetch(
        &mut self,
        connection: ConnectionId,
        topic: &str,
        offset: i64,
    ) -> PartitionData {
        let request = fetch_request(topic, offset).with_max_wait_ms(0);
        let response = self.ask(connection, FETCH, &request);
        response.responses[0].partitions[0].clone()
    }
}

pub(crate) fn on(topic: &str, replicas: &[i32]) -> TopicSpec {
    let replicas = replicas.iter().copied().map(BrokerId).collect();
    TopicSpec::new(topic).assignments(vec![replicas])
}

pub(crate) fn topic_name(topic: &str) -> messages::TopicName {
    messages::TopicName(StrBytes::from_string(topic.to_owned()))
}

pub(crate) fn produce_request(topic: &str, acks: i16, records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData::default().with_records(Some(records));
    let data = TopicProduceData::default()
        .with_name(topic_name(topic))
        .with_partition_data(vec![partition]);
    ProduceRequest::default()
        .with_transactional_id(None)
        .with_acks(acks)
        .with_timeout_ms(30_000)
        .with_topic_data(vec![data])
}

/// A fetch that is not part of a session.
pub(crate) fn fetch_request(topic: &str, offset: i64) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_fetch_offset(offset)
        .with_current_leader_epoch(-1)
        .with_last_fetched_epoch(-1)
        .with_partition_max_bytes(1024 * 1024);
    let wanted =
        FetchTopic::default().with_topic(topic_name(topic)).with_partitions(vec![partition]);
    FetchRequest::default()
        .with_replica_id(messages::BrokerId(-1))
        .with_max_wait_ms(500)
        .with_min_bytes(1)
        .with_max_bytes(50 * 1024 * 1024)
        .with_session_id(0)
        .with_session_epoch(-1)
        .with_topics(vec![wanted])
}
