//! A connection and its peer.

use std::io;
use std::time::Duration;

use arbitrary::Arbitrary;
use bytes::{Buf, BufMut, BytesMut};
use milena_protocol::messages::api_versions_response::ApiVersion;
use milena_protocol::messages::{ApiKey, ApiVersionsResponse};
use milena_protocol::time::MonoTime;
use milena_protocol::version::spoken_versions;
use milena_protocol::{StrBytes, decode, response};

use super::{PATIENCE, START, code};
use crate::machine::connection::{Connection, ConnectionSettings, Effect, Ticket};

/// What happens to a connection.
#[derive(Arbitrary, Clone, Debug)]
pub enum Operation {
    /// The socket opens.
    Open,
    /// The peer answers ApiVersions: an error code, and for some keys the lowest and highest
    /// version it speaks.
    Versions {
        /// The error code.
        error: u8,
        /// Key, lowest and highest version.
        ranges: Vec<(u8, u8, u8)>,
    },
    /// The peer answers ApiVersions with everything that exists.
    AllVersions,
    /// A role sends a request.
    Ask {
        /// Its API.
        api: u8,
        /// Its time-out in milliseconds.
        timeout: u16,
    },
    /// The peer answers a request.
    Answer {
        /// How far the correlation id is from the oldest open request's.
        beside: i8,
        /// What follows the response header.
        body: Vec<u8>,
    },
    /// Bytes arrive.
    Bytes(Vec<u8>),
    /// So many milliseconds pass.
    Pass(u16),
    /// A quota holds the client back, for so many milliseconds.
    Throttle(u16),
    /// The peer closes its side.
    End,
    /// Reading or writing fails.
    Break(u8),
    /// The client closes.
    Close,
}

/// A connection, what was sent on it, and what came of it.
pub struct Driver {
    machine: Connection<u32>,
    now: MonoTime,
    received: BytesMut,
    /// The connection's own question that is open.
    asked: Option<(i16, i32)>,
    open: Vec<(ApiKey, Ticket, u32)>,
    sent: u32,
    closed: bool,
}

/// The largest frame this connection takes.
const RECEIVE_MAX: usize = 64 * 1024;

impl Default for Driver {
    fn default() -> Self {
        let settings = ConnectionSettings {
            client_id: StrBytes::from_static_str("fuzz"),
            setup_timeout: Duration::from_secs(10),
            max_idle: Duration::from_secs(60),
            receive_max: RECEIVE_MAX,
        };
        Self {
            machine: Connection::new(START, settings),
            now: START,
            received: BytesMut::new(),
            asked: None,
            open: Vec::new(),
            sent: 0,
            closed: false,
        }
    }
}

impl Driver {
    /// Carries out one operation.
    pub fn apply(&mut self, operation: Operation) {
        match operation {
            // Only a connection that is being opened can be opened; anything else is refused.
            Operation::Open => drop(self.machine.on_opened(self.now)),
            Operation::Versions { error, ranges } => {
                let keys = ranges.into_iter().map(|(key, min, max)| {
                    ApiVersion::default()
                        .with_api_key(i16::from(key))
                        .with_min_version(i16::from(min))
                        .with_max_version(i16::from(max))
                });
                self.answer_versions(
                    &ApiVersionsResponse::default()
                        .with_error_code(code(error).get())
                        .with_api_keys(keys.collect()),
                );
            }
            Operation::AllVersions => {
                let keys = ApiKey::iter().map(|key| {
                    let range = spoken_versions(key);
                    ApiVersion::default()
                        .with_api_key(key as i16)
                        .with_min_version(*range.start())
                        .with_max_version(*range.end())
                });
                self.answer_versions(&ApiVersionsResponse::default().with_api_keys(keys.collect()));
            }
            Operation::Ask { api, timeout } => self.ask(api, timeout),
            Operation::Answer { beside, body } => self.answer(beside, &body),
            Operation::Bytes(bytes) => self.receive(&bytes),
            Operation::Pass(millis) => self.pass(millis),
            Operation::Throttle(millis) => {
                self.machine.on_throttle(self.now, Duration::from_millis(u64::from(millis)));
            }
            Operation::End => self.machine.on_end(),
            Operation::Break(kind) => self.machine.on_io_error(&broken(kind)),
            Operation::Close => self.machine.on_close(),
        }
        self.drain();
    }

