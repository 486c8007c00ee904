//! The whole cluster as text for people.

use std::fmt::Write as _;

use milena_protocol::ids::BrokerId;

use super::{BrokerView, Cluster, PartitionView, ReplicaView};

/// Partitions that a description names.
const DESCRIBED_PARTITIONS: usize = 32;

/// Batches of a log that a dump names, from its end.
const DUMPED_BATCHES: usize = 16;

/// Events of the history that a dump repeats.
const DUMPED_EVENTS: usize = 100;

/// Words for a list of brokers.
fn numbers(ids: &[BrokerId]) -> Vec<i32> {
    ids.iter().map(|id| id.0).collect()
}

// Writing to a String cannot fail: its results are dropped in this file.
impl Cluster {
    /// Brokers and partitions, a line each, as a wait that was in vain tells them.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for broker in self.brokers() {
            self.describe_broker(&mut text, &broker);
        }
        let partitions = self.all_partitions();
        for view in partitions.iter().take(DESCRIBED_PARTITIONS) {
            describe_partition(&mut text, view);
        }
        if partitions.len() > DESCRIBED_PARTITIONS {
            let more = partitions.len() - DESCRIBED_PARTITIONS;
            let _ = write!(text, "\n  and {more} more partitions");
        }
        text
    }

    /// Everything there is to see: brokers with their images and connections, partitions with their
    /// replicas, the ends of logs batch by batch, producers, faults in force, what happened lately.
    pub fn dump(&self) -> String {
        let mut text = format!("cluster {} at {} us", self.cluster_id(), self.now.as_micros());
        for broker in self.brokers() {
            self.describe_broker(&mut text, &broker);
            self.dump_image(&mut text, broker.id);
            for connection in self.connections().iter().filter(|one| one.broker == broker.id) {
                let client = connection.client_id.as_deref().unwrap_or("-");
                let _ = write!(
                    text,
                    "\n    connection {} of {client} at {}, {} requests wait, reading {:?}",
                    connection.id.0, connection.peer, connection.waiting, connection.reading,
                );
                if let Some((key, version)) = connection.handling {
                    let since = connection.since.as_micros();
                    let _ = write!(text, ", answers {key:?} v{version} since {since} us");
                }
            }
        }
        for view in self.all_partitions() {
            describe_partition(&mut text, &view);
            for replica in &view.logs {
                self.dump_replica(&mut text, &view, replica);
            }
        }
        self.dump_faults(&mut text);
        self.dump_history(&mut text);
        text
    }

    fn all_partitions(&self) -> Vec<PartitionView> {
        let topics = self.topics();
        let each = topics.iter().flat_map(|topic| (0..topic.partitions).map(move |i| (topic, i)));
        each.filter_map(|(topic, index)| self.partition(&topic.name, index)).collect()
    }

    fn describe_broker(&self, text: &mut String, broker: &BrokerView) {
        let fenced = if broker.fenced { "fenced" } else { "unfenced" };
        let _ = write!(
            text,
            "\n  broker {} is {:?}, {fenced}, epoch {}, knows {} live brokers and {} partitions, has {} connections",
            broker.id,
            broker.state,
            broker.broker_epoch,
            broker.live_brokers_in_image,
            broker.partitions_in_image,
            broker.connections,
        );
        if let Some(skew) = self.clock_skew(broker.id).filter(|skew| *skew != 0) {
            let _ = write!(text, ", its clock is {skew} ms ahead");
        }
    }

    /// Says where a broker's image differs from what is committed.
    fn dump_image(&self, text: &mut String, broker: BrokerId) {
        let Some(image) = self.image(broker) else { return };
        let committed = self.committed_image();
        let behind = committed.offset.saturating_sub(image.offset);
        let _ = write!(text, "\n    image at offset {}, {behind} records behind", image.offset);
        if behind == 0 {
            return;
        }
        for topic in &committed.topics {
            for (index, state) in topic.partitions.iter().enumerate() {
                let known = image.topic(&topic.name).and_then(|topic| topic.partitions.get(index));
                match known {
                    None => {
                        let _ = write!(text, "\n    does not know {}-{index}", topic.name);
                    }
                    Some(known) if known != state => {
                        let leader = known.leader.map_or(-1, |id| id.0);
                        let _ = write!(
                            text,
                            "\n    believes {}-{index}: leader {leader} in epoch {}, ISR {:?}",
                            topic.name,
                            known.leader_epoch,
                            numbers(&known.isr),
                        );
                    }
                    Some(_) => {}
                }
            }
        }
    }

    fn dump_replica(&self, text: &mut String, view: &PartitionView, replica: &ReplicaView) {
        let _ = write!(
            text,
            "\n    on broker {}: offsets {} to {}, high watermark {}, epochs",
            replica.broker,
            replica.log_start_offset,
            replica.log_end_offset,
            replica.high_watermark,
        );
        for (epoch, start) in &replica.leader_epochs {
            let _ = write!(text, " {epoch}@{start}");
        }
        let batches = self.batches(&view.topic, view.index, replica.broker);
        let hidden = batches.len().saturating_sub(DUMPED_BATCHES);
        if hidden > 0 {
            let _ = write!(text, "\n      {hidden} batches before");
        }
        for batch in batches.iter().skip(hidden) {
            let _ = write!(
                text,
                "\n      {} to {}: {} records in epoch {}",
                batch.base_offset, batch.last_offset, batch.count, batch.leader_epoch,
            );
            if batch.producer_id.0 >= 0 {
                let _ = write!(
                    text,
                    ", producer {} epoch {} from sequence {}",
                    batch.producer_id, batch.producer_epoch, batch.base_sequence,
                );
            }
        }
        for producer in self.producers(&view.topic, view.index, replica.broker) {
            let _ = write!(
                text,
                "\n      producer {} epoch {} last sequence {:?} at {:?}",
                producer.id,
                producer.epoch,
                producer.last_sequence,
                producer.last_offset.map(|offset| offset.0),
            );
        }
    }

    fn dump_faults(&self, text: &mut String) {
        for report in self.faults() {
            let _ = write!(text, "\n  fault: {report}");
        }
    }

    fn dump_history(&self, text: &mut String) {
        let kept = self.history.events().count();
        let forgotten = self.history.forgotten();
        let shown = kept.min(DUMPED_EVENTS);
        let _ = write!(text, "\n  the last {shown} of {} events:", forgotten + kept as u64);
        for event in self.history.events().skip(kept - shown) {
            let _ = write!(text, "\n  {event}");
        }
    }
}

fn describe_partition(text: &mut String, view: &PartitionView) {
    let leader = view.leader.map_or_else(|| "none".to_owned(), |id| id.to_string());
    let _ = write!(
        text,
        "\n  {}-{}: leader {leader} in epoch {}, replicas {:?}, ISR {:?}, ELR {:?}, high watermark {}, log ends",
        view.topic,
        view.index,
        view.leader_epoch,
        numbers(&view.replicas),
        numbers(&view.isr),
        numbers(&view.elr),
        view.high_watermark,
    );
    for replica in &view.logs {
        let _ = write!(text, " {}@{}", replica.log_end_offset, replica.broker);
    }
}
