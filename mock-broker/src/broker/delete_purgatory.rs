//! DeleteRecords requests that wait until every live replica has deleted (`DelayedDeleteRecords`).

use std::collections::{BTreeMap, BTreeSet};

use milena_protocol::ErrorCode;
use milena_protocol::messages::{DeleteRecordsResponse, ResponseKind};
use milena_protocol::time::MonoTime;

use super::{Asked, Process};
use crate::cluster::ConnectionId;
use crate::context::Context;
use crate::metadata::TopicPartition;

/// A partition whose replicas have not all deleted yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AwaitedDeletion {
    pub(crate) key: TopicPartition,
    /// The low watermark that completes it.
    pub(crate) required: i64,
    /// Where its answer stands in the response.
    pub(crate) place: (usize, usize),
}

/// A request that waits.
#[derive(Debug)]
pub(crate) struct DelayedDelete {
    pub(crate) asked: Asked,
    pub(crate) deadline: MonoTime,
    pub(crate) awaited: Vec<AwaitedDeletion>,
    /// Complete but for the awaited partitions, which hold the low watermark of the beginning.
    pub(crate) response: DeleteRecordsResponse,
}

/// All of them, by connection: one has at most one request at a time.
#[derive(Default, Debug)]
pub(super) struct DeletePurgatory {
    delayed: BTreeMap<ConnectionId, DelayedDelete>,
    deadlines: BTreeSet<(MonoTime, ConnectionId)>,
}

impl DeletePurgatory {
    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    fn insert(&mut self, delete: DelayedDelete) {
        self.deadlines.insert((delete.deadline, delete.asked.connection));
        self.delayed.insert(delete.asked.connection, delete);
    }

    /// Takes out the request of a connection, answered or abandoned.
    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<DelayedDelete> {
        let delete = self.delayed.remove(&id)?;
        self.deadlines.remove(&(delete.deadline, id));
        Some(delete)
    }

    /// Whether a request waits for this partition.
    pub(super) fn awaits(&self, key: TopicPartition) -> bool {
        self.watchers(key).next().is_some()
    }

    fn watchers(&self, key: TopicPartition) -> impl Iterator<Item = ConnectionId> {
        let watches = move |delete: &DelayedDelete| delete.awaited.iter().any(|it| it.key == key);
        self.delayed.iter().filter(move |(_, delete)| watches(delete)).map(|(id, _)| *id)
    }
}

impl Process {
    /// Parks a request until its partitions are deleted everywhere.
    pub(crate) fn await_deletion(&mut self, delete: DelayedDelete) {
        self.deletes.insert(delete);
    }

    /// Looks at the requests that wait for a partition whose low watermark or leader may have
    /// changed.
    pub(super) fn complete_deletes(&mut self, ctx: &mut Context<'_>, key: TopicPartition) {
        let watchers: Vec<ConnectionId> = self.deletes.watchers(key).collect();
        if watchers.is_empty() {
            return;
        }
        let low_watermark = match self.replicas.get(&key) {
            None => Err(self.why_there_is_none(key)),
            Some(replica) => replica.low_watermark(&self.image),
        };
        for id in watchers {
            let Some(delete) = self.deletes.delayed.get_mut(&id) else { continue };
            let DelayedDelete { awaited, response, .. } = delete;
            awaited.retain(|awaited| match low_watermark {
                _ if awaited.key != key => true,
                Ok(low) if low < awaited.required => true,
                outcome => {
                    tell(response, awaited.place, outcome);
                    false
                }
            });
            if delete.awaited.is_empty()
                && let Some(done) = self.deletes.remove(id)
            {
                self.respond(ctx, &done.asked, &ResponseKind::DeleteRecords(done.response));
            }
        }
    }

    pub(super) fn expire_deletes(&mut self, ctx: &mut Context<'_>) {
        while let Some((at, id)) = self.deletes.deadlines.first().copied() {
            if at > ctx.now {
                break;
            }
            let Some(mut delete) = self.deletes.remove(id) else { break };
            for AwaitedDeletion { place, .. } in delete.awaited {
                // The low watermark stays what it was when the request came.
                if let Some(told) = at_place(&mut delete.response, place) {
                    told.error_code = ErrorCode::REQUEST_TIMED_OUT.0;
                }
            }
            self.respond(ctx, &delete.asked, &ResponseKind::DeleteRecords(delete.response));
        }
    }
}

fn at_place(
    response: &mut DeleteRecordsResponse,
    (topic, partition): (usize, usize),
) -> Option<&mut milena_protocol::messages::delete_records_response::DeleteRecordsPartitionResult> {
    response.topics.get_mut(topic).and_then(|topic| topic.partitions.get_mut(partition))
}

fn tell(
    response: &mut DeleteRecordsResponse,
    place: (usize, usize),
    outcome: Result<i64, ErrorCode>,
) {
    if let Some(told) = at_place(response, place) {
        told.low_watermark = outcome.unwrap_or(-1);
        told.error_code = outcome.map_or_else(|code| code.0, |_| ErrorCode::NONE.0);
    }
}
