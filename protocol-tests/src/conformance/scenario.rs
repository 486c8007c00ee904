//! What a case is written with: requests, answers, what an operator does, states to wait for.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use milena_protocol::messages::metadata_request::MetadataRequestTopic;
use milena_protocol::messages::metadata_response::MetadataResponsePartition;
use milena_protocol::messages::{self, ApiKey, MetadataRequest, MetadataResponse};
use milena_protocol::{Request, StrBytes, decode, request, schema};
use serde_json::{Value, json};

use super::release::at_most;
use super::subject::Link;
use super::{Case, Outcome, Received, Shape, Step, Subject, Transcript, Trouble, dissect};
use crate::kafka::Version;

/// How long an answer is waited for that is expected to come.
const ANSWER: Duration = Duration::from_secs(30);

/// How long something is waited for that comes at once, or not at all.
const EXCHANGE: Duration = Duration::from_secs(5);

/// The Metadata version a case looks at states with.
const METADATA: i16 = 12;

/// A case while it runs against a subject.
#[derive(Debug)]
pub struct Scenario<'a> {
    name: String,
    shape: Shape,
    subject: &'a mut dyn Subject,
    version: Version,
    transcript: Transcript,
    /// One connection per broker for requests that do not say which.
    ordinary: BTreeMap<i32, Link>,
    opened: Vec<Link>,
    last_correlation_id: i32,
    has_cut: bool,
    /// Who was ended or stopped, and not started again.
    down: BTreeSet<i32>,
    /// The `client.id` of its requests.
    client: StrBytes,
}

/// A request whose answer is still to come.
#[derive(Clone, Copy, Debug)]
#[must_use = "an answer that nobody waits for is not recorded"]
pub struct Pending<R> {
    link: Link,
    version: i16,
    correlation_id: i32,
    request: PhantomData<R>,
}

impl<'a> Scenario<'a> {
    pub(super) fn new(case: &Case, subject: &'a mut dyn Subject, version: Version) -> Self {
        Self::named(case.name, case.shape, subject, version)
    }

    /// A scenario that is no case of the suite.
    pub(super) fn named(
        name: &str,
        shape: Shape,
        subject: &'a mut dyn Subject,
        version: Version,
    ) -> Self {
        Self {
            name: name.to_owned(),
            shape,
            subject,
            version,
            transcript: Transcript { case: name.to_owned(), steps: Vec::new() },
            ordinary: BTreeMap::new(),
            opened: Vec::new(),
            last_correlation_id: 0,
            has_cut: false,
            down: BTreeSet::new(),
            client: StrBytes::from_static_str("conformance"),
        }
    }

    pub(super) fn finish(self) -> Transcript {
        if self.has_cut {
            // A case that could not be carried through leaves no cut to the next.
            drop(self.subject.heal());
        }
        for link in self.opened.into_iter().chain(self.ordinary.into_values()) {
            self.subject.close(link);
        }
        self.transcript
    }

    /// The release the subject is, or stands for.
    pub fn version(&self) -> Version {
        self.version
    }

    /// A topic of this case: no other case uses the name.
    pub fn topic(&self, suffix: &str) -> String {
        format!("{}-{suffix}", self.name.replace('_', "-"))
    }

    /// Keeps what was seen, to be compared.
    pub fn record(&mut self, step: &str, value: Value) {
        let (message, version) = (String::new(), 0);
        self.transcript.steps.push(Step { name: step.to_owned(), message, version, value });
    }

    /// Keeps what was seen of a message, to be compared as its fields are.
    pub(super) fn record_message(&mut self, step: &str, name: &str, version: i16, value: Value) {
        let (step, message) = (step.to_owned(), name.to_owned());
        self.transcript.steps.push(Step { name: step, message, version, value });
    }

    // ---- requests

    /// Opens a connection of its own, for requests that hold up what is behind them.
    ///
    /// # Errors
    /// If it is refused.
    pub fn connect(&mut self, broker: i32) -> Outcome<Link> {
        let link = self.subject.connect(broker)?;
        self.opened.push(link);
        Ok(link)
    }

