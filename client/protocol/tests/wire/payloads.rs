//! Payloads that other programs wrote, and helpers for those that nobody would.

use milena_protocol::compression::{
    self, Codec, Compression, CompressionError, DecompressionBudget,
};

use crate::reference::budget;

/// What the payloads called "one" hold.
pub(crate) const ONE: &[u8] = b"one one one one one one one one";

/// [`ONE`] as the classes of Apache Kafka 4.1.0 compress it (`Compression.wrapForOutput`).
pub(crate) mod kafka {
    pub(crate) const GZIP: &str = "1f8b08000000000000ffcbcf4b55c8c78d01cce1d2981f000000";
    pub(crate) const SNAPPY: &str = "82534e41505059000000000100000001000000091f0c6f6e65206a0400";
    pub(crate) const LZ4: &str = "04224d186040820e0000004f6f6e65200400035065206f6e6500000000";
    pub(crate) const ZSTD: &str = "28b52ffd0058540000206f6e65200100878e08010000";
    /// Nothing at all, as the same classes compress it.
    pub(crate) const EMPTY: [(super::Codec, &str); 4] = [
        (super::Codec::Gzip, "1f8b08000000000000ff03000000000000000000"),
        (super::Codec::Snappy, "82534e41505059000000000100000001"),
        (super::Codec::Lz4, "04224d1860408200000000"),
        (super::Codec::Zstd, "28b52ffd2000010000"),
    ];
}

/// `line 00000` to `line 00049` over and over, 7,000 lines.
pub(crate) fn lines() -> Vec<u8> {
    (0..7_000).flat_map(|number| format!("line {:05}\n", number % 50).into_bytes()).collect()
}

pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<_> = digits.chars().filter(|digit| !digit.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("two digits")).collect()
}

pub(crate) fn read(codec: Codec, payload: &[u8]) -> Result<Vec<u8>, CompressionError> {
    compression::decompress(codec, payload, &mut budget()).map(Vec::from)
}

pub(crate) fn within(
    codec: Codec,
    payload: &[u8],
    limit: usize,
) -> Result<Vec<u8>, CompressionError> {
    let mut budget = DecompressionBudget::for_one_batch(limit);
    compression::decompress(codec, payload, &mut budget).map(Vec::from)
}

pub(crate) fn packed(codec: Codec, payload: &[u8]) -> Vec<u8> {
    compression::compress(Compression::of(codec), payload).expect("it compresses").to_vec()
}

/// What a malformed payload is refused with.
pub(crate) fn fault(codec: Codec, payload: &[u8]) -> &'static str {
    match read(codec, payload) {
        Err(CompressionError::Corrupt { codec: named, fault }) if named == codec => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_apache_kafka_compresses_is_read() {
    let written = [
        (Codec::Gzip, kafka::GZIP),
        (Codec::Snappy, kafka::SNAPPY),
        (Codec::Lz4, kafka::LZ4),
        (Codec::Zstd, kafka::ZSTD),
    ];
    for (codec, payload) in written.into_iter().filter(|(codec, _)| codec.is_built()) {
        assert_eq!(read(codec, &hex(payload)).unwrap(), ONE, "{codec}");
    }
    for (codec, payload) in kafka::EMPTY.into_iter().filter(|(codec, _)| codec.is_built()) {
        assert_eq!(read(codec, &hex(payload)).unwrap(), b"", "{codec}");
    }
}
