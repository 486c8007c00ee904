//! The machine against a peer that says what the test tells it to.

mod doubts;
mod log;
mod property;
mod rules;
mod splits;

use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{
    BrokerId, LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, TopicId, TopicName,
};
use milena_protocol::records::{BatchBuilder, NO_HEADERS, StampedBatch};
use milena_protocol::time::MonoTime;

use super::{
    Answer, Batch, Effect, Incarnation, LaneId, Outcome, Part, PartitionAnswer, ProducerMachine,
    RequestId,
};
use crate::config::producer::ProducerConfig;
use crate::error::{Persistence, ProduceError, ProduceErrorKind, RequestErrorKind};

/// What a test calls its batches.
type Name = &'static str;

/// Which records of which batch ended how: with an offset, without, or not at all.
type Ended = (Name, u32, u32, Result<Option<i64>, ProduceError>);

/// A request that a test has in its hands.
#[derive(Debug)]
struct Sent {
    id: RequestId,
    broker: BrokerId,
    parts: Vec<Part>,
}

impl Sent {
    /// Epoch, base sequence and record count of the only part.
    fn numbers(&self) -> (i16, i32, usize) {
        assert_eq!(self.parts.len(), 1, "{self:?}");
        numbers(&self.parts[0])
    }

    fn lanes(&self) -> Vec<u32> {
        self.parts.iter().map(|part| part.lane.0).collect()
    }

    fn bytes(&self) -> &StampedBatch {
        &self.parts[0].batch
    }
}

fn numbers(part: &Part) -> (i16, i32, usize) {
    let records = part.batch.to_batch().expect("a batch").header.record_count;
    (part.stamp.producer_epoch.get(), part.stamp.base_sequence.get(), records as usize)
}

/// The machine with everything it has said so far.
struct Bench {
    machine: ProducerMachine<Name>,
    now: MonoTime,
    done: Vec<Ended>,
    sent: std::collections::VecDeque<Sent>,
    refreshes: usize,
    ids_asked: usize,
    losses: usize,
    halvings: Vec<LaneId>,
}

const A: LaneId = LaneId(0);
const B: LaneId = LaneId(1);
const ONE: BrokerId = BrokerId(1);
const TWO: BrokerId = BrokerId(2);

fn id(number: u128) -> TopicId {
    TopicId(uuid::Uuid::from_u128(number))
}

impl Bench {
    /// Two partitions of one topic, led by broker 1, and a producer id.
    fn new() -> Self {
        Self::with(ProducerConfig::default())
    }

    fn with(config: ProducerConfig) -> Self {
        let mut bench = Self::blank(config);
        bench.machine.on_producer_id(bench.now, incarnation(7, 0));
        bench.settle();
        // One batch each, so that the partitions are past their first acknowledgement.
        for lane in [A, B] {
            bench.batch(lane, "first", 1);
            bench.ack_next(0);
        }
        bench.done.clear();
        bench
    }

    fn blank(config: ProducerConfig) -> Self {
        let mut machine = ProducerMachine::new(&config);
        let topic = TopicName::new("orders").expect("legal");
        let now = MonoTime::from_millis(1_000);
        for index in 0..2 {
            let lane = machine.add_partition(topic.clone(), PartitionIndex(index));
            machine.on_leader(now, lane, (Some(ONE), LeaderEpoch(1)), id(1));
        }
        let mut bench = Self {
            machine,
            now,
            done: Vec::new(),
            sent: std::collections::VecDeque::new(),
            refreshes: 0,
            ids_asked: 0,
            losses: 0,
            halvings: Vec::new(),
        };
        bench.settle();
        bench
    }

