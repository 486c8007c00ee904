//! A request frame, header included, as a broker reads it.

use bytes::Bytes;
use milena_protocol::decode::{self, DecodeError};

use super::{DECODING, Target, samples};

/// Any request at any version, its header before it.
pub const TARGET: Target =
    Target { name: "request", cap: DECODING, exercise, seeds: samples::requests };

fn exercise(input: &[u8]) {
    match decode::request(Bytes::copy_from_slice(input)) {
        Ok(request) => {
            assert_eq!(request.header.request_api_key, request.key as i16);
            assert_eq!(request.header.request_api_version, request.version);
        }
        Err(error @ DecodeError::Codec { .. }) => panic!("the guard let it pass: {error}"),
        // Its text is made from the peer's bytes, too.
        Err(error) => drop(std::hint::black_box(error.to_string())),
    }
}
