//! Cutting a sealed batch into smaller ones, for a broker that finds it too large (KIP-126).

use super::batch::Batch;
use super::builder::BatchBuilder;
use super::error::{BatchError, BatchErrorKind};
use super::header::HEADER_LEN;
use super::sealed::SealedBatch;
use crate::compression::{Compressor, DecompressionBudget};

/// A payload smaller than the window it was compressed with still asks for the window.
const LARGEST_WINDOW: usize = 1 << 20;

impl SealedBatch {
    /// Cuts the batch into two with about as many records each; the first has the smaller half of
    /// an odd count. Order, timestamps, headers and compression are kept. A batch of one record
    /// comes back alone.
    ///
    /// # Errors
    /// If the batch cannot be decompressed, which it always can if it was sealed here.
    pub fn halves(&self) -> Result<Vec<Self>, BatchError> {
        let half = (self.count() / 2).max(1);
        self.cut(2, |batch, _| batch.count() >= half && half < self.count())
    }

    /// Cuts the batch into batches of one record each, in order.
    ///
    /// # Errors
    /// As [`SealedBatch::halves`].
    pub fn singles(&self) -> Result<Vec<Self>, BatchError> {
        self.cut(self.count(), |_, _| true)
    }

    /// Cuts the batch into batches of at most `max_size` bytes each, header included, in order. A
    /// record that is larger stands alone.
    ///
    /// How far records compress is only known afterwards: pieces are cut as if they compressed like
    /// the whole batch does, and halved as often as that turns out wrong.
    ///
    /// # Errors
    /// As [`SealedBatch::halves`].
    pub fn pieces(&self, max_size: usize) -> Result<Vec<Self>, BatchError> {
        let room = max_size.saturating_sub(HEADER_LEN) as u128;
        let plain = room * self.plain_len() as u128 / self.payload_len().max(1) as u128;
        let plain = usize::try_from(plain).unwrap_or(usize::MAX);
        let pieces = self.cut(usize::MAX, |open, next| open.len() + next > plain)?;
        let mut small = Vec::with_capacity(pieces.len());
        for piece in pieces {
            piece.halve_until(max_size, &mut small)?;
        }
        Ok(small)
    }

    fn halve_until(self, max_size: usize, out: &mut Vec<Self>) -> Result<(), BatchError> {
        if self.size() <= max_size || self.count() <= 1 {
            out.push(self);
            return Ok(());
        }
        for half in self.halves()? {
            half.halve_until(max_size, out)?;
        }
        Ok(())
    }

    /// Closes a piece as soon as `full`, given the piece and the size of the next record, says so,
    /// but never makes more than `most` pieces.
    fn cut(
        &self,
        most: usize,
        full: impl Fn(&BatchBuilder, usize) -> bool,
    ) -> Result<Vec<Self>, BatchError> {
        let batch = self.plain()?;
        let compressor = Compressor::new(self.compression());
        let mut compressor = compressor.map_err(|error| batch.header.error(error.into()))?;
        let mut seal = |open: BatchBuilder| match open.seal_with(&mut compressor) {
            Ok((sealed, _)) => Ok(sealed),
            Err(error) => Err(batch.header.error(error.into())),
        };
        let room = (self.plain_len() / most.clamp(1, self.count().max(1))).max(HEADER_LEN);
        let mut pieces = Vec::new();
        let mut open = BatchBuilder::new(room);
        for record in batch.records()? {
            let record = record?;
            let headers: Vec<_> = record.headers().collect();
            let size = open.encoded_size(record.timestamp, record.key, record.value, &headers);
            if !open.is_empty() && pieces.len() + 1 < most && full(&open, size) {
                pieces.push(seal(std::mem::replace(&mut open, BatchBuilder::new(room)))?);
            }
            open.append(record.timestamp, record.key, record.value, &headers)
                .map_err(|_| batch.header.error(BatchErrorKind::Overflow))?;
        }
        pieces.push(seal(open)?);
        Ok(pieces)
    }

    fn plain(&self) -> Result<Batch, BatchError> {
        let limit = self.plain_len().max(LARGEST_WINDOW);
        self.to_batch().decompressed(&mut DecompressionBudget::for_one_batch(limit))
    }
}
