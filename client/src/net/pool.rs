//! All connections of a client: one per broker and purpose, opened when there is something to
//! send, and opened again, with a growing pause, when it broke.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::clock::Clock;
use super::dial::Dialler;
use super::link::Link;
use super::request::{Done, Outgoing, Purpose};
use super::slot::{Completion, Slot, Wish};
use crate::environment::Environment;
use crate::error::RequestErrorKind;
use crate::error::connect::{AddressFailure, EndpointFailure};
use crate::machine::backoff::Backoff;
use crate::machine::connection::{CloseReason, ConnectionSettings};
use crate::machine::image::ClusterImage;
use crate::machine::metadata::{NodeState, bootstrap_index};

/// Where a broker listens at the moment.
pub(crate) trait Directory: Send + Sync + 'static {
    /// Host and port, if the broker is known.
    fn endpoint(&self, broker: BrokerId) -> Option<(Arc<str>, u16)>;
}

/// What the pool is told at birth.
#[derive(Clone, Debug)]
pub(crate) struct PoolSettings {
    pub(crate) connection: ConnectionSettings,
    pub(crate) reconnect: Backoff,
}

/// The connections.
pub(crate) struct Pool {
    slots: Mutex<Slots>,
    common: Arc<Common>,
}

struct Slots {
    by_target: BTreeMap<(BrokerId, Purpose), Arc<Slot>>,
    wish: Wish,
}

/// What every connection task needs.
struct Common {
    environment: Environment,
    clock: Clock,
    settings: PoolSettings,
    directory: Arc<dyn Directory>,
    /// How many connection tasks have not ended.
    running: AtomicUsize,
    one_ended: Notify,
}

impl Pool {
    pub(crate) fn new(
        environment: Environment,
        clock: Clock,
        settings: PoolSettings,
        directory: Arc<dyn Directory>,
    ) -> Self {
        let slots = Slots { by_target: BTreeMap::new(), wish: Wish::Serve };
        let common = Common {
            environment,
            clock,
            settings,
            directory,
            running: AtomicUsize::new(0),
            one_ended: Notify::new(),
        };
        Self { slots: Mutex::new(slots), common: Arc::new(common) }
    }

    /// See [`crate::runtime::core::Core::submit`].
    pub(crate) fn submit(&self, to: BrokerId, purpose: Purpose, request: Outgoing, done: Done) {
        let now = self.common.clock.now();
        let mut pending = (request, done);
        // A slot that ended for lack of use is replaced; one that ended with the client, or with
        // the runtime, would only be followed by another of its kind.
        for _ in 0..2 {
            let slot = self.slot(to, purpose);
            match slot.push(now, pending.0, pending.1) {
                Ok(()) => return,
                Err(given_back) => pending = given_back,
            }
            self.forget(&slot);
        }
        let (request, done) = pending;
        Completion::new(done, request.key, to).fail(RequestErrorKind::Closed);
    }

    /// Ends all connections of that purpose at once: nobody needs it any more.
    pub(crate) fn release(&self, purpose: Purpose) {
        let released: Vec<_> = {
            let slots = &mut self.slots.lock().by_target;
            let targets: Vec<_> = slots.keys().filter(|(_, of)| *of == purpose).copied().collect();
            targets.into_iter().filter_map(|target| slots.remove(&target)).collect()
        };
        for slot in released {
            slot.wish(Wish::End);
        }
    }

    pub(crate) fn withdraw(&self, from: BrokerId, purpose: Purpose) {
        if let Some(slot) = self.existing(from, purpose) {
            slot.withdraw();
        }
    }

    pub(crate) fn throttle(&self, broker: BrokerId, purpose: Purpose, time: Duration) {
        if let Some(slot) = self.existing(broker, purpose) {
            slot.throttle(time);
        }
    }

    /// How the broker is connected for short questions.
    pub(crate) fn node_state(&self, broker: BrokerId) -> NodeState {
        let now = self.common.clock.now();
        let slot = self.existing(broker, Purpose::Control);
        slot.map_or(NodeState::Idle, |slot| slot.node_state(now))
    }

