use std::collections::BTreeSet;

use ::arbitrary::{Arbitrary, Unstructured};
use bytes::Bytes;

use super::*;
use crate::compression::{Codec, DecompressionBudget};
use crate::decode;
use crate::messages::ApiKey;
use crate::records;
use crate::schema::{Field, Kind, MessageSchema, Tag, Versions};
use crate::version::spoken_versions;

const ALWAYS: Versions = Versions::from(0);

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, versions: ALWAYS, nullable: Versions::NONE, tagged: None, kind }
}

const fn tagged(number: u32, field: Field) -> Field {
    Field { tagged: Some(Tag { number, versions: Versions::from(1) }), ..field }
}

/// Version 0 is classic, version 1 flexible.
static SCHEMA: MessageSchema = MessageSchema::new(
    "ExampleRequest",
    Versions::new(0, 1),
    Versions::from(1),
    &[
        field("small", Kind::Int8),
        Field { nullable: ALWAYS, ..field("name", Kind::String) },
        Field { nullable: ALWAYS, ..field("owner", Kind::Struct(&[field("id", Kind::Int16)])) },
        field("numbers", Kind::Array(&Kind::Int32)),
        field("parts", Kind::Array(&Kind::Struct(&[field("payload", Kind::Records)]))),
        tagged(3, Field { versions: Versions::from(1), ..field("late", Kind::Bool) }),
        tagged(1, Field { versions: Versions::from(1), ..field("early", Kind::Int16) }),
        Field { versions: Versions::from(1), ..field("header", Kind::ClassicString) },
    ],
);

fn unstructured(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..100).flat_map(|_| next()).collect()
}

