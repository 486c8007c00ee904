//! Zstandard (RFC 8878): frames and skippable frames follow each other, as libzstd reads them.
//!
//! The window is looked at in each frame's header before the frame is handed to a decoder: a
//! header of seven bytes can ask for terabytes.

#[cfg(feature = "zstd-c")]
#[path = "zstd_in_c.rs"]
mod library;
#[cfg(not(feature = "zstd-c"))]
#[path = "zstd_in_rust.rs"]
mod library;

pub(super) use library::{Context, Encoder};

use super::budget::DecompressionBudget;
use super::codec::Codec;
use super::error::{CompressionError, Scope};
use super::output::Output;

const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// The first magic number of the sixteen of skippable frames.
const SKIPPABLE: u32 = 0x184d_2a50;
/// A window above this is not kept for the next payload. The highest levels use 8 MiB for
/// anything that is not larger than usual.
const KEPT_WINDOW: u64 = 8 << 20;

pub(super) fn decompress(
    payload: &[u8],
    budget: &mut DecompressionBudget,
) -> Result<Vec<u8>, CompressionError> {
    let mut out = Output::new(Codec::Zstd, budget);
    let limit = budget.per_batch();
    let mut context = budget.contexts.zstd.take().unwrap_or_default();
    let mut largest = 0;
    let mut rest = payload;
    while !rest.is_empty() {
        if let Some(behind) = after_skippable(rest, &out)? {
            rest = behind;
            continue;
        }
        let header = read_header(rest, &out)?;
        largest = header.window.max(largest);
        let mut expected = 0;
        if let Some(size) = header.content_size {
            let size = usize::try_from(size).map_err(|_| out.too_large())?;
            if size > out.left() {
                return Err(out.too_large());
            }
            expected = size.min(rest.len().saturating_mul(MOST_EXPECTED));
        }
        if header.window > limit as u64 {
            return Err(CompressionError::Window {
                codec: Codec::Zstd,
                window: header.window,
                limit,
                scope: Scope::Batch,
            });
        }
        out.expect(expected)?;
        let start = out.len();
        rest = context.read_frame(rest, &header, &mut out)?;
        let size = (out.len() - start) as u64;
        if header.content_size.is_some_and(|said| said != size) {
            return Err(out.corrupt("a frame has another size than it says"));
        }
    }
    if largest <= KEPT_WINDOW {
        budget.contexts.zstd = Some(context);
    }
    Ok(out.finish())
}

/// Up to this expansion a frame is believed what it says it decompresses to; one that really is
/// better compressed lets the buffer grow.
const MOST_EXPECTED: usize = 256;

/// What the header of a frame says.
pub(super) struct Header {
    window: u64,
    content_size: Option<u64>,
    #[cfg_attr(feature = "zstd-c", expect(dead_code, reason = "the C library verifies it"))]
    has_checksum: bool,
}

/// What stands behind a skippable frame, if one begins here.
fn after_skippable<'a>(
    bytes: &'a [u8],
    out: &Output,
) -> Result<Option<&'a [u8]>, CompressionError> {
    let mut rest = bytes;
    if u32::from_le_bytes(take(&mut rest, out)?) & !0xf != SKIPPABLE {
        return Ok(None);
    }
    let length = u32::from_le_bytes(take(&mut rest, out)?);
    let behind = rest.get(length as usize..).ok_or_else(|| cut_short(out))?;
    Ok(Some(behind))
}

fn read_header(mut rest: &[u8], out: &Output) -> Result<Header, CompressionError> {
    let rest = &mut rest;
    if take(rest, out)? != MAGIC {
        return Err(out.corrupt("it does not begin as a frame"));
    }
    let [descriptor] = take(rest, out)?;
    let single_segment = descriptor & 1 << 5 != 0;
    let window = if single_segment { None } else { Some(take::<1>(rest, out)?) };
    let dictionary = match descriptor & 3 {
        0 => 0,
        1 => u32::from(take::<1>(rest, out)?[0]),
        2 => u32::from(u16::from_le_bytes(take(rest, out)?)),
        _ => u32::from_le_bytes(take(rest, out)?),
    };
    if dictionary != 0 {
        let what = "a dictionary";
        return Err(CompressionError::Unsupported { codec: Codec::Zstd, what });
    }
    let content_size = match descriptor >> 6 {
        0 if single_segment => Some(u64::from(take::<1>(rest, out)?[0])),
        0 => None,
        1 => Some(u64::from(u16::from_le_bytes(take(rest, out)?)) + 256),
        2 => Some(u64::from(u32::from_le_bytes(take(rest, out)?))),
        _ => Some(u64::from_le_bytes(take(rest, out)?)),
    };
    let window = match window {
        None => content_size.unwrap_or_default(),
        Some([window]) => {
            let base = 1_u64 << (10 + (window >> 3));
            base + base / 8 * u64::from(window & 7)
        }
    };
    Ok(Header { window, content_size, has_checksum: descriptor & 1 << 2 != 0 })
}

fn take<const N: usize>(rest: &mut &[u8], out: &Output) -> Result<[u8; N], CompressionError> {
    let (taken, behind) = rest.split_first_chunk().ok_or_else(|| cut_short(out))?;
    *rest = behind;
    Ok(*taken)
}

fn cut_short(out: &Output) -> CompressionError {
    out.corrupt("it is cut short")
}
