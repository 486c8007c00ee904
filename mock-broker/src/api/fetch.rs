//! Fetch, versions 4 to 18: records, at once or as soon as there are enough.
//!
//! Topics are named by id since version 13. Consumers read up to the high watermark
//! (READ_COMMITTED: the last stable offset), followers up to the end. A fetch waits until min
//! bytes are there, an error or a diverging epoch is found, or max wait is over. The first batch
//! of an answer is given however large it is (KIP-74); everything behind it stays within max
//! bytes. Incremental sessions (KIP-227), epoch checks (KIP-320), diverging epochs (KIP-595),
//! leader hints (KIP-951, since version 16). Since version 11 a follower answers, and a leader sends
//! a consumer on to a replica in its rack, if `replica.selector.class` says so (KIP-392); such an
//! answer has no records and is never waited for. READ_COMMITTED names the transactions that were
//! aborted among what was read.

mod answer;

use std::time::Duration;

use bytes::BytesMut;
use milena_protocol::ErrorCode;
use milena_protocol::StrBytes;
use milena_protocol::ids::{BrokerId, TopicId, TopicName};
use milena_protocol::messages::{self, FetchRequest, FetchResponse, RequestKind, ResponseKind};
use milena_protocol::time::MonoTime;

use self::answer::Found;
use super::body;
use crate::broker::{Answer, Asked, DelayedFetch, Opened, Process, SessionKey, SessionPartition};
use crate::config::ReplicaSelector;
use crate::context::Context;
use crate::log::{EpochEnd, Log};
use crate::message::ReplicaPosition;
use crate::metadata::TopicPartition;
use crate::replication::Replica;
use crate::sabotage::{self, Sabotage};

