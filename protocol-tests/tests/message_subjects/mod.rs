//! Everything that has a table, and the types that belong to it.

use std::fmt;

use bytes::{Bytes, BytesMut};
use milena_protocol::arbitrary::WireMessage;
use milena_protocol::messages::{self, ApiKey, RequestKind, ResponseKind};
use milena_protocol::schema::{self, MessageSchema};
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
    Data(fn(&mut Bytes, i16) -> Result<Bytes, String>),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.schema.name, self.version)
    }
}

impl Subject {
    /// A message as it is generated, except for a field called `version`: kafka-protocol goes on
    /// reading in the version that it finds there. Kafka writes the message's own version into it
    /// (`ControlRecordUtils`), so nothing but that is tried.
    pub(crate) fn canonical(&self, mut message: WireMessage) -> WireMessage {
        if self.schema.fields.first().is_some_and(|field| field.name == "version") {
            let own = self.version.to_be_bytes();
            message.bytes = [&own, &message.bytes[own.len()..]].concat().into();
        }
        message
    }

    /// kafka-protocol reads all of the bytes and writes what it has read.
    pub(crate) fn rewrite(&self, mut bytes: Bytes) -> Result<Bytes, String> {
        let version = self.version;
        let mut written = BytesMut::new();
        let told = |error| format!("{error:#}");
        match self.reader {
            Reader::Request(key) => {
                let message = RequestKind::decode(key, &mut bytes, version).map_err(told)?;
                message.encode(&mut written, version).map_err(told)?;
            }
            Reader::Response(key) => {
                let message = ResponseKind::decode(key, &mut bytes, version).map_err(told)?;
                message.encode(&mut written, version).map_err(told)?;
            }
            Reader::Data(rewrite) => written.extend_from_slice(&rewrite(&mut bytes, version)?),
        }
        if bytes.is_empty() {
            Ok(written.freeze())
        } else {
            Err(format!("{} bytes are left over", bytes.len()))
        }
    }
}

fn rewrite<M: Decodable + Encodable>(bytes: &mut Bytes, version: i16) -> Result<Bytes, String> {
    let message = M::decode(bytes, version).map_err(|error| format!("{error:#}"))?;
    let mut written = BytesMut::new();
    message.encode(&mut written, version).map_err(|error| format!("{error:#}"))?;
    Ok(written.freeze())
}

macro_rules! data {
    ($($schema:ident $message:ident,)*) => {
        [$((&schema::$schema, rewrite::<messages::$message> as fn(&mut Bytes, i16) -> _),)*]
    };
}

/// Each message at each of its versions.
pub(crate) fn subjects() -> Vec<Subject> {
    let data = data! {
        REQUEST_HEADER RequestHeader,
        RESPONSE_HEADER ResponseHeader,
        CONSUMER_PROTOCOL_ASSIGNMENT ConsumerProtocolAssignment,
        CONSUMER_PROTOCOL_SUBSCRIPTION ConsumerProtocolSubscription,
        DEFAULT_PRINCIPAL_DATA DefaultPrincipalData,
        END_TXN_MARKER EndTxnMarker,
        K_RAFT_VERSION_RECORD KRaftVersionRecord,
        LEADER_CHANGE_MESSAGE LeaderChangeMessage,
        SNAPSHOT_FOOTER_RECORD SnapshotFooterRecord,
        SNAPSHOT_HEADER_RECORD SnapshotHeaderRecord,
        VOTERS_RECORD VotersRecord,
    };
    let requests = ApiKey::iter().map(|key| (schema::request(key), Reader::Request(key)));
    let responses = ApiKey::iter().map(|key| (schema::response(key), Reader::Response(key)));
    let data = data.into_iter().map(|(schema, rewrite)| (schema, Reader::Data(rewrite)));
    let all = requests.chain(responses).chain(data);
    let each_version = all.flat_map(|(schema, reader)| {
        let versions = schema.versions.min..=schema.versions.max;
        versions.map(move |version| Subject { schema, version, reader })
    });
    each_version.collect()
}
