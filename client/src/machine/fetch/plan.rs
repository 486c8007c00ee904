//! One Fetch request, decided before its version is known.

use std::time::Duration;

use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, TopicId, TopicName};
use milena_protocol::messages::FetchRequest;
use milena_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};

use super::session::{SessionRequest, WhyForgotten};
use crate::config::consumer::IsolationLevel;

/// What to ask of a broker.
#[derive(Debug)]
pub(crate) struct FetchPlan {
    pub(crate) broker: BrokerId,
    pub(crate) max_wait: Duration,
    pub(crate) min_bytes: usize,
    pub(crate) max_bytes: usize,
    pub(crate) partition_max_bytes: usize,
    pub(crate) isolation: IsolationLevel,
    pub(crate) rack: StrBytes,
    pub(crate) session: SessionRequest,
    pub(crate) naming: Naming,
}

/// Whether topics can be named by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Each topic's id is known: any version will do.
    Either,
    /// Some id is not known: no version that carries ids only.
    NamesOnly,
}

/// The first version that carries topic ids in place of names (KIP-516).
pub(crate) const FIRST_VERSION_WITH_IDS: i16 = 13;
/// The first version that tells the epoch of the last record fetched (KIP-320, KIP-595).
const FIRST_VERSION_WITH_LAST_EPOCH: i16 = 12;
/// The first version with sessions (KIP-227).
const FIRST_VERSION_WITH_SESSIONS: i16 = 7;

impl FetchPlan {
    /// The highest version that can carry this plan.
    pub(crate) fn max_version(&self) -> i16 {
        match self.naming {
            Naming::Either => i16::MAX,
            Naming::NamesOnly => FIRST_VERSION_WITH_IDS - 1,
        }
    }

    /// The request as `version` carries it.
    pub(crate) fn to_request(&self, version: i16) -> FetchRequest {
        let mut request = FetchRequest::default()
            .with_max_wait_ms(i32::try_from(self.max_wait.as_millis()).unwrap_or(i32::MAX))
            .with_min_bytes(wire_size(self.min_bytes))
            .with_max_bytes(wire_size(self.max_bytes))
            .with_isolation_level(self.isolation.to_wire())
            .with_rack_id(self.rack.clone())
            .with_topics(self.topics(version));
        // The replica id of a consumer is -1, which is the default from version 15 on.
        request.replica_id = (-1).into();
        if version >= FIRST_VERSION_WITH_SESSIONS {
            request.session_id = self.session.session_id;
            request.session_epoch = self.session.session_epoch;
            request.forgotten_topics_data = self.forgotten(version);
        }
        request
    }

    fn topics(&self, version: i16) -> Vec<FetchTopic> {
        let mut topics: Vec<FetchTopic> = Vec::new();
        let mut last: Option<(&TopicName, TopicId)> = None;
        for wish in &self.session.send {
            let partition = FetchPartition::default()
                .with_partition(wish.name.partition.get())
                .with_current_leader_epoch(wish.leader_epoch.get())
                .with_fetch_offset(wish.offset.get())
                .with_last_fetched_epoch(if version >= FIRST_VERSION_WITH_LAST_EPOCH {
                    wish.last_epoch.get()
                } else {
                    -1
                })
                .with_log_start_offset(-1)
                .with_partition_max_bytes(wire_size(self.partition_max_bytes));
            // Partitions keep their order, which is the order a broker fills a full answer in;
            // a topic is named again when it comes up again.
            let key = (&wish.name.topic, wish.topic_id);
            match topics.last_mut() {
                Some(topic) if last == Some(key) => topic.partitions.push(partition),
                _ => topics.push(
                    FetchTopic::default()
                        .with_topic(wish.name.topic.to_wire())
                        .with_topic_id(wish.topic_id.0)
                        .with_partitions(vec![partition]),
                ),
            }
            last = Some(key);
        }
        topics
    }

