//! Requests against a whole cluster: raw bytes and structured requests, one after another, on
//! several connections, with time between them.

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;
use milena_mock_broker::cluster::{Cluster, ConnectionId, Input, Operation, Output};
use milena_mock_broker::config::{ClusterConfig, TopicSpec};
use milena_protocol::arbitrary::ArbitraryRequest;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::ApiKey;
use milena_protocol::time::MonoTime;
use std::time::Duration;

use super::{Target, samples};

/// Two brokers with a topic, in virtual time. A cluster holds more than what it is sent: what a
/// request creates, up to 10,000 partitions, and the answers to it.
pub const TARGET: Target = Target { name: "broker_requests", cap: 256 << 20, exercise, seeds };

/// What the generator calls topics is never the topic that is there, so a request may name it.
const TOPIC: &str = "t";

const CONNECTIONS: u64 = 4;

/// One thing that is done to the cluster.
enum Step<'a> {
    /// Bytes that need not be a request.
    Raw(u64, &'a [u8]),
    /// A request that can be read.
    Request(u64, Bytes),
    /// A client hangs up, and connects anew.
    Reconnect(u64),
    /// Time passes.
    Pass(Duration),
}

impl<'a> Arbitrary<'a> for Step<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let connection = u.int_in_range(0..=CONNECTIONS - 1)?;
        Ok(match u.int_in_range(0..=15_u8)? {
            0..=3 => {
                let length = u.arbitrary_len::<u8>()?.min(512);
                Self::Raw(connection, u.bytes(length)?)
            }
            4 => Self::Reconnect(connection),
            5..=6 => Self::Pass(Duration::from_millis(u.int_in_range(1..=20_000)?)),
            _ => Self::Request(connection, ArbitraryRequest::arbitrary(u)?.frame()),
        })
    }
}

/// The cluster and how far its time is.
struct World {
    cluster: Cluster,
    now: MonoTime,
    /// The number of the connection in each place, `None` once it is closed.
    open: Vec<Option<ConnectionId>>,
    last: u64,
    answers: usize,
}

impl World {
    fn new() -> Self {
        let config = ClusterConfig::with_brokers(2);
        let cluster = Cluster::new(config, 1, MonoTime::ZERO).expect("the configuration is sound");
        let open = vec![None; CONNECTIONS as usize];
        let mut world = Self { cluster, now: MonoTime::ZERO, open, last: 0, answers: 0 };
        world.pass(Duration::from_secs(1));
        let topic = TopicSpec::new(TOPIC).partitions(2).replication_factor(2);
        let created = world.cluster.operate(world.now, Operation::CreateTopic(topic));
        created.expect("both brokers are there");
        world.collect();
        world
    }

    /// Hands in an event.
    fn step(&mut self, input: Input) {
        self.cluster.step(self.now, input);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(output) = self.cluster.poll_output() {
            match output {
                Output::Send { .. } => self.answers += 1,
                Output::Close { connection, .. } => {
                    for open in self.open.iter_mut().filter(|open| **open == Some(connection)) {
                        *open = None;
                    }
                }
                _ => {}
            }
        }
    }

    /// Lets time pass, stopping at each timer.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(next) = self.cluster.poll_timeout().filter(|at| *at < end) {
            self.now = self.now.max(next);
            self.step(Input::Timeout);
        }
        self.now = end;
        self.step(Input::Timeout);
    }

    /// The connection in a place, opened if it is not. Half of them lead to each broker.
    fn connection(&mut self, place: u64) -> ConnectionId {
        let index = place as usize;
        if let Some(open) = self.open[index] {
            return open;
        }
        self.last += 1;
        let connection = ConnectionId(self.last);
        self.open[index] = Some(connection);
        let broker = BrokerId(1 + (place % 2) as i32);
        self.step(Input::Connected { connection, broker, peer: format!("fuzzer-{place}") });
        connection
    }

    fn send(&mut self, place: u64, frame: Bytes) {
        let connection = self.connection(place);
        self.step(Input::Frame { connection, frame });
    }

    /// Whatever went before, each broker answers on a new connection.
    fn still_serves(&mut self) {
        for place in 0..2 {
            self.open[place as usize] = None;
            let before = self.answers;
            self.send(place, api_versions());
            self.pass(Duration::from_millis(1));
            assert!(self.answers > before, "broker {} serves no more", place + 1);
        }
    }
}

fn exercise(input: &[u8]) {
    let mut u = Unstructured::new(input);
    let mut world = World::new();
    while !u.is_empty()
        && let Ok(step) = Step::arbitrary(&mut u)
    {
        match step {
            Step::Raw(place, bytes) => world.send(place, Bytes::copy_from_slice(bytes)),
            Step::Request(place, frame) => world.send(place, frame),
            Step::Reconnect(place) => {
                let connection = world.connection(place);
                world.open[place as usize] = None;
                world.step(Input::Disconnected { connection });
            }
            Step::Pass(time) => world.pass(time),
        }
    }
    world.still_serves();
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

/// What well-behaved clients send, each request as bytes on the first connection; and bytes of no
/// meaning, from which requests are generated.
fn seeds() -> Vec<Vec<u8>> {
    let requests = samples::requests().into_iter().filter(|frame| frame.len() <= 200);
    let raw = requests.map(|frame| [&[0; 2][..], &frame].concat());
    raw.chain((0..32).map(|seed| samples::noise(seed, 64 << (seed % 6)))).collect()
}
