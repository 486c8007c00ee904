//! Fetch, versions 4 to 18: records, at once or as soon as there are enough.
//!
//! Topics are named by id since version 13. Consumers read up to the high watermark
//! (READ_COMMITTED: the last stable offset), followers up to the end. A fetch waits until min
//! bytes are there, an error or a diverging epoch is found, or max wait is over. The first batch
//! of an answer is given however large it is (KIP-74); everything behind it stays within max
//! bytes. Incremental sessions (KIP-227), epoch checks (KIP-320), diverging epochs (KIP-595),
//! leader hints (KIP-951, since version 16). A follower answers since version 11 (KIP-392).

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, TopicId, TopicName};
use milena_protocol::messages::fetch_response::{
    EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use milena_protocol::messages::{self, FetchRequest, FetchResponse, RequestKind, ResponseKind};

use super::body;
use crate::broker::{
    Answer, Asked, DelayedFetch, NO_SESSION, Opened, Process, SessionKey, SessionPartition, Told,
};
use crate::context::Context;
use crate::log::{EpochEnd, Log};
use crate::message::ReplicaPosition;
use crate::metadata::TopicPartition;
use crate::replication::Replica;

/// KIP-112 (`KafkaApis.handleFetchRequest`)
const LAST_WITHOUT_STORAGE_ERROR: i16 = 5;
const FIRST_WITH_IDS: i16 = 13;
const FIRST_WITH_HINTS: i16 = 16;
const FIRST_A_FOLLOWER_ANSWERS: i16 = 11;
const FIRST_WITH_REPLICA_STATE: i16 = 15;
/// KIP-110. Only the topic's setting is looked at, not what is in the log (`KafkaApis`).
const FIRST_WITH_ZSTD: i16 = 10;
const READ_COMMITTED: i8 = 1;

/// Who fetches, and so how far they may read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reader {
    Uncommitted,
    Committed,
    /// A client that says it is a follower, as test tools do.
    Follower {
        id: BrokerId,
        epoch: i64,
    },
}

/// A fetch, sorted out: what a parked one is answered from later.
#[derive(Debug)]
pub(crate) struct FetchPlan {
    opened: Opened,
    reader: Reader,
    version: i16,
    min_bytes: u64,
    max_bytes: usize,
    partitions: Vec<Planned>,
}

#[derive(Debug)]
struct Planned {
    name: SessionKey,
    wanted: SessionPartition,
    /// Where it is, if this broker's image has it.
    key: Result<TopicPartition, ErrorCode>,
}

impl FetchPlan {
    /// The partitions whose changes may complete it.
    pub(crate) fn watched(&self) -> impl Iterator<Item = TopicPartition> {
        self.partitions.iter().filter_map(|planned| planned.key.ok())
    }
}

/// What was found in one partition.
struct Found {
    error: ErrorCode,
    high_watermark: i64,
    last_stable: i64,
    log_start: i64,
    records: Bytes,
    diverging: Option<EpochEnd>,
}

impl Found {
    fn error(error: ErrorCode) -> Self {
        Self {
            error,
            high_watermark: -1,
            last_stable: -1,
            log_start: -1,
            records: Bytes::new(),
            diverging: None,
        }
    }

    fn told(&self) -> Told {
        Told {
            high_watermark: self.high_watermark,
            log_start: self.log_start,
            has_records: !self.records.is_empty(),
            has_error: self.error != ErrorCode::NONE,
            diverges: self.diverging.is_some(),
        }
    }
}

pub(super) fn handle(
    process: &mut Process,
    ctx: &mut Context<'_>,
    asked: &Asked,
    body: RequestKind,
) -> Answer {
    let request = body!(asked, body, Fetch);
    let uses_ids = asked.version >= FIRST_WITH_IDS;
    let (named, forgotten) = named_partitions(uses_ids, &request);
    let session = (request.session_id, request.session_epoch);
    let opened = process.sessions.open(ctx.now, session, uses_ids, named, &forgotten);
    let (opened, all) = match opened {
        Ok(opened) => opened,
        Err(code) => {
            let response = FetchResponse::default().with_error_code(code.0);
            return ResponseKind::Fetch(response).into();
        }
    };
    let plan = plan(process, ctx, asked.version, &request, opened, all);
    let wait = u64::try_from(request.max_wait_ms).unwrap_or(0);
    if wait > 0 && !plan.partitions.is_empty() && !process.is_satisfied(&plan) {
        note_follower(process, ctx, &plan);
        let deadline = ctx.now + Duration::from_millis(wait);
        process.await_bytes(DelayedFetch { asked: *asked, deadline, plan });
        return Answer::Later;
    }
    // A follower is told the high watermark as it was before its fetch: its own trails by a round
    // (`Partition.fetchRecords` reads first).
    let response = process.fetch_response(ctx, &plan);
    note_follower(process, ctx, &plan);
    ResponseKind::Fetch(response).into()
}

