//! Identifiers, offsets, epochs and sequences as types, so that one is never passed for another.
//!
//! The generated messages carry bare integers; everything above them uses these.

use std::fmt;

pub use crate::topic_name::{IllegalTopicName, MAX_TOPIC_NAME_LENGTH, TopicName, TopicNameRule};

macro_rules! integer_newtype {
    ($(#[$meta:meta])* $name:ident($inner:ty)) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl $name {
            /// The bare value, as it goes on the wire.
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }

        impl From<$name> for $inner {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

integer_newtype! {
    /// The number of a broker in its cluster (`node.id`).
    BrokerId(i32)
}
integer_newtype! {
    /// The number of a partition within its topic.
    PartitionIndex(i32)
}
integer_newtype! {
    /// A position in a partition's log.
    Offset(i64)
}
integer_newtype! {
    /// Counts the leaders a partition has had. -1 where unknown.
    LeaderEpoch(i32)
}
integer_newtype! {
    /// Identifies a producer incarnation together with its [`ProducerEpoch`].
    ProducerId(i64)
}
integer_newtype! {
    /// Counts the incarnations of one [`ProducerId`]; a higher one fences a lower one.
    ProducerEpoch(i16)
}
integer_newtype! {
    /// The number of a record within a producer incarnation and partition.
    ///
    /// Runs from 0 to `i32::MAX` and then starts again at 0.
    Sequence(i32)
}

impl PartialEq<i32> for BrokerId {
    fn eq(&self, other: &i32) -> bool {
        self.0 == *other
    }
}

impl BrokerId {
    /// "No broker": what a partition without a leader carries.
    pub const NONE: Self = Self(-1);
}

impl Offset {
    /// The first offset of a log that was never trimmed.
    pub const ZERO: Self = Self(0);

    /// The offset `count` records later.
    #[must_use]
    pub const fn plus(self, count: i64) -> Self {
        Self(self.0.saturating_add(count))
    }

    /// The offset after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }
}

impl LeaderEpoch {
    /// "Not known".
    pub const UNKNOWN: Self = Self(-1);
}

impl ProducerId {
    /// "Not idempotent".
    pub const NONE: Self = Self(-1);
}

impl ProducerEpoch {
    /// "Not idempotent".
    pub const NONE: Self = Self(-1);
}

impl Sequence {
    /// "Not idempotent".
    pub const NONE: Self = Self(-1);
    /// The first sequence of an incarnation.
    pub const ZERO: Self = Self(0);

    /// The sequence `count` records later, wrapping from `i32::MAX` to 0
    /// (`DefaultRecordBatch.incrementSequence` in Apache Kafka).
    #[must_use]
    pub const fn plus(self, count: i32) -> Self {
        let sum = self.0 as i64 + count as i64;
        Self((sum % (i32::MAX as i64 + 1)) as i32)
    }
}

/// The unique id of a topic, which a topic of the same name created later does not share (KIP-516).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TopicId(pub uuid::Uuid);

impl TopicId {
    /// "Not known": a cluster without topic ids, or a request version that does not carry them.
    pub const ZERO: Self = Self(uuid::Uuid::nil());

    /// Whether this is [`TopicId::ZERO`].
    pub const fn is_zero(self) -> bool {
        self.0.is_nil()
    }
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicId({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_wraps_from_the_largest_to_zero() {
        assert_eq!(Sequence(i32::MAX).plus(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 1).plus(4), Sequence(2));
        assert_eq!(Sequence(0).plus(i32::MAX), Sequence(i32::MAX));
    }
}