    /// Asks a broker on its ordinary connection and records the answer.
    ///
    /// # Errors
    /// If there is no answer that can be read.
    pub fn ask<R: Request>(
        &mut self,
        step: &str,
        broker: i32,
        version: i16,
        body: &R,
    ) -> Outcome<R::Response> {
        let pending = self.send_to(broker, version, body)?;
        self.answer(step, pending)
    }

    /// Asks a broker and records the answer, or that the connection was closed instead.
    ///
    /// # Errors
    /// If the answer does not come, or cannot be read.
    pub fn ask_or_be_closed<R: Request>(
        &mut self,
        step: &str,
        broker: i32,
        version: i16,
        body: &R,
    ) -> Outcome<Option<R::Response>> {
        let pending = self.send_to(broker, version, body)?;
        let received = self.take_answer(&pending, ANSWER)?;
        if received == Received::Closed {
            self.forget_link(broker);
            self.record(step, json!("closed"));
            return Ok(None);
        }
        self.read_answer(step, &pending, received).map(Some)
    }

    /// Asks without recording: a look at a state, or a preparation.
    ///
    /// # Errors
    /// If there is no answer that can be read.
    pub fn query<R: Request>(
        &mut self,
        broker: i32,
        version: i16,
        body: &R,
    ) -> Outcome<R::Response> {
        let pending = self.send_to(broker, version, body)?;
        self.take(pending)
    }

    /// Waits for an answer without recording it.
    ///
    /// # Errors
    /// If it does not come, or cannot be read.
    pub fn take<R: Request>(&mut self, pending: Pending<R>) -> Outcome<R::Response> {
        let answered = self.take_answer(&pending, ANSWER)?;
        let broken = || self.no_answer::<R>("query", &answered);
        let Received::Frame(body) = &answered else { return Err(broken()) };
        let decoded = decode::response::<R>(pending.version, body.clone());
        decoded.map_err(|error| Trouble::Unreadable {
            step: "query".to_owned(),
            reason: error.to_string(),
        })
    }

    /// Gives requests from now on another client id than that of all cases.
    pub fn as_client(&mut self, id: &str) {
        self.client = text(id);
    }

    /// Sends on the broker's ordinary connection.
    ///
    /// # Errors
    /// If it cannot be opened, or the request cannot be written.
    pub fn send_to<R: Request>(
        &mut self,
        broker: i32,
        version: i16,
        body: &R,
    ) -> Outcome<Pending<R>> {
        let link = match self.ordinary.get(&broker) {
            Some(link) => *link,
            None => {
                let link = self.subject.connect(broker)?;
                self.ordinary.insert(broker, link);
                link
            }
        };
        self.send(link, version, body)
    }

    /// Sends on a connection of its own. A release that does not have the version is asked in the
    /// newest that it has.
    ///
    /// # Errors
    /// If the request cannot be written.
    pub fn send<R: Request>(&mut self, link: Link, version: i16, body: &R) -> Outcome<Pending<R>> {
        let version = at_most(self.version, api_of::<R>(), version);
        self.last_correlation_id += 1;
        let correlation_id = self.last_correlation_id;
        let client = Some(&self.client);
        let frame = request::encode(correlation_id, version, client, body)?.to_bytes();
        self.subject.send(link, frame.slice(4..))?;
        Ok(Pending { link, version, correlation_id, request: PhantomData })
    }

    /// Waits for an answer and records it.
    ///
    /// # Errors
    /// If it does not come, or cannot be read.
    pub fn answer<R: Request>(&mut self, step: &str, pending: Pending<R>) -> Outcome<R::Response> {
        let answered = self.take_answer(&pending, ANSWER)?;
        self.read_answer(step, &pending, answered)
    }

    fn read_answer<R: Request>(
        &mut self,
        step: &str,
        pending: &Pending<R>,
        answered: Received,
    ) -> Outcome<R::Response> {
        let Received::Frame(body) = answered else {
            return Err(self.no_answer::<R>(step, &answered));
        };
        let unreadable = |reason: String| Trouble::Unreadable { step: step.to_owned(), reason };
        let schema = schema::response(api_of::<R>());
        let value = dissect::dissect(schema, pending.version, body.clone()).map_err(unreadable)?;
        self.transcript.steps.push(Step {
            name: step.to_owned(),
            message: schema.name.to_owned(),
            version: pending.version,
            value,
        });
        let unreadable = |reason: decode::DecodeError| Trouble::Unreadable {
            step: step.to_owned(),
            reason: reason.to_string(),
        };
        decode::response::<R>(pending.version, body).map_err(unreadable)
    }

