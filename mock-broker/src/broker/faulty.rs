//! What rules do to requests and answers on their way through a broker.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use milena_protocol::ErrorCode;
use milena_protocol::frame::LENGTH_PREFIX;
use milena_protocol::messages::{RequestKind, ResponseKind};
use milena_protocol::time::MonoTime;

use super::connections::encode;
use super::{Answer, Asked, Process};
use crate::api::{self, Requested};
use crate::cluster::{CloseCause, ConnectionId, Noted, Output};
use crate::context::Context;
use crate::fault::{
    self, Corrupt, Fate, Fault, Met, Outcome, Rest, Scope, TakenOut, Targets, Verdict,
};
use crate::metadata::Image;

/// API key, version and correlation id: a corrupted request is one of its API still.
const SPARED_OF_REQUESTS: usize = 8;

/// The correlation id: a corrupted answer is one to its request still.
const SPARED_OF_ANSWERS: usize = 4;

/// What rules have in mind for an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct AnswerFate {
    delay: Duration,
    throttle: Duration,
    /// An error for a part of it.
    overwrite: Option<(Scope, ErrorCode)>,
    /// The answer in place of one that cannot be overwritten in part.
    replace: Option<Box<ResponseKind>>,
    /// The refusal of what the handler never saw.
    add: Option<Box<ResponseKind>>,
    then: Option<(Fault, u64)>,
}

/// An answer as it will be written.
#[derive(Debug)]
struct Ready {
    frame: Bytes,
    then: Option<(Fault, u64)>,
    throttle: Duration,
}

/// What was put off on a connection, which is muted meanwhile.
#[derive(Debug)]
enum Later {
    Handle(Box<Requested>, Box<Verdict>),
    Write(Asked, Ready),
    Unmute,
}

/// Everything that was put off, by time. A connection has one thing at most.
#[derive(Debug, Default)]
pub(super) struct Postponed {
    by_time: BTreeMap<(MonoTime, ConnectionId), Later>,
}

impl Postponed {
    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        self.by_time.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn forget(&mut self, connection: ConnectionId) {
        self.by_time.retain(|(_, id), _| *id != connection);
    }
}

impl Process {
    /// Lets rules decide about a request, and does what they say.
    pub(super) fn meet_rules(&mut self, ctx: &mut Context<'_>, requested: Requested, frame: Bytes) {
        let asked = requested.asked;
        let targets = Targets::of(&requested.body, &self.image, &self.sessions);
        let met = Met {
            broker: self.id,
            key: asked.key,
            client_id: requested.client_id.as_deref(),
            targets: &targets,
        };
        let verdict = ctx.rules.decide(&met);
        for rule in &verdict.fired {
            let (connection, key) = (asked.connection, asked.key);
            ctx.trace(self.node(), "fault", &[("rule", rule), ("connection", &connection.0)]);
            ctx.note(self.node(), Noted::FaultFired { rule: *rule, connection, key });
        }
        let requested = match verdict.corrupt_request {
            None => requested,
            Some(corrupt) => {
                let corrupted = corrupted(&frame, 0, SPARED_OF_REQUESTS, corrupt);
                match api::read(self, ctx, asked.connection, corrupted) {
                    Ok(requested) => requested,
                    Err(unserved) => return self.answer_unserved(ctx, asked.connection, unserved),
                }
            }
        };
        if verdict.request_delay.is_zero() {
            return self.proceed(ctx, requested, verdict);
        }
        self.mute(requested.asked);
        let at = ctx.now + verdict.request_delay;
        self.put_off(at, asked.connection, Later::Handle(Box::new(requested), Box::new(verdict)));
    }

    fn proceed(&mut self, ctx: &mut Context<'_>, mut requested: Requested, verdict: Verdict) {
        let asked = requested.asked;
        let mut fate = AnswerFate {
            delay: verdict.answer_delay,
            throttle: verdict.throttle,
            ..AnswerFate::default()
        };
        match verdict.fate {
            None => {}
            Some(Fate { outcome: Outcome::Disconnect, .. }) => {
                return self.close(ctx, asked.connection, CloseCause::Fault);
            }
            Some(Fate { outcome: Outcome::Ignore, .. }) => return self.mute(asked),
            Some(Fate { outcome: Outcome::Answer(code), scope }) => {
                if is_unacknowledged(&requested.body) {
                    return self.close(ctx, asked.connection, CloseCause::Fault);
                }
                if let Some(refused) = refuse(&mut requested, scope, code, &mut fate) {
                    self.set_fate(asked.connection, fate);
                    return self.take_answer(ctx, &asked, Answer::Now(refused));
                }
            }
            Some(Fate { outcome: Outcome::ApplyThen(Fault::Answer(code), _), scope }) => {
                let refusal = fault::refusal(&requested.body, asked.version, code);
                fate.replace = refusal.map(Box::new);
                fate.overwrite = Some((scope, code));
            }
            Some(Fate { outcome: Outcome::ApplyThen(fault, drawn), .. }) => {
                fate.then = Some((fault, drawn));
            }
        }
        self.set_fate(asked.connection, fate);
        let stale = verdict.stale_image.and_then(|rule| ctx.rules.stale_image(rule, self.id));
        let current = stale.map(|stale| std::mem::replace(&mut self.image, Image::clone(&stale)));
        self.dispatch(ctx, requested);
        if let Some(current) = current {
            self.image = current;
        }
    }

