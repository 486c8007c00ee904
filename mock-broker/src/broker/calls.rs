//! Requests this broker sent to other nodes and that are not answered yet.

use std::collections::VecDeque;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::Process;
use super::forwarding::Forwarded;
use crate::cluster::Node;
use crate::context::Context;
use crate::message::{Message, Request, Response};
use crate::sabotage::{self, Sabotage};

/// What an unanswered request was about.
#[derive(Clone, Debug)]
pub(crate) enum CallKind {
    Register,
    Heartbeat,
    FetchMetadata,
    AlterPartition,
    AllocateProducerIds,
    AssignDirectories,
    Forward(Forwarded),
    AutoCreate { topics: Vec<String> },
    ReplicaFetch { leader: BrokerId },
}

#[derive(Debug)]
struct Call {
    id: u64,
    to: Node,
    kind: CallKind,
    deadline: Option<MonoTime>,
}

/// All unanswered requests.
#[derive(Default, Debug)]
pub(crate) struct Calls {
    /// As they were made, so that their numbers ascend. There are few at a time: one to each other
    /// node, and those that are made for clients.
    unanswered: Vec<Call>,
    /// Calls that failed and are made again after a pause, which is the same for all.
    postponed: VecDeque<(MonoTime, CallKind)>,
}

impl Calls {
    pub(crate) fn poll_timeout(&self) -> Option<MonoTime> {
        let deadline = self.unanswered.iter().filter_map(|call| call.deadline).min();
        deadline.into_iter().chain(self.postponed.front().map(|(at, _)| *at)).min()
    }

    fn remove(&mut self, id: u64) -> Option<Call> {
        let at = self.unanswered.binary_search_by_key(&id, |call| call.id).ok()?;
        Some(self.unanswered.remove(at))
    }

    /// The one whose time was over first.
    fn expired(&self, now: MonoTime) -> Option<u64> {
        let deadlines = self.unanswered.iter().filter_map(|call| Some((call.deadline?, call.id)));
        deadlines.min().filter(|(at, _)| *at <= now).map(|(_, id)| id)
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
        self.calls.unanswered.push(Call { id, to, kind, deadline });
        ctx.send(self.node(), to, Message::Request { id, body });
    }

    /// The requests another node owes an answer to.
    pub(crate) fn calls_to(&self, node: Node) -> Vec<u64> {
        let to_node = self.calls.unanswered.iter().filter(|call| call.to == node);
        to_node.map(|call| call.id).collect()
    }

    pub(super) fn expire_calls(&mut self, ctx: &mut Context<'_>) {
        while let Some(id) = self.calls.expired(ctx.now) {
            self.call_failed(ctx, id);
        }
        while self.calls.postponed.front().is_some_and(|(at, _)| *at <= ctx.now) {
            let Some((_, kind)) = self.calls.postponed.pop_front() else { break };
            match kind {
                CallKind::FetchMetadata => self.fetch_metadata(ctx),
                CallKind::Forward(forwarded) => self.forward(ctx, forwarded),
                _ => {}
            }
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
            (CallKind::FetchMetadata, Response::Snapshot(image)) => {
                self.take_in_snapshot(ctx, *image);
            }
            (CallKind::AlterPartition, Response::AlterPartition(answer)) => {
                self.alter_partition_answered(ctx, answer);
            }
            (CallKind::AllocateProducerIds, Response::AllocateProducerIds(block)) => {
                self.producer_ids_answered(ctx, block);
            }
            (CallKind::AssignDirectories, Response::AssignDirectories(outcome)) => {
                self.directories_told(ctx, outcome);
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
                self.replica_fetch_answered(ctx, leader, response);
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
            // At once would be for ever, while nobody listens at the controller. What a client asked
            // for may have been carried out, and the controller says so when asked again.
            CallKind::Forward(forwarded) if sabotage::is(Sabotage::ControllerNotWaitedFor) => {
                self.forward(ctx, Forwarded { until: ctx.now, ..forwarded });
            }
            CallKind::FetchMetadata | CallKind::Forward(_) => {
                self.calls.postponed.push_back((ctx.now + pause, kind));
            }
            CallKind::AlterPartition => self.alter_partitions.failed(ctx.now + pause),
            CallKind::AllocateProducerIds => self.producer_ids.failed(ctx.now + pause),
            CallKind::AssignDirectories => {
                self.directories_told(ctx, Err(ErrorCode::REQUEST_TIMED_OUT));
            }
            CallKind::AutoCreate { topics } => self.auto_create_ended(&topics),
            CallKind::ReplicaFetch { leader } => self.replica_fetch_failed(ctx, leader),
        }
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
