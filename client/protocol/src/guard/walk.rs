//! The walk itself.

use super::error::{Fault, Found};
use super::footprint::{FIRST_UNKNOWN_TAG, NEXT_UNKNOWN_TAG};
use super::plan::{Element, KnownTag, Length, Plan, Quick, Step, What, field_at};

/// Boxed, so that a result fits in a register.
type Walked<T> = Result<T, Box<Found>>;

/// Tags beyond this are negative in Kafka, and re-encoded wrongly by kafka-protocol.
const HIGHEST_TAG: u32 = i32::MAX as u32;

/// The walk over a message, but for the place where it is: what is left to be walked over is passed
/// by value, and stays in registers.
pub(super) struct Walk {
    /// Bytes behind the tagged field that is walked over.
    hidden: usize,
    total: usize,
    /// Memory that may still be taken.
    memory: u64,
    allowed: usize,
}

impl Walk {
    pub(super) fn new(total: usize, allowed: usize) -> Self {
        Self { hidden: 0, total, memory: allowed as u64, allowed }
    }

    /// Walks over a message or a struct, and gives what is behind it.
    pub(super) fn message<'a>(&mut self, plan: &Plan, rest: &'a [u8]) -> Walked<&'a [u8]> {
        self.fields(plan, rest)
    }

    /// Inlined into the loop over the elements of an array, where nearly all structs are.
    #[inline(always)]
    fn fields<'a>(&mut self, plan: &Plan, mut rest: &'a [u8]) -> Walked<&'a [u8]> {
        for step in &plan.steps {
            rest = match quick(step.quick, rest) {
                Some(rest) => rest,
                None => self.step(step, rest)?,
            };
        }
        match (&plan.tags, rest) {
            (None, _) => Ok(rest),
            // Most structs have none.
            (Some(_), [0, rest @ ..]) => Ok(rest),
            (Some(known), _) => self.tags(known, rest),
        }
    }

    /// Walks over a field, whatever it is.
    #[inline(never)]
    fn step<'a>(&mut self, step: &Step, rest: &'a [u8]) -> Walked<&'a [u8]> {
        match &step.what {
            // Their names are among the fields.
            What::Fixed { bytes, fields } => match rest.get(*bytes..) {
                Some(rest) => Ok(rest),
                None => Err(self.short(rest, *bytes, fields)),
            },
            // What most that is not quick is; a call less.
            What::Array { length, nullable, element } => {
                let walked = self.array(*length, *nullable, element, rest);
                walked.map_err(|found| found.in_field(step.field.name))
            }
            what => self.what(what, rest).map_err(|found| found.in_field(step.field.name)),
        }
    }

    fn what<'a>(&mut self, what: &What, start: &'a [u8]) -> Walked<&'a [u8]> {
        match what {
            What::Fixed { bytes, fields } => match start.get(*bytes..) {
                Some(rest) => Ok(rest),
                None => Err(self.short(start, *bytes, fields)),
            },
            What::Text { length, nullable } => {
                let (text, rest) = self.span(*length, *nullable, start)?;
                match std::str::from_utf8(text) {
                    Ok(_) => Ok(rest),
                    Err(error) => {
                        let fault = Fault::Utf8 { valid: error.valid_up_to(), length: text.len() };
                        Err(self.found(start, fault))
                    }
                }
            }
            What::Bytes { length, nullable } => {
                let (_, rest) = self.span(*length, *nullable, start)?;
                Ok(rest)
            }
            What::Array { length, nullable, element } => {
                self.array(*length, *nullable, element, start)
            }
            What::Struct { nullable: false, plan } => self.message(plan, start),
            What::Struct { nullable: true, plan } => match start {
                [] => Err(self.short(start, 1, &[])),
                [1, rest @ ..] => self.message(plan, rest),
                [0xff, rest @ ..] => Ok(rest),
                [marker, ..] => Err(self.found(start, Fault::Marker { marker: *marker as i8 })),
            },
            What::TaggedStruct { plan } => match self.varint(start)? {
                (0, rest) => Ok(rest),
                (1, rest) => self.message(plan, rest),
                (marker, _) => Err(self.found(start, Fault::TaggedMarker { marker })),
            },
        }
    }

    /// Walks over an array.
    #[inline(always)]
    fn array<'a>(
        &mut self,
        length: Length,
        nullable: bool,
        element: &Element,
        start: &'a [u8],
    ) -> Walked<&'a [u8]> {
        let (count, rest) = self.length(length, nullable, start)?;
        let count = count.unwrap_or(0);
        // Both products are far from 64 bits.
        let needed = u64::from(count) * element.least as u64;
        let left = rest.len();
        if needed > left as u64 {
            let (count, needed) = (count as usize, needed as usize);
            return Err(self.found(start, Fault::Count { count, needed, left }));
        }
        self.take_memory(start, u64::from(count) * element.memory as u64)?;
        if element.uniform {
            // No more than there are, which is the case just now.
            return Ok(rest.get(needed as usize..).unwrap_or_default());
        }
        self.elements(count, element, rest)
    }

    fn elements<'a>(
        &mut self,
        count: u32,
        element: &Element,
        mut rest: &'a [u8],
    ) -> Walked<&'a [u8]> {
        if let What::Struct { nullable: false, plan } = &*element.what {
            for index in 0..count {
                rest = match self.fields(plan, rest) {
                    Ok(rest) => rest,
                    Err(found) => return Err(found.in_element(index as usize)),
                };
            }
            return Ok(rest);
        }
        for index in 0..count {
            let walked = self.what(&element.what, rest);
            rest = walked.map_err(|found| found.in_element(index as usize))?;
        }
        Ok(rest)
    }

    /// Walks over tagged fields (KIP-482).
    fn tags<'a>(&mut self, known: &[KnownTag], start: &'a [u8]) -> Walked<&'a [u8]> {
        let (count, mut rest) = self.varint(start)?;
        let left = rest.len();
        let needed = u64::from(count) * 2;
        if needed > left as u64 {
            let (count, needed) = (count as usize, needed as usize);
            return Err(self.found(start, Fault::Count { count, needed, left }));
        }
        let mut previous = None;
        let mut unknown = 0;
        for _ in 0..count {
            let start = rest;
            let (tag, behind) = self.varint(start)?;
            if let Some(previous) = previous.filter(|&previous| tag <= previous) {
                return Err(self.found(start, Fault::TagOrder { tag, previous }));
            }
            if tag > HIGHEST_TAG {
                return Err(self.found(start, Fault::TagNumber { tag }));
            }
            previous = Some(tag);
            let (size, behind) = self.varint(behind)?;
            let size = size as usize;
            let Some((field, behind)) = behind.split_at_checked(size) else {
                return Err(self.found(start, Fault::Length { length: size, left: behind.len() }));
            };
            match known.iter().find(|known| known.number == tag) {
                Some(KnownTag { step: Some(step), .. }) => {
                    self.hidden += behind.len();
                    self.tagged(tag, field, step)?;
                    self.hidden -= behind.len();
                }
                Some(KnownTag { step: None, .. }) => {
                    return Err(self.found(start, Fault::TagVersion { tag }));
                }
                None => {
                    let node = if unknown == 0 { FIRST_UNKNOWN_TAG } else { NEXT_UNKNOWN_TAG };
                    self.take_memory(start, node as u64)?;
                    unknown += 1;
                }
            }
            rest = behind;
        }
        Ok(rest)
    }

    /// Walks over a known tagged field, which has to be all of `field`.
    fn tagged(&mut self, tag: u32, field: &[u8], step: &Step) -> Walked<()> {
        let rest = self.step(step, field)?;
        if rest.is_empty() {
            return Ok(());
        }
        let used = field.len() - rest.len();
        let found = self.found(field, Fault::TagSize { tag, size: field.len(), used });
        Err(found.in_field(step.field.name))
    }

    /// Walks over a length and as many bytes, which are none if it is null.
    fn span<'a>(
        &self,
        length: Length,
        nullable: bool,
        start: &'a [u8],
    ) -> Walked<(&'a [u8], &'a [u8])> {
        let (length, rest) = self.length(length, nullable, start)?;
        let length = length.unwrap_or(0) as usize;
        match rest.split_at_checked(length) {
            Some(span) => Ok(span),
            None => Err(self.found(start, Fault::Length { length, left: rest.len() })),
        }
    }

    /// Walks over a length or count.
    #[inline]
    fn length<'a>(
        &self,
        length: Length,
        nullable: bool,
        start: &'a [u8],
    ) -> Walked<(Option<u32>, &'a [u8])> {
        let (length, rest) = match length {
            // One byte nearly always.
            Length::Compact => match *start {
                [value @ 1..0x80, ref rest @ ..] => (i64::from(value) - 1, rest),
                _ => {
                    let (value, rest) = self.varint(start)?;
                    (i64::from(value) - 1, rest)
                }
            },
            Length::Int16 => match *start {
                [a, b, ref rest @ ..] => (i16::from_be_bytes([a, b]).into(), rest),
                _ => return Err(self.short(start, 2, &[])),
            },
            Length::Int32 => match *start {
                [a, b, c, d, ref rest @ ..] => (i32::from_be_bytes([a, b, c, d]).into(), rest),
                _ => return Err(self.short(start, 4, &[])),
            },
        };
        match u32::try_from(length) {
            Ok(length) => Ok((Some(length), rest)),
            Err(_) if length == -1 && nullable => Ok((None, rest)),
            Err(_) => Err(self.negative(start, length)),
        }
    }

    /// Walks over a variable-length integer.
    fn varint<'a>(&self, start: &'a [u8]) -> Walked<(u32, &'a [u8])> {
        let mut value: u32 = 0;
        for (index, &byte) in start.iter().take(5).enumerate() {
            if index == 4 && byte > 0x0f {
                return Err(self.found(start, Fault::Varint));
            }
            value |= u32::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return Ok((value, &start[index + 1..]));
            }
        }
        Err(self.short(start, start.len() + 1, &[]))
    }

    #[inline]
    fn take_memory(&mut self, start: &[u8], needed: u64) -> Walked<()> {
        match self.memory.checked_sub(needed) {
            Some(left) => {
                self.memory = left;
                Ok(())
            }
            None => {
                let (needed, left) = (needed as usize, self.memory as usize);
                Err(self.found(start, Fault::Memory { needed, left, allowed: self.allowed }))
            }
        }
    }

    #[cold]
    fn negative(&self, start: &[u8], length: i64) -> Box<Found> {
        let fault = match length {
            -1 => Fault::Null,
            // It came out of 32 bits.
            length => Fault::Negative { length: length as i32 },
        };
        self.found(start, fault)
    }

    /// The bytes end before `needed` of them, within one of `fields` if these are several.
    #[cold]
    fn short(
        &self,
        rest: &[u8],
        needed: usize,
        fields: &[&'static crate::schema::Field],
    ) -> Box<Found> {
        let left = rest.len();
        match field_at(fields, left) {
            Some((field, before, bytes)) => {
                let start = &rest[before..];
                let fault = Fault::Short { needed: bytes, left: start.len() };
                self.found(start, fault).in_field(field.name)
            }
            None => self.found(rest, Fault::Short { needed, left }),
        }
    }

    #[cold]
    fn found(&self, start: &[u8], fault: Fault) -> Box<Found> {
        Box::new(Found::at(self.offset_of(start), fault))
    }

    /// Where `start`, a tail of what was left at some time, begins.
    fn offset_of(&self, start: &[u8]) -> usize {
        self.total - self.hidden - start.len()
    }
}

