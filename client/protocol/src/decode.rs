//! The one door for bytes from a peer: every message is decoded here and nowhere else.
//!
//! The generated decoders believe what a peer says. So the guard walks over every message first,
//! and the decoders are given exactly the bytes that it has walked over.

mod kinds;

pub use kinds::response_kind;

use std::fmt::Display;

use bytes::{Buf, Bytes};

use crate::guard::{self, GuardError, Limits};
use crate::messages::{
    self, ApiKey, ApiVersionsRequest, ApiVersionsResponse, RequestHeader, RequestKind,
    ResponseHeader,
};
use crate::schema::{self, MessageSchema, StandsAlone};
use crate::version::spoken_versions;
use crate::{Decodable, ErrorCode, Request};

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
    #[error("malformed header of {key:?} v{version}: {error}")]
    Header {
        /// The API.
        key: ApiKey,
        /// The version of the API.
        version: i16,
        /// What is wrong with it.
        error: GuardError,
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
    /// The message is malformed, or decoding it could take too much memory.
    #[error("malformed {0}")]
    Malformed(#[from] GuardError),
    /// Bytes that start with their version are too short for it.
    #[error("a {message} of {length} bytes is too short for its version")]
    NoVersion {
        /// The message.
        message: &'static str,
        /// How many bytes there are.
        length: usize,
    },
    /// The key of an internal record is of an unknown type.
    #[error("internal record type {record_type} is not known")]
    UnknownRecordType {
        /// The type.
        record_type: i16,
    },
    /// The generated decoder refused what the guard let pass. That is a fault of this crate.
    #[error("{message} v{version} was found sound and not decoded: {reason}")]
    Codec {
        /// The message.
        message: &'static str,
        /// Its version.
        version: i16,
        /// What the decoder says.
        reason: String,
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
    let header: ResponseHeader = take(&schema::RESPONSE_HEADER, header_version, frame)
        .map_err(|error| header_error(key, version, error))?;
    Ok(header.correlation_id)
}

/// Decodes the body of the response to `R`.
///
/// # Errors
/// If it is malformed, or followed by bytes that do not belong to it.
pub fn response<R: Request>(version: i16, body: Bytes) -> Result<R::Response, DecodeError> {
    response_within::<R>(version, body, Limits::default())
}

/// As [`response`], with limits of one's own for the memory that the response may take.
///
/// # Errors
/// As for [`response`].
pub fn response_within<R: Request>(
    version: i16,
    mut body: Bytes,
    limits: Limits,
) -> Result<R::Response, DecodeError> {
    let key = ApiKey::try_from(R::KEY).expect("every generated request has a key of the enum");
    let schema = schema::response(key);
    guard::check_whole(schema, version, &body, limits)?;
    let decoded = R::Response::decode(&mut body, version);
    finish(schema, version, decoded, &body)
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
    request_within(frame, Limits::default())
}

/// As [`request`], with limits of one's own for the memory that the request may take.
///
/// # Errors
/// As for [`request`].
pub fn request_within(frame: Bytes, limits: Limits) -> Result<DecodedRequest, DecodeError> {
    let (header, key, mut body) = request_header(frame)?;
    let version = header.request_api_version;
    if !spoken_versions(key).contains(&version) {
        return Err(DecodeError::UnsupportedVersion { key, version, header: Box::new(header) });
    }
    let schema = schema::request(key);
    body.truncate(guard::check(schema, version, &body, limits)?);
    let decoded = request_kind(key, &mut body, version);
    let body = finish(schema, version, decoded, &body)?;
    Ok(DecodedRequest { header, key, version, body })
}

/// Decodes a message that stands alone, such as the value of a control record. Takes it off
/// `bytes`; of these nothing is taken if it is malformed.
///
/// # Errors
/// If it is malformed.
pub fn message<M: StandsAlone>(version: i16, bytes: &mut Bytes) -> Result<M, DecodeError> {
    take(M::schema(), version, bytes)
}

/// Takes the version off the front of `bytes`.
pub(crate) fn take_version(message: &'static str, bytes: &mut Bytes) -> Result<i16, DecodeError> {
    let Some(version) = bytes.first_chunk::<2>().copied() else {
        return Err(DecodeError::NoVersion { message, length: bytes.len() });
    };
    bytes.advance(2);
    Ok(i16::from_be_bytes(version))
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
    let header = take(&schema::REQUEST_HEADER, header_version, &mut frame)
        .map_err(|error| header_error(key, version, error))?;
    Ok((header, key, frame))
}

/// Takes a message off the front of `bytes`.
fn take<M: Decodable>(
    schema: &'static MessageSchema,
    version: i16,
    bytes: &mut Bytes,
) -> Result<M, DecodeError> {
    let length = guard::check(schema, version, bytes, Limits::default())?;
    let mut message = bytes.split_to(length);
    let decoded = M::decode(&mut message, version);
    finish(schema, version, decoded, &message)
}

/// Holds the decoder against the guard: it has to have read all that was walked over.
fn finish<M, E: Display>(
    schema: &MessageSchema,
    version: i16,
    decoded: Result<M, E>,
    rest: &Bytes,
) -> Result<M, DecodeError> {
    let reason = match decoded {
        Ok(message) if rest.is_empty() => return Ok(message),
        Ok(_) => format!("{} bytes were not read", rest.len()),
        Err(error) => format!("{error:#}"),
    };
    Err(DecodeError::Codec { message: schema.name, version, reason })
}

macro_rules! request_kind {
    ($($api:ident $request:ident,)*) => {
        fn request_kind(
            key: ApiKey,
            bytes: &mut Bytes,
            version: i16,
        ) -> Result<RequestKind, impl Display + use<>> {
            match key {
                $(ApiKey::$api => {
                    messages::$request::decode(bytes, version).map(RequestKind::$api)
                })*
            }
        }
    };
}

for_each_api!(request_kind);

fn header_error(key: ApiKey, version: i16, error: DecodeError) -> DecodeError {
    match error {
        DecodeError::Malformed(error) => DecodeError::Header { key, version, error },
        other => other,
    }
}

#[cfg(test)]
mod tests;