    /// Records whether an answer comes within `limit`, and leaves it for [`Scenario::answer`] if
    /// not.
    ///
    /// # Errors
    /// If the connection is unknown.
    pub fn sends_nothing_for(&mut self, step: &str, link: Link, limit: Duration) -> Outcome {
        let seen = match self.subject.receive(link, limit)? {
            Received::Frame(_) => "an answer",
            Received::Closed => "closed",
            Received::Silence => "silence",
        };
        self.record(step, json!(seen));
        Ok(())
    }

    /// Sends bytes that need not be a request, on a connection of their own, and records what comes
    /// of it: an answer (its error code is in its first bytes, so all bytes are kept), a closed
    /// connection, or silence.
    ///
    /// # Errors
    /// If the connection is refused.
    pub fn raw(&mut self, step: &str, broker: i32, frame: Bytes) -> Outcome<Received> {
        let link = self.connect(broker)?;
        self.subject.send(link, frame)?;
        let received = self.subject.receive(link, Duration::from_secs(2))?;
        let seen = match &received {
            Received::Frame(_) => "an answer",
            Received::Closed => "closed",
            Received::Silence => "silence",
        };
        self.record(step, json!(seen));
        Ok(received)
    }

    /// Sends bytes that need not be a request, on a connection that lives no longer.
    ///
    /// # Errors
    /// If the connection is refused.
    pub(super) fn exchange(&mut self, frame: Bytes) -> Outcome<Received> {
        let link = self.subject.connect(1)?;
        self.subject.send(link, frame)?;
        let received = self.subject.receive(link, EXCHANGE)?;
        self.subject.close(link);
        Ok(received)
    }

    /// Records the first bytes of an answer that is not read as a message.
    pub fn record_head(&mut self, step: &str, received: &Received, count: usize) {
        let seen = match received {
            Received::Frame(frame) => json!(frame.iter().take(count).collect::<Vec<_>>()),
            _ => Value::Null,
        };
        self.record(step, seen);
    }

    fn take_answer<R: Request>(
        &mut self,
        pending: &Pending<R>,
        limit: Duration,
    ) -> Outcome<Received> {
        let received = self.subject.receive(pending.link, limit)?;
        let Received::Frame(mut frame) = received else { return Ok(received) };
        let unreadable = |reason| Trouble::Unreadable {
            step: format!("request {}", pending.correlation_id),
            reason,
        };
        let correlation_id = decode::response_header(api_of::<R>(), pending.version, &mut frame)
            .map_err(|error| unreadable(error.to_string()))?;
        if correlation_id != pending.correlation_id {
            return Err(unreadable(format!("it answers request {correlation_id}")));
        }
        Ok(Received::Frame(frame))
    }

    fn no_answer<R: Request>(&self, step: &str, received: &Received) -> Trouble {
        let what = match received {
            Received::Closed => "the connection was closed",
            _ => "there was no answer",
        };
        Trouble::Unreadable {
            step: step.to_owned(),
            reason: format!("{what} ({:?})", api_of::<R>()),
        }
    }

    // ---- what an operator does

    /// Ends a broker's process at once.
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill(&mut self, broker: i32) -> Outcome {
        self.forget_link(broker);
        self.down.insert(broker);
        self.subject.kill(broker)
    }

    /// Starts a broker that was ended, and waits until every broker lists it.
    ///
    /// # Errors
    /// If it runs.
    pub fn start(&mut self, broker: i32) -> Outcome {
        self.subject.start(broker)?;
        self.down.remove(&broker);
        self.wait_for_brokers(self.shape.brokers())
    }

