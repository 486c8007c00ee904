//! The name of a topic, cheap to clone and ordered as its text.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::{StrBytes, messages};

/// The longest legal topic name, in bytes (`Topic.MAX_NAME_LENGTH` in Apache Kafka).
pub const MAX_TOPIC_NAME_LENGTH: usize = 249;

/// The name of a topic.
///
/// ```
/// use milena_protocol::ids::TopicName;
///
/// let orders = TopicName::new("orders")?;
/// assert_eq!(&*orders, "orders");
/// assert!(TopicName::new("no spaces").is_err());
/// # Ok::<(), milena_protocol::ids::IllegalTopicName>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Arc<str>);

/// Why a text is not the name of a topic.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("illegal topic name {name:?}: {reason}")]
pub struct IllegalTopicName {
    /// The refused text.
    pub name: String,
    /// The rule it breaks.
    pub reason: TopicNameRule,
}

/// The rules of `org.apache.kafka.common.internals.Topic.validate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicNameRule {
    /// The name is empty.
    #[error("it is empty")]
    Empty,
    /// The name is `.` or `..`.
    #[error("it must not be '.' or '..'")]
    Dots,
    /// The name is longer than [`MAX_TOPIC_NAME_LENGTH`].
    #[error("it is longer than {MAX_TOPIC_NAME_LENGTH} characters")]
    TooLong,
    /// The name holds something else than ASCII letters, digits, `.`, `_` and `-`.
    #[error("only ASCII letters, digits, '.', '_' and '-' are allowed")]
    Character,
}

impl TopicName {
    /// Takes a legal topic name.
    ///
    /// # Errors
    /// If Apache Kafka would not create a topic of that name.
    pub fn new(name: &str) -> Result<Self, IllegalTopicName> {
        match broken_rule(name) {
            None => Ok(Self(Arc::from(name))),
            Some(reason) => Err(IllegalTopicName { name: name.to_owned(), reason }),
        }
    }

    /// Takes a name as a peer sent it, whether legal or not.
    ///
    /// The text is copied, so that a name kept for long does not hold on to the frame it came in.
    pub fn from_wire(name: &StrBytes) -> Self {
        Self(Arc::from(name.as_str()))
    }

    /// The name as the generated messages carry it.
    pub fn to_wire(&self) -> messages::TopicName {
        messages::TopicName(StrBytes::from_string(self.0.as_ref().to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn broken_rule(name: &str) -> Option<TopicNameRule> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() {
        Some(TopicNameRule::Empty)
    } else if name == "." || name == ".." {
        Some(TopicNameRule::Dots)
    } else if name.len() > MAX_TOPIC_NAME_LENGTH {
        Some(TopicNameRule::TooLong)
    } else if !name.bytes().all(legal) {
        Some(TopicNameRule::Character)
    } else {
        None
    }
}

impl Deref for TopicName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for TopicName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for TopicName {
    type Error = IllegalTopicName;

    fn try_from(name: &str) -> Result<Self, IllegalTopicName> {
        Self::new(name)
    }
}

impl From<&messages::TopicName> for TopicName {
    fn from(name: &messages::TopicName) -> Self {
        Self::from_wire(&name.0)
    }
}

impl PartialEq<str> for TopicName {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for TopicName {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicName({:?})", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_kafka_refuses_are_refused_with_the_broken_rule() {
        let rule = |name: &str| TopicName::new(name).map_err(|error| error.reason);
        assert_eq!(rule(""), Err(TopicNameRule::Empty));
        assert_eq!(rule("."), Err(TopicNameRule::Dots));
        assert_eq!(rule(".."), Err(TopicNameRule::Dots));
        assert_eq!(rule(&"a".repeat(250)), Err(TopicNameRule::TooLong));
        assert_eq!(rule("a b"), Err(TopicNameRule::Character));
        assert_eq!(rule("größe"), Err(TopicNameRule::Character));
        assert!(rule("...").is_ok());
        assert!(rule(&"a".repeat(249)).is_ok());
        assert!(rule("A-z_0.9").is_ok());
    }

    #[test]
    fn a_name_from_a_peer_is_taken_whatever_it_is() {
        let odd = StrBytes::from_static_str("no good name");
        assert_eq!(TopicName::from_wire(&odd), "no good name");
        assert_eq!(TopicName::from_wire(&odd).to_wire().0, odd);
    }

    #[test]
    fn maps_keyed_by_name_are_asked_with_text() {
        let map = std::collections::BTreeMap::from([(TopicName::new("b").unwrap(), 2)]);
        assert_eq!(map.get("b"), Some(&2));
    }
}
