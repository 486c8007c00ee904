//! Where a partition's leader is, for clients that asked the wrong broker (KIP-951).

use std::collections::BTreeMap;

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, TopicId};
use milena_protocol::messages::produce_response::NodeEndpoint;
use milena_protocol::messages::{self, ProduceResponse};

use crate::broker::Process;
use crate::metadata::{TopicNumber, TopicPartition};
use crate::sabotage::{self, Sabotage};

/// The first Produce version with hints.
const FIRST_PRODUCE_WITH_HINTS: i16 = 10;

/// The first Produce version that names topics by id.
pub(super) const FIRST_PRODUCE_WITH_IDS: i16 = 13;

/// What a broker's image says of a leader.
pub(super) struct LeaderHint {
    pub(super) leader: BrokerId,
    pub(super) epoch: i32,
}

impl Process {
    /// The leader this broker's own image has: the replica may know of a newer one.
    pub(super) fn leader_hint(&self, key: TopicPartition) -> LeaderHint {
        match self.image.partition(key).filter(|_| !sabotage::is(Sabotage::NoLeaderHints)) {
            Some(state) => LeaderHint { leader: state.leader, epoch: state.leader_epoch },
            None => LeaderHint { leader: BrokerId::NONE, epoch: -1 },
        }
    }

    /// Adds the leaders of partitions that answered NOT_LEADER_OR_FOLLOWER.
    pub(crate) fn add_produce_hints(&self, version: i16, response: &mut ProduceResponse) {
        if version < FIRST_PRODUCE_WITH_HINTS {
            return;
        }
        let mut endpoints = BTreeMap::new();
        for topic in &mut response.responses {
            let found = if version >= FIRST_PRODUCE_WITH_IDS {
                self.image.topic(TopicId(topic.topic_id))
            } else {
                self.image.topic_named(topic.name.as_str())
            };
            let number = found.map_or(TopicNumber::NONE, |topic| topic.number);
            for partition in &mut topic.partition_responses {
                if ErrorCode(partition.error_code) != ErrorCode::NOT_LEADER_OR_FOLLOWER {
                    continue;
                }
                let hint =
                    self.leader_hint(TopicPartition { topic: number, index: partition.index });
                partition.current_leader.leader_id = messages::BrokerId(hint.leader.get());
                partition.current_leader.leader_epoch = hint.epoch;
                if let Some(broker) = self.image.live(hint.leader) {
                    let host = StrBytes::from_string(broker.host.clone());
                    let rack = broker.rack.clone().map(StrBytes::from_string);
                    let endpoint = NodeEndpoint::default()
                        .with_node_id(messages::BrokerId(hint.leader.get()))
                        .with_host(host)
                        .with_port(i32::from(broker.port))
                        .with_rack(rack);
                    endpoints.insert(hint.leader, endpoint);
                }
            }
        }
        response.node_endpoints = endpoints.into_values().collect();
    }
}
