//! How a leader remembers one follower: its fetch session (KIP-227) and its parked fetch.
//!
//! A follower names only what changed since its last fetch, so a round costs as much as there is
//! to say. `ready` holds the partitions a fetch may have an answer for; everything else stands
//! still. A fetch with nothing to answer is parked until a record comes, the high watermark passes
//! the follower's (KIP-1166), or replica.fetch.wait.max.ms is over.

use std::collections::{BTreeMap, BTreeSet};

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use crate::marks::Marks;
use crate::message::{
    ReplicaFetchRequest, ReplicaFetchResponse, ReplicaOutcome, ReplicaPartition, ReplicaPosition,
    SessionId,
};
use crate::metadata::TopicPartition;
use crate::replication::{Replica, Replicas};

/// A fetch that waits for something to answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parked {
    pub(crate) request: u64,
    pub(crate) deadline: MonoTime,
}

/// What one response may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FetchLimits {
    /// `replica.fetch.response.max.bytes`
    pub(crate) response: usize,
    /// `replica.fetch.max.bytes`
    pub(crate) partition: usize,
}

/// A follower at its leader.
#[derive(Debug)]
pub(crate) struct FollowerSession {
    pub(crate) follower: BrokerId,
    id: SessionId,
    positions: BTreeMap<TopicPartition, ReplicaPosition>,
    ready: Marks<TopicPartition>,
    /// Partitions whose ISR the follower is not in: each fetch may let it join.
    outside: BTreeSet<TopicPartition>,
    /// Where the next response begins, so that no partition starves behind a full one.
    cursor: Option<TopicPartition>,
    pub(crate) last_request: MonoTime,
    pub(crate) parked: Option<Parked>,
}

impl FollowerSession {
    /// Opens a session; `id` is one no session had before.
    pub(crate) fn open(
        follower: BrokerId,
        id: u64,
        request: &ReplicaFetchRequest,
        now: MonoTime,
    ) -> Self {
        let mut session = Self {
            follower,
            id: SessionId { id, epoch: 1 },
            positions: BTreeMap::new(),
            ready: Marks::default(),
            outside: BTreeSet::new(),
            cursor: None,
            last_request: now,
            parked: None,
        };
        session.take_in(request, now);
        session
    }

