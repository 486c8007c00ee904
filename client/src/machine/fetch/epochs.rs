//! Validating positions by OffsetForLeaderEpoch (KIP-320, `OffsetsForLeaderEpochUtils`).
//!
//! A new leader is asked where the epoch of the last record read ends in its log. If it ends below
//! the position, the records between are not in that log: it was truncated.

use std::collections::BTreeMap;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicName};
use milena_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use milena_protocol::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

use super::{Divergence, TopicPartition};

/// One position to validate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub(crate) name: TopicPartition,
    pub(crate) last_epoch: LeaderEpoch,
    pub(crate) leader_epoch: LeaderEpoch,
    /// Recognises the position the answer is for.
    pub(crate) stamp: u64,
}

/// What to ask of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EpochLookup {
    pub(crate) broker: BrokerId,
    pub(crate) doubts: Vec<Doubt>,
}

/// What a broker said about one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochAnswer {
    pub(crate) code: ErrorCode,
    /// The largest epoch not above the one asked for, and its end; None where the log knows none.
    pub(crate) end: Option<(LeaderEpoch, Offset)>,
}

/// What the answer means for a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// What was read is in the log.
    Valid,
    /// The log is another one from here on.
    Diverges(Divergence),
    /// The log has no such epoch at all, so where it diverges is not known.
    Unknown,
}

impl EpochAnswer {
    pub(crate) fn verdict(&self, position: Offset) -> Verdict {
        match self.end {
            None => Verdict::Unknown,
            Some((epoch, end)) if end < position => {
                Verdict::Diverges(Divergence { offset: end, epoch: Some(epoch) })
            }
            Some(_) => Verdict::Valid,
        }
    }
}

impl EpochLookup {
    pub(crate) fn to_request(&self) -> OffsetForLeaderEpochRequest {
        let mut by_topic: BTreeMap<&TopicName, Vec<OffsetForLeaderPartition>> = BTreeMap::new();
        for doubt in &self.doubts {
            by_topic.entry(&doubt.name.topic).or_default().push(
                OffsetForLeaderPartition::default()
                    .with_partition(doubt.name.partition.get())
                    .with_current_leader_epoch(doubt.leader_epoch.get())
                    .with_leader_epoch(doubt.last_epoch.get()),
            );
        }
        let topics = by_topic
            .into_iter()
            .map(|(topic, partitions)| {
                OffsetForLeaderTopic::default()
                    .with_topic(topic.to_wire())
                    .with_partitions(partitions)
            })
            .collect();
        let mut request = OffsetForLeaderEpochRequest::default().with_topics(topics);
        request.replica_id = (-1).into();
        request
    }

    /// The answers to what was asked.
    pub(crate) fn answers(
        &self,
        response: &OffsetForLeaderEpochResponse,
    ) -> impl Iterator<Item = (&Doubt, Option<EpochAnswer>)> {
        let mut found: BTreeMap<(StrBytes, i32), EpochAnswer> = BTreeMap::new();
        for topic in &response.topics {
            for partition in &topic.partitions {
                let known = partition.leader_epoch >= 0 && partition.end_offset >= 0;
                let end = (LeaderEpoch(partition.leader_epoch), Offset(partition.end_offset));
                let answer = EpochAnswer {
                    code: ErrorCode(partition.error_code),
                    end: known.then_some(end),
                };
                found.insert((topic.topic.0.clone(), partition.partition), answer);
            }
        }
        self.doubts.iter().map(move |doubt| {
            let PartitionIndex(index) = doubt.name.partition;
            let key = (doubt.name.topic.to_wire().0, index);
            (doubt, found.get(&key).copied())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(end: Option<(i32, i64)>) -> EpochAnswer {
        let end = end.map(|(epoch, offset)| (LeaderEpoch(epoch), Offset(offset)));
        EpochAnswer { code: ErrorCode::NONE, end }
    }

    #[test]
    fn a_position_up_to_the_end_of_its_epoch_is_valid() {
        assert_eq!(answer(Some((2, 100))).verdict(Offset(100)), Verdict::Valid);
        assert_eq!(answer(Some((2, 100))).verdict(Offset(7)), Verdict::Valid);
    }

    #[test]
    fn a_position_beyond_the_end_of_its_epoch_diverges_there() {
        let at = Divergence { offset: Offset(90), epoch: Some(LeaderEpoch(2)) };
        assert_eq!(answer(Some((2, 90))).verdict(Offset(100)), Verdict::Diverges(at));
    }

    #[test]
    fn an_epoch_the_log_does_not_know_leaves_the_divergence_open() {
        assert_eq!(answer(None).verdict(Offset(100)), Verdict::Unknown);
    }
}
