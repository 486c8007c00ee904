//! What a case is written with: requests and answers. What an operator does and the states to wait
//! for are in the modules.

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use milena_protocol::messages::ApiKey;
use milena_protocol::{Request, StrBytes, decode, request, schema};
use serde_json::{Value, json};

use super::release::at_most;
use super::subject::Link;
use super::{Case, Outcome, Received, Shape, Step, Subject, Transcript, Trouble, dissect};
use crate::kafka::Version;

mod operator;
mod states;

pub(super) use states::metadata_of;

/// How long an answer is waited for that is expected to come: a controller may have to start first.
const ANSWER: Duration = Duration::from_secs(90);

/// How long something is waited for that comes at once, or not at all.
const EXCHANGE: Duration = Duration::from_secs(5);

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

    /// Records whether a request is answered, or its connection closed instead.
    ///
    /// # Errors
    /// If the connection is unknown, or something else is answered.
    pub(super) fn record_whether_answered<R: Request>(
        &mut self,
        step: &str,
        pending: Pending<R>,
    ) -> Outcome {
        let seen = match self.take_answer(&pending, ANSWER)? {
            Received::Frame(_) => "answered",
            Received::Closed => "closed",
            Received::Silence => "silence",
        };
        self.record(step, json!(seen));
        Ok(())
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
}

fn api_of<R: Request>() -> ApiKey {
    ApiKey::try_from(R::KEY).expect("every generated request has a key of the enum")
}

/// A string of the protocol.
pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
