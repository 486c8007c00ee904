//! The task behind a consumer: carries out what the fetch machine decides.

mod ask;
pub(crate) mod offsets;

#[cfg(test)]
mod tests;

use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{BrokerId, TopicName};
use milena_protocol::messages::{FetchRequest, ListOffsetsResponse, OffsetForLeaderEpochResponse};
use milena_protocol::time::MonoTime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::config::consumer::{FetchConfig, Start};
use crate::error::RequestError;
use crate::machine::fetch::{
    Effect, EpochLookup, FetchAnswer, FetchMachine, Generation, Item, Leadership, OffsetLookup,
    ShelfCommand, Slot, TopicPartition,
};
use crate::runtime::core::{Core, MetadataWatch, Purpose, RefreshReason};

/// How often the metadata are reminded that the topics are in use, well below the shortest
/// sensible `metadata.max.idle`.
const WANT_EVERY: Duration = Duration::from_secs(60);

/// How long after its end the task waits for the brokers to forget its sessions.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The handle's end of the task.
#[derive(Debug)]
pub(crate) struct Control {
    commands: UnboundedSender<Order>,
}

#[derive(Debug)]
enum Order {
    Shelf(ShelfCommand),
    /// End, and tell when it is done.
    Close(oneshot::Sender<()>),
}

impl Control {
    /// Tells the task; if it is gone there is nobody to tell.
    pub(crate) fn send(&self, command: ShelfCommand) {
        drop(self.commands.send(Order::Shelf(command)));
    }

    pub(crate) async fn close(self, timeout: Duration) {
        let (done, is_done) = oneshot::channel();
        if self.commands.send(Order::Close(done)).is_ok() {
            drop(tokio::time::timeout(timeout, is_done).await);
        }
    }
}

/// What came back from a broker.
enum Answer {
    Fetch(BrokerId, Result<FetchAnswer, RequestError>),
    Offsets(OffsetLookup, Result<ListOffsetsResponse, RequestError>),
    Epochs(EpochLookup, Result<OffsetForLeaderEpochResponse, RequestError>),
    SessionEnded,
}

impl Answer {
    fn error(&self) -> Option<&RequestError> {
        match self {
            Self::Fetch(_, answer) => answer.as_ref().err(),
            Self::Offsets(_, answer) => answer.as_ref().err(),
            Self::Epochs(_, answer) => answer.as_ref().err(),
            Self::SessionEnded => None,
        }
    }
}

/// Owns the machine.
pub(crate) struct FetchTask {
    core: Core,
    machine: FetchMachine,
    orders: UnboundedReceiver<Order>,
    answers: UnboundedReceiver<Answer>,
    answer_to: UnboundedSender<Answer>,
    items: UnboundedSender<Item>,
    metadata: MetadataWatch,
    topics: Vec<TopicName>,
    want_at: MonoTime,
    request_timeout: Duration,
    purpose: Purpose,
    client: Client,
}

/// Whether requests can still be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Open,
    Closed,
}

impl FetchTask {
    pub(crate) fn spawn(
        core: &Core,
        config: FetchConfig,
        partitions: Vec<(Slot, TopicPartition, Start)>,
    ) -> (Control, UnboundedReceiver<Item>) {
        let (commands, orders) = unbounded_channel();
        let (answer_to, answers) = unbounded_channel();
        let (items, received) = unbounded_channel();
        let now = core.now();
        let mut topics: Vec<TopicName> =
            partitions.iter().map(|(_, name, _)| name.topic.clone()).collect();
        topics.sort();
        topics.dedup();
        let mut machine = FetchMachine::new(config);
        for (slot, name, start) in partitions {
            machine.assign(now, slot, name, Generation::default(), start);
        }
        let task = Self {
            machine,
            orders,
            answers,
            answer_to,
            items,
            metadata: core.metadata_watch(),
            topics,
            want_at: now,
            request_timeout: core.config().request_timeout,
            purpose: core.fetch_purpose(),
            client: Client::Open,
            core: core.clone(),
        };
        drop(core.environment().spawner().spawn("consumer", Box::pin(task.run())));
        (Control { commands }, received)
    }

