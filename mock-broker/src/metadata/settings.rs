//! A topic's settings: the names a broker knows, what they may be, and those that have an effect.

use std::collections::BTreeMap;

use crate::config::ClusterConfig;

/// Which timestamp a record gets (`message.timestamp.type`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TimestampType {
    CreateTime,
    LogAppendTime,
}

/// A topic's settings, with the broker's defaults where the topic says nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TopicSettings {
    pub(crate) min_insync_replicas: i32,
    pub(crate) unclean_leader_election: bool,
    pub(crate) timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`
    pub(crate) timestamp_before_max: i64,
    /// `message.timestamp.after.max.ms`
    pub(crate) timestamp_after_max: i64,
    pub(crate) max_message_bytes: i32,
    /// Whether `compression.type` is `zstd`.
    pub(crate) zstd: bool,
    /// Whether `cleanup.policy` names `compact`.
    pub(crate) compacted: bool,
    /// What was set on the topic itself.
    pub(crate) overrides: BTreeMap<String, String>,
}

/// Why a setting is refused (`INVALID_CONFIG`).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SettingError {
    #[error("Unknown topic config name: {0}")]
    Unknown(String),
    #[error("Invalid value {value} for configuration {name}: {rule}")]
    Value { name: String, value: String, rule: &'static str },
}

/// What values a setting takes (`LogConfig` in Apache Kafka).
#[derive(Clone, Copy)]
enum Kind {
    Boolean,
    Int { least: i64 },
    Long { least: i64 },
    Ratio,
    OneOf(&'static [&'static str]),
    ListOf(&'static [&'static str]),
    Text,
}

const COMPRESSION: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

/// Every topic setting of a 4.1 broker.
const KNOWN: &[(&str, Kind)] = &[
    ("cleanup.policy", Kind::ListOf(&["compact", "delete"])),
    ("compression.gzip.level", Kind::Int { least: -1 }),
    ("compression.lz4.level", Kind::Int { least: 1 }),
    ("compression.type", Kind::OneOf(COMPRESSION)),
    ("compression.zstd.level", Kind::Int { least: -131_072 }),
    ("delete.retention.ms", Kind::Long { least: 0 }),
    ("file.delete.delay.ms", Kind::Long { least: 0 }),
    ("flush.messages", Kind::Long { least: 1 }),
    ("flush.ms", Kind::Long { least: 0 }),
    ("follower.replication.throttled.replicas", Kind::Text),
    ("index.interval.bytes", Kind::Int { least: 0 }),
    ("leader.replication.throttled.replicas", Kind::Text),
    ("local.retention.bytes", Kind::Long { least: -2 }),
    ("local.retention.ms", Kind::Long { least: -2 }),
    ("max.compaction.lag.ms", Kind::Long { least: 1 }),
    ("max.message.bytes", Kind::Int { least: 0 }),
    ("message.timestamp.after.max.ms", Kind::Long { least: 0 }),
    ("message.timestamp.before.max.ms", Kind::Long { least: 0 }),
    ("message.timestamp.type", Kind::OneOf(&["CreateTime", "LogAppendTime"])),
    ("min.cleanable.dirty.ratio", Kind::Ratio),
    ("min.compaction.lag.ms", Kind::Long { least: 0 }),
    ("min.insync.replicas", Kind::Int { least: 1 }),
    ("preallocate", Kind::Boolean),
    ("remote.log.copy.disable", Kind::Boolean),
    ("remote.log.delete.on.disable", Kind::Boolean),
    ("remote.storage.enable", Kind::Boolean),
    ("retention.bytes", Kind::Long { least: i64::MIN }),
    ("retention.ms", Kind::Long { least: -1 }),
    ("segment.bytes", Kind::Int { least: 1_048_576 }),
    ("segment.index.bytes", Kind::Int { least: 4 }),
    ("segment.jitter.ms", Kind::Long { least: 0 }),
    ("segment.ms", Kind::Long { least: 1 }),
    ("unclean.leader.election.enable", Kind::Boolean),
];

impl TopicSettings {
    /// Settings of a topic with these overrides.
    pub(crate) fn new(
        config: &ClusterConfig,
        overrides: BTreeMap<String, String>,
    ) -> Result<Self, SettingError> {
        let mut settings = Self {
            min_insync_replicas: config.min_insync_replicas,
            unclean_leader_election: config.unclean_leader_election,
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max: i64::MAX,
            timestamp_after_max: 3_600_000,
            max_message_bytes: config.message_max_bytes,
            zstd: false,
            compacted: false,
            overrides: BTreeMap::new(),
        };
        for (name, value) in &overrides {
            check(name, value)?;
            settings.set(name, value);
        }
        settings.overrides = overrides;
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str) {
        let number = || value.trim().parse::<i64>().unwrap_or_default();
        let int = || i32::try_from(number()).unwrap_or(i32::MAX);
        match name {
            "min.insync.replicas" => self.min_insync_replicas = int(),
            "max.message.bytes" => self.max_message_bytes = int(),
            "unclean.leader.election.enable" => {
                self.unclean_leader_election = value.trim().eq_ignore_ascii_case("true");
            }
            "message.timestamp.type" => {
                self.timestamp_type = if value.trim() == "LogAppendTime" {
                    TimestampType::LogAppendTime
                } else {
                    TimestampType::CreateTime
                };
            }
            "message.timestamp.before.max.ms" => self.timestamp_before_max = number(),
            "message.timestamp.after.max.ms" => self.timestamp_after_max = number(),
            "compression.type" => self.zstd = value.trim() == "zstd",
            "cleanup.policy" => {
                self.compacted = value.split(',').any(|policy| policy.trim() == "compact");
            }
            _ => {}
        }
    }
}

fn check(name: &str, value: &str) -> Result<(), SettingError> {
    let Ok(at) = KNOWN.binary_search_by(|(known, _)| (*known).cmp(name)) else {
        return Err(SettingError::Unknown(name.to_owned()));
    };
    let refuse =
        |rule| Err(SettingError::Value { name: name.to_owned(), value: value.to_owned(), rule });
    let value = value.trim();
    match KNOWN[at].1 {
        Kind::Boolean => match value.to_ascii_lowercase().as_str() {
            "true" | "false" => Ok(()),
            _ => refuse("Expected value to be either true or false"),
        },
        Kind::Int { least } => match value.parse::<i32>() {
            Ok(number) if i64::from(number) >= least => Ok(()),
            Ok(_) => refuse("Value is too small"),
            Err(_) => refuse("Not a number of type INT"),
        },
        Kind::Long { least } => match value.parse::<i64>() {
            Ok(number) if number >= least => Ok(()),
            Ok(_) => refuse("Value is too small"),
            Err(_) => refuse("Not a number of type LONG"),
        },
        Kind::Ratio => match value.parse::<f64>() {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(()),
            _ => refuse("Value must be between 0 and 1"),
        },
        Kind::OneOf(values) if values.contains(&value) => Ok(()),
        Kind::OneOf(_) => refuse("String must be one of the known values"),
        Kind::ListOf(values) if value.split(',').all(|item| values.contains(&item.trim())) => {
            Ok(())
        }
        Kind::ListOf(_) => refuse("String must be one of the known values"),
        Kind::Text => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, value: &str) -> Result<TopicSettings, SettingError> {
        let overrides = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        TopicSettings::new(&ClusterConfig::default(), overrides)
    }

    #[test]
    fn the_known_names_are_sorted() {
        assert!(KNOWN.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn an_unknown_name_is_refused() {
        let refused = settings("min.insync.replica", "2");
        assert_eq!(refused, Err(SettingError::Unknown("min.insync.replica".to_owned())));
    }

    #[test]
    fn values_out_of_range_are_refused() {
        assert!(settings("min.insync.replicas", "0").is_err());
        assert!(settings("min.insync.replicas", "two").is_err());
        assert!(settings("cleanup.policy", "keep").is_err());
        assert!(settings("unclean.leader.election.enable", "maybe").is_err());
    }

    #[test]
    fn settings_with_an_effect_are_read() {
        assert_eq!(settings("min.insync.replicas", "2").unwrap().min_insync_replicas, 2);
        assert!(settings("cleanup.policy", "compact,delete").unwrap().compacted);
        assert!(
            settings("unclean.leader.election.enable", "TRUE").unwrap().unclean_leader_election
        );
        let appended = settings("message.timestamp.type", "LogAppendTime").unwrap();
        assert_eq!(appended.timestamp_type, TimestampType::LogAppendTime);
    }
}
