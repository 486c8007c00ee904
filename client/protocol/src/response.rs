//! Responses as a broker sends them.

use bytes::{BufMut, Bytes, BytesMut};

use crate::frame::LENGTH_PREFIX;
use crate::messages::{ApiKey, ResponseKind};
use crate::request::{EncodeError, api_name, set_length};
use crate::{Encodable, HeaderVersion};

/// Room made for a response whose size is not known beforehand.
const FIRST_GUESS: usize = 256;

/// Encodes a response: the whole frame, its length prefix included.
///
/// The header of ApiVersions is version 0 at every version of the body, because the client may not
/// know yet whether the broker speaks flexible versions (KIP-511).
///
/// # Errors
/// If the version does not exist or cannot express what the response holds.
pub fn encode(
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    body: &ResponseKind,
) -> Result<Bytes, EncodeError> {
    let mut frame = BytesMut::with_capacity(FIRST_GUESS);
    put_header(&mut frame, correlation_id, key.response_header_version(version));
    body.encode(&mut frame, version).map_err(|error| failed(key as i16, version, &error))?;
    finish(frame, key as i16, version)
}

/// Encodes a response whose type is known; its size is computed first, so nothing is copied twice.
///
/// # Errors
/// If the version does not exist or cannot express what the response holds.
pub fn encode_message<M: Encodable + HeaderVersion>(
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    body: &M,
) -> Result<Bytes, EncodeError> {
    let failed = |error| failed(key as i16, version, &error);
    let size = body.compute_size(version).map_err(failed)?;
    let mut frame = BytesMut::with_capacity(LENGTH_PREFIX + 5 + size);
    put_header(&mut frame, correlation_id, M::header_version(version));
    body.encode(&mut frame, version).map_err(failed)?;
    finish(frame, key as i16, version)
}

fn put_header(frame: &mut BytesMut, correlation_id: i32, header_version: i16) {
    frame.put_u32(0);
    frame.put_i32(correlation_id);
    if header_version >= 1 {
        frame.put_u8(0);
    }
}

fn finish(mut frame: BytesMut, key: i16, version: i16) -> Result<Bytes, EncodeError> {
    let length = frame.len() - LENGTH_PREFIX;
    set_length(&mut frame, length, key, version)?;
    Ok(frame.freeze())
}

fn failed(key: i16, version: i16, error: &dyn std::fmt::Display) -> EncodeError {
    // The alternate form names the causes as well.
    EncodeError::Message { api: api_name(key), version, reason: format!("{error:#}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{ApiVersionsResponse, MetadataResponse};

    #[test]
    fn flexible_responses_have_tags_in_their_header() {
        let body = MetadataResponse::default();
        let classic = encode_message(ApiKey::Metadata, 8, 7, &body).unwrap();
        let flexible = encode_message(ApiKey::Metadata, 9, 7, &body).unwrap();
        assert_eq!(classic[4..8], 7_i32.to_be_bytes());
        assert_eq!(flexible[4..9], [0, 0, 0, 7, 0]);
    }

    #[test]
    fn the_header_of_api_versions_is_version_zero_at_every_version() {
        for version in 0..=4 {
            let body = ApiVersionsResponse::default();
            let frame = encode_message(ApiKey::ApiVersions, version, 7, &body).unwrap();
            let size = body.compute_size(version).unwrap();
            assert_eq!(frame.len(), 4 + 4 + size, "version {version}");
        }
    }

    #[test]
    fn both_ways_to_encode_agree() {
        for version in 0..=13 {
            let body = MetadataResponse::default();
            let typed = encode_message(ApiKey::Metadata, version, 7, &body).unwrap();
            let kind = ResponseKind::Metadata(body);
            assert_eq!(encode(ApiKey::Metadata, version, 7, &kind).unwrap(), typed);
        }
    }

    #[test]
    fn a_version_that_does_not_exist_is_an_error() {
        let kind = ResponseKind::Metadata(MetadataResponse::default());
        assert!(encode(ApiKey::Metadata, 99, 7, &kind).is_err());
    }
}
