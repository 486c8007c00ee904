//! Records on their way out, written at once in wire format.

use bytes::Bytes;

use super::NO_TIMESTAMP;
use super::header::HEADER_LEN;
use super::sealed::SealedBatch;
use super::varint::{self, Word, zigzag, zigzag_length, zigzag_long};
use crate::compression::{Compression, CompressionError, Compressor};

/// A header as it is borrowed from somewhere: its key and its value.
pub type HeaderRef<'a> = (&'a [u8], Option<&'a [u8]>);

/// What to pass for a record without headers.
pub const NO_HEADERS: &[HeaderRef<'static>] = &[];

/// The longest payload a batch can have: the length field is an `i32` and counts 49 bytes more.
const MAX_PAYLOAD: usize = i32::MAX as usize - HEADER_LEN;

/// Room beyond a record, so that the last two words of it can be copied whole.
const SLACK: usize = 2 * Word::MAX;

/// The number of headers, where there are none.
const NO_HEADER: u8 = 0;

/// Something that is a header of a record.
pub trait AsHeader {
    /// The header's key. Any bytes; by convention UTF-8.
    fn header_key(&self) -> &[u8];
    /// The header's value; `None` is not the same as empty.
    fn header_value(&self) -> Option<&[u8]>;
}

impl<K: AsRef<[u8]>, V: AsRef<[u8]>> AsHeader for (K, Option<V>) {
    fn header_key(&self) -> &[u8] {
        self.0.as_ref()
    }

    fn header_value(&self) -> Option<&[u8]> {
        self.1.as_ref().map(AsRef::as_ref)
    }
}

impl<H: AsHeader> AsHeader for &H {
    fn header_key(&self) -> &[u8] {
        (*self).header_key()
    }

    fn header_value(&self) -> Option<&[u8]> {
        (*self).header_value()
    }
}

/// A record does not fit into the format any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of {size} bytes does not fit behind {len} bytes: a batch ends at {MAX_PAYLOAD}")]
pub struct AppendError {
    /// The record's size.
    pub size: usize,
    /// Bytes the batch already has.
    pub len: usize,
}

/// A batch that still takes records.
///
/// Records are written in wire format as they come, into one growing buffer; nothing is allocated
/// per record.
#[derive(Clone, Debug)]
pub struct BatchBuilder {
    payload: Vec<u8>,
    count: i32,
    base_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// An empty batch with room for `capacity` bytes of records; it grows when needed.
    pub fn new(capacity: usize) -> Self {
        Self::with_buffer(Vec::with_capacity(capacity + SLACK))
    }

    /// An empty batch that writes into a buffer used before, see [`SealedBatch::reclaim`].
    pub fn with_buffer(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self {
            payload: buffer,
            count: 0,
            base_timestamp: NO_TIMESTAMP,
            max_timestamp: NO_TIMESTAMP,
        }
    }

    /// Adds a record and gives its distance from the batch's base offset.
    ///
    /// The timestamp is in milliseconds since 1970; the first record's becomes the base that the
    /// others are counted from, and may be larger than theirs.
    ///
    /// # Errors
    /// If the batch would pass 2 GiB; nothing is added then.
    #[inline]
    pub fn append<H: AsHeader>(
        &mut self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[H],
    ) -> Result<usize, AppendError> {
        let base = if self.count == 0 { timestamp } else { self.base_timestamp };
        // Wrapping, as Java's subtraction and the reader's addition do.
        let time = zigzag_long(timestamp.wrapping_sub(base));
        let value_length = Word::of_length(value);
        let behind_head = key.map_or(0, <[u8]>::len)
            + (value_length.len() + value.map_or(0, <[u8]>::len))
            + size_of_headers(headers);
        let head =
            Head { time, offset: zigzag(self.count), key_length: zigzag_length(key), behind_head };
        let open = match head.small() {
            Some(word) if word.len() + behind_head <= self.room() => word,
            _ => {
                self.put_any_head(head.time, head.offset, head.key_length, behind_head)?;
                Word::default()
            }
        };
        if let Some(key) = key {
            self.put(open);
            self.payload.extend_from_slice(key);
            self.put(value_length);
        } else {
            self.put_two(open, value_length);
        }
        if let Some(value) = value {
            self.payload.extend_from_slice(value);
        }
        if headers.is_empty() {
            self.payload.push(NO_HEADER);
        } else {
            self.put_headers(headers);
        }

        let offset_delta = self.count;
        if offset_delta == 0 {
            self.base_timestamp = timestamp;
            self.max_timestamp = timestamp;
        } else if timestamp > self.max_timestamp {
            self.max_timestamp = timestamp;
        }
        // Each record takes at least seven bytes, so the count stays far below its limit.
        self.count += 1;
        Ok(offset_delta as usize)
    }

    /// By how many bytes the batch would grow with this record.
    #[inline]
    pub fn encoded_size<H: AsHeader>(
        &self,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[H],
    ) -> usize {
        let base = if self.count == 0 { timestamp } else { self.base_timestamp };
        let body = 1
            + varint::size(zigzag_long(timestamp.wrapping_sub(base)))
            + varint::size_of_length(self.count as usize)
            + size_of_bytes(key)
            + size_of_bytes(value)
            + size_of_headers(headers);
        varint::size_of_length(body) + body
    }

    /// Bytes of the records so far, the batch's header not counted.
    pub fn len(&self) -> usize {
        self.payload.len()
    }

    /// Whether no record was added.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of the whole batch as it would be sealed now, uncompressed.
    pub fn size(&self) -> usize {
        HEADER_LEN + self.payload.len()
    }

    /// How many records were added.
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// Bytes of records that fit before the buffer grows.
    pub fn capacity(&self) -> usize {
        self.payload.capacity().saturating_sub(SLACK)
    }

    /// The first record's timestamp, if there is a record.
    pub fn base_timestamp(&self) -> Option<i64> {
        (!self.is_empty()).then_some(self.base_timestamp)
    }

    /// The largest timestamp of a record, if there is a record.
    pub fn max_timestamp(&self) -> Option<i64> {
        (!self.is_empty()).then_some(self.max_timestamp)
    }

    /// The batch's memory, for [`BatchBuilder::with_buffer`]; the records are given up.
    pub fn into_buffer(self) -> Vec<u8> {
        self.payload
    }

    /// Takes no more records and computes the checksum of the payload.
    pub fn seal(self) -> SealedBatch {
        let (count, base, max) = (self.count, self.base_timestamp, self.max_timestamp);
        let plain_len = self.payload.len();
        let payload = Bytes::from(self.payload);
        SealedBatch::new(payload, plain_len, Compression::NONE, count, base, max)
    }

    /// [`BatchBuilder::seal`] with a compressed payload.
    ///
    /// # Errors
    /// If the codec is not part of this build.
    pub fn seal_compressed(
        self,
        compression: Compression,
    ) -> Result<SealedBatch, CompressionError> {
        self.seal_with(&mut Compressor::new(compression)?).map(|(sealed, _)| sealed)
    }

    /// [`BatchBuilder::seal`] with a payload compressed by a compressor that is used again. The
    /// batch's own memory comes back too, for [`BatchBuilder::with_buffer`]; it is empty if
    /// nothing had to be compressed.
    ///
    /// # Errors
    /// If the codec fails.
    pub fn seal_with(
        self,
        compressor: &mut Compressor,
    ) -> Result<(SealedBatch, Vec<u8>), CompressionError> {
        let compression = compressor.compression();
        if compression == Compression::NONE {
            return Ok((self.seal(), Vec::new()));
        }
        let (count, base, max) = (self.count, self.base_timestamp, self.max_timestamp);
        let payload = compressor.compress(&self.payload)?;
        let plain_len = self.payload.len();
        let sealed = SealedBatch::new(payload, plain_len, compression, count, base, max);
        Ok((sealed, self.payload))
    }

    /// How much longer the payload may become.
    #[inline]
    fn room(&self) -> usize {
        MAX_PAYLOAD - self.payload.len()
    }

    /// The fields of the head one by one: a reference would have all of them written to memory
    /// before each record.
    #[cold]
    fn put_any_head(
        &mut self,
        time: u64,
        offset: u32,
        key_length: u64,
        behind_head: usize,
    ) -> Result<(), AppendError> {
        let head = Head { time, offset, key_length, behind_head };
        let body = head.body();
        let size = varint::size_of_length(body) + body;
        if size > self.room() {
            return Err(AppendError { size, len: self.payload.len() });
        }
        self.put(Word::of((body as u64) << 1));
        self.put(Word::NO_ATTRIBUTES);
        let (time, rest) = Word::pair(head.time);
        self.put(time);
        self.put(rest);
        self.put(Word::of(head.offset.into()));
        self.put(Word::of(head.key_length));
        Ok(())
    }

    #[inline]
    fn put_headers<H: AsHeader>(&mut self, headers: &[H]) {
        self.put(Word::of((headers.len() as u64) << 1));
        for header in headers {
            let (key, value) = (header.header_key(), header.header_value());
            self.put(Word::of_length(Some(key)));
            self.payload.extend_from_slice(key);
            self.put(Word::of_length(value));
            if let Some(value) = value {
                self.payload.extend_from_slice(value);
            }
        }
    }

    /// Appends fields. Copying the whole word and cutting back compiles to a move where a copy of
    /// unknown length is a call.
    #[inline]
    fn put(&mut self, word: Word) {
        let end = self.payload.len() + word.len();
        self.payload.extend_from_slice(&word.bytes());
        self.payload.truncate(end);
    }

    /// [`Self::put`] twice, in one step: each has to wait for the length the one before it left.
    #[inline]
    fn put_two(&mut self, first: Word, second: Word) {
        let end = self.payload.len() + first.len() + second.len();
        self.payload.extend_from_slice(&first.with(second));
        self.payload.truncate(end);
    }
}

/// What stands before a record's key, in zig-zag.
#[derive(Clone, Copy)]
struct Head {
    time: u64,
    offset: u32,
    key_length: u64,
    /// Bytes from the key to the record's end.
    behind_head: usize,
}

impl Head {
    /// Length, attributes, time, offset and the key's length in one word, as almost all records
    /// have them: all of one or two groups, the last of one.
    #[inline]
    fn small(self) -> Option<Word> {
        let time = Word::small(self.time)?;
        let offset = Word::small(self.offset.into())?;
        let key_length = Word::byte(self.key_length)?;
        let fields = Word::NO_ATTRIBUTES.and(time).and(offset).and(key_length);
        let length = Word::small(((fields.len() + self.behind_head) as u64) << 1)?;
        Some(length.and(fields))
    }

    /// Bytes of the record behind its length.
    fn body(self) -> usize {
        let fields = varint::size(self.time)
            + varint::size(self.offset.into())
            + varint::size(self.key_length);
        1 + fields + self.behind_head
    }
}

#[inline]
fn size_of_bytes(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint::size_of_length(bytes.len()) + bytes.len())
}

#[inline]
fn size_of_headers<H: AsHeader>(headers: &[H]) -> usize {
    if headers.is_empty() {
        return 1;
    }
    let sizes = headers.iter().map(|header| {
        size_of_bytes(Some(header.header_key())) + size_of_bytes(header.header_value())
    });
    varint::size_of_length(headers.len()) + sizes.sum::<usize>()
}
