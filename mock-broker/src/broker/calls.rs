//! Requests this broker sent to other nodes and that are not answered yet.

use std::collections::{BTreeMap, BTreeSet};

use milena_protocol::ids::BrokerId;
use milena_protocol::messages::RequestKind;
use milena_protocol::time::MonoTime;

use super::{Asked, Process, Reassembly};
use crate::cluster::Node;
use crate::context::Context;
use crate::message::{Message, Request, Response};

/// A client's request that the controller handles (KIP-590).
#[derive(Clone, Debug)]
pub(crate) struct Forwarded {
    pub(crate) asked: Asked,
    /// Tried again as long as the controller is not there.
    pub(crate) request: Box<RequestKind>,
    /// What this broker has answered itself.
    pub(crate) reassembly: Option<Reassembly>,
}

/// What an unanswered request was about.
#[derive(Clone, Debug)]
pub(crate) enum CallKind {
    Register,
    Heartbeat,
    FetchMetadata,
    AlterPartition,
    AllocateProducerIds,
    Forward(Forwarded),
    AutoCreate { topics: Vec<String> },
    ReplicaFetch { leader: BrokerId },
}

#[derive(Debug)]
struct Call {
    to: Node,
    kind: CallKind,
    deadline: Option<MonoTime>,
}

/// All unanswered requests, by number.
#[derive(Default, Debug)]
pub(crate) struct Calls {
    by_id: BTreeMap<u64, Call>,
    deadlines: BTreeSet<(MonoTime, u64)>,
}

impl Calls {
    pub(crate) fn poll_timeout(&self) -> Option<MonoTime> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    fn insert(&mut self, id: u64, call: Call) {
        if let Some(deadline) = call.deadline {
            self.deadlines.insert((deadline, id));
        }
        self.by_id.insert(id, call);
    }

    fn remove(&mut self, id: u64) -> Option<Call> {
        let call = self.by_id.remove(&id)?;
        if let Some(deadline) = call.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        Some(call)
    }
}

impl Process {
    /// Asks the controller.
    pub(crate) fn call_controller(&mut self, ctx: &mut Context<'_>, kind: CallKind, body: Request) {
        let id = ctx.next_request();
        let timings = &ctx.config.timings;
        let deadline = match kind {
            // Answered only when there is something to say.
            CallKind::FetchMetadata => None,
            // A broker that is not heard of in time is fenced: no use in waiting longer.
            CallKind::Register | CallKind::Heartbeat => Some(ctx.now + timings.session_timeout),
            _ => Some(ctx.now + timings.request_timeout),
        };
        self.send_call(ctx, id, Node::Controller, kind, body, deadline);
    }

    pub(super) fn send_call(
        &mut self,
        ctx: &mut Context<'_>,
        id: u64,
        to: Node,
        kind: CallKind,
        body: Request,
        deadline: Option<MonoTime>,
    ) {
        self.calls.insert(id, Call { to, kind, deadline });
        ctx.send(self.node(), to, Message::Request { id, body });
    }

    /// The requests another node owes an answer to.
    pub(crate) fn calls_to(&self, node: Node) -> Vec<u64> {
        let to_node = |(id, call): (&u64, &Call)| (call.to == node).then_some(*id);
        self.calls.by_id.iter().filter_map(to_node).collect()
    }

    pub(super) fn expire_calls(&mut self, ctx: &mut Context<'_>) {
        while let Some((at, id)) = self.calls.deadlines.first().copied() {
            if at > ctx.now {
                break;
            }
            self.call_failed(ctx, id);
        }
    }

    pub(super) fn call_answered(&mut self, ctx: &mut Context<'_>, id: u64, body: Response) {
        let Some(call) = self.calls.remove(id) else { return };
        match (call.kind, body) {
            (CallKind::Register, Response::Register(outcome)) => self.registered(ctx, outcome),
            (CallKind::Heartbeat, Response::Heartbeat(reply)) => {
                self.heartbeat_answered(ctx, reply)
            }
            (CallKind::FetchMetadata, Response::FetchMetadata { from, records }) => {
                self.take_in_metadata(ctx, from, &records);
            }
            (CallKind::AlterPartition, Response::AlterPartition(answer)) => {
                self.alter_partition_answered(ctx, answer);
            }
            (CallKind::AllocateProducerIds, Response::AllocateProducerIds(block)) => {
                self.producer_ids_answered(ctx, block);
            }
            (CallKind::Forward(forwarded), Response::Forwarded(response)) => {
                let response = match forwarded.reassembly {
                    Some(reassembly) => &reassembly.complete(*response),
                    None => &*response,
                };
                self.respond(ctx, &forwarded.asked, response);
            }
            (CallKind::AutoCreate { topics }, _) => self.auto_create_ended(&topics),
            (CallKind::ReplicaFetch { leader }, Response::ReplicaFetch(response)) => {
                self.replica_fetch_answered(ctx, leader, *response);
            }
            (kind, _) => self.kind_failed(ctx, kind),
        }
    }

    pub(super) fn call_failed(&mut self, ctx: &mut Context<'_>, id: u64) {
        if let Some(call) = self.calls.remove(id) {
            self.kind_failed(ctx, call.kind);
        }
    }

    fn kind_failed(&mut self, ctx: &mut Context<'_>, kind: CallKind) {
        let pause = ctx.config.timings.controller_retry_backoff;
        match kind {
            CallKind::Register | CallKind::Heartbeat => self.lifecycle_call_failed(ctx),
            CallKind::FetchMetadata => self.fetch_metadata(ctx),
            CallKind::AlterPartition => self.alter_partitions.failed(ctx.now + pause),
            CallKind::AllocateProducerIds => self.producer_ids.failed(ctx.now + pause),
            // The controller may have carried it out, and says so when asked again.
            CallKind::Forward(forwarded) => self.forward(ctx, forwarded),
            CallKind::AutoCreate { topics } => self.auto_create_ended(&topics),
            CallKind::ReplicaFetch { leader } => self.replica_fetch_failed(ctx, leader),
        }
    }

    /// Hands a client's request on to the controller.
    pub(crate) fn forward(&mut self, ctx: &mut Context<'_>, forwarded: Forwarded) {
        let version = forwarded.asked.version;
        let body = Request::Forwarded { version, request: forwarded.request.clone() };
        self.call_controller(ctx, CallKind::Forward(forwarded), body);
    }

    fn auto_create_ended(&mut self, topics: &[String]) {
        for topic in topics {
            self.creating.remove(topic);
        }
    }
}

impl Process {
    /// Notes that the controller is about to be asked for a topic. False if it is already.
    pub(crate) fn start_creating(&mut self, topic: &str) -> bool {
        self.creating.insert(topic.to_owned())
    }
}
