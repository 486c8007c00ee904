//! A producer and the brokers it writes to.

use std::collections::BTreeMap;
use std::time::Duration;

use arbitrary::Arbitrary;
use bytes::{Buf, Bytes, BytesMut};
use milena_protocol::ids::{
    BrokerId, LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TopicName,
};
use milena_protocol::messages::ProduceResponse;
use milena_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, PartitionProduceResponse, TopicProduceResponse,
};
use milena_protocol::records::{BatchBuilder, NO_HEADERS};
use milena_protocol::time::MonoTime;
use milena_protocol::{Encodable, ErrorCode, StrBytes, decode};

use super::{PATIENCE, START, code, topic_id};
use crate::config::producer::{Acks, ProducerConfig};
use crate::error::{Hindrance, Persistence, ProduceErrorKind, RequestError, RequestErrorKind};
use crate::machine::producer::{
    Batch, Effect, Incarnation, LaneId, Outcome, Part, ProducerMachine, RequestId,
};
use crate::runtime::core::{EncodeContext, RawResponse};
use crate::runtime::producer::wire::{self, Shape};

/// What happens to a producer.
#[derive(Arbitrary, Clone, Debug)]
pub enum Operation {
    /// A sealed batch comes in.
    Batch {
        /// For which partition.
        lane: u8,
        /// How many records.
        records: u8,
    },
    /// The metadata name a leader, or none.
    Lead {
        /// Of which partition.
        lane: u8,
        /// The broker; none if it is negative.
        leader: i8,
        /// The leader epoch.
        epoch: i8,
        /// The topic's incarnation.
        id: u8,
    },
    /// A producer id that was asked for comes, in this epoch.
    ProducerId(i16),
    /// None can be had.
    NoProducerId(u8),
    /// A request is answered.
    Answer {
        /// Which of those that are open.
        which: u8,
        /// Whether topics are named or identified.
        version: u8,
        /// What is said of each partition.
        partitions: Vec<Said>,
    },
    /// Every partition of a request is acknowledged.
    Acknowledge {
        /// Which of those that are open.
        which: u8,
        /// At this offset.
        offset: u16,
    },
    /// A request is answered with bytes of any kind.
    Bytes {
        /// Which of those that are open.
        which: u8,
        /// The version of the answer.
        version: u8,
        /// What follows the response header.
        body: Vec<u8>,
    },
    /// A request ends without an answer.
    Lose {
        /// Which of those that are open.
        which: u8,
        /// Whether a broker may have got it.
        sent: bool,
        /// Why.
        why: u8,
    },
    /// So many milliseconds pass.
    Pass(u16),
    /// The producer is closed in the middle of things.
    FailEverything,
}

/// What an answer says of a partition.
#[derive(Arbitrary, Clone, Debug)]
pub struct Said {
    partition: u8,
    code: u8,
    base_offset: i8,
    log_start: i8,
    log_append_time: i8,
    leader: (i8, i8),
    records: Vec<i8>,
    message: bool,
}

/// A request on the wire.
struct Sent {
    id: RequestId,
    shape: Shape,
    parts: Vec<SentPart>,
}

/// What one part of it carried: the records by their numbers.
struct SentPart {
    lane: LaneId,
    incarnation: (i64, i16),
    records: Vec<(i32, Record)>,
}

/// A record: its batch, and its place there.
type Record = (u32, u32);

/// Under which numbers records went out that are, or may be, in a log.
type Numbers = BTreeMap<(LaneId, (i64, i16), i32), (Record, Doubt)>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doubt {
    OnWire,
    Lasting,
}

/// A producer, what it was given, and what came of it.
pub struct Driver {
    machine: ProducerMachine<u32>,
    config: ProducerConfig,
    now: MonoTime,
    random: u64,
    sent: Vec<Sent>,
    /// Records of each batch that have not ended.
    waiting: BTreeMap<u32, Vec<bool>>,
    numbers: Numbers,
    batches: u32,
    ids: i64,
    asked: bool,
}

const LANES: u8 = 4;
/// The buffer is full: what a producer's memory is in the client.
const MAX_OPEN: usize = 32;

