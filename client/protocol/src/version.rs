//! Which version of an API two peers speak.
//!
//! The range this crate can speak is that of the message's own codec
//! (`<Request as Message>::VERSIONS`). `ApiKey::valid_versions` disagrees with it for some APIs
//! and is never asked.
//!
//! # What Apache Kafka 4.1 knows and this crate does not
//!
//! | API | Kafka 4.1 | here |
//! |---|---|---|
//! | InitProducerId | 0 to 6 (two-phase commit, KIP-939) | 0 to 5 |
//! | OffsetCommit | 2 to 10 (topic ids, KIP-848) | 2 to 9 |
//! | OffsetFetch | 1 to 10 (topic ids, KIP-848) | 1 to 9 |
//! | StreamsGroupHeartbeat, StreamsGroupDescribe | 0 (KIP-1071) | not at all |
//!
//! Kafka 4.1 calls all of these unstable, and a broker announces them only where
//! `unstable.api.versions.enable` is set. [`negotiate`] stays below them then. kafka-protocol has
//! the responses of the first three at their new versions, which are of no use without the requests.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::messages::{self, ApiKey, ApiVersionsResponse};
use crate::{Message, Request};

/// The versions of each API a broker has announced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiVersionRanges {
    ranges: BTreeMap<i16, (i16, i16)>,
}

impl ApiVersionRanges {
    /// The versions a broker announced in its answer to ApiVersions.
    pub fn from_response(response: &ApiVersionsResponse) -> Self {
        response
            .api_keys
            .iter()
            .map(|api| (api.api_key, (api.min_version, api.max_version)))
            .collect()
    }

    /// The announced range of an API, empty ranges included.
    pub fn get(&self, key: ApiKey) -> Option<(i16, i16)> {
        self.ranges.get(&(key as i16)).copied()
    }

    /// Whether the broker has announced the API at all.
    pub fn offers(&self, key: ApiKey) -> bool {
        self.ranges.contains_key(&(key as i16))
    }

    /// Every announced API: its key, lowest and highest version, ordered by key.
    pub fn iter(&self) -> impl Iterator<Item = (i16, i16, i16)> + '_ {
        self.ranges.iter().map(|(&key, &(min, max))| (key, min, max))
    }

    /// How many APIs were announced.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether nothing was announced.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

impl FromIterator<(i16, (i16, i16))> for ApiVersionRanges {
    fn from_iter<I: IntoIterator<Item = (i16, (i16, i16))>>(ranges: I) -> Self {
        Self { ranges: ranges.into_iter().collect() }
    }
}

/// Two peers share no version of an API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no common version of {api:?}: this client speaks {ours_min} to {ours_max}, the broker {}", match broker {
    Some((min, max)) => format!("{min} to {max}"),
    None => "does not offer it".to_owned(),
})]
pub struct UnsupportedVersion {
    /// The API.
    pub api: ApiKey,
    /// The lowest version acceptable here.
    pub ours_min: i16,
    /// The highest version acceptable here.
    pub ours_max: i16,
    /// The range the broker announced, if it announced the API.
    pub broker: Option<(i16, i16)>,
}

/// The highest version of `R` that both this crate and the broker speak.
///
/// # Errors
/// If there is none.
pub fn negotiate<R: Request>(broker: &ApiVersionRanges) -> Result<i16, UnsupportedVersion> {
    let api = ApiKey::try_from(R::KEY).expect("every generated request has a key of the enum");
    let ours = <R as Message>::VERSIONS;
    negotiate_within(api, ours.min..=ours.max, broker)
}

