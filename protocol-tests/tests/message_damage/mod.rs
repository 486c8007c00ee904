//! What can be wrong with a message whose bytes are otherwise right.

use bytes::Bytes;
use milena_protocol::arbitrary::{Encoding, Mark, MarkKind, WireMessage};

/// A message with one thing wrong.
pub(crate) struct Damage {
    pub(crate) what: String,
    pub(crate) bytes: Bytes,
    pub(crate) expected: Expected,
}

/// What has to come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A typed error that names a byte from the first to the second.
    RefusedAt(usize, usize),
    /// A typed error.
    Refused,
    /// It may happen to be a message all the same.
    Anything,
}

/// Every way in which each of the message's marks may be wrong.
pub(crate) fn damages(message: &WireMessage) -> Vec<Damage> {
    let mut damages = Vec::new();
    for (index, mark) in message.marks.iter().enumerate() {
        // The walk tells of a tagged field's size where the tag stands, if it can read the size.
        let told_from = match mark.kind {
            MarkKind::TagSize => message.marks[index - 1].offset,
            _ => mark.offset,
        };
        let refused = Expected::RefusedAt(told_from, mark.offset);
        let mut add = |what: &str, bytes: Bytes, expected: Expected| {
            let what = format!("{:?} of {} at {}: {what}", mark.kind, mark.field, mark.offset);
            damages.push(Damage { what, bytes, expected });
        };
        for (value, mut expected) in wrong_values(message, mark, refused) {
            // In a message that became shorter, the size of a tagged field around it is too large.
            if mark.encoding.size_of(value) < mark.size() && expected != Expected::Anything {
                expected = Expected::Refused;
            }
            add(&format!("{value}"), message.with(mark, value), expected);
        }
        for (what, bytes, expected) in wrong_bytes(mark) {
            add(what, message.replaced(mark, &bytes), expected);
        }
        for end in [mark.offset, mark.offset + mark.size() - 1, mark.offset + mark.size()] {
            if end < message.bytes.len() {
                add(&format!("cut at {end}"), message.bytes.slice(..end), Expected::Refused);
            }
        }
    }
    damages
}

/// Other numbers in its place, written as they should be.
fn wrong_values(message: &WireMessage, mark: &Mark, refused: Expected) -> Vec<(i64, Expected)> {
    use Expected::Anything;

    let fixed = matches!(mark.encoding, Encoding::Int16 | Encoding::Int32);
    let mut wrong = match mark.kind {
        // In a tagged field it is 1 for a value and 0 for null, one more than what the mark says.
        MarkKind::Presence if mark.encoding == Encoding::Compact => {
            let other = [1, 2, 126, i64::from(u32::MAX) - 1].map(|marker| (marker, refused));
            return [&other[..], &[(-1 - mark.value, Anything)]].concat();
        }
        MarkKind::Presence => {
            let other = [0, 2, -2, 127, -128].map(|marker| (marker, refused));
            return [&other[..], &[(-mark.value, Anything)]].concat();
        }
        MarkKind::Tag => {
            let large = [1 << 31, i64::from(u32::MAX)].map(|tag| (tag, refused));
            let near = [(mark.value + 1, Anything), (mark.value ^ 1, Anything), (0, Anything)];
            return [&large[..], &near].concat();
        }
        MarkKind::Length | MarkKind::Count | MarkKind::TagCount | MarkKind::TagSize => {
            let too_large = message.behind(mark) as i64 + 1;
            let large = [too_large, 2 * too_large, mark.encoding.max()];
            let large = large.map(|length| (length, refused));
            let near = [mark.value + 1, mark.value - 1, 0, 1].map(|length| (length, Anything));
            [&large[..], &near].concat()
        }
    };
    if mark.encoding == Encoding::Int16 {
        wrong.extend([-2, i64::from(i16::MIN)].map(|length| (length, refused)));
    } else if fixed {
        wrong.extend([-2, i64::from(i32::MIN)].map(|length| (length, refused)));
    }
    if fixed || mark.encoding == Encoding::Compact {
        wrong.push((-1, if mark.nullable { Anything } else { refused }));
    }
    let possible = |value: i64| match mark.encoding {
        // Without null there is no way to write less than nothing.
        Encoding::Varint => value >= 0,
        _ => value <= mark.encoding.max(),
    };
    wrong.retain(|(value, _)| *value != mark.value && possible(*value));
    // The same value twice would be expected in two ways.
    wrong.sort_by_key(|(value, _)| *value);
    wrong.dedup_by_key(|(value, _)| *value);
    wrong
}

/// Bytes in its place that no encoder writes.
fn wrong_bytes(mark: &Mark) -> Vec<(&'static str, Vec<u8>, Expected)> {
    if !matches!(mark.encoding, Encoding::Varint | Encoding::Compact) {
        return Vec::new();
    }
    let refused = Expected::RefusedAt(mark.offset, mark.offset);
    let mut longer = vec![0; 10];
    let length = mark.size();
    // The same number with a superfluous byte.
    let mut value = (mark.value + i64::from(mark.encoding == Encoding::Compact)) as u64;
    for byte in longer.iter_mut().take(length) {
        *byte = (value & 0x7f) as u8 | 0x80;
        value >>= 7;
    }
    longer.truncate(length + 1);
    vec![
        ("33 bits", vec![0xff, 0xff, 0xff, 0xff, 0x1f], refused),
        ("six bytes", vec![0x80, 0x80, 0x80, 0x80, 0x80, 0x01], refused),
        ("endless", vec![0xff; 12], refused),
        ("a superfluous byte", longer, Expected::Anything),
    ]
}
