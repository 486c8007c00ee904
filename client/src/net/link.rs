//! One open connection: the socket, its machine, and the loop that joins them.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use milena_protocol::StrBytes;
use milena_protocol::frame::LENGTH_PREFIX;
use milena_protocol::time::MonoTime;
use tokio::io::AsyncReadExt;
use tokio::sync::Notify;
use tokio::time::Sleep;

use super::clock::Clock;
use super::outbox::Outbox;
use super::request::{EncodeContext, Expect, Purpose, RawResponse};
use super::slot::{Completion, Queued, Slot, Wish};
use crate::environment::Transport;
use crate::error::connect::PeerFailure;
use crate::error::{Persistence, RequestErrorKind};
use crate::machine::connection::{CloseReason, Connection, ConnectionSettings, Effect, Lost};

/// Requests stay with their senders while so much waits for the socket: there they can still be
/// taken back, and are known not to be sent.
const OUTBOX_LIMIT: u64 = 8 * 1024 * 1024;

/// How long a connection that is to be replaced may wait for its last answers. What waits for the
/// new one waits as long, and the broker at the old address may be gone.
const REPLACE_GRACE: Duration = Duration::from_secs(2);

/// A frame up to this size gets its whole buffer at once, so that it is read without copies.
/// The buffer of a larger one grows as it arrives: a length alone is no reason to allocate.
const TRUSTED_FRAME: usize = 16 * 1024 * 1024;

/// An open connection.
pub(super) struct Link {
    stream: Box<dyn Transport>,
    address: SocketAddr,
    machine: Connection<Completion>,
    client_id: StrBytes,
    clock: Clock,
    inbox: BytesMut,
    read_size: usize,
    outbox: Outbox<Completion>,
    timer: Timer,
    replace_by: Option<MonoTime>,
}

enum Turn {
    Wrote(io::Result<()>),
    Read(io::Result<usize>),
    Woken,
    Timer,
}

enum Progress {
    Nothing,
    Ready,
    Closed(CloseReason),
}

impl Link {
    pub(super) fn new(
        stream: Box<dyn Transport>,
        address: SocketAddr,
        settings: ConnectionSettings,
        clock: Clock,
        purpose: Purpose,
    ) -> Self {
        let read_size = match purpose {
            Purpose::Fetch(_) => 64 * 1024,
            Purpose::Control | Purpose::Produce | Purpose::Admin | Purpose::Blocking => 8 * 1024,
        };
        Self {
            stream,
            address,
            client_id: settings.client_id.clone(),
            machine: Connection::new(clock.now(), settings),
            clock,
            inbox: BytesMut::new(),
            read_size,
            outbox: Outbox::new(),
            timer: Timer::new(),
            replace_by: None,
        }
    }

    /// Where it leads.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Negotiates. Returns when requests may be sent. Cancellation safe: dropping the link closes
    /// the connection.
    pub(super) async fn establish(&mut self) -> Result<(), PeerFailure> {
        if let Err(error) = self.machine.on_opened(self.clock.now()) {
            return Err(PeerFailure::Garbage { message: error.to_string().into() });
        }
        let nobody = Notify::new();
        loop {
            match self.carry_out() {
                Progress::Nothing => {}
                Progress::Ready => return Ok(()),
                Progress::Closed(CloseReason::Failed(failure)) => return Err(failure),
                Progress::Closed(CloseReason::Idle | CloseReason::Asked) => {
                    return Err(PeerFailure::Closed { during: self.machine.stage() });
                }
            }
            self.arm_timer(MonoTime::FAR_FUTURE);
            let turn = self.turn(&nobody).await;
            self.digest(turn);
        }
    }

    /// Sends what the slot's queue holds and hands out the answers, until the connection ends.
    pub(super) async fn serve(&mut self, slot: &Slot) -> CloseReason {
        loop {
            let also_wake = self.take_requests(slot);
            if let Progress::Closed(reason) = self.carry_out() {
                return reason;
            }
            self.arm_timer(also_wake);
            let turn = self.turn(&slot.wake).await;
            self.digest(turn);
        }
    }

