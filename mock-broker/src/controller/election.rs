//! Who leads a partition after a change (`PartitionChangeBuilder`, without eligible leader
//! replicas).
//!
//! A valid leader stays. Otherwise the first live member of the ISR in the order of assignment
//! leads; if there is none and the topic allows it, the first live replica, uncleanly; or nobody.
//! The last member of an ISR never leaves it, so that it leads again when it is back. The
//! partition epoch rises with every change, the leader epoch only when a leader is set, nobody
//! included.

use std::sync::Arc;

use milena_protocol::ids::BrokerId;

use super::Controller;
use crate::metadata::{PartitionState, Record, Recovery, TopicPartition};

/// A change to one partition, from which the state after it follows.
pub(super) struct Change<'a, F> {
    pub(super) before: &'a PartitionState,
    pub(super) target_isr: Vec<BrokerId>,
    pub(super) target_recovery: Recovery,
    pub(super) unclean_allowed: bool,
    pub(super) is_live: F,
}

impl<F: Fn(BrokerId) -> bool> Change<'_, F> {
    /// The state after the change, or nothing if it is the same.
    pub(super) fn build(self) -> Option<PartitionState> {
        let mut after = self.before.clone();
        let (leader, unclean) = self.elect();
        after.recovery = self.target_recovery;
        if unclean {
            after.isr = vec![leader];
            after.recovery = Recovery::Recovering;
        } else if !self.target_isr.is_empty() {
            after.isr.clone_from(&self.target_isr);
        }
        if leader != self.before.leader {
            after.leader = leader;
            after.leader_epoch += 1;
        }
        if after == *self.before {
            return None;
        }
        after.partition_epoch += 1;
        Some(after)
    }

    fn elect(&self) -> (BrokerId, bool) {
        let valid = |id: BrokerId| self.target_isr.contains(&id) && (self.is_live)(id);
        if valid(self.before.leader) {
            return (self.before.leader, false);
        }
        let in_order = self.before.replicas.iter().copied();
        if let Some(leader) = in_order.clone().find(|id| valid(*id)) {
            return (leader, false);
        }
        if self.unclean_allowed
            && let Some(leader) = in_order.clone().find(|id| (self.is_live)(*id))
        {
            return (leader, leader != self.before.leader);
        }
        (BrokerId::NONE, false)
    }
}

impl Controller {
    /// Records that take a broker out of all ISRs and leaderships.
    pub(super) fn remove_from_isrs(&self, broker: BrokerId) -> Vec<Record> {
        let Some(partitions) = self.in_isr.get(&broker) else { return Vec::new() };
        let is_live = |id: BrokerId| id != broker && self.image.live(id).is_some();
        partitions
            .iter()
            .filter_map(|partition| self.change(*partition, Some(broker), is_live))
            .collect()
    }

    /// Records that give leaderless partitions a leader now that `broker` is back.
    pub(super) fn elect_leaderless(&self, broker: BrokerId) -> Vec<Record> {
        let is_live = |id: BrokerId| id == broker || self.image.live(id).is_some();
        self.leaderless
            .iter()
            .filter_map(|partition| self.change(*partition, None, is_live))
            .collect()
    }

    fn change(
        &self,
        partition: TopicPartition,
        leaving: Option<BrokerId>,
        is_live: impl Fn(BrokerId) -> bool,
    ) -> Option<Record> {
        let topic = self.image.topic(partition.topic)?;
        let before = self.image.partition(partition)?;
        let stays = |id: &BrokerId| Some(*id) != leaving;
        let change = Change {
            before,
            target_isr: before.isr.iter().copied().filter(stays).collect(),
            target_recovery: before.recovery,
            unclean_allowed: topic.settings.unclean_leader_election,
            is_live,
        };
        let state = Arc::new(change.build()?);
        Some(Record::Partition { partition, state })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[i32]) -> Vec<BrokerId> {
        ids.iter().copied().map(BrokerId).collect()
    }

    fn state(leader: i32, isr: &[i32]) -> PartitionState {
        PartitionState {
            replicas: ids(&[1, 2, 3]),
            isr: ids(isr),
            leader: BrokerId(leader),
            leader_epoch: 5,
            partition_epoch: 9,
            recovery: Recovery::Recovered,
        }
    }

    fn change(
        before: &PartitionState,
        target_isr: &[i32],
        live: &[i32],
        unclean_allowed: bool,
    ) -> Option<PartitionState> {
        let change = Change {
            before,
            target_isr: ids(target_isr),
            target_recovery: before.recovery,
            unclean_allowed,
            is_live: |id: BrokerId| live.contains(&id.get()),
        };
        change.build()
    }

    #[test]
    fn a_valid_leader_stays_and_an_isr_change_alone_keeps_the_leader_epoch() {
        let after = change(&state(2, &[1, 2, 3]), &[2, 3], &[2, 3], false).unwrap();
        assert_eq!(after.leader, BrokerId(2));
        assert_eq!((after.leader_epoch, after.partition_epoch), (5, 10));
        assert_eq!(after.isr, ids(&[2, 3]));
    }

    #[test]
    fn the_first_live_isr_member_in_assignment_order_leads_next() {
        let after = change(&state(1, &[3, 1, 2]), &[3, 2], &[2, 3], false).unwrap();
        assert_eq!(after.leader, BrokerId(2));
        assert_eq!((after.leader_epoch, after.partition_epoch), (6, 10));
    }

    #[test]
    fn the_last_isr_member_stays_in_it_and_nobody_leads() {
        let after = change(&state(1, &[1]), &[], &[2, 3], false).unwrap();
        assert_eq!(after.leader, BrokerId::NONE);
        assert_eq!(after.isr, ids(&[1]));
        assert_eq!((after.leader_epoch, after.partition_epoch), (6, 10));
    }

    #[test]
    fn the_last_isr_member_leads_again_when_it_is_back() {
        let before = state(-1, &[1]);
        let after = change(&before, &[1], &[1, 2], false).unwrap();
        assert_eq!(after.leader, BrokerId(1));
        assert_eq!(after.leader_epoch, 6);
    }

    #[test]
    fn another_replica_that_comes_back_does_not_lead() {
        assert_eq!(change(&state(-1, &[1]), &[1], &[2], false), None);
    }

    #[test]
    fn an_unclean_election_takes_the_first_live_replica_and_marks_it_recovering() {
        let after = change(&state(1, &[1]), &[], &[2, 3], true).unwrap();
        assert_eq!(after.leader, BrokerId(2));
        assert_eq!(after.isr, ids(&[2]));
        assert_eq!(after.recovery, Recovery::Recovering);
    }
}