    fn set_fate(&mut self, id: ConnectionId, fate: AnswerFate) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.fate = Some(Box::new(fate));
        }
    }

    /// A request that gets no answer was handled.
    pub(super) fn answer_nothing(&mut self, ctx: &mut Context<'_>, asked: &Asked) {
        let id = asked.connection;
        let fate = self.connections.get_mut(&id).and_then(|connection| connection.fate.take());
        match fate.and_then(|fate| fate.then) {
            Some((Fault::Disconnect | Fault::CutFrame { .. }, _)) => {
                self.close(ctx, id, CloseCause::Fault);
            }
            Some((Fault::Silence, _)) => self.mute(*asked),
            Some((Fault::Answer(_) | Fault::Corrupt(_), _)) | None => self.reschedule(id),
        }
    }

    /// Answers a request as rules want it.
    pub(super) fn respond_with_faults(
        &mut self,
        ctx: &mut Context<'_>,
        asked: &Asked,
        mut response: ResponseKind,
        fate: AnswerFate,
    ) {
        if let Some((scope, code)) = &fate.overwrite
            && !fault::overwrite(&mut response, asked.version, scope, *code)
            && let Some(replacement) = fate.replace
        {
            response = *replacement;
        }
        if let Some(refused) = fate.add {
            fault::put_together(&mut response, *refused);
        }
        if !fate.throttle.is_zero() {
            let millis = i32::try_from(fate.throttle.as_millis()).unwrap_or(i32::MAX);
            fault::set_throttle(&mut response, millis);
        }
        let frame = match encode(asked, &response) {
            Ok(frame) => frame,
            Err(error) => {
                let cause = CloseCause::Unencodable(error.to_string());
                return self.close(ctx, asked.connection, cause);
            }
        };
        self.mute(*asked);
        let ready = Ready { frame, then: fate.then, throttle: fate.throttle };
        if fate.delay.is_zero() {
            return self.write(ctx, asked, ready);
        }
        self.put_off(ctx.now + fate.delay, asked.connection, Later::Write(*asked, ready));
    }

    fn write(&mut self, ctx: &mut Context<'_>, asked: &Asked, ready: Ready) {
        let id = asked.connection;
        let Ready { frame, then, throttle } = ready;
        match then {
            None | Some((Fault::Answer(_), _)) => self.send(ctx, asked, frame),
            Some((Fault::Disconnect, _)) => return self.close(ctx, id, CloseCause::Fault),
            Some((Fault::Silence, _)) => return,
            Some((Fault::CutFrame { after }, _)) => {
                let kept = after.min(frame.len() - 1);
                if kept > 0 {
                    let frame = frame.slice(..kept);
                    ctx.outputs.push_back(Output::Send { connection: id, frame });
                }
                return self.close(ctx, id, CloseCause::Fault);
            }
            Some((Fault::Corrupt(corruption), drawn)) => {
                let corrupt = Corrupt { corruption, drawn };
                let frame = corrupted(&frame, LENGTH_PREFIX, SPARED_OF_ANSWERS, corrupt);
                self.send(ctx, asked, frame);
            }
        }
        if throttle.is_zero() {
            self.unmute(id);
        } else {
            self.put_off(ctx.now + throttle, id, Later::Unmute);
        }
    }

    fn unmute(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.muted = None;
        }
        self.reschedule(id);
    }

    fn put_off(&mut self, at: MonoTime, id: ConnectionId, later: Later) {
        self.postponed.by_time.insert((at, id), later);
    }

    pub(super) fn postponed_due(&mut self, ctx: &mut Context<'_>) {
        while let Some(first) = self.postponed.by_time.first_entry() {
            let (at, id) = *first.key();
            if at > ctx.now {
                break;
            }
            match first.remove() {
                Later::Handle(requested, verdict) => self.proceed(ctx, *requested, *verdict),
                Later::Write(asked, ready) => self.write(ctx, &asked, ready),
                Later::Unmute => self.unmute(id),
            }
        }
    }
}

/// Refuses what `scope` covers of a request. Gives the answer if nothing is left of it; otherwise
/// the rest is to be handled, and `fate` says what its answer gets.
fn refuse(
    requested: &mut Requested,
    scope: Scope,
    code: ErrorCode,
    fate: &mut AnswerFate,
) -> Option<Box<ResponseKind>> {
    let version = requested.asked.version;
    match &mut requested.body {
        RequestKind::Fetch(request) => request.max_wait_ms = 0,
        RequestKind::Metadata(request) => request.allow_auto_topic_creation = false,
        RequestKind::ListOffsets(_) | RequestKind::OffsetForLeaderEpoch(_) => {}
        body => {
            let Some(TakenOut { part, rest }) = fault::take_out(body, &scope) else {
                return fault::refusal(body, version, code).map(Box::new);
            };
            let refused = fault::refusal(&part, version, code).map(Box::new);
            if rest == Rest::Nothing {
                return refused;
            }
            fate.add = refused;
            return None;
        }
    }
    fate.overwrite = Some((scope, code));
    None
}

fn is_unacknowledged(request: &RequestKind) -> bool {
    matches!(request, RequestKind::Produce(request) if request.acks == 0)
}

/// A copy of `frame` with bytes behind the first `head` changed.
fn corrupted(frame: &Bytes, head: usize, spared: usize, corrupt: Corrupt) -> Bytes {
    let mut copy = BytesMut::from(&frame[..]);
    let body = &mut copy[head.min(frame.len())..];
    corrupt.corruption.apply(body, spared, corrupt.drawn);
    copy.freeze()
}
