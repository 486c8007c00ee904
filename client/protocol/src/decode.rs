//! The one door for bytes from a peer: every message is decoded here and nowhere else.
//!
//! The generated decoders believe what a peer says about the length of an array and make room for
//! it before they look for its elements. So they are only ever given a reader of our own that
//! refuses impossible counts before they are believed; it says itself how far that goes. A walk
//! along the schema of the message will replace it.

mod kinds;
mod reader;

pub use kinds::response_kind;

use bytes::Bytes;

use self::reader::{Counts, Reader};
use crate::messages::{
    self, ApiKey, ApiVersionsRequest, ApiVersionsResponse, RequestHeader, RequestKind,
    ResponseHeader,
};
use crate::request::api_name;
use crate::version::spoken_versions;
use crate::{Decodable, ErrorCode, Message, Request};

/// The shortest request: key, version, correlation id.
const SHORTEST_REQUEST: usize = 8;

/// The shortest response: its correlation id.
const SHORTEST_RESPONSE: usize = 4;

/// A request as a broker reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedRequest {
    /// Its header.
    pub header: RequestHeader,
    /// Its API.
    pub key: ApiKey,
    /// Its version.
    pub version: i16,
    /// What it asks for.
    pub body: RequestKind,
}

/// Bytes from a peer are not what they should be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The frame is too short for its header.
    #[error("a frame of {length} bytes is too short for a header of at least {needed}")]
    ShortHeader {
        /// The shortest header possible.
        needed: usize,
        /// The frame's length.
        length: usize,
    },
    /// The header is malformed.
    #[error("malformed header of {api} v{version}: {reason}")]
    Header {
        /// The API.
        api: String,
        /// The version of the API.
        version: i16,
        /// What is wrong.
        reason: String,
    },
    /// A request names an API this crate does not know.
    #[error("unknown API key {key} (version {version}, correlation id {correlation_id})")]
    UnknownApiKey {
        /// The key.
        key: i16,
        /// The version.
        version: i16,
        /// The correlation id.
        correlation_id: i32,
    },
    /// A request names a version this crate cannot read. Its header could be read: a broker
    /// answers ApiVersions with UNSUPPORTED_VERSION then (KIP-511).
    #[error("{key:?} v{version} is not known")]
    UnsupportedVersion {
        /// The API.
        key: ApiKey,
        /// The version.
        version: i16,
        /// The header.
        header: Box<RequestHeader>,
    },
    /// The body is malformed.
    #[error("malformed {api} v{version}: {reason}")]
    Body {
        /// The message, by API.
        api: String,
        /// The version of the API.
        version: i16,
        /// What is wrong.
        reason: String,
    },
    /// A response is longer than its content.
    #[error("{api} v{version} is followed by {count} bytes that do not belong to it")]
    Leftover {
        /// The message, by API.
        api: String,
        /// The version of the API.
        version: i16,
        /// Bytes left over.
        count: usize,
    },
}

/// Takes the header off a response frame and gives its correlation id.
///
/// # Errors
/// If the header is malformed.
pub fn response_header(key: ApiKey, version: i16, frame: &mut Bytes) -> Result<i32, DecodeError> {
    if frame.len() < SHORTEST_RESPONSE {
        return Err(DecodeError::ShortHeader { needed: SHORTEST_RESPONSE, length: frame.len() });
    }
    let header_version = key.response_header_version(version);
    let header = reader::decode(frame, Counts::Compact, |reader: &mut Reader| {
        ResponseHeader::decode(reader, header_version)
    });
    let header = header.map_err(|reason| header_error(key, version, reason))?;
    Ok(header.correlation_id)
}

/// Decodes the body of the response to `R`.
///
/// # Errors
/// If it is malformed, or followed by bytes that do not belong to it.
pub fn response<R: Request>(version: i16, mut body: Bytes) -> Result<R::Response, DecodeError> {
    let response = reader::decode(&mut body, counts_at(R::header_version(version)), |reader| {
        R::Response::decode(reader, version)
    });
    let response = response.map_err(|reason| body_error(api_name(R::KEY), version, reason))?;
    if body.is_empty() {
        Ok(response)
    } else {
        Err(DecodeError::Leftover { api: api_name(R::KEY), version, count: body.len() })
    }
}