#[test]
fn an_empty_message_is_null_zero_and_nothing() {
    let classic = Generator::new(&SCHEMA, 0).extreme(Extreme::Empty);
    assert_eq!(classic.bytes[..], [0, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    let flexible = Generator::new(&SCHEMA, 1).extreme(Extreme::Empty);
    assert_eq!(flexible.bytes[..], [0, 0, 0xff, 1, 1, 0, 0, 0]);
}

#[test]
fn a_hollow_message_has_one_element_in_each_array() {
    let classic = Generator::new(&SCHEMA, 0).extreme(Extreme::Hollow);
    let expected =
        [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0, 0, 0];
    assert_eq!(classic.bytes[..], expected);
}

#[test]
fn a_full_message_has_all_its_tagged_fields_in_ascending_order() {
    let full = Generator::new(&SCHEMA, 1).extreme(Extreme::Full);
    let of_the_message = |mark: &&Mark| mark.field != "parts";
    let tags = full.marks.iter().filter(of_the_message).filter(|mark| mark.kind == MarkKind::Tag);
    let of_owner = [0, 201];
    let of_message = [1, 3, 4, 205];
    assert_eq!(
        tags.map(|mark| mark.value).collect::<Vec<_>>(),
        [&of_owner[..], &of_message].concat()
    );
    let known = Generator::new(&SCHEMA, 1).without_unknown_tags().extreme(Extreme::Full);
    let tags = known.marks.iter().filter(|mark| mark.kind == MarkKind::Tag);
    assert_eq!(tags.map(|mark| mark.field).collect::<Vec<_>>(), ["early", "late"]);
}

#[test]
fn every_mark_is_where_it_says_with_the_value_it_says() {
    for version in 0..=1 {
        for seed in 0..200 {
            let data = unstructured(seed);
            let message = Generator::new(&SCHEMA, version).arbitrary(&mut Unstructured::new(&data));
            let message = message.expect("never fails");
            let mut end = 0;
            for mark in &message.marks {
                assert!(mark.offset >= end, "seed {seed}, version {version}: {mark:?}");
                end = mark.offset + mark.size();
                let same = message.with(mark, mark.value);
                assert_eq!(same, message.bytes, "seed {seed}, version {version}: {mark:?}");
                let other = message.with(mark, mark.value ^ 1);
                assert_ne!(other, message.bytes, "seed {seed}, version {version}: {mark:?}");
            }
        }
    }
}

#[test]
fn all_of_a_message_comes_of_no_bytes_at_all() {
    for version in 0..=1 {
        let generator = Generator::new(&SCHEMA, version);
        let message = generator.arbitrary(&mut Unstructured::new(&[])).expect("never fails");
        assert_eq!(message.marks.len(), generator.extreme(Extreme::Empty).marks.len());
    }
    let batch = ArbitraryBatch::arbitrary(&mut Unstructured::new(&[])).expect("never fails");
    assert_eq!(batch.records().len(), 1);
}

#[test]
fn whole_requests_and_responses_of_every_api_are_decoded() {
    for (key, seed) in ApiKey::iter().zip(0..) {
        let data = unstructured(seed);
        let mut u = Unstructured::new(&data);
        for version in spoken_versions(key) {
            let request = ArbitraryRequest::of(key, version, &mut u).expect("the version exists");
            let decoded = decode::request(request.frame()).expect("it is well formed");
            assert_eq!((decoded.key, decoded.version), (key, version));
            assert_eq!(decoded.body, request.decoded());

            let response = ArbitraryResponse::of(key, version, &mut u).expect("it exists");
            let mut frame = response.frame();
            decode::response_header(key, version, &mut frame).expect("it has a header");
            assert_eq!(frame, *response.body());
            decode::response_kind(key, version, frame).expect("it is well formed");
        }
        let unknown = spoken_versions(key).end() + 1;
        assert!(ArbitraryRequest::of(key, unknown, &mut u).is_err());
        assert!(ArbitraryResponse::of(key, unknown, &mut u).is_err());
    }
}

#[test]
fn frames_of_all_apis_come_of_unstructured_bytes() {
    let mut requests = BTreeSet::new();
    let mut responses = BTreeSet::new();
    for seed in 0..2_000 {
        let data = unstructured(seed);
        let request = ArbitraryRequest::arbitrary(&mut Unstructured::new(&data));
        let request = request.expect("never fails");
        requests.insert((request.key() as i16, request.version()));
        let response = ArbitraryResponse::arbitrary(&mut Unstructured::new(&data));
        let response = response.expect("never fails");
        responses.insert((response.key() as i16, response.version()));
    }
    let apis = |seen: BTreeSet<(i16, i16)>| {
        seen.into_iter().map(|(key, _)| key).collect::<BTreeSet<_>>().len()
    };
    assert_eq!(apis(requests), ApiKey::iter().count());
    assert_eq!(apis(responses), ApiKey::iter().count());
}

#[test]
fn records_can_be_left_empty() {
    let message = Generator::new(&SCHEMA, 1).without_records().extreme(Extreme::Full);
    let payloads = message.marks.iter().filter(|mark| mark.field == "payload");
    assert!(payloads.clone().count() > 0 && payloads.clone().all(|mark| mark.value == 0));
}

/// What our own reader makes of a batch.
fn read(batch: &ArbitraryBatch) -> Vec<ArbitraryRecord> {
    let mut cut = records::batches(batch.bytes().clone());
    let read = cut.next().expect("there is a batch").expect("its header is right");
    assert!(cut.next().is_none() && cut.tail().is_empty());
    assert_eq!(read.header, *batch.header());
    read.verify_crc().expect("its checksum is right");
    let mut budget = DecompressionBudget::for_one_batch(1 << 20);
    let read = read.decompressed(&mut budget).expect("it decompresses");
    let own = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    let records = read.records().expect("it can be read").map(|record| {
        let record = record.expect("each record is right");
        ArbitraryRecord {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(own),
            value: record.value.map(own),
            headers: record.headers().map(|(key, value)| (own(key), value.map(own))).collect(),
        }
    });
    records.collect()
}

#[test]
fn every_batch_is_read_as_it_was_meant() {
    for codec in Codec::ALL {
        let mut counts = [0; 3];
        for seed in 0..300 {
            let data = unstructured(seed);
            let batch = BatchGenerator::new(codec).arbitrary(&mut Unstructured::new(&data));
            let batch = batch.expect("never fails");
            assert_eq!(read(&batch), batch.records(), "{codec}, seed {seed}");
            let compressed = !batch.records().is_empty();
            let expected = if compressed && codec.is_built() { codec } else { Codec::None };
            assert_eq!(batch.header().attributes.codec(), Ok(expected), "{codec}, seed {seed}");
            counts[0] += usize::from(batch.records().is_empty());
            counts[1] += usize::from(batch.header().attributes.is_control());
            counts[2] += usize::from(batch.header().attributes.has_delete_horizon());
        }
        assert!(counts.iter().all(|count| *count > 5), "{codec}: {counts:?}");
    }
}

#[test]
fn a_produced_batch_is_what_a_broker_accepts() {
    for codec in Codec::ALL {
        for seed in 0..100 {
            let data = unstructured(seed);
            let generator = BatchGenerator::new(codec).as_produced();
            let batch = generator.arbitrary(&mut Unstructured::new(&data)).expect("never fails");
            let read = records::batches(batch.bytes().clone()).next().expect("there is a batch");
            let read = read.expect("its header is right");
            let mut budget = DecompressionBudget::for_one_batch(1 << 20);
            assert_eq!(read.check_produced(&mut budget), Ok(()), "{codec}, seed {seed}");
        }
    }
}

/// Says something about some fields.
struct Words;

impl Vocabulary for Words {
    fn integer(&self, place: Place, _: &mut Unstructured<'_>) -> ::arbitrary::Result<Option<i64>> {
        Ok(match (place.within, place.field) {
            ("owner", "id") => Some(0x1_0203),
            ("ExampleRequest", "small" | "early") => Some(-1),
            _ => None,
        })
    }

    fn text(&self, place: Place, _: &mut Unstructured<'_>) -> ::arbitrary::Result<Option<String>> {
        Ok((place.field == "name").then(|| "orders".to_owned()))
    }

    fn records(
        &self,
        place: Place,
        _: &mut Unstructured<'_>,
    ) -> ::arbitrary::Result<Option<Bytes>> {
        Ok((place.within == "parts").then(|| Bytes::from_static(b"records")))
    }
}

#[test]
fn a_vocabulary_says_what_stands_in_a_field() {
    // Nothing is null; one part, and no tagged field.
    let data = [&[1, 1, 0, 1][..], &[0; 20]].concat();
    let written = Generator::new(&SCHEMA, 0)
        .without_unknown_tags()
        .in_words(&Words, &mut Unstructured::new(&data))
        .expect("the words draw nothing");
    let expected = [
        &[0xff, 0, 6][..],
        b"orders",
        // A number is cut to its field.
        &[1, 2, 3],
        &[0, 0, 0, 0],
        &[0, 0, 0, 1, 0, 0, 0, 7],
        b"records",
    ];
    assert_eq!(written.bytes[..], expected.concat());
}

#[test]
fn a_tagged_field_does_not_hold_its_default_because_a_vocabulary_says_so() {
    for seed in 0..100 {
        let data = unstructured(seed);
        let generator = Generator::new(&SCHEMA, 1).without_unknown_tags();
        let written = generator.in_words(&Words, &mut Unstructured::new(&data));
        let written = written.expect("the words draw nothing");
        let early = written.marks.iter().find(|mark| mark.field == "early");
        if let Some(early) = early {
            let size = early.offset + early.size();
            assert_ne!(written.bytes[size + 1..size + 3], [0xff, 0xff], "seed {seed}");
        }
    }
}
