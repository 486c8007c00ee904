//! What may be the name of a topic, and what is said of the others (`Topic.validate`).

use milena_protocol::ids::{MAX_TOPIC_NAME_LENGTH, TopicName, TopicNameRule};

/// A name, or why it is none.
pub(crate) fn legal(name: &str) -> Result<TopicName, String> {
    TopicName::new(name).map_err(|illegal| {
        let reason = match illegal.reason {
            TopicNameRule::Empty => "the empty string is not allowed".to_owned(),
            TopicNameRule::Dots => format!("'{name}' is not allowed"),
            TopicNameRule::TooLong => format!(
                "the length of '{name}' is longer than the max allowed length \
                 {MAX_TOPIC_NAME_LENGTH}"
            ),
            _ => format!(
                "'{name}' contains one or more characters other than ASCII alphanumerics, '.', \
                 '_' and '-'"
            ),
        };
        format!("Topic name is invalid: {reason}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_said_in_the_words_that_tools_show() {
        let said = |name: &str| legal(name).unwrap_err();
        assert_eq!(said(""), "Topic name is invalid: the empty string is not allowed");
        assert_eq!(said(".."), "Topic name is invalid: '..' is not allowed");
        assert!(said("a/b").starts_with("Topic name is invalid: 'a/b' contains one or more"));
        assert!(said(&"a".repeat(250)).ends_with("longer than the max allowed length 249"));
        assert!(legal("a.b_c-d").is_ok());
    }
}
