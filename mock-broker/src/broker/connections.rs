//! Client connections: one request at a time each, answered in order (`SocketServer` mutes a
//! channel until its response is sent).

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use milena_protocol::messages::{ApiKey, ResponseKind};
use milena_protocol::response;
use milena_protocol::time::MonoTime;

use super::faulty::AnswerFate;
use super::{Process, quotas};
use crate::api::{self, Requested, Unserved};
use crate::cluster::{
    CloseCause, CloseReason, ConnectionId, ConnectionView, Digest, Noted, Output, Reading, Text,
};
use crate::context::Context;
use crate::sabotage::{self, Sabotage};

/// Unhandled requests of one connection above which its socket is not read any more.
pub(crate) const FULL: usize = 4 * 1024 * 1024;

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
    /// As its last request gave it.
    client_id: Option<Arc<str>>,
    queue: VecDeque<Bytes>,
    queued: usize,
    reading: Reading,
    pub(super) muted: Option<Asked>,
    /// When the request that is being handled was taken off the queue.
    asked_at: MonoTime,
    /// What rules have in mind for the answer.
    pub(super) fate: Option<Box<AnswerFate>>,
    /// When something last came or went.
    pub(super) last_active: MonoTime,
    /// When it is looked at whether that is too long ago.
    pub(super) next_look: MonoTime,
    /// Whether a throttle keeps it from being read (KIP-219).
    is_silenced: bool,
    /// The size of the last request.
    request_size: usize,
}

impl Process {
    pub(crate) fn connected(
        &mut self,
        ctx: &mut Context<'_>,
        connection: ConnectionId,
        peer: String,
    ) {
        ctx.note(self.node(), Noted::Connected { connection });
        self.connections.insert(
            connection,
            Connection {
                peer,
                client_id: None,
                queue: VecDeque::new(),
                queued: 0,
                reading: Reading::Resumed,
                muted: None,
                asked_at: ctx.now,
                fate: None,
                last_active: ctx.now,
                next_look: ctx.now,
                is_silenced: false,
                request_size: 0,
            },
        );
        self.watch_idle(ctx, connection);
    }

    pub(crate) fn frame(&mut self, ctx: &mut Context<'_>, id: ConnectionId, frame: Bytes) {
        let most = usize::try_from(ctx.config.socket_request_max_bytes).unwrap_or(0);
        if frame.len() > most {
            self.close(ctx, id, CloseCause::TooLarge { size: frame.len(), limit: most });
            return;
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.last_active = ctx.now;
        connection.queued += frame.len();
        connection.queue.push_back(frame);
        if connection.queued > FULL && connection.reading == Reading::Resumed {
            connection.reading = Reading::Paused;
            ctx.outputs.push_back(Output::Reading { connection: id, reading: Reading::Paused });
        }
        let is_free = connection.muted.is_none() || sabotage::is(Sabotage::RequestsOvertake);
        if is_free && connection.queue.len() == 1 {
            self.runnable.push_back(id);
        }
        self.settle(ctx);
    }

    pub(crate) fn disconnected(&mut self, ctx: &mut Context<'_>, id: ConnectionId) {
        ctx.note(self.node(), Noted::Disconnected { connection: id });
        self.forget(id);
    }

    fn forget(&mut self, id: ConnectionId) {
        if let Some(gone) = self.connections.remove(&id) {
            self.idle.remove(&(gone.next_look, id));
        }
        self.produce_abandoned(id);
        self.fetch_abandoned(id);
        self.postponed.forget(id);
        self.deletes.remove(id);
        self.disk_state.forget(id);
    }

    pub(crate) fn connection_views(&self) -> impl Iterator<Item = ConnectionView> {
        self.connections.iter().map(|(id, connection)| ConnectionView {
            id: *id,
            broker: self.id,
            peer: connection.peer.clone(),
            client_id: connection.client_id.as_deref().map(str::to_owned),
            handling: connection.muted.map(|asked| (asked.key, asked.version)),
            since: connection.asked_at,
            waiting: connection.queue.len(),
            reading: connection.reading,
        })
    }

    /// Whether it wants to read a connection, which it may not know yet.
    pub(crate) fn reads(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_none_or(|connection| connection.reading == Reading::Resumed)
    }

    pub(super) fn connection_peers(&self) -> Vec<(ConnectionId, String)> {
        self.connections.iter().map(|(id, connection)| (*id, connection.peer.clone())).collect()
    }

    /// Handles the next request of a connection, if it has one and is not muted.
    pub(super) fn run(&mut self, ctx: &mut Context<'_>, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let is_muted = connection.muted.is_some() && !sabotage::is(Sabotage::RequestsOvertake);
        if is_muted || connection.is_silenced {
            return;
        }
        let Some(next) = connection.queue.front().cloned() else { return };
        if self.request_waits(ctx, id, &next) {
            return;
        }
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(frame) = connection.queue.pop_front() else { return };
        connection.queued -= frame.len();
        if connection.queued < DRAINED && connection.reading == Reading::Paused {
            connection.reading = Reading::Resumed;
            ctx.outputs.push_back(Output::Reading { connection: id, reading: Reading::Resumed });
        }
        let length = frame.len();
        // Rules that corrupt a request need it as it came.
        let copy = (!ctx.rules.is_idle()).then(|| frame.clone());
        let requested = match api::read(self, ctx, id, frame) {
            Ok(requested) => requested,
            Err(unserved) => return self.answer_unserved(ctx, id, unserved),
        };
        self.note_request(ctx, &requested, length);
        match copy {
            None => self.dispatch(ctx, requested),
            Some(frame) => self.meet_rules(ctx, requested, frame),
        }
    }

    /// Who sent the last request of a connection, and how large it was.
    pub(crate) fn last_request(&self, id: ConnectionId) -> (String, usize) {
        let connection = self.connections.get(&id);
        connection.map_or_else(Default::default, |it| {
            (it.client_id.as_deref().unwrap_or_default().to_owned(), it.request_size)
        })
    }

    /// Reads nothing of a connection for as long as its client was told to be silent.
    pub(crate) fn silence(&mut self, ctx: &mut Context<'_>, id: ConnectionId, millis: i64) {
        let Some(connection) = self.connections.get_mut(&id).filter(|_| millis > 0) else { return };
        connection.is_silenced = !sabotage::is(Sabotage::ThrottledStillRead);
        let until = ctx.now + quotas::silence_of(millis);
        ctx.trace(self.node(), "throttle", &[("connection", &id.0), ("millis", &millis)]);
        self.quotas.silence(until, id);
    }

    /// Reads a connection again.
    pub(super) fn end_silence(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.is_silenced = false;
            if connection.muted.is_none() {
                self.reschedule(id);
            }
        }
    }

