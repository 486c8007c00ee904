//! Frames that real clients and Apache Kafka exchanged, kept in `protocol-tests/vectors/`.
//!
//! `capture` records them (`cargo run -p milena-protocol-tests --bin capture`); tests hold the codec
//! against them and fuzz targets start from them. Two files belong to each pair of a client and a
//! server: `NAME.frames` holds the frames one behind the other as on the wire, each behind its
//! length in four bytes; `NAME.txt` has a line for each of them, in the same order.

mod format;
pub mod record_sets;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use milena_protocol::decode::{self, DecodeError, DecodedRequest};
use milena_protocol::frame::LENGTH_PREFIX;
use milena_protocol::messages::{ApiKey, ResponseKind};
use milena_protocol::request::{self, EncodeError};
use milena_protocol::response;
use milena_protocol::version::spoken_versions;

pub use format::{FormatError, read_pair, write_pair};

/// Who spoke with whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The name of the two files.
    pub name: String,
    /// The client and its version.
    pub client: String,
    /// The server and its version.
    pub server: String,
}

/// Who sent a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// The client.
    Request,
    /// The server.
    Response,
}

/// A recorded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// Who spoke with whom.
    pub source: Arc<Source>,
    /// Its place in the files, from 0.
    pub number: usize,
    /// Who sent it.
    pub direction: Direction,
    /// The API.
    pub key: ApiKey,
    /// The version of the API.
    pub version: i16,
    /// What is in it, for people.
    pub note: String,
    /// The frame without the length in front of it: header and body.
    pub frame: Bytes,
}

/// The vectors cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VectorsError {
    /// A file or directory cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The two files of a pair do not fit together.
    #[error("{}: {source}", path.display())]
    Format {
        /// The index.
        path: PathBuf,
        /// What is wrong.
        source: FormatError,
    },
}

/// A frame could not be written again.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RewriteError {
    /// It could not be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// What was read could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// A response, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedResponse {
    /// Which request it answers.
    pub correlation_id: i32,
    /// The answer.
    pub body: ResponseKind,
}

impl Vector {
    /// Decodes it as the request it is.
    ///
    /// # Errors
    /// If it is malformed, of a version this project does not speak, or no request.
    pub fn decode_request(&self) -> Result<DecodedRequest, DecodeError> {
        decode::request(self.frame.clone())
    }

    /// Decodes it as the response it is.
    ///
    /// # Errors
    /// If it is malformed or no response.
    pub fn decode_response(&self) -> Result<DecodedResponse, DecodeError> {
        let mut body = self.frame.clone();
        let correlation_id = decode::response_header(self.key, self.version, &mut body)?;
        let body = decode::response_kind(self.key, self.version, body)?;
        Ok(DecodedResponse { correlation_id, body })
    }

    /// Whether this project speaks the version.
    pub fn is_spoken(&self) -> bool {
        spoken_versions(self.key).contains(&self.version)
    }

    /// The frame as our encoder writes what our decoder has read.
    ///
    /// # Errors
    /// If it cannot be read or what was read not be written.
    pub fn rewritten(&self) -> Result<Bytes, RewriteError> {
        let Self { key, version, .. } = *self;
        let written = match self.direction {
            Direction::Request => {
                let read = self.decode_request()?;
                let mut body = BytesMut::new();
                read.body.encode(&mut body, version).map_err(|error| EncodeError::Message {
                    api: format!("{key:?}"),
                    version,
                    reason: format!("{error:#}"),
                })?;
                let (id, name) = (read.header.correlation_id, read.header.client_id.as_ref());
                let prefix = request::header_prefix(key as i16, version, id, name, body.len())?;
                Bytes::from([prefix, body.freeze()].concat())
            }
            Direction::Response => {
                let read = self.decode_response()?;
                response::encode(key, version, read.correlation_id, &read.body)?
            }
        };
        Ok(written.slice(LENGTH_PREFIX..))
    }
}

impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, number, direction, key, version, .. } = self;
        write!(f, "{} {number}: {direction} {key:?} v{version}", source.name)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Response => "response",
        })
    }
}

/// Where the vectors are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// All vectors, in the order of their sources' names and their places.
///
/// # Errors
/// If they cannot be read.
pub fn all() -> Result<Vec<Vector>, VectorsError> {
    let directory = directory();
    let io = |source| VectorsError::Io { path: directory.clone(), source };
    let mut indexes = Vec::new();
    for entry in fs::read_dir(&directory).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|extension| extension == "frames") {
            indexes.push(path.with_extension("txt"));
        }
    }
    indexes.sort();
    let mut vectors = Vec::new();
    for index in indexes {
        vectors.extend(read_files(&index)?);
    }
    Ok(vectors)
}

/// The vectors of one source, by the path of its index.
fn read_files(index: &Path) -> Result<Vec<Vector>, VectorsError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| VectorsError::Io { path, source }
    };
    let name = index.file_stem().unwrap_or_default().to_string_lossy();
    let text = fs::read_to_string(index).map_err(io(index))?;
    let frames_path = index.with_extension("frames");
    let frames = fs::read(&frames_path).map_err(io(&frames_path))?;
    read_pair(&name, &text, frames.into())
        .map_err(|source| VectorsError::Format { path: index.to_owned(), source })
}
