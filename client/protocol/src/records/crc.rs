//! CRC-32C of two parts from the CRCs of the parts.
//!
//! A checksum is a polynomial over GF(2) modulo the Castagnoli polynomial. Appending `n` bytes
//! multiplies it by x^(8n), so `crc(a ++ b) = crc(a) * x^(8 * len(b)) + crc(b)`. The power is kept
//! as a [`Shift`]; applying it is one multiplication, whatever the length.

/// The Castagnoli polynomial, lowest power in the highest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// x^0 in the same order of bits.
const ONE: u32 = 1 << 31;

/// x^8.
const ONE_BYTE: u32 = 1 << 23;

/// Hexadecimal digits of the longest payload that a batch can have.
const DIGITS: usize = 8;

/// `POWERS[i][d]` is x^(8 * d * 16^i).
static POWERS: [[u32; 16]; DIGITS] = powers();

/// The effect that appending bytes has on a checksum of what comes before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shift(u32);

impl Shift {
    /// The effect of appending `length` bytes. Lengths above `u32::MAX` do not occur in a batch.
    pub(crate) fn by(length: usize) -> Self {
        let mut product = ONE;
        for (place, powers) in POWERS.iter().enumerate() {
            let digit = (length >> (4 * place)) & 0xf;
            if digit != 0 {
                product = multiply(product, powers[digit]);
            }
        }
        Self(product)
    }

    /// The checksum of the whole, given that of both parts.
    #[inline]
    pub(crate) fn combine(self, first: u32, second: u32) -> u32 {
        multiply(self.0, first) ^ second
    }
}

#[inline]
const fn multiply(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    let mut bit = 32;
    while bit > 0 {
        bit -= 1;
        // Masks instead of branches: the bits of a checksum are random.
        product ^= b & 0_u32.wrapping_sub((a >> bit) & 1);
        b = (b >> 1) ^ (POLYNOMIAL & 0_u32.wrapping_sub(b & 1));
    }
    product
}

const fn powers() -> [[u32; 16]; DIGITS] {
    let mut table = [[ONE; 16]; DIGITS];
    let mut step = ONE_BYTE;
    let mut place = 0;
    while place < DIGITS {
        let mut digit = 1;
        while digit < 16 {
            table[place][digit] = multiply(table[place][digit - 1], step);
            digit += 1;
        }
        step = multiply(table[place][15], step);
        place += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn combining_equals_running_over_the_whole(a: Vec<u8>, b: Vec<u8>) {
            let whole: Vec<u8> = a.iter().chain(&b).copied().collect();
            let combined = Shift::by(b.len()).combine(crc32c::crc32c(&a), crc32c::crc32c(&b));
            prop_assert_eq!(combined, crc32c::crc32c(&whole));
        }

        #[test]
        fn long_second_parts_agree_with_the_crate_s_own_combination(
            first: u32, second: u32, length in 0_usize..=u32::MAX as usize,
        ) {
            let expected = crc32c::crc32c_combine(first, second, length);
            prop_assert_eq!(Shift::by(length).combine(first, second), expected);
        }
    }
}
