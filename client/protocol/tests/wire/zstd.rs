//! Zstandard frames as peers really write them, and as they should not.

use milena_protocol::compression::{self, Codec, CompressionError, DecompressionBudget, Scope};

use crate::payloads::{self, ONE, hex, kafka, lines};

/// [`lines`] by the command `zstd` 1.5.4, with a checksum and its size.
const LINES: &str = "\
    28b52ffda4c82c0100350400c4036c696e6520300a313233343536373839313031323334353637383932303132 \
    33343536373839333031323334353637383934303132333435363738393420f095dd972a2932e8db6ccbbecd6e \
    d9b7d9161b0bdbb26fb32df66db665df8d856dd9b7d9967d37dbb2efc6c2b6ecdb6ccbbecd6ed97763615bf66d \
    b665df665bfa3e170b2c1ca327c0ba \
    ";
/// [`ONE`] by the same, streamed: with a checksum, without its size.
const STREAMED: &str = "28b52ffd0458550000206f6e65200100878e082d98d919";

const MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// 128 KiB.
const SMALL_WINDOW: u8 = 7 << 3;
const LARGEST_BLOCK: usize = 128 << 10;

fn read(payload: &[u8]) -> Result<Vec<u8>, CompressionError> {
    payloads::read(Codec::Zstd, payload)
}

fn fault(payload: &[u8]) -> &'static str {
    payloads::fault(Codec::Zstd, payload)
}

/// A frame with a window and blocks.
fn frame(window: u8, blocks: &[Vec<u8>]) -> Vec<u8> {
    [&MAGIC[..], &[0, window], &blocks.concat()].concat()
}

fn block_header(kind: u32, size: usize, last: bool) -> Vec<u8> {
    let bits = (size as u32) << 3 | kind << 1 | u32::from(last);
    bits.to_le_bytes()[..3].to_vec()
}

/// A block that is not compressed.
fn raw(bytes: &[u8], last: bool) -> Vec<u8> {
    [block_header(0, bytes.len(), last), bytes.to_vec()].concat()
}

/// A block of one byte again and again.
fn run(byte: u8, size: usize, last: bool) -> Vec<u8> {
    [block_header(1, size, last), vec![byte]].concat()
}

fn skippable(number: u32, content: &[u8]) -> Vec<u8> {
    let (magic, length) = (0x184d_2a50 + number, content.len() as u32);
    [&magic.to_le_bytes()[..], &length.to_le_bytes(), content].concat()
}

#[test]
fn frames_with_sizes_and_checksums_are_read() {
    assert_eq!(read(&hex(LINES)).unwrap(), lines());
    assert_eq!(read(&hex(STREAMED)).unwrap(), ONE);
    let by_hand = frame(SMALL_WINDOW, &[raw(b"raw ", false), run(b'x', 5, false), raw(b"", true)]);
    assert_eq!(read(&by_hand).unwrap(), b"raw xxxxx");
}

#[test]
fn several_frames_are_one_payload_and_skippable_ones_are_skipped() {
    let (one, lines_) = (hex(kafka::ZSTD), hex(LINES));
    let payload = [skippable(0, b"skip"), one.clone(), skippable(15, b""), lines_, one].concat();
    assert_eq!(read(&payload).unwrap(), [ONE, &lines(), ONE].concat());
    assert_eq!(read(&skippable(3, b"only this")).unwrap(), b"");
    let cut = skippable(0, b"skip");
    for cut in [&cut[..cut.len() - 1], &cut[..7], &cut[..4]] {
        assert_eq!(fault(cut), "it is cut short");
    }
    let huge = [&0x184d_2a50_u32.to_le_bytes()[..], &[0xff; 4]].concat();
    assert_eq!(fault(&huge), "it is cut short");
}

#[test]
fn what_stands_behind_a_frame_has_to_be_a_frame() {
    let good = hex(kafka::ZSTD);
    assert_eq!(fault(&[&good[..], b"garbage"].concat()), "it does not begin as a frame");
    assert_eq!(fault(&[&good[..], &[0; 3]].concat()), "it is cut short");
}

#[test]
fn a_payload_cut_anywhere_is_an_error() {
    for good in [hex(kafka::ZSTD), hex(STREAMED), hex(LINES)] {
        for cut in 1..good.len() {
            fault(&good[..cut]);
        }
    }
}

#[test]
fn the_checksum_is_verified() {
    let good = hex(STREAMED);
    for at in good.len() - 4..good.len() {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        fault(&damaged);
    }
}

#[test]
fn the_size_in_the_header_is_verified() {
    // Single segment: size 5, and no window.
    let sized = |size: u8| [&MAGIC[..], &[1 << 5, size], &raw(b"12345", true)].concat();
    assert_eq!(read(&sized(5)).unwrap(), b"12345");
    for size in [4, 6] {
        fault(&sized(size));
    }
}

