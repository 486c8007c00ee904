//! Which follower a consumer should read from (KIP-392).

use std::cmp::Reverse;
use std::time::Duration;

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::replica::{Replica, Role};
use crate::config::ReplicaSelector;
use crate::metadata::Image;
use crate::sabotage::{self, Sabotage};

/// A replica that may answer the consumer, in the order of preference
/// (`ReplicaView.comparator`): who has most, then who was caught up last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Candidate {
    log_end: i64,
    behind_for: Reverse<Duration>,
    id: BrokerId,
}

impl Replica {
    /// The follower that a consumer in `rack` is sent to for the records from `offset` on; nobody
    /// if it should read from this leader, or this broker does not lead.
    pub(crate) fn preferred_read_replica(
        &self,
        selector: ReplicaSelector,
        rack: &str,
        offset: i64,
        image: &Image,
        now: MonoTime,
    ) -> Option<BrokerId> {
        match selector {
            ReplicaSelector::Leader => None,
            ReplicaSelector::RackAware if sabotage::is(Sabotage::NobodySentOn) => None,
            ReplicaSelector::RackAware => self.in_rack(rack, offset, image, now),
        }
    }

    /// `RackAwareReplicaSelector.select`: the leader if it is in the rack, or nobody is.
    fn in_rack(&self, rack: &str, offset: i64, image: &Image, now: MonoTime) -> Option<BrokerId> {
        let Role::Leader(leader) = &self.role else { return None };
        let is_near = |id: BrokerId| {
            image.live(id).is_some_and(|broker| broker.rack.as_deref() == Some(rack))
        };
        let leader_id = self.leader_id(image);
        if rack.is_empty() || leader_id.is_some_and(is_near) {
            return None;
        }
        let isr = leader.isr.committed();
        leader
            .remotes
            .iter()
            // One outside the ISR may lag, and would be chosen again and again
            // (ReplicaManager.findPreferredReadReplica).
            .filter(|remote| isr.contains(&remote.id) || sabotage::is(Sabotage::SentOutsideIsr))
            .filter(|remote| {
                (remote.log_start <= offset && offset <= remote.log_end)
                    || sabotage::is(Sabotage::SentWhereNothingIs)
            })
            .filter(|remote| is_near(remote.id))
            .map(|remote| Candidate {
                log_end: remote.log_end,
                behind_for: Reverse(
                    remote.last_caught_up.map_or(Duration::MAX, |at| now.saturating_since(at)),
                ),
                id: remote.id,
            })
            .max()
            .map(|candidate| candidate.id)
    }

    fn leader_id(&self, image: &Image) -> Option<BrokerId> {
        image.partition(self.key).map(|state| state.leader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_caught_up_replica_is_preferred_then_the_latest_then_the_highest_number() {
        let candidate = |id, log_end, millis| Candidate {
            log_end,
            behind_for: Reverse(Duration::from_millis(millis)),
            id: BrokerId(id),
        };
        let best = |candidates: &[Candidate]| candidates.iter().max().map(|one| one.id.get());
        assert_eq!(best(&[candidate(1, 5, 0), candidate(2, 6, 900)]), Some(2));
        assert_eq!(best(&[candidate(1, 5, 10), candidate(2, 5, 900)]), Some(1));
        assert_eq!(best(&[candidate(1, 5, 10), candidate(2, 5, 10)]), Some(2));
    }
}