impl Default for Driver {
    fn default() -> Self {
        let config = ProducerConfig::default();
        let mut machine = ProducerMachine::new(&config);
        for lane in 0..LANES {
            let topic = TopicName::new(["orders", "paid"][usize::from(lane) % 2]).expect("legal");
            let lane = machine.add_partition(topic, PartitionIndex(i32::from(lane / 2)));
            let leader = (Some(BrokerId(1)), LeaderEpoch(0));
            machine.on_leader(START, lane, leader, topic_id(1));
        }
        let mut driver = Self {
            machine,
            config,
            now: START,
            random: 0,
            sent: Vec::new(),
            waiting: BTreeMap::new(),
            numbers: Numbers::new(),
            batches: 0,
            ids: 0,
            asked: false,
        };
        driver.settle();
        driver
    }
}

impl Driver {
    /// Carries out one operation.
    pub fn apply(&mut self, operation: Operation) {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        match operation {
            Operation::Batch { lane, records } => self.batch(lane, records),
            Operation::Lead { lane, leader, epoch, id } => {
                let leader = Some(BrokerId(i32::from(leader))).filter(|id| id.get() >= 0);
                let leader = (leader, LeaderEpoch(i32::from(epoch)));
                let lane = LaneId(u32::from(lane % LANES));
                self.machine.on_leader(self.now, lane, leader, topic_id(id));
            }
            Operation::ProducerId(epoch) if self.asked => {
                self.asked = false;
                // Brokers hand out each id once.
                self.ids += 1;
                let epoch = ProducerEpoch(epoch.max(0));
                let incarnation = Incarnation { id: ProducerId(self.ids), epoch };
                self.machine.on_producer_id(self.now, incarnation);
            }
            Operation::NoProducerId(why) if self.asked => {
                self.asked = false;
                self.machine.on_no_producer_id(self.now, Hindrance::Code(code(why)));
            }
            Operation::ProducerId(_) | Operation::NoProducerId(_) => {}
            Operation::Answer { which, version, partitions } => {
                self.answer(which, version, &partitions);
            }
            Operation::Acknowledge { which, offset } => {
                let all = (0..LANES).map(|partition| Said {
                    partition,
                    code: 1,
                    base_offset: 0,
                    log_start: 0,
                    log_append_time: -1,
                    leader: (-1, -1),
                    records: Vec::new(),
                    message: false,
                });
                let all: Vec<_> = all.collect();
                self.answer_at(which, 13, &all, i64::from(offset));
            }
            Operation::Bytes { which, version, body } => {
                if let Some(sent) = self.take_sent(which) {
                    let version = i16::from(version % 11) + 3;
                    self.end(sent, Ok(RawResponse { version, body: body.into() }));
                }
            }
            Operation::Lose { which, sent, why } => self.lose(which, sent, why),
            Operation::Pass(millis) => self.pass(millis),
            Operation::FailEverything => self.machine.fail_everything(&ProduceErrorKind::Closed),
        }
        self.settle();
    }

    /// Closes the producer: every record that was given to it has ended then, once.
    pub fn finish(mut self) {
        self.apply(Operation::FailEverything);
        while let Some(sent) = self.take_sent(0) {
            let error = self.lost(&sent, RequestErrorKind::Closed, Persistence::Possibly);
            self.end(sent, Err(error));
            self.settle();
        }
        assert!(self.machine.is_idle(), "something is left");
        let left: Vec<_> = self.waiting.keys().collect();
        assert!(left.is_empty(), "never ended: {left:?}");
    }

    fn batch(&mut self, lane: u8, records: u8) {
        if self.waiting.len() >= MAX_OPEN {
            return;
        }
        let (batch, count) = (self.batches, u32::from(records % 16) + 1);
        self.batches += 1;
        let mut builder = BatchBuilder::new(64);
        for at in 0..count {
            let value = [batch.to_be_bytes(), at.to_be_bytes()].concat();
            builder.append(0, None, Some(&value), NO_HEADERS).expect("a few bytes fit");
        }
        self.waiting.insert(batch, vec![true; count as usize]);
        let lane = LaneId(u32::from(lane % LANES));
        self.machine.on_batch(self.now, lane, Batch::new(builder.seal(), batch, self.now));
    }

    fn take_sent(&mut self, which: u8) -> Option<Sent> {
        if self.sent.is_empty() {
            return None;
        }
        Some(self.sent.remove(usize::from(which) % self.sent.len()))
    }

