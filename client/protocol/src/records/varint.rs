//! Zig-zag variable-length integers, as records use them.

/// The longest encoding of 32 bits.
pub(crate) const MAX_VARINT: usize = 5;
/// The longest encoding of 64 bits.
pub(crate) const MAX_VARLONG: usize = 10;

#[inline]
pub(crate) const fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

#[inline]
pub(crate) const fn zigzag_long(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The length of something that is there, or that of nothing.
#[inline]
pub(crate) fn zigzag_length(bytes: Option<&[u8]>) -> u64 {
    // Absent is -1, which is 1 in zig-zag.
    bytes.map_or(1, |bytes| (bytes.len() as u64) << 1)
}

/// Bytes of an unsigned value in groups of seven bits.
#[inline]
pub(crate) const fn size(value: u64) -> usize {
    // 9/64 of the bit length, rounded up, is its seventh rounded up for all lengths up to 64.
    let bits = 64 - (value | 1).leading_zeros() as usize;
    (bits * 9 + 64) / 64
}

/// Bytes of a length or count, which is never negative.
#[inline]
pub(crate) const fn size_of_length(length: usize) -> usize {
    size((length as u64) << 1)
}

/// The groups of one or more small values, in a register: writing them byte by byte to memory and
/// copying them from there would wait for each of the bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Word {
    bits: u64,
    len: usize,
}

impl Word {
    /// The most bytes it can have.
    pub(crate) const MAX: usize = 8;

    /// The attributes of a record: unused and 0.
    pub(crate) const NO_ATTRIBUTES: Self = Self { bits: 0, len: 1 };

    /// The groups of a value below 2^56.
    #[inline]
    pub(crate) fn of(value: u64) -> Self {
        debug_assert!(value < 1 << 56);
        Self::small(value).unwrap_or_else(|| Self::of_many(value))
    }

    /// The only group of a value, if there is but one.
    #[inline]
    pub(crate) fn byte(value: u64) -> Option<Self> {
        (value < 0x80).then_some(Self { bits: value, len: 1 })
    }

    /// The groups of a value, if there is one or two.
    #[inline]
    pub(crate) fn small(value: u64) -> Option<Self> {
        if value < 0x80 {
            Some(Self { bits: value, len: 1 })
        } else if value < 0x4000 {
            Some(Self { bits: (value & 0x7f) | 0x80 | (value >> 7) << 8, len: 2 })
        } else {
            None
        }
    }

    /// The length of something that is there, or that of nothing.
    #[inline]
    pub(crate) fn of_length(bytes: Option<&[u8]>) -> Self {
        Self::of(zigzag_length(bytes))
    }

    /// The groups of any value: all of it and nothing, or seven groups and the rest.
    pub(crate) fn pair(value: u64) -> (Self, Self) {
        if value < 1 << 49 {
            return (Self::of(value), Self::default());
        }
        let mut low = Self::of_many(value & ((1 << 49) - 1));
        // Low groups that are 0 are written too, since others follow.
        low.bits |= 0x0080_8080_8080_8080;
        low.len = 7;
        (low, Self::of(value >> 49))
    }

    #[inline(never)]
    fn of_many(mut value: u64) -> Self {
        let mut word = Self::default();
        while value >= 0x80 {
            word.bits |= ((value & 0x7f) | 0x80) << (8 * word.len);
            value >>= 7;
            word.len += 1;
        }
        Self { bits: word.bits | value << (8 * word.len), len: word.len + 1 }
    }

    /// How many bytes it has.
    #[inline]
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// This and then another one. Together they have at most eight bytes, this one less.
    #[inline]
    pub(crate) fn and(self, other: Self) -> Self {
        debug_assert!(self.len < Self::MAX && self.len + other.len <= Self::MAX);
        Self { bits: self.bits | other.bits << ((8 * self.len) & 63), len: self.len + other.len }
    }

    /// Its bytes, followed by zeros.
    #[inline]
    pub(crate) fn bytes(self) -> [u8; Self::MAX] {
        self.bits.to_le_bytes()
    }

    /// Its bytes and then another one's, followed by zeros.
    #[inline]
    pub(crate) fn with(self, other: Self) -> [u8; 2 * Self::MAX] {
        (u128::from(self.bits) | u128::from(other.bits) << (8 * self.len)).to_le_bytes()
    }
}

/// Values of one or two groups, taken from a register: most values of most records.
#[derive(Clone, Copy)]
pub(crate) struct SmallValues {
    bits: u64,
    taken: usize,
}

impl SmallValues {
    /// The first eight bytes, if there are as many.
    #[inline(always)]
    pub(crate) fn at(bytes: &[u8]) -> Option<Self> {
        Some(Self { bits: u64::from_le_bytes(*bytes.first_chunk()?), taken: 0 })
    }

    /// Passes a byte.
    #[inline(always)]
    pub(crate) fn skip(&mut self) {
        self.bits >>= 8;
        self.taken += 1;
    }

    /// The next value, in zig-zag. `None`: it has more than two groups. At most four values stand
    /// in eight bytes, so a caller asks for no more.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> Option<u32> {
        let groups = self.bits as u32;
        let raw = if groups & 0x80 == 0 {
            self.bits >>= 8;
            self.taken += 1;
            groups & 0x7f
        } else if groups & 0x8000 == 0 {
            self.bits >>= 16;
            self.taken += 2;
            (groups & 0x7f) | (groups >> 1 & 0x3f80)
        } else {
            return None;
        };
        Some(raw)
    }

    /// How many bytes were taken.
    #[inline(always)]
    pub(crate) fn taken(self) -> usize {
        self.taken
    }
}

