//! One connection to a broker, from the first byte to the last.
//!
//! Owns: the stages of a connection, ApiVersions with client name and version (KIP-511) and its
//! fall-back, the order of answers, time-outs, throttling (KIP-219), idleness, and what is said of
//! a peer that is no broker.
//!
//! ```text
//! Connecting --opened--> Negotiating --ApiVersions--> Authenticating --done--> Ready
//!     |                     |    ^                         |                    |
//!     |                     |    '--UNSUPPORTED_VERSION    |                    |
//!     '--------- time-out, garbage, end of stream ---------+--------------------'--> Closed
//! ```
//!
//! Nothing but the connection's own questions goes out before `Ready`. Authentication has nothing
//! to do on a plaintext listener and passes at once.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use milena_protocol::frame::{FrameDecoder, FrameError};
use milena_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse};
use milena_protocol::request::EncodedRequest;
use milena_protocol::time::MonoTime;
use milena_protocol::version::{ApiVersionRanges, UnsupportedVersion, negotiate_within};
use milena_protocol::{ErrorCode, Message, StrBytes, decode, request};

use crate::error::connect::{ConnectionStage, PeerFailure};

/// The largest frame accepted before the peer has shown that it is a broker: many times what
/// ApiVersions needs, and less than what the first bytes of HTTP or TLS announce as a length.
const UNPROVEN_MAX: usize = 256 * 1024;

/// How many requests may be unanswered. Far above what any role keeps open; a bound all the same.
const MAX_IN_FLIGHT: usize = 1024;

const SOFTWARE_NAME: &str = "milena";
const SOFTWARE_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a connection is told at birth.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionSettings {
    /// `client.id`.
    pub(crate) client_id: StrBytes,
    /// How long it may take until requests may be sent.
    pub(crate) setup_timeout: Duration,
    /// How long nothing may happen before the connection is closed.
    pub(crate) max_idle: Duration,
    /// The largest frame accepted from a broker.
    pub(crate) receive_max: usize,
}

/// What the driver has to do. `T` is what it wants to have back with an answer.
#[derive(Debug)]
pub(crate) enum Effect<T> {
    /// Write these bytes.
    Send(EncodedRequest),
    /// Requests may be sent from now on.
    Ready,
    /// A request is over.
    Complete(T, Result<Answer, Lost>),
    /// Close the socket. Nothing follows.
    Close(CloseReason),
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The version of the request and so of the answer.
    pub(crate) version: i16,
    /// What follows the response header.
    pub(crate) body: Bytes,
}

/// Why a request that was handed to the socket has no answer. The broker may have handled it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// It was not answered in time.
    TimedOut {
        /// Its time-out.
        after: Duration,
    },
    /// The connection ended first.
    Disconnected(PeerFailure),
}

/// Why a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// Something went wrong.
    Failed(PeerFailure),
    /// Nothing happened for `connections.max.idle`.
    Idle,
    /// The client wants it.
    Asked,
}

/// What a request is encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// The version both sides speak.
    pub(crate) version: i16,
    /// Where the answer will be recognised by.
    pub(crate) correlation_id: i32,
}

/// An event that does not fit the stage: a defect of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event} while {stage}")]
pub(crate) struct IllegalTransition {
    event: &'static str,
    stage: &'static str,
}

#[derive(Debug)]
enum Stage {
    Connecting { deadline: MonoTime },
    Negotiating { deadline: MonoTime, ticket: Ticket },
    Authenticating { deadline: MonoTime, versions: Arc<ApiVersionRanges> },
    Ready { versions: Arc<ApiVersionRanges> },
    Closed,
}

