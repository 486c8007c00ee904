//! Wire bytes of a message, written along its schema.

use ::arbitrary::{Result, Unstructured};
use bytes::Bytes;

use super::content::{Source, Value};
use super::vocabulary::{Place, Vocabulary};
use crate::schema::{Field, Kind, MessageSchema};

/// Once a message has so many bytes, arbitrary content adds no more elements to it.
const ENOUGH: usize = 8 * 1024;

/// Writes messages of one schema at one version.
#[derive(Clone, Copy, Debug)]
pub struct Generator {
    schema: &'static MessageSchema,
    version: i16,
    unknown_tags: bool,
    records: bool,
}

/// Content that is the same in every run, at the ends of what is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// Every optional part is there: nothing is null, each array has elements, each tagged field is
    /// written, each struct has unknown tagged fields. All values differ from each other.
    Full,
    /// Each array has one element, but in it everything is null or empty that may be, and no tagged
    /// field is there. Integers are the largest, the smallest, or -1.
    Hollow,
    /// Whatever may be null or empty is, arrays included. Integers are 0.
    Empty,
    /// Arrays at one depth have hundreds of elements. Those around them have one, and everything
    /// else is as in [`Extreme::Empty`]: few bytes that become much memory.
    Elements {
        /// How many arrays are around them.
        depth: usize,
    },
    /// Structs at one depth of arrays have hundreds of unknown tagged fields without content.
    Tags {
        /// How many arrays are around them.
        depth: usize,
    },
}

impl Extreme {
    /// Those that say something about every message.
    pub const ALL: [Self; 3] = [Self::Full, Self::Hollow, Self::Empty];
}

/// A message as it goes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireMessage {
    /// Its bytes, without a header.
    pub bytes: Bytes,
    /// Where what decides about the meaning of other bytes stands in it, in ascending order.
    pub marks: Vec<Mark>,
}

/// A number in a message that a decoder believes at its peril.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where it stands.
    pub offset: usize,
    /// The field it belongs to; of unknown tagged fields, that of the struct they are in.
    pub field: &'static str,
    /// What it says.
    pub kind: MarkKind,
    /// How it is written.
    pub encoding: Encoding,
    /// Its value: -1 stands for null in lengths, counts and presences.
    pub value: i64,
    /// Whether it may say null.
    pub nullable: bool,
}

/// What a number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// How many bytes follow, of a string or of bytes.
    Length,
    /// How many elements follow.
    Count,
    /// Whether a struct that may be null follows: -1 if not.
    Presence,
    /// How many tagged fields follow.
    TagCount,
    /// The number of a tagged field.
    Tag,
    /// How many bytes a tagged field has.
    TagSize,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One byte, signed.
    Int8,
    /// Two bytes, signed.
    Int16,
    /// Four bytes, signed.
    Int32,
    /// A variable-length integer.
    Varint,
    /// A variable-length integer that is the number plus one.
    Compact,
}

impl Encoding {
    fn put(self, out: &mut Vec<u8>, value: i64) {
        match self {
            Self::Int8 => out.extend((value as i8).to_be_bytes()),
            Self::Int16 => out.extend((value as i16).to_be_bytes()),
            Self::Int32 => out.extend((value as i32).to_be_bytes()),
            Self::Varint => put_varint(out, value as u64),
            Self::Compact => put_varint(out, (value + 1) as u64),
        }
    }

    /// How many bytes `value` takes.
    pub fn size_of(self, value: i64) -> usize {
        let mut out = Vec::with_capacity(10);
        self.put(&mut out, value);
        out.len()
    }

    /// The largest number that can be written in this way.
    pub const fn max(self) -> i64 {
        match self {
            Self::Int8 => i8::MAX as i64,
            Self::Int16 => i16::MAX as i64,
            Self::Int32 => i32::MAX as i64,
            Self::Varint => u32::MAX as i64,
            Self::Compact => u32::MAX as i64 - 1,
        }
    }
}

impl Mark {
    /// How many bytes it takes.
    pub fn size(&self) -> usize {
        self.encoding.size_of(self.value)
    }
}