    async fn run(mut self) {
        self.on_metadata();
        let ended = loop {
            self.drive();
            let wake = self.machine.poll_timeout().map_or(self.want_at, |at| at.min(self.want_at));
            tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    Some(Order::Shelf(command)) => self.on_command(command),
                    Some(Order::Close(done)) => break Some(done),
                    None => break None,
                },
                Some(answer) = self.answers.recv() => self.on_answer(answer),
                () = self.metadata.changed() => self.on_metadata(),
                () = tokio::time::sleep_until(self.core.instant(wake)) => {}
            }
            if let Some(end) = self.drain() {
                break end;
            }
            if self.client == Client::Closed {
                break None;
            }
        };
        self.end(ended).await;
    }

    /// Takes what else is there before the machine decides anew.
    fn drain(&mut self) -> Option<Option<oneshot::Sender<()>>> {
        while let Ok(answer) = self.answers.try_recv() {
            self.on_answer(answer);
        }
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Shelf(command) => self.on_command(command),
                Order::Close(done) => return Some(Some(done)),
            }
        }
        None
    }

    /// Lets the machine decide, and does it.
    fn drive(&mut self) {
        let now = self.core.now();
        if now >= self.want_at {
            for topic in &self.topics {
                self.core.want_topic(topic);
            }
            self.want_at = now + WANT_EVERY;
        }
        self.machine.on_timeout(now);
        while let Some(effect) = self.machine.poll_effect() {
            self.carry_out(effect);
        }
    }

    fn on_command(&mut self, command: ShelfCommand) {
        self.machine.on_command(self.core.now(), command);
    }

    fn on_answer(&mut self, answer: Answer) {
        let now = self.core.now();
        if answer.error().is_some_and(RequestError::is_fatal) {
            self.client = Client::Closed;
            return;
        }
        match answer {
            Answer::Fetch(broker, answer) => self.machine.on_fetch_answer(now, broker, answer),
            Answer::Offsets(lookup, answer) => self.machine.on_offsets_answer(now, &lookup, answer),
            Answer::Epochs(lookup, answer) => self.machine.on_epochs_answer(now, &lookup, answer),
            Answer::SessionEnded => {}
        }
    }

    fn on_metadata(&mut self) {
        let image = self.core.image();
        let now = self.core.now();
        let names: Vec<(Slot, TopicPartition)> =
            self.machine.assigned().map(|(slot, name)| (slot, name.clone())).collect();
        for (slot, TopicPartition { topic, partition }) in names {
            let Some(topic) = image.topic(&topic) else {
                self.machine.on_leadership(now, slot, None);
                continue;
            };
            match topic.error {
                Some(code @ ErrorCode::TOPIC_AUTHORIZATION_FAILED) => {
                    self.machine.on_topic_refused(slot, code);
                    continue;
                }
                Some(
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                    | ErrorCode::UNKNOWN_TOPIC_ID
                    | ErrorCode::INVALID_TOPIC_EXCEPTION,
                ) => {
                    self.machine.on_leadership(now, slot, None);
                    continue;
                }
                Some(_) | None => {}
            }
            let found = topic.partition(partition).map(|found| Leadership {
                topic_id: topic.id,
                leader: found.leader,
                epoch: found.leader_epoch,
            });
            self.machine.on_leadership(now, slot, found);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        let answer_to = self.answer_to.clone();
        match effect {
            // The handle is gone if this fails, and the orders tell so.
            Effect::Deliver(item) => drop(self.items.send(item)),
            Effect::Fetch(plan) => {
                let broker = plan.broker;
                // The broker may wait that long before it begins to answer.
                let timeout = self.request_timeout + plan.max_wait;
                let versions = 4..=plan.max_version();
                let question = move |version| plan.to_request(version);
                let done = move |answer: ask::Answered<FetchRequest>| {
                    let answer =
                        answer.map(|(version, response)| FetchAnswer { version, response });
                    drop(answer_to.send(Answer::Fetch(broker, answer)));
                };
                ask::ask(&self.core, broker, self.purpose, versions, timeout, question, done);
            }
            Effect::ListOffsets(lookup) => {
                let broker = lookup.broker;
                let request = lookup.to_request();
                ask::ask_plainly(
                    &self.core,
                    broker,
                    request,
                    self.request_timeout,
                    move |answer| {
                        drop(answer_to.send(Answer::Offsets(lookup, answer)));
                    },
                );
            }
            Effect::ValidateEpochs(lookup) => {
                let broker = lookup.broker;
                let request = lookup.to_request();
                ask::ask_plainly(
                    &self.core,
                    broker,
                    request,
                    self.request_timeout,
                    move |answer| {
                        drop(answer_to.send(Answer::Epochs(lookup, answer)));
                    },
                );
            }
            Effect::EndSession { broker, session_id } => {
                let request = FetchMachine::end_of_session(session_id);
                let versions = 7..=i16::MAX;
                let done = move |_: ask::Answered<FetchRequest>| {
                    drop(answer_to.send(Answer::SessionEnded))
                };
                let question = move |_| request;
                ask::ask(&self.core, broker, self.purpose, versions, LAST_WORDS, question, done);
            }
            Effect::RefreshMetadata => self.core.refresh_metadata(RefreshReason::StaleLeader),
            Effect::Withdraw(broker) => self.core.withdraw(broker, self.purpose),
            Effect::LeaderHints(hints) => self.core.apply_leader_hints(hints),
        }
    }

    /// Lets the brokers forget the sessions; waits for it if somebody else does.
    async fn end(mut self, done: Option<oneshot::Sender<()>>) {
        self.machine.close();
        let mut sessions = 0_usize;
        while let Some(effect) = self.machine.poll_effect() {
            if let Effect::EndSession { .. } = effect {
                sessions += 1;
                self.carry_out(effect);
            }
        }
        // The core has to outlive the last requests, or they are never sent.
        let deadline = tokio::time::Instant::now() + LAST_WORDS;
        while sessions > 0 {
            match tokio::time::timeout_at(deadline, self.answers.recv()).await {
                Ok(Some(Answer::SessionEnded)) => sessions -= 1,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        self.core.release(self.purpose);
        if let Some(done) = done {
            // The handle may have stopped waiting.
            let _ = done.send(());
        }
    }
}
