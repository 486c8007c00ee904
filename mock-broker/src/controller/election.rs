//! When partitions elect: a broker goes, comes back, came back unclean; somebody asks for it
//! (`ReplicationControlManager`).

use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use milena_protocol::messages::{self, ElectLeadersRequest, ElectLeadersResponse};

use super::Controller;
use super::change::{Change, Election, EligibleLeaders};
use super::topics::Refusal;
use crate::context::Context;
use crate::metadata::{PartitionState, Record, TopicPartition};
use crate::sabotage::{self, Sabotage};

/// `ElectionType`
const PREFERRED: i8 = 0;
const UNCLEAN: i8 = 1;

/// What happens to one broker, as its partitions see it.
#[derive(Clone, Copy)]
enum Turn {
    /// It leaves every ISR and leads nothing.
    Leaves(BrokerId),
    /// It may lead again.
    Returns(BrokerId),
    /// It is back without knowing that it has all its records: neither in sync nor eligible.
    LostItsTail(BrokerId),
}

impl Turn {
    fn leaver(self) -> Option<BrokerId> {
        match self {
            Self::Leaves(id) | Self::LostItsTail(id) => Some(id),
            Self::Returns(_) => None,
        }
    }
}

impl Controller {
    /// Records that take a broker out of all ISRs and leaderships.
    pub(super) fn remove_from_isrs(&self, broker: BrokerId) -> Vec<Record> {
        let partitions = self.in_isr.get(&broker).into_iter().flatten();
        if sabotage::is(Sabotage::FencingElectsNobody) {
            return Vec::new();
        }
        partitions.filter_map(|partition| self.turn(*partition, Turn::Leaves(broker))).collect()
    }

    /// Records that give leaderless partitions a leader now that `broker` is back.
    pub(super) fn elect_leaderless(&self, broker: BrokerId) -> Vec<Record> {
        let partitions = self.leaderless.iter();
        partitions.filter_map(|partition| self.turn(*partition, Turn::Returns(broker))).collect()
    }

    /// Records that strike a broker from every ISR and every list of eligible leaders, because its
    /// last shutdown may have cost it records (`handleBrokerUncleanShutdown`).
    pub(super) fn strike_unclean(&self, broker: BrokerId) -> Vec<Record> {
        if sabotage::is(Sabotage::UncleanRestartTrusted) {
            return Vec::new();
        }
        let partitions = [&self.in_isr, &self.in_elr];
        partitions
            .into_iter()
            .filter_map(|lists| lists.get(&broker))
            .flatten()
            .filter_map(|partition| self.turn(*partition, Turn::LostItsTail(broker)))
            .collect()
    }

    /// Records that strike a broker that is gone for good from the lists of eligible leaders.
    pub(super) fn strike_from_elrs(&self, broker: BrokerId) -> Vec<Record> {
        let partitions = self.in_elr.get(&broker).into_iter().flatten();
        partitions.filter_map(|partition| self.turn(*partition, Turn::Leaves(broker))).collect()
    }

    /// Records that take single replicas of a broker out of ISRs and leaderships.
    pub(super) fn remove_replicas(
        &self,
        broker: BrokerId,
        partitions: impl Iterator<Item = TopicPartition>,
    ) -> Vec<Record> {
        let isr = |partition: &TopicPartition| {
            self.in_isr.get(&broker).is_some_and(|partitions| partitions.contains(partition))
        };
        let held = partitions.filter(isr);
        held.filter_map(|partition| self.turn(partition, Turn::Leaves(broker))).collect()
    }

    /// Whether a replica is there to lead (`LeaderAcceptor`).
    fn may_lead(&self, id: BrokerId, partition: TopicPartition) -> bool {
        self.image.is_active(id) && !self.image.is_offline(id, partition)
    }

    fn turn(&self, partition: TopicPartition, turn: Turn) -> Option<Record> {
        let topic = self.image.topic_of(partition)?;
        let before = self.image.partition(partition)?;
        let may_lead = |id: BrokerId| match turn {
            Turn::Leaves(broker) | Turn::LostItsTail(broker) if id == broker => false,
            Turn::Returns(broker) if id == broker => !self.image.is_offline(id, partition),
            _ => self.may_lead(id, partition),
        };
        let min_isr = effective_min_isr(topic.settings.min_insync_replicas, before);
        let mut change = Change::to(before, min_isr, self.eligible_leaders, may_lead);
        change.isr.retain(|id| Some(*id) != turn.leaver());
        if let Turn::LostItsTail(broker) = turn {
            change.unclean_shutdown = Some(broker);
        }
        if topic.settings.unclean_leader_election || sabotage::is(Sabotage::UncleanElectionAlways) {
            change.election = Election::Unclean;
        }
        let state = Arc::new(change.build()?);
        Some(Record::Partition { partition, state })
    }