#[derive(Debug)]
struct InFlight<T> {
    key: ApiKey,
    ticket: Ticket,
    timeout: Duration,
    deadline: MonoTime,
    token: T,
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Connection<T> {
    settings: ConnectionSettings,
    stage: Stage,
    decoder: FrameDecoder,
    in_flight: VecDeque<InFlight<T>>,
    next_correlation: i32,
    /// No later than the earliest deadline in flight; it is made exact only when it has passed,
    /// so that an answered request costs nothing here.
    earliest_deadline: MonoTime,
    throttled_until: MonoTime,
    last_activity: MonoTime,
    effects: VecDeque<Effect<T>>,
}

impl<T> Connection<T> {
    /// A connection that is being opened since `now`.
    pub(crate) fn new(now: MonoTime, settings: ConnectionSettings) -> Self {
        let deadline = now + settings.setup_timeout;
        Self {
            settings,
            stage: Stage::Connecting { deadline },
            decoder: FrameDecoder::new(UNPROVEN_MAX),
            in_flight: VecDeque::new(),
            next_correlation: 0,
            earliest_deadline: MonoTime::FAR_FUTURE,
            throttled_until: MonoTime::ZERO,
            last_activity: now,
            effects: VecDeque::new(),
        }
    }

    /// The socket is open.
    pub(crate) fn on_opened(&mut self, now: MonoTime) -> Result<(), IllegalTransition> {
        let Stage::Connecting { deadline } = self.stage else {
            return Err(self.illegal("opened"));
        };
        self.last_activity = now;
        self.ask_versions(deadline, <ApiVersionsRequest as Message>::VERSIONS.max);
        Ok(())
    }

    /// Bytes arrived; whole frames are taken out of `received`.
    pub(crate) fn on_bytes(&mut self, now: MonoTime, received: &mut BytesMut) {
        self.last_activity = now;
        loop {
            if matches!(self.stage, Stage::Closed) {
                return;
            }
            match self.decoder.decode(received) {
                Ok(Some(frame)) => self.on_frame(now, frame),
                Ok(None) => return,
                Err(error) => return self.fail(frame_failure(&error)),
            }
        }
    }

    /// The peer closed its side.
    pub(crate) fn on_end(&mut self) {
        self.fail(PeerFailure::Closed { during: self.stage() });
    }

    /// Reading or writing failed.
    pub(crate) fn on_io_error(&mut self, error: &std::io::Error) {
        use std::io::ErrorKind;
        let during = self.stage();
        let closed = matches!(
            error.kind(),
            ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof
        );
        // How a peer closes depends on timing; before the connection is ready the hint matters.
        self.fail(match closed && during < ConnectionStage::Ready {
            true => PeerFailure::Closed { during },
            false => PeerFailure::io(error),
        });
    }

    /// Time has passed.
    pub(crate) fn on_timeout(&mut self, now: MonoTime) {
        match self.stage {
            Stage::Connecting { deadline }
            | Stage::Negotiating { deadline, .. }
            | Stage::Authenticating { deadline, .. } => {
                if now >= deadline {
                    let after = self.settings.setup_timeout;
                    self.fail(PeerFailure::TimedOut { after, during: self.stage() });
                }
            }
            Stage::Ready { .. } => self.on_ready_timeout(now),
            Stage::Closed => {}
        }
    }

    /// When [`Connection::on_timeout`] wants to be called next. May be too early, never too late.
    pub(crate) fn poll_timeout(&self) -> Option<MonoTime> {
        match self.stage {
            Stage::Connecting { deadline }
            | Stage::Negotiating { deadline, .. }
            | Stage::Authenticating { deadline, .. } => Some(deadline),
            Stage::Ready { .. } if self.in_flight.is_empty() => {
                Some(self.last_activity + self.settings.max_idle)
            }
            Stage::Ready { .. } => Some(self.earliest_deadline),
            Stage::Closed => None,
        }
    }

    /// What is to be done next.
    pub(crate) fn poll_effect(&mut self) -> Option<Effect<T>> {
        self.effects.pop_front()
    }

    /// Whether a request may be sent now.
    pub(crate) fn admits(&self, now: MonoTime) -> bool {
        matches!(self.stage, Stage::Ready { .. })
            && now >= self.throttled_until
            && self.in_flight.len() < MAX_IN_FLIGHT
    }

