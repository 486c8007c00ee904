//! Every message at every version: bytes that were generated along its table pass the guard, are
//! read to the last byte and written again as the same bytes; damaged in any length or count they
//! are refused, or are read as something else, and never cost a panic or more memory than the guard
//! allows.
//!
//! The generator knows the tables and no decoder, so that neither proves itself. A failure prints
//! its seed; `MILENA_SEEDS=7..8` runs seed 7 alone, `MILENA_SEEDS=0..1000` many.

mod message_damage;
mod message_subjects;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use arbitrary::Unstructured;
use bytes::Bytes;
use milena_protocol::arbitrary::{Extreme, Generator, WireMessage};
use milena_protocol::decode::DecodeError;
use milena_protocol::guard::{self, Limits};
use milena_protocol::schema;
use milena_protocol_tests::fuzzing::memory::{self, CountingAllocator};
use milena_protocol_tests::seeds::{bytes_of_seed, seeds};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use message_damage::{Damage, Expected, damages};
use message_subjects::{Subject, subjects};

#[global_allocator]
static ALLOCATOR: CountingAllocator = memory::counting_allocator();

/// Random contents of each message at each version.
const RANDOM: u64 = 6;
/// Contents of each that are damaged at random, beside the full one that is damaged everywhere.
const DAMAGED: u64 = 2;
/// What a message may take in memory beyond sixteen times its bytes, so that it is seen whether the
/// guard keeps its word; by default it is much more.
const FIXED: usize = 2 * 1024;
/// Reporting what is wrong takes memory, too.
const REPORT: usize = 2 * 1024;

fn random(subject: &Subject, seed: u64) -> WireMessage {
    from(subject, &bytes_of_seed(seed, 60 + (seed as usize % 4) * 600))
}

fn from(subject: &Subject, data: &[u8]) -> WireMessage {
    let generator = Generator::new(subject.schema, subject.version);
    let message = generator.arbitrary(&mut Unstructured::new(data));
    message.expect("there always is a message")
}

fn extreme_of(subject: &Subject, extreme: Extreme) -> WireMessage {
    Generator::new(subject.schema, subject.version).extreme(extreme)
}

fn assert_comes_back(subject: &Subject, message: &WireMessage, of: &str) {
    let walked = guard::check(subject.schema, subject.version, &message.bytes, Limits::default());
    assert_eq!(walked, Ok(message.bytes.len()), "{subject}, {of}");
    let passed = subject.through_the_door(message.bytes.clone());
    assert_eq!(passed, Ok(()), "{subject}, {of}");

    let mut rest = message.bytes.clone();
    let decoded = subject.decode(&mut rest);
    let decoded = decoded.unwrap_or_else(|error| panic!("{subject}, {of}: {error}"));
    assert_eq!(rest, Bytes::new(), "{subject}, {of}");
    let written = subject.encode(&decoded);
    assert_eq!(written.as_ref(), Ok(&message.bytes), "{subject}, {of}");
}

#[test]
fn every_message_of_extreme_content_is_written_again_as_it_was_read() {
    for subject in subjects() {
        for extreme in Extreme::ALL {
            let message = extreme_of(&subject, extreme);
            assert_comes_back(&subject, &message, &format!("{extreme:?}"));
        }
    }
}

#[test]
fn every_message_of_random_content_is_written_again_as_it_was_read() {
    for subject in subjects() {
        for seed in seeds(RANDOM) {
            assert_comes_back(&subject, &random(&subject, seed), &format!("seed {seed}"));
        }
    }
}

proptest! {
    // Each case is one message at one version, and there are hundreds of them.
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn any_message_of_arbitrary_content_is_written_again_as_it_was_read(
        which in any::<Index>(), data in vec(any::<u8>(), 0..1_500),
    ) {
        let subject = *which.get(all_subjects());
        assert_comes_back(&subject, &from(&subject, &data), "arbitrary content");
    }

    #[test]
    fn any_message_with_bytes_changed_anywhere_is_refused_or_another_message(
        which in any::<Index>(), data in vec(any::<u8>(), 0..1_500),
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let subject = *which.get(all_subjects());
        let mut bytes = from(&subject, &data).bytes.to_vec();
        for (at, byte) in changes {
            let length = bytes.len();
            if length > 0 {
                bytes[at.index(length)] = byte;
            }
        }
        let bytes = Bytes::from(bytes);
        match subject.through_the_door(bytes.clone()) {
            Ok(()) => assert_is_a_message(&subject, &bytes, "changed"),
            Err(DecodeError::Malformed(error)) => prop_assert!(error.offset() <= bytes.len()),
            Err(other) => panic!("{subject}: {other}"),
        }
        assert_memory_is_bounded(&subject, &bytes, "changed");
    }
}

