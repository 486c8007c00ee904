//! Decompressed bytes as they come, never more than a budget allows.

use super::DecompressionBudget;
use super::codec::Codec;
use super::error::{CompressionError, Scope};

/// What a decompressor writes to. Nothing beyond the limit is ever allocated: not for what a
/// payload announces, nor for the growth of the buffer.
#[derive(Debug)]
pub(super) struct Output {
    /// What was written, and then zeros that can be written to.
    bytes: Vec<u8>,
    written: usize,
    codec: Codec,
    limit: usize,
    scope: Scope,
}

impl Output {
    pub(super) fn new(codec: Codec, budget: &DecompressionBudget) -> Self {
        let (limit, scope) = (budget.limit(), budget.scope());
        Self { bytes: Vec::new(), written: 0, codec, limit, scope }
    }

    /// What was written from there on.
    pub(super) fn since(&self, start: usize) -> &[u8] {
        &self.bytes[start..self.written]
    }

    pub(super) fn len(&self) -> usize {
        self.written
    }

    /// How many bytes may still come.
    pub(super) fn left(&self) -> usize {
        self.limit.saturating_sub(self.written)
    }

    pub(super) fn too_large(&self) -> CompressionError {
        CompressionError::TooLarge { codec: self.codec, limit: self.limit, scope: self.scope }
    }

    pub(super) fn corrupt(&self, fault: &'static str) -> CompressionError {
        CompressionError::Corrupt { codec: self.codec, fault }
    }

    /// Makes room for so many bytes. The buffer at least doubles, so that many small pieces do not
    /// move it again and again.
    pub(super) fn reserve(&mut self, more: usize) -> Result<(), CompressionError> {
        if more > self.left() {
            return Err(self.too_large());
        }
        let needed = self.written + more;
        let capacity = self.bytes.capacity();
        if needed > capacity {
            let grown = needed.max(capacity.saturating_mul(2)).min(self.limit);
            self.bytes.reserve_exact(grown - self.bytes.len());
        }
        Ok(())
    }

    /// Makes room because somebody says that so many bytes will come, who may be wrong.
    pub(super) fn expect(&mut self, bytes: usize) -> Result<(), CompressionError> {
        self.reserve(bytes.min(self.left()))
    }

    /// Makes room for so many bytes and zeroes them. Memory that comes from the system is zero
    /// already, so this is cheapest in one go and at the beginning.
    pub(super) fn zero(&mut self, more: usize) -> Result<(), CompressionError> {
        if self.bytes.capacity() == 0 && more <= self.left() {
            self.bytes = vec![0; more];
            return Ok(());
        }
        self.reserve(more)?;
        if self.bytes.len() < self.written + more {
            self.bytes.resize(self.written + more, 0);
        }
        Ok(())
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), CompressionError> {
        self.reserve(bytes.len())?;
        let end = self.written + bytes.len();
        let over = self.bytes.len().min(end) - self.written;
        let (first, rest) = bytes.split_at(over);
        self.bytes[self.written..self.written + over].copy_from_slice(first);
        self.bytes.extend_from_slice(rest);
        self.written = end;
        Ok(())
    }

    /// Lets something write into so many bytes behind what is there, which it is also shown. It
    /// says how many it wrote.
    pub(super) fn write<E>(
        &mut self,
        most: usize,
        write: impl FnOnce(&[u8], &mut [u8]) -> Result<usize, E>,
    ) -> Result<Result<usize, E>, CompressionError> {
        self.zero(most)?;
        let (before, room) = self.bytes.split_at_mut(self.written);
        let written = write(before, &mut room[..most]);
        self.written += written.as_ref().map_or(0, |&written| written.min(most));
        Ok(written)
    }

    /// Lets a codec write to the end of the buffer, which it does not let grow.
    pub(super) fn fill<T>(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.bytes.truncate(self.written);
        let filled = fill(&mut self.bytes);
        self.written = self.bytes.len();
        filled
    }

    /// How many bytes can be written before the buffer has to grow.
    #[cfg(feature = "zstd-c")]
    pub(super) fn spare(&self) -> usize {
        self.bytes.capacity() - self.written
    }

    /// Whether the buffer has to grow before anything can be written.
    pub(super) fn is_full(&self) -> bool {
        self.written == self.bytes.capacity()
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.truncate(self.written);
        // Kept as long as the records are; what was reserved in vain is given back if it is much.
        if self.bytes.capacity() - self.written > self.written / 8 {
            self.bytes.shrink_to_fit();
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(limit: usize) -> Output {
        Output::new(Codec::Gzip, &DecompressionBudget::for_one_batch(limit))
    }

    #[test]
    fn the_buffer_doubles_but_never_passes_the_limit() {
        let mut out = output(100);
        for size in [40, 80, 100, 100] {
            out.append(&[7; 25]).expect("it is below the limit");
            assert!(out.bytes.capacity() <= size, "{} of {size}", out.bytes.capacity());
        }
        assert_eq!(out.left(), 0);
        assert_eq!(out.append(&[7]), Err(out.too_large()));
        assert_eq!(out.finish(), [7; 100]);
    }

    #[test]
    fn what_is_appended_takes_the_place_of_zeros() {
        let mut out = output(100);
        out.zero(5).expect("it is below the limit");
        out.append(b"abc").expect("it is below the limit");
        out.append(b"defg").expect("it is below the limit");
        let wrote = out.write(50, |before, room| {
            assert_eq!((before, room.len()), (&b"abcdefg"[..], 50));
            room[..2].copy_from_slice(b"hi");
            Ok::<_, ()>(2)
        });
        assert_eq!(wrote, Ok(Ok(2)));
        assert_eq!(out.since(3), b"defghi");
        assert_eq!(out.finish(), b"abcdefghi");
    }
}
