//! What one poll gives.

use std::sync::Arc;

use milena_protocol::records::RecordCursor;

use super::event::ConsumerEvent;
use super::record::{ConsumerRecord, RecordRef};
use crate::machine::fetch::{FetchedBatch, Portion};

/// Records handed over by one poll, in the order of each partition.
///
/// `for record in &records` walks them borrowed: nothing is allocated or counted per record.
/// `for record in records` gives owned records, which share the memory of their answer.
#[derive(Debug, Default)]
pub struct Records {
    portions: Vec<Portion>,
    count: usize,
    events: Vec<ConsumerEvent>,
}

impl Records {
    pub(super) fn push(&mut self, portion: Portion) {
        self.count += portion.count;
        self.portions.push(portion);
    }

    pub(super) fn set_events(&mut self, events: Vec<ConsumerEvent>) {
        self.events = events;
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The records, borrowed.
    pub fn iter(&self) -> Iter<'_> {
        Iter { portions: self.portions.iter(), current: None, left: 0, cursor: RecordCursor::START }
    }

    /// What happened since the last poll that did not stop a partition.
    pub fn events(&self) -> &[ConsumerEvent] {
        &self.events
    }
}

/// The records of a poll, borrowed. Made by [`Records::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    portions: std::slice::Iter<'a, Portion>,
    current: Option<&'a Arc<FetchedBatch>>,
    left: usize,
    cursor: RecordCursor,
}

impl<'a> Iterator for Iter<'a> {
    type Item = RecordRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecordRef<'a>> {
        while self.left == 0 {
            let portion = self.portions.next()?;
            self.current = Some(&portion.batch);
            self.left = portion.count;
            self.cursor = portion.start;
        }
        self.left -= 1;
        let batch = self.current?;
        Some(RecordRef::new(batch, batch.read(&mut self.cursor)?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest: usize = self.portions.clone().map(|portion| portion.count).sum();
        (self.left + rest, Some(self.left + rest))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Records {
    type Item = RecordRef<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The records of a poll, owned. Made by `Records::into_iter`.
#[derive(Debug)]
pub struct IntoIter {
    portions: std::vec::IntoIter<Portion>,
    current: Option<Portion>,
}

impl Iterator for IntoIter {
    type Item = ConsumerRecord;

    #[inline]
    fn next(&mut self) -> Option<ConsumerRecord> {
        loop {
            if let Some(portion) = &mut self.current
                && portion.count > 0
            {
                portion.count -= 1;
                let spans = portion.batch.read_spans(&mut portion.start)?;
                return Some(ConsumerRecord::new(Arc::clone(&portion.batch), spans));
            }
            self.current = Some(self.portions.next()?);
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let current = self.current.as_ref().map_or(0, |portion| portion.count);
        let rest: usize = self.portions.as_slice().iter().map(|portion| portion.count).sum();
        (current + rest, Some(current + rest))
    }
}

impl ExactSizeIterator for IntoIter {}

impl IntoIterator for Records {
    type Item = ConsumerRecord;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter { portions: self.portions.into_iter(), current: None }
    }
}
