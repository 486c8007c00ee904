//! What brokers answer, and what it means for the partitions asked for.

use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{
    BrokerId, LeaderEpoch, Offset, PartitionIndex, ProducerId, TopicId, TopicName,
};
use milena_protocol::messages::fetch_response::{
    FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use milena_protocol::messages::{FetchResponse, ListOffsetsResponse, OffsetForLeaderEpochResponse};
use milena_protocol::time::MonoTime;

use super::chunk::{self, Fault, FaultKind};
use super::disposition::{
    FetchDisposition, LookupDisposition, SessionDisposition, disposition_of_fetch,
    disposition_of_lookup, disposition_of_session,
};
use super::epochs::Verdict;
use super::isolation::IsolationFilter;
use super::lookup::{LookupAnswer, Target};
use super::machine::FetchMachine;
use super::partition::{FetchPosition, Lookup, State};
use super::plan::FIRST_VERSION_WITH_IDS;
use super::{
    AfterTruncation, Divergence, Effect, EpochLookup, ItemKind, OffsetLookup, ResetCause, Slot,
    TopicPartition,
};
use crate::config::consumer::{IsolationLevel, OffsetReset};
use crate::error::consume::ConsumeError;
use crate::error::{RequestError, RequestErrorKind};
use crate::machine::image::BrokerNode;
use crate::machine::metadata::LeaderHint;

/// A decoded Fetch answer.
#[derive(Debug)]
pub(crate) struct FetchAnswer {
    pub(crate) version: i16,
    pub(crate) response: FetchResponse,
}

/// The position an answer is for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    slot: Slot,
    stamp: u64,
    offset: Offset,
}

impl FetchMachine {
    /// The fetch in flight to `id` is over.
    pub(crate) fn on_fetch_answer(
        &mut self,
        now: MonoTime,
        id: BrokerId,
        answer: Result<FetchAnswer, RequestError>,
    ) {
        let Some(broker) = self.brokers.get_mut(&id) else { return };
        if let Some(reservation) = broker.in_flight.take() {
            self.budget.settle(reservation);
        }
        match answer {
            Ok(answer) => self.on_fetch_response(now, id, answer),
            Err(error) => self.on_fetch_failed(now, id, error),
        }
    }

    fn on_fetch_failed(&mut self, now: MonoTime, id: BrokerId, error: RequestError) {
        let Some(broker) = self.brokers.get_mut(&id) else { return };
        broker.session.on_lost();
        broker.failures = broker.failures.saturating_add(1);
        broker.not_before = now + self.config.backoff(broker.failures);
        let first_failure = broker.failures == 1;
        let any_member = broker.session.members().next().map(|wish| wish.slot);
        self.leave_follower(id);
        self.effects.push_back(Effect::RefreshMetadata);
        // What repetition alone does not mend is told, once, while it goes on being tried: another
        // broker may take over.
        if !error.is_retriable()
            && first_failure
            && let Some(slot) = any_member
        {
            self.deliver(slot, ItemKind::Failed(ConsumeError::Request(error)));
        }
    }

    /// Partitions read from this follower go back to their leaders (KIP-392).
    fn leave_follower(&mut self, id: BrokerId) {
        for partition in self.partitions.values_mut() {
            if partition.follower.is_some_and(|(follower, _)| follower == id) {
                partition.follower = None;
            }
        }
    }

    fn on_fetch_response(&mut self, now: MonoTime, id: BrokerId, answer: FetchAnswer) {
        let FetchAnswer { version, response } = answer;
        let throttle = Duration::from_millis(u64::try_from(response.throttle_time_ms).unwrap_or(0));
        let Some(broker) = self.brokers.get_mut(&id) else { return };
        broker.not_before = now + throttle;
        match disposition_of_session(ErrorCode(response.error_code)) {
            SessionDisposition::Accept => {}
            refused => return self.on_session_refused(now, id, refused),
        }
        broker.failures = 0;
        let full = broker.session.awaits_full_answer();
        if full && response.responses.is_empty() && !throttle.is_zero() {
            // KIP-219: a throttled full fetch is answered with nothing at all.
            return broker.session.on_forgotten();
        }
        let mut asked = Vec::new();
        for topic in response.responses {
            let FetchableTopicResponse { topic, topic_id, partitions, .. } = topic;
            let name = (version < FIRST_VERSION_WITH_IDS).then(|| TopicName::from_wire(&topic.0));
            for data in partitions {
                let partition = PartitionIndex(data.partition_index);
                let wish = match &name {
                    None => broker.session.member_by_id(TopicId(topic_id), partition),
                    Some(topic) => {
                        let name = TopicPartition { topic: topic.clone(), partition };
                        broker.session.member_by_name(&name)
                    }
                };
                // What was not asked for is no business of ours.
                let Some(wish) = wish else { continue };
                let position = Asked { slot: wish.slot, stamp: wish.stamp, offset: wish.offset };
                asked.push((position, data));
            }
        }
        let complete = asked.len() >= broker.session.members().count();
        broker.session.on_answer(response.session_id);
        if full && !complete {
            // The broker holds another set of partitions than this side thinks.
            broker.session.on_lost();
        }
        let mut hints = Vec::new();
        for (asked, data) in asked {
            self.on_partition(now, id, asked, data, &response.node_endpoints, &mut hints);
        }
        if !hints.is_empty() {
            self.effects.push_back(Effect::LeaderHints(hints));
        }
    }

