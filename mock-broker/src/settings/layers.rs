//! Where a broker's value comes from (KIP-226): its own dynamic setting, that of all brokers, its
//! server.properties, or the default; and what topics without a setting of their own follow.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::allowed::{check_together, check_topic_values};
use super::{Setting, SettingError, Tables, TopicSettings, Values};
use crate::config::{BrokerConfig, ClusterConfig};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Settings that mean the same in other units, the one that wins first, with milliseconds per unit
/// (`DynamicBrokerConfig.brokerConfigSynonyms`).
const FAMILIES: &[&[(&str, i64)]] = &[
    &[("log.roll.ms", 1), ("log.roll.hours", HOUR)],
    &[("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", HOUR)],
    &[("log.flush.interval.ms", 1), ("log.flush.scheduler.interval.ms", 1)],
    &[("log.retention.ms", 1), ("log.retention.minutes", MINUTE), ("log.retention.hours", HOUR)],
];

/// Those a setting is one of; itself, if it is of none.
fn family_of(name: &str) -> Option<&'static [(&'static str, i64)]> {
    FAMILIES.iter().copied().find(|family| family.iter().any(|(member, _)| *member == name))
}

/// Where a value comes from (`DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    Topic = 1,
    Broker = 2,
    AllBrokers = 3,
    Properties = 4,
    Default = 5,
    ClientMetrics = 7,
    Group = 8,
}

impl Source {
    pub(crate) fn id(self) -> i8 {
        self as i8
    }
}

/// A name under which a value was found, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Synonym {
    pub(crate) name: String,
    /// None where it is sensitive.
    pub(crate) value: Option<String>,
    pub(crate) source: Source,
}

/// A node's settings, layer over layer.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    pub(crate) tables: &'static Tables,
    properties: Arc<Values>,
    of_all: Arc<Values>,
    own: Arc<Values>,
    /// What counts of these three; derived when it is asked for, which at the start of a cluster
    /// nobody does.
    effective: OnceLock<Values>,
    /// Of topics that set nothing.
    topics: OnceLock<Arc<TopicSettings>>,
    /// Whether what topics follow that set nothing goes together.
    goes_together: OnceLock<Result<(), SettingError>>,
}

impl Layers {
    /// A node that was started with `properties`.
    pub(crate) fn new(tables: &'static Tables, properties: Values) -> Self {
        Self {
            tables,
            properties: Arc::new(properties),
            of_all: Arc::default(),
            own: Arc::default(),
            effective: OnceLock::new(),
            topics: OnceLock::new(),
            goes_together: OnceLock::new(),
        }
    }

    /// A node of a cluster that is started so, of no broker in particular.
    pub(crate) fn of(config: &ClusterConfig) -> Self {
        Self::new(Tables::of(config), super::fixed::properties_of(config))
    }

    /// The same for one of its brokers.
    pub(crate) fn at(&self, broker: &BrokerConfig) -> Self {
        let mut properties = Values::clone(&self.properties);
        for (name, value) in super::fixed::place_of(broker) {
            properties.entry(name.to_owned()).or_insert(value);
        }
        Self::new(self.tables, properties)
    }

    /// Takes in the settings of all brokers.
    pub(crate) fn set_of_all(&mut self, values: &Arc<Values>) {
        self.of_all = Arc::clone(values);
        self.forget();
    }

    /// Takes in the broker's own settings.
    pub(crate) fn set_own(&mut self, values: &Arc<Values>) {
        self.own = Arc::clone(values);
        self.forget();
    }

    pub(crate) fn of_all(&self) -> &Values {
        &self.of_all
    }

    fn forget(&mut self) {
        self.effective = OnceLock::new();
        self.topics = OnceLock::new();
        self.goes_together = OnceLock::new();
    }

    fn effective(&self) -> &Values {
        if self.of_all.is_empty() && self.own.is_empty() {
            return &self.properties;
        }
        self.effective.get_or_init(|| self.with(&self.of_all, &self.own))
    }

