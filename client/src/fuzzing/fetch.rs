//! A consumer, its caller, and the brokers it reads from.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use arbitrary::Arbitrary;
use bytes::{Bytes, BytesMut};
use milena_protocol::compression::Codec;
use milena_protocol::ids::{
    BrokerId, LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TopicName,
};
use milena_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint,
    PartitionData,
};
use milena_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use milena_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset as EpochEnd, OffsetForLeaderTopicResult,
};
use milena_protocol::messages::{
    ApiKey, FetchRequest, FetchResponse, ListOffsetsResponse, OffsetForLeaderEpochResponse,
};
use milena_protocol::records::{BatchBuilder, BatchKind, NO_HEADERS, Stamp};
use milena_protocol::time::MonoTime;
use milena_protocol::{Encodable, StrBytes, decode};

use super::{PATIENCE, START, code, topic_id};
use crate::config::consumer::{FetchConfig, IsolationLevel, OffsetReset, Start};
use crate::error::{Persistence, RequestError, RequestErrorKind};
use crate::machine::fetch::{
    Effect, EpochLookup, FetchAnswer, FetchMachine, FetchPlan, Generation, Leadership,
    OffsetLookup, Shelf, ShelfEvent, Slot, Step, TopicPartition,
};

/// What happens to a consumer.
#[derive(Arbitrary, Clone, Debug)]
pub enum Operation {
    /// The metadata tell of a leader, or that there is none.
    Lead {
        /// Of which partition.
        partition: u8,
        /// The broker; none if it is negative.
        leader: i8,
        /// The leader epoch.
        epoch: i8,
        /// The topic's incarnation.
        id: u8,
    },
    /// The metadata do not know the partition (any more).
    Missing(u8),
    /// The cluster refuses to tell of it.
    Refused(u8, u8),
    /// A fetch is answered.
    Answer {
        /// Which of those that are open.
        which: u8,
        /// The version of the answer.
        version: u8,
        /// The error code of the whole answer.
        error: u8,
        /// The fetch session.
        session: i8,
        /// What is said of each partition.
        partitions: Vec<Said>,
    },
    /// A fetch is answered with records right where they were asked for.
    Records {
        /// Which of those that are open.
        which: u8,
        /// The records.
        records: Vec<Records>,
    },
    /// A fetch is answered with bytes of any kind.
    Bytes {
        /// Which of those that are open.
        which: u8,
        /// The version of the answer.
        version: u8,
        /// What follows the response header.
        body: Vec<u8>,
    },
    /// A fetch ends without an answer.
    Lose {
        /// Which of those that are open.
        which: u8,
        /// Why.
        why: u8,
    },
    /// A ListOffsets is over: code and offset per partition, or nothing came.
    Offsets {
        /// Which of those that are open.
        which: u8,
        /// Partition, code, offset.
        answers: Option<Vec<(u8, u8, i16)>>,
    },
    /// An OffsetForLeaderEpoch is over: code, epoch and end per partition, or nothing came.
    Epochs {
        /// Which of those that are open.
        which: u8,
        /// Partition, code, epoch, end.
        answers: Option<Vec<(u8, u8, i8, i16)>>,
    },
    /// The caller goes elsewhere: at an offset, or a start.
    Seek(u8, i16),
    /// The caller pauses a partition.
    Pause(u8),
    /// The caller resumes it.
    Resume(u8),
    /// The caller takes up to so many records.
    Poll(u8),
    /// The caller takes one record.
    Next,
    /// So many milliseconds pass.
    Pass(u16),
}

/// What an answer says of a partition.
#[derive(Arbitrary, Clone, Debug)]
pub struct Said {
    partition: u8,
    id: u8,
    code: u8,
    high_watermark: i16,
    last_stable: i16,
    leader: (i8, i8),
    diverging: (i8, i16),
    replica: i8,
    aborted: Vec<(u8, i16)>,
    records: Vec<Records>,
}

/// Bytes of a log.
#[derive(Arbitrary, Clone, Debug)]
pub enum Records {
    /// A batch.
    Batch {
        /// How far it begins from where the one before ended.
        beside: i8,
        /// How many records.
        count: u8,
        /// The leader epoch it was written in.
        epoch: i8,
        /// Its producer.
        producer: u8,
        /// Plain, transactional, or a marker of some type.
        kind: u8,
        /// How it is compressed.
        codec: u8,
        /// How many bytes that compress well are in each record.
        filling: u16,
        /// Where a bit is flipped afterwards, if one is.
        flip: Option<u16>,
        /// How much of its end is missing.
        missing: u8,
    },
    /// Anything.
    Raw(Vec<u8>),
}

