//! What handles and tasks share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use milena_protocol::ids::{BrokerId, TopicName};
use parking_lot::Mutex;

use super::core::{Clock, RefreshReason};
use super::metadata::{self, Inbox};
use super::store::MetadataStore;
use crate::config::ClientConfig;
use crate::environment::Environment;
use crate::error::ConnectError;
use crate::error::connect::{AddressFailure, EndpointFailure, PeerFailure};
use crate::machine::backoff::Backoff;
use crate::machine::connection::ConnectionSettings;
use crate::machine::image::ClusterImage;
use crate::machine::metadata::{LeaderHint, Metadata, MetadataSettings, bootstrap_id};
use crate::net::pool::{Ending, Pool, PoolSettings};

/// What handles and tasks share.
pub(crate) struct Shared {
    pub(super) environment: Environment,
    pub(super) config: ClientConfig,
    pub(super) clock: Clock,
    pub(super) store: Arc<MetadataStore>,
    pub(super) metadata: Mutex<Metadata>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) pool: Pool,
    ended: AtomicBool,
}

impl Shared {
    pub(super) fn start(
        environment: Environment,
        config: ClientConfig,
        bootstrap: Vec<(Arc<str>, u16)>,
    ) -> Arc<Self> {
        let clock = Clock::start();
        let metadata = Metadata::new(MetadataSettings {
            max_age: config.metadata_max_age,
            max_idle: config.metadata_max_idle,
            backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
            recovery: config.recovery,
            creation: config.topic_creation,
            bootstrap_servers: bootstrap.len(),
        });
        let settings = PoolSettings {
            connection: ConnectionSettings {
                client_id: config.client_id.clone(),
                setup_timeout: config.connection_setup_timeout,
                max_idle: config.connections_max_idle,
                receive_max: config.receive_max_bytes,
            },
            reconnect: Backoff::new(config.reconnect_backoff, config.reconnect_backoff_max),
        };
        let store = MetadataStore::new(bootstrap);
        let pool = Pool::new(environment.clone(), clock.clone(), settings, store.clone());
        let shared = Arc::new(Self {
            environment,
            config,
            clock,
            store,
            metadata: Mutex::new(metadata),
            inbox: Arc::default(),
            pool,
            ended: AtomicBool::new(false),
        });
        let task = Box::pin(metadata::run(shared.clone()));
        drop(shared.environment.spawner().spawn("metadata", task));
        shared
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(super) fn end(&self, ending: Ending) {
        self.ended.store(true, Ordering::Release);
        self.inbox.wake.notify_one();
        self.pool.end(ending);
    }

    pub(super) async fn close(&self, within: Duration) {
        self.end(Ending::WhenAnswered);
        if tokio::time::timeout(within, self.pool.ended()).await.is_err() {
            self.end(Ending::Now);
        }
    }

    pub(super) fn want_topic(&self, topic: &TopicName) {
        let due = {
            let mut machine = self.metadata.lock();
            machine.on_want(self.clock.now(), topic)
        };
        if due {
            self.inbox.wake.notify_one();
        }
    }

    pub(super) fn refresh_metadata(&self, why: RefreshReason) {
        let due = self.metadata.lock().on_refresh();
        if due {
            tracing::debug!(?why, "metadata are to be refreshed");
            self.inbox.wake.notify_one();
        }
    }

    pub(super) fn apply_leader_hints(&self, hints: &[LeaderHint]) {
        let image = {
            let mut machine = self.metadata.lock();
            machine.on_hints(hints).then(|| machine.image().clone())
        };
        if let Some(image) = image {
            self.publish(image);
        }
    }

    /// Makes the image known, if it is newer than the one known.
    pub(super) fn publish(&self, image: Arc<ClusterImage>) {
        if image.generation > self.store.image().generation {
            self.store.publish(image.clone());
            self.pool.on_image(&image);
        }
    }

    pub(super) async fn first_image(&self, within: Duration) -> Result<(), ConnectError> {
        let mut watch = self.store.watch();
        let started = self.clock.now();
        let deadline = self.clock.instant(started + within);
        let unreachable =
            |troubles| ConnectError::unreachable(self.clock.now() - started, troubles);
        while self.store.image().generation == 0 {
            tokio::select! {
                biased;
                () = watch.changed() => {}
                () = self.inbox.round_over.notified() => {
                    let troubles = self.troubles();
                    // What cannot become better by waiting is told at once.
                    if !troubles.iter().any(EndpointFailure::is_retriable) {
                        return Err(unreachable(troubles));
                    }
                }
                () = tokio::time::sleep_until(deadline) => {
                    return Err(unreachable(self.troubles()));
                }
            }
        }
        Ok(())
    }

    /// Why each bootstrap server is of no use, as far as is known.
    fn troubles(&self) -> Vec<EndpointFailure> {
        let servers = self.store.bootstrap().iter().enumerate();
        servers
            .map(|(index, (host, port))| self.trouble(bootstrap_id(index), host, *port))
            .collect()
    }

    fn trouble(&self, server: BrokerId, host: &str, port: u16) -> EndpointFailure {
        if let Some(failure) = self.pool.trouble(server) {
            return failure;
        }
        let mut failure = EndpointFailure::new(None, host, port);
        // Connected, and no answer to the question after the cluster.
        if let Some(error) = self.inbox.trouble(server) {
            let message = error.to_string().into();
            let reason = match error.is_retriable() {
                true => PeerFailure::Unanswered { message },
                false => PeerFailure::Garbage { message },
            };
            match error.address {
                Some(address) => {
                    failure.addresses.push(AddressFailure { address, failure: reason })
                }
                None => failure.resolution = Some(reason),
            }
        }
        failure
    }
}
