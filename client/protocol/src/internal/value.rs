//! Reads and writes the values that fields hold.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use uuid::Uuid;

use super::UnknownTaggedFields;
use crate::StrBytes;

/// Something that does not fit. When reading it is a fault of this crate: the guard has seen the
/// bytes before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misfit {
    #[error("the bytes end where the guard saw more of them")]
    Short,
    #[error("null where the guard saw none")]
    Null,
    #[error("a string is not UTF-8 where the guard saw that it is")]
    Utf8,
    #[error("{field} has a value, which version {version} cannot express")]
    Absent { field: &'static str, version: i16 },
    #[error("{length} bytes or elements are too many for one field")]
    TooLong { length: usize },
}

/// What a field can hold.
pub(super) trait Value: Sized {
    fn read(from: &mut Reader) -> Result<Self, Misfit>;
    fn write(&self, to: &mut Writer) -> Result<(), Misfit>;
}

/// Reads the bytes of one key or value.
pub(super) struct Reader {
    bytes: Bytes,
    version: i16,
    flexible: bool,
}

impl Reader {
    pub(super) fn new(bytes: Bytes, version: i16, flexible: bool) -> Self {
        Self { bytes, version, flexible }
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn version(&self) -> i16 {
        self.version
    }

    pub(super) fn get<V: Value>(&mut self) -> Result<V, Misfit> {
        V::read(self)
    }

    /// A struct behind its marker.
    pub(super) fn optional<V: Value>(&mut self) -> Result<Option<V>, Misfit> {
        let marker: i8 = self.get()?;
        if marker < 0 { Ok(None) } else { self.get().map(Some) }
    }

    /// A struct behind the marker that it has in a tagged field: a variable-length integer which
    /// is 0 for null (`MessageDataGenerator.generateStructReader` in Apache Kafka).
    pub(super) fn tagged_optional<V: Value>(&mut self) -> Result<Option<V>, Misfit> {
        if self.varint()? == 0 { Ok(None) } else { self.get().map(Some) }
    }

    /// How many tagged fields follow.
    pub(super) fn tags(&mut self) -> Result<u32, Misfit> {
        if self.flexible { self.varint() } else { Ok(0) }
    }

    /// The tag and size of a tagged field.
    pub(super) fn tag(&mut self) -> Result<(u32, u32), Misfit> {
        Ok((self.varint()?, self.varint()?))
    }

    pub(super) fn raw(&mut self, length: u32) -> Result<Bytes, Misfit> {
        let length = length as usize;
        if length > self.bytes.len() {
            return Err(Misfit::Short);
        }
        Ok(self.bytes.split_to(length))
    }

    fn varint(&mut self) -> Result<u32, Misfit> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.bytes.try_get_u8().map_err(|_| Misfit::Short)?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        Ok(value)
    }

    /// A length or count, which is an `i16` or `i32` in versions that are not flexible.
    fn length(
        &mut self,
        classic: fn(&mut Self) -> Result<i32, Misfit>,
    ) -> Result<Option<u32>, Misfit> {
        if self.flexible {
            return Ok(self.varint()?.checked_sub(1));
        }
        Ok(u32::try_from(classic(self)?).ok())
    }
}

/// Writes one key or value.
pub(super) struct Writer {
    bytes: BytesMut,
    version: i16,
    flexible: bool,
}

impl Writer {
    pub(super) fn new(prefix: i16, version: i16, flexible: bool) -> Self {
        let mut bytes = BytesMut::new();
        bytes.put_i16(prefix);
        Self { bytes, version, flexible }
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.bytes.freeze()
    }

    pub(super) fn version(&self) -> i16 {
        self.version
    }

    pub(super) fn is_flexible(&self) -> bool {
        self.flexible
    }

    /// The field has a value that is lost in this version.
    pub(super) fn absent(&self, field: &'static str) -> Misfit {
        Misfit::Absent { field, version: self.version }
    }

    pub(super) fn put<V: Value>(&mut self, value: &V) -> Result<(), Misfit> {
        value.write(self)
    }

    /// A struct behind its marker.
    pub(super) fn put_optional<V: Value>(&mut self, value: &Option<V>) -> Result<(), Misfit> {
        match value {
            Some(value) => {
                self.bytes.put_i8(1);
                value.write(self)
            }
            None => {
                self.bytes.put_i8(-1);
                Ok(())
            }
        }
    }

    /// A struct behind the marker that it has in a tagged field.
    pub(super) fn put_tagged_optional<V: Value>(
        &mut self,
        value: &Option<V>,
    ) -> Result<(), Misfit> {
        self.put_varint(value.is_some().into());
        value.as_ref().map_or(Ok(()), |value| value.write(self))
    }

