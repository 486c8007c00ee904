//! LZ4 frames as peers really write them, and as they should not. What is read and what is left
//! alone is what `Lz4BlockInputStream` says, with more of the format on top of it.

use milena_protocol::compression::{Codec, CompressionError, Scope};
use proptest::prelude::*;

use crate::payloads::{self, ONE, hex, kafka, lines, packed};

/// [`lines`] by the command `lz4` 1.9.4 with `-9 -B4 -BD -BX --content-size`: linked blocks of
/// 64 KiB, each with a checksum, and size and checksum of the content.
const LINKED: &str = "\
    04224d185c40c82c0100000000009cd8010000606c696e6520300100150a0b0016310b0016320b0016330b0016 \
    340b0016350b0016360b0016370b0016380b0015390b0016316e0016316e0016316e0016316e0016316e001631 \
    6e0016316e0016316e0016316e0016316e0016326e0016326e0016326e0016326e0016326e0016326e0016326e \
    0016326e0016326e0016326e0016336e0016336e0016336e0016336e0016336e0016336e0016336e0016336e00 \
    16336e0016336e0016346e0016346e0016346e0016346e0016346e0016346e0016346e0016346e0016346e003f \
    34390a2602ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff \
    ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff \
    ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff \
    ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff \
    ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff \
    ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc0502030303030cdc3c767 \
    360000000f2602ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff \
    ffffffffffffdc50303034390a99dacfa6000000000ba24724 \
    ";

/// Version 1, independent blocks.
const PLAIN: u8 = 0x60;
const LINKED_BLOCKS: u8 = 0x40;
const BLOCK_CHECKSUM: u8 = 1 << 4;
const CONTENT_SIZE: u8 = 1 << 3;
const CONTENT_CHECKSUM: u8 = 1 << 2;
const END_MARK: [u8; 4] = [0; 4];

fn read(payload: &[u8]) -> Result<Vec<u8>, CompressionError> {
    payloads::read(Codec::Lz4, payload)
}

fn fault(payload: &[u8]) -> &'static str {
    payloads::fault(Codec::Lz4, payload)
}

fn header(flags: u8, sizes: u8, content_size: Option<u64>) -> Vec<u8> {
    let mut descriptor = vec![flags, sizes];
    descriptor.extend(content_size.map(u64::to_le_bytes).into_iter().flatten());
    let checksum = (xxh32(&descriptor) >> 8) as u8;
    [&0x184d_2204_u32.to_le_bytes()[..], &descriptor, &[checksum]].concat()
}

/// A block that is not compressed.
fn stored(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32 | 1 << 31).to_le_bytes(), bytes].concat()
}

/// A block as it is given.
fn block(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

/// XXH32 with seed 0, as its description says.
fn xxh32(bytes: &[u8]) -> u32 {
    const P: [u32; 5] = [2_654_435_761, 2_246_822_519, 3_266_489_917, 668_265_263, 374_761_393];
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap());
    let mut stripes = bytes.chunks_exact(16);
    let mut hash = if bytes.len() < 16 {
        P[4]
    } else {
        let mut lanes = [P[0].wrapping_add(P[1]), P[1], 0, 0_u32.wrapping_sub(P[0])];
        for stripe in &mut stripes {
            for (lane, input) in lanes.iter_mut().zip(stripe.chunks(4)) {
                let mixed = lane.wrapping_add(word(input).wrapping_mul(P[1]));
                *lane = mixed.rotate_left(13).wrapping_mul(P[0]);
            }
        }
        let turned = lanes.iter().zip([1, 7, 12, 18]).map(|(lane, by)| lane.rotate_left(by));
        turned.fold(0, u32::wrapping_add)
    };
    hash = hash.wrapping_add(bytes.len() as u32);
    let mut words = stripes.remainder().chunks_exact(4);
    for input in &mut words {
        hash = hash.wrapping_add(word(input).wrapping_mul(P[2])).rotate_left(17).wrapping_mul(P[3]);
    }
    for byte in words.remainder() {
        hash = hash.wrapping_add(u32::from(*byte).wrapping_mul(P[4]));
        hash = hash.rotate_left(11).wrapping_mul(P[0]);
    }
    hash = (hash ^ hash >> 15).wrapping_mul(P[1]);
    hash = (hash ^ hash >> 13).wrapping_mul(P[2]);
    hash ^ hash >> 16
}

