//! The controller: one logical node that owns the metadata log.
//!
//! It keeps the committed state of every partition and broker (`QuorumController`), and the log
//! that brokers read it from. There is no Raft behind it: what is appended is committed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{BrokerId, TopicId, TopicName};
use milena_protocol::time::MonoTime;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::cluster::{Field, Node, Noted, Text};
use crate::config::ClusterConfig;
use crate::context::Context;
use crate::message::{Message, ProducerIdBlock, Request, Response};
use crate::metadata::{Image, ImageDelta, Record, TopicPartition};
use crate::release::ELIGIBLE_LEADERS;
use crate::sabotage::{self, Sabotage};
use crate::settings::Layers;

mod brokers;
mod change;
pub(crate) mod configs;
mod deadline;
mod directories;
mod election;
mod features;
mod forwarded;
mod isr;
mod listener;
mod mutation_quotas;
mod partitions;
mod placement;
mod quorum;
mod quotas;
mod reassignment;
mod scans;
mod scram;
mod topics;
mod voters;

use brokers::Session;
use change::EligibleLeaders;
use listener::Clients;
pub(crate) use mutation_quotas::MutationQuota;
use mutation_quotas::MutationQuotas;
use scans::Scans;
pub(crate) use topics::Refusal;

/// How many producer ids a broker gets at once (`ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
const PRODUCER_ID_BLOCK: i64 = 1_000;

/// How many records the log keeps. A broker that is further behind gets all of the metadata at once,
/// as from a snapshot (KIP-630).
const MOST_RECORDS: usize = 1 << 16;

/// The controller's stream of the seed.
const STREAM: u64 = 1;

/// The controller.
pub(crate) struct Controller {
    cluster_id: String,
    image: Image,
    /// The last records; the first of them is the `trimmed`th.
    log: VecDeque<Record>,
    trimmed: u64,
    /// What is known of each registered broker (`BrokerHeartbeatManager`).
    sessions: BTreeMap<BrokerId, Session>,
    /// Who asks the controller itself, at its own listener.
    clients: Clients,
    /// Brokers that wait for the log to grow: their request, and how much they have.
    waiting: BTreeMap<BrokerId, (u64, u64)>,
    /// `BrokersToIsrs`
    in_isr: BTreeMap<BrokerId, BTreeSet<TopicPartition>>,
    /// `BrokersToElrs`
    in_elr: BTreeMap<BrokerId, BTreeSet<TopicPartition>>,
    eligible_leaders: EligibleLeaders,
    leaderless: BTreeSet<TopicPartition>,
    /// Partitions that are not led by their preferred replica.
    imbalanced: BTreeSet<TopicPartition>,
    scans: Scans,
    mutations: MutationQuotas,
    /// Topics with '.' or '_' in their names, by the name with only '_'.
    unified: BTreeMap<String, BTreeSet<TopicName>>,
    next_producer_id: i64,
    random: ChaCha8Rng,
}

