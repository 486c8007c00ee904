//! The shape of a message: what is in it, whatever the values are.
//!
//! It is read off the `Debug` form of the decoded message, which all messages have: numbers become
//! their sign, strings and bytes whether they are empty, arrays the set of shapes of their elements.
//! Error codes stay, because each is an answer of its own.

use std::collections::BTreeSet;
use std::fmt::Debug;

/// The shape of `message`.
pub(super) fn of(message: &impl Debug) -> String {
    let text = format!("{message:?}");
    let mut reader = Reader { rest: &text };
    let mut shape = String::new();
    reader.value(&mut shape, "");
    shape
}

/// The error codes other than 0 in a shape.
pub(super) fn error_codes(shape: &str) -> BTreeSet<i16> {
    shape
        .split("error_code=")
        .skip(1)
        .filter_map(|rest| {
            let end = rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse().ok()
        })
        .filter(|code| *code != 0)
        .collect()
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// One value; `field` is the name it stands behind.
    fn value(&mut self, out: &mut String, field: &str) {
        self.skip(' ');
        let scalar = self.scalar();
        // The name of a struct stands apart from its fields.
        self.rest =
            self.rest.strip_prefix(' ').filter(|it| it.starts_with('{')).unwrap_or(self.rest);
        match self.peek() {
            Some('"') => {
                // `b"` of bytes is a scalar in front of a string.
                out.push_str(scalar);
                out.push_str(if self.string() { "\"\"" } else { "\"x\"" });
                return;
            }
            Some('[') => return self.array(out),
            Some('(' | '{') => {}
            _ => return out.push_str(&class(scalar, field)),
        }
        out.push_str(scalar);
        out.push('{');
        self.advance();
        while let Some(next) = self.peek() {
            match next {
                ')' | '}' => {
                    self.advance();
                    break;
                }
                ',' | ' ' => self.advance(),
                _ => {
                    let name = self.name();
                    if let Some(name) = name {
                        out.push_str(name);
                        out.push('=');
                    }
                    self.value(out, name.unwrap_or(field));
                    out.push(' ');
                }
            }
        }
        out.push('}');
    }

    fn array(&mut self, out: &mut String) {
        let mut shapes = BTreeSet::new();
        self.advance();
        while let Some(next) = self.peek() {
            match next {
                ']' => {
                    self.advance();
                    break;
                }
                ',' | ' ' => self.advance(),
                _ => {
                    let mut shape = String::new();
                    self.value(&mut shape, "");
                    shapes.insert(shape);
                }
            }
        }
        out.push('[');
        out.push_str(&shapes.into_iter().collect::<Vec<_>>().join("|"));
        out.push(']');
    }

    /// `name:` of a struct's field.
    fn name(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric())?;
        let after = self.rest[end..].strip_prefix(':')?;
        let name = &self.rest[..end];
        self.rest = after;
        Some(name)
    }

    fn scalar(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| " ,()[]{}\":".contains(c)).unwrap_or(self.rest.len());
        let (scalar, rest) = self.rest.split_at(end);
        self.rest = rest;
        scalar
    }

    /// Skips a string with its escapes and tells whether it is empty.
    fn string(&mut self) -> bool {
        self.advance();
        let mut escaped = false;
        let end = self.rest.char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let end = end.map_or(self.rest.len(), |(at, _)| at);
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        end == 0
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn advance(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    fn skip(&mut self, what: char) {
        self.rest = self.rest.trim_start_matches(what);
    }
}

/// A number becomes its sign, unless it is an error code; a UUID whether it is zero.
fn class(scalar: &str, field: &str) -> String {
    if field == "error_code" {
        return scalar.to_owned();
    }
    if let Ok(number) = scalar.parse::<f64>() {
        let sign = if number > 0.0 {
            "+"
        } else if number < 0.0 {
            "-"
        } else {
            "0"
        };
        return sign.to_owned();
    }
    if scalar.len() == 36 && scalar.as_bytes()[8] == b'-' {
        let zero = scalar.bytes().all(|c| matches!(c, b'0' | b'-'));
        return if zero { "uuid0" } else { "uuid" }.to_owned();
    }
    scalar.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "read by its Debug form")]
    struct Answer {
        error_code: i16,
        name: Option<&'static str>,
        parts: Vec<Part>,
        raw: bytes::Bytes,
    }

    #[derive(Debug)]
    #[expect(dead_code, reason = "read by its Debug form")]
    struct Part {
        offset: i64,
    }

    fn answer(error_code: i16, name: Option<&'static str>, offsets: &[i64]) -> Answer {
        let parts = offsets.iter().map(|offset| Part { offset: *offset }).collect();
        Answer { error_code, name, parts, raw: bytes::Bytes::from_static(b"a\"]}") }
    }

    #[test]
    fn equal_kinds_of_content_have_one_shape() {
        let some = of(&answer(3, Some("\"a, (b"), &[1, 2, 300]));
        assert_eq!(some, of(&answer(3, Some("z"), &[7])));
        assert_eq!(
            some,
            "Answer{error_code=3 name=Some{\"x\" } parts=[Part{offset=+ }] raw=b\"x\" }"
        );
    }

    #[test]
    fn what_is_absent_empty_negative_or_refused_has_a_shape_of_its_own() {
        let shapes = [
            of(&answer(0, Some("a"), &[1])),
            of(&answer(3, Some("a"), &[1])),
            of(&answer(0, None, &[1])),
            of(&answer(0, Some(""), &[1])),
            of(&answer(0, Some("a"), &[])),
            of(&answer(0, Some("a"), &[-1])),
            of(&answer(0, Some("a"), &[0])),
            of(&answer(0, Some("a"), &[0, 1])),
        ];
        assert_eq!(shapes.iter().collect::<BTreeSet<_>>().len(), shapes.len(), "{shapes:#?}");
    }

    #[test]
    fn the_error_codes_of_a_shape_are_found() {
        let shape = of(&(answer(3, None, &[]), answer(0, None, &[]), answer(-1, None, &[])));
        assert_eq!(error_codes(&shape), [-1, 3].into());
    }
}
