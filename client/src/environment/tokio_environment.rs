//! The ordinary environment: the one place in this crate that touches the outside world.

use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::net::TcpStream;

use super::{BoxFuture, Connector, Entropy, Spawner, Task, Transport, WallClock};

/// Plain TCP with `TCP_NODELAY`, names resolved by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpConnector;

impl Connector for TcpConnector {
    #[expect(clippy::disallowed_methods, reason = "the connector is where names are resolved")]
    fn resolve(&self, host: &str, port: u16) -> BoxFuture<io::Result<Vec<SocketAddr>>> {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host.as_str(), port)).await?.collect()) })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<io::Result<Box<dyn Transport>>> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            // Without it Nagle's algorithm and delayed acknowledgements hold a request for 40 ms.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Transport>)
        })
    }
}

/// The operating system's time of day.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemWallClock;

impl WallClock for SystemWallClock {
    #[expect(clippy::disallowed_methods, reason = "the wall clock is where the time is read")]
    fn now_millis(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// Random bits from a generator seeded by the operating system. Not for secrets.
#[derive(Debug)]
pub struct SystemEntropy {
    state: AtomicU64,
}

impl SystemEntropy {
    /// Seeds a generator.
    #[expect(clippy::disallowed_types, reason = "the entropy source is where randomness enters")]
    pub fn new() -> Self {
        let seed = std::hash::RandomState::new().build_hasher().finish();
        Self { state: AtomicU64::new(seed) }
    }
}

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl Entropy for SystemEntropy {
    fn next_u64(&self) -> u64 {
        // SplitMix64: a counter with a mixing function, so that it needs no lock.
        let mut z = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Tasks on the tokio runtime that is current when they are spawned. Where there is none (any
/// more), the task is dropped unpolled.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioSpawner;

impl Spawner for TokioSpawner {
    fn spawn(&self, _name: &'static str, task: BoxFuture<()>) -> Box<dyn Task> {
        let runtime = tokio::runtime::Handle::try_current();
        Box::new(TokioTask(runtime.ok().map(|runtime| runtime.spawn(task))))
    }
}

struct TokioTask(Option<tokio::task::JoinHandle<()>>);

impl Task for TokioTask {
    fn abort(&self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}