#[test]
fn a_window_above_the_budget_is_refused_from_the_header() {
    let codec = Codec::Zstd;
    // The largest there is, in a payload of nine bytes.
    let terabytes = frame(0xff, &[raw(b"", true)]);
    let window = (1 << 41) + 7 * (1 << 38);
    let limit = 1 << 20;
    let scope = Scope::Batch;
    let refused = CompressionError::Window { codec, window, limit, scope };
    assert_eq!(payloads::within(codec, &terabytes, limit), Err(refused));
    // The one that is just allowed, in a later frame too; and the next one, which is an eighth
    // more.
    let first = frame(SMALL_WINDOW, &[raw(b"0", true)]);
    let of_window = |window| [&first[..], &frame(window, &[raw(b"1", true)])].concat();
    assert_eq!(payloads::within(codec, &of_window(10 << 3), limit).unwrap(), b"01");
    let window = (1 << 20) + (1 << 17);
    let refused = CompressionError::Window { codec, window, limit, scope };
    assert_eq!(payloads::within(codec, &of_window(10 << 3 | 1), limit), Err(refused));
}

#[test]
fn the_java_client_asks_for_two_megabytes_whatever_it_compresses() {
    let payload = hex(kafka::ZSTD);
    assert_eq!(payloads::within(Codec::Zstd, &payload, 2 << 20).unwrap(), ONE);
    let refused = payloads::within(Codec::Zstd, &payload, (2 << 20) - 1).unwrap_err();
    assert!(matches!(refused, CompressionError::Window { window: 0x20_0000, .. }), "{refused}");
}

#[test]
fn what_is_left_of_a_fetch_does_not_have_to_hold_the_window() {
    let codec = Codec::Zstd;
    let payload = frame(10 << 3, &[run(7, 1_000, true)]);
    let mut budget = DecompressionBudget::new(1 << 20, 1 << 20);
    let full = frame(
        10 << 3,
        &[&vec![run(7, LARGEST_BLOCK, false); 7][..], &[run(7, LARGEST_BLOCK - 1_000, true)]]
            .concat(),
    );
    compression::decompress(codec, &full, &mut budget).unwrap();
    assert_eq!(budget.left(), 1_000);
    assert_eq!(compression::decompress(codec, &payload, &mut budget).unwrap(), vec![7; 1_000]);
    let refused = compression::decompress(codec, &payload, &mut budget).unwrap_err();
    assert_eq!(refused, CompressionError::TooLarge { codec, limit: 0, scope: Scope::Fetch });
}

#[test]
fn a_size_above_the_budget_is_refused_from_the_header() {
    // A size of eight bytes, no window.
    let header = [&MAGIC[..], &[3 << 6 | 1 << 5], &u64::MAX.to_le_bytes()].concat();
    let payload = [header, raw(b"1", true)].concat();
    let expected =
        CompressionError::TooLarge { codec: Codec::Zstd, limit: 100, scope: Scope::Batch };
    assert_eq!(payloads::within(Codec::Zstd, &payload, 100), Err(expected));
}

#[test]
fn a_gigabyte_in_33_kilobytes_is_refused_at_the_limit() {
    let runs = vec![run(0, LARGEST_BLOCK, false); (1 << 30) / LARGEST_BLOCK];
    let bomb = frame(SMALL_WINDOW, &runs);
    assert!(bomb.len() < 33_000);
    let limit = 1 << 20;
    let expected = CompressionError::TooLarge { codec: Codec::Zstd, limit, scope: Scope::Batch };
    assert_eq!(payloads::within(Codec::Zstd, &bomb, limit), Err(expected));
}

#[test]
fn the_limit_may_lie_at_the_end_of_a_block_and_within_one() {
    let payload = frame(0, &[run(7, 1_000, false), run(8, 1_000, true)]);
    assert_eq!(payloads::within(Codec::Zstd, &payload, 2_000).unwrap().len(), 2_000);
    for limit in [1_024, 1_999] {
        let expected =
            CompressionError::TooLarge { codec: Codec::Zstd, limit, scope: Scope::Batch };
        assert_eq!(payloads::within(Codec::Zstd, &payload, limit), Err(expected));
    }
}

#[test]
fn a_dictionary_is_told_by_name() {
    let payload = [&MAGIC[..], &[1, SMALL_WINDOW, 9], &raw(b"", true)].concat();
    let refused = read(&payload).unwrap_err();
    assert_eq!(refused.to_string(), "zstd with a dictionary is not supported");
}

#[test]
fn what_is_no_frame_is_refused() {
    assert_eq!(fault(&[0; 20]), "it does not begin as a frame");
    // A block of the reserved kind, and one larger than any may be.
    fault(&frame(SMALL_WINDOW, &[block_header(3, 1, true), vec![0]]));
    fault(&frame(SMALL_WINDOW, &[run(0, LARGEST_BLOCK + 1, true)]));
}