/// KIP-112 (`KafkaApis.handleFetchRequest`)
const LAST_WITHOUT_STORAGE_ERROR: i16 = 5;
const FIRST_WITH_IDS: i16 = 13;
const FIRST_WITH_HINTS: i16 = 16;
const FIRST_FLEXIBLE: i16 = 12;
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
    /// Where the consumer is, and how it is sent to a replica near by.
    rack: StrBytes,
    selector: ReplicaSelector,
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
    let plan = plan(process, ctx, asked, &request, opened, all);
    let wait = u64::try_from(request.max_wait_ms).unwrap_or(0);
    let redirects = plan
        .partitions
        .iter()
        .any(|planned| process.preferred_read_replica(&plan, planned, ctx.now).is_some());
    if wait > 0 && !plan.partitions.is_empty() && !redirects && !process.is_satisfied(&plan) {
        note_follower(process, ctx, &plan);
        let deadline = ctx.now + Duration::from_millis(wait);
        process.await_bytes(DelayedFetch { asked: *asked, deadline, plan });
        return Answer::Later;
    }
    // A follower is told the high watermark as it was before its fetch: its own trails by a round
    // (`Partition.fetchRecords` reads first).
    let response = process.fetch_response(ctx, asked, &plan);
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
    asked: &Asked,
    request: &FetchRequest,
    opened: Opened,
    all: Vec<(SessionKey, SessionPartition)>,
) -> FetchPlan {
    let version = asked.version;
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
    let mut max_bytes = request.max_bytes.min(ctx.config.fetch_max_bytes);
    if let (false, Some(most)) =
        (matches!(reader, Reader::Follower { .. }), process.largest_fetch(asked.connection))
    {
        // More would be throttled for certain.
        max_bytes = max_bytes.min(most);
    }
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
        rack: request.rack_id.clone(),
        selector: ctx.config.replica_selector,
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
            SessionKey::ById(id, _) => self.image.topic(*id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID),
            SessionKey::ByName(name, _) => {
                self.image.topic_named(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
            }
        }?;
        let key = topic.partition(name.index());
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
            Reader::Follower { id, epoch } => {
                check_follower(replica, id, planned.wanted.current_leader_epoch)?;
                // An earlier incarnation of the follower (KIP-903).
                if epoch != -1 && self.image.live(id).is_some_and(|known| known.epoch > epoch) {
                    return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
                }
                Ok((log, log.end_offset()))
            }
            _ if plan.version < FIRST_A_FOLLOWER_ANSWERS
                && !replica.is_leader()
                && !sabotage::is(Sabotage::FollowerAlwaysAnswers) =>
            {
                Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)
            }
            Reader::Committed if !sabotage::is(Sabotage::UndecidedServed) => {
                Ok((log, log.last_stable_offset()))
            }
            Reader::Uncommitted if sabotage::is(Sabotage::UncommittedServed) => {
                Ok((log, log.end_offset()))
            }
            Reader::Uncommitted | Reader::Committed => Ok((log, log.high_watermark())),
        }
    }

    /// The replica a consumer should rather read from, if there is one nearer (KIP-392).
    fn preferred_read_replica(
        &self,
        plan: &FetchPlan,
        planned: &Planned,
        now: MonoTime,
    ) -> Option<BrokerId> {
        if plan.version < FIRST_A_FOLLOWER_ANSWERS || matches!(plan.reader, Reader::Follower { .. })
        {
            return None;
        }
        let replica = self.replicas.get(&planned.key.ok()?)?;
        let offset = planned.wanted.fetch_offset;
        replica.preferred_read_replica(plan.selector, &plan.rack, offset, &self.image, now)
    }

    fn find(
        &self,
        plan: &FetchPlan,
        planned: &Planned,
        (budget, at_least_one): (usize, bool),
        now: MonoTime,
    ) -> Result<Found, ErrorCode> {
        let (log, bound) = self.readable(plan, planned)?;
        let wanted = &planned.wanted;
        let mut found = Found {
            high_watermark: log.high_watermark(),
            last_stable: log.last_stable_offset(),
            log_start: log.start_offset(),
            preferred: self.preferred_read_replica(plan, planned, now),
            ..Found::error(ErrorCode::NONE)
        };
        if found.preferred.is_some() && !sabotage::is(Sabotage::SentOnWithRecords) {
            return Ok(found);
        }
        if let Some(end) = diverging(log, wanted)? {
            // Without the list of what was aborted, whoever reads (`FetchDataInfo.empty`).
            found.diverging = Some(end);
            return Ok(found);
        }
        let offset = wanted.fetch_offset;
        if offset < log.start_offset() || offset > log.end_offset() {
            if sabotage::is(Sabotage::OutOfRangeIsEmpty) {
                return Ok(found);
            }
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
        if plan.reader == Reader::Committed {
            let is_read = offset < bound;
            let aborted = is_read.then(|| log.aborted_transactions(offset, found.records.len()));
            let mut aborted = aborted.unwrap_or_default();
            if sabotage::is(Sabotage::AbortedUnnamed) {
                aborted.clear();
            }
            if sabotage::is(Sabotage::AbortedOutOfOrder) {
                aborted.reverse();
            }
            found.aborted = Some(aborted);
        }
        Ok(found)
    }

    /// Answers a parked fetch with what there is now.
    pub(crate) fn answer_fetch(&mut self, ctx: &mut Context<'_>, asked: &Asked, plan: &FetchPlan) {
        let response = self.fetch_response(ctx, asked, plan);
        self.respond(ctx, asked, &ResponseKind::Fetch(response));
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
    if wanted.last_fetched_epoch < 0 || sabotage::is(Sabotage::DivergenceUntold) {
        return Ok(None);
    }
    let end = log.epoch_end(wanted.last_fetched_epoch);
    if end.offset < 0 || wanted.fetch_offset < log.start_offset() {
        return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
    }
    let diverges = end.epoch < wanted.last_fetched_epoch || end.offset < wanted.fetch_offset;
    Ok(diverges.then_some(end))
}

// Not modelled: tiered storage, replication quotas.
