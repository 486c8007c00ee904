//! How much may be decompressed: by one batch, and by all batches of a fetch.

use std::fmt;

use super::codec::Codec;
use super::error::{CompressionError, Scope};

/// How many bytes one batch, and all batches of one fetch, may decompress to.
///
/// It is what bounds memory against payloads that were made to have none: no decompressor
/// allocates more for what it decompresses to, whatever the bytes announce. A buffer that has to
/// grow exists twice for a moment, and Zstandard keeps a window beside it: it may ask for as many
/// bytes as one batch may have, and gets at most twice that, and 1.5 MiB for its tables.
///
/// Allow a batch 2 MiB at least: the Java client's Zstandard asks for a window of that size,
/// whatever it compresses.
///
/// The tables that decompressors work with are kept here from batch to batch, so use one budget for
/// many batches, and [`DecompressionBudget::renew`] it for the next fetch.
pub struct DecompressionBudget {
    per_batch: usize,
    per_fetch: usize,
    left: usize,
    pub(super) contexts: Contexts,
}

/// What decompressors keep between payloads.
#[derive(Default)]
pub(super) struct Contexts {
    #[cfg(feature = "compression-gzip")]
    pub(super) inflate: Option<Box<flate2::Decompress>>,
    #[cfg(any(feature = "compression-zstd", feature = "zstd-c"))]
    pub(super) zstd: Option<super::zstd::Context>,
}

impl DecompressionBudget {
    /// A budget for one fetch. A batch may have at most what the whole fetch may.
    pub fn new(per_batch: usize, per_fetch: usize) -> Self {
        let per_batch = per_batch.min(per_fetch);
        Self { per_batch, per_fetch, left: per_fetch, contexts: Contexts::default() }
    }

    /// A budget for one batch alone.
    pub fn for_one_batch(limit: usize) -> Self {
        Self::new(limit, limit)
    }

    /// What one batch may decompress to, however much is left.
    pub fn per_batch(&self) -> usize {
        self.per_batch
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

    pub(super) fn scope(&self) -> Scope {
        if self.left < self.per_batch { Scope::Fetch } else { Scope::Batch }
    }

    pub(super) fn too_large(&self, codec: Codec) -> CompressionError {
        CompressionError::TooLarge { codec, limit: self.limit(), scope: self.scope() }
    }
}

impl fmt::Debug for DecompressionBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecompressionBudget")
            .field("per_batch", &self.per_batch)
            .field("per_fetch", &self.per_fetch)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_may_have_what_is_left_of_the_fetch_and_never_more_than_a_batch() {
        let mut budget = DecompressionBudget::new(60, 100);
        assert_eq!((budget.limit(), budget.scope()), (60, Scope::Batch));
        budget.spend(50);
        assert_eq!((budget.limit(), budget.scope(), budget.spent()), (50, Scope::Fetch, 50));
        budget.renew();
        assert_eq!((budget.limit(), budget.left()), (60, 100));
    }

    #[test]
    fn a_fetch_smaller_than_a_batch_never_asks_to_try_again_in_vain() {
        let budget = DecompressionBudget::new(100, 10);
        assert_eq!((budget.limit(), budget.scope()), (10, Scope::Batch));
    }
}
