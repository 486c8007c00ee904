//! A message at one version, made ready to be walked: fields that this version does not have are
//! gone, and fixed sizes in a row are one.

use super::footprint;
use crate::schema::{Field, Kind, MessageSchema};

/// The plans of a message, one for each version.
#[derive(Debug)]
pub(crate) struct Plans {
    first_version: i16,
    plans: Box<[Plan]>,
}

impl Plans {
    pub(crate) fn of(schema: &MessageSchema) -> Self {
        let plans = (schema.versions.min..=schema.versions.max)
            .map(|version| {
                Compiler { version, flexible: schema.flexible.contains(version) }
                    .plan(schema.fields)
            })
            .collect();
        Self { first_version: schema.versions.min, plans }
    }

    #[inline]
    pub(crate) fn at(&self, version: i16) -> Option<&Plan> {
        let index = i32::from(version) - i32::from(self.first_version);
        self.plans.get(usize::try_from(index).ok()?)
    }
}

/// How to walk over a struct.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) steps: Box<[Step]>,
    /// Known tagged fields by tag; `None` where the version has no tags.
    pub(super) tags: Option<Box<[KnownTag]>>,
    /// The least bytes that it takes.
    least: usize,
}

/// A field, or several of fixed sizes.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) field: &'static Field,
    pub(super) quick: Quick,
    pub(super) what: What,
}

impl Step {
    fn new(field: &'static Field, what: What) -> Self {
        Self { field, quick: Quick::of(&what), what }
    }
}

/// What can be walked over in a few instructions if it is as it nearly always is. Whatever is not,
/// right or wrong, is left to the walk over [`What`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Quick {
    /// So many bytes.
    Fixed(usize),
    /// A compact array of fewer than 127 numbers of so many bytes.
    Numbers(u32),
    /// Compact bytes, fewer than 256 MiB of them.
    Span,
    /// A compact array that is empty, or null if `lowest` is 0.
    Empty {
        /// The lowest value of its count.
        lowest: u8,
    },
    /// A count of 32 bits, and as many numbers of so many bytes.
    ClassicSpan(u32),
    /// A count of 32 bits of an array that is empty, or null if `lowest` is -1.
    ClassicEmpty {
        /// The lowest value of its count.
        lowest: i8,
    },
    /// Nothing is known beforehand.
    Unknown,
}

impl Quick {
    fn of(what: &What) -> Self {
        match what {
            What::Fixed { bytes, .. } => Self::Fixed(*bytes),
            What::Bytes { length: Length::Compact, .. } => Self::Span,
            What::Bytes { length: Length::Int32, .. } => Self::ClassicSpan(1),
            What::Array { length, nullable, element } => match (length, element.number()) {
                (Length::Compact, Some(size)) => Self::Numbers(size),
                (Length::Compact, None) => Self::Empty { lowest: u8::from(!nullable) },
                (_, Some(size)) => Self::ClassicSpan(size),
                (_, None) => Self::ClassicEmpty { lowest: -i8::from(*nullable) },
            },
            _ => Self::Unknown,
        }
    }
}

/// A tag that the message has in some version.
#[derive(Debug)]
pub(super) struct KnownTag {
    pub(super) number: u32,
    /// The field, if this version has it.
    pub(super) step: Option<Step>,
}

/// What is walked over.
#[derive(Debug)]
pub(super) enum What {
    /// Values of fixed sizes in a row.
    Fixed { bytes: usize, fields: Box<[&'static Field]> },
    /// A string.
    Text { length: Length, nullable: bool },
    /// Bytes or record batches.
    Bytes { length: Length, nullable: bool },
    /// An array.
    Array { length: Length, nullable: bool, element: Element },
    /// A struct, after a marker if it may be null.
    Struct { nullable: bool, plan: Box<Plan> },
    /// A struct that may be null in a tagged field, where its marker is another.
    TaggedStruct { plan: Box<Plan> },
}

/// An element of an array.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) what: Box<What>,
    /// The least bytes it takes; never 0, so that a count is bounded by the bytes left.
    pub(super) least: usize,
    /// All elements are `least` bytes and nothing in them can be wrong.
    pub(super) uniform: bool,
    /// Memory it takes when decoded, what it refers to not counted. 0 for numbers, which take as
    /// many bytes as on the wire.
    pub(super) memory: usize,
}

impl Element {
    /// Its bytes, if it is a number.
    fn number(&self) -> Option<u32> {
        match &*self.what {
            What::Fixed { bytes, .. } => u32::try_from(*bytes).ok(),
            _ => None,
        }
    }
}

/// How a length or count is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Int16,
    Int32,
    /// A variable-length integer, one more than the length; 0 for null.
    Compact,
}

impl Length {
    const fn least(self) -> usize {
        match self {
            Self::Int16 => 2,
            Self::Int32 => 4,
            Self::Compact => 1,
        }
    }
}

