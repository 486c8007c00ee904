//! Takes out of transcripts what two clusters cannot agree in. Which fields that are stands in
//! `fields.rs`, each with its reason.

use std::collections::BTreeMap;

use serde_json::Value;

use super::transcript::Transcript;

mod fields;

use fields::{Action, FIRST_OF_A_CLOCK, RULES, SETTINGS_OF_THE_PLACE};

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
    use super::fields::NO_UUID;
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
