//! A broker's process: everything in memory. The metadata image, replicas, connections, purgatories,
//! sessions; `kill -9` drops it, and [`Disk`] keeps the logs and the last checkpoint.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::cluster::{ConnectionId, ListenerState, Node, Output};
use crate::config::BrokerConfig;
use crate::context::Context;
use crate::marks::Marks;
use crate::message::{Message, Request};
use crate::metadata::{Image, TopicPartition};
use crate::replication::{AlterPartitions, Fetcher, FollowerSession, Replicas};

/// What a replica may look at besides itself, as borrows of single fields: the replica itself is
/// borrowed mutably at the same time.
macro_rules! surroundings {
    ($process:expr, $ctx:expr) => {
        $crate::replication::Surroundings {
            now: $ctx.now,
            image: &$process.image,
            broker: $process.id,
            broker_epoch: $process.lifecycle.epoch(),
            lag_time_max: $ctx.config.timings.replica_lag_time_max,
        }
    };
}
pub(crate) use surroundings;

mod calls;
mod checkpoint;
mod connections;
mod delete_purgatory;
mod directories;
mod disk;
mod faulty;
mod fetch_purgatory;
mod fetch_sessions;
mod forwarding;
mod idle;
mod lifecycle;
mod machine;
mod metadata_updates;
mod produce_purgatory;
mod producer_expiration;
mod producer_ids;
pub(crate) mod quotas;
mod reassembly;
mod replication_tasks;
mod retention;
mod settle;

pub(crate) use calls::CallKind;
pub(crate) use connections::{Answer, Asked, FULL};
pub(crate) use delete_purgatory::{AwaitedDeletion, DelayedDelete};
pub(crate) use directories::{Directory, directory_named};
pub(crate) use fetch_purgatory::DelayedFetch;
pub(crate) use fetch_sessions::{
    FetchSessions, NO_SESSION, Opened, SessionKey, SessionPartition, Told,
};
pub(crate) use forwarding::Forwarded;
pub(crate) use machine::{Broker, BrokerState, Disk, Ending, Held};
pub(crate) use produce_purgatory::{AppendAnswer, AwaitedPartition, DelayedProduce};
pub(crate) use reassembly::Reassembly;

use calls::Calls;
use connections::Connection;
use delete_purgatory::DeletePurgatory;
use directories::Directories;
use disk::DiskState;
use faulty::Postponed;
use fetch_purgatory::FetchPurgatory;
use lifecycle::Lifecycle;
use produce_purgatory::ProducePurgatory;
use producer_ids::ProducerIds;
use quotas::ClientQuotas;

/// Everything a broker has in memory.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) id: BrokerId,
    cluster_id: Arc<str>,
    pub(crate) disk: Disk,
    pub(crate) image: Image,
    pub(crate) replicas: Replicas,
    pub(crate) sessions: FetchSessions,
    pub(crate) random: ChaCha8Rng,
    config: BrokerConfig,
    pub(crate) lifecycle: Lifecycle,
    calls: Calls,
    connections: BTreeMap<ConnectionId, Connection>,
    /// When to look whether a connection is idle.
    idle: BTreeSet<(MonoTime, ConnectionId)>,
    /// Connections with a request that can be handled now.
    runnable: VecDeque<ConnectionId>,
    postponed: Postponed,
    produce: ProducePurgatory,
    fetch: FetchPurgatory,
    deletes: DeletePurgatory,
    directories: Directories,
    disk_state: DiskState,
    producer_ids: ProducerIds,
    quotas: ClientQuotas,
    /// Topics the controller is asked to create on a Metadata request's behalf.
    creating: BTreeSet<String>,
    fetchers: BTreeMap<BrokerId, Fetcher>,
    pub(crate) followers: BTreeMap<BrokerId, FollowerSession>,
    next_session: u64,
    alter_partitions: AlterPartitions,
    /// Partitions with new records since the last [`Process::settle`].
    appended: Marks<TopicPartition>,
    /// Partitions whose high watermark or leadership changed since then.
    moved: Marks<TopicPartition>,
    /// Followers whose parked fetch may have an answer.
    awake: Marks<BrokerId>,
    /// Leaders this broker may have something to fetch from.
    eager: Marks<BrokerId>,
    /// Replicas whose high watermark is not in the checkpoint yet.
    unsaved: BTreeSet<TopicPartition>,
    next_checkpoint: MonoTime,
    next_start_checkpoint: MonoTime,
    next_retention: MonoTime,
    next_cleaning: MonoTime,
    next_isr_check: MonoTime,
    next_producer_check: MonoTime,
}

impl Process {
    fn new(
        config: BrokerConfig,
        cluster_id: Arc<str>,
        disk: Disk,
        image: Image,
        random: ChaCha8Rng,
        ctx: &Context<'_>,
    ) -> Self {
        let timings = &ctx.config.timings;
        let storage = &ctx.config.storage;
        Self {
            id: config.id,
            cluster_id,
            disk,
            image,
            replicas: Replicas::new(),
            sessions: FetchSessions::default(),
            random,
            config,
            lifecycle: Lifecycle::default(),
            calls: Calls::default(),
            connections: BTreeMap::new(),
            idle: BTreeSet::new(),
            runnable: VecDeque::new(),
            postponed: Postponed::default(),
            produce: ProducePurgatory::default(),
            fetch: FetchPurgatory::default(),
            deletes: DeletePurgatory::default(),
            directories: Directories::default(),
            disk_state: DiskState::default(),
            producer_ids: ProducerIds::default(),
            quotas: ClientQuotas::default(),
            creating: BTreeSet::new(),
            fetchers: BTreeMap::new(),
            followers: BTreeMap::new(),
            next_session: 0,
            alter_partitions: AlterPartitions::default(),
            appended: Marks::default(),
            moved: Marks::default(),
            awake: Marks::default(),
            eager: Marks::default(),
            unsaved: BTreeSet::new(),
            next_checkpoint: ctx.now + timings.high_watermark_checkpoint_interval,
            next_start_checkpoint: ctx.now + storage.initial_task_delay,
            next_retention: ctx.now + storage.initial_task_delay,
            next_cleaning: ctx.now + storage.cleaner_backoff,
            next_isr_check: ctx.now + timings.replica_lag_time_max / 2,
            next_producer_check: ctx.now + ctx.config.producer_id_expiration_check_interval,
        }
    }

