//! Questions to one broker, their answers decoded where they arrive.

use std::ops::RangeInclusive;
use std::time::Duration;

use milena_protocol::ids::BrokerId;
use milena_protocol::messages::ApiKey;
use milena_protocol::{Message, Request, decode, request};

use crate::error::{Persistence, RequestError, RequestErrorKind};
use crate::runtime::core::{Core, Expect, Outgoing, Purpose};

/// A decoded answer and the version it came in.
pub(super) type Answered<R> = Result<(i16, <R as Request>::Response), RequestError>;

/// Asks; `done` is called exactly once.
pub(super) fn ask<R: Request + 'static>(
    core: &Core,
    broker: BrokerId,
    purpose: Purpose,
    versions: RangeInclusive<i16>,
    timeout: Duration,
    question: impl FnOnce(i16) -> R + Send + 'static,
    done: impl FnOnce(Answered<R>) + Send + 'static,
) {
    let key = ApiKey::try_from(R::KEY).unwrap_or(ApiKey::Fetch);
    let spoken = <R as Message>::VERSIONS;
    let versions = spoken.min.max(*versions.start())..=spoken.max.min(*versions.end());
    let outgoing = Outgoing {
        key,
        versions,
        encode: Box::new(move |context| {
            let question = question(context.version);
            let client_id = Some(context.client_id);
            request::encode(context.correlation_id, context.version, client_id, &question)
        }),
        timeout,
        expect: Expect::Response,
    };
    core.submit(broker, purpose, outgoing, move |raw| {
        done(raw.and_then(|raw| {
            let version = raw.version;
            let response = decode::response::<R>(version, raw.body).map_err(|error| {
                let kind = RequestErrorKind::Decode { message: error.to_string().into() };
                RequestError::new(kind, Some(broker), key, Persistence::Possibly)
            })?;
            Ok((version, response))
        }));
    });
}

/// Asks a short question whose meaning does not depend on its version.
pub(super) fn ask_plainly<R: Request + Send + 'static>(
    core: &Core,
    broker: BrokerId,
    question: R,
    timeout: Duration,
    done: impl FnOnce(Result<R::Response, RequestError>) + Send + 'static,
) {
    let versions = i16::MIN..=i16::MAX;
    let done = move |answer: Answered<R>| done(answer.map(|(_, response)| response));
    ask(core, broker, Purpose::Control, versions, timeout, move |_| question, done);
}
