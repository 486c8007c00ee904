//! Every frame is decoded, encoded again, and has to be the same.

use std::collections::BTreeMap;

use milena_protocol::decode::DecodeError;
use milena_protocol::guard::Fault;
use milena_protocol::messages::ApiKey;
use milena_protocol::version::spoken_versions;
use milena_protocol_tests::vectors::Direction;

use crate::all;

#[test]
fn every_frame_is_decoded_and_encoded_again_to_the_same_bytes() {
    let mut different = Vec::new();
    let mut equal = 0;
    for vector in all().iter().filter(|vector| vector.is_spoken()) {
        let written = vector.rewritten();
        let written = written.unwrap_or_else(|error| panic!("{vector}: {error}"));
        if written == vector.frame {
            equal += 1;
        } else {
            let (was, is) = (vector.frame.escape_ascii(), written.escape_ascii());
            different.push(format!("{vector}\n  was {was}\n  is  {is}"));
        }
    }
    assert!(different.is_empty(), "{equal} are equal, not these:\n{}", different.join("\n"));
}

#[test]
fn frames_of_versions_before_those_of_kafka_4_are_refused_by_name() {
    let mut refused: BTreeMap<i16, usize> = BTreeMap::new();
    for vector in all().iter().filter(|vector| !vector.is_spoken()) {
        assert!(vector.version < *spoken_versions(vector.key).start(), "{vector}");
        match vector.direction {
            Direction::Request => {
                let error = vector.decode_request().unwrap_err();
                let DecodeError::UnsupportedVersion { key, version, header } = error else {
                    panic!("{vector}: {error}");
                };
                assert_eq!((key, version), (vector.key, vector.version));
                assert!(header.client_id.is_some(), "{vector}");
            }
            Direction::Response => {
                let error = vector.decode_response().unwrap_err();
                assert!(error.to_string().contains(&format!("v{}", vector.version)), "{error}");
            }
        }
        *refused.entry(vector.key as i16).or_default() += 1;
    }
    assert!(refused.contains_key(&(ApiKey::Produce as i16)), "{refused:?}");
    assert!(refused.contains_key(&(ApiKey::Fetch as i16)), "{refused:?}");
}

#[test]
fn no_frame_decodes_once_its_last_byte_is_gone() {
    for vector in all().iter().filter(|vector| vector.is_spoken()) {
        let mut cut = vector.clone();
        cut.frame.truncate(cut.frame.len() - 1);
        let decoded = match cut.direction {
            Direction::Request => cut.decode_request().map(drop),
            Direction::Response => cut.decode_response().map(drop),
        };
        let error = decoded.expect_err("a byte is missing");
        assert!(
            !matches!(error, DecodeError::Codec { .. }),
            "the guard let pass {vector}: {error}"
        );
    }
}

#[test]
fn a_response_with_a_byte_too_many_is_refused_and_a_request_is_not() {
    // As the other side does: a broker ignores what follows a request.
    for vector in all().iter().filter(|vector| vector.is_spoken()) {
        let mut longer = vector.clone();
        longer.frame = [&vector.frame[..], &[0]].concat().into();
        match longer.direction {
            Direction::Request => {
                assert_eq!(longer.decode_request(), vector.decode_request(), "{vector}");
            }
            Direction::Response => {
                let error = longer.decode_response().unwrap_err();
                let DecodeError::Malformed(error) = error else { panic!("{vector}: {error}") };
                assert_eq!(error.fault(), &Fault::Leftover { count: 1 }, "{vector}: {error}");
            }
        }
    }
}