    pub(super) fn answer_unserved(
        &mut self,
        ctx: &mut Context<'_>,
        id: ConnectionId,
        unserved: Unserved,
    ) {
        match (unserved.asked, unserved.answer) {
            (Some(asked), answer) => self.take_answer(ctx, &asked, answer),
            (None, Answer::Close(cause)) => self.close(ctx, id, cause),
            (None, Answer::Now(_) | Answer::Later | Answer::Nothing) => {}
        }
    }

    /// Lets the handler of a request have it.
    pub(super) fn dispatch(&mut self, ctx: &mut Context<'_>, requested: Requested) {
        let asked = requested.asked;
        let answer = api::dispatch(self, ctx, requested);
        self.take_answer(ctx, &asked, answer);
    }

    pub(super) fn take_answer(&mut self, ctx: &mut Context<'_>, asked: &Asked, answer: Answer) {
        match answer {
            Answer::Now(response) => {
                self.mute(*asked);
                self.respond(ctx, asked, &response);
            }
            Answer::Later => self.mute(*asked),
            Answer::Nothing => self.answer_nothing(ctx, asked),
            Answer::Close(cause) => self.close(ctx, asked.connection, cause),
        }
    }

    fn note_request(&mut self, ctx: &mut Context<'_>, requested: &Requested, bytes: usize) {
        let Requested { asked, client_id, .. } = requested;
        let Some(connection) = self.connections.get_mut(&asked.connection) else { return };
        connection.asked_at = ctx.now;
        connection.request_size = bytes;
        if connection.client_id.as_deref() != client_id.as_deref() {
            connection.client_id = client_id.as_deref().map(Arc::from);
        }
        let noted = Noted::Requested {
            connection: asked.connection,
            client_id: connection.client_id.clone(),
            key: asked.key,
            version: asked.version,
            bytes,
        };
        ctx.note(crate::cluster::Node::Broker(self.id), noted);
    }

    pub(super) fn mute(&mut self, asked: Asked) {
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
        connection.last_active = ctx.now;
        let response = &*self.throttled(ctx, asked, response);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if let Some(fate) = connection.fate.take() {
            return self.respond_with_faults(ctx, asked, response.clone(), *fate);
        }
        match encode(asked, response) {
            Ok(frame) => {
                self.send(ctx, asked, frame);
                self.reschedule(id);
            }
            Err(error) => self.close(ctx, id, CloseCause::Unencodable(error.to_string())),
        }
    }

    /// Writes an answer, or what is left of it.
    pub(super) fn send(&mut self, ctx: &mut Context<'_>, asked: &Asked, frame: Bytes) {
        let id = asked.connection;
        ctx.trace(
            crate::cluster::Node::Broker(self.id),
            "answer",
            &[
                ("key", &asked.key),
                ("version", &asked.version),
                ("connection", &id.0),
                ("bytes", &frame.len()),
                ("frame", &Digest(&frame)),
            ],
        );
        let asked_at = self.connections.get(&id).map_or(ctx.now, |connection| connection.asked_at);
        let noted = Noted::Answered {
            connection: id,
            key: asked.key,
            version: asked.version,
            bytes: frame.len(),
            took: ctx.now.saturating_since(asked_at),
        };
        ctx.note(self.node(), noted);
        ctx.outputs.push_back(Output::Send { connection: id, frame });
    }

    pub(super) fn reschedule(&mut self, id: ConnectionId) {
        if self.connections.get(&id).is_some_and(|connection| !connection.queue.is_empty()) {
            self.runnable.push_back(id);
        }
    }

    pub(super) fn close(&mut self, ctx: &mut Context<'_>, id: ConnectionId, cause: CloseCause) {
        let Some(connection) = self.connections.get(&id) else { return };
        let reason = CloseReason { broker: self.id, peer: connection.peer.clone(), cause };
        ctx.trace(
            self.node(),
            "close",
            &[("connection", &id.0), ("cause", &Text(format_args!("{}", reason.cause)))],
        );
        ctx.note(self.node(), Noted::Closed { connection: id, cause: reason.cause.clone() });
        ctx.outputs.push_back(Output::Close { connection: id, reason });
        self.forget(id);
    }
}

pub(super) fn encode(
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
