//! One seed, and from it one stream of random numbers per purpose.
//!
//! Streams are independent on purpose: when one fault or one task is taken out of a run, every
//! other stream stays as it was, which is what makes a failing run shrinkable.

use std::time::Duration;

use milena::environment::Entropy;
use parking_lot::Mutex;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The seed of a simulated run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    /// The stream for `purpose` at `entity`. The same three values give the same stream.
    pub(crate) fn stream(self, purpose: &str, entity: u64) -> Stream {
        let mut key = [0; 32];
        let words = [self.0, digest(purpose), entity, 0x6d69_6c65_6e61_2d31];
        for (slot, word) in key.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *slot = word.to_le_bytes();
        }
        Stream(ChaCha8Rng::from_seed(key))
    }
}

/// FNV-1a: purposes are a few short words, all that matters is that it never changes.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A stream of random numbers that depends on nothing but the seed, its purpose and its entity.
#[derive(Debug)]
pub(crate) struct Stream(ChaCha8Rng);

impl Stream {
    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Whether an event of the given probability, in percent, happens this time.
    pub(crate) fn chance(&mut self, percent: u8) -> bool {
        percent > 0 && self.bits() % 100 < u64::from(percent)
    }

    /// A duration between the two, in steps of a microsecond.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let spread = u64::try_from(most.saturating_sub(least).as_micros()).unwrap_or(u64::MAX);
        let micros = if spread == 0 { 0 } else { self.bits() % spread.saturating_add(1) };
        least + Duration::from_micros(micros)
    }
}

/// A client's entropy, from a stream.
#[derive(Debug)]
pub(crate) struct SeededEntropy {
    stream: Mutex<Stream>,
}

impl SeededEntropy {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream: Mutex::new(stream) }
    }
}

impl Entropy for SeededEntropy {
    fn next_u64(&self) -> u64 {
        self.stream.lock().bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_purpose_and_entity() {
        let first =
            |seed: u64, purpose: &str, entity: u64| Seed(seed).stream(purpose, entity).bits();
        let base = first(1, "link", 1);
        assert_eq!(base, first(1, "link", 1));
        assert_ne!(base, first(2, "link", 1));
        assert_ne!(base, first(1, "task", 1));
        assert_ne!(base, first(1, "link", 2));
    }

    #[test]
    fn a_duration_stays_between_its_bounds() {
        let (least, most) = (Duration::from_micros(100), Duration::from_micros(103));
        let mut stream = Seed(7).stream("link", 0);
        let mut seen = [0; 4];
        for _ in 0..1_000 {
            let micros = stream.between(least, most).as_micros() as usize;
            seen[micros - 100] += 1;
        }
        assert!(seen.iter().all(|count| *count > 150), "{seen:?}");
        assert_eq!(stream.between(most, most), most);
    }
}
