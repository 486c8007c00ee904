//! Under which producer id, epoch and sequence a partition's batches go out.
//!
//! A broker keeps, per partition and producer id, the newest epoch and the last sequence. So an
//! epoch can be left behind in one partition without any other noticing, and that is what happens
//! here: where Apache Kafka's client bumps one epoch for all partitions
//! (`TransactionManager.bumpIdempotentProducerEpoch`) and each has to drain before it may go on,
//! ours bumps the epoch of the one partition that lost its thread (KIP-360).

use milena_protocol::ids::{ProducerEpoch, ProducerId, Sequence};

/// A producer id with an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incarnation {
    pub(crate) id: ProducerId,
    pub(crate) epoch: ProducerEpoch,
}

impl Incarnation {
    /// Of a producer that is not idempotent.
    pub(crate) const NONE: Self = Self { id: ProducerId::NONE, epoch: ProducerEpoch::NONE };

    /// The next epoch, or none if this was the last of its id.
    pub(super) fn bumped(self) -> Option<Self> {
        let epoch = self.epoch.get().checked_add(1)?;
        Some(Self { epoch: ProducerEpoch(epoch), ..self })
    }
}

/// The numbering of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    /// The producer is not idempotent.
    Off,
    /// Needs a producer id that differs from this one, whose epochs are used up.
    Wanted { spent: Option<ProducerId> },
    /// Under way.
    Running { incarnation: Incarnation, next: Sequence },
}

/// Whether numbers can be drawn again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivenBack {
    Yes,
    /// They leave a hole.
    No,
}

impl Numbering {
    /// Takes the numbers for `count` records.
    pub(super) fn draw(&mut self, count: u32) -> Option<(Incarnation, Sequence)> {
        match self {
            Self::Off => Some((Incarnation::NONE, Sequence::NONE)),
            Self::Wanted { .. } => None,
            Self::Running { incarnation, next } => {
                let base = *next;
                *next = advance(base, count);
                Some((*incarnation, base))
            }
        }
    }

    /// Gives back the numbers of `count` records from `base` on, which certainly reached no log. Only
    /// if they were drawn last: a broker that answers out of order may have acknowledged later ones.
    pub(super) fn give_back(&mut self, base: Sequence, count: u32) -> GivenBack {
        match self {
            Self::Running { next, .. } if *next != advance(base, count) => GivenBack::No,
            Self::Running { next, .. } => {
                *next = base;
                GivenBack::Yes
            }
            Self::Off | Self::Wanted { .. } => GivenBack::Yes,
        }
    }

    /// Starts again at 0 in the next epoch.
    pub(super) fn restart(&mut self) {
        if let Self::Running { incarnation, .. } = *self {
            *self = match incarnation.bumped() {
                Some(incarnation) => Self::Running { incarnation, next: Sequence::ZERO },
                None => Self::Wanted { spent: Some(incarnation.id) },
            };
        }
    }

    /// Takes a producer id, if it is one that this partition waits for.
    pub(super) fn adopt(&mut self, incarnation: Incarnation) {
        if let Self::Wanted { spent } = *self
            && spent != Some(incarnation.id)
        {
            *self = Self::Running { incarnation, next: Sequence::ZERO };
        }
    }
}

/// The sequence `count` records after `base`.
pub(super) fn advance(base: Sequence, count: u32) -> Sequence {
    if base == Sequence::NONE {
        return base;
    }
    base.plus(i32::try_from(count).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Incarnation = Incarnation { id: ProducerId(7), epoch: ProducerEpoch(0) };

    #[test]
    fn a_sequence_is_drawn_once_and_wraps_from_the_largest_to_zero() {
        let mut numbering = Numbering::Running { incarnation: FIRST, next: Sequence(i32::MAX - 1) };
        assert_eq!(numbering.draw(3), Some((FIRST, Sequence(i32::MAX - 1))));
        assert_eq!(numbering.draw(1), Some((FIRST, Sequence(1))));
    }

    #[test]
    fn a_bump_starts_again_at_zero_in_the_next_epoch() {
        let mut numbering = Numbering::Running { incarnation: FIRST, next: Sequence(41) };
        numbering.restart();
        let second = Incarnation { epoch: ProducerEpoch(1), ..FIRST };
        assert_eq!(numbering.draw(2), Some((second, Sequence::ZERO)));
    }

    #[test]
    fn the_last_epoch_of_an_id_is_followed_by_another_id() {
        let last = Incarnation { epoch: ProducerEpoch(i16::MAX), ..FIRST };
        let mut numbering = Numbering::Running { incarnation: last, next: Sequence(5) };
        numbering.restart();
        assert_eq!(numbering.draw(1), None);
        numbering.adopt(FIRST);
        assert_eq!(numbering.draw(1), None, "the spent id is of no use");
        let other = Incarnation { id: ProducerId(8), epoch: ProducerEpoch(0) };
        numbering.adopt(other);
        assert_eq!(numbering.draw(1), Some((other, Sequence::ZERO)));
    }
}
