//! A codec together with a level that this build can honour (KIP-390).

use std::fmt;
use std::ops::RangeInclusive;

use super::codec::Codec;

/// How to compress: a codec, and a level if the codec has levels.
///
/// ```
/// use milena_protocol::compression::{Codec, Compression};
///
/// let gzip = Compression::gzip().with_level(9)?;
/// assert_eq!((gzip.codec(), gzip.level()), (Codec::Gzip, Some(9)));
/// assert!(Compression::gzip().with_level(10).is_err());
/// # Ok::<(), milena_protocol::compression::LevelError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Compression {
    codec: Codec,
    level: i32,
}

/// What the Java client allows as `compression.zstd.level`.
const ZSTD_LEVELS: RangeInclusive<i32> = -131_072..=22;
/// What the Java client allows as `compression.lz4.level`.
const LZ4_LEVELS: RangeInclusive<i32> = 1..=17;
/// The level at which the Java client takes LZ4's fast compressor, and its default; all others are
/// those of the high compression variant (`Lz4BlockOutputStream`).
const LZ4_FAST: i32 = 9;
/// What the Java client allows as `compression.gzip.level`, beside the default.
const GZIP_LEVELS: RangeInclusive<i32> = 1..=9;
/// zlib's own choice, which is 6.
const GZIP_DEFAULT: i32 = -1;
/// The one level of Zstandard in Rust, about as fast a search as the C library's level 1.
const ZSTD_IN_RUST: i32 = 1;
/// The C library's default.
const ZSTD_IN_C: i32 = 3;

impl Compression {
    /// None at all.
    pub const NONE: Self = Self::of(Codec::None);

    /// A codec at its default level.
    pub const fn of(codec: Codec) -> Self {
        let level = match codec {
            Codec::None | Codec::Snappy => 0,
            Codec::Gzip => GZIP_DEFAULT,
            Codec::Lz4 => LZ4_FAST,
            Codec::Zstd if cfg!(feature = "zstd-c") => ZSTD_IN_C,
            Codec::Zstd => ZSTD_IN_RUST,
        };
        Self { codec, level }
    }

    /// gzip; levels -1 and 1 to 9, default -1, which is zlib's own choice.
    pub const fn gzip() -> Self {
        Self::of(Codec::Gzip)
    }

    /// snappy; it has no levels.
    pub const fn snappy() -> Self {
        Self::of(Codec::Snappy)
    }

    /// LZ4; of Kafka's levels 1 to 17 only the default 9 is here, which is the fast compressor.
    /// The others are LZ4's high compression, for which there is no Rust.
    pub const fn lz4() -> Self {
        Self::of(Codec::Lz4)
    }

    /// Zstandard; with the feature `zstd-c` the levels -131072 to 22, default 3, otherwise level 1
    /// alone.
    pub const fn zstd() -> Self {
        Self::of(Codec::Zstd)
    }

    /// The same codec at another level.
    ///
    /// # Errors
    /// If the codec has no such level, or not in this build.
    pub fn with_level(self, level: i32) -> Result<Self, LevelError> {
        let codec = self.codec;
        let (known, built, feature) = match codec {
            Codec::None | Codec::Snappy => return Err(LevelError::NoLevels { codec, level }),
            Codec::Gzip if level == GZIP_DEFAULT => return Ok(Self { codec, level }),
            Codec::Gzip => (GZIP_LEVELS, GZIP_LEVELS, None),
            Codec::Lz4 => (LZ4_LEVELS, LZ4_FAST..=LZ4_FAST, None),
            Codec::Zstd if cfg!(feature = "zstd-c") => (ZSTD_LEVELS, ZSTD_LEVELS, None),
            Codec::Zstd => (ZSTD_LEVELS, ZSTD_IN_RUST..=ZSTD_IN_RUST, Some("zstd-c")),
        };
        if !known.contains(&level) {
            return Err(LevelError::Unknown { codec, level, levels: Levels::of(&known) });
        }
        if !built.contains(&level) {
            let built = Levels::of(&built);
            return Err(LevelError::NotBuilt { codec, level, built, feature });
        }
        Ok(Self { codec, level })
    }

    /// The codec.
    pub const fn codec(self) -> Codec {
        self.codec
    }

    /// The level, if the codec has levels.
    pub const fn level(self) -> Option<i32> {
        match self.codec {
            Codec::None | Codec::Snappy => None,
            Codec::Gzip | Codec::Lz4 | Codec::Zstd => Some(self.level),
        }
    }
}

impl From<Codec> for Compression {
    fn from(codec: Codec) -> Self {
        Self::of(codec)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level() {
            None => self.codec.fmt(f),
            Some(level) => write!(f, "{} at level {level}", self.codec),
        }
    }
}

/// Levels from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Levels {
    /// The smallest.
    pub first: i32,
    /// The largest.
    pub last: i32,
}

impl Levels {
    fn of(range: &RangeInclusive<i32>) -> Self {
        Self { first: *range.start(), last: *range.end() }
    }
}

impl fmt::Display for Levels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "level {}", self.first)
        } else {
            write!(f, "levels {} to {}", self.first, self.last)
        }
    }
}

/// A level that cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelError {
    /// The codec is compressed with in one way only.
    #[error("{codec} has no levels, and so no level {level}")]
    NoLevels {
        /// The codec.
        codec: Codec,
        /// The level asked for.
        level: i32,
    },
    /// No client of Kafka has this level.
    #[error("{codec} has no level {level}, it has {levels}")]
    Unknown {
        /// The codec.
        codec: Codec,
        /// The level asked for.
        level: i32,
        /// The levels it has; gzip also has -1.
        levels: Levels,
    },
    /// This build does not have the level.
    #[error("{codec} has only {built} in this build, not {level}; {}", remedy(.feature))]
    NotBuilt {
        /// The codec.
        codec: Codec,
        /// The level asked for.
        level: i32,
        /// The levels of this build.
        built: Levels,
        /// The feature that has it, if one does.
        feature: Option<&'static str>,
    },
}

fn remedy(feature: &Option<&'static str>) -> String {
    match feature {
        Some(feature) => format!("it needs the feature {feature}"),
        None => "no feature has it".to_owned(),
    }
}
