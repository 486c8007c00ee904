//! A connection's bytes, arriving in pieces.

use bytes::BytesMut;
use milena_protocol::decode;
use milena_protocol::frame::FrameDecoder;
use milena_protocol::messages::ApiKey;

use super::{Target, samples};

/// Frames and the headers in them.
pub const TARGET: Target = Target { name: "frames", cap: 256 * 1024, exercise, seeds };

/// The longest frame accepted.
const MAX_FRAME: usize = 64 * 1024;

/// One request in small pieces, and all of them in large ones.
fn seeds() -> Vec<Vec<u8>> {
    let frames: Vec<Vec<u8>> = samples::requests()
        .into_iter()
        .filter(|frame| frame.len() < 256)
        .map(|frame| [&[0, 0, 0, frame.len() as u8][..], &frame].concat())
        .collect();
    let small = frames.iter().map(|frame| [&[3][..], frame].concat());
    let large = [&[0xff][..], &frames.concat()].concat();
    small.chain([large]).collect()
}

/// The first byte decides the size of the pieces.
fn exercise(input: &[u8]) {
    let Some((&step, stream)) = input.split_first() else { return };
    let mut decoder = FrameDecoder::new(MAX_FRAME);
    let mut received = BytesMut::new();
    let mut taken = 0;
    for piece in stream.chunks(usize::from(step).max(1)) {
        received.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut received) {
                Ok(Some(frame)) => {
                    assert_eq!(frame, stream[taken + 4..taken + 4 + frame.len()]);
                    taken += 4 + frame.len();
                    headers(&frame);
                }
                Ok(None) => break,
                Err(error) => {
                    std::hint::black_box(error.to_string());
                    return;
                }
            }
        }
    }
    assert_eq!(received, stream[taken..], "what is left over is the start of a frame");
}

/// The header of a response, at both of its versions.
fn headers(frame: &bytes::Bytes) {
    for (key, version) in [(ApiKey::Metadata, 8), (ApiKey::Metadata, 9)] {
        let mut body = frame.clone();
        if let Ok(correlation_id) = decode::response_header(key, version, &mut body) {
            assert!(frame.starts_with(&correlation_id.to_be_bytes()));
            assert!(frame.ends_with(&body));
        }
    }
}
