//! The guard held against the decoder: whatever the guard lets pass, kafka-protocol decodes to the
//! last byte, in no more memory than the guard allowed, and encodes as something the guard lets
//! pass again.

use std::fmt::Display;

use arbitrary::Unstructured;
use bytes::{Bytes, BytesMut};
use milena_protocol::arbitrary::{Generator, WireMessage};
use milena_protocol::guard::{self, Limits};
use milena_protocol::messages::{self, ApiKey, RequestKind, ResponseKind};
use milena_protocol::schema::{self, MessageSchema, StandsAlone};
use milena_protocol::{Decodable, Encodable};

use super::{Target, memory, samples};

/// Every message at every version.
pub const TARGET: Target = Target { name: "guard_and_decoder", cap: 2 << 20, exercise, seeds };

/// The fixed part of the memory a message may take, by a part of the input's third byte.
const FIXED: [usize; 4] = [0, 256, 4096, 1 << 20];

/// So many numbers or bytes of a generated message are changed at most.
const MOST_CHANGES: usize = 4;

/// What decodes a message.
#[derive(Clone, Copy)]
enum Decoder {
    Request(ApiKey),
    Response(ApiKey),
    /// Decodes and encodes it.
    Alone(fn(Bytes, Context) -> Bytes),
    /// Nothing: the records of internal topics are walked over only.
    Nobody,
}

/// What is being decoded, and in how much memory.
#[derive(Clone, Copy)]
struct Context {
    schema: &'static MessageSchema,
    version: i16,
    allowed: usize,
}

/// Two bytes decide on the message, one on its version. The lowest bit of the fourth says whether
/// the rest is the message or what one is generated from, the next two how much memory it may take.
fn exercise(input: &[u8]) {
    let &[high, low, version, mode, ref rest @ ..] = input else { return };
    let all = schema::all();
    let schema = all[usize::from(u16::from_be_bytes([high, low])) % all.len()];
    let versions = schema.versions;
    if versions.max < versions.min {
        return;
    }
    let version = versions.min + i16::from(version) % (versions.max - versions.min + 1);
    let limits = Limits::with_fixed(FIXED[usize::from(mode >> 1) % FIXED.len()]);
    if mode & 1 == 0 {
        hold(schema, version, &Bytes::copy_from_slice(rest), limits);
    } else {
        generate(schema, version, &mut Unstructured::new(rest), limits);
    }
}

/// A sound message passes and is encoded as it was; then it is damaged.
fn generate(
    schema: &'static MessageSchema,
    version: i16,
    u: &mut Unstructured<'_>,
    limits: Limits,
) {
    let Ok(message) = Generator::new(schema, version).arbitrary(u) else { return };
    match hold(schema, version, &message.bytes, Limits::default()) {
        Some(encoded) => assert_eq!(encoded, message.bytes, "{} v{version}", schema.name),
        None => panic!("{} v{version} is sound and does not pass", schema.name),
    }
    let mut damaged = message.bytes.clone();
    for _ in 0..MOST_CHANGES {
        if u.is_empty() {
            break;
        }
        damaged = damage(&message, damaged, u);
        hold(schema, version, &damaged, limits);
    }
}

/// Changes one of the numbers that say how much follows, by a little or to anything, or any byte.
fn damage(message: &WireMessage, damaged: Bytes, u: &mut Unstructured<'_>) -> Bytes {
    let choice: u8 = u.arbitrary().unwrap_or_default();
    match u.choose(&message.marks) {
        Ok(mark) if choice.is_multiple_of(4) => {
            message.with(mark, i64::from(u.arbitrary::<i32>().unwrap_or_default()))
        }
        Ok(mark) if choice % 4 == 1 => {
            message.with(mark, mark.value + i64::from(u.arbitrary::<i8>().unwrap_or_default()))
        }
        _ => {
            let mut bytes = damaged.to_vec();
            if let Ok(at) = u.choose_index(bytes.len()) {
                bytes[at] = u.arbitrary().unwrap_or_default();
            }
            bytes.into()
        }
    }
}

/// Holds guard and decoder against each other, and gives the message encoded again if it passes.
fn hold(
    schema: &'static MessageSchema,
    version: i16,
    bytes: &Bytes,
    limits: Limits,
) -> Option<Bytes> {
    let length = match guard::check(schema, version, bytes, limits) {
        Ok(length) => length,
        Err(error) => {
            // Its text is made from the peer's bytes, too.
            std::hint::black_box(error.to_string());
            return None;
        }
    };
    assert!(length <= bytes.len());
    let message = bytes.slice(..length);
    let context = Context { schema, version, allowed: limits.allowed(bytes.len()) };
    let encoded = decode_and_encode(message, context);
    let name = schema.name;
    guard::check_whole(schema, version, &encoded, Limits::default())
        .unwrap_or_else(|error| panic!("{name} v{version} encoded again: {error}"));
    let context = Context { allowed: usize::MAX, ..context };
    assert_eq!(decode_and_encode(encoded.clone(), context), encoded, "{name} v{version}");
    Some(encoded)
}

