//! A disk that is full, that hangs or that is slow.
//!
//! A full one fails the next append to it, and with that goes offline
//! (`UnifiedLog.maybeHandleIOException`, `LogDirFailureChannel`). While one hangs, whatever needs it
//! waits, as the threads of a broker that are stuck in it do; heartbeats go on, so that nobody
//! notices but by the silence.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use milena_protocol::messages::ApiKey;
use milena_protocol::time::MonoTime;

use super::{Directory, Process};
use crate::cluster::{ConnectionId, DiskPace, Node};
use crate::context::Context;
use crate::message::{Message, ReplicaFetchResponse, ReplicaOutcome, Request, Response};
use crate::metadata::TopicPartition;

/// The requests that read or write logs.
const NEEDS_THE_DISK: &[ApiKey] = &[
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::DeleteRecords,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::WriteTxnMarkers,
];

/// How a broker's disk does, and what waits for it.
#[derive(Default, Debug)]
pub(super) struct DiskState {
    pub(super) full: BTreeSet<Directory>,
    pace: DiskPace,
    /// Connections whose next request waits, until when if that is known.
    connections: BTreeMap<ConnectionId, Option<MonoTime>>,
    messages: VecDeque<(Option<MonoTime>, Node, Message)>,
}

impl DiskState {
    pub(super) fn poll_timeout(&self) -> Option<MonoTime> {
        let message = self.messages.front().and_then(|(at, _, _)| *at);
        self.connections.values().flatten().copied().chain(message).min()
    }

    pub(super) fn forget(&mut self, id: ConnectionId) {
        self.connections.remove(&id);
    }

    fn ready_at(&self, now: MonoTime) -> Option<MonoTime> {
        match self.pace {
            DiskPace::Slow(wait) => Some(now + wait),
            DiskPace::Usual | DiskPace::Hanging => None,
        }
    }
}

impl Process {
    /// Sets how fast the disk is; what waited for it goes on if it is as usual again.
    pub(crate) fn set_disk_pace(&mut self, ctx: &mut Context<'_>, pace: DiskPace) {
        self.disk_state.pace = pace;
        if pace == DiskPace::Usual {
            self.disk_goes_on(ctx, |_| true);
        } else {
            let at = self.disk_state.ready_at(ctx.now);
            self.disk_state.connections.values_mut().for_each(|ready| *ready = at);
            self.disk_state.messages.iter_mut().for_each(|(ready, _, _)| *ready = at);
        }
    }

    pub(crate) fn fill_disk(&mut self, directory: Directory) {
        self.disk_state.full.insert(directory);
    }

    pub(super) fn disk_due(&mut self, ctx: &mut Context<'_>) {
        let now = ctx.now;
        self.disk_goes_on(ctx, |ready| ready.is_some_and(|at| at <= now));
    }

    fn disk_goes_on(&mut self, ctx: &mut Context<'_>, is_ready: impl Fn(Option<MonoTime>) -> bool) {
        let ready = self.disk_state.connections.iter().filter(|(_, at)| is_ready(**at));
        for id in ready.map(|(id, _)| *id).collect::<Vec<_>>() {
            // What is ready is remembered as such until it runs.
            self.disk_state.connections.insert(id, Some(MonoTime::ZERO));
            self.runnable.push_back(id);
        }
        while self.disk_state.messages.front().is_some_and(|(at, _, _)| is_ready(*at)) {
            if let Some((_, from, message)) = self.disk_state.messages.pop_front() {
                self.take_message(ctx, from, message);
            }
        }
    }

    /// Whether a connection's next request has to wait for the disk.
    pub(super) fn request_waits(
        &mut self,
        ctx: &Context<'_>,
        id: ConnectionId,
        frame: &[u8],
    ) -> bool {
        if let Some(ready) = self.disk_state.connections.get(&id).copied() {
            let goes = ready.is_some_and(|at| at <= ctx.now);
            if goes {
                self.disk_state.connections.remove(&id);
            }
            return !goes;
        }
        if self.disk_state.pace == DiskPace::Usual {
            return false;
        }
        let key = frame.first_chunk().map(|key| i16::from_be_bytes(*key));
        let needs = NEEDS_THE_DISK.iter().any(|needed| Some(*needed as i16) == key);
        if needs {
            let at = self.disk_state.ready_at(ctx.now);
            self.disk_state.connections.insert(id, at);
        }
        needs
    }

    /// Keeps back a message that needs the disk while that is not as usual.
    pub(super) fn message_waits(
        &mut self,
        ctx: &Context<'_>,
        from: Node,
        message: Message,
    ) -> Option<Message> {
        let needs = matches!(
            message,
            Message::Request { body: Request::ReplicaFetch(_), .. }
                | Message::Response { body: Response::ReplicaFetch(_), .. }
        );
        if !needs || self.disk_state.pace == DiskPace::Usual {
            return Some(message);
        }
        let at = self.disk_state.ready_at(ctx.now);
        self.disk_state.messages.push_back((at, from, message));
        None
    }

    /// Whether an append fails because the disk is full; its directory is offline then.
    pub(crate) fn append_fails(&mut self, ctx: &mut Context<'_>, key: TopicPartition) -> bool {
        if self.disk_state.full.is_empty() {
            return false;
        }
        let directory = self.directory_of(key);
        if !self.disk_state.full.contains(&directory) {
            return false;
        }
        self.lose_directory(ctx, directory);
        true
    }

    /// What a follower fetched may be more than its disk takes.
    pub(super) fn appends_fail(&mut self, ctx: &mut Context<'_>, response: &ReplicaFetchResponse) {
        if self.disk_state.full.is_empty() {
            return;
        }
        for (key, partition) in &response.partitions {
            let ReplicaOutcome::Records { batches, .. } = &partition.outcome else { continue };
            if !batches.is_empty() && self.replicas.contains_key(key) {
                self.append_fails(ctx, *key);
            }
        }
    }

    /// Takes a directory offline whose disk failed; without another one the broker ends.
    fn lose_directory(&mut self, ctx: &mut Context<'_>, directory: Directory) {
        if !self.directory_failed(ctx, directory) {
            ctx.halted.push(self.id);
        }
    }
}
