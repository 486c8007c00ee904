//! One change to one partition, and the state that follows from it: who leads, who is in sync, who
//! may lead when nobody is in sync (`PartitionChangeBuilder`).
//!
//! A valid leader stays. Otherwise leads, in the order of assignment, the first live member of the
//! ISR; with eligible leader replicas (KIP-966), if the ISR is empty, the first live member of the
//! ELR; if both are empty, the last known leader; if the topic allows it, the first live replica,
//! uncleanly; or nobody. Without eligible leader replicas the last member of an ISR never leaves
//! it, so that it leads again when it is back.
//!
//! The partition epoch rises with every change, the leader epoch only when a leader is set, nobody
//! included.

use milena_protocol::ids::BrokerId;

use super::reassignment;
use crate::metadata::{PartitionState, Recovery};
use crate::sabotage::{self, Sabotage};

/// Which replicas an election may choose (`PartitionChangeBuilder.Election`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Election {
    /// The first of the assignment if it may lead, whoever leads now.
    Preferred,
    /// The leader if it may go on, or the next that may lead without losing records.
    Online,
    /// Any live replica rather than none.
    Unclean,
}

/// Whether members that leave a short ISR stay eligible to lead (KIP-966).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EligibleLeaders {
    Kept,
    NotKept,
}

/// A change to one partition.
pub(super) struct Change<'a, F> {
    before: &'a PartitionState,
    /// `min.insync.replicas`, at most the number of replicas.
    min_isr: usize,
    eligible_leaders: EligibleLeaders,
    may_lead: F,
    pub(super) election: Election,
    pub(super) isr: Vec<BrokerId>,
    pub(super) replicas: Vec<BrokerId>,
    pub(super) removing: Vec<BrokerId>,
    pub(super) adding: Vec<BrokerId>,
    pub(super) recovery: Recovery,
    /// A broker that came back without its last records, perhaps.
    pub(super) unclean_shutdown: Option<BrokerId>,
    elr: Vec<BrokerId>,
}

/// Who is to lead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Elected {
    leader: BrokerId,
    /// Records may be lost.
    unclean: bool,
}

impl<'a, F: Fn(BrokerId) -> bool> Change<'a, F> {
    /// A change that, unless something is set, only looks for a leader.
    pub(super) fn to(
        before: &'a PartitionState,
        min_isr: usize,
        eligible_leaders: EligibleLeaders,
        may_lead: F,
    ) -> Self {
        Self {
            before,
            min_isr,
            eligible_leaders,
            may_lead,
            election: Election::Online,
            isr: before.isr.clone(),
            replicas: before.replicas.clone(),
            removing: before.removing.clone(),
            adding: before.adding.clone(),
            recovery: before.recovery,
            unclean_shutdown: None,
            elr: before.elr.clone(),
        }
    }

    /// The state after the change, or nothing if nothing changes.
    pub(super) fn build(mut self) -> Option<PartitionState> {
        self.complete_reassignment();
        self.fill_elr();
        let before = self.before;
        let mut after = before.clone();
        let elected = self.elect();
        let mut leader_is_set = elected.leader != before.leader;
        let unclean = leader_is_set && elected.unclean;
        if leader_is_set {
            after.leader = elected.leader;
            if self.elr.contains(&elected.leader) {
                self.elr.retain(|id| *id != elected.leader);
                self.isr = vec![elected.leader];
            } else if unclean {
                self.isr = vec![elected.leader];
                after.recovery = Recovery::Recovering;
            }
        } else if before.replicas.iter().any(|id| !self.replicas.contains(id))
            && !sabotage::is(Sabotage::RemovalKeepsEpoch)
        {
            // A replica that is gone must not go on with what it knows.
            leader_is_set = true;
        }
        if unclean || self.eligible_leaders == EligibleLeaders::NotKept {
            self.elr.clear();
        }
        after.elr = std::mem::take(&mut self.elr);
        if !self.isr.is_empty()
            || self.eligible_leaders == EligibleLeaders::Kept
            || sabotage::is(Sabotage::LastMemberLeaves)
        {
            after.isr = std::mem::take(&mut self.isr);
        }
        if self.eligible_leaders == EligibleLeaders::Kept {
            note_last_known_leader(before, &mut after, leader_is_set);
        }
        after.replicas = self.replicas;
        after.removing = self.removing;
        after.adding = self.adding;
        if self.recovery != before.recovery {
            after.recovery = self.recovery;
        }
        let bumps = leader_is_set
            || (sabotage::is(Sabotage::EveryChangeBumpsLeaderEpoch) && after != *before);
        if bumps {
            after.leader_epoch += 1;
        }
        if after == *before {
            return None;
        }
        after.partition_epoch += 1;
        Some(after)
    }

