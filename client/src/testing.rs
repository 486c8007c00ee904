//! A network of scripted peers for tests: addresses, names, and brokers that answer what a test
//! tells them to. All of it runs under paused time.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use milena_protocol::StrBytes;
use milena_protocol::decode::{self, DecodedRequest};
use milena_protocol::frame::FrameDecoder;
use milena_protocol::messages::api_versions_response::ApiVersion;
use milena_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use milena_protocol::messages::{ApiKey, ApiVersionsResponse, MetadataResponse, ResponseKind};
use milena_protocol::response;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

use crate::environment::TokioSpawner;
use crate::environment::{BoxFuture, Connector, Entropy, Environment, Transport, WallClock};

/// How much a connection holds in each direction.
const PIPE: usize = 64 * 1024;

/// The network.
#[derive(Clone)]
pub(crate) struct Net(Arc<State>);

struct State {
    names: Mutex<BTreeMap<String, Vec<SocketAddr>>>,
    listeners: Mutex<BTreeMap<SocketAddr, mpsc::UnboundedSender<DuplexStream>>>,
    dials: Mutex<Vec<(SocketAddr, Duration)>>,
    started: tokio::time::Instant,
}

impl Net {
    pub(crate) fn new() -> Self {
        Self(Arc::new(State {
            names: Mutex::default(),
            listeners: Mutex::default(),
            dials: Mutex::default(),
            started: tokio::time::Instant::now(),
        }))
    }

    /// An environment of this network, with no randomness.
    pub(crate) fn environment(&self) -> Environment {
        Environment::new(self.clone(), FixedClock, NoJitter, TokioSpawner)
    }

    /// What `host` resolves to. Without this it is `10.0.0.N` for `host-N`.
    pub(crate) fn name(&self, host: &str, addresses: &[SocketAddr]) {
        self.0.names.lock().insert(host.to_owned(), addresses.to_vec());
    }

    /// Accepts connections at the address from now on.
    pub(crate) fn listen(&self, address: SocketAddr) -> Listener {
        let (sender, incoming) = mpsc::unbounded_channel();
        self.0.listeners.lock().insert(address, sender);
        Listener { incoming }
    }

    /// Refuses connections at the address from now on.
    pub(crate) fn refuse(&self, address: SocketAddr) {
        self.0.listeners.lock().remove(&address);
    }

    /// Every attempt to connect so far, with its time.
    pub(crate) fn dials(&self) -> Vec<(SocketAddr, Duration)> {
        self.0.dials.lock().clone()
    }

    /// When each attempt to connect to that address was made, in milliseconds.
    pub(crate) fn dials_to(&self, address: SocketAddr) -> Vec<u128> {
        let to = |(to, when): (SocketAddr, Duration)| (to == address).then_some(when.as_millis());
        self.dials().into_iter().filter_map(to).collect()
    }
}

impl Connector for Net {
    fn resolve(&self, host: &str, port: u16) -> BoxFuture<io::Result<Vec<SocketAddr>>> {
        let named = self.0.names.lock().get(host).cloned();
        let number = host.strip_prefix("host-").and_then(|number| number.parse().ok());
        let addresses = named.or_else(|| number.map(|number| vec![address(number, port)]));
        let unknown = || io::Error::new(io::ErrorKind::NotFound, "no such name");
        Box::pin(async move { addresses.ok_or_else(unknown) })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<io::Result<Box<dyn Transport>>> {
        self.0.dials.lock().push((address, self.0.started.elapsed()));
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let listener = self.0.listeners.lock().get(&address).cloned();
        let accepted = listener.is_some_and(|listener| listener.send(theirs).is_ok());
        Box::pin(async move {
            match accepted {
                true => Ok(Box::new(ours) as Box<dyn Transport>),
                false => Err(io::ErrorKind::ConnectionRefused.into()),
            }
        })
    }
}

/// The address of `host-N`.
pub(crate) fn address(number: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, number], port))
}

struct FixedClock;

impl WallClock for FixedClock {
    fn now_millis(&self) -> i64 {
        1_700_000_000_000
    }
}

/// Always the value for which a backoff has no jitter; it also chooses the first of several.
struct NoJitter;

impl Entropy for NoJitter {
    fn next_u64(&self) -> u64 {
        // 20 modulo 41, and 0 modulo 2, 3 and 4.
        348
    }
}

/// Where connections arrive.
pub(crate) struct Listener {
    incoming: mpsc::UnboundedReceiver<DuplexStream>,
}

impl Listener {
    /// The next connection.
    pub(crate) async fn accept(&mut self) -> Peer {
        let stream = self.incoming.recv().await.expect("the network lives as long as the test");
        Peer { stream, received: BytesMut::new(), decoder: FrameDecoder::new(1 << 30) }
    }