impl WireMessage {
    /// The message with another value at a mark. A variable-length integer may have more bits than
    /// are allowed then, but a fixed one is cut to its size.
    ///
    /// ```
    /// use milena_protocol::arbitrary::{Extreme, Generator};
    /// use milena_protocol::schema;
    ///
    /// let message = Generator::new(&schema::RESPONSE_HEADER, 1).extreme(Extreme::Empty);
    /// assert_eq!(message.bytes[..], [0, 0, 0, 0, 0]);
    /// // As if a tagged field followed.
    /// assert_eq!(message.with(&message.marks[0], 1)[..], [0, 0, 0, 0, 1]);
    /// ```
    pub fn with(&self, mark: &Mark, value: i64) -> Bytes {
        let mut replacement = Vec::with_capacity(10);
        mark.encoding.put(&mut replacement, value);
        self.replaced(mark, &replacement)
    }

    /// The message with other bytes in place of a mark's.
    pub fn replaced(&self, mark: &Mark, replacement: &[u8]) -> Bytes {
        let (before, after) =
            (&self.bytes[..mark.offset], &self.bytes[mark.offset + mark.size()..]);
        [before, replacement, after].concat().into()
    }

    /// How many bytes follow a mark.
    pub fn behind(&self, mark: &Mark) -> usize {
        self.bytes.len() - mark.offset - mark.size()
    }
}

impl Generator {
    /// For a message at a version, which the schema has to know.
    pub const fn new(schema: &'static MessageSchema, version: i16) -> Self {
        Self { schema, version, unknown_tags: true, records: true }
    }

    /// Leaves out unknown tagged fields, which some ways of writing a message cannot express.
    #[must_use]
    pub const fn without_unknown_tags(mut self) -> Self {
        self.unknown_tags = false;
        self
    }

    /// Leaves record batches empty.
    #[must_use]
    pub const fn without_records(mut self) -> Self {
        self.records = false;
        self
    }

    /// The message with the same content in every run.
    pub fn extreme(&self, extreme: Extreme) -> WireMessage {
        let written = self.write(Source::Extreme(extreme, 0), None);
        written.expect("only unstructured bytes can be used up")
    }

    /// The message with arbitrary content. It has some kilobytes at most, and never more than a few
    /// times the bytes it is made of, its fixed fields apart.
    ///
    /// # Errors
    /// Never because the bytes are used up: the rest of the message is zero or empty then.
    pub fn arbitrary(&self, u: &mut Unstructured<'_>) -> Result<WireMessage> {
        self.write(Source::Arbitrary(u), None)
    }

    /// As [`Generator::arbitrary`], with values that somebody knows to make sense.
    ///
    /// # Errors
    /// Those of the vocabulary.
    pub fn in_words(
        &self,
        vocabulary: &dyn Vocabulary,
        u: &mut Unstructured<'_>,
    ) -> Result<WireMessage> {
        self.write(Source::Arbitrary(u), Some(vocabulary))
    }

    fn write(
        &self,
        source: Source<'_, '_>,
        vocabulary: Option<&dyn Vocabulary>,
    ) -> Result<WireMessage> {
        let flexible = self.schema.flexible.contains(self.version);
        let mut writer = Writer {
            generator: *self,
            flexible,
            source,
            vocabulary,
            within: self.schema.name,
            depth: 0,
            out: Vec::new(),
            marks: Vec::new(),
        };
        writer.fields(self.schema.fields, self.schema.name, Value::Any)?;
        Ok(WireMessage { bytes: writer.out.into(), marks: writer.marks })
    }
}

struct Writer<'s, 'a> {
    generator: Generator,
    flexible: bool,
    source: Source<'s, 'a>,
    vocabulary: Option<&'s dyn Vocabulary>,
    /// The field whose struct is written, or the message.
    within: &'static str,
    /// How many arrays are around what is written.
    depth: usize,
    out: Vec<u8>,
    marks: Vec<Mark>,
}

impl Writer<'_, '_> {
    /// The fields of a struct, and its tagged fields behind them.
    fn fields(&mut self, fields: &[Field], name: &'static str, mut value: Value) -> Result<()> {
        let version = self.generator.version;
        let outer = std::mem::replace(&mut self.within, name);
        for field in fields.iter().filter(|field| field.versions.contains(version)) {
            if !is_tagged(field, version) {
                self.field(field, value)?;
                // One field that differs makes the struct differ.
                value = Value::Any;
            }
        }
        if self.flexible {
            self.tagged_fields(fields, name)?;
        }
        self.within = outer;
        Ok(())
    }

