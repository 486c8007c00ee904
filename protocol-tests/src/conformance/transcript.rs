//! What was seen in one run of a case.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything a case recorded, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// The case.
    pub case: String,
    /// What it recorded.
    pub steps: Vec<Step>,
}

/// One thing a case recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What the case calls it.
    pub name: String,
    /// The message that was answered, such as `ProduceResponse`; empty for other observations.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The version of the message.
    #[serde(default)]
    pub version: i16,
    /// Its fields.
    pub value: Value,
}