    /// The next connection, negotiated.
    pub(crate) async fn accept_client(&mut self) -> Peer {
        let mut peer = self.accept().await;
        peer.negotiate().await;
        peer
    }

    /// Answers metadata requests with `answer` on every connection, for good; other requests go
    /// to the test, which answers them.
    pub(crate) fn serve(
        mut self,
        answer: impl Fn() -> MetadataResponse + Send + Sync + 'static,
    ) -> mpsc::UnboundedReceiver<Served> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let answer = Arc::new(answer);
        spawn(async move {
            loop {
                let mut peer = self.accept().await;
                let (sender, answer) = (sender.clone(), answer.clone());
                spawn(async move {
                    while let Some(request) = peer.next().await {
                        match request.key {
                            ApiKey::ApiVersions => peer.answer(&request, versions().into()).await,
                            ApiKey::Metadata => peer.answer(&request, answer().into()).await,
                            _ => {
                                let (reply, replied) = tokio::sync::oneshot::channel();
                                let served = Served { request: request.clone(), reply };
                                if sender.send(served).is_err() {
                                    return;
                                }
                                match replied.await {
                                    Ok(body) => peer.answer(&request, body).await,
                                    Err(_) => return,
                                }
                            }
                        }
                    }
                });
            }
        });
        receiver
    }
}

/// A request that waits for the test to answer it; dropping it closes the connection.
pub(crate) struct Served {
    pub(crate) request: DecodedRequest,
    pub(crate) reply: tokio::sync::oneshot::Sender<ResponseKind>,
}

/// The broker's end of a connection.
pub(crate) struct Peer {
    stream: DuplexStream,
    received: BytesMut,
    decoder: FrameDecoder,
}

impl Peer {
    /// The next request, or `None` when the client has closed.
    pub(crate) async fn next(&mut self) -> Option<DecodedRequest> {
        loop {
            if let Some(frame) = self.decoder.decode(&mut self.received).expect("sound frames") {
                return Some(decode::request(frame).expect("sound requests"));
            }
            if self.stream.read_buf(&mut self.received).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// The next request.
    pub(crate) async fn request(&mut self) -> DecodedRequest {
        self.next().await.expect("the client goes on")
    }

    /// Answers in the version asked.
    pub(crate) async fn answer(&mut self, to: &DecodedRequest, body: ResponseKind) {
        let id = to.header.correlation_id;
        let frame = response::encode(to.key, to.version, id, &body).expect("an encodable answer");
        self.write(&frame).await;
    }

    /// Writes bytes as they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        // The client may be gone.
        drop(self.stream.write_all(bytes).await);
    }

    /// Answers ApiVersions.
    pub(crate) async fn negotiate(&mut self) {
        let request = self.request().await;
        assert_eq!(request.key, ApiKey::ApiVersions);
        self.answer(&request, versions().into()).await;
    }
}

/// Starts a task of a test.
#[expect(clippy::disallowed_methods, reason = "tests start their peers themselves")]
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}

/// All APIs in all versions.
pub(crate) fn versions() -> ApiVersionsResponse {
    let keys = ApiKey::iter().map(|key| {
        let range = milena_protocol::version::spoken_versions(key);
        ApiVersion::default()
            .with_api_key(key as i16)
            .with_min_version(*range.start())
            .with_max_version(*range.end())
    });
    ApiVersionsResponse::default().with_api_keys(keys.collect())
}

/// A cluster of these brokers, each at port 9092 of `host-N`; the first is the controller.
pub(crate) fn cluster(brokers: &[i32]) -> MetadataResponse {
    let nodes = brokers.iter().map(|id| {
        MetadataResponseBroker::default()
            .with_node_id((*id).into())
            .with_host(StrBytes::from_string(format!("host-{id}")))
            .with_port(9092)
    });
    MetadataResponse::default()
        .with_controller_id(brokers.first().copied().unwrap_or(-1).into())
        .with_brokers(nodes.collect())
}

/// A topic with a partition per leader, all in epoch `epoch`.
pub(crate) fn topic(name: &str, epoch: i32, leaders: &[i32]) -> MetadataResponseTopic {
    let partitions = leaders.iter().zip(0..).map(|(leader, index)| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id((*leader).into())
            .with_leader_epoch(epoch)
    });
    MetadataResponseTopic::default()
        .with_name(Some(StrBytes::from_string(name.to_owned()).into()))
        .with_topic_id(uuid::Uuid::from_u128(1))
        .with_partitions(partitions.collect())
}
