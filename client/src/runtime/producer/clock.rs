//! The time of day for records that bring none: read once in a while, not once per record.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::environment::Environment;

/// The wall clock, cached. The task that owns it refreshes it every millisecond while batches are
/// open, and forgets it when none is; a sender that finds nothing cached reads the clock itself.
pub(crate) struct CachedClock {
    environment: Environment,
    millis: AtomicI64,
}

/// Nothing is cached.
const FORGOTTEN: i64 = i64::MIN;

/// A batch's lock holder also reads the clock every so many records, in case the task that
/// refreshes it gets no turn.
pub(super) const RECORDS_PER_READ: u32 = 64;

impl CachedClock {
    pub(super) fn new(environment: Environment) -> Self {
        Self { environment, millis: AtomicI64::new(FORGOTTEN) }
    }

    /// The cached time, or the time.
    #[inline]
    pub(super) fn read(&self) -> i64 {
        match self.millis.load(Ordering::Relaxed) {
            FORGOTTEN => self.environment.wall_clock().now_millis(),
            millis => millis,
        }
    }

    /// The time; replaces what is cached, if anything is.
    pub(super) fn renew(&self) -> i64 {
        let now = self.environment.wall_clock().now_millis();
        if self.millis.load(Ordering::Relaxed) != FORGOTTEN {
            self.millis.store(now, Ordering::Relaxed);
        }
        now
    }

    /// The time, which is cached from now on.
    pub(super) fn refresh(&self) -> i64 {
        let now = self.environment.wall_clock().now_millis();
        self.millis.store(now, Ordering::Relaxed);
        now
    }

    pub(super) fn forget(&self) {
        self.millis.store(FORGOTTEN, Ordering::Relaxed);
    }
}
