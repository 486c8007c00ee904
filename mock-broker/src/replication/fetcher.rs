//! How a follower copies from one leader (`AbstractFetcherThread`, `ReplicaFetcherThread`).
//!
//! One fetch at a time per leader. A follower that becomes one starts with its own log's end and
//! last epoch; the leader tells it where the logs part, it truncates there and fetches again,
//! until they agree (KIP-595's truncation on fetch in place of KIP-101's extra request).

use std::collections::{BTreeMap, BTreeSet};

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use crate::log::{EpochEnd, Log};
use crate::marks::Marks;
use crate::message::{
    ReplicaFetchRequest, ReplicaFetchResponse, ReplicaOutcome, ReplicaPartition, ReplicaPosition,
    SessionId,
};
use crate::metadata::TopicPartition;
use crate::replication::{Replica, Replicas, Role};
use crate::sabotage::{self, Sabotage};

/// "Open a session."
const NEW_SESSION: SessionId = SessionId { id: 0, epoch: 0 };

/// Where a partition's copying stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Progress {
    Fetching,
    /// Not before the time.
    Delayed(MonoTime),
    /// This broker's leader epoch is old: newer metadata is on its way.
    Fenced,
}

/// What processing a response changed.
#[derive(Default, Debug)]
pub(crate) struct Processed {
    /// Partitions that got records or lost some.
    pub(crate) changed: Vec<TopicPartition>,
    /// Partitions whose high watermark moved.
    pub(crate) high_watermark_moved: Vec<TopicPartition>,
    /// Partitions that were cut: the new end, and the epoch the logs had in common.
    pub(crate) truncated: Vec<(TopicPartition, i64)>,
}

/// A follower's copying from one leader.
#[derive(Debug)]
pub(crate) struct Fetcher {
    session: SessionId,
    partitions: BTreeMap<TopicPartition, Progress>,
    /// What the leader has to be told in the next fetch.
    dirty: Marks<TopicPartition>,
    forgotten: BTreeSet<TopicPartition>,
    delayed: BTreeSet<(MonoTime, TopicPartition)>,
    in_flight: Option<u64>,
    not_before: Option<MonoTime>,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self {
            session: NEW_SESSION,
            partitions: BTreeMap::new(),
            dirty: Marks::default(),
            forgotten: BTreeSet::new(),
            delayed: BTreeSet::new(),
            in_flight: None,
            not_before: None,
        }
    }
}

impl Fetcher {
    /// Starts copying a partition, or starts again in a new leader epoch.
    pub(crate) fn add(&mut self, key: TopicPartition) {
        self.partitions.insert(key, Progress::Fetching);
        self.forgotten.remove(&key);
        self.dirty.insert(key);
    }

    pub(crate) fn remove(&mut self, key: TopicPartition) {
        if self.partitions.remove(&key).is_some() {
            self.forgotten.insert(key);
        }
    }

    /// Whether nothing is left to copy or to tell.
    pub(crate) fn is_idle(&self) -> bool {
        self.partitions.is_empty() && self.in_flight.is_none()
    }

    /// When a pause ends.
    pub(crate) fn poll_timeout(&self) -> Option<MonoTime> {
        if self.in_flight.is_some() {
            return None;
        }
        let delayed = self.delayed.first().map(|(at, _)| *at);
        match (self.not_before, delayed) {
            (Some(pause), _) => Some(pause),
            (None, delayed) => delayed,
        }
    }

    /// The next fetch, if one is due.
    pub(crate) fn next_request(
        &mut self,
        now: MonoTime,
        broker_epoch: i64,
        replicas: &Replicas,
        request: impl FnOnce() -> u64,
    ) -> Option<(u64, ReplicaFetchRequest)> {
        if self.in_flight.is_some() || self.not_before.is_some_and(|at| at > now) {
            return None;
        }
        self.not_before = None;
        self.end_delays(now);
        if self.partitions.is_empty() {
            self.session = NEW_SESSION;
            self.forgotten.clear();
            return None;
        }
        let is_new = self.session == NEW_SESSION;
        let partitions = if is_new { self.everything(replicas) } else { self.changed(replicas) };
        if is_new && partitions.is_empty() {
            return None;
        }
        let forgotten = std::mem::take(&mut self.forgotten);
        let forgotten = if is_new { Vec::new() } else { forgotten.into_iter().collect() };
        let id = request();
        self.in_flight = Some(id);
        let session = self.session;
        Some((id, ReplicaFetchRequest { broker_epoch, session, partitions, forgotten }))
    }

