//! What a broker does about new metadata (`BrokerMetadataPublisher`, `ReplicaManager.applyDelta`).

use std::collections::BTreeSet;
use std::sync::Arc;

use milena_protocol::ids::{BrokerId, TopicId};

use super::Process;
use crate::cluster::Node;
use crate::context::Context;
use crate::metadata::{Directory, Image, ImageDelta, Record, Topic, TopicPartition};
use crate::replication::{Replica, Role};
use crate::sabotage::{self, Sabotage};

impl Process {
    pub(super) fn take_in_metadata(
        &mut self,
        ctx: &mut Context<'_>,
        from: u64,
        records: &[Record],
    ) {
        // An answer that does not continue this image is one that was asked for twice.
        if from == self.image.offset {
            let mut delta = ImageDelta::default();
            for record in records {
                self.image.apply(record, &mut delta);
            }
            ctx.trace(self.node(), "metadata", &[("offset", &self.image.offset)]);
            if self.is_serving() {
                self.publish(ctx, delta);
            }
            self.maybe_serve(ctx);
        }
        self.fetch_metadata(ctx);
    }

    /// Takes in all of the metadata at once, as a broker that is too far behind for the log.
    pub(super) fn take_in_snapshot(&mut self, ctx: &mut Context<'_>, image: Image) {
        if image.offset > self.image.offset {
            let before = std::mem::replace(&mut self.image, image);
            ctx.trace(self.node(), "snapshot", &[("offset", &self.image.offset)]);
            if self.is_serving() {
                let mut delta = ImageDelta::default();
                let is_gone = |topic: &&Arc<Topic>| self.image.topic(topic.id).is_none();
                delta.removed_topics.extend(before.topics().filter(is_gone).cloned());
                delta.partitions.extend(self.image.topics().flat_map(|it| partitions_of(it)));
                self.publish(ctx, delta);
            }
            self.maybe_serve(ctx);
        }
        self.fetch_metadata(ctx);
    }

    /// Opens a replica of everything the first image assigns to this broker, and deletes logs of
    /// topics that are gone.
    pub(super) fn open_replicas(&mut self, ctx: &mut Context<'_>) {
        let mut delta = ImageDelta::default();
        for topic in self.image.topics() {
            delta.partitions.extend(partitions_of(topic));
        }
        let image = &self.image;
        let gone = self.disk.logs.keys().filter(|key| image.topic_of(**key).is_none());
        for key in gone.copied().collect::<Vec<_>>() {
            self.disk.remove(key);
        }
        self.publish(ctx, delta);
    }

    fn publish(&mut self, ctx: &mut Context<'_>, mut delta: ImageDelta) {
        let deleted = self.directories_of(&delta.removed_topics);
        for topic in &delta.removed_topics {
            self.drop_topic(ctx, topic);
        }
        self.save_starts_beside(&deleted);
        let mut followers = BTreeSet::new();
        for key in delta.partitions.take() {
            self.apply_partition(ctx, key, &mut followers);
        }
        self.directories.forget_count();
        // A follower has one fetch at a time and names new partitions in its next: in Apache Kafka
        // it comes when replica.fetch.wait.max.ms is over.
        for follower in followers {
            self.answer_follower(ctx, follower, true);
        }
        // Behind the partitions, as BrokerMetadataPublisher has it.
        for topic in &delta.settings {
            self.apply_settings(*topic);
        }
    }

    /// Lets a topic's replicas go by its settings from now on. Nothing is derived anew: a high
    /// watermark that a lower min.insync.replicas would let rise does so with the next append or
    /// fetch.
    fn apply_settings(&mut self, topic: TopicId) {
        let Some(topic) = self.image.topic(topic) else { return };
        if sabotage::is(Sabotage::SettingsWithoutEffect) {
            return;
        }
        for key in partitions_of(topic) {
            if let Some(replica) = self.replicas.get_mut(&key) {
                replica.settings = Arc::clone(&topic.settings);
            }
        }
    }

