//! The values that settings take (the validators of `LogConfig` and `KafkaConfig`).

use super::{Kind, Setting, Tables, Values, items};

/// Why a setting is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SettingError {
    #[error("Unknown topic config name: {0}")]
    Unknown(String),
    #[error("Invalid value {value} for configuration {name}: {rule}")]
    Value { name: String, value: String, rule: &'static str },
    #[error("{0}")]
    Conflict(&'static str),
}

/// What is asked of a value beyond its kind.
#[derive(Clone, Copy)]
enum Allowed {
    Any,
    AtLeast(i64),
    Between(i64, i64),
    /// 1 to 9, or -1 for the codec's own default.
    GzipLevel,
    Ratio,
    OneOf(&'static [&'static str]),
    ListOf(&'static [&'static str]),
    /// `*`, or partitions with brokers: `0:1,0:2` (`ThrottledReplicaListValidator`).
    Throttled,
}

const COMPRESSION: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

fn of_topic(tables: &Tables, name: &str) -> Allowed {
    match name {
        "cleanup.policy" => Allowed::ListOf(&["compact", "delete"]),
        "compression.gzip.level" => Allowed::GzipLevel,
        "compression.lz4.level" => Allowed::Between(1, 17),
        "compression.zstd.level" => Allowed::Between(-131_072, 22),
        "compression.type" => Allowed::OneOf(COMPRESSION),
        "message.timestamp.type" => Allowed::OneOf(&["CreateTime", "LogAppendTime"]),
        "min.cleanable.dirty.ratio" => Allowed::Ratio,
        "follower.replication.throttled.replicas" | "leader.replication.throttled.replicas" => {
            Allowed::Throttled
        }
        "flush.messages" | "max.compaction.lag.ms" | "min.insync.replicas" | "segment.ms" => {
            Allowed::AtLeast(1)
        }
        "delete.retention.ms"
        | "file.delete.delay.ms"
        | "flush.ms"
        | "index.interval.bytes"
        | "max.message.bytes"
        | "message.timestamp.after.max.ms"
        | "message.timestamp.before.max.ms"
        | "message.timestamp.difference.max.ms"
        | "min.compaction.lag.ms"
        | "segment.jitter.ms" => Allowed::AtLeast(0),
        "local.retention.bytes" | "local.retention.ms" => Allowed::AtLeast(-2),
        "retention.ms" => Allowed::AtLeast(-1),
        "segment.bytes" => Allowed::AtLeast(tables.least_segment),
        "segment.index.bytes" => Allowed::AtLeast(4),
        _ => Allowed::Any,
    }
}

/// Those of the settings that can change while a broker runs.
fn of_broker(tables: &Tables, name: &str) -> Allowed {
    match name {
        // These are named in the broker as they are not in the topic.
        "log.cleaner.min.cleanable.ratio" => Allowed::Ratio,
        "log.retention.ms" | "log.roll.ms" | "log.roll.jitter.ms" | "log.flush.interval.ms" => {
            Allowed::Any
        }
        "background.threads"
        | "num.io.threads"
        | "num.network.threads"
        | "num.recovery.threads.per.data.dir"
        | "producer.id.expiration.ms"
        | "remote.fetch.max.wait.ms"
        | "remote.list.offsets.request.timeout.ms"
        | "remote.log.index.file.cache.total.size.bytes"
        | "remote.log.manager.copier.thread.pool.size"
        | "remote.log.manager.copy.max.bytes.per.second"
        | "remote.log.manager.expiration.thread.pool.size"
        | "remote.log.manager.fetch.max.bytes.per.second"
        | "remote.log.reader.threads" => Allowed::AtLeast(1),
        "log.cleaner.backoff.ms"
        | "log.cleaner.io.buffer.size"
        | "log.cleaner.threads"
        | "max.connection.creation.rate"
        | "max.connections"
        | "max.connections.per.ip" => Allowed::AtLeast(0),
        _ => {
            let followers = tables.topic.iter().find(|setting| setting.synonym == Some(name));
            followers.map_or(Allowed::Any, |setting| of_topic(tables, setting.name))
        }
    }
}

/// Checks a setting of a topic that is to have `value`.
pub(crate) fn check_topic(tables: &Tables, name: &str, value: &str) -> Result<(), SettingError> {
    let setting = tables.topic(name).ok_or_else(|| SettingError::Unknown(name.to_owned()))?;
    check(setting, of_topic(tables, name), value)
}

/// Checks a setting of a broker that is to have `value` while it runs.
pub(super) fn check_broker(
    tables: &Tables,
    setting: &Setting,
    value: &str,
) -> Result<(), SettingError> {
    check(setting, of_broker(tables, setting.name), value)
}

/// Checks only that a value is of its setting's kind.
pub(super) fn check_kind(setting: &Setting, value: &str) -> Result<(), SettingError> {
    check(setting, Allowed::Any, value)
}

/// Checks that a number lies between two.
pub(super) fn check_between(
    setting: &Setting,
    value: &str,
    (least, most): (i64, i64),
) -> Result<(), SettingError> {
    check(setting, Allowed::Between(least, most), value)
}