    /// Why there is no connection to that broker, as far as is known.
    pub(crate) fn trouble(&self, broker: BrokerId) -> Option<EndpointFailure> {
        self.existing(broker, Purpose::Control)?.trouble(self.common.clock.now())
    }

    /// Replaces connections that lead to where a broker was before, and ends those to bootstrap
    /// servers, which are known under their own numbers now.
    pub(crate) fn on_image(&self, image: &ClusterImage) {
        let (retired, kept): (Vec<_>, Vec<_>) = {
            let mut slots = self.slots.lock();
            let all = slots.by_target.values().cloned();
            let parts = all.partition(|slot| bootstrap_index(slot.broker).is_some());
            slots.by_target.retain(|(broker, _), _| bootstrap_index(*broker).is_none());
            parts
        };
        for slot in retired {
            slot.wish(Wish::Drain);
        }
        for slot in kept {
            if let Some(node) = image.brokers.get(&slot.broker) {
                slot.check_endpoint(&node.host, node.port);
            }
        }
    }

    /// Ends every connection; with [`Ending::WhenAnswered`] only after its last answer.
    pub(crate) fn end(&self, ending: Ending) {
        let wish = match ending {
            Ending::WhenAnswered => Wish::Drain,
            Ending::Now => Wish::End,
        };
        let slots: Vec<_> = {
            let mut slots = self.slots.lock();
            slots.wish = wish;
            slots.by_target.values().cloned().collect()
        };
        for slot in slots {
            slot.wish(wish);
        }
    }

    /// Returns when every connection task has ended.
    pub(crate) async fn ended(&self) {
        while self.common.running.load(Ordering::Acquire) > 0 {
            self.common.one_ended.notified().await;
        }
    }

    fn forget(&self, ended: &Arc<Slot>) {
        let mut slots = self.slots.lock();
        let target = (ended.broker, ended.purpose);
        if slots.by_target.get(&target).is_some_and(|slot| Arc::ptr_eq(slot, ended)) {
            slots.by_target.remove(&target);
        }
    }

    fn existing(&self, broker: BrokerId, purpose: Purpose) -> Option<Arc<Slot>> {
        self.slots.lock().by_target.get(&(broker, purpose)).cloned()
    }

    fn slot(&self, broker: BrokerId, purpose: Purpose) -> Arc<Slot> {
        let (slot, wish) = {
            let mut slots = self.slots.lock();
            if let Some(slot) = slots.by_target.get(&(broker, purpose)) {
                return slot.clone();
            }
            let slot = Arc::new(Slot::new(broker, purpose));
            slots.by_target.insert((broker, purpose), slot.clone());
            (slot, slots.wish)
        };
        slot.wish(wish);
        self.common.running.fetch_add(1, Ordering::AcqRel);
        let owner = Owner { slot: slot.clone(), common: self.common.clone(), failures: 0 };
        // The task ends by itself when the slot is told to.
        drop(self.common.environment.spawner().spawn("connection", Box::pin(owner.run())));
        slot
    }
}

/// How connections are ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Requests that were sent are answered first.
    WhenAnswered,
    /// At once.
    Now,
}

/// The task that owns the connection of a slot.
struct Owner {
    slot: Arc<Slot>,
    common: Arc<Common>,
    failures: u32,
}

impl Drop for Owner {
    /// The task is over, or the runtime is: nobody may wait for it any longer.
    fn drop(&mut self) {
        self.slot.wish(Wish::End);
        self.slot.fail_waiting(&RequestErrorKind::Closed);
        self.common.running.fetch_sub(1, Ordering::AcqRel);
        self.common.one_ended.notify_one();
    }
}

impl Owner {
    async fn run(mut self) {
        let mut not_before = MonoTime::ZERO;
        while self.wait_until_needed(not_before).await.is_continue() {
            let Some(outcome) = self.connect().await else { return };
            not_before = match outcome {
                Ok(mut link) => {
                    self.failures = 0;
                    self.slot.set_ready();
                    let reason = link.serve(&self.slot).await;
                    if reason == CloseReason::Idle && self.slot.end_if_unneeded() {
                        return;
                    }
                    self.on_ended(link.address(), reason)
                }
                Err(failure) => self.on_unreachable(failure),
            };
        }
    }

