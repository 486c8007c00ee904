//! The body of a response, as a client reads it.

use bytes::Bytes;
use milena_protocol::decode::{self, DecodeError};
use milena_protocol::messages::{
    ApiVersionsRequest, CreateTopicsRequest, DeleteTopicsRequest, DescribeClusterRequest,
    FetchRequest, InitProducerIdRequest, ListOffsetsRequest, MetadataRequest,
    OffsetForLeaderEpochRequest, ProduceRequest,
};

use super::Target;
use super::samples;

/// Any response at any version.
pub const TARGET: Target = Target { name: "response", cap: 1 << 20, exercise, seeds };

/// Which API and version, the first two bytes decide.
fn exercise(input: &[u8]) {
    let [api, version, body @ ..] = input else { return };
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

fn seeds() -> Vec<Vec<u8>> {
    let apis = [0, 1, 2, 3].into_iter().zip([4, 12, 9, 12]);
    apis.zip(samples::responses())
        .map(|((api, version), frame)| [&[api, version][..], &frame[5..]].concat())
        .collect()
}
