//! What came of a request, batch by batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use milena_protocol::ErrorCode;
use milena_protocol::time::MonoTime;

use super::batch::{Outcome, Span};
use super::disposition::{Disposition, Staleness};
use super::partition::{Callers, Continuity, Notice, Partition};
use super::{Answer, InFlight, LaneId, PartitionAnswer, ProducerMachine, RequestId};
use crate::error::{Hindrance, Persistence, ProduceErrorKind, RequestErrorKind};

/// How often a batch goes out that the broker finds corrupt.
const CORRUPT_ATTEMPTS: u32 = 3;

impl<T: Clone> ProducerMachine<T> {
    /// Takes what came of a request. `random` is 64 random bits, for the retry backoff.
    pub(crate) fn on_answer(
        &mut self,
        now: MonoTime,
        request: RequestId,
        answer: Answer,
        random: u64,
    ) {
        let Some(InFlight { broker, parts }) = self.in_flight.remove(&request) else { return };
        if let Some(broker) = self.brokers.get_mut(&broker) {
            broker.in_flight = broker.in_flight.saturating_sub(1);
        }
        for &(lane, serial) in &parts {
            match &answer {
                Answer::Partitions(answers) => {
                    match answers.iter().find(|answer| answer.lane == lane) {
                        Some(answer) => self.answered(now, (lane, serial), answer, random),
                        // Says nothing about a partition it was asked about.
                        None => self.lost(
                            now,
                            (lane, serial),
                            (&missing_partition(), Persistence::Possibly),
                            random,
                        ),
                    }
                }
                Answer::Written => {
                    let outcome =
                        Outcome::Acknowledged { base_offset: None, log_append_time: None };
                    self.with_slot(lane, serial, |partition, at, notices| {
                        partition.acknowledge(at, outcome, notices);
                    });
                }
                Answer::Lost { kind, written } => {
                    self.lost(now, (lane, serial), (kind, *written), random);
                }
            }
            self.touch(now, lane, random);
        }
        self.offer_again(now, broker);
    }

    fn with_slot(
        &mut self,
        lane: LaneId,
        serial: u64,
        act: impl FnOnce(&mut Partition<T>, usize, &mut Vec<Notice<T>>),
    ) {
        let Some(partition) = self.partitions.get_mut(lane.0 as usize) else { return };
        // Gone if the producer was closed meanwhile.
        if let Some(at) = partition.find(serial) {
            act(partition, at, &mut self.notices);
        }
    }

    fn lost(
        &mut self,
        now: MonoTime,
        (lane, serial): (LaneId, u64),
        (kind, written): (&RequestErrorKind, Persistence),
        random: u64,
    ) {
        self.metadata_wanted = true;
        let rules = self.rules;
        self.with_slot(lane, serial, |partition, at, notices| match kind {
            RequestErrorKind::UnsupportedVersion { .. } | RequestErrorKind::Encode { .. } => {
                let kind = ProduceErrorKind::Request(kind.clone());
                refuse(partition, at, (written, &kind), &[], notices);
            }
            _ => {
                partition.window[at].batch.past.last = Some(Hindrance::Request(kind.clone()));
                partition.retry(now, at, written, (&rules, random));
            }
        });
    }

