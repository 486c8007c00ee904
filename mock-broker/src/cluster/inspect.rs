//! The read side: views of the cluster as its nodes hold it.

use milena_protocol::ids::{BrokerId, LeaderEpoch, Offset};

use milena_protocol::time::MonoTime;

use super::{
    BatchView, BrokerView, Cluster, ConnectionView, HistoryEvent, PartitionView, ReplicaView,
    TopicView,
};
use crate::broker::{Broker, Process};
use crate::fault::{FaultReport, RuleId};
use crate::log::{Log, LogBatch};
use crate::metadata::{PartitionState, Topic, TopicPartition};

impl Cluster {
    /// The id of the cluster.
    pub fn cluster_id(&self) -> &str {
        self.controller.cluster_id()
    }

    /// What the controller's process does.
    pub fn controller_process(&self) -> super::ProcessState {
        self.controller_state()
    }

    /// Every broker, by number.
    pub fn brokers(&self) -> Vec<BrokerView> {
        self.brokers.keys().filter_map(|id| self.broker(*id)).collect()
    }

    /// One broker.
    pub fn broker(&self, id: BrokerId) -> Option<BrokerView> {
        let broker = self.brokers.get(&id)?;
        let registration = self.controller.image().brokers.get(&id);
        let image = broker.process().map(|process| &process.image);
        Some(BrokerView {
            id,
            host: broker.config.host.clone(),
            port: broker.config.port,
            state: self.state_of(id).ok()?,
            fenced: registration.is_none_or(|registration| registration.is_fenced()),
            broker_epoch: registration.map_or(-1, |registration| registration.epoch),
            live_brokers_in_image: image.map_or(0, |image| image.live_brokers().count()),
            partitions_in_image: image.map_or(0, |image| image.partition_count()),
            connections: broker.process().map_or(0, Process::connection_count),
        })
    }

    /// Every client connection that a broker knows of, by broker and number.
    pub fn connections(&self) -> Vec<ConnectionView> {
        let processes = self.brokers.values().filter_map(Broker::process);
        processes.flat_map(Process::connection_views).collect()
    }

    /// What happened lately, the oldest first. It goes back
    /// [`ClusterConfig::history`](crate::config::ClusterConfig::history) events.
    pub fn history(&self) -> Vec<HistoryEvent> {
        self.history.events().collect()
    }

    /// What became of every fault that was declared: rules in the order of their numbers, then what
    /// was done to links. Of those that were withdrawn or healed the ones are listed that never
    /// harmed anything.
    pub fn faults(&self) -> Vec<FaultReport> {
        let mut reports = self.rules.reports();
        reports.extend(self.network.reports());
        reports
    }

    /// What became of one rule. `None` if there is none of this number, or it fired and was
    /// withdrawn.
    pub fn rule(&self, id: RuleId) -> Option<FaultReport> {
        self.rules.report(id)
    }

    /// The machine's own time: that of the last step.
    pub fn now(&self) -> MonoTime {
        self.now
    }

    /// Every topic, by name.
    pub fn topics(&self) -> Vec<TopicView> {
        self.controller.image().topics().map(|topic| topic_view(topic)).collect()
    }

    /// One topic.
    pub fn topic(&self, name: &str) -> Option<TopicView> {
        self.controller.image().topic_named(name).map(|topic| topic_view(topic))
    }

    /// One partition, without the batches of its logs: see [`Cluster::batches`].
    pub fn partition(&self, topic: &str, index: i32) -> Option<PartitionView> {
        let (topic, key, state) = self.find(topic, index)?;
        let leader = Some(state.leader).filter(|id| *id != BrokerId::NONE);
        let logs: Vec<ReplicaView> = state
            .replicas
            .iter()
            .filter_map(|id| self.brokers.get(id))
            .filter_map(|broker| replica_view(broker, key))
            .collect();
        let leaders_own = logs.iter().find(|replica| Some(replica.broker) == leader);
        let high_watermark = leaders_own
            .map(|replica| replica.high_watermark)
            .or_else(|| logs.iter().map(|replica| replica.high_watermark).max())
            .unwrap_or(Offset::ZERO);
        Some(PartitionView {
            topic: topic.name.to_string(),
            topic_id: topic.id,
            index,
            leader,
            leader_epoch: LeaderEpoch(state.leader_epoch),
            partition_epoch: state.partition_epoch,
            replicas: state.replicas.clone(),
            isr: state.isr.clone(),
            elr: state.elr.clone(),
            last_known_elr: state.last_known_elr.clone(),
            adding: state.adding.clone(),
            removing: state.removing.clone(),
            high_watermark,
            logs,
        })
    }

    /// The batches one broker holds of a partition, whether it is up or not. Their payloads are
    /// shared with the log.
    pub fn batches(&self, topic: &str, index: i32, broker: BrokerId) -> Vec<BatchView> {
        let log = self
            .find(topic, index)
            .and_then(|(_, key, _)| self.brokers.get(&broker).and_then(|broker| broker.log(key)));
        log.map(|log| log.batches().map(|batch| batch_view(batch)).collect()).unwrap_or_default()
    }

    fn find(&self, topic: &str, index: i32) -> Option<(&Topic, TopicPartition, &PartitionState)> {
        let image = self.controller.image();
        let topic = image.topic_named(topic)?;
        let key = topic.partition(index);
        Some((topic, key, image.partition(key)?))
    }
}

fn topic_view(topic: &Topic) -> TopicView {
    TopicView {
        name: topic.name.to_string(),
        id: topic.id,
        partitions: i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX),
        configs: topic.settings.overrides.clone(),
    }
}

fn replica_view(broker: &Broker, key: TopicPartition) -> Option<ReplicaView> {
    let log: &Log = broker.log(key)?;
    let epochs = log.epochs().entries().iter();
    Some(ReplicaView {
        broker: broker.id(),
        log_start_offset: Offset(log.start_offset()),
        log_end_offset: Offset(log.end_offset()),
        high_watermark: Offset(log.high_watermark()),
        last_stable_offset: Offset(log.last_stable_offset()),
        leader_epochs: epochs
            .map(|start| (LeaderEpoch(start.epoch), Offset(start.offset)))
            .collect(),
    })
}

fn batch_view(batch: &LogBatch) -> BatchView {
    let header = &batch.inner().header;
    BatchView {
        base_offset: header.base_offset,
        last_offset: header.last_offset(),
        leader_epoch: header.leader_epoch,
        count: header.record_count,
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        max_timestamp: header.max_timestamp,
        batch: batch.inner().clone(),
    }
}