    fn on_unreachable(&mut self, failure: Arc<EndpointFailure>) -> MonoTime {
        self.failures = self.failures.saturating_add(1);
        let not_before = self.pause();
        // What comes from the network passes; what a peer does wrong somebody has to look at.
        match failure.is_retriable() {
            true => tracing::debug!(%failure, "no connection"),
            false => tracing::warn!(%failure, "no connection"),
        }
        self.slot.set_down(not_before, Some(failure.clone()));
        self.slot.fail_waiting(&RequestErrorKind::Unreachable(failure));
        not_before
    }

    fn on_ended(&mut self, address: SocketAddr, reason: CloseReason) -> MonoTime {
        match reason {
            CloseReason::Failed(failure) => {
                // Java counts a lost connection as a failed attempt, too: without a pause all
                // clients of a restarting broker would be back at once.
                self.failures = 1;
                let not_before = self.pause();
                let (broker, purpose) = (self.slot.broker, self.slot.purpose);
                match failure.is_passing() {
                    true => tracing::debug!(%broker, %address, ?purpose, %failure, "disconnected"),
                    false => tracing::warn!(%broker, %address, ?purpose, %failure, "disconnected"),
                }
                let (host, port) = self.endpoint().unwrap_or((Arc::from("?"), 0));
                let known = Some(broker).filter(|broker| broker.get() >= 0);
                let mut trouble = EndpointFailure::new(known, &host, port);
                trouble.addresses.push(AddressFailure { address, failure });
                self.slot.set_down(not_before, Some(Arc::new(trouble)));
                not_before
            }
            CloseReason::Idle | CloseReason::Asked => {
                self.slot.set_down(MonoTime::ZERO, None);
                MonoTime::ZERO
            }
        }
    }

    fn pause(&self) -> MonoTime {
        let random = self.common.environment.entropy().next_u64();
        let pause = self.common.settings.reconnect.after(self.failures, random);
        self.common.clock.now() + pause
    }

    fn endpoint(&self) -> Option<(Arc<str>, u16)> {
        self.common.directory.endpoint(self.slot.broker)
    }

    /// Waits until there is something to send and the pause is over.
    async fn wait_until_needed(&self, not_before: MonoTime) -> ControlFlow<()> {
        loop {
            if self.has_ended() {
                return ControlFlow::Break(());
            }
            let now = self.common.clock.now();
            self.slot.obey_withdrawal();
            self.slot.expire(now);
            let needed = self.slot.is_needed();
            if needed && now >= not_before {
                return ControlFlow::Continue(());
            }
            let until = match needed {
                true => not_before.min(self.slot.earliest_deadline()),
                false => MonoTime::FAR_FUTURE,
            };
            self.wait(until).await;
        }
    }

    /// Dials, and looks after what waits meanwhile. `None` if nobody wants the connection any
    /// more.
    async fn connect(&self) -> Option<Result<Link, Arc<EndpointFailure>>> {
        let Some((host, port)) = self.endpoint() else {
            self.slot.fail_waiting(&RequestErrorKind::UnknownBroker);
            return Some(Err(Arc::new(EndpointFailure::new(Some(self.slot.broker), "unknown", 0))));
        };
        let common = &self.common;
        let dialler = Dialler {
            environment: &common.environment,
            clock: &common.clock,
            settings: &common.settings.connection,
        };
        let mut dialling = std::pin::pin!(dialler.dial(&self.slot, &host, port));
        loop {
            let until = self.slot.earliest_deadline();
            tokio::select! {
                biased;
                outcome = &mut dialling => return Some(outcome),
                () = self.wait(until) => {}
            }
            if self.has_ended() {
                return None;
            }
            self.slot.obey_withdrawal();
            self.slot.expire(common.clock.now());
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self.slot.orders().wish, Wish::End | Wish::Drain)
    }

    async fn wait(&self, until: MonoTime) {
        let until = self.common.clock.instant(until);
        tokio::select! {
            biased;
            () = self.slot.wake.notified() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }
}
