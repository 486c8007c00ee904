//! The caller's side: what was fetched and not delivered yet, and the positions of delivery.
//!
//! Everything the caller does takes effect here first, at once: a seek drops what is on the shelf
//! and makes what is still on its way recognisable as stale; a pause leaves things where they are.
//! The position moves when a record is handed over, and past what is not shown when its turn comes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use milena_protocol::compression::DecompressionBudget;
use milena_protocol::ids::{LeaderEpoch, Offset, PartitionIndex, TopicId, TopicName};
use milena_protocol::records::RecordCursor;

use super::batch::{FetchedBatch, RecordSpans};
use super::chunk::{Fault, Unopened};
use super::partition::Flow;
use super::{
    AfterTruncation, Chunk, Divergence, Generation, Item, ItemKind, ResetCause, SeekTo, Slot,
    TopicPartition,
};
use crate::config::consumer::{FetchConfig, Start};
use crate::error::consume::ConsumeError;

/// What the fetching side has to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShelfCommand {
    Seek {
        slot: Slot,
        generation: Generation,
        to: SeekTo,
    },
    Pause(Slot),
    Resume(Slot),
    /// A batch at this position could not be opened; the partition stops there.
    Stop {
        slot: Slot,
        generation: Generation,
        at: Offset,
        epoch: Option<LeaderEpoch>,
        topic_id: TopicId,
    },
    /// A batch was decompressed, and is not delivered to its end yet.
    Opened {
        slot: Slot,
        bytes: usize,
    },
    /// These left the shelf, delivered or dropped.
    Delivered {
        slot: Slot,
        bytes: usize,
        items: u32,
    },
}

/// Records of one batch, handed over.
#[derive(Debug)]
pub(crate) struct Portion {
    pub(crate) batch: Arc<FetchedBatch>,
    pub(crate) start: RecordCursor,
    pub(crate) count: usize,
}

/// Something the caller may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ShelfEvent {
    Reset { name: TopicPartition, old: Option<Offset>, new: Offset, cause: ResetCause },
}

/// What one step of delivery gives.
#[derive(Debug)]
pub(crate) enum Step<T> {
    Records(T),
    Event(ShelfEvent),
    Failed(ConsumeError),
    /// There is more, but it is compressed, and the budget for that is spent: see
    /// [`Shelf::renew`].
    Enough,
}

/// Where the next delivery of a partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Still being looked up.
    Pending,
    At(Offset),
}

#[derive(Debug)]
enum Entry {
    Chunk(Chunk),
    Positioned(Offset),
    Reset { old: Option<Offset>, new: Offset, cause: ResetCause },
    Failed(ConsumeError),
}

#[derive(Debug)]
struct Place {
    name: TopicPartition,
    generation: Generation,
    position: Position,
    /// The epoch of the last record delivered.
    last_epoch: Option<LeaderEpoch>,
    /// The end of the partition as the newest delivered answer told.
    end: Option<Offset>,
    flow: Flow,
    entries: VecDeque<Entry>,
    queued: Queued,
}

/// Whether a place stands in the queue of those with something to deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Queued {
    No,
    Yes,
}

/// All partitions of one consumer.
#[derive(Debug)]
pub(crate) struct Shelf {
    places: Vec<Place>,
    slots: BTreeMap<TopicName, BTreeMap<PartitionIndex, Slot>>,
    ready: VecDeque<Slot>,
    commands: VecDeque<ShelfCommand>,
    /// What may be decompressed until it is renewed.
    budget: DecompressionBudget,
}

impl Shelf {
    /// A shelf without partitions.
    pub(crate) fn new(config: &FetchConfig) -> Self {
        Self {
            places: Vec::new(),
            slots: BTreeMap::new(),
            ready: VecDeque::new(),
            commands: VecDeque::new(),
            budget: DecompressionBudget::new(config.max_decompressed, config.max_decompressed_poll),
        }
    }

    /// Begins another poll: what was decompressed for the last one is the caller's.
    pub(crate) fn renew(&mut self) {
        self.budget.renew();
    }

