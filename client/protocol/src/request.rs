//! Requests, encoded to be written by one vectored write.

use std::io::IoSlice;

use bytes::{BufMut, Bytes, BytesMut};

use crate::frame::LENGTH_PREFIX;
use crate::messages::ApiKey;
use crate::{Request, StrBytes};

/// A whole request frame, its length prefix included, in one or more parts.
///
/// The parts are written in order. Parts that hold records are shared with the batch they came
/// from, so that resending costs no copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRequest {
    parts: Vec<Bytes>,
}

impl EncodedRequest {
    /// A request out of its parts; the first starts with the length prefix.
    pub fn from_parts(parts: Vec<Bytes>) -> Self {
        Self { parts }
    }

    /// The parts in the order they are written.
    pub fn parts(&self) -> &[Bytes] {
        &self.parts
    }

    /// The parts in the order they are written.
    pub fn into_parts(self) -> Vec<Bytes> {
        self.parts
    }

    /// Bytes of the whole frame, the length prefix included.
    pub fn total_len(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
    }

    /// The parts as a vectored write takes them.
    pub fn io_slices(&self) -> Vec<IoSlice<'_>> {
        self.parts.iter().map(|part| IoSlice::new(part)).collect()
    }

    /// The whole frame in one piece; copies unless it is in one piece already.
    pub fn to_bytes(&self) -> Bytes {
        if let [only] = self.parts.as_slice() {
            return only.clone();
        }
        let mut whole = BytesMut::with_capacity(self.total_len());
        for part in &self.parts {
            whole.extend_from_slice(part);
        }
        whole.freeze()
    }
}

/// A message could not be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The message holds something the version cannot express, or the version does not exist.
    #[error("{api} v{version} cannot be encoded: {reason}")]
    Message {
        /// The message, by API.
        api: String,
        /// The version asked for.
        version: i16,
        /// What the codec of the message says.
        reason: String,
    },
    /// The frame would be longer than its length prefix can say.
    #[error(
        "{api} v{version} would be a frame of {length} bytes, more than the protocol can express"
    )]
    TooLarge {
        /// The message, by API.
        api: String,
        /// The version asked for.
        version: i16,
        /// The frame's length.
        length: usize,
    },
    /// The client id is longer than a string of the protocol.
    #[error("the client id has {length} bytes, at most 32767 are possible")]
    ClientId {
        /// Its length in bytes.
        length: usize,
    },
}

/// Encodes a request.
///
/// ```
/// use milena_protocol::messages::MetadataRequest;
/// use milena_protocol::{StrBytes, request};
///
/// let client = StrBytes::from_static_str("docs");
/// let encoded = request::encode(7, 12, Some(&client), &MetadataRequest::default())?;
/// assert_eq!(encoded.parts().len(), 1);
/// # Ok::<(), milena_protocol::request::EncodeError>(())
/// ```
///
/// # Errors
/// If the version does not exist or cannot express what the request holds.
pub fn encode<R: Request>(
    correlation_id: i32,
    version: i16,
    client_id: Option<&StrBytes>,
    request: &R,
) -> Result<EncodedRequest, EncodeError> {
    let failed = |error: &dyn std::fmt::Display| EncodeError::Message {
        api: api_name(R::KEY),
        version,
        reason: error.to_string(),
    };
    let spoken = R::VERSIONS;
    if version < spoken.min || version > spoken.max {
        return Err(failed(&format_args!("versions {} to {} exist", spoken.min, spoken.max)));
    }
    let body = request.compute_size(version).map_err(|error| failed(&error))?;
    let mut frame = BytesMut::with_capacity(max_prefix(client_id) + body);
    put_prefix(&mut frame, R::KEY, version, R::header_version(version), correlation_id, client_id)?;
    request.encode(&mut frame, version).map_err(|error| failed(&error))?;
    let length = frame.len() - LENGTH_PREFIX;
    set_length(&mut frame, length, R::KEY, version)?;
    Ok(EncodedRequest { parts: vec![frame.freeze()] })
}

/// The length prefix and header of a request whose body of `body_len` bytes the caller writes.
///
/// # Errors
/// If the key is unknown, the client id too long, or the frame too large.
pub fn header_prefix(
    key: i16,
    version: i16,
    correlation_id: i32,
    client_id: Option<&StrBytes>,
    body_len: usize,
) -> Result<Bytes, EncodeError> {
    let mut prefix = BytesMut::with_capacity(max_prefix(client_id));
    write_header_prefix(&mut prefix, key, version, correlation_id, client_id, body_len)?;
    Ok(prefix.freeze())
}

