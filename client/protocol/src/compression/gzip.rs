//! gzip (RFC 1952), read as `java.util.zip.GZIPInputStream` reads it: members follow each other,
//! and what stands behind the last one is left alone.

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

use super::budget::DecompressionBudget;
use super::codec::Codec;
use super::error::CompressionError;
use super::output::Output;

/// Magic, deflate, no flags, no time, no extra flags, written by an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// Checksum and length of what was compressed.
const TRAILER_LEN: usize = 8;
/// The most that a byte of deflate can stand for.
const MOST_EXPANSION: usize = 1032;
/// By how much at least a buffer of unknown length grows.
const SMALLEST_GROWTH: usize = 16 << 10;

const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;

#[derive(Debug)]
pub(super) struct Encoder {
    deflate: Compress,
}

impl Encoder {
    pub(super) fn new(level: i32) -> Self {
        // Only -1 is negative, and stands for zlib's own choice.
        let level = u32::try_from(level).map_or_else(|_| Compression::default(), Compression::new);
        Self { deflate: Compress::new(level, false) }
    }

    pub(super) fn compress(&mut self, payload: &[u8]) -> Result<Vec<u8>, CompressionError> {
        let failed = |fault| CompressionError::Failed { codec: Codec::Gzip, fault };
        let mut out = Vec::with_capacity(payload.len() / 2 + SMALLEST_GROWTH);
        out.extend_from_slice(&HEADER);
        self.deflate.reset();
        let mut rest = payload;
        loop {
            let before = self.deflate.total_in();
            let status = self.deflate.compress_vec(rest, &mut out, FlushCompress::Finish);
            rest = &rest[(self.deflate.total_in() - before) as usize..];
            match status.map_err(|_| failed("deflate is in disorder"))? {
                Status::StreamEnd => break,
                Status::Ok | Status::BufError => out.reserve(rest.len() + SMALLEST_GROWTH),
            }
        }
        let mut crc = Crc::new();
        crc.update(payload);
        out.extend_from_slice(&crc.sum().to_le_bytes());
        // Modulo 2^32, as the format says.
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        Ok(out)
    }
}

pub(super) fn decompress(
    payload: &[u8],
    budget: &mut DecompressionBudget,
) -> Result<Vec<u8>, CompressionError> {
    let mut out = Output::new(Codec::Gzip, budget);
    let inflate = budget.contexts.inflate.get_or_insert_with(|| Box::new(Decompress::new(false)));
    let mut rest = after_header(payload).ok_or_else(|| out.corrupt("it has no header"))?;
    out.expect(announced(payload))?;
    loop {
        let start = out.len();
        inflate.reset(false);
        rest = inflate_member(inflate, rest, &mut out)?;
        let (trailer, behind) = rest
            .split_first_chunk::<TRAILER_LEN>()
            .ok_or_else(|| out.corrupt("it ends within a trailer"))?;
        check_trailer(*trailer, &out, start)?;
        match after_header(behind) {
            Some(member) => rest = member,
            None => return Ok(out.finish()),
        }
    }
}

/// The length at the end, which is that of the last member if nothing follows it.
fn announced(payload: &[u8]) -> usize {
    let length = payload.last_chunk().map_or(0, |length| u32::from_le_bytes(*length));
    (length as usize).min(payload.len().saturating_mul(MOST_EXPANSION))
}

fn inflate_member<'a>(
    inflate: &mut Decompress,
    mut rest: &'a [u8],
    out: &mut Output,
) -> Result<&'a [u8], CompressionError> {
    loop {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let full = out.left() == 0;
        let status = if full {
            // Only the end may come, and this would show that something else does.
            inflate.decompress(rest, &mut [0], FlushDecompress::None)
        } else {
            if out.is_full() {
                out.expect(rest.len().max(SMALLEST_GROWTH))?;
            }
            out.fill(|out| inflate.decompress_vec(rest, out, FlushDecompress::None))
        };
        let status = status.map_err(|_| out.corrupt("deflate cannot be read"))?;
        let read = (inflate.total_in() - read) as usize;
        let written = inflate.total_out() - written;
        rest = &rest[read..];
        if full && written > 0 {
            return Err(out.too_large());
        }
        match status {
            Status::StreamEnd => return Ok(rest),
            Status::Ok | Status::BufError if read == 0 && written == 0 => {
                return Err(out.corrupt("it ends within a member"));
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

fn check_trailer(
    trailer: [u8; TRAILER_LEN],
    out: &Output,
    start: usize,
) -> Result<(), CompressionError> {
    let [c0, c1, c2, c3, l0, l1, l2, l3] = trailer;
    let member = out.since(start);
    // Modulo 2^32, as the format says.
    if u32::from_le_bytes([l0, l1, l2, l3]) != member.len() as u32 {
        return Err(out.corrupt("a member has another length than it says"));
    }
    let mut crc = Crc::new();
    crc.update(member);
    if u32::from_le_bytes([c0, c1, c2, c3]) != crc.sum() {
        return Err(out.corrupt("a member has another checksum than it says"));
    }
    Ok(())
}

/// What follows the header of a member, if one stands there.
fn after_header(bytes: &[u8]) -> Option<&[u8]> {
    let (&[0x1f, 0x8b, 8, flags, ..], mut rest) = bytes.split_first_chunk::<10>()? else {
        return None;
    };
    if flags & EXTRA != 0 {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|&byte| byte == 0)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & HEADER_CRC != 0 {
        let (said, behind) = rest.split_first_chunk::<2>()?;
        let mut crc = Crc::new();
        crc.update(&bytes[..bytes.len() - rest.len()]);
        if u16::from_le_bytes(*said) != crc.sum() as u16 {
            return None;
        }
        rest = behind;
    }
    Some(rest)
}
