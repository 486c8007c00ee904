//! The Kafka wire protocol without IO.
//!
//! Bytes from a peer enter through [`decode`] and nowhere else; record batches have a codec of
//! their own in [`records`]; everything else in this crate is small and has no state.

#[macro_use]
mod apis;
pub mod compression;
pub mod decode;
mod error_code;
pub mod frame;
pub mod ids;
pub mod produce;
pub mod records;
pub mod request;
pub mod response;
pub mod time;
mod topic_name;
pub mod version;

pub use error_code::ErrorCode;
pub use kafka_protocol::messages;
pub use kafka_protocol::protocol::{
    Decodable, Encodable, HeaderVersion, Message, Request, StrBytes, VersionRange,
};
