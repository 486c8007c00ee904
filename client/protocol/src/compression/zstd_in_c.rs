//! Zstandard by its C library.

use zstd::zstd_safe::{
    CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective, compress_bound,
};

use super::Header;
use crate::compression::codec::Codec;
use crate::compression::error::CompressionError;
use crate::compression::output::Output;

/// How much is written at once where a frame does not say what it decompresses to.
const STEP: usize = 128 << 10;

pub(in crate::compression) struct Encoder {
    context: CCtx<'static>,
}

impl Encoder {
    pub(in crate::compression) fn new(level: i32) -> Result<Self, CompressionError> {
        let mut context = CCtx::create();
        context.set_parameter(CParameter::CompressionLevel(level)).map_err(|_| failed())?;
        Ok(Self { context })
    }

    pub(in crate::compression) fn compress(
        &mut self,
        payload: &[u8],
    ) -> Result<Vec<u8>, CompressionError> {
        let mut out = Vec::with_capacity(compress_bound(payload.len()));
        self.context.compress2(&mut out, payload).map_err(|_| failed())?;
        Ok(out)
    }
}

fn failed() -> CompressionError {
    CompressionError::Failed { codec: Codec::Zstd, fault: "the C library refuses" }
}

/// What is kept between payloads.
pub(in crate::compression) struct Context {
    context: DCtx<'static>,
}

impl Default for Context {
    fn default() -> Self {
        Self { context: DCtx::create() }
    }
}

impl Context {
    /// Reads one frame and gives what stands behind it.
    pub(super) fn read_frame<'a>(
        &mut self,
        frame: &'a [u8],
        header: &Header,
        out: &mut Output,
    ) -> Result<&'a [u8], CompressionError> {
        // The window was found to be within the budget.
        let log = header.window.next_power_of_two().trailing_zeros().clamp(10, 31);
        let ready = self.context.reset(ResetDirective::SessionOnly);
        let ready = ready.and_then(|_| self.context.set_parameter(DParameter::WindowLogMax(log)));
        ready.map_err(|_| out.corrupt("the C library refuses its window"))?;
        let mut input = InBuffer::around(frame);
        loop {
            let (read, written) = (input.pos(), out.len());
            let full = out.left() == 0;
            let hint = if full {
                // Only the end may come, and this would show that something else does.
                let mut probe = [0_u8];
                let mut output = OutBuffer::around(&mut probe[..]);
                let hint = self.context.decompress_stream(&mut output, &mut input);
                if output.pos() > 0 {
                    return Err(out.too_large());
                }
                hint
            } else {
                let room = out.spare().max(STEP).min(out.left());
                let mut hint = 0;
                let done = out.write(room, |_, room| {
                    let mut output = OutBuffer::around(room);
                    hint = self.context.decompress_stream(&mut output, &mut input)?;
                    Ok(output.pos())
                })?;
                done.map(|_| hint)
            };
            if hint.map_err(|_| out.corrupt("a block cannot be read"))? == 0 {
                return Ok(&frame[input.pos()..]);
            }
            if read == input.pos() && written == out.len() {
                return Err(out.corrupt("it is cut short"));
            }
        }
    }
}
