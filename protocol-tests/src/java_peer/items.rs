//! How items of a question are laid out, and results of an answer.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::PeerError;

pub(super) fn put_count(out: &mut BytesMut, count: usize) {
    out.put_i32(i32::try_from(count).expect("less than 2 GiB are asked about at once"));
}

/// A length of -1 stands for nothing.
pub(super) fn put_bytes(out: &mut BytesMut, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            put_count(out, bytes.len());
            out.put_slice(bytes);
        }
        None => out.put_i32(-1),
    }
}

/// A result, read field by field.
pub(super) struct Reader {
    bytes: Bytes,
}

impl Reader {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self { bytes }
    }

    pub(super) fn u8(&mut self) -> Result<u8, PeerError> {
        self.bytes.try_get_u8().map_err(cut_short)
    }

    pub(super) fn i16(&mut self) -> Result<i16, PeerError> {
        self.bytes.try_get_i16().map_err(cut_short)
    }

    pub(super) fn i32(&mut self) -> Result<i32, PeerError> {
        self.bytes.try_get_i32().map_err(cut_short)
    }

    pub(super) fn i64(&mut self) -> Result<i64, PeerError> {
        self.bytes.try_get_i64().map_err(cut_short)
    }

    pub(super) fn nullable_bytes(&mut self) -> Result<Option<Bytes>, PeerError> {
        let length = self.i32()?;
        if length == -1 {
            return Ok(None);
        }
        let length = usize::try_from(length).ok().filter(|length| *length <= self.bytes.len());
        let length = length.ok_or_else(|| PeerError::Answer("a length is impossible".into()))?;
        Ok(Some(self.bytes.split_to(length)))
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes, PeerError> {
        let bytes = self.nullable_bytes()?;
        bytes.ok_or_else(|| PeerError::Answer("bytes are missing".into()))
    }

    pub(super) fn end(&self) -> Result<(), PeerError> {
        match self.bytes.len() {
            0 => Ok(()),
            left => Err(PeerError::Answer(format!("{left} bytes are left over"))),
        }
    }
}

fn cut_short(error: bytes::TryGetError) -> PeerError {
    PeerError::Answer(error.to_string())
}
