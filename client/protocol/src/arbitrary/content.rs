//! Where the values of a generated message come from.

use std::cmp::Ordering;

use ::arbitrary::{Arbitrary, Result, Unstructured};

use super::batch::ArbitraryBatch;
use super::wire::Extreme;

/// As many elements of plain numbers are possible in one array, so that counts of two bytes occur.
const MANY: usize = 300;

/// Decides what a message holds.
pub(super) enum Source<'s, 'a> {
    /// The same in every run; the number counts the values that were given.
    Extreme(Extreme, u64),
    /// Taken from bytes. Once these are used up, everything is zero, null or empty.
    Arbitrary(&'s mut Unstructured<'a>),
}

/// Whether a value has to differ from whatever the default of its field may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Any,
    NotDefault,
}

impl Source<'_, '_> {
    /// An integer of so many bytes, in the lowest of the result.
    pub(super) fn integer(&mut self, size: u32, value: Value) -> Result<u64> {
        let bits = 8 * size;
        let mask = u64::MAX >> (64 - bits);
        let drawn = match self {
            Self::Extreme(extreme, counter) => {
                *counter += 1;
                match extreme {
                    // Positive, even, not zero, and all bytes of it differ.
                    Extreme::Full => {
                        (counter.wrapping_mul(0x0123_4567_89ab_cdef) & (mask >> 1) & !1) | 2
                    }
                    Extreme::Hollow => [1 << (bits - 1), mask >> 1, mask][*counter as usize % 3],
                    Extreme::Empty | Extreme::Elements { .. } | Extreme::Tags { .. } => 0,
                }
            }
            Self::Arbitrary(u) => {
                let mut bytes = [0; 8];
                u.fill_buffer(&mut bytes[..size as usize])?;
                u64::from_le_bytes(bytes)
            }
        };
        let defaults = [0, mask, 1 << (bits - 1), mask >> 1];
        let taken = value == Value::NotDefault && defaults.contains(&drawn);
        Ok(if taken { 2 } else { drawn })
    }

    /// The default of every boolean in a tagged field is false.
    pub(super) fn boolean(&mut self, value: Value) -> Result<bool> {
        Ok(value == Value::NotDefault
            || match self {
                Self::Extreme(extreme, _) => *extreme == Extreme::Full,
                Self::Arbitrary(u) => u.arbitrary()?,
            })
    }

    /// Whether something that may be null is.
    pub(super) fn null(&mut self, array: bool, depth: usize) -> Result<bool> {
        Ok(match self {
            Self::Extreme(Extreme::Elements { depth: deepest }, _) => !array || depth > *deepest,
            Self::Extreme(Extreme::Tags { depth: deepest }, _) => !array || depth >= *deepest,
            Self::Extreme(Extreme::Full, _) => false,
            Self::Extreme(Extreme::Hollow, _) => !array,
            Self::Extreme(Extreme::Empty, _) => true,
            // Null once the bytes are used up.
            Self::Arbitrary(u) => !u.arbitrary::<bool>()?,
        })
    }

    /// Whether a tagged field is written.
    pub(super) fn tagged(&mut self) -> Result<bool> {
        Ok(match self {
            Self::Extreme(extreme, _) => *extreme == Extreme::Full,
            Self::Arbitrary(u) => u.arbitrary()?,
        })
    }

