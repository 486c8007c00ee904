//! The machine and the shelf together, with brokers played by the tests.

#[cfg(not(feature = "compression-gzip"))]
mod codec_off;
#[cfg(all(
    feature = "compression-gzip",
    feature = "compression-lz4",
    feature = "compression-zstd"
))]
mod compression;
mod memory;
mod reading;
mod resets;
mod sessions;
mod shelf;
mod validation;

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use milena_protocol::ErrorCode;
use milena_protocol::ids::{
    BrokerId, LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TopicId,
    TopicName,
};
use milena_protocol::messages::fetch_response::{
    AbortedTransaction, FetchableTopicResponse, PartitionData,
};
use milena_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use milena_protocol::messages::{FetchResponse, ListOffsetsResponse};
use milena_protocol::records::{BatchBuilder, BatchKind, NO_HEADERS, Stamp};
use milena_protocol::time::MonoTime;

use super::*;
use crate::config::consumer::FetchConfig;
use crate::error::{Persistence, RequestError, RequestErrorKind};

pub(super) const B1: BrokerId = BrokerId(1);
pub(super) const B2: BrokerId = BrokerId(2);

/// The id all topics have at first.
pub(super) fn first_id() -> TopicId {
    TopicId(uuid::Uuid::from_u128(1))
}

/// A machine, its shelf, and the time.
pub(super) struct Rig {
    pub(super) machine: FetchMachine,
    pub(super) shelf: Shelf,
    pub(super) now: MonoTime,
    pub(super) refreshes: usize,
}

impl Rig {
    /// Reads these partitions of "orders", led by broker 1 in epoch 3.
    pub(super) fn new(config: FetchConfig, partitions: &[(i32, Start)]) -> Self {
        config.check().unwrap();
        let now = MonoTime::from_millis(1_000);
        let shelf = Shelf::new(&config);
        let mut rig = Self { machine: FetchMachine::new(config), shelf, now, refreshes: 0 };
        for &(partition, start) in partitions {
            let name = orders(partition);
            let slot = rig.shelf.assign(name.clone(), start).unwrap();
            rig.machine.assign(now, slot, name, Generation::default(), start);
        }
        for &(partition, _) in partitions {
            rig.lead(partition, 1, 3);
        }
        rig
    }

    /// Reads partition 0 from an offset with the default configuration.
    pub(super) fn at(offset: i64) -> Self {
        Self::new(FetchConfig::default(), &[(0, Start::at(offset))])
    }

    pub(super) fn slot(&self, partition: i32) -> Slot {
        self.shelf.slot("orders", PartitionIndex(partition)).unwrap()
    }

    pub(super) fn lead(&mut self, partition: i32, leader: i32, epoch: i32) {
        self.lead_as(partition, leader, epoch, first_id());
    }

    pub(super) fn lead_as(&mut self, partition: i32, leader: i32, epoch: i32, topic_id: TopicId) {
        let leader = (leader >= 0).then_some(BrokerId(leader));
        let epoch = LeaderEpoch(epoch);
        let found = Leadership { topic_id, leader, epoch };
        self.machine.on_leadership(self.now, self.slot(partition), Some(found));
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.now = self.now + by;
    }

    /// Lets machine and shelf come to rest; gives what has to be asked of brokers.
    pub(super) fn settle(&mut self) -> Vec<Effect> {
        let mut asked = Vec::new();
        loop {
            while let Some(command) = self.shelf.poll_command() {
                self.machine.on_command(self.now, command);
            }
            self.machine.on_timeout(self.now);
            let mut moved = false;
            while let Some(effect) = self.machine.poll_effect() {
                match effect {
                    Effect::Deliver(item) => {
                        self.shelf.put(item);
                        moved = true;
                    }
                    Effect::RefreshMetadata => self.refreshes += 1,
                    other => asked.push(other),
                }
            }
            if !moved && self.shelf_is_quiet() {
                return asked;
            }
        }
    }

    fn shelf_is_quiet(&mut self) -> bool {
        match self.shelf.poll_command() {
            Some(command) => {
                self.machine.on_command(self.now, command);
                false
            }
            None => true,
        }
    }

    pub(super) fn fetches(&mut self) -> Vec<FetchPlan> {
        let plans = self.settle().into_iter().filter_map(|effect| match effect {
            Effect::Fetch(plan) => Some(plan),
            _ => None,
        });
        plans.collect()
    }