/// A consumer of three partitions, and what was asked of brokers.
pub struct Driver {
    machine: FetchMachine,
    shelf: Shelf,
    now: MonoTime,
    fetches: BTreeMap<BrokerId, FetchPlan>,
    lookups: VecDeque<OffsetLookup>,
    validations: VecDeque<EpochLookup>,
    /// The lowest offset that may come next, per partition.
    next: [Offset; PARTITIONS as usize],
    /// How many records were delivered.
    taken: u64,
}

const PARTITIONS: u8 = 3;
const STARTS: [Start; PARTITIONS as usize] =
    [Start::Earliest, Start::Offset(Offset(5)), Start::Latest];

impl Default for Driver {
    fn default() -> Self {
        let config = FetchConfig {
            buffer_bytes: 16 * 1024,
            partition_max_bytes: 4 * 1024,
            max_decompressed: 256 * 1024,
            max_decompressed_poll: 300 * 1024,
            isolation: IsolationLevel::ReadCommitted,
            reset: OffsetReset::Earliest,
            ..FetchConfig::default()
        };
        let mut shelf = Shelf::new(&config);
        let mut machine = FetchMachine::new(config);
        for (partition, start) in (0..).zip(STARTS) {
            let name = orders(partition);
            let slot = shelf.assign(name.clone(), start).expect("assigned once");
            machine.assign(START, slot, name, Generation::default(), start);
        }
        Self {
            machine,
            shelf,
            now: START,
            fetches: BTreeMap::new(),
            lookups: VecDeque::new(),
            validations: VecDeque::new(),
            next: STARTS.map(first_of),
            taken: 0,
        }
    }
}