    /// Where it is in every partition that it copies, for a new session.
    fn everything(&mut self, replicas: &Replicas) -> Vec<(TopicPartition, ReplicaPosition)> {
        let fetching = self.partitions.iter().filter(|(_, at)| **at == Progress::Fetching);
        let partitions: Vec<_> = fetching
            .filter_map(|(key, _)| replicas.get(key).map(|replica| (*key, position(replica))))
            .collect();
        if !partitions.is_empty() {
            self.dirty = Marks::default();
        }
        partitions
    }

    /// Where it is in those of which the leader has to be told.
    fn changed(&mut self, replicas: &Replicas) -> Vec<(TopicPartition, ReplicaPosition)> {
        let dirty = self.dirty.take();
        let mut partitions = Vec::with_capacity(dirty.len());
        let fetching =
            dirty.iter().filter(|key| self.partitions.get(*key) == Some(&Progress::Fetching));
        partitions.extend(
            fetching.filter_map(|key| replicas.get(key).map(|replica| (*key, position(replica)))),
        );
        self.dirty.give_back(dirty);
        partitions
    }

    fn end_delays(&mut self, now: MonoTime) {
        while let Some((at, key)) = self.delayed.first().copied() {
            if at > now {
                break;
            }
            self.delayed.pop_first();
            if self.partitions.get(&key) == Some(&Progress::Delayed(at)) {
                self.partitions.insert(key, Progress::Fetching);
                self.dirty.insert(key);
            }
        }
    }

    /// The connection broke or nobody answered: open a new session after a pause.
    pub(crate) fn failed(&mut self, again_at: MonoTime) {
        self.in_flight = None;
        self.session = NEW_SESSION;
        self.not_before = Some(again_at);
    }

    /// Takes in an answer. `again_at` is when a partition with an error is tried again.
    pub(crate) fn answered(
        &mut self,
        leader: BrokerId,
        response: ReplicaFetchResponse,
        replicas: &mut Replicas,
        again_at: MonoTime,
        wall_millis: i64,
    ) -> Processed {
        let mut processed = Processed::default();
        self.in_flight = None;
        match response.session {
            Ok(session) => self.session = session,
            Err(_) => {
                // The leader knows nothing of the session: tell it everything at once.
                self.session = NEW_SESSION;
                return processed;
            }
        }
        for (key, partition) in response.partitions {
            self.dirty.insert(key);
            if self.partitions.get(&key) != Some(&Progress::Fetching) {
                continue;
            }
            let Some(replica) = replicas.get_mut(&key) else { continue };
            let current = position(replica);
            let is_ours = matches!(replica.role, Role::Follower { leader: id } if id == leader);
            if !is_ours
                || current.fetch_offset != partition.fetch_offset
                || current.leader_epoch != partition.leader_epoch
            {
                continue;
            }
            match take_in(replica, partition, wall_millis, &mut processed) {
                Ok(()) => {}
                Err(ErrorCode::FENCED_LEADER_EPOCH) => {
                    self.partitions.insert(key, Progress::Fenced);
                }
                Err(_) => self.delay(key, again_at),
            }
        }
        processed
    }

    fn delay(&mut self, key: TopicPartition, until: MonoTime) {
        self.partitions.insert(key, Progress::Delayed(until));
        self.delayed.insert((until, key));
    }
}

/// Where a replica goes on copying.
fn position(replica: &Replica) -> ReplicaPosition {
    ReplicaPosition {
        leader_epoch: replica.leader_epoch,
        fetch_offset: replica.log.end_offset(),
        last_fetched_epoch: replica.log.latest_epoch().unwrap_or(-1),
        log_start_offset: replica.log.start_offset(),
        high_watermark: replica.log.high_watermark(),
    }
}

