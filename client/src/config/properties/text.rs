//! The format of `java.util.Properties.load`.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use crate::error::ConfigError;

/// Reads names and values.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut found = BTreeMap::new();
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let line = line.trim_start_matches(is_blank);
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = line.to_owned();
        // A line is continued by an odd number of backslashes: of an even one each pair is one.
        while ends_in_continuation(&logical) {
            logical.pop();
            let Some((next, _)) = lines.next() else { break };
            logical.push_str(next.trim_start_matches(is_blank));
        }
        let mut rest = logical.chars().peekable();
        let name = unescape(&mut rest, number, |c| is_blank(c) || c == '=' || c == ':')?;
        skip_blanks(&mut rest);
        if rest.next_if(|c| matches!(c, '=' | ':')).is_some() {
            skip_blanks(&mut rest);
        }
        let value = unescape(&mut rest, number, |_| false)?;
        found.insert(name, value);
    }
    Ok(found)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

fn skip_blanks(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| is_blank(*c)).is_some() {}
}

fn ends_in_continuation(line: &str) -> bool {
    let backslashes = line.bytes().rev().take_while(|byte| *byte == b'\\').count();
    backslashes % 2 == 1
}

/// Takes characters up to one that ends the word.
fn unescape(
    rest: &mut Peekable<Chars<'_>>,
    line: usize,
    ends: impl Fn(char) -> bool,
) -> Result<String, ConfigError> {
    let mut word = String::new();
    while let Some(c) = rest.next_if(|c| !ends(*c)) {
        if c != '\\' {
            word.push(c);
            continue;
        }
        match rest.next() {
            Some('t') => word.push('\t'),
            Some('n') => word.push('\n'),
            Some('r') => word.push('\r'),
            Some('f') => word.push('\u{c}'),
            Some('u') => word.push(unicode(rest, line)?),
            Some(other) => word.push(other),
            None => {}
        }
    }
    Ok(word)
}

/// The character of `\uXXXX`, which is UTF-16 in Java: a pair of them may be one character.
fn unicode(rest: &mut Peekable<Chars<'_>>, line: usize) -> Result<char, ConfigError> {
    let mut units = vec![unit(rest, line)?];
    if char::decode_utf16(units.iter().copied()).any(|found| found.is_err()) {
        let rule = "half of a surrogate pair is no character";
        if rest.next() != Some('\\') || rest.next() != Some('u') {
            return Err(ConfigError::Syntax { line, rule });
        }
        units.push(unit(rest, line)?);
        return match char::decode_utf16(units).next() {
            Some(Ok(c)) => Ok(c),
            Some(Err(_)) | None => Err(ConfigError::Syntax { line, rule }),
        };
    }
    // One unit that is no surrogate is a character.
    Ok(char::from_u32(u32::from(units[0])).unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn unit(rest: &mut Peekable<Chars<'_>>, line: usize) -> Result<u16, ConfigError> {
    let rule = r"\u needs four hexadecimal digits";
    let mut unit = 0;
    for _ in 0..4 {
        let digit = rest.next().and_then(|c| c.to_digit(16));
        // Four digits of four bits each.
        unit = unit << 4 | digit.ok_or(ConfigError::Syntax { line, rule })? as u16;
    }
    Ok(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text).expect("well formed").into_iter().collect()
    }

    fn one(text: &str) -> (String, String) {
        let pairs = pairs(text);
        assert_eq!(pairs.len(), 1, "{pairs:?}");
        pairs[0].clone()
    }

    #[test]
    fn an_equals_sign_a_colon_or_a_blank_stand_between_name_and_value() {
        for text in ["a=b", "a:b", "a b", " a = b", "a\t:b", "a =b"] {
            assert_eq!(one(text), ("a".to_owned(), "b".to_owned()), "{text:?}");
        }
        assert_eq!(one("a==b"), ("a".to_owned(), "=b".to_owned()));
        assert_eq!(one("a"), ("a".to_owned(), String::new()));
    }

    #[test]
    fn comments_and_empty_lines_say_nothing() {
        assert_eq!(pairs("# a=b\n! c=d\n\n   \n   # e=f\r\n"), []);
        assert_eq!(one("a=b # c").1, "b # c");
    }

    #[test]
    fn a_backslash_at_the_end_continues_the_line_without_its_indentation() {
        assert_eq!(one("a=b,\\\n    c").1, "b,c");
        assert_eq!(one("a=b\\\\\n").1, "b\\");
        assert_eq!(one("a=b\\").1, "b");
    }

    #[test]
    fn escapes_are_those_of_java() {
        assert_eq!(one(r"a\=b=c").0, "a=b");
        assert_eq!(one(r"a=\t\n\q\u00e4\ud83d\ude00").1, "\t\nqä😀");
    }

    #[test]
    fn an_escape_that_is_none_is_refused_with_its_line() {
        for (text, line) in [("a=b\nc=\\u00g0", 2), ("a=\\ud83d", 1), ("\n\na=\\ud83d\\u0041", 3)] {
            let error = parse(text).expect_err("malformed");
            assert!(matches!(error, ConfigError::Syntax { line: found, .. } if found == line));
        }
    }

    #[test]
    fn the_last_of_two_values_counts() {
        assert_eq!(one("a=b\na=c").1, "c");
    }
}
