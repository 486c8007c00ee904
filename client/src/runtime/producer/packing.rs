//! Turns batches that take no more records into what is sent: compressed, and cut where they came
//! out too large.
//!
//! It runs in the producer's task, so that callers of `send` do not pay for it, and so that runs
//! are replayed alike: no thread is involved.

use milena_protocol::compression::{CompressionError, Compressor};
use milena_protocol::records::{BatchBuilder, SealedBatch};

use super::accumulator::Shared;
use super::ratio::RatioEstimate;
use crate::config::producer::ProducerConfig;

/// Bytes that are compressed before other tasks and the answers of brokers get their turn: about a
/// millisecond of LZ4, ten of gzip.
const PER_TURN: usize = 512 * 1024;

/// What seals batches.
pub(super) struct Packer {
    /// None where nothing is compressed.
    compressor: Option<Compressor>,
    batch_size: usize,
    max_request_size: usize,
    this_turn: usize,
}

impl Packer {
    pub(super) fn new(config: &ProducerConfig) -> Self {
        let compression = config.compression;
        let compressor = (compression.codec() != milena_protocol::compression::Codec::None)
            .then(|| Compressor::new(compression).expect("the codec was looked at by check"));
        Self {
            compressor,
            batch_size: config.batch_size,
            max_request_size: config.max_request_size,
            this_turn: 0,
        }
    }

    /// Whether batches take less memory once they are sealed.
    pub(super) fn compresses(&self) -> bool {
        self.compressor.is_some()
    }

    /// Begins another turn of the task.
    pub(super) fn rested(&mut self) {
        self.this_turn = 0;
    }

    /// Whether enough was compressed in this turn.
    pub(super) fn is_tired(&self) -> bool {
        self.this_turn >= PER_TURN
    }

    /// Seals a batch. Several come of one that compressed worse than was estimated and is larger
    /// than a request may be.
    pub(super) fn pack(
        &mut self,
        shared: &Shared,
        ratio: &RatioEstimate,
        open: BatchBuilder,
    ) -> Result<Vec<SealedBatch>, CompressionError> {
        let Some(compressor) = &mut self.compressor else { return Ok(vec![open.seal()]) };
        self.this_turn += open.len();
        let (sealed, buffer) = open.seal_with(compressor)?;
        shared.recycle(buffer);
        ratio.observe(&sealed);
        if sealed.size() > self.max_request_size && sealed.count() > 1 {
            ratio.give_up();
            // What was compressed here can be decompressed; if not, the broker has a say.
            let pieces = sealed.pieces(self.batch_size);
            return Ok(pieces.unwrap_or_else(|_| vec![sealed]));
        }
        Ok(vec![sealed])
    }
}
