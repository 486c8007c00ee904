//! Which log directory of a broker a replica is in, and directories that fail (KIP-858,
//! `ReplicationControlManager.handleDirectoriesOffline`, `handleAssignReplicasToDirs`).
//!
//! Replicas in a directory that failed leave the ISR, and may not lead until their broker has
//! registered again, with a new disk.

use std::collections::BTreeSet;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;

use super::Controller;
use crate::context::Context;
use crate::metadata::{Directory, Record, TopicPartition};
use crate::sabotage::{self, Sabotage};

impl Controller {
    /// Takes in where a broker's replicas are.
    pub(super) fn assign_directories(
        &mut self,
        ctx: &mut Context<'_>,
        broker: BrokerId,
        epoch: i64,
        assignments: &[(TopicPartition, Directory)],
    ) -> Result<(), ErrorCode> {
        self.check_broker_epoch(broker, epoch)?;
        let is_held = |partition: &TopicPartition| {
            self.image.partition(*partition).is_some_and(|state| state.replicas.contains(&broker))
        };
        let held = assignments.iter().filter(|(partition, _)| is_held(partition));
        let mut records: Vec<Record> = held
            .map(|(partition, directory)| Record::ReplicaDirectory {
                broker,
                partition: *partition,
                directory: *directory,
            })
            .collect();
        // One may have failed before this was told.
        let offline: Vec<TopicPartition> = assignments
            .iter()
            .filter(|(_, directory)| self.image.has_failed(broker, *directory))
            .map(|(partition, _)| *partition)
            .collect();
        records.extend(self.remove_replicas(broker, offline.into_iter()));
        self.commit(ctx, records);
        Ok(())
    }

    /// Takes in which of a broker's directories have failed, as its heartbeats say.
    pub(super) fn directories_offline(
        &mut self,
        ctx: &mut Context<'_>,
        broker: BrokerId,
        failed: &BTreeSet<Directory>,
    ) {
        let Some(registration) = self.image.brokers.get(&broker) else { return };
        let newly: BTreeSet<Directory> = failed.difference(&registration.failed).copied().collect();
        if newly.is_empty() || sabotage::is(Sabotage::FailedDirectoryLeads) {
            return;
        }
        let epoch = registration.epoch;
        let lost: Vec<TopicPartition> = self
            .image
            .directories_of(broker)
            .filter(|(_, directory)| newly.contains(directory))
            .map(|(partition, _)| partition)
            .collect();
        let mut records = self.remove_replicas(broker, lost.into_iter());
        records.push(Record::FailedDirectories { id: broker, epoch, failed: failed.clone() });
        self.commit(ctx, records);
    }
}
