//! The one timer of a producer's task.

use std::pin::Pin;

use tokio::time::{Instant, Sleep};

/// Rings at a time, or earlier: whoever is woken looks at what there is to do and sets it again.
///
/// A timer costs more to move than to let ring too early, so it is only ever brought forward.
pub(super) struct Alarm {
    timer: Pin<Box<Sleep>>,
    set: bool,
}

impl Alarm {
    /// An alarm that is not set.
    pub(super) fn new() -> Self {
        Self { timer: Box::pin(tokio::time::sleep_until(Instant::now())), set: false }
    }

    /// Lets it ring at that time at the latest, or not at all.
    pub(super) fn set(&mut self, due: Option<Instant>) {
        self.set = due.is_some();
        if let Some(due) = due
            && (due < self.timer.deadline() || self.timer.is_elapsed())
        {
            self.timer.as_mut().reset(due);
        }
    }

    /// Waits for it. It may run out at any moment, on another thread, between being set and being
    /// waited for; then it has to ring all the same.
    pub(super) async fn ring(&mut self) {
        match self.set {
            true => self.timer.as_mut().await,
            false => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    /// Whether it rings within that time.
    async fn rings(alarm: &mut Alarm, within: Duration) -> bool {
        tokio::time::timeout(within, alarm.ring()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_that_ran_out_before_it_was_waited_for_rings_all_the_same() {
        let mut alarm = Alarm::new();
        alarm.set(Some(Instant::now()));
        alarm.ring().await;
        alarm.set(Some(Instant::now() + 5 * MILLI));
        tokio::time::sleep(10 * MILLI).await;
        assert!(alarm.timer.is_elapsed(), "the case this is about");
        assert!(rings(&mut alarm, MILLI).await, "lost");
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_rings_at_the_earliest_of_the_times_it_was_set_to() {
        let mut alarm = Alarm::new();
        let start = Instant::now();
        alarm.set(Some(start));
        alarm.ring().await;
        alarm.set(Some(start + 50 * MILLI));
        alarm.set(Some(start + 20 * MILLI));
        alarm.set(Some(start + 90 * MILLI));
        alarm.ring().await;
        assert_eq!(start.elapsed(), 20 * MILLI);
        alarm.set(Some(start + 90 * MILLI));
        alarm.ring().await;
        assert_eq!(start.elapsed(), 90 * MILLI);
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_that_is_not_set_does_not_ring() {
        let mut alarm = Alarm::new();
        assert!(!rings(&mut alarm, 1_000 * MILLI).await);
        alarm.set(Some(Instant::now() + MILLI));
        alarm.set(None);
        assert!(!rings(&mut alarm, 1_000 * MILLI).await);
    }
}
