//! Bytes that brokers pass on or keep without a look: subscriptions and assignments of groups, and
//! the records of internal topics.

use std::fmt::Debug;

use bytes::Bytes;
use milena_protocol::consumer_protocol::{
    assignment, encode_assignment, encode_subscription, subscription,
};
use milena_protocol::decode::DecodeError;
use milena_protocol::internal::{GroupKey, GroupValue, TransactionKey, TransactionValue};
use milena_protocol::schema::{self, MessageSchema};

use super::{DECODING, Target, recorded, samples};

/// Every blob at every version.
pub const TARGET: Target = Target { name: "consumer_protocol", cap: DECODING, exercise, seeds };

/// Record types above this do not exist in any topic.
const MOST_TYPES: u8 = 32;

/// The first byte decides on what the rest is.
fn exercise(input: &[u8]) {
    let Some((&choice, rest)) = input.split_first() else { return };
    let blob = Bytes::copy_from_slice(rest);
    match choice % 6 {
        0 => again(subscription(blob), |(version, message)| {
            let known = (*version).min(schema::CONSUMER_PROTOCOL_SUBSCRIPTION.versions.max);
            let encoded = encode_subscription(known, message).expect("it was decoded");
            subscription(encoded).map(|(_, message)| (*version, message))
        }),
        1 => again(assignment(blob), |(version, message)| {
            let known = (*version).min(schema::CONSUMER_PROTOCOL_ASSIGNMENT.versions.max);
            let encoded = encode_assignment(known, message).expect("it was decoded");
            assignment(encoded).map(|(_, message)| (*version, message))
        }),
        2 => again(GroupKey::decode(blob), |key| {
            GroupKey::decode(key.encode().expect("it was decoded"))
        }),
        3 => again(TransactionKey::decode(blob), |key| {
            TransactionKey::decode(key.encode().expect("it was decoded"))
        }),
        4 => {
            let Some((&number, blob)) = rest.split_first() else { return };
            let number = i16::from(number % MOST_TYPES);
            let blob = Bytes::copy_from_slice(blob);
            again(GroupValue::decode(number, blob), |(version, value)| {
                GroupValue::decode(number, value.encode(*version).expect("it was decoded"))
            });
        }
        _ => {
            let Some((&number, blob)) = rest.split_first() else { return };
            let number = i16::from(number % MOST_TYPES);
            let blob = Bytes::copy_from_slice(blob);
            again(TransactionValue::decode(number, blob), |(version, value)| {
                TransactionValue::decode(number, value.encode(*version).expect("it was decoded"))
            });
        }
    }
}

/// What was decoded is decoded as the same when encoded.
fn again<M: PartialEq + Debug>(
    decoded: Result<M, DecodeError>,
    round: impl FnOnce(&M) -> Result<M, DecodeError>,
) {
    match decoded {
        Ok(decoded) => match round(&decoded) {
            Ok(copy) => assert_eq!(copy, decoded),
            Err(error) => panic!("encoded again: {error}"),
        },
        Err(error @ DecodeError::Codec { .. }) => panic!("the guard let it pass: {error}"),
        // Its text is made from the peer's bytes, too.
        Err(error) => drop(std::hint::black_box(error.to_string())),
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let (subscriptions, assignments) = recorded::blobs();
    let mut seeds = Vec::new();
    seeds.extend(subscriptions.iter().map(|blob| [&[0][..], blob].concat()));
    seeds.extend(assignments.iter().map(|blob| [&[1][..], blob].concat()));
    let blobs = [&schema::CONSUMER_PROTOCOL_SUBSCRIPTION, &schema::CONSUMER_PROTOCOL_ASSIGNMENT];
    for (choice, schema) in (0..).zip(blobs) {
        seeds.extend(prefixed(schema).map(|(_, blob)| [&[choice][..], &blob].concat()));
    }
    // The tables do not say of which type a record is, so every type is tried.
    for schema in schema::all() {
        for (version, blob) in prefixed(schema) {
            for number in 0..MOST_TYPES {
                let record_type = i16::from(number);
                let bytes = Bytes::from(blob.clone());
                if GroupValue::decode(record_type, bytes.clone()).is_ok() {
                    seeds.push([&[4, number][..], &blob].concat());
                }
                if TransactionValue::decode(record_type, bytes).is_ok() {
                    seeds.push([&[5, number][..], &blob].concat());
                }
                if version > 0 {
                    continue;
                }
                // A key has its type in the place of a version.
                let key = [&record_type.to_be_bytes()[..], &blob[2..]].concat();
                if GroupKey::decode(key.clone().into()).is_ok() {
                    seeds.push([&[2][..], &key].concat());
                }
                if TransactionKey::decode(key.clone().into()).is_ok() {
                    seeds.push([&[3][..], &key].concat());
                }
            }
        }
    }
    seeds
}

/// The message at each of its versions, the version before it.
fn prefixed(schema: &'static MessageSchema) -> impl Iterator<Item = (i16, Vec<u8>)> {
    (schema.versions.min..=schema.versions.max).map(move |version| {
        let full = samples::full(schema, version);
        (version, [&version.to_be_bytes()[..], &full].concat())
    })
}
