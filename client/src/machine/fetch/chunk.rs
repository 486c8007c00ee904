//! From the bytes of a partition in a Fetch answer to batches the caller may see.
//!
//! The one place where fetched records are checked. CRC and framing are looked at in the
//! background, as the answer comes. A batch that is not compressed is walked there, too, so that
//! walking it later cannot fail. One that is compressed stays as it is until its turn comes: it is
//! opened on the caller's side, within the budget of one poll, and what is wrong with it shows then.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use milena_protocol::compression::{Codec, CompressionError, DecompressionBudget, Scope};
use milena_protocol::ids::{LeaderEpoch, Offset, TopicId};
use milena_protocol::records::{
    self, Batch, BatchError, BatchErrorKind, ControlType, RecordCursor,
};

use super::TopicPartition;
use super::batch::{FetchedBatch, Unwalkable};
use super::isolation::{BatchFacts, BatchKind, IsolationFilter, Visibility};
use crate::error::consume::ConsumeError;

/// What one answer brought for one partition.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The visible batches.
    pub(crate) batches: VecDeque<Shown>,
    /// Where to go on after all of it: past control, aborted and empty batches too.
    pub(crate) next: Offset,
    /// The epoch of the last batch, shown or not.
    pub(crate) last_epoch: Option<LeaderEpoch>,
    /// What it counts in the budget.
    pub(crate) bytes: usize,
    /// What the first batch counts beside that, if it was compressed and is open now.
    pub(crate) opened: usize,
    /// The end of what could be read when the answer was made.
    pub(crate) end: Option<Offset>,
    /// The topic it is of, where the cluster tells.
    pub(crate) topic_id: TopicId,
}

/// A batch that is to be shown.
#[derive(Debug)]
pub(crate) enum Shown {
    /// It can be walked; its first record to deliver is after this place.
    Open(Arc<FetchedBatch>, RecordCursor),
    /// It is compressed.
    Packed(PackedBatch),
}

/// A compressed batch, checked as far as that goes without opening it.
#[derive(Debug)]
pub(crate) struct PackedBatch {
    name: TopicPartition,
    batch: Batch,
    /// The first offset to deliver.
    from: Offset,
}

/// Why the first batch of a chunk is not open.
#[derive(Debug)]
pub(crate) enum Unopened {
    /// It cannot be read.
    Fault(Fault),
    /// It may be when the budget of this poll is renewed.
    Later,
}

/// Why a batch cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) offset: Offset,
    pub(crate) next_offset: Offset,
    pub(crate) kind: FaultKind,
    pub(crate) reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Corrupt,
    Unsupported,
}

/// No marker has more. Zstandard may ask for a window of this size, however little it holds.
const MARKER_SIZE: usize = 2 * 1024 * 1024;

impl Fault {
    /// The same for the caller.
    pub(crate) fn into_error(self, name: TopicPartition) -> ConsumeError {
        let TopicPartition { topic, partition } = name;
        let Self { offset, next_offset, kind, reason } = self;
        match kind {
            FaultKind::Corrupt => {
                ConsumeError::CorruptBatch { topic, partition, offset, next_offset, reason }
            }
            FaultKind::Unsupported => {
                ConsumeError::UnsupportedBatch { topic, partition, offset, next_offset, reason }
            }
        }
    }
}

impl Chunk {
    /// Sees to it that the first batch, if there is one, can be walked.
    pub(crate) fn open(&mut self, budget: &mut DecompressionBudget) -> Result<(), Unopened> {
        while let Some(Shown::Packed(packed)) = self.batches.front() {
            match packed.open(budget)? {
                Some((batch, start)) => {
                    self.opened = batch.payload_len();
                    self.batches[0] = Shown::Open(Arc::new(batch), start);
                }
                // Compaction left nothing of it behind the position.
                None => drop(self.batches.pop_front()),
            }
        }
        Ok(())
    }

    /// The first batch and the place in it, if it is open.
    pub(crate) fn front_mut(&mut self) -> Option<(&mut Arc<FetchedBatch>, &mut RecordCursor)> {
        match self.batches.front_mut()? {
            Shown::Open(batch, cursor) => Some((batch, cursor)),
            Shown::Packed(_) => None,
        }
    }

    /// Takes the first batch out, if it is open.
    pub(crate) fn pop_front(&mut self) -> Option<Arc<FetchedBatch>> {
        self.front_mut()?;
        self.opened = 0;
        match self.batches.pop_front()? {
            Shown::Open(batch, _) => Some(batch),
            Shown::Packed(_) => None,
        }
    }

    /// Moves the batches into memory of their own.
    pub(crate) fn detach(&mut self) {
        for shown in &mut self.batches {
            match shown {
                Shown::Open(batch, _) => {
                    if let Some(own) = batch.detached() {
                        *batch = Arc::new(own);
                    }
                }
                Shown::Packed(packed) => {
                    let own = packed.batch.stamped().to_bytes();
                    if let Some(Ok(own)) = records::batches(own).next() {
                        packed.batch = own;
                    }
                }
            }
        }
    }
}

impl PackedBatch {
    /// The batch and its first record to deliver, if it has one.
    fn open(
        &self,
        budget: &mut DecompressionBudget,
    ) -> Result<Option<(FetchedBatch, RecordCursor)>, Unopened> {
        match self.batch.decompressed(budget) {
            Ok(batch) => walkable(&self.name, batch, self.from).map_err(Unopened::Fault),
            Err(error) => Err(match beyond(&error) {
                Some(Scope::Fetch) => Unopened::Later,
                Some(Scope::Batch) => {
                    let mut fault = fault_of(&error, self.from);
                    fault.reason.push_str(" (max_decompressed)");
                    Unopened::Fault(fault)
                }
                None => Unopened::Fault(fault_of(&error, self.from)),
            }),
        }
    }
}

