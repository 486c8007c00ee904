//! The meeting point of those who send requests and the task that owns the connection.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ids::BrokerId;
use milena_protocol::messages::ApiKey;
use milena_protocol::time::MonoTime;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::request::{Done, EncodeFn, Expect, Outgoing, Purpose, RawResponse};
use crate::error::connect::{AddressFailure, ConnectionStage, EndpointFailure, PeerFailure};
use crate::error::{Persistence, RequestError, RequestErrorKind};
use crate::machine::metadata::NodeState;

/// How many requests may wait for one connection. A role keeps far fewer.
pub(super) const QUEUE_LIMIT: usize = 1024;

/// Calls the caller back exactly once, at the latest when it is dropped.
pub(super) struct Completion {
    done: Option<Done>,
    api: ApiKey,
    broker: BrokerId,
    pub(super) address: Option<SocketAddr>,
    pub(super) sent: Persistence,
    pub(super) version: i16,
}

impl Completion {
    pub(super) fn new(done: Done, api: ApiKey, broker: BrokerId) -> Self {
        Self { done: Some(done), api, broker, address: None, sent: Persistence::No, version: 0 }
    }

    pub(super) fn succeed(mut self, response: RawResponse) {
        if let Some(done) = self.done.take() {
            done(Ok(response));
        }
    }

    pub(super) fn fail(mut self, kind: RequestErrorKind) {
        self.finish(kind);
    }

    fn finish(&mut self, kind: RequestErrorKind) {
        if let Some(done) = self.done.take() {
            let broker = Some(self.broker).filter(|broker| broker.get() >= 0);
            let mut error = RequestError::new(kind, broker, self.api, self.sent);
            error.address = self.address;
            done(Err(error));
        }
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        self.finish(RequestErrorKind::Closed);
    }
}

/// A request that waits for the connection.
pub(super) struct Queued {
    pub(super) key: ApiKey,
    pub(super) versions: RangeInclusive<i16>,
    pub(super) encode: EncodeFn,
    pub(super) timeout: Duration,
    pub(super) expect: Expect,
    /// When it gives up waiting.
    pub(super) deadline: MonoTime,
    pub(super) completion: Completion,
}

/// Whether the connection is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// It serves.
    Serve,
    /// It takes no new request, and ends when the last answer is there; then another one follows.
    Replace,
    /// It takes no new request, and ends for good when the last answer is there.
    Drain,
    /// It ends at once, for good.
    End,
}

/// What the owner of the connection was told since it last looked.
pub(super) struct Orders {
    pub(super) wish: Wish,
    pub(super) throttle: Duration,
}

/// One broker and purpose.
pub(super) struct Slot {
    pub(super) broker: BrokerId,
    pub(super) purpose: Purpose,
    state: Mutex<State>,
    pub(super) wake: Notify,
}

struct State {
    waiting: VecDeque<Queued>,
    wish: Wish,
    withdraw: bool,
    throttle: Duration,
    link: LinkState,
    /// The last thing that went wrong, forgotten when a connection is ready.
    last_failure: Option<Arc<EndpointFailure>>,
    endpoint: Option<(Arc<str>, u16)>,
}

enum LinkState {
    Down {
        not_before: MonoTime,
    },
    Dialling {
        attempt: EndpointFailure,
        current: Option<SocketAddr>,
        stage: ConnectionStage,
        since: MonoTime,
    },
    Ready,
}

