//! Messages and record batches out of unstructured bytes, for tests and for fuzzing.
//!
//! Everything here is well formed and has to be accepted by anything that speaks the protocol. It
//! is generated from the tables in [`crate::schema`] and knows nothing of the decoders, so these
//! can be held against it.
//!
//! - [`Generator`] writes any message of the tables at any version, with arbitrary content or with
//!   one of the [`Extreme`]s, and tells where its lengths and counts stand ([`Mark`]), for those who
//!   want to damage them.
//! - [`ArbitraryRequest`] and [`ArbitraryResponse`] are whole frames of any API at any version.
//! - A [`Vocabulary`] puts values into messages that the reader knows, such as names of topics.
//! - [`ArbitraryBatch`] is a valid record batch of any kind, together with what it holds;
//!   [`BatchGenerator`] narrows down of which kind.
//!
//! # For a fuzz target
//!
//! The wrappers implement [`Arbitrary`](::arbitrary::Arbitrary), so that a target takes them as its
//! input:
//!
//! ```
//! use milena_protocol::arbitrary::ArbitraryRequest;
//!
//! // fuzz_target!(|requests: Vec<ArbitraryRequest>| { .. });
//! fn my_service_survives(requests: Vec<ArbitraryRequest>) {
//!     for request in requests {
//!         let frame: bytes::Bytes = request.frame();
//!         // my_service.handle(frame);
//! #       let _ = frame;
//!     }
//! }
//! # my_service_survives(Vec::new());
//! ```
//!
//! # What is canonical
//!
//! A decoder that encodes again what it has read gives the same bytes. For that the generator
//! keeps to one of several ways of writing the same:
//!
//! - Booleans are 0 or 1, and variable-length integers as short as possible.
//! - Tagged fields stand in ascending order and never hold their default, for encoders leave out
//!   those that do. What the default is the tables do not say; so integers in tagged fields are
//!   never 0, -1, the smallest or the largest of their type, which every default is one of, and
//!   everything else is neither null nor empty.
//! - Unknown tagged fields have numbers above all that any version of the struct knows, and below
//!   2^31, because kafka-protocol keeps them as signed.
//! - A field called `version` holds the version that the message is written in, as Kafka writes it.
//! - Floating-point numbers are never NaN, so that messages can be compared.

mod batch;
mod content;
mod messages;
mod vocabulary;
mod wire;

pub use batch::{ArbitraryBatch, ArbitraryRecord, BatchGenerator};
pub use messages::{ArbitraryRequest, ArbitraryResponse};
pub use vocabulary::{Place, Vocabulary};
pub use wire::{Encoding, Extreme, Generator, Mark, MarkKind, WireMessage};

#[cfg(test)]
mod tests;