    /// The one fetch that is due.
    pub(super) fn fetch(&mut self) -> FetchPlan {
        let mut plans = self.fetches();
        assert_eq!(plans.len(), 1, "{plans:?}");
        plans.remove(0)
    }

    /// The one look-up that is due.
    pub(super) fn lookup(&mut self) -> OffsetLookup {
        let found = self.settle().into_iter().find_map(|effect| match effect {
            Effect::ListOffsets(lookup) => Some(lookup),
            _ => None,
        });
        found.expect("a ListOffsets is due")
    }

    /// The one validation that is due.
    pub(super) fn validation(&mut self) -> EpochLookup {
        let found = self.settle().into_iter().find_map(|effect| match effect {
            Effect::ValidateEpochs(lookup) => Some(lookup),
            _ => None,
        });
        found.expect("an OffsetForLeaderEpoch is due")
    }

    pub(super) fn answer(&mut self, broker: BrokerId, partitions: Vec<PartitionData>) {
        self.answer_in(broker, 77, partitions);
    }

    pub(super) fn answer_in(&mut self, broker: BrokerId, session: i32, data: Vec<PartitionData>) {
        let topic =
            FetchableTopicResponse::default().with_topic_id(first_id().0).with_partitions(data);
        let response =
            FetchResponse::default().with_session_id(session).with_responses(vec![topic]);
        self.answer_with(broker, response);
    }

    pub(super) fn answer_with(&mut self, broker: BrokerId, response: FetchResponse) {
        let answer = FetchAnswer { version: 17, response };
        self.machine.on_fetch_answer(self.now, broker, Ok(answer));
    }

    pub(super) fn lose(&mut self, broker: BrokerId) {
        let kind = RequestErrorKind::TimedOut { after: Duration::from_secs(30) };
        let error = RequestError::new(
            kind,
            Some(broker),
            milena_protocol::messages::ApiKey::Fetch,
            Persistence::Possibly,
        );
        self.machine.on_fetch_answer(self.now, broker, Err(error));
    }

    /// Answers a look-up of partition 0.
    pub(super) fn found(&mut self, lookup: &OffsetLookup, code: ErrorCode, offset: i64) {
        let partition = ListOffsetsPartitionResponse::default()
            .with_partition_index(0)
            .with_error_code(code.get())
            .with_offset(offset);
        let topic = ListOffsetsTopicResponse::default()
            .with_name(orders(0).topic.to_wire())
            .with_partitions(vec![partition]);
        let response = ListOffsetsResponse::default().with_topics(vec![topic]);
        self.machine.on_offsets_answer(self.now, lookup, Ok(response));
    }

    /// Takes up to `max` records; gives partition and offset of each.
    pub(super) fn poll(&mut self, max: usize) -> Vec<(i32, i64)> {
        let mut offsets = Vec::new();
        self.shelf.renew();
        while offsets.len() < max {
            match self.shelf.take(max - offsets.len()) {
                Some(Step::Records(mut portion)) => {
                    for _ in 0..portion.count {
                        let offset = portion.batch.read(&mut portion.start).unwrap().offset;
                        offsets.push((portion.batch.partition.get(), offset.get()));
                    }
                }
                Some(Step::Event(event)) => panic!("unexpected {event:?}"),
                Some(Step::Failed(error)) => panic!("unexpected {error}"),
                Some(Step::Enough) | None => break,
            }
        }
        offsets
    }

    pub(super) fn offsets(&mut self, max: usize) -> Vec<i64> {
        self.poll(max).into_iter().map(|(_, offset)| offset).collect()
    }

    pub(super) fn error(&mut self) -> crate::error::consume::ConsumeError {
        match self.shelf.take(usize::MAX) {
            Some(Step::Failed(error)) => error,
            other => panic!("expected an error, not {other:?}"),
        }
    }

    pub(super) fn event(&mut self) -> ShelfEvent {
        match self.shelf.take(usize::MAX) {
            Some(Step::Event(event)) => event,
            other => panic!("expected an event, not {other:?}"),
        }
    }

    pub(super) fn position(&self, partition: i32) -> Position {
        self.shelf.position(self.slot(partition))
    }
}

pub(super) fn orders(partition: i32) -> TopicPartition {
    TopicPartition {
        topic: TopicName::new("orders").unwrap(),
        partition: PartitionIndex(partition),
    }
}

/// The offsets a plan asks for, by partition.
pub(super) fn asked(plan: &FetchPlan) -> Vec<(i32, i64)> {
    let asked = plan.session.send.iter();
    asked.map(|wish| (wish.name.partition.get(), wish.offset.get())).collect()
}

