//! Looking up offsets by ListOffsets: starts, resets, ends of partitions.

use std::collections::BTreeMap;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicName};
use milena_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use milena_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};

use super::TopicPartition;
use crate::config::consumer::{IsolationLevel, OffsetReset};

/// An offset that only the leader knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The log start offset.
    Earliest,
    /// The high watermark, or under read_committed the last stable offset.
    Latest,
    /// The first record of this time or later.
    Timestamp(i64),
}

impl Target {
    /// Where a reset goes, if it is allowed.
    pub(crate) fn of_reset(policy: OffsetReset) -> Option<Self> {
        match policy {
            OffsetReset::Earliest => Some(Self::Earliest),
            OffsetReset::Latest => Some(Self::Latest),
            OffsetReset::Fail => None,
        }
    }

    fn to_wire(self) -> i64 {
        match self {
            Self::Earliest => -2,
            Self::Latest => -1,
            Self::Timestamp(at) => at.max(0),
        }
    }
}

/// One partition of a look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) name: TopicPartition,
    pub(crate) target: Target,
    pub(crate) leader_epoch: LeaderEpoch,
    /// Recognises the position the answer is for.
    pub(crate) stamp: u64,
}

/// What to ask of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OffsetLookup {
    pub(crate) broker: BrokerId,
    pub(crate) isolation: IsolationLevel,
    pub(crate) wanted: Vec<Wanted>,
}

/// What a broker said about one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LookupAnswer {
    pub(crate) code: ErrorCode,
    /// None where there is no record at or after the timestamp.
    pub(crate) offset: Option<Offset>,
}

impl OffsetLookup {
    pub(crate) fn to_request(&self) -> ListOffsetsRequest {
        let mut by_topic: BTreeMap<&TopicName, Vec<ListOffsetsPartition>> = BTreeMap::new();
        for wanted in &self.wanted {
            by_topic.entry(&wanted.name.topic).or_default().push(
                ListOffsetsPartition::default()
                    .with_partition_index(wanted.name.partition.get())
                    .with_current_leader_epoch(wanted.leader_epoch.get())
                    .with_timestamp(wanted.target.to_wire()),
            );
        }
        let topics = by_topic
            .into_iter()
            .map(|(topic, partitions)| {
                ListOffsetsTopic::default().with_name(topic.to_wire()).with_partitions(partitions)
            })
            .collect();
        let mut request = ListOffsetsRequest::default()
            .with_isolation_level(self.isolation.to_wire())
            .with_topics(topics);
        request.replica_id = (-1).into();
        request
    }

    /// The answers to what was asked; what was not asked is left out, what is missing is absent.
    pub(crate) fn answers(
        &self,
        response: &ListOffsetsResponse,
    ) -> impl Iterator<Item = (&Wanted, Option<LookupAnswer>)> {
        let mut found: BTreeMap<(StrBytes, i32), LookupAnswer> = BTreeMap::new();
        for topic in &response.topics {
            for partition in &topic.partitions {
                let answer = LookupAnswer {
                    code: ErrorCode(partition.error_code),
                    offset: (partition.offset >= 0).then_some(Offset(partition.offset)),
                };
                found.insert((topic.name.0.clone(), partition.partition_index), answer);
            }
        }
        self.wanted.iter().map(move |wanted| {
            let PartitionIndex(index) = wanted.name.partition;
            let key = (wanted.name.topic.to_wire().0, index);
            (wanted, found.get(&key).copied())
        })
    }
}
