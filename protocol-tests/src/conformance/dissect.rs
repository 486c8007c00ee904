//! An answer as a tree of named fields, read along the schema of its message.
//!
//! This is for looking at answers, field by field and whatever the message; clients and brokers
//! decode with [`milena_protocol::decode`].

use bytes::{Buf, Bytes};
use milena_protocol::compression::DecompressionBudget;
use milena_protocol::records;
use milena_protocol::schema::{Field, Kind, MessageSchema};
use serde_json::{Map, Value, json};

/// Reads `body` as `schema` at `version`.
///
/// # Errors
/// In words, if the bytes are not that message.
pub(super) fn dissect(schema: &MessageSchema, version: i16, body: Bytes) -> Result<Value, String> {
    let mut reader = Reader { bytes: body, version, flexible: schema.flexible.contains(version) };
    let value = reader.fields(schema.fields)?;
    if reader.bytes.is_empty() {
        Ok(value)
    } else {
        Err(format!("{} bytes are left over", reader.bytes.len()))
    }
}

struct Reader {
    bytes: Bytes,
    version: i16,
    flexible: bool,
}

impl Reader {
    fn fields(&mut self, fields: &[Field]) -> Result<Value, String> {
        let mut tree = Map::new();
        let present = fields.iter().filter(|field| field.versions.contains(self.version));
        let (tagged, inline): (Vec<_>, Vec<_>) = present.partition(|field| self.is_tagged(field));
        for field in inline {
            let value = self.field(field).map_err(|why| format!("{}: {why}", field.name))?;
            tree.insert(field.name.to_owned(), value);
        }
        if !self.flexible {
            return Ok(Value::Object(tree));
        }
        for _ in 0..self.varint()? {
            let number = self.varint()?;
            let size = self.varint()? as usize;
            let rest = self.take(size)?;
            let known = tagged.iter().find(|f| f.tagged.is_some_and(|tag| tag.number == number));
            let Some(field) = known else {
                tree.insert(format!("tag {number}"), text(&rest));
                continue;
            };
            let mut inner = Self { bytes: rest, version: self.version, flexible: self.flexible };
            let value = inner.field(field).map_err(|why| format!("{}: {why}", field.name))?;
            tree.insert(field.name.to_owned(), value);
        }
        Ok(Value::Object(tree))
    }

    fn is_tagged(&self, field: &Field) -> bool {
        field.tagged.is_some_and(|tag| tag.versions.contains(self.version))
    }

    fn field(&mut self, field: &Field) -> Result<Value, String> {
        match field.kind {
            Kind::Struct(fields) => {
                if field.nullable.contains(self.version) && self.fixed::<1>()?[0] as i8 == -1 {
                    return Ok(Value::Null);
                }
                self.fields(fields)
            }
            kind => self.value(kind),
        }
    }

    fn value(&mut self, kind: Kind) -> Result<Value, String> {
        Ok(match kind {
            Kind::Bool => json!(self.fixed::<1>()?[0] != 0),
            Kind::Int8 => json!(i8::from_be_bytes(self.fixed()?)),
            Kind::Int16 => json!(i16::from_be_bytes(self.fixed()?)),
            Kind::Uint16 => json!(u16::from_be_bytes(self.fixed()?)),
            Kind::Int32 => json!(i32::from_be_bytes(self.fixed()?)),
            Kind::Uint32 => json!(u32::from_be_bytes(self.fixed()?)),
            Kind::Int64 => json!(i64::from_be_bytes(self.fixed()?)),
            Kind::Float64 => json!(f64::from_be_bytes(self.fixed()?)),
            Kind::Uuid => {
                let hex = self.fixed::<16>()?.map(|byte| format!("{byte:02x}"));
                json!(hex.concat())
            }
            Kind::String => self.length(2)?.map_or(Ok(Value::Null), |n| self.text(n))?,
            Kind::ClassicString => {
                let length = i16::from_be_bytes(self.fixed()?);
                usize::try_from(length).map_or(Ok(Value::Null), |length| self.text(length))?
            }
            Kind::Bytes => self.length(4)?.map_or(Ok(Value::Null), |n| self.text(n))?,
            Kind::Records => match self.length(4)? {
                None => Value::Null,
                Some(length) => batches(self.take(length)?),
            },
            Kind::Struct(fields) => self.fields(fields)?,
            Kind::Array(element) => match self.length(4)? {
                None => Value::Null,
                Some(count) => {
                    let elements = (0..count)
                        .map(|at| self.value(*element).map_err(|why| format!("[{at}]: {why}")));
                    Value::Array(elements.collect::<Result<_, _>>()?)
                }
            },
        })
    }

