//! A cluster on loopback: one listener per broker, for any client in any language.
//!
//! The machine is driven by whoever has something for it: the task of a connection that read a
//! request hands it in itself and finds the answer in its own outbox, without another task in
//! between. A timer task covers what is due later. All of them step the machine under one mutex;
//! what comes out is put into the outboxes under the same lock, so its order is kept.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Machine, STEPS_AT_ONE_MOMENT};
use crate::cluster::{CloseCause, ConnectionId, Input, ListenerState, Output, Reading};

mod connection;
mod outbox;
mod port;

use connection::Connection;
use outbox::{Closing, Outbox};
pub(crate) use port::Port;

/// How long the timer task sleeps when the machine wants nothing.
const IDLE: Duration = Duration::from_secs(3600);

/// A machine on TCP.
#[derive(Debug)]
pub(crate) struct Tcp<M> {
    origin: Instant,
    runtime: Handle,
    max_frame: usize,
    timer: Notify,
    stepped: Notify,
    state: Mutex<State<M>>,
}

#[derive(Debug)]
struct State<M> {
    machine: M,
    life: Life,
    now: MonoTime,
    next_connection: u64,
    open: BTreeMap<ConnectionId, Open>,
    ports: BTreeMap<BrokerId, Served>,
    /// When the timer task wakes up.
    timer_at: MonoTime,
    /// The connection whose task is stepping the machine: it needs no wake-up.
    stepping: Option<ConnectionId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Running,
    Stopped,
}

#[derive(Debug)]
struct Open {
    broker: BrokerId,
    peer: SocketAddr,
    outbox: Arc<Outbox>,
}

/// A broker's port, and what holds up its traffic.
#[derive(Debug)]
struct Served {
    port: Port,
    state: ListenerState,
}

impl Served {
    fn is_silent(&self) -> bool {
        self.state == ListenerState::Silent
    }
}

impl<M: Machine> Tcp<M> {
    /// Starts to serve `machine` on `ports`, which stay reserved for as long as this lives.
    ///
    /// # Panics
    /// Outside of a tokio runtime with IO and time enabled.
    pub(crate) fn start(machine: M, ports: Vec<Port>, max_frame: usize) -> Arc<Self> {
        let served = |port: Port| {
            let state = ListenerState::Refusing;
            (port.broker(), Served { port, state })
        };
        let tcp = Arc::new(Self {
            origin: Instant::now(),
            runtime: Handle::current(),
            max_frame,
            timer: Notify::new(),
            stepped: Notify::new(),
            state: Mutex::new(State {
                machine,
                life: Life::Running,
                now: MonoTime::ZERO,
                next_connection: 0,
                open: BTreeMap::new(),
                ports: ports.into_iter().map(served).collect(),
                timer_at: MonoTime::ZERO,
                stepping: None,
            }),
        });
        tcp.runtime.spawn(Self::keep_time(Arc::clone(&tcp)));
        tcp
    }

    /// Notified when the machine may have changed.
    pub(crate) fn stepped(&self) -> &Notify {
        &self.stepped
    }

