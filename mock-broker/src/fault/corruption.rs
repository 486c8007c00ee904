//! Bytes that change on their way.

use std::fmt;

/// Which bytes of a frame are changed.
///
/// Offsets count from behind the frame's length, which stays as it is: a wrong length is a
/// connection that hangs or a frame that is cut, and there are other faults for these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Corruption {
    /// So many bytes, drawn at random from those behind the correlation id, get a random value
    /// that is not their own.
    Bytes(u32),
    /// One byte, some of whose bits are flipped. A frame that is shorter stays as it is.
    At {
        /// Which byte.
        offset: usize,
        /// Which of its bits.
        flip: u8,
    },
}

impl Corruption {
    pub(super) fn changes_something(self) -> bool {
        match self {
            Self::Bytes(count) => count > 0,
            Self::At { flip, .. } => flip != 0,
        }
    }

    /// Changes `frame`, which is without its length. The first `spared` bytes are never drawn.
    pub(crate) fn apply(self, frame: &mut [u8], spared: usize, drawn: u64) {
        match self {
            Self::At { offset, flip } => {
                if let Some(byte) = frame.get_mut(offset) {
                    *byte ^= flip;
                }
            }
            Self::Bytes(count) => {
                let Some(body) = frame.get_mut(spared..).filter(|body| !body.is_empty()) else {
                    return;
                };
                let length = body.len() as u64;
                let mut state = drawn;
                for _ in 0..count {
                    let random = split_mix(&mut state);
                    let at = usize::try_from((random >> 8) % length).unwrap_or(0);
                    // 1 to 255: never its own value.
                    body[at] ^= u8::try_from(random % 255).unwrap_or(0) + 1;
                }
            }
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(1) => f.write_str("a byte"),
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::At { offset, flip } => write!(f, "bits {flip:#04x} of byte {offset}"),
        }
    }
}

/// SplitMix64: one number drawn from the seed's stream becomes as many as there are bytes.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_bytes_change_and_spared_ones_never_do() {
        for drawn in 0..500 {
            let mut frame = [7; 12];
            Corruption::Bytes(1).apply(&mut frame, 8, drawn);
            assert_eq!(frame[..8], [7; 8]);
            assert_eq!(frame[8..].iter().filter(|byte| **byte != 7).count(), 1, "{drawn}");
        }
    }

    #[test]
    fn chosen_bits_are_flipped_where_they_are() {
        let mut frame = [0, 0, 0];
        Corruption::At { offset: 1, flip: 0x81 }.apply(&mut frame, 8, 0);
        assert_eq!(frame, [0, 0x81, 0]);
        Corruption::At { offset: 9, flip: 1 }.apply(&mut frame, 8, 0);
        assert_eq!(frame, [0, 0x81, 0]);
    }

    #[test]
    fn a_frame_of_nothing_but_its_head_stays_as_it_is() {
        let mut frame = [1, 2, 3];
        Corruption::Bytes(5).apply(&mut frame, 8, 3);
        assert_eq!(frame, [1, 2, 3]);
    }
}