    /// When requests may go out again, if a quota holds them back (KIP-219).
    pub(crate) fn throttled_until(&self) -> MonoTime {
        self.throttled_until
    }

    /// How many requests are unanswered.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Chooses the version and the correlation id of the next request. To be followed by
    /// [`Connection::on_sent`] if an answer is due.
    pub(crate) fn begin(
        &mut self,
        key: ApiKey,
        ours: RangeInclusive<i16>,
    ) -> Result<Ticket, UnsupportedVersion> {
        let nothing = ApiVersionRanges::default();
        let versions = match &self.stage {
            Stage::Ready { versions } => versions,
            _ => &nothing,
        };
        let version = negotiate_within(key, ours, versions)?;
        Ok(Ticket { version, correlation_id: self.take_correlation() })
    }

    /// The request was handed to the socket, and an answer is due.
    pub(crate) fn on_sent(
        &mut self,
        now: MonoTime,
        key: ApiKey,
        ticket: Ticket,
        timeout: Duration,
        token: T,
    ) {
        let deadline = now + timeout;
        self.last_activity = now;
        self.earliest_deadline = match self.in_flight.is_empty() {
            true => deadline,
            false => self.earliest_deadline.min(deadline),
        };
        self.in_flight.push_back(InFlight { key, ticket, timeout, deadline, token });
    }

    /// No request goes out for this long (KIP-219).
    pub(crate) fn on_throttle(&mut self, now: MonoTime, time: Duration) {
        self.throttled_until = self.throttled_until.max(now + time);
    }

    /// The client wants the connection to end.
    pub(crate) fn on_close(&mut self) {
        let during = self.stage();
        self.close(CloseReason::Asked, &PeerFailure::Closed { during });
    }

    /// How far the connection has come.
    pub(crate) fn stage(&self) -> ConnectionStage {
        match self.stage {
            Stage::Connecting { .. } => ConnectionStage::Connecting,
            Stage::Negotiating { .. } => ConnectionStage::Negotiating,
            Stage::Authenticating { .. } => ConnectionStage::Authenticating,
            Stage::Ready { .. } | Stage::Closed => ConnectionStage::Ready,
        }
    }

    fn on_frame(&mut self, now: MonoTime, frame: Bytes) {
        match self.stage {
            Stage::Connecting { .. } | Stage::Authenticating { .. } => {
                // A server that speaks first is no broker.
                self.fail(PeerFailure::Correlation { expected: None, found: peek_id(&frame) });
            }
            Stage::Negotiating { deadline, ticket } => match read_versions(ticket, frame) {
                Ok(answer) => self.on_versions(now, deadline, ticket, &answer),
                Err(failure) => self.fail(failure),
            },
            Stage::Ready { .. } => self.on_answer(now, frame),
            Stage::Closed => {}
        }
    }

    fn on_versions(
        &mut self,
        now: MonoTime,
        deadline: MonoTime,
        asked: Ticket,
        answer: &ApiVersionsResponse,
    ) {
        let ranges = ApiVersionRanges::from_response(answer);
        match ErrorCode(answer.error_code).check() {
            Ok(()) => {
                let throttle = u64::try_from(answer.throttle_time_ms).unwrap_or(0);
                self.on_throttle(now, Duration::from_millis(throttle));
                self.stage = Stage::Authenticating { deadline, versions: Arc::new(ranges) };
                self.authenticate();
            }
            // KIP-511: the answer is in version 0 and may name the versions that would do.
            Err(ErrorCode::UNSUPPORTED_VERSION) if asked.version > 0 => {
                let max = ranges.get(ApiKey::ApiVersions).map_or(0, |(_, max)| max);
                let next = if (0..asked.version).contains(&max) { max } else { 0 };
                self.ask_versions(deadline, next);
            }
            Err(error) => {
                self.fail(PeerFailure::VersionsRefused { error: error.to_string().into() });
            }
        }
    }

