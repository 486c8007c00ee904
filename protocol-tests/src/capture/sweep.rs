//! Asks a broker for every version it speaks of every API that may be asked for without harm, so
//! that its answers can be kept: clients only use the newest.
//!
//! The requests are those that other clients were recorded with, encoded again at other versions.
//! Only the answers are worth keeping, since the requests are our own encoder's.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use milena_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse, RequestKind};
use milena_protocol::{StrBytes, decode, request};

use crate::vectors::{Direction, Vector};

/// Told apart from the clients of others by it.
const CLIENT_ID: &str = "vectors-sweep";

/// A join waits for the other members; such an answer is given up.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Requests tried for one version.
const MOST_TRIES: usize = 3;

/// What the controllers and brokers say to each other, or what stops a broker.
const LEFT_ALONE: [ApiKey; 16] = [
    ApiKey::Vote,
    ApiKey::BeginQuorumEpoch,
    ApiKey::EndQuorumEpoch,
    ApiKey::AlterPartition,
    ApiKey::UpdateFeatures,
    ApiKey::Envelope,
    ApiKey::FetchSnapshot,
    ApiKey::BrokerRegistration,
    ApiKey::BrokerHeartbeat,
    ApiKey::UnregisterBroker,
    ApiKey::AllocateProducerIds,
    ApiKey::ControllerRegistration,
    ApiKey::AssignReplicasToDirs,
    ApiKey::AddRaftVoter,
    ApiKey::RemoveRaftVoter,
    ApiKey::UpdateRaftVoter,
];

/// Sends each kind of request in `recorded` at each version that the broker at `address` and
/// kafka-protocol both speak. A proxy in front of the broker sees the answers.
///
/// # Errors
/// If the broker cannot be reached.
pub fn every_version(address: &str, recorded: &[Vector]) -> io::Result<()> {
    let spoken = api_versions(address)?;
    for api in &spoken.api_keys {
        let Ok(key) = ApiKey::try_from(api.api_key) else { continue };
        if LEFT_ALONE.contains(&key) {
            continue;
        }
        let bodies = bodies_of(key, recorded);
        for version in api.min_version..=api.max_version {
            let encoded = bodies.iter().filter_map(|body| encode(body, key, version));
            for request in encoded.take(MOST_TRIES) {
                // A broker closes the connection on what it finds impossible; the next one follows.
                drop(ask(address, &request));
            }
        }
    }
    for version in api_versions_of(&spoken, ApiKey::Fetch).filter(|version| *version < 4) {
        drop(ask(address, &fetch_before_version_4(version, "java-none")));
        drop(ask(address, &fetch_before_version_4(version, "java-gzip")));
    }
    Ok(())
}

fn api_versions_of(spoken: &ApiVersionsResponse, key: ApiKey) -> impl Iterator<Item = i16> {
    let ranges = spoken.api_keys.iter().filter(move |api| api.api_key == key as i16);
    ranges.flat_map(|api| api.min_version..=api.max_version)
}

/// The recorded requests of an API, richest first.
fn bodies_of(key: ApiKey, recorded: &[Vector]) -> Vec<RequestKind> {
    let requests = recorded.iter().filter(|it| it.key == key && it.direction == Direction::Request);
    let mut bodies: Vec<(usize, RequestKind)> = requests
        .filter_map(|vector| Some((vector.frame.len(), vector.decode_request().ok()?.body)))
        .collect();
    bodies.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    bodies.into_iter().map(|(_, body)| body).collect()
}

/// `None` if the version cannot express the request.
fn encode(body: &RequestKind, key: ApiKey, version: i16) -> Option<Bytes> {
    let mut encoded = BytesMut::new();
    body.encode(&mut encoded, version).ok()?;
    let id = StrBytes::from_static_str(CLIENT_ID);
    let prefix = request::header_prefix(key as i16, version, 1, Some(&id), encoded.len()).ok()?;
    Some([prefix, encoded.freeze()].concat().into())
}

/// Makes a broker of the 3.x line translate its records back into the formats 0 (below version 2)
/// and 1. The layout of the versions 0 to 2 is one; version 3 adds a limit for the whole answer.
fn fetch_before_version_4(version: i16, topic: &str) -> Bytes {
    let mut body = BytesMut::new();
    body.put_i32(-1); // no replica
    body.put_i32(100);
    body.put_i32(0);
    if version >= 3 {
        body.put_i32(1 << 20);
    }
    body.put_i32(1);
    body.put_i16(i16::try_from(topic.len()).expect("the names of topics are short"));
    body.put_slice(topic.as_bytes());
    body.put_i32(1);
    body.put_i32(0); // partition
    body.put_i64(1); // offset
    body.put_i32(1_000);
    let mut frame = BytesMut::new();
    let header = 2 + 2 + 4 + 2 + CLIENT_ID.len();
    frame.put_u32(u32::try_from(header + body.len()).expect("the body is short"));
    frame.put_i16(ApiKey::Fetch as i16);
    frame.put_i16(version);
    frame.put_i32(1);
    frame.put_i16(i16::try_from(CLIENT_ID.len()).expect("the id is short"));
    frame.put_slice(CLIENT_ID.as_bytes());
    frame.put_slice(&body);
    frame.freeze()
}

fn api_versions(address: &str) -> io::Result<ApiVersionsResponse> {
    let id = StrBytes::from_static_str(CLIENT_ID);
    let ask_for = request::encode(1, 0, Some(&id), &ApiVersionsRequest::default());
    let mut answer = ask(address, &ask_for.map_err(io::Error::other)?.to_bytes())?;
    decode::response_header(ApiKey::ApiVersions, 0, &mut answer)
        .and_then(|_| decode::api_versions_response(0, answer))
        .map_err(io::Error::other)
}

/// One request on a connection of its own.
fn ask(address: &str, request: &[u8]) -> io::Result<Bytes> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(request)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer)?;
    Ok(answer.into())
}