/// [`header_prefix`] at the end of a buffer.
pub(crate) fn write_header_prefix(
    out: &mut BytesMut,
    key: i16,
    version: i16,
    correlation_id: i32,
    client_id: Option<&StrBytes>,
    body_len: usize,
) -> Result<(), EncodeError> {
    let Ok(api) = ApiKey::try_from(key) else {
        return Err(EncodeError::Message {
            api: api_name(key),
            version,
            reason: "the key is unknown".to_owned(),
        });
    };
    let start = out.len();
    put_prefix(out, key, version, api.request_header_version(version), correlation_id, client_id)?;
    let length = out.len() - start - LENGTH_PREFIX + body_len;
    set_length(&mut out[start..], length, key, version)
}

/// The most [`header_prefix`] takes: length, key, version, correlation id, client id, tags.
pub(crate) fn max_prefix(client_id: Option<&StrBytes>) -> usize {
    LENGTH_PREFIX + 2 + 2 + 4 + 2 + client_id.map_or(0, |id| id.len()) + 1
}

fn put_prefix(
    out: &mut BytesMut,
    key: i16,
    version: i16,
    header_version: i16,
    correlation_id: i32,
    client_id: Option<&StrBytes>,
) -> Result<(), EncodeError> {
    out.put_u32(0);
    out.put_i16(key);
    out.put_i16(version);
    out.put_i32(correlation_id);
    match client_id {
        None => out.put_i16(-1),
        Some(id) => {
            let length =
                i16::try_from(id.len()).map_err(|_| EncodeError::ClientId { length: id.len() })?;
            out.put_i16(length);
            out.put_slice(id.as_bytes());
        }
    }
    // The client id stays a classic string in every header; only the tags are new (KIP-482).
    if header_version >= 2 {
        out.put_u8(0);
    }
    Ok(())
}

/// Writes a frame's length into its first four bytes.
pub(crate) fn set_length(
    frame: &mut [u8],
    length: usize,
    key: i16,
    version: i16,
) -> Result<(), EncodeError> {
    let too_large = || EncodeError::TooLarge { api: api_name(key), version, length };
    let prefix = i32::try_from(length).map_err(|_| too_large())?.to_be_bytes();
    frame.first_chunk_mut::<LENGTH_PREFIX>().ok_or_else(too_large)?.copy_from_slice(&prefix);
    Ok(())
}

/// The name of an API for messages to people.
pub(crate) fn api_name(key: i16) -> String {
    match ApiKey::try_from(key) {
        Ok(api) => format!("{api:?}"),
        Err(()) => format!("API {key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Encodable;
    use crate::messages::{ApiVersionsRequest, MetadataRequest, RequestHeader};

    fn by_kafka_protocol<R: Request>(version: i16, id: Option<StrBytes>, request: &R) -> Vec<u8> {
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(99)
            .with_client_id(id);
        let mut frame = vec![0; 4];
        header.encode(&mut frame, R::header_version(version)).unwrap();
        request.encode(&mut frame, version).unwrap();
        let length = (frame.len() - 4) as u32;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        frame
    }

    #[test]
    fn headers_are_those_of_the_generated_codec_at_every_version() {
        for id in [None, Some(StrBytes::new()), Some(StrBytes::from_static_str("billing"))] {
            for version in 0..=13 {
                let request = MetadataRequest::default();
                let ours = encode(99, version, id.as_ref(), &request).unwrap();
                assert_eq!(ours.to_bytes(), by_kafka_protocol(version, id.clone(), &request));
            }
            for version in 0..=4 {
                let request = ApiVersionsRequest::default();
                let ours = encode(99, version, id.as_ref(), &request).unwrap();
                assert_eq!(ours.to_bytes(), by_kafka_protocol(version, id.clone(), &request));
            }
        }
    }

    #[test]
    fn a_version_that_does_not_exist_is_an_error() {
        let error = encode(1, 99, None, &MetadataRequest::default()).unwrap_err();
        assert!(matches!(error, EncodeError::Message { version: 99, .. }), "{error}");
    }

    #[test]
    fn a_client_id_beyond_a_string_of_the_protocol_is_an_error() {
        let id = StrBytes::from_string("x".repeat(40_000));
        let error = encode(1, 12, Some(&id), &MetadataRequest::default()).unwrap_err();
        assert_eq!(error, EncodeError::ClientId { length: 40_000 });
    }

    #[test]
    fn a_prefix_counts_the_body_that_follows() {
        let id = StrBytes::from_static_str("a");
        let prefix = header_prefix(0, 9, 5, Some(&id), 100).unwrap();
        assert_eq!(prefix.len(), 4 + 12);
        assert_eq!(prefix[..4], (12_u32 + 100).to_be_bytes());
        let refused = header_prefix(0, 9, 5, Some(&id), i32::MAX as usize);
        assert!(matches!(refused, Err(EncodeError::TooLarge { .. })));
        assert!(header_prefix(12_345, 0, 5, None, 0).is_err());
    }
}