    /// A change to a partition as it is now.
    pub(super) fn change<'a>(
        &'a self,
        partition: TopicPartition,
        before: &'a PartitionState,
    ) -> Change<'a, impl Fn(BrokerId) -> bool + 'a> {
        let wanted = self.image.topic_of(partition).map_or(1, |t| t.settings.min_insync_replicas);
        let min_isr = effective_min_isr(wanted, before);
        Change::to(before, min_isr, self.eligible_leaders, move |id| self.may_lead(id, partition))
    }

    /// ElectLeaders (KIP-460).
    pub(super) fn elect_leaders(
        &mut self,
        ctx: &mut Context<'_>,
        request: &ElectLeadersRequest,
    ) -> ElectLeadersResponse {
        let election = match request.election_type {
            PREFERRED => Election::Preferred,
            UNCLEAN => Election::Unclean,
            _ => {
                return ElectLeadersResponse::default()
                    .with_error_code(ErrorCode::INVALID_REQUEST.0);
            }
        };
        let mut records = Vec::new();
        let mut results = Vec::new();
        match &request.topic_partitions {
            Some(topics) => {
                for topic in topics {
                    let elect = |index: &i32| {
                        let outcome =
                            self.elect_one(topic.topic.as_str(), *index, election, &mut records);
                        told(*index, outcome)
                    };
                    let partitions = topic.partitions.iter().map(elect).collect();
                    results.push(result(topic.topic.clone(), partitions));
                }
            }
            None => {
                for topic in self.image.topics() {
                    // Those that have the leader they should have are left out.
                    let partitions = (0..)
                        .zip(&topic.partitions)
                        .map(|(index, _)| {
                            (index, self.elect_one(&topic.name, index, election, &mut records))
                        })
                        .filter(|(_, outcome)| {
                            !matches!(outcome, Err((ErrorCode::ELECTION_NOT_NEEDED, _)))
                        })
                        .map(|(index, outcome)| told(index, outcome))
                        .collect();
                    results.push(result(topic.name.to_wire(), partitions));
                }
            }
        }
        self.commit(ctx, records);
        ElectLeadersResponse::default().with_replica_election_results(results)
    }

    fn elect_one(
        &self,
        topic: &str,
        index: i32,
        election: Election,
        records: &mut Vec<Record>,
    ) -> Result<(), Refusal> {
        let unknown = |what: String| (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, what);
        let topic = self
            .image
            .topic_named(topic)
            .ok_or_else(|| unknown(format!("No such topic as {topic}")))?;
        let partition = topic.partition(index);
        let before = self
            .image
            .partition(partition)
            .ok_or_else(|| unknown(format!("No such partition as {}-{index}", topic.name)))?;
        let has_it = match election {
            Election::Preferred => before.replicas.first() == Some(&before.leader),
            Election::Online | Election::Unclean => before.has_leader(),
        };
        if has_it && sabotage::is(Sabotage::PreferredNeedsNothing) {
            return Ok(());
        }
        if has_it {
            let text = "Leader election not needed for topic partition.".to_owned();
            return Err((ErrorCode::ELECTION_NOT_NEEDED, text));
        }
        let mut change = self.change(partition, before);
        change.election = election;
        match (change.build(), election) {
            (Some(state), _) => {
                records.push(Record::Partition { partition, state: Arc::new(state) });
                Ok(())
            }
            (None, Election::Preferred) => {
                let text = "The preferred leader was not available.".to_owned();
                Err((ErrorCode::PREFERRED_LEADER_NOT_AVAILABLE, text))
            }
            (None, Election::Online | Election::Unclean) => {
                let text = "Eligible topic partition leaders are not available.".to_owned();
                Err((ErrorCode::ELIGIBLE_LEADERS_NOT_AVAILABLE, text))
            }
        }
    }
}

/// `min.insync.replicas` counts no more replicas than there are.
fn effective_min_isr(wanted: i32, partition: &PartitionState) -> usize {
    usize::try_from(wanted).unwrap_or(1).min(partition.replicas.len())
}

fn told(index: i32, outcome: Result<(), Refusal>) -> PartitionResult {
    let result = PartitionResult::default().with_partition_id(index).with_error_message(None);
    match outcome {
        Ok(()) => result,
        Err((code, text)) => {
            result.with_error_code(code.0).with_error_message(Some(StrBytes::from_string(text)))
        }
    }
}

fn result(topic: messages::TopicName, partitions: Vec<PartitionResult>) -> ReplicaElectionResult {
    ReplicaElectionResult::default().with_topic(topic).with_partition_result(partitions)
}

impl From<bool> for EligibleLeaders {
    fn from(kept: bool) -> Self {
        if kept { Self::Kept } else { Self::NotKept }
    }
}
