//! What a client takes from the outside world, injected at construction and used nowhere else:
//! connections, the wall clock, entropy, and tasks.
//!
//! [`Environment::tokio`] is the ordinary one. A simulation hands in its own, and then the same
//! client code runs deterministically: one seed, one trace. Monotonic time and timers are always
//! `tokio::time`, which a test can pause.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

mod tokio_environment;

pub use tokio_environment::{SystemEntropy, SystemWallClock, TcpConnector, TokioSpawner};

/// A future that owns everything it needs.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// A byte stream to a broker.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Transport for T {}

/// Finds and opens connections to brokers.
pub trait Connector: Send + Sync + 'static {
    /// Every address `host` stands for, in the order they are to be tried.
    fn resolve(&self, host: &str, port: u16) -> BoxFuture<io::Result<Vec<SocketAddr>>>;

    /// Opens a connection to one address.
    fn connect(&self, address: SocketAddr) -> BoxFuture<io::Result<Box<dyn Transport>>>;
}

/// Tells the time of day, for record timestamps.
pub trait WallClock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01 UTC.
    fn now_millis(&self) -> i64;
}

/// The source of everything random: jitter, sticky partitions, the order of bootstrap addresses.
pub trait Entropy: Send + Sync + 'static {
    /// 64 random bits.
    fn next_u64(&self) -> u64;
}

/// Starts tasks.
pub trait Spawner: Send + Sync + 'static {
    /// Runs `task` to its end, or until the returned guard's [`Task::abort`] is called.
    ///
    /// `name` says what the task is for, in traces.
    fn spawn(&self, name: &'static str, task: BoxFuture<()>) -> Box<dyn Task>;
}

/// A task that was spawned. Dropping it lets the task run on.
pub trait Task: Send + Sync {
    /// Stops the task at its next await point.
    fn abort(&self);
}

/// The four things a client takes from outside, together. Cheap to clone.
#[derive(Clone)]
pub struct Environment {
    connector: Arc<dyn Connector>,
    wall_clock: Arc<dyn WallClock>,
    entropy: Arc<dyn Entropy>,
    spawner: Arc<dyn Spawner>,
}

impl Environment {
    /// An environment made of the given parts.
    pub fn new(
        connector: impl Connector,
        wall_clock: impl WallClock,
        entropy: impl Entropy,
        spawner: impl Spawner,
    ) -> Self {
        Self {
            connector: Arc::new(connector),
            wall_clock: Arc::new(wall_clock),
            entropy: Arc::new(entropy),
            spawner: Arc::new(spawner),
        }
    }

    /// TCP, the system's clock and entropy, and tasks on the current tokio runtime.
    pub fn tokio() -> Self {
        Self::new(TcpConnector, SystemWallClock, SystemEntropy::new(), TokioSpawner)
    }

    /// The same environment with another connector.
    #[must_use]
    pub fn with_connector(mut self, connector: impl Connector) -> Self {
        self.connector = Arc::new(connector);
        self
    }

    /// The same environment with another wall clock.
    #[must_use]
    pub fn with_wall_clock(mut self, wall_clock: impl WallClock) -> Self {
        self.wall_clock = Arc::new(wall_clock);
        self
    }

    /// The same environment with another source of entropy.
    #[must_use]
    pub fn with_entropy(mut self, entropy: impl Entropy) -> Self {
        self.entropy = Arc::new(entropy);
        self
    }

    /// The same environment with another spawner.
    #[must_use]
    pub fn with_spawner(mut self, spawner: impl Spawner) -> Self {
        self.spawner = Arc::new(spawner);
        self
    }

    /// Finds and opens connections.
    pub fn connector(&self) -> &dyn Connector {
        &*self.connector
    }

    /// Tells the time of day.
    pub fn wall_clock(&self) -> &dyn WallClock {
        &*self.wall_clock
    }

    /// Gives random bits.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// Starts tasks.
    pub fn spawner(&self) -> &dyn Spawner {
        &*self.spawner
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").finish_non_exhaustive()
    }
}
