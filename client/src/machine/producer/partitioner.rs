//! Which partition a record goes to when the caller names none.

/// The 32-bit murmur2 hash with the seed Java's client uses (`Utils.murmur2`), so that the same
/// key lands in the same partition whichever client wrote it.
#[inline]
pub(crate) fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;

    // Java's array length is an i32; a key of 2 GiB does not fit into a record.
    let mut h = SEED ^ (data.len() as u32);
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        k = k.wrapping_mul(M);
        k ^= k >> R;
        k = k.wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        for (shift, byte) in tail.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * shift);
        }
        h = h.wrapping_mul(M);
    }
    h ^= h >> 13;
    h = h.wrapping_mul(M);
    h ^ (h >> 15)
}

/// The partition of a key: `toPositive(murmur2(key)) % partitions`
/// (`BuiltInPartitioner.partitionForKey`).
#[inline]
pub(crate) fn partition_for_key(key: &[u8], partitions: u32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions.max(1)
}

/// The next partition for records without a key (KIP-480, KIP-794).
///
/// `candidates` are the partitions that have a leader, or all if none has. Two are drawn, and the
/// one with less waiting for it wins: like the weights of KIP-794 this steers records away from a
/// slow broker, and with equal queues every partition is equally likely.
pub(crate) fn next_sticky(
    candidates: &[u32],
    queued: impl Fn(u32) -> usize,
    random: u64,
) -> Option<u32> {
    let pick = |bits: u32| {
        let index = (u64::from(bits) * candidates.len() as u64) >> 32;
        candidates.get(index as usize).copied()
    };
    let first = pick(random as u32)?;
    let second = pick((random >> 32) as u32)?;
    Some(if queued(second) < queued(first) { second } else { first })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_gives_the_hashes_of_javas_client() {
        // The vectors of UtilsTest.testMurmur2.
        let vectors: [(&[u8], i32); 6] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key) as i32, hash, "{:?}", String::from_utf8_lossy(key));
        }
    }

    #[test]
    fn a_negative_hash_gives_a_partition_of_the_topic() {
        assert!((murmur2(b"21") as i32) < 0);
        assert_eq!(partition_for_key(b"21", 6), ((-973_932_308_i32) & 0x7fff_ffff) as u32 % 6);
        assert_eq!(partition_for_key(b"21", 1), 0);
    }

    #[test]
    fn the_next_sticky_partition_is_one_that_has_a_leader() {
        for random in 0..1_000_u64 {
            let random = random.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let chosen = next_sticky(&[1, 4], |_| 0, random);
            assert!(matches!(chosen, Some(1 | 4)));
        }
        assert_eq!(next_sticky(&[], |_| 0, 7), None);
    }

    #[test]
    fn a_partition_with_a_long_queue_is_chosen_less_often() {
        let mut chosen = [0_u32; 3];
        for n in 0..9_000_u64 {
            let random = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let queued = |partition| if partition == 1 { 40 } else { 0 };
            let partition = next_sticky(&[0, 1, 2], queued, random).expect("candidates");
            chosen[partition as usize] += 1;
        }
        // Only when both draws hit it: one time in nine.
        assert!(chosen[1] > 700 && chosen[1] < 1_300, "{chosen:?}");
    }
}
