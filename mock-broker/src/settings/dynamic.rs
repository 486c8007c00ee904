//! What may change while a broker runs (KIP-226, `DynamicBrokerConfig.validate`).

use milena_protocol::ErrorCode;

use super::allowed::{SettingError, check_broker};
use super::layers::number;
use super::{Kind, Layers, Setting, Values};

/// Whether a change is for one broker or for all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reach {
    OneBroker,
    AllBrokers,
}

/// Pools that may at most be doubled or halved in one step (`DynamicThreadPool`).
const POOLS: &[&str] = &[
    "background.threads",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
];

/// The pool whose size the log cleaner looks at itself (`LogCleaner.validateReconfiguration`).
const CLEANERS: &str = "log.cleaner.threads";

/// Set for all brokers although they belong to listeners (`ClusterLevelListenerConfigs`).
const OF_ALL_LISTENERS: &[&str] =
    &["max.connection.creation.rate", "max.connections", "num.network.threads"];

/// Rates that brokers know only as dynamic settings (`DynamicConfig.Broker`).
static RATES: &[Setting] = &[
    Setting::new("follower.replication.throttled.rate", Kind::Long),
    Setting::new("leader.replication.throttled.rate", Kind::Long),
    Setting::new("replica.alter.log.dirs.io.max.bytes.per.second", Kind::Long),
];

/// Checks the dynamic settings that a broker, or all of them, are to have.
pub(crate) fn check_broker_change(
    layers: &Layers,
    wanted: &Values,
    reach: Reach,
) -> Result<(), (ErrorCode, String)> {
    // A request that cannot be carried out, says Kafka, not a setting that cannot be (KAFKA-13609).
    check(layers, wanted, reach).map_err(|text| (ErrorCode::INVALID_REQUEST, text))
}

fn check(layers: &Layers, wanted: &Values, reach: Reach) -> Result<(), String> {
    let tables = layers.tables;
    // The names that are unfit, as Scala writes a set.
    let names = |unfit: &dyn Fn(&str) -> bool| {
        let names = wanted.keys().map(String::as_str).filter(|name| unfit(name));
        let names: Vec<&str> = names.collect();
        (!names.is_empty()).then(|| format!("Set({})", names.join(", ")))
    };
    let is_read_only = |name: &str| tables.broker(name).is_some_and(|setting| setting.read_only);
    if let Some(names) = names(&is_read_only) {
        return Err(format!("Cannot update these configs dynamically: {names}"));
    }
    if let Some(names) = names(&|name| is_security(layers, name)) {
        return Err(format!(
            "These security configs can be dynamically updated only per-listener using the \
             listener prefix: {names}"
        ));
    }
    for (name, value) in wanted {
        check_value(layers, name, value).map_err(|error| error.to_string())?;
    }
    if reach == Reach::AllBrokers
        && let Some(names) = names(&|name| is_of_one_broker(layers, name))
    {
        return Err(format!(
            "Cannot update these configs at default cluster level, broker id must be specified: \
             {names}"
        ));
    }
    check_pools(layers, &layers.proposed(wanted, reach == Reach::AllBrokers))
}

/// A name nobody knows is some plugin's.
fn check_value(layers: &Layers, name: &str, value: &str) -> Result<(), SettingError> {
    let name = without_listener(name);
    if let Some(setting) = layers.tables.broker(name).filter(|setting| !setting.read_only) {
        return check_broker(layers.tables, setting, value);
    }
    match RATES.iter().find(|rate| rate.name == name) {
        Some(rate) => super::allowed::check_between(rate, value, (0, i64::MAX)),
        None => Ok(()),
    }
}

/// `listener.name.{listener}.{setting}` is the setting of one listener.
fn without_listener(name: &str) -> &str {
    let behind = name.strip_prefix("listener.name.").and_then(|rest| rest.split_once('.'));
    behind.map_or(name, |(_, setting)| setting)
}

fn is_dynamic(layers: &Layers, name: &str) -> bool {
    layers.tables.broker(name).is_some_and(|setting| !setting.read_only)
}

/// `SslConfigs.RECONFIGURABLE_CONFIGS`
fn is_security(layers: &Layers, name: &str) -> bool {
    name.starts_with("ssl.") && name != "ssl.client.auth" && is_dynamic(layers, name)
}

/// `DynamicBrokerConfig.PerBrokerConfigs`
fn is_of_one_broker(layers: &Layers, name: &str) -> bool {
    let base = without_listener(name);
    if base != name {
        return !OF_ALL_LISTENERS.contains(&base);
    }
    let is_of_listeners = name.starts_with("ssl.")
        || name.starts_with("sasl.")
        || ["advertised.listeners", "listener.security.protocol.map", "listeners"].contains(&name)
        || name == "principal.builder.class";
    is_of_listeners && is_dynamic(layers, name)
}

fn check_pools(layers: &Layers, proposed: &Values) -> Result<(), String> {
    for pool in POOLS.iter().chain([&CLEANERS]) {
        let current = layers.number(pool).unwrap_or(1);
        let default = || layers.tables.broker(pool).and_then(|setting| number(setting.default?));
        let wanted = proposed.get(*pool).and_then(|value| number(value)).or_else(default);
        let wanted = wanted.unwrap_or(current);
        let wrong = if wanted < 1 {
            "value should be at least 1"
        } else if wanted < current / 2 {
            "value should be at least half the current value"
        } else if wanted > current * 2 {
            "value should not be greater than double the current value"
        } else {
            continue;
        };
        return Err(format!("Dynamic thread count update validation failed for {pool}: {wrong}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(name: &str, value: &str, reach: Reach) -> Result<(), (ErrorCode, String)> {
        let wanted = Values::from([(name.to_owned(), value.to_owned())]);
        check_broker_change(&Layers::default(), &wanted, reach)
    }

    #[test]
    fn what_a_running_broker_cannot_change_is_refused() {
        for (name, value, reach) in [
            ("num.partitions", "3", Reach::AllBrokers),
            ("message.max.bytes", "many", Reach::OneBroker),
            ("ssl.keystore.location", "/nowhere", Reach::OneBroker),
            ("principal.builder.class", "x", Reach::AllBrokers),
            ("num.io.threads", "24", Reach::OneBroker),
            ("num.io.threads", "3", Reach::OneBroker),
            ("log.cleaner.threads", "0", Reach::OneBroker),
            ("leader.replication.throttled.rate", "-1", Reach::OneBroker),
        ] {
            let refused = change(name, value, reach).unwrap_err();
            assert_eq!(refused.0, ErrorCode::INVALID_REQUEST, "{name}={value}");
        }
    }

    #[test]
    fn what_it_can_change_is_taken() {
        for (name, value, reach) in [
            ("message.max.bytes", "7", Reach::AllBrokers),
            ("num.io.threads", "16", Reach::AllBrokers),
            ("num.network.threads", "4", Reach::AllBrokers),
            ("nobody.knows.this", "1", Reach::AllBrokers),
            ("listener.name.plaintext.ssl.keystore.location", "/a", Reach::OneBroker),
        ] {
            assert_eq!(change(name, value, reach), Ok(()), "{name}={value}");
        }
    }
}
