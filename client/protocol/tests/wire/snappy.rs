//! snappy in both its framings, as peers really write it, and as they should not. What is read and
//! what is left alone was looked up by feeding the same bytes to the classes of Apache Kafka 4.1.0.

use milena_protocol::compression::{Codec, CompressionError, Scope};
use proptest::prelude::*;

use crate::payloads::{self, ONE, hex, kafka, packed};

fn read(payload: &[u8]) -> Result<Vec<u8>, CompressionError> {
    payloads::read(Codec::Snappy, payload)
}

fn fault(payload: &[u8]) -> &'static str {
    payloads::fault(Codec::Snappy, payload)
}

fn header() -> Vec<u8> {
    [b"\x82SNAPPY\0".as_slice(), &1_i32.to_be_bytes(), &1_i32.to_be_bytes()].concat()
}

fn chunk(raw: &[u8]) -> Vec<u8> {
    [&(raw.len() as i32).to_be_bytes(), raw].concat()
}

/// Raw snappy the obvious way: one literal of up to 60 bytes.
fn raw(literal: &[u8]) -> Vec<u8> {
    let length = literal.len() as u8;
    if literal.is_empty() { vec![0] } else { [&[length, (length - 1) << 2], literal].concat() }
}

/// Reads raw snappy byte by byte, as its format description says.
fn reference(raw: &[u8]) -> Vec<u8> {
    let (mut length, mut at, mut shift) = (0_usize, 0, 0);
    loop {
        let byte = raw[at];
        at += 1;
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            break;
        }
    }
    let number = |at: usize, bytes: usize| -> usize {
        (0..bytes).map(|byte| usize::from(raw[at + byte]) << (8 * byte)).sum()
    };
    let mut out = Vec::new();
    while at < raw.len() {
        let tag = raw[at];
        let (size, offset) = match tag & 3 {
            0 => {
                let extra = usize::from(tag >> 2).saturating_sub(59);
                let size =
                    if extra == 0 { usize::from(tag >> 2) } else { number(at + 1, extra) } + 1;
                let from = at + 1 + extra;
                out.extend(&raw[from..from + size]);
                at = from + size;
                continue;
            }
            1 => {
                at += 2;
                (4 + usize::from(tag >> 2 & 7), usize::from(tag >> 5) << 8 | number(at - 1, 1))
            }
            2 => {
                at += 3;
                (1 + usize::from(tag >> 2), number(at - 2, 2))
            }
            _ => {
                at += 5;
                (1 + usize::from(tag >> 2), number(at - 4, 4))
            }
        };
        for _ in 0..size {
            out.push(out[out.len() - offset]);
        }
    }
    assert_eq!(out.len(), length);
    out
}

proptest! {
    #[test]
    fn what_is_written_is_chunks_of_32_kib_that_the_format_s_description_reads(
        parts in proptest::collection::vec((any::<u8>(), 1..30_000_usize, any::<bool>()), 0..8),
    ) {
        let fill = |(byte, count, noisy): (u8, usize, bool)| {
            (0..count).map(move |at| if noisy { (at * at / 7) as u8 ^ byte } else { byte })
        };
        let payload: Vec<u8> = parts.into_iter().flat_map(fill).collect();
        let written = packed(Codec::Snappy, &payload);
        let mut rest = written.strip_prefix(&header()[..]).unwrap();
        let mut chunks = Vec::new();
        while let Some((length, behind)) = rest.split_first_chunk() {
            let (chunk, behind) = behind.split_at(i32::from_be_bytes(*length) as usize);
            chunks.push(reference(chunk));
            rest = behind;
        }
        prop_assert!(rest.is_empty());
        prop_assert!(chunks.iter().rev().skip(1).all(|chunk| chunk.len() == 32 << 10));
        prop_assert_eq!(chunks.concat(), payload);
    }
}