impl Controller {
    pub(crate) fn new(seed: u64, config: &ClusterConfig, settings: Layers) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(STREAM);
        let cluster_id = url_safe(random_uuid(&mut random).as_bytes());
        let mut controller = Self {
            cluster_id,
            image: Image::new(settings, None, config.initial_features()),
            log: VecDeque::new(),
            trimmed: 0,
            sessions: BTreeMap::new(),
            clients: Clients::default(),
            waiting: BTreeMap::new(),
            in_isr: BTreeMap::new(),
            in_elr: BTreeMap::new(),
            eligible_leaders: config.initial_features().contains_key(ELIGIBLE_LEADERS).into(),
            leaderless: BTreeSet::new(),
            imbalanced: BTreeSet::new(),
            scans: Scans::default(),
            mutations: MutationQuotas::default(),
            unified: BTreeMap::new(),
            next_producer_id: 0,
            random,
        };
        for first in controller.elr_safety_records() {
            controller.image.apply(&first, &mut ImageDelta::default());
            controller.log.push_back(first);
        }
        controller
    }

    pub(crate) fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    pub(crate) fn image(&self) -> &Image {
        &self.image
    }

    /// Takes a message off the network.
    pub(crate) fn receive(&mut self, ctx: &mut Context<'_>, from: Node, message: Message) {
        let Node::Broker(broker) = from else { return };
        let Message::Request { id, body } = message else { return };
        // It is heard, perhaps after a while in which it was not.
        self.answer_waiting(ctx);
        let answer = match body {
            Request::Register(request) => Response::Register(self.register(ctx, broker, request)),
            Request::Heartbeat(heartbeat) => {
                if self.check_broker_epoch(broker, heartbeat.epoch).is_ok() {
                    self.directories_offline(ctx, broker, &heartbeat.failed);
                }
                Response::Heartbeat(self.heartbeat(ctx, broker, heartbeat))
            }
            Request::FetchMetadata { from } => {
                self.waiting.insert(broker, (id, from));
                self.answer_waiting(ctx);
                return;
            }
            Request::AlterPartition { epoch, proposals } => {
                Response::AlterPartition(self.alter_partitions(ctx, broker, epoch, &proposals))
            }
            Request::AllocateProducerIds { epoch } => {
                Response::AllocateProducerIds(self.allocate_producer_ids(broker, epoch))
            }
            Request::AssignDirectories { epoch, assignments } => Response::AssignDirectories(
                self.assign_directories(ctx, broker, epoch, &assignments),
            ),
            Request::Forwarded { client, version, request } => {
                match self.forwarded(ctx, &client, version, &request) {
                    Some(response) => Response::Forwarded(Box::new(response)),
                    None => return,
                }
            }
            Request::ReplicaFetch(_) => return,
        };
        ctx.send(Node::Controller, from, Message::Response { id, body: answer });
    }

    /// Forgets what a killed broker waited for.
    pub(crate) fn broker_disconnected(&mut self, broker: BrokerId) {
        self.waiting.remove(&broker);
    }

    fn allocate_producer_ids(
        &mut self,
        broker: BrokerId,
        epoch: i64,
    ) -> Result<ProducerIdBlock, ErrorCode> {
        self.check_broker_epoch(broker, epoch)?;
        let first = self.next_producer_id;
        if !sabotage::is(Sabotage::IdsGivenTwice) {
            self.next_producer_id += PRODUCER_ID_BLOCK;
        }
        Ok(ProducerIdBlock { first, count: PRODUCER_ID_BLOCK })
    }

    /// When the controller has something to do by itself.
    pub(crate) fn poll_timeout(&self, config: &ClusterConfig) -> Option<MonoTime> {
        let fencing = self.next_fencing(config.timings.session_timeout);
        fencing.into_iter().chain(self.scans.poll_timeout()).min()
    }

    /// Does what is due.
    pub(crate) fn on_timeout(&mut self, ctx: &mut Context<'_>) {
        self.fence_silent(ctx);
        self.scan_if_due(ctx);
    }

    /// Appends records to the log, takes them in, and tells whoever waits.
    fn commit(&mut self, ctx: &mut Context<'_>, records: Vec<Record>) {
        if records.is_empty() {
            return;
        }
        for record in records {
            trace_commit(ctx, self.image.offset, &record);
            self.index(&record);
            if ctx.history.is_kept()
                && let Some(noted) = Noted::committed(&record, &self.image)
            {
                ctx.note(Node::Controller, noted);
            }
            self.image.apply(&record, &mut ImageDelta::default());
            self.log.push_back(record);
        }
        if let Some(excess) = self.log.len().checked_sub(MOST_RECORDS) {
            // Some at a time, so that brokers that are a little behind still find theirs.
            let excess = excess.max(MOST_RECORDS / 4);
            self.log.drain(..excess);
            self.trimmed += excess as u64;
        }
        self.scans.plan(ctx.now, ctx.config, &self.imbalanced, &self.leaderless);
        self.answer_waiting(ctx);
    }

    /// Keeps the reverse maps up to date; called before the record is in the image.
    fn index(&mut self, record: &Record) {
        match record {
            Record::Partition { partition, state } => {
                let before = self.image.partition(*partition);
                let (isr, elr) = match before {
                    Some(before) => (before.isr.as_slice(), before.elr.as_slice()),
                    None => Default::default(),
                };
                reindex(&mut self.in_isr, *partition, isr, &state.isr);
                reindex(&mut self.in_elr, *partition, elr, &state.elr);
                if state.has_leader() {
                    self.leaderless.remove(partition);
                } else {
                    self.leaderless.insert(*partition);
                }
                if state.replicas.first() == Some(&state.leader) {
                    self.imbalanced.remove(partition);
                } else {
                    self.imbalanced.insert(*partition);
                }
            }
            Record::RemoveTopic { id } => {
                let Some(topic) = self.image.topic(*id) else { return };
                if let Some(alike) = self.unified.get_mut(&unified(&topic.name)) {
                    alike.remove(&topic.name);
                }
                for (index, state) in topic.partitions.iter().enumerate() {
                    let index = i32::try_from(index).unwrap_or(i32::MAX);
                    let partition = topic.partition(index);
                    self.leaderless.remove(&partition);
                    self.imbalanced.remove(&partition);
                    reindex(&mut self.in_isr, partition, &state.isr, &[]);
                    reindex(&mut self.in_elr, partition, &state.elr, &[]);
                }
            }
            Record::Topic { name, .. } if name.contains(['.', '_']) => {
                self.unified.entry(unified(name)).or_default().insert(name.clone());
            }
            Record::Feature { name, level } => self.feature_changed(name, *level),
            Record::RegisterBroker { .. }
            | Record::BrokerStanding { .. }
            | Record::Topic { .. }
            | Record::Scram { .. }
            | Record::Quota { .. }
            | Record::Settings { .. }
            | Record::ReplicaDirectory { .. }
            | Record::FailedDirectories { .. }
            | Record::UnregisterBroker { .. } => {}
        }
    }

    /// Sends records to those who asked for them before there were any. Apache Kafka lets them wait
    /// for half a second at most and ask again (`KafkaRaftClient`), which a broker that cannot reach
    /// the controller does in vain.
    fn answer_waiting(&mut self, ctx: &mut Context<'_>) {
        let end = self.image.offset;
        if self.waiting.values().all(|(_, from)| *from >= end) {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        for (broker, (id, from)) in waiting {
            if from >= end || ctx.network.is_cut(Node::Broker(broker), Node::Controller) {
                self.waiting.insert(broker, (id, from));
                continue;
            }
            let body = match from.checked_sub(self.trimmed) {
                Some(start) => {
                    let start = usize::try_from(start).unwrap_or(usize::MAX).min(self.log.len());
                    let records = self.log.range(start..).cloned().collect();
                    Response::FetchMetadata { from, records }
                }
                None => Response::Snapshot(Box::new(self.image.clone())),
            };
            ctx.send(Node::Controller, Node::Broker(broker), Message::Response { id, body });
        }
    }

    fn new_topic_id(&mut self) -> TopicId {
        TopicId(random_uuid(&mut self.random))
    }
}