/// Reads a block byte by byte, as the format's description says.
fn reference(block: &[u8]) -> Vec<u8> {
    let mut input = block.iter().map(|byte| usize::from(*byte));
    let mut out = Vec::new();
    let length = |nibble: usize, input: &mut dyn Iterator<Item = usize>| {
        let mut length = nibble;
        let mut more = if nibble == 15 { 255 } else { 0 };
        while more == 255 {
            more = input.next().unwrap();
            length += more;
        }
        length
    };
    while let Some(token) = input.next() {
        for _ in 0..length(token >> 4, &mut input) {
            out.push(input.next().unwrap() as u8);
        }
        let Some(low) = input.next() else { break };
        let offset = low + (input.next().unwrap() << 8);
        for _ in 0..length(token & 15, &mut input) + 4 {
            out.push(out[out.len() - offset]);
        }
    }
    out
}

proptest! {
    // Each case reads hundreds of kilobytes byte by byte.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_independent_blocks_that_the_format_s_description_reads(
        parts in proptest::collection::vec((any::<u8>(), 1..60_000_usize, any::<bool>()), 0..8),
    ) {
        let fill = |(byte, count, noisy): (u8, usize, bool)| {
            (0..count).map(move |at| if noisy { xxh32(&at.to_le_bytes()) as u8 ^ byte } else { byte })
        };
        let payload: Vec<u8> = parts.into_iter().flat_map(fill).collect();
        let written = packed(Codec::Lz4, &payload);
        let mut rest = written.strip_prefix(&header(PLAIN, 0x40, None)[..]).unwrap();
        let mut blocks = Vec::new();
        loop {
            let (mark, behind) = rest.split_first_chunk().unwrap();
            let mark = u32::from_le_bytes(*mark);
            if mark == 0 {
                prop_assert!(behind.is_empty());
                break;
            }
            let (block, behind) = behind.split_at((mark & !(1 << 31)) as usize);
            let plain = if mark >> 31 == 1 { block.to_vec() } else { reference(block) };
            prop_assert!(block.len() <= plain.len());
            blocks.push(plain);
            rest = behind;
        }
        prop_assert!(blocks.iter().rev().skip(1).all(|block| block.len() == 64 << 10));
        prop_assert_eq!(blocks.concat(), payload);
    }
}

#[test]
fn the_checksum_of_the_tests_is_that_of_the_format() {
    // From the description of xxHash, and the header of every frame of Apache Kafka.
    assert_eq!(xxh32(b""), 0x02cc_5d05);
    assert_eq!(header(PLAIN, 0x40, None), hex("04224d18604082"));
}

#[test]
fn linked_blocks_with_all_checksums_and_the_content_size_are_read() {
    assert_eq!(read(&hex(LINKED)).unwrap(), lines());
}

