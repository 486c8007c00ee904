//! The cluster that is fuzzed, its clock and its clients.

use std::time::Duration;

use bytes::Bytes;
use milena_mock_broker::cluster::{Cluster, ConnectionId, Input, Operation, Output};
use milena_mock_broker::config::{ClusterConfig, TopicSpec};
use milena_protocol::decode;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use milena_protocol::time::MonoTime;

use super::Api;
use super::words::{DIRECTORIES, TOPICS, Words};

/// Clients, each with a connection at a time: the last one to the controller, the others to the
/// brokers by turns.
pub(super) const PLACES: usize = 5;
pub(super) const CONTROLLER: usize = PLACES - 1;

/// What one of them is at.
#[derive(Default)]
struct Client {
    /// The number of its connection, `None` once it is closed.
    open: Option<ConnectionId>,
    last: Option<Bytes>,
}

/// A request without an answer.
struct Waiting {
    connection: ConnectionId,
    correlation_id: i32,
    api: Api,
}

/// The cluster and how far its time is.
pub(super) struct World {
    cluster: Cluster,
    now: MonoTime,
    clients: [Client; PLACES],
    connections: u64,
    answers: usize,
    waiting: Vec<Waiting>,
    answered: Vec<Api>,
    /// Fetch sessions that were opened, the newest last.
    sessions: Vec<i32>,
    /// Whether an operator did something that has to be undone before all serve again.
    is_disturbed: bool,
}

impl World {
    pub(super) fn new() -> Self {
        let mut config = ClusterConfig::with_brokers(2);
        // Transactional batches are taken without a coordinator.
        config.transaction_partition_verification = false;
        config.storage.log_dirs = DIRECTORIES.map(str::to_owned).to_vec();
        let cluster = Cluster::new(config, 1, MonoTime::ZERO).expect("the configuration is sound");
        let mut world = Self {
            cluster,
            now: MonoTime::ZERO,
            clients: Default::default(),
            connections: 0,
            answers: 0,
            waiting: Vec::new(),
            answered: Vec::new(),
            sessions: Vec::new(),
            is_disturbed: false,
        };
        world.pass(Duration::from_secs(1));
        for (at, name) in TOPICS.into_iter().take(2).enumerate() {
            let replicas = 2 - at as i16;
            let topic = TopicSpec::new(name).partitions(2).replication_factor(replicas);
            let created = world.cluster.operate(world.now, Operation::CreateTopic(topic));
            created.expect("both brokers are there");
        }
        world.collect();
        world
    }

    /// What is there to speak of.
    pub(super) fn words(&self) -> Words {
        let ids = self.cluster.topics().into_iter().map(|topic| topic.id.0.into_bytes()).take(8);
        Words::new(ids.collect(), self.sessions.clone())
    }

    /// How many there are.
    pub(super) fn partitions(&self) -> i32 {
        self.cluster.topics().iter().map(|topic| topic.partitions).sum()
    }

    /// Hands in an event.
    fn step(&mut self, input: Input) {
        self.cluster.step(self.now, input);
        self.collect();
    }

    /// The operator is told when something cannot be done.
    pub(super) fn operate(&mut self, operation: Operation) {
        let _ = self.cluster.operate(self.now, operation);
        self.is_disturbed = true;
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(output) = self.cluster.poll_output() {
            match output {
                Output::Send { connection, frame } => {
                    self.answers += 1;
                    self.look_at_answer(connection, frame.slice(4..));
                }
                Output::Close { connection, .. } => {
                    for client in &mut self.clients {
                        client.open.take_if(|open| *open == connection);
                    }
                    self.waiting.retain(|waiting| waiting.connection != connection);
                }
                _ => {}
            }
        }
    }

    /// An answer can be read by a client.
    fn look_at_answer(&mut self, connection: ConnectionId, mut frame: Bytes) {
        let Some(correlation_id) = frame.first_chunk().map(|id| i32::from_be_bytes(*id)) else {
            panic!("an answer without a header");
        };
        let is_it = |waiting: &Waiting| {
            waiting.connection == connection && waiting.correlation_id == correlation_id
        };
        let Some(at) = self.waiting.iter().position(is_it) else {
            // To a request that only a broker can read.
            return;
        };
        let (key, version) = self.waiting.remove(at).api;
        self.answered.push((key, version));
        decode::response_header(key, version, &mut frame).expect("the answer has a header");
        let body = decode::response_kind(key, version, frame).expect("the answer can be read");
        if let ResponseKind::Fetch(fetch) = body
            && fetch.session_id != 0
            && !self.sessions.contains(&fetch.session_id)
        {
            self.sessions.push(fetch.session_id);
        }
    }