impl What {
    /// The least bytes it takes.
    pub(super) fn least(&self) -> usize {
        match self {
            Self::Fixed { bytes, .. } => *bytes,
            Self::Text { length, .. } | Self::Bytes { length, .. } | Self::Array { length, .. } => {
                length.least()
            }
            Self::Struct { nullable: true, .. } | Self::TaggedStruct { .. } => 1,
            Self::Struct { nullable: false, plan } => plan.least,
        }
    }

    /// Whether it has a fixed size and nothing in it can be wrong.
    fn is_uniform(&self) -> bool {
        match self {
            Self::Fixed { .. } => true,
            Self::Struct { nullable: false, plan } => {
                plan.tags.is_none() && plan.steps.iter().all(|step| step.what.is_uniform())
            }
            _ => false,
        }
    }
}

struct Compiler {
    version: i16,
    flexible: bool,
}

impl Compiler {
    fn plan(&self, fields: &'static [Field]) -> Plan {
        let mut steps: Vec<Step> = Vec::new();
        let mut tags = Vec::new();
        for field in fields {
            let present = field.versions.contains(self.version);
            match field.tagged {
                Some(tag) if present && tag.versions.contains(self.version) => {
                    let step = Some(Step::new(field, self.tagged(field)));
                    tags.push(KnownTag { number: tag.number, step });
                }
                _ if present => {
                    let what = self.what(field);
                    match (steps.last_mut(), &what) {
                        (
                            Some(Step { what: What::Fixed { bytes, fields }, quick, .. }),
                            What::Fixed { bytes: more, .. },
                        ) => {
                            *bytes += more;
                            *quick = Quick::Fixed(*bytes);
                            *fields = fields.iter().copied().chain([field]).collect();
                        }
                        _ => steps.push(Step::new(field, what)),
                    }
                }
                Some(tag) => tags.push(KnownTag { number: tag.number, step: None }),
                None => {}
            }
        }
        let tags = self.flexible.then(|| tags.into_boxed_slice());
        let fixed: usize = steps.iter().map(|step| step.what.least()).sum();
        let least = fixed + usize::from(tags.is_some());
        Plan { steps: steps.into_boxed_slice(), tags, least }
    }

    fn tagged(&self, field: &'static Field) -> What {
        match self.what(field) {
            What::Struct { nullable: true, plan } => What::TaggedStruct { plan },
            what => what,
        }
    }

    fn what(&self, field: &'static Field) -> What {
        let nullable = field.nullable.contains(self.version);
        match fixed_size(&field.kind) {
            Some(bytes) => What::Fixed { bytes, fields: Box::new([field]) },
            None => self.of_kind(&field.kind, nullable),
        }
    }

    fn of_kind(&self, kind: &'static Kind, nullable: bool) -> What {
        let length = |classic| if self.flexible { Length::Compact } else { classic };
        match kind {
            Kind::String => What::Text { length: length(Length::Int16), nullable },
            Kind::ClassicString => What::Text { length: Length::Int16, nullable },
            Kind::Bytes | Kind::Records => What::Bytes { length: length(Length::Int32), nullable },
            Kind::Array(element) => {
                let what = self.of_kind(element, false);
                let least = what.least();
                let element = Element {
                    uniform: what.is_uniform() && least > 0,
                    least: least.max(1),
                    memory: match what {
                        What::Fixed { .. } => 0,
                        _ => footprint::of_kind(element),
                    },
                    what: Box::new(what),
                };
                What::Array { length: length(Length::Int32), nullable, element }
            }
            Kind::Struct(fields) => What::Struct { nullable, plan: Box::new(self.plan(fields)) },
            fixed => {
                let bytes = fixed_size(fixed).expect("all that is left has a fixed size");
                What::Fixed { bytes, fields: Box::new([]) }
            }
        }
    }
}

/// Bytes that every value of this kind takes.
const fn fixed_size(kind: &Kind) -> Option<usize> {
    Some(match kind {
        Kind::Bool | Kind::Int8 => 1,
        Kind::Int16 | Kind::Uint16 => 2,
        Kind::Int32 | Kind::Uint32 => 4,
        Kind::Int64 | Kind::Float64 => 8,
        Kind::Uuid => 16,
        _ => return None,
    })
}

/// The part of `fields`, which lie one after another, in which `left` bytes end: how many bytes
/// come before it, and how many it takes.
pub(super) fn field_at(
    fields: &[&'static Field],
    left: usize,
) -> Option<(&'static Field, usize, usize)> {
    let mut before = 0;
    for field in fields {
        let bytes = fixed_size(&field.kind).expect("only fixed sizes are walked over as one");
        if before + bytes > left {
            return Some((field, before, bytes));
        }
        before += bytes;
    }
    None
}
