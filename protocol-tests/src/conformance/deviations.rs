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

/// The deviation that covers a case in a release.
pub fn deviation(case: &str, release: Version) -> Option<&'static Deviation> {
    DEVIATIONS.iter().find(|entry| entry.case == case && entry.releases.contains(&release))
}

const V4_1: &[Version] = &[Version::V4_1_0];

/// Every deviation.
pub const DEVIATIONS: &[Deviation] = &[
    Deviation {
        case: "every_api_and_its_versions_are_announced",
        releases: V4_1,
        reason: "the APIs of coordinators, and some others, are missing",
    },
    Deviation {
        case: "log_directories_are_described",
        releases: V4_1,
        reason: "DescribeLogDirs is missing",
    },
    Deviation {
        case: "a_replica_moves_to_no_unknown_directory",
        releases: V4_1,
        reason: "AlterReplicaLogDirs is missing",
    },
    Deviation {
        case: "records_are_deleted_up_to_an_offset",
        releases: V4_1,
        reason: "DeleteRecords is missing",
    },
    Deviation {
        case: "records_that_cannot_be_deleted_are_told_why",
        releases: V4_1,
        reason: "DeleteRecords is missing",
    },
];