fn all_subjects() -> &'static [Subject] {
    static ALL: OnceLock<Vec<Subject>> = OnceLock::new();
    ALL.get_or_init(subjects)
}

#[test]
fn every_table_is_tried() {
    let tried: BTreeSet<&str> = subjects().iter().map(|subject| subject.schema.name).collect();
    let all: BTreeSet<&str> = schema::all().iter().map(|schema| schema.name).collect();
    assert_eq!(tried, all);
}

/// What the guard accepts within a limit of memory is decoded within it.
fn assert_memory_is_bounded(subject: &Subject, bytes: &Bytes, at: &str) {
    let limits = Limits::with_fixed(FIXED);
    let allowed = limits.allowed(bytes.len());
    let mut checked = Ok(0);
    let usage = memory::measure(|| {
        checked = guard::check(subject.schema, subject.version, bytes, limits);
    });
    assert!(usage.peak <= REPORT, "{at}: the walk takes {usage:?}");
    let Ok(length) = checked else { return };
    let mut message = bytes.slice(..length);
    let mut decoded = None;
    let usage = memory::measure(|| decoded = Some(subject.decode(&mut message)));
    assert!(usage.peak <= allowed, "{at}: {usage:?}, {allowed} are allowed");
}

/// Deeper than any message has arrays in arrays.
const DEPTHS: usize = 5;

#[test]
fn a_message_crowded_with_small_elements_takes_no_more_memory_than_the_guard_allows() {
    for subject in subjects() {
        for depth in 0..DEPTHS {
            for extreme in [Extreme::Elements { depth }, Extreme::Tags { depth }] {
                let message = extreme_of(&subject, extreme);
                assert_comes_back(&subject, &message, &format!("{extreme:?}"));
                let at = format!("{subject}, {extreme:?}");
                assert_memory_is_bounded(&subject, &message.bytes, &at);
            }
        }
    }
}

/// Reads damaged bytes in all ways.
fn assert_survives(subject: &Subject, damage: &Damage, at: &str) {
    let Damage { bytes, expected, .. } = damage;
    let error = match (subject.through_the_door(bytes.clone()), expected) {
        (Err(DecodeError::Malformed(error)), _) => error,
        (Err(other), _) => panic!("{at}: {other}"),
        (Ok(()), Expected::Anything) => return assert_is_a_message(subject, bytes, at),
        (Ok(()), _) => panic!("{at}: it is accepted"),
    };
    assert_eq!(error.message(), subject.schema.name, "{at}");
    assert_eq!(error.version(), subject.version, "{at}");
    if let Expected::RefusedAt(first, last) = expected {
        assert!((*first..=*last).contains(&error.offset()), "{at}: {error}");
    }
}

/// What is accepted though damaged is some other message: it can be written and read again.
fn assert_is_a_message(subject: &Subject, bytes: &Bytes, at: &str) {
    let (schema, version) = (subject.schema, subject.version);
    let length = guard::check(schema, version, bytes, Limits::default());
    let length = length.unwrap_or_else(|error| panic!("{at}: {error}"));
    assert!(length == bytes.len() || subject.may_be_followed(), "{at}: something follows");
    let decoded = subject.decode(&mut bytes.slice(..length));
    let decoded = decoded.unwrap_or_else(|error| panic!("{at}: {error}"));
    let written = subject.encode(&decoded).unwrap_or_else(|error| panic!("{at}: {error}"));
    let again = guard::check_whole(schema, version, &written, Limits::default());
    assert_eq!(again, Ok(()), "{at}, written again");
    let decoded = subject.decode(&mut written.clone());
    let decoded = decoded.unwrap_or_else(|error| panic!("{at}, written again: {error}"));
    assert_eq!(subject.encode(&decoded), Ok(written), "{at}, written twice");
}

fn assert_survives_damage(subject: &Subject, message: &WireMessage, of: &str) {
    for damage in damages(message) {
        let at = format!("{subject}, {of}, {}", damage.what);
        let survived = std::panic::catch_unwind(|| {
            assert_survives(subject, &damage, &at);
            assert_memory_is_bounded(subject, &damage.bytes, &at);
        });
        assert!(survived.is_ok(), "{at}: see above");
    }
}

#[test]
fn every_damaged_length_and_count_of_a_full_message_is_refused_where_it_stands() {
    for subject in subjects() {
        assert_survives_damage(&subject, &extreme_of(&subject, Extreme::Full), "Full");
    }
}

#[test]
fn every_damaged_length_and_count_of_a_random_message_is_refused_where_it_stands() {
    for subject in subjects() {
        for seed in seeds(DAMAGED) {
            let of = format!("seed {seed}");
            assert_survives_damage(&subject, &random(&subject, seed), &of);
        }
    }
}