    fn clock(&self) -> MonoTime {
        let nanos = self.origin.elapsed().as_nanos();
        MonoTime::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Lets `visit` look at the machine or act on it, and carries out what follows.
    pub(crate) fn with<R>(self: &Arc<Self>, visit: impl FnOnce(&mut M, MonoTime) -> R) -> R {
        let mut state = self.state.lock();
        state.now = state.now.max(self.clock());
        let now = state.now;
        let result = visit(&mut state.machine, now);
        self.settle(&mut state);
        result
    }

    /// Lets `look` look at the machine.
    pub(crate) fn inspect<R>(&self, look: impl FnOnce(&M) -> R) -> R {
        look(&self.state.lock().machine)
    }

    /// Carries out what the machine wants until it wants nothing more at this moment.
    fn settle(self: &Arc<Self>, state: &mut State<M>) {
        for _ in 0..STEPS_AT_ONE_MOMENT {
            while let Some(output) = state.machine.poll_output() {
                self.carry_out(state, output);
            }
            match state.machine.poll_timeout() {
                Some(due) if due <= state.now => state.machine.step(state.now, Input::Timeout),
                due => {
                    let due = due.unwrap_or(MonoTime::FAR_FUTURE);
                    if due < state.timer_at {
                        state.timer_at = due;
                        self.timer.notify_one();
                    }
                    self.stepped.notify_waiters();
                    return;
                }
            }
        }
        tracing::error!("the cluster runs in circles without time going by: stopped");
        self.stop_locked(state);
    }

    fn carry_out(self: &Arc<Self>, state: &mut State<M>, output: Output) {
        match output {
            Output::Send { connection, frame } => {
                let Some(open) = state.open.get(&connection) else { return };
                open.outbox.push(frame);
                if state.stepping != Some(connection) {
                    open.outbox.wake();
                }
            }
            Output::Close { connection, reason } => {
                let Some(open) = state.open.remove(&connection) else { return };
                let closing = match reason.cause {
                    CloseCause::BrokerKilled | CloseCause::ConnectionLost => {
                        tracing::debug!(peer = %open.peer, %reason, "closing");
                        Closing::AtOnce
                    }
                    CloseCause::Fault => {
                        tracing::debug!(peer = %open.peer, %reason, "closing");
                        Closing::AfterWriting
                    }
                    _ => {
                        tracing::warn!(peer = %open.peer, %reason, "closing");
                        Closing::AfterWriting
                    }
                };
                open.outbox.close(closing);
            }
            Output::Reading { connection, reading } => {
                let Some(open) = state.open.get(&connection) else { return };
                open.outbox.set_reading(reading);
                if reading == Reading::Resumed && state.stepping != Some(connection) {
                    open.outbox.wake();
                }
            }
            Output::Listener { broker, state: listener } => {
                self.set_listener(state, broker, listener);
            }
        }
    }

    fn set_listener(
        self: &Arc<Self>,
        state: &mut State<M>,
        broker: BrokerId,
        listener: ListenerState,
    ) {
        let Some(served) = state.ports.get_mut(&broker) else { return };
        served.state = listener;
        match listener {
            ListenerState::Refusing => served.port.refuse(),
            ListenerState::Accepting | ListenerState::Silent => {
                let tcp = Arc::clone(self);
                let accepted = move |stream, peer| tcp.accepted(broker, stream, peer);
                if let Err(error) = served.port.listen(&self.runtime, accepted) {
                    tracing::error!(%broker, address = %served.port.address(), %error, "cannot listen");
                }
            }
        }
        Self::hold_or_let_go(state, broker);
    }

    /// Breaks every connection to a broker.
    pub(crate) fn reset_clients(self: &Arc<Self>, broker: BrokerId) {
        let mut state = self.state.lock();
        let theirs = state.open.iter().filter(|(_, open)| open.broker == broker);
        let broken: Vec<ConnectionId> = theirs.map(|(id, _)| *id).collect();
        state.now = state.now.max(self.clock());
        let now = state.now;
        for connection in broken {
            if let Some(open) = state.open.remove(&connection) {
                open.outbox.close(Closing::AtOnce);
            }
            state.machine.step(now, Input::Disconnected { connection });
        }
        self.settle(&mut state);
    }

    fn hold_or_let_go(state: &mut State<M>, broker: BrokerId) {
        let silent = state.ports.get(&broker).is_some_and(Served::is_silent);
        for open in state.open.values().filter(|open| open.broker == broker) {
            open.outbox.set_held(silent);
        }
    }

    fn accepted(self: &Arc<Self>, broker: BrokerId, stream: TcpStream, peer: SocketAddr) {
        let mut state = self.state.lock();
        let Some(served) = state.ports.get(&broker) else { return };
        if state.life == Life::Stopped || served.state == ListenerState::Refusing {
            return;
        }
        let silent = served.is_silent();
        let id = ConnectionId(state.next_connection);
        state.next_connection += 1;
        let outbox = Arc::new(Outbox::default());
        outbox.set_held(silent);
        state.open.insert(id, Open { broker, peer, outbox: Arc::clone(&outbox) });
        state.now = state.now.max(self.clock());
        let now = state.now;
        state
            .machine
            .step(now, Input::Connected { connection: id, broker, peer: peer.to_string() });
        self.settle(&mut state);
        drop(state);
        let connection = Connection::new(Arc::clone(self), id, broker, peer, outbox);
        self.runtime.spawn(connection.run(stream));
    }

    /// Hands requests of a connection to the machine, one at a time, until `next` has none or the
    /// connection is to be left alone.
    fn feed(
        self: &Arc<Self>,
        id: ConnectionId,
        outbox: &Outbox,
        mut next: impl FnMut() -> Option<bytes::Bytes>,
    ) {
        let mut state = self.state.lock();
        state.now = state.now.max(self.clock());
        let now = state.now;
        state.stepping = Some(id);
        while state.open.contains_key(&id) && outbox.is_open() {
            let Some(frame) = next() else { break };
            state.machine.step(now, Input::Frame { connection: id, frame });
            self.settle(&mut state);
        }
        state.stepping = None;
    }

    /// The peer closed a connection, or it broke.
    fn disconnected(self: &Arc<Self>, id: ConnectionId) {
        let mut state = self.state.lock();
        if state.open.remove(&id).is_none() {
            return;
        }
        state.now = state.now.max(self.clock());
        let now = state.now;
        state.machine.step(now, Input::Disconnected { connection: id });
        self.settle(&mut state);
    }

    async fn keep_time(self: Arc<Self>) {
        loop {
            let wait = {
                let mut state = self.state.lock();
                if state.life == Life::Stopped {
                    return;
                }
                state.now = state.now.max(self.clock());
                // Far, so that settling does not wake this very task.
                state.timer_at = MonoTime::ZERO;
                self.settle(&mut state);
                state.timer_at = state.machine.poll_timeout().unwrap_or(MonoTime::FAR_FUTURE);
                state.timer_at.saturating_since(state.now).min(IDLE)
            };
            tokio::select! {
                biased;
                () = self.timer.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Closes everything.
    pub(crate) fn stop(&self) {
        self.stop_locked(&mut self.state.lock());
    }

    fn stop_locked(&self, state: &mut State<M>) {
        state.life = Life::Stopped;
        for served in state.ports.values_mut() {
            served.port.refuse();
        }
        for open in std::mem::take(&mut state.open).into_values() {
            open.outbox.close(Closing::AtOnce);
        }
        self.timer.notify_one();
        self.stepped.notify_waiters();
    }

    /// Where each broker listens.
    #[cfg(test)]
    pub(crate) fn addresses(&self) -> BTreeMap<BrokerId, SocketAddr> {
        let state = self.state.lock();
        state.ports.iter().map(|(id, served)| (*id, served.port.address())).collect()
    }
}

/// Reserves one port per broker: `first` and those that follow, or free ones if it is 0.
///
/// # Errors
/// If an address cannot be bound; the error names it.
pub(crate) fn reserve(
    ip: IpAddr,
    first: u16,
    brokers: impl IntoIterator<Item = BrokerId>,
) -> Result<Vec<Port>, (SocketAddr, io::Error)> {
    let mut ports = Vec::new();
    for (index, broker) in brokers.into_iter().enumerate() {
        let offset = u16::try_from(index).unwrap_or(u16::MAX);
        let number = if first == 0 { Some(0) } else { first.checked_add(offset) };
        let address = SocketAddr::new(ip, number.unwrap_or(u16::MAX));
        let port = match number {
            Some(_) => Port::reserve(broker, address),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "the port is above 65535")),
        };
        ports.push(port.map_err(|error| (address, error))?);
    }
    Ok(ports)
}

/// The time of day: a cluster on real time stamps records with it.
#[expect(clippy::disallowed_methods, reason = "a cluster on real time tells the real time of day")]
pub(crate) fn time_of_day_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
