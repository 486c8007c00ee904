//! Judges what leaders propose as their ISR (`ReplicationControlManager.alterPartition`).

use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;

use super::Controller;
use super::change::Election;
use crate::context::Context;
use crate::message::{IsrAnswer, IsrCommit, IsrProposal};
use crate::metadata::{PartitionState, Record, Recovery};
use crate::sabotage::{self, Sabotage};

impl Controller {
    pub(super) fn alter_partitions(
        &mut self,
        ctx: &mut Context<'_>,
        broker: BrokerId,
        epoch: i64,
        proposals: &[IsrProposal],
    ) -> Result<Vec<IsrAnswer>, ErrorCode> {
        self.check_broker_epoch(broker, epoch)?;
        let mut answers = Vec::with_capacity(proposals.len());
        let mut records = Vec::new();
        for proposal in proposals {
            let judged = self.judge(broker, proposal);
            let answer = judged.and_then(|state| {
                let commit = IsrCommit {
                    leader_epoch: state.leader_epoch,
                    partition_epoch: state.partition_epoch,
                    isr: state.isr.clone(),
                    leader: state.leader,
                    recovery: state.recovery,
                };
                let leader = state.leader;
                if self.image.partition(proposal.partition) != Some(&state) {
                    records.push(Record::Partition { partition: proposal.partition, state });
                }
                // The change ended a reassignment and handed the lead over: the one that asked for
                // it has to learn that from the metadata.
                if leader == broker { Ok(commit) } else { Err(ErrorCode::NEW_LEADER_ELECTED) }
            });
            answers.push((proposal.partition, answer));
        }
        self.commit(ctx, records);
        Ok(answers)
    }

    /// The state a proposal leads to, or why it is refused.
    fn judge(
        &self,
        broker: BrokerId,
        proposal: &IsrProposal,
    ) -> Result<Arc<PartitionState>, ErrorCode> {
        let partition = proposal.partition;
        let topic = self.image.topic_of(partition).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?;
        let before =
            self.image.partition(partition).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        if !sabotage::is(Sabotage::ProposalEpochsUnchecked) {
            validate(broker, proposal, before)?;
        }
        let ineligible = |(id, epoch): &(BrokerId, i64)| match self.image.active(*id) {
            Some(registration) => {
                *epoch != -1
                    && registration.epoch != *epoch
                    && !sabotage::is(Sabotage::OldIncarnationJoins)
            }
            None if sabotage::is(Sabotage::ShuttingDownMayJoin) => self.image.live(*id).is_none(),
            None => !sabotage::is(Sabotage::FencedMayJoin),
        };
        if proposal.isr.iter().any(ineligible) {
            return Err(ErrorCode::INELIGIBLE_REPLICA);
        }
        let mut change = self.change(partition, before);
        if topic.settings.unclean_leader_election {
            change.election = Election::Unclean;
        }
        change.isr = proposal.isr.iter().map(|(id, _)| *id).collect();
        change.recovery = proposal.recovery;
        Ok(change.build().map_or_else(|| Arc::clone(before), Arc::new))
    }
}

/// The checks that need only the partition itself, in Kafka's order.
fn validate(
    broker: BrokerId,
    proposal: &IsrProposal,
    before: &PartitionState,
) -> Result<(), ErrorCode> {
    // A controller that is behind its own brokers is not the controller any more.
    if proposal.leader_epoch > before.leader_epoch
        || proposal.partition_epoch > before.partition_epoch
    {
        return Err(ErrorCode::NOT_CONTROLLER);
    }
    if proposal.leader_epoch < before.leader_epoch {
        return Err(ErrorCode::FENCED_LEADER_EPOCH);
    }
    if broker != before.leader {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    if proposal.partition_epoch < before.partition_epoch {
        return Err(ErrorCode::INVALID_UPDATE_VERSION);
    }
    let members: Vec<BrokerId> = proposal.isr.iter().map(|(id, _)| *id).collect();
    let foreign = members.iter().any(|id| !before.replicas.contains(id));
    let twice = members.iter().enumerate().any(|(at, id)| members[..at].contains(id));
    if foreign || twice || !members.contains(&before.leader) {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    if proposal.recovery == Recovery::Recovering
        && (members.len() > 1 || before.recovery == Recovery::Recovered)
    {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    Ok(())
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::metadata::{TopicNumber, TopicPartition};

    fn before() -> PartitionState {
        let replicas = vec![BrokerId(1), BrokerId(2), BrokerId(3)];
        PartitionState {
            leader_epoch: 5,
            partition_epoch: 9,
            ..PartitionState::new(replicas, vec![BrokerId(1), BrokerId(2)], BrokerId(1))
        }
    }

    fn proposal(leader_epoch: i32, partition_epoch: i32, isr: &[i32]) -> IsrProposal {
        IsrProposal {
            partition: TopicPartition { topic: TopicNumber(0), index: 0 },
            leader_epoch,
            partition_epoch,
            recovery: Recovery::Recovered,
            isr: isr.iter().map(|id| (BrokerId(*id), -1)).collect(),
        }
    }

    #[test]
    fn proposals_are_refused_with_the_error_of_their_fault() {
        let cases = [
            (1, proposal(6, 9, &[1]), ErrorCode::NOT_CONTROLLER),
            (1, proposal(5, 10, &[1]), ErrorCode::NOT_CONTROLLER),
            (1, proposal(4, 9, &[1]), ErrorCode::FENCED_LEADER_EPOCH),
            (2, proposal(5, 9, &[2]), ErrorCode::INVALID_REQUEST),
            (1, proposal(5, 8, &[1]), ErrorCode::INVALID_UPDATE_VERSION),
            (1, proposal(5, 9, &[1, 4]), ErrorCode::INVALID_REQUEST),
            (1, proposal(5, 9, &[1, 1]), ErrorCode::INVALID_REQUEST),
            (1, proposal(5, 9, &[2, 3]), ErrorCode::INVALID_REQUEST),
        ];
        for (broker, proposal, error) in cases {
            let judged = validate(BrokerId(broker), &proposal, &before());
            assert_eq!(judged, Err(error), "{proposal:?}");
        }
        assert_eq!(validate(BrokerId(1), &proposal(5, 9, &[1, 2, 3]), &before()), Ok(()));
    }

    #[test]
    fn a_leader_that_still_recovers_is_alone_in_its_isr() {
        let mut recovering = proposal(5, 9, &[1, 2]);
        recovering.recovery = Recovery::Recovering;
        let mut state = before();
        assert_eq!(validate(BrokerId(1), &recovering, &state), Err(ErrorCode::INVALID_REQUEST));
        state.recovery = Recovery::Recovering;
        assert_eq!(validate(BrokerId(1), &recovering, &state), Err(ErrorCode::INVALID_REQUEST));
        recovering.isr.pop();
        assert_eq!(validate(BrokerId(1), &recovering, &state), Ok(()));
    }
}
