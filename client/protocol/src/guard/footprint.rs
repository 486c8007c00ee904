//! How much memory the decoded form of a field takes: an upper bound of what kafka-protocol's
//! structs are, held against them in a test.

use crate::schema::{Field, Kind};

/// A `Vec`.
const VECTOR: usize = 24;

/// A `Bytes`, which a string is too. What it refers to belongs to the frame.
const BYTES: usize = 32;

/// A `BTreeMap`: the unknown tagged fields that every struct may keep.
const MAP: usize = 24;

/// The first unknown tagged field of a struct: a leaf of the map, which has room for eleven.
pub(super) const FIRST_UNKNOWN_TAG: usize = 512;

/// Each further one: leaves are split when full, and the last ones are half empty.
pub(super) const NEXT_UNKNOWN_TAG: usize = 128;

/// Bytes of a field's value inside the struct or array it belongs to.
pub(super) fn of_kind(kind: &Kind) -> usize {
    match kind {
        Kind::Bool | Kind::Int8 => 1,
        Kind::Int16 | Kind::Uint16 => 2,
        Kind::Int32 | Kind::Uint32 => 4,
        Kind::Int64 | Kind::Float64 => 8,
        Kind::Uuid => 16,
        Kind::String | Kind::ClassicString | Kind::Bytes | Kind::Records => BYTES,
        Kind::Array(_) => VECTOR,
        Kind::Struct(fields) => of_struct(fields),
    }
}

/// Bytes of a struct. It has the fields of all versions, whichever is decoded.
fn of_struct(fields: &[Field]) -> usize {
    // The compiler orders fields so that there is padding at the end only. The struct may be an
    // `Option`, and kafka-protocol keeps a field now and then that the schema has dropped.
    let values: usize = fields.iter().map(|field| of_kind(&field.kind)).sum();
    (values + MAP + 8).next_multiple_of(8)
}
