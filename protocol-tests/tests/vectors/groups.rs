//! What members of a classic group tell each other through the broker: subscriptions and
//! assignments, as each client writes them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use milena_protocol::consumer_protocol::{
    assignment, encode_assignment, encode_subscription, subscription,
};
use milena_protocol::messages::{RequestKind, ResponseKind};
use milena_protocol_tests::vectors::{Direction, Vector};

use crate::all;

const CONSUMER: &str = "consumer";

/// The blobs inside of one message.
#[derive(Default)]
struct Blobs {
    subscriptions: Vec<Bytes>,
    assignments: Vec<Bytes>,
}

fn blobs(vector: &Vector) -> Blobs {
    let mut found = match vector.direction {
        Direction::Request => match vector.decode_request() {
            Ok(request) => in_request(request.body),
            Err(_) => Blobs::default(),
        },
        Direction::Response => match vector.decode_response() {
            Ok(response) => in_response(response.body),
            Err(_) => Blobs::default(),
        },
    };
    // Who has nothing yet is told so without a blob.
    found.subscriptions.retain(|blob| !blob.is_empty());
    found.assignments.retain(|blob| !blob.is_empty());
    found
}

fn in_request(request: RequestKind) -> Blobs {
    let mut found = Blobs::default();
    match request {
        RequestKind::JoinGroup(join) if &*join.protocol_type == CONSUMER => {
            let protocols = join.protocols.into_iter();
            found.subscriptions = protocols.map(|protocol| protocol.metadata).collect();
        }
        RequestKind::SyncGroup(sync) => {
            let assignments = sync.assignments.into_iter();
            found.assignments = assignments.map(|member| member.assignment).collect();
        }
        _ => {}
    }
    found
}

fn in_response(response: ResponseKind) -> Blobs {
    let mut found = Blobs::default();
    match response {
        ResponseKind::JoinGroup(join) => {
            found.subscriptions = join.members.into_iter().map(|it| it.metadata).collect();
        }
        ResponseKind::SyncGroup(sync) => found.assignments.push(sync.assignment),
        ResponseKind::DescribeGroups(described) => {
            let groups = described.groups.into_iter();
            let groups = groups.filter(|group| &*group.protocol_type == CONSUMER);
            for member in groups.flat_map(|group| group.members) {
                found.subscriptions.push(member.member_metadata);
                found.assignments.push(member.member_assignment);
            }
        }
        _ => {}
    }
    found
}

#[test]
fn every_subscription_and_assignment_is_read_and_written_again_to_the_same_bytes() {
    let mut versions: BTreeMap<&str, BTreeSet<i16>> = BTreeMap::new();
    for vector in all() {
        let Blobs { subscriptions, assignments } = blobs(&vector);
        for blob in subscriptions {
            let read = subscription(blob.clone());
            let (version, read) = read.unwrap_or_else(|error| panic!("{vector}: {error}"));
            assert_eq!(encode_subscription(version, &read).unwrap(), blob, "{vector}");
            versions.entry("subscription").or_default().insert(version);
        }
        for blob in assignments {
            let read = assignment(blob.clone());
            let (version, read) = read.unwrap_or_else(|error| panic!("{vector}: {error}"));
            assert_eq!(encode_assignment(version, &read).unwrap(), blob, "{vector}");
            versions.entry("assignment").or_default().insert(version);
        }
    }
    assert!(versions["subscription"].len() >= 2, "{versions:?}");
    assert!(versions["assignment"].len() >= 2, "{versions:?}");
}
