//! A consumer of partitions that the caller names.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use milena_protocol::ids::{Offset, PartitionIndex};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Offsets;
use super::builder::check_start;
use super::event::ConsumerEvent;
use super::record::ConsumerRecord;
use super::records::Records;
use crate::config::consumer::{FetchConfig, Start};
use crate::error::consume::ConsumeError;
use crate::machine::fetch::{
    Flow, Item, Position, Shelf, ShelfEvent, Slot, Step, Target, TopicPartition,
};
use crate::runtime::consumer::offsets;
use crate::runtime::consumer::{Control, FetchTask};
use crate::runtime::core::Core;

/// What is called with every event.
pub(super) type EventHook = Arc<dyn Fn(&ConsumerEvent) + Send + Sync>;

/// Events kept for the next poll, for callers who never look at them.
const MAX_EVENTS: usize = 1_000;

/// Reads the partitions it was given, without a group. Made by
/// [`Kafka::assigned_consumer`](crate::Kafka::assigned_consumer); see the
/// [module](crate::consumer) for an example.
///
/// Dropping it ends the background task and never blocks; [`AssignedConsumer::close`] also lets
/// the brokers forget its fetch sessions.
pub struct AssignedConsumer {
    core: Core,
    config: FetchConfig,
    shelf: Shelf,
    /// Bounded by the buffer: an item leaves the task only while its partition holds less than it
    /// may, in bytes and in number.
    items: UnboundedReceiver<Item>,
    control: Control,
    /// An error that came behind records of the same poll.
    failed: Option<ConsumeError>,
    events: Vec<ConsumerEvent>,
    hook: Option<EventHook>,
}

impl AssignedConsumer {
    pub(super) fn start(
        core: Core,
        config: FetchConfig,
        partitions: Vec<(TopicPartition, Start)>,
        hook: Option<EventHook>,
    ) -> Result<Self, ConsumeError> {
        let mut shelf = Shelf::new(&config);
        let mut assigned = Vec::with_capacity(partitions.len());
        for (name, start) in partitions {
            let slot = shelf.assign(name.clone(), start).ok_or_else(|| {
                let rule = "is assigned twice";
                let value = format!("{}-{}", name.topic, name.partition);
                crate::error::ConfigError::invalid("assignment", value, rule)
            })?;
            assigned.push((slot, name, start));
        }
        let (control, items) = FetchTask::spawn(&core, config.clone(), assigned);
        let (failed, events) = (None, Vec::new());
        Ok(Self { core, config, shelf, items, control, failed, events, hook })
    }

    /// The next records: up to `max` of them, as soon as there are any, or none after `timeout`.
    ///
    /// Returns within `timeout`, whatever any broker does.
    ///
    /// # Errors
    /// What stopped a partition, or should be known about it; see [`ConsumeError`]. Each error is
    /// given once and concerns one partition; the next call goes on with the others.
    ///
    /// # Cancellation safety
    /// Safe: records are handed over at the moment the future completes. If it is dropped before,
    /// the next call gets them.
    pub async fn poll(&mut self, max: usize, timeout: Duration) -> Result<Records, ConsumeError> {
        while let Ok(item) = self.items.try_recv() {
            self.shelf.put(item);
        }
        if let Some(found) = self.gather(max) {
            return found;
        }
        let deadline = tokio::time::sleep(timeout);
        tokio::pin!(deadline);
        loop {
            let item = tokio::select! {
                biased;
                () = &mut deadline => return Ok(self.nothing()),
                item = self.items.recv() => item.ok_or(ConsumeError::Closed)?,
            };
            self.shelf.put(item);
            while let Ok(item) = self.items.try_recv() {
                self.shelf.put(item);
            }
            if let Some(found) = self.gather(max) {
                return found;
            }
        }
    }

