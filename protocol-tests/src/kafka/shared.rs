//! One cluster for the tests of a binary that run at the same time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{Builder, Kafka, KafkaError};

/// A place (a `static`) where concurrent tests meet: the first starts the cluster, the others join,
/// the last one out ends it. A `static` alone would never be dropped, and its processes would
/// outlive the tests.
#[derive(Debug, Default)]
pub struct SharedKafka {
    running: Mutex<Weak<Kafka>>,
}

impl SharedKafka {
    /// An empty place.
    #[must_use]
    pub const fn new() -> Self {
        Self { running: Mutex::new(Weak::new()) }
    }

    /// The running cluster, or a new one from `builder`.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn join(&self, builder: impl FnOnce() -> Builder) -> Result<Arc<Kafka>, KafkaError> {
        // A test that panicked here has left the place empty, which is a good state.
        let mut running: MutexGuard<'_, _> =
            self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kafka) = running.upgrade() {
            return Ok(kafka);
        }
        let kafka = Arc::new(builder().start()?);
        *running = Arc::downgrade(&kafka);
        Ok(kafka)
    }
}
