//! Replicas that move (KIP-455): the partition gets its new replicas beside the old ones, and loses
//! the old ones once the new ones are in sync (`PartitionReassignmentReplicas`,
//! `PartitionReassignmentRevert`).

use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use milena_protocol::messages::list_partition_reassignments_response::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use milena_protocol::messages::{
    self, AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse,
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use super::Controller;
use super::change::Election;
use super::topics::Refusal;
use crate::context::Context;
use crate::metadata::{PartitionState, Record, Topic, TopicPartition};
use crate::sabotage::{self, Sabotage};

/// Where a reassignment leads to.
pub(super) struct Target<'a> {
    pub(super) replicas: &'a [BrokerId],
    pub(super) removing: &'a [BrokerId],
}

impl Target<'_> {
    /// Replicas and ISR at the end, if this ISR allows the end: every replica that stays is in sync.
    pub(super) fn completed(&self, isr: &[BrokerId]) -> Option<(Vec<BrokerId>, Vec<BrokerId>)> {
        let staying = |ids: &[BrokerId]| -> Vec<BrokerId> {
            ids.iter().copied().filter(|id| !self.removing.contains(id)).collect()
        };
        let (replicas, isr) = (staying(self.replicas), staying(isr));
        let is_complete =
            !isr.is_empty() && !replicas.is_empty() && replicas.iter().all(|id| isr.contains(id));
        let is_complete = is_complete || sabotage::is(Sabotage::MoveEndsAtOnce);
        is_complete.then_some((replicas, isr))
    }
}

fn is_moving(partition: &PartitionState) -> bool {
    !partition.adding.is_empty() || !partition.removing.is_empty()
}

impl Controller {
    pub(super) fn alter_reassignments(
        &mut self,
        ctx: &mut Context<'_>,
        request: &AlterPartitionReassignmentsRequest,
    ) -> AlterPartitionReassignmentsResponse {
        let mut records = Vec::new();
        let mut responses = Vec::new();
        for topic in &request.topics {
            let name = topic.name.as_str();
            let partitions = topic.partitions.iter().map(|partition| {
                let replicas = partition.replicas.as_deref();
                let outcome = self.reassign(name, partition.partition_index, replicas);
                let response = ReassignablePartitionResponse::default()
                    .with_partition_index(partition.partition_index)
                    .with_error_message(None);
                match outcome {
                    Ok(record) => {
                        records.extend(record);
                        response
                    }
                    Err((code, text)) => response
                        .with_error_code(code.0)
                        // The code says it all where there are no words.
                        .with_error_message(
                            (!text.is_empty()).then(|| StrBytes::from_string(text)),
                        ),
                }
            });
            let response = ReassignableTopicResponse::default()
                .with_partitions(partitions.collect())
                .with_name(topic.name.clone());
            responses.push(response);
        }
        self.commit(ctx, records);
        // Without any topic Apache Kafka leaves the message as its schema has it: empty, not null.
        let message = request.topics.is_empty().then(StrBytes::default);
        AlterPartitionReassignmentsResponse::default()
            .with_error_message(message)
            .with_responses(responses)
    }

    fn reassign(
        &self,
        topic: &str,
        index: i32,
        replicas: Option<&[messages::BrokerId]>,
    ) -> Result<Option<Record>, Refusal> {
        let unknown = |text: String| (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, text);
        let topic = self
            .image
            .topic_named(topic)
            .ok_or_else(|| unknown(format!("Unable to find a topic named {topic}.")))?;
        let partition = topic.partition(index);
        let before = self
            .image
            .partition(partition)
            .ok_or_else(|| unknown(format!("Unable to find partition {}:{index}.", topic.name)))?;
        let state = match replicas {
            None => self.cancelled(topic, partition, before)?,
            Some(replicas) => {
                let replicas: Vec<BrokerId> = replicas.iter().map(|id| BrokerId(id.0)).collect();
                self.check_manual_replicas(&replicas, None)?;
                self.moved(partition, before, &replicas)
            }
        };
        Ok(state.map(|state| Record::Partition { partition, state: Arc::new(state) }))
    }