fn named_partitions(
    uses_ids: bool,
    request: &FetchRequest,
) -> (Vec<(SessionKey, SessionPartition)>, Vec<SessionKey>) {
    let key = |name: &messages::TopicName, id: uuid::Uuid, index: i32| {
        if uses_ids {
            SessionKey::ById(TopicId(id), index)
        } else {
            SessionKey::ByName(TopicName::from(name), index)
        }
    };
    let named = request.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(move |partition| {
            let wanted = SessionPartition {
                current_leader_epoch: partition.current_leader_epoch,
                fetch_offset: partition.fetch_offset,
                last_fetched_epoch: partition.last_fetched_epoch,
                log_start_offset: partition.log_start_offset,
                max_bytes: partition.partition_max_bytes,
            };
            (key(&topic.topic, topic.topic_id, partition.partition), wanted)
        })
    });
    let forgotten = request.forgotten_topics_data.iter().flat_map(|topic| {
        topic.partitions.iter().map(move |index| key(&topic.topic, topic.topic_id, *index))
    });
    (named.collect(), forgotten.collect())
}

fn plan(
    process: &Process,
    ctx: &Context<'_>,
    version: i16,
    request: &FetchRequest,
    opened: Opened,
    all: Vec<(SessionKey, SessionPartition)>,
) -> FetchPlan {
    let replica = if version >= FIRST_WITH_REPLICA_STATE {
        (request.replica_state.replica_id.0, request.replica_state.replica_epoch)
    } else {
        (request.replica_id.0, -1)
    };
    let reader = match replica {
        (id, epoch) if id >= 0 => Reader::Follower { id: BrokerId(id), epoch },
        _ if request.isolation_level == READ_COMMITTED => Reader::Committed,
        _ => Reader::Uncommitted,
    };
    let max_bytes = request.max_bytes.min(ctx.config.fetch_max_bytes);
    let min_bytes = request.min_bytes.min(max_bytes);
    let partitions = all
        .into_iter()
        .map(|(name, wanted)| {
            let key = process.resolve(&name);
            Planned { name, wanted, key }
        })
        .collect();
    FetchPlan {
        opened,
        reader,
        version,
        min_bytes: u64::try_from(min_bytes).unwrap_or(0),
        max_bytes: usize::try_from(max_bytes).unwrap_or(0),
        partitions,
    }
}

/// Counts the fetch of a client that says it is a follower.
fn note_follower(process: &mut Process, ctx: &mut Context<'_>, plan: &FetchPlan) {
    let Reader::Follower { id, epoch } = plan.reader else { return };
    for planned in &plan.partitions {
        let Ok(key) = planned.key else { continue };
        let Some(replica) = process.replicas.get(&key) else { continue };
        let wanted = &planned.wanted;
        if replica.check_epoch(wanted.current_leader_epoch).is_err() {
            continue;
        }
        let position = ReplicaPosition {
            leader_epoch: replica.leader_epoch,
            fetch_offset: wanted.fetch_offset,
            last_fetched_epoch: wanted.last_fetched_epoch,
            log_start_offset: wanted.log_start_offset,
            high_watermark: replica.log.high_watermark(),
        };
        process.note_fetch(ctx, id, epoch, key, &position);
    }
}

impl Process {
    fn resolve(&self, name: &SessionKey) -> Result<TopicPartition, ErrorCode> {
        let topic = match name {
            SessionKey::ById(id, _) => {
                self.image.topic(*id).map(|topic| topic.id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)
            }
            SessionKey::ByName(name, _) => self
                .image
                .topic_named(name)
                .map(|topic| topic.id)
                .ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        }?;
        let key = TopicPartition { topic, index: name.index() };
        match self.image.partition(key) {
            Some(_) => Ok(key),
            None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        }
    }

