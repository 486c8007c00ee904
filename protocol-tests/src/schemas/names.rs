//! How names of the schemas are spelt in Rust.

/// `ThrottleTimeMs` as `throttle_time_ms`. A run of capitals is one word, as in kafka-protocol:
/// `KRaftVersion` is `k_raft_version`, `HWMark` would be `hw_mark`.
pub(super) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::with_capacity(name.len() + 4);
    for (at, &letter) in letters.iter().enumerate() {
        let previous = at.checked_sub(1).map(|before| letters[before]);
        let before_lower = letters.get(at + 1).is_some_and(|next| next.is_ascii_lowercase());
        let starts_word = match previous {
            None => false,
            Some(previous) if letter.is_ascii_digit() => previous.is_ascii_lowercase(),
            Some(previous) if letter.is_ascii_uppercase() => {
                !previous.is_ascii_uppercase() || before_lower
            }
            Some(_) => false,
        };
        if starts_word {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// `FetchRequest` as `FETCH_REQUEST`.
pub(super) fn screaming(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_by_their_capitals() {
        for (camel, expected) in [
            ("ThrottleTimeMs", "throttle_time_ms"),
            ("KRaftVersionRecord", "k_raft_version_record"),
            ("IsKRaftController", "is_k_raft_controller"),
            ("topicId", "topic_id"),
            ("group", "group"),
            ("HWMark", "hw_mark"),
            ("Enable2Pc", "enable_2_pc"),
        ] {
            assert_eq!(snake(camel), expected);
        }
    }
}
