//! A cluster in memory, under virtual time: clients and brokers joined by a simulated network.
//!
//! Everything lives in one [`World`] behind one mutex: the machine, the connections, the links
//! and a heap of events ordered by (microseconds, sequence). One task drives it. It sleeps until
//! the earliest event, in tokio's time, and then plays all events up to now at their own times.
//! That matters because tokio rounds timers up to a millisecond and fires earlier ones in the
//! order of their registration: the world's own time has no such grain.
//!
//! There is no IO in here, so it runs on a current-thread runtime with `enable_time` and paused
//! time, where it is deterministic; on any other runtime it works in real time and is not.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Machine;

mod connection;
mod connector;
mod link;
mod stream;
mod world;

pub(crate) use connector::MemoryConnector;
pub(crate) use link::{Direction, LinkConfig, LinkKey};
pub(crate) use world::{World, WorldConfig};

/// Virtual time that is never reached: how long to sleep when nothing is to be waited for.
const IDLE: Duration = Duration::from_secs(365 * 24 * 3600);

/// A running world.
#[derive(Debug)]
pub(crate) struct Memory<M> {
    origin: Instant,
    changed: Notify,
    stepped: Notify,
    world: Mutex<World<M>>,
}

impl<M: Machine> Memory<M> {
    /// Starts the task that drives `machine`.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time enabled.
    #[expect(clippy::disallowed_methods, reason = "the driver is the network, no node owns it")]
    pub(crate) fn start(machine: M, config: WorldConfig) -> Arc<Self> {
        let memory = Arc::new(Self {
            origin: Instant::now(),
            changed: Notify::new(),
            stepped: Notify::new(),
            world: Mutex::new(World::new(machine, config)),
        });
        tokio::spawn(drive(Arc::clone(&memory)));
        memory
    }

    /// The virtual time at which it started.
    pub(crate) fn origin(&self) -> Instant {
        self.origin
    }

    pub(crate) fn now(&self) -> MonoTime {
        let nanos = self.origin.elapsed().as_nanos();
        MonoTime::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Notified when the machine may have changed.
    pub(crate) fn stepped(&self) -> &Notify {
        &self.stepped
    }

    /// Lets `visit` look at the world or act on it, and plays what follows at once.
    pub(crate) fn with<R>(&self, visit: impl FnOnce(&mut World<M>, MonoTime) -> R) -> R {
        let now = self.now();
        let mut world = self.world.lock();
        let armed = world.next_event();
        world.play(now);
        let result = visit(&mut world, now);
        world.settle();
        let earlier = world.next_event() < armed;
        drop(world);
        if earlier {
            self.changed.notify_one();
        }
        self.stepped.notify_waiters();
        result
    }

    /// Lets `look` look at the machine as it is by now.
    pub(crate) fn inspect<R>(&self, look: impl FnOnce(&M) -> R) -> R {
        let now = self.now();
        let mut world = self.world.lock();
        world.play(now);
        look(world.machine())
    }

    /// Lets `look` look at the machine as it was left, without letting anything happen.
    pub(crate) fn peek<R>(&self, look: impl FnOnce(&M) -> R) -> R {
        look(self.world.lock().machine())
    }

    /// Lets a client's end act: what it sends is scheduled, nothing is played.
    fn at_client<R>(&self, visit: impl FnOnce(&mut World<M>, MonoTime) -> R) -> R {
        let now = self.now();
        let mut world = self.world.lock();
        let armed = world.next_event();
        let result = visit(&mut world, now);
        let earlier = world.next_event() < armed;
        drop(world);
        if earlier {
            self.changed.notify_one();
        }
        result
    }

    /// Ends the world: every connection is reset, every connect refused.
    pub(crate) fn stop(&self) {
        self.world.lock().stop();
        self.changed.notify_one();
        self.stepped.notify_waiters();
    }
}

async fn drive<M: Machine>(memory: Arc<Memory<M>>) {
    loop {
        let now = memory.now();
        let next = {
            let mut world = memory.world.lock();
            if world.is_stopped() {
                return;
            }
            world.play(now);
            world.next_event()
        };
        memory.stepped.notify_waiters();
        let wait = next.saturating_since(now).min(IDLE);
        tokio::select! {
            biased;
            () = memory.changed.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// The address that stands for a broker: 10.x.y.z with its number, so that traces are readable.
pub(crate) fn address_of(broker: BrokerId, port: u16) -> SocketAddr {
    let [_, b, c, d] = broker.0.to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, b, c, d)), port)
}

#[cfg(test)]
mod tests;