    /// Where the exchange of SASL begins, once there is one; a plaintext listener asks for nothing.
    fn authenticate(&mut self) {
        let Stage::Authenticating { versions, .. } = &self.stage else { return };
        self.decoder.set_max(self.settings.receive_max);
        self.stage = Stage::Ready { versions: versions.clone() };
        self.effects.push_back(Effect::Ready);
    }

    fn on_answer(&mut self, now: MonoTime, mut frame: Bytes) {
        // A broker answers in order, so the answer belongs to the oldest request or to none.
        let Some(oldest) = self.in_flight.front() else {
            return self.fail(PeerFailure::Correlation { expected: None, found: peek_id(&frame) });
        };
        let Ticket { version, correlation_id } = oldest.ticket;
        let key = oldest.key;
        match decode::response_header(key, version, &mut frame) {
            Ok(found) if found == correlation_id => {
                if let Some(time) = throttle_time(key, version, &frame) {
                    self.on_throttle(now, time);
                }
                if let Some(done) = self.in_flight.pop_front() {
                    let answer = Answer { version, body: frame };
                    self.effects.push_back(Effect::Complete(done.token, Ok(answer)));
                }
            }
            Ok(found) => {
                self.fail(PeerFailure::Correlation { expected: Some(correlation_id), found });
            }
            Err(error) => self.fail(PeerFailure::Garbage { message: error.to_string().into() }),
        }
    }

    fn on_ready_timeout(&mut self, now: MonoTime) {
        if self.in_flight.is_empty() {
            if now >= self.last_activity + self.settings.max_idle {
                let during = ConnectionStage::Ready;
                self.close(CloseReason::Idle, &PeerFailure::Closed { during });
            }
            return;
        }
        if now < self.earliest_deadline {
            return;
        }
        let late = self.in_flight.iter().find(|request| now >= request.deadline);
        match late {
            // As in Java's client, a request that is not answered in time ends the connection:
            // whatever came later could not be told from the answer to this one's successor.
            Some(late) => {
                let during = ConnectionStage::Ready;
                let failure = PeerFailure::TimedOut { after: late.timeout, during };
                self.lose_late(now);
                self.fail(failure);
            }
            None => {
                let earliest = self.in_flight.iter().map(|request| request.deadline).min();
                self.earliest_deadline = earliest.unwrap_or(MonoTime::FAR_FUTURE);
            }
        }
    }

    fn lose_late(&mut self, now: MonoTime) {
        for request in std::mem::take(&mut self.in_flight) {
            if now >= request.deadline {
                let lost = Lost::TimedOut { after: request.timeout };
                self.effects.push_back(Effect::Complete(request.token, Err(lost)));
            } else {
                self.in_flight.push_back(request);
            }
        }
    }

    fn ask_versions(&mut self, deadline: MonoTime, version: i16) {
        let ticket = Ticket { version, correlation_id: self.take_correlation() };
        let question = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str(SOFTWARE_NAME))
            .with_client_software_version(StrBytes::from_static_str(SOFTWARE_VERSION));
        let client_id = Some(&self.settings.client_id);
        match request::encode(ticket.correlation_id, version, client_id, &question) {
            Ok(bytes) => {
                self.stage = Stage::Negotiating { deadline, ticket };
                self.effects.push_back(Effect::Send(bytes));
            }
            Err(error) => self.fail(PeerFailure::Garbage { message: error.to_string().into() }),
        }
    }

    fn take_correlation(&mut self) -> i32 {
        let id = self.next_correlation;
        self.next_correlation = id.checked_add(1).unwrap_or(0);
        id
    }

    fn fail(&mut self, failure: PeerFailure) {
        self.close(CloseReason::Failed(failure.clone()), &failure);
    }

