//! Requests with one answer: sent, waited for, decoded, and repeated where that may help.

use std::time::Duration;

use milena_protocol::ids::BrokerId;
use milena_protocol::messages::ApiKey;
use milena_protocol::{ErrorCode, Message, Request, decode, request};
use tokio::sync::oneshot;

use super::core::{Destination, Expect, Outgoing, Purpose, RefreshReason};
use super::shared::Shared;
use crate::error::{Persistence, RequestError, RequestErrorKind};
use crate::machine::backoff::Backoff;
use crate::machine::metadata::{NodeState, bootstrap_id};

impl Shared {
    pub(super) fn undecodable(
        &self,
        from: BrokerId,
        api: ApiKey,
        error: &dyn std::fmt::Display,
    ) -> RequestError {
        let kind = RequestErrorKind::Decode { message: error.to_string().into() };
        // An answer came, so the request was carried out; what the answer says is not known.
        RequestError::new(kind, Some(from), api, Persistence::Possibly)
    }

    /// Whom to ask. Of several, the best connected one; among equals the lot decides.
    fn resolve(&self, to: Destination) -> Option<BrokerId> {
        let image = self.store.image();
        match to {
            Destination::Broker(id) => Some(id),
            Destination::Controller => match image.controller {
                Some(id) if self.pool.node_state(id) != NodeState::Backoff => Some(id),
                // Under KRaft every broker forwards to the controller.
                _ => self.resolve(Destination::Any),
            },
            Destination::Any => {
                let known: Vec<BrokerId> = image.brokers.keys().copied().collect();
                let servers = self.store.bootstrap().len();
                let nodes = match known.is_empty() {
                    true => (0..servers).map(bootstrap_id).collect(),
                    false => known,
                };
                let random = self.environment.entropy().next_u64() % (nodes.len().max(1) as u64);
                let start = usize::try_from(random).unwrap_or(0);
                let rotated = nodes.iter().cycle().skip(start).take(nodes.len());
                rotated.copied().min_by_key(|id| self.pool.node_state(*id))
            }
        }
    }

    pub(super) async fn request<R>(
        &self,
        to: Destination,
        purpose: Purpose,
        build: impl FnOnce(i16) -> R + Send + 'static,
        timeout: Duration,
    ) -> Result<R::Response, RequestError>
    where
        R: Request + Send + 'static,
    {
        let api = ApiKey::try_from(R::KEY).unwrap_or(ApiKey::ApiVersions);
        let Some(broker) = self.resolve(to) else {
            let kind = RequestErrorKind::UnknownBroker;
            return Err(RequestError::new(kind, None, api, Persistence::No));
        };
        let versions = <R as Message>::VERSIONS;
        let outgoing = Outgoing {
            key: api,
            versions: versions.min..=versions.max,
            encode: Box::new(move |context| {
                let client_id = Some(context.client_id);
                let question = build(context.version);
                request::encode(context.correlation_id, context.version, client_id, &question)
            }),
            timeout,
            expect: Expect::Response,
        };
        let (sender, receiver) = oneshot::channel();
        // Nobody may be waiting for the answer any more.
        let done = move |outcome| drop(sender.send(outcome));
        self.pool.submit(broker, purpose, outgoing, Box::new(done));
        let response = match tokio::time::timeout(timeout, receiver).await {
            Ok(Ok(outcome)) => outcome?,
            Ok(Err(_)) => {
                let kind = RequestErrorKind::Closed;
                return Err(RequestError::new(kind, Some(broker), api, Persistence::Possibly));
            }
            Err(_) => {
                let kind = RequestErrorKind::TimedOut { after: timeout };
                return Err(RequestError::new(kind, Some(broker), api, Persistence::Possibly));
            }
        };
        decode::response::<R>(response.version, response.body)
            .map_err(|error| self.undecodable(broker, api, &error))
    }

    pub(super) async fn request_until<R>(
        &self,
        to: Destination,
        purpose: Purpose,
        build: impl Fn(i16) -> R + Clone + Send + Sync + 'static,
        within: Duration,
        verdict: impl Fn(&R::Response) -> Option<ErrorCode>,
    ) -> Result<R::Response, RequestError>
    where
        R: Request + Send + 'static,
    {
        let backoff = Backoff::new(self.config.retry_backoff, self.config.retry_backoff_max);
        let deadline = self.clock.now() + within;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let left = deadline - self.clock.now();
            let timeout = left.min(self.config.request_timeout);
            let outcome = self.request(to, purpose, build.clone(), timeout).await;
            let passing = match &outcome {
                Ok(answer) => verdict(answer).is_some(),
                Err(error) => error.is_retriable(),
            };
            let random = self.environment.entropy().next_u64();
            let pause = backoff.after(attempts, random);
            let over = self.clock.now() + pause >= deadline;
            if !passing || over {
                return outcome.map_err(|error| RequestError { attempts, ..error });
            }
            self.refresh_metadata(RefreshReason::Asked);
            tokio::time::sleep(pause).await;
        }
    }
}