    /// What would count if the two dynamic layers were these. A setting hides its kin in the layers
    /// below (`DynamicBrokerConfig.overrideProps`).
    fn with(&self, of_all: &Values, own: &Values) -> Values {
        let mut effective = Values::clone(&self.properties);
        for layer in [of_all, own] {
            for (name, value) in layer {
                for (member, _) in family_of(name).unwrap_or_default() {
                    effective.remove(*member);
                }
                effective.insert(name.clone(), value.clone());
            }
        }
        effective
    }

    /// What would count if the settings of all brokers, or the broker's own, were these.
    pub(super) fn proposed(&self, wanted: &Values, for_all: bool) -> Values {
        if for_all { self.with(wanted, &self.own) } else { self.with(&self.of_all, wanted) }
    }

    /// The value of a broker's setting; nothing if it has none.
    pub(crate) fn broker_value(&self, name: &str) -> Option<&str> {
        let default = || self.tables.broker(name).and_then(|setting| setting.default);
        self.effective().get(name).map(String::as_str).or_else(default)
    }

    /// A broker's number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        number(self.broker_value(name)?)
    }

    /// A broker's interval; zero where it has none.
    pub(crate) fn millis(&self, name: &str) -> Duration {
        let millis = self.number(name).and_then(|millis| u64::try_from(millis).ok());
        Duration::from_millis(millis.unwrap_or_default())
    }

    /// Every name that has a value or could have one.
    pub(crate) fn broker_names(&self) -> impl Iterator<Item = &str> {
        let custom = self.effective().keys().map(String::as_str);
        let custom = custom.filter(|name| super::find(self.tables.broker, name).is_none());
        self.tables.broker.iter().map(|setting| setting.name).chain(custom)
    }

    /// What a topic without a value of its own has (`KafkaConfig.extractLogConfigMap`).
    pub(crate) fn topic_default(&self, setting: &Setting) -> String {
        let default = || setting.default.unwrap_or_default().to_owned();
        let Some(synonym) = setting.synonym else { return default() };
        let Some(family) = family_of(synonym) else {
            let value = self.broker_value(synonym);
            return value.map_or_else(default, |value| setting.canonical(value));
        };
        let set = family.iter().find_map(|(name, unit)| Some((self.effective().get(*name)?, unit)));
        let millis = set.and_then(|(value, unit)| Some(number(value)?.saturating_mul(*unit)));
        match millis {
            // A negative retention is none.
            Some(millis) if millis < 0 && setting.name == "retention.ms" => "-1".to_owned(),
            Some(millis) => millis.to_string(),
            None => default(),
        }
    }

    /// The same, and where it comes from as the controller tells it to whoever creates a topic.
    pub(crate) fn effective_default(&self, setting: &Setting) -> (String, Source) {
        let value = self.topic_default(setting);
        let Some(synonym) = setting.synonym else { return (value, Source::Default) };
        let own_name = [(synonym, 1)];
        let family: &[(&str, i64)] = family_of(synonym).unwrap_or(&own_name);
        let holds = |layer: &Values| family.iter().any(|(name, _)| layer.contains_key(*name));
        let source = if holds(&self.own) {
            Source::Broker
        } else if holds(&self.of_all) {
            Source::AllBrokers
        } else if holds(&self.properties) {
            Source::Properties
        } else {
            Source::Default
        };
        (value, source)
    }

    /// The settings of a topic that sets these.
    pub(crate) fn topic(&self, overrides: &Values) -> Arc<TopicSettings> {
        let plain = self.topics.get_or_init(|| Arc::new(TopicSettings::of(self)));
        if overrides.is_empty() { Arc::clone(plain) } else { Arc::new(plain.with(overrides)) }
    }

    /// Checks what a topic is to have.
    pub(crate) fn check_topic(&self, overrides: &Values) -> Result<(), SettingError> {
        if overrides.is_empty() {
            return self.goes_together.get_or_init(|| self.check_together(overrides)).clone();
        }
        check_topic_values(self.tables, overrides)?;
        self.check_together(overrides)
    }

    fn check_together(&self, overrides: &Values) -> Result<(), SettingError> {
        check_together(|name| {
            let Some(setting) = self.tables.topic(name) else { return String::new() };
            match overrides.get(name) {
                Some(value) => setting.canonical(value),
                None => self.topic_default(setting),
            }
        })
    }

    /// Where a broker's setting has values, the one that counts first (`ConfigHelper`).
    pub(crate) fn synonyms(&self, name: &str) -> Vec<Synonym> {
        let own_name = [(name, 1)];
        let family: &[(&str, i64)] = family_of(name).unwrap_or(&own_name);
        let is_sensitive = self.tables.broker(name).is_none_or(|setting| setting.sensitive);
        let mut found = Vec::new();
        let mut add = |name: &str, value: &str, source| {
            let value = (!is_sensitive).then(|| value.to_owned());
            found.push(Synonym { name: name.to_owned(), value, source });
        };
        for (layer, source) in [
            (&self.own, Source::Broker),
            (&self.of_all, Source::AllBrokers),
            (&self.properties, Source::Properties),
        ] {
            for (member, _) in family {
                if let Some(value) = layer.get(*member) {
                    add(member, value, source);
                }
            }
        }
        for (member, _) in family {
            let default = self.tables.broker(member).and_then(|setting| setting.default);
            if let Some(value) = default {
                add(member, value, Source::Default);
            }
        }
        let first = found.iter().position(|synonym| synonym.name == name);
        first.map(|first| found.split_off(first)).unwrap_or_default()
    }
}

