//! `buffer.memory`: how many bytes of records may be in the producer at once.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// The room for records. Taken in chunks while a batch grows, given back when the batch is gone.
#[derive(Debug)]
pub(crate) struct Memory {
    room: Semaphore,
    total: usize,
}

impl Memory {
    pub(super) fn new(total: usize) -> Arc<Self> {
        Arc::new(Self { room: Semaphore::new(total), total })
    }

    pub(crate) fn total(&self) -> usize {
        self.total
    }

    fn try_take(&self, bytes: usize) -> bool {
        let Ok(wanted) = u32::try_from(bytes) else { return false };
        match self.room.try_acquire_many(wanted) {
            Ok(permit) => {
                permit.forget();
                true
            }
            Err(_) => false,
        }
    }

    pub(super) fn give_back(&self, bytes: usize) {
        if bytes > 0 {
            self.room.add_permits(bytes);
        }
    }
}

/// Room that a caller holds while it looks for a place for its record. What is left of it goes
/// back when it is dropped, so a caller that gives up leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Grant<'a> {
    memory: &'a Memory,
    bytes: usize,
}

impl<'a> Grant<'a> {
    pub(crate) fn none(memory: &'a Memory) -> Self {
        Self { memory, bytes: 0 }
    }

    /// A grant of room that was taken before.
    pub(super) fn of(memory: &'a Memory, bytes: usize) -> Self {
        Self { memory, bytes }
    }

    /// Takes `bytes` out of the grant and, where it falls short, out of the free room.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let missing = bytes.saturating_sub(self.bytes);
        if missing > 0 && !self.memory.try_take(missing) {
            return false;
        }
        self.bytes = (self.bytes + missing) - bytes;
        true
    }

    /// Leaves the room taken, for whoever asked for it.
    pub(super) fn keep(mut self) {
        self.bytes = 0;
    }

    /// Waits until the grant holds `bytes`. Callers are served in the order in which they came.
    pub(crate) async fn fill(&mut self, bytes: usize) {
        let missing = bytes.saturating_sub(self.bytes);
        let Ok(wanted) = u32::try_from(missing) else { return };
        // The semaphore is never closed.
        if let Ok(permit) = self.memory.room.acquire_many(wanted).await {
            permit.forget();
            self.bytes += missing;
        }
    }
}

impl Drop for Grant<'_> {
    fn drop(&mut self) {
        self.memory.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_that_is_dropped_leaves_nothing_behind() {
        let memory = Memory::new(100);
        let mut grant = Grant::none(&memory);
        assert!(grant.take(60));
        let mut other = Grant::of(&memory, 0);
        assert!(!other.take(50));
        assert!(other.take(40));
        memory.give_back(100);
        drop(grant);
        drop(other);
        assert_eq!(memory.room.available_permits(), 100);
    }
}
