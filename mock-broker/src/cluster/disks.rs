//! What happens to brokers' disks.

use milena_protocol::ids::BrokerId;

use super::{Cluster, OperationError};
use crate::broker::{BrokerState, Process, directory_named};
use crate::config::Unflushed;
use crate::context::Context;
use crate::metadata::TopicPartition;

impl Cluster {
    /// A partition by the name its topic has now.
    fn key_of(&self, topic: &str, index: i32) -> Option<TopicPartition> {
        let topic = self.controller.image().topic_named(topic)?;
        Some(topic.partition(index))
    }

    pub(super) fn truncate_log(
        &mut self,
        id: BrokerId,
        topic: String,
        partition: i32,
        offset: i64,
    ) -> Result<(), OperationError> {
        self.state_of(id)?;
        let key = self.key_of(&topic, partition);
        let state = self.brokers.get_mut(&id).map(|broker| &mut broker.state);
        let Some(BrokerState::Killed(disk)) = state else {
            return Err(self.wrong_state(id, "lose the end of a log"));
        };
        match key.and_then(|key| disk.logs.get_mut(&key)) {
            Some(log) => {
                log.truncate_to(offset);
                Ok(())
            }
            None => Err(OperationError::NoSuchLog { broker: id, topic, partition }),
        }
    }

    /// Ends a broker together with what it had not flushed.
    pub(super) fn lose_power(&mut self, id: BrokerId) -> Result<(), OperationError> {
        self.kill(id)?;
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.lose_unflushed(Unflushed::Lost);
        }
        Ok(())
    }

    pub(super) fn clean_logs(&mut self, id: BrokerId) -> Result<(), OperationError> {
        self.with_process(id, "clean its logs", |process, ctx| process.clean_logs(ctx))
    }

    pub(super) fn fill_disk(
        &mut self,
        id: BrokerId,
        directory: String,
    ) -> Result<(), OperationError> {
        let Some(at) = directory_named(&self.split().2, &directory) else {
            return Err(OperationError::NoSuchLogDirectory { broker: id, directory });
        };
        self.with_process(id, "have a full disk", |process, _| process.fill_disk(at))
    }

    pub(super) fn flip_byte(
        &mut self,
        id: BrokerId,
        topic: String,
        partition: i32,
        offset: i64,
    ) -> Result<(), OperationError> {
        self.state_of(id)?;
        let key = self.key_of(&topic, partition);
        let broker = self.brokers.get_mut(&id);
        let log = key.and_then(|key| broker.and_then(|broker| broker.log_mut(key)));
        if log.is_some_and(|log| log.flip_byte(offset)) {
            return Ok(());
        }
        Err(OperationError::NoSuchLog { broker: id, topic, partition })
    }

    /// Does something to a process that runs.
    pub(super) fn with_process(
        &mut self,
        id: BrokerId,
        verb: &'static str,
        change: impl FnOnce(&mut Process, &mut Context<'_>),
    ) -> Result<(), OperationError> {
        self.state_of(id)?;
        let (_, brokers, mut ctx) = self.split();
        let state = brokers.get_mut(&id).map(|broker| &mut broker.state);
        if let Some(BrokerState::Up(process)) = state {
            change(process, &mut ctx);
            self.hold_outputs();
            return Ok(());
        }
        Err(self.wrong_state(id, verb))
    }

    pub(super) fn delete_log_directory(
        &mut self,
        id: BrokerId,
        directory: String,
    ) -> Result<(), OperationError> {
        self.state_of(id)?;
        let (_, brokers, mut ctx) = self.split();
        let found = directory_named(&ctx, &directory);
        let broker = brokers.get_mut(&id).ok_or(OperationError::NoSuchBroker { broker: id })?;
        let Some(at) = found else {
            return Err(OperationError::NoSuchLogDirectory { broker: id, directory });
        };
        let is_one_left = match &mut broker.state {
            BrokerState::Killed(disk) => {
                disk.lose(at);
                true
            }
            BrokerState::Up(process) => process.fail_directory(&mut ctx, at),
            BrokerState::Paused { .. } => {
                return Err(self.wrong_state(id, "notice that a directory is gone"));
            }
        };
        self.hold_outputs();
        // Without any directory a broker ends (ReplicaManager.LogDirFailureHandler).
        if is_one_left { Ok(()) } else { self.kill(id) }
    }
}