    /// Carries out what the machine wants.
    fn settle(&mut self) {
        while let Some(effect) = self.machine.poll_effect(self.now) {
            match effect {
                Effect::Send { request, broker, parts } => {
                    self.sent.push_back(Sent { id: request, broker, parts });
                }
                Effect::Complete { span, outcome } => {
                    let outcome = match outcome {
                        Outcome::Acknowledged { base_offset, .. } => {
                            Ok(base_offset.map(Offset::get))
                        }
                        Outcome::Failed(error) => Err(error),
                    };
                    self.done.push((span.tag, span.first, span.count, outcome));
                }
                Effect::Spent(_) => {}
                Effect::Halved(lane) => self.halvings.push(lane),
                Effect::FetchProducerId { .. } => self.ids_asked += 1,
                Effect::RefreshMetadata => self.refreshes += 1,
                Effect::DataLost { .. } => self.losses += 1,
            }
        }
    }

    /// A sealed batch of so many records comes in.
    fn batch(&mut self, lane: LaneId, name: Name, records: usize) {
        let mut builder = BatchBuilder::new(64);
        for at in 0..records {
            let value = format!("{name} {at}");
            builder.append(0, None, Some(value.as_bytes()), NO_HEADERS).expect("fits");
        }
        self.machine.on_batch(self.now, lane, Batch::new(builder.seal(), name, self.now));
        self.settle();
    }

    fn next(&mut self) -> Sent {
        self.sent.pop_front().expect("a request went out")
    }

    fn nothing_goes_out(&self) {
        assert!(self.sent.is_empty(), "{:?}", self.sent);
    }

    fn answer(&mut self, sent: &Sent, answer: Answer) {
        self.machine.on_answer(self.now, sent.id, answer, 20);
        self.settle();
    }

    fn answer_code(&mut self, sent: &Sent, code: ErrorCode, base_offset: i64) {
        let answers = sent.parts.iter().map(|part| said(part.lane, code, base_offset)).collect();
        self.answer(sent, Answer::Partitions(answers));
    }

    fn ack(&mut self, sent: &Sent, base_offset: i64) {
        self.answer_code(sent, ErrorCode::NONE, base_offset);
    }

    fn ack_next(&mut self, base_offset: i64) -> Sent {
        let sent = self.next();
        self.ack(&sent, base_offset);
        sent
    }

    /// The connection breaks after the request was written.
    fn lose(&mut self, sent: &Sent) {
        let kind = RequestErrorKind::TimedOut { after: Duration::from_secs(30) };
        self.answer(sent, Answer::Lost { kind, written: Persistence::Possibly });
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.machine.on_timeout(self.now);
        self.settle();
    }

    /// Lets the longest backoff pass.
    fn back_off(&mut self) {
        self.pass(Duration::from_millis(1_300));
    }

    fn lead(&mut self, lane: LaneId, leader: Option<BrokerId>, epoch: i32) {
        self.machine.on_leader(self.now, lane, (leader, LeaderEpoch(epoch)), id(1));
        self.settle();
    }

    /// The batch was acknowledged as a whole; gives its offset.
    fn acknowledged(&self, name: Name) -> Option<i64> {
        let outcomes: Vec<_> = self.done.iter().filter(|(n, ..)| *n == name).collect();
        let [(_, 0, _, Ok(offset))] = outcomes[..] else { panic!("{name}: {outcomes:?}") };
        *offset
    }

    fn failed(&self, name: Name) -> &ProduceError {
        let outcomes: Vec<_> = self.done.iter().filter(|(n, ..)| *n == name).collect();
        let [(_, 0, _, Err(error))] = outcomes[..] else { panic!("{name}: {outcomes:?}") };
        error
    }

    fn is_open(&self, name: Name) -> bool {
        self.done.iter().all(|(n, ..)| *n != name)
    }
}

fn incarnation(id: i64, epoch: i16) -> Incarnation {
    Incarnation { id: ProducerId(id), epoch: ProducerEpoch(epoch) }
}

fn said(lane: LaneId, code: ErrorCode, base_offset: i64) -> PartitionAnswer {
    PartitionAnswer {
        lane,
        code,
        message: None,
        base_offset: Offset(base_offset),
        log_append_time: None,
        log_start: Some(Offset(0)),
        record_errors: Vec::new(),
    }
}
