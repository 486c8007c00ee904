//! How a broker reads a request: as the decoders do that Apache Kafka generates from its schemas.
//!
//! They are more lenient than ours in one point that a client can see: any negative length or count
//! of a field that may be null reads as null (`MessageDataGenerator`). Such a request is written
//! again with the -1 that stands for null.

use bytes::{Bytes, BytesMut};
use milena_protocol::decode::{self, DecodeError, DecodedRequest};
use milena_protocol::guard::{self, Fault, Limits};
use milena_protocol::messages::ApiKey;
use milena_protocol::schema;

/// How many negative lengths of one request are read as null. Each costs another decoding, and no
/// request that means anything has more than a few.
const MOST: usize = 64;

/// Decodes a request frame.
pub(super) fn request(mut frame: Bytes) -> Result<DecodedRequest, DecodeError> {
    for _ in 0..MOST {
        let error = match decode::request(frame.clone()) {
            Ok(request) => return Ok(request),
            Err(error) => error,
        };
        match with_null(&frame, &error) {
            Some(written_again) => frame = written_again,
            None => return Err(error),
        }
    }
    decode::request(frame)
}

/// The frame with null in place of the negative length that was refused.
fn with_null(frame: &Bytes, error: &DecodeError) -> Option<Bytes> {
    let DecodeError::Malformed(error) = error else { return None };
    let start = header_length(frame)? + error.offset();
    let rest = frame.get(start..)?;
    let null: &[u8] = match *error.fault() {
        Fault::Negative { length } if int32(rest) == Some(length) => &[0xff; 4],
        Fault::Negative { length } if int16(rest) == Some(length) => &[0xff; 2],
        // A compact length of 32 bits, which is negative once it is a Java int, and no shorter as 0.
        Fault::Count { .. } | Fault::Length { .. } if is_negative_varint(rest) => {
            &[0x80, 0x80, 0x80, 0x80, 0]
        }
        _ => return None,
    };
    let mut written_again = BytesMut::from(&frame[..]);
    written_again[start..start + null.len()].copy_from_slice(null);
    Some(written_again.freeze())
}

fn int32(bytes: &[u8]) -> Option<i32> {
    bytes.first_chunk().map(|four| i32::from_be_bytes(*four))
}

fn int16(bytes: &[u8]) -> Option<i32> {
    bytes.first_chunk().map(|two| i16::from_be_bytes(*two).into())
}

fn is_negative_varint(bytes: &[u8]) -> bool {
    let Some([a, b, c, d, last @ 0x08..=0x0f]) = bytes.first_chunk::<5>() else { return false };
    // 2^31 is the smallest number of an int, from which the one that is taken off leads to the
    // largest.
    let is_more = [a, b, c, d].iter().any(|byte| **byte != 0x80) || *last > 0x08;
    is_more && [a, b, c, d].iter().all(|byte| **byte >= 0x80)
}

fn header_length(frame: &[u8]) -> Option<usize> {
    let [k0, k1, v0, v1] = *frame.first_chunk::<4>()?;
    let key = ApiKey::try_from(i16::from_be_bytes([k0, k1])).ok()?;
    let version = key.request_header_version(i16::from_be_bytes([v0, v1]));
    guard::check(&schema::REQUEST_HEADER, version, frame, Limits::default()).ok()
}

#[cfg(test)]
mod tests {
    use milena_protocol::messages::RequestKind;

    use super::*;

    /// Metadata of version 1 with a null client id.
    fn metadata(body: &[u8]) -> Bytes {
        [&[0, 3, 0, 1, 0, 0, 0, 7, 0xff, 0xff], body].concat().into()
    }

    #[test]
    fn any_negative_count_of_a_field_that_may_be_null_is_null() {
        for count in [-1_i32, -2, i32::MIN] {
            let read = request(metadata(&count.to_be_bytes())).expect("it is null");
            assert!(matches!(read.body, RequestKind::Metadata(body) if body.topics.is_none()));
        }
    }

    #[test]
    fn a_negative_length_of_a_field_that_may_not_be_null_is_refused() {
        // One topic, the length of whose name is -2.
        assert!(request(metadata(&[0, 0, 0, 1, 0xff, 0xfe])).is_err());
    }

    /// DescribeConfigs of version 1 for so many topics, the count of whose settings is -2.
    fn describe_configs(topics: i32) -> Bytes {
        let mut frame = vec![0, 32, 0, 1, 0, 0, 0, 7, 0xff, 0xff];
        frame.extend(topics.to_be_bytes());
        for _ in 0..topics {
            frame.extend([2, 0, 1, b't', 0xff, 0xff, 0xff, 0xfe]);
        }
        frame.push(0);
        frame.into()
    }

    #[test]
    fn a_request_is_not_read_again_without_end() {
        let most = i32::try_from(MOST).unwrap();
        assert!(request(describe_configs(most)).is_ok());
        assert!(request(describe_configs(most + 1)).is_err());
    }
}
