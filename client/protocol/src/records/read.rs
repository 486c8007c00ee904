//! Records of a batch, read one by one as borrowed slices.

use super::batch::Batch;
use super::error::{BatchError, BatchErrorKind, RecordFault};
use super::header::{BatchHeader, TimestampType};
use super::varint::{self, SmallValues};
use crate::ids::Offset;

/// A record, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordView<'a> {
    /// Its offset.
    pub offset: Offset,
    /// Milliseconds since 1970: its own, or the batch's under LogAppendTime.
    pub timestamp: i64,
    /// Its key; absent is not the same as empty.
    pub key: Option<&'a [u8]>,
    /// Its value; absent is a tombstone and not the same as empty.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: Headers<'a>,
}

impl<'a> RecordView<'a> {
    /// Its headers: keys and values in the order they were written, duplicates included.
    pub fn headers(&self) -> Headers<'a> {
        self.headers
    }
}

/// The headers of a record. They were checked when the record was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl Headers<'_> {
    /// Whether there are none left.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.count = self.count.checked_sub(1)?;
        let (pair, rest) = take_header(self.bytes).ok()?;
        self.bytes = rest;
        Some(pair)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for Headers<'_> {}

/// The records of a batch, see [`Batch::records`]. After an error the iteration ends.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    batch: &'a Batch,
    cursor: RecordCursor,
}

impl<'a> Records<'a> {
    pub(super) fn new(batch: &'a Batch) -> Self {
        Self { batch, cursor: RecordCursor::START }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<RecordView<'a>, BatchError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.cursor.next(self.batch)
    }
}

impl std::iter::FusedIterator for Records<'_> {}

/// A place in a batch, for those who own the batch and read on later. Used with one batch only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordCursor {
    /// Where the next record begins in the payload.
    position: usize,
    /// How many records were read.
    index: i32,
}

impl RecordCursor {
    /// Before the first record.
    pub const START: Self = Self { position: 0, index: 0 };

    /// How many records were read.
    pub fn read(&self) -> usize {
        self.index as usize
    }

    /// Reads the next record. `None` after the last and after an error.
    #[inline]
    pub fn next<'a>(&mut self, batch: &'a Batch) -> Option<Result<RecordView<'a>, BatchError>> {
        if self.index >= batch.header.record_count || batch.is_compressed() {
            return self.finish(batch).map(Err);
        }
        let payload: &[u8] = batch.payload();
        let rest = payload.get(self.position..).unwrap_or_default();
        match read_record(&batch.header, rest) {
            Ok((record, rest)) => {
                self.position = payload.len() - rest.len();
                self.index += 1;
                Some(Ok(record))
            }
            Err(fault) => Some(Err(self.fail(batch, fault))),
        }
    }

    #[cold]
    fn fail(&mut self, batch: &Batch, fault: RecordFault) -> BatchError {
        let index = self.index;
        self.end(batch);
        batch.header.error(BatchErrorKind::Record { index, fault })
    }

    /// Bytes after the last record and an unreadable payload are an error, told once.
    #[cold]
    fn finish(&mut self, batch: &Batch) -> Option<BatchError> {
        let count = batch.payload().len().saturating_sub(self.position);
        let unread = self.index < batch.header.record_count;
        self.end(batch);
        if unread {
            return batch.readable().err();
        }
        (count > 0).then(|| batch.header.error(BatchErrorKind::Slack { count }))
    }

    fn end(&mut self, batch: &Batch) {
        self.position = batch.payload().len();
        self.index = batch.header.record_count;
    }
}

/// The fields between a record's length and its key; what is unsigned is in zig-zag.
struct Head {
    timestamp_delta: i64,
    offset_delta: u32,
    key_length: u32,
}

/// A record and what is behind it.
#[inline(always)]
fn read_record<'a>(
    header: &BatchHeader,
    mut rest: &'a [u8],
) -> Result<(RecordView<'a>, &'a [u8]), RecordFault> {
    let length = varint::take_raw(&mut rest).ok_or(RecordFault::Varint)?;
    let (head, mut body) = take_head(take_bytes(&mut rest, length)?)?;
    let key = take_nullable(&mut body, head.key_length)?;
    let value_length = varint::take_raw(&mut body).ok_or(RecordFault::Varint)?;
    let value = take_nullable(&mut body, value_length)?;
    let headers = match *body {
        // No headers, and nothing behind them.
        [0] => Headers { count: 0, bytes: &[] },
        _ => take_headers(body)?,
    };
    // The header's check has made sure that base offset plus last delta does not overflow, and that
    // the latter is not negative.
    let offset_delta = varint::length(head.offset_delta);
    if offset_delta > header.last_offset_delta as usize {
        return Err(RecordFault::OffsetDelta(varint::unzigzag(head.offset_delta)));
    }
    let timestamp = match header.attributes.timestamp_type() {
        // Wrapping, as Java's addition and the writer's subtraction do.
        TimestampType::CreateTime => header.base_timestamp.wrapping_add(head.timestamp_delta),
        TimestampType::LogAppendTime => header.max_timestamp,
    };
    let offset = Offset(header.base_offset.get() + offset_delta as i64);
    Ok((RecordView { offset, timestamp, key, value, headers }, rest))
}

