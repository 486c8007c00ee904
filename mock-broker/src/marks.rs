//! What is to be looked at later: keys noted again and again, and taken in order.

/// Above this, memory is not kept for the next ones.
const KEPT: usize = 1024;

/// Keys that are noted in any order, and taken in ascending order, each once. Noting one costs next
/// to nothing; the memory stays.
#[derive(Debug)]
pub(crate) struct Marks<T> {
    keys: Vec<T>,
}

impl<T> Default for Marks<T> {
    fn default() -> Self {
        Self { keys: Vec::new() }
    }
}

impl<T: Copy + Ord> Marks<T> {
    pub(crate) fn insert(&mut self, key: T) {
        if self.keys.last() != Some(&key) {
            self.keys.push(key);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The smallest.
    pub(crate) fn pop_first(&mut self) -> Option<T> {
        let first = self.keys.iter().min().copied()?;
        self.keys.retain(|key| *key != first);
        Some(first)
    }

    /// All of them, to look at.
    pub(crate) fn sorted(&mut self) -> &[T] {
        if !self.keys.is_sorted_by(|one, next| one < next) {
            self.keys.sort_unstable();
            self.keys.dedup();
        }
        &self.keys
    }

    /// All of them. To be given back.
    pub(crate) fn take(&mut self) -> Vec<T> {
        self.sorted();
        std::mem::take(&mut self.keys)
    }

    /// Takes the memory back of what was taken.
    pub(crate) fn give_back(&mut self, mut taken: Vec<T>) {
        if self.keys.is_empty() && taken.capacity() <= KEPT {
            taken.clear();
            self.keys = taken;
        }
    }
}

impl<T: Copy + Ord> Extend<T> for Marks<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, keys: I) {
        for key in keys {
            self.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_taken_in_order_and_each_once() {
        let mut marks = Marks::default();
        marks.extend([3, 1, 3, 2, 1, 1]);
        assert_eq!(marks.pop_first(), Some(1));
        marks.insert(4);
        let taken = marks.take();
        assert_eq!(taken, [2, 3, 4]);
        assert!(marks.is_empty());
        marks.insert(5);
        marks.give_back(taken);
        assert_eq!(marks.take(), [5]);
        assert_eq!(marks.pop_first(), None);
    }
}
