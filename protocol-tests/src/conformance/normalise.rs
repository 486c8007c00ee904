//! The fields in which two clusters cannot agree, each with its reason. Everything else is compared
//! as it is: error codes, offsets, epochs, leader hints, throttle times and the order of replicas
//! never stand here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::transcript::Transcript;

/// What is done to a field before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Replaced by the order of its first appearance among its kind: `topic id 1`. The value given
    /// stands for "none" and is kept.
    Alias { kind: &'static str, none: &'static str },
    /// Only compared as null or not null.
    Presence,
    /// A list without an order of its own.
    AsSet,
    /// A list of structs without an order of its own, ordered by a field of theirs.
    OrderedBy(&'static str),
    /// A list of structs without an order of its own, each told by a field of its own: what one side
    /// lacks does not move the others.
    KeyedBy(&'static str),
    /// Any value is as good as another.
    Any,
    /// A timestamp that a broker's clock gave. Cases write older ones, which are kept.
    BrokersClock,
}

/// From here on a timestamp is a broker's: a case writes what is long past for every subject.
const FIRST_OF_A_CLOCK: i64 = 1_740_000_000_000;

/// A field by its name, in one message or (`""`) in all.
struct Rule {
    message: &'static str,
    field: &'static str,
    action: Action,
    #[expect(dead_code, reason = "for people who read the table")]
    reason: &'static str,
}

const NO_UUID: &str = "00000000000000000000000000000000";

const RULES: &[Rule] = &[
    Rule {
        message: "",
        field: "topic_id",
        action: Action::Alias { kind: "topic id", none: NO_UUID },
        reason: "drawn at random when a topic is created",
    },
    Rule {
        message: "",
        field: "cluster_id",
        action: Action::Presence,
        reason: "chosen when the storage is formatted",
    },
    Rule {
        message: "",
        field: "error_message",
        action: Action::Presence,
        reason: "words are not a protocol",
    },
    Rule {
        message: "CreateTopicsResponse",
        field: "configs",
        action: Action::OrderedBy("name"),
        reason: "Kafka keeps settings in a hash map",
    },
    Rule {
        message: "ListConfigResourcesResponse",
        field: "config_resources",
        action: Action::OrderedBy("resource_name"),
        reason: "Kafka keeps settings in a hash map",
    },
    Rule {
        message: "ProduceResponse",
        field: "batch_index_error_message",
        action: Action::Presence,
        reason: "words are not a protocol",
    },
    Rule {
        message: "DescribeConfigsResponse",
        field: "documentation",
        action: Action::Presence,
        reason: "words are not a protocol",
    },
    Rule {
        message: "",
        field: "host",
        action: Action::Presence,
        reason: "where the processes happen to run",
    },
    Rule {
        message: "",
        field: "port",
        action: Action::Alias { kind: "port", none: "-1" },
        reason: "where the processes happen to run; the same broker keeps its port",
    },
    Rule {
        message: "",
        field: "producer_id",
        action: Action::Alias { kind: "producer id", none: "-1" },
        reason: "blocks of ids are handed out in the order brokers ask for them",
    },
    Rule {
        message: "FetchResponse",
        field: "session_id",
        action: Action::Alias { kind: "session", none: "0" },
        reason: "drawn at random when a session is opened",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "results",
        action: Action::OrderedBy("log_dir"),
        reason: "Kafka keeps directories in a hash set",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "log_dir",
        action: Action::Alias { kind: "directory", none: "" },
        reason: "where the files happen to be",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "topics",
        action: Action::OrderedBy("name"),
        reason: "Kafka keeps logs in a hash map",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "partitions",
        action: Action::OrderedBy("partition_index"),
        reason: "Kafka keeps logs in a hash map",
    },
    Rule {
        message: "DeleteRecordsResponse",
        field: "topics",
        action: Action::OrderedBy("name"),
        reason: "Kafka keeps topics in a hash map",
    },
    Rule {
        message: "DeleteRecordsResponse",
        field: "partitions",
        action: Action::OrderedBy("partition_index"),
        reason: "Kafka keeps partitions in a hash map",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "total_bytes",
        action: Action::Any,
        reason: "the disk of the machine",
    },
    Rule {
        message: "DescribeLogDirsResponse",
        field: "usable_bytes",
        action: Action::Any,
        reason: "the disk of the machine",
    },
    Rule {
        message: "MetadataResponse",
        field: "controller_id",
        action: Action::Any,
        reason: "a random live broker under KRaft (KafkaApis.handleTopicMetadataRequest)",
    },
    Rule {
        message: "DescribeClusterResponse",
        field: "controller_id",
        action: Action::Any,
        reason: "a random live broker under KRaft",
    },
    Rule {
        message: "MetadataResponse",
        field: "brokers",
        action: Action::OrderedBy("node_id"),
        reason: "Kafka keeps brokers in a hash map",
    },
    Rule {
        message: "MetadataResponse",
        field: "partitions",
        action: Action::OrderedBy("partition_index"),
        reason: "Kafka keeps partitions in a hash map",
    },
    Rule {
        message: "DescribeConfigsResponse",
        field: "configs",
        action: Action::OrderedBy("name"),
        reason: "Kafka keeps settings in a hash map",
    },
    Rule {
        message: "DescribeUserScramCredentialsResponse",
        field: "results",
        action: Action::OrderedBy("user"),
        reason: "Kafka keeps users in a hash map",
    },
    Rule {
        message: "AlterReplicaLogDirsResponse",
        field: "partitions",
        action: Action::OrderedBy("partition_index"),
        reason: "Kafka keeps partitions in a hash map",
    },
    Rule {
        message: "DescribeClusterResponse",
        field: "brokers",
        action: Action::OrderedBy("broker_id"),
        reason: "Kafka keeps brokers in a hash map",
    },
    Rule {
        message: "",
        field: "isr_nodes",
        action: Action::AsSet,
        reason: "the ISR is a set; its order tells who joined last",
    },
    Rule {
        message: "",
        field: "eligible_leader_replicas",
        action: Action::AsSet,
        reason: "a set, as the ISR",
    },
    Rule {
        message: "",
        field: "offline_replicas",
        action: Action::AsSet,
        reason: "a set, as the ISR",
    },
    Rule {
        message: "ApiVersionsResponse",
        field: "api_keys",
        action: Action::KeyedBy("api_key"),
        reason: "each API stands for itself",
    },
    Rule {
        message: "ApiVersionsResponse",
        field: "supported_features",
        action: Action::KeyedBy("name"),
        reason: "Kafka keeps features in a hash map",
    },
    Rule {
        message: "ApiVersionsResponse",
        field: "finalized_features",
        action: Action::KeyedBy("name"),
        reason: "Kafka keeps features in a hash map",
    },
    Rule {
        message: "ApiVersionsResponse",
        field: "finalized_features_epoch",
        action: Action::Presence,
        reason: "how many records the controller has written, which it also does to pass the time",
    },
    Rule {
        message: "UpdateFeaturesResponse",
        field: "results",
        action: Action::OrderedBy("feature"),
        reason: "3.9 keeps features in a hash map",
    },
    Rule {
        message: "DescribeProducersResponse",
        field: "active_producers",
        action: Action::OrderedBy("producer_id"),
        reason: "Kafka keeps producers in a hash map",
    },
    Rule {
        message: "DescribeProducersResponse",
        field: "last_timestamp",
        action: Action::BrokersClock,
        reason: "a marker's is the time at which its broker wrote it",
    },
    Rule {
        message: "FetchResponse",
        field: "base_timestamp",
        action: Action::BrokersClock,
        reason: "a marker's is the time at which its broker wrote it",
    },
    Rule {
        message: "FetchResponse",
        field: "max_timestamp",
        action: Action::BrokersClock,
        reason: "a marker's is the time at which its broker wrote it",
    },
    Rule {
        message: "FetchResponse",
        field: "timestamp",
        action: Action::BrokersClock,
        reason: "a marker's is the time at which its broker wrote it",
    },
    Rule {
        message: "ListOffsetsResponse",
        field: "timestamp",
        action: Action::BrokersClock,
        reason: "a marker's is the time at which its broker wrote it",
    },
    Rule {
        message: "WriteTxnMarkersResponse",
        field: "markers",
        action: Action::OrderedBy("producer_id"),
        reason: "Kafka collects the answers in hash maps",
    },
    Rule {
        message: "WriteTxnMarkersResponse",
        field: "topics",
        action: Action::OrderedBy("name"),
        reason: "Kafka collects the answers in hash maps",
    },
    Rule {
        message: "WriteTxnMarkersResponse",
        field: "partitions",
        action: Action::OrderedBy("partition_index"),
        reason: "Kafka collects the answers in hash maps",
    },
    Rule {
        message: "ProduceResponse",
        field: "responses",
        action: Action::OrderedBy("name"),
        reason: "Kafka collects the partitions' answers in a hash map",
    },
    Rule {
        message: "ProduceResponse",
        field: "node_endpoints",
        action: Action::OrderedBy("node_id"),
        reason: "Kafka collects the endpoints in a hash set",
    },
    Rule {
        message: "FetchResponse",
        field: "node_endpoints",
        action: Action::OrderedBy("node_id"),
        reason: "Kafka collects the endpoints in a hash set",
    },
];

/// Settings of brokers that say where the processes happen to run; their values count as present or
/// null.
const SETTINGS_OF_THE_PLACE: &[&str] = &[
    "advertised.listeners",
    "controller.quorum.bootstrap.servers",
    "controller.quorum.voters",
    "listeners",
    "log.dir",
    "log.dirs",
];

/// Takes out of a transcript what no two clusters agree in.
pub fn normalise(transcript: &mut Transcript) {
    let mut aliases = Aliases::default();
    for step in &mut transcript.steps {
        walk(&step.message, &mut step.value, &mut aliases);
    }
}

/// Per kind, the values seen so far and their numbers.
#[derive(Default)]
struct Aliases(BTreeMap<&'static str, BTreeMap<String, usize>>);

impl Aliases {
    fn of(&mut self, kind: &'static str, value: String) -> Value {
        let seen = self.0.entry(kind).or_default();
        let next = seen.len() + 1;
        let number = *seen.entry(value).or_insert(next);
        Value::String(format!("{kind} {number}"))
    }
}

fn walk(message: &str, value: &mut Value, aliases: &mut Aliases) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                walk(message, element, aliases);
            }
        }
        Value::Object(fields) => {
            let setting = fields.get("name").and_then(Value::as_str);
            if setting.is_some_and(|name| SETTINGS_OF_THE_PLACE.contains(&name))
                && let Some(value) = fields.get_mut("value")
            {
                apply(Action::Presence, value, aliases);
            }
            for (name, value) in fields {
                // Lists are put into order first, so that aliases are given in the same order.
                let rules = RULES.iter().filter(|rule| {
                    rule.field == name && (rule.message.is_empty() || rule.message == message)
                });
                for rule in rules {
                    apply(rule.action, value, aliases);
                }
                walk(message, value, aliases);
            }
        }
        _ => {}
    }
}