    fn field(&mut self, field: &Field, value: Value) -> Result<()> {
        let nullable = field.nullable.contains(self.generator.version);
        let array = matches!(field.kind, Kind::Array(_));
        // How it is said that a struct follows; the other number is -1, for null. In a tagged field
        // it is a variable-length integer, 1 or 0.
        let presence = match field.kind {
            Kind::Struct(_) if !nullable => None,
            Kind::Struct(_) if is_tagged(field, self.generator.version) => {
                Some((Encoding::Compact, 0))
            }
            Kind::Struct(_) => Some((Encoding::Int8, 1)),
            _ => None,
        };
        let mark = self.marks.len();
        if nullable && value == Value::Any && self.source.null(array, self.depth)? {
            let (kind, encoding) = match presence {
                Some((encoding, _)) => (MarkKind::Presence, encoding),
                None => self.number_before(field.kind).expect("only these can be null"),
            };
            self.mark(field.name, kind, encoding, -1);
            self.marks[mark].nullable = true;
            return Ok(());
        }
        if let Some((encoding, value)) = presence {
            self.mark(field.name, MarkKind::Presence, encoding, value);
        }
        self.kind(field.kind, field.name, value)?;
        if nullable {
            // The first of what was written for it.
            self.marks[mark].nullable = true;
        }
        Ok(())
    }

    /// What stands before something whose size is not fixed, or that may be null.
    fn number_before(&self, kind: Kind) -> Option<(MarkKind, Encoding)> {
        Some(match kind {
            Kind::Struct(_) => (MarkKind::Presence, Encoding::Int8),
            Kind::ClassicString => (MarkKind::Length, Encoding::Int16),
            Kind::Array(_) if self.flexible => (MarkKind::Count, Encoding::Compact),
            Kind::Array(_) => (MarkKind::Count, Encoding::Int32),
            Kind::String | Kind::Bytes | Kind::Records if self.flexible => {
                (MarkKind::Length, Encoding::Compact)
            }
            Kind::String => (MarkKind::Length, Encoding::Int16),
            Kind::Bytes | Kind::Records => (MarkKind::Length, Encoding::Int32),
            _ => return None,
        })
    }

