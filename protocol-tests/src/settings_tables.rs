//! The settings of topics, brokers and groups as tables, made from what real brokers listed: the
//! stored answers of the conformance cases.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::Value;

use crate::conformance::{Stored, Transcript};
use crate::kafka::Version;

/// Where a setting comes from (`DescribeConfigsResponse.ConfigSource`).
const DYNAMIC_DEFAULT_BROKER: i64 = 3;
const STATIC_BROKER: i64 = 4;
const DEFAULT: i64 = 5;

/// Broker settings that topics follow although no default of theirs has the same name, so that a
/// broker does not list them (`ServerTopicConfigSynonyms`).
const UNLISTED_SYNONYMS: &[(&str, &str)] = &[
    ("flush.ms", "log.flush.interval.ms"),
    ("retention.ms", "log.retention.ms"),
    ("segment.jitter.ms", "log.roll.jitter.ms"),
    ("segment.ms", "log.roll.ms"),
];

/// Defaults that the stored answers do not keep, because they tell a place.
const DEFAULT_PLACES: &[(&str, &str)] = &[
    ("controller.quorum.bootstrap.servers", ""),
    ("controller.quorum.voters", ""),
    ("listeners", "PLAINTEXT://:9092"),
    ("log.dir", "/tmp/kafka-logs"),
];

/// Settings that the brokers of the cases were given and that no list shows otherwise
/// (`ConfigDef.defineInternal`).
const INTERNAL: &[&str] = &["log.initial.task.delay.ms", "unclean.leader.election.interval.ms"];

/// Why no tables could be made.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A stored answer cannot be read.
    #[error("{case}: {source}")]
    Io {
        /// The case.
        case: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A stored answer is not there, or not what it should be.
    #[error("{case}: {what} is missing")]
    Missing {
        /// The case.
        case: &'static str,
        /// What is missing.
        what: &'static str,
    },
}

/// Where the tables are checked in.
pub fn output_directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../mock-broker/src/settings/generated")
}

/// The releases that have tables, with what ends the names of their files.
pub const RELEASES: [(Version, &str); 2] = [(Version::V3_9_1, "3_9"), (Version::V4_1_0, "4_1")];

/// The files of a release and their content.
///
/// # Errors
/// If the answers are not stored.
pub fn generate(version: Version, suffix: &str) -> Result<Vec<(String, String)>, TableError> {
    let whose = [
        ("topic", "TOPIC", "a topic", "a_topic_lists_every_setting_with_its_default"),
        ("broker", "BROKER", "a broker", "a_broker_lists_every_setting_with_its_default"),
        ("group", "GROUP", "a group", "settings_of_a_group_are_kept"),
    ];
    // Groups have settings of their own since the new protocol is more than a preview (KIP-848).
    let count = if version >= Version::V4_1_0 { whose.len() } else { whose.len() - 1 };
    let files = whose.into_iter().take(count).map(|(file, name, whose, case)| {
        let configs = listed(version, case)?;
        Ok((format!("{file}_{suffix}.rs"), table(version, name, whose, &configs)))
    });
    files.collect()
}

/// The settings of the case's first answer, by name.
fn listed(version: Version, case: &'static str) -> Result<Vec<Value>, TableError> {
    let missing = |what| TableError::Missing { case, what };
    let stored: Option<Transcript> =
        Stored::of(version).read(case).map_err(|source| TableError::Io { case, source })?;
    let stored = stored.ok_or_else(|| missing("the stored answer"))?;
    let first = stored.steps.first().ok_or_else(|| missing("a step"))?;
    let configs = first.value.pointer("/results/0/configs").and_then(Value::as_array);
    let mut configs = configs.ok_or_else(|| missing("a list of settings"))?.clone();
    configs.retain(|config| !INTERNAL.contains(&text(config, "name")));
    configs.sort_by_key(|config| text(config, "name").to_owned());
    Ok(configs)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, field: &str) -> i64 {
    value.get(field).and_then(Value::as_i64).unwrap_or_default()
}

fn is(value: &Value, field: &str) -> bool {
    value.get(field).and_then(Value::as_bool).unwrap_or_default()
}

fn table(version: Version, name: &str, whose: &str, configs: &[Value]) -> String {
    let mut out = format!(
        "//! The settings of {whose}.\n//!\n//! Made by `cargo run -p milena-protocol-tests --bin \
         settings-tables` from what a broker of Apache\n//! Kafka {version} listed; not to be \
         edited.\n\nuse crate::settings::{{Kind, Setting}};\n\n#[rustfmt::skip]\npub(crate) static \
         {name}: &[Setting] = &[\n"
    );
    for config in configs {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "    {},", row(config, name == "TOPIC"));
    }
    out.push_str("];\n");
    out
}

fn row(config: &Value, follows_a_broker: bool) -> String {
    let name = text(config, "name");
    let mut row = format!("Setting::new({name:?}, Kind::{})", kind(number(config, "config_type")));
    if let Some(value) = default(config) {
        let _ = write!(row, ".default({value:?})");
    }
    if let Some(synonym) = synonym(config).filter(|_| follows_a_broker) {
        let _ = write!(row, ".synonym({synonym:?})");
    }
    if is(config, "read_only") {
        row.push_str(".read_only()");
    }
    if is(config, "is_sensitive") {
        row.push_str(".sensitive()");
    }
    row
}

fn synonyms(config: &Value) -> &[Value] {
    let synonyms = config.get("synonyms").and_then(Value::as_array);
    synonyms.map(Vec::as_slice).unwrap_or_default()
}

fn default(config: &Value) -> Option<&str> {
    let name = text(config, "name");
    let of_place = DEFAULT_PLACES.iter().find(|(place, _)| *place == name);
    let listed = synonyms(config).iter().find(|synonym| number(synonym, "source") == DEFAULT);
    match (of_place, listed) {
        (Some((_, default)), _) => Some(default),
        (None, Some(listed)) => listed.get("value").and_then(Value::as_str),
        (None, None) if number(config, "config_source") == DEFAULT => {
            config.get("value").and_then(Value::as_str)
        }
        (None, None) => None,
    }
}

fn synonym(config: &Value) -> Option<&str> {
    let name = text(config, "name");
    let unlisted = UNLISTED_SYNONYMS.iter().find(|(topics, _)| *topics == name);
    let listed = synonyms(config).iter().find(|synonym| {
        [DYNAMIC_DEFAULT_BROKER, STATIC_BROKER, DEFAULT].contains(&number(synonym, "source"))
    });
    unlisted.map(|(_, brokers)| *brokers).or_else(|| Some(text(listed?, "name")))
}

/// `DescribeConfigsResponse.ConfigType`
fn kind(id: i64) -> &'static str {
    match id {
        1 => "Boolean",
        2 => "Text",
        3 => "Int",
        4 => "Short",
        5 => "Long",
        6 => "Double",
        7 => "List",
        8 => "Class",
        9 => "Password",
        _ => "Unknown",
    }
}
