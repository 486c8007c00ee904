//! LZ4 frames.
//!
//! Written as the Java client writes them (`Lz4BlockOutputStream`): independent blocks of 64 KiB,
//! no checksums, no content size. Read as `Lz4BlockInputStream` reads them: a frame without its end
//! mark is an error, and what stands behind the first frame is left alone. Beyond it linked blocks
//! are read, because other clients use other libraries, and content checksums and sizes verified.

use lz4_flex::block::{self, CompressTable, DecompressError};
use twox_hash::XxHash32;

use super::budget::DecompressionBudget;
use super::codec::Codec;
use super::error::CompressionError;
use super::output::Output;

const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
/// Magic, version 1 with independent blocks, blocks of 64 KiB, and the checksum of the two.
const HEADER: [u8; 7] = [MAGIC[0], MAGIC[1], MAGIC[2], MAGIC[3], 0x60, 0x40, 0x82];
const END_MARK: [u8; 4] = [0; 4];
/// Bytes before they are compressed.
const BLOCK: usize = 64 << 10;
/// Set in the length of a block that is not compressed.
const STORED: u32 = 1 << 31;
/// How far back a linked block may reach.
const WINDOW: usize = 64 << 10;
/// The most that a byte of a block can stand for.
const MOST_EXPANSION: usize = 255;

pub(super) struct Encoder {
    table: CompressTable,
    /// Where a block is compressed to; small enough to stay in the cache.
    scratch: Vec<u8>,
}

impl Encoder {
    pub(super) fn new() -> Self {
        let scratch = vec![0; block::get_maximum_output_size(BLOCK)];
        Self { table: CompressTable::large(), scratch }
    }

    pub(super) fn compress(&mut self, payload: &[u8]) -> Result<Vec<u8>, CompressionError> {
        let marks = 4 * payload.len().div_ceil(BLOCK) + END_MARK.len();
        // No block takes more than it had.
        let mut out = Vec::with_capacity(HEADER.len() + payload.len() + marks);
        out.extend_from_slice(&HEADER);
        for plain in payload.chunks(BLOCK) {
            let size = block::compress_into_with_table(plain, &mut self.scratch, &mut self.table)
                .map_err(|_| CompressionError::Failed {
                codec: Codec::Lz4,
                fault: "there is no room",
            })?;
            let (block, mark) = if size < plain.len() {
                (&self.scratch[..size], size as u32)
            } else {
                (plain, plain.len() as u32 | STORED)
            };
            out.extend_from_slice(&mark.to_le_bytes());
            out.extend_from_slice(block);
        }
        out.extend_from_slice(&END_MARK);
        Ok(out)
    }
}

pub(super) fn decompress(
    payload: &[u8],
    budget: &DecompressionBudget,
) -> Result<Vec<u8>, CompressionError> {
    let mut out = Output::new(Codec::Lz4, budget);
    read_frame(payload, &mut out)?;
    Ok(out.finish())
}

/// What the header of a frame says.
struct Frame {
    blocks: Blocks,
    block_checksums: bool,
    content_checksum: bool,
    content_size: Option<u64>,
    largest_block: usize,
}

/// Whether a block may refer to those before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blocks {
    Independent,
    Linked,
}

fn read_frame(bytes: &[u8], out: &mut Output) -> Result<(), CompressionError> {
    let (frame, mut rest) = read_header(bytes, out)?;
    out.zero(most_of_frame(&frame, rest).min(out.left()))?;
    while let Some(block) = next_block(&frame, &mut rest, out)? {
        read_block(&frame, block, out)?;
    }
    let content = out.since(0);
    if frame.content_checksum
        && take(&mut rest, out)? != XxHash32::oneshot(0, content).to_le_bytes()
    {
        return Err(out.corrupt("its content has another checksum than it says"));
    }
    if frame.content_size.is_some_and(|size| size != content.len() as u64) {
        return Err(out.corrupt("its content has another size than it says"));
    }
    Ok(())
}

