//! Client connections: one request at a time each, answered in order (`SocketServer` mutes a
//! channel until its response is sent).

use std::collections::VecDeque;

use bytes::Bytes;
use milena_protocol::messages::{ApiKey, ResponseKind};
use milena_protocol::response;

use super::Process;
use crate::api;
use crate::cluster::{CloseCause, CloseReason, ConnectionId, Output, Reading};
use crate::context::Context;

/// Unhandled requests of one connection above which its socket is not read any more.
const FULL: usize = 4 * 1024 * 1024;

/// Below this it is read again.
const DRAINED: usize = 1024 * 1024;

/// What identifies a request to be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Asked {
    pub(crate) connection: ConnectionId,
    pub(crate) correlation_id: i32,
    pub(crate) key: ApiKey,
    pub(crate) version: i16,
}

/// What a handler makes of a request.
#[derive(Debug)]
pub(crate) enum Answer {
    Now(Box<ResponseKind>),
    /// [`Process::respond`] is called later; the connection is muted until then.
    Later,
    /// The client expects nothing (acks=0).
    Nothing,
    Close(CloseCause),
}

impl From<ResponseKind> for Answer {
    fn from(response: ResponseKind) -> Self {
        Self::Now(Box::new(response))
    }
}

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    peer: String,
    queue: VecDeque<Bytes>,
    queued: usize,
    reading: Reading,
    muted: Option<Asked>,
}

impl Process {
    pub(crate) fn connected(&mut self, connection: ConnectionId, peer: String) {
        self.connections.insert(
            connection,
            Connection {
                peer,
                queue: VecDeque::new(),
                queued: 0,
                reading: Reading::Resumed,
                muted: None,
            },
        );
    }

    pub(crate) fn frame(&mut self, ctx: &mut Context<'_>, id: ConnectionId, frame: Bytes) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.queued += frame.len();
        connection.queue.push_back(frame);
        if connection.queued > FULL && connection.reading == Reading::Resumed {
            connection.reading = Reading::Paused;
            ctx.outputs.push_back(Output::Reading { connection: id, reading: Reading::Paused });
        }
        if connection.muted.is_none() && connection.queue.len() == 1 {
            self.runnable.push_back(id);
        }
        self.settle(ctx);
    }

    pub(crate) fn disconnected(&mut self, id: ConnectionId) {
        self.connections.remove(&id);
        self.produce_abandoned(id);
        self.fetch_abandoned(id);
    }

    pub(super) fn connection_peers(&self) -> Vec<(ConnectionId, String)> {
        self.connections.iter().map(|(id, connection)| (*id, connection.peer.clone())).collect()
    }

    /// Handles the next request of a connection, if it has one and is not muted.
    pub(super) fn run(&mut self, ctx: &mut Context<'_>, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.muted.is_some() {
            return;
        }
        let Some(frame) = connection.queue.pop_front() else { return };
        connection.queued -= frame.len();
        if connection.queued < DRAINED && connection.reading == Reading::Paused {
            connection.reading = Reading::Resumed;
            ctx.outputs.push_back(Output::Reading { connection: id, reading: Reading::Resumed });
        }
        match api::handle(self, ctx, id, frame) {
            (Some(asked), Answer::Now(response)) => {
                self.mute(asked);
                self.respond(ctx, &asked, &response);
            }
            (Some(asked), Answer::Later) => self.mute(asked),
            (_, Answer::Nothing) => self.reschedule(id),
            (_, Answer::Close(cause)) => self.close(ctx, id, cause),
            (None, Answer::Now(_) | Answer::Later) => {}
        }
    }

    fn mute(&mut self, asked: Asked) {
        if let Some(connection) = self.connections.get_mut(&asked.connection) {
            connection.muted = Some(asked);
        }
    }

    /// Answers a request and lets the connection's next one be handled. Nothing happens if the
    /// connection is gone.
    pub(crate) fn respond(
        &mut self,
        ctx: &mut Context<'_>,
        asked: &Asked,
        response: &ResponseKind,
    ) {
        let id = asked.connection;
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.muted != Some(*asked) {
            return;
        }
        connection.muted = None;
        match encode(asked, response) {
            Ok(frame) => {
                // The hash reads all of the frame.
                if ctx.tracer.is_on() {
                    ctx.trace(
                        crate::cluster::Node::Broker(self.id),
                        "answer",
                        format_args!(
                            "{:?} v{} connection={} bytes={} hash={:016x}",
                            asked.key,
                            asked.version,
                            id.0,
                            frame.len(),
                            crate::cluster::fold_bytes(0, &frame),
                        ),
                    );
                }
                ctx.outputs.push_back(Output::Send { connection: id, frame });
                self.reschedule(id);
            }
            Err(error) => self.close(ctx, id, CloseCause::Unencodable(error.to_string())),
        }
    }

    fn reschedule(&mut self, id: ConnectionId) {
        if self.connections.get(&id).is_some_and(|connection| !connection.queue.is_empty()) {
            self.runnable.push_back(id);
        }
    }

    fn close(&mut self, ctx: &mut Context<'_>, id: ConnectionId, cause: CloseCause) {
        let Some(connection) = self.connections.get(&id) else { return };
        let reason = CloseReason { broker: self.id, peer: connection.peer.clone(), cause };
        ctx.trace(self.node(), "close", format_args!("connection={} {}", id.0, reason.cause));
        ctx.outputs.push_back(Output::Close { connection: id, reason });
        self.disconnected(id);
    }
}

fn encode(
    asked: &Asked,
    response: &ResponseKind,
) -> Result<Bytes, milena_protocol::request::EncodeError> {
    let Asked { key, version, correlation_id, .. } = *asked;
    match response {
        // Records are copied once, because the size is known beforehand.
        ResponseKind::Fetch(fetch) => response::encode_message(key, version, correlation_id, fetch),
        other => response::encode(key, version, correlation_id, other),
    }
}
