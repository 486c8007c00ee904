//! A broker's log directories (KIP-112, KIP-113, KIP-858): which replica is in which, those that
//! failed, replicas on their way from one to another, and what the controller is told of it.
//!
//! A new replica goes where it was asked for, or into the directory with the fewest. Only brokers
//! with several directories tell the controller which of them a replica is in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::TopicName;
use milena_protocol::time::MonoTime;

use super::{CallKind, Process};
use crate::context::Context;
use crate::message::Request;
pub(crate) use crate::metadata::Directory;
use crate::metadata::TopicPartition;
use crate::replication::Replica;
use crate::sabotage::{self, Sabotage};

/// How long the copying of one chunk of a replica from one directory to another takes.
const MOVE_STEP: Duration = Duration::from_millis(1);

/// A replica that is copied into another directory (`futureLog`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moving {
    pub(crate) to: Directory,
    /// How far it is copied.
    pub(crate) end_offset: i64,
}

/// What a process knows of its directories.
#[derive(Default, Debug)]
pub(crate) struct Directories {
    pub(super) failed: BTreeSet<Directory>,
    /// Partitions whose replica was in a directory that failed.
    pub(super) offline: BTreeSet<TopicPartition>,
    /// Where replicas are to be created that are not there yet.
    preferred: BTreeMap<(TopicName, i32), Directory>,
    pub(super) moving: BTreeMap<TopicPartition, Moving>,
    next_step: Option<MonoTime>,
    /// How many replicas are in each directory or move there, while metadata is taken in: counted
    /// for the first replica that is placed, and not again for each.
    held: Option<BTreeMap<Directory, usize>>,
    /// What the controller does not know yet.
    untold: BTreeMap<TopicPartition, Directory>,
    telling: BTreeMap<TopicPartition, Directory>,
    not_before: Option<MonoTime>,
}

