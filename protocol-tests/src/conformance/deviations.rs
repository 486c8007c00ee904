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
    Deviation {
        case: "a_topic_lists_every_setting_with_its_default",
        releases: V4_1,
        reason: "DescribeConfigs is missing",
    },
    Deviation {
        case: "a_broker_lists_every_setting_with_its_default",
        releases: V4_1,
        reason: "DescribeConfigs is missing",
    },
    Deviation {
        case: "settings_by_name_are_listed_alone",
        releases: V4_1,
        reason: "DescribeConfigs is missing",
    },
    Deviation {
        case: "what_has_no_settings_is_told_so",
        releases: V4_1,
        reason: "DescribeConfigs is missing",
    },
    Deviation {
        case: "a_topics_setting_is_changed_and_taken_back",
        releases: V4_1,
        reason: "IncrementalAlterConfigs is missing",
    },
    Deviation {
        case: "changes_that_make_no_sense_are_refused",
        releases: V4_1,
        reason: "IncrementalAlterConfigs is missing",
    },
    Deviation {
        case: "a_brokers_default_reaches_its_topics",
        releases: V4_1,
        reason: "IncrementalAlterConfigs is missing",
    },
    Deviation {
        case: "the_old_way_replaces_every_setting",
        releases: V4_1,
        reason: "AlterConfigs is missing",
    },
    Deviation {
        case: "the_minimum_isr_of_one_broker_is_not_set_with_elr",
        releases: V4_1,
        reason: "IncrementalAlterConfigs is missing",
    },
    Deviation {
        case: "resources_with_settings_are_listed",
        releases: V4_1,
        reason: "ListConfigResources is missing",
    },
];