#[inline(always)]
fn take_head(body: &[u8]) -> Result<(Head, &[u8]), RecordFault> {
    match small_head(body) {
        Some(taken) => Ok(taken),
        None => take_any_head(body),
    }
}

/// A head whose values all are small, in a body that is not very short.
#[inline(always)]
fn small_head(body: &[u8]) -> Option<(Head, &[u8])> {
    let mut values = SmallValues::at(body)?;
    // The attributes of a record are unused.
    values.skip();
    let timestamp_delta = varint::unzigzag(values.take()?).into();
    let offset_delta = values.take()?;
    let key_length = values.take()?;
    let head = Head { timestamp_delta, offset_delta, key_length };
    Some((head, body.get(values.taken()..)?))
}

#[inline(never)]
fn take_any_head(body: &[u8]) -> Result<(Head, &[u8]), RecordFault> {
    let (_, mut body) = body.split_first().ok_or(RecordFault::Truncated)?;
    let head = Head {
        timestamp_delta: varint::take_long(&mut body).ok_or(RecordFault::Varint)?,
        offset_delta: varint::take_raw(&mut body).ok_or(RecordFault::Varint)?,
        key_length: varint::take_raw(&mut body).ok_or(RecordFault::Varint)?,
    };
    Ok((head, body))
}

/// The headers at the end of a record, each of them checked.
#[inline(always)]
fn take_headers(mut body: &[u8]) -> Result<Headers<'_>, RecordFault> {
    let announced = varint::take_raw(&mut body).ok_or(RecordFault::Varint)?;
    // A header takes two bytes at least.
    let count = varint::length(announced);
    if count > body.len() / 2 {
        return Err(RecordFault::HeaderCount(varint::unzigzag(announced)));
    }
    let bytes = body;
    for _ in 0..count {
        (_, body) = take_header(body)?;
    }
    if body.is_empty() { Ok(Headers { count, bytes }) } else { Err(RecordFault::Slack(body.len())) }
}

/// Key and value of a header.
type Pair<'a> = (&'a [u8], Option<&'a [u8]>);

/// A header and what is behind it.
#[inline(always)]
fn take_header(bytes: &[u8]) -> Result<(Pair<'_>, &[u8]), RecordFault> {
    match small_header(bytes) {
        Some(taken) => Ok(taken),
        None => take_any_header(bytes),
    }
}

/// A header whose key and value are shorter than 64 bytes each, so that their lengths are a byte.
#[inline(always)]
fn small_header(bytes: &[u8]) -> Option<(Pair<'_>, &[u8])> {
    let (&length, rest) = bytes.split_first()?;
    if length & 0x81 != 0 {
        return None;
    }
    let (key, rest) = rest.split_at_checked(usize::from(length >> 1))?;
    let (&length, rest) = rest.split_first()?;
    if length & 0x81 != 0 {
        return (length == 1).then_some(((key, None), rest));
    }
    let (value, rest) = rest.split_at_checked(usize::from(length >> 1))?;
    Some(((key, Some(value)), rest))
}

#[inline(never)]
fn take_any_header(mut bytes: &[u8]) -> Result<(Pair<'_>, &[u8]), RecordFault> {
    let length = varint::take_raw(&mut bytes).ok_or(RecordFault::Varint)?;
    let key = take_bytes(&mut bytes, length)?;
    let length = varint::take_raw(&mut bytes).ok_or(RecordFault::Varint)?;
    let value = take_nullable(&mut bytes, length)?;
    Ok(((key, value), bytes))
}

/// -1 in zig-zag: absent.
const ABSENT: u32 = 1;

#[inline(always)]
fn take_nullable<'a>(bytes: &mut &'a [u8], length: u32) -> Result<Option<&'a [u8]>, RecordFault> {
    if length == ABSENT { Ok(None) } else { take_bytes(bytes, length).map(Some) }
}

/// Takes as many bytes off the front as a length in zig-zag says.
#[inline(always)]
fn take_bytes<'a>(bytes: &mut &'a [u8], length: u32) -> Result<&'a [u8], RecordFault> {
    let Some((taken, rest)) = bytes.split_at_checked(varint::length(length)) else {
        return Err(too_long(varint::unzigzag(length)));
    };
    *bytes = rest;
    Ok(taken)
}

#[cold]
fn too_long(length: i32) -> RecordFault {
    if length < 0 { RecordFault::NegativeLength(length) } else { RecordFault::Truncated }
}
