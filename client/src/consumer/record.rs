//! A record as it is read: borrowed from the batch, or sharing it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use milena_protocol::ids::{LeaderEpoch, Offset, PartitionIndex};
use milena_protocol::records::{Headers, RecordView, TimestampType};

use crate::machine::fetch::{FetchedBatch, RecordSpans};

/// A record, borrowed from [`Records`](super::Records). Copying it copies a few pointers.
#[derive(Clone, Copy)]
pub struct RecordRef<'a> {
    batch: &'a Arc<FetchedBatch>,
    view: RecordView<'a>,
}

impl<'a> RecordRef<'a> {
    #[inline]
    pub(super) fn new(batch: &'a Arc<FetchedBatch>, view: RecordView<'a>) -> Self {
        Self { batch, view }
    }

    /// The topic.
    pub fn topic(&self) -> &'a str {
        &self.batch.topic
    }

    /// The partition.
    pub fn partition(&self) -> PartitionIndex {
        self.batch.partition
    }

    /// The offset in the partition.
    pub fn offset(&self) -> Offset {
        self.view.offset
    }

    /// Milliseconds since 1970-01-01 UTC: the producer's time, or the broker's if
    /// [`RecordRef::timestamp_type`] says so.
    pub fn timestamp(&self) -> i64 {
        self.view.timestamp
    }

    /// What the timestamp means.
    pub fn timestamp_type(&self) -> TimestampType {
        self.batch.timestamp_type()
    }

    /// The key; `None` is not the same as empty.
    pub fn key(&self) -> Option<&'a [u8]> {
        self.view.key
    }

    /// The value; `None` is a tombstone and not the same as empty.
    pub fn value(&self) -> Option<&'a [u8]> {
        self.view.value
    }

    /// The headers: keys and values in the order they were written, duplicates included.
    pub fn headers(&self) -> Headers<'a> {
        self.view.headers()
    }

    /// The epoch of the leader that took the record, if known.
    pub fn leader_epoch(&self) -> Option<LeaderEpoch> {
        epoch_of(self.batch)
    }

    /// A copy in memory of its own, which keeps nothing else alive.
    pub fn detach(&self) -> ConsumerRecord {
        let (batch, spans) =
            self.batch.alone(&self.view).expect("a record that was read can be written again");
        ConsumerRecord { batch: Arc::new(batch), spans }
    }
}

impl fmt::Debug for RecordRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "RecordRef", *self)
    }
}

/// A record that owns a share of the answer it came in. Cloning it counts a reference.
///
/// As long as it lives, the whole answer stays in memory; [`ConsumerRecord::detach`] gives a copy
/// that does not.
#[derive(Clone)]
pub struct ConsumerRecord {
    batch: Arc<FetchedBatch>,
    spans: RecordSpans,
}

impl ConsumerRecord {
    #[inline]
    pub(super) fn new(batch: Arc<FetchedBatch>, spans: RecordSpans) -> Self {
        Self { batch, spans }
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        &self.batch.topic
    }

    /// The partition.
    pub fn partition(&self) -> PartitionIndex {
        self.batch.partition
    }

    /// The offset in the partition.
    pub fn offset(&self) -> Offset {
        self.spans.offset
    }

    /// Milliseconds since 1970-01-01 UTC: the producer's time, or the broker's if
    /// [`ConsumerRecord::timestamp_type`] says so.
    pub fn timestamp(&self) -> i64 {
        self.spans.timestamp
    }

    /// What the timestamp means.
    pub fn timestamp_type(&self) -> TimestampType {
        self.batch.timestamp_type()
    }

    /// The key; `None` is not the same as empty.
    pub fn key(&self) -> Option<&[u8]> {
        self.spans.key.map(|span| self.batch.bytes(span))
    }

    /// The value; `None` is a tombstone and not the same as empty.
    pub fn value(&self) -> Option<&[u8]> {
        self.spans.value.map(|span| self.batch.bytes(span))
    }

    /// The key as shared bytes, which keep the answer alive as the record does.
    pub fn key_bytes(&self) -> Option<Bytes> {
        self.spans.key.map(|span| self.batch.share(span))
    }

    /// The value as shared bytes, which keep the answer alive as the record does.
    pub fn value_bytes(&self) -> Option<Bytes> {
        self.spans.value.map(|span| self.batch.share(span))
    }

    /// The headers: keys and values in the order they were written, duplicates included.
    pub fn headers(&self) -> Headers<'_> {
        self.batch.headers(self.spans.at)
    }

    /// The epoch of the leader that took the record, if known.
    pub fn leader_epoch(&self) -> Option<LeaderEpoch> {
        epoch_of(&self.batch)
    }

    /// A copy in memory of its own, which keeps nothing else alive.
    #[must_use]
    pub fn detach(&self) -> Self {
        let mut cursor = self.spans.at;
        match self.batch.read(&mut cursor) {
            Some(view) => RecordRef::new(&self.batch, view).detach(),
            None => self.clone(),
        }
    }
}

impl fmt::Debug for ConsumerRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cursor = self.spans.at;
        match self.batch.read(&mut cursor) {
            Some(view) => describe(f, "ConsumerRecord", RecordRef::new(&self.batch, view)),
            None => f.debug_struct("ConsumerRecord").finish_non_exhaustive(),
        }
    }
}

fn epoch_of(batch: &FetchedBatch) -> Option<LeaderEpoch> {
    Some(batch.leader_epoch()).filter(|epoch| *epoch != LeaderEpoch::UNKNOWN)
}

fn describe(f: &mut fmt::Formatter<'_>, name: &str, record: RecordRef<'_>) -> fmt::Result {
    f.debug_struct(name)
        .field("topic", &record.topic())
        .field("partition", &record.partition())
        .field("offset", &record.offset())
        .field("timestamp", &record.timestamp())
        .field("key_len", &record.key().map(<[u8]>::len))
        .field("value_len", &record.value().map(<[u8]>::len))
        .field("headers", &record.headers().len())
        .finish()
}
