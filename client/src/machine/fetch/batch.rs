//! A batch as it waits for the caller: checked, cheap to share.
//!
//! Its records are walked by a [`RecordCursor`], a place between two records, so that a delivery
//! may end in the middle of a batch without anything being copied.

use bytes::BytesMut;
use milena_protocol::ids::{LeaderEpoch, Offset, PartitionIndex, TopicName};
use milena_protocol::records::{
    self, Batch, BatchBuilder, BatchError, Headers, RecordCursor, RecordView, Stamp, TimestampType,
};

/// A batch of records of one partition. Made by [`FetchedBatch::checked`] only, so every record in
/// it is known to be well formed.
#[derive(Debug)]
pub(crate) struct FetchedBatch {
    pub(crate) topic: TopicName,
    pub(crate) partition: PartitionIndex,
    batch: Batch,
}

/// A record in terms of places in its batch's payload, for those who keep the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordSpans {
    pub(crate) offset: Offset,
    pub(crate) timestamp: i64,
    pub(crate) key: Option<Span>,
    pub(crate) value: Option<Span>,
    /// Before the record, from where its headers can be read.
    pub(crate) at: RecordCursor,
}

/// Bytes of a payload. A payload is part of a frame and so shorter than 2 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

/// Why the records of a batch cannot be walked.
#[derive(Debug)]
pub(crate) enum Unwalkable {
    Batch(BatchError),
    /// Offsets do not rise from record to record.
    Order {
        index: usize,
    },
}

impl FetchedBatch {
    /// Takes a batch after one walk over all its records.
    pub(crate) fn checked(
        topic: TopicName,
        partition: PartitionIndex,
        batch: Batch,
    ) -> Result<Self, Unwalkable> {
        let mut cursor = RecordCursor::START;
        let mut previous = None;
        while let Some(record) = cursor.next(&batch) {
            let offset = record.map_err(Unwalkable::Batch)?.offset;
            if previous.is_some_and(|previous| offset <= previous) {
                return Err(Unwalkable::Order { index: cursor.read() - 1 });
            }
            previous = Some(offset);
        }
        Ok(Self { topic, partition, batch })
    }

    /// A batch of one record, in memory of its own.
    pub(crate) fn alone(&self, record: &RecordView<'_>) -> Option<(Self, RecordSpans)> {
        let headers: Vec<_> = record.headers().collect();
        let size =
            BatchBuilder::new(0).encoded_size(record.timestamp, record.key, record.value, &headers);
        let mut builder = BatchBuilder::new(size);
        builder.append(record.timestamp, record.key, record.value, &headers).ok()?;
        let batch = builder.seal().stamp(&Stamp::default()).to_batch().ok()?;
        let mut batch = batch.at(record.offset, self.leader_epoch());
        if self.timestamp_type() == TimestampType::LogAppendTime {
            batch = batch.with_append_time(record.timestamp);
        }
        let alone = Self { topic: self.topic.clone(), partition: self.partition, batch };
        let spans = alone.read_spans(&mut RecordCursor::START.clone())?;
        Some((alone, spans))
    }

    /// How many records there are from `cursor` on.
    pub(crate) fn left(&self, cursor: &RecordCursor) -> usize {
        self.batch.count() - cursor.read()
    }

    /// The record after `cursor`, which is moved past it.
    #[inline]
    pub(crate) fn read(&self, cursor: &mut RecordCursor) -> Option<RecordView<'_>> {
        cursor.next(&self.batch)?.ok()
    }

    /// The same as places instead of slices.
    #[inline]
    pub(crate) fn read_spans(&self, cursor: &mut RecordCursor) -> Option<RecordSpans> {
        let at = *cursor;
        let record = self.read(cursor)?;
        let payload: &[u8] = self.batch.payload();
        let span = |bytes: &[u8]| Span {
            start: (bytes.as_ptr() as usize - payload.as_ptr() as usize) as u32,
            length: bytes.len() as u32,
        };
        Some(RecordSpans {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(span),
            value: record.value.map(span),
            at,
        })
    }

    /// The place of the first record at or after `offset`.
    pub(crate) fn seek(&self, offset: Offset) -> RecordCursor {
        let mut cursor = RecordCursor::START;
        if offset <= self.batch.base_offset() {
            return cursor;
        }
        let mut next = cursor;
        while let Some(record) = self.read(&mut next) {
            if record.offset >= offset {
                break;
            }
            cursor = next;
        }
        cursor
    }

    #[inline]
    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        let start = span.start as usize;
        self.batch.payload().get(start..start + span.length as usize).unwrap_or_default()
    }

    /// The bytes of a span, sharing the payload.
    pub(crate) fn share(&self, span: Span) -> bytes::Bytes {
        self.batch.payload().slice_ref(self.bytes(span))
    }

    pub(crate) fn payload_len(&self) -> usize {
        self.batch.payload().len()
    }

    pub(crate) fn next_offset(&self) -> Offset {
        self.batch.next_offset()
    }

    pub(crate) fn leader_epoch(&self) -> LeaderEpoch {
        self.batch.header.leader_epoch
    }

    pub(crate) fn timestamp_type(&self) -> TimestampType {
        self.batch.timestamp_type()
    }

    /// The headers of the record after `at`.
    pub(crate) fn headers(&self, at: RecordCursor) -> Headers<'_> {
        let mut cursor = at;
        self.read(&mut cursor).map_or_else(Headers::default, |record| record.headers())
    }

    /// The same batch in memory of its own.
    pub(crate) fn detached(&self) -> Option<Self> {
        let mut own = BytesMut::with_capacity(self.batch.size());
        self.batch.write_to(&mut own);
        let batch = records::batches(own.freeze()).next()?.ok()?;
        Some(Self { topic: self.topic.clone(), partition: self.partition, batch })
    }
}
