//! Takes settings out of properties one by one, so that what is left at the end is unknown.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Properties;
use crate::error::ConfigError;

/// Properties, and which of them somebody knew.
pub(super) struct Taken<'a> {
    left: BTreeMap<&'a str, &'a str>,
    known: Vec<&'static str>,
}

/// How different a name may be from a known one to be taken for a slip.
const SLIP: usize = 3;

/// Nobody's setting has a longer name, and a slip of the finger does not make one.
const LONGEST_NAME: usize = 100;

impl<'a> Taken<'a> {
    pub(super) fn from(properties: &'a Properties) -> Self {
        Self { left: properties.iter().collect(), known: Vec::new() }
    }

    /// The value of a setting, without the blanks around it, as Java reads all but strings.
    pub(super) fn text(&mut self, name: &'static str) -> Option<&'a str> {
        self.known.push(name);
        self.left.remove(name).map(str::trim)
    }

    /// A number of the kinds INT and LONG, from `least` on.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        least: i64,
        most: i64,
    ) -> Result<Option<i64>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let rule = || format!("must be a whole number from {least} to {most}");
        match text.parse::<i64>() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            Ok(_) | Err(_) => Err(ConfigError::invalid(name, short(text), rule())),
        }
    }

    /// A duration in milliseconds.
    pub(super) fn millis(
        &mut self,
        name: &'static str,
        into: &mut Duration,
    ) -> Result<(), ConfigError> {
        if let Some(millis) = self.number(name, 0, i64::MAX)? {
            *into = Duration::from_millis(millis.unsigned_abs());
        }
        Ok(())
    }

    /// A number of bytes or things.
    pub(super) fn count(
        &mut self,
        name: &'static str,
        least: i64,
        into: &mut usize,
    ) -> Result<(), ConfigError> {
        if let Some(count) = self.number(name, least, i64::from(i32::MAX))? {
            *into = usize::try_from(count).unwrap_or(0);
        }
        Ok(())
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let chosen = choices.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        chosen.map(|(_, chosen)| Some(*chosen)).ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            let rule = format!("must be one of {}", words.join(", "));
            ConfigError::invalid(name, short(text), rule)
        })
    }

    /// A setting for which there is one value that we can do, which is what happens anyway.
    pub(super) fn only(
        &mut self,
        name: &'static str,
        possible: &[&str],
        reason: &'static str,
    ) -> Result<(), ConfigError> {
        match self.text(name) {
            Some(text) if !possible.iter().any(|word| word.eq_ignore_ascii_case(text)) => {
                Err(ConfigError::Unsupported { setting: name.into(), value: short(text), reason })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let Some((name, value)) = self.left.first_key_value() else { return Ok(()) };
        if let Some(reason) = no_counterpart(name) {
            let value = short(value);
            return Err(ConfigError::Unsupported { setting: short(name), value, reason });
        }
        let likeness = |known: &&&'static str| distance(name, known);
        let suggestion = self.known.iter().min_by_key(likeness);
        let suggestion = suggestion.filter(|known| distance(name, known) <= SLIP).copied();
        Err(ConfigError::Unknown { setting: short(name), suggestion })
    }
}

/// Why a setting of Java's clients has no counterpart here.
fn no_counterpart(name: &str) -> Option<&'static str> {
    let by_prefix = [
        ("ssl.", "there is no TLS yet"),
        ("sasl.", "there is no SASL yet"),
        ("metrics.", "metrics are not kept by reporters here"),
        ("transaction", "there are no transactions yet"),
        ("group.", "there are no consumer groups yet: partitions are assigned"),
        ("partitioner.", "give the record a partition instead"),
        ("share.", "there are no share groups yet"),
    ];
    let by_name = [
        ("metric.reporters", "metrics are not kept by reporters here"),
        ("interceptor.classes", "there are no classes to load"),
        ("config.providers", "there are no classes to load"),
        ("security.providers", "there are no classes to load"),
        ("auto.include.jmx.reporter", "there is no JMX"),
        ("send.buffer.bytes", "the operating system sizes the buffers of sockets"),
        ("receive.buffer.bytes", "the operating system sizes the buffers of sockets"),
        ("bootstrap.controllers", "controllers are reached through brokers"),
        ("max.poll.records", "poll takes the number of records"),
        ("max.poll.interval.ms", "there are no consumer groups yet: partitions are assigned"),
        ("session.timeout.ms", "there are no consumer groups yet: partitions are assigned"),
        ("heartbeat.interval.ms", "there are no consumer groups yet: partitions are assigned"),
        ("partition.assignment.strategy", "there are no consumer groups yet"),
        ("auto.commit.interval.ms", "offsets are not committed without a group"),
        ("exclude.internal.topics", "topics are named, not matched by a pattern"),
        ("metadata.recovery.rebootstrap.trigger.ms", "the bootstrap servers are tried at once"),
    ];
    let prefix = by_prefix.iter().find(|(prefix, _)| name.starts_with(prefix));
    let exact = || by_name.iter().find(|(exact, _)| *exact == name);
    prefix.or_else(exact).map(|(_, reason)| *reason)
}

/// The beginning of a text from outside: enough to recognise it.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// How many characters have to be put in, left out or changed to get from one to the other
/// (Levenshtein); only as exact as it has to be to find a slip.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > SLIP || a.len() > LONGEST_NAME {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
