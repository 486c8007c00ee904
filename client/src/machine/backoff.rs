//! Exponential backoff with jitter, as `ExponentialBackoff` in Apache Kafka has it (KIP-580).

use std::time::Duration;

/// Grows from `initial` by a factor of two per attempt up to `max`, each step spread by 20 %
/// either way, so that clients that failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    initial: Duration,
    max: Duration,
}

/// The share of a step that is random, in percent either way (`RETRY_BACKOFF_JITTER`).
const JITTER_PERCENT: u64 = 20;

impl Backoff {
    /// A backoff between the two.
    pub(crate) const fn new(initial: Duration, max: Duration) -> Self {
        Self { initial, max }
    }

    /// The wait before the attempt after `failures` failures (1 for the first); zero for none.
    /// `random` is 64 random bits.
    pub(crate) fn after(&self, failures: u32, random: u64) -> Duration {
        if failures == 0 || self.max.is_zero() {
            return Duration::ZERO;
        }
        let factor = 1_u32.checked_shl((failures - 1).min(30)).unwrap_or(u32::MAX);
        let term = self.initial.saturating_mul(factor).min(self.max);
        let percent = 100 - JITTER_PERCENT + random % (2 * JITTER_PERCENT + 1);
        let spread = term.saturating_mul(u32::try_from(percent).unwrap_or(100)) / 100;
        // Java multiplies the capped term, too, so the longest wait is 1.2 times the maximum.
        spread.max(Duration::from_nanos(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECONNECT: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(1));

    #[test]
    fn the_first_attempt_does_not_wait() {
        assert_eq!(RECONNECT.after(0, 7), Duration::ZERO);
    }

    #[test]
    fn waits_double_up_to_the_maximum() {
        let middle = JITTER_PERCENT; // random % 41 == 20 gives exactly 100 %
        let waits: Vec<_> =
            (1..8).map(|failures| RECONNECT.after(failures, middle).as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1000, 1000]);
        assert_eq!(RECONNECT.after(u32::MAX, middle).as_millis(), 1000);
    }

    #[test]
    fn jitter_stays_within_a_fifth_either_way() {
        for random in 0..1_000_u64 {
            let wait = RECONNECT.after(1, random.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            assert!((40..=60).contains(&wait.as_millis()), "{wait:?}");
        }
    }
}
