//! The one budget of bytes that were asked for or are held for the caller.
//!
//! A fetch reserves its `max_bytes`; the answer turns the reservation into what really came, which
//! KIP-74 allows to be more; delivery gives it back. So memory is bounded whatever the brokers do.

/// Counts bytes in three places: free, reserved by a fetch in flight, held.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    reserved: usize,
    held: usize,
}

/// Bytes set aside for one fetch. Has to be given back with [`Budget::settle`].
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Reservation(usize);

impl Reservation {
    pub(crate) fn bytes(&self) -> usize {
        self.0
    }
}

/// What may be done when the budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overdraft {
    /// Wait for deliveries: there is something to deliver.
    Refused,
    /// Nothing of this broker can be delivered, so waiting could be for ever: what paused
    /// partitions hold must not stop the others. One smallest fetch per broker goes beyond.
    Smallest,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, reserved: 0, held: 0 }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn free(&self) -> usize {
        self.limit.saturating_sub(self.reserved).saturating_sub(self.held)
    }

    /// Sets aside up to `wanted` bytes and at least `smallest`, or nothing.
    pub(crate) fn reserve(
        &mut self,
        wanted: usize,
        smallest: usize,
        overdraft: Overdraft,
    ) -> Option<Reservation> {
        let smallest = smallest.min(wanted);
        let free = self.free();
        let granted = match overdraft {
            _ if free >= smallest => wanted.min(free),
            Overdraft::Smallest => smallest,
            Overdraft::Refused => return None,
        };
        self.reserved += granted;
        Some(Reservation(granted))
    }

    /// The fetch is over.
    pub(crate) fn settle(&mut self, reservation: Reservation) {
        self.reserved -= reservation.0;
    }

    /// These bytes came and wait for delivery.
    pub(crate) fn hold(&mut self, bytes: usize) {
        self.held += bytes;
    }

    /// These bytes were delivered or dropped.
    pub(crate) fn release(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.held, "released {bytes} of {} held", self.held);
        self.held = self.held.saturating_sub(bytes);
    }

    #[cfg(any(test, feature = "unstable-fuzzing"))]
    pub(crate) fn held(&self) -> usize {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fetch_counts_from_its_request_until_its_delivery() {
        let mut budget = Budget::new(100);
        let fetch = budget.reserve(60, 10, Overdraft::Refused).unwrap();
        assert_eq!(budget.free(), 40);
        budget.settle(fetch);
        budget.hold(25);
        assert_eq!(budget.free(), 75);
        budget.release(25);
        assert_eq!(budget.free(), 100);
    }

    #[test]
    fn a_fetch_takes_what_is_free_but_never_less_than_the_smallest() {
        let mut budget = Budget::new(100);
        let first = budget.reserve(70, 20, Overdraft::Refused).unwrap();
        let second = budget.reserve(70, 20, Overdraft::Refused).unwrap();
        assert_eq!((first.bytes(), second.bytes()), (70, 30));
        assert_eq!(budget.reserve(70, 20, Overdraft::Refused), None);
    }

    #[test]
    fn a_broker_with_nothing_to_deliver_may_go_beyond_by_one_smallest_fetch() {
        let mut budget = Budget::new(100);
        budget.hold(100);
        let fetch = budget.reserve(70, 20, Overdraft::Smallest).unwrap();
        assert_eq!(fetch.bytes(), 20);
        assert_eq!(budget.free(), 0);
    }

    #[test]
    fn a_batch_larger_than_the_budget_is_held_and_given_back_in_full() {
        let mut budget = Budget::new(100);
        let fetch = budget.reserve(100, 20, Overdraft::Refused).unwrap();
        budget.settle(fetch);
        budget.hold(1_000);
        assert_eq!(budget.free(), 0);
        budget.release(1_000);
        assert_eq!(budget.free(), 100);
    }
}
