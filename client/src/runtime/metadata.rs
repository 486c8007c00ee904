//! The task that keeps the metadata fresh: it carries out what `machine::metadata` decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use milena_protocol::Message;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::{ApiKey, MetadataRequest};
use milena_protocol::{decode, request};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::core::{Expect, Outgoing, Purpose, RawResponse};
use super::shared::Shared;
use crate::error::RequestError;
use crate::machine::metadata::Ask;

/// The oldest version with a flag against creating what is asked for.
const OLDEST_VERSION: i16 = 4;

/// What reaches the task from connections and from those who want something.
#[derive(Default)]
pub(super) struct Inbox {
    answers: Mutex<Vec<(BrokerId, Result<RawResponse, RequestError>)>>,
    /// Why each broker asked gave no answer the last time.
    troubles: Mutex<BTreeMap<BrokerId, RequestError>>,
    pub(super) wake: Notify,
    /// Rung when a round has ended in one way or the other.
    pub(super) round_over: Notify,
}

impl Inbox {
    pub(super) fn trouble(&self, broker: BrokerId) -> Option<RequestError> {
        self.troubles.lock().get(&broker).cloned()
    }
}

/// Runs until the client ends.
pub(super) async fn run(shared: Arc<Shared>) {
    while !shared.has_ended() {
        digest_answers(&shared);
        let until = ask(&shared);
        let until = shared.clock.instant(until);
        tokio::select! {
            biased;
            () = shared.inbox.wake.notified() => {}
            () = tokio::time::sleep_until(until) => {}
        }
    }
}

fn digest_answers(shared: &Shared) {
    let answers = std::mem::take(&mut *shared.inbox.answers.lock());
    for (from, outcome) in answers {
        let now = shared.clock.now();
        let random = shared.environment.entropy().next_u64();
        let decoded = outcome.and_then(|response| {
            decode::response::<MetadataRequest>(response.version, response.body)
                .map_err(|error| shared.undecodable(from, ApiKey::Metadata, &error))
        });
        let image = {
            let mut machine = shared.metadata.lock();
            match &decoded {
                Ok(answer) => machine.on_answer(now, random, from, answer),
                Err(_) => machine.on_failure(from),
            }
            machine.image().clone()
        };
        match decoded {
            Ok(_) => drop(shared.inbox.troubles.lock().remove(&from)),
            Err(error) => {
                tracing::debug!(%error, "no metadata");
                shared.inbox.troubles.lock().insert(from, error);
            }
        }
        shared.publish(image);
    }
}

/// Sends what is to be sent, and tells when to look again.
fn ask(shared: &Shared) -> milena_protocol::time::MonoTime {
    loop {
        let now = shared.clock.now();
        let random = shared.environment.entropy().next_u64();
        let (asked, failures_before, failures, until) = {
            let mut machine = shared.metadata.lock();
            let before = machine.failures();
            let asked = machine.poll_ask(now, random, |broker| shared.pool.node_state(broker));
            (asked, before, machine.failures(), machine.poll_timeout())
        };
        if failures != failures_before {
            shared.inbox.round_over.notify_one();
        }
        match asked {
            Some(Ask { to, request }) => send(shared, to, request),
            None => return until,
        }
    }
}

fn send(shared: &Shared, to: BrokerId, question: MetadataRequest) {
    let outgoing = Outgoing {
        key: ApiKey::Metadata,
        versions: OLDEST_VERSION..=<MetadataRequest as Message>::VERSIONS.max,
        encode: Box::new(move |context| {
            let client_id = Some(context.client_id);
            request::encode(context.correlation_id, context.version, client_id, &question)
        }),
        timeout: shared.config.request_timeout,
        expect: Expect::Response,
    };
    let inbox = shared.inbox.clone();
    let done = move |outcome| {
        inbox.answers.lock().push((to, outcome));
        inbox.wake.notify_one();
    };
    shared.pool.submit(to, Purpose::Control, outgoing, Box::new(done));
}