    fn on_session_refused(&mut self, now: MonoTime, id: BrokerId, why: SessionDisposition) {
        let Some(broker) = self.brokers.get_mut(&id) else { return };
        broker.failures = broker.failures.saturating_add(1);
        // A new session is worth an attempt at once; a second refusal in a row is not.
        let at_once = broker.failures == 1;
        match why {
            SessionDisposition::Accept => {}
            SessionDisposition::Forgotten => broker.session.on_forgotten(),
            SessionDisposition::Disagree => broker.session.on_lost(),
            SessionDisposition::DisagreeOnTopics => {
                broker.session.on_lost();
                self.effects.push_back(Effect::RefreshMetadata);
            }
            SessionDisposition::RetryLater => {
                broker.session.on_lost();
                broker.not_before = now + self.config.backoff(broker.failures);
                self.effects.push_back(Effect::RefreshMetadata);
            }
        }
        if !at_once {
            let until = now + self.config.backoff(broker.failures);
            broker.not_before = broker.not_before.max(until);
        }
    }

    fn on_partition(
        &mut self,
        now: MonoTime,
        broker: BrokerId,
        asked: Asked,
        data: PartitionData,
        endpoints: &[NodeEndpoint],
        hints: &mut Vec<LeaderHint>,
    ) {
        let slot = asked.slot;
        let Some(partition) = self.partitions.get_mut(&slot) else { return };
        let State::Fetching { position, .. } = partition.state else { return };
        if partition.stamp != asked.stamp || position.offset != asked.offset {
            return;
        }
        let code = ErrorCode(data.error_code);
        let disposition = disposition_of_fetch(code);
        if disposition != FetchDisposition::Accept
            && partition.follower.is_some_and(|(follower, _)| follower == broker)
        {
            // Whatever a follower cannot do, the leader is asked before anything is concluded.
            partition.follower = None;
            return;
        }
        match disposition {
            FetchDisposition::Accept => self.on_data(now, slot, position, data),
            FetchDisposition::LearnLeader => {
                hints.extend(leader_hint(
                    &partition.name,
                    partition.topic_id,
                    &data.current_leader,
                    endpoints,
                ));
                self.back_off(now, slot);
                self.effects.push_back(Effect::RefreshMetadata);
            }
            FetchDisposition::LearnTopic => {
                self.back_off(now, slot);
                self.effects.push_back(Effect::RefreshMetadata);
            }
            FetchDisposition::RetryLater => self.back_off(now, slot),
            FetchDisposition::OutOfRange => {
                self.give_up_position(now, slot, ResetCause::OutOfRange);
            }
            FetchDisposition::Corrupt => {
                let fault = Fault {
                    offset: position.offset,
                    next_offset: position.offset.next(),
                    kind: FaultKind::Corrupt,
                    reason: format!("broker {broker} answers {code}"),
                };
                self.on_fault(slot, position, fault);
            }
            FetchDisposition::Refuse => self.refuse(slot, Some(broker), code),
        }
    }

    pub(super) fn refuse(&mut self, slot: Slot, broker: Option<BrokerId>, code: ErrorCode) {
        let Some(partition) = self.partitions.get(&slot) else { return };
        let position = match partition.state {
            State::Fetching { position, .. } | State::Validating { position, .. } => Some(position),
            _ => None,
        };
        let TopicPartition { topic, partition: index } = partition.name.clone();
        let error = ConsumeError::Refused { topic, partition: index, broker, code };
        self.halt(slot, position, error);
    }

