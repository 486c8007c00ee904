//! What messages look like on the wire, as tables: which fields, in which versions, of which kind.
//!
//! The tables are made from the schemas that Apache Kafka's jars carry. They are what the guard
//! walks along before a message is decoded, and what bytes are generated from to test decoders.

mod generated;

use std::sync::OnceLock;

use crate::guard::{Plan, Plans};
use crate::{Decodable, messages};

pub use generated::data::*;
pub use generated::{request, response};

#[cfg(test)]
pub(crate) use generated::sizes;

/// Keys and values of records in Apache Kafka's internal topics.
pub mod records {
    pub use super::generated::records::*;
}

/// A range of versions, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The lowest.
    pub min: i16,
    /// The highest; lower than `min` for no version at all.
    pub max: i16,
}

impl Versions {
    /// No version.
    pub const NONE: Self = Self { min: 0, max: -1 };

    /// Both ends included.
    pub const fn new(min: i16, max: i16) -> Self {
        Self { min, max }
    }

    /// This version and all later ones.
    pub const fn from(min: i16) -> Self {
        Self { min, max: i16::MAX }
    }

    /// Whether `version` is one of them.
    #[inline]
    pub const fn contains(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }
}

/// A message: a request, a response, a header, or the key or value of an internal record.
#[derive(Debug)]
pub struct MessageSchema {
    /// Its name in Apache Kafka, such as `MetadataResponse`.
    pub name: &'static str,
    /// The versions this crate decodes.
    pub versions: Versions,
    /// The versions with compact lengths and tagged fields (KIP-482).
    pub flexible: Versions,
    /// Its fields, in the order they are written.
    pub fields: &'static [Field],
    /// How to walk over it at each version, made when first needed.
    plans: OnceLock<Plans>,
}

impl MessageSchema {
    pub(crate) const fn new(
        name: &'static str,
        versions: Versions,
        flexible: Versions,
        fields: &'static [Field],
    ) -> Self {
        Self { name, versions, flexible, fields, plans: OnceLock::new() }
    }

    /// How to walk over it at `version`, if it has that version.
    #[inline]
    pub(crate) fn plan(&'static self, version: i16) -> Option<&'static Plan> {
        self.plans.get_or_init(|| Plans::of(self)).at(version)
    }
}

/// A message that is neither request nor response: part of a record, or bytes inside of a message.
pub trait StandsAlone: Decodable {
    /// What it looks like on the wire.
    fn schema() -> &'static MessageSchema;
}

macro_rules! stands_alone {
    ($($message:ident $table:ident,)*) => {
        $(impl StandsAlone for messages::$message {
            fn schema() -> &'static MessageSchema {
                &$table
            }
        })*
    };
}

stands_alone! {
    ConsumerProtocolAssignment CONSUMER_PROTOCOL_ASSIGNMENT,
    ConsumerProtocolSubscription CONSUMER_PROTOCOL_SUBSCRIPTION,
    DefaultPrincipalData DEFAULT_PRINCIPAL_DATA,
    EndTxnMarker END_TXN_MARKER,
    KRaftVersionRecord K_RAFT_VERSION_RECORD,
    LeaderChangeMessage LEADER_CHANGE_MESSAGE,
    SnapshotFooterRecord SNAPSHOT_FOOTER_RECORD,
    SnapshotHeaderRecord SNAPSHOT_HEADER_RECORD,
    VotersRecord VOTERS_RECORD,
}

/// Every message: headers and data, requests, responses, records of internal topics.
pub fn all() -> &'static [&'static MessageSchema] {
    generated::ALL
}

/// A field of a message or of a struct in it.
#[derive(Debug)]
pub struct Field {
    /// Its name in snake case: `throttle_time_ms`.
    pub name: &'static str,
    /// In which versions it is written.
    pub versions: Versions,
    /// In which of them it may be null.
    pub nullable: Versions,
    /// In which of them it is a tagged field, and its tag.
    pub tagged: Option<Tag>,
    /// What it holds.
    pub kind: Kind,
}

/// A version and all later ones.
pub(crate) const fn since(min: i16) -> Versions {
    Versions::from(min)
}

/// Both ends included.
pub(crate) const fn span(min: i16, max: i16) -> Versions {
    Versions::new(min, max)
}

/// A field that is never null and not tagged.
pub(crate) const fn field(name: &'static str, versions: Versions, kind: Kind) -> Field {
    Field { name, versions, nullable: Versions::NONE, tagged: None, kind }
}

impl Field {
    pub(crate) const fn nullable(mut self, versions: Versions) -> Self {
        self.nullable = versions;
        self
    }

    pub(crate) const fn tagged(mut self, number: u32, versions: Versions) -> Self {
        self.tagged = Some(Tag { number, versions });
        self
    }
}

/// The tag of a tagged field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its number.
    pub number: u32,
    /// The versions in which the field is tagged; in others it is written in line.
    pub versions: Versions,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// One byte.
    Bool,
    /// One byte.
    Int8,
    /// Two bytes.
    Int16,
    /// Two bytes.
    Uint16,
    /// Four bytes.
    Int32,
    /// Four bytes.
    Uint32,
    /// Eight bytes.
    Int64,
    /// Eight bytes.
    Float64,
    /// Sixteen bytes.
    Uuid,
    /// A length and UTF-8.
    String,
    /// A string that keeps its 16-bit length in flexible versions: the client id of a header.
    ClassicString,
    /// A length and bytes.
    Bytes,
    /// A length and record batches.
    Records,
    /// Fields of its own. In flexible versions these end with tagged fields.
    Struct(&'static [Field]),
    /// A count and as many elements, which are never null.
    Array(&'static Kind),
}

#[cfg(test)]
mod tests;
