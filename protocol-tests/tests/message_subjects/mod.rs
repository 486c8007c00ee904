//! Everything that has a table, and the types that belong to it.

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use milena_protocol::decode::{self, DecodeError};
use milena_protocol::internal::{GroupKey, GroupValue, TransactionKey, TransactionValue};
use milena_protocol::messages::{self, ApiKey, RequestKind, ResponseKind};
use milena_protocol::request::EncodeError;
use milena_protocol::schema::{self, MessageSchema, StandsAlone};
use milena_protocol::{Decodable, Encodable};

/// A message at a version, and who reads it.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) schema: &'static MessageSchema,
    pub(crate) version: i16,
    reader: Reader,
}

/// Reads and writes a message.
#[derive(Clone, Copy)]
enum Reader {
    Request(ApiKey),
    Response(ApiKey),
    Header(Generated),
    Data(Generated, Door),
    Internal(Part),
}

/// A part of a record of an internal topic, whose type of record is given.
#[derive(Clone, Copy)]
enum Part {
    GroupKey(i16),
    GroupValue(i16),
    TransactionKey(i16),
    TransactionValue(i16),
}

/// kafka-protocol's decoder of some type.
type Generated = fn(&mut Bytes, i16) -> Result<Decoded, String>;

/// Ours for the same type.
type Door = fn(i16, &mut Bytes) -> Result<(), DecodeError>;

/// What became of a message. It is kafka-protocol that reads and writes all but records of internal
/// topics.
pub(crate) enum Decoded {
    Request(RequestKind),
    Response(ResponseKind),
    Data(Box<dyn Data>),
    GroupKey(GroupKey),
    GroupValue(GroupValue),
    TransactionKey(TransactionKey),
    TransactionValue(TransactionValue),
}

/// A message that is neither request nor response.
pub(crate) trait Data {
    fn write(&self, out: &mut BytesMut, version: i16) -> Result<(), String>;
}

impl<M: Encodable> Data for M {
    fn write(&self, out: &mut BytesMut, version: i16) -> Result<(), String> {
        self.encode(out, version).map_err(told)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.schema.name, self.version)
    }
}

impl Subject {
    /// What our door for a peer's bytes says about these.
    pub(crate) fn through_the_door(&self, mut bytes: Bytes) -> Result<(), DecodeError> {
        match self.reader {
            Reader::Request(key) => {
                let mut frame = self.request_header(key);
                frame.extend_from_slice(&bytes);
                decode::request(frame.freeze()).map(drop)
            }
            Reader::Response(key) => decode::response_kind(key, self.version, bytes).map(drop),
            // They have no door of their own; a request's or response's takes them off.
            Reader::Header(_) => self.guarded(&bytes),
            Reader::Data(_, door) => door(self.version, &mut bytes),
            Reader::Internal(part) => part.decode(self.version, &bytes).map(drop),
        }
    }

    /// Whether the door lets bytes pass that follow the message. A broker ignores what follows a
    /// request, and a message that stands alone is taken off the front of what is there.
    pub(crate) fn may_be_followed(&self) -> bool {
        !matches!(self.reader, Reader::Response(_) | Reader::Internal(_))
    }

    fn guarded(&self, bytes: &[u8]) -> Result<(), DecodeError> {
        let limits = milena_protocol::guard::Limits::default();
        milena_protocol::guard::check(self.schema, self.version, bytes, limits)?;
        Ok(())
    }

    fn request_header(&self, key: ApiKey) -> BytesMut {
        let mut header = BytesMut::new();
        header.put_i16(key as i16);
        header.put_i16(self.version);
        header.put_i32(7);
        header.put_i16(-1);
        if key.request_header_version(self.version) >= 2 {
            header.put_u8(0);
        }
        header
    }

    /// Takes the message off the front of the bytes. kafka-protocol does so without any guard.
    pub(crate) fn decode(&self, bytes: &mut Bytes) -> Result<Decoded, String> {
        let version = self.version;
        match self.reader {
            Reader::Request(key) => {
                RequestKind::decode(key, bytes, version).map(Decoded::Request).map_err(told)
            }
            Reader::Response(key) => {
                ResponseKind::decode(key, bytes, version).map(Decoded::Response).map_err(told)
            }
            Reader::Header(generated) | Reader::Data(generated, _) => generated(bytes, version),
            Reader::Internal(part) => part.decode(version, &std::mem::take(bytes)).map_err(told),
        }
    }