    /// Starts every broker that is dead and lets every frozen one go on.
    ///
    /// # Errors
    /// If they do not all come back.
    pub(super) fn start_all(&mut self) -> Outcome {
        for broker in 1..=self.shape.brokers() {
            // Refused where there is nothing to do.
            drop(self.subject.thaw(broker));
            drop(self.subject.start(broker));
        }
        self.wait_for_brokers(self.shape.brokers())
    }

    /// Asks a broker's process to end in order (SIGTERM), and waits until it has.
    ///
    /// # Errors
    /// If it does not run, or does not end.
    pub fn stop(&mut self, broker: i32) -> Outcome {
        self.subject.stop(broker)?;
        self.down.insert(broker);
        self.forget_link(broker);
        Ok(())
    }

    /// Starts a broker (or the controller) that was ended, and waits for nothing.
    ///
    /// # Errors
    /// If it runs.
    pub fn launch(&mut self, broker: i32) -> Outcome {
        self.down.remove(&broker);
        self.subject.launch(broker)
    }

    /// Stops what one node sends to another; it waits until the way heals.
    ///
    /// # Errors
    /// If the shape has nothing between its nodes.
    pub fn cut(&mut self, from: i32, to: i32) -> Outcome {
        self.has_cut = true;
        self.subject.cut(from, to)
    }

    /// Ends all cuts.
    ///
    /// # Errors
    /// If the shape has nothing between its nodes.
    pub fn heal(&mut self) -> Outcome {
        self.subject.heal()
    }

    /// The brokers that can be asked.
    pub(super) fn brokers_up(&self) -> Vec<i32> {
        (1..=self.shape.brokers()).filter(|broker| !self.down.contains(broker)).collect()
    }