fn decode_and_encode(bytes: Bytes, context: Context) -> Bytes {
    let version = context.version;
    match decoder_of(context.schema) {
        Decoder::Request(key) => again(
            bytes,
            context,
            |bytes| RequestKind::decode(key, bytes, version),
            |message, out| message.encode(out, version),
        ),
        Decoder::Response(key) => again(
            bytes,
            context,
            |bytes| ResponseKind::decode(key, bytes, version),
            |message, out| message.encode(out, version),
        ),
        Decoder::Alone(again) => again(bytes, context),
        Decoder::Nobody => bytes,
    }
}

fn alone<M: Decodable + Encodable>(bytes: Bytes, context: Context) -> Bytes {
    let version = context.version;
    again(
        bytes,
        context,
        |bytes| M::decode(bytes, version),
        |message, out| message.encode(out, version),
    )
}

fn again<M, E: Display>(
    mut bytes: Bytes,
    context: Context,
    decode: impl FnOnce(&mut Bytes) -> Result<M, E>,
    encode: impl FnOnce(&M, &mut BytesMut) -> Result<(), E>,
) -> Bytes {
    let Context { schema, version, allowed } = context;
    let name = schema.name;
    let mut decoded = None;
    let usage = memory::measure(|| decoded = Some(decode(&mut bytes)));
    let message = decoded
        .expect("it was just decoded")
        .unwrap_or_else(|error| panic!("{name} v{version} passes and is not decoded: {error:#}"));
    assert!(bytes.is_empty(), "{name} v{version}: {} bytes were not read", bytes.len());
    assert!(
        usage.peak <= allowed,
        "{name} v{version} takes {} bytes, {allowed} were allowed",
        usage.peak
    );
    let mut encoded = BytesMut::new();
    encode(&message, &mut encoded)
        .unwrap_or_else(|error| panic!("{name} v{version} is not encoded again: {error:#}"));
    encoded.freeze()
}

fn decoder_of(schema: &'static MessageSchema) -> Decoder {
    let is = |other: &'static MessageSchema| std::ptr::eq(schema, other);
    if is(&schema::REQUEST_HEADER) {
        return Decoder::Alone(alone::<messages::RequestHeader>);
    }
    if is(&schema::RESPONSE_HEADER) {
        return Decoder::Alone(alone::<messages::ResponseHeader>);
    }
    if let Some(alone) = standing_alone(schema.name) {
        return alone;
    }
    for key in ApiKey::iter() {
        if is(schema::request(key)) {
            return Decoder::Request(key);
        }
        if is(schema::response(key)) {
            return Decoder::Response(key);
        }
    }
    Decoder::Nobody
}

fn standing_alone(name: &str) -> Option<Decoder> {
    fn known<M: StandsAlone + Encodable>(name: &str) -> Option<Decoder> {
        (M::schema().name == name).then_some(Decoder::Alone(alone::<M>))
    }
    known::<messages::ConsumerProtocolAssignment>(name)
        .or_else(|| known::<messages::ConsumerProtocolSubscription>(name))
        .or_else(|| known::<messages::DefaultPrincipalData>(name))
        .or_else(|| known::<messages::EndTxnMarker>(name))
        .or_else(|| known::<messages::KRaftVersionRecord>(name))
        .or_else(|| known::<messages::LeaderChangeMessage>(name))
        .or_else(|| known::<messages::SnapshotFooterRecord>(name))
        .or_else(|| known::<messages::SnapshotHeaderRecord>(name))
        .or_else(|| known::<messages::VotersRecord>(name))
}

/// Every message at its highest version, and bytes to generate each of them from.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (index, schema) in (0_u16..).zip(schema::all()) {
        let [high, low] = index.to_be_bytes();
        let versions = schema.versions;
        if versions.max < versions.min {
            continue;
        }
        let highest = (versions.max - versions.min).to_be_bytes()[1];
        let full = samples::full(schema, versions.max);
        seeds.push([&[high, low, highest, 6][..], &full].concat());
        seeds.push([&[high, low, highest, 7][..], &samples::noise(index.into(), 256)].concat());
    }
    seeds
}
