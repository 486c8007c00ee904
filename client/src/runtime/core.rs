//! What every role shares: the environment, the metadata, and the connections.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use milena_protocol::ids::{BrokerId, TopicName};
use milena_protocol::time::MonoTime;
use milena_protocol::{ErrorCode, Request};

use crate::config::ClientConfig;
use crate::environment::Environment;
use crate::error::{ConnectError, RequestError};
use crate::machine::image::ClusterImage;
pub(crate) use crate::machine::metadata::LeaderHint;
pub(crate) use crate::net::clock::Clock;
use crate::net::pool::Ending;
pub(crate) use crate::net::request::{EncodeContext, Expect, Outgoing, Purpose, RawResponse};
use crate::runtime::shared::Shared;
pub(crate) use crate::runtime::store::MetadataWatch;

/// Whom a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// That broker.
    #[cfg_attr(not(test), expect(dead_code, reason = "coordinators are asked by number"))]
    Broker(BrokerId),
    /// Whichever broker answers.
    Any,
    /// The controller, or a broker that forwards to it.
    Controller,
}

/// Why the metadata should be fetched anew. For logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefreshReason {
    /// A broker answered that it is not the leader (any more).
    StaleLeader,
    /// A topic is unknown, or known under another id.
    UnknownTopic,
    /// Somebody wants to see the newest state.
    Asked,
}

/// The shared part of a client. Cheap to clone; the last clone to go ends the tasks behind it.
#[derive(Clone)]
pub(crate) struct Core(Arc<Guard>);

/// What the handles hold and the tasks do not: when it goes, the tasks end.
struct Guard(Arc<Shared>, AtomicU32);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.end(Ending::Now);
    }
}

impl Core {
    /// Starts the tasks of a client that knows nothing but its bootstrap servers.
    pub(crate) fn start(
        environment: Environment,
        config: ClientConfig,
        bootstrap: Vec<(Arc<str>, u16)>,
    ) -> Self {
        let shared = Shared::start(environment, config, bootstrap);
        Self(Arc::new(Guard(shared, AtomicU32::new(0))))
    }

    /// A purpose for one consumer.
    pub(crate) fn fetch_purpose(&self) -> Purpose {
        Purpose::Fetch(self.0.1.fetch_add(1, Ordering::Relaxed))
    }

    /// What the client takes from outside.
    pub(crate) fn environment(&self) -> &Environment {
        &self.0.0.environment
    }

    /// The settings every role shares.
    pub(crate) fn config(&self) -> &ClientConfig {
        &self.0.0.config
    }

    /// The time since the client was made.
    pub(crate) fn now(&self) -> MonoTime {
        self.0.0.clock.now()
    }

    /// The instant to sleep until.
    pub(crate) fn instant(&self, at: MonoTime) -> tokio::time::Instant {
        self.0.0.clock.instant(at)
    }

    /// What is known of the cluster. One atomic load.
    pub(crate) fn image(&self) -> Arc<ClusterImage> {
        self.0.0.store.image()
    }

    /// A watch that wakes whenever [`Core::image`] has changed since the watch last returned.
    pub(crate) fn metadata_watch(&self) -> MetadataWatch {
        self.0.0.store.watch()
    }

    /// Fetches the topic now if it is unknown, and keeps it fresh for `metadata.max.idle` (5 min)
    /// from the last call.
    pub(crate) fn want_topic(&self, topic: &TopicName) {
        self.0.0.want_topic(topic);
    }

    /// Has the metadata fetched anew; calls in quick succession lead to one request.
    pub(crate) fn refresh_metadata(&self, why: RefreshReason) {
        self.0.0.refresh_metadata(why);
    }

    /// Takes over leaders that came with an answer, where their epoch is newer (KIP-951).
    pub(crate) fn apply_leader_hints(&self, hints: Vec<LeaderHint>) {
        self.0.0.apply_leader_hints(&hints);
    }

    /// Queues a request, in order per broker and purpose. Never blocks and never waits.
    ///
    /// `done` is called exactly once, from the connection's task; from this call itself only if
    /// the client is closed or [`RequestErrorKind::QueueFull`] is the outcome. It must not block,
    /// and may call `submit`. The version is negotiated when the connection is ready; then
    /// `encode` runs.
    pub(crate) fn submit(
        &self,
        to: BrokerId,
        purpose: Purpose,
        request: Outgoing,
        done: impl FnOnce(Result<RawResponse, RequestError>) + Send + 'static,
    ) {
        self.0.0.pool.submit(to, purpose, request, Box::new(done));
    }

    /// Takes back what waits for a connection to that broker that is not ready: each `done` gets
    /// `RequestErrorKind::Withdrawn` (not sent). To be called when leadership has moved away
    /// from a broker that cannot be reached, so that nothing waits for its time-out.
    pub(crate) fn withdraw(&self, from: BrokerId, purpose: Purpose) {
        self.0.0.pool.withdraw(from, purpose);
    }

    /// Ends all connections of that purpose at once: the consumer it was made for is gone.
    pub(crate) fn release(&self, purpose: Purpose) {
        self.0.0.pool.release(purpose);
    }

    /// Holds back new requests on that connection (KIP-219). Answers whose throttle time is their
    /// first field are seen by the connection itself; Produce has it last, so its caller tells.
    pub(crate) fn throttle(&self, broker: BrokerId, purpose: Purpose, time: Duration) {
        self.0.0.pool.throttle(broker, purpose, time);
    }

    /// Sends one request and decodes its answer. Returns within `timeout`, whatever a broker does.
    ///
    /// Cancellation safe in that nothing is leaked; the request may be carried out nevertheless.
    pub(crate) async fn request<R>(
        &self,
        to: Destination,
        purpose: Purpose,
        request: R,
        timeout: Duration,
    ) -> Result<R::Response, RequestError>
    where
        R: Request + Send + 'static,
    {
        self.0.0.request(to, purpose, |_| request, timeout).await
    }

    /// Sends a request again and again, at a growing pace, while it fails for a reason that may
    /// pass: in itself, or by the `verdict` on its answer. `build` makes it for a version.
    ///
    /// Returns within `within`: the first answer without such an error, else the last answer, else
    /// the last error. A request whose answer was lost is repeated, too: only for what may be
    /// carried out twice.
    pub(crate) async fn request_until<R>(
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
        self.0.0.request_until(to, purpose, build, within, verdict).await
    }

    /// Waits until the metadata were fetched once.
    pub(crate) async fn first_image(&self, within: Duration) -> Result<(), ConnectError> {
        self.0.0.first_image(within).await
    }

    /// Ends all tasks: at first after the answers to what was sent, after `within` at once.
    pub(crate) async fn close(&self, within: Duration) {
        self.0.0.close(within).await;
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").finish_non_exhaustive()
    }
}
