//! One broker's replica of a partition (`Partition` and `Replica` in Apache Kafka).
//!
//! ```text
//!            metadata: another leads          metadata: this broker leads
//!   Idle ──────────────────────────▶ Follower ───────────────────────────▶ Leader
//!     ▲                                 │  ▲                                 │
//!     └── metadata: nobody leads ───────┘  └──── metadata: another leads ────┘
//! ```
//!
//! Owns these rules: a new leader notes the start of its epoch before it appends anything and
//! forgets what it knew of its followers; the high watermark is the smallest end over the maximal
//! ISR and the replicas about to join it, never falls on a leader, and stands still below
//! min.insync.replicas; who is out of sync and who may join (KIP-497, KIP-841, KIP-903).

use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{BrokerId, TopicName};
use milena_protocol::time::MonoTime;

use crate::log::{Appended, EndTxnMarker, Log, LogBatch};
use crate::message::{IsrCommit, IsrProposal, ReplicaPosition};
use crate::metadata::{
    Image, PartitionState, Recovery, TimestampType, TopicPartition, TopicSettings,
};
use crate::sabotage::{self, Sabotage};

use super::leader::{Isr, Leader, Remote, is_eligible};

/// Bytes of a batch with a marker.
const MARKER_SIZE: u64 = 78;

/// What a replica needs to know of its broker to decide.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) now: MonoTime,
    pub(crate) image: &'a Image,
    pub(crate) broker: BrokerId,
    pub(crate) broker_epoch: i64,
    pub(crate) lag_time_max: Duration,
}

/// What a broker is to a partition it holds.
#[derive(Debug)]
pub(crate) enum Role {
    /// Nobody leads, as far as this broker knows.
    Idle,
    Follower {
        leader: BrokerId,
    },
    Leader(Leader),
}

/// What came of a follower's fetch.
#[derive(Default, Debug)]
pub(crate) struct FetchNoted {
    pub(crate) high_watermark_moved: bool,
    pub(crate) proposal: Option<IsrProposal>,
    pub(crate) in_isr: bool,
}

/// What is to be done about an answer to a proposal.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum ProposalOutcome {
    /// Nothing more; whether the high watermark moved.
    Settled {
        high_watermark_moved: bool,
    },
    Retry(IsrProposal),
}

/// A replica.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) key: TopicPartition,
    pub(crate) topic: TopicName,
    pub(crate) settings: Arc<TopicSettings>,
    pub(crate) log: Log,
    pub(crate) role: Role,
    pub(crate) leader_epoch: i32,
    partition_epoch: i32,
    /// How many replicas there are.
    replication_factor: usize,
}

impl Replica {
    pub(crate) fn new(
        key: TopicPartition,
        topic: TopicName,
        settings: Arc<TopicSettings>,
        log: Log,
    ) -> Self {
        Self {
            key,
            topic,
            settings,
            log,
            role: Role::Idle,
            leader_epoch: -1,
            partition_epoch: -1,
            replication_factor: 0,
        }
    }

    pub(crate) fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// Takes in what the metadata says. Whether the leader's epoch is a new one.
    pub(crate) fn apply(&mut self, state: &PartitionState, around: Surroundings<'_>) -> bool {
        if state.partition_epoch < self.partition_epoch {
            return false;
        }
        let new_epoch = state.leader_epoch > self.leader_epoch;
        self.partition_epoch = state.partition_epoch;
        self.leader_epoch = state.leader_epoch;
        self.replication_factor = state.replicas.len();
        if state.leader == around.broker {
            self.lead(state, around, new_epoch);
        } else if state.has_leader() {
            self.role = Role::Follower { leader: state.leader };
        } else {
            self.role = Role::Idle;
        }
        new_epoch
    }

    fn lead(&mut self, state: &PartitionState, around: Surroundings<'_>, new_epoch: bool) {
        let isr = Isr::Committed(state.isr.clone());
        let others = state.replicas.iter().copied().filter(|id| *id != around.broker);
        match &mut self.role {
            Role::Leader(leader) => {
                leader.isr = isr;
                let known = std::mem::take(&mut leader.remotes);
                let keep = |id: BrokerId| known.iter().find(|remote| remote.id == id).cloned();
                leader.remotes =
                    others.map(|id| keep(id).unwrap_or_else(|| Remote::new(id))).collect();
            }
            Role::Idle | Role::Follower { .. } => {
                let remotes = others.map(Remote::new).collect();
                self.role =
                    Role::Leader(Leader { epoch_start: self.log.end_offset(), isr, remotes });
            }
        }
        let Role::Leader(leader) = &mut self.role else { return };
        if new_epoch {
            let end = self.log.end_offset();
            self.log.start_epoch(state.leader_epoch);
            if sabotage::is(Sabotage::NewLeaderCommitsAll) {
                self.log.raise_high_watermark(end);
            }
            leader.epoch_start = end;
            for remote in &mut leader.remotes {
                let in_sync = state.isr.contains(&remote.id);
                remote.last_caught_up = in_sync.then_some(around.now);
                remote.last_fetch = in_sync.then_some(around.now);
                remote.leader_end_then = end;
            }
        }
    }

