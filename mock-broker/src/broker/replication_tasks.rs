//! A broker's part in replication: answering followers, copying from leaders, keeping ISRs.

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::{CallKind, Process};
use crate::cluster::Node;
use crate::context::Context;
use crate::message::{
    IsrAnswer, Message, ReplicaFetchRequest, ReplicaFetchResponse, ReplicaPosition, Request,
    Response,
};
use crate::metadata::TopicPartition;
use crate::replication::{FetchLimits, FollowerSession, Parked, ProposalOutcome, Replica};

impl Process {
    /// A follower fetches.
    pub(super) fn replica_fetch(
        &mut self,
        ctx: &mut Context<'_>,
        follower: BrokerId,
        id: u64,
        request: &ReplicaFetchRequest,
    ) {
        if !self.is_serving() {
            ctx.send(self.node(), Node::Broker(follower), Message::Disconnected { id });
            return;
        }
        if let Err(code) = self.enter_session(ctx, follower, request) {
            let body = ReplicaFetchResponse { session: Err(code), partitions: Vec::new() };
            let message = Message::Response { id, body: Response::ReplicaFetch(body) };
            ctx.send(self.node(), Node::Broker(follower), message);
            return;
        }
        let Some(session) = self.followers.get_mut(&follower) else { return };
        for (key, position) in session.fetched() {
            self.note_fetch(ctx, follower, request.broker_epoch, key, &position);
        }
        if let Some(session) = self.followers.get_mut(&follower) {
            let deadline = ctx.now + ctx.config.timings.replica_fetch_wait_max;
            session.parked = Some(Parked { request: id, deadline });
            self.awake.insert(follower);
        }
    }

    fn enter_session(
        &mut self,
        ctx: &Context<'_>,
        follower: BrokerId,
        request: &ReplicaFetchRequest,
    ) -> Result<(), ErrorCode> {
        if request.session.epoch == 0 {
            self.next_session += 1;
            let session = FollowerSession::open(follower, self.next_session, request, ctx.now);
            self.followers.insert(follower, session);
            return Ok(());
        }
        match self.followers.get_mut(&follower) {
            Some(session) => session.resume(request, ctx.now),
            None => Err(ErrorCode::FETCH_SESSION_ID_NOT_FOUND),
        }
    }

    pub(crate) fn note_fetch(
        &mut self,
        ctx: &mut Context<'_>,
        follower: BrokerId,
        broker_epoch: i64,
        key: TopicPartition,
        position: &ReplicaPosition,
    ) {
        let around = surroundings!(self, ctx);
        let Some(replica) = self.replicas.get_mut(&key) else { return };
        if !is_on_this_log(replica, position) {
            return;
        }
        let Ok(noted) = replica.note_fetch(follower, broker_epoch, position, around) else {
            return;
        };
        if let Some(session) = self.followers.get_mut(&follower) {
            session.mark_membership(key, noted.in_isr);
        }
        if let Some(proposal) = noted.proposal {
            ctx.trace(
                self.node(),
                "propose isr",
                &[
                    ("of", &key),
                    ("isr", &proposal.isr),
                    ("partition_epoch", &proposal.partition_epoch),
                ],
            );
            self.alter_partitions.submit(proposal);
        }
        if noted.high_watermark_moved {
            self.high_watermark_moved(key);
        }
        if self.deletes.awaits(key) {
            self.moved.insert(key);
        }
    }

    pub(super) fn high_watermark_moved(&mut self, key: TopicPartition) {
        self.unsaved.insert(key);
        self.moved.insert(key);
    }

    /// A leader appended records.
    pub(crate) fn note_append(&mut self, key: TopicPartition, high_watermark_moved: bool) {
        self.appended.insert(key);
        if high_watermark_moved {
            self.high_watermark_moved(key);
        }
    }

    /// Answers a parked fetch if there is something to say, or if it has waited long enough.
    pub(super) fn answer_follower(
        &mut self,
        ctx: &mut Context<'_>,
        follower: BrokerId,
        waited_enough: bool,
    ) {
        let limit = |bytes: i32| usize::try_from(bytes).unwrap_or(0);
        let limits = FetchLimits {
            response: limit(ctx.config.replica_fetch_response_max_bytes),
            partition: limit(ctx.config.replica_fetch_max_bytes),
        };
        let Some(session) = self.followers.get_mut(&follower) else { return };
        let Some(parked) = session.parked else { return };
        let response = session.answer(&self.replicas, limits);
        if response.partitions.is_empty() && !waited_enough {
            return;
        }
        session.parked = None;
        let body = Response::ReplicaFetch(response);
        let message = Message::Response { id: parked.request, body };
        ctx.send(self.node(), Node::Broker(follower), message);
    }

    pub(super) fn replica_fetch_answered(
        &mut self,
        ctx: &mut Context<'_>,
        leader: BrokerId,
        response: ReplicaFetchResponse,
    ) {
        let again_at = ctx.now + ctx.config.timings.replica_fetch_backoff;
        self.appends_fail(ctx, &response);
        let wall_millis = ctx.wall_millis();
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        let processed =
            fetcher.answered(leader, response, &mut self.replicas, again_at, wall_millis);
        for (key, end) in &processed.truncated {
            ctx.trace(self.node(), "truncate", &[("of", key), ("end", end)]);
        }
        for key in &processed.changed {
            if let Some(replica) = self.replicas.get(key) {
                let (end, high_watermark) =
                    (replica.log.end_offset(), replica.log.high_watermark());
                ctx.trace(
                    Node::Broker(self.id),
                    "copied",
                    &[
                        ("topic", &replica.topic),
                        ("partition", &key.index),
                        ("end", &end),
                        ("hw", &high_watermark),
                    ],
                );
            }
        }
        for key in processed.high_watermark_moved {
            self.unsaved.insert(key);
            self.moved.insert(key);
        }
        self.appended.extend(processed.changed);
        self.eager.insert(leader);
    }

