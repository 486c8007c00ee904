//! What well-behaved peers send: the seeds of targets are made of it.

use milena_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, FetchRequest, FetchResponse, MetadataRequest,
    MetadataResponse, ProduceRequest, ProduceResponse,
};
use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
use milena_protocol::{StrBytes, request, response};

/// Requests, without the length that precedes them.
pub(super) fn requests() -> Vec<Vec<u8>> {
    let name = StrBytes::from_static_str("seed");
    let client = Some(&name);
    [
        request::encode(1, 4, client, &ApiVersionsRequest::default()),
        request::encode(2, 0, None, &ApiVersionsRequest::default()),
        request::encode(3, 12, client, &MetadataRequest::default()),
        request::encode(4, 9, client, &ProduceRequest::default()),
        request::encode(5, 12, client, &FetchRequest::default()),
    ]
    .into_iter()
    .map(|encoded| encoded.expect("defaults can be encoded").to_bytes()[4..].to_vec())
    .collect()
}

/// Responses, without the length that precedes them.
pub(super) fn responses() -> Vec<Vec<u8>> {
    [
        response::encode_message(ApiKey::ApiVersions, 4, 1, &ApiVersionsResponse::default()),
        response::encode_message(ApiKey::Metadata, 12, 3, &MetadataResponse::default()),
        response::encode_message(ApiKey::Produce, 9, 4, &ProduceResponse::default()),
        response::encode_message(ApiKey::Fetch, 12, 5, &FetchResponse::default()),
    ]
    .into_iter()
    .map(|encoded| encoded.expect("defaults can be encoded")[4..].to_vec())
    .collect()
}

/// Record batches, some after another.
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
    vec![[&small[..], &large[..]].concat(), small.to_vec(), large.to_vec()]
}
