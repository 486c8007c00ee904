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

/// Writes an unsigned value at `position` and gives the position after it. The caller's array is
/// large enough for everything he writes into it.
#[inline]
pub(crate) fn put<const N: usize>(out: &mut [u8; N], mut position: usize, mut value: u64) -> usize {
    while value >= 0x80 {
        out[position] = value as u8 | 0x80;
        value >>= 7;
        position += 1;
    }
    out[position] = value as u8;
    position + 1
}

/// Takes a 32-bit value off the front. `None`: the bytes end within it, or it has more bits.
#[inline]
pub(crate) fn take(bytes: &mut &[u8]) -> Option<i32> {
    let raw = match **bytes {
        [first, ref rest @ ..] if first < 0x80 => {
            *bytes = rest;
            u32::from(first)
        }
        [first, second, ref rest @ ..] if second < 0x80 => {
            *bytes = rest;
            u32::from(first & 0x7f) | u32::from(second) << 7
        }
        _ => u32::try_from(take_long_form(bytes, MAX_VARINT)?).ok()?,
    };
    Some((raw >> 1) as i32 ^ -((raw & 1) as i32))
}

/// Takes a 64-bit value off the front. `None`: the bytes end within it, or it has more bits.
#[inline]
pub(crate) fn take_long(bytes: &mut &[u8]) -> Option<i64> {
    let raw = match **bytes {
        [first, ref rest @ ..] if first < 0x80 => {
            *bytes = rest;
            u64::from(first)
        }
        [first, second, ref rest @ ..] if second < 0x80 => {
            *bytes = rest;
            u64::from(first & 0x7f) | u64::from(second) << 7
        }
        _ => take_long_form(bytes, MAX_VARLONG)?,
    };
    Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

#[inline(never)]
fn take_long_form(bytes: &mut &[u8], max: usize) -> Option<u64> {
    let mut value = 0_u64;
    for index in 0..max {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let shift = 7 * index as u32;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit only.
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes_of(value: u64) -> Vec<u8> {
        let mut out = [0; MAX_VARLONG];
        let length = put(&mut out, 0, value);
        out[..length].to_vec()
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
