//! The quorum, which is one controller (KIP-595).

use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::describe_quorum_response::{PartitionData, ReplicaState, TopicData};
use milena_protocol::messages::{
    self, DescribeQuorumRequest, DescribeQuorumResponse, UnregisterBrokerRequest,
    UnregisterBrokerResponse,
};

use super::Controller;
use super::topics::METADATA_TOPIC;
use crate::context::Context;
use crate::metadata::Record;

impl Controller {
    pub(super) fn describe_quorum(
        &self,
        ctx: &Context<'_>,
        request: &DescribeQuorumRequest,
    ) -> DescribeQuorumResponse {
        let topics = request.topics.iter().map(|topic| {
            let is_metadata = topic.topic_name.as_str() == METADATA_TOPIC;
            let partitions = topic.partitions.iter().map(|partition| {
                if is_metadata && partition.partition_index == 0 {
                    self.quorum(ctx)
                } else {
                    PartitionData::default()
                        .with_partition_index(partition.partition_index)
                        .with_error_code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0)
                        .with_error_message(None)
                }
            });
            TopicData::default()
                .with_partitions(partitions.collect())
                .with_topic_name(topic.topic_name.clone())
        });
        DescribeQuorumResponse::default().with_topics(topics.collect())
    }

    /// A broker that waits for more counts as one that has just asked: in Apache Kafka it asks again
    /// every half second.
    fn quorum(&self, ctx: &Context<'_>) -> PartitionData {
        let controller = ctx.config.controller_id.get();
        let now = ctx.wall_millis();
        let end = i64::try_from(self.image.offset).unwrap_or(i64::MAX);
        let replica = |id: i32, offset: i64, asked: i64| {
            ReplicaState::default()
                .with_replica_id(messages::BrokerId(id))
                .with_log_end_offset(offset)
                .with_last_fetch_timestamp(asked)
                .with_last_caught_up_timestamp(asked)
        };
        // Whoever waits for more has all that there was when it asked.
        let observers = self.image.brokers.keys().map(|id| {
            let waiting = self.waiting.get(id);
            let (offset, asked) = waiting.map_or((0, -1), |(_, offset)| (*offset, now));
            replica(id.get(), i64::try_from(offset).unwrap_or(i64::MAX), asked)
        });
        PartitionData::default()
            .with_error_message(None)
            .with_leader_id(messages::BrokerId(controller))
            .with_leader_epoch(1)
            .with_high_watermark(end)
            .with_current_voters(vec![replica(controller, end, now)])
            .with_observers(observers.collect())
    }

    /// UnregisterBroker (KIP-631): a broker that is gone for good is forgotten.
    pub(super) fn unregister_broker(
        &mut self,
        ctx: &mut Context<'_>,
        request: &UnregisterBrokerRequest,
    ) -> UnregisterBrokerResponse {
        let id = BrokerId(request.broker_id.0);
        if !self.image.brokers.contains_key(&id) {
            let text = format!("Broker ID {id} is not currently registered");
            return UnregisterBrokerResponse::default()
                .with_error_code(ErrorCode::BROKER_ID_NOT_REGISTERED.0)
                .with_error_message(Some(StrBytes::from_string(text)));
        }
        let mut records = self.remove_from_isrs(id);
        records.extend(self.strike_from_elrs(id));
        records.push(Record::UnregisterBroker { id });
        self.sessions.remove(&id);
        self.commit(ctx, records);
        UnregisterBrokerResponse::default().with_error_message(None)
    }
}