    pub(super) fn replica_fetch_failed(&mut self, ctx: &Context<'_>, leader: BrokerId) {
        let again_at = ctx.now + ctx.config.timings.replica_fetch_backoff;
        if let Some(fetcher) = self.fetchers.get_mut(&leader) {
            fetcher.failed(again_at);
        }
    }

    /// Sends the fetches that are due.
    pub(super) fn send_fetches(&mut self, ctx: &mut Context<'_>) {
        while let Some(leader) = self.eager.pop_first() {
            let epoch = self.broker_epoch();
            let Some(fetcher) = self.fetchers.get_mut(&leader) else { continue };
            let request =
                fetcher.next_request(ctx.now, epoch, &self.replicas, || ctx.next_request());
            let Some((id, request)) = request else {
                if fetcher.is_idle() {
                    self.fetchers.remove(&leader);
                }
                continue;
            };
            let deadline = Some(ctx.now + ctx.config.timings.request_timeout);
            let body = Request::ReplicaFetch(request);
            let kind = CallKind::ReplicaFetch { leader };
            self.send_call(ctx, id, Node::Broker(leader), kind, body, deadline);
        }
    }

    pub(super) fn replication_timeout(&self) -> Option<MonoTime> {
        let parked =
            self.followers.values().filter_map(|session| session.parked.map(|it| it.deadline));
        let pauses = self.fetchers.values().filter_map(super::Fetcher::poll_timeout);
        parked.chain(pauses).min()
    }

    pub(super) fn replication_due(&mut self, ctx: &mut Context<'_>) {
        let waited: Vec<BrokerId> = self
            .followers
            .iter()
            .filter(|(_, session)| session.parked.is_some_and(|it| it.deadline <= ctx.now))
            .map(|(id, _)| *id)
            .collect();
        for follower in waited {
            self.answer_follower(ctx, follower, true);
        }
        for (leader, fetcher) in &self.fetchers {
            if fetcher.poll_timeout().is_some_and(|at| at <= ctx.now) {
                self.eager.insert(*leader);
            }
        }
    }

    /// Looks for members that fell behind, every half of replica.lag.time.max.ms.
    pub(super) fn isr_check_due(&mut self, ctx: &mut Context<'_>) {
        if self.next_isr_check > ctx.now {
            return;
        }
        self.next_isr_check = ctx.now + ctx.config.timings.replica_lag_time_max / 2;
        let around = surroundings!(self, ctx);
        for (key, replica) in &mut self.replicas {
            if let Some(proposal) = replica.maybe_shrink(around) {
                let epoch = proposal.partition_epoch;
                ctx.trace(
                    Node::Broker(self.id),
                    "propose isr",
                    &[("of", key), ("isr", &proposal.isr), ("partition_epoch", &epoch)],
                );
                self.alter_partitions.submit(proposal);
            }
        }
    }

    /// Asks the controller about ISR changes, one request at a time.
    pub(super) fn propose_isrs(&mut self, ctx: &mut Context<'_>) {
        let Some(proposals) = self.alter_partitions.next(ctx.now) else { return };
        let body = Request::AlterPartition { epoch: self.broker_epoch(), proposals };
        self.call_controller(ctx, CallKind::AlterPartition, body);
    }

    pub(super) fn alter_partition_answered(
        &mut self,
        ctx: &mut Context<'_>,
        answer: Result<Vec<IsrAnswer>, ErrorCode>,
    ) {
        let answers = match answer {
            Ok(answers) => answers,
            Err(_) => {
                let again_at = ctx.now + ctx.config.timings.controller_retry_backoff;
                self.alter_partitions.failed(again_at);
                return;
            }
        };
        let asked = self.alter_partitions.answered();
        for (key, answer) in answers {
            let Some(proposal) = asked.iter().find(|proposal| proposal.partition == key) else {
                continue;
            };
            ctx.trace(self.node(), "isr", &[("of", &key), ("answer", &answer)]);
            let around = surroundings!(self, ctx);
            let Some(replica) = self.replicas.get_mut(&key) else { continue };
            match replica.proposal_answered(proposal, answer, around) {
                ProposalOutcome::Settled { high_watermark_moved: true } => {
                    self.high_watermark_moved(key);
                }
                ProposalOutcome::Settled { high_watermark_moved: false } => {}
                ProposalOutcome::Retry(again) => {
                    self.alter_partitions.submit(again);
                    let pause = ctx.config.timings.controller_retry_backoff;
                    self.alter_partitions.not_before = Some(ctx.now + pause);
                }
            }
            self.note_membership(key);
        }
    }
}

/// Whether a follower's position is one in this leader's log, so that it tells where it is
/// (`Partition.fetchRecords` does not count a fetch whose epoch diverges).
fn is_on_this_log(replica: &Replica, position: &ReplicaPosition) -> bool {
    let log = &replica.log;
    let offset = position.fetch_offset;
    if replica.leader_epoch != position.leader_epoch
        || offset < log.start_offset()
        || offset > log.end_offset()
    {
        return false;
    }
    if position.last_fetched_epoch < 0 {
        return true;
    }
    let common = log.epoch_end(position.last_fetched_epoch);
    common.epoch == position.last_fetched_epoch && common.offset >= offset
}
