//! Records read the slow and obvious way, as the format's description reads. It knows no fast path.

use milena_protocol::records::{Batch, RecordView, TimestampType};

/// Reads records one behind the other.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// A record.
#[derive(Debug)]
pub(super) struct Record<'a> {
    offset: i64,
    timestamp: i64,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    /// How many, and their bytes.
    headers: (u64, Reader<'a>),
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.rest.len())
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next record of a batch; `None` if it is not sound.
    pub(super) fn next(&mut self, batch: &Batch) -> Option<Record<'a>> {
        let length = self.varint(32)?;
        let mut body = Self::new(self.bytes(length)?);
        body.byte()?;
        let timestamp_delta = body.varint(64)?;
        let offset_delta = body.varint(32)?;
        let key = body.nullable()?;
        let value = body.nullable()?;
        let count = u64::try_from(body.varint(32)?).ok()?;
        let headers = Self::new(body.rest);
        for _ in 0..count {
            body.header()?;
        }
        let header = &batch.header;
        let deltas = 0..=i64::from(header.last_offset_delta);
        let timestamp = match batch.timestamp_type() {
            TimestampType::CreateTime => header.base_timestamp.wrapping_add(timestamp_delta),
            TimestampType::LogAppendTime => header.max_timestamp,
        };
        (body.is_at_end() && deltas.contains(&offset_delta)).then(|| Record {
            offset: header.base_offset.get() + offset_delta,
            timestamp,
            key,
            value,
            headers: (count, headers),
        })
    }

    fn header(&mut self) -> Option<(&'a [u8], Option<&'a [u8]>)> {
        let key = self.nullable()??;
        Some((key, self.nullable()?))
    }

    fn nullable(&mut self) -> Option<Option<&'a [u8]>> {
        match self.varint(32)? {
            -1 => Some(None),
            length => self.bytes(length).map(Some),
        }
    }

    fn bytes(&mut self, length: i64) -> Option<&'a [u8]> {
        let length = usize::try_from(length).ok()?;
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// A zig-zag integer of at most so many bits, in no more bytes than these need.
    fn varint(&mut self, bits: u32) -> Option<i64> {
        let mut raw = 0_u128;
        for group in 0..bits.div_ceil(7) {
            let byte = self.byte()?;
            raw |= u128::from(byte & 0x7f) << (7 * group);
            if byte & 0x80 == 0 {
                let half = i128::try_from(raw / 2).ok()?;
                let value = if raw.is_multiple_of(2) { half } else { -half - 1 };
                return (raw >> bits == 0).then(|| i64::try_from(value).ok())?;
            }
        }
        None
    }
}

impl Record<'_> {
    /// Fails if the record was read as something else.
    pub(super) fn compare(self, found: &RecordView<'_>) {
        assert_eq!((found.offset.get(), found.timestamp), (self.offset, self.timestamp));
        assert_eq!((found.key, found.value), (self.key, self.value));
        let (count, mut headers) = self.headers;
        assert_eq!(found.headers().len() as u64, count);
        for found in found.headers() {
            assert_eq!(Some(found), headers.header());
        }
    }
}