    fn answer(&mut self, which: u8, version: u8, partitions: &[Said]) {
        self.answer_at(which, version, partitions, 0);
    }

    fn answer_at(&mut self, which: u8, version: u8, partitions: &[Said], plus: i64) {
        let Some(sent) = self.take_sent(which) else { return };
        let version = i16::from(version % 11) + 3;
        let mut response = ProduceResponse::default();
        for said in partitions {
            let lane = said.partition % LANES;
            let name = ["orders", "paid"][usize::from(lane) % 2];
            let topic_id = sent.shape.topic_id(LaneId(u32::from(lane)));
            response.responses.push(
                TopicProduceResponse::default()
                    .with_name(StrBytes::from_static_str(name).into())
                    .with_topic_id(topic_id.unwrap_or_default().0)
                    .with_partition_responses(vec![partition_said(said, lane, plus)]),
            );
        }
        let mut body = BytesMut::new();
        let raw = match response.encode(&mut body, version) {
            Ok(()) => Ok(RawResponse { version, body: body.freeze() }),
            // Not every version can say all of this.
            Err(_) => Ok(RawResponse { version, body: Bytes::new() }),
        };
        self.end(sent, raw);
    }

    fn lose(&mut self, which: u8, sent_out: bool, why: u8) {
        let Some(sent) = self.take_sent(which) else { return };
        let kind = match why % 6 {
            0 => RequestErrorKind::TimedOut { after: Duration::from_secs(30) },
            1 => RequestErrorKind::UnsupportedVersion { message: "none".into() },
            2 => RequestErrorKind::Encode { message: "too long".into() },
            3 => RequestErrorKind::Withdrawn,
            4 => RequestErrorKind::UnknownBroker,
            _ => RequestErrorKind::Closed,
        };
        let written = if sent_out { Persistence::Possibly } else { Persistence::No };
        let error = self.lost(&sent, kind, written);
        self.end(sent, Err(error));
    }

    fn lost(&self, sent: &Sent, kind: RequestErrorKind, written: Persistence) -> RequestError {
        let api = milena_protocol::messages::ApiKey::Produce;
        RequestError::new(kind, Some(sent.shape.broker), api, written)
    }

    /// The request is over: notes which numbers are free again, and tells the machine.
    fn end(&mut self, sent: Sent, result: Result<RawResponse, RequestError>) {
        let written = match &result {
            Ok(_) => Persistence::Possibly,
            Err(error) => error.persistence(),
        };
        let reading = sent.shape.read(Acks::All, result);
        for part in &sent.parts {
            let said = reading.answer.code_of(part.lane);
            self.note(part, said, written);
        }
        self.machine.on_answer(self.now, sent.id, reading.answer, self.random);
    }

