//! Settings by the names Apache Kafka's Java clients give them, for people who bring a
//! configuration along.
//!
//! [`Properties`] are names and values, from pairs or from the text of a `.properties` file.
//! [`KafkaBuilder::from_properties`](crate::KafkaBuilder::from_properties),
//! [`ProducerProperties`] and [`ConsumerProperties`] make settings of them, checked at once and
//! without a connection. Nothing is passed over in silence: a name that is not known, a value that
//! cannot be, a setting of Java's that has no counterpart here, each is a [`ConfigError`] that
//! names it.

mod client;
mod consumer;
mod producer;
mod taken;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

pub use consumer::ConsumerProperties;
pub use producer::ProducerProperties;

pub(crate) use client::client;
use taken::Taken;
pub(crate) use taken::short;

use crate::error::ConfigError;

/// Names and values, as a `.properties` file has them. Of a name given twice the last value counts,
/// as in Java.
///
/// ```
/// use milena::config::{ProducerProperties, Properties};
///
/// let properties = Properties::parse("
///     bootstrap.servers = kafka-1:9092,kafka-2:9092
///     acks = all
///     linger.ms = 20
/// ")?;
/// let settings = ProducerProperties::from_properties(&properties)?;
/// # Ok::<(), milena::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Reads the format of `java.util.Properties`: a name and a value per line, between them `=`,
    /// `:` or a blank; comments after `#` and `!`; a backslash before the end of a line continues
    /// it, and before a character escapes it (`\n`, `\t`, `\u00e4`).
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] with the line, for an escape that is none. Everything else is a
    /// name with a value in that format.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        text::parse(text).map(Self)
    }

    /// Sets a value, and gives the one before.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> Option<String> {
        self.0.insert(name.into(), value.into())
    }

    /// The value of a setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// All names with their values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
