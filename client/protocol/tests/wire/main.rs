//! The wire format held against slow and obvious code, against the generated codec, against bytes
//! that other programs wrote, and against damage.
//!
//! | case | where |
//! |---|---|
//! | message formats 0 and 1, tails cut at every byte, a damaged batch among good ones | `cases`, `damage` |
//! | compaction: empty batches, gaps, a last delta beyond the last record | `cases`, `codecs` |
//! | LogAppendTime, delete horizon, extreme timestamps | `cases`, `round_trip`, `codecs` |
//! | null, empty, repeated keys and headers, and such that are not text | `cases` |
//! | control batches: abort, commit, unknown, of a later version, compressed | `cases`, `codecs` |
//! | sequences that wrap, offsets at the end of what there is | `cases` |
//! | every bit of a header flipped | `damage` |
//! | codecs that do not exist, or are not built | `cases`, `codecs` |
//! | gzip: several members, trailing garbage, optional fields | `gzip` |
//! | snappy: xerial and raw, header only, truncated and empty chunks, concatenated | `snappy` |
//! | lz4: linked blocks, content size, checksums, missing end mark, two frames | `lz4` |
//! | zstd: several frames, skippable ones, windows and sizes above the budget | `zstd` |
//! | empty payloads, counts that lie, a bomb per codec | `codecs`, `payloads` |
//! | batches cut into smaller ones, compressed ones too | `split`, `codecs` |
//! | the Produce request | `produce` |
//!
//! What depends on versions and on peers stands with the client and the cluster: Produce advertised
//! from version 0, one batch per partition in Produce, zstd below Produce 7 and Fetch 10, a first
//! batch above the fetch's limit, a fetch offset within a batch.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing there has failed")]

mod cases;
mod codecs;
mod damage;
#[cfg(feature = "compression-gzip")]
mod gzip;
#[cfg(feature = "compression-lz4")]
mod lz4;
mod payloads;
mod produce;
mod reference;
mod round_trip;
#[cfg(feature = "compression-snappy")]
mod snappy;
mod split;
#[cfg(any(feature = "compression-zstd", feature = "zstd-c"))]
mod zstd;