    /// What is there, if anything.
    fn gather(&mut self, max: usize) -> Option<Result<Records, ConsumeError>> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let mut records = Records::default();
        self.shelf.renew();
        while records.len() < max {
            match self.shelf.take(max - records.len()) {
                Some(Step::Records(portion)) => records.push(portion),
                Some(Step::Event(event)) => self.note(event),
                // What was decompressed so far had nothing to show.
                Some(Step::Enough) if records.is_empty() => self.shelf.renew(),
                Some(Step::Enough) => break,
                Some(Step::Failed(error)) if records.is_empty() => {
                    self.send_commands();
                    return Some(Err(error));
                }
                Some(Step::Failed(error)) => {
                    self.failed = Some(error);
                    break;
                }
                None => break,
            }
        }
        self.send_commands();
        if records.is_empty() {
            return None;
        }
        records.set_events(std::mem::take(&mut self.events));
        Some(Ok(records))
    }

    fn nothing(&mut self) -> Records {
        let mut records = Records::default();
        records.set_events(std::mem::take(&mut self.events));
        records
    }

    /// The next record. `None` only after the client was closed.
    ///
    /// # Errors
    /// As [`AssignedConsumer::poll`].
    ///
    /// # Cancellation safety
    /// Safe: a record is handed over at the moment the future completes. If it is dropped before,
    /// the next call gets it.
    pub async fn next(&mut self) -> Option<Result<ConsumerRecord, ConsumeError>> {
        std::future::poll_fn(|context| self.poll_record(context)).await
    }

    fn poll_record(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<ConsumerRecord, ConsumeError>>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        loop {
            self.shelf.renew();
            let step = self.shelf.take_one();
            self.send_commands();
            match step {
                Some(Step::Records((batch, spans))) => {
                    return Poll::Ready(Some(Ok(ConsumerRecord::new(batch, spans))));
                }
                Some(Step::Event(event)) => self.note(event),
                Some(Step::Failed(error)) => return Poll::Ready(Some(Err(error))),
                Some(Step::Enough) => {}
                None => match ready!(self.items.poll_recv(context)) {
                    Some(item) => self.shelf.put(item),
                    None => return Poll::Ready(None),
                },
            }
        }
    }

    fn note(&mut self, event: ShelfEvent) {
        let event = ConsumerEvent::from(event);
        tracing::warn!(?event, "the position of a partition was reset");
        if let Some(hook) = &self.hook {
            hook(&event);
        }
        if self.events.len() < MAX_EVENTS {
            self.events.push(event);
        }
    }

    fn send_commands(&mut self) {
        while let Some(command) = self.shelf.poll_command() {
            self.control.send(command);
        }
    }

    /// Goes on at `to`, which is a [`Start`] or an offset.
    ///
    /// Records of the partition that were fetched and not handed over are dropped. Takes effect at
    /// once: no record from before is delivered after this call. A partition that stopped with an
    /// error is read again.
    ///
    /// # Errors
    /// If the partition is not assigned, or the offset or timestamp is negative.
    pub fn seek(
        &mut self,
        topic: &str,
        partition: impl Into<PartitionIndex>,
        to: impl Into<Start>,
    ) -> Result<(), ConsumeError> {
        let to = to.into();
        check_start(to)?;
        let slot = self.slot(topic, partition)?;
        self.shelf.seek(slot, to);
        self.send_commands();
        Ok(())
    }

    /// Stops delivering a partition. What was fetched of it is kept, and counts against the
    /// buffer; nothing more is fetched.
    ///
    /// # Errors
    /// If the partition is not assigned.
    pub fn pause(
        &mut self,
        topic: &str,
        partition: impl Into<PartitionIndex>,
    ) -> Result<(), ConsumeError> {
        let slot = self.slot(topic, partition)?;
        self.shelf.pause(slot);
        self.send_commands();
        Ok(())
    }

    /// Delivers a paused partition again. A partition that stopped with an error is tried again
    /// where it stopped.
    ///
    /// # Errors
    /// If the partition is not assigned.
    pub fn resume(
        &mut self,
        topic: &str,
        partition: impl Into<PartitionIndex>,
    ) -> Result<(), ConsumeError> {
        let slot = self.slot(topic, partition)?;
        self.shelf.resume(slot);
        self.send_commands();
        Ok(())
    }

    /// Whether the partition is paused.
    ///
    /// # Errors
    /// If the partition is not assigned.
    pub fn is_paused(
        &self,
        topic: &str,
        partition: impl Into<PartitionIndex>,
    ) -> Result<bool, ConsumeError> {
        Ok(self.shelf.flow(self.slot(topic, partition)?) == Flow::Paused)
    }

    /// The offset of the next record to be handed over, past everything that is not shown. `None`
    /// while the start is being looked up.
    ///
    /// # Errors
    /// If the partition is not assigned.
    pub fn position(
        &mut self,
        topic: &str,
        partition: impl Into<PartitionIndex>,
    ) -> Result<Option<Offset>, ConsumeError> {
        let slot = self.slot(topic, partition)?;
        while let Ok(item) = self.items.try_recv() {
            self.shelf.put(item);
        }
        self.send_commands();
        Ok(match self.shelf.position(slot) {
            Position::At(offset) => Some(offset),
            Position::Pending => None,
        })
    }

    /// How many offsets lie between the position and the end of the partition, as the newest
    /// delivered answer told. `None` before the first one. No request is made.
    ///
    /// # Errors
    /// If the partition is not assigned.
    pub fn lag(
        &self,
        topic: &str,
        partition: impl Into<PartitionIndex>,
    ) -> Result<Option<i64>, ConsumeError> {
        let slot = self.slot(topic, partition)?;
        Ok(match (self.shelf.position(slot), self.shelf.end(slot)) {
            (Position::At(at), Some(end)) => Some((end.get() - at.get()).max(0)),
            (Position::At(_) | Position::Pending, _) => None,
        })
    }

    /// The partitions that are assigned, in order.
    pub fn assignment(&self) -> impl Iterator<Item = (&str, PartitionIndex)> {
        self.shelf.names().map(|name| (name.topic.as_str(), name.partition))
    }

    /// The offset of the oldest record of each of these partitions, which need not be assigned.
    ///
    /// # Errors
    /// If an answer is refused, or some are missing after
    /// [`api_timeout`](super::AssignedConsumerBuilder::api_timeout).
    ///
    /// # Cancellation safety
    /// Safe: nothing is changed.
    pub async fn begin_offsets<T: AsRef<str>, P: Into<PartitionIndex>>(
        &self,
        partitions: impl IntoIterator<Item = (T, P)>,
    ) -> Result<Offsets, ConsumeError> {
        self.look_up(partitions, Target::Earliest).await
    }

    /// The offset after the newest record of each of these partitions, which need not be assigned;
    /// under read_committed that of the oldest open transaction.
    ///
    /// # Errors
    /// As [`AssignedConsumer::begin_offsets`].
    ///
    /// # Cancellation safety
    /// Safe: nothing is changed.
    pub async fn end_offsets<T: AsRef<str>, P: Into<PartitionIndex>>(
        &self,
        partitions: impl IntoIterator<Item = (T, P)>,
    ) -> Result<Offsets, ConsumeError> {
        self.look_up(partitions, Target::Latest).await
    }

    async fn look_up<T: AsRef<str>, P: Into<PartitionIndex>>(
        &self,
        partitions: impl IntoIterator<Item = (T, P)>,
        target: Target,
    ) -> Result<Offsets, ConsumeError> {
        let mut names = Vec::new();
        for (topic, partition) in partitions {
            names.push(offsets::name(topic.as_ref(), partition.into())?);
        }
        offsets::look_up(&self.core, &self.config, names, target).await
    }

    /// Offsets the background task and lets the brokers forget its fetch sessions. Returns within
    /// `timeout`, whatever any broker does.
    ///
    /// # Cancellation safety
    /// Safe: the task ends all the same.
    pub async fn close(self, timeout: Duration) {
        self.control.close(timeout).await;
    }

    fn slot(
        &self,
        topic: &str,
        partition: impl Into<PartitionIndex>,
    ) -> Result<Slot, ConsumeError> {
        let partition = partition.into();
        let found = self.shelf.slot(topic, partition);
        found.ok_or_else(|| ConsumeError::NotAssigned { topic: topic.to_owned(), partition })
    }
}

impl Stream for AssignedConsumer {
    type Item = Result<ConsumerRecord, ConsumeError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_record(context)
    }
}

impl std::fmt::Debug for AssignedConsumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.assignment().collect();
        f.debug_struct("AssignedConsumer").field("assignment", &names).finish_non_exhaustive()
    }
}
