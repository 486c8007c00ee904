//! The machine a broker's process runs on: what outlives the process, and whether there is one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use milena_protocol::ids::BrokerId;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::{Directory, Process};
use crate::cluster::{ConnectionId, Node};
use crate::config::{BrokerConfig, Unflushed};
use crate::context::Context;
use crate::log::Log;
use crate::message::Message;
use crate::metadata::{Image, TopicPartition};
use crate::settings::Layers;

/// What outlives the process.
#[derive(Default, Debug)]
pub(crate) struct Disk {
    /// Logs that no replica has opened.
    pub(crate) logs: BTreeMap<TopicPartition, Log>,
    /// `replication-offset-checkpoint`
    pub(crate) high_watermarks: BTreeMap<TopicPartition, i64>,
    /// The broker epoch in which the process ended in order, if it did (`CleanShutdownFileHandler`).
    pub(crate) shut_down_in: Option<i64>,
    /// `log-start-offset-checkpoint`
    pub(crate) log_starts: BTreeMap<TopicPartition, i64>,
    /// Which directory a log is in, unless it is in the first.
    directories: BTreeMap<TopicPartition, Directory>,
}

impl Disk {
    /// Applies the checkpoints to a log that a process left behind.
    pub(crate) fn recover(&self, key: TopicPartition, log: &mut Log) {
        let checkpoint =
            |of: &BTreeMap<TopicPartition, i64>| of.get(&key).copied().unwrap_or_default();
        log.recover(checkpoint(&self.high_watermarks), checkpoint(&self.log_starts));
    }

    /// Forgets a partition.
    pub(crate) fn remove(&mut self, key: TopicPartition) {
        self.logs.remove(&key);
        self.high_watermarks.remove(&key);
        self.log_starts.remove(&key);
        self.directories.remove(&key);
    }

    pub(crate) fn directory_of(&self, key: TopicPartition) -> Directory {
        self.directories.get(&key).copied().unwrap_or(0)
    }

    pub(crate) fn move_to(&mut self, key: TopicPartition, directory: Directory) {
        if directory == 0 {
            self.directories.remove(&key);
        } else {
            self.directories.insert(key, directory);
        }
    }

    /// Everything in a directory is gone.
    pub(crate) fn lose(&mut self, directory: Directory) {
        let held = self.logs.keys().copied();
        let lost: Vec<TopicPartition> =
            held.filter(|key| self.directory_of(*key) == directory).collect();
        for key in lost {
            self.remove(key);
        }
    }
}

/// A broker, whatever state its process is in.
#[derive(Debug)]
pub(crate) struct Broker {
    cluster_id: Arc<str>,
    pub(crate) config: BrokerConfig,
    /// What its process starts with.
    settings: Layers,
    pub(crate) state: BrokerState,
    /// By how many milliseconds its clock is ahead. The machine's, not the process'.
    pub(crate) clock_skew: i64,
    random: ChaCha8Rng,
}

/// The process, if there is one.
#[derive(Debug)]
pub(crate) enum BrokerState {
    Killed(Disk),
    Up(Box<Process>),
    /// What happened meanwhile waits in order.
    Paused {
        process: Box<Process>,
        held: VecDeque<Held>,
    },
}

/// How a process ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// As by `kill -9`.
    Killed,
    /// After a shutdown in order: all high watermarks are in the checkpoint, and the next process
    /// knows that nothing was lost.
    InOrder,
}

/// Something a paused process has not seen yet.
#[derive(Debug)]
pub(crate) enum Held {
    Message { from: Node, message: Message },
    Connected { connection: ConnectionId, peer: String },
    Frame { connection: ConnectionId, frame: bytes::Bytes },
    Disconnected { connection: ConnectionId },
}

impl Held {
    /// The connection on which it happened.
    pub(crate) fn connection(&self) -> Option<ConnectionId> {
        match self {
            Self::Message { .. } => None,
            Self::Connected { connection, .. }
            | Self::Frame { connection, .. }
            | Self::Disconnected { connection } => Some(*connection),
        }
    }
}