    /// What is known now about the numbers of a part.
    fn note(&mut self, part: &SentPart, said: Option<ErrorCode>, written: Persistence) {
        let not_in_log = match said {
            // The leader says that it has neither this nor anything in doubt before it.
            Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER | ErrorCode::UNKNOWN_PRODUCER_ID) => {
                self.numbers.retain(|(lane, incarnation, _), _| {
                    (*lane, *incarnation) != (part.lane, part.incarnation)
                });
                return;
            }
            Some(ErrorCode::NONE | ErrorCode::DUPLICATE_SEQUENCE_NUMBER) => false,
            // What a code says of the log is for the machine to know; only what is certain
            // for the strictest reader counts here.
            Some(_) => true,
            None => written == Persistence::No,
        };
        for &(sequence, record) in &part.records {
            let key = (part.lane, part.incarnation, sequence);
            match self.numbers.get_mut(&key) {
                Some((known, doubt)) if *known == record => match (*doubt, not_in_log) {
                    (Doubt::OnWire, true) => drop(self.numbers.remove(&key)),
                    (Doubt::OnWire, false) => *doubt = Doubt::Lasting,
                    (Doubt::Lasting, _) => {}
                },
                Some(_) | None => {}
            }
        }
    }

    fn pass(&mut self, millis: u16) {
        self.now = self.now + Duration::from_millis(u64::from(millis));
        let mut rounds = 0;
        while self.machine.poll_timeout().is_some_and(|due| due <= self.now) {
            self.machine.on_timeout(self.now);
            self.settle();
            rounds += 1;
            assert!(rounds < PATIENCE, "a producer that is always due");
        }
    }

    fn settle(&mut self) {
        let mut rounds = 0;
        while let Some(effect) = self.machine.poll_effect(self.now) {
            rounds += 1;
            assert!(rounds < PATIENCE, "effects without an end");
            match effect {
                Effect::Send { request, broker, parts } => self.send(request, broker, parts),
                Effect::Complete { span, outcome } => {
                    let waiting = self.waiting.get_mut(&span.tag).expect("ends once");
                    for at in span.first..span.first + span.count {
                        let open = std::mem::replace(&mut waiting[at as usize], false);
                        assert!(open, "record {at} of batch {} ended twice", span.tag);
                    }
                    if let Outcome::Acknowledged { base_offset: Some(Offset(base)), .. } = outcome {
                        assert!(base >= 0, "no offset");
                    }
                    if waiting.iter().all(|open| !open) {
                        self.waiting.remove(&span.tag);
                    }
                }
                Effect::FetchProducerId { .. } => {
                    assert!(!self.asked, "asked again before the answer");
                    self.asked = true;
                }
                Effect::RefreshMetadata
                | Effect::Spent(_)
                | Effect::Halved(_)
                | Effect::DataLost { .. } => {}
            }
        }
    }

    fn send(&mut self, id: RequestId, broker: BrokerId, parts: Vec<Part>) {
        let parts_sent: Vec<_> = parts.iter().map(read_part).collect();
        for part in &parts_sent {
            for &(sequence, record) in &part.records {
                let key = (part.lane, part.incarnation, sequence);
                match self.numbers.get(&key) {
                    Some((known, _)) => assert_eq!(*known, record, "numbers of another: {key:?}"),
                    None => drop(self.numbers.insert(key, (record, Doubt::OnWire))),
                }
            }
        }
        let (shape, outgoing) = wire::request(&self.config, broker, parts);
        let client_id = StrBytes::from_static_str("fuzz");
        let version = *outgoing.versions.end();
        let context = EncodeContext { version, correlation_id: 7, client_id: &client_id };
        let mut frame = (outgoing.encode)(context).expect("encodable").to_bytes();
        frame.advance(4);
        decode::request(frame).expect("what is sent can be decoded");
        self.sent.push(Sent { id, shape, parts: parts_sent });
    }
}

fn read_part(part: &Part) -> SentPart {
    let batch = part.batch.to_batch().expect("a batch");
    let records = batch.records().expect("records").enumerate().map(|(at, record)| {
        let value = record.expect("a record").value.expect("a value");
        let number = |at: usize| u32::from_be_bytes(value[at..at + 4].try_into().expect("4 bytes"));
        (part.stamp.base_sequence.plus(at as i32).get(), (number(0), number(4)))
    });
    SentPart {
        lane: part.lane,
        incarnation: (part.stamp.producer_id.get(), part.stamp.producer_epoch.get()),
        records: records.collect(),
    }
}

fn partition_said(said: &Said, lane: u8, plus: i64) -> PartitionProduceResponse {
    let text = || said.message.then(|| StrBytes::from_static_str("so it is"));
    let records = said.records.iter().map(|at| {
        BatchIndexAndErrorMessage::default()
            .with_batch_index(i32::from(*at))
            .with_batch_index_error_message(text())
    });
    PartitionProduceResponse::default()
        .with_index(i32::from(lane / 2))
        .with_error_code(code(said.code).get())
        .with_base_offset(i64::from(said.base_offset) + plus)
        .with_log_start_offset(i64::from(said.log_start))
        .with_log_append_time_ms(i64::from(said.log_append_time))
        .with_error_message(text())
        .with_record_errors(records.collect())
        .with_current_leader(
            LeaderIdAndEpoch::default()
                .with_leader_id(i32::from(said.leader.0).into())
                .with_leader_epoch(i32::from(said.leader.1)),
        )
}

/// Kept here, so that the machine needs no such question.
impl crate::machine::producer::Answer {
    fn code_of(&self, lane: LaneId) -> Option<ErrorCode> {
        match self {
            Self::Partitions(answers) => {
                answers.iter().find(|answer| answer.lane == lane).map(|answer| answer.code)
            }
            Self::Written | Self::Lost { .. } => None,
        }
    }
}
