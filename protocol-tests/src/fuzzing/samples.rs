//! What well-behaved peers send: the seeds of targets are made of it.

use bytes::Bytes;
use milena_protocol::arbitrary::{Extreme, Generator};
use milena_protocol::messages::ApiKey;
use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
use milena_protocol::schema::{self, MessageSchema};
use milena_protocol::version::spoken_versions;

use super::recorded;

/// Every request at its lowest and highest version, and those that were recorded, without the
/// length that precedes them.
pub(super) fn requests() -> Vec<Vec<u8>> {
    let recorded = recorded::requests().into_iter().map(Vec::from);
    let generated = bodies(schema::request).into_iter().map(|(key, version, body)| {
        let mut frame = Vec::new();
        for number in [key as i16, version] {
            frame.extend(number.to_be_bytes());
        }
        frame.extend(7_i32.to_be_bytes());
        let header_version = key.request_header_version(version);
        if header_version >= 1 {
            frame.extend([&[0, 4][..], b"seed"].concat());
        }
        if header_version >= 2 {
            frame.push(0);
        }
        frame.extend(&body);
        frame
    });
    generated.chain(recorded).collect()
}

/// Every response at its lowest and highest version, and those that were recorded, without headers.
pub(super) fn response_bodies() -> Vec<(ApiKey, i16, Bytes)> {
    let mut responses = bodies(schema::response);
    responses.extend(recorded::responses());
    responses
}

fn bodies(schema: fn(ApiKey) -> &'static MessageSchema) -> Vec<(ApiKey, i16, Bytes)> {
    let mut bodies = Vec::new();
    for key in ApiKey::iter() {
        let versions = spoken_versions(key);
        let mut ends = vec![*versions.start(), *versions.end()];
        ends.dedup();
        for version in ends {
            bodies.push((key, version, full(schema(key), version)));
        }
    }
    bodies
}

/// A message with everything in it that there can be.
pub(super) fn full(schema: &'static MessageSchema, version: i16) -> Bytes {
    Generator::new(schema, version).extreme(Extreme::Full).bytes
}

/// Record batches, some after another, and those that were recorded.
pub(super) fn batches() -> Vec<Vec<u8>> {
    let mut small = BatchBuilder::new(64);
    small.append(7, None, Some(b"value"), NO_HEADERS).expect("room");
    let small = small.seal().stamp(&Stamp::default()).to_bytes();
    let mut large = BatchBuilder::new(256);
    for at in 0..3 {
        let headers: [(&[u8], Option<&[u8]>); 2] = [(b"name", Some(b"value")), (b"none", None)];
        large.append(7 + at, Some(b"key"), None, &headers).expect("room");
    }
    let large = large.seal().stamp(&Stamp::default()).to_bytes();
    let mut fields = vec![[&small[..], &large[..]].concat(), small.to_vec(), large.to_vec()];
    fields.extend(recorded::record_batches().into_iter().map(Vec::from));
    fields
}

/// Bytes that look random and are the same in every run (SplitMix64).
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut words = std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    });
    words.by_ref().flat_map(u64::to_be_bytes).take(length).collect()
}