    fn close(&mut self, reason: CloseReason, failure: &PeerFailure) {
        if matches!(self.stage, Stage::Closed) {
            return;
        }
        self.stage = Stage::Closed;
        for request in self.in_flight.drain(..) {
            let lost = Lost::Disconnected(failure.clone());
            self.effects.push_back(Effect::Complete(request.token, Err(lost)));
        }
        self.effects.push_back(Effect::Close(reason));
    }

    fn illegal(&self, event: &'static str) -> IllegalTransition {
        let stage = match self.stage {
            Stage::Connecting { .. } => "connecting",
            Stage::Negotiating { .. } => "negotiating",
            Stage::Authenticating { .. } => "authenticating",
            Stage::Ready { .. } => "ready",
            Stage::Closed => "closed",
        };
        IllegalTransition { event, stage }
    }
}

fn read_versions(asked: Ticket, mut frame: Bytes) -> Result<ApiVersionsResponse, PeerFailure> {
    let garbage =
        |error: &dyn std::fmt::Display| PeerFailure::Garbage { message: error.to_string().into() };
    let found = decode::response_header(ApiKey::ApiVersions, asked.version, &mut frame)
        .map_err(|error| garbage(&error))?;
    if found != asked.correlation_id {
        let expected = Some(asked.correlation_id);
        return Err(PeerFailure::Correlation { expected, found });
    }
    let refused = frame.first_chunk::<2>().map(|code| i16::from_be_bytes(*code))
        == Some(ErrorCode::UNSUPPORTED_VERSION.0);
    let version = if refused { 0 } else { asked.version };
    decode::response::<ApiVersionsRequest>(version, frame).map_err(|error| garbage(&error))
}

fn peek_id(frame: &[u8]) -> i32 {
    frame.first_chunk::<4>().map_or(-1, |id| i32::from_be_bytes(*id))
}

fn frame_failure(error: &FrameError) -> PeerFailure {
    let seen = || format!("it sent {}", error.head()).into();
    if let Some(foreign) = error.looks_like() {
        return PeerFailure::NotKafka { seen: seen(), hint: foreign.to_string().into() };
    }
    match error {
        FrameError::TooLarge { max, .. } if *max <= UNPROVEN_MAX => {
            let hint = "is this the port of a Kafka listener?";
            PeerFailure::NotKafka { seen: seen(), hint: hint.into() }
        }
        FrameError::TooLarge { length, max, .. } => {
            PeerFailure::Oversized { length: u64::from(*length), max: *max }
        }
        other => PeerFailure::Garbage { message: other.to_string().into() },
    }
}

/// The throttle time of an answer in which it is the first field, from the versions on in which
/// the client is the one to wait (`AbstractResponse.shouldClientThrottle` in Apache Kafka).
fn throttle_time(key: ApiKey, version: i16, body: &[u8]) -> Option<Duration> {
    let since = match key {
        ApiKey::Fetch => 8,
        ApiKey::ListOffsets | ApiKey::CreateTopics | ApiKey::JoinGroup => 3,
        ApiKey::Metadata => 6,
        ApiKey::OffsetCommit | ApiKey::OffsetFetch => 4,
        ApiKey::FindCoordinator
        | ApiKey::Heartbeat
        | ApiKey::LeaveGroup
        | ApiKey::SyncGroup
        | ApiKey::DescribeGroups
        | ApiKey::ListGroups
        | ApiKey::DescribeConfigs
        | ApiKey::DeleteTopics => 2,
        ApiKey::InitProducerId
        | ApiKey::AddPartitionsToTxn
        | ApiKey::AddOffsetsToTxn
        | ApiKey::EndTxn
        | ApiKey::TxnOffsetCommit
        | ApiKey::DeleteRecords
        | ApiKey::CreatePartitions => 1,
        _ => return None,
    };
    if version < since {
        return None;
    }
    let millis = i32::from_be_bytes(*body.first_chunk::<4>()?);
    let millis = u64::try_from(millis).ok().filter(|&millis| millis > 0)?;
    Some(Duration::from_millis(millis))
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
