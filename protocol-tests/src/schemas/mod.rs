//! Makes Rust out of the message schemas that Apache Kafka's jars carry.
//!
//! A schema says which fields a message has in which versions. That is written into
//! `client/protocol/src/schema/generated` as tables, and for the records of internal topics into
//! `client/protocol/src/internal/generated` as plain structs. The output is checked in; a test
//! makes it again and compares. `cargo run -p milena-protocol-tests --bin schemas` writes it.

mod json;
mod model;
mod names;
mod sizes;
mod structs;
mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::kafka::{Jars, KafkaError, Version};

/// The release whose schemas are taken.
pub const RELEASE: Version = Version::V4_1_0;

/// The jars that carry schemas, and what they carry.
const JARS: [&str; 3] =
    ["kafka-clients", "kafka-group-coordinator", "kafka-transaction-coordinator"];

/// No Rust can be made of the schemas.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The jars cannot be had.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// A jar cannot be read.
    #[error("{}: {source}", path.display())]
    Jar {
        /// The jar.
        path: PathBuf,
        /// Why.
        source: zip::result::ZipError,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A schema is not the JSON that is known here.
    #[error("schema {file}: {source}")]
    Json {
        /// The file in its jar.
        file: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A schema says something that is not known here.
    #[error("schema {name}: {reason}")]
    Meaning {
        /// The message.
        name: String,
        /// What.
        reason: String,
    },
}

/// Generated files: their content by path, relative to `client/protocol/src`.
pub type Files = BTreeMap<&'static str, String>;

/// Makes all generated files from the jars of [`RELEASE`].
///
/// # Errors
/// If the jars cannot be had, or say something that is not known here.
pub fn generate(jars: &Jars) -> Result<Files, SchemaError> {
    let mut messages = Vec::new();
    for jar in JARS {
        for schema in json::read_jar(&jars.path_of(jar))? {
            messages.extend(model::resolve(&schema)?);
        }
    }
    let mut files = tables::emit(&messages);
    files.extend(sizes::emit(&messages));
    files.extend(structs::emit(&messages)?);
    Ok(files)
}

/// Versions of a request that Kafka knows and this crate does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unspoken {
    /// The request.
    pub name: String,
    /// The lowest of them.
    pub first: i16,
    /// The highest of them.
    pub last: i16,
    /// Kafka offers the highest only where `unstable.api.versions.enable` is set.
    pub unstable: bool,
}

/// All that Kafka knows of requests and this crate does not.
///
/// # Errors
/// If the jars cannot be had, or say something that is not known here.
pub fn unspoken(jars: &Jars) -> Result<Vec<Unspoken>, SchemaError> {
    let schemas = json::read_jar(&jars.path_of("kafka-clients"))?;
    let unspoken: Result<Vec<_>, _> = schemas.iter().map(model::unspoken).collect();
    Ok(unspoken?.into_iter().flatten().collect())
}

/// Where [`Files`] belong.
pub fn output_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../client/protocol/src")
}