    /// What `write` writes, to be put behind its size.
    pub(super) fn aside(
        &self,
        write: impl FnOnce(&mut Self) -> Result<(), Misfit>,
    ) -> Result<Bytes, Misfit> {
        let mut aside =
            Self { bytes: BytesMut::new(), version: self.version, flexible: self.flexible };
        write(&mut aside)?;
        Ok(aside.bytes.freeze())
    }

    /// Tagged fields, those that are not known among them, in the order of their tags.
    pub(super) fn put_tags(
        &mut self,
        known: impl IntoIterator<Item = (u32, Bytes)>,
        unknown: &UnknownTaggedFields,
    ) -> Result<(), Misfit> {
        if !self.flexible {
            return Ok(());
        }
        let mut all = unknown.clone();
        all.extend(known);
        self.put_varint(size(all.len())?);
        for (tag, field) in all {
            self.put_varint(tag);
            self.put_varint(size(field.len())?);
            self.bytes.put_slice(&field);
        }
        Ok(())
    }

    fn put_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.put_u8(value as u8);
    }

    /// A length or count; `None` for null.
    fn put_length(
        &mut self,
        length: Option<usize>,
        classic: fn(&mut BytesMut, Option<usize>) -> Result<(), Misfit>,
    ) -> Result<(), Misfit> {
        if !self.flexible {
            return classic(&mut self.bytes, length);
        }
        let value = match length {
            Some(length) => size(length)?.checked_add(1).ok_or(Misfit::TooLong { length })?,
            None => 0,
        };
        self.put_varint(value);
        Ok(())
    }
}

fn size(length: usize) -> Result<u32, Misfit> {
    i32::try_from(length).map(i32::cast_unsigned).map_err(|_| Misfit::TooLong { length })
}

fn put_i16_length(bytes: &mut BytesMut, length: Option<usize>) -> Result<(), Misfit> {
    let length = match length {
        Some(length) => i16::try_from(length).map_err(|_| Misfit::TooLong { length })?,
        None => -1,
    };
    bytes.put_i16(length);
    Ok(())
}

fn put_i32_length(bytes: &mut BytesMut, length: Option<usize>) -> Result<(), Misfit> {
    let length = match length {
        Some(length) => i32::try_from(length).map_err(|_| Misfit::TooLong { length })?,
        None => -1,
    };
    bytes.put_i32(length);
    Ok(())
}

macro_rules! numbers {
    ($($number:ty, $get:ident, $put:ident;)*) => {
        $(impl Value for $number {
            fn read(from: &mut Reader) -> Result<Self, Misfit> {
                from.bytes.$get().map_err(|_| Misfit::Short)
            }

            fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
                to.bytes.$put(*self);
                Ok(())
            }
        })*
    };
}

numbers! {
    i8, try_get_i8, put_i8;
    i16, try_get_i16, put_i16;
    u16, try_get_u16, put_u16;
    i32, try_get_i32, put_i32;
    i64, try_get_i64, put_i64;
}

impl Value for Uuid {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        from.bytes.try_get_u128().map(Self::from_u128).map_err(|_| Misfit::Short)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.bytes.put_slice(self.as_bytes());
        Ok(())
    }
}

impl Value for Option<StrBytes> {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let Some(length) = from.length(|from| from.get::<i16>().map(i32::from))? else {
            return Ok(None);
        };
        StrBytes::try_from(from.raw(length)?).map(Some).map_err(|_| Misfit::Utf8)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        let text = self.as_deref();
        to.put_length(text.map(str::len), put_i16_length)?;
        to.bytes.put_slice(text.unwrap_or_default().as_bytes());
        Ok(())
    }
}

impl Value for StrBytes {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        from.get::<Option<Self>>()?.ok_or(Misfit::Null)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put_length(Some(self.len()), put_i16_length)?;
        to.bytes.put_slice(self.as_bytes());
        Ok(())
    }
}

impl Value for Bytes {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let length = from.length(Reader::get)?.ok_or(Misfit::Null)?;
        from.raw(length)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put_length(Some(self.len()), put_i32_length)?;
        to.bytes.put_slice(self);
        Ok(())
    }
}

impl<V: Value> Value for Option<Vec<V>> {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        let Some(count) = from.length(Reader::get)? else { return Ok(None) };
        // The guard has seen that there are as many, and that they do not take too much memory.
        let mut elements = Vec::with_capacity(count as usize);
        for _ in 0..count {
            elements.push(from.get()?);
        }
        Ok(Some(elements))
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        match self {
            Some(elements) => elements.write(to),
            None => to.put_length(None, put_i32_length),
        }
    }
}

impl<V: Value> Value for Vec<V> {
    fn read(from: &mut Reader) -> Result<Self, Misfit> {
        from.get::<Option<Self>>()?.ok_or(Misfit::Null)
    }

    fn write(&self, to: &mut Writer) -> Result<(), Misfit> {
        to.put_length(Some(self.len()), put_i32_length)?;
        self.iter().try_for_each(|element| element.write(to))
    }
}
