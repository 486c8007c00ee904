//! What a block of Zstandard says of its own size (RFC 8878, 3.1.1.2).
//!
//! `ruzstd` makes room for as many literals and sequences as a block announces, which can be nine
//! times what a block may hold. So that is looked at first.

/// The most a block may decompress to.
const MOST: usize = 128 << 10;

/// The fewest bytes a sequence stands for: the shortest match.
const SHORTEST_MATCH: usize = 3;

/// A compressed block in the header's two bits of type.
const COMPRESSED: u32 = 2;

/// Whether the block at the front of `bytes` announces no more than a block may hold. Of one that is
/// cut short only what is there is looked at.
pub(super) fn is_possible(bytes: &[u8]) -> bool {
    let Some((&[b0, b1, b2], body)) = bytes.split_first_chunk() else { return true };
    let header = u32::from_le_bytes([b0, b1, b2, 0]);
    if header >> 1 & 3 != COMPRESSED {
        return true;
    }
    let body = &body[..body.len().min((header >> 3) as usize)];
    let Some(literals) = Literals::read(body) else { return true };
    let sequences = body.get(literals.end..).and_then(sequences).unwrap_or(0);
    literals.size <= MOST && sequences.saturating_mul(SHORTEST_MATCH) <= MOST
}

/// The literals of a block.
struct Literals {
    /// How many bytes they are when decompressed.
    size: usize,
    /// Where they end.
    end: usize,
}

impl Literals {
    fn read(body: &[u8]) -> Option<Self> {
        let first = *body.first()?;
        let number = |length: usize| {
            let mut bytes = [0; 8];
            bytes[..length].copy_from_slice(body.get(..length)?);
            Some(u64::from_le_bytes(bytes))
        };
        let bits =
            |number: u64, from: u32, count: u32| (number >> from & ((1 << count) - 1)) as usize;
        let (kind, format) = (first & 3, first >> 2 & 3);
        // Raw, and one byte repeated; then with a tree, and with the tree of the block before.
        let (length, size, stored) = match (kind, format) {
            (0 | 1, 0 | 2) => (1, usize::from(first >> 3), None),
            (0 | 1, 1) => (2, bits(number(2)?, 4, 12), None),
            (0 | 1, _) => (3, bits(number(3)?, 4, 20), None),
            (_, 0 | 1) => (3, bits(number(3)?, 4, 10), Some(bits(number(3)?, 14, 10))),
            (_, 2) => (4, bits(number(4)?, 4, 14), Some(bits(number(4)?, 18, 14))),
            (_, _) => (5, bits(number(5)?, 4, 18), Some(bits(number(5)?, 22, 18))),
        };
        let stored = stored.unwrap_or(if kind == 0 { size } else { 1 });
        Some(Self { size, end: length + stored })
    }
}

/// How many sequences follow the literals.
fn sequences(bytes: &[u8]) -> Option<usize> {
    Some(match *bytes {
        [few @ ..128, ..] => usize::from(few),
        [255, low, high, ..] => usize::from(u16::from_le_bytes([low, high])) + 0x7f00,
        [255, ..] => return None,
        [high, low, ..] => (usize::from(high) - 128) << 8 | usize::from(low),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A compressed block with this body.
    fn block(body: &[u8]) -> Vec<u8> {
        let header = (body.len() as u32) << 3 | COMPRESSED << 1;
        [&header.to_le_bytes()[..3], body].concat()
    }

    /// A byte repeated so many times, and a count of sequences behind it.
    fn repeated(size: u32, sequences: &[u8]) -> Vec<u8> {
        let header = (size << 4 | 3 << 2 | 1).to_le_bytes();
        block(&[&header[..3], b"a", sequences].concat())
    }

    #[test]
    fn a_block_may_hold_128_kib_of_literals_and_no_more() {
        assert!(is_possible(&repeated(128 << 10, &[0])));
        assert!(!is_possible(&repeated((128 << 10) + 1, &[0])));
        let compressed = u64::from((128_u32 << 10) + 1) << 4 | 3 << 2 | 2;
        assert!(!is_possible(&block(&compressed.to_le_bytes()[..5])));
    }

    #[test]
    fn a_block_may_hold_as_many_sequences_as_it_has_room_for_matches() {
        let most = (MOST / SHORTEST_MATCH - 0x7f00) as u16;
        let [low, high] = most.to_le_bytes();
        assert!(is_possible(&repeated(7, &[255, low, high])));
        let [low, high] = (most + 1).to_le_bytes();
        assert!(!is_possible(&repeated(7, &[255, low, high])));
        assert!(is_possible(&repeated(7, &[254, 255])));
    }

    #[test]
    fn blocks_that_are_cut_short_or_not_compressed_are_left_to_the_decoder() {
        let whole = repeated((128 << 10) + 1, &[0]);
        for length in 0..6 {
            assert!(is_possible(&whole[..length]));
        }
        assert!(is_possible(&[0xff, 0xff, 0xf9, 0, 0, 0, 0]));
    }

    #[test]
    fn literals_of_every_form_are_passed_to_find_the_sequences() {
        let many = [255, 255, 255];
        let forms: [&[u8]; 6] = [
            &[2 << 3, 7, 7],
            &[2 << 4 | 1 << 2, 0, 7, 7],
            &[2 << 4 | 3 << 2, 0, 0, 7, 7],
            &[9 << 4 | 2, 2 << 6, 0, 7, 7],
            &[9 << 4 | 2 << 2 | 2, 0, 2 << 2, 0, 7, 7],
            &[9 << 4 | 3 << 2 | 2, 0, 2 << 6, 0, 0, 7, 7],
        ];
        for form in forms {
            assert!(is_possible(&block(&[form, &[1]].concat())), "{form:?}");
            assert!(!is_possible(&block(&[form, &many].concat())), "{form:?}");
        }
    }
}