/// Checks what all settings of a topic are together (`LogConfig.validateValues`). `value` gives the
/// effective one.
pub(crate) fn check_together(value: impl Fn(&str) -> String) -> Result<(), SettingError> {
    let number = |name: &str| value(name).parse::<i64>().unwrap_or_default();
    if number("min.compaction.lag.ms") > number("max.compaction.lag.ms") {
        let text = "conflict topic config setting min.compaction.lag.ms > max.compaction.lag.ms";
        return Err(SettingError::Conflict(text));
    }
    if value("remote.storage.enable") == "true" {
        // remote.log.storage.system.enable is false.
        return Err(SettingError::Conflict(
            "Tiered Storage functionality is disabled in the broker.",
        ));
    }
    Ok(())
}

/// Checks every value of a topic by itself.
pub(crate) fn check_topic_values(tables: &Tables, values: &Values) -> Result<(), SettingError> {
    // Names come first, whatever the values (LogConfig.validateNames).
    if let Some(unknown) = values.keys().find(|name| tables.topic(name).is_none()) {
        return Err(SettingError::Unknown(unknown.clone()));
    }
    values.iter().try_for_each(|(name, value)| check_topic(tables, name, value))
}

fn check(setting: &Setting, allowed: Allowed, given: &str) -> Result<(), SettingError> {
    let refuse = |rule| {
        let (name, value) = (setting.name.to_owned(), given.to_owned());
        Err(SettingError::Value { name, value, rule })
    };
    let value = given.trim();
    let number = match setting.kind {
        Kind::Boolean => {
            let is_one = ["true", "false"].iter().any(|one| one.eq_ignore_ascii_case(value));
            return if is_one { Ok(()) } else { refuse("Expected true or false") };
        }
        Kind::Int => value.parse::<i32>().map(i64::from),
        Kind::Short => value.parse::<i16>().map(i64::from),
        Kind::Long => value.parse::<i64>(),
        Kind::Double => {
            return match (value.parse::<f64>(), allowed) {
                (Err(_), _) => refuse("Not a number of type DOUBLE"),
                (Ok(ratio), Allowed::Ratio) if !(0.0..=1.0).contains(&ratio) => {
                    refuse("Value must be between 0 and 1")
                }
                (Ok(_), _) => Ok(()),
            };
        }
        Kind::List | Kind::Text | Kind::Class | Kind::Password | Kind::Unknown => {
            return if is_allowed_text(allowed, value) {
                Ok(())
            } else {
                refuse("String must be one of the known values")
            };
        }
    };
    let Ok(number) = number else {
        return refuse(match setting.kind {
            Kind::Short => "Not a number of type SHORT",
            Kind::Long => "Not a number of type LONG",
            _ => "Not a number of type INT",
        });
    };
    match allowed {
        Allowed::AtLeast(least) if number < least => refuse("Value is too small"),
        Allowed::Between(least, most) if !(least..=most).contains(&number) => {
            refuse("Value is out of range")
        }
        Allowed::GzipLevel if number != -1 && !(1..=9).contains(&number) => {
            refuse("Value must be between 1 and 9 or equal to -1")
        }
        _ => Ok(()),
    }
}

fn is_allowed_text(allowed: Allowed, value: &str) -> bool {
    match allowed {
        Allowed::OneOf(values) => values.contains(&value),
        Allowed::ListOf(values) => items(value).all(|item| values.contains(&item)),
        Allowed::Throttled => value == "*" || items(value).all(is_throttled_replica),
        _ => true,
    }
}

fn is_throttled_replica(item: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    item.split_once(':').is_some_and(|(partition, broker)| digits(partition) && digits(broker))
}

#[cfg(test)]
mod tests {
    use super::super::V4_1;
    use super::*;

    #[test]
    fn values_are_checked_by_kind_and_range() {
        for (name, good, bad) in [
            ("min.insync.replicas", "2", "0"),
            ("min.insync.replicas", " 2 ", "two"),
            ("cleanup.policy", "compact,delete", "keep"),
            ("unclean.leader.election.enable", "TRUE", "maybe"),
            ("compression.gzip.level", "-1", "0"),
            ("compression.type", "zstd", "none"),
            ("min.cleanable.dirty.ratio", "0.25", "1.5"),
            ("follower.replication.throttled.replicas", "0:1,1:2", "all"),
            ("leader.replication.throttled.replicas", "*", "0:"),
            ("retention.ms", "-1", "-2"),
            ("max.message.bytes", "0", "2147483648"),
        ] {
            assert_eq!(check_topic(&V4_1, name, good), Ok(()), "{name}={good}");
            assert!(check_topic(&V4_1, name, bad).is_err(), "{name}={bad}");
        }
    }

    #[test]
    fn an_unknown_name_is_told() {
        let unknown = SettingError::Unknown("min.insync.replica".to_owned());
        assert_eq!(check_topic(&V4_1, "min.insync.replica", "2"), Err(unknown));
    }

    #[test]
    fn a_brokers_setting_takes_what_the_topics_takes() {
        let setting = V4_1.broker("message.max.bytes").unwrap();
        assert!(check_broker(&V4_1, setting, "-1").is_err());
        assert_eq!(check_broker(&V4_1, setting, "7"), Ok(()));
    }
}
