//! Records of Apache Kafka's internal topics: the keys and values of `__consumer_offsets` and
//! `__transaction_state`.
//!
//! A key starts with its record type, which says what the key and its value are. A value starts
//! with its version. A record without a value is a tombstone: what the key names is gone.
//!
//! Bytes are walked over by the guard before anything is read, as those of requests are.
//!
//! ```
//! use milena_protocol::StrBytes;
//! use milena_protocol::internal::{GroupKey, OffsetCommitKey};
//!
//! let key = GroupKey::OffsetCommit(OffsetCommitKey {
//!     group: StrBytes::from_static_str("g"),
//!     topic: StrBytes::from_static_str("orders"),
//!     partition: 3,
//! });
//! let bytes = key.encode()?;
//! assert_eq!(&bytes[..], b"\0\x01\0\x01g\0\x06orders\0\0\0\x03");
//! assert_eq!(GroupKey::decode(bytes)?, key);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// How they are laid out is decided where they are generated.
#[rustfmt::skip]
#[path = "generated/group.rs"]
mod group;
#[rustfmt::skip]
#[path = "generated/transaction.rs"]
mod transaction;
mod value;

use std::collections::BTreeMap;

use bytes::Bytes;

use self::value::{Reader, Value, Writer};
use crate::decode::{self, DecodeError};
use crate::guard::{self, Limits};
use crate::request::EncodeError;
use crate::schema::MessageSchema;

pub use self::group::*;
pub use self::transaction::*;

/// Tagged fields that are not known, by tag.
pub type UnknownTaggedFields = BTreeMap<u32, Bytes>;

/// A key or value of a record.
trait Part: Value {
    /// What it looks like on the wire.
    fn schema() -> &'static MessageSchema;

    fn read_whole(version: i16, bytes: Bytes) -> Result<Self, DecodeError> {
        let schema = Self::schema();
        guard::check_whole(schema, version, &bytes, Limits::default())?;
        let codec_error = |reason| DecodeError::Codec { message: schema.name, version, reason };
        let mut reader = Reader::new(bytes, version, schema.flexible.contains(version));
        let part = Self::read(&mut reader).map_err(|misfit| codec_error(misfit.to_string()))?;
        match reader.left() {
            0 => Ok(part),
            left => Err(codec_error(format!("{left} bytes were not read"))),
        }
    }

    /// Encodes it behind `prefix`.
    fn write_whole(&self, prefix: i16, version: i16) -> Result<Bytes, EncodeError> {
        let schema = Self::schema();
        let failed = |reason| EncodeError::Message { api: schema.name.to_owned(), version, reason };
        if !schema.versions.contains(version) {
            let (min, max) = (schema.versions.min, schema.versions.max);
            return Err(failed(format!("versions {min} to {max} exist")));
        }
        let mut writer = Writer::new(prefix, version, schema.flexible.contains(version));
        self.write(&mut writer).map_err(|misfit| failed(misfit.to_string()))?;
        Ok(writer.into_bytes())
    }
}

/// Connects a struct with its table.
macro_rules! belongs_to {
    ($part:ident, $table:ident) => {
        impl crate::internal::Part for $part {
            fn schema() -> &'static crate::schema::MessageSchema {
                &crate::schema::records::$table
            }
        }
    };
}

/// The records of a topic: an enum of keys and one of values, by record type.
macro_rules! internal_records {
    ($keys:ident $values:ident: $($number:literal $record:ident $key:ident $value:ident,)*) => {
        /// A key, whose record type comes first on the wire.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $keys {
            $(#[doc = concat!("Record type ", stringify!($number), ".")]
            $record($key),)*
        }

        impl $keys {
            /// All record types.
            pub const RECORD_TYPES: &[i16] = &[$($number),*];

            /// What the key of a record type looks like on the wire, behind the type. All keys are
            /// of version 0.
            pub fn schema(record_type: i16) -> Option<&'static crate::schema::MessageSchema> {
                match record_type {
                    $($number => Some(<$key as crate::internal::Part>::schema()),)*
                    _ => None,
                }
            }

            /// The type of the record.
            pub fn record_type(&self) -> i16 {
                match self {
                    $(Self::$record(_) => $number,)*
                }
            }

            /// Decodes the key of a record.
            ///
            /// # Errors
            /// If the record type is unknown or the key malformed.
            pub fn decode(mut bytes: bytes::Bytes) -> Result<Self, crate::decode::DecodeError> {
                let record_type =
                    crate::decode::take_version(stringify!($keys), &mut bytes)?;
                match record_type {
                    $($number => crate::internal::decode_key(bytes).map(Self::$record),)*
                    _ => Err(crate::decode::DecodeError::UnknownRecordType { record_type }),
                }
            }

            /// Encodes the key, its record type first.
            ///
            /// # Errors
            /// If a string is too long for the protocol.
            pub fn encode(&self) -> Result<bytes::Bytes, crate::request::EncodeError> {
                match self {
                    $(Self::$record(key) => crate::internal::encode_key($number, key),)*
                }
            }
        }

        /// A value, whose version comes first on the wire.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum $values {
            $(#[doc = concat!("Record type ", stringify!($number), ".")]
            $record($value),)*
        }

        impl $values {
            /// Decodes the value of a record whose key is of `record_type`. Gives the version it
            /// was written in, too.
            ///
            /// # Errors
            /// If record type or version are unknown, or the value is malformed.
            pub fn decode(
                record_type: i16,
                bytes: bytes::Bytes,
            ) -> Result<(i16, Self), crate::decode::DecodeError> {
                match record_type {
                    $($number => crate::internal::decode_value(bytes)
                        .map(|(version, value)| (version, Self::$record(value))),)*
                    _ => Err(crate::decode::DecodeError::UnknownRecordType { record_type }),
                }
            }

            /// Encodes the value, its version first.
            ///
            /// # Errors
            /// If the version does not exist or cannot express what the value holds.
            pub fn encode(
                &self,
                version: i16,
            ) -> Result<bytes::Bytes, crate::request::EncodeError> {
                match self {
                    $(Self::$record(value) => {
                        crate::internal::encode_value(version, value)
                    })*
                }
            }

            /// What the value of a record type looks like on the wire, behind its version.
            pub fn schema(record_type: i16) -> Option<&'static crate::schema::MessageSchema> {
                match record_type {
                    $($number => Some(<$value as crate::internal::Part>::schema()),)*
                    _ => None,
                }
            }
        }
    };
}

use {belongs_to, internal_records};

/// All keys are of version 0: a new layout would be a new record type.
const KEY_VERSION: i16 = 0;

fn decode_key<P: Part>(bytes: Bytes) -> Result<P, DecodeError> {
    P::read_whole(KEY_VERSION, bytes)
}

fn encode_key<P: Part>(record_type: i16, key: &P) -> Result<Bytes, EncodeError> {
    key.write_whole(record_type, KEY_VERSION)
}

fn decode_value<P: Part>(mut bytes: Bytes) -> Result<(i16, P), DecodeError> {
    let version = decode::take_version(P::schema().name, &mut bytes)?;
    Ok((version, P::read_whole(version, bytes)?))
}

fn encode_value<P: Part>(version: i16, value: &P) -> Result<Bytes, EncodeError> {
    value.write_whole(version, version)
}

#[cfg(test)]
mod tests;