impl Default for Layers {
    /// A node of the newest release that was told nothing.
    fn default() -> Self {
        Self::new(&super::V4_1, Values::new())
    }
}

pub(super) fn number(value: &str) -> Option<i64> {
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn retention(layers: &Layers) -> String {
        layers.topic_default(layers.tables.topic("retention.ms").unwrap())
    }

    #[test]
    fn a_brokers_own_setting_wins_over_that_of_all_and_both_over_its_properties() {
        let mut layers =
            Layers::new(Layers::default().tables, values(&[("message.max.bytes", "1")]));
        let seen = |layers: &Layers| layers.topic(&Values::new()).max_message_bytes;
        assert_eq!(seen(&layers), 1);
        layers.set_of_all(&Arc::new(values(&[("message.max.bytes", "2")])));
        assert_eq!(seen(&layers), 2);
        layers.set_own(&Arc::new(values(&[("message.max.bytes", "3")])));
        assert_eq!(seen(&layers), 3);
        let sources: Vec<_> =
            layers.synonyms("message.max.bytes").iter().map(|found| found.source).collect();
        let all = [Source::Broker, Source::AllBrokers, Source::Properties, Source::Default];
        assert_eq!(sources, all);
        let own = values(&[("max.message.bytes", "4")]);
        assert_eq!(layers.topic(&own).max_message_bytes, 4);
    }

    #[test]
    fn a_setting_hides_its_kin_in_the_layers_below() {
        let tables = Layers::default().tables;
        let mut layers = Layers::new(tables, values(&[("log.retention.ms", "5000")]));
        assert_eq!(retention(&layers), "5000");
        layers.set_of_all(&Arc::new(values(&[("log.retention.hours", "2")])));
        assert_eq!(retention(&layers), "7200000");
        layers.set_own(&Arc::new(values(&[("log.retention.ms", "-7")])));
        assert_eq!(retention(&layers), "-1");
    }

    #[test]
    fn synonyms_begin_with_the_setting_itself() {
        let layers = Layers::default();
        assert_eq!(layers.synonyms("log.retention.ms"), []);
        assert_eq!(layers.synonyms("log.retention.hours").len(), 1);
    }

    #[test]
    fn a_lag_above_the_other_is_refused() {
        let layers = Layers::default();
        let lags = values(&[("min.compaction.lag.ms", "2"), ("max.compaction.lag.ms", "1")]);
        assert!(matches!(layers.check_topic(&lags), Err(SettingError::Conflict(_))));
    }
}
