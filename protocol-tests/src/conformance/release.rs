//! The newest versions that a release offers: a case names the newest that it is about, and an
//! older release is asked in the newest it has.

use milena_protocol::messages::ApiKey;

use crate::kafka::Version;

/// Those that 3.9 offers up to a lower version than 4.1 (`ApiKeys`).
const OF_3_9: &[(ApiKey, i16)] = &[
    (ApiKey::Produce, 11),
    (ApiKey::Fetch, 17),
    (ApiKey::ListOffsets, 9),
    (ApiKey::Metadata, 12),
    (ApiKey::AlterPartitionReassignments, 0),
    (ApiKey::UpdateFeatures, 1),
    (ApiKey::DescribeCluster, 1),
    (ApiKey::ListConfigResources, 0),
];

/// `version`, or the newest that the release offers if that is older.
pub(super) fn at_most(release: Version, key: ApiKey, version: i16) -> i16 {
    match release {
        Version::V3_9_1 => {
            let newest = OF_3_9.iter().find(|(known, _)| *known == key);
            newest.map_or(version, |(_, newest)| version.min(*newest))
        }
        Version::V4_1_0 => version,
    }
}
