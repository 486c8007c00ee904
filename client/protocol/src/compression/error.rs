//! Why a payload could not be compressed or decompressed.

use super::codec::Codec;

/// Why a payload could not be compressed or decompressed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionError {
    /// This build does not contain the codec.
    #[error(
        "{codec} compression is not part of this build, it is the feature {}",
        .codec.feature().unwrap_or_default()
    )]
    NotBuilt {
        /// The codec asked for.
        codec: Codec,
    },
    /// The batch names a codec that does not exist.
    #[error("there is no compression codec with id {id}")]
    UnknownCodec {
        /// The id in the batch's attributes.
        id: u8,
    },
    /// The bytes are not what the codec says.
    #[error("malformed {codec}: {fault}")]
    Corrupt {
        /// The codec.
        codec: Codec,
        /// What is wrong.
        fault: &'static str,
    },
    /// The bytes use a part of the format that nobody writes to Kafka.
    #[error("{codec} with {what} is not supported")]
    Unsupported {
        /// The codec.
        codec: Codec,
        /// The part of the format.
        what: &'static str,
    },
    /// The decompressed bytes are more than the budget allows.
    #[error("{codec} decompresses to more than the {limit} bytes {scope}")]
    TooLarge {
        /// The codec.
        codec: Codec,
        /// How many bytes were allowed.
        limit: usize,
        /// What allowed no more.
        scope: Scope,
    },
    /// The bytes ask for more memory to be decompressed with than the budget allows.
    #[error("{codec} asks for a window of {window} bytes, of {limit} {scope}")]
    Window {
        /// The codec.
        codec: Codec,
        /// How many bytes it asks for.
        window: u64,
        /// How many bytes were allowed.
        limit: usize,
        /// What allowed no more.
        scope: Scope,
    },
    /// The codec failed to compress.
    #[error("{codec} failed to compress: {fault}")]
    Failed {
        /// The codec.
        codec: Codec,
        /// What it says.
        fault: &'static str,
    },
}

/// Which part of a [`super::DecompressionBudget`] did not suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// What one batch may have: the batch cannot be read.
    Batch,
    /// What was left of the fetch: the batch may be read with the budget of the next one.
    Fetch,
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Batch => "that one batch may have",
            Self::Fetch => "that are left for this fetch",
        })
    }
}
