//! A rate over a sliding window of samples (`Rate`, `SampledStat`), as quotas measure it.
//!
//! Kafka counts a window that is not full yet as if it were, but for its last sample: a burst after
//! silence is spread over ten seconds.

use super::{KEPT_UNUSED_MILLIS, SAMPLES};

/// `quota.window.size.seconds`, in milliseconds: how long a sample lasts.
pub(crate) const SAMPLE_MILLIS: i64 = 1_000;

/// Rates are per second.
const MILLIS_PER_SECOND: f64 = 1_000.0;

#[derive(Clone, Copy, Debug)]
struct Sample {
    start: i64,
    last_event: i64,
    value: f64,
}

impl Sample {
    const fn new(now: i64) -> Self {
        Self { start: now, last_event: now, value: 0.0 }
    }
}

/// The rate of one client. Times are milliseconds of the broker's monotonic clock.
#[derive(Clone, Default, Debug)]
pub(crate) struct Rate {
    samples: Vec<Sample>,
    current: usize,
}

impl Rate {
    pub(crate) fn record(&mut self, value: f64, now: i64) {
        if self.samples.is_empty() {
            self.samples.push(Sample::new(now));
        }
        if self.samples.get(self.current).is_some_and(|it| now - it.start >= SAMPLE_MILLIS) {
            self.advance(now);
        }
        if let Some(sample) = self.samples.get_mut(self.current) {
            sample.value += value;
            sample.last_event = now;
        }
    }

    /// Whether it was used of late.
    pub(crate) fn is_in_use(&self, now: i64) -> bool {
        self.samples.iter().any(|sample| now - sample.last_event < KEPT_UNUSED_MILLIS)
    }

    fn advance(&mut self, now: i64) {
        // One more than there are, for the sample that overlaps with the window's beginning.
        let most = usize::try_from(SAMPLES + 1).unwrap_or(usize::MAX);
        self.current = (self.current + 1) % most;
        match self.samples.get_mut(self.current) {
            Some(sample) => *sample = Sample::new(now),
            None => self.samples.push(Sample::new(now)),
        }
    }

    /// How long the channel is to be silent, in milliseconds, so that the rate falls to `bound` per
    /// second if nothing else comes (`QuotaUtils.throttleTime`). Zero if it is not above.
    pub(crate) fn throttle_millis(&mut self, bound: f64, now: i64) -> i64 {
        let window = self.window(now);
        let total: f64 = self.samples.iter().map(|sample| sample.value).sum();
        let rate = total / (window / MILLIS_PER_SECOND);
        if rate <= bound {
            return 0;
        }
        ((rate - bound) / bound * window).round() as i64
    }

    /// The time that a rate is measured over, in milliseconds (`Rate.windowSize`).
    fn window(&mut self, now: i64) -> f64 {
        for sample in &mut self.samples {
            if now - sample.last_event >= SAMPLES * SAMPLE_MILLIS {
                *sample = Sample::new(now);
            }
        }
        let oldest = self.samples.iter().map(|sample| sample.start).min().unwrap_or(now);
        let elapsed = now - oldest;
        let full = elapsed / SAMPLE_MILLIS;
        let missing = (SAMPLES - 1 - full).max(0) * SAMPLE_MILLIS;
        (elapsed + missing).max(1) as f64
    }
}

/// What may come within a window without a throttle (`ClientQuotaManager.getMaxValueInQuotaWindow`).
pub(crate) fn largest_in_window(bound: f64) -> f64 {
    bound * ((SAMPLES - 1) * SAMPLE_MILLIS) as f64 / MILLIS_PER_SECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_burst_is_spread_over_ten_seconds() {
        let mut rate = Rate::default();
        rate.record(10_000.0, 5_000);
        assert_eq!(rate.throttle_millis(1_000.0, 5_000), 0);
        rate.record(1.0, 5_000);
        assert_eq!(rate.throttle_millis(1_000.0, 5_000), 1);
        rate.record(10_000.0, 5_000);
        assert_eq!(rate.throttle_millis(1_000.0, 5_000), 10_001);
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let mut rate = Rate::default();
        rate.record(50_000.0, 0);
        assert!(rate.throttle_millis(1_000.0, 10_999) > 0);
        assert_eq!(rate.throttle_millis(1_000.0, 11_000), 0);
    }

    #[test]
    fn samples_last_a_second_each() {
        let mut rate = Rate::default();
        for second in 0..30 {
            rate.record(1_000.0, second * 1_000);
        }
        // Twelve samples at most are kept, eleven seconds lie between the first and the last.
        assert_eq!(rate.samples.len(), 12);
        assert_eq!(rate.throttle_millis(1_100.0, 29_000), 0);
        assert!(rate.throttle_millis(900.0, 29_000) > 0);
    }
}
