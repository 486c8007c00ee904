//! Records that wait for their topic: into a lane once it is known, back to the caller if it never
//! is.

use super::super::accumulator::Refusal;
use super::super::memory::Grant;
use super::super::parked::ParkedRecord;
use super::super::table::TopicLanes;
use super::*;

impl ProducerTask {
    /// Shows senders a topic, after the records that waited for it were put into its lanes.
    pub(super) fn publish(&mut self, name: &TopicName, changed: bool) {
        let shared = Arc::clone(&self.shared);
        let mut parking = shared.parking.lock();
        let waiting = parking.take(name);
        if !changed && waiting.is_empty() {
            return;
        }
        let Some(seen) = self.registry.seen(name) else {
            parking.restore(name, waiting);
            return;
        };
        // Not what senders see, so that nobody gets in before the records that wait.
        let topic = TopicLanes::new(name.clone(), seen.lanes.clone());
        topic.update(&seen.lanes, seen.count, seen.available.clone());
        let mut left = VecDeque::new();
        for parked in waiting {
            // Its own memory is enough for a batch of its own.
            let mut grant = Grant::of(&shared.memory, parked.bytes);
            match shared.place_in(&topic, &parked.record, &mut grant) {
                Some(Ok(placed)) => parked.delivery.move_to(placed),
                Some(Err(Refusal::Rejected(error))) => {
                    parked.delivery.fail_parked(error);
                }
                Some(Err(Refusal::Full { .. })) | None => {
                    grant.keep();
                    left.push_back(parked);
                }
            }
        }
        parking.restore(name, left);
        match shared.topics.get(name) {
            Some(topic) => topic.update(&seen.lanes, seen.count, seen.available),
            None => shared.topics.insert(topic),
        }
    }

    pub(super) fn refuse_parked(&mut self, topic: &TopicName, code: ErrorCode) {
        let refused = self.shared.parking.lock().take(topic);
        for parked in refused {
            let kind = ProduceErrorKind::Refused { code, message: None };
            self.fail_parked(parked, ProduceError::new(kind).in_topic(topic.clone()));
        }
    }

    pub(super) fn fail_parked(&self, parked: ParkedRecord, error: ProduceError) {
        self.shared.memory.give_back(parked.bytes);
        parked.delivery.fail_parked(error);
    }

    /// Asks again for topics that records wait for, and gives up on those that waited too long.
    pub(super) fn look_after_parked(&mut self, now: MonoTime) {
        let patience = self.patience();
        let (overdue, empty) = {
            let mut parking = self.shared.parking.lock();
            (parking.take_overdue(now, patience), parking.is_empty())
        };
        for parked in overdue {
            let waited = now.saturating_since(parked.since);
            let name = parked.record.topic.as_str();
            let kind = match self.registry.partitions(name) {
                Some(partitions) => ProduceErrorKind::UnknownPartition { partitions, waited },
                None => ProduceErrorKind::UnknownTopic { waited },
            };
            let mut error = ProduceError::new(kind);
            if let crate::record::TopicRef::Named(name) = &parked.record.topic {
                error = error.in_topic(name.clone());
            }
            if let Some(partition) = parked.record.partition {
                error = error.in_partition(partition);
            }
            self.fail_parked(parked, error);
        }
        if empty {
            self.parked_retry_at = None;
            return;
        }
        match self.parked_retry_at {
            Some(at) if at > now => {}
            Some(_) => {
                self.core.refresh_metadata(RefreshReason::UnknownTopic);
                self.parked_retry_at = Some(now + self.config.retry_backoff);
            }
            // The first time the wish for the topic is enough.
            None => self.parked_retry_at = Some(now + self.config.retry_backoff),
        }
    }

    /// How long a record may wait for its topic.
    pub(super) fn patience(&self) -> Duration {
        self.config.max_block.min(self.config.delivery_timeout)
    }
}
