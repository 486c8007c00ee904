//! The walk before the decode: proves that a peer's bytes are the message they should be.
//!
//! The generated decoders of kafka-protocol believe what they read: they make room for as many
//! elements as a count says, skip the size of a tagged field, and take any marker but 1 for null.
//! So no byte of a peer reaches them before [`check`] has walked over it along the message's
//! schema. It owns these rules:
//!
//! - Every length and count fits in the bytes that are left; a count is held against the least
//!   bytes that so many elements take.
//! - A variable-length integer has at most five bytes and 32 bits.
//! - Nothing is null that may not be; the marker of a struct is 1 or -1. (Kafka takes any marker
//!   of 0 and above for present, kafka-protocol any but 1 for absent: only 1 and -1 are the same
//!   to both, and Kafka writes no other.)
//! - Strings are UTF-8.
//! - Tags ascend (`RawTaggedFieldWriter` of Kafka writes them no other way) and are at most
//!   `i32::MAX`. A known tagged field is valid in the version and as long as its size says.
//! - A message that states its version is of that version.
//! - The decoded message takes no more memory than [`Limits`] allow.
//!
//! The walk allocates nothing while the bytes are sound. The path to what is wrong is put together
//! on the way out.

mod error;
mod footprint;
mod plan;
mod walk;

pub use self::error::{Fault, GuardError};
pub(crate) use self::plan::{Plan, Plans};
use self::walk::Walk;
use crate::schema::{Field, Kind, MessageSchema};

/// How much memory a decoded message may take: a fixed part, and sixteen times its own bytes.
///
/// Elements of an array are larger decoded than on the wire, typically two to six times. A message
/// made on purpose could reach a hundred times: an unknown tagged field takes two bytes on the
/// wire, and a node of a tree in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    fixed: usize,
}

impl Limits {
    /// How often the bytes of a message are allowed on top of the fixed part.
    pub const TIMES_BYTES: usize = 16;

    /// Allows `fixed` bytes and [`Self::TIMES_BYTES`] times the bytes of the message.
    pub const fn with_fixed(fixed: usize) -> Self {
        Self { fixed }
    }

    /// Memory allowed for a message of `length` bytes.
    pub const fn allowed(self, length: usize) -> usize {
        self.fixed.saturating_add(length.saturating_mul(Self::TIMES_BYTES))
    }

    /// What of it is left for all but arrays of numbers: these take as many bytes decoded as on the
    /// wire, and are not counted.
    const fn for_structs(self, length: usize) -> usize {
        self.fixed.saturating_add(length.saturating_mul(Self::TIMES_BYTES - 1))
    }
}

impl Default for Limits {
    /// A fixed part of 1 MiB.
    fn default() -> Self {
        Self::with_fixed(1 << 20)
    }
}

/// Walks over the message at the front of `bytes` and gives its length. Whatever follows it is not
/// looked at.
///
/// # Errors
/// If `bytes` do not start with a sound message of that version, or decoding it could take more
/// memory than `limits` allow.
pub fn check(
    schema: &'static MessageSchema,
    version: i16,
    bytes: &[u8],
    limits: Limits,
) -> Result<usize, GuardError> {
    let Some(plan) = schema.plan(version) else {
        return Err(GuardError::unknown_version(schema, version));
    };
    let mut walk = Walk::new(bytes.len(), limits.for_structs(bytes.len()));
    match walk.message(plan, bytes) {
        Ok(rest) => match stated_version(schema, bytes) {
            Some(stated) if stated != version => {
                Err(GuardError::stated_version(schema, version, stated))
            }
            _ => Ok(bytes.len() - rest.len()),
        },
        Err(found) => Err(GuardError::new(schema, version, *found)),
    }
}

/// The version that a message states in its own first field, as those in control records of Raft
/// do. kafka-protocol goes on decoding in the version it finds there, which is not the one walked
/// over; Kafka writes no other than the message's own (`ControlRecordUtils`).
fn stated_version(schema: &MessageSchema, bytes: &[u8]) -> Option<i16> {
    match schema.fields {
        [Field { name: "version", kind: Kind::Int16, .. }, ..] => {
            bytes.first_chunk().map(|stated| i16::from_be_bytes(*stated))
        }
        _ => None,
    }
}

/// Walks over a message that has to be all of `bytes`.
///
/// # Errors
/// Those of [`check`]; or something follows the message.
pub fn check_whole(
    schema: &'static MessageSchema,
    version: i16,
    bytes: &[u8],
    limits: Limits,
) -> Result<(), GuardError> {
    let length = check(schema, version, bytes, limits)?;
    if length == bytes.len() {
        Ok(())
    } else {
        Err(GuardError::leftover(schema, version, length, bytes.len() - length))
    }
}

#[cfg(test)]
mod tests;
