//! Produce requests and answers: between what the machine says and what is on the wire.

use std::sync::Arc;
use std::time::Duration;

use milena_protocol::compression::Codec;
use milena_protocol::ids::{BrokerId, LeaderEpoch, Offset, PartitionIndex, TopicId, TopicName};
use milena_protocol::messages::produce_response::PartitionProduceResponse;
use milena_protocol::messages::{ApiKey, ProduceRequest, ProduceResponse};
use milena_protocol::produce::{PartitionBatch, ProduceSkeleton, TopicBatches};
use milena_protocol::request::{EncodeError, EncodedRequest};
use milena_protocol::{ErrorCode, decode};

use crate::config::producer::{Acks, ProducerConfig};
use crate::error::{RequestError, RequestErrorKind};
use crate::machine::image::BrokerNode;
use crate::machine::producer::{Answer, LaneId, Part, PartitionAnswer};
use crate::runtime::core::{EncodeContext, Expect, LeaderHint, Outgoing, RawResponse};

/// Kafka 4.x still advertises older versions (KAFKA-18659), but serves from here.
const OLDEST: i16 = 3;
/// The first version that may carry zstd (KIP-110).
const FIRST_WITH_ZSTD: i16 = 7;
/// The last version that names topics; the next identifies them (KIP-516).
const LAST_WITH_NAMES: i16 = 12;
const NEWEST: i16 = 13;

/// Which partitions a request carried, to make sense of its answer.
pub(crate) struct Shape {
    pub(crate) broker: BrokerId,
    parts: Vec<ShapePart>,
}

struct ShapePart {
    lane: LaneId,
    topic: TopicName,
    topic_id: TopicId,
    partition: PartitionIndex,
}

/// What an answer said.
pub(crate) struct Reading {
    pub(crate) answer: Answer,
    pub(crate) hints: Vec<LeaderHint>,
    pub(crate) throttle: Duration,
}

/// Makes a request of the parts, which stand topic by topic.
pub(crate) fn request(
    config: &ProducerConfig,
    broker: BrokerId,
    parts: Vec<Part>,
) -> (Shape, Outgoing) {
    let shape = Shape {
        broker,
        parts: parts
            .iter()
            .map(|part| ShapePart {
                lane: part.lane,
                topic: part.topic.clone(),
                topic_id: part.topic_id,
                partition: part.partition,
            })
            .collect(),
    };
    let newest = match parts.iter().any(|part| part.topic_id.is_zero()) {
        true => LAST_WITH_NAMES,
        false => NEWEST,
    };
    let oldest = match config.compression.codec() {
        Codec::Zstd => FIRST_WITH_ZSTD,
        Codec::None | Codec::Gzip | Codec::Snappy | Codec::Lz4 => OLDEST,
    };
    let acks = config.acks;
    // Checked at build to fit.
    let timeout_ms = i32::try_from(config.request_timeout.as_millis()).unwrap_or(i32::MAX);
    let outgoing = Outgoing {
        key: ApiKey::Produce,
        versions: oldest..=newest,
        encode: Box::new(move |context| encode(&parts, acks, timeout_ms, context)),
        timeout: config.request_timeout,
        expect: match acks {
            Acks::None => Expect::NoResponse,
            Acks::All | Acks::Leader => Expect::Response,
        },
    };
    (shape, outgoing)
}

fn encode(
    parts: &[Part],
    acks: Acks,
    timeout_ms: i32,
    context: EncodeContext<'_>,
) -> Result<EncodedRequest, EncodeError> {
    let topics = parts
        .chunk_by(|a, b| a.topic == b.topic)
        .filter_map(|group| {
            let first = group.first()?;
            let partitions = group
                .iter()
                .map(|part| PartitionBatch { index: part.partition, batch: &part.batch })
                .collect();
            Some(TopicBatches { name: &first.topic, id: first.topic_id, partitions })
        })
        .collect();
    let skeleton =
        ProduceSkeleton { transactional_id: None, acks: acks.to_wire(), timeout_ms, topics };
    skeleton.encode(context.version, context.correlation_id, Some(context.client_id))
}