    /// Whether there is enough to answer with (`DelayedFetch.tryComplete`).
    pub(crate) fn is_satisfied(&self, plan: &FetchPlan) -> bool {
        let mut bytes = 0;
        for planned in &plan.partitions {
            let Ok((log, bound)) = self.readable(plan, planned) else { return true };
            let wanted = &planned.wanted;
            if diverging(log, wanted) != Ok(None) {
                return true;
            }
            let offset = wanted.fetch_offset;
            if offset < log.start_offset() || offset > log.end_offset() {
                return true;
            }
            if offset < bound {
                let limit = u64::try_from(wanted.max_bytes).unwrap_or(0);
                bytes += log.bytes_between(offset, bound).min(limit);
            }
        }
        bytes >= plan.min_bytes
    }

    /// The log a partition is read from, and where reading ends.
    fn readable(&self, plan: &FetchPlan, planned: &Planned) -> Result<(&Log, i64), ErrorCode> {
        let replica = self.replica(planned.key?).map_err(|code| match code {
            // The error is younger than the version.
            ErrorCode::KAFKA_STORAGE_ERROR if plan.version <= LAST_WITHOUT_STORAGE_ERROR => {
                ErrorCode::NOT_LEADER_OR_FOLLOWER
            }
            code => code,
        })?;
        replica.check_epoch(planned.wanted.current_leader_epoch)?;
        let log = &replica.log;
        if replica.settings.is_zstd() && plan.version < FIRST_WITH_ZSTD {
            return Err(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
        }
        match plan.reader {
            Reader::Follower { id, .. } => {
                check_follower(replica, id, planned.wanted.current_leader_epoch)?;
                Ok((log, log.end_offset()))
            }
            _ if plan.version < FIRST_A_FOLLOWER_ANSWERS && !replica.is_leader() => {
                Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)
            }
            Reader::Committed => Ok((log, log.last_stable_offset())),
            Reader::Uncommitted => Ok((log, log.high_watermark())),
        }
    }

