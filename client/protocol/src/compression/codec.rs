//! Which codecs there are, and which of them this build has.

use std::fmt;

use super::error::CompressionError;

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
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

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

    /// The codec that `compression.type` means by this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.name() == name)
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

    /// The feature of this crate that the codec needs.
    pub const fn feature(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("compression-gzip"),
            Self::Snappy => Some("compression-snappy"),
            Self::Lz4 => Some("compression-lz4"),
            Self::Zstd => Some("compression-zstd"),
        }
    }

    /// Whether the codec is part of this build.
    pub const fn is_built(self) -> bool {
        match self {
            Self::None => true,
            Self::Gzip => cfg!(feature = "compression-gzip"),
            Self::Snappy => cfg!(feature = "compression-snappy"),
            Self::Lz4 => cfg!(feature = "compression-lz4"),
            Self::Zstd => cfg!(any(feature = "compression-zstd", feature = "zstd-c")),
        }
    }

    /// The same as an error that names the feature.
    ///
    /// # Errors
    /// [`CompressionError::NotBuilt`].
    pub const fn ensure_built(self) -> Result<(), CompressionError> {
        if self.is_built() { Ok(()) } else { Err(CompressionError::NotBuilt { codec: self }) }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_three_bits_name_the_codec() {
        for codec in Codec::ALL {
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

    #[test]
    fn names_are_those_of_the_java_client() {
        assert_eq!(Codec::ALL.map(Codec::name), ["none", "gzip", "snappy", "lz4", "zstd"]);
        for codec in Codec::ALL {
            assert_eq!(Codec::from_name(codec.name()), Some(codec));
        }
        assert_eq!(Codec::from_name("GZIP"), None);
    }
}