impl Driver {
    /// Carries out one operation.
    pub fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Lead { partition, leader, epoch, id } => {
                let found = Leadership {
                    topic_id: topic_id(id),
                    leader: Some(BrokerId(i32::from(leader))).filter(|id| id.get() >= 0),
                    epoch: LeaderEpoch(i32::from(epoch).max(-1)),
                };
                self.machine.on_leadership(self.now, slot(partition), Some(found));
            }
            Operation::Missing(partition) => {
                self.machine.on_leadership(self.now, slot(partition), None);
            }
            Operation::Refused(partition, error) => {
                self.machine.on_topic_refused(slot(partition), code(error));
            }
            Operation::Answer { which, version, error, session, partitions } => {
                self.answer(which, version, (error, session), &partitions);
            }
            Operation::Records { which, records } => self.records(which, &records),
            Operation::Bytes { which, version, body } => {
                if let Some(plan) = self.take_fetch(which) {
                    let version = i16::from(version % 15) + 4;
                    let answer = match decode::response::<FetchRequest>(version, body.into()) {
                        Ok(response) => Ok(FetchAnswer { version, response }),
                        Err(error) => {
                            let message = error.to_string().into();
                            Err(lost(plan.broker, RequestErrorKind::Decode { message }))
                        }
                    };
                    self.machine.on_fetch_answer(self.now, plan.broker, answer);
                }
            }
            Operation::Lose { which, why } => {
                if let Some(plan) = self.take_fetch(which) {
                    let error = Err(lost(plan.broker, loss(why)));
                    self.machine.on_fetch_answer(self.now, plan.broker, error);
                }
            }
            Operation::Offsets { which, answers } => self.offsets(which, answers),
            Operation::Epochs { which, answers } => self.epochs(which, answers),
            Operation::Seek(partition, to) => self.seek(partition, to),
            Operation::Pause(partition) => self.shelf.pause(slot(partition)),
            Operation::Resume(partition) => self.shelf.resume(slot(partition)),
            Operation::Poll(max) => self.poll(usize::from(max) + 1),
            Operation::Next => self.take_one(),
            Operation::Pass(millis) => self.pass(millis),
        }
        self.settle();
    }

    /// Takes everything there is: no memory is held after that.
    pub fn finish(mut self) {
        for partition in 0..PARTITIONS {
            self.shelf.resume(slot(partition));
        }
        while let Some(plan) = self.take_fetch(0) {
            let error = Err(lost(plan.broker, RequestErrorKind::Closed));
            self.machine.on_fetch_answer(self.now, plan.broker, error);
        }
        self.deliver();
        // Each poll ends where its budget does.
        for _ in 0..PATIENCE {
            let before = self.taken;
            self.poll(usize::MAX);
            self.deliver();
            if self.taken == before {
                break;
            }
        }
        assert_eq!(self.machine.held_bytes(), 0, "bytes that nobody will give back");
        self.machine.close();
        self.deliver();
    }

    fn take_fetch(&mut self, which: u8) -> Option<FetchPlan> {
        let open = self.fetches.len().max(1);
        let broker = *self.fetches.keys().nth(usize::from(which) % open)?;
        self.fetches.remove(&broker)
    }

    fn answer(&mut self, which: u8, version: u8, (error, session): (u8, i8), said: &[Said]) {
        let Some(plan) = self.take_fetch(which) else { return };
        let version = i16::from(version % 15) + 4;
        let topics = said.iter().map(|said| {
            let partition = said.partition % (PARTITIONS + 1);
            let asked = asked_offset(&plan, partition);
            FetchableTopicResponse::default()
                .with_topic(StrBytes::from_static_str("orders").into())
                .with_topic_id(topic_id(said.id).0)
                .with_partitions(vec![partition_said(said, partition, asked)])
        });
        let endpoint = NodeEndpoint::default()
            .with_node_id(1.into())
            .with_host(StrBytes::from_static_str("elsewhere"))
            .with_port(9092);
        let response = FetchResponse::default()
            .with_error_code(code(error).get())
            .with_session_id(i32::from(session))
            .with_responses(topics.collect())
            .with_node_endpoints(vec![endpoint]);
        let answer = Ok(FetchAnswer { version, response });
        self.machine.on_fetch_answer(self.now, plan.broker, answer);
    }

    fn records(&mut self, which: u8, records: &[Records]) {
        let Some(plan) = self.take_fetch(which) else { return };
        let topics = plan.session.send.iter().map(|wish| {
            let data = PartitionData::default()
                .with_partition_index(wish.name.partition.get())
                .with_high_watermark(1 << 40)
                .with_last_stable_offset(1 << 40)
                .with_preferred_read_replica((-1).into())
                .with_records(Some(log_of(records, wish.offset.get())));
            FetchableTopicResponse::default()
                .with_topic(wish.name.topic.to_wire())
                .with_topic_id(wish.topic_id.0)
                .with_partitions(vec![data])
        });
        let response = FetchResponse::default().with_session_id(7).with_responses(topics.collect());
        let version = plan.max_version().min(17);
        let answer = Ok(FetchAnswer { version, response });
        self.machine.on_fetch_answer(self.now, plan.broker, answer);
    }

    fn offsets(&mut self, which: u8, answers: Option<Vec<(u8, u8, i16)>>) {
        let open = self.lookups.len().max(1);
        let Some(lookup) = self.lookups.remove(usize::from(which) % open) else { return };
        let answer = answers.map(|answers| {
            let partitions = answers.into_iter().map(|(partition, error, offset)| {
                ListOffsetsPartitionResponse::default()
                    .with_partition_index(i32::from(partition % PARTITIONS))
                    .with_error_code(code(error).get())
                    .with_offset(i64::from(offset))
            });
            let topic = ListOffsetsTopicResponse::default()
                .with_name(StrBytes::from_static_str("orders").into())
                .with_partitions(partitions.collect());
            ListOffsetsResponse::default().with_topics(vec![topic])
        });
        let answer = answer.ok_or_else(|| lost(lookup.broker, loss(which)));
        self.machine.on_offsets_answer(self.now, &lookup, answer);
    }

    fn epochs(&mut self, which: u8, answers: Option<Vec<(u8, u8, i8, i16)>>) {
        let open = self.validations.len().max(1);
        let Some(lookup) = self.validations.remove(usize::from(which) % open) else { return };
        let answer = answers.map(|answers| {
            let partitions = answers.into_iter().map(|(partition, error, epoch, end)| {
                EpochEnd::default()
                    .with_partition(i32::from(partition % PARTITIONS))
                    .with_error_code(code(error).get())
                    .with_leader_epoch(i32::from(epoch))
                    .with_end_offset(i64::from(end))
            });
            let topic = OffsetForLeaderTopicResult::default()
                .with_topic(StrBytes::from_static_str("orders").into())
                .with_partitions(partitions.collect());
            OffsetForLeaderEpochResponse::default().with_topics(vec![topic])
        });
        let answer = answer.ok_or_else(|| lost(lookup.broker, loss(which)));
        self.machine.on_epochs_answer(self.now, &lookup, answer);
    }

    fn seek(&mut self, partition: u8, to: i16) {
        let start = match to {
            -1 => Start::Latest,
            -2 => Start::Earliest,
            negative if negative < 0 => Start::Timestamp(-i64::from(negative)),
            offset => Start::from(i64::from(offset)),
        };
        self.shelf.seek(slot(partition), start);
        self.next[usize::from(partition % PARTITIONS)] = first_of(start);
    }

    fn poll(&mut self, max: usize) {
        let mut left = max;
        self.shelf.renew();
        while left > 0 {
            let Some(step) = self.shelf.take(left) else { break };
            match step {
                Step::Records(mut portion) => {
                    assert!(portion.count > 0 && portion.count <= left, "{portion:?}");
                    left -= portion.count;
                    for _ in 0..portion.count {
                        let record = portion.batch.read(&mut portion.start);
                        let record = record.expect("a delivered record can be read");
                        for (key, value) in record.headers() {
                            std::hint::black_box((key, value));
                        }
                        let offset = record.offset;
                        self.delivered(portion.batch.partition, offset);
                    }
                }
                Step::Event(event) => self.reset(&event),
                Step::Failed(error) => drop(std::hint::black_box(error.to_string())),
                Step::Enough if left < max => break,
                // At the beginning of a poll there is nothing that the budget was spent on, but
                // for batches without a record to deliver.
                Step::Enough => self.shelf.renew(),
            }
        }
    }

    fn take_one(&mut self) {
        self.shelf.renew();
        match self.shelf.take_one() {
            Some(Step::Records((batch, spans))) => {
                std::hint::black_box((spans.key, spans.value).0.map(|span| batch.bytes(span)));
                self.delivered(batch.partition, spans.offset);
            }
            Some(Step::Event(event)) => self.reset(&event),
            Some(Step::Failed(_) | Step::Enough) | None => {}
        }
    }

    fn delivered(&mut self, partition: PartitionIndex, offset: Offset) {
        let next = &mut self.next[partition.get() as usize];
        assert!(offset >= *next, "{partition}: {offset} after {next}");
        *next = offset.next();
        self.taken += 1;
    }

    fn reset(&mut self, event: &ShelfEvent) {
        let ShelfEvent::Reset { name, new, .. } = event;
        self.next[name.partition.get() as usize] = *new;
    }

    fn pass(&mut self, millis: u16) {
        self.now = self.now + Duration::from_millis(u64::from(millis));
        self.settle();
    }

    /// Lets machine and shelf come to rest.
    fn settle(&mut self) {
        let mut rounds = 0;
        loop {
            self.machine.on_timeout(self.now);
            let moved = self.deliver();
            if !moved && self.machine.poll_timeout().is_none_or(|due| due > self.now) {
                break;
            }
            rounds += 1;
            assert!(rounds < PATIENCE, "a consumer that never comes to rest");
        }
    }

    fn deliver(&mut self) -> bool {
        let mut moved = false;
        while let Some(command) = self.shelf.poll_command() {
            self.machine.on_command(self.now, command);
            moved = true;
        }
        let mut rounds = 0;
        while let Some(effect) = self.machine.poll_effect() {
            rounds += 1;
            assert!(rounds < PATIENCE, "effects without an end");
            match effect {
                Effect::Deliver(item) => {
                    self.shelf.put(item);
                    moved = true;
                }
                Effect::Fetch(plan) => self.fetch(plan),
                Effect::ListOffsets(lookup) => self.lookups.push_back(lookup),
                Effect::ValidateEpochs(lookup) => self.validations.push_back(lookup),
                Effect::EndSession { session_id, .. } => {
                    std::hint::black_box(FetchMachine::end_of_session(session_id));
                }
                Effect::Withdraw(_) | Effect::RefreshMetadata | Effect::LeaderHints(_) => {}
            }
        }
        moved
    }

    fn fetch(&mut self, plan: FetchPlan) {
        for version in [4, 11, 12, 17] {
            if version <= plan.max_version() {
                let mut bytes = BytesMut::new();
                let request = plan.to_request(version);
                request.encode(&mut bytes, version).expect("every version can carry a plan");
            }
        }
        let before = self.fetches.insert(plan.broker, plan);
        assert!(before.is_none(), "two fetches of one broker at once");
    }
}