    fn on_data(&mut self, now: MonoTime, slot: Slot, position: FetchPosition, data: PartitionData) {
        if data.diverging_epoch.epoch >= 0 && data.diverging_epoch.end_offset >= 0 {
            let divergence = Divergence {
                offset: Offset(data.diverging_epoch.end_offset),
                epoch: Some(LeaderEpoch(data.diverging_epoch.epoch)),
            };
            return self.on_diverged(slot, position, divergence);
        }
        let Some(partition) = self.partitions.get_mut(&slot) else { return };
        if data.preferred_read_replica.0 >= 0 {
            let follower = BrokerId(data.preferred_read_replica.0);
            partition.follower = Some((follower, now + self.config.follower_lease));
            return;
        }
        let records = data.records.unwrap_or_default();
        if records.is_empty() {
            partition.failures = 0;
            return;
        }
        let aborted = data.aborted_transactions.unwrap_or_default();
        let aborted = aborted.iter().map(|a| (ProducerId(a.producer_id.0), Offset(a.first_offset)));
        let mut filter = IsolationFilter::new(self.config.isolation, aborted);
        let (mut chunk, fault) =
            chunk::decode(&partition.name, records, position.offset, &mut filter);
        chunk.topic_id = partition.topic_id;
        chunk.end = match self.config.isolation {
            IsolationLevel::ReadUncommitted => known(data.high_watermark),
            IsolationLevel::ReadCommitted => known(data.last_stable_offset),
        };
        if chunk.next == position.offset && fault.is_none() {
            // Only batches below the position: asking again at once would spin.
            return self.back_off(now, slot);
        }
        let next = FetchPosition {
            offset: chunk.next,
            last_epoch: chunk.last_epoch.unwrap_or(position.last_epoch),
        };
        if !chunk.batches.is_empty() {
            self.served += 1;
            partition.served = self.served;
        }
        partition.failures = 0;
        // The stamp stays: going forward is what the fetch was for.
        partition.state = State::Fetching { position: next, not_before: now };
        if next.offset > position.offset {
            self.deliver(slot, ItemKind::Chunk(chunk));
        }
        if let Some(fault) = fault {
            self.on_fault(slot, next, fault);
        }
    }

    fn on_fault(&mut self, slot: Slot, position: FetchPosition, fault: Fault) {
        let Some(partition) = self.partitions.get(&slot) else { return };
        let error = fault.into_error(partition.name.clone());
        self.halt(slot, Some(position), error);
    }

    /// The log was cut below the position. What was delivered is known to the shelf only, so that
    /// decides where to go on, by a seek.
    fn on_diverged(&mut self, slot: Slot, position: FetchPosition, diverging: Divergence) {
        let then = match self.config.reset {
            OffsetReset::Fail => AfterTruncation::Fail,
            OffsetReset::Earliest | OffsetReset::Latest => AfterTruncation::GoOn,
        };
        self.enter(slot, State::Halted { position: Some(position) });
        self.deliver(slot, ItemKind::Truncated { at: position.offset, diverging, then });
    }

    /// A ListOffsets of this machine is over.
    pub(crate) fn on_offsets_answer(
        &mut self,
        now: MonoTime,
        lookup: &OffsetLookup,
        answer: Result<ListOffsetsResponse, RequestError>,
    ) {
        match answer {
            Ok(response) => {
                for (wanted, answer) in lookup.answers(&response) {
                    if let Some(slot) = self.awaiting(&wanted.name, wanted.stamp) {
                        self.on_offset(now, slot, lookup.broker, wanted.target, answer);
                    }
                }
            }
            Err(error) => {
                for wanted in &lookup.wanted {
                    let Some(slot) = self.awaiting(&wanted.name, wanted.stamp) else { continue };
                    if error.is_retriable() {
                        self.back_off(now, slot);
                    } else {
                        self.halt(slot, None, ConsumeError::Request(error.clone()));
                    }
                }
                self.effects.push_back(Effect::RefreshMetadata);
            }
        }
    }

    /// The partition, if it still waits for the answer to a question of this stamp.
    fn awaiting(&self, name: &TopicPartition, stamp: u64) -> Option<Slot> {
        let slot = *self.slots.get(name)?;
        let partition = self.partitions.get(&slot)?;
        let waits = matches!(
            partition.state,
            State::AwaitingOffset { lookup: Lookup::InFlight, .. }
                | State::Resetting { lookup: Lookup::InFlight, .. }
                | State::Validating { lookup: Lookup::InFlight, .. }
        );
        (partition.stamp == stamp && waits).then_some(slot)
    }

    fn on_offset(
        &mut self,
        now: MonoTime,
        slot: Slot,
        broker: BrokerId,
        asked: Target,
        answer: Option<LookupAnswer>,
    ) {
        let Some(answer) = answer else { return self.back_off(now, slot) };
        match disposition_of_lookup(answer.code) {
            LookupDisposition::Accept => match answer.offset {
                Some(offset) => self.on_offset_found(now, slot, offset),
                None if matches!(asked, Target::Timestamp(_)) => self.look_up_end(now, slot),
                None => self.back_off(now, slot),
            },
            LookupDisposition::LearnLeader => {
                self.back_off(now, slot);
                self.effects.push_back(Effect::RefreshMetadata);
            }
            LookupDisposition::RetryLater => self.back_off(now, slot),
            LookupDisposition::Refuse => self.refuse(slot, Some(broker), answer.code),
        }
    }