#[inline(always)]
pub(crate) const fn unzigzag(raw: u32) -> i32 {
    (raw >> 1) as i32 ^ -((raw & 1) as i32)
}

/// The length a value stands for; of a negative value one that no bytes have.
#[inline(always)]
pub(crate) fn length(raw: u32) -> usize {
    // The sign is the lowest bit and becomes the highest.
    usize::try_from(u64::from(raw).rotate_right(1)).unwrap_or(usize::MAX)
}

/// Takes a 32-bit value off the front, still in zig-zag. `None`: the bytes end within it, or it has
/// more bits.
#[inline(always)]
pub(crate) fn take_raw(bytes: &mut &[u8]) -> Option<u32> {
    match **bytes {
        [first, ref rest @ ..] if first < 0x80 => {
            *bytes = rest;
            Some(u32::from(first))
        }
        [first, second, ref rest @ ..] if second < 0x80 => {
            *bytes = rest;
            Some(u32::from(first & 0x7f) | u32::from(second) << 7)
        }
        _ => {
            let (raw, rest) = long_form(bytes, MAX_VARINT)?;
            *bytes = rest;
            u32::try_from(raw).ok()
        }
    }
}

/// Takes a 64-bit value off the front. `None`: the bytes end within it, or it has more bits.
#[inline]
pub(crate) fn take_long(bytes: &mut &[u8]) -> Option<i64> {
    let (raw, rest) = long_form(bytes, MAX_VARLONG)?;
    *bytes = rest;
    Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

/// A value of any length and what is behind it. Takes and gives slices by value: those of the
/// callers stay in registers.
#[inline(never)]
fn long_form(mut bytes: &[u8], max: usize) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for index in 0..max {
        let (&byte, rest) = bytes.split_first()?;
        bytes = rest;
        let shift = 7 * index as u32;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit only.
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Some((value, bytes));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn take(bytes: &mut &[u8]) -> Option<i32> {
        take_raw(bytes).map(unzigzag)
    }

    fn bytes_of(value: u64) -> Vec<u8> {
        let (low, high) = Word::pair(value);
        [&low.bytes()[..low.len()], &high.bytes()[..high.len()]].concat()
    }

    #[test]
    fn known_values_have_the_bytes_kafka_writes() {
        // From org.apache.kafka.common.utils.ByteUtilsTest.
        let cases: [(i32, &[u8]); 9] = [
            (0, &[0x00]),
            (-1, &[0x01]),
            (1, &[0x02]),
            (63, &[0x7e]),
            (-64, &[0x7f]),
            (64, &[0x80, 0x01]),
            (8191, &[0xfe, 0x7f]),
            (i32::MAX, &[0xfe, 0xff, 0xff, 0xff, 0x0f]),
            (i32::MIN, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
        ];
        for (value, bytes) in cases {
            assert_eq!(bytes_of(zigzag(value).into()), bytes, "{value}");
            assert_eq!(take(&mut &bytes[..]), Some(value));
        }
    }

    #[test]
    fn a_value_that_never_ends_is_refused() {
        assert_eq!(take(&mut &[0x80; 5][..]), None);
        assert_eq!(take(&mut &[0x80; 20][..]), None);
        assert_eq!(take_long(&mut &[0x80; 20][..]), None);
        assert_eq!(take(&mut &[0x80, 0x80][..]), None);
        assert_eq!(take(&mut &[][..]), None);
    }

    #[test]
    fn bits_beyond_the_type_are_refused() {
        assert_eq!(take(&mut &[0xff, 0xff, 0xff, 0xff, 0x1f][..]), None);
        let mut eleven = [0xff; 10];
        eleven[9] = 0x02;
        assert_eq!(take_long(&mut &eleven[..]), None);
    }

    #[test]
    fn a_length_is_itself_and_a_negative_one_larger_than_any_bytes() {
        for value in [0, 1, 63, 64, 8191, i32::MAX] {
            assert_eq!(length(zigzag(value)), value as usize);
        }
        for value in [-1, -2, -64, i32::MIN] {
            assert!(length(zigzag(value)) > isize::MAX as usize, "{value}");
        }
    }

    #[test]
    fn words_side_by_side_have_the_bytes_of_both() {
        let all = [0, 0x7f, 0x80, 0x3fff, 0x4000, (1 << 49) - 1];
        for (first, second) in all.into_iter().flat_map(|a| all.map(|b| (a, b))) {
            let (first, second) = (Word::of(first), Word::of(second));
            let expected =
                [&first.bytes()[..first.len()], &second.bytes()[..second.len()]].concat();
            assert_eq!(first.with(second)[..expected.len()], expected);
            if expected.len() <= Word::MAX {
                assert_eq!(first.and(second).bytes()[..expected.len()], expected);
            }
        }
    }

    proptest! {
        #[test]
        fn every_value_comes_back_and_its_size_is_known_beforehand(value: i64, rest: Vec<u8>) {
            for value in [value, value >> 24, value >> 40, value >> 50, value >> 57] {
                let mut bytes = bytes_of(zigzag_long(value));
                prop_assert_eq!(bytes.len(), size(zigzag_long(value)));
                bytes.extend_from_slice(&rest);
                let mut left = &bytes[..];
                prop_assert_eq!(take_long(&mut left), Some(value));
                prop_assert_eq!(left, &rest[..]);
                if let Ok(small) = i32::try_from(value) {
                    prop_assert_eq!(zigzag_long(value), u64::from(zigzag(small)));
                    prop_assert_eq!(take(&mut &bytes[..]), Some(small));
                } else {
                    prop_assert_eq!(take(&mut &bytes[..]), None);
                }
            }
        }
    }
}
