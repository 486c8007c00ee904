//! Keys and values of internal topics: bytes that were generated along their tables are read and
//! written again as the same bytes; with a length or count beyond what follows they are refused. A
//! failure prints its seed; `MILENA_SEEDS=7..8` runs seed 7 alone.

use arbitrary::Unstructured;
use bytes::Bytes;
use milena_protocol::arbitrary::{Extreme, Generator, MarkKind, WireMessage};
use milena_protocol::internal::{GroupKey, GroupValue, TransactionKey, TransactionValue};
use milena_protocol::schema::MessageSchema;
use milena_protocol_tests::seeds::{bytes_of_seed, seeds};

/// Random contents of each key and value at each version.
const RANDOM: u64 = 20;

/// Reads a key or value and writes it again.
type Rewrite = Box<dyn Fn(Bytes) -> Result<Bytes, String>>;

/// A key or value at a version.
struct Subject {
    schema: &'static MessageSchema,
    version: i16,
    /// What stands before it: the record type of a key, the version of a value.
    prefix: i16,
    rewrite: Rewrite,
}

macro_rules! subjects_of {
    ($keys:ident $values:ident) => {
        $keys::RECORD_TYPES.iter().flat_map(|&record_type| {
            let key = Subject {
                schema: $keys::schema(record_type).unwrap(),
                version: 0,
                prefix: record_type,
                rewrite: Box::new(|bytes| {
                    let key = $keys::decode(bytes).map_err(|error| error.to_string())?;
                    key.encode().map_err(|error| error.to_string())
                }),
            };
            let schema = $values::schema(record_type).unwrap();
            let values = (schema.versions.min..=schema.versions.max).map(move |version| Subject {
                schema,
                version,
                prefix: version,
                rewrite: Box::new(move |bytes| {
                    let (version, value) =
                        $values::decode(record_type, bytes).map_err(|error| error.to_string())?;
                    value.encode(version).map_err(|error| error.to_string())
                }),
            });
            values.chain([key])
        })
    };
}

fn subjects() -> Vec<Subject> {
    subjects_of!(GroupKey GroupValue).chain(subjects_of!(TransactionKey TransactionValue)).collect()
}

impl Subject {
    fn with_prefix(&self, bytes: &[u8]) -> Bytes {
        [&self.prefix.to_be_bytes(), bytes].concat().into()
    }

    fn assert_comes_back(&self, message: &WireMessage, of: &str) {
        let (name, version) = (self.schema.name, self.version);
        let bytes = self.with_prefix(&message.bytes);
        let written = (self.rewrite)(bytes.clone());
        assert_eq!(written.as_ref(), Ok(&bytes), "{name} v{version}, {of}");
    }

    fn random(&self, seed: u64) -> WireMessage {
        let data = bytes_of_seed(seed, 500);
        let generator = Generator::new(self.schema, self.version);
        generator.arbitrary(&mut Unstructured::new(&data)).expect("there always is a message")
    }
}

#[test]
fn every_key_and_value_is_written_again_as_it_was_read() {
    let subjects = subjects();
    assert!(subjects.len() > 46, "{}", subjects.len());
    for subject in subjects {
        for extreme in Extreme::ALL {
            let message = Generator::new(subject.schema, subject.version).extreme(extreme);
            subject.assert_comes_back(&message, &format!("{extreme:?}"));
        }
        for seed in seeds(RANDOM) {
            subject.assert_comes_back(&subject.random(seed), &format!("seed {seed}"));
        }
    }
}

#[test]
fn a_length_or_count_beyond_what_follows_is_told_with_the_name_of_the_record() {
    for subject in subjects() {
        let message = Generator::new(subject.schema, subject.version).extreme(Extreme::Full);
        let lengths = [MarkKind::Length, MarkKind::Count, MarkKind::TagSize];
        for mark in message.marks.iter().filter(|mark| lengths.contains(&mark.kind)) {
            let behind = message.behind(mark) as i64;
            let damaged = subject.with_prefix(&message.with(mark, behind + 1));
            let error = (subject.rewrite)(damaged).unwrap_err();
            let name = format!("malformed {} v{}", subject.schema.name, subject.version);
            assert!(error.starts_with(&name), "{error}");
        }
    }
}
