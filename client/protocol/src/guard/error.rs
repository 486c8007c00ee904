//! What the walk found, and where.

use std::fmt;

use crate::schema::{MessageSchema, Versions};

/// Bytes of a peer are not the message they should be.
///
/// Says which message, where in it (as a path of fields), what is wrong and at which byte:
/// `FetchResponse v16 responses[2].partitions[0].records: length 812331 exceeds the 4096 bytes
/// left (at byte 97)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardError {
    // Boxed: results that hold it are returned on every decode.
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    message: &'static str,
    version: i16,
    path: String,
    offset: usize,
    fault: Fault,
}

impl GuardError {
    #[cold]
    pub(super) fn new(schema: &MessageSchema, version: i16, found: Found) -> Self {
        let mut path = String::new();
        for segment in found.path.iter().rev() {
            segment.append_to(&mut path);
        }
        let inner =
            Inner { message: schema.name, version, path, offset: found.offset, fault: found.fault };
        Self { inner: Box::new(inner) }
    }

    #[cold]
    pub(super) fn unknown_version(schema: &MessageSchema, version: i16) -> Self {
        let Versions { min, max } = schema.versions;
        Self::new(schema, version, Found::at(0, Fault::UnknownVersion { min, max }))
    }

    #[cold]
    pub(super) fn stated_version(schema: &MessageSchema, version: i16, stated: i16) -> Self {
        let found = Box::new(Found::at(0, Fault::StatedVersion { stated }));
        Self::new(schema, version, *found.in_field("version"))
    }

    #[cold]
    pub(super) fn leftover(
        schema: &MessageSchema,
        version: i16,
        offset: usize,
        count: usize,
    ) -> Self {
        Self::new(schema, version, Found::at(offset, Fault::Leftover { count }))
    }

    /// The message, by its name in Apache Kafka.
    pub fn message(&self) -> &'static str {
        self.inner.message
    }

    /// Its version.
    pub fn version(&self) -> i16 {
        self.inner.version
    }

    /// The way to the field that is wrong, such as `topics[3].partitions[0].isr_nodes`. Empty if
    /// it is the message itself.
    pub fn path(&self) -> &str {
        &self.inner.path
    }

    /// Where in the message's bytes it starts.
    pub fn offset(&self) -> usize {
        self.inner.offset
    }

    /// What is wrong.
    pub fn fault(&self) -> &Fault {
        &self.inner.fault
    }
}

impl fmt::Display for GuardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, version, path, offset, fault } = &*self.inner;
        write!(f, "{message} v{version}")?;
        if !path.is_empty() {
            write!(f, " {path}")?;
        }
        write!(f, ": {fault} (at byte {offset})")
    }
}

impl std::error::Error for GuardError {}

/// What is wrong with a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The version is not one that can be read.
    #[error("only versions {min} to {max} can be read")]
    UnknownVersion {
        /// The lowest that can be.
        min: i16,
        /// The highest that can be.
        max: i16,
    },
    /// The bytes end inside of the field.
    #[error("{needed} bytes are needed, {left} are left")]
    Short {
        /// How many bytes the field takes.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// The message says that it is of another version.
    #[error("says that the message is of version {stated}")]
    StatedVersion {
        /// The version it states.
        stated: i16,
    },
    /// A length goes beyond the end.
    #[error("length {length} exceeds the {left} bytes left")]
    Length {
        /// The length.
        length: usize,
        /// How many bytes there are.
        left: usize,
    },
    /// A length or count is below zero, and not the -1 that stands for null.
    #[error("{length} is negative")]
    Negative {
        /// The length or count.
        length: i32,
    },
    /// More elements than the bytes can hold.
    #[error("{count} elements need at least {needed} bytes, {left} are left")]
    Count {
        /// How many elements.
        count: usize,
        /// The least bytes that they take.
        needed: usize,
        /// How many bytes there are.
        left: usize,
    },
    /// It is null and may not be in this version.
    #[error("is null, which it may not be in this version")]
    Null,
    /// The byte before a struct that may be null.
    #[error("marker {marker} is neither 1 for a value nor -1 for null")]
    Marker {
        /// The byte.
        marker: i8,
    },
    /// What stands before a struct that may be null in a tagged field.
    #[error("marker {marker} is neither 1 for a value nor 0 for null")]
    TaggedMarker {
        /// The number.
        marker: u32,
    },
    /// A variable-length integer has more than 32 bits or five bytes.
    #[error("a variable-length integer has more than 32 bits")]
    Varint,
    /// A string is not UTF-8.
    #[error("is not UTF-8 from byte {valid} of its {length} on")]
    Utf8 {
        /// How many bytes are.
        valid: usize,
        /// How many bytes the string has.
        length: usize,
    },
    /// Tags do not ascend.
    #[error("tag {tag} follows tag {previous}")]
    TagOrder {
        /// The tag.
        tag: u32,
        /// The one before it.
        previous: u32,
    },
    /// A tag beyond what Kafka's signed integers hold.
    #[error("tag {tag} is too large")]
    TagNumber {
        /// The tag.
        tag: u32,
    },
    /// A known tag in a version that does not have it.
    #[error("tag {tag} is not valid in this version")]
    TagVersion {
        /// The tag.
        tag: u32,
    },
    /// A known tagged field is not as long as its size says.
    #[error("tag {tag} has a size of {size} bytes, of which {used} are used")]
    TagSize {
        /// The tag.
        tag: u32,
        /// What is announced.
        size: usize,
        /// How long the field is.
        used: usize,
    },
    /// Something follows the message.
    #[error("{count} bytes follow that do not belong to it")]
    Leftover {
        /// How many bytes.
        count: usize,
    },
    /// Decoding could take too much memory.
    #[error("{needed} bytes of memory are needed, {left} of the {allowed} allowed are left")]
    Memory {
        /// What is needed.
        needed: usize,
        /// What is left.
        left: usize,
        /// What is allowed in all.
        allowed: usize,
    },
}

/// What is wrong, with the way to it from the inside out.
#[derive(Debug)]
pub(super) struct Found {
    offset: usize,
    fault: Fault,
    path: Vec<Segment>,
}

impl Found {
    #[cold]
    pub(super) fn at(offset: usize, fault: Fault) -> Self {
        Self { offset, fault, path: Vec::new() }
    }

    /// On the way out of a field.
    #[cold]
    pub(super) fn in_field(mut self: Box<Self>, name: &'static str) -> Box<Self> {
        self.path.push(Segment::Field(name));
        self
    }

    /// On the way out of an element of an array.
    #[cold]
    pub(super) fn in_element(mut self: Box<Self>, index: usize) -> Box<Self> {
        self.path.push(Segment::Element(index));
        self
    }
}

/// A step on the way to what is wrong.
#[derive(Debug)]
enum Segment {
    Field(&'static str),
    Element(usize),
}

impl Segment {
    fn append_to(&self, path: &mut String) {
        use fmt::Write as _;

        let written = match self {
            Self::Field(name) if path.is_empty() => path.write_str(name),
            Self::Field(name) => write!(path, ".{name}"),
            Self::Element(index) => write!(path, "[{index}]"),
        };
        written.expect("a string takes all that is written");
    }
}