    /// Writes what the vocabulary says, if it says something.
    fn in_words(&mut self, kind: Kind, name: &'static str, value: Value) -> Result<bool> {
        let (Some(vocabulary), Source::Arbitrary(u)) = (self.vocabulary, &mut self.source) else {
            return Ok(false);
        };
        let place = Place { within: self.within, field: name };
        match kind {
            Kind::Int8 | Kind::Int16 | Kind::Uint16 | Kind::Int32 | Kind::Uint32 | Kind::Int64 => {
                let Some(number) = vocabulary.integer(place, u)? else { return Ok(false) };
                if value == Value::NotDefault && matches!(number, 0 | -1) {
                    return Ok(false);
                }
                let bytes = number.to_be_bytes();
                self.out.extend(&bytes[bytes.len() - size_of(kind)..]);
            }
            Kind::Uuid => {
                let Some(id) = vocabulary.uuid(place, u)? else { return Ok(false) };
                self.out.extend(id);
            }
            Kind::String | Kind::ClassicString => {
                let Some(text) = vocabulary.text(place, u)? else { return Ok(false) };
                self.sized(kind, name, text.as_bytes());
            }
            Kind::Records if self.generator.records => {
                let Some(records) = vocabulary.records(place, u)? else { return Ok(false) };
                self.sized(kind, name, &records);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn kind(&mut self, kind: Kind, name: &'static str, value: Value) -> Result<()> {
        let is_own_version = name == "version" && matches!(kind, Kind::Int16);
        if !is_own_version && self.in_words(kind, name, value)? {
            return Ok(());
        }
        match kind {
            Kind::Bool => {
                let boolean = self.source.boolean(value)?;
                self.out.push(boolean.into());
            }
            Kind::Float64 => {
                let number = f64::from_bits(self.source.integer(8, value)?);
                let number = if number.is_nan() { 1.5 } else { number };
                self.out.extend(number.to_be_bytes());
            }
            Kind::Uuid => {
                for _ in 0..2 {
                    let half = self.source.integer(8, value)?;
                    self.out.extend(half.to_be_bytes());
                }
            }
            // The message's own: what it is read in.
            Kind::Int16 if name == "version" => {
                self.out.extend(self.generator.version.to_be_bytes());
            }
            Kind::Int8 => self.integer(1, value)?,
            Kind::Int16 | Kind::Uint16 => self.integer(2, value)?,
            Kind::Int32 | Kind::Uint32 => self.integer(4, value)?,
            Kind::Int64 => self.integer(8, value)?,
            Kind::String | Kind::ClassicString => {
                let text = self.source.text(value)?;
                self.sized(kind, name, text.as_bytes());
            }
            Kind::Records if !self.generator.records => self.sized(kind, name, &[]),
            Kind::Records => {
                let records = self.source.records()?;
                self.sized(kind, name, &records);
            }
            Kind::Bytes => {
                let bytes = self.source.bytes(value)?;
                self.sized(kind, name, &bytes);
            }
            Kind::Struct(fields) => self.fields(fields, name, value)?,
            Kind::Array(element) => self.array(*element, kind, name, value)?,
        }
        Ok(())
    }

    fn integer(&mut self, size: u32, value: Value) -> Result<()> {
        let number = self.source.integer(size, value)?;
        self.out.extend(&number.to_be_bytes()[8 - size as usize..]);
        Ok(())
    }

    fn sized(&mut self, kind: Kind, name: &'static str, bytes: &[u8]) {
        let (mark, encoding) = self.number_before(kind).expect("these have a length");
        self.mark(name, mark, encoding, bytes.len() as i64);
        self.out.extend(bytes);
    }

    fn array(&mut self, element: Kind, kind: Kind, name: &'static str, value: Value) -> Result<()> {
        let plain = self.number_before(element).is_none();
        let count = self.source.count(self.depth, plain, self.out.len() < ENOUGH, value)?;
        let (mark, encoding) = self.number_before(kind).expect("arrays have a count");
        self.mark(name, mark, encoding, count as i64);
        self.depth += 1;
        for _ in 0..count {
            self.kind(element, name, Value::Any)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn tagged_fields(&mut self, fields: &[Field], name: &'static str) -> Result<()> {
        let version = self.generator.version;
        let tag_of = |field: &Field| field.tagged.map_or(0, |tag| tag.number);
        let mut known: Vec<&Field> = Vec::new();
        for field in fields.iter().filter(|field| is_tagged(field, version)) {
            if self.source.tagged()? {
                known.push(field);
            }
        }
        known.sort_by_key(|field| tag_of(field));
        let mut unknown = if self.generator.unknown_tags {
            self.source.unknown_tags(self.depth)?
        } else {
            Vec::new()
        };
        // Above those that any version knows.
        let mut next =
            fields.iter().filter_map(|field| field.tagged.map(|tag| tag.number + 1)).max();
        for gap in &mut unknown {
            *gap += next.unwrap_or(0);
            next = Some(*gap + 1);
        }
        self.mark(name, MarkKind::TagCount, Encoding::Varint, (known.len() + unknown.len()) as i64);
        for field in known {
            self.tag(field.name, tag_of(field), |writer| writer.field(field, Value::NotDefault))?;
        }
        for tag in unknown {
            let bytes = self.source.bytes(Value::Any)?;
            self.tag(name, tag, |writer| {
                writer.out.extend(bytes);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// A tagged field. Its content is written aside first, because its size stands before it.
    fn tag(
        &mut self,
        name: &'static str,
        tag: u32,
        content: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let outer = (std::mem::take(&mut self.out), std::mem::take(&mut self.marks));
        content(self)?;
        let inner = std::mem::replace(&mut self.out, outer.0);
        let inner_marks = std::mem::replace(&mut self.marks, outer.1);
        self.mark(name, MarkKind::Tag, Encoding::Varint, tag.into());
        self.mark(name, MarkKind::TagSize, Encoding::Varint, inner.len() as i64);
        let base = self.out.len();
        self.marks.extend(
            inner_marks.into_iter().map(|mark| Mark { offset: base + mark.offset, ..mark }),
        );
        self.out.extend(inner);
        Ok(())
    }

    fn mark(&mut self, field: &'static str, kind: MarkKind, encoding: Encoding, value: i64) {
        let offset = self.out.len();
        self.marks.push(Mark { offset, field, kind, encoding, value, nullable: false });
        encoding.put(&mut self.out, value);
    }
}

/// The bytes of an integer.
fn size_of(kind: Kind) -> usize {
    match kind {
        Kind::Int8 => 1,
        Kind::Int16 | Kind::Uint16 => 2,
        Kind::Int32 | Kind::Uint32 => 4,
        _ => 8,
    }
}

fn is_tagged(field: &Field, version: i16) -> bool {
    field.tagged.is_some_and(|tag| tag.versions.contains(version))
        && field.versions.contains(version)
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
