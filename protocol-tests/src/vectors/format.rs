//! How a pair of files holds the vectors of one source.
//!
//! The index starts with `client …` and `server …`; then each line is a frame: direction, API key,
//! API name, version, length without the four bytes in front, and a note up to the end of the line.
//! Lines that start with `#` are for people.

use std::fmt::Write;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use milena_protocol::frame::{FrameDecoder, FrameError};
use milena_protocol::messages::ApiKey;

use super::{Direction, Source, Vector};

/// Far above any vector.
const MAX_FRAME: usize = 1 << 20;

/// The two files of a pair do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A line of the index is none.
    #[error("line {line} does not describe a frame: {text:?}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// What it says.
        text: String,
    },
    /// The index does not say who spoke with whom.
    #[error("there is no line that names the {0}")]
    Nameless(&'static str),
    /// The frames cannot be cut apart.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The index has fewer or more lines than there are frames.
    #[error("the index describes {lines} frames, and there are {frames}")]
    Count {
        /// Lines that describe a frame.
        lines: usize,
        /// Frames.
        frames: usize,
    },
    /// A frame is not as long as its line says.
    #[error("line {line} describes a frame of another length than {found} bytes")]
    Length {
        /// Which line, from 1.
        line: usize,
        /// The frame's length.
        found: usize,
    },
}

/// Writes the index and the frames.
pub fn write_pair(source: &Source, vectors: &[Vector]) -> (String, Bytes) {
    let mut text = String::new();
    let mut frames = BytesMut::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# Frames recorded by `capture`; see src/vectors/format.rs.");
    let _ = writeln!(text, "client {}", source.client);
    let _ = writeln!(text, "server {}", source.server);
    for Vector { direction, key, version, note, frame, .. } in vectors {
        let length = frame.len();
        let line = format!("{direction:8} {:2} {key:?} v{version} {length} {note}", *key as i16);
        let _ = writeln!(text, "{}", line.trim_end());
        frames.put_u32(u32::try_from(length).expect("frames are cut at MAX_FRAME"));
        frames.put_slice(frame);
    }
    (text, frames.freeze())
}

/// Reads what [`write_pair`] has written.
///
/// # Errors
/// If the two do not fit together.
pub fn read_pair(name: &str, index: &str, frames: Bytes) -> Result<Vec<Vector>, FormatError> {
    let named = |what: &'static str| {
        let value = index.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(' '));
        value.map(str::to_owned).ok_or(FormatError::Nameless(what))
    };
    let source = Arc::new(Source {
        name: name.to_owned(),
        client: named("client")?,
        server: named("server")?,
    });
    let mut frames = cut(frames)?.into_iter();
    let count = frames.len();
    let mut vectors = Vec::with_capacity(count);
    let mut lines = 0;
    for (line, text) in (1..).zip(index.lines()) {
        if ["#", "client ", "server "].iter().any(|start| text.starts_with(start)) {
            continue;
        }
        lines += 1;
        let described = Line::parse(text);
        let described = described.ok_or_else(|| FormatError::Line { line, text: text.into() })?;
        // Too few frames are reported once all lines are counted.
        let Some(frame) = frames.next() else { continue };
        if frame.len() != described.length {
            return Err(FormatError::Length { line, found: frame.len() });
        }
        let Line { direction, key, version, note, .. } = described;
        let (source, number, note) = (Arc::clone(&source), vectors.len(), note.to_owned());
        vectors.push(Vector { source, number, direction, key, version, note, frame });
    }
    if lines == count { Ok(vectors) } else { Err(FormatError::Count { lines, frames: count }) }
}

fn cut(frames: Bytes) -> Result<Vec<Bytes>, FrameError> {
    let mut received = BytesMut::from(&frames[..]);
    let mut decoder = FrameDecoder::new(MAX_FRAME);
    let mut cut = Vec::new();
    while let Some(frame) = decoder.decode(&mut received)? {
        cut.push(frame);
    }
    Ok(cut)
}

/// A line of the index.
struct Line<'a> {
    direction: Direction,
    key: ApiKey,
    version: i16,
    length: usize,
    note: &'a str,
}

impl<'a> Line<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (direction, rest) = word(text)?;
        let direction = match direction {
            "request" => Direction::Request,
            "response" => Direction::Response,
            _ => return None,
        };
        let (key, rest) = word(rest)?;
        let key = ApiKey::try_from(key.parse::<i16>().ok()?).ok()?;
        let (name, rest) = word(rest)?;
        if name != format!("{key:?}") {
            return None;
        }
        let (version, rest) = word(rest)?;
        let version = version.strip_prefix('v')?.parse().ok()?;
        let (length, note) = word(rest)?;
        let length = length.parse().ok()?;
        Some(Self { direction, key, version, length, note: note.trim_start() })
    }
}

fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    if text.is_empty() {
        return None;
    }
    Some(text.split_once(' ').unwrap_or((text, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        let (client, server) = ("librdkafka 2.16.1".to_owned(), "Apache Kafka 4.1.0".to_owned());
        Source { name: "both".to_owned(), client, server }
    }

    fn vector(number: usize, direction: Direction, note: &str, frame: &'static [u8]) -> Vector {
        let (source, note) = (Arc::new(source()), note.to_owned());
        let (key, version, frame) = (ApiKey::Fetch, 11, Bytes::from_static(frame));
        Vector { source, number, direction, key, version, note, frame }
    }

    fn two() -> Vec<Vector> {
        vec![
            vector(0, Direction::Request, "", b"asked"),
            vector(1, Direction::Response, "gzip, 3 records", b""),
        ]
    }

    #[test]
    fn what_was_written_is_read_again() {
        let (index, frames) = write_pair(&source(), &two());
        assert_eq!(read_pair("both", &index, frames).unwrap(), two());
    }

    #[test]
    fn a_missing_frame_is_noticed() {
        let (index, frames) = write_pair(&source(), &two());
        let error = read_pair("both", &index, frames.slice(..frames.len() - 4)).unwrap_err();
        assert_eq!(error, FormatError::Count { lines: 2, frames: 1 });
    }

    #[test]
    fn a_missing_line_is_noticed() {
        let (index, frames) = write_pair(&source(), &two());
        let index: Vec<&str> = index.lines().take(4).collect();
        let error = read_pair("both", &index.join("\n"), frames).unwrap_err();
        assert_eq!(error, FormatError::Count { lines: 1, frames: 2 });
    }

    #[test]
    fn a_line_of_another_length_is_noticed() {
        let (index, frames) = write_pair(&source(), &two());
        let error = read_pair("both", &index.replace(" 5", " 6"), frames).unwrap_err();
        assert_eq!(error, FormatError::Length { line: 4, found: 5 });
    }

    #[test]
    fn a_line_that_names_another_api_than_its_key_is_refused() {
        let (index, frames) = write_pair(&source(), &two());
        let error = read_pair("both", &index.replace("Fetch", "Produce"), frames).unwrap_err();
        assert!(matches!(error, FormatError::Line { line: 4, .. }), "{error}");
    }

    #[test]
    fn an_index_that_names_no_client_is_refused() {
        let error = read_pair("both", "server x\n", Bytes::new()).unwrap_err();
        assert_eq!(error, FormatError::Nameless("client"));
    }
}
