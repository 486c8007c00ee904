//! Payloads of record batches, compressed by a peer.

use milena_protocol::compression::{
    Codec, Compression, CompressionError, DecompressionBudget, compress, decompress,
};

use super::{DECOMPRESSING, Target, recorded};

/// Each of the codecs, under budgets of all sizes.
pub const TARGET: Target = Target { name: "decompress", cap: DECOMPRESSING, exercise, seeds };

/// The largest budget is two to this power.
const MAX_POWER: u8 = 17;

/// The first byte decides on the codec and whether the rest is compressed first, the second on the
/// budget or the level.
fn exercise(input: &[u8]) {
    let &[choice, number, ref payload @ ..] = input else { return };
    let codec = Codec::ALL[usize::from(choice & 7) % Codec::ALL.len()];
    if choice & 8 == 0 {
        expand(codec, 1 << (number % (MAX_POWER + 1)), payload);
    } else {
        there_and_back(codec, number, payload);
    }
}

/// The budget decides whether a payload is decompressed, never to what.
fn expand(codec: Codec, limit: usize, payload: &[u8]) {
    let mut budget = DecompressionBudget::for_one_batch(limit);
    let plain = match decompress(codec, payload, &mut budget) {
        Ok(plain) => plain,
        Err(error) => return drop(std::hint::black_box(error.to_string())),
    };
    assert!(plain.len() <= limit, "{} of {limit} bytes", plain.len());
    assert_eq!(budget.spent(), plain.len());
    let mut exact = DecompressionBudget::for_one_batch(plain.len());
    match decompress(codec, payload, &mut exact) {
        Ok(again) => assert_eq!(again, plain),
        Err(CompressionError::Window { .. }) => {}
        Err(error) => panic!("{} bytes do not suffice for as many: {error}", plain.len()),
    }
    if let Some(less) = plain.len().checked_sub(1) {
        let mut less = DecompressionBudget::for_one_batch(less);
        match decompress(codec, payload, &mut less) {
            Err(CompressionError::TooLarge { .. } | CompressionError::Window { .. }) => {}
            other => panic!("{} bytes fit into one less: {other:?}", plain.len()),
        }
    }
}

/// What is compressed here is decompressed here.
fn there_and_back(codec: Codec, level: u8, payload: &[u8]) {
    let compression = Compression::of(codec);
    let level = i32::from(level % 12) - 1;
    let compression = compression.with_level(level).unwrap_or(compression);
    let compressed = compress(compression, payload).expect("every codec is in this build");
    // Zstandard asks for a window of 128 KiB, however short the payload is.
    let limit = payload.len().max(1 << MAX_POWER);
    let mut budget = DecompressionBudget::for_one_batch(limit);
    let plain = decompress(codec, &compressed, &mut budget);
    assert_eq!(plain.as_deref(), Ok(payload), "{compression}");
}

/// A few payloads in every codec, to be decompressed and to be compressed.
fn seeds() -> Vec<Vec<u8>> {
    let repeated = b"a record is like the next, ".repeat(40);
    let counted: Vec<u8> = (0..600_u16).flat_map(u16::to_be_bytes).collect();
    let mut seeds = Vec::new();
    for (choice, codec) in (0..).zip(Codec::ALL) {
        for payload in [&b""[..], b"short", &repeated, &counted] {
            seeds.push([&[choice | 8, 0][..], payload].concat());
            if let Ok(compressed) = compress(codec.into(), payload) {
                seeds.push([&[choice, MAX_POWER][..], &compressed].concat());
            }
        }
    }
    let recorded = recorded::payloads().into_iter();
    seeds.extend(recorded.map(|(id, payload)| [&[id, MAX_POWER][..], &payload].concat()));
    seeds
}
