//! Cutting a sealed batch into smaller ones, for a broker that finds it too large (KIP-126).

use super::builder::BatchBuilder;
use super::error::{BatchError, BatchErrorKind};
use super::header::HEADER_LEN;
use super::sealed::SealedBatch;

impl SealedBatch {
    /// Cuts the batch into two with about as many records each; the first has the smaller half of
    /// an odd count. Order, timestamps and headers are kept. A batch of one record comes back
    /// alone.
    ///
    /// # Errors
    /// If the batch is compressed with a codec that is not part of this build.
    pub fn halves(&self) -> Result<Vec<Self>, BatchError> {
        let half = (self.count() / 2).max(1);
        self.cut(|batch| batch.count() >= half && half < self.count(), 2)
    }

    /// Cuts the batch into batches of one record each, in order.
    ///
    /// # Errors
    /// If the batch is compressed with a codec that is not part of this build.
    pub fn singles(&self) -> Result<Vec<Self>, BatchError> {
        self.cut(|_| true, self.count())
    }

    /// Cuts the batch into batches of at most `max_size` bytes each, header included, in order. A
    /// record that is larger stands alone.
    ///
    /// # Errors
    /// If the batch is compressed with a codec that is not part of this build.
    pub fn pieces(&self, max_size: usize) -> Result<Vec<Self>, BatchError> {
        let batch = self.to_batch();
        let mut pieces = Vec::new();
        let mut open = BatchBuilder::new(max_size.min(self.payload_len()));
        for record in batch.records()? {
            let record = record?;
            let headers: Vec<_> = record.headers().collect();
            let size = open.encoded_size(record.timestamp, record.key, record.value, &headers);
            if !open.is_empty() && open.size() + size > max_size {
                let next = BatchBuilder::new(open.capacity());
                pieces.push(std::mem::replace(&mut open, next).seal());
            }
            open.append(record.timestamp, record.key, record.value, &headers)
                .map_err(|_| batch.header.error(BatchErrorKind::Overflow))?;
        }
        pieces.push(open.seal());
        Ok(pieces)
    }

    /// Closes a piece as soon as `full` says so, but never makes more than `most` pieces.
    fn cut(
        &self,
        full: impl Fn(&BatchBuilder) -> bool,
        most: usize,
    ) -> Result<Vec<Self>, BatchError> {
        let batch = self.to_batch();
        let mut pieces = Vec::with_capacity(most);
        let room = (self.payload_len() / most.max(1)).max(HEADER_LEN);
        let mut open = BatchBuilder::new(room);
        for record in batch.records()? {
            let record = record?;
            if !open.is_empty() && full(&open) && pieces.len() + 1 < most {
                pieces.push(std::mem::replace(&mut open, BatchBuilder::new(room)).seal());
            }
            let headers: Vec<_> = record.headers().collect();
            open.append(record.timestamp, record.key, record.value, &headers)
                .map_err(|_| batch.header.error(BatchErrorKind::Overflow))?;
        }
        pieces.push(open.seal());
        Ok(pieces)
    }
}
