//! Carries ISR proposals to the controller (`AlterPartitionManager`): one request at a time per
//! broker, one proposal per partition.

use std::collections::BTreeMap;

use milena_protocol::time::MonoTime;

use crate::message::IsrProposal;
use crate::metadata::TopicPartition;

/// Proposals that wait, and those the controller is asked about.
#[derive(Default, Debug)]
pub(crate) struct AlterPartitions {
    waiting: BTreeMap<TopicPartition, IsrProposal>,
    in_flight: Option<Vec<IsrProposal>>,
    /// After a failure of the whole request.
    pub(crate) not_before: Option<MonoTime>,
}

impl AlterPartitions {
    pub(crate) fn submit(&mut self, proposal: IsrProposal) {
        self.waiting.insert(proposal.partition, proposal);
    }

    /// The next request, if there is something to ask and none is in flight.
    pub(crate) fn next(&mut self, now: MonoTime) -> Option<Vec<IsrProposal>> {
        if self.in_flight.is_some()
            || self.waiting.is_empty()
            || self.not_before.is_some_and(|at| at > now)
        {
            return None;
        }
        self.not_before = None;
        let proposals: Vec<_> = std::mem::take(&mut self.waiting).into_values().collect();
        self.in_flight = Some(proposals.clone());
        Some(proposals)
    }

    /// The request was answered: what it asked.
    pub(crate) fn answered(&mut self) -> Vec<IsrProposal> {
        self.in_flight.take().unwrap_or_default()
    }

    /// The request failed as a whole: ask again later, unless something newer waits.
    pub(crate) fn failed(&mut self, again_at: MonoTime) {
        for proposal in self.in_flight.take().unwrap_or_default() {
            self.waiting.entry(proposal.partition).or_insert(proposal);
        }
        self.not_before = Some(again_at);
    }

    /// When a failed request is to be tried again.
    pub(crate) fn poll_timeout(&self) -> Option<MonoTime> {
        if self.waiting.is_empty() { None } else { self.not_before }
    }
}