impl Slot {
    pub(super) fn new(broker: BrokerId, purpose: Purpose) -> Self {
        Self {
            broker,
            purpose,
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                wish: Wish::Serve,
                withdraw: false,
                throttle: Duration::ZERO,
                link: LinkState::Down { not_before: MonoTime::ZERO },
                last_failure: None,
                endpoint: None,
            }),
            wake: Notify::new(),
        }
    }

    /// Queues a request. Gives it back if this slot has ended.
    pub(super) fn push(
        &self,
        now: MonoTime,
        request: Outgoing,
        done: Done,
    ) -> Result<(), (Outgoing, Done)> {
        let mut state = self.state.lock();
        if matches!(state.wish, Wish::End | Wish::Drain) {
            return Err((request, done));
        }
        let completion = Completion::new(done, request.key, self.broker);
        if state.waiting.len() >= QUEUE_LIMIT {
            // The caller's code must not run under the lock.
            drop(state);
            completion.fail(RequestErrorKind::QueueFull { limit: QUEUE_LIMIT });
            return Ok(());
        }
        state.waiting.push_back(Queued {
            key: request.key,
            versions: request.versions,
            encode: request.encode,
            timeout: request.timeout,
            expect: request.expect,
            deadline: now + request.timeout,
            completion,
        });
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Ends the slot, unless somebody waits for it.
    pub(super) fn end_if_unneeded(&self) -> bool {
        let mut state = self.state.lock();
        let unneeded = state.waiting.is_empty();
        if unneeded {
            state.wish = Wish::End;
        }
        unneeded
    }

    pub(super) fn pop(&self) -> Option<Queued> {
        self.state.lock().waiting.pop_front()
    }

    pub(super) fn orders(&self) -> Orders {
        let mut state = self.state.lock();
        Orders { wish: state.wish, throttle: std::mem::take(&mut state.throttle) }
    }

    /// Asks the owner of the connection for something. `End` and `Drain` are for good.
    pub(super) fn wish(&self, wish: Wish) {
        {
            let mut state = self.state.lock();
            let stronger = matches!(
                (state.wish, wish),
                (Wish::Serve, _) | (Wish::Replace, _) | (Wish::Drain, Wish::End)
            );
            if !stronger {
                return;
            }
            state.wish = wish;
        }
        self.wake.notify_one();
    }

    /// Asks for another connection if the present one leads somewhere else.
    pub(super) fn check_endpoint(&self, host: &str, port: u16) {
        let moved = {
            let state = self.state.lock();
            let up = !matches!(state.link, LinkState::Down { .. });
            let same = |(h, p): &(Arc<str>, u16)| **h == *host && *p == port;
            up && state.endpoint.as_ref().is_some_and(|endpoint| !same(endpoint))
        };
        if moved {
            self.wish(Wish::Replace);
        }
    }

    pub(super) fn throttle(&self, time: Duration) {
        {
            let mut state = self.state.lock();
            state.throttle = state.throttle.max(time);
        }
        self.wake.notify_one();
    }

    /// Has the owner of the connection give back what waits, unless the connection is ready.
    pub(super) fn withdraw(&self) {
        self.state.lock().withdraw = true;
        self.wake.notify_one();
    }

    /// Whether somebody waits for a connection.
    pub(super) fn is_needed(&self) -> bool {
        !self.state.lock().waiting.is_empty()
    }

    /// When the first of those that wait gives up.
    pub(super) fn earliest_deadline(&self) -> MonoTime {
        let state = self.state.lock();
        let deadlines = state.waiting.iter().map(|queued| queued.deadline);
        deadlines.min().unwrap_or(MonoTime::FAR_FUTURE)
    }

    /// Fails what has waited too long.
    pub(super) fn expire(&self, now: MonoTime) {
        let expired: Vec<Queued> = {
            let mut state = self.state.lock();
            if !state.waiting.iter().any(|queued| now >= queued.deadline) {
                return;
            }
            let (expired, rest) =
                state.waiting.drain(..).partition::<Vec<_>, _>(|queued| now >= queued.deadline);
            state.waiting.extend(rest);
            expired
        };
        let last = self.last_failure();
        for queued in expired {
            // What stood in the way tells more than the time that passed.
            let kind = match &last {
                Some(failure) => RequestErrorKind::Unreachable(failure.clone()),
                None => RequestErrorKind::TimedOut { after: queued.timeout },
            };
            queued.completion.fail(kind);
        }
    }

    /// Gives back what waits if that was asked for while no connection was ready.
    pub(super) fn obey_withdrawal(&self) {
        let asked = std::mem::take(&mut self.state.lock().withdraw);
        if asked {
            self.fail_waiting(&RequestErrorKind::Withdrawn);
        }
    }

    /// Fails everything that waits.
    pub(super) fn fail_waiting(&self, kind: &RequestErrorKind) {
        let waiting = std::mem::take(&mut self.state.lock().waiting);
        for queued in waiting {
            queued.completion.fail(kind.clone());
        }
    }

    /// The present connection is over, and a wish for another one is fulfilled by that.
    pub(super) fn set_down(&self, not_before: MonoTime, failure: Option<Arc<EndpointFailure>>) {
        let mut state = self.state.lock();
        state.link = LinkState::Down { not_before };
        state.endpoint = None;
        if state.wish == Wish::Replace {
            state.wish = Wish::Serve;
        }
        if failure.is_some() {
            state.last_failure = failure;
        }
    }

    pub(super) fn set_dialling(&self, now: MonoTime, host: &Arc<str>, port: u16) {
        let broker = Some(self.broker).filter(|broker| broker.get() >= 0);
        let mut state = self.state.lock();
        state.endpoint = Some((host.clone(), port));
        state.link = LinkState::Dialling {
            attempt: EndpointFailure::new(broker, host, port),
            current: None,
            stage: ConnectionStage::Resolving,
            since: now,
        };
    }

    pub(super) fn set_progress(&self, now: MonoTime, to: SocketAddr, at: ConnectionStage) {
        if let LinkState::Dialling { current, stage, since, .. } = &mut self.state.lock().link {
            *current = Some(to);
            *stage = at;
            *since = now;
        }
    }

    pub(super) fn add_failure(&self, address: SocketAddr, failure: PeerFailure) {
        if let LinkState::Dialling { attempt, current, .. } = &mut self.state.lock().link {
            attempt.addresses.push(AddressFailure { address, failure });
            *current = None;
        }
    }

    pub(super) fn set_resolution(&self, failure: PeerFailure) {
        if let LinkState::Dialling { attempt, .. } = &mut self.state.lock().link {
            attempt.resolution = Some(failure);
        }
    }

    pub(super) fn set_ready(&self) {
        let mut state = self.state.lock();
        state.link = LinkState::Ready;
        state.last_failure = None;
        state.withdraw = false;
    }

    /// What has failed in the attempt that is going on.
    pub(super) fn attempt(&self) -> Option<EndpointFailure> {
        match &self.state.lock().link {
            LinkState::Dialling { attempt, .. } => Some(attempt.clone()),
            _ => None,
        }
    }

    pub(super) fn last_failure(&self) -> Option<Arc<EndpointFailure>> {
        self.state.lock().last_failure.clone()
    }

    /// Everything known of why there is no connection, the attempt that is going on included.
    pub(super) fn trouble(&self, now: MonoTime) -> Option<EndpointFailure> {
        let state = self.state.lock();
        let LinkState::Dialling { attempt, current, stage, since } = &state.link else {
            return state.last_failure.as_deref().cloned();
        };
        // The attempt before tells more than one that has hardly begun.
        let fresh = attempt.addresses.is_empty() && now - *since < Duration::from_millis(100);
        if let Some(last) = state.last_failure.as_deref().filter(|_| fresh) {
            return Some(last.clone());
        }
        let mut attempt = attempt.clone();
        let failure = PeerFailure::TimedOut { after: now - *since, during: *stage };
        match current {
            Some(address) => attempt.addresses.push(AddressFailure { address: *address, failure }),
            None if attempt.addresses.is_empty() => attempt.resolution = Some(failure),
            None => {}
        }
        Some(attempt)
    }

    pub(super) fn node_state(&self, now: MonoTime) -> NodeState {
        match &self.state.lock().link {
            LinkState::Ready => NodeState::Ready,
            LinkState::Dialling { .. } => NodeState::Connecting,
            LinkState::Down { not_before } if now < *not_before => NodeState::Backoff,
            LinkState::Down { .. } => NodeState::Idle,
        }
    }
}
