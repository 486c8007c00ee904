//! The walk itself.

use super::error::{Fault, Found};
use super::footprint::{FIRST_UNKNOWN_TAG, NEXT_UNKNOWN_TAG};
use super::plan::{Element, KnownTag, Length, Plan, Step, What, field_at};

/// Boxed, so that a result fits in a register.
type Walked<T> = Result<T, Box<Found>>;

/// Tags beyond this are negative in Kafka, and re-encoded wrongly by kafka-protocol.
const HIGHEST_TAG: u32 = i32::MAX as u32;

/// Where the walk is.
pub(super) struct Walk<'a> {
    /// What is still to be walked over.
    rest: &'a [u8],
    /// Bytes behind the tagged field that is walked over.
    hidden: usize,
    total: usize,
    /// Memory that may still be taken.
    memory: usize,
    allowed: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(bytes: &'a [u8], allowed: usize) -> Self {
        Self { rest: bytes, hidden: 0, total: bytes.len(), memory: allowed, allowed }
    }

    /// Bytes walked over.
    pub(super) fn offset(&self) -> usize {
        self.offset_of(self.rest)
    }

    /// Walks over a message or a struct.
    pub(super) fn message(&mut self, plan: &Plan) -> Walked<()> {
        for step in &plan.steps {
            self.step(step)?;
        }
        match &plan.tags {
            Some(known) => self.tags(known),
            None => Ok(()),
        }
    }

    #[inline]
    fn step(&mut self, step: &Step) -> Walked<()> {
        if let What::Fixed { bytes, fields } = &step.what {
            return match self.rest.get(*bytes..) {
                Some(rest) => {
                    self.rest = rest;
                    Ok(())
                }
                None => Err(self.short(*bytes, fields)),
            };
        }
        self.what(&step.what).map_err(|found| found.in_field(step.field.name))
    }

    fn what(&mut self, what: &What) -> Walked<()> {
        match what {
            What::Fixed { bytes, fields } => match self.rest.get(*bytes..) {
                Some(rest) => {
                    self.rest = rest;
                    Ok(())
                }
                None => Err(self.short(*bytes, fields)),
            },
            What::Text { length, nullable } => {
                let start = self.rest;
                let Some(text) = self.span(*length, *nullable)? else { return Ok(()) };
                match std::str::from_utf8(text) {
                    Ok(_) => Ok(()),
                    Err(error) => {
                        let fault = Fault::Utf8 { valid: error.valid_up_to(), length: text.len() };
                        Err(self.found(start, fault))
                    }
                }
            }
            What::Bytes { length, nullable } => self.span(*length, *nullable).map(drop),
            What::Array { length, nullable, element } => self.array(*length, *nullable, element),
            What::Struct { nullable: false, plan } => self.message(plan),
            What::Struct { nullable: true, plan } => self.optional(plan),
        }
    }

    fn array(&mut self, length: Length, nullable: bool, element: &Element) -> Walked<()> {
        let start = self.rest;
        let Some(count) = self.length(length, nullable)? else { return Ok(()) };
        let needed = count.saturating_mul(element.least);
        let left = self.rest.len();
        if needed > left {
            return Err(self.found(start, Fault::Count { count, needed, left }));
        }
        self.take_memory(start, count.saturating_mul(element.memory))?;
        if element.uniform {
            self.rest = &self.rest[needed..];
            return Ok(());
        }
        for index in 0..count {
            self.what(&element.what).map_err(|found| found.in_element(index))?;
        }
        Ok(())
    }

    fn optional(&mut self, plan: &Plan) -> Walked<()> {
        let start = self.rest;
        let Some((&marker, rest)) = start.split_first() else { return Err(self.short(1, &[])) };
        self.rest = rest;
        match marker as i8 {
            1 => self.message(plan),
            -1 => Ok(()),
            marker => Err(self.found(start, Fault::Marker { marker })),
        }
    }

    /// Walks over tagged fields (KIP-482).
    #[inline]
    fn tags(&mut self, known: &[KnownTag]) -> Walked<()> {
        // Most structs have none.
        if let Some((0, rest)) = self.rest.split_first() {
            self.rest = rest;
            return Ok(());
        }
        self.some_tags(known)
    }

    fn some_tags(&mut self, known: &[KnownTag]) -> Walked<()> {
        let start = self.rest;
        let count = self.varint()? as usize;
        let left = self.rest.len();
        let needed = count.saturating_mul(2);
        if needed > left {
            return Err(self.found(start, Fault::Count { count, needed, left }));
        }
        let mut previous = None;
        let mut unknown = 0;
        for _ in 0..count {
            let start = self.rest;
            let tag = self.varint()?;
            if let Some(previous) = previous.filter(|&previous| tag <= previous) {
                return Err(self.found(start, Fault::TagOrder { tag, previous }));
            }
            if tag > HIGHEST_TAG {
                return Err(self.found(start, Fault::TagNumber { tag }));
            }
            previous = Some(tag);
            let size = self.varint()? as usize;
            let left = self.rest.len();
            if size > left {
                return Err(self.found(start, Fault::Length { length: size, left }));
            }
            match known.iter().find(|known| known.number == tag) {
                Some(KnownTag { step: Some(step), .. }) => self.tagged(tag, size, step)?,
                Some(KnownTag { step: None, .. }) => {
                    return Err(self.found(start, Fault::TagVersion { tag }));
                }
                None => {
                    let node = if unknown == 0 { FIRST_UNKNOWN_TAG } else { NEXT_UNKNOWN_TAG };
                    self.take_memory(start, node)?;
                    unknown += 1;
                    self.rest = &self.rest[size..];
                }
            }
        }
        Ok(())
    }

    /// Walks over a known tagged field, which has to be `size` bytes.
    fn tagged(&mut self, tag: u32, size: usize, step: &Step) -> Walked<()> {
        let start = self.rest;
        let (field, after) = start.split_at(size);
        let hidden_before = self.hidden;
        self.hidden += after.len();
        self.rest = field;
        self.step(step)?;
        if !self.rest.is_empty() {
            let used = size - self.rest.len();
            let found = self.found(field, Fault::TagSize { tag, size, used });
            return Err(found.in_field(step.field.name));
        }
        self.hidden = hidden_before;
        self.rest = after;
        Ok(())
    }

    /// Walks over a length and as many bytes.
    #[inline]
    fn span(&mut self, length: Length, nullable: bool) -> Walked<Option<&'a [u8]>> {
        let start = self.rest;
        let Some(length) = self.length(length, nullable)? else { return Ok(None) };
        let Some((span, rest)) = self.rest.split_at_checked(length) else {
            let left = self.rest.len();
            return Err(self.found(start, Fault::Length { length, left }));
        };
        self.rest = rest;
        Ok(Some(span))
    }

    /// Walks over a length or count.
    #[inline]
    fn length(&mut self, length: Length, nullable: bool) -> Walked<Option<usize>> {
        let start = self.rest;
        let length = match length {
            Length::Compact => {
                // One byte nearly always.
                let value = match start.split_first() {
                    Some((&value @ ..0x80, rest)) => {
                        self.rest = rest;
                        u32::from(value)
                    }
                    _ => self.varint()?,
                };
                match value.checked_sub(1) {
                    Some(length) => return Ok(Some(length as usize)),
                    None => -1,
                }
            }
            Length::Int16 => i32::from(i16::from_be_bytes(self.fixed()?)),
            Length::Int32 => i32::from_be_bytes(self.fixed()?),
        };
        match usize::try_from(length) {
            Ok(length) => Ok(Some(length)),
            Err(_) if length != -1 => Err(self.found(start, Fault::Negative { length })),
            Err(_) if nullable => Ok(None),
            Err(_) => Err(self.found(start, Fault::Null)),
        }
    }

    #[inline]
    fn fixed<const N: usize>(&mut self) -> Walked<[u8; N]> {
        match self.rest.split_first_chunk::<N>() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(*bytes)
            }
            None => Err(self.short(N, &[])),
        }
    }

    /// Walks over a variable-length integer.
    fn varint(&mut self) -> Walked<u32> {
        let start = self.rest;
        let mut value: u32 = 0;
        for (index, &byte) in start.iter().take(5).enumerate() {
            if index == 4 && byte > 0x0f {
                return Err(self.found(start, Fault::Varint));
            }
            value |= u32::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.rest = &start[index + 1..];
                return Ok(value);
            }
        }
        Err(self.short(start.len() + 1, &[]))
    }

    #[inline]
    fn take_memory(&mut self, start: &[u8], needed: usize) -> Walked<()> {
        match self.memory.checked_sub(needed) {
            Some(left) => {
                self.memory = left;
                Ok(())
            }
            None => {
                let fault = Fault::Memory { needed, left: self.memory, allowed: self.allowed };
                Err(self.found(start, fault))
            }
        }
    }

    /// The bytes end before `needed` of them, within one of `fields` if these are several.
    #[cold]
    fn short(&self, needed: usize, fields: &[&'static crate::schema::Field]) -> Box<Found> {
        let left = self.rest.len();
        match field_at(fields, left) {
            Some((field, before, bytes)) => {
                let start = &self.rest[before..];
                let fault = Fault::Short { needed: bytes, left: start.len() };
                self.found(start, fault).in_field(field.name)
            }
            None => self.found(self.rest, Fault::Short { needed, left }),
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