    /// Takes in one partition. Adds its followers if this broker leads it in a new epoch.
    fn apply_partition(
        &mut self,
        ctx: &mut Context<'_>,
        key: TopicPartition,
        followers: &mut BTreeSet<BrokerId>,
    ) {
        let Some(topic) = self.image.topic_of(key).map(Arc::clone) else { return };
        let Some(state) = topic.partition_state(key.index) else { return };
        if !state.replicas.contains(&self.id) {
            self.drop_partition(key);
            return;
        }
        if self.directories.offline.contains(&key) {
            return;
        }
        // What is new is behind everything that is there.
        let is_last = self.replicas.last_key_value().is_none_or(|(last, _)| *last < key);
        let is_new = is_last || !self.replicas.contains_key(&key);
        let replica = if is_new {
            let Some(opened) = self.open_replica(ctx, key, &topic) else {
                self.directories.offline.insert(key);
                return;
            };
            self.replicas.entry(key).or_insert(opened)
        } else {
            let Some(known) = self.replicas.get_mut(&key) else { return };
            known
        };
        let around = super::surroundings!(self, ctx);
        let led = replica.is_leader();
        let new_epoch = replica.apply(state, around);
        let high_watermark_moved = replica.maybe_raise_high_watermark(around);
        ctx.trace(
            Node::Broker(self.id),
            "partition",
            &[
                ("topic", &replica.topic),
                ("partition", &key.index),
                ("leader", &state.leader),
                ("epoch", &state.leader_epoch),
                ("isr", &state.isr),
                ("partition_epoch", &state.partition_epoch),
                ("end", &replica.log.end_offset()),
                ("hw", &replica.log.high_watermark()),
            ],
        );
        let leader = match &replica.role {
            Role::Follower { leader } => Some(*leader),
            Role::Idle => None,
            Role::Leader(leader) => {
                if new_epoch {
                    followers.extend(leader.follower_ids());
                }
                None
            }
        };
        if is_new {
            self.tell_directory(ctx, key);
        }
        if high_watermark_moved {
            self.unsaved.insert(key);
        }
        if new_epoch && is_new {
            // Nobody copies it yet.
            leader.into_iter().for_each(|leader| self.start_copying(key, leader));
        } else if new_epoch {
            self.copy_from(key, leader);
        }
        // Nobody waits for what was not here, and nobody follows it.
        if !is_new {
            if new_epoch || led || high_watermark_moved {
                self.moved.insert(key);
            }
            self.appended.insert(key);
            self.note_membership(key);
        }
    }

    /// None if there is no place for it.
    fn open_replica(
        &mut self,
        ctx: &mut Context<'_>,
        key: TopicPartition,
        topic: &Topic,
    ) -> Option<Box<Replica>> {
        if !self.place(ctx, key, &topic.name) {
            return None;
        }
        let mut log = self.disk.logs.remove(&key).unwrap_or_default();
        self.disk.recover(key, &mut log);
        ctx.trace(
            Node::Broker(self.id),
            "open log",
            &[
                ("topic", &topic.name),
                ("partition", &key.index),
                ("end", &log.end_offset()),
                ("hw", &log.high_watermark()),
            ],
        );
        Some(Box::new(Replica::new(key, topic.name.clone(), Arc::clone(&topic.settings), log)))
    }

    /// Lets the fetcher of `leader`, and no other, copy a partition.
    fn copy_from(&mut self, key: TopicPartition, leader: Option<BrokerId>) {
        for (id, fetcher) in &mut self.fetchers {
            if Some(*id) != leader {
                fetcher.remove(key);
                self.eager.insert(*id);
            }
        }
        if let Some(leader) = leader {
            self.start_copying(key, leader);
        }
    }

    fn start_copying(&mut self, key: TopicPartition, leader: BrokerId) {
        self.fetchers.entry(leader).or_default().add(key);
        self.eager.insert(leader);
    }

    /// Tells the followers' sessions which of them are in the ISR.
    pub(super) fn note_membership(&mut self, key: TopicPartition) {
        let Some(replica) = self.replicas.get(&key) else { return };
        for (id, session) in &mut self.followers {
            session.mark_membership(key, !replica.is_leader() || replica.isr().contains(id));
        }
    }

    /// The directories in which this broker has logs of topics.
    fn directories_of(&self, topics: &[Arc<Topic>]) -> BTreeSet<Directory> {
        let keys = topics.iter().flat_map(|topic| partitions_of(topic));
        let here = keys.filter(|key| self.replicas.contains_key(key));
        here.map(|key| self.disk.directory_of(key)).collect()
    }

    fn drop_topic(&mut self, ctx: &mut Context<'_>, topic: &Topic) {
        ctx.trace(self.node(), "drop topic", &[("topic", &topic.name)]);
        for key in partitions_of(topic) {
            self.drop_partition(key);
        }
    }

    /// Deletes the replica of a partition that is gone, or that was moved to others.
    pub(super) fn drop_partition(&mut self, key: TopicPartition) {
        self.forget_replica(key);
        self.disk.remove(key);
    }

    /// Lets go of a replica, and leaves its log on the disk.
    pub(super) fn close_replica(&mut self, key: TopicPartition) {
        if let Some(replica) = self.forget_replica(key) {
            self.disk.logs.insert(key, replica.log);
        }
    }

    fn forget_replica(&mut self, key: TopicPartition) -> Option<Box<Replica>> {
        let replica = self.replicas.remove(&key);
        self.directories.forget(key, replica.is_some().then(|| self.disk.directory_of(key)));
        let replica = replica?;
        self.copy_from(key, None);
        self.unsaved.remove(&key);
        self.moved.insert(key);
        self.appended.insert(key);
        Some(replica)
    }
}

fn partitions_of(topic: &Topic) -> impl Iterator<Item = TopicPartition> {
    (0..).zip(&topic.partitions).map(|(index, _)| topic.partition(index))
}