    fn find(
        &self,
        plan: &FetchPlan,
        planned: &Planned,
        budget: usize,
        at_least_one: bool,
    ) -> Result<Found, ErrorCode> {
        let (log, bound) = self.readable(plan, planned)?;
        let wanted = &planned.wanted;
        let mut found = Found {
            high_watermark: log.high_watermark(),
            last_stable: log.last_stable_offset(),
            log_start: log.start_offset(),
            ..Found::error(ErrorCode::NONE)
        };
        if let Some(end) = diverging(log, wanted)? {
            found.diverging = Some(end);
            return Ok(found);
        }
        let offset = wanted.fetch_offset;
        if offset < log.start_offset() || offset > log.end_offset() {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let limit = usize::try_from(wanted.max_bytes).unwrap_or(0).min(budget);
        let read = log.read(offset, bound, limit, at_least_one);
        let mut records = BytesMut::with_capacity(read.bytes);
        for batch in &read.batches {
            batch.write_to(&mut records);
        }
        if let Some((batch, count)) = &read.tail {
            let end = records.len() + count;
            batch.write_to(&mut records);
            records.truncate(end);
        }
        found.records = records.freeze();
        Ok(found)
    }

    /// Answers a parked fetch with what there is now.
    pub(crate) fn answer_fetch(&mut self, ctx: &mut Context<'_>, asked: &Asked, plan: &FetchPlan) {
        let response = self.fetch_response(ctx, plan);
        self.respond(ctx, asked, &ResponseKind::Fetch(response));
    }

    fn fetch_response(&mut self, ctx: &Context<'_>, plan: &FetchPlan) -> FetchResponse {
        let mut budget = plan.max_bytes;
        let mut any_records = false;
        let mut found = Vec::with_capacity(plan.partitions.len());
        for planned in &plan.partitions {
            let one = self.find(plan, planned, budget, !any_records).unwrap_or_else(Found::error);
            any_records |= !one.records.is_empty();
            budget = budget.saturating_sub(one.records.len());
            found.push((planned, one));
        }
        let session_id = match plan.opened {
            Opened::Sessionless => NO_SESSION,
            Opened::Full => {
                let slots = ctx.config.max_fetch_sessions;
                let uses_ids = plan.version >= FIRST_WITH_IDS;
                let partitions = found
                    .iter()
                    .map(|(planned, one)| (planned.name.clone(), planned.wanted, one.told()));
                self.sessions.create(ctx.now, slots, &mut self.random, uses_ids, partitions)
            }
            Opened::Incremental { session } => {
                found.retain(|(planned, one)| {
                    self.sessions.tell(session, &planned.name, one.told())
                });
                session
            }
        };
        let mut response = FetchResponse::default().with_session_id(session_id);
        let mut endpoints = BTreeMap::new();
        for (planned, one) in found {
            let data = self.partition_data(plan, planned, one, &mut endpoints);
            push(&mut response.responses, &planned.name, data);
        }
        response.node_endpoints = endpoints.into_values().collect();
        response
    }

    fn partition_data(
        &self,
        plan: &FetchPlan,
        planned: &Planned,
        found: Found,
        endpoints: &mut BTreeMap<BrokerId, NodeEndpoint>,
    ) -> PartitionData {
        let is_error = found.error != ErrorCode::NONE;
        let mut data = PartitionData::default()
            .with_partition_index(planned.name.index())
            .with_error_code(found.error.0)
            .with_high_watermark(found.high_watermark)
            .with_last_stable_offset(found.last_stable)
            .with_log_start_offset(found.log_start)
            .with_aborted_transactions(
                // A partition that this broker cannot name gets a fresh answer, whose list is empty
                // and not null (FetchResponse.partitionResponse).
                (planned.key.is_err() || (plan.reader == Reader::Committed && !is_error))
                    .then(Vec::new),
            )
            .with_records(Some(found.records));
        if let Some(end) = found.diverging {
            data.diverging_epoch =
                EpochEndOffset::default().with_epoch(end.epoch).with_end_offset(end.offset);
        }
        let wrong_broker = matches!(
            found.error,
            ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::FENCED_LEADER_EPOCH
        );
        if let (true, Ok(key)) = (wrong_broker && plan.version >= FIRST_WITH_HINTS, planned.key) {
            let hint = self.leader_hint(key);
            data.current_leader = LeaderIdAndEpoch::default()
                .with_leader_id(messages::BrokerId(hint.leader.get()))
                .with_leader_epoch(hint.epoch);
            if let Some(broker) = self.image.live(hint.leader) {
                let endpoint = NodeEndpoint::default()
                    .with_node_id(messages::BrokerId(hint.leader.get()))
                    .with_host(StrBytes::from_string(broker.host.clone()))
                    .with_port(i32::from(broker.port))
                    .with_rack(broker.rack.clone().map(StrBytes::from_string));
                endpoints.insert(hint.leader, endpoint);
            }
        }
        data
    }
}

fn check_follower(replica: &Replica, id: BrokerId, named_epoch: i32) -> Result<(), ErrorCode> {
    let is_replica = replica.as_leader()?.follower_ids().any(|follower| follower == id);
    match (is_replica, named_epoch) {
        (true, _) => Ok(()),
        (false, -1) => Err(ErrorCode::NOT_LEADER_OR_FOLLOWER),
        (false, _) => Err(ErrorCode::UNKNOWN_LEADER_EPOCH),
    }
}

/// Whether the reader's last epoch ended before its offset here (`Partition.readRecords`).
fn diverging(log: &Log, wanted: &SessionPartition) -> Result<Option<EpochEnd>, ErrorCode> {
    if wanted.last_fetched_epoch < 0 {
        return Ok(None);
    }
    let end = log.epoch_end(wanted.last_fetched_epoch);
    if end.offset < 0 || wanted.fetch_offset < log.start_offset() {
        return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
    }
    let diverges = end.epoch < wanted.last_fetched_epoch || end.offset < wanted.fetch_offset;
    Ok(diverges.then_some(end))
}

/// Adds a partition to the last topic if it is the same one.
fn push(topics: &mut Vec<FetchableTopicResponse>, name: &SessionKey, data: PartitionData) {
    let (topic, id) = match name {
        SessionKey::ById(id, _) => (messages::TopicName::default(), id.0),
        SessionKey::ByName(name, _) => (name.to_wire(), uuid::Uuid::nil()),
    };
    match topics.last_mut() {
        Some(last) if last.topic == topic && last.topic_id == id => last.partitions.push(data),
        _ => topics.push(
            FetchableTopicResponse::default()
                .with_topic(topic)
                .with_topic_id(id)
                .with_partitions(vec![data]),
        ),
    }
}

// Not modelled: segments (an answer may reach over what would be two of them), a preferred read
// replica (KIP-392's redirect), aborted transactions, tiered storage, quotas.
