//! Every message at every version: bytes that were generated along its table are read to the last
//! byte and written again as the same bytes; damaged in any length or count they are refused, or
//! read as something else, and never cost a panic.
//!
//! The generator knows the tables and no decoder, so that neither proves itself. A failure prints
//! its seed; `MILENA_SEEDS=7..8` runs seed 7 alone.

mod message_subjects;

use arbitrary::Unstructured;
use milena_protocol::arbitrary::{Extreme, Generator, WireMessage};
use milena_protocol_tests::seeds::{bytes_of_seed, seeds};

use message_subjects::{Subject, subjects};

/// Random contents of each message at each version.
const RANDOM: u64 = 6;

fn random(subject: &Subject, seed: u64) -> WireMessage {
    let data = bytes_of_seed(seed, 60 + (seed as usize % 4) * 600);
    let generator = Generator::new(subject.schema, subject.version);
    let message = generator.arbitrary(&mut Unstructured::new(&data));
    subject.canonical(message.expect("there always is a message"))
}

fn extreme_of(subject: &Subject, extreme: Extreme) -> WireMessage {
    subject.canonical(Generator::new(subject.schema, subject.version).extreme(extreme))
}

fn assert_comes_back(subject: &Subject, message: &WireMessage, of: &str) {
    let written = subject.rewrite(message.bytes.clone());
    let written = written.unwrap_or_else(|error| panic!("{subject}, {of}: {error}"));
    assert_eq!(written, message.bytes, "{subject}, {of}");
}

#[test]
fn every_message_of_extreme_content_is_written_again_as_it_was_read() {
    for subject in subjects() {
        for extreme in Extreme::ALL {
            assert_comes_back(&subject, &extreme_of(&subject, extreme), &format!("{extreme:?}"));
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