/// Which part of the budget did not suffice, if that is what is wrong.
fn beyond(error: &BatchError) -> Option<Scope> {
    match &error.kind {
        BatchErrorKind::Compression(
            CompressionError::TooLarge { scope, .. } | CompressionError::Window { scope, .. },
        ) => Some(*scope),
        _ => None,
    }
}

/// Walks a batch once, and finds its first record at or after `from`.
fn walkable(
    name: &TopicPartition,
    batch: Batch,
    from: Offset,
) -> Result<Option<(FetchedBatch, RecordCursor)>, Fault> {
    let (offset, next_offset) = (batch.base_offset(), batch.next_offset());
    let checked = FetchedBatch::checked(name.topic.clone(), name.partition, batch);
    let batch = checked.map_err(|unwalkable| match unwalkable {
        Unwalkable::Batch(error) => fault_of(&error, from),
        Unwalkable::Order { index } => Fault {
            offset,
            next_offset,
            kind: FaultKind::Corrupt,
            reason: format!("record {index} does not follow the one before it"),
        },
    })?;
    let start = batch.seek(from);
    Ok((batch.left(&start) > 0).then_some((batch, start)))
}

/// Everything readable from `position` on, and why it ends before the bytes do, if it does.
pub(crate) fn decode(
    name: &TopicPartition,
    bytes: Bytes,
    position: Offset,
    filter: &mut IsolationFilter,
) -> (Chunk, Option<Fault>) {
    let charge = bytes.len();
    let mut chunk = Chunk {
        batches: VecDeque::new(),
        next: position,
        last_epoch: None,
        bytes: 0,
        opened: 0,
        end: None,
        topic_id: TopicId::ZERO,
    };
    let mut seen = 0_usize;
    let mut fault = None;
    for batch in records::batches(bytes) {
        seen += 1;
        let taken = match batch {
            Ok(batch) => take(name, batch, &mut chunk, filter),
            Err(error) => Err(fault_of(&error, chunk.next)),
        };
        if let Err(found) = taken {
            fault = Some(found);
            break;
        }
    }
    if seen == 0 && charge > 0 {
        // KIP-74: since version 3 a broker sends the first batch whole, however large.
        fault = Some(Fault {
            offset: position,
            next_offset: position.next(),
            kind: FaultKind::Corrupt,
            reason: format!("{charge} bytes came, but no complete batch"),
        });
    }
    if !chunk.batches.is_empty() {
        chunk.bytes = charge;
    }
    (chunk, fault)
}

fn take(
    name: &TopicPartition,
    batch: Batch,
    chunk: &mut Chunk,
    filter: &mut IsolationFilter,
) -> Result<(), Fault> {
    let next = batch.next_offset();
    if next <= chunk.next {
        // A broker sends whole batches; one that ends before the position has nothing new.
        return Ok(());
    }
    let fault = |error: &BatchError| fault_of(error, chunk.next);
    batch.verify_crc().map_err(|error| fault(&error))?;
    let facts = BatchFacts {
        producer_id: batch.header.producer_id,
        last_offset: batch.last_offset(),
        kind: kind_of(&batch),
    };
    let epoch = batch.header.leader_epoch;
    if filter.judge(facts) == Visibility::Shown && batch.count() > 0 {
        // What cannot be read is known before it is opened if this build has no such codec.
        let codec = batch.codec().and_then(|codec| codec.ensure_built().map(|()| codec));
        match codec {
            Ok(Codec::None) => {
                let open = walkable(name, batch, chunk.next)?;
                let open = open.map(|(batch, start)| Shown::Open(Arc::new(batch), start));
                chunk.batches.extend(open);
            }
            Ok(_) => {
                let packed = PackedBatch { name: name.clone(), batch, from: chunk.next };
                chunk.batches.push_back(Shown::Packed(packed));
            }
            Err(error) => {
                return Err(Fault {
                    offset: batch.base_offset(),
                    next_offset: next,
                    kind: FaultKind::Unsupported,
                    reason: error.to_string(),
                });
            }
        }
    }
    chunk.next = next;
    if epoch != LeaderEpoch::UNKNOWN {
        chunk.last_epoch = Some(epoch);
    }
    Ok(())
}

fn kind_of(batch: &Batch) -> BatchKind {
    if !batch.is_control() {
        return if batch.is_transactional() { BatchKind::Transactional } else { BatchKind::Plain };
    }
    // A marker this client does not understand ends no transaction, and is passed all the same.
    let marker = batch.decompressed(&mut DecompressionBudget::for_one_batch(MARKER_SIZE));
    match marker.and_then(|marker| marker.control_type()) {
        Ok(Some(ControlType::Abort)) => BatchKind::AbortMarker,
        _ => BatchKind::OtherControl,
    }
}

fn fault_of(error: &BatchError, position: Offset) -> Fault {
    let kind = if error.is_corrupt() { FaultKind::Corrupt } else { FaultKind::Unsupported };
    // A damaged header may claim any place; going on behind the position is what can be promised.
    let next_offset = error.next_offset.unwrap_or(position).max(position.next());
    let offset = error.base_offset.max(Offset::ZERO);
    Fault { offset, next_offset, kind, reason: error.kind.to_string() }
}
