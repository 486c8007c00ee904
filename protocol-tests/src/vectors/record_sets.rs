//! The record batches inside of messages.

use std::collections::BTreeSet;

use bytes::Bytes;
use milena_protocol::compression::{CompressionError, DecompressionBudget};
use milena_protocol::messages::{RequestKind, ResponseKind};
use milena_protocol::records::{self, Batch, BatchErrorKind, ControlType, TimestampType};

use super::{Direction, Vector};

/// A field that holds record batches, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSet {
    /// The topic's name; empty where the version names it by its id.
    pub topic: String,
    /// The topic's id; zero where the version has none.
    pub topic_id: String,
    /// The batches.
    pub records: Bytes,
}

impl Vector {
    /// The fields of this message that hold record batches; none if it cannot be decoded.
    pub fn record_sets(&self) -> Vec<RecordSet> {
        match self.direction {
            Direction::Request => {
                self.decode_request().map_or_else(|_| Vec::new(), |it| of_request(&it.body))
            }
            Direction::Response => {
                self.decode_response().map_or_else(|_| Vec::new(), |it| of_response(&it.body))
            }
        }
    }
}

/// The fields of a request that hold record batches.
pub fn of_request(request: &RequestKind) -> Vec<RecordSet> {
    let RequestKind::Produce(request) = request else { return Vec::new() };
    let mut sets = Vec::new();
    for topic in &request.topic_data {
        for partition in &topic.partition_data {
            push(&mut sets, &topic.name, topic.topic_id, partition.records.as_ref());
        }
    }
    sets
}

/// The fields of a response that hold record batches.
pub fn of_response(response: &ResponseKind) -> Vec<RecordSet> {
    let mut sets = Vec::new();
    match response {
        ResponseKind::Fetch(response) => {
            for topic in &response.responses {
                for partition in &topic.partitions {
                    push(&mut sets, &topic.topic, topic.topic_id, partition.records.as_ref());
                }
            }
        }
        ResponseKind::ShareFetch(response) => {
            for topic in &response.responses {
                for partition in &topic.partitions {
                    push(&mut sets, "", topic.topic_id, partition.records.as_ref());
                }
            }
        }
        ResponseKind::FetchSnapshot(response) => {
            for topic in &response.topics {
                for partition in &topic.partitions {
                    push(&mut sets, &topic.name, "", Some(&partition.unaligned_records));
                }
            }
        }
        _ => {}
    }
    sets
}

fn push(sets: &mut Vec<RecordSet>, topic: &str, topic_id: impl ToString, records: Option<&Bytes>) {
    if let Some(records) = records.filter(|records| !records.is_empty()) {
        let (topic, topic_id) = (topic.to_owned(), topic_id.to_string());
        sets.push(RecordSet { topic, topic_id, records: records.clone() });
    }
}

/// What [`describe`] says of a batch that goes on behind the end of its record set.
pub const CUT_OFF: &str = "a batch cut off";

/// A few words about each batch of a record set.
pub fn describe(set: Bytes) -> Vec<String> {
    let mut batches = records::batches(set);
    let mut words = Vec::new();
    for batch in &mut batches {
        words.push(match batch {
            Ok(batch) => describe_batch(&batch),
            Err(error) => format!("unreadable: {}", error.kind),
        });
    }
    if !batches.tail().is_empty() {
        words.push(CUT_OFF.to_owned());
    }
    words
}

/// The versions at the head of the keys of a record set: what kinds of record of an internal topic
/// it holds (`CoordinatorRecordSerde` in Apache Kafka).
pub fn key_versions(set: Bytes) -> BTreeSet<i16> {
    let mut versions = BTreeSet::new();
    for batch in records::batches(set).flatten().filter(|batch| !batch.is_control()) {
        for record in batch.records().into_iter().flatten().flatten() {
            let version = record.key.and_then(|key| key.first_chunk());
            versions.extend(version.map(|version| i16::from_be_bytes(*version)));
        }
    }
    versions
}

/// Enough to decompress the batches of the vectors but those of the highest levels: Zstandard as Java
/// writes it by default asks for a window of 2 MiB, however little there is to compress.
const DECOMPRESSED: usize = 2 << 20;

/// More than one block of LZ4 and more than one chunk of snappy.
const SEVERAL_BLOCKS: usize = 64 * 1024;

fn describe_batch(batch: &Batch) -> String {
    let mut words = match batch.codec() {
        Ok(codec) => vec![format!("{codec:?}").to_lowercase()],
        Err(error) => vec![error.to_string()],
    };
    let header = &batch.header;
    words.push(
        match batch.count() {
            0 => "empty",
            1 => "one record",
            _ => "several records",
        }
        .to_owned(),
    );
    let flags = [
        (header.producer_id.get() >= 0, "idempotent"),
        (batch.is_transactional(), "transactional"),
        (batch.timestamp_type() == TimestampType::LogAppendTime, "append time"),
        (batch.has_delete_horizon(), "delete horizon"),
        (i64::from(header.last_offset_delta) + 1 != batch.count() as i64, "gaps"),
    ];
    words.extend(flags.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()));
    if batch.is_compressed() {
        words.extend(describe_compressed(batch));
    }
    if batch.is_control() {
        words.push(match batch.control_type() {
            Ok(Some(ControlType::Abort)) => "abort marker".to_owned(),
            Ok(Some(ControlType::Commit)) => "commit marker".to_owned(),
            Ok(Some(ControlType::Unknown(kind))) => format!("control record of type {kind}"),
            Ok(_) | Err(_) => "control".to_owned(),
        });
    } else if !batch.is_compressed() {
        words.extend(describe_records(batch));
    }
    words.join(" ")
}

fn describe_compressed(batch: &Batch) -> Option<String> {
    let mut budget = DecompressionBudget::for_one_batch(DECOMPRESSED);
    match batch.decompressed(&mut budget) {
        Ok(batch) if batch.payload().len() > SEVERAL_BLOCKS => Some("several blocks".to_owned()),
        Ok(_) => None,
        Err(error) => match error.kind {
            BatchErrorKind::Compression(CompressionError::Window { window, .. }) => {
                Some(format!("window of {} MiB", window >> 20))
            }
            kind => Some(kind.to_string()),
        },
    }
}

fn describe_records(batch: &Batch) -> Vec<String> {
    let (mut no_key, mut no_value, mut headers) = (false, false, false);
    for record in batch.records().into_iter().flatten().flatten() {
        no_key |= record.key.is_none();
        no_value |= record.value.is_none();
        headers |= !record.headers.is_empty();
    }
    let found = [(no_key, "null key"), (no_value, "null value"), (headers, "headers")];
    found.iter().filter(|(is, _)| *is).map(|(_, word)| (*word).to_owned()).collect()
}
