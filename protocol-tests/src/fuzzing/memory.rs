//! How much memory a fuzz target takes. Every allocation is counted by the thread that makes it.
//!
//! A program that runs a target declares the allocator that counts:
//!
//! ```
//! use milena_protocol_tests::fuzzing::memory::{self, CountingAllocator};
//!
//! #[global_allocator]
//! static ALLOCATOR: CountingAllocator = memory::counting_allocator();
//!
//! let usage = memory::measure(|| drop(vec![0_u8; 1000]));
//! assert_eq!(usage.largest, 1000);
//! ```

use std::alloc::System;
use std::cell::Cell;
use std::sync::Once;

use tracking_allocator::{AllocationGroupId, AllocationRegistry, AllocationTracker, Allocator};

/// Bytes that a target may hold at one time for each byte of its input, above its cap.
pub const PER_BYTE: usize = 16;

/// The system's allocator, telling of every call.
pub type CountingAllocator = Allocator<System>;

/// The allocator to declare as `#[global_allocator]`.
pub const fn counting_allocator() -> CountingAllocator {
    Allocator::system()
}

/// The memory that something took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The largest single allocation, in bytes.
    pub largest: usize,
    /// The most that was allocated and not yet freed at any time, in bytes. While a buffer grows,
    /// its old and its new place are both counted.
    pub peak: usize,
    /// What was allocated and not freed when it was over, in bytes.
    pub held: usize,
}

impl Usage {
    /// Checks the bounds that every target keeps.
    ///
    /// # Panics
    /// If one of them is passed.
    pub fn check(&self, cap: usize, input: usize) {
        assert!(
            self.largest <= cap,
            "{input} bytes of input led to an allocation of {} bytes at once, {cap} are allowed",
            self.largest,
        );
        let bound = cap + PER_BYTE * input;
        assert!(
            self.peak <= bound,
            "{input} bytes of input led to {} bytes of memory, {bound} are allowed",
            self.peak,
        );
    }
}

/// Counts what `work` allocates on this thread, over and above what is allocated already. A
/// measurement within another counts for both.
///
/// # Panics
/// If the program does not use the [`CountingAllocator`]: a bound that is not measured would never
/// be passed.
pub fn measure(work: impl FnOnce()) -> Usage {
    static START: Once = Once::new();
    START.call_once(|| {
        // Fails if the program has a tracker of its own, which the probe below then finds.
        let _ = AllocationRegistry::set_global_tracker(Tracker);
        AllocationRegistry::enable_tracking();
    });
    let probe = count(|| drop(std::hint::black_box(Box::new([0_u8; 64]))));
    assert_eq!(
        probe,
        Usage { largest: 64, peak: 64, held: 0 },
        "allocations are not counted: the program has to declare the counting allocator"
    );
    count(work)
}

fn count(work: impl FnOnce()) -> Usage {
    let around = COUNTS.with(Counts::begin);
    work();
    COUNTS.with(|counts| counts.end(around))
}

thread_local! {
    static COUNTS: Counts = const { Counts::new() };
}

/// Signed, because what is freed may be older than the measurement.
struct Counts {
    live: Cell<isize>,
    peak: Cell<isize>,
    largest: Cell<usize>,
}

impl Counts {
    const fn new() -> Self {
        Self { live: Cell::new(0), peak: Cell::new(0), largest: Cell::new(0) }
    }

    /// Starts from nothing, and gives what was counted so far.
    fn begin(&self) -> Self {
        let counted = Self {
            live: self.live.clone(),
            peak: self.peak.clone(),
            largest: self.largest.clone(),
        };
        self.live.set(0);
        self.peak.set(0);
        self.largest.set(0);
        counted
    }

    /// What was counted since, which is added to what was counted before.
    fn end(&self, around: Self) -> Usage {
        // The peak starts from nothing and is never below.
        let (largest, peak) = (self.largest.get(), self.peak.get());
        let held = usize::try_from(self.live.get()).unwrap_or(0);
        self.peak.set(around.peak.get().max(around.live.get() + peak));
        self.live.set(around.live.get() + self.live.get());
        self.largest.set(around.largest.get().max(largest));
        Usage { largest, peak: peak.unsigned_abs(), held }
    }

    fn allocated(&self, size: usize) {
        let live = self.live.get().saturating_add_unsigned(size);
        self.live.set(live);
        self.peak.set(self.peak.get().max(live));
        self.largest.set(self.largest.get().max(size));
    }

    fn freed(&self, size: usize) {
        self.live.set(self.live.get().saturating_sub_unsigned(size));
    }
}

/// Adds to the counts of the thread that allocates or frees.
struct Tracker;

impl AllocationTracker for Tracker {
    fn allocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId) {
        // A thread that is ending has no counts any more, and no target either.
        let _ = COUNTS.try_with(|counts| counts.allocated(size));
    }

    fn deallocated(
        &self,
        _: usize,
        size: usize,
        _: usize,
        _: AllocationGroupId,
        _: AllocationGroupId,
    ) {
        let _ = COUNTS.try_with(|counts| counts.freed(size));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "allocations are not counted")]
    fn a_program_that_does_not_count_is_told() {
        measure(|| ());
    }
}
