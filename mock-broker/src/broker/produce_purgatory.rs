//! Appends with acks=all that wait to be replicated: Produce requests and transactions' markers
//! (`DelayedProduce`, `DelayedOperationPurgatory`).

use std::collections::BTreeSet;

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use milena_protocol::ErrorCode;
use milena_protocol::messages::{ProduceResponse, ResponseKind};
use milena_protocol::time::MonoTime;

use super::{Asked, Process};
use crate::api::write_txn_markers::MarkerResults;
use crate::cluster::ConnectionId;
use crate::context::Context;
use crate::metadata::TopicPartition;
use crate::sabotage::{self, Sabotage};

/// A partition whose records are not replicated yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AwaitedPartition {
    pub(crate) key: TopicPartition,
    /// The high watermark that completes it.
    pub(crate) required: i64,
    /// Where its answer stands: topic and partition of a Produce response, or the marker's number.
    pub(crate) place: (usize, usize),
}

/// What is told once nothing is awaited any more.
#[derive(Debug)]
pub(crate) enum AppendAnswer {
    /// Complete but for the awaited partitions, which say what they say on success.
    Produce(ProduceResponse),
    Markers(MarkerResults),
}

impl AppendAnswer {
    fn set(&mut self, (at, within): (usize, usize), code: ErrorCode) {
        match self {
            Self::Produce(response) => set_error(response, (at, within), code),
            Self::Markers(results) => results.set(at, code),
        }
    }

    fn forget_offset(&mut self, (at, within): (usize, usize)) {
        if let Self::Produce(response) = self {
            response.responses[at].partition_responses[within].base_offset = -1;
        }
    }
}

/// A request that waits.
#[derive(Debug)]
pub(crate) struct DelayedProduce {
    pub(crate) asked: Asked,
    pub(crate) deadline: MonoTime,
    pub(crate) awaited: Vec<AwaitedPartition>,
    pub(crate) answer: AppendAnswer,
}

/// All of them, by connection: one has at most one request at a time.
#[derive(Default, Debug)]
pub(super) struct ProducePurgatory {
    delayed: IndexMap<ConnectionId, DelayedProduce, FixedState>,
    deadlines: BTreeSet<(MonoTime, ConnectionId)>,
    /// What is awaited, by partition and high watermark.
    watchers: BTreeSet<(TopicPartition, i64, ConnectionId)>,
}

impl ProducePurgatory {
    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    fn insert(&mut self, produce: DelayedProduce) {
        let id = produce.asked.connection;
        self.deadlines.insert((produce.deadline, id));
        for awaited in &produce.awaited {
            self.watchers.insert((awaited.key, awaited.required, id));
        }
        self.delayed.insert(id, produce);
    }

    fn remove(&mut self, id: ConnectionId) -> Option<DelayedProduce> {
        let produce = self.delayed.swap_remove(&id)?;
        self.deadlines.remove(&(produce.deadline, id));
        for awaited in &produce.awaited {
            self.watchers.remove(&(awaited.key, awaited.required, id));
        }
        Some(produce)
    }

    /// Who awaits the lowest high watermark of a partition, and which.
    fn first_watcher(&self, key: TopicPartition) -> Option<(i64, ConnectionId)> {
        let from = (key, i64::MIN, ConnectionId(0));
        let (of, required, id) = self.watchers.range(from..).next()?;
        (*of == key).then_some((*required, *id))
    }

    /// Ends the wait for one partition; gives the request if it was the last.
    fn complete(
        &mut self,
        id: ConnectionId,
        key: TopicPartition,
        required: i64,
        outcome: ErrorCode,
    ) -> Option<DelayedProduce> {
        let produce = self.delayed.get_mut(&id)?;
        let at = produce
            .awaited
            .iter()
            .position(|awaited| awaited.key == key && awaited.required == required)?;
        let awaited = produce.awaited.swap_remove(at);
        produce.answer.set(awaited.place, outcome);
        let done = produce.awaited.is_empty();
        self.watchers.remove(&(key, required, id));
        if done { self.remove(id) } else { None }
    }
}

impl Process {
    /// Parks a request until its partitions are replicated; answers at once if they are.
    pub(crate) fn await_replication(&mut self, produce: DelayedProduce) {
        // Looked at again before anything else happens: a lone replica commits as it appends.
        self.moved.extend(produce.awaited.iter().map(|awaited| awaited.key));
        self.produce.insert(produce);
    }

    /// Looks at the requests that wait for a partition whose high watermark or leader changed.
    pub(super) fn complete_produces(&mut self, ctx: &mut Context<'_>, key: TopicPartition) {
        while let Some((required, id)) = self.produce.first_watcher(key) {
            let outcome = match self.replicas.get(&key) {
                None => self.why_there_is_none(key),
                Some(replica) => match replica.replicated(required) {
                    Some(outcome) => outcome,
                    None => break,
                },
            };
            if let Some(done) = self.produce.complete(id, key, required, outcome) {
                self.answer_produce(ctx, done);
            }
        }
    }

    pub(super) fn expire_produces(&mut self, ctx: &mut Context<'_>) {
        while let Some((at, id)) = self.produce.deadlines.first().copied() {
            if at > ctx.now {
                break;
            }
            let Some(mut produce) = self.produce.remove(id) else { break };
            for awaited in std::mem::take(&mut produce.awaited) {
                // The offsets stay in the answer: the records may be committed yet.
                produce.answer.set(awaited.place, ErrorCode::REQUEST_TIMED_OUT);
                if sabotage::is(Sabotage::TimeOutWithoutOffset) {
                    produce.answer.forget_offset(awaited.place);
                }
            }
            self.answer_produce(ctx, produce);
        }
    }

    pub(super) fn produce_abandoned(&mut self, id: ConnectionId) {
        self.produce.remove(id);
    }

    fn answer_produce(&mut self, ctx: &mut Context<'_>, produce: DelayedProduce) {
        let DelayedProduce { asked, answer, .. } = produce;
        let response = match answer {
            AppendAnswer::Produce(mut response) => {
                self.add_produce_hints(asked.version, &mut response);
                response.throttle_time_ms =
                    self.charge_produce(ctx, asked.connection, crate::api::produce::ACKS_ALL);
                ResponseKind::Produce(response)
            }
            AppendAnswer::Markers(results) => {
                ResponseKind::WriteTxnMarkers(results.into_response())
            }
        };
        self.respond(ctx, &asked, &response);
    }
}

fn set_error(response: &mut ProduceResponse, (topic, partition): (usize, usize), code: ErrorCode) {
    let place = response
        .responses
        .get_mut(topic)
        .and_then(|topic| topic.partition_responses.get_mut(partition));
    if let Some(place) = place {
        place.error_code = code.0;
    }
}