    fn complete_reassignment(&mut self) {
        let target = reassignment::Target { replicas: &self.replicas, removing: &self.removing };
        if self.removing.is_empty() && self.adding.is_empty() {
            return;
        }
        if let Some((replicas, isr)) = target.completed(&self.isr) {
            self.replicas = replicas;
            self.isr = isr;
            self.removing.clear();
            self.adding.clear();
        }
    }

    /// Whoever leaves an ISR that is too short stays eligible, until the ISR is long enough again.
    fn fill_elr(&mut self) {
        if self.eligible_leaders == EligibleLeaders::NotKept {
            return;
        }
        if self.isr.len() >= self.min_isr {
            if !sabotage::is(Sabotage::EligibleForEver) {
                self.elr.clear();
            }
            return;
        }
        for member in &self.before.isr {
            if !self.elr.contains(member) {
                self.elr.push(*member);
            }
        }
        let (isr, unclean) = (&self.isr, self.unclean_shutdown);
        self.elr.retain(|id| !isr.contains(id) && Some(*id) != unclean);
        if sabotage::is(Sabotage::EligibleLeadersForgotten) {
            self.elr.clear();
        }
        self.elr.sort_unstable();
    }

    fn elect(&self) -> Elected {
        let leader = self.before.leader;
        let mut candidates = self.replicas.iter().copied().filter(|id| self.is_valid(*id));
        let clean = |leader| Elected { leader, unclean: false };
        match self.election {
            Election::Preferred => {
                if let Some(preferred) = self.replicas.first().filter(|id| self.is_valid(**id)) {
                    return clean(*preferred);
                }
            }
            Election::Online | Election::Unclean => {}
        }
        if self.is_valid(leader) && !sabotage::is(Sabotage::PreferredTakesOver) {
            return clean(leader);
        }
        let candidate = if sabotage::is(Sabotage::LastOfIsrLeads) {
            candidates.last()
        } else {
            candidates.next()
        };
        if let Some(leader) = candidate {
            return clean(leader);
        }
        if let Some(leader) = self.last_known_leader() {
            return Elected { leader, unclean: true };
        }
        let anyone = self.replicas.iter().copied().find(|id| (self.may_lead)(*id));
        match (self.election, anyone) {
            (Election::Unclean, Some(leader)) if !sabotage::is(Sabotage::UncleanElectionNever) => {
                Elected { leader, unclean: true }
            }
            _ => clean(BrokerId::NONE),
        }
    }

    fn is_valid(&self, id: BrokerId) -> bool {
        let in_elr = self.isr.is_empty()
            && self.elr.contains(&id)
            && !sabotage::is(Sabotage::EligibleNeverLead);
        let eligible = self.isr.contains(&id) || in_elr;
        eligible && (self.may_lead)(id)
    }

    /// Nobody is in sync and nobody is eligible: the one that led last is the best there is. It
    /// need not be unfenced yet, which is how the controller has it.
    fn last_known_leader(&self) -> Option<BrokerId> {
        if self.eligible_leaders == EligibleLeaders::NotKept
            || !self.elr.is_empty()
            || !self.isr.is_empty()
        {
            return None;
        }
        match self.before.last_known_elr.as_slice() {
            _ if sabotage::is(Sabotage::NoLastKnownLeader) => None,
            [leader] => Some(*leader),
            _ => None,
        }
    }
}

