//! The cases in which our cluster may differ from Apache Kafka, each with its reason. A case that
//! stands here and agrees is an error too: the list only says what is true.

use crate::kafka::Version;

/// A case that may differ.
#[derive(Clone, Copy, Debug)]
pub struct Deviation {
    /// The case.
    pub case: &'static str,
    /// In which releases.
    pub releases: &'static [Version],
    /// Why, in a line.
    pub reason: &'static str,
}

/// Cases that may differ only in these fields, or in these steps as a whole. All others that stand in
/// the list may differ in anything.
const ONLY: &[(&str, Version, &[&str])] = &[
    ("every_api_and_its_versions_are_announced", Version::V4_1_0, MISSING_IN_4_1),
    ("every_api_and_its_versions_are_announced", Version::V3_9_1, MISSING_IN_3_9),
    (
        "a_version_that_is_not_served_closes_the_connection",
        Version::V3_9_1,
        &["Produce v2", "CreateTopics v0"],
    ),
];

/// The APIs of coordinators.
#[rustfmt::skip]
const MISSING_IN_4_1: &[&str] = &[
    // Groups and their offsets, transactions, share groups and their state.
    "api_keys.8", "api_keys.9", "api_keys.11", "api_keys.12", "api_keys.13", "api_keys.14",
    "api_keys.15", "api_keys.16", "api_keys.24", "api_keys.25", "api_keys.26", "api_keys.28",
    "api_keys.42", "api_keys.47", "api_keys.65", "api_keys.66", "api_keys.68", "api_keys.69",
    "api_keys.76", "api_keys.77", "api_keys.78", "api_keys.79", "api_keys.83", "api_keys.84",
    "api_keys.85", "api_keys.86", "api_keys.87", "api_keys.90", "api_keys.91", "api_keys.92",
];

/// The same, and the oldest versions, which our schemas do not have.
#[rustfmt::skip]
const MISSING_IN_3_9: &[&str] = &[
    "api_keys.8", "api_keys.9", "api_keys.11", "api_keys.12", "api_keys.13", "api_keys.14",
    "api_keys.15", "api_keys.16", "api_keys.24", "api_keys.25", "api_keys.26", "api_keys.28",
    "api_keys.42", "api_keys.47", "api_keys.65", "api_keys.66", "api_keys.68", "api_keys.69",
    "api_keys.0.min_version", "api_keys.1.min_version", "api_keys.2.min_version",
    "api_keys.19.min_version", "api_keys.20.min_version", "api_keys.23.min_version",
    "api_keys.27.min_version", "api_keys.29.min_version", "api_keys.30.min_version",
    "api_keys.31.min_version", "api_keys.32.min_version", "api_keys.34.min_version",
    "api_keys.35.min_version", "api_keys.38.min_version", "api_keys.39.min_version",
    "api_keys.40.min_version", "api_keys.41.min_version",
];

impl Deviation {
    /// Whether the case may differ in this, given as `step: field: ..`.
    pub fn covers(&self, release: Version, difference: &str) -> bool {
        let narrow = ONLY.iter().find(|(case, of, _)| *case == self.case && *of == release);
        let mut parts = difference.split(": ");
        let (step, field) = (parts.next(), parts.next());
        narrow.is_none_or(|(_, _, told)| {
            told.iter().any(|name| step == Some(name) || field == Some(name))
        })
    }
}

/// The deviation that covers a case in a release.
pub fn deviation(case: &str, release: Version) -> Option<&'static Deviation> {
    DEVIATIONS.iter().find(|entry| entry.case == case && entry.releases.contains(&release))
}

const BOTH: &[Version] = &[Version::V3_9_1, Version::V4_1_0];
const V3_9: &[Version] = &[Version::V3_9_1];

/// Every deviation.
pub const DEVIATIONS: &[Deviation] = &[
    Deviation {
        case: "every_api_and_its_versions_are_announced",
        releases: BOTH,
        reason: "the APIs of coordinators are missing, and the oldest versions of 3.9",
    },
    Deviation {
        case: "a_version_that_is_not_served_closes_the_connection",
        releases: V3_9,
        reason: "3.9 still serves the versions that 4.0 took away",
    },
];