fn take_in(
    replica: &mut Replica,
    partition: ReplicaPartition,
    wall_millis: i64,
    processed: &mut Processed,
) -> Result<(), ErrorCode> {
    let key = replica.key;
    let end = replica.log.end_offset();
    let before = (end, replica.log.latest_epoch());
    match partition.outcome {
        ReplicaOutcome::Records { batches, high_watermark, log_start_offset } => {
            if !replica.append_as_follower(&batches, wall_millis) {
                return Err(ErrorCode::CORRUPT_MESSAGE);
            }
            if replica.log.end_offset() != end {
                processed.changed.push(key);
            }
            if replica.log.follow_high_watermark(high_watermark) {
                processed.high_watermark_moved.push(key);
            }
            if sabotage::is(Sabotage::FollowersKeepDeleted) {
                return Ok(());
            }
            replica.log.raise_start(log_start_offset).map(drop)
        }
        ReplicaOutcome::Diverging { epoch, end_offset } => {
            let mut to = truncation_offset(&replica.log, EpochEnd { epoch, offset: end_offset });
            if sabotage::is(Sabotage::TruncatedToHighWatermark) {
                to = replica.log.high_watermark();
            }
            replica.log.truncate_to(to);
            cut(replica, before, processed)
        }
        ReplicaOutcome::OutOfRange { log_start_offset, log_end_offset } => {
            if log_end_offset < end {
                replica.log.truncate_to(log_end_offset);
            } else if log_start_offset > end {
                replica.log.restart_at(log_start_offset);
            }
            cut(replica, before, processed)
        }
        ReplicaOutcome::Error(code) => Err(code),
    }
}

/// Notes a cut; one that changed nothing would be asked for again at once, and for ever.
fn cut(
    replica: &Replica,
    before: (i64, Option<i32>),
    processed: &mut Processed,
) -> Result<(), ErrorCode> {
    let end = replica.log.end_offset();
    if (end, replica.log.latest_epoch()) == before {
        return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
    }
    processed.truncated.push((replica.key, end));
    processed.changed.push(replica.key);
    Ok(())
}

/// Where to cut a log whose leader says that the last epoch both may share ends at `leaders`
/// (`AbstractFetcherThread.getOffsetTruncationState`).
fn truncation_offset(log: &Log, leaders: EpochEnd) -> i64 {
    let end = log.end_offset();
    if leaders.offset < 0 {
        return end;
    }
    let own = log.epoch_end(leaders.epoch);
    if own.offset < 0 {
        // Every epoch here is older than the leader's.
        leaders.offset.min(end)
    } else if own.epoch == leaders.epoch {
        own.offset.min(leaders.offset).min(end)
    } else {
        // The leader's epoch never was here: cut to the one below and ask again.
        if sabotage::is(Sabotage::CutOnlyOnce) { leaders.offset } else { own.offset }.min(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::batch_tests::sequenced;

    fn log(epochs: &[(i32, usize)]) -> Log {
        let mut log = Log::default();
        for (epoch, count) in epochs {
            log.append_as_leader(sequenced(0, -1, -1, -1, *count), *epoch, None).unwrap();
        }
        log
    }

    #[test]
    fn a_log_is_cut_at_the_end_of_the_common_epoch() {
        let log = log(&[(0, 5), (1, 5)]);
        assert_eq!(truncation_offset(&log, EpochEnd { epoch: 0, offset: 4 }), 4);
        assert_eq!(truncation_offset(&log, EpochEnd { epoch: 0, offset: 7 }), 5);
    }

    #[test]
    fn an_epoch_this_log_never_had_cuts_to_the_one_below() {
        let log = log(&[(0, 5), (2, 5)]);
        assert_eq!(truncation_offset(&log, EpochEnd { epoch: 1, offset: 8 }), 5);
    }

    #[test]
    fn a_log_with_only_older_epochs_is_cut_at_the_leaders_offset() {
        let log = log(&[(0, 5)]);
        assert_eq!(truncation_offset(&log, EpochEnd { epoch: 3, offset: 4 }), 4);
        assert_eq!(truncation_offset(&log, EpochEnd { epoch: 3, offset: 9 }), 5);
    }
}