    /// Writes what was read.
    pub(crate) fn encode(&self, message: &Decoded) -> Result<Bytes, String> {
        let mut written = BytesMut::new();
        match message {
            Decoded::Request(message) => {
                message.encode(&mut written, self.version).map_err(told)?;
            }
            Decoded::Response(message) => {
                message.encode(&mut written, self.version).map_err(told)?;
            }
            Decoded::Data(message) => message.write(&mut written, self.version)?,
            Decoded::GroupKey(key) => return behind_prefix(key.encode()),
            Decoded::GroupValue(value) => return behind_prefix(value.encode(self.version)),
            Decoded::TransactionKey(key) => return behind_prefix(key.encode()),
            Decoded::TransactionValue(value) => return behind_prefix(value.encode(self.version)),
        }
        Ok(written.freeze())
    }
}

/// The type of record or the version, which is not part of the table.
const PREFIX: usize = 2;

fn behind_prefix(written: Result<Bytes, EncodeError>) -> Result<Bytes, String> {
    written.map(|bytes| bytes.slice(PREFIX..)).map_err(told)
}

impl Part {
    fn schema(self) -> &'static MessageSchema {
        let schema = match self {
            Self::GroupKey(record_type) => GroupKey::schema(record_type),
            Self::GroupValue(record_type) => GroupValue::schema(record_type),
            Self::TransactionKey(record_type) => TransactionKey::schema(record_type),
            Self::TransactionValue(record_type) => TransactionValue::schema(record_type),
        };
        schema.expect("the type of record is known")
    }

    fn decode(self, version: i16, bytes: &[u8]) -> Result<Decoded, DecodeError> {
        let behind = |prefix: i16| Bytes::from([&prefix.to_be_bytes(), bytes].concat());
        match self {
            Self::GroupKey(record_type) => {
                GroupKey::decode(behind(record_type)).map(Decoded::GroupKey)
            }
            Self::TransactionKey(record_type) => {
                TransactionKey::decode(behind(record_type)).map(Decoded::TransactionKey)
            }
            Self::GroupValue(record_type) => {
                let (read, value) = GroupValue::decode(record_type, behind(version))?;
                assert_eq!(read, version);
                Ok(Decoded::GroupValue(value))
            }
            Self::TransactionValue(record_type) => {
                let (read, value) = TransactionValue::decode(record_type, behind(version))?;
                assert_eq!(read, version);
                Ok(Decoded::TransactionValue(value))
            }
        }
    }
}

fn told(error: impl fmt::Display) -> String {
    format!("{error:#}")
}

fn generated<M: Decodable + Encodable + 'static>(
    bytes: &mut Bytes,
    version: i16,
) -> Result<Decoded, String> {
    M::decode(bytes, version).map(|message| Decoded::Data(Box::new(message))).map_err(told)
}

fn door<M: StandsAlone>(version: i16, bytes: &mut Bytes) -> Result<(), DecodeError> {
    decode::message::<M>(version, bytes).map(drop)
}

macro_rules! data {
    ($($message:ident)*) => {
        [$((
            <messages::$message as StandsAlone>::schema(),
            generated::<messages::$message> as Generated,
            door::<messages::$message> as Door,
        ),)*]
    };
}

/// Each message at each of its versions.
pub(crate) fn subjects() -> Vec<Subject> {
    let data = data! {
        ConsumerProtocolAssignment ConsumerProtocolSubscription DefaultPrincipalData EndTxnMarker
        KRaftVersionRecord LeaderChangeMessage SnapshotFooterRecord SnapshotHeaderRecord
        VotersRecord
    };
    let headers: [(_, Generated); 2] = [
        (&schema::REQUEST_HEADER, generated::<messages::RequestHeader>),
        (&schema::RESPONSE_HEADER, generated::<messages::ResponseHeader>),
    ];
    let requests = ApiKey::iter().map(|key| (schema::request(key), Reader::Request(key)));
    let responses = ApiKey::iter().map(|key| (schema::response(key), Reader::Response(key)));
    let headers = headers.map(|(schema, generated)| (schema, Reader::Header(generated)));
    let data = data.map(|(schema, generated, door)| (schema, Reader::Data(generated, door)));
    let group_parts =
        GroupKey::RECORD_TYPES.iter().flat_map(|&of| [Part::GroupKey(of), Part::GroupValue(of)]);
    let transaction_parts = TransactionKey::RECORD_TYPES
        .iter()
        .flat_map(|&of| [Part::TransactionKey(of), Part::TransactionValue(of)]);
    let parts = group_parts.chain(transaction_parts);
    let internal = parts.map(|part| (part.schema(), Reader::Internal(part)));
    let all = requests.chain(responses).chain(headers).chain(data).chain(internal);
    let each_version = all.flat_map(|(schema, reader)| {
        let versions = schema.versions.min..=schema.versions.max;
        versions.map(move |version| Subject { schema, version, reader })
    });
    each_version.collect()
}
