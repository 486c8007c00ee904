//! The codecs a record batch may be compressed with, and the seam they are called through.
//!
//! No codec is built in yet: both directions answer [`CompressionError::NotBuilt`] for anything
//! but [`Codec::None`].

use std::fmt;

use bytes::Bytes;

/// The compression of a record batch, as the lowest three bits of its attributes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Codec {
    /// Not compressed.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// snappy, in the framing of xerial's library.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// Zstandard; Produce 7 and Fetch 10 upwards (KIP-110).
    Zstd,
}

impl Codec {
    /// The codec a batch's attributes name.
    ///
    /// # Errors
    /// For the ids 5 to 7, which no release of Apache Kafka has given a meaning.
    pub const fn from_attributes(attributes: i16) -> Result<Self, CompressionError> {
        match attributes & 0b111 {
            0 => Ok(Self::None),
            1 => Ok(Self::Gzip),
            2 => Ok(Self::Snappy),
            3 => Ok(Self::Lz4),
            4 => Ok(Self::Zstd),
            id => Err(CompressionError::UnknownCodec { id: id as u8 }),
        }
    }

    /// The id in the attributes.
    pub const fn id(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// The name `compression.type` uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a payload could not be compressed or decompressed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionError {
    /// This build does not contain the codec.
    #[error("{codec} compression is not part of this build")]
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
}

/// Compresses a batch's payload.
///
/// # Errors
/// [`CompressionError::NotBuilt`] for every codec but [`Codec::None`].
pub fn compress(codec: Codec, payload: Bytes) -> Result<Bytes, CompressionError> {
    match codec {
        Codec::None => Ok(payload),
        Codec::Gzip | Codec::Snappy | Codec::Lz4 | Codec::Zstd => {
            Err(CompressionError::NotBuilt { codec })
        }
    }
}

/// Decompresses a batch's payload into at most `max` bytes.
///
/// # Errors
/// [`CompressionError::NotBuilt`] for every codec but [`Codec::None`].
pub fn decompress(codec: Codec, payload: Bytes, max: usize) -> Result<Bytes, CompressionError> {
    let _ = max;
    match codec {
        Codec::None => Ok(payload),
        Codec::Gzip | Codec::Snappy | Codec::Lz4 | Codec::Zstd => {
            Err(CompressionError::NotBuilt { codec })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_three_bits_name_the_codec() {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            assert_eq!(Codec::from_attributes(codec.id()), Ok(codec));
            assert_eq!(Codec::from_attributes(codec.id() | !0b111), Ok(codec));
        }
    }

    #[test]
    fn codecs_five_to_seven_are_refused_by_number() {
        for id in 5..=7_u8 {
            let refused = Codec::from_attributes(i16::from(id));
            assert_eq!(refused, Err(CompressionError::UnknownCodec { id }));
        }
    }
}
