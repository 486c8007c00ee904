//! Settings of what is neither broker nor topic: client metrics (KIP-714) and groups (KIP-848).

use milena_protocol::ErrorCode;

use super::allowed::{SettingError, check_between, check_kind};
use super::{Kind, Setting, Tables, Values, items};

/// `ClientMetricsConfigs`
pub(super) static CLIENT_METRICS: &[Setting] = &[
    INTERVAL,
    Setting::new("match", Kind::List).default(""),
    Setting::new("metrics", Kind::List).default(""),
];
const INTERVAL: Setting = Setting::new("interval.ms", Kind::Int).default("300000");
const SHORTEST: i64 = 100;
const LONGEST: i64 = 3_600_000;

/// What a client may be matched by.
const MATCHERS: &[&str] = &[
    "client_id",
    "client_instance_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

/// Checks what a subscription to client metrics is to have. What is out of range, or what nobody
/// knows, makes the request invalid; a value of the wrong kind only itself.
pub(crate) fn check_client_metrics(values: &Values) -> Result<(), (ErrorCode, String)> {
    let invalid = |error: SettingError| (ErrorCode::INVALID_CONFIG, error.to_string());
    for (name, value) in values {
        match name.as_str() {
            "interval.ms" => {
                check_kind(&INTERVAL, value).map_err(invalid)?;
                check_between(&INTERVAL, value, (SHORTEST, LONGEST))
                    .map_err(|error| (ErrorCode::INVALID_REQUEST, error.to_string()))?;
            }
            "metrics" => {}
            "match" => {
                let known = |item: &str| {
                    let matcher = item.split_once('=');
                    matcher.is_some_and(|(what, how)| {
                        MATCHERS.contains(&what.trim()) && !how.trim().is_empty()
                    })
                };
                if !items(value).all(known) {
                    let text = format!("Illegal client matching pattern: {value}");
                    return Err((ErrorCode::INVALID_CONFIG, text));
                }
            }
            _ => {
                return Err((
                    ErrorCode::INVALID_REQUEST,
                    format!("Unknown client metrics: {name}"),
                ));
            }
        }
    }
    Ok(())
}

/// The bounds that brokers set to what groups may ask for (`GroupConfigManager.validate`).
const BOUNDS: &[(&str, (i64, i64))] = &[
    ("consumer.heartbeat.interval.ms", (5_000, 15_000)),
    ("consumer.session.timeout.ms", (45_000, 60_000)),
    ("share.heartbeat.interval.ms", (5_000, 15_000)),
    ("share.record.lock.duration.ms", (15_000, 60_000)),
    ("share.session.timeout.ms", (45_000, 60_000)),
    ("streams.heartbeat.interval.ms", (5_000, 15_000)),
    ("streams.num.standby.replicas", (0, 2)),
    ("streams.session.timeout.ms", (45_000, 60_000)),
];

/// Checks what a group is to have.
pub(crate) fn check_group(tables: &Tables, values: &Values) -> Result<(), SettingError> {
    for (name, value) in values {
        let setting = tables.group(name).ok_or_else(|| SettingError::Unknown(name.clone()))?;
        match BOUNDS.iter().find(|(bounded, _)| bounded == name) {
            Some((_, bounds)) => check_between(setting, value, *bounds)?,
            None => check_kind(setting, value)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_metrics_take_an_interval_metrics_and_matchers() {
        let check = |name: &str, value: &str| {
            check_client_metrics(&Values::from([(name.to_owned(), value.to_owned())]))
        };
        assert_eq!(check("interval.ms", "100"), Ok(()));
        assert!(check("interval.ms", "99").is_err());
        assert_eq!(check("match", "client_id=a, client_software_name=b"), Ok(()));
        assert!(check("match", "colour=red").is_err());
        assert!(check("every", "1").is_err());
    }
}