    /// Checks an epoch a peer named (KIP-320); -1 stands for none.
    pub(crate) fn check_epoch(&self, named: i32) -> Result<(), ErrorCode> {
        if named < 0 || named == self.leader_epoch || sabotage::is(Sabotage::LeaderEpochUnchecked) {
            Ok(())
        } else if named < self.leader_epoch {
            Err(ErrorCode::FENCED_LEADER_EPOCH)
        } else {
            Err(ErrorCode::UNKNOWN_LEADER_EPOCH)
        }
    }

    pub(crate) fn as_leader(&self) -> Result<&Leader, ErrorCode> {
        match &self.role {
            Role::Leader(leader) => Ok(leader),
            Role::Idle | Role::Follower { .. } => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        }
    }

    /// `Partition.effectiveMinIsr`: no more than there are replicas.
    pub(crate) fn min_isr(&self) -> usize {
        if sabotage::is(Sabotage::MinIsrIgnored) {
            return 1;
        }
        let wanted = usize::try_from(self.settings.min_insync_replicas).unwrap_or(1);
        wanted.min(self.replication_factor)
    }

    /// The committed ISR on a leader.
    pub(crate) fn isr(&self) -> &[BrokerId] {
        match &self.role {
            Role::Leader(leader) => leader.isr.committed(),
            Role::Idle | Role::Follower { .. } => &[],
        }
    }

    /// Appends a checked batch. `seen` tells when each follower's last request came, for those
    /// that had everything until now.
    pub(crate) fn append_as_leader(
        &mut self,
        batch: LogBatch,
        append_time: Option<i64>,
        wall_millis: i64,
        seen: impl Fn(BrokerId) -> Option<MonoTime>,
    ) -> Result<Appended, ErrorCode> {
        let timestamp = append_time.unwrap_or(batch.max_timestamp());
        let next = (batch.size() as u64, timestamp);
        self.append(next, wall_millis, seen, |log, epoch| {
            log.append_as_leader(batch, epoch, append_time)
        })
    }

    /// Appends the marker that ends a transaction.
    pub(crate) fn append_marker(
        &mut self,
        marker: &EndTxnMarker,
        wall_millis: i64,
        seen: impl Fn(BrokerId) -> Option<MonoTime>,
    ) -> Result<Appended, ErrorCode> {
        let append_time =
            (self.settings.timestamp_type == TimestampType::LogAppendTime).then_some(wall_millis);
        self.append((MARKER_SIZE, wall_millis), wall_millis, seen, |log, epoch| {
            log.append_marker(marker, epoch, wall_millis, append_time)
        })
    }

    /// Appends something of this size and timestamp, in a new segment if it is time for one.
    fn append(
        &mut self,
        (bytes, timestamp): (u64, i64),
        wall_millis: i64,
        seen: impl Fn(BrokerId) -> Option<MonoTime>,
        append: impl FnOnce(&mut Log, i32) -> Result<Appended, ErrorCode>,
    ) -> Result<Appended, ErrorCode> {
        let Role::Leader(leader) = &mut self.role else {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        };
        let end = self.log.end_offset();
        self.log.roll_if_due(self.settings.segments(), wall_millis, (end, bytes, timestamp));
        let appended = append(&mut self.log, self.leader_epoch)?;
        self.log.flush_if_due(self.settings.flush_messages);
        if !appended.duplicate {
            // An idle follower's fetches name no partition that stands still, but each of them
            // found it caught up.
            for remote in leader.remotes.iter_mut().filter(|remote| remote.log_end == end) {
                if let Some(at) = seen(remote.id) {
                    remote.last_caught_up = remote.last_caught_up.max(Some(at));
                    remote.last_fetch = remote.last_fetch.max(Some(at));
                    remote.leader_end_then = end;
                }
            }
        }
        Ok(appended)
    }

    /// Appends what a follower fetched; see [`Log::append_as_follower`].
    pub(crate) fn append_as_follower(
        &mut self,
        batches: &[Arc<LogBatch>],
        wall_millis: i64,
    ) -> bool {
        if let Some(first) = batches.first() {
            let bytes = batches.iter().map(|batch| batch.size() as u64).sum();
            let timestamp = batches.iter().map(|batch| batch.max_timestamp()).max().unwrap_or(-1);
            let next = (first.base_offset(), bytes, timestamp);
            self.log.roll_if_due(self.settings.segments(), wall_millis, next);
        }
        let continues = self.log.append_as_follower(batches);
        self.log.flush_if_due(self.settings.flush_messages);
        continues
    }