    fn forgotten(&self, version: i16) -> Vec<ForgottenTopic> {
        let mut topics: Vec<ForgottenTopic> = Vec::new();
        for gone in &self.session.forget {
            // By name, "forget orders-0" would also forget the new orders-0 of the same request.
            if version < FIRST_VERSION_WITH_IDS && gone.why == WhyForgotten::Replaced {
                continue;
            }
            match topics.last_mut() {
                Some(topic)
                    if topic.topic_id == gone.topic_id.0
                        && topic.topic.0.as_str() == gone.name.topic.as_str() =>
                {
                    topic.partitions.push(gone.name.partition.get());
                }
                _ => topics.push(
                    ForgottenTopic::default()
                        .with_topic(gone.name.topic.to_wire())
                        .with_topic_id(gone.topic_id.0)
                        .with_partitions(vec![gone.name.partition.get()]),
                ),
            }
        }
        topics
    }
}

fn wire_size(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::fetch::session::{Forgotten, Wish};
    use crate::machine::fetch::{Slot, TopicPartition};
    use milena_protocol::Encodable;
    use milena_protocol::ids::{LeaderEpoch, Offset, PartitionIndex};

    fn name(topic: &str, partition: i32) -> TopicPartition {
        TopicPartition {
            topic: TopicName::new(topic).unwrap(),
            partition: PartitionIndex(partition),
        }
    }

    fn plan() -> FetchPlan {
        let wish = |topic: &str, partition| Wish {
            slot: Slot(0),
            name: name(topic, partition),
            topic_id: TopicId(uuid::Uuid::from_u128(1)),
            offset: Offset(42),
            leader_epoch: LeaderEpoch(3),
            last_epoch: LeaderEpoch(2),
            stamp: 0,
        };
        FetchPlan {
            broker: BrokerId(1),
            max_wait: Duration::from_millis(500),
            min_bytes: 1,
            max_bytes: 1_000_000,
            partition_max_bytes: 1_000,
            isolation: IsolationLevel::ReadCommitted,
            rack: StrBytes::from_static_str(""),
            session: SessionRequest {
                session_id: 9,
                session_epoch: 4,
                send: vec![wish("orders", 0), wish("orders", 1), wish("paid", 0)],
                forget: vec![
                    Forgotten {
                        name: name("orders", 0),
                        topic_id: TopicId(uuid::Uuid::from_u128(7)),
                        why: WhyForgotten::Replaced,
                    },
                    Forgotten {
                        name: name("orders", 2),
                        topic_id: TopicId(uuid::Uuid::from_u128(1)),
                        why: WhyForgotten::Removed,
                    },
                ],
            },
            naming: Naming::Either,
        }
    }

    #[test]
    fn every_version_can_carry_a_plan() {
        for version in 4..=18 {
            let mut bytes = bytes::BytesMut::new();
            plan().to_request(version).encode(&mut bytes, version).unwrap();
        }
    }

    #[test]
    fn the_epochs_of_leader_and_last_record_are_sent() {
        let request = plan().to_request(17);
        let partition = &request.topics[0].partitions[1];
        assert_eq!(partition.current_leader_epoch, 3);
        assert_eq!(partition.last_fetched_epoch, 2);
        assert_eq!(partition.fetch_offset, 42);
        assert_eq!(request.isolation_level, 1);
        assert_eq!(request.topics.len(), 2);
    }

    #[test]
    fn a_replaced_topic_is_forgotten_by_id_but_never_by_name() {
        assert_eq!(plan().to_request(17).forgotten_topics_data.len(), 2);
        let by_name = plan().to_request(12).forgotten_topics_data;
        assert_eq!(by_name.len(), 1);
        assert_eq!(by_name[0].partitions, [2]);
    }

    #[test]
    fn a_topic_without_an_id_is_asked_for_by_name() {
        let plan = FetchPlan { naming: Naming::NamesOnly, ..plan() };
        assert_eq!(plan.max_version(), 12);
    }
}