fn read_header<'a>(bytes: &'a [u8], out: &Output) -> Result<(Frame, &'a [u8]), CompressionError> {
    let unsupported = |what| Err(CompressionError::Unsupported { codec: Codec::Lz4, what });
    let mut rest = bytes;
    if take(&mut rest, out)? != MAGIC {
        return Err(out.corrupt("it does not begin as a frame"));
    }
    let descriptor = rest;
    let [flags, sizes] = take(&mut rest, out)?;
    let flag = |bit: u8| flags >> bit & 1 == 1;
    if flags >> 6 != 1 || flag(1) || sizes & 0x8f != 0 {
        return unsupported("an unknown version or reserved flags");
    }
    if flag(0) {
        return unsupported("a dictionary");
    }
    let largest_block = match sizes >> 4 {
        size @ 4..=7 => 1 << (2 * size + 8),
        _ => return Err(out.corrupt("its blocks have an unknown size")),
    };
    let content_size = if flag(3) { Some(u64::from_le_bytes(take(&mut rest, out)?)) } else { None };
    let descriptor = &descriptor[..descriptor.len() - rest.len()];
    let [checksum] = take(&mut rest, out)?;
    if checksum != (XxHash32::oneshot(0, descriptor) >> 8) as u8 {
        return Err(out.corrupt("its header has another checksum than it says"));
    }
    let frame = Frame {
        blocks: if flag(5) { Blocks::Independent } else { Blocks::Linked },
        block_checksums: flag(4),
        content_checksum: flag(2),
        content_size,
        largest_block,
    };
    Ok((frame, rest))
}

/// A block as it stands in a frame.
#[derive(Clone, Copy)]
enum Block<'a> {
    Packed(&'a [u8]),
    Stored(&'a [u8]),
}

/// The next block, or nothing at the end mark.
fn next_block<'a>(
    frame: &Frame,
    rest: &mut &'a [u8],
    out: &Output,
) -> Result<Option<Block<'a>>, CompressionError> {
    let mark = u32::from_le_bytes(take(rest, out)?);
    let size = (mark & !STORED) as usize;
    if size == 0 {
        return Ok(None);
    }
    if size > frame.largest_block {
        return Err(out.corrupt("a block is larger than its frame allows"));
    }
    let (block, behind) = rest.split_at_checked(size).ok_or_else(|| cut_short(out))?;
    *rest = behind;
    if frame.block_checksums && take(rest, out)? != XxHash32::oneshot(0, block).to_le_bytes() {
        return Err(out.corrupt("a block has another checksum than it says"));
    }
    Ok(Some(if mark & STORED == 0 { Block::Packed(block) } else { Block::Stored(block) }))
}

fn read_block(frame: &Frame, block: Block<'_>, out: &mut Output) -> Result<(), CompressionError> {
    let packed = match block {
        Block::Stored(bytes) => return out.append(bytes),
        Block::Packed(bytes) => bytes,
    };
    let most = largest_of_block(frame, packed);
    let room = most.min(out.left());
    let read = out.write(room, |before, room| match frame.blocks {
        Blocks::Independent => block::decompress_into(packed, room),
        Blocks::Linked => {
            let window = &before[before.len().saturating_sub(WINDOW)..];
            block::decompress_into_with_dict(packed, room, window)
        }
    })?;
    match read {
        Ok(_) => Ok(()),
        Err(DecompressError::OutputTooSmall { .. }) if room < most => Err(out.too_large()),
        Err(_) => Err(out.corrupt("a block cannot be read")),
    }
}

/// The most that a block can decompress to.
fn largest_of_block(frame: &Frame, packed: &[u8]) -> usize {
    frame.largest_block.min(packed.len().saturating_mul(MOST_EXPANSION))
}

/// The most that the blocks of a frame can decompress to.
fn most_of_frame(frame: &Frame, mut rest: &[u8]) -> usize {
    let mut whole = 0_usize;
    while let Some((mark, behind)) = rest.split_first_chunk() {
        let mark = u32::from_le_bytes(*mark);
        let size = (mark & !STORED) as usize;
        let Some(block) = behind.get(..size).filter(|_| size > 0) else { break };
        let most = if mark & STORED == 0 { largest_of_block(frame, block) } else { size };
        whole = whole.saturating_add(most);
        let checksum = if frame.block_checksums { 4 } else { 0 };
        rest = behind.get(size + checksum..).unwrap_or_default();
    }
    whole
}

fn take<const N: usize>(rest: &mut &[u8], out: &Output) -> Result<[u8; N], CompressionError> {
    let (taken, behind) = rest.split_first_chunk().ok_or_else(|| cut_short(out))?;
    *rest = behind;
    Ok(*taken)
}

fn cut_short(out: &Output) -> CompressionError {
    out.corrupt("it is cut short")
}
