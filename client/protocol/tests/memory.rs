//! What decompression allocates, counted: never more than the budget and the input allow, whatever
//! the payload announces. And what reading allocates: nothing.

#![expect(clippy::unwrap_used, reason = "a test that finds nothing there has failed")]

use std::alloc::System;
use std::cell::Cell;
use std::sync::Once;

use bytes::Bytes;
use milena_protocol::compression::{
    self, Codec, Compression, CompressionError, DecompressionBudget,
};
use milena_protocol::records::{BatchBuilder, Stamp, batches};
use tracking_allocator::{AllocationGroupId, AllocationRegistry, AllocationTracker, Allocator};

#[global_allocator]
static COUNTED: Allocator<System> = Allocator::system();

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

struct PerThread;

impl AllocationTracker for PerThread {
    fn allocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId) {
        LIVE.set(LIVE.get() + size as isize);
        PEAK.set(PEAK.get().max(LIVE.get()));
        LARGEST.set(LARGEST.get().max(size));
    }

    fn deallocated(
        &self,
        _: usize,
        size: usize,
        _: usize,
        _: AllocationGroupId,
        _: AllocationGroupId,
    ) {
        LIVE.set(LIVE.get() - size as isize);
    }
}

/// What something allocated: the largest piece, and the most at once.
struct Counted {
    largest: usize,
    peak: usize,
}

fn counted<T>(run: impl FnOnce() -> T) -> (T, Counted) {
    static TRACKED: Once = Once::new();
    TRACKED.call_once(|| {
        AllocationRegistry::set_global_tracker(PerThread).unwrap();
        AllocationRegistry::enable_tracking();
    });
    let before = LIVE.get();
    PEAK.set(before);
    LARGEST.set(0);
    let result = run();
    let peak = (PEAK.get() - before) as usize;
    (result, Counted { largest: LARGEST.get(), peak })
}

fn codecs() -> impl Iterator<Item = Codec> {
    Codec::ALL.into_iter().filter(|&codec| codec.is_built() && codec != Codec::None)
}

/// Decompresses within a limit and holds what that took against what it may take.
fn bounded(codec: Codec, payload: &[u8], limit: usize) -> Result<Bytes, CompressionError> {
    let read = || {
        let mut budget = DecompressionBudget::for_one_batch(limit);
        compression::decompress(codec, payload, &mut budget)
    };
    let (read, counted) = counted(read);
    let (table, tables, window) = match codec {
        Codec::Zstd => (1 << 19, 3 << 19, 2 * limit),
        _ => (128 << 10, 256 << 10, 0),
    };
    let largest = limit.max(table).max(window + (256 << 10));
    assert!(counted.largest <= largest, "{codec} at {limit}: {} at once", counted.largest);
    // A buffer that grows exists twice for a moment.
    let peak = 2 * limit + window + tables + 16 * payload.len();
    assert!(counted.peak <= peak, "{codec} at {limit}: {} of {peak} together", counted.peak);
    read
}

#[test]
fn a_bomb_of_every_codec_takes_no_more_than_its_limit() {
    let bomb = vec![0; 32 << 20];
    for codec in codecs() {
        let packed = compression::compress(Compression::of(codec), &bomb).unwrap();
        for limit in [0, 1, 1_000, 100_000, 1 << 20, 4 << 20] {
            assert!(bounded(codec, &packed, limit).is_err());
        }
    }
}

#[test]
fn payloads_that_announce_much_get_little() {
    let frame = |header: &[u8], rest: &[u8]| [header, rest].concat();
    let lying = [
        // The length of the last member, 4 GiB, behind some members of nothing.
        (Codec::Gzip, frame(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0], &[0xff; 8])),
        // The length of a chunk, raw and framed.
        (Codec::Snappy, vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0]),
        (
            Codec::Snappy,
            frame(b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01", &[0, 0, 0, 6, 255, 255, 255, 255, 15, 0]),
        ),
        // Blocks of 4 MiB that hold a byte.
        (Codec::Lz4, frame(&[4, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73], &[1, 0, 0, 0, 0].repeat(100))),
        // A million literals of one byte, and 98,047 sequences.
        (Codec::Zstd, frame(&[0x28, 0xb5, 0x2f, 0xfd, 0, 56], &[45, 0, 0, 0xfd, 0xff, 0xff, 7, 0])),
        (
            Codec::Zstd,
            frame(&[0x28, 0xb5, 0x2f, 0xfd, 0, 56], &[53, 0, 0, 0, 255, 255, 255, 0x54, 7]),
        ),
        // A content of 2^64 - 1 bytes, and a window of terabytes.
        (Codec::Zstd, frame(&[0x28, 0xb5, 0x2f, 0xfd, 0xe0], &[0xff; 11])),
        (Codec::Zstd, frame(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0xff], &[1, 0, 0])),
    ];
    for (codec, payload) in lying.into_iter().filter(|(codec, _)| codec.is_built()) {
        for limit in [0, 1_000, 8 << 20] {
            // Two of these would take their whole budget if they were believed.
            let read = bounded(codec, &payload, limit);
            assert!(!read.is_ok_and(|read| read.len() > 1_000), "{codec}");
        }
    }
}

#[test]
fn what_was_reserved_in_vain_is_given_back() {
    for codec in codecs() {
        let packed = compression::compress(Compression::of(codec), &[7; 100]).unwrap();
        let before = LIVE.get();
        let mut budget = DecompressionBudget::for_one_batch(1 << 22);
        let (read, _) = counted(|| compression::decompress(codec, &packed, &mut budget).unwrap());
        drop(budget);
        assert_eq!(read.len(), 100);
        let kept = LIVE.get() - before;
        // The bytes and what counts their readers; the packed ones came before.
        assert!(kept < 300, "{codec} keeps {kept}");
    }
}

#[test]
fn records_are_read_without_an_allocation() {
    let mut builder = BatchBuilder::new(0);
    for number in 0..1_000_i64 {
        let headers = [(b"one", Some(b"1")), (b"two", None)];
        builder.append(number, Some(b"key"), Some(&[7; 100]), &headers).unwrap();
    }
    let bytes = builder.seal().stamp(&Stamp::default()).to_bytes();
    let read = || {
        let mut seen = 0;
        for batch in batches(bytes.clone()) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            for record in batch.records().unwrap() {
                seen += record.unwrap().headers().count();
            }
        }
        seen
    };
    // The first pass lets the shared bytes set up their count.
    assert_eq!(read(), 2_000);
    let (seen, counted) = counted(read);
    assert_eq!((seen, counted.largest), (2_000, 0));
}
