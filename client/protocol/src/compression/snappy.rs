//! snappy, in the framing of xerial's library, which the Java client writes, and raw, which
//! librdkafka writes. Read as `org.xerial.snappy.SnappyInputStream` reads it.
//!
//! The framing: 16 bytes of header, then chunks, each a length of four bytes and raw snappy. What
//! does not begin with the header's magic is raw. The versions in the header are not looked at.

use snap::raw::{Decoder, Encoder as RawEncoder, decompress_len, max_compress_len};

use super::budget::DecompressionBudget;
use super::codec::Codec;
use super::error::CompressionError;
use super::output::Output;

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
/// The version written, and the oldest that can read it.
const VERSION: [u8; 4] = 1_u32.to_be_bytes();
const HEADER_LEN: usize = 16;
/// Bytes before they are compressed, as the Java client cuts them.
const CHUNK: usize = 32 << 10;
/// The most that a byte of snappy can stand for: three of them copy 64.
const MOST_EXPANSION: usize = 64;

pub(super) struct Encoder {
    raw: RawEncoder,
    /// Where a chunk is compressed to; small enough to stay in the cache.
    scratch: Vec<u8>,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self { raw: RawEncoder::new(), scratch: vec![0; max_compress_len(CHUNK)] }
    }

    pub(super) fn compress(&mut self, payload: &[u8]) -> Result<Vec<u8>, CompressionError> {
        // What does not compress grows by little: a tag for each 64 KiB.
        let chunks = payload.len().div_ceil(CHUNK);
        let mut out = Vec::with_capacity(HEADER_LEN + payload.len() + 16 * chunks);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION);
        out.extend_from_slice(&VERSION);
        for chunk in payload.chunks(CHUNK) {
            let size = self.raw.compress(chunk, &mut self.scratch).map_err(|_| {
                CompressionError::Failed { codec: Codec::Snappy, fault: "there is no room" }
            })?;
            out.extend_from_slice(&(size as u32).to_be_bytes());
            out.extend_from_slice(&self.scratch[..size]);
        }
        Ok(out)
    }
}

pub(super) fn decompress(
    payload: &[u8],
    budget: &DecompressionBudget,
) -> Result<Vec<u8>, CompressionError> {
    let mut out = Output::new(Codec::Snappy, budget);
    if payload.is_empty() {
        return Err(out.corrupt("it is empty"));
    }
    if !payload.starts_with(&MAGIC) {
        read_chunk(payload, &mut out)?;
        return Ok(out.finish());
    }
    // Every chunk says what it decompresses to, so the whole is known before anything is read.
    let mut whole = 0_usize;
    let mut rest = payload;
    while let Some(chunk) = next_chunk(&mut rest, &out)? {
        whole = whole.saturating_add(announced(chunk, &out)?);
    }
    out.zero(whole)?;
    let mut rest = payload;
    while let Some(chunk) = next_chunk(&mut rest, &out)? {
        read_chunk(chunk, &mut out)?;
    }
    Ok(out.finish())
}

/// The next chunk, headers passed: one stands wherever streams were concatenated, and is known by
/// the first half of its magic. Less than a length at the end ends the chunks.
fn next_chunk<'a>(rest: &mut &'a [u8], out: &Output) -> Result<Option<&'a [u8]>, CompressionError> {
    while rest.starts_with(&MAGIC[..4]) {
        *rest = rest.get(HEADER_LEN..).ok_or_else(|| out.corrupt("it ends within a header"))?;
    }
    let Some((length, behind)) = rest.split_first_chunk() else { return Ok(None) };
    let (chunk, behind) = usize::try_from(i32::from_be_bytes(*length))
        .ok()
        .and_then(|length| behind.split_at_checked(length))
        .ok_or_else(|| out.corrupt("a chunk is cut short"))?;
    *rest = behind;
    Ok(Some(chunk))
}

/// What a chunk says that it decompresses to, if it can be true.
fn announced(chunk: &[u8], out: &Output) -> Result<usize, CompressionError> {
    let length = decompress_len(chunk).map_err(|_| out.corrupt("a chunk has no length"))?;
    if chunk.is_empty() || length > chunk.len().saturating_mul(MOST_EXPANSION) {
        return Err(out.corrupt("a chunk is too short for its length"));
    }
    Ok(length)
}

fn read_chunk(chunk: &[u8], out: &mut Output) -> Result<(), CompressionError> {
    let length = announced(chunk, out)?;
    let read = out.write(length, |_, room| Decoder::new().decompress(chunk, room))?;
    read.map(drop).map_err(|_| out.corrupt("a chunk cannot be read"))
}