/// The highest version of an API within `ours` that the broker speaks too. `ours` is what the
/// caller can make use of; it is cut to what this crate can encode.
///
/// # Errors
/// If there is none.
pub fn negotiate_within(
    api: ApiKey,
    ours: RangeInclusive<i16>,
    broker: &ApiVersionRanges,
) -> Result<i16, UnsupportedVersion> {
    let spoken = spoken_versions(api);
    let (ours_min, ours_max) = (*ours.start().max(spoken.start()), *ours.end().min(spoken.end()));
    let announced = broker.get(api);
    let refused = UnsupportedVersion { api, ours_min, ours_max, broker: announced };
    let Some((min, max)) = announced else { return Err(refused) };
    let version = ours_max.min(max);
    if version >= ours_min.max(min) { Ok(version) } else { Err(refused) }
}

macro_rules! spoken_versions {
    ($($api:ident $request:ident,)*) => {
        /// The versions of an API this crate can encode and decode.
        pub fn spoken_versions(api: ApiKey) -> RangeInclusive<i16> {
            let range = match api {
                $(ApiKey::$api => <messages::$request as Message>::VERSIONS,)*
            };
            range.min..=range.max
        }
    };
}

for_each_api!(spoken_versions);

macro_rules! spoken_response_versions {
    ($($api:ident $request:ident,)*) => {
        /// The versions in which this crate can encode and decode the response of an API. They
        /// may go beyond those of its request, and are of no use then.
        pub fn spoken_response_versions(api: ApiKey) -> RangeInclusive<i16> {
            let range = match api {
                $(ApiKey::$api => {
                    <<messages::$request as Request>::Response as Message>::VERSIONS
                })*
            };
            range.min..=range.max
        }
    };
}

for_each_api!(spoken_response_versions);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{MetadataRequest, OffsetCommitRequest, ProduceRequest};

    fn broker(key: ApiKey, min: i16, max: i16) -> ApiVersionRanges {
        ApiVersionRanges::from_iter([(key as i16, (min, max))])
    }

    #[test]
    fn the_highest_common_version_is_taken() {
        assert_eq!(negotiate::<ProduceRequest>(&broker(ApiKey::Produce, 3, 11)), Ok(11));
        assert_eq!(negotiate::<ProduceRequest>(&broker(ApiKey::Produce, 3, 99)), Ok(13));
    }

    #[test]
    fn a_broker_that_announces_produce_from_zero_gets_a_version_that_exists() {
        // KAFKA-18659: 4.x announces Produce from 0 for old librdkafka, but serves it from 3.
        assert_eq!(negotiate::<ProduceRequest>(&broker(ApiKey::Produce, 0, 12)), Ok(12));
        let refused = negotiate::<ProduceRequest>(&broker(ApiKey::Produce, 0, 2)).unwrap_err();
        assert_eq!((refused.ours_min, refused.ours_max, refused.broker), (3, 13, Some((0, 2))));
    }

    #[test]
    fn an_api_the_broker_does_not_offer_is_refused() {
        let refused = negotiate::<MetadataRequest>(&ApiVersionRanges::default()).unwrap_err();
        assert_eq!(refused.broker, None);
        assert!(refused.to_string().contains("does not offer it"), "{refused}");
    }

    #[test]
    fn an_empty_range_from_a_broker_is_refused() {
        assert!(negotiate::<MetadataRequest>(&broker(ApiKey::Metadata, 9, 4)).is_err());
    }

    #[test]
    fn a_caller_can_ask_for_less_than_this_crate_speaks() {
        let broker = broker(ApiKey::Produce, 0, 13);
        assert_eq!(negotiate_within(ApiKey::Produce, 3..=9, &broker), Ok(9));
        assert_eq!(negotiate_within(ApiKey::Produce, 0..=99, &broker), Ok(13));
        assert!(negotiate_within(ApiKey::Produce, 14..=99, &broker).is_err());
    }

    #[test]
    fn what_is_spoken_is_what_the_codec_of_the_message_says() {
        let codec = <OffsetCommitRequest as Message>::VERSIONS;
        assert_eq!(spoken_versions(ApiKey::OffsetCommit), codec.min..=codec.max);
    }
}
