//! Produce, versions 3 to 13 (0 to 2 are advertised and close the connection, KAFKA-18659).
//!
//! Topics are named by id since version 13. A request is judged in this order: transactional
//! batches without a transactional id, or of several producers, refuse all of it; per partition an
//! unknown topic and a wrong number of batches; whether the partition is in the transaction
//! (KIP-890); acks for all the rest; leadership; min.insync.replicas before the
//! append (acks=all only); the batch; its sequence. With acks=all the answer waits until the high
//! watermark has passed the records or the time-out is over; with acks=0 there is no answer, and
//! an error closes the connection. NOT_LEADER_OR_FOLLOWER names the leader since version 10
//! (KIP-951). A partition that is named twice counts once, as it was named last.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{ProducerEpoch, ProducerId, TopicId};
use milena_protocol::messages::produce_request::TopicProduceData;
use milena_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
};
use milena_protocol::messages::{ProduceRequest, ProduceResponse, RequestKind, ResponseKind};
use milena_protocol::records::{self, Batch};

use super::body;
use super::hints::FIRST_PRODUCE_WITH_IDS;
use crate::broker::{
    Answer, AppendAnswer, Asked, AwaitedPartition, DelayedProduce, Process, surroundings,
};
use crate::cluster::{CloseCause, Node};
use crate::context::Context;
use crate::log::{self, Appended, LogBatch, Refused};
use crate::metadata::{TimestampType, TopicNumber, TopicPartition};
use crate::sabotage::{self, Sabotage};

pub(crate) const ACKS_ALL: i16 = -1;

/// The first version with which a broker adds partitions to transactions (KIP-890, part 2).
const FIRST_ADDING_PARTITIONS: i16 = 12;

/// What became of one partition of the request.
struct Written {
    key: TopicPartition,
    appended: Appended,
    log_start: i64,
}

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let mut request = body!(asked, body, Produce);
    let no_records = |topic: &TopicProduceData| {
        topic.partition_data.iter().any(|partition| partition.records.is_none())
    };
    if request.topic_data.iter().any(no_records) {
        // Apache Kafka fails to write the answer to it, and keeps the connection silent for good.
        return Answer::Later;
    }
    let is_transactional = request.topic_data.iter().any(has_transactional);
    if request.transactional_id.is_none() && is_transactional {
        let refused = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED.into();
        return finish(process, ctx, asked, request.acks, refuse_all(&request, refused));
    }
    keep_last_of_each(&mut request);
    if is_transactional && transactional_producers(&request).len() > 1 {
        let text = "Transactional records contained more than one producer ID";
        let code = ErrorCode::INVALID_PRODUCER_ID_MAPPING;
        let refused = Refused { message: Some(text.to_owned()), ..code.into() };
        return finish(process, ctx, asked, request.acks, refuse_all(&request, refused));
    }
    let mut response = ProduceResponse::default();
    let mut awaited = Vec::new();
    for (at, topic) in request.topic_data.iter().enumerate() {
        let number = topic_number(process, asked.version, topic);
        let mut told = TopicProduceResponse::default()
            .with_name(topic.name.clone())
            .with_topic_id(topic.topic_id);
        for (place, partition) in topic.partition_data.iter().enumerate() {
            let records = partition.records.clone().unwrap_or_default();
            let key = number.clone().map(|topic| TopicPartition { topic, index: partition.index });
            let written =
                key.and_then(|key| write(process, ctx, asked.version, request.acks, key, records));
            told.partition_responses.push(tell(partition.index, &written));
            let is_done = |written: &Written| {
                written.appended.duplicate && sabotage::is(Sabotage::DuplicateAtOnce)
            };
            if let Some(written) = written.ok().filter(|written| !is_done(written)) {
                let required = written.appended.last_offset + 1;
                awaited.push(AwaitedPartition { key: written.key, required, place: (at, place) });
            }
        }
        response.responses.push(told);
    }
    let at_once = awaited.is_empty() || sabotage::is(Sabotage::AcksAllAtAppend);
    if request.acks != ACKS_ALL || at_once {
        return finish(process, ctx, asked, request.acks, response);
    }
    let wait = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
    let deadline = ctx.now + wait;
    let answer = AppendAnswer::Produce(response);
    process.await_replication(DelayedProduce { asked: *asked, deadline, awaited, answer });
    Answer::Later
}

