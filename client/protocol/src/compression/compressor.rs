//! Compressing one payload after the other.

use std::fmt;

use bytes::Bytes;

use super::codec::Codec;
use super::error::CompressionError;
use super::level::Compression;

/// What compresses one payload after the other and keeps its tables in between.
pub struct Compressor {
    compression: Compression,
    engine: Engine,
}

enum Engine {
    None,
    #[cfg(feature = "compression-gzip")]
    Gzip(super::gzip::Encoder),
    #[cfg(feature = "compression-snappy")]
    Snappy(Box<super::snappy::Encoder>),
    #[cfg(feature = "compression-lz4")]
    Lz4(super::lz4::Encoder),
    #[cfg(any(feature = "compression-zstd", feature = "zstd-c"))]
    Zstd(Box<super::zstd::Encoder>),
}

impl Compressor {
    /// A compressor for this codec and level.
    ///
    /// # Errors
    /// [`CompressionError::NotBuilt`] if the codec is not part of this build.
    pub fn new(compression: Compression) -> Result<Self, CompressionError> {
        let engine = match compression.codec() {
            Codec::None => Engine::None,
            #[cfg(feature = "compression-gzip")]
            Codec::Gzip => {
                Engine::Gzip(super::gzip::Encoder::new(compression.level().unwrap_or(-1)))
            }
            #[cfg(feature = "compression-snappy")]
            Codec::Snappy => Engine::Snappy(Box::new(super::snappy::Encoder::new())),
            #[cfg(feature = "compression-lz4")]
            Codec::Lz4 => Engine::Lz4(super::lz4::Encoder::new()),
            #[cfg(any(feature = "compression-zstd", feature = "zstd-c"))]
            Codec::Zstd => {
                let level = compression.level().unwrap_or_default();
                Engine::Zstd(Box::new(super::zstd::Encoder::new(level)?))
            }
            #[cfg(not(all(
                feature = "compression-gzip",
                feature = "compression-snappy",
                feature = "compression-lz4",
                any(feature = "compression-zstd", feature = "zstd-c")
            )))]
            codec => return Err(CompressionError::NotBuilt { codec }),
        };
        Ok(Self { compression, engine })
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
        let mut packed = match &mut self.engine {
            Engine::None => payload.to_vec(),
            #[cfg(feature = "compression-gzip")]
            Engine::Gzip(encoder) => encoder.compress(payload)?,
            #[cfg(feature = "compression-snappy")]
            Engine::Snappy(encoder) => encoder.compress(payload)?,
            #[cfg(feature = "compression-lz4")]
            Engine::Lz4(encoder) => encoder.compress(payload)?,
            #[cfg(any(feature = "compression-zstd", feature = "zstd-c"))]
            Engine::Zstd(encoder) => encoder.compress(payload)?,
        };
        // Room was made for what might not compress. A batch may wait for long to be sent.
        packed.shrink_to_fit();
        Ok(Bytes::from(packed))
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").field("compression", &self.compression).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compression::DecompressionBudget;

    #[test]
    fn compressors_and_budgets_may_move_between_threads() {
        fn moves<T: Send + 'static>() {}
        moves::<Compressor>();
        moves::<DecompressionBudget>();
    }

    #[test]
    fn a_codec_that_is_not_built_is_told_with_its_feature() {
        for codec in Codec::ALL {
            let compressor = Compressor::new(Compression::of(codec));
            let read = crate::compression::decompress(
                codec,
                &[],
                &mut DecompressionBudget::for_one_batch(1),
            );
            if codec.is_built() {
                assert!(compressor.is_ok());
                assert_ne!(read, Err(CompressionError::NotBuilt { codec }));
            } else {
                let expected = CompressionError::NotBuilt { codec };
                let feature = codec.feature().expect("only codecs with a feature can be left out");
                assert!(expected.to_string().contains(feature), "{expected}");
                assert_eq!(compressor.err(), Some(expected.clone()));
                assert_eq!(read, Err(expected));
            }
        }
    }
}