impl fmt::Debug for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controller").field("offset", &self.image.offset).finish_non_exhaustive()
    }
}

fn trace_commit(ctx: &mut Context<'_>, offset: u64, record: &Record) {
    let at: (&str, &dyn Field) = ("", &offset);
    let node = Node::Controller;
    match record {
        Record::Topic { name, id } => {
            ctx.trace(node, "commit", &[at, ("topic", name), ("id", id)]);
        }
        Record::Partition { partition, state } => {
            ctx.trace(node, "commit", &[at, ("of", partition), ("state", state)]);
        }
        other => ctx.trace(node, "commit", &[at, ("", &Text(format_args!("{other:?}")))]),
    }
}

/// Moves a partition from the lists of some brokers to those of others.
fn reindex(
    lists: &mut BTreeMap<BrokerId, BTreeSet<TopicPartition>>,
    partition: TopicPartition,
    before: &[BrokerId],
    after: &[BrokerId],
) {
    for gone in before.iter().filter(|id| !after.contains(id)) {
        if let Some(partitions) = lists.get_mut(gone) {
            partitions.remove(&partition);
        }
    }
    for member in after {
        lists.entry(*member).or_default().insert(partition);
    }
}

/// A topic's name as metrics see it, where '.' and '_' fall together.
fn unified(name: &str) -> String {
    name.replace('.', "_")
}

fn random_uuid(random: &mut ChaCha8Rng) -> uuid::Uuid {
    let mut bytes = [0; 16];
    random.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Sixteen bytes in URL-safe base 64 without padding, as Kafka prints its ids (`Uuid.toString`).
fn url_safe(bytes: &[u8; 16]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let number = u128::from_be_bytes(*bytes);
    // 22 digits hold 132 bits; the last digit carries four bits of padding.
    (0..22)
        .map(|place: u32| {
            let shift = 122_i64 - 6 * i64::from(place);
            let six = if shift >= 0 { number >> shift } else { number << -shift };
            char::from(DIGITS[(six & 63) as usize])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_printed_as_kafka_prints_them() {
        assert_eq!(url_safe(&[0; 16]), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(url_safe(&[255; 16]), "_____________________w");
    }
}
