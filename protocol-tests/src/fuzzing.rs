//! What the fuzz targets run: each takes arbitrary bytes and must neither panic nor allocate
//! without bound. The targets in `fuzz/` are one line each that calls one of these; they need no
//! fuzzer here, so the tests replay what was found before.

use bytes::{Bytes, BytesMut};
use milena_protocol::decode::{self, DecodeError};
use milena_protocol::frame::FrameDecoder;
use milena_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeClusterRequest,
    FetchRequest, InitProducerIdRequest, ListOffsetsRequest, MetadataRequest,
    OffsetForLeaderEpochRequest, ProduceRequest,
};
use milena_protocol::records;

/// The longest frame the frame target accepts.
const MAX_FRAME: usize = 64 * 1024;

/// A connection's bytes, arriving in pieces whose size the first byte decides.
pub fn frames(data: &[u8]) {
    let Some((&step, data)) = data.split_first() else { return };
    let mut decoder = FrameDecoder::new(MAX_FRAME);
    let mut received = BytesMut::new();
    for piece in data.chunks(usize::from(step).max(1)) {
        received.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut received) {
                Ok(Some(frame)) => assert!(frame.len() <= MAX_FRAME),
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}

/// A request frame, header included, as a broker reads it.
pub fn request(data: &[u8]) {
    // Every outcome is fine that is an outcome.
    let _ = decode::request(Bytes::copy_from_slice(data));
}

/// The body of a response: which API and version, the first two bytes decide.
pub fn response(data: &[u8]) {
    let [api, version, body @ ..] = data else { return };
    let version = i16::from(*version % 20);
    let body = Bytes::copy_from_slice(body);
    let _: Result<(), DecodeError> = match api % 10 {
        0 => decode::api_versions_response(version.min(4), body).map(drop),
        1 => decode_at::<MetadataRequest>(version, body),
        2 => decode_at::<ProduceRequest>(version, body),
        3 => decode_at::<FetchRequest>(version, body),
        4 => decode_at::<ListOffsetsRequest>(version, body),
        5 => decode_at::<OffsetForLeaderEpochRequest>(version, body),
        6 => decode_at::<InitProducerIdRequest>(version, body),
        7 => decode_at::<CreateTopicsRequest>(version, body),
        8 => decode_at::<DeleteTopicsRequest>(version, body),
        9 => decode_at::<DescribeClusterRequest>(version, body),
        _ => decode_at::<ApiVersionsRequest>(version, body),
    };
}

fn decode_at<R: milena_protocol::Request>(version: i16, body: Bytes) -> Result<(), DecodeError> {
    let versions = <R as milena_protocol::Message>::VERSIONS;
    let version = version.clamp(versions.min, versions.max);
    decode::response::<R>(version, body).map(drop)
}

/// The records field of a fetch response: batches, records, headers.
pub fn record_batches(data: &[u8]) {
    for batch in records::batches(Bytes::copy_from_slice(data)) {
        let Ok(batch) = batch else { continue };
        let _ = batch.verify_crc();
        let _ = batch.control_type();
        let Ok(records) = batch.records() else { continue };
        for record in records {
            let Ok(record) = record else { break };
            for (key, value) in record.headers() {
                std::hint::black_box((key, value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use milena_protocol::records::{BatchBuilder, Stamp};

    #[test]
    fn every_target_survives_every_single_byte_change_of_a_batch() {
        let mut builder = BatchBuilder::new(64);
        let headers: [(&[u8], Option<&[u8]>); 2] = [(b"a", Some(b"1")), (b"b", None)];
        builder.append(7, Some(b"key"), Some(b"value"), &headers).expect("room");
        let batch = builder.seal().stamp(&Stamp::default()).to_bytes();
        for at in 0..batch.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut data = batch.to_vec();
                data[at] ^= flip;
                for target in [frames, request, response, record_batches] {
                    target(&data);
                }
            }
        }
    }

    #[test]
    fn every_target_survives_counts_that_promise_too_much() {
        for key in 0..10_u8 {
            for version in 0..20_u8 {
                for filler in [0x00, 0x7f, 0xff] {
                    let mut data = vec![key, version];
                    data.extend([filler; 12]);
                    response(&data);
                    let mut data = vec![0, key, 0, version, 0, 0, 0, 1, 0xff, 0xff];
                    data.extend([filler; 12]);
                    request(&data);
                }
            }
        }
    }
}