#[test]
fn every_damaged_byte_of_a_frame_with_all_checksums_is_noticed() {
    let good = hex(LINKED);
    for at in 0..good.len() {
        for bit in [0, 3, 7] {
            let mut damaged = good.clone();
            damaged[at] ^= 1 << bit;
            // The end mark is one whether it says "not compressed" or not.
            if (at, bit) == (good.len() - 5, 7) {
                assert_eq!(read(&damaged).unwrap(), lines());
                continue;
            }
            assert!(read(&damaged).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn a_linked_block_may_reach_into_the_one_before_it_and_an_independent_one_may_not() {
    // No literal, a match of 8 bytes 16 back; then five literals.
    let reaching = block(&[0x04, 16, 0, 0x50, b'h', b'e', b'l', b'l', b'o']);
    let frame = |flags| {
        [
            header(flags, 0x40, None),
            stored(b"0123456789abcdef"),
            reaching.clone(),
            END_MARK.to_vec(),
        ]
        .concat()
    };
    assert_eq!(read(&frame(LINKED_BLOCKS)).unwrap(), b"0123456789abcdef01234567hello");
    assert_eq!(fault(&frame(PLAIN)), "a block cannot be read");
    // Nor may the first block reach before the beginning.
    let first = [header(LINKED_BLOCKS, 0x40, None), reaching.clone(), END_MARK.to_vec()].concat();
    assert_eq!(fault(&first), "a block cannot be read");
}

#[test]
fn the_content_size_is_verified() {
    let frame = |size| {
        let flags = PLAIN | CONTENT_SIZE;
        [header(flags, 0x40, Some(size)), stored(b"12345"), END_MARK.to_vec()].concat()
    };
    assert_eq!(read(&frame(5)).unwrap(), b"12345");
    for size in [0, 4, 6, u64::MAX] {
        assert_eq!(fault(&frame(size)), "its content has another size than it says");
    }
}

#[test]
fn checksums_of_blocks_and_content_are_verified() {
    let frame = |of_block: u32, of_content: u32| {
        let flags = PLAIN | BLOCK_CHECKSUM | CONTENT_CHECKSUM;
        [
            header(flags, 0x40, None),
            stored(b"12345"),
            of_block.to_le_bytes().to_vec(),
            END_MARK.to_vec(),
            of_content.to_le_bytes().to_vec(),
        ]
        .concat()
    };
    let right = xxh32(b"12345");
    assert_eq!(read(&frame(right, right)).unwrap(), b"12345");
    assert_eq!(fault(&frame(right ^ 1, right)), "a block has another checksum than it says");
    assert_eq!(fault(&frame(right, right ^ 1)), "its content has another checksum than it says");
    let whole = frame(right, right);
    assert_eq!(fault(&whole[..whole.len() - 1]), "it is cut short");
}

#[test]
fn a_frame_without_its_end_mark_is_cut_short() {
    let good = hex(kafka::LZ4);
    for cut in 0..good.len() {
        assert_eq!(fault(&good[..cut]), "it is cut short", "cut at {cut}");
    }
}

#[test]
fn what_stands_behind_the_first_frame_is_left_alone() {
    let good = hex(kafka::LZ4);
    for behind in [&good[..], b"garbage", &[0; 20]] {
        assert_eq!(read(&[&good[..], behind].concat()).unwrap(), ONE);
    }
}

#[test]
fn an_empty_block_that_is_not_compressed_ends_the_frame() {
    let frame = [header(PLAIN, 0x40, None), stored(b"1"), stored(b""), stored(b"2")].concat();
    assert_eq!(read(&frame).unwrap(), b"1");
}

#[test]
fn blocks_of_every_size_are_read_and_none_may_be_larger_than_its_frame_allows() {
    for (sizes, largest) in [(0x40, 1 << 16), (0x50, 1 << 18), (0x60, 1 << 20), (0x70, 1 << 22)] {
        let frame = |size: usize| {
            [header(PLAIN, sizes, None), stored(&vec![7; size]), END_MARK.to_vec()].concat()
        };
        assert_eq!(read(&frame(largest)).unwrap(), vec![7; largest]);
        assert_eq!(fault(&frame(largest + 1)), "a block is larger than its frame allows");
    }
    // The same for what it decompresses to: a match of 19 + 257 * 255 + 254 bytes.
    let mut longer = vec![0x1f, b'x', 1, 0];
    longer.extend([255; 257]);
    longer.extend([254, 0x50, 1, 2, 3, 4, 5]);
    let frame = |sizes| [header(PLAIN, sizes, None), block(&longer), END_MARK.to_vec()].concat();
    assert_eq!(fault(&frame(0x40)), "a block cannot be read");
    assert_eq!(read(&frame(0x50)).unwrap(), reference(&longer));
}

#[test]
fn what_is_not_a_frame_of_version_1_is_refused() {
    assert_eq!(fault(&[0; 20]), "it does not begin as a frame");
    let mut checksum = hex(kafka::LZ4);
    checksum[6] ^= 1;
    assert_eq!(fault(&checksum), "its header has another checksum than it says");
    for (flags, sizes) in [(0x20, 0x40), (0xa0, 0x40), (0x62, 0x40), (0x60, 0x41), (0x60, 0xc0)] {
        let refused = read(&[header(flags, sizes, None), END_MARK.to_vec()].concat());
        assert!(
            matches!(refused, Err(CompressionError::Unsupported { .. })),
            "{flags:x} {sizes:x}"
        );
    }
    for sizes in [0x00, 0x10, 0x20, 0x30] {
        let fault = fault(&[header(PLAIN, sizes, None), END_MARK.to_vec()].concat());
        assert_eq!(fault, "its blocks have an unknown size");
    }
    let dictionary = read(&[header(PLAIN | 1, 0x40, None), vec![0; 8]].concat()).unwrap_err();
    assert_eq!(dictionary.to_string(), "lz4 with a dictionary is not supported");
}

#[test]
fn the_limit_may_lie_within_a_block_of_either_kind() {
    let twice = |block: Vec<u8>| {
        [header(PLAIN, 0x40, None), block.clone(), block, END_MARK.to_vec()].concat()
    };
    let compressed = block(&[0x1f, b'x', 1, 0, 76, 0x50, 1, 2, 3, 4, 5]);
    for payload in [twice(stored(&[7; 101])), twice(compressed)] {
        assert_eq!(payloads::within(Codec::Lz4, &payload, 202).unwrap().len(), 202);
        for limit in [0, 1, 100, 101, 201] {
            let expected =
                CompressionError::TooLarge { codec: Codec::Lz4, limit, scope: Scope::Batch };
            assert_eq!(payloads::within(Codec::Lz4, &payload, limit), Err(expected));
        }
    }
}