    fn on_offset_found(&mut self, now: MonoTime, slot: Slot, offset: Offset) {
        let Some(partition) = self.partitions.get_mut(&slot) else { return };
        partition.failures = 0;
        let kind = match partition.state {
            State::AwaitingOffset { .. } => ItemKind::Positioned(offset),
            State::Resetting { old, cause, .. } => ItemKind::Reset { old, new: offset, cause },
            State::Validating { .. } | State::Fetching { .. } | State::Halted { .. } => return,
        };
        // No epoch is taken from the answer: nothing was read there that could be truncated.
        let position = FetchPosition { offset, last_epoch: LeaderEpoch::UNKNOWN };
        self.enter(slot, State::Fetching { position, not_before: now });
        self.deliver(slot, kind);
    }

    /// No record is that young: the start is the end.
    fn look_up_end(&mut self, now: MonoTime, slot: Slot) {
        let lookup = Lookup::Due(now);
        self.enter(slot, State::AwaitingOffset { target: Target::Latest, lookup });
    }

    /// An OffsetForLeaderEpoch of this machine is over.
    pub(crate) fn on_epochs_answer(
        &mut self,
        now: MonoTime,
        lookup: &EpochLookup,
        answer: Result<OffsetForLeaderEpochResponse, RequestError>,
    ) {
        let response = match answer {
            Ok(response) => response,
            Err(error) => return self.on_epochs_failed(now, lookup, &error),
        };
        for (doubt, answer) in lookup.answers(&response) {
            let Some(slot) = self.awaiting(&doubt.name, doubt.stamp) else { continue };
            let Some(partition) = self.partitions.get_mut(&slot) else { continue };
            let State::Validating { position, .. } = partition.state else { continue };
            let Some(answer) = answer else {
                self.back_off(now, slot);
                continue;
            };
            match disposition_of_lookup(answer.code) {
                LookupDisposition::Accept => {
                    partition.failures = 0;
                    match answer.verdict(position.offset) {
                        Verdict::Valid => {
                            self.enter(slot, State::Fetching { position, not_before: now });
                        }
                        Verdict::Diverges(at) => self.on_diverged(slot, position, at),
                        Verdict::Unknown => {
                            self.give_up_position(now, slot, ResetCause::Truncated);
                        }
                    }
                }
                LookupDisposition::LearnLeader => {
                    self.back_off(now, slot);
                    self.effects.push_back(Effect::RefreshMetadata);
                }
                LookupDisposition::RetryLater => self.back_off(now, slot),
                LookupDisposition::Refuse => self.refuse(slot, Some(lookup.broker), answer.code),
            }
        }
    }

    fn on_epochs_failed(&mut self, now: MonoTime, lookup: &EpochLookup, error: &RequestError) {
        for doubt in &lookup.doubts {
            let Some(slot) = self.awaiting(&doubt.name, doubt.stamp) else { continue };
            let Some(partition) = self.partitions.get(&slot) else { continue };
            let State::Validating { position, .. } = partition.state else { continue };
            if let RequestErrorKind::UnsupportedVersion { .. } = error.kind {
                // A broker that cannot validate positions (before 2.1) is read without.
                self.enter(slot, State::Fetching { position, not_before: now });
            } else if error.is_retriable() {
                self.back_off(now, slot);
            } else {
                self.halt(slot, Some(position), ConsumeError::Request(error.clone()));
            }
        }
        self.effects.push_back(Effect::RefreshMetadata);
    }
}

fn known(offset: i64) -> Option<Offset> {
    (offset >= 0).then_some(Offset(offset))
}

fn leader_hint(
    name: &TopicPartition,
    topic_id: TopicId,
    current: &LeaderIdAndEpoch,
    endpoints: &[NodeEndpoint],
) -> Option<LeaderHint> {
    if current.leader_id.0 < 0 || current.leader_epoch < 0 {
        return None;
    }
    let endpoint =
        endpoints.iter().find(|endpoint| endpoint.node_id == current.leader_id).and_then(|found| {
            Some(BrokerNode {
                id: BrokerId(found.node_id.0),
                host: found.host.as_str().into(),
                port: u16::try_from(found.port).ok()?,
                rack: found.rack.as_ref().map(|rack| rack.as_str().into()),
            })
        });
    Some(LeaderHint {
        topic: name.topic.clone(),
        topic_id,
        partition: name.partition,
        leader: BrokerId(current.leader_id.0),
        epoch: LeaderEpoch(current.leader_epoch),
        endpoint,
    })
}
