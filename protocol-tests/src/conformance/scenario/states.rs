//! States that a case waits for, as brokers tell them in their metadata.

use milena_protocol::messages::metadata_request::MetadataRequestTopic;
use milena_protocol::messages::metadata_response::MetadataResponsePartition;
use milena_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use milena_protocol::messages::{
    self, BrokerId, MetadataRequest, MetadataResponse, OffsetForLeaderEpochRequest,
};

use super::{Scenario, text};
use crate::conformance::{Outcome, Trouble};

/// The Metadata version a case looks at states with.
pub(super) const METADATA: i16 = 12;

/// The OffsetForLeaderEpoch version with which it asks who leads.
const EPOCHS: i16 = 4;

impl Scenario<'_> {
    /// Looks again and again until `look` says true. What it asks is not recorded.
    ///
    /// # Errors
    /// [`Trouble::NeverCame`], with what `look` saw last.
    pub fn wait_until(
        &mut self,
        what: &str,
        mut look: impl FnMut(&mut Self) -> Outcome<(bool, String)>,
    ) -> Outcome {
        let mut seen = "nothing".to_owned();
        let waited = self.subject.patience();
        // A subject's pause is at least 20 ms.
        for _ in 0..waited.as_millis() / 20 {
            match look(self) {
                Ok((true, _)) => return Ok(()),
                Ok((false, state)) => seen = state,
                Err(endless @ Trouble::Endless { .. }) => return Err(endless),
                Err(error) => {
                    // A broker that is coming up refuses and resets connections.
                    seen = error.to_string();
                    self.ordinary.clear();
                }
            }
            self.subject.pause_between_looks();
        }
        Err(Trouble::NeverCame { what: what.to_owned(), waited, seen })
    }

    /// What a broker's metadata says of partition 0 of a topic. Not recorded.
    ///
    /// # Errors
    /// If it cannot be asked, or does not know the topic.
    pub fn partition(&mut self, broker: i32, topic: &str) -> Outcome<MetadataResponsePartition> {
        let answer = self.query(broker, METADATA, &metadata_of(&[topic]))?;
        let partition = answer.topics.first().and_then(|topic| topic.partitions.first());
        partition.cloned().ok_or_else(|| Trouble::Unreadable {
            step: format!("partition 0 of {topic}"),
            reason: "the broker does not know it".to_owned(),
        })
    }

    /// Waits until a broker's metadata shows this leader and ISR (as a set) for partition 0. A
    /// leader that is asked itself lists itself before it serves, and is waited for.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_for_isr(&mut self, broker: i32, topic: &str, leader: i32, isr: &[i32]) -> Outcome {
        let mut wanted = isr.to_vec();
        wanted.sort_unstable();
        self.wait_until(&format!("leader {leader} and ISR {isr:?} of {topic}"), |scenario| {
            let seen = scenario.partition(broker, topic)?;
            let mut isr: Vec<i32> = seen.isr_nodes.iter().map(|id| id.0).collect();
            isr.sort_unstable();
            let leader_seen = seen.leader_id.0;
            if leader_seen != leader || isr != wanted {
                return Ok((false, format!("leader {leader_seen}, ISR {isr:?}")));
            }
            let serves = broker != leader || scenario.leads(broker, topic, seen.leader_epoch)?;
            Ok((serves, format!("{leader} listed as the leader, and not serving")))
        })
    }

    /// Whether a broker serves partition 0 as the leader of this epoch.
    fn leads(&mut self, broker: i32, topic: &str, epoch: i32) -> Outcome<bool> {
        let partition = OffsetForLeaderPartition::default()
            .with_current_leader_epoch(epoch)
            .with_leader_epoch(epoch);
        let topic = OffsetForLeaderTopic::default()
            .with_topic(messages::TopicName(text(topic)))
            .with_partitions(vec![partition]);
        let request = OffsetForLeaderEpochRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_topics(vec![topic]);
        let answer = self.query(broker, EPOCHS, &request)?;
        let told = answer.topics.iter().flat_map(|topic| &topic.partitions).next();
        Ok(told.is_some_and(|told| told.error_code == 0))
    }

    /// Waits until a broker's metadata shows this ISR (as a set) for partition 0, whoever leads.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_for_isr_alone(&mut self, broker: i32, topic: &str, isr: &[i32]) -> Outcome {
        self.wait_until(&format!("ISR {isr:?} of {topic}"), |scenario| {
            let seen = scenario.partition(broker, topic)?;
            let mut seen: Vec<i32> = seen.isr_nodes.iter().map(|id| id.0).collect();
            seen.sort_unstable();
            Ok((seen == isr, format!("ISR {seen:?}")))
        })
    }

    /// Waits until a broker's metadata shows this leader for partition 0, -1 for none.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_for_leader(&mut self, broker: i32, topic: &str, leader: i32) -> Outcome {
        self.wait_until(&format!("leader {leader} of {topic}"), |scenario| {
            let seen = scenario.partition(broker, topic)?.leader_id.0;
            Ok((seen == leader, format!("leader {seen}")))
        })
    }

    /// Waits until every broker lists this many.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_for_brokers(&mut self, count: i32) -> Outcome {
        self.wait_until(&format!("{count} brokers"), |scenario| {
            for broker in 1..=count {
                let request = MetadataRequest::default().with_topics(Some(Vec::new()));
                let seen = scenario.query(broker, METADATA, &request)?.brokers.len();
                if seen != count as usize {
                    return Ok((false, format!("broker {broker} lists {seen}")));
                }
            }
            Ok((true, String::new()))
        })
    }

    /// Waits until a broker that was launched answers, and broker 1 lists it.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_until_it_serves(&mut self, broker: i32) -> Outcome {
        self.wait_until(&format!("broker {broker} serves"), |scenario| {
            let request = MetadataRequest::default().with_topics(Some(Vec::new()));
            for asked in [broker, 1] {
                let seen = scenario.query(asked, METADATA, &request)?.brokers;
                if !seen.iter().any(|listed| listed.node_id.0 == broker) {
                    return Ok((false, format!("broker {asked} does not list it")));
                }
            }
            Ok((true, String::new()))
        })
    }

    /// Records what a broker's metadata says of topics.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn metadata(
        &mut self,
        step: &str,
        broker: i32,
        topics: &[&str],
    ) -> Outcome<MetadataResponse> {
        self.ask(step, broker, METADATA, &metadata_of(topics))
    }
}

/// A Metadata request that creates nothing.
pub(in crate::conformance) fn metadata_of(topics: &[&str]) -> MetadataRequest {
    let topics = topics.iter().map(|name| {
        MetadataRequestTopic::default().with_name(Some(messages::TopicName(text(name))))
    });
    MetadataRequest::default()
        .with_topics(Some(topics.collect()))
        .with_allow_auto_topic_creation(false)
}
