//! Which release of Apache Kafka a cluster stands for: the versions it offers and the features it
//! knows.
//!
//! The tables were read off a broker of each release. A profile offers what the release offers, as
//! far as the schemas of 4.1 go: the oldest versions of 3.9, which 4.0 took away (KIP-896), are not
//! offered.

use std::collections::BTreeMap;

use milena_protocol::messages::ApiKey;

/// A release of Apache Kafka.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Release {
    /// 3.9: no eligible leader replicas, transactions of version 1.
    V3_9,
    /// 4.1, the default.
    #[default]
    V4_1,
}

/// Something that a whole cluster turns on at one level (KIP-584).
#[derive(Debug)]
pub(crate) struct Feature {
    pub(crate) name: &'static str,
    /// The levels that a broker of the release supports.
    pub(crate) supported: (i16, i16),
    /// The level of a cluster whose storage was formatted with the release; 0 is off.
    pub(crate) initial: i16,
}

/// Members that leave a short ISR stay eligible to lead (KIP-966).
pub(crate) const ELIGIBLE_LEADERS: &str = "eligible.leader.replicas.version";
/// What records of metadata there may be (KIP-778).
pub(crate) const METADATA_VERSION: &str = "metadata.version";

const fn feature(name: &'static str, supported: (i16, i16), initial: i16) -> Feature {
    Feature { name, supported, initial }
}

const FEATURES_OF_3_9: &[Feature] =
    &[feature("kraft.version", (0, 1), 0), feature(METADATA_VERSION, (1, 21), 21)];

const FEATURES_OF_4_1: &[Feature] = &[
    feature(ELIGIBLE_LEADERS, (0, 1), 1),
    feature("group.version", (0, 1), 1),
    feature("kraft.version", (0, 1), 0),
    feature(METADATA_VERSION, (7, 27), 27),
    feature("share.version", (0, 1), 0),
    feature("transaction.version", (0, 2), 2),
];

/// The APIs that 3.9 offers up to a lower version than 4.1.
const MAXIMA_OF_3_9: &[(ApiKey, i16)] = &[
    (ApiKey::Produce, 11),
    (ApiKey::Fetch, 17),
    (ApiKey::ListOffsets, 9),
    (ApiKey::Metadata, 12),
    (ApiKey::DescribeGroups, 5),
    (ApiKey::EndTxn, 4),
    (ApiKey::TxnOffsetCommit, 4),
    (ApiKey::AlterPartitionReassignments, 0),
    (ApiKey::UpdateFeatures, 1),
    (ApiKey::DescribeCluster, 1),
    (ApiKey::ListTransactions, 1),
    (ApiKey::ConsumerGroupHeartbeat, 0),
    (ApiKey::ConsumerGroupDescribe, 0),
    // ListClientMetricsResources until KIP-1142 gave the key its new name.
    (ApiKey::ListConfigResources, 0),
];

/// The first API that 3.9 does not have, but for two: share groups (KIP-932) and what came later.
const FIRST_AFTER_3_9: i16 = ApiKey::ShareGroupHeartbeat as i16;

impl Release {
    pub(crate) const fn features(self) -> &'static [Feature] {
        match self {
            Self::V3_9 => FEATURES_OF_3_9,
            Self::V4_1 => FEATURES_OF_4_1,
        }
    }

    pub(crate) fn feature(self, name: &str) -> Option<&'static Feature> {
        self.features().iter().find(|feature| feature.name == name)
    }

    /// The levels of a new cluster, without those that are 0.
    pub(crate) fn initial_features(self) -> BTreeMap<String, i16> {
        let on = self.features().iter().filter(|feature| feature.initial > 0);
        on.map(|feature| (feature.name.to_owned(), feature.initial)).collect()
    }

    /// What the release offers of the versions that 4.1 offers, `None` if nothing.
    pub(crate) fn offers(self, key: ApiKey, of_4_1: (i16, i16)) -> Option<(i16, i16)> {
        match self {
            Self::V4_1 => Some(of_4_1),
            Self::V3_9 => {
                let is_known = (key as i16) < FIRST_AFTER_3_9
                    || matches!(key, ApiKey::AddRaftVoter | ApiKey::RemoveRaftVoter);
                let lower = MAXIMA_OF_3_9.iter().find(|(lower, _)| *lower == key);
                let max = lower.map_or(of_4_1.1, |(_, max)| *max);
                (is_known && of_4_1.0 <= max).then_some((of_4_1.0, max))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_offers_no_version_that_it_does_not_have() {
        assert_eq!(Release::V4_1.offers(ApiKey::Fetch, (4, 18)), Some((4, 18)));
        assert_eq!(Release::V3_9.offers(ApiKey::Fetch, (4, 18)), Some((4, 17)));
        assert_eq!(Release::V3_9.offers(ApiKey::ShareFetch, (1, 1)), None);
        assert_eq!(Release::V3_9.offers(ApiKey::AddRaftVoter, (0, 0)), Some((0, 0)));
    }

    #[test]
    fn initial_levels_are_supported_and_those_at_zero_are_left_out() {
        for release in [Release::V3_9, Release::V4_1] {
            for feature in release.features() {
                let (min, max) = feature.supported;
                assert!((min..=max).contains(&feature.initial), "{}", feature.name);
            }
            assert!(release.features().is_sorted_by_key(|feature| feature.name));
        }
        let initial = Release::V3_9.initial_features();
        assert_eq!(initial.into_iter().collect::<Vec<_>>(), [("metadata.version".to_owned(), 21)]);
    }
}