    /// Waits until every broker lists this many.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_for_brokers(&mut self, count: i32) -> Outcome {
        self.wait_until(&format!("{count} brokers"), |scenario| {
            for broker in 1..=count {
                let request = MetadataRequest::default().with_topics(Some(Vec::new()));
                let seen = scenario.query(broker, METADATA, &request)?.brokers.len();
                if seen != count as usize {
                    return Ok((false, format!("broker {broker} lists {seen}")));
                }
            }
            Ok((true, String::new()))
        })
    }

    /// Stops a broker's process without ending it.
    ///
    /// # Errors
    /// If it does not run.
    pub fn freeze(&mut self, broker: i32) -> Outcome {
        self.down.insert(broker);
        self.subject.freeze(broker)
    }

    /// Lets a frozen process go on.
    ///
    /// # Errors
    /// If it is not frozen.
    pub fn thaw(&mut self, broker: i32) -> Outcome {
        self.down.remove(&broker);
        self.subject.thaw(broker)
    }

    /// Takes the end of a log off the disk of a broker that was ended: all batches from the one
    /// that holds `offset`. A crash of the process alone loses nothing that it has written.
    ///
    /// # Errors
    /// If the broker runs, or has no such log.
    pub fn truncate_log(&mut self, broker: i32, topic: &str, offset: i64) -> Outcome {
        self.subject.truncate_log(broker, topic, 0, offset)
    }

    /// Deletes one of a broker's log directories under its feet.
    ///
    /// # Errors
    /// If it has none of this name.
    pub fn delete_log_directory(&mut self, broker: i32, directory: &str) -> Outcome {
        self.subject.delete_log_directory(broker, directory)
    }

    fn forget_link(&mut self, broker: i32) {
        if let Some(link) = self.ordinary.remove(&broker) {
            self.subject.close(link);
        }
    }

    // ---- states

    /// Looks again and again until `look` says true. What it asks is not recorded.
    ///
    /// # Errors
    /// [`Trouble::NeverCame`], with what `look` saw last.
    pub fn wait_until(
        &mut self,
        what: &str,
        mut look: impl FnMut(&mut Self) -> Outcome<(bool, String)>,
    ) -> Outcome {
        let mut seen = "nothing".to_owned();
        let waited = self.subject.patience();
        // A subject's pause is at least 20 ms.
        for _ in 0..waited.as_millis() / 20 {
            match look(self) {
                Ok((true, _)) => return Ok(()),
                Ok((false, state)) => seen = state,
                Err(error) => {
                    // A broker that is coming up refuses and resets connections.
                    seen = error.to_string();
                    self.ordinary.clear();
                }
            }
            self.subject.pause_between_looks();
        }
        Err(Trouble::NeverCame { what: what.to_owned(), waited, seen })
    }

    /// What a broker's metadata says of partition 0 of a topic. Not recorded.
    ///
    /// # Errors
    /// If it cannot be asked, or does not know the topic.
    pub fn partition(&mut self, broker: i32, topic: &str) -> Outcome<MetadataResponsePartition> {
        let answer = self.query(broker, METADATA, &metadata_of(&[topic]))?;
        let partition = answer.topics.first().and_then(|topic| topic.partitions.first());
        partition.cloned().ok_or_else(|| Trouble::Unreadable {
            step: format!("partition 0 of {topic}"),
            reason: "the broker does not know it".to_owned(),
        })
    }

    /// Waits until a broker's metadata shows this leader and ISR (as a set) for partition 0.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_for_isr(&mut self, broker: i32, topic: &str, leader: i32, isr: &[i32]) -> Outcome {
        let mut wanted = isr.to_vec();
        wanted.sort_unstable();
        self.wait_until(&format!("leader {leader} and ISR {isr:?} of {topic}"), |scenario| {
            let seen = scenario.partition(broker, topic)?;
            let mut isr: Vec<i32> = seen.isr_nodes.iter().map(|id| id.0).collect();
            isr.sort_unstable();
            let leader_seen = seen.leader_id.0;
            Ok((
                leader_seen == leader && isr == wanted,
                format!("leader {leader_seen}, ISR {isr:?}"),
            ))
        })
    }

    /// Waits until a broker's metadata shows this ISR (as a set) for partition 0, whoever leads.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_for_isr_alone(&mut self, broker: i32, topic: &str, isr: &[i32]) -> Outcome {
        self.wait_until(&format!("ISR {isr:?} of {topic}"), |scenario| {
            let seen = scenario.partition(broker, topic)?;
            let mut seen: Vec<i32> = seen.isr_nodes.iter().map(|id| id.0).collect();
            seen.sort_unstable();
            Ok((seen == isr, format!("ISR {seen:?}")))
        })
    }

    /// Waits until a broker's metadata shows this leader for partition 0, -1 for none.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_for_leader(&mut self, broker: i32, topic: &str, leader: i32) -> Outcome {
        self.wait_until(&format!("leader {leader} of {topic}"), |scenario| {
            let seen = scenario.partition(broker, topic)?.leader_id.0;
            Ok((seen == leader, format!("leader {seen}")))
        })
    }

    /// Waits until a broker that was launched answers, and broker 1 lists it.
    ///
    /// # Errors
    /// If it never does.
    pub fn wait_until_it_serves(&mut self, broker: i32) -> Outcome {
        self.wait_until(&format!("broker {broker} serves"), |scenario| {
            let request = MetadataRequest::default().with_topics(Some(Vec::new()));
            for asked in [broker, 1] {
                let seen = scenario.query(asked, METADATA, &request)?.brokers;
                if !seen.iter().any(|listed| listed.node_id.0 == broker) {
                    return Ok((false, format!("broker {asked} does not list it")));
                }
            }
            Ok((true, String::new()))
        })
    }

    /// Records what a broker's metadata says of topics.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn metadata(
        &mut self,
        step: &str,
        broker: i32,
        topics: &[&str],
    ) -> Outcome<MetadataResponse> {
        self.ask(step, broker, METADATA, &metadata_of(topics))
    }
}

fn api_of<R: Request>() -> ApiKey {
    ApiKey::try_from(R::KEY).expect("every generated request has a key of the enum")
}

/// A Metadata request that creates nothing.
pub(super) fn metadata_of(topics: &[&str]) -> MetadataRequest {
    let topics = topics.iter().map(|name| {
        MetadataRequestTopic::default().with_name(Some(messages::TopicName(text(name))))
    });
    MetadataRequest::default()
        .with_topics(Some(topics.collect()))
        .with_allow_auto_topic_creation(false)
}

/// A string of the protocol.
pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
