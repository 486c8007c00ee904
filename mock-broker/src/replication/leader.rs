//! What the leader of a partition knows: the ISR with what was proposed to the controller
//! (`PartitionState` in Apache Kafka), and of each follower how far it is and when it was last
//! caught up (`Replica`).

use milena_protocol::ids::BrokerId;
use milena_protocol::time::MonoTime;

use super::replica::Surroundings;
use crate::message::IsrProposal;
use crate::metadata::Image;
use crate::sabotage::{self, Sabotage};

/// What a leader knows.
#[derive(Debug)]
pub(crate) struct Leader {
    /// Where its epoch starts.
    pub(super) epoch_start: i64,
    pub(super) isr: Isr,
    pub(super) remotes: Vec<Remote>,
}

impl Leader {
    pub(crate) fn epoch_start(&self) -> i64 {
        self.epoch_start
    }

    pub(crate) fn follower_ids(&self) -> impl Iterator<Item = BrokerId> {
        self.remotes.iter().map(|remote| remote.id)
    }
}

/// The ISR: what the controller committed, and what was proposed to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Isr {
    Committed(Vec<BrokerId>),
    Expanding { committed: Vec<BrokerId>, joining: BrokerId, sent: IsrProposal },
    Shrinking { committed: Vec<BrokerId>, sent: IsrProposal },
}

impl Isr {
    pub(super) fn committed(&self) -> &[BrokerId] {
        match self {
            Self::Committed(isr)
            | Self::Expanding { committed: isr, .. }
            | Self::Shrinking { committed: isr, .. } => isr,
        }
    }

    /// Whether `id` counts for the high watermark: a member that joins does at once, one that
    /// leaves until the controller has committed it.
    pub(super) fn counts(&self, id: BrokerId) -> bool {
        if sabotage::is(Sabotage::ShrinkCountsAtOnce) && self.leaves(id) {
            return false;
        }
        self.committed().contains(&id)
            || (matches!(self, Self::Expanding { joining, .. } if *joining == id)
                && !sabotage::is(Sabotage::JoiningMemberNotCounted))
    }

    fn leaves(&self, id: BrokerId) -> bool {
        let Self::Shrinking { sent, .. } = self else { return false };
        sent.isr.iter().all(|(member, _)| *member != id)
    }

    /// The ISR, if no change of it is in flight.
    pub(super) fn settled(&self) -> Option<&[BrokerId]> {
        match self {
            Self::Committed(isr) => Some(isr),
            Self::Expanding { committed: isr, .. } | Self::Shrinking { committed: isr, .. } => {
                sabotage::is(Sabotage::TwoChangesInFlight).then_some(isr)
            }
        }
    }

    pub(super) fn sent(&self) -> Option<&IsrProposal> {
        match self {
            Self::Committed(_) => None,
            Self::Expanding { sent, .. } | Self::Shrinking { sent, .. } => Some(sent),
        }
    }
}

/// What a leader knows of a follower.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) id: BrokerId,
    /// -1 until it fetches.
    pub(super) log_end: i64,
    /// -1 until it fetches.
    pub(super) log_start: i64,
    /// The leader's end at the follower's last fetch.
    pub(super) leader_end_then: i64,
    pub(super) last_fetch: Option<MonoTime>,
    pub(super) last_caught_up: Option<MonoTime>,
    /// From its fetches; `None` until the first (KIP-903).
    pub(super) broker_epoch: Option<i64>,
}

impl Remote {
    pub(super) fn new(id: BrokerId) -> Self {
        Self {
            id,
            log_end: -1,
            log_start: -1,
            leader_end_then: -1,
            last_fetch: None,
            last_caught_up: None,
            broker_epoch: None,
        }
    }

    pub(super) fn is_caught_up(&self, leader_end: i64, around: Surroundings<'_>) -> bool {
        (self.log_end == leader_end && !sabotage::is(Sabotage::SilentFollowersLag))
            || self
                .last_caught_up
                .is_some_and(|then| around.now.saturating_since(then) <= around.lag_time_max)
    }
}

/// Whether a follower may be in the ISR: alive, and the incarnation this leader heard from.
pub(super) fn is_eligible(remote: &Remote, image: &Image) -> bool {
    match (remote.broker_epoch, image.active(remote.id)) {
        (Some(-1), Some(_)) => true,
        (Some(heard), Some(registered)) => heard == registered.epoch,
        _ => false,
    }
}