/// Decodes the answer to an ApiVersions request of the given version.
///
/// A broker that does not know the version answers UNSUPPORTED_VERSION in version 0, whatever was
/// asked for (KIP-511).
///
/// # Errors
/// If it is malformed.
pub fn api_versions_response(
    version: i16,
    body: Bytes,
) -> Result<ApiVersionsResponse, DecodeError> {
    let error_code = body.first_chunk::<2>().map(|code| ErrorCode(i16::from_be_bytes(*code)));
    let version = if error_code == Some(ErrorCode::UNSUPPORTED_VERSION) { 0 } else { version };
    response::<ApiVersionsRequest>(version, body)
}

/// Decodes a request frame, its header included. Bytes that follow the body are ignored, as a
/// broker of Apache Kafka does.
///
/// # Errors
/// If the key or version is unknown, or anything is malformed.
pub fn request(frame: Bytes) -> Result<DecodedRequest, DecodeError> {
    let (header, key, mut body) = request_header(frame)?;
    let version = header.request_api_version;
    if !spoken_versions(key).contains(&version) {
        return Err(DecodeError::UnsupportedVersion { key, version, header: Box::new(header) });
    }
    let counts = counts_at(key.request_header_version(version));
    let body = reader::decode(&mut body, counts, |reader| request_kind(key, reader, version))
        .map_err(|reason| body_error(format!("{key:?}"), version, reason))?;
    Ok(DecodedRequest { header, key, version, body })
}

/// Decodes a message that stands alone, such as the value of a record in an internal topic.
/// Takes it off `bytes`.
///
/// # Errors
/// If it is malformed.
pub fn message<M: Decodable + Message>(version: i16, bytes: &mut Bytes) -> Result<M, DecodeError> {
    let name = std::any::type_name::<M>().rsplit("::").next().unwrap_or_default();
    reader::decode(bytes, Counts::Either, |reader| M::decode(reader, version))
        .map_err(|reason| body_error(name.to_owned(), version, reason))
}

/// Splits a request frame into header and body.
fn request_header(mut frame: Bytes) -> Result<(RequestHeader, ApiKey, Bytes), DecodeError> {
    let Some(&[k0, k1, v0, v1, c0, c1, c2, c3]) = frame.first_chunk::<SHORTEST_REQUEST>() else {
        return Err(DecodeError::ShortHeader { needed: SHORTEST_REQUEST, length: frame.len() });
    };
    let key = i16::from_be_bytes([k0, k1]);
    let version = i16::from_be_bytes([v0, v1]);
    let Ok(key) = ApiKey::try_from(key) else {
        let correlation_id = i32::from_be_bytes([c0, c1, c2, c3]);
        return Err(DecodeError::UnknownApiKey { key, version, correlation_id });
    };
    let header_version = key.request_header_version(version);
    let header = reader::decode(&mut frame, Counts::Compact, |reader: &mut Reader| {
        RequestHeader::decode(reader, header_version)
    });
    let header = header.map_err(|reason| header_error(key, version, reason))?;
    Ok((header, key, frame))
}

macro_rules! request_kind {
    ($($api:ident $request:ident,)*) => {
        fn request_kind(
            key: ApiKey,
            reader: &mut Reader,
            version: i16,
        ) -> Result<RequestKind, impl std::fmt::Display + use<>> {
            match key {
                $(ApiKey::$api => {
                    messages::$request::decode(reader, version).map(RequestKind::$api)
                })*
            }
        }
    };
}

for_each_api!(request_kind);

/// Messages whose requests have a header of version 2 are flexible: their lengths and counts are
/// all compact (KIP-482).
fn counts_at(request_header_version: i16) -> Counts {
    if request_header_version >= 2 { Counts::Compact } else { Counts::Either }
}

fn header_error(key: ApiKey, version: i16, reason: String) -> DecodeError {
    DecodeError::Header { api: format!("{key:?}"), version, reason }
}

fn body_error(api: String, version: i16, reason: String) -> DecodeError {
    DecodeError::Body { api, version, reason }
}

#[cfg(test)]
mod tests;
