//! From the bytes of a partition in a Fetch answer to batches the caller may see.
//!
//! The one place where fetched records are checked: CRC and framing here, in the background, so
//! that walking them later cannot fail.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use milena_protocol::ids::{LeaderEpoch, Offset};
use milena_protocol::records::{self, Batch, BatchError, ControlType, RecordCursor};

use super::TopicPartition;
use super::batch::{FetchedBatch, Unwalkable};
use super::isolation::{BatchFacts, BatchKind, IsolationFilter, Visibility};

/// What one answer brought for one partition.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The visible batches, each with the place of its first record to deliver.
    pub(crate) batches: VecDeque<(Arc<FetchedBatch>, RecordCursor)>,
    /// Where to go on after all of it: past control, aborted and empty batches too.
    pub(crate) next: Offset,
    /// The epoch of the last batch, shown or not.
    pub(crate) last_epoch: Option<LeaderEpoch>,
    /// What it counts in the budget.
    pub(crate) bytes: usize,
    /// The end of what could be read when the answer was made.
    pub(crate) end: Option<Offset>,
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

/// Everything readable from `position` on, and why it ends before the bytes do, if it does.
pub(crate) fn decode(
    name: &TopicPartition,
    bytes: Bytes,
    position: Offset,
    filter: &mut IsolationFilter,
) -> (Chunk, Option<Fault>) {
    let charge = bytes.len();
    let mut chunk =
        Chunk { batches: VecDeque::new(), next: position, last_epoch: None, bytes: 0, end: None };
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
        let offset = batch.base_offset();
        let checked = FetchedBatch::checked(name.topic.clone(), name.partition, batch);
        let batch = checked.map_err(|unwalkable| match unwalkable {
            Unwalkable::Batch(error) => fault(&error),
            Unwalkable::Order { index } => Fault {
                offset,
                next_offset: next,
                kind: FaultKind::Corrupt,
                reason: format!("record {index} does not follow the one before it"),
            },
        })?;
        let start = batch.seek(chunk.next);
        if batch.left(&start) > 0 {
            chunk.batches.push_back((Arc::new(batch), start));
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
    match batch.control_type() {
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
