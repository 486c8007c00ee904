//! The codecs in Rust against the C libraries, on a batch of records as services write them.

use std::hint::black_box;
use std::io::{Read, Write};

use anyhow::{Result, ensure};
use milena_protocol::compression::{self, Codec, Compression, Compressor, DecompressionBudget};
use milena_protocol_tests::measure::alternate;
use milena_protocol_tests::measure::records::json_payload;

use super::{Measure, Measured};

pub const FIGURES: [(&str, Measure); 6] = [
    ("lz4-encode", || encode(&Lz4)),
    ("lz4-decode", || decode(&Lz4)),
    ("gzip-encode", || encode(&Deflate)),
    ("gzip-decode", || decode(&Deflate)),
    ("zstd-encode", || encode(&Zstd)),
    ("zstd-decode", || decode(&Zstd)),
];

const UNIT: &str = "us";

/// Blocks of Kafka's frames.
const LZ4_BLOCK: usize = 64 * 1024;

/// A C library. Both directions give the bytes on the other side, into memory used before.
trait Library {
    const NAME: &'static str;
    const CODEC: Codec;

    /// The level of the same name as ours, or the next to it.
    fn compress(&self, plain: &[u8], out: &mut Vec<u8>) -> Result<()>;

    fn decompress(&self, packed: &[u8], out: &mut Vec<u8>) -> Result<()>;
}

fn encode<L: Library>(library: &L) -> Result<Measured> {
    let plain = json_payload();
    let mut compressor = Compressor::new(Compression::of(L::CODEC))?;
    let ours = compressor.compress(&plain)?.len();
    let mut out = Vec::new();
    library.compress(&plain, &mut out)?;
    let theirs = out.len();
    let pair = alternate(
        || {
            black_box(compressor.compress(black_box(&plain))).ok();
        },
        || {
            library.compress(black_box(&plain), &mut out).ok();
            black_box(&out);
        },
    );
    let share = |size: usize| size as f64 / plain.len() as f64;
    let sizes = Some((share(ours), share(theirs)));
    Ok(Measured { against: L::NAME, pair: pair.per(1000), unit: UNIT, sizes })
}

fn decode<L: Library>(library: &L) -> Result<Measured> {
    let plain = json_payload();
    // What the C library wrote, for ours is not what peers usually send.
    let mut packed = Vec::new();
    library.compress(&plain, &mut packed)?;
    let framed = framed::<L>(library, &plain)?;
    // A frame of zstd that was streamed asks for a window of 512 KiB, however short it is.
    let mut budget = DecompressionBudget::for_one_batch(1 << 20);
    let mut out = Vec::new();
    library.decompress(&packed, &mut out)?;
    ensure!(out == plain, "the C library does not read what it wrote");
    ensure!(compression::decompress(L::CODEC, &framed, &mut budget)? == plain, "nor do we");
    let pair = alternate(
        || {
            budget.renew();
            black_box(compression::decompress(L::CODEC, black_box(&framed), &mut budget)).ok();
        },
        || {
            library.decompress(black_box(&packed), &mut out).ok();
            black_box(&out);
        },
    );
    Ok(Measured { against: L::NAME, pair: pair.per(1000), unit: UNIT, sizes: None })
}

/// What ours reads: the same bytes, for lz4 in a frame.
fn framed<L: Library>(library: &L, plain: &[u8]) -> Result<Vec<u8>> {
    if L::CODEC == Codec::Lz4 {
        return Ok(compression::compress(Compression::lz4(), plain)?.to_vec());
    }
    let mut packed = Vec::new();
    library.compress(plain, &mut packed)?;
    Ok(packed)
}

/// Blocks without a frame but their sizes: the least that the C library can be asked for.
struct Lz4;

impl Library for Lz4 {
    const NAME: &'static str = "lz4 1.10 in C, blocks alone";
    const CODEC: Codec = Codec::Lz4;

    fn compress(&self, plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let bound = 4 + lz4::block::compress_bound(LZ4_BLOCK)?;
        out.resize(plain.len().div_ceil(LZ4_BLOCK) * bound, 0);
        let mut end = 0;
        for block in plain.chunks(LZ4_BLOCK) {
            let room = &mut out[end + 4..];
            let size = lz4::block::compress_to_buffer(block, None, false, room)?;
            out[end..end + 4].copy_from_slice(&u32::try_from(size)?.to_le_bytes());
            end += 4 + size;
        }
        out.truncate(end);
        Ok(())
    }

    fn decompress(&self, mut packed: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        let mut end = 0;
        while let Some((size, rest)) = packed.split_first_chunk::<4>() {
            let (block, rest) = rest.split_at(u32::from_le_bytes(*size) as usize);
            out.resize(end + LZ4_BLOCK, 0);
            let most = Some(i32::try_from(LZ4_BLOCK)?);
            end += lz4::block::decompress_to_buffer(block, most, &mut out[end..])?;
            packed = rest;
        }
        out.truncate(end);
        Ok(())
    }
}

struct Deflate;

impl Library for Deflate {
    const NAME: &'static str = "libdeflate in C, level 6";
    const CODEC: Codec = Codec::Gzip;

    fn compress(&self, plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let level = libdeflater::CompressionLvl::default();
        let mut compressor = libdeflater::Compressor::new(level);
        out.resize(compressor.gzip_compress_bound(plain.len()), 0);
        let size = compressor.gzip_compress(plain, out)?;
        out.truncate(size);
        Ok(())
    }

    fn decompress(&self, packed: &[u8], out: &mut Vec<u8>) -> Result<()> {
        // The length stands at the end.
        let length = packed.last_chunk().map_or(0, |length| u32::from_le_bytes(*length));
        out.resize(length as usize, 0);
        libdeflater::Decompressor::new().gzip_decompress(packed, out)?;
        Ok(())
    }
}

struct Zstd;

impl Library for Zstd {
    const NAME: &'static str = "zstd in C, level 1";
    const CODEC: Codec = Codec::Zstd;

    fn compress(&self, plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        let mut encoder = zstd::stream::Encoder::new(out, 1)?;
        encoder.write_all(plain)?;
        encoder.finish()?;
        Ok(())
    }

    fn decompress(&self, packed: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        zstd::stream::Decoder::new(packed)?.read_to_end(out)?;
        Ok(())
    }
}
