//! A topic's settings as its replicas act upon them (`LogConfig`).

use milena_protocol::compression::Codec;

#[cfg(test)]
use super::SettingError;
use super::layers::number;
use super::{Layers, Values, items};
#[cfg(test)]
use crate::config::ClusterConfig;

/// Smaller segments than `segment.bytes` allows, for tests (KIP-1030).
const INTERNAL_SEGMENT: &str = "internal.segment.bytes";

/// Which timestamp a record gets (`message.timestamp.type`).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum TimestampType {
    #[default]
    CreateTime,
    LogAppendTime,
}

/// A topic's settings, with its broker's where the topic says nothing.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct TopicSettings {
    pub(crate) min_insync_replicas: i32,
    pub(crate) unclean_leader_election: bool,
    pub(crate) timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`
    timestamp_before_max: i64,
    /// `message.timestamp.after.max.ms`
    timestamp_after_max: i64,
    /// `message.timestamp.difference.max.ms`, before 4.0.
    timestamp_difference_max: Option<i64>,
    pub(crate) max_message_bytes: i32,
    /// `compression.type`; none stands for `producer`, batches as they come.
    pub(crate) compression: Option<Codec>,
    /// Whether `cleanup.policy` names `compact`.
    pub(crate) compacted: bool,
    /// Whether `cleanup.policy` names `delete`.
    pub(crate) deleted: bool,
    /// -1 for no limit.
    pub(crate) retention_ms: i64,
    /// -1 for no limit.
    pub(crate) retention_bytes: i64,
    pub(crate) segment_bytes: i64,
    pub(crate) segment_ms: i64,
    pub(crate) segment_jitter_ms: i64,
    pub(crate) delete_retention_ms: i64,
    pub(crate) min_compaction_lag_ms: i64,
    pub(crate) max_compaction_lag_ms: i64,
    pub(crate) min_cleanable_dirty_ratio: f64,
    pub(crate) file_delete_delay_ms: i64,
    pub(crate) flush_messages: i64,
    pub(crate) flush_ms: i64,
    /// What was set on the topic itself.
    pub(crate) overrides: Values,
}

impl TopicSettings {
    /// Settings of a topic with these overrides, which are checked here.
    #[cfg(test)]
    pub(crate) fn new(config: &ClusterConfig, overrides: Values) -> Result<Self, SettingError> {
        let layers = Layers::of(config);
        layers.check_topic(&overrides)?;
        Ok(Self::clone(&layers.topic(&overrides)))
    }

    /// Those of a topic that sets nothing.
    pub(super) fn of(layers: &Layers) -> Self {
        let mut settings = Self::default();
        for setting in layers.tables.topic {
            settings.set(setting.name, &layers.topic_default(setting));
        }
        settings
    }

    /// The same of a topic that sets these.
    pub(super) fn with(&self, overrides: &Values) -> Self {
        let mut settings = self.clone();
        for (name, value) in overrides {
            settings.set(name, value);
        }
        // Whatever the order of the names.
        if let Some(value) = overrides.get(INTERNAL_SEGMENT) {
            settings.set(INTERNAL_SEGMENT, value);
        }
        settings.overrides = overrides.clone();
        settings
    }

    fn set(&mut self, name: &str, value: &str) {
        let value = value.trim();
        let long = || number(value).unwrap_or_default();
        let int = || i32::try_from(long()).unwrap_or(i32::MAX);
        match name {
            "min.insync.replicas" => self.min_insync_replicas = int(),
            "unclean.leader.election.enable" => {
                self.unclean_leader_election = value.eq_ignore_ascii_case("true");
            }
            "message.timestamp.type" => {
                self.timestamp_type = if value == "LogAppendTime" {
                    TimestampType::LogAppendTime
                } else {
                    TimestampType::CreateTime
                };
            }
            "message.timestamp.before.max.ms" => self.timestamp_before_max = long(),
            "message.timestamp.after.max.ms" => self.timestamp_after_max = long(),
            "max.message.bytes" => self.max_message_bytes = int(),
            // Nothing is called `producer` but the wish to keep what came.
            "compression.type" if value == "uncompressed" => self.compression = Some(Codec::None),
            "compression.type" => {
                self.compression = Codec::from_name(value).filter(|codec| *codec != Codec::None);
            }
            "cleanup.policy" => {
                self.compacted = items(value).any(|policy| policy == "compact");
                self.deleted = items(value).any(|policy| policy == "delete");
            }
            _ => self.set_about_segments(name, value),
        }
    }

    fn set_about_segments(&mut self, name: &str, value: &str) {
        let long = || number(value).unwrap_or_default();
        match name {
            "retention.ms" => self.retention_ms = long(),
            "retention.bytes" => self.retention_bytes = long(),
            "segment.bytes" | INTERNAL_SEGMENT => self.segment_bytes = long(),
            "segment.ms" => self.segment_ms = long(),
            "segment.jitter.ms" => self.segment_jitter_ms = long(),
            "delete.retention.ms" => self.delete_retention_ms = long(),
            "min.compaction.lag.ms" => self.min_compaction_lag_ms = long(),
            "max.compaction.lag.ms" => self.max_compaction_lag_ms = long(),
            "min.cleanable.dirty.ratio" => {
                self.min_cleanable_dirty_ratio = value.parse().unwrap_or_default();
            }
            "file.delete.delay.ms" => self.file_delete_delay_ms = long(),
            "flush.messages" => self.flush_messages = long(),
            "flush.ms" => self.flush_ms = long(),
            "message.timestamp.difference.max.ms" => self.timestamp_difference_max = Some(long()),
            _ => {}
        }
    }

    /// How much older than the time of its append, and how much newer, a record may be (KIP-937).
    /// Before 4.0 one bound stood for both, unless they were set themselves.
    pub(crate) fn timestamp_bounds(&self) -> (i64, i64) {
        let both = self.timestamp_difference_max.unwrap_or(i64::MAX);
        let bound = |own: i64| if own == i64::MAX { both } else { own };
        (bound(self.timestamp_before_max), bound(self.timestamp_after_max))
    }

    /// Whether batches are kept in a codec that Fetch before version 10 does not know (KIP-110).
    pub(crate) fn is_zstd(&self) -> bool {
        self.compression == Some(Codec::Zstd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, value: &str) -> TopicSettings {
        let overrides = Values::from([(name.to_owned(), value.to_owned())]);
        TopicSettings::new(&ClusterConfig::default(), overrides).unwrap()
    }

    #[test]
    fn a_topic_that_sets_nothing_has_kafkas_defaults() {
        let plain = TopicSettings::new(&ClusterConfig::default(), Values::new()).unwrap();
        assert_eq!((plain.min_insync_replicas, plain.max_message_bytes), (1, 1_048_588));
        assert_eq!(plain.timestamp_bounds(), (i64::MAX, 3_600_000));
        assert_eq!((plain.retention_ms, plain.retention_bytes), (604_800_000, -1));
        assert_eq!((plain.segment_bytes, plain.segment_ms), (1 << 30, 604_800_000));
        assert_eq!((plain.compression, plain.compacted, plain.deleted), (None, false, true));
        assert_eq!(plain.min_compaction_lag_ms, 0);
    }

    #[test]
    fn settings_with_an_effect_are_read() {
        assert_eq!(settings("min.insync.replicas", "2").min_insync_replicas, 2);
        assert!(settings("cleanup.policy", "compact, delete").compacted);
        assert!(settings("unclean.leader.election.enable", "TRUE").unclean_leader_election);
        let appended = settings("message.timestamp.type", "LogAppendTime");
        assert_eq!(appended.timestamp_type, TimestampType::LogAppendTime);
        assert_eq!(settings("compression.type", "uncompressed").compression, Some(Codec::None));
        assert!(settings("compression.type", "zstd").is_zstd());
        assert_eq!(settings("internal.segment.bytes", "100").segment_bytes, 100);
    }
}
