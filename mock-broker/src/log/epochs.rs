//! Which leader epoch starts at which offset (KIP-101; `LeaderEpochFileCache` in Apache Kafka).

/// One leader epoch and the offset of its first record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EpochStart {
    pub(crate) epoch: i32,
    pub(crate) offset: i64,
}

/// An epoch and the offset at which it ends; -1 and -1 where neither is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EpochEnd {
    pub(crate) epoch: i32,
    pub(crate) offset: i64,
}

impl EpochEnd {
    pub(crate) const UNDEFINED: Self = Self { epoch: -1, offset: -1 };
}

/// The epochs of one log, both columns strictly ascending.
#[derive(Clone, Default, Debug)]
pub(crate) struct LeaderEpochs {
    entries: Vec<EpochStart>,
}

impl LeaderEpochs {
    /// Notes that `epoch` starts at `offset`. Entries that contradict it were written by a leader
    /// whose records were truncated, and go.
    pub(crate) fn assign(&mut self, epoch: i32, offset: i64) {
        let needed = match self.entries.last() {
            None => true,
            Some(last) if last.epoch == epoch => offset < last.offset,
            Some(last) => epoch > last.epoch || offset < last.offset,
        };
        if !needed {
            return;
        }
        while self.entries.last().is_some_and(|last| last.epoch >= epoch || last.offset >= offset) {
            self.entries.pop();
        }
        self.entries.push(EpochStart { epoch, offset });
    }

    pub(crate) fn latest(&self) -> Option<i32> {
        self.entries.last().map(|entry| entry.epoch)
    }

    pub(crate) fn entries(&self) -> &[EpochStart] {
        &self.entries
    }

    /// Where `requested` ends in a log that ends at `log_end`.
    ///
    /// The latest epoch ends where the log does; an older one where the next one starts, and an
    /// epoch this log never saw is answered by the largest one below it. An epoch below all of
    /// them ends where the first starts, and one above all of them is not known.
    pub(crate) fn end_of(&self, requested: i32, log_end: i64) -> EpochEnd {
        if requested < 0 {
            return EpochEnd::UNDEFINED;
        }
        if self.latest() == Some(requested) {
            return EpochEnd { epoch: requested, offset: log_end };
        }
        let above = self.entries.partition_point(|entry| entry.epoch <= requested);
        let Some(next) = self.entries.get(above) else { return EpochEnd::UNDEFINED };
        match above.checked_sub(1).and_then(|floor| self.entries.get(floor)) {
            Some(floor) => EpochEnd { epoch: floor.epoch, offset: next.offset },
            None => EpochEnd { epoch: requested, offset: next.offset },
        }
    }

    /// The epoch a record at `offset` was appended in.
    pub(crate) fn epoch_at(&self, offset: i64) -> Option<i32> {
        let above = self.entries.partition_point(|entry| entry.offset <= offset);
        above.checked_sub(1).and_then(|floor| self.entries.get(floor)).map(|entry| entry.epoch)
    }

    /// Forgets epochs that ended before `start`; the one that goes on there begins with it
    /// (`LeaderEpochFileCache.truncateFromStart`).
    pub(crate) fn truncate_before(&mut self, start: i64) {
        let begun = self.entries.partition_point(|entry| entry.offset <= start);
        let Some(current) = begun.checked_sub(1) else { return };
        self.entries.drain(..current);
        if let Some(first) = self.entries.first_mut() {
            first.offset = start;
        }
    }

    /// Forgets epochs that start at `end` or later: the log was cut there.
    pub(crate) fn truncate_from(&mut self, end: i64) {
        let keep = self.entries.partition_point(|entry| entry.offset < end);
        self.entries.truncate(keep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs() -> LeaderEpochs {
        let mut epochs = LeaderEpochs::default();
        epochs.assign(2, 10);
        epochs.assign(4, 20);
        epochs.assign(7, 35);
        epochs
    }

    #[test]
    fn the_latest_epoch_ends_where_the_log_ends() {
        assert_eq!(epochs().end_of(7, 50), EpochEnd { epoch: 7, offset: 50 });
    }

    #[test]
    fn an_older_epoch_ends_where_the_next_starts() {
        assert_eq!(epochs().end_of(2, 50), EpochEnd { epoch: 2, offset: 20 });
        assert_eq!(epochs().end_of(4, 50), EpochEnd { epoch: 4, offset: 35 });
    }

    #[test]
    fn an_epoch_the_log_never_saw_is_answered_by_the_one_below() {
        assert_eq!(epochs().end_of(5, 50), EpochEnd { epoch: 4, offset: 35 });
    }

    #[test]
    fn an_epoch_below_the_first_is_answered_with_itself_and_the_first_start() {
        assert_eq!(epochs().end_of(1, 50), EpochEnd { epoch: 1, offset: 10 });
    }

    #[test]
    fn an_epoch_above_the_latest_is_not_known() {
        assert_eq!(epochs().end_of(8, 50), EpochEnd::UNDEFINED);
        assert_eq!(LeaderEpochs::default().end_of(0, 0), EpochEnd::UNDEFINED);
    }

    #[test]
    fn truncation_forgets_the_epochs_that_start_behind_the_cut() {
        let mut epochs = epochs();
        epochs.truncate_from(20);
        assert_eq!(epochs.entries(), [EpochStart { epoch: 2, offset: 10 }]);
    }

    #[test]
    fn epochs_before_a_later_start_are_forgotten_and_the_one_that_goes_on_begins_there() {
        let mut epochs = epochs();
        epochs.truncate_before(25);
        assert_eq!(
            epochs.entries(),
            [EpochStart { epoch: 4, offset: 25 }, EpochStart { epoch: 7, offset: 35 }]
        );
        epochs.truncate_before(35);
        assert_eq!(epochs.entries(), [EpochStart { epoch: 7, offset: 35 }]);
        epochs.truncate_before(3);
        assert_eq!(epochs.entries(), [EpochStart { epoch: 7, offset: 35 }]);
    }

    #[test]
    fn a_later_assignment_replaces_what_contradicts_it() {
        let mut epochs = epochs();
        epochs.assign(8, 25);
        assert_eq!(epochs.latest(), Some(8));
        assert_eq!(epochs.end_of(4, 40), EpochEnd { epoch: 4, offset: 25 });
        assert_eq!(epochs.epoch_at(24), Some(4));
        assert_eq!(epochs.epoch_at(25), Some(8));
        assert_eq!(epochs.epoch_at(9), None);
    }

    #[test]
    fn an_assignment_of_the_current_epoch_changes_nothing() {
        let mut epochs = epochs();
        epochs.assign(7, 40);
        assert_eq!(epochs.end_of(4, 50), EpochEnd { epoch: 4, offset: 35 });
    }
}
