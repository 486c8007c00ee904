//! Random content that is the same in every run: bytes of a seed, and which seeds a test tries.

use std::ops::Range;

/// The first `few` seeds, or those that `MILENA_SEEDS=FIRST..END` asks for.
///
/// # Panics
/// If the variable is of another form.
pub fn seeds(few: u64) -> Range<u64> {
    let Ok(asked) = std::env::var("MILENA_SEEDS") else { return 0..few };
    let range = asked.split_once("..").and_then(|(first, end)| {
        let (first, end) = (first.parse().ok()?, end.parse().ok()?);
        Some(first..end)
    });
    range.unwrap_or_else(|| panic!("MILENA_SEEDS is {asked:?}, not FIRST..END"))
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// Those of a seed.
    pub const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..count`.
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn below(&mut self, count: usize) -> usize {
        (self.bits() % count as u64) as usize
    }

    /// Whether something of this probability, in percent, happens.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.bits() % 100 < percent
    }

    /// One of these.
    ///
    /// # Panics
    /// If there is none.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// `length` bytes that look random.
pub fn bytes_of_seed(seed: u64, length: usize) -> Vec<u8> {
    let mut draws = Draws::of(seed);
    let mut bytes: Vec<u8> =
        (0..length.div_ceil(8)).flat_map(|_| draws.bits().to_le_bytes()).collect();
    bytes.truncate(length);
    bytes
}
