//! Records whose topic or partition is not known yet: owned, in a queue per topic, counted
//! against buffer memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use milena_protocol::ids::{PartitionIndex, TopicName};
use milena_protocol::records::HEADER_LEN;
use milena_protocol::time::MonoTime;

use super::completion::Completion;
use super::failures::Failures;
use super::lane::upper_bound;
use crate::record::Record;

/// A record that was put aside.
pub(super) struct ParkedRecord {
    pub(super) record: Record<'static>,
    /// What its delivery waits for.
    pub(super) delivery: Arc<Completion>,
    /// Buffer memory taken for it: enough to open a batch for it alone.
    pub(super) bytes: usize,
    pub(super) since: MonoTime,
    /// Counts the records that were ever parked.
    pub(super) number: u64,
}

impl ParkedRecord {
    pub(super) fn new(
        record: &Record<'_>,
        topic: TopicName,
        (timestamp, since): (i64, MonoTime),
        failures: &Arc<Failures>,
    ) -> Self {
        let bytes = HEADER_LEN + upper_bound(record);
        let timestamp = record.timestamp.unwrap_or(timestamp);
        let nowhere = record.partition.unwrap_or(PartitionIndex(-1));
        let delivery = Completion::new((topic.clone(), nowhere), timestamp, Arc::clone(failures));
        let record = record.to_owned_in(topic).timestamp(timestamp);
        Self { record, delivery, bytes, since, number: 0 }
    }
}

/// All parked records.
#[derive(Default)]
pub(super) struct Parking {
    queues: IndexMap<TopicName, VecDeque<ParkedRecord>, FixedState>,
    pushed: u64,
    closed: bool,
}

impl Parking {
    pub(super) fn push(&mut self, topic: TopicName, mut record: ParkedRecord) {
        self.pushed += 1;
        record.number = self.pushed;
        self.queues.entry(topic).or_default().push_back(record);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    /// Takes no more records, and gives out those that are here.
    pub(super) fn close(&mut self) -> Vec<ParkedRecord> {
        self.closed = true;
        std::mem::take(&mut self.queues).into_values().flatten().collect()
    }

    pub(super) fn refuse_more(&mut self) {
        self.closed = true;
    }

    pub(super) fn topics(&self) -> Vec<TopicName> {
        self.queues.keys().cloned().collect()
    }

    /// Takes the records of a topic; what cannot be placed is put back by [`Parking::restore`].
    pub(super) fn take(&mut self, topic: &TopicName) -> VecDeque<ParkedRecord> {
        self.queues.shift_remove(topic).unwrap_or_default()
    }

    pub(super) fn restore(&mut self, topic: &TopicName, records: VecDeque<ParkedRecord>) {
        if !records.is_empty() {
            self.queues.insert(topic.clone(), records);
        }
    }

    /// Takes the records that have waited for `patience`.
    pub(super) fn take_overdue(&mut self, now: MonoTime, patience: Duration) -> Vec<ParkedRecord> {
        let mut overdue = Vec::new();
        for queue in self.queues.values_mut() {
            while queue.front().is_some_and(|record| record.since + patience <= now) {
                overdue.extend(queue.pop_front());
            }
        }
        self.queues.retain(|_, queue| !queue.is_empty());
        overdue
    }

    /// When the oldest record came.
    pub(super) fn oldest(&self) -> Option<MonoTime> {
        self.queues.values().filter_map(|queue| queue.front()).map(|record| record.since).min()
    }

    /// The number of the record parked last, and of the oldest one still here.
    pub(super) fn numbers(&self) -> (u64, Option<u64>) {
        let oldest = self.queues.values().filter_map(|queue| queue.front()).map(|r| r.number).min();
        (self.pushed, oldest)
    }
}