/// Appends one partition's records.
fn write(
    process: &mut Process,
    ctx: &mut Context<'_>,
    version: i16,
    acks: i16,
    key: TopicPartition,
    records: Bytes,
) -> Result<Written, Refused> {
    if process.image.partition(key).is_none() {
        return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.into());
    }
    let batch = log::single_batch(version, records)?;
    if batch.is_transactional() {
        verify_transaction(process, version, key, &batch)?;
    }
    if !(ACKS_ALL..=1).contains(&acks) && !sabotage::is(Sabotage::AnyAcksTaken) {
        return Err(ErrorCode::INVALID_REQUIRED_ACKS.into());
    }
    append(process, ctx, acks, key, batch).map_err(|refused| {
        let start = process.replica(key).map_or(-1, |replica| replica.log.start_offset());
        with_log_start(refused, start)
    })
}

/// Whether a partition is known to be in the transaction that a batch belongs to
/// (`ReplicaManager.maybeSendPartitionsToTransactionCoordinator`, KIP-890). A batch that goes on
/// with an open transaction needs no asking; one of the second version of transactions always does
/// otherwise, because asking is what adds the partition.
fn verify_transaction(
    process: &Process,
    version: i16,
    key: TopicPartition,
    batch: &LogBatch,
) -> Result<(), Refused> {
    let adds_partitions = version >= FIRST_ADDING_PARTITIONS;
    let is_verified =
        process.image.settings.broker_value("transaction.partition.verification.enable");
    if is_verified == Some("false") && !adds_partitions {
        return Ok(());
    }
    let replica = process.replicas.get(&key).ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)?;
    replica.as_leader()?;
    let producers = replica.log.producers();
    if producers.has_open_transaction(batch.producer_id(), batch.producer_epoch()) {
        return Ok(());
    }
    // There is no coordinator to ask.
    let text = "Unable to verify the partition has been added to the transaction. Underlying \
                error: COORDINATOR_NOT_AVAILABLE";
    Err(Refused { message: Some(text.to_owned()), ..ErrorCode::NOT_ENOUGH_REPLICAS.into() })
}

/// `ReplicaManager.appendToLocalLog` tells where the log starts with some errors and not with
/// others; a producer that was told OUT_OF_ORDER_SEQUENCE_NUMBER learns from it whether retention
/// removed what it had written (KIP-360).
fn with_log_start(refused: Refused, start: i64) -> Refused {
    match refused.code {
        ErrorCode::NOT_LEADER_OR_FOLLOWER
        | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        | ErrorCode::MESSAGE_TOO_LARGE
        | ErrorCode::CORRUPT_MESSAGE
        | ErrorCode::KAFKA_STORAGE_ERROR => refused,
        _ => Refused { log_start: start, ..refused },
    }
}

fn append(
    process: &mut Process,
    ctx: &mut Context<'_>,
    acks: i16,
    key: TopicPartition,
    batch: LogBatch,
) -> Result<Written, Refused> {
    let wall_millis = ctx.wall_millis();
    if process.is_leader(key) && process.append_fails(ctx, key) {
        return Err(ErrorCode::KAFKA_STORAGE_ERROR.into());
    }
    let why = process.why_there_is_none(key);
    let around = surroundings!(process, ctx);
    let followers = &process.followers;
    let replica = process.replicas.get_mut(&key).ok_or(why)?;
    replica.as_leader()?;
    let asks_for_isr = acks == ACKS_ALL || sabotage::is(Sabotage::MinIsrAsksAnyAcks);
    if asks_for_isr && replica.is_under_min_isr() {
        return Err(ErrorCode::NOT_ENOUGH_REPLICAS.into());
    }
    let batch = log::check_produced(&batch, &replica.settings, wall_millis)?;
    let append_time =
        (replica.settings.timestamp_type == TimestampType::LogAppendTime).then_some(wall_millis);
    let seen = |id| followers.get(&id).map(|session| session.last_request);
    let appended = replica.append_as_leader(batch, append_time, wall_millis, seen)?;
    let high_watermark_moved = replica.maybe_raise_high_watermark(around);
    ctx.trace(
        Node::Broker(process.id),
        "append",
        &[
            ("topic", &replica.topic),
            ("partition", &key.index),
            ("base", &appended.base_offset),
            ("last", &appended.last_offset),
            ("epoch", &replica.leader_epoch),
            ("duplicate", &appended.duplicate),
            ("hw", &replica.log.high_watermark()),
        ],
    );
    let log_start = replica.log.start_offset();
    process.note_append(key, high_watermark_moved);
    Ok(Written { key, appended, log_start })
}

fn topic_number(
    process: &Process,
    version: i16,
    topic: &TopicProduceData,
) -> Result<TopicNumber, Refused> {
    if version >= FIRST_PRODUCE_WITH_IDS {
        match process.image.topic(TopicId(topic.topic_id)) {
            Some(topic) => Ok(topic.number),
            None if sabotage::is(Sabotage::UnknownTopicIdByName) => {
                Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.into())
            }
            None => Err(ErrorCode::UNKNOWN_TOPIC_ID.into()),
        }
    } else {
        match process.image.topic_named(topic.name.as_str()) {
            Some(topic) => Ok(topic.number),
            None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.into()),
        }
    }
}

