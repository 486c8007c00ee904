//! The record batches that are measured, and what a producer and a consumer do with them.

use bytes::Bytes;
use milena_protocol::records::{self, BatchBuilder, HeaderRef, NO_HEADERS, SealedBatch, Stamp};

/// Bytes of values in a batch: what a producer under load fills, and large enough that what is
/// done once per batch hardly counts.
pub const BATCH: usize = 128 * 1024;

/// When the first record was made.
pub const TIMESTAMP: i64 = 1_700_000_000_000;

/// What records look like.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Bytes of a value.
    pub value: usize,
    /// Its key.
    pub key: Option<&'static [u8]>,
    /// Its headers.
    pub headers: &'static [HeaderRef<'static>],
}

/// A value of 1 KiB and nothing else.
pub const LARGE: Shape = Shape { value: 1024, key: None, headers: NO_HEADERS };

/// A value of 100 bytes, a key and two headers.
pub const SMALL: Shape = Shape {
    value: 100,
    key: Some(b"customer-42"),
    headers: &[(b"trace-id", Some(b"0123456789abcdef")), (b"source", Some(b"billing"))],
};

impl Shape {
    /// The values of a batch, each in a place of its own.
    pub fn values(&self) -> Vec<Vec<u8>> {
        (0..BATCH / self.value).map(|index| vec![index as u8; self.value]).collect()
    }

    /// The time of a record: a millisecond passes every hundred.
    pub fn timestamp(&self, index: usize) -> i64 {
        TIMESTAMP + index as i64 / 100
    }

    /// Writes records into a buffer used before, and gives them sealed.
    pub fn encode(&self, buffer: Vec<u8>, values: &[Vec<u8>]) -> SealedBatch {
        let mut builder = BatchBuilder::with_buffer(buffer);
        for (index, value) in values.iter().enumerate() {
            builder
                .append(self.timestamp(index), self.key, Some(value), self.headers)
                .expect("a batch of 128 KiB is far from the longest");
        }
        builder.seal()
    }

    /// A batch as it goes on the wire.
    pub fn batch(&self) -> Bytes {
        self.encode(Vec::new(), &self.values()).stamp(&Stamp::default()).to_bytes()
    }
}

/// Reads batches as a consumer does: the checksum, then key, value and headers of each record.
/// Gives the number of their bytes.
pub fn read(batches: Bytes) -> usize {
    let mut seen = 0;
    for batch in records::batches(batches) {
        let batch = batch.expect("the batch was just written");
        batch.verify_crc().expect("the batch was just written");
        for record in batch.records().expect("the batch is not compressed") {
            let record = record.expect("the batch was just written");
            seen += length(record.key) + length(record.value);
            seen += record.headers.map(|(key, value)| key.len() + length(value)).sum::<usize>();
        }
    }
    seen
}

fn length(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(0, <[u8]>::len)
}

/// The records of a batch as services write them, uncompressed: JSON whose names repeat and whose
/// values mostly do not.
pub fn json_payload() -> Bytes {
    const STATES: [&str; 4] = ["created", "paid", "sent", "returned"];
    // xorshift: the same in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut builder = BatchBuilder::new(BATCH);
    for index in 0.. {
        let (id, customer, cents) = (next(), next() % 100_000, next() % 50_000);
        let state = STATES[(next() % 4) as usize];
        let timestamp = TIMESTAMP + index;
        let value = format!(
            r#"{{"id":"{id:016x}","customer":{customer},"state":"{state}","at":{timestamp},"amount":{{"currency":"EUR","cents":{cents}}},"source":"billing"}}"#
        );
        let key = customer.to_string();
        if builder.len() + value.len() + SMALL_ENVELOPE > BATCH {
            break;
        }
        builder
            .append(timestamp, Some(key.as_bytes()), Some(value.as_bytes()), SMALL.headers)
            .expect("a batch of 128 KiB is far from the longest");
    }
    builder.seal().payload().clone()
}

/// More than key, headers and lengths of such a record take.
const SMALL_ENVELOPE: usize = 100;
