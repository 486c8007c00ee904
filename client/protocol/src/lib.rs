//! The Kafka wire protocol without IO.
//!
//! Everything here is given bytes or gives bytes; nothing reads a socket, a clock or a random
//! number. `milena` and `milena-mock-broker` are built on it, and so can be any other program that
//! speaks the protocol, a proxy or a tool that looks into a capture.
//!
//! | what | where |
//! |---|---|
//! | cutting a stream into frames, and recognising peers that speak something else | [`frame`] |
//! | decoding whatever a peer has sent: the one door for its bytes | [`decode`] |
//! | what messages look like, as tables, and the walk along them before a decode | [`schema`], [`guard`] |
//! | encoding requests and responses | [`request`], [`response`] |
//! | which version of an API two peers speak | [`version`] |
//! | record batches: written, sealed, stamped, read | [`records`] |
//! | the Produce request around batches that are not copied | [`produce`] |
//! | subscriptions and assignments of the classic consumer protocol | [`consumer_protocol`] |
//! | keys and values of Kafka's internal topics | [`internal`] |
//! | error codes, their names, which may pass when tried again | [`ErrorCode`] |
//! | offsets, epochs, sequences, topics and brokers as types | [`ids`] |
//! | time as it is handed to a state machine | [`time`] |
#![cfg_attr(
    feature = "arbitrary",
    doc = "| messages and batches with arbitrary content, to test and fuzz with | [`arbitrary`] |"
)]
//!
//! The messages themselves are those that the crate `kafka-protocol` generates from Apache Kafka's
//! schemas; they are exported as [`messages`], together with the traits they implement. Record
//! batches are bytes to them, and a codec of our own reads and writes these.
//!
//! # A request and its answer
//!
//! ```
//! use bytes::BytesMut;
//! use milena_protocol::frame::FrameDecoder;
//! use milena_protocol::messages::{ApiKey, MetadataRequest, MetadataResponse};
//! use milena_protocol::{decode, request, response};
//!
//! // A client writes a request ...
//! let sent = request::encode(1, 12, None, &MetadataRequest::default())?;
//!
//! // ... a broker reads it ...
//! let mut received = BytesMut::from(&sent.to_bytes()[..]);
//! let frame = FrameDecoder::new(1 << 20).decode(&mut received)?.expect("it is there as a whole");
//! let asked = decode::request(frame)?;
//! assert_eq!((asked.key, asked.version), (ApiKey::Metadata, 12));
//!
//! // ... and answers it.
//! let correlation_id = asked.header.correlation_id;
//! let answer = MetadataResponse::default();
//! let answered = response::encode_message(ApiKey::Metadata, 12, correlation_id, &answer)?;
//! let mut body = answered.slice(4..);
//! assert_eq!(decode::response_header(ApiKey::Metadata, 12, &mut body)?, 1);
//! assert_eq!(decode::response::<MetadataRequest>(12, body)?, answer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[macro_use]
mod apis;
#[cfg(feature = "arbitrary")]
pub mod arbitrary;
pub mod compression;
pub mod consumer_protocol;
pub mod decode;
mod error_code;
pub mod frame;
pub mod guard;
pub mod ids;
pub mod internal;
pub mod produce;
pub mod records;
pub mod request;
pub mod response;
pub mod schema;
pub mod time;
mod topic_name;
pub mod version;

pub use error_code::ErrorCode;
pub use kafka_protocol::messages;
pub use kafka_protocol::protocol::{
    Decodable, Encodable, HeaderVersion, Message, Request, StrBytes, VersionRange,
};
