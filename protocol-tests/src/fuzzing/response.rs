//! The body of a response, as a client reads it.

use bytes::Bytes;
use milena_protocol::decode::{self, DecodeError};
use milena_protocol::messages::ApiKey;
use milena_protocol::version::spoken_versions;

use super::{DECODING, Target, samples};

/// Any response at any version.
pub const TARGET: Target = Target { name: "response", cap: DECODING, exercise, seeds };

/// The first byte is the API key, the second decides on its version.
fn exercise(input: &[u8]) {
    let &[key, choice, ref body @ ..] = input else { return };
    let Ok(key) = ApiKey::try_from(i16::from(key)) else { return };
    let versions = spoken_versions(key);
    let count = versions.end() - versions.start() + 1;
    let version = versions.start() + i16::from(choice) % count;
    match decode::response_kind(key, version, Bytes::copy_from_slice(body)) {
        Ok(_) => {}
        Err(error @ DecodeError::Codec { .. }) => panic!("the guard let it pass: {error}"),
        // Its text is made from the peer's bytes, too.
        Err(error) => drop(std::hint::black_box(error.to_string())),
    }
}

fn seeds() -> Vec<Vec<u8>> {
    samples::response_bodies()
        .into_iter()
        .map(|(key, version, body)| {
            let choice = version - spoken_versions(key).start();
            let start = [key as i16, choice].map(|number| number.to_be_bytes()[1]);
            [&start[..], &body].concat()
        })
        .collect()
}
