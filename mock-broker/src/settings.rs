//! The settings of brokers, topics and groups: their names, kinds and defaults, what values they
//! take, and which of several layers a value comes from.
//!
//! ```text
//!   generated   what a broker of Apache Kafka lists: one table per release
//!   allowed     the values a setting takes (ConfigDef's validators)
//!   fixed       what a broker was started with, as lines of server.properties
//!   layers      KIP-226: one broker's settings, those of all, server.properties, the default
//!   dynamic     what may change while a broker runs (DynamicBrokerConfig)
//!   topic       the settings that a topic's replicas act upon (LogConfig)
//!   others      client metrics and groups
//! ```

use std::collections::BTreeMap;

use crate::config::ClusterConfig;
use crate::release::Release;

mod allowed;
mod dynamic;
mod fixed;
mod layers;
mod others;
mod topic;

mod generated {
    pub(super) mod broker_3_9;
    pub(super) mod broker_4_1;
    pub(super) mod group_4_1;
    pub(super) mod topic_3_9;
    pub(super) mod topic_4_1;
}

pub(crate) use allowed::SettingError;
pub(crate) use dynamic::{Reach, check_broker_change};
pub(crate) use fixed::apply_properties;
pub(crate) use layers::{Layers, Source, Synonym};
pub(crate) use others::{check_client_metrics, check_group};
pub(crate) use topic::{TimestampType, TopicSettings};

/// Values by the names of their settings.
pub(crate) type Values = BTreeMap<String, String>;

/// What kind of value a setting has (`DescribeConfigsResponse.ConfigType`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Nobody knows the setting.
    Unknown = 0,
    Boolean = 1,
    Text = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
}

impl Kind {
    pub(crate) fn id(self) -> i8 {
        self as i8
    }
}

/// A setting as a broker lists it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: Option<&'static str>,
    /// The broker's setting that a topic without its own follows.
    pub(crate) synonym: Option<&'static str>,
    pub(crate) read_only: bool,
    pub(crate) sensitive: bool,
}

impl Setting {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, default: None, synonym: None, read_only: false, sensitive: false }
    }

    const fn default(self, value: &'static str) -> Self {
        Self { default: Some(value), ..self }
    }

    const fn synonym(self, name: &'static str) -> Self {
        Self { synonym: Some(name), ..self }
    }

    const fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    const fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// A value as the setting's kind is written (`ConfigDef.convertToString`).
    pub(crate) fn canonical(&self, value: &str) -> String {
        let value = value.trim();
        let number = |parsed: Option<String>| parsed.unwrap_or_else(|| value.to_owned());
        match self.kind {
            Kind::Boolean => value.to_ascii_lowercase(),
            Kind::Int | Kind::Short | Kind::Long => {
                number(value.parse::<i64>().ok().map(|number| number.to_string()))
            }
            Kind::Double => number(value.parse::<f64>().ok().map(|number| {
                // As Double.toString writes it.
                format!("{number:?}").replace('e', "E")
            })),
            Kind::List => items(value).collect::<Vec<_>>().join(","),
            Kind::Text | Kind::Class | Kind::Password | Kind::Unknown => value.to_owned(),
        }
    }
}

/// The elements of a list. An empty text is a list without any.
pub(crate) fn items(list: &str) -> impl Iterator<Item = &str> {
    let list = list.trim();
    let count = if list.is_empty() { 0 } else { usize::MAX };
    list.split(',').map(str::trim).take(count)
}

/// All settings of a release, each table in the order of the names.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) topic: &'static [Setting],
    pub(crate) broker: &'static [Setting],
    pub(crate) group: &'static [Setting],
    /// What a subscription to client metrics has, before 4.0 only where it is set.
    pub(crate) client_metrics: &'static [Setting],
    /// The least `segment.bytes`.
    least_segment: i64,
}

static V3_9: Tables = Tables {
    topic: generated::topic_3_9::TOPIC,
    broker: generated::broker_3_9::BROKER,
    group: &[],
    client_metrics: &[],
    // LegacyRecord.RECORD_OVERHEAD_V0
    least_segment: 14,
};

static V4_1: Tables = Tables {
    topic: generated::topic_4_1::TOPIC,
    broker: generated::broker_4_1::BROKER,
    group: generated::group_4_1::GROUP,
    client_metrics: others::CLIENT_METRICS,
    // KIP-1030
    least_segment: 1_048_576,
};

/// A topic's settings that no list shows until they are set.
static INTERNAL_OF_TOPICS: &[Setting] = &[Setting::new("internal.segment.bytes", Kind::Int)];

/// A broker's.
static INTERNAL_OF_BROKERS: &[Setting] = &[
    Setting::new("log.initial.task.delay.ms", Kind::Long).default("30000").read_only(),
    Setting::new("producer.id.expiration.check.interval.ms", Kind::Int)
        .default("600000")
        .read_only(),
    Setting::new("unclean.leader.election.interval.ms", Kind::Long).default("300000").read_only(),
];

impl Tables {
    /// Those of the release that the cluster stands for.
    pub(crate) fn of(config: &ClusterConfig) -> &'static Self {
        match config.release {
            Release::V3_9 => &V3_9,
            Release::V4_1 => &V4_1,
        }
    }

    pub(crate) fn topic(&self, name: &str) -> Option<&'static Setting> {
        find(self.topic, name).or_else(|| find(INTERNAL_OF_TOPICS, name))
    }

    pub(crate) fn broker(&self, name: &str) -> Option<&'static Setting> {
        find(self.broker, name).or_else(|| find(INTERNAL_OF_BROKERS, name))
    }

    pub(crate) fn group(&self, name: &str) -> Option<&'static Setting> {
        find(self.group, name)
    }
}

fn find(table: &'static [Setting], name: &str) -> Option<&'static Setting> {
    let at = table.binary_search_by(|setting| setting.name.cmp(name)).ok()?;
    table.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_the_order_of_the_names() {
        for tables in [&V3_9, &V4_1] {
            for table in [tables.topic, tables.broker, tables.group, INTERNAL_OF_BROKERS] {
                assert!(table.is_sorted_by_key(|setting| setting.name));
            }
        }
    }

    #[test]
    fn every_broker_setting_that_a_topic_follows_is_known() {
        for tables in [&V3_9, &V4_1] {
            for setting in tables.topic {
                let Some(synonym) = setting.synonym else { continue };
                assert!(tables.broker(synonym).is_some(), "{synonym}");
            }
        }
    }

    #[test]
    fn values_are_written_as_their_kind_is() {
        let written = |kind, value| Setting::new("x", kind).canonical(value);
        assert_eq!(written(Kind::Boolean, " TRUE "), "true");
        assert_eq!(written(Kind::Int, " +7"), "7");
        assert_eq!(written(Kind::Double, "1"), "1.0");
        assert_eq!(written(Kind::List, " compact , delete "), "compact,delete");
        assert_eq!(written(Kind::List, ""), "");
    }
}
