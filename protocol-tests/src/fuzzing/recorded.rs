//! What real clients and brokers sent: the vectors, taken apart for targets to start from.

use bytes::Bytes;
use milena_protocol::decode;
use milena_protocol::messages::{ApiKey, RequestKind, ResponseKind};
use milena_protocol::records;

use crate::vectors::{self, Direction, Vector};

/// Longer ones are left out, for a fuzzer is slow with them and changes too little.
const LONGEST: usize = 4096;

/// Requests, their headers before them.
pub(super) fn requests() -> Vec<Bytes> {
    let requests = of(Direction::Request).into_iter().map(|vector| vector.frame);
    requests.filter(|frame| frame.len() <= LONGEST).collect()
}

/// Responses without their headers.
pub(super) fn responses() -> Vec<(ApiKey, i16, Bytes)> {
    of(Direction::Response)
        .into_iter()
        .filter_map(|vector| {
            let mut body = vector.frame;
            decode::response_header(vector.key, vector.version, &mut body).ok()?;
            (body.len() <= LONGEST).then_some((vector.key, vector.version, body))
        })
        .collect()
}

/// The records of Produce requests and Fetch responses.
pub(super) fn record_batches() -> Vec<Bytes> {
    let mut found = Vec::new();
    for vector in of(Direction::Request) {
        let Ok(request) = vector.decode_request() else { continue };
        let RequestKind::Produce(request) = request.body else { continue };
        let partitions = request.topic_data.into_iter().flat_map(|topic| topic.partition_data);
        found.extend(partitions.filter_map(|partition| partition.records));
    }
    for vector in of(Direction::Response) {
        let Ok(response) = vector.decode_response() else { continue };
        let ResponseKind::Fetch(response) = response.body else { continue };
        let partitions = response.responses.into_iter().flat_map(|topic| topic.partitions);
        found.extend(partitions.filter_map(|partition| partition.records));
    }
    found.retain(|records| !records.is_empty() && records.len() <= LONGEST);
    found
}

/// Compressed payloads, with the numbers of their codecs.
pub(super) fn payloads() -> Vec<(u8, Bytes)> {
    let fields = record_batches().into_iter();
    let batches = fields.flat_map(records::batches).filter_map(Result::ok);
    let compressed = batches.filter(records::Batch::is_compressed);
    compressed
        .filter_map(|batch| {
            let codec = batch.codec().ok()?;
            Some((u8::try_from(codec.id()).ok()?, batch.payload().clone()))
        })
        .collect()
}

/// What members of groups subscribe to, and what they are assigned.
pub(super) fn blobs() -> (Vec<Bytes>, Vec<Bytes>) {
    let (mut subscriptions, mut assignments) = (Vec::new(), Vec::new());
    for vector in of(Direction::Request) {
        let Ok(request) = vector.decode_request() else { continue };
        match request.body {
            RequestKind::JoinGroup(request) => {
                subscriptions.extend(request.protocols.into_iter().map(|one| one.metadata));
            }
            RequestKind::SyncGroup(request) => {
                assignments.extend(request.assignments.into_iter().map(|one| one.assignment));
            }
            _ => {}
        }
    }
    (subscriptions, assignments)
}

fn of(direction: Direction) -> Vec<Vector> {
    let mut vectors = vectors::all().expect("the vectors are part of the repository");
    vectors.retain(|vector| vector.direction == direction);
    vectors
}
