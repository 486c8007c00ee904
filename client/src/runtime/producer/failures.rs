//! What became of records that nobody asks about.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{FlushError, ProduceError};

/// Called once per batch with the error and how many of its records nobody awaited.
pub(crate) type FailureHook = Arc<dyn Fn(&ProduceError, u64) + Send + Sync>;

/// Collects failures that nobody awaited, for the next `flush` or `close`.
#[derive(Default)]
pub(crate) struct Failures {
    hook: Option<FailureHook>,
    lost: Mutex<Option<FlushError>>,
}

impl Failures {
    pub(crate) fn new(hook: Option<FailureHook>) -> Arc<Self> {
        Arc::new(Self { hook, lost: Mutex::new(None) })
    }

    /// A batch failed. One line for all its records, whether or not somebody awaits them.
    pub(super) fn batch_failed(&self, error: &ProduceError, records: u32, abandoned: u32) {
        tracing::warn!(records, unawaited = abandoned, %error, "records were not acknowledged");
        self.count(error, abandoned);
    }

    /// A delivery was dropped after its record had failed.
    pub(super) fn delivery_dropped(&self, error: &ProduceError, count: u32) {
        self.count(error, count);
    }

    fn count(&self, error: &ProduceError, count: u32) {
        if count == 0 {
            return;
        }
        let mut lost = self.lost.lock();
        match &mut *lost {
            Some(lost) => lost.lost += u64::from(count),
            None => *lost = Some(FlushError { lost: count.into(), first: error.clone() }),
        }
        drop(lost);
        if let Some(hook) = &self.hook {
            hook(error, count.into());
        }
    }

    /// What was lost since the last call.
    pub(crate) fn take(&self) -> Result<(), FlushError> {
        match self.lost.lock().take() {
            Some(lost) => Err(lost),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failures").field("lost", &*self.lost.lock()).finish_non_exhaustive()
    }
}
