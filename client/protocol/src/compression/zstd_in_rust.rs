//! Zstandard by the crate `ruzstd`.

#[path = "zstd_block.rs"]
mod block;

use std::io::{self, Write};

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::CompressionLevel;
use twox_hash::XxHash64;

use super::Header;
use crate::compression::error::CompressionError;
use crate::compression::output::Output;

/// Keeps nothing between payloads: what `ruzstd` would keep makes the bytes it writes depend on what
/// it wrote before, and small payloads slower after a large one.
pub(in crate::compression) struct Encoder;

impl Encoder {
    /// There is one level, which [`crate::compression::Compression`] has made sure of.
    pub(in crate::compression) fn new(_level: i32) -> Result<Self, CompressionError> {
        Ok(Self)
    }

    pub(in crate::compression) fn compress(
        &mut self,
        payload: &[u8],
    ) -> Result<Vec<u8>, CompressionError> {
        Ok(ruzstd::encoding::compress_to_vec(payload, CompressionLevel::Fastest))
    }
}

/// What is kept between payloads.
#[derive(Default)]
pub(in crate::compression) struct Context {
    decoder: FrameDecoder,
}

impl Context {
    /// Reads one frame and gives what stands behind it.
    pub(super) fn read_frame<'a>(
        &mut self,
        frame: &'a [u8],
        header: &Header,
        out: &mut Output,
    ) -> Result<&'a [u8], CompressionError> {
        let start = out.len();
        let mut rest = frame;
        // The window was found to be within the budget.
        self.decoder.set_max_window_size(header.window);
        self.decoder.init(&mut rest).map_err(|error| corrupt(&error, out))?;
        loop {
            if !block::is_possible(rest) {
                return Err(out.corrupt("a block announces more than a block may hold"));
            }
            let step = BlockDecodingStrategy::UptoBlocks(1);
            let finished = self.decoder.decode_blocks(&mut rest, step);
            let finished = finished.map_err(|error| corrupt(&error, out))?;
            let ready = self.decoder.can_collect();
            out.reserve(ready)?;
            self.decoder.collect_to_writer(Drain(out)).map_err(|_| out.too_large())?;
            if finished {
                break;
            }
        }
        if header.has_checksum {
            let found = XxHash64::oneshot(0, out.since(start)) as u32;
            if self.decoder.get_checksum_from_data() != Some(found) {
                return Err(out.corrupt("a frame has another checksum than it says"));
            }
        }
        Ok(rest)
    }
}

fn corrupt(error: &FrameDecoderError, out: &Output) -> CompressionError {
    out.corrupt(match error {
        FrameDecoderError::ReadFrameHeaderError(_) | FrameDecoderError::FrameHeaderError(_) => {
            "a frame has a header that cannot be read"
        }
        FrameDecoderError::FailedToReadBlockHeader(_) => "a block has no header",
        FrameDecoderError::FailedToReadChecksum(_) => "it ends within a checksum",
        _ => "a block cannot be read",
    })
}

/// The end of an output.
struct Drain<'a>(&'a mut Output);

impl Write for Drain<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