    /// Takes in a partition; None if it is there already.
    pub(crate) fn assign(&mut self, name: TopicPartition, start: Start) -> Option<Slot> {
        let slot = Slot(u32::try_from(self.places.len()).ok()?);
        let partitions = self.slots.entry(name.topic.clone()).or_default();
        if partitions.contains_key(&name.partition) {
            return None;
        }
        partitions.insert(name.partition, slot);
        self.places.push(Place {
            name,
            generation: Generation::default(),
            position: position_of(start),
            last_epoch: None,
            end: None,
            flow: Flow::Running,
            entries: VecDeque::new(),
            queued: Queued::No,
        });
        Some(slot)
    }

    pub(crate) fn slot(&self, topic: &str, partition: PartitionIndex) -> Option<Slot> {
        self.slots.get(topic)?.get(&partition).copied()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &TopicPartition> {
        self.places.iter().map(|place| &place.name)
    }

    pub(crate) fn name(&self, slot: Slot) -> &TopicPartition {
        &self.place(slot).name
    }

    pub(crate) fn position(&self, slot: Slot) -> Position {
        let place = self.place(slot);
        match (place.position, place.entries.front()) {
            // A start that was found is where the next delivery begins, although it has not begun.
            (Position::Pending, Some(Entry::Positioned(at))) => Position::At(*at),
            (position, _) => position,
        }
    }

    pub(crate) fn end(&self, slot: Slot) -> Option<Offset> {
        self.place(slot).end
    }

    pub(crate) fn flow(&self, slot: Slot) -> Flow {
        self.place(slot).flow
    }

    /// The next command for the fetching side.
    pub(crate) fn poll_command(&mut self) -> Option<ShelfCommand> {
        self.commands.pop_front()
    }

    /// Goes on elsewhere. What is on the shelf for this partition is dropped.
    pub(crate) fn seek(&mut self, slot: Slot, to: Start) {
        self.place_mut(slot).end = None;
        self.move_to(slot, position_of(to), SeekTo::Start(to), None);
    }

    fn move_to(&mut self, slot: Slot, at: Position, to: SeekTo, epoch: Option<LeaderEpoch>) {
        self.discard(slot);
        let place = self.place_mut(slot);
        place.generation = place.generation.next();
        place.position = at;
        place.last_epoch = epoch;
        let generation = place.generation;
        self.commands.push_back(ShelfCommand::Seek { slot, generation, to });
    }

    /// Stops delivering a partition. What is there stays, in memory of its own, so that it does
    /// not hold on to answers that carried other partitions too.
    pub(crate) fn pause(&mut self, slot: Slot) {
        let place = self.place_mut(slot);
        if place.flow == Flow::Paused {
            return;
        }
        place.flow = Flow::Paused;
        place.entries.iter_mut().for_each(detach);
        self.commands.push_back(ShelfCommand::Pause(slot));
    }

    /// Delivers a partition again.
    pub(crate) fn resume(&mut self, slot: Slot) {
        self.place_mut(slot).flow = Flow::Running;
        self.commands.push_back(ShelfCommand::Resume(slot));
        self.queue(slot);
    }

    /// Takes in what was fetched.
    pub(crate) fn put(&mut self, item: Item) {
        let Item { slot, generation, kind } = item;
        let bytes = match &kind {
            ItemKind::Chunk(chunk) => chunk.bytes,
            _ => 0,
        };
        if self.place(slot).generation != generation {
            return self.credit(slot, bytes, 1);
        }
        let mut entry = match kind {
            ItemKind::Chunk(chunk) => Entry::Chunk(chunk),
            ItemKind::Positioned(at) => Entry::Positioned(at),
            ItemKind::Reset { old, new, cause } => Entry::Reset { old, new, cause },
            ItemKind::Failed(error) => Entry::Failed(error),
            ItemKind::Truncated { at, diverging, then } => {
                self.credit(slot, 0, 1);
                return self.truncate(slot, at, diverging, then);
            }
        };
        let place = self.place_mut(slot);
        if place.flow == Flow::Paused {
            detach(&mut entry);
        }
        place.entries.push_back(entry);
        self.queue(slot);
    }

    /// The log was cut. What is on the shelf may come from the part that was cut off, so it goes;
    /// what was delivered and is still valid is not delivered again.
    fn truncate(&mut self, slot: Slot, at: Offset, diverging: Divergence, then: AfterTruncation) {
        let place = self.place(slot);
        let delivered = match place.position {
            Position::At(offset) => offset,
            Position::Pending => at,
        };
        let name = place.name.clone();
        let epoch = place.last_epoch;
        if then == AfterTruncation::Fail {
            self.discard(slot);
            let error = ConsumeError::LogTruncated {
                topic: name.topic,
                partition: name.partition,
                offset: delivered,
                diverging: Some(diverging.offset),
            };
            self.place_mut(slot).entries.push_back(Entry::Failed(error));
            return self.queue(slot);
        }
        let (new, epoch) = if diverging.offset < delivered {
            (diverging.offset, diverging.epoch)
        } else {
            (delivered, epoch)
        };
        self.move_to(slot, Position::At(new), SeekTo::After { offset: new, epoch }, epoch);
        if new < delivered {
            let (old, cause) = (Some(delivered), ResetCause::Truncated);
            self.place_mut(slot).entries.push_back(Entry::Reset { old, new, cause });
            self.queue(slot);
        }
    }

    fn discard(&mut self, slot: Slot) {
        let entries = std::mem::take(&mut self.place_mut(slot).entries);
        let bytes = entries.iter().map(Entry::bytes).sum();
        let items = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        if items > 0 {
            self.credit(slot, bytes, items);
        }
    }

    fn credit(&mut self, slot: Slot, bytes: usize, items: u32) {
        self.commands.push_back(ShelfCommand::Delivered { slot, bytes, items });
    }

    fn queue(&mut self, slot: Slot) {
        let place = self.place_mut(slot);
        if place.queued == Queued::No && place.flow == Flow::Running && !place.entries.is_empty() {
            place.queued = Queued::Yes;
            self.ready.push_back(slot);
        }
    }

    /// Up to `max` records of one batch, an event or an error: whatever is next in turn.
    pub(crate) fn take(&mut self, max: usize) -> Option<Step<Portion>> {
        self.step(|chunk| chunk_portion(chunk, max))
    }

    /// One record.
    pub(crate) fn take_one(&mut self) -> Option<Step<(Arc<FetchedBatch>, RecordSpans)>> {
        self.step(chunk_record)
    }

    fn step<T>(&mut self, from: impl Fn(&mut Chunk) -> Option<TakenFrom<T>>) -> Option<Step<T>> {
        loop {
            let slot = *self.ready.front()?;
            let place = &mut self.places[slot.0 as usize];
            let turn = if place.flow == Flow::Paused { None } else { place.entries.front_mut() };
            let Some(entry) = turn else {
                place.queued = Queued::No;
                self.ready.pop_front();
                continue;
            };
            let step = match entry {
                Entry::Chunk(chunk) => {
                    let held = chunk.opened;
                    match chunk.open(&mut self.budget) {
                        Ok(()) => {}
                        Err(Unopened::Later) => return Some(Step::Enough),
                        Err(Unopened::Fault(fault)) => {
                            let topic_id = chunk.topic_id;
                            self.stop(slot, fault, topic_id);
                            continue;
                        }
                    }
                    let taken = from(chunk);
                    self.commands.extend(change(slot, held, chunk.opened));
                    let done = chunk.batches.is_empty();
                    let (next, epoch, end) = (chunk.next, chunk.last_epoch, chunk.end);
                    if let Some((_, position, epoch)) = &taken {
                        place.position = Position::At(*position);
                        place.last_epoch = Some(*epoch);
                    }
                    if done {
                        place.position = Position::At(next);
                        place.last_epoch = epoch.or(place.last_epoch);
                        place.end = end.or(place.end);
                        self.finish_entry(slot);
                    }
                    taken.map(|(records, ..)| Step::Records(records))
                }
                Entry::Positioned(at) => {
                    place.position = Position::At(*at);
                    self.finish_entry(slot);
                    None
                }
                Entry::Reset { old, new, cause } => {
                    let (old, new, cause) = (*old, *new, *cause);
                    place.position = Position::At(new);
                    let name = place.name.clone();
                    self.finish_entry(slot);
                    Some(Step::Event(ShelfEvent::Reset { name, old, new, cause }))
                }
                Entry::Failed(error) => {
                    let error = error.clone();
                    self.finish_entry(slot);
                    Some(Step::Failed(error))
                }
            };
            if step.is_some() {
                return step;
            }
        }
    }

    /// A batch cannot be opened: the partition stops where it is.
    fn stop(&mut self, slot: Slot, fault: Fault, topic_id: TopicId) {
        self.discard(slot);
        let place = self.place_mut(slot);
        place.generation = place.generation.next();
        let at = match place.position {
            Position::At(offset) => offset,
            Position::Pending => fault.offset,
        };
        let (generation, epoch) = (place.generation, place.last_epoch);
        let error = fault.into_error(place.name.clone());
        place.entries.push_back(Entry::Failed(error));
        self.commands.push_back(ShelfCommand::Stop { slot, generation, at, epoch, topic_id });
    }

    /// The first entry of the first place in turn is done with: the others' turn comes.
    fn finish_entry(&mut self, slot: Slot) {
        let place = self.place_mut(slot);
        let bytes = place.entries.pop_front().map_or(0, |entry| entry.bytes());
        place.queued = Queued::No;
        self.ready.pop_front();
        self.credit(slot, bytes, 1);
        self.queue(slot);
    }

    fn place(&self, slot: Slot) -> &Place {
        &self.places[slot.0 as usize]
    }

    fn place_mut(&mut self, slot: Slot) -> &mut Place {
        &mut self.places[slot.0 as usize]
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        match self {
            Self::Chunk(chunk) => chunk.bytes + chunk.opened,
            Self::Positioned(_) | Self::Reset { .. } | Self::Failed(_) => 0,
        }
    }
}

fn position_of(start: Start) -> Position {
    match start {
        Start::Offset(offset) => Position::At(offset),
        Start::Earliest | Start::Latest | Start::Timestamp(_) => Position::Pending,
    }
}

fn detach(entry: &mut Entry) {
    if let Entry::Chunk(chunk) = entry {
        chunk.detach();
    }
}

/// What the fetching side has to hear of the bytes that an open batch holds.
fn change(slot: Slot, before: usize, after: usize) -> Option<ShelfCommand> {
    if after > before {
        return Some(ShelfCommand::Opened { slot, bytes: after - before });
    }
    let bytes = before - after;
    (bytes > 0).then_some(ShelfCommand::Delivered { slot, bytes, items: 0 })
}

/// Records, the position after them, and the epoch of their batch.
type TakenFrom<T> = (T, Offset, LeaderEpoch);

/// Up to `max` records of the first batch.
fn chunk_portion(chunk: &mut Chunk, max: usize) -> Option<TakenFrom<Portion>> {
    let (batch, cursor) = chunk.front_mut()?;
    let left = batch.left(cursor);
    let epoch = batch.leader_epoch();
    let start = *cursor;
    if left <= max {
        let position = batch.next_offset();
        let batch = chunk.pop_front()?;
        return Some((Portion { batch, start, count: left }, position, epoch));
    }
    let mut last = None;
    for _ in 0..max {
        last = batch.read(cursor).map(|record| record.offset);
    }
    let portion = Portion { batch: Arc::clone(batch), start, count: max };
    Some((portion, last?.next(), epoch))
}

/// The next record.
fn chunk_record(chunk: &mut Chunk) -> Option<TakenFrom<(Arc<FetchedBatch>, RecordSpans)>> {
    let (batch, cursor) = chunk.front_mut()?;
    let spans = batch.read_spans(cursor)?;
    let epoch = batch.leader_epoch();
    if batch.left(cursor) > 0 {
        return Some(((Arc::clone(batch), spans), spans.offset.next(), epoch));
    }
    let position = batch.next_offset();
    let batch = chunk.pop_front()?;
    Some(((batch, spans), position, epoch))
}
