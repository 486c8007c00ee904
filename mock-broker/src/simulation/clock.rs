//! A wall clock that follows tokio's monotonic time, which a simulation pauses and advances.

use milena::environment::WallClock;
use tokio::time::Instant;

/// 2026-01-01T00:00:00Z: a fixed day, so that record timestamps are the same in every run.
pub(crate) const BASE_MILLIS: i64 = 1_767_225_600_000;

/// [`BASE_MILLIS`] plus the time since the cluster started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VirtualWallClock {
    origin: Instant,
}

impl VirtualWallClock {
    pub(crate) fn new(origin: Instant) -> Self {
        Self { origin }
    }
}

impl WallClock for VirtualWallClock {
    fn now_millis(&self) -> i64 {
        let elapsed = i64::try_from(self.origin.elapsed().as_millis()).unwrap_or(i64::MAX);
        BASE_MILLIS.saturating_add(elapsed)
    }
}