    /// The length of an array inside of `depth` others. Few elements if they are large, or much was
    /// written already.
    pub(super) fn count(
        &mut self,
        depth: usize,
        plain: bool,
        room: bool,
        value: Value,
    ) -> Result<usize> {
        let count = match self {
            Self::Extreme(Extreme::Elements { depth: crowded }, _) => match depth.cmp(crowded) {
                Ordering::Less => 1,
                Ordering::Equal => MANY,
                Ordering::Greater => 0,
            },
            Self::Extreme(Extreme::Tags { depth: crowded }, _) => usize::from(depth < *crowded),
            Self::Extreme(Extreme::Full, counter) => {
                *counter += 1;
                if plain && *counter % 5 == 0 { MANY } else { 2 }
            }
            Self::Extreme(Extreme::Hollow, _) => 1,
            Self::Extreme(Extreme::Empty, _) => 0,
            Self::Arbitrary(_) if !room => 0,
            Self::Arbitrary(u) => match u.int_in_range(0..=15_u8)? {
                few @ 0..=3 => few.into(),
                4..=7 => 1,
                8..=14 => 2,
                _ if plain => u.int_in_range(0..=MANY)?,
                _ => 4,
            },
        };
        Ok(count.max(usize::from(value == Value::NotDefault)))
    }

    /// Text, now and then with a length that takes two bytes to say.
    pub(super) fn text(&mut self, value: Value) -> Result<String> {
        Ok(match self {
            Self::Extreme(Extreme::Full, counter) => {
                *counter += 1;
                let text = format!("text {counter} \u{e9}\u{20ac}\u{1f980}");
                if *counter % 7 == 0 { text.repeat(12) } else { text }
            }
            Self::Extreme(..) => String::new(),
            Self::Arbitrary(u) => String::from_utf8_lossy(take(u)?).into_owned(),
        })
        .map(|text| if text.is_empty() && value == Value::NotDefault { "x".into() } else { text })
    }

    /// Bytes, now and then with a length that takes two bytes to say.
    pub(super) fn bytes(&mut self, value: Value) -> Result<Vec<u8>> {
        let mut bytes = match self {
            Self::Extreme(Extreme::Full, counter) => {
                *counter += 1;
                let length = if *counter % 7 == 0 { 300 } else { 5 };
                // Not text, and nothing that looks like a length of its own.
                (0..length).map(|at: u64| (counter.wrapping_add(at) | 0x80) as u8).collect()
            }
            Self::Extreme(..) => Vec::new(),
            Self::Arbitrary(u) => take(u)?.to_vec(),
        };
        if bytes.is_empty() && value == Value::NotDefault {
            bytes.push(0xff);
        }
        Ok(bytes)
    }

    /// Record batches more often than bytes that are none.
    pub(super) fn records(&mut self) -> Result<Vec<u8>> {
        let Self::Arbitrary(u) = self else { return self.bytes(Value::Any) };
        let mut records = Vec::new();
        match u.int_in_range(0..=7_u8)? {
            0 => return Ok(records),
            1 => return self.bytes(Value::Any),
            7 => {
                records.extend_from_slice(ArbitraryBatch::arbitrary(u)?.bytes());
                records.extend_from_slice(ArbitraryBatch::arbitrary(u)?.bytes());
            }
            _ => records.extend_from_slice(ArbitraryBatch::arbitrary(u)?.bytes()),
        }
        Ok(records)
    }

    /// The distances between the numbers of unknown tagged fields.
    pub(super) fn unknown_tags(&mut self, depth: usize) -> Result<Vec<u32>> {
        Ok(match self {
            Self::Extreme(Extreme::Tags { depth: crowded }, _) if depth == *crowded => {
                vec![0; MANY]
            }
            Self::Extreme(Extreme::Full, _) => vec![0, 200],
            Self::Extreme(..) => Vec::new(),
            Self::Arbitrary(u) => {
                let count = u.int_in_range(0..=15_u8)?.saturating_sub(12);
                let gap = |_| Ok(u.arbitrary::<u32>()? >> u.int_in_range(4..=31_u32)?);
                (0..count).map(gap).collect::<Result<_>>()?
            }
        })
    }
}

/// Up to 30 bytes, now and then some hundred.
pub(super) fn take<'a>(u: &mut Unstructured<'a>) -> Result<&'a [u8]> {
    let length = match u.int_in_range(0..=31_u8)? {
        31 => u.int_in_range(100..=300_usize)?,
        short => short.into(),
    };
    u.bytes(length.min(u.len()))
}
