//! The codecs a record batch may be compressed with.
//!
//! | codec | written | read |
//! |---|---|---|
//! | gzip | one member | several members; what stands behind them is left alone |
//! | snappy | the framing of xerial's library | that framing, concatenated too, and raw snappy |
//! | lz4 | a frame of independent blocks of 64 KiB | one frame, with linked blocks and checksums too; what stands behind it is left alone |
//! | zstd | one frame | several frames, skippable ones among them |
//!
//! What is read, and what is left alone, is what Apache Kafka's own classes read and leave alone.
//!
//! Each is a feature of this crate and on by default; none of them needs a C compiler.
//! Zstandard in Rust is slower than the C library and compresses less, at one level. The feature
//! `zstd-c` takes the C library instead, with all its levels.
//!
//! Compressed bytes come from a peer, and a few kilobytes of them can stand for gigabytes.
//! So decompression is handed a [`DecompressionBudget`] and never allocates beyond it.
//!
//! ```
//! use milena_protocol::compression::{self, Codec, Compression, DecompressionBudget};
//!
//! let packed = compression::compress(Compression::gzip().with_level(9)?, &[7; 1000])?;
//! let mut budget = DecompressionBudget::new(1 << 20, 50 << 20);
//! let unpacked = compression::decompress(Codec::Gzip, &packed, &mut budget)?;
//! assert_eq!(unpacked, vec![7; 1000]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg_attr(
    not(all(
        feature = "compression-gzip",
        feature = "compression-snappy",
        feature = "compression-lz4",
        any(feature = "compression-zstd", feature = "zstd-c")
    )),
    allow(dead_code, reason = "what only codecs use that are left out")
)]
mod budget;
mod codec;
mod compressor;
mod error;
#[cfg(feature = "compression-gzip")]
mod gzip;
mod level;
#[cfg(feature = "compression-lz4")]
mod lz4;
#[cfg_attr(
    not(all(
        feature = "compression-gzip",
        feature = "compression-snappy",
        feature = "compression-lz4",
        any(feature = "compression-zstd", feature = "zstd-c")
    )),
    allow(dead_code, reason = "what only codecs use that are left out")
)]
mod output;
#[cfg(feature = "compression-snappy")]
mod snappy;
#[cfg(any(feature = "compression-zstd", feature = "zstd-c"))]
mod zstd;

use bytes::Bytes;

pub use budget::DecompressionBudget;
pub use codec::Codec;
pub use compressor::Compressor;
pub use error::{CompressionError, Scope};
pub use level::{Compression, LevelError, Levels};

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
    let plain = match codec {
        Codec::None if payload.len() > budget.limit() => return Err(budget.too_large(codec)),
        Codec::None => payload.to_vec(),
        #[cfg(feature = "compression-gzip")]
        Codec::Gzip => gzip::decompress(payload, budget)?,
        #[cfg(feature = "compression-snappy")]
        Codec::Snappy => snappy::decompress(payload, budget)?,
        #[cfg(feature = "compression-lz4")]
        Codec::Lz4 => lz4::decompress(payload, budget)?,
        #[cfg(any(feature = "compression-zstd", feature = "zstd-c"))]
        Codec::Zstd => zstd::decompress(payload, budget)?,
        #[cfg(not(all(
            feature = "compression-gzip",
            feature = "compression-snappy",
            feature = "compression-lz4",
            any(feature = "compression-zstd", feature = "zstd-c")
        )))]
        codec => return Err(CompressionError::NotBuilt { codec }),
    };
    budget.spend(plain.len());
    Ok(Bytes::from(plain))
}
