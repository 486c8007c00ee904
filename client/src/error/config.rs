//! Configuration that cannot work.

/// A setting, or a pair of settings, that cannot work.
///
/// Found before the first connection is opened. Never retriable: change the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// One value is outside what the setting allows.
    #[error("{setting} = {value}: {rule}")]
    Invalid {
        /// The Java name of the setting.
        setting: &'static str,
        /// The value that was given.
        value: String,
        /// What the value has to satisfy.
        rule: String,
    },
    /// Two values exclude each other.
    #[error("{setting} = {value} contradicts {other} = {other_value}: {rule}")]
    Contradiction {
        /// The Java name of the first setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// The Java name of the second setting.
        other: &'static str,
        /// Its value.
        other_value: String,
        /// What the two have to satisfy together.
        rule: String,
    },
    /// No setting has this name.
    #[error("{setting} is not a setting{}", .suggestion.map(|name| format!("; is {name} meant?")).unwrap_or_default())]
    Unknown {
        /// The name that was given.
        setting: String,
        /// A setting with almost this name.
        suggestion: Option<&'static str>,
    },
    /// Apache Kafka's Java client has this setting, or this value of it, and this client does not.
    #[error("{setting} = {value} has no counterpart here: {reason}")]
    Unsupported {
        /// The Java name of the setting.
        setting: String,
        /// The value that was given.
        value: String,
        /// Why, and what there is instead.
        reason: &'static str,
    },
    /// The text of a properties file cannot be read.
    #[error("line {line} of the properties: {rule}")]
    Syntax {
        /// The line, from 1 on.
        line: usize,
        /// What the text has to satisfy.
        rule: &'static str,
    },
}

impl ConfigError {
    pub(crate) fn invalid(
        setting: &'static str,
        value: impl std::fmt::Debug,
        rule: impl Into<String>,
    ) -> Self {
        Self::Invalid { setting, value: format!("{value:?}"), rule: rule.into() }
    }

    pub(crate) fn contradiction(
        (setting, value): (&'static str, impl std::fmt::Debug),
        (other, other_value): (&'static str, impl std::fmt::Debug),
        rule: impl Into<String>,
    ) -> Self {
        Self::Contradiction {
            setting,
            value: format!("{value:?}"),
            other,
            other_value: format!("{other_value:?}"),
            rule: rule.into(),
        }
    }
}
