//! Credits that come back with time (`TokenBucket`), as the quota on changes of partitions is
//! measured (KIP-599): a burst is paid back at the quota's rate, however large it was.

use super::{KEPT_UNUSED_MILLIS, SAMPLES};

/// Rates are per second.
const MILLIS_PER_SECOND: f64 = 1_000.0;

/// The credits of one client. Times are milliseconds of the controller's monotonic clock.
#[derive(Clone, Default, Debug)]
pub(crate) struct TokenBucket {
    /// Credits and when they were counted; `None` before the first time, when it is full.
    counted: Option<(f64, i64)>,
}

impl TokenBucket {
    /// How long until nothing is owed any more, in milliseconds, if the quota is `bound` per
    /// second. Zero if nothing is owed.
    pub(crate) fn throttle_millis(&mut self, bound: f64, now: i64) -> i64 {
        let credits = self.count(bound, now);
        // What is owed is never negative: credits are below zero here.
        if credits < 0.0 { (-credits / bound * MILLIS_PER_SECOND).round() as i64 } else { 0 }
    }

    /// Takes credits, which may leave some owed.
    pub(crate) fn take(&mut self, credits: f64, bound: f64, now: i64) {
        let left = self.count(bound, now) - credits;
        self.counted = Some((left, now));
    }

    /// Whether it was used of late.
    pub(crate) fn is_in_use(&self, now: i64) -> bool {
        self.counted.is_some_and(|(_, at)| now - at < KEPT_UNUSED_MILLIS)
    }

    fn count(&mut self, bound: f64, now: i64) -> f64 {
        let most = bound * SAMPLES as f64;
        let credits = match self.counted {
            None => most,
            Some((credits, at)) => {
                (credits + bound * (now - at) as f64 / MILLIS_PER_SECOND).min(most)
            }
        };
        self.counted = Some((credits, now));
        credits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleven_seconds_worth_may_come_at_once() {
        let mut bucket = TokenBucket::default();
        bucket.take(22.0, 2.0, 5_000);
        assert_eq!(bucket.throttle_millis(2.0, 5_000), 0);
        bucket.take(1.0, 2.0, 5_000);
        assert_eq!(bucket.throttle_millis(2.0, 5_000), 500);
    }

    #[test]
    fn what_is_owed_is_paid_back_at_the_rate_of_the_quota() {
        let mut bucket = TokenBucket::default();
        bucket.take(31.0, 1.0, 0);
        assert_eq!(bucket.throttle_millis(1.0, 0), 20_000);
        assert_eq!(bucket.throttle_millis(1.0, 15_000), 5_000);
        assert_eq!(bucket.throttle_millis(1.0, 20_000), 0);
    }

    #[test]
    fn silence_does_not_save_up_more_than_a_burst() {
        let mut bucket = TokenBucket::default();
        bucket.take(1.0, 1.0, 0);
        bucket.take(12.0, 1.0, 3_600_000);
        assert_eq!(bucket.throttle_millis(1.0, 3_600_000), 1_000);
    }
}