impl Broker {
    /// A broker that was never started. `seed` is the cluster's; each broker has its own stream.
    pub(crate) fn new(
        config: BrokerConfig,
        settings: Layers,
        cluster_id: Arc<str>,
        seed: u64,
    ) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(16 + u64::from(config.id.get().unsigned_abs()));
        Self {
            cluster_id,
            config,
            settings,
            state: BrokerState::Killed(Disk::default()),
            clock_skew: 0,
            random,
        }
    }

    pub(crate) fn id(&self) -> BrokerId {
        self.config.id
    }

    /// Starts the process on what the disk holds. Nothing happens if there is one.
    pub(crate) fn start(&mut self, ctx: &mut Context<'_>) {
        let BrokerState::Killed(disk) = &mut self.state else { return };
        let disk = std::mem::take(disk);
        let mut own = [0; 32];
        self.random.fill_bytes(&mut own);
        let random = ChaCha8Rng::from_seed(own);
        let cluster_id = Arc::clone(&self.cluster_id);
        let features = ctx.config.initial_features();
        let image = Image::new(self.settings.clone(), Some(self.config.id), features);
        let mut process =
            Box::new(Process::new(self.config.clone(), cluster_id, disk, image, random, ctx));
        process.begin(ctx);
        self.state = BrokerState::Up(process);
    }

    /// Ends the process, and gives its connections.
    pub(crate) fn end(&mut self, ending: Ending) -> Vec<(ConnectionId, String)> {
        let state = std::mem::replace(&mut self.state, BrokerState::Killed(Disk::default()));
        let (process, held) = match state {
            BrokerState::Killed(disk) => {
                self.state = BrokerState::Killed(disk);
                return Vec::new();
            }
            BrokerState::Up(process) => (process, VecDeque::new()),
            BrokerState::Paused { process, held } => (process, held),
        };
        let mut connections = process.connection_peers();
        for held in held {
            match held {
                Held::Connected { connection, peer } => connections.push((connection, peer)),
                Held::Disconnected { connection } => {
                    connections.retain(|(known, _)| *known != connection);
                }
                Held::Message { .. } | Held::Frame { .. } => {}
            }
        }
        self.state = BrokerState::Killed(process.into_disk(ending));
        connections
    }

    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.state, BrokerState::Paused { .. })
    }

    /// [`Broker::log`], to damage it.
    pub(crate) fn log_mut(&mut self, key: TopicPartition) -> Option<&mut Log> {
        match &mut self.state {
            BrokerState::Killed(disk) => disk.logs.get_mut(&key),
            BrokerState::Up(process) | BrokerState::Paused { process, .. } => {
                process.replicas.get_mut(&key).map(|replica| &mut replica.log)
            }
        }
    }

    /// Takes off a killed broker's logs what was not flushed, or part of it.
    pub(crate) fn lose_unflushed(&mut self, how: Unflushed) {
        let BrokerState::Killed(disk) = &mut self.state else { return };
        for log in disk.logs.values_mut() {
            let ends = log.unflushed_ends();
            let count = u64::try_from(ends.len()).unwrap_or(0);
            let kept = match how {
                Unflushed::Kept => continue,
                Unflushed::Lost => 0,
                Unflushed::Drawn => self.random.next_u64() % (count + 1),
            };
            let kept = usize::try_from(kept).unwrap_or(0);
            let end = kept.checked_sub(1).and_then(|last| ends.get(last).copied());
            log.truncate_to(end.unwrap_or(log.flushed()));
        }
    }

    pub(crate) fn process(&self) -> Option<&Process> {
        match &self.state {
            BrokerState::Killed(_) => None,
            BrokerState::Up(process) | BrokerState::Paused { process, .. } => Some(process),
        }
    }

    /// What the broker holds of a partition.
    pub(crate) fn log(&self, key: TopicPartition) -> Option<&Log> {
        match &self.state {
            BrokerState::Killed(disk) => disk.logs.get(&key),
            BrokerState::Up(process) | BrokerState::Paused { process, .. } => process
                .replicas
                .get(&key)
                .map(|replica| &replica.log)
                .or(process.disk.logs.get(&key)),
        }
    }
}
