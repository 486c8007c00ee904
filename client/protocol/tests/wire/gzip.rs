//! gzip as peers really write it, and as they should not. What is read and what is left alone was
//! looked up by feeding the same bytes to the classes of Apache Kafka 4.1.0.

use milena_protocol::compression::{Codec, CompressionError, Scope};

use crate::payloads::{self, ONE, hex, kafka};

/// "hello" by the command `gzip` 1.12, with the name and the time of a file in its header.
const NAMED: &str = "1f8b080896ed016b00036e00cb48cdc9c9070086a6103605000000";

fn read(payload: &[u8]) -> Result<Vec<u8>, CompressionError> {
    payloads::read(Codec::Gzip, payload)
}

fn fault(payload: &[u8]) -> &'static str {
    payloads::fault(Codec::Gzip, payload)
}

/// A member the obvious way: its content is stored, in one block.
fn member(header: &[u8], content: &[u8]) -> Vec<u8> {
    let mut member = header.to_vec();
    let length = content.len() as u16;
    member.push(1);
    member.extend(length.to_le_bytes());
    member.extend((!length).to_le_bytes());
    member.extend(content);
    member.extend(crc32_bit_by_bit(content).to_le_bytes());
    member.extend(u32::from(length).to_le_bytes());
    member
}

fn header(flags: u8) -> Vec<u8> {
    vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255]
}

fn crc32_bit_by_bit(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[test]
fn several_members_are_one_payload() {
    let members = [member(&header(0), b"one, "), hex(kafka::GZIP), member(&header(0), b"")];
    assert_eq!(read(&members.concat()).unwrap(), [b"one, ", ONE].concat());
}

#[test]
fn what_stands_behind_the_last_member_is_left_alone() {
    let good = hex(kafka::GZIP);
    // Text, zeros, a header cut short, and the first half of a magic.
    for garbage in [&b"garbage that is long enough to be seen"[..], &[0; 100], &good[..9], &[0x1f]]
    {
        assert_eq!(read(&[&good[..], garbage].concat()).unwrap(), ONE);
    }
}

#[test]
fn a_second_member_that_is_damaged_is_an_error() {
    let good = hex(kafka::GZIP);
    let damaged = [&good[..], &good[..10], &[0xff; 30]].concat();
    assert_eq!(fault(&damaged), "deflate cannot be read");
    let cut = [&good[..], &good[..good.len() - 1]].concat();
    assert_eq!(fault(&cut), "it ends within a trailer");
}

#[test]
fn every_optional_field_of_a_header_is_passed() {
    assert_eq!(read(&hex(NAMED)).unwrap(), b"hello");
    let mut full = header(0b1_1111);
    full.extend([3, 0, 1, 2, 3]);
    full.extend(b"name\0comment\0");
    full.extend((crc32_bit_by_bit(&full) as u16).to_le_bytes());
    assert_eq!(read(&member(&full, b"content")).unwrap(), b"content");
    for cut in 0..full.len() {
        assert_eq!(fault(&full[..cut]), "it has no header", "cut at {cut}");
    }
    *full.last_mut().unwrap() ^= 1;
    assert_eq!(fault(&member(&full, b"content")), "it has no header");
}

#[test]
fn checksum_and_length_of_a_member_are_verified() {
    let good = member(&header(0), b"content");
    assert_eq!(read(&good).unwrap(), b"content");
    for at in good.len() - 8..good.len() {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        let expected = if at < good.len() - 4 { "checksum" } else { "length" };
        assert!(fault(&damaged).contains(expected), "byte {at}");
    }
}

#[test]
fn a_payload_cut_anywhere_is_an_error() {
    let good = hex(kafka::GZIP);
    for cut in 0..good.len() {
        fault(&good[..cut]);
    }
}

#[test]
fn a_length_that_lies_does_not_change_what_is_read_within_the_limit() {
    // The limit is met at the end of a member and in its middle.
    let members = [member(&header(0), b"12345"), member(&header(0), b"67890")].concat();
    assert_eq!(payloads::within(Codec::Gzip, &members, 10).unwrap(), b"1234567890");
    for limit in [0, 4, 5, 9] {
        let expected =
            CompressionError::TooLarge { codec: Codec::Gzip, limit, scope: Scope::Batch };
        assert_eq!(payloads::within(Codec::Gzip, &members, limit), Err(expected));
    }
    let mut huge = member(&header(0), b"12345");
    let end = huge.len();
    huge[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(fault(&huge).contains("length"));
}
