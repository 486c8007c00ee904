//! Everything random, from one seed.

use std::sync::atomic::{AtomicU64, Ordering};

use milena::environment::Entropy;

/// SplitMix64.
fn mix(state: u64) -> u64 {
    let mut z = state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// What the records are, and when the kill comes.
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: mix(seed.wrapping_add(STEP)) }
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (self.bits() % u64::from(bound)) as u32
    }
}

/// What the client draws: jitter, partitions.
pub(crate) struct SeededEntropy {
    state: AtomicU64,
}

impl SeededEntropy {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(mix(!seed)) }
    }
}

impl Entropy for SeededEntropy {
    fn next_u64(&self) -> u64 {
        mix(self.state.fetch_add(STEP, Ordering::Relaxed))
    }
}
