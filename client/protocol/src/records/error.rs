//! What can be wrong with a batch, told so that the caller may skip it or stop.

use crate::compression::{Codec, CompressionError};
use crate::ids::Offset;

/// A batch cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("batch at offset {base_offset}: {kind}")]
pub struct BatchError {
    /// Where the batch says it begins. Outside its checksum, so possibly wrong.
    pub base_offset: Offset,
    /// Where reading can go on behind the batch, as far as its header can be believed. `None` if
    /// not even that is known.
    pub next_offset: Option<Offset>,
    /// What is wrong.
    pub kind: BatchErrorKind,
}

impl BatchError {
    /// Whether the bytes are damaged, rather than of a kind this build cannot read.
    pub fn is_corrupt(&self) -> bool {
        match self.kind {
            BatchErrorKind::Crc { .. }
            | BatchErrorKind::Length { .. }
            | BatchErrorKind::Header { .. }
            | BatchErrorKind::RecordCount { .. }
            | BatchErrorKind::Record { .. }
            | BatchErrorKind::Slack { .. }
            | BatchErrorKind::Offsets { .. } => true,
            BatchErrorKind::Compression(CompressionError::Corrupt { .. }) => true,
            BatchErrorKind::Magic { .. }
            | BatchErrorKind::Compression(_)
            | BatchErrorKind::Compressed { .. }
            | BatchErrorKind::Overflow => false,
        }
    }
}

/// What is wrong with a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchErrorKind {
    /// The checksum does not match.
    #[error("its checksum is {found:#010x}, its header says {expected:#010x}")]
    Crc {
        /// What the header says.
        expected: u32,
        /// What the bytes give.
        found: u32,
    },
    /// The batch is of another format: 0 and 1 are those of Kafka before 0.11.
    #[error("message format {magic} is not supported, only 2 is")]
    Magic {
        /// The format.
        magic: i8,
    },
    /// The announced length is impossible; nothing behind this batch can be found.
    #[error("a length of {length} bytes is impossible")]
    Length {
        /// The length in the header.
        length: i32,
    },
    /// A field of the header has an impossible value.
    #[error("{field} is {value}")]
    Header {
        /// The field.
        field: &'static str,
        /// Its value.
        value: i64,
    },
    /// More records are announced than the payload could hold.
    #[error("{count} records cannot stand in {payload} bytes")]
    RecordCount {
        /// The announced count.
        count: i32,
        /// Bytes of the payload.
        payload: usize,
    },
    /// A record is malformed.
    #[error("record {index}: {fault}")]
    Record {
        /// Which record of the batch, from 0.
        index: i32,
        /// What is wrong with it.
        fault: RecordFault,
    },
    /// Bytes follow the last record.
    #[error("{count} bytes follow the last record")]
    Slack {
        /// How many.
        count: usize,
    },
    /// The records' offsets do not run from the first to the last without a gap, as they do in a
    /// batch that a producer writes.
    #[error("record {index} has offset delta {delta}")]
    Offsets {
        /// Which record of the batch, from 0; the record count if the last delta is meant.
        index: i32,
        /// Its distance from the base offset.
        delta: i32,
    },
    /// The payload cannot be decompressed.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// The records were asked for before the batch was decompressed.
    #[error("its records are compressed with {codec}")]
    Compressed {
        /// The codec.
        codec: Codec,
    },
    /// Records do not fit into a batch when written anew.
    #[error("its records do not fit into one batch")]
    Overflow,
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordFault {
    /// It ends within a field, or a length points beyond its end.
    #[error("it is cut short")]
    Truncated,
    /// A variable-length integer is malformed, or cut short.
    #[error("a variable-length integer is malformed")]
    Varint,
    /// A length is below -1, or -1 where nothing may be absent.
    #[error("a length is {0}")]
    NegativeLength(i32),
    /// More headers are announced than the record could hold.
    #[error("{0} headers cannot stand in what is left of it")]
    HeaderCount(i32),
    /// Its content is shorter than its length.
    #[error("{0} bytes are left over at its end")]
    Slack(usize),
    /// Its offset does not lie within the batch.
    #[error("its offset delta is {0}")]
    OffsetDelta(i32),
    /// The key of a control record is malformed.
    #[error("its control key is malformed")]
    ControlKey,
}