    /// The state with a new target.
    fn moved(
        &self,
        partition: TopicPartition,
        before: &PartitionState,
        target: &[BrokerId],
    ) -> Option<PartitionState> {
        let mut removing: Vec<BrokerId> =
            before.replicas.iter().copied().filter(|id| !target.contains(id)).collect();
        removing.sort_unstable();
        let mut adding: Vec<BrokerId> =
            target.iter().copied().filter(|id| !before.replicas.contains(id)).collect();
        adding.sort_unstable();
        let mut change = self.change(partition, before);
        change.replicas = target.iter().chain(&removing).copied().collect();
        // As the controller has it: an empty list leaves what an earlier reassignment began.
        if !removing.is_empty() {
            change.removing = removing;
        }
        if !adding.is_empty() {
            change.adding = adding;
        }
        change.build()
    }

    /// The state without what was begun.
    fn cancelled(
        &self,
        topic: &Topic,
        partition: TopicPartition,
        before: &PartitionState,
    ) -> Result<Option<PartitionState>, Refusal> {
        if !is_moving(before) {
            return Err((ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, String::new()));
        }
        let kept = |ids: &[BrokerId]| -> Vec<BrokerId> {
            ids.iter().copied().filter(|id| !before.adding.contains(id)).collect()
        };
        let replicas = kept(&before.replicas);
        let mut isr = kept(&before.isr);
        if isr.is_empty() {
            if !topic.settings.unclean_leader_election {
                let text = format!(
                    "Unable to revert partition assignment for {}:{} because it would require an \
                     unclean leader election.",
                    topic.name, partition.index
                );
                return Err((ErrorCode::INVALID_REPLICA_ASSIGNMENT, text));
            }
            isr = replicas.first().copied().into_iter().collect();
        }
        let mut change = self.change(partition, before);
        if topic.settings.unclean_leader_election {
            change.election = Election::Unclean;
        }
        if sabotage::is(Sabotage::CancelledGoesOn) {
            return Ok(None);
        }
        change.isr = isr;
        change.replicas = replicas;
        change.removing = Vec::new();
        change.adding = Vec::new();
        Ok(change.build())
    }

    pub(super) fn list_reassignments(
        &self,
        request: &ListPartitionReassignmentsRequest,
    ) -> ListPartitionReassignmentsResponse {
        let topics = match &request.topics {
            None => self
                .image
                .topics()
                .filter_map(|topic| ongoing(topic, 0..topic.partitions.len()))
                .collect(),
            Some(asked) => asked
                .iter()
                .filter_map(|asked| {
                    let topic = self.image.topic_named(asked.name.as_str())?;
                    let indexes = asked.partition_indexes.iter();
                    ongoing(topic, indexes.filter_map(|index| usize::try_from(*index).ok()))
                })
                .collect(),
        };
        ListPartitionReassignmentsResponse::default().with_error_message(None).with_topics(topics)
    }
}

/// The partitions of a topic that move, if any do.
fn ongoing(
    topic: &Topic,
    indexes: impl Iterator<Item = usize>,
) -> Option<OngoingTopicReassignment> {
    let wire = |ids: &[BrokerId]| ids.iter().map(|id| messages::BrokerId(id.get())).collect();
    let moving = indexes.filter_map(|index| {
        let state = topic.partitions.get(index).filter(|state| is_moving(state))?;
        Some(
            OngoingPartitionReassignment::default()
                .with_partition_index(i32::try_from(index).ok()?)
                .with_replicas(wire(&state.replicas))
                .with_adding_replicas(wire(&state.adding))
                .with_removing_replicas(wire(&state.removing)),
        )
    });
    let partitions: Vec<_> = moving.collect();
    (!partitions.is_empty()).then(|| {
        OngoingTopicReassignment::default()
            .with_name(topic.name.to_wire())
            .with_partitions(partitions)
    })
}