impl Directories {
    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        let retry = self.not_before.filter(|_| !self.untold.is_empty());
        self.next_step.into_iter().chain(retry).min()
    }

    /// Forgets a partition whose replica, if there is one, is in a directory.
    pub(super) fn forget(&mut self, key: TopicPartition, replica_in: Option<Directory>) {
        self.offline.remove(&key);
        self.untold.remove(&key);
        let moving_to = self.moving.remove(&key).map(|moving| moving.to);
        let Some(held) = &mut self.held else { return };
        for gone in replica_in.into_iter().chain(moving_to) {
            if let Some(count) = held.get_mut(&gone) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// Replicas come and go from now on without being counted.
    pub(super) fn forget_count(&mut self) {
        self.held = None;
    }
}

impl Process {
    /// The replica of a partition here. A partition that this broker has none of is another's.
    pub(crate) fn replica(&self, key: TopicPartition) -> Result<&Replica, ErrorCode> {
        self.replicas.get(&key).map(|it| &**it).ok_or_else(|| self.why_there_is_none(key))
    }

    /// [`Process::replica`], to change it.
    pub(crate) fn replica_mut(&mut self, key: TopicPartition) -> Result<&mut Replica, ErrorCode> {
        let why = self.why_there_is_none(key);
        self.replicas.get_mut(&key).map(|it| &mut **it).ok_or(why)
    }

    /// `ReplicaManager.getPartitionOrError`
    pub(crate) fn why_there_is_none(&self, key: TopicPartition) -> ErrorCode {
        let is_offline = self.directories.offline.contains(&key);
        if is_offline && !sabotage::is(Sabotage::StorageErrorUntold) {
            ErrorCode::KAFKA_STORAGE_ERROR
        } else if self.image.partition(key).is_some() {
            ErrorCode::NOT_LEADER_OR_FOLLOWER
        } else {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        }
    }

    pub(crate) fn is_leader(&self, key: TopicPartition) -> bool {
        self.replicas.get(&key).is_some_and(|replica| replica.is_leader())
    }

    /// Where a replica is.
    pub(crate) fn directory_of(&self, key: TopicPartition) -> Directory {
        self.disk.directory_of(key)
    }

    pub(crate) fn has_failed(&self, directory: Directory) -> bool {
        self.directories.failed.contains(&directory)
    }

    pub(crate) fn moving(&self) -> impl Iterator<Item = (TopicPartition, Moving)> {
        self.directories.moving.iter().map(|(key, moving)| (*key, *moving))
    }

    /// Gives a replica that is about to be opened a directory, if it has none
    /// (`LogManager.getOrCreateLog`). Whether it can be opened.
    pub(super) fn place(
        &mut self,
        ctx: &Context<'_>,
        key: TopicPartition,
        name: &TopicName,
    ) -> bool {
        let count = ctx.config.storage.log_dirs.len();
        if count < 2 || self.disk.logs.contains_key(&key) {
            return true;
        }
        // A replica that was elsewhere may be in the directory that failed.
        let is_new = self.image.partition(key).is_some_and(|state| state.partition_epoch == 0);
        if !is_new && !self.directories.failed.is_empty() {
            return false;
        }
        let preferred = self.directories.preferred.remove(&(name.clone(), key.index));
        let to = preferred.or_else(|| self.emptiest(count)).unwrap_or(0);
        self.disk.move_to(key, to);
        if let Some(held) = self.directories.held.as_mut().and_then(|held| held.get_mut(&to)) {
            *held += 1;
        }
        true
    }

    /// The directory with the fewest replicas.
    fn emptiest(&mut self, count: usize) -> Option<Directory> {
        if self.directories.held.is_none() {
            self.directories.held = Some(self.count_held(count));
        }
        let held = self.directories.held.iter().flatten();
        let usable = held.filter(|(directory, _)| !self.has_failed(**directory));
        usable.min_by_key(|(_, count)| **count).map(|(directory, _)| *directory)
    }

    fn count_held(&self, count: usize) -> BTreeMap<Directory, usize> {
        let mut held: BTreeMap<Directory, usize> =
            (0..count).filter_map(|at| Some((Directory::try_from(at).ok()?, 0))).collect();
        let placed = self.replicas.keys().map(|key| self.directory_of(*key));
        for directory in placed.chain(self.directories.moving.values().map(|moving| moving.to)) {
            if let Some(count) = held.get_mut(&directory) {
                *count += 1;
            }
        }
        held
    }

    /// Tells the controller where a replica is, unless it knows.
    pub(super) fn tell_directory(&mut self, ctx: &mut Context<'_>, key: TopicPartition) {
        if ctx.config.storage.log_dirs.len() < 2 {
            return;
        }
        let at = self.directory_of(key);
        if self.image.directory(self.id, key) != Some(at) {
            self.directories.untold.insert(key, at);
            self.tell_directories(ctx);
        }
    }

    pub(super) fn tell_directories(&mut self, ctx: &mut Context<'_>) {
        let directories = &mut self.directories;
        let is_early = directories.not_before.is_some_and(|at| at > ctx.now);
        if directories.untold.is_empty() || !directories.telling.is_empty() || is_early {
            return;
        }
        directories.not_before = None;
        directories.telling = std::mem::take(&mut directories.untold);
        let assignments = directories.telling.iter().map(|(key, at)| (*key, *at)).collect();
        let body = Request::AssignDirectories { epoch: self.broker_epoch(), assignments };
        self.call_controller(ctx, CallKind::AssignDirectories, body);
    }

    pub(super) fn directories_told(
        &mut self,
        ctx: &mut Context<'_>,
        outcome: Result<(), ErrorCode>,
    ) {
        let told = std::mem::take(&mut self.directories.telling);
        if outcome.is_err() {
            for (key, at) in told {
                self.directories.untold.entry(key).or_insert(at);
            }
            let pause = ctx.config.timings.controller_retry_backoff;
            self.directories.not_before = Some(ctx.now + pause);
        }
        self.tell_directories(ctx);
    }

    /// Lets a replica move, or be created, in a directory (`ReplicaManager.alterReplicaLogDirs`).
    pub(crate) fn choose_directory(
        &mut self,
        ctx: &mut Context<'_>,
        (topic, index): (&TopicName, i32),
        to: Option<Directory>,
    ) -> Result<(), ErrorCode> {
        let to = to.ok_or(ErrorCode::LOG_DIR_NOT_FOUND)?;
        if self.has_failed(to) {
            return Err(ErrorCode::KAFKA_STORAGE_ERROR);
        }
        let key = self.image.topic_named(topic).map(|topic| topic.partition(index));
        let held = key.filter(|key| self.replicas.contains_key(key));
        if held.is_none_or(|key| self.directory_of(key) != to) {
            self.directories.preferred.insert((topic.clone(), index), to);
        }
        let key = key.ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        match self.replica(key) {
            Ok(_) => {}
            Err(ErrorCode::NOT_LEADER_OR_FOLLOWER) => return Err(ErrorCode::REPLICA_NOT_AVAILABLE),
            Err(code) => return Err(code),
        }
        if self.directories.moving.get(&key).is_some_and(|moving| moving.to != to) {
            self.directories.moving.remove(&key);
        }
        if self.directory_of(key) == to || self.directories.moving.contains_key(&key) {
            return Ok(());
        }
        if !self.directories.failed.is_empty() {
            return Err(ErrorCode::KAFKA_STORAGE_ERROR);
        }
        self.directories.preferred.remove(&(topic.clone(), index));
        let end_offset = self.replica(key)?.log.start_offset();
        self.directories.moving.insert(key, Moving { to, end_offset });
        self.directories.next_step.get_or_insert(ctx.now + MOVE_STEP);
        Ok(())
    }

    /// Copies another chunk of each replica that moves (`ReplicaAlterLogDirsThread`).
    pub(super) fn directories_due(&mut self, ctx: &mut Context<'_>) {
        self.tell_directories(ctx);
        if self.directories.next_step.is_none_or(|at| at > ctx.now) {
            return;
        }
        let chunk = usize::try_from(ctx.config.replica_fetch_max_bytes).unwrap_or(0);
        let mut arrived = Vec::new();
        for (key, moving) in &mut self.directories.moving {
            let Some(replica) = self.replicas.get(key) else { continue };
            let log = &replica.log;
            let read = log.read(moving.end_offset, log.end_offset(), chunk, true);
            let copied = read.batches.last().map_or(log.end_offset(), |last| last.next_offset());
            moving.end_offset = copied;
            if copied >= log.end_offset() {
                arrived.push((*key, moving.to));
            }
        }
        for (key, to) in arrived {
            self.directories.moving.remove(&key);
            self.disk.move_to(key, to);
            ctx.trace(self.node(), "moved", &[("of", &key), ("directory", &to)]);
            self.tell_directory(ctx, key);
        }
        let is_done = self.directories.moving.is_empty();
        self.directories.next_step = (!is_done).then_some(ctx.now + MOVE_STEP);
    }

    /// Takes a directory offline that was deleted. Whether another one is left.
    pub(crate) fn fail_directory(&mut self, ctx: &mut Context<'_>, directory: Directory) -> bool {
        let is_one_left = self.directory_failed(ctx, directory);
        self.disk.lose(directory);
        self.settle(ctx);
        is_one_left
    }

    /// Takes a directory offline, with everything in it (`ReplicaManager.handleLogDirFailure`).
    /// Whether another one is left. What is in it stays there, for the next process.
    pub(super) fn directory_failed(&mut self, ctx: &mut Context<'_>, directory: Directory) -> bool {
        if !self.directories.failed.insert(directory) {
            return true;
        }
        ctx.trace(self.node(), "directory failed", &[("directory", &directory)]);
        let lost: Vec<TopicPartition> = self
            .replicas
            .keys()
            .copied()
            .filter(|key| self.directory_of(*key) == directory)
            .collect();
        for key in lost {
            self.close_replica(key);
            self.directories.offline.insert(key);
        }
        self.directories.moving.retain(|_, moving| moving.to != directory);
        if self.directories.failed.len() >= ctx.config.storage.log_dirs.len() {
            return false;
        }
        self.heartbeat_soon(ctx);
        true
    }
}

/// The directory of a name.
pub(crate) fn directory_named(ctx: &Context<'_>, name: &str) -> Option<Directory> {
    let at = ctx.config.storage.log_dirs.iter().position(|directory| directory == name)?;
    Directory::try_from(at).ok()
}