fn slot(partition: u8) -> Slot {
    Slot(u32::from(partition % PARTITIONS))
}

fn orders(partition: i32) -> TopicPartition {
    let topic = TopicName::new("orders").expect("legal");
    TopicPartition { topic, partition: PartitionIndex(partition) }
}

fn first_of(start: Start) -> Offset {
    match start {
        Start::Offset(offset) => offset,
        Start::Earliest | Start::Latest | Start::Timestamp(_) => Offset::ZERO,
    }
}

fn asked_offset(plan: &FetchPlan, partition: u8) -> i64 {
    let mut wishes = plan.session.send.iter();
    let wish = wishes.find(|wish| wish.name.partition.get() == i32::from(partition));
    wish.map_or(0, |wish| wish.offset.get())
}

fn partition_said(said: &Said, partition: u8, asked: i64) -> PartitionData {
    let aborted = said.aborted.iter().map(|(producer, first)| {
        AbortedTransaction::default()
            .with_producer_id(i64::from(*producer % 4).into())
            .with_first_offset(i64::from(*first))
    });
    PartitionData::default()
        .with_partition_index(i32::from(partition))
        .with_error_code(code(said.code).get())
        .with_high_watermark(i64::from(said.high_watermark))
        .with_last_stable_offset(i64::from(said.last_stable))
        .with_preferred_read_replica(i32::from(said.replica).into())
        .with_current_leader(
            LeaderIdAndEpoch::default()
                .with_leader_id(i32::from(said.leader.0).into())
                .with_leader_epoch(i32::from(said.leader.1)),
        )
        .with_diverging_epoch(
            EpochEndOffset::default()
                .with_epoch(i32::from(said.diverging.0))
                .with_end_offset(i64::from(said.diverging.1)),
        )
        .with_aborted_transactions(Some(aborted.collect()))
        .with_records(Some(log_of(&said.records, asked)))
}