    fn answered(
        &mut self,
        now: MonoTime,
        (lane, serial): (LaneId, u64),
        answer: &PartitionAnswer,
        random: u64,
    ) {
        let rules = self.rules;
        let code = answer.code;
        let refused = || ProduceErrorKind::Refused { code, message: answer.message.clone() };
        let disposition = Disposition::of(code, answer.base_offset);
        let fresh_serial = self.next_serial;
        self.next_serial += 1;
        match disposition {
            Disposition::Retry { metadata: Staleness::Stale, .. } => self.metadata_wanted = true,
            Disposition::Fatal => self.dead = Some(code),
            Disposition::Retry { .. }
            | Disposition::Acknowledged
            | Disposition::Duplicate
            | Disposition::RetryBriefly
            | Disposition::Gap
            | Disposition::StateLost
            | Disposition::Fenced
            | Disposition::TooLarge
            | Disposition::Refused { .. } => {}
        }
        self.with_slot(lane, serial, |partition, at, notices| {
            let past = &mut partition.window[at].batch.past;
            if code != ErrorCode::NONE {
                past.last = Some(Hindrance::Code(code));
            }
            let doubt = past.written;
            match disposition {
                Disposition::Acknowledged => {
                    let base_offset = Some(answer.base_offset).filter(|offset| offset.get() >= 0);
                    let log_append_time = answer.log_append_time;
                    let outcome = Outcome::Acknowledged { base_offset, log_append_time };
                    partition.acknowledge(at, outcome, notices);
                }
                Disposition::Duplicate => {
                    let outcome =
                        Outcome::Acknowledged { base_offset: None, log_append_time: None };
                    partition.acknowledge(at, outcome, notices);
                }
                Disposition::Retry { written, .. } => {
                    partition.retry(now, at, written, (&rules, random));
                }
                Disposition::RetryBriefly => {
                    past.corrupt += 1;
                    if past.corrupt < CORRUPT_ATTEMPTS {
                        partition.retry(now, at, Persistence::No, (&rules, random));
                    } else {
                        refuse(partition, at, (doubt, &refused()), &[], notices);
                    }
                }
                // A log that forgot the producer and does not say where it starts: ask again.
                Disposition::StateLost if answer.log_start.is_none() => {
                    partition.retry(now, at, Persistence::No, (&rules, random));
                }
                Disposition::Gap | Disposition::StateLost => {
                    partition.gap(now, at, answer.log_start, notices);
                }
                // Never renumber what may be in the log.
                Disposition::Fenced if doubt == Persistence::No => {
                    partition.retry(now, at, Persistence::No, (&rules, random));
                    partition.give_up_continuity(Continuity::Broken);
                }
                Disposition::TooLarge if doubt == Persistence::No => {
                    if !partition.split(now, at, fresh_serial) {
                        refuse(partition, at, (doubt, &refused()), &[], notices);
                    } else {
                        notices.push(Notice::Halved);
                        if partition.window[at].callers == Callers::Told {
                            partition.discard(at + 1);
                            partition.discard(at);
                        }
                    }
                }
                Disposition::Fenced | Disposition::TooLarge | Disposition::Fatal => {
                    refuse(partition, at, (doubt, &refused()), &[], notices);
                }
                Disposition::Refused { written } => {
                    let records = &answer.record_errors;
                    refuse(partition, at, (written, &refused()), records, notices);
                }
            }
        });
        if self.dead.is_some() {
            self.fail_everything(&refused());
        }
    }
}

fn missing_partition() -> RequestErrorKind {
    RequestErrorKind::Decode { message: "the answer leaves out the partition".into() }
}

/// Gives the batch at `at` up, and tells each record why (KIP-467). What an earlier attempt may have
/// written is not undone by what is known of the last one.
fn refuse<T: Clone>(
    partition: &mut Partition<T>,
    at: usize,
    (written, kind): (Persistence, &ProduceErrorKind),
    records: &[(u32, Option<Arc<str>>)],
    out: &mut Vec<Notice<T>>,
) {
    let Some(slot) = partition.window.get_mut(at) else { return };
    let written = written.max(slot.batch.past.written);
    slot.batch.past.written = written;
    let Some(slot) = partition.discard(at) else { return };
    if slot.callers == Callers::Told {
        return;
    }
    let past = &slot.batch.past;
    let whole = slot.batch.span();
    let fail = |span, kind| {
        let error = partition.error(kind).after(past.broker, past.attempts, written);
        Notice::Complete(span, Outcome::Failed(error))
    };
    let faults: BTreeMap<u32, &Option<Arc<str>>> =
        records.iter().filter(|(at, _)| *at < whole.count).map(|(at, why)| (*at, why)).collect();
    let ProduceErrorKind::Refused { code, .. } = *kind else {
        return out.push(fail(whole, kind.clone()));
    };
    if faults.is_empty() {
        return out.push(fail(whole, kind.clone()));
    }
    let innocent = ProduceErrorKind::Bystander { code, refused: faults.len() };
    let mut from = 0;
    let until = |at: u32, from: u32| Span {
        tag: whole.tag.clone(),
        first: whole.first + from,
        count: at - from,
    };
    for (&at, why) in &faults {
        if at > from {
            out.push(fail(until(at, from), innocent.clone()));
        }
        let kind = ProduceErrorKind::RecordRefused { code, message: (*why).clone() };
        out.push(fail(until(at + 1, at), kind));
        from = at + 1;
    }
    if from < whole.count {
        out.push(fail(until(whole.count, from), innocent));
    }
}
