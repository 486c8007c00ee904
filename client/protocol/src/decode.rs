//! The one door for bytes from a peer: every message is decoded here and nowhere else.

use bytes::Bytes;

use crate::messages::{ApiKey, ApiVersionsResponse, RequestHeader, RequestKind, ResponseHeader};
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
    let header = ResponseHeader::decode(frame, key.response_header_version(version))
        .map_err(|error| header_error(key, version, &error))?;
    Ok(header.correlation_id)
}

/// Decodes the body of the response to `R`.
///
/// # Errors
/// If it is malformed, or followed by bytes that do not belong to it.
pub fn response<R: Request>(version: i16, mut body: Bytes) -> Result<R::Response, DecodeError> {
    let response = decode_body::<R::Response>(&api_name(R::KEY), version, &mut body)?;
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
    response::<crate::messages::ApiVersionsRequest>(version, body)
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
    let body = RequestKind::decode(key, &mut body, version)
        .map_err(|error| body_error(format!("{key:?}"), version, &error))?;
    Ok(DecodedRequest { header, key, version, body })
}

/// Decodes a message that stands alone, such as the value of a record in an internal topic.
/// Takes it off `bytes`.
///
/// # Errors
/// If it is malformed.
pub fn message<M: Decodable + Message>(version: i16, bytes: &mut Bytes) -> Result<M, DecodeError> {
    let name = std::any::type_name::<M>().rsplit("::").next().unwrap_or_default();
    decode_body(name, version, bytes)
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
    let header = RequestHeader::decode(&mut frame, key.request_header_version(version))
        .map_err(|error| header_error(key, version, &error))?;
    Ok((header, key, frame))
}

fn decode_body<M: Decodable + Message>(
    api: &str,
    version: i16,
    body: &mut Bytes,
) -> Result<M, DecodeError> {
    M::decode(body, version).map_err(|error| body_error(api.to_owned(), version, &error))
}

fn header_error(key: ApiKey, version: i16, error: &dyn std::fmt::Display) -> DecodeError {
    DecodeError::Header { api: format!("{key:?}"), version, reason: format!("{error:#}") }
}

fn body_error(api: String, version: i16, error: &dyn std::fmt::Display) -> DecodeError {
    DecodeError::Body { api, version, reason: format!("{error:#}") }
}