    /// Goes on with a session, if the request is the one that is expected next.
    pub(crate) fn resume(
        &mut self,
        request: &ReplicaFetchRequest,
        now: MonoTime,
    ) -> Result<(), ErrorCode> {
        if request.session.id != self.id.id {
            return Err(ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
        }
        if request.session.epoch != self.id.epoch {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        }
        self.id.epoch += 1;
        self.take_in(request, now);
        Ok(())
    }

    fn take_in(&mut self, request: &ReplicaFetchRequest, now: MonoTime) {
        self.last_request = now;
        for key in &request.forgotten {
            self.positions.remove(key);
            self.outside.remove(key);
        }
        for (key, position) in &request.partitions {
            self.positions.insert(*key, *position);
            self.ready.insert(*key);
        }
    }

    /// The partitions this request is a fetch of, as far as that tells the leader anything.
    pub(crate) fn fetched(&mut self) -> Vec<(TopicPartition, ReplicaPosition)> {
        let ready = self.ready.sorted();
        let more = self.outside.iter().filter(|key| ready.binary_search(key).is_err());
        let with_position =
            |key: &TopicPartition| self.positions.get(key).map(|position| (*key, *position));
        let mut noted = Vec::with_capacity(ready.len());
        noted.extend(ready.iter().chain(more).filter_map(with_position));
        if !self.outside.is_empty() {
            noted.sort_unstable_by_key(|(key, _)| *key);
        }
        noted
    }

    /// Says whether the follower is in a partition's ISR.
    pub(crate) fn mark_membership(&mut self, key: TopicPartition, in_isr: bool) {
        if in_isr {
            self.outside.remove(&key);
        } else if self.positions.contains_key(&key) {
            self.outside.insert(key);
        }
    }

    /// Something about a partition changed that the follower may want to hear of. Whether a
    /// parked fetch should be looked at.
    pub(crate) fn touch(&mut self, key: TopicPartition) -> bool {
        if !self.positions.contains_key(&key) {
            return false;
        }
        self.ready.insert(key);
        self.parked.is_some()
    }

    /// What there is to answer; empty if nothing.
    pub(crate) fn answer(
        &mut self,
        replicas: &Replicas,
        limits: FetchLimits,
    ) -> ReplicaFetchResponse {
        let mut partitions = Vec::new();
        let mut budget = limits.response;
        let mut any_records = false;
        let ready = self.ready.take();
        let first = self.cursor.map_or(0, |cursor| ready.partition_point(|key| *key <= cursor));
        let (later, in_turn) = ready.split_at(first);
        for key in in_turn.iter().chain(later).copied() {
            // The follower names its new position in its next fetch, whatever comes of this.
            let Some(position) = self.positions.get(&key).copied() else { continue };
            let replica = replicas.get(&key).map(|replica| &**replica);
            let most = budget.min(limits.partition);
            let outcome = look(replica, self.follower, &position, most, !any_records);
            match &outcome {
                Looked::Nothing => continue,
                // There is something, but no room for it in this response.
                Looked::NoRoom => {
                    self.ready.insert(key);
                    continue;
                }
                Looked::Answer(ReplicaOutcome::Records { batches, .. }) => {
                    let bytes: usize = batches.iter().map(|batch| batch.size()).sum();
                    any_records |= bytes > 0;
                    budget = budget.saturating_sub(bytes);
                    self.cursor = Some(key);
                }
                Looked::Answer(ReplicaOutcome::Error(_)) => {
                    self.positions.remove(&key);
                    self.outside.remove(&key);
                }
                Looked::Answer(_) => {}
            }
            if let Looked::Answer(outcome) = outcome {
                let ReplicaPosition { fetch_offset, leader_epoch, .. } = position;
                partitions.push((key, ReplicaPartition { fetch_offset, leader_epoch, outcome }));
            }
        }
        self.ready.give_back(ready);
        ReplicaFetchResponse { session: Ok(self.id), partitions }
    }
}

enum Looked {
    Nothing,
    NoRoom,
    Answer(ReplicaOutcome),
}

/// What a leader has to say to a follower about one partition (`Partition.fetchRecords`).
fn look(
    replica: Option<&Replica>,
    follower: BrokerId,
    position: &ReplicaPosition,
    max_bytes: usize,
    at_least_one: bool,
) -> Looked {
    let error = |code| Looked::Answer(ReplicaOutcome::Error(code));
    let Some(replica) = replica else { return error(ErrorCode::UNKNOWN_TOPIC_ID) };
    let leader = match replica.check_epoch(position.leader_epoch).and_then(|()| replica.as_leader())
    {
        Ok(leader) => leader,
        Err(code) => return error(code),
    };
    if !leader.follower_ids().any(|id| id == follower) {
        return error(ErrorCode::UNKNOWN_LEADER_EPOCH);
    }
    let log = &replica.log;
    let (start, end) = (log.start_offset(), log.end_offset());
    let out_of_range = ReplicaOutcome::OutOfRange { log_start_offset: start, log_end_offset: end };
    let offset = position.fetch_offset;
    if position.last_fetched_epoch >= 0 {
        let common = log.epoch_end(position.last_fetched_epoch);
        if common.offset < 0 || offset < start {
            return Looked::Answer(out_of_range);
        }
        if common.epoch < position.last_fetched_epoch || common.offset < offset {
            return Looked::Answer(ReplicaOutcome::Diverging {
                epoch: common.epoch,
                end_offset: common.offset,
            });
        }
    }
    if offset < start || offset > end {
        return Looked::Answer(out_of_range);
    }
    let high_watermark = log.high_watermark();
    let behind = position.high_watermark < high_watermark || position.log_start_offset < start;
    let batches = if offset == end {
        Vec::new()
    } else {
        log.read(offset, end, max_bytes, at_least_one).batches
    };
    if batches.is_empty() && !(offset == end && behind) {
        return if offset == end { Looked::Nothing } else { Looked::NoRoom };
    }
    Looked::Answer(ReplicaOutcome::Records { batches, high_watermark, log_start_offset: start })
}
