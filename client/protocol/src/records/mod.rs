//! Record batches (magic 2): written record by record, sealed, stamped, read lazily.
//!
//! A batch is a header of [`HEADER_LEN`] bytes and a payload of records. The two are kept apart on
//! the way out: [`BatchBuilder`] grows the payload, [`BatchBuilder::seal`] makes it immutable and
//! computes its checksum once, and [`SealedBatch::stamp`] writes a header around it as often as
//! needed, combining checksums instead of reading the payload again. So a batch can be stamped anew
//! while an earlier write still reads its bytes.
//!
//! On the way in, [`batches`] cuts what a peer sent into [`Batch`]es without copying; checksums are
//! verified when asked ([`Batch::verify_crc`]), records are read one by one ([`Batch::records`]).
//!
//! ```
//! use bytes::Bytes;
//! use milena_protocol::records::{self, BatchBuilder, NO_HEADERS, Stamp};
//!
//! let mut builder = BatchBuilder::new(1024);
//! builder.append(1_700_000_000_000, Some(b"42"), Some(b"paid"), NO_HEADERS)?;
//! builder.append(1_700_000_000_001, None, Some(b"sent"), &[(b"source", Some(b"billing"))])?;
//! let on_the_wire: Bytes = builder.seal().stamp(&Stamp::default()).to_bytes();
//!
//! for batch in records::batches(on_the_wire) {
//!     let batch = batch?;
//!     batch.verify_crc()?;
//!     for record in batch.records()? {
//!         println!("{:?}", record?.value);
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod builder;
mod crc;
mod error;
mod header;
mod read;
mod sealed;
mod split;
mod varint;

pub use batch::{Batch, Batches, batches};
pub use builder::{AppendError, AsHeader, BatchBuilder, HeaderRef, NO_HEADERS};
pub use error::{BatchError, BatchErrorKind, RecordFault};
pub use header::{Attributes, BatchHeader, ControlType, HEADER_LEN, TimestampType};
pub use read::{Headers, RecordCursor, RecordView, Records};
pub use sealed::{BatchKind, SealedBatch, Stamp, StampedBatch};

/// "No timestamp" (`RecordBatch.NO_TIMESTAMP` in Apache Kafka).
pub const NO_TIMESTAMP: i64 = -1;

/// The smallest record: seven varints of one byte, the first being its length.
pub const SMALLEST_RECORD: usize = 7;
