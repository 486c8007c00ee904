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

/// `length` bytes that look random (SplitMix64).
pub fn bytes_of_seed(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    };
    let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| next()).collect();
    bytes.truncate(length);
    bytes
}
