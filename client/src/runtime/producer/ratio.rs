//! How far the records of a topic compress, as an estimate (`CompressionRatioEstimator`).
//!
//! Records wait uncompressed in their batch, so how many bytes of them will fit `batch.size` has to
//! be guessed from the batches before. As in Apache Kafka's client the guess improves in small
//! steps and gets worse in large ones, since a batch that comes out too large costs more than one
//! with room left. One producer compresses with one codec, so there is one guess per topic.

use std::sync::atomic::{AtomicU32, Ordering};

use milena_protocol::records::{HEADER_LEN, SealedBatch};

/// The share of its size to which a topic's batches are expected to be compressed.
#[derive(Debug)]
pub(super) struct RatioEstimate(AtomicU32);

/// How far one batch may improve the estimate (`COMPRESSION_RATIO_IMPROVING_STEP`).
const IMPROVING_STEP: f32 = 0.005;
/// How far one batch makes it worse at least (`COMPRESSION_RATIO_DETERIORATE_STEP`).
const DETERIORATE_STEP: f32 = 0.05;
/// Room for estimates that are a little too good (`COMPRESSION_RATE_ESTIMATION_FACTOR`).
const SAFETY: f32 = 1.05;

impl Default for RatioEstimate {
    fn default() -> Self {
        Self(AtomicU32::new(1.0_f32.to_bits()))
    }
}

impl RatioEstimate {
    fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, ratio: f32) {
        self.0.store(ratio.to_bits(), Ordering::Relaxed);
    }

    /// Learns from a batch. Called by the producer's task alone.
    pub(super) fn observe(&self, batch: &SealedBatch) {
        let (observed, known) = (ratio_of(batch), self.get());
        if observed > known {
            self.set(observed.max(known + DETERIORATE_STEP));
        } else if observed < known {
            self.set(observed.max(known - IMPROVING_STEP));
        }
    }

    /// A batch came out larger than the broker or a request takes: the next are filled as if
    /// nothing could be compressed.
    pub(super) fn give_up(&self) {
        self.set(self.get().max(1.0));
    }

    /// How many bytes of records, a batch's header included, are expected to be compressed to
    /// `batch_size`; at most `most`.
    pub(super) fn plain_size(&self, batch_size: usize, most: usize) -> usize {
        let records = batch_size.saturating_sub(HEADER_LEN) as f32 / (self.get() * SAFETY);
        // Saturates; a ratio of zero gives all there is.
        let plain = HEADER_LEN.saturating_add(records as usize);
        plain.clamp(HEADER_LEN + 1, most)
    }
}

fn ratio_of(batch: &SealedBatch) -> f32 {
    batch.payload_len() as f32 / batch.plain_len().max(1) as f32
}

#[cfg(test)]
#[cfg(feature = "compression-lz4")]
mod tests {
    use milena_protocol::compression::Compression;
    use milena_protocol::records::{BatchBuilder, NO_HEADERS};

    use super::*;

    const BATCH: usize = 16 * 1024;

    fn batch(value: &[u8]) -> SealedBatch {
        let mut builder = BatchBuilder::new(value.len());
        builder.append(0, None, Some(value), NO_HEADERS).unwrap();
        builder.seal_compressed(Compression::lz4()).unwrap()
    }

    fn noise() -> Vec<u8> {
        let mut state = 1_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..10_000).map(next).collect()
    }

    #[test]
    fn at_first_nothing_is_expected_to_be_compressed() {
        let plain = RatioEstimate::default().plain_size(BATCH, 1 << 20);
        assert!((BATCH * 9 / 10..BATCH).contains(&plain), "{plain}");
    }

    #[test]
    fn an_estimate_improves_in_small_steps_and_gets_worse_in_large_ones() {
        let estimate = RatioEstimate::default();
        for _ in 0..100 {
            estimate.observe(&batch(&[7; 10_000]));
        }
        assert!((estimate.get() - 0.5).abs() < 0.01, "{}", estimate.get());
        assert!(estimate.plain_size(BATCH, 1 << 20) > BATCH * 18 / 10);
        estimate.observe(&batch(&noise()));
        assert!(estimate.get() >= 1.0, "{}", estimate.get());
    }

    #[test]
    fn a_batch_never_takes_more_than_the_most() {
        let estimate = RatioEstimate::default();
        for _ in 0..1_000 {
            estimate.observe(&batch(&[7; 10_000]));
        }
        assert_eq!(estimate.plain_size(BATCH, 100_000), 100_000);
    }

    #[test]
    fn a_batch_that_was_too_large_leads_back_to_the_beginning() {
        let estimate = RatioEstimate::default();
        estimate.observe(&batch(&[7; 10_000]));
        estimate.give_up();
        assert!((estimate.get() - 1.0).abs() < f32::EPSILON);
    }
}