impl Shape {
    /// Which incarnation of its topic a partition of the request belongs to.
    #[cfg(feature = "unstable-fuzzing")]
    pub(crate) fn topic_id(&self, lane: LaneId) -> Option<TopicId> {
        self.parts.iter().find(|part| part.lane == lane).map(|part| part.topic_id)
    }

    /// Makes sense of what came of the request.
    pub(crate) fn read(&self, acks: Acks, result: Result<RawResponse, RequestError>) -> Reading {
        let lost = |kind, written| Reading {
            answer: Answer::Lost { kind, written },
            hints: Vec::new(),
            throttle: Duration::ZERO,
        };
        let raw = match result {
            Err(error) => return lost(error.kind.clone(), error.persistence()),
            Ok(_) if acks == Acks::None => {
                return Reading {
                    answer: Answer::Written,
                    hints: Vec::new(),
                    throttle: Duration::ZERO,
                };
            }
            Ok(raw) => raw,
        };
        match decode::response::<ProduceRequest>(raw.version, raw.body) {
            Ok(response) => self.read_response(raw.version, response),
            Err(error) => {
                let kind = RequestErrorKind::Decode { message: error.to_string().into() };
                lost(kind, crate::error::Persistence::Possibly)
            }
        }
    }

    fn read_response(&self, version: i16, response: ProduceResponse) -> Reading {
        let throttle = u64::try_from(response.throttle_time_ms).unwrap_or(0);
        let mut answers = Vec::with_capacity(self.parts.len());
        let mut hints = Vec::new();
        let endpoint = |leader: BrokerId| {
            let node =
                response.node_endpoints.iter().find(|node| node.node_id.0 == leader.get())?;
            Some(BrokerNode {
                id: leader,
                host: Arc::from(node.host.as_str()),
                port: u16::try_from(node.port).ok()?,
                rack: node.rack.as_ref().map(|rack| Arc::from(rack.as_str())),
            })
        };
        // Brokers answer in the order of the request, so the next part is looked at first.
        let mut cursor = 0;
        for topic in &response.responses {
            for partition in &topic.partition_responses {
                let is_it = |part: &ShapePart| {
                    let same_topic = match version > LAST_WITH_NAMES {
                        true => part.topic_id.0 == topic.topic_id,
                        false => part.topic.as_str() == topic.name.as_str(),
                    };
                    same_topic && part.partition.get() == partition.index
                };
                let at = match self.parts.get(cursor) {
                    Some(part) if is_it(part) => Some(cursor),
                    _ => self.parts.iter().position(is_it),
                };
                // A partition that was not asked about says nothing to us.
                let Some((at, part)) = at.and_then(|at| Some((at, self.parts.get(at)?))) else {
                    continue;
                };
                cursor = at + 1;
                let leader = BrokerId(partition.current_leader.leader_id.0);
                let epoch = LeaderEpoch(partition.current_leader.leader_epoch);
                if leader.get() >= 0 && epoch.get() >= 0 {
                    hints.push(LeaderHint {
                        topic: part.topic.clone(),
                        topic_id: part.topic_id,
                        partition: part.partition,
                        leader,
                        epoch,
                        endpoint: endpoint(leader),
                    });
                }
                answers.push(answer(part.lane, partition));
            }
        }
        Reading {
            answer: Answer::Partitions(answers),
            hints,
            throttle: Duration::from_millis(throttle),
        }
    }
}

fn answer(lane: LaneId, partition: &PartitionProduceResponse) -> PartitionAnswer {
    let text = |message: &Option<milena_protocol::StrBytes>| {
        message.as_ref().map(|text| Arc::<str>::from(text.as_str()))
    };
    PartitionAnswer {
        lane,
        code: ErrorCode(partition.error_code),
        message: text(&partition.error_message),
        base_offset: Offset(partition.base_offset),
        // -1 under CreateTime.
        log_append_time: Some(partition.log_append_time_ms).filter(|time| *time >= 0),
        log_start: Some(Offset(partition.log_start_offset)).filter(|start| start.get() >= 0),
        record_errors: partition
            .record_errors
            .iter()
            .filter_map(|error| {
                let at = u32::try_from(error.batch_index).ok()?;
                Some((at, text(&error.batch_index_error_message)))
            })
            .collect(),
    }
}