/// What is behind a field, if it is as it nearly always is.
#[inline(always)]
fn quick(quick: Quick, start: &[u8]) -> Option<&[u8]> {
    match quick {
        Quick::Fixed(bytes) => start.get(bytes..),
        Quick::Numbers(size) => {
            let [value @ 1..0x80, rest @ ..] = start else { return None };
            rest.get(usize::from(value - 1) * size as usize..)
        }
        Quick::Span => {
            let (value, rest) = short_varint(start)?;
            rest.get((value as usize).checked_sub(1)?..)
        }
        Quick::Empty { lowest } => match start {
            [value, rest @ ..] if (lowest..=1).contains(value) => Some(rest),
            _ => None,
        },
        Quick::ClassicSpan(size) => {
            let (count, rest) = start.split_first_chunk()?;
            let count = usize::try_from(i32::from_be_bytes(*count)).ok()?;
            rest.get(count.checked_mul(size as usize)?..)
        }
        Quick::ClassicEmpty { lowest } => {
            let (count, rest) = start.split_first_chunk()?;
            (i32::from(lowest)..=0).contains(&i32::from_be_bytes(*count)).then_some(rest)
        }
        Quick::Unknown => None,
    }
}

/// A variable-length integer of at most four bytes, if four bytes are there, and what is behind it.
#[inline(always)]
fn short_varint(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let word = u32::from_le_bytes(*bytes.first_chunk()?);
    // The highest bit of each byte but the last is set.
    let last = !word & 0x8080_8080;
    let word = word & (last ^ last.wrapping_sub(1));
    let value =
        (word & 0x7f) | (word >> 1 & 0x3f80) | (word >> 2 & 0x1f_c000) | (word >> 3 & 0xfe0_0000);
    // Where there is no last byte, this is five.
    let length = last.trailing_zeros() as usize / 8 + 1;
    if length > 4 { None } else { Some((value, bytes.get(length..)?)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_short_integer_is_what_the_long_way_gives(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0x80), Just(0xff)], 0..8),
        ) {
            if let Some(short) = short_varint(&bytes) {
                let walk = Walk::new(bytes.len(), 0);
                prop_assert_eq!(Some(short), walk.varint(&bytes).ok());
            } else {
                prop_assert!(bytes.len() < 4 || bytes[..4].iter().all(|byte| *byte >= 0x80));
            }
        }
    }
}