    /// Lets time pass, stopping at each timer.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.cluster.poll_timeout().filter(|at| *at < end) {
            self.now = self.now.max(next);
            self.step(Input::Timeout);
        }
        self.now = end;
        self.step(Input::Timeout);
    }

    /// The connection in a place, opened if it is not.
    fn connection(&mut self, place: usize) -> ConnectionId {
        if let Some(open) = self.clients[place].open {
            return open;
        }
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.clients[place].open = Some(connection);
        let broker = match place {
            CONTROLLER => self.cluster.config().controller_id,
            place => BrokerId(1 + (place % 2) as i32),
        };
        self.step(Input::Connected { connection, broker, peer: format!("fuzzer-{place}") });
        connection
    }

    pub(super) fn send(&mut self, place: usize, frame: Bytes) {
        let connection = self.connection(place);
        self.clients[place].last = Some(frame.clone());
        if let Ok(request) = decode::request(frame.clone())
            && !matches!(&request.body, RequestKind::Produce(produce) if produce.acks == 0)
        {
            let correlation_id = request.header.correlation_id;
            let api = (request.key, request.version);
            self.waiting.push(Waiting { connection, correlation_id, api });
        }
        self.step(Input::Frame { connection, frame });
    }

    pub(super) fn send_again(&mut self, place: usize) {
        if let Some(last) = self.clients[place].last.clone() {
            self.send(place, last);
        }
    }

    pub(super) fn hang_up(&mut self, place: usize) {
        let connection = self.connection(place);
        self.clients[place].open = None;
        self.step(Input::Disconnected { connection });
    }

    /// What the node in a place says it serves.
    pub(super) fn apis(&mut self, place: usize) -> Vec<(ApiKey, i16, i16)> {
        let connection = self.connection(place);
        let frame = api_versions();
        self.cluster.step(self.now, Input::Frame { connection, frame });
        let mut told = Vec::new();
        while let Some(output) = self.cluster.poll_output() {
            if let Output::Send { frame, .. } = output {
                let mut body = frame.slice(4..);
                decode::response_header(ApiKey::ApiVersions, 0, &mut body).expect("it has one");
                let body = decode::response_kind(ApiKey::ApiVersions, 0, body);
                let Ok(ResponseKind::ApiVersions(versions)) = body else {
                    panic!("ApiVersions is answered");
                };
                told.extend(versions.api_keys.iter().filter_map(|api| {
                    let key = ApiKey::try_from(api.api_key).ok()?;
                    Some((key, api.min_version, api.max_version))
                }));
            }
        }
        assert!(!told.is_empty(), "ApiVersions is answered");
        // Produce is advertised from a version that cannot be written.
        told.iter_mut().for_each(|(key, lowest, _)| {
            *lowest = (*lowest).max(*milena_protocol::version::spoken_versions(*key).start());
        });
        told
    }

    /// Whatever went before, each node answers on a new connection.
    pub(super) fn still_serves(&mut self) {
        if self.is_disturbed {
            self.undo();
        }
        for place in [0, 1, CONTROLLER] {
            self.clients[place].open = None;
            let before = self.answers;
            self.send(place, api_versions());
            self.pass(Duration::from_millis(1));
            assert!(self.answers > before, "the node in place {place} serves no more");
        }
    }

    /// Everybody is there again, and has the time to find the others.
    fn undo(&mut self) {
        self.operate(Operation::ResumeController);
        self.operate(Operation::RestartController);
        let brokers = [BrokerId(1), BrokerId(2)];
        for broker in brokers {
            self.operate(Operation::Resume(broker));
            self.operate(Operation::ReleaseMetadata(broker));
        }
        // One that was told to shut down does so first.
        self.pass(Duration::from_secs(60));
        for broker in brokers {
            self.operate(Operation::Restart(broker));
        }
        self.pass(Duration::from_secs(60));
    }

    pub(super) fn answered(self) -> Vec<Api> {
        self.answered
    }
}

/// ApiVersions of version 0.
fn api_versions() -> Bytes {
    let mut frame = Vec::new();
    frame.extend((ApiKey::ApiVersions as i16).to_be_bytes());
    frame.extend(0_i16.to_be_bytes());
    frame.extend(7_i32.to_be_bytes());
    frame.extend((-1_i16).to_be_bytes());
    frame.into()
}
