//! Two transcripts of the same case, field by field.

use std::fmt;

use serde_json::Value;

use super::transcript::Transcript;

/// A field that one subject answered otherwise than the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The step.
    pub step: String,
    /// The field, such as `responses[0].partition_responses[0].base_offset`.
    pub field: String,
    /// What Apache Kafka answered; `None` where it answered nothing.
    pub expected: Option<Value>,
    /// What our cluster answered.
    pub found: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<Value>| {
            value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string)
        };
        let (expected, found) = (show(&self.expected), show(&self.found));
        write!(f, "{}: {}: expected {expected}, found {found}", self.step, self.field)
    }
}

/// Every field in which the two differ, and how many fields were compared.
pub fn differences(expected: &Transcript, found: &Transcript) -> (Vec<Difference>, usize) {
    let mut compared = Compared::default();
    for at in 0..expected.steps.len().max(found.steps.len()) {
        let (left, right) = (expected.steps.get(at), found.steps.get(at));
        let name = left.or(right).map(|step| step.name.clone()).unwrap_or_default();
        if let (Some(left), Some(right)) = (left, right)
            && left.name != right.name
        {
            let names = (Value::from(left.name.as_str()), Value::from(right.name.as_str()));
            compared.found(&name, "name of the step", Some(&names.0), Some(&names.1));
            // What follows belongs to other steps.
            break;
        }
        compared.value(&name, "", left.map(|step| &step.value), right.map(|step| &step.value));
    }
    (compared.differences, compared.fields)
}

#[derive(Default)]
struct Compared {
    differences: Vec<Difference>,
    fields: usize,
}

impl Compared {
    fn value(&mut self, step: &str, path: &str, left: Option<&Value>, right: Option<&Value>) {
        match (left, right) {
            (Some(Value::Object(left)), Some(Value::Object(right))) => {
                let only_right = right.keys().filter(|name| !left.contains_key(*name));
                for name in left.keys().chain(only_right) {
                    let path =
                        if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.value(step, &path, left.get(name), right.get(name));
                }
            }
            (Some(Value::Array(left)), Some(Value::Array(right))) => {
                for at in 0..left.len().max(right.len()) {
                    self.value(step, &format!("{path}[{at}]"), left.get(at), right.get(at));
                }
            }
            _ => {
                self.fields += 1;
                if left != right {
                    self.found(step, path, left, right);
                }
            }
        }
    }

    fn found(&mut self, step: &str, field: &str, left: Option<&Value>, right: Option<&Value>) {
        self.differences.push(Difference {
            step: step.to_owned(),
            field: field.to_owned(),
            expected: left.cloned(),
            found: right.cloned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::transcript::Step;
    use super::*;

    fn transcript(value: Value) -> Transcript {
        let step = Step { name: "ask".to_owned(), value, ..step() };
        Transcript { case: "case".to_owned(), steps: vec![step] }
    }

    fn step() -> Step {
        Step { name: String::new(), message: String::new(), version: 0, value: Value::Null }
    }

    #[test]
    fn equal_transcripts_differ_in_nothing_and_every_field_counts() {
        let seen = transcript(json!({"a": [1, 2], "b": null}));
        assert_eq!(differences(&seen, &seen), (vec![], 3));
    }

    #[test]
    fn a_field_that_differs_is_named_by_its_path() {
        let (found, _) = differences(
            &transcript(json!({"topics": [{"error_code": 0}]})),
            &transcript(json!({"topics": [{"error_code": 3}]})),
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "ask: topics[0].error_code: expected 0, found 3");
    }

    #[test]
    fn what_only_one_side_has_is_a_difference() {
        let shorter = transcript(json!({"list": [1]}));
        let longer = transcript(json!({"list": [1, 2], "more": true}));
        assert_eq!(differences(&shorter, &longer).0.len(), 2);
        assert_eq!(differences(&longer, &shorter).0.len(), 2);
        let empty = Transcript::default();
        assert_eq!(differences(&empty, &shorter).0.len(), 1);
    }
}