pub(super) fn forgotten(plan: &FetchPlan) -> Vec<i32> {
    plan.session.forget.iter().map(|gone| gone.name.partition.get()).collect()
}

/// A batch of `count` records from offset `base` on, written in epoch 3.
pub(super) fn batch(base: i64, count: usize) -> Bytes {
    batch_of(base, count, 10, LeaderEpoch(3), &Stamp::default())
}

pub(super) fn batch_of(
    base: i64,
    count: usize,
    size: usize,
    epoch: LeaderEpoch,
    stamp: &Stamp,
) -> Bytes {
    let mut builder = BatchBuilder::new(64);
    for _ in 0..count {
        builder.append(1_000, None, Some(&vec![b'v'; size]), NO_HEADERS).unwrap();
    }
    let batch = builder.seal().stamp(stamp).to_batch().unwrap();
    batch.relocate(Offset(base), epoch).to_bytes()
}

/// A batch of a transaction of producer 9.
pub(super) fn transactional(base: i64, count: usize) -> Bytes {
    let stamp = Stamp {
        producer_id: ProducerId(9),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(0),
        kind: BatchKind::Transactional,
    };
    batch_of(base, count, 10, LeaderEpoch(3), &stamp)
}

/// The marker that ends a transaction of producer 9: 0 aborts, 1 commits.
pub(super) fn marker(base: i64, kind: i16) -> Bytes {
    let stamp = Stamp {
        producer_id: ProducerId(9),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence::NONE,
        kind: BatchKind::TransactionMarker,
    };
    let mut builder = BatchBuilder::new(64);
    let [k0, k1] = kind.to_be_bytes();
    builder.append(1_000, Some(&[0, 0, k0, k1]), Some(&[0; 6]), NO_HEADERS).unwrap();
    let batch = builder.seal().stamp(&stamp).to_batch().unwrap();
    batch.relocate(Offset(base), LeaderEpoch(3)).to_bytes()
}

/// A batch that compaction emptied: it spans `count` offsets and holds no record.
pub(super) fn emptied(base: i64, count: usize) -> Bytes {
    let mut header = BytesMut::from(&batch(base, count)[..61]);
    let length = 61 - 12;
    header[8..12].copy_from_slice(&i32::to_be_bytes(length));
    header[57..61].copy_from_slice(&0_i32.to_be_bytes());
    with_crc(header)
}

/// A batch that claims to be compressed with a codec that does not exist.
pub(super) fn compressed(base: i64, count: usize) -> Bytes {
    let mut bytes = BytesMut::from(&batch(base, count)[..]);
    bytes[22] |= 5;
    with_crc(bytes)
}

/// A batch with a flipped bit in its last record.
pub(super) fn damaged(base: i64, count: usize) -> Bytes {
    let mut bytes = BytesMut::from(&batch(base, count)[..]);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    bytes.freeze()
}

fn with_crc(mut bytes: BytesMut) -> Bytes {
    let mut crc = u32::MAX;
    for byte in &bytes[21..] {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82f6_3b78 & (!(crc & 1)).wrapping_add(1));
        }
    }
    bytes[17..21].copy_from_slice(&(!crc).to_be_bytes());
    bytes.freeze()
}

pub(super) fn joined(parts: &[Bytes]) -> Bytes {
    let mut all = BytesMut::new();
    parts.iter().for_each(|part| all.put_slice(part));
    all.freeze()
}

/// What a broker says about a partition that has these bytes and ends at 1,000,000.
pub(super) fn data(partition: i32, records: Bytes) -> PartitionData {
    PartitionData::default()
        .with_partition_index(partition)
        .with_high_watermark(1_000_000)
        .with_last_stable_offset(900_000)
        .with_records(Some(records))
        .with_preferred_read_replica((-1).into())
}

pub(super) fn refused(partition: i32, code: ErrorCode) -> PartitionData {
    data(partition, Bytes::new()).with_error_code(code.get()).with_high_watermark(-1)
}

pub(super) fn aborting(data: PartitionData, first_offset: i64) -> PartitionData {
    let aborted =
        AbortedTransaction::default().with_producer_id(9.into()).with_first_offset(first_offset);
    data.with_aborted_transactions(Some(vec![aborted]))
}

pub(super) fn nothing(partition: i32) -> PartitionData {
    data(partition, Bytes::new())
}