/// The last known leader is kept from the moment the ISR empties until somebody leads.
fn note_last_known_leader(
    before: &PartitionState,
    after: &mut PartitionState,
    leader_is_set: bool,
) {
    let is_none_set = leader_is_set && !after.has_leader();
    if after.isr.is_empty() && !before.isr.is_empty() {
        if before.last_known_elr != [before.leader] {
            after.last_known_elr = vec![before.leader];
        }
    } else if (leader_is_set && after.has_leader()) || (before.has_leader() && !is_none_set) {
        after.last_known_elr.clear();
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
            leader_epoch: 5,
            partition_epoch: 9,
            isr: ids(isr),
            leader: BrokerId(leader),
            ..PartitionState::new(ids(&[1, 2, 3]), ids(&[1, 2, 3]), BrokerId(1))
        }
    }

    /// What comes of a change without eligible leader replicas.
    fn without_elr(
        before: &PartitionState,
        isr: &[i32],
        live: &[i32],
        election: Election,
    ) -> Option<PartitionState> {
        change(before, isr, live, election, EligibleLeaders::NotKept)
    }

    fn change(
        before: &PartitionState,
        isr: &[i32],
        live: &[i32],
        election: Election,
        eligible_leaders: EligibleLeaders,
    ) -> Option<PartitionState> {
        let may_lead = |id: BrokerId| live.contains(&id.get());
        let mut change = Change::to(before, 2, eligible_leaders, may_lead);
        change.isr = ids(isr);
        change.election = election;
        change.build()
    }

    /// What comes of members leaving the ISR with eligible leader replicas.
    fn shrunk(before: &PartitionState, isr: &[i32], live: &[i32]) -> PartitionState {
        change(before, isr, live, Election::Online, EligibleLeaders::Kept).unwrap()
    }

    #[test]
    fn a_valid_leader_stays_and_an_isr_change_alone_keeps_the_leader_epoch() {
        let before = state(2, &[1, 2, 3]);
        let after = without_elr(&before, &[2, 3], &[2, 3], Election::Online).unwrap();
        assert_eq!(after.leader, BrokerId(2));
        assert_eq!((after.leader_epoch, after.partition_epoch), (5, 10));
        assert_eq!(after.isr, ids(&[2, 3]));
    }

    #[test]
    fn the_first_live_isr_member_in_assignment_order_leads_next() {
        let before = state(1, &[3, 1, 2]);
        let after = without_elr(&before, &[3, 2], &[2, 3], Election::Online).unwrap();
        assert_eq!(after.leader, BrokerId(2));
        assert_eq!((after.leader_epoch, after.partition_epoch), (6, 10));
    }

    #[test]
    fn the_last_isr_member_stays_in_it_and_nobody_leads() {
        let after = without_elr(&state(1, &[1]), &[], &[2, 3], Election::Online).unwrap();
        assert_eq!(after.leader, BrokerId::NONE);
        assert_eq!(after.isr, ids(&[1]));
        assert_eq!((after.leader_epoch, after.partition_epoch), (6, 10));
    }

    #[test]
    fn the_last_isr_member_leads_again_when_it_is_back() {
        let after = without_elr(&state(-1, &[1]), &[1], &[1, 2], Election::Online).unwrap();
        assert_eq!(after.leader, BrokerId(1));
        assert_eq!(after.leader_epoch, 6);
    }

    #[test]
    fn another_replica_that_comes_back_does_not_lead() {
        assert_eq!(without_elr(&state(-1, &[1]), &[1], &[2], Election::Online), None);
    }

    #[test]
    fn an_unclean_election_takes_the_first_live_replica_and_marks_it_recovering() {
        let after = without_elr(&state(1, &[1]), &[], &[2, 3], Election::Unclean).unwrap();
        assert_eq!(after.leader, BrokerId(2));
        assert_eq!(after.isr, ids(&[2]));
        assert_eq!(after.recovery, Recovery::Recovering);
    }

    #[test]
    fn members_that_leave_a_short_isr_are_eligible_until_it_is_long_enough() {
        let short = shrunk(&state(1, &[1, 2]), &[1], &[1]);
        assert_eq!((short.isr, short.elr), (ids(&[1]), ids(&[2])));
        let before = PartitionState { elr: ids(&[2]), ..state(1, &[1]) };
        let long = shrunk(&before, &[1, 3], &[1, 3]);
        assert_eq!((long.isr, long.elr), (ids(&[1, 3]), ids(&[])));
    }

    #[test]
    fn an_isr_empties_into_the_eligible_replicas_and_remembers_its_leader() {
        let before = PartitionState { elr: ids(&[2]), ..state(1, &[1]) };
        let after = shrunk(&before, &[], &[]);
        assert_eq!(after.leader, BrokerId::NONE);
        assert_eq!((after.isr, after.elr), (ids(&[]), ids(&[1, 2])));
        assert_eq!(after.last_known_elr, ids(&[1]));
    }

    #[test]
    fn an_eligible_replica_leads_cleanly_when_nobody_is_in_sync() {
        let before =
            PartitionState { elr: ids(&[1, 2]), last_known_elr: ids(&[1]), ..state(-1, &[]) };
        let after = shrunk(&before, &[], &[2, 3]);
        assert_eq!(after.leader, BrokerId(2));
        assert_eq!((after.isr, after.elr), (ids(&[2]), ids(&[1])));
        assert_eq!(after.recovery, Recovery::Recovered);
        assert_eq!(after.last_known_elr, ids(&[]));
    }

    #[test]
    fn the_last_known_leader_leads_when_nobody_is_eligible() {
        let before = PartitionState { elr: ids(&[1]), last_known_elr: ids(&[1]), ..state(-1, &[]) };
        let mut change = Change::to(&before, 2, EligibleLeaders::Kept, |_| false);
        change.unclean_shutdown = Some(BrokerId(1));
        let after = change.build().unwrap();
        assert_eq!((after.leader, after.isr.clone()), (BrokerId(1), ids(&[1])));
        assert_eq!(after.recovery, Recovery::Recovering);
        assert_eq!((after.elr, after.last_known_elr), (ids(&[]), ids(&[])));
    }

    #[test]
    fn a_preferred_election_moves_the_lead_and_an_online_one_does_not() {
        let before = state(3, &[1, 2, 3]);
        let all = &[1, 2, 3];
        assert_eq!(without_elr(&before, all, all, Election::Online), None);
        let after = without_elr(&before, all, all, Election::Preferred).unwrap();
        assert_eq!((after.leader, after.leader_epoch), (BrokerId(1), 6));
    }

    #[test]
    fn a_reassignment_completes_when_every_new_replica_is_in_sync() {
        let before = PartitionState {
            replicas: ids(&[3, 1]),
            adding: ids(&[3]),
            removing: ids(&[1]),
            ..state(1, &[1])
        };
        let waiting = without_elr(&before, &[1], &[1, 3], Election::Online);
        assert_eq!(waiting, None);
        let done = without_elr(&before, &[1, 3], &[1, 3], Election::Online).unwrap();
        assert_eq!((done.replicas, done.isr), (ids(&[3]), ids(&[3])));
        assert_eq!((done.adding, done.removing), (ids(&[]), ids(&[])));
        assert_eq!((done.leader, done.leader_epoch), (BrokerId(3), 6));
    }

    #[test]
    fn a_replica_that_goes_raises_the_leader_epoch_though_the_leader_stays() {
        let before = PartitionState {
            replicas: ids(&[1, 3, 2]),
            adding: ids(&[3]),
            removing: ids(&[2]),
            ..state(1, &[1, 2])
        };
        let done = without_elr(&before, &[1, 2, 3], &[1, 2, 3], Election::Online).unwrap();
        assert_eq!((done.replicas, done.isr), (ids(&[1, 3]), ids(&[1, 3])));
        assert_eq!((done.leader, done.leader_epoch), (BrokerId(1), 6));
    }
}
