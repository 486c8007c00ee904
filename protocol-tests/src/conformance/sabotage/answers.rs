//! One answered field per message is changed: errors, offsets, epochs, replicas, leader hints,
//! throttle times.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Agreeing, NoticedBy, Planted, agrees};

/// What a field is about, if it is one that no normalising may touch.
fn kind(field: &str) -> Option<&'static str> {
    let is = |parts: &[&str]| parts.iter().any(|part| field.contains(part));
    match field {
        "error_message" => None,
        "leader_id" => Some("hint"),
        "throttle_time_ms" => Some("throttle"),
        _ if is(&["error_code"]) => Some("error"),
        _ if is(&["epoch"]) => Some("epoch"),
        _ if is(&["offset", "high_watermark", "low_watermark"]) => Some("offset"),
        _ if is(&["isr", "replica"]) => Some("ISR"),
        _ => None,
    }
}

/// Changes each kind of field of each message once, in every case that shows it.
pub fn tampered_answers(agreeing: &[Agreeing]) -> Vec<Planted> {
    let mut planted: BTreeMap<(String, String), Vec<NoticedBy>> = BTreeMap::new();
    for Agreeing { case, expected, found } in agreeing {
        let mut places = BTreeMap::new();
        for (at, step) in found.steps.iter().enumerate() {
            let mut fields = Vec::new();
            fields_of(&step.value, &mut fields);
            for field in fields {
                places.entry((step.message.clone(), field)).or_insert(at);
            }
        }
        for ((message, field), at) in places.into_iter().filter(|((m, _), _)| !m.is_empty()) {
            let mut tampered = found.clone();
            change_first(&mut tampered.steps[at].value, &field);
            let noticed = planted.entry((message, field)).or_default();
            if !agrees(expected, tampered) {
                noticed.push(NoticedBy::Case(case.name));
            }
        }
    }
    planted
        .into_iter()
        .map(|((message, field), noticed_by)| {
            let text = format!("another {} is answered", kind(&field).unwrap_or("field"));
            Planted { name: format!("{message}.{field}"), text, noticed_by }
        })
        .collect()
}

fn fields_of(value: &Value, fields: &mut Vec<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| fields_of(element, fields)),
        Value::Object(all) => {
            for (name, value) in all {
                if kind(name).is_some() && !value.is_null() && !value.is_object() {
                    fields.push(name.clone());
                }
                fields_of(value, fields);
            }
        }
        _ => {}
    }
}

/// Changes the first field of this name; whether there was one.
fn change_first(value: &mut Value, field: &str) -> bool {
    match value {
        Value::Array(elements) => elements.iter_mut().any(|element| change_first(element, field)),
        Value::Object(all) => {
            for (name, value) in all {
                if name == field && !value.is_null() && !value.is_object() {
                    change(value);
                    return true;
                }
                if change_first(value, field) {
                    return true;
                }
            }
            false
        }
        _ => false,
    }
}

fn change(value: &mut Value) {
    match value {
        Value::Number(number) => *value = json!(number.as_i64().map_or(7, |n| n.wrapping_add(1))),
        Value::Bool(flag) => *flag = !*flag,
        Value::String(text) => text.push('!'),
        Value::Array(elements) => match elements.first_mut() {
            Some(first) if first.is_object() => {
                elements.remove(0);
            }
            Some(first) => change(first),
            None => elements.push(json!(99)),
        },
        Value::Null | Value::Object(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_of_a_name_is_changed_and_no_other() {
        let mut value = json!({"topics": [{"error_code": 0}, {"error_code": 0}]});
        assert!(change_first(&mut value, "error_code"));
        assert_eq!(value, json!({"topics": [{"error_code": 1}, {"error_code": 0}]}));
        assert!(!change_first(&mut value, "base_offset"));
    }

    #[test]
    fn a_list_of_replicas_changes_and_an_empty_one_grows() {
        for (mut before, after) in [(json!([1, 2]), json!([2, 2])), (json!([]), json!([99]))] {
            change(&mut before);
            assert_eq!(before, after);
        }
    }

    #[test]
    fn words_are_not_among_what_is_changed() {
        assert_eq!(kind("error_message"), None);
        assert_eq!(kind("error_code"), Some("error"));
        assert_eq!(kind("base_offset"), Some("offset"));
        assert_eq!(kind("isr_nodes"), Some("ISR"));
    }
}