    fn text(&mut self, length: usize) -> Result<Value, String> {
        Ok(text(&self.take(length)?))
    }

    /// A length or count: compact, or of `classic` bytes. `None` is null.
    fn length(&mut self, classic: usize) -> Result<Option<usize>, String> {
        if self.flexible {
            return Ok((self.varint()? as usize).checked_sub(1));
        }
        let length = match classic {
            2 => i32::from(i16::from_be_bytes(self.fixed()?)),
            _ => i32::from_be_bytes(self.fixed()?),
        };
        Ok(usize::try_from(length).ok())
    }

    fn varint(&mut self) -> Result<u32, String> {
        let mut value = 0_u32;
        for shift in (0..32).step_by(7) {
            let byte = self.fixed::<1>()?[0];
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a varint is too long".to_owned())
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.bytes.first_chunk::<N>().copied().ok_or_else(|| self.short(N))?;
        self.bytes.advance(N);
        Ok(taken)
    }

    fn take(&mut self, count: usize) -> Result<Bytes, String> {
        if self.bytes.len() < count {
            return Err(self.short(count));
        }
        Ok(self.bytes.split_to(count))
    }

    fn short(&self, wanted: usize) -> String {
        format!("{wanted} bytes wanted, {} are left", self.bytes.len())
    }
}

/// Text where it is text, hexadecimal digits otherwise.
fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => {
            json!(format!("0x{}", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()))
        }
    }
}

/// The batches of a records field, and the length of a tail that was cut off.
fn batches(bytes: Bytes) -> Value {
    let mut batches = records::batches(bytes);
    let mut seen: Vec<Value> = batches
        .by_ref()
        .map(|batch| match batch {
            Ok(batch) => one_batch(&batch),
            Err(error) => json!(error.to_string()),
        })
        .collect();
    if !batches.tail().is_empty() {
        seen.push(json!(format!("a tail of {} bytes", batches.tail().len())));
    }
    Value::Array(seen)
}

/// What a compressed batch may unpack to: cases are small, but Java's Zstandard asks for a window of
/// 2 MiB whatever it packs.
const MOST: usize = 16 * 1024 * 1024;

fn one_batch(batch: &records::Batch) -> Value {
    let header = &batch.header;
    let plain = match batch.decompressed(&mut DecompressionBudget::for_one_batch(MOST)) {
        Ok(plain) => plain,
        Err(error) => return json!(error.to_string()),
    };
    let records: Vec<Value> = match plain.records() {
        Ok(records) => records
            .map(|record| match record {
                Ok(record) => one_record(&record),
                Err(error) => json!(error.to_string()),
            })
            .collect(),
        Err(error) => vec![json!(error.to_string())],
    };
    json!({
        "base_offset": header.base_offset.get(),
        "last_offset_delta": header.last_offset_delta,
        "leader_epoch": header.leader_epoch.get(),
        "attributes": header.attributes.0,
        "base_timestamp": header.base_timestamp,
        "max_timestamp": header.max_timestamp,
        "producer_id": header.producer_id.get(),
        "producer_epoch": header.producer_epoch.get(),
        "base_sequence": header.base_sequence.get(),
        "crc_fits": batch.verify_crc().is_ok(),
        "records": records,
    })
}

fn one_record(record: &records::RecordView<'_>) -> Value {
    let headers: Vec<Value> =
        record.headers().map(|(key, value)| json!([text(key), value.map(text)])).collect();
    json!({
        "offset": record.offset.get(),
        "timestamp": record.timestamp,
        "key": record.key.map(text),
        "value": record.value.map(text),
        "headers": headers,
    })
}
