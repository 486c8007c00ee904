//! What acks=all asks of a partition: enough members before the append, and that all that count have
//! the records before the answer (`Partition.appendRecordsToLeader`,
//! `Partition.checkEnoughReplicasReachOffset`).

use milena_protocol::ErrorCode;

use super::leader::Isr;
use super::replica::{Replica, Role};
use crate::sabotage::{self, Sabotage};

impl Replica {
    /// Whether too few members are in sync for an append with acks=all, and for the high watermark
    /// to move.
    pub(crate) fn is_under_min_isr(&self) -> bool {
        self.isr().len() < self.min_isr()
    }

    /// What to answer whoever waits until everything below `required` is replicated; nothing as long
    /// as it is not.
    pub(crate) fn replicated(&self, required: i64) -> Option<ErrorCode> {
        if !self.is_leader() && !sabotage::is(Sabotage::LostLeadStillWaits) {
            return Some(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        if self.log.high_watermark() < required {
            return None;
        }
        // KIP-497: the maximal ISR decides, as it did for the high watermark.
        let is_short = self.maximal_isr_size() < self.min_isr();
        if is_short && !sabotage::is(Sabotage::AfterAppendUntold) {
            return Some(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
        }
        Some(ErrorCode::NONE)
    }

    /// How many members count for the high watermark.
    fn maximal_isr_size(&self) -> usize {
        match &self.role {
            Role::Leader(leader) => {
                let joining = matches!(leader.isr, Isr::Expanding { .. });
                leader.isr.committed().len() + usize::from(joining)
            }
            Role::Idle | Role::Follower { .. } => 0,
        }
    }
}