fn log_of(records: &[Records], asked: i64) -> Bytes {
    let mut log = BytesMut::new();
    let mut next = asked;
    for part in records {
        match part {
            Records::Raw(bytes) => log.extend_from_slice(bytes),
            Records::Batch {
                beside,
                count,
                epoch,
                producer,
                kind,
                codec,
                filling,
                flip,
                missing,
            } => {
                let base = next.saturating_add(i64::from(*beside)).max(0);
                let count = count % 8 + 1;
                next = base.saturating_add(i64::from(count));
                let facts = (base, count, LeaderEpoch(i32::from(*epoch)));
                let filling = usize::from(*filling % 1024);
                let mut batch = batch(facts, (*producer, *kind), (*codec, filling));
                if let Some(at) = flip {
                    let at = usize::from(*at) % batch.len();
                    batch[at] ^= 1;
                }
                batch.truncate(batch.len() - usize::from(*missing).min(batch.len()));
                log.extend_from_slice(&batch);
            }
        }
    }
    log.freeze()
}

fn batch(
    (base, count, epoch): (i64, u8, LeaderEpoch),
    (producer, kind): (u8, u8),
    (codec, filling): (u8, usize),
) -> BytesMut {
    let codec = Codec::ALL[usize::from(codec) % Codec::ALL.len()];
    let codec = if codec.is_built() { codec } else { Codec::None };
    let marker = kind % 4 >= 2;
    let kind_of = match kind % 4 {
        0 => BatchKind::Plain,
        1 => BatchKind::Transactional,
        _ => BatchKind::TransactionMarker,
    };
    let stamp = Stamp {
        producer_id: ProducerId(i64::from(producer % 4) - 1),
        producer_epoch: ProducerEpoch(0),
        base_sequence: if marker { Sequence::NONE } else { Sequence(0) },
        kind: kind_of,
    };
    let mut builder = BatchBuilder::new(64);
    for at in 0..count {
        let appended = match marker {
            // Version 0, and the type: abort, commit, or one of tomorrow.
            true => builder.append(1, Some(&[0, 0, 0, kind / 4]), Some(&[0; 6]), NO_HEADERS),
            false => builder.append(1, None, Some(&vec![at; filling]), NO_HEADERS),
        };
        appended.expect("a few bytes fit");
    }
    let sealed = builder.seal_compressed(codec.into()).expect("the codec is built");
    let batch = sealed.stamp(&stamp).to_batch().expect("a batch");
    BytesMut::from(&batch.relocate(Offset(base), epoch).to_bytes()[..])
}

fn loss(why: u8) -> RequestErrorKind {
    match why % 4 {
        0 => RequestErrorKind::TimedOut { after: Duration::from_secs(30) },
        1 => RequestErrorKind::UnsupportedVersion { message: "none".into() },
        2 => RequestErrorKind::Withdrawn,
        _ => RequestErrorKind::UnknownBroker,
    }
}

fn lost(broker: BrokerId, kind: RequestErrorKind) -> RequestError {
    RequestError::new(kind, Some(broker), ApiKey::Fetch, Persistence::No)
}
