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

/// Bytes of the length of the longest payload that a batch can have.
const PLACES: usize = 4;

/// `POWERS[i][b]` is x^(8 * b * 256^i).
static POWERS: [[u32; 256]; PLACES] = powers();

/// `REMAINDERS[n]` is what shifting the nibble `n` out at the end leaves behind.
static REMAINDERS: [u32; 16] = remainders();

/// The effect that appending bytes has on a checksum of what comes before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shift(u32);

impl Shift {
    /// The effect of appending `length` bytes. Lengths above `u32::MAX` do not occur in a batch.
    pub(crate) fn by(length: usize) -> Self {
        let mut product = POWERS[0][length & 0xff];
        for (place, powers) in POWERS.iter().enumerate().skip(1) {
            let byte = (length >> (8 * place)) & 0xff;
            if byte != 0 {
                product = multiply(product, powers[byte]);
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

/// The product of two polynomials, by four coefficients of the first at a time.
fn multiply(a: u32, b: u32) -> u32 {
    // The multiples of `b` by all polynomials of degree below 4, whose highest bit is x^0.
    let mut multiples = [0; 16];
    let mut shifted = b;
    for bit in [8, 4, 2, 1] {
        for index in (bit..16).step_by(2 * bit) {
            for index in index..index + bit {
                multiples[index] = multiples[index - bit] ^ shifted;
            }
        }
        shifted = times_x(shifted);
    }
    let mut product = 0_u32;
    for nibble in 0..8 {
        let high = REMAINDERS[(product & 0xf) as usize];
        product = (product >> 4) ^ high ^ multiples[((a >> (4 * nibble)) & 0xf) as usize];
    }
    product
}

const fn times_x(a: u32) -> u32 {
    // A mask instead of a branch: the bits of a checksum are random.
    (a >> 1) ^ (POLYNOMIAL & 0_u32.wrapping_sub(a & 1))
}

/// [`multiply`], bit by bit: what the tables are made with.
const fn multiply_slowly(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    let mut bit = 32;
    while bit > 0 {
        bit -= 1;
        product ^= b & 0_u32.wrapping_sub((a >> bit) & 1);
        b = times_x(b);
    }
    product
}

const fn remainders() -> [u32; 16] {
    let mut table = [0; 16];
    let mut nibble = 0;
    while nibble < 16 {
        table[nibble] = times_x(times_x(times_x(times_x(nibble as u32))));
        nibble += 1;
    }
    table
}

const fn powers() -> [[u32; 256]; PLACES] {
    let mut table = [[ONE; 256]; PLACES];
    let mut step = ONE_BYTE;
    let mut place = 0;
    while place < PLACES {
        let mut byte = 1;
        while byte < 256 {
            table[place][byte] = multiply_slowly(table[place][byte - 1], step);
            byte += 1;
        }
        step = multiply_slowly(table[place][255], step);
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
        fn products_by_nibbles_equal_those_by_bits(a: u32, b: u32) {
            prop_assert_eq!(multiply(a, b), multiply_slowly(a, b));
        }

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