#[test]
fn raw_snappy_is_read() {
    // What librdkafka writes: no framing at all.
    assert_eq!(read(&hex(kafka::SNAPPY)[20..]).unwrap(), ONE);
    assert_eq!(read(&raw(b"plain")).unwrap(), b"plain");
    assert_eq!(read(&raw(b"")).unwrap(), b"");
}

#[test]
fn a_header_alone_is_an_empty_payload() {
    assert_eq!(read(&header()).unwrap(), b"");
}

#[test]
fn streams_that_were_concatenated_are_one_payload() {
    let one = hex(kafka::SNAPPY);
    assert_eq!(read(&[&one[..], &one].concat()).unwrap(), [ONE, ONE].concat());
    // The second header is known by the first half of its magic.
    let mut second = one.clone();
    second[5] = 1;
    assert_eq!(read(&[&one[..], &second].concat()).unwrap(), [ONE, ONE].concat());
    let cut = [&one[..], &one[..9]].concat();
    assert_eq!(fault(&cut), "it ends within a header");
}

#[test]
fn the_versions_in_the_header_are_not_looked_at() {
    for version in [0, 9] {
        let mut one = hex(kafka::SNAPPY);
        one[11] = version;
        one[15] = version;
        assert_eq!(read(&one).unwrap(), ONE);
    }
}

#[test]
fn a_header_cut_short_is_raw_snappy_that_makes_no_sense() {
    for cut in 1..8 {
        fault(&header()[..cut]);
    }
    for cut in 8..16 {
        assert_eq!(fault(&header()[..cut]), "it ends within a header");
    }
}

#[test]
fn a_truncated_chunk_is_an_error_but_less_than_a_length_behind_the_last_is_not() {
    let one = hex(kafka::SNAPPY);
    for cut in 20..one.len() {
        assert_eq!(fault(&one[..cut]), "a chunk is cut short", "cut at {cut}");
    }
    for behind in [&[1][..], &[1, 2], &[1, 2, 3]] {
        assert_eq!(read(&[&one[..], behind].concat()).unwrap(), ONE);
    }
    assert_eq!(fault(&[&one[..], &[1, 2, 3, 4]].concat()), "a chunk is cut short");
}

#[test]
fn a_chunk_of_no_bytes_is_an_error_and_one_that_decompresses_to_none_is_not() {
    let one = chunk(&hex(kafka::SNAPPY)[20..]);
    for behind in [&[][..], &one] {
        fault(&[&header()[..], &chunk(&[]), behind].concat());
    }
    assert_eq!(read(&[header(), chunk(&raw(b"")), one].concat()).unwrap(), ONE);
}

#[test]
fn a_negative_length_is_an_error() {
    for length in [-1_i32, -5, i32::MIN] {
        let payload = [&header()[..], &length.to_be_bytes(), &[1, 2, 3]].concat();
        assert_eq!(fault(&payload), "a chunk is cut short");
    }
}

#[test]
fn a_length_that_cannot_be_true_is_refused_before_memory_is_taken_for_it() {
    // 2^32 - 1, in a chunk of eight bytes.
    let lying = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0];
    assert_eq!(fault(&lying), "a chunk is too short for its length");
    assert_eq!(fault(&[header(), chunk(&lying)].concat()), "a chunk is too short for its length");
    // More than 32 bits.
    assert_eq!(fault(&[0xff, 0xff, 0xff, 0xff, 0x7f]), "a chunk has no length");
    // Possible, but not what follows.
    assert_eq!(fault(&[9, 0, b'x']), "a chunk cannot be read");
}

#[test]
fn all_chunks_together_are_held_against_the_limit() {
    let payload = [header(), chunk(&raw(b"12345")), chunk(&raw(b"67890"))].concat();
    assert_eq!(payloads::within(Codec::Snappy, &payload, 10).unwrap(), b"1234567890");
    let expected =
        CompressionError::TooLarge { codec: Codec::Snappy, limit: 9, scope: Scope::Batch };
    assert_eq!(payloads::within(Codec::Snappy, &payload, 9), Err(expected));
}