    /// The smallest start of a log among this leader and its live followers
    /// (`Partition.lowWatermarkIfLeader`): what is before it is gone everywhere.
    pub(crate) fn low_watermark(&self, image: &Image) -> Result<i64, ErrorCode> {
        let leader = self.as_leader()?;
        if sabotage::is(Sabotage::DeletionWaitsForNobody) {
            return Ok(self.log.start_offset());
        }
        let live = leader.remotes.iter().filter(|remote| {
            image.live(remote.id).is_some() || sabotage::is(Sabotage::DeadHoldUpDeletions)
        });
        let starts = live.map(|remote| remote.log_start).chain([self.log.start_offset()]);
        Ok(starts.min().unwrap_or(-1))
    }

    /// Deletes the records before `offset`, or with -1 all that are committed
    /// (`Partition.deleteRecordsOnLeader`). Gives the offset that was meant.
    pub(crate) fn delete_records(&mut self, offset: i64) -> Result<i64, ErrorCode> {
        self.as_leader()?;
        if !self.settings.deleted {
            return Err(ErrorCode::POLICY_VIOLATION);
        }
        let offset = if offset == -1 { self.log.high_watermark() } else { offset };
        if offset < 0 {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        if sabotage::is(Sabotage::DeletedStillThere) {
            return Ok(offset);
        }
        self.log.raise_start(offset)?;
        Ok(offset)
    }

    /// Notes a follower's fetch (`Partition.updateFollowerFetchState`).
    pub(crate) fn note_fetch(
        &mut self,
        follower: BrokerId,
        broker_epoch: i64,
        position: &ReplicaPosition,
        around: Surroundings<'_>,
    ) -> Result<FetchNoted, ErrorCode> {
        let end = self.log.end_offset();
        let Role::Leader(leader) = &mut self.role else {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        };
        let Some(remote) = leader.remotes.iter_mut().find(|remote| remote.id == follower) else {
            return Err(ErrorCode::UNKNOWN_LEADER_EPOCH);
        };
        // A fetch of an earlier incarnation, late.
        let newer = around.image.live(follower).is_some_and(|known| known.epoch > broker_epoch);
        if broker_epoch != -1 && newer {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        let offset = position.fetch_offset;
        if offset >= end {
            remote.last_caught_up = remote.last_caught_up.max(Some(around.now));
        } else if offset >= remote.leader_end_then {
            remote.last_caught_up = remote.last_caught_up.max(remote.last_fetch);
        }
        let before = remote.log_end;
        remote.log_end = offset;
        remote.log_start = position.log_start_offset;
        remote.leader_end_then = remote.leader_end_then.max(end);
        remote.last_fetch = Some(around.now);
        remote.broker_epoch = Some(broker_epoch);
        let proposal = self.maybe_expand(follower, around);
        let high_watermark_moved = before != offset && self.maybe_raise_high_watermark(around);
        let in_isr = self.isr().contains(&follower);
        Ok(FetchNoted { high_watermark_moved, proposal, in_isr })
    }

    /// Proposes `follower` as a member of the ISR if it may join.
    fn maybe_expand(
        &mut self,
        follower: BrokerId,
        around: Surroundings<'_>,
    ) -> Option<IsrProposal> {
        let high_watermark = self.log.high_watermark();
        let Role::Leader(leader) = &mut self.role else { return None };
        let isr = leader.isr.settled()?;
        let remote = leader.remotes.iter().find(|remote| remote.id == follower)?;
        let has_committed =
            remote.log_end >= high_watermark || sabotage::is(Sabotage::JoinsBelowHighWatermark);
        let has_epoch =
            remote.log_end >= leader.epoch_start || sabotage::is(Sabotage::JoinsBelowEpochStart);
        let in_sync = has_committed && has_epoch;
        let in_sync = in_sync && !sabotage::is(Sabotage::IsrNeverGrows);
        if isr.contains(&follower) || !in_sync || !is_eligible(remote, around.image) {
            return None;
        }
        let committed = isr.to_vec();
        let wanted: Vec<BrokerId> = committed.iter().copied().chain([follower]).collect();
        let sent = self.proposal(&wanted, around);
        let Role::Leader(leader) = &mut self.role else { return None };
        leader.isr = Isr::Expanding { committed, joining: follower, sent: sent.clone() };
        Some(sent)
    }

    /// Proposes an ISR without the members that fell behind. Looked at every half of
    /// replica.lag.time.max.ms; a member whose end is the leader's never falls behind.
    pub(crate) fn maybe_shrink(&mut self, around: Surroundings<'_>) -> Option<IsrProposal> {
        let end = self.log.end_offset();
        let Role::Leader(leader) = &self.role else { return None };
        let isr = leader.isr.settled()?;
        let lags = |id: BrokerId| {
            id != around.broker
                && leader
                    .remotes
                    .iter()
                    .find(|remote| remote.id == id)
                    .is_none_or(|remote| !remote.is_caught_up(end, around))
        };
        let staying: Vec<BrokerId> = isr.iter().copied().filter(|id| !lags(*id)).collect();
        if staying.len() == isr.len() || sabotage::is(Sabotage::NobodyLags) {
            return None;
        }
        let committed = isr.to_vec();
        let sent = self.proposal(&staying, around);
        let Role::Leader(leader) = &mut self.role else { return None };
        if sabotage::is(Sabotage::IsrShrunkLocally) {
            leader.isr = Isr::Committed(staying);
            return None;
        }
        leader.isr = Isr::Shrinking { committed, sent: sent.clone() };
        Some(sent)
    }

    fn proposal(&self, isr: &[BrokerId], around: Surroundings<'_>) -> IsrProposal {
        let epoch_of = |id: BrokerId| match &self.role {
            _ if id == around.broker => around.broker_epoch,
            Role::Leader(leader) => leader
                .remotes
                .iter()
                .find(|remote| remote.id == id)
                .and_then(|remote| remote.broker_epoch)
                .unwrap_or(-1),
            Role::Idle | Role::Follower { .. } => -1,
        };
        IsrProposal {
            partition: self.key,
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            // A leader that was elected uncleanly has nothing to recover here.
            recovery: Recovery::Recovered,
            isr: isr.iter().map(|id| (*id, epoch_of(*id))).collect(),
        }
    }

    /// Takes in the controller's answer to a proposal (`Partition.submitAlterPartition`).
    pub(crate) fn proposal_answered(
        &mut self,
        proposal: &IsrProposal,
        answer: Result<IsrCommit, ErrorCode>,
        around: Surroundings<'_>,
    ) -> ProposalOutcome {
        let settled = ProposalOutcome::Settled { high_watermark_moved: false };
        let Role::Leader(leader) = &mut self.role else { return settled };
        if leader.isr.sent() != Some(proposal) {
            return settled;
        }
        match answer {
            Ok(commit) => {
                let stale = commit.leader_epoch != self.leader_epoch
                    || commit.partition_epoch < self.partition_epoch;
                if stale {
                    return settled;
                }
                leader.isr = Isr::Committed(commit.isr);
                self.partition_epoch = commit.partition_epoch;
                let high_watermark_moved = self.maybe_raise_high_watermark(around);
                ProposalOutcome::Settled { high_watermark_moved }
            }
            Err(ErrorCode::OPERATION_NOT_ATTEMPTED | ErrorCode::INELIGIBLE_REPLICA) => {
                leader.isr = Isr::Committed(leader.isr.committed().to_vec());
                settled
            }
            // What this leader knows is out of date: newer metadata is on its way and ends the
            // pending change.
            Err(
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                | ErrorCode::UNKNOWN_TOPIC_ID
                | ErrorCode::FENCED_LEADER_EPOCH
                | ErrorCode::INVALID_UPDATE_VERSION
                | ErrorCode::INVALID_REQUEST
                | ErrorCode::NEW_LEADER_ELECTED,
            ) => settled,
            Err(_) => ProposalOutcome::Retry(proposal.clone()),
        }
    }

    /// Raises the high watermark to what all that count have (`Partition.maybeIncrementLeaderHW`).
    pub(crate) fn maybe_raise_high_watermark(&mut self, around: Surroundings<'_>) -> bool {
        let under_min_isr = self.is_under_min_isr();
        let end = self.log.end_offset();
        let Role::Leader(leader) = &self.role else { return false };
        if under_min_isr && !sabotage::is(Sabotage::HighWatermarkBelowMinIsr) {
            return false;
        }
        let counts = |remote: &&Remote| {
            leader.isr.counts(remote.id)
                || (remote.is_caught_up(end, around) && is_eligible(remote, around.image))
        };
        let ends = leader.remotes.iter().filter(counts).map(|remote| remote.log_end);
        let smallest = if sabotage::is(Sabotage::HighWatermarkIsMedian) {
            let mut ends: Vec<i64> = ends.chain([end]).collect();
            ends.sort_unstable();
            ends.get(ends.len() / 2).copied()
        } else {
            ends.min()
        };
        let smallest = smallest.filter(|_| !sabotage::is(Sabotage::HighWatermarkIsLargest));
        let to = smallest.map_or(end, |smallest| smallest.min(end));
        self.log.raise_high_watermark(to)
    }
}