    pub(crate) fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// Stands in for the controller in answers to clients: under KRaft any live broker does, drawn
    /// anew each time (`KRaftMetadataCache.getRandomAliveBrokerId`). -1 if none is.
    pub(crate) fn some_live_broker(&mut self) -> i32 {
        let live: Vec<BrokerId> = self.image.live_brokers().map(|(id, _)| id).collect();
        let Some(count) = u32::try_from(live.len()).ok().filter(|count| *count > 0) else {
            return -1;
        };
        let drawn = usize::try_from(self.random.next_u32() % count).unwrap_or(0);
        live.get(drawn).map_or(-1, |id| id.get())
    }

    pub(crate) fn node(&self) -> Node {
        Node::Broker(self.id)
    }

    pub(crate) fn broker_epoch(&self) -> i64 {
        self.lifecycle.epoch()
    }

    /// Whether it was shut down in order and may go.
    pub(crate) fn has_ended(&self) -> bool {
        self.lifecycle.has_ended()
    }

    pub(crate) fn is_serving(&self) -> bool {
        self.lifecycle.is_serving()
    }

    pub(crate) fn connection_count(&self) -> usize {
        self.connections.len()
    }

    fn set_listener(&self, ctx: &mut Context<'_>, state: ListenerState) {
        ctx.trace(self.node(), "listener", &[("state", &state)]);
        ctx.outputs.push_back(Output::Listener { broker: self.id, state });
    }

    /// What is left when the process is gone.
    fn into_disk(self, ending: Ending) -> Disk {
        let mut disk = self.disk;
        if ending == Ending::InOrder {
            disk.shut_down_in = Some(self.lifecycle.epoch());
        }
        for (key, mut replica) in self.replicas {
            if ending == Ending::InOrder {
                disk.high_watermarks.insert(key, replica.log.high_watermark());
                disk.log_starts.insert(key, replica.log.start_offset());
                replica.log.flush();
            }
            disk.recover(key, &mut replica.log);
            disk.logs.insert(key, replica.log);
        }
        disk
    }

    /// Takes a message off the network.
    pub(crate) fn receive(&mut self, ctx: &mut Context<'_>, from: Node, message: Message) {
        if let Some(message) = self.message_waits(ctx, from, message) {
            self.take_message(ctx, from, message);
        }
        self.settle(ctx);
    }

    fn take_message(&mut self, ctx: &mut Context<'_>, from: Node, message: Message) {
        match message {
            Message::Request { id, body: Request::ReplicaFetch(request) } => {
                if let Node::Broker(follower) = from {
                    self.replica_fetch(ctx, follower, id, &request);
                }
            }
            Message::Request { id, .. } => {
                ctx.send(self.node(), from, Message::Disconnected { id });
            }
            Message::Response { id, body } => self.call_answered(ctx, id, body),
            Message::Disconnected { id } => self.call_failed(ctx, id),
        }
    }

    /// The earliest of everything this process waits for.
    pub(crate) fn poll_timeout(&self) -> MonoTime {
        let regular = [
            self.next_checkpoint,
            self.next_start_checkpoint,
            self.next_retention,
            self.next_cleaning,
            self.next_isr_check,
            self.next_producer_check,
        ];
        let others = [
            self.lifecycle.poll_timeout(),
            self.calls.poll_timeout(),
            self.produce.poll_timeout(),
            self.fetch.poll_timeout(),
            self.postponed.poll_timeout(),
            self.deletes.poll_timeout(),
            self.directories.poll_timeout(),
            self.disk_state.poll_timeout(),
            self.alter_partitions.poll_timeout(),
            self.replication_timeout(),
            self.idle_timeout(),
            self.quotas.poll_timeout(),
        ];
        // Asked after whatever happens: a loop in place of adapters is worth it.
        let mut earliest = self.next_checkpoint;
        for at in regular {
            earliest = earliest.min(at);
        }
        for at in others {
            earliest = at.map_or(earliest, |at| earliest.min(at));
        }
        earliest
    }

    /// Does everything that is due.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<'_>) {
        self.expire_calls(ctx);
        self.lifecycle_due(ctx);
        self.expire_produces(ctx);
        self.expire_fetches(ctx);
        self.postponed_due(ctx);
        self.expire_deletes(ctx);
        self.replication_due(ctx);
        self.checkpoint_due(ctx);
        self.start_checkpoint_due(ctx);
        self.directories_due(ctx);
        self.disk_due(ctx);
        self.retention_due(ctx);
        self.cleaning_due(ctx);
        self.isr_check_due(ctx);
        self.close_idle(ctx);
        self.producer_check_due(ctx);
        self.silence_due(ctx);
        self.settle(ctx);
    }
}
