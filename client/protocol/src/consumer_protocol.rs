//! Subscriptions and assignments of the classic consumer protocol: the bytes that members of a
//! group exchange through JoinGroup and SyncGroup, and that brokers pass on without a look.
//!
//! Each starts with its version. The rules are those of Kafka's `ConsumerProtocol`: a version
//! above the highest known is read as the highest known, and what follows the fields is ignored,
//! since a newer version may only add fields at the end.

use bytes::{BufMut, Bytes, BytesMut};

use crate::Encodable;
use crate::decode::{self, DecodeError};
use crate::messages::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use crate::request::EncodeError;
use crate::schema::StandsAlone;

/// What a member subscribes to, decoded, and the version it was written in.
///
/// ```
/// use milena_protocol::StrBytes;
/// use milena_protocol::consumer_protocol::{encode_subscription, subscription};
/// use milena_protocol::messages::ConsumerProtocolSubscription;
///
/// let topics = vec![StrBytes::from_static_str("orders")];
/// let wanted = ConsumerProtocolSubscription::default().with_topics(topics);
/// let blob = encode_subscription(3, &wanted)?;
/// assert_eq!(subscription(blob)?, (3, wanted));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If it is malformed or its version is below zero.
pub fn subscription(blob: Bytes) -> Result<(i16, ConsumerProtocolSubscription), DecodeError> {
    decode_blob(blob)
}

/// What a member is assigned, decoded, and the version it was written in.
///
/// # Errors
/// If it is malformed or its version is below zero.
pub fn assignment(blob: Bytes) -> Result<(i16, ConsumerProtocolAssignment), DecodeError> {
    decode_blob(blob)
}

/// Encodes what a member subscribes to, its version first.
///
/// Java sorts topics and partitions before it encodes them; this does not.
///
/// # Errors
/// If the version does not exist or cannot express what the subscription holds.
pub fn encode_subscription(
    version: i16,
    subscription: &ConsumerProtocolSubscription,
) -> Result<Bytes, EncodeError> {
    encode_blob(version, subscription)
}

/// Encodes what a member is assigned, its version first.
///
/// # Errors
/// If the version does not exist or cannot express what the assignment holds.
pub fn encode_assignment(
    version: i16,
    assignment: &ConsumerProtocolAssignment,
) -> Result<Bytes, EncodeError> {
    encode_blob(version, assignment)
}

fn decode_blob<M: StandsAlone>(mut blob: Bytes) -> Result<(i16, M), DecodeError> {
    let version = decode::take_version(M::schema().name, &mut blob)?;
    let known = version.min(M::schema().versions.max);
    let message = decode::message(known, &mut blob)?;
    Ok((version, message))
}

fn encode_blob<M: StandsAlone + Encodable>(
    version: i16,
    message: &M,
) -> Result<Bytes, EncodeError> {
    let mut blob = BytesMut::new();
    blob.put_i16(version);
    message.encode(&mut blob, version).map_err(|error| EncodeError::Message {
        api: M::schema().name.to_owned(),
        version,
        reason: format!("{error:#}"),
    })?;
    Ok(blob.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::consumer_protocol_assignment::TopicPartition;
    use crate::messages::consumer_protocol_subscription;
    use crate::{StrBytes, messages};

    fn orders() -> messages::TopicName {
        messages::TopicName(StrBytes::from_static_str("orders"))
    }

    fn wanted() -> ConsumerProtocolSubscription {
        let owned = consumer_protocol_subscription::TopicPartition::default()
            .with_topic(orders())
            .with_partitions(vec![0, 1]);
        ConsumerProtocolSubscription::default()
            .with_topics(vec![StrBytes::from_static_str("orders")])
            .with_user_data(Some(Bytes::from_static(b"mine")))
            .with_owned_partitions(vec![owned])
            .with_generation_id(7)
            .with_rack_id(Some(StrBytes::from_static_str("r1")))
    }

    #[test]
    fn a_subscription_comes_back_at_every_version() {
        for version in 0..=3 {
            let mut wanted = wanted();
            if version < 3 {
                wanted.rack_id = None;
            }
            if version < 2 {
                wanted.generation_id = -1;
            }
            if version < 1 {
                wanted.owned_partitions = Vec::new();
            }
            let blob = encode_subscription(version, &wanted).unwrap();
            assert_eq!(blob[..2], version.to_be_bytes());
            assert_eq!(subscription(blob).unwrap(), (version, wanted));
        }
    }

    #[test]
    fn an_assignment_comes_back_at_every_version() {
        let given = ConsumerProtocolAssignment::default().with_assigned_partitions(vec![
            TopicPartition::default().with_topic(orders()).with_partitions(vec![3, 5]),
        ]);
        for version in 0..=3 {
            let blob = encode_assignment(version, &given).unwrap();
            assert_eq!(assignment(blob).unwrap(), (version, given.clone()));
        }
    }

    #[test]
    fn a_version_that_is_too_new_is_read_as_the_highest_known() {
        let mut blob = encode_subscription(3, &wanted()).unwrap().to_vec();
        blob[..2].copy_from_slice(&9_i16.to_be_bytes());
        blob.extend_from_slice(b"a field of version 9");
        assert_eq!(subscription(Bytes::from(blob)).unwrap(), (9, wanted()));
    }

    #[test]
    fn what_follows_the_fields_of_a_known_version_is_ignored_as_java_does() {
        let mut blob = encode_subscription(3, &wanted()).unwrap().to_vec();
        blob[..2].copy_from_slice(&0_i16.to_be_bytes());
        let (version, read) = subscription(Bytes::from(blob)).unwrap();
        assert_eq!((version, read.topics, read.generation_id), (0, wanted().topics, -1));
    }

    #[test]
    fn a_blob_without_a_version_or_with_one_below_zero_is_an_error() {
        for blob in [&b""[..], b"\0"] {
            let error = assignment(Bytes::from_static(blob)).unwrap_err();
            assert!(error.to_string().contains("too short for its version"), "{error}");
        }
        let error = subscription(Bytes::from_static(&[0xff, 0xff, 0, 0, 0, 0])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "malformed ConsumerProtocolSubscription v-1: only versions 0 to 3 can be read \
             (at byte 0)",
        );
    }

    #[test]
    fn a_torn_blob_names_the_field_that_is_torn() {
        let blob = encode_subscription(3, &wanted()).unwrap();
        let error = subscription(blob.slice(..blob.len() - 1)).unwrap_err();
        assert!(error.to_string().contains("rack_id: length 2 exceeds the 1 bytes"), "{error}");
    }
}
