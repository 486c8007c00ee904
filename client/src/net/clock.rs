//! Monotonic time for machines.

use std::time::Duration;

use milena_protocol::time::MonoTime;

/// Reads monotonic time, which a simulation can pause, as [`MonoTime`].
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    origin: tokio::time::Instant,
}

impl Clock {
    /// A clock that shows zero now.
    pub(crate) fn start() -> Self {
        Self { origin: tokio::time::Instant::now() }
    }

    /// The time since the clock was started.
    pub(crate) fn now(&self) -> MonoTime {
        MonoTime::ZERO + self.origin.elapsed()
    }

    /// The instant to sleep until.
    pub(crate) fn instant(&self, at: MonoTime) -> tokio::time::Instant {
        // Timers cannot be set arbitrarily far.
        const YEARS: Duration = Duration::from_secs(20 * 365 * 24 * 3600);
        self.origin + at.since_origin().min(YEARS)
    }
}