    /// Closes the connection: every request that was sent is over then.
    pub fn finish(mut self) {
        self.apply(Operation::Close);
        assert!(self.closed, "a connection that was closed says so");
        assert!(self.open.is_empty(), "never completed: {:?}", self.open);
    }

    fn ask(&mut self, api: u8, timeout: u16) {
        let Some(key) = ApiKey::iter().nth(usize::from(api) % ApiKey::iter().count()) else {
            return;
        };
        if !self.machine.admits(self.now) || self.open.len() >= 64 {
            return;
        }
        let Ok(ticket) = self.machine.begin(key, spoken_versions(key)) else { return };
        assert!(spoken_versions(key).contains(&ticket.version), "{key:?} v{}", ticket.version);
        let timeout = Duration::from_millis(u64::from(timeout).max(1));
        self.machine.on_sent(self.now, key, ticket, timeout, self.sent);
        self.open.push((key, ticket, self.sent));
        self.sent += 1;
    }

    fn answer(&mut self, beside: i8, body: &[u8]) {
        let Some(&(key, ticket, _)) = self.open.first() else { return };
        let mut frame = BytesMut::new();
        let header = key.response_header_version(ticket.version);
        frame.put_u32((4 + usize::from(header > 0) + body.len()) as u32);
        frame.put_i32(ticket.correlation_id.wrapping_add(i32::from(beside)));
        if header > 0 {
            frame.put_u8(0);
        }
        frame.put_slice(body);
        self.receive(&frame);
    }

    fn answer_versions(&mut self, answer: &ApiVersionsResponse) {
        let Some((version, id)) = self.asked.take() else { return };
        // KIP-511: a broker that does not know the version answers in version 0.
        let version = if answer.error_code == 35 { 0 } else { version };
        if let Ok(frame) = response::encode_message(ApiKey::ApiVersions, version, id, answer) {
            self.receive(&frame);
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        if self.closed {
            return;
        }
        self.received.extend_from_slice(bytes);
        self.machine.on_bytes(self.now, &mut self.received);
    }

    fn pass(&mut self, millis: u16) {
        self.now = self.now + Duration::from_millis(u64::from(millis));
        self.machine.on_timeout(self.now);
        self.drain();
        let mut rounds = 0;
        while self.machine.poll_timeout().is_some_and(|due| due <= self.now) {
            self.machine.on_timeout(self.now);
            self.drain();
            rounds += 1;
            assert!(rounds < PATIENCE, "a connection that is always due");
        }
    }

    fn drain(&mut self) {
        while let Some(effect) = self.machine.poll_effect() {
            assert!(!self.closed, "after the end: {effect:?}");
            match effect {
                Effect::Send(request) => {
                    let mut frame = request.to_bytes();
                    frame.advance(4);
                    let sent = decode::request(frame).expect("what is sent can be decoded");
                    self.asked = Some((sent.version, sent.header.correlation_id));
                }
                Effect::Ready => {}
                Effect::Complete(token, _) => {
                    let at = self.open.iter().position(|(.., open)| *open == token);
                    self.open.remove(at.expect("a request completes once"));
                }
                Effect::Close(_) => self.closed = true,
            }
        }
        assert_eq!(self.machine.in_flight(), self.open.len());
        if self.closed {
            assert_eq!(self.machine.poll_timeout(), None, "an end is an end");
        }
    }
}

fn broken(kind: u8) -> io::Error {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, Other, TimedOut, UnexpectedEof};
    let kinds = [ConnectionReset, BrokenPipe, UnexpectedEof, TimedOut, Other];
    kinds[usize::from(kind) % kinds.len()].into()
}
