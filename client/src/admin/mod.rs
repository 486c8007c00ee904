//! Administration of a cluster.

mod cluster;
mod topics;

use std::time::Duration;

use milena_protocol::{ErrorCode, Request, StrBytes};

pub use cluster::{Broker, ClusterDescription};
pub use topics::{CreatedTopic, NewTopic, PartitionDescription, TopicDescription, TopicListing};

use crate::error::{AdminErrorKind, RequestError};
use crate::kafka::Kafka;
use crate::runtime::core::{Core, Destination, Purpose};

/// `default.api.timeout.ms`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Administers a cluster. Cheap to clone; made by [`Kafka::admin`].
///
/// Calls that change something go to the controller, through whichever broker forwards them, and
/// are repeated until their time-out when there is no controller for the moment. A call repeated
/// because its answer was lost may find its own work done: creating a topic then fails with
/// TOPIC_ALREADY_EXISTS.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use milena::admin::NewTopic;
///
/// let kafka = milena::Kafka::builder("localhost:9092").connect().await?;
/// let orders = NewTopic::new("orders").partitions(6).config("min.insync.replicas", "2");
/// kafka.admin().create_topic(orders).await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Admin {
    core: Core,
    timeout: Duration,
}

impl Kafka {
    /// Administers the cluster, over the connections of this client.
    pub fn admin(&self) -> Admin {
        Admin { core: self.core().clone(), timeout: DEFAULT_TIMEOUT }
    }
}

impl Admin {
    /// The same, with another bound on how long a call may take with all its repetitions
    /// (`default.api.timeout.ms`). Default: 60 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Asks, and asks again as long as `verdict` finds an error that may pass.
    async fn ask<R>(
        &self,
        to: Destination,
        purpose: Purpose,
        build: impl Fn(i16) -> R + Clone + Send + Sync + 'static,
        verdict: impl Fn(&R::Response) -> Option<ErrorCode>,
    ) -> Result<R::Response, RequestError>
    where
        R: Request + Send + 'static,
    {
        self.core.request_until(to, purpose, build, self.timeout, verdict).await
    }

    /// What a broker is told it may take; it should give up before we do.
    fn broker_timeout_ms(&self) -> i32 {
        let timeout = self.timeout.min(self.core.config().request_timeout);
        i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX)
    }
}

fn refused(code: ErrorCode, message: Option<&StrBytes>) -> AdminErrorKind {
    AdminErrorKind::Refused { code, message: message.map(|message| message.as_str().into()) }
}

/// Whether the controller is not where it was asked for, or asks to come back later.
fn is_passing(code: i16) -> Option<ErrorCode> {
    let code = ErrorCode(code);
    let passing = matches!(
        code,
        ErrorCode::NOT_CONTROLLER
            | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::THROTTLING_QUOTA_EXCEEDED
    );
    passing.then_some(code)
}