fn tell(index: i32, written: &Result<Written, Refused>) -> PartitionProduceResponse {
    let told = PartitionProduceResponse::default().with_index(index);
    match written {
        Ok(Written { appended, log_start, .. }) => told
            .with_base_offset(appended.base_offset)
            .with_log_append_time_ms(appended.append_time)
            .with_log_start_offset(*log_start),
        Err(refused) => {
            let record = |(index, text): &(i32, String)| {
                BatchIndexAndErrorMessage::default()
                    .with_batch_index(*index)
                    .with_batch_index_error_message(Some(StrBytes::from_string(text.clone())))
            };
            told.with_error_code(refused.code.0)
                .with_base_offset(-1)
                .with_log_append_time_ms(-1)
                .with_log_start_offset(refused.log_start)
                .with_record_errors(refused.records.iter().map(record).collect())
                .with_error_message(told_message(refused).map(StrBytes::from_string))
        }
    }
}

/// Words are told only beside the records they are about (`RecordValidationException`), when a
/// transaction could not be verified (`LogAppendResult.hasCustomErrorMessage`), and when the request
/// failed as a whole.
fn told_message(refused: &Refused) -> Option<String> {
    let of_transactions = matches!(
        refused.code,
        ErrorCode::NOT_ENOUGH_REPLICAS | ErrorCode::INVALID_PRODUCER_ID_MAPPING
    );
    refused.message.clone().filter(|_| of_transactions || !refused.records.is_empty())
}

/// Answers, or with acks=0 does not.
fn finish(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    acks: i16,
    mut response: ProduceResponse,
) -> Answer {
    response.throttle_time_ms = process.charge_produce(ctx, asked.connection, acks);
    if acks == 0 && !sabotage::is(Sabotage::AcksNoneAnswered) {
        let failed = response.responses.iter().find_map(|topic| {
            let failed = topic.partition_responses.iter().find(|told| told.error_code != 0)?;
            Some((topic.name.to_string(), failed.index, failed.error_code))
        });
        return match failed.filter(|_| !sabotage::is(Sabotage::AcksNoneNeverCloses)) {
            None => Answer::Nothing,
            Some((topic, partition, code)) => {
                Answer::Close(CloseCause::UnacknowledgedProduce { code, topic, partition })
            }
        };
    }
    process.add_produce_hints(asked.version, &mut response);
    ResponseKind::Produce(response).into()
}

fn refuse_all(request: &ProduceRequest, refused: Refused) -> ProduceResponse {
    let refused = Err(refused);
    let topics = request.topic_data.iter().map(|topic| {
        let partition = |index| tell(index, &refused);
        TopicProduceResponse::default()
            .with_name(topic.name.clone())
            .with_topic_id(topic.topic_id)
            .with_partition_responses(
                topic.partition_data.iter().map(|data| partition(data.index)).collect(),
            )
    });
    ProduceResponse::default().with_responses(topics.collect())
}

fn has_transactional(topic: &TopicProduceData) -> bool {
    transactional_batches(topic).next().is_some()
}

fn transactional_batches(topic: &TopicProduceData) -> impl Iterator<Item = Batch> + '_ {
    topic
        .partition_data
        .iter()
        .filter_map(|partition| partition.records.clone())
        .flat_map(records::batches)
        .filter_map(Result::ok)
        .filter(Batch::is_transactional)
}

/// Whose transactions the batches belong to: one request is for one of them
/// (`ReplicaManager.handleProduceAppend`).
fn transactional_producers(request: &ProduceRequest) -> BTreeSet<(ProducerId, ProducerEpoch)> {
    let of = |batch: Batch| (batch.header.producer_id, batch.header.producer_epoch);
    request.topic_data.iter().flat_map(transactional_batches).map(of).collect()
}

/// Drops what is named again further on.
fn keep_last_of_each(request: &mut ProduceRequest) {
    if let [topic] = &request.topic_data[..]
        && topic.partition_data.len() == 1
    {
        return;
    }
    let mut seen = BTreeSet::new();
    for topic in request.topic_data.iter_mut().rev() {
        let (name, id) = (topic.name.clone(), topic.topic_id);
        let mut kept: Vec<_> = std::mem::take(&mut topic.partition_data)
            .into_iter()
            .rev()
            .filter(|partition| seen.insert((name.clone(), id, partition.index)))
            .collect();
        kept.reverse();
        topic.partition_data = kept;
    }
    request.topic_data.retain(|topic| !topic.partition_data.is_empty());
}

// Not modelled: asking a transaction's coordinator, levels of compression other than the codec's own,
// batches that decompress to more than 256 MiB.