    /// Moves requests from the queue to the socket as far as the machine admits them. Returns
    /// when to look again although nothing happened.
    fn take_requests(&mut self, slot: &Slot) -> MonoTime {
        let now = self.clock.now();
        let orders = slot.orders();
        if !orders.throttle.is_zero() {
            self.machine.on_throttle(now, orders.throttle);
        }
        match orders.wish {
            Wish::Serve => {}
            Wish::End => {
                self.machine.on_close();
                return MonoTime::FAR_FUTURE;
            }
            Wish::Replace => {
                let until = *self.replace_by.get_or_insert(now + REPLACE_GRACE);
                self.close_when_quiet(now >= until);
                slot.expire(now);
                return until.min(slot.earliest_deadline());
            }
            Wish::Drain => {
                self.close_when_quiet(false);
                slot.expire(now);
                return slot.earliest_deadline();
            }
        }
        while self.machine.admits(now) && self.outbox.len() < OUTBOX_LIMIT {
            match slot.pop() {
                Some(queued) if now >= queued.deadline => {
                    let after = queued.timeout;
                    queued.completion.fail(RequestErrorKind::TimedOut { after });
                }
                Some(queued) => self.send(now, queued),
                None => return MonoTime::FAR_FUTURE,
            }
        }
        if !slot.is_needed() {
            return MonoTime::FAR_FUTURE;
        }
        slot.expire(now);
        let held_back = self.machine.throttled_until();
        let held_back = if held_back > now { held_back } else { MonoTime::FAR_FUTURE };
        slot.earliest_deadline().min(held_back)
    }

    fn close_when_quiet(&mut self, overdue: bool) {
        if overdue || (self.machine.in_flight() == 0 && !self.outbox.has_work()) {
            self.machine.on_close();
        }
    }

    fn send(&mut self, now: MonoTime, queued: Queued) {
        let Queued { key, versions, encode, timeout, expect, mut completion, .. } = queued;
        completion.address = Some(self.address);
        let ticket = match self.machine.begin(key, versions) {
            Ok(ticket) => ticket,
            Err(error) => {
                let message = error.to_string().into();
                return completion.fail(RequestErrorKind::UnsupportedVersion { message });
            }
        };
        let context = EncodeContext {
            version: ticket.version,
            correlation_id: ticket.correlation_id,
            client_id: &self.client_id,
        };
        let frame = match encode(context) {
            Ok(frame) => frame,
            Err(error) => {
                let message = error.to_string().into();
                return completion.fail(RequestErrorKind::Encode { message });
            }
        };
        completion.sent = Persistence::Possibly;
        self.outbox.push(frame);
        match expect {
            Expect::Response => self.machine.on_sent(now, key, ticket, timeout, completion),
            Expect::NoResponse => {
                completion.version = ticket.version;
                self.outbox.notify_when_written(completion);
            }
        }
    }

    fn carry_out(&mut self) -> Progress {
        let mut progress = Progress::Nothing;
        while let Some(effect) = self.machine.poll_effect() {
            match effect {
                Effect::Send(frame) => self.outbox.push(frame),
                Effect::Ready => progress = Progress::Ready,
                Effect::Complete(completion, Ok(answer)) => {
                    completion.succeed(RawResponse { version: answer.version, body: answer.body });
                }
                Effect::Complete(completion, Err(lost)) => completion.fail(match lost {
                    Lost::TimedOut { after } => RequestErrorKind::TimedOut { after },
                    Lost::Disconnected(failure) => RequestErrorKind::Disconnected(failure),
                }),
                Effect::Close(reason) => {
                    let failure = match &reason {
                        CloseReason::Failed(failure) => failure.clone(),
                        CloseReason::Idle | CloseReason::Asked => {
                            PeerFailure::Closed { during: self.machine.stage() }
                        }
                    };
                    for completion in self.outbox.drain_unwritten() {
                        completion.fail(RequestErrorKind::Disconnected(failure.clone()));
                    }
                    return Progress::Closed(reason);
                }
            }
        }
        progress
    }

