//! How much may be decompressed: by one batch, and by all batches of a fetch.

use super::codec::Codec;
use super::error::{CompressionError, Scope};

/// How many bytes one batch, and all batches of one fetch, may decompress to.
///
/// It is what bounds memory against payloads that were made to have none: no decompressor
/// allocates more than it allows, whatever the bytes announce.
#[derive(Debug)]
pub struct DecompressionBudget {
    per_batch: usize,
    per_fetch: usize,
    left: usize,
}

impl DecompressionBudget {
    /// A budget for one fetch. A batch may have at most what the whole fetch may.
    pub fn new(per_batch: usize, per_fetch: usize) -> Self {
        Self { per_batch: per_batch.min(per_fetch), per_fetch, left: per_fetch }
    }

    /// A budget for one batch alone.
    pub fn for_one_batch(limit: usize) -> Self {
        Self::new(limit, limit)
    }

    /// What the next batch may decompress to.
    pub fn limit(&self) -> usize {
        self.per_batch.min(self.left)
    }

    /// What is left for the fetch.
    pub fn left(&self) -> usize {
        self.left
    }

    /// What was decompressed since the fetch began.
    pub fn spent(&self) -> usize {
        self.per_fetch - self.left
    }

    /// Begins the next fetch.
    pub fn renew(&mut self) {
        self.left = self.per_fetch;
    }

    pub(super) fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// A batch that fails with [`Scope::Fetch`] may well be read with a fresh budget.
    fn scope(&self) -> Scope {
        if self.left < self.per_batch { Scope::Fetch } else { Scope::Batch }
    }

    pub(super) fn too_large(&self, codec: Codec) -> CompressionError {
        CompressionError::TooLarge { codec, limit: self.limit(), scope: self.scope() }
    }
}