fn apply(action: Action, value: &mut Value, aliases: &mut Aliases) {
    match (action, &mut *value) {
        (_, Value::Null) => {}
        (Action::Alias { kind, none }, scalar) => {
            let text = match scalar {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if text != none {
                *value = aliases.of(kind, text);
            }
        }
        (Action::Presence, scalar) => *scalar = Value::from("present"),
        (Action::Any, scalar) => *scalar = Value::from("any"),
        (Action::BrokersClock, scalar) => {
            if scalar.as_i64().is_some_and(|time| time >= FIRST_OF_A_CLOCK) {
                *scalar = Value::from("the broker's clock");
            }
        }
        (Action::AsSet, Value::Array(elements)) => {
            elements.sort_by_key(|element| (element.as_i64(), element.to_string()));
        }
        (Action::OrderedBy(field), Value::Array(elements)) => {
            elements.sort_by_key(|element| {
                let value = element.get(field);
                let text = value.and_then(Value::as_str).map(str::to_owned);
                (value.and_then(Value::as_i64), text)
            });
        }
        (Action::KeyedBy(field), Value::Array(elements)) => {
            let keyed = elements.iter().map(|element| {
                let key = element.get(field).unwrap_or(&Value::Null);
                let name = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                (name, element.clone())
            });
            *value = Value::Object(keyed.collect());
        }
        (Action::AsSet | Action::OrderedBy(_) | Action::KeyedBy(_), _) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::transcript::Step;
    use super::*;

    fn normalised(message: &str, value: Value) -> Value {
        let step = Step { name: "step".to_owned(), message: message.to_owned(), version: 0, value };
        let mut transcript = Transcript { case: String::new(), steps: vec![step] };
        normalise(&mut transcript);
        transcript.steps.remove(0).value
    }

    #[test]
    fn ids_are_numbered_in_the_order_they_appear_and_none_stays_none() {
        let seen = normalised(
            "MetadataResponse",
            json!({"topics": [{"topic_id": "b"}, {"topic_id": "a"}, {"topic_id": "b"},
                              {"topic_id": NO_UUID}]}),
        );
        assert_eq!(
            seen,
            json!({"topics": [{"topic_id": "topic id 1"}, {"topic_id": "topic id 2"},
                              {"topic_id": "topic id 1"}, {"topic_id": NO_UUID}]})
        );
    }

    #[test]
    fn words_count_as_present_or_null() {
        let seen = normalised("X", json!({"error_message": "no", "more": {"error_message": null}}));
        assert_eq!(seen, json!({"error_message": "present", "more": {"error_message": null}}));
    }

    #[test]
    fn settings_that_tell_a_place_count_as_present() {
        let seen = normalised(
            "DescribeConfigsResponse",
            json!({"configs": [{"name": "log.dirs", "value": "/somewhere"},
                               {"name": "num.partitions", "value": "1"}]}),
        );
        assert_eq!(
            seen,
            json!({"configs": [{"name": "log.dirs", "value": "present"},
                               {"name": "num.partitions", "value": "1"}]})
        );
    }

    #[test]
    fn a_brokers_clock_is_told_apart_from_a_cases_timestamp() {
        let seen = normalised(
            "FetchResponse",
            json!([{"max_timestamp": 1_700_000_000_000_i64, "timestamp": -1},
                   {"max_timestamp": 1_750_000_000_123_i64}]),
        );
        assert_eq!(
            seen,
            json!([{"max_timestamp": 1_700_000_000_000_i64, "timestamp": -1},
                   {"max_timestamp": "the broker's clock"}])
        );
    }

    #[test]
    fn sets_lose_their_order_and_replicas_keep_theirs() {
        let seen = normalised("X", json!({"isr_nodes": [3, 1], "replica_nodes": [3, 1]}));
        assert_eq!(seen, json!({"isr_nodes": [1, 3], "replica_nodes": [3, 1]}));
    }

    #[test]
    fn what_is_told_by_a_key_is_not_moved_by_what_is_missing() {
        let seen = normalised(
            "ApiVersionsResponse",
            json!({"api_keys": [{"api_key": 0, "max_version": 13}, {"api_key": 3}]}),
        );
        assert_eq!(
            seen,
            json!({"api_keys": {"0": {"api_key": 0, "max_version": 13}, "3": {"api_key": 3}}})
        );
    }

    #[test]
    fn error_codes_offsets_epochs_hints_and_throttles_are_never_touched() {
        let kept = [
            "error_code",
            "offset",
            "base_offset",
            "leader_epoch",
            "leader_id",
            "throttle_time_ms",
            "replica_nodes",
            "log_start_offset",
            "high_watermark",
        ];
        for field in kept {
            assert!(RULES.iter().all(|rule| rule.field != field), "{field}");
        }
    }
}