    fn digest(&mut self, turn: Turn) {
        match turn {
            Turn::Read(Ok(0)) => self.machine.on_end(),
            Turn::Read(Ok(_)) => self.machine.on_bytes(self.clock.now(), &mut self.inbox),
            Turn::Read(Err(error)) | Turn::Wrote(Err(error)) => self.machine.on_io_error(&error),
            Turn::Wrote(Ok(())) => {
                while let Some(completion) = self.outbox.pop_written() {
                    let version = completion.version;
                    completion.succeed(RawResponse { version, body: bytes::Bytes::new() });
                }
            }
            Turn::Timer => self.machine.on_timeout(self.clock.now()),
            Turn::Woken => {}
        }
    }

    fn arm_timer(&mut self, also: MonoTime) {
        let at = self.machine.poll_timeout().unwrap_or(MonoTime::FAR_FUTURE).min(also);
        self.timer.arm(&self.clock, at);
    }

    /// Waits for whatever comes first. Writing comes before reading, so that a broker that is
    /// busy answering does not keep its next requests from going out.
    async fn turn(&mut self, wake: &Notify) -> Turn {
        let Self { stream, inbox, read_size, outbox, timer, .. } = self;
        let mut woken = pin!(wake.notified());
        poll_fn(|cx| {
            if outbox.has_work()
                && let Poll::Ready(result) = outbox.poll_write(Pin::new(&mut **stream), cx)
            {
                return Poll::Ready(Turn::Wrote(result));
            }
            if let Poll::Ready(result) = poll_read(stream, inbox, *read_size, cx) {
                return Poll::Ready(Turn::Read(result));
            }
            if woken.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Turn::Woken);
            }
            timer.poll(cx).map(|()| Turn::Timer)
        })
        .await
    }
}

fn poll_read(
    stream: &mut Box<dyn Transport>,
    inbox: &mut BytesMut,
    read_size: usize,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    make_room(inbox, read_size);
    // The future holds no state between polls, so it may be made anew each time.
    pin!(stream.read_buf(inbox)).poll(cx)
}

/// Makes room for the rest of the frame that has begun, or for the next small ones.
fn make_room(inbox: &mut BytesMut, read_size: usize) {
    let missing = inbox.first_chunk::<LENGTH_PREFIX>().map_or(0, |prefix| {
        let length = usize::try_from(i32::from_be_bytes(*prefix)).unwrap_or(0);
        (LENGTH_PREFIX + length.min(TRUSTED_FRAME)).saturating_sub(inbox.len())
    });
    let spare = inbox.capacity() - inbox.len();
    if spare < missing || spare < read_size / 4 {
        inbox.reserve(missing.max(read_size));
    }
}

/// A timer that is only touched when it has to ring earlier. Ringing too early is harmless: the
/// machine is asked what is due.
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    armed: MonoTime,
}

impl Timer {
    fn new() -> Self {
        Self { sleep: None, armed: MonoTime::FAR_FUTURE }
    }

    fn arm(&mut self, clock: &Clock, at: MonoTime) {
        if at >= self.armed {
            return;
        }
        self.armed = at;
        let instant = clock.instant(at);
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(instant),
            None => self.sleep = Some(Box::pin(tokio::time::sleep_until(instant))),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.armed == MonoTime::FAR_FUTURE {
            return Poll::Pending;
        }
        let Some(sleep) = &mut self.sleep else { return Poll::Pending };
        std::task::ready!(sleep.as_mut().poll(cx));
        self.armed = MonoTime::FAR_FUTURE;
        Poll::Ready(())
    }
}
