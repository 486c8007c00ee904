//! What a leader asks of records before it appends them, and what it makes of them
//! (`ProduceRequest.validateRecords`, `UnifiedLog.analyzeAndValidateRecords`, `LogValidator`).
//!
//! A batch in another codec than its topic wants is written anew; every other one is kept as it
//! came, but for the largest timestamp in its header, which is that of its records.

use bytes::Bytes;
use milena_protocol::ErrorCode;
use milena_protocol::compression::{Codec, DecompressionBudget};
use milena_protocol::records::{self, Batch, BatchErrorKind};

use super::LogBatch;
use crate::metadata::{TimestampType, TopicSettings};
use crate::sabotage::{self, Sabotage};

/// The first Produce version that may carry zstd (KIP-110).
const FIRST_VERSION_WITH_ZSTD: i16 = 7;

/// What a batch may be decompressed to: Apache Kafka has no such bound, and a process of tests has
/// only one heap for all brokers.
const MAX_DECOMPRESSED: usize = 256 * 1024 * 1024;

/// Why records are refused, with the offending records by name where Kafka names them (KIP-467).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Refused {
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<String>,
    pub(crate) records: Vec<(i32, String)>,
    /// Where the log starts, -1 where Kafka does not say.
    pub(crate) log_start: i64,
}

impl From<ErrorCode> for Refused {
    fn from(code: ErrorCode) -> Self {
        Self { code, message: None, records: Vec::new(), log_start: -1 }
    }
}

impl Refused {
    fn with(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..code.into() }
    }
}

/// Takes the one batch out of a partition's records. What comes before the broker looks at its
/// partition; the checksum is not looked at yet.
pub(crate) fn single_batch(version: i16, bytes: Bytes) -> Result<LogBatch, Refused> {
    let one = || {
        let text = format!(
            "Produce requests with version {version} must have exactly one record batch per \
             partition"
        );
        Refused::with(ErrorCode::INVALID_RECORD, text)
    };
    let mut batches = records::batches(bytes);
    let batch = match batches.next() {
        None => return Err(one()),
        Some(Ok(batch)) => batch,
        Some(Err(error)) => {
            let code = match error.kind {
                BatchErrorKind::Magic { magic: 0 | 1 }
                | BatchErrorKind::RecordCount { .. }
                | BatchErrorKind::Header { .. } => ErrorCode::INVALID_RECORD,
                _ => ErrorCode::CORRUPT_MESSAGE,
            };
            return Err(Refused::with(code, error.to_string()));
        }
    };
    if batches.next().is_some() {
        return Err(one());
    }
    if batch.codec() == Ok(Codec::Zstd) && version < FIRST_VERSION_WITH_ZSTD {
        return Err(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE.into());
    }
    Ok(LogBatch::new(batch))
}

/// Checks a batch that a client wants to append, records included, and gives it as it is to be
/// appended.
pub(crate) fn check_produced(
    produced: &LogBatch,
    settings: &TopicSettings,
    wall_millis: i64,
) -> Result<LogBatch, Refused> {
    let batch = produced.inner();
    if batch.base_offset().get() != 0 {
        let text = format!("The base offset should be 0, but it is {}", batch.base_offset());
        return Err(Refused::with(ErrorCode::INVALID_RECORD, text));
    }
    check_size(batch, settings)?;
    if batch.verify_crc().is_err() && !sabotage::is(Sabotage::ChecksumUnchecked) {
        return Err(ErrorCode::CORRUPT_MESSAGE.into());
    }
    check_batch(batch)?;
    let plain = decompressed(batch)?;
    let seen = check_records(&plain, settings, wall_millis)?;
    let source = batch.codec().unwrap_or_default();
    let wanted = settings.compression.unwrap_or(source);
    // Some clients once counted the records of compressed batches wrongly, so that a broker counts
    // them anew instead of refusing them.
    let is_kept = wanted == source && (source == Codec::None || seen.is_consecutive);
    if is_kept {
        let kept = batch.clone().with_max_timestamp(seen.max_timestamp);
        return Ok(LogBatch::new(kept));
    }
    let rebuilt = super::recompress::rebuilt(&plain, wanted)?;
    check_size(&rebuilt, settings)?;
    Ok(LogBatch::new(rebuilt))
}

fn check_size(batch: &Batch, settings: &TopicSettings) -> Result<(), Refused> {
    let limit = usize::try_from(settings.max_message_bytes).unwrap_or(0);
    if batch.size() <= limit || sabotage::is(Sabotage::TooLargeTaken) {
        return Ok(());
    }
    let text = format!(
        "The record batch size is {} bytes which exceeds the maximum configured value of {limit}.",
        batch.size()
    );
    Err(Refused::with(ErrorCode::MESSAGE_TOO_LARGE, text))
}

/// The batch with its records as they were before compression.
pub(super) fn decompressed(batch: &Batch) -> Result<Batch, Refused> {
    let mut budget = DecompressionBudget::for_one_batch(MAX_DECOMPRESSED);
    batch.decompressed(&mut budget).map_err(|error| {
        let code = match error.kind {
            // What a codec throws is none of the errors of the protocol (`KafkaException`).
            BatchErrorKind::Compression(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
            _ => ErrorCode::INVALID_RECORD,
        };
        Refused::with(code, error.to_string())
    })
}

fn check_batch(batch: &Batch) -> Result<(), Refused> {
    let refuse = |text: &str| Err(Refused::with(ErrorCode::INVALID_RECORD, text));
    let header = &batch.header;
    if header.record_count <= 0 {
        return refuse("Record batch has an invalid number of records");
    }
    if i64::from(header.record_count) != i64::from(header.last_offset_delta) + 1 {
        return refuse("Inconsistent batch offset range and number of records");
    }
    if batch.is_control() {
        return refuse("Clients are not allowed to write control records");
    }
    if header.producer_id.get() >= 0 && header.base_sequence.get() < 0 {
        return refuse("Record batch has a producer id but no sequence");
    }
    Ok(())
}

/// What was seen of the records of a batch.
struct Seen {
    /// `NO_TIMESTAMP` if none has one.
    max_timestamp: i64,
    /// Whether their offsets follow each other from the first on.
    is_consecutive: bool,
}

fn check_records(
    batch: &Batch,
    settings: &TopicSettings,
    wall_millis: i64,
) -> Result<Seen, Refused> {
    let refuse = |text: String| Refused::with(ErrorCode::INVALID_RECORD, text);
    let mut wrong = Vec::new();
    let mut any_untimely = false;
    let mut seen = Seen { max_timestamp: records::NO_TIMESTAMP, is_consecutive: true };
    let records = batch.records().map_err(|error| refuse(error.to_string()))?;
    for (index, record) in (0..).zip(records) {
        let record = record.map_err(|error| refuse(error.to_string()))?;
        seen.is_consecutive &= record.offset.get() == i64::from(index);
        seen.max_timestamp = seen.max_timestamp.max(record.timestamp);
        let needs_key = settings.compacted && !sabotage::is(Sabotage::KeylessTaken);
        if needs_key && record.key.is_none() {
            wrong.push((index, "Compacted topic cannot accept message without key.".to_owned()));
        } else if let Err(text) = check_time(batch, record.timestamp, settings, wall_millis) {
            any_untimely = true;
            wrong.push((index, text));
        }
    }
    if wrong.is_empty() {
        return Ok(seen);
    }
    let refused = if any_untimely {
        let text = "One or more records have been rejected due to invalid timestamp";
        Refused::with(ErrorCode::INVALID_TIMESTAMP, text)
    } else {
        refuse(format!(
            "One or more records have been rejected due to {} record errors in total",
            wrong.len()
        ))
    };
    Err(Refused { records: wrong, ..refused })
}

/// `LogValidator.validateTimestamp`
fn check_time(
    batch: &Batch,
    timestamp: i64,
    settings: &TopicSettings,
    wall_millis: i64,
) -> Result<(), String> {
    let is_own =
        settings.timestamp_type == TimestampType::CreateTime && timestamp != records::NO_TIMESTAMP;
    if is_own && is_untimely(timestamp, wall_millis, settings) {
        Err(format!("Timestamp {timestamp} of message is out of range."))
    } else if !is_own && batch.timestamp_type() == records::TimestampType::LogAppendTime {
        Err("Producer should not set timestamp type to LogAppendTime.".to_owned())
    } else {
        Ok(())
    }
}

fn is_untimely(timestamp: i64, wall_millis: i64, settings: &TopicSettings) -> bool {
    if sabotage::is(Sabotage::UntimelyTaken) {
        return false;
    }
    let (before, after) = settings.timestamp_bounds();
    wall_millis.saturating_sub(timestamp) > before || timestamp.saturating_sub(wall_millis) > after
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::BytesMut;

    use super::super::batch::tests::produced;
    use super::*;
    use crate::config::ClusterConfig;

    fn settings(name: &str, value: &str) -> TopicSettings {
        let overrides = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        TopicSettings::new(&ClusterConfig::default(), overrides).unwrap()
    }

    fn plain() -> TopicSettings {
        TopicSettings::new(&ClusterConfig::default(), BTreeMap::new()).unwrap()
    }

    fn batch(values: &[&str], timestamp: i64) -> LogBatch {
        single_batch(9, produced(-1, -1, -1, values, timestamp)).unwrap()
    }

    #[test]
    fn exactly_one_batch_is_taken() {
        let one = produced(-1, -1, -1, &["a"], 0);
        let mut two = BytesMut::from(&one[..]);
        two.extend_from_slice(&one);
        let code = |bytes: Bytes| single_batch(9, bytes).map(|_| ()).map_err(|error| error.code);
        assert_eq!(code(one.clone()), Ok(()));
        assert_eq!(code(two.freeze()), Err(ErrorCode::INVALID_RECORD));
        assert_eq!(code(Bytes::new()), Err(ErrorCode::INVALID_RECORD));
        assert_eq!(code(one.slice(..one.len() - 1)), Err(ErrorCode::INVALID_RECORD));
    }

    #[test]
    fn a_flipped_byte_is_a_corrupt_message() {
        let mut bytes = BytesMut::from(&produced(-1, -1, -1, &["abc"], 0)[..]);
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        let batch = single_batch(9, bytes.freeze()).unwrap();
        let refused = check_produced(&batch, &plain(), 0).unwrap_err();
        assert_eq!(refused.code, ErrorCode::CORRUPT_MESSAGE);
    }

    #[test]
    fn a_batch_above_the_topics_limit_is_too_large() {
        let small = settings("max.message.bytes", "70");
        assert!(check_produced(&batch(&["a"], 0), &small, 0).is_ok());
        let refused = check_produced(&batch(&["abcdefgh"], 0), &small, 0).unwrap_err();
        assert_eq!(refused.code, ErrorCode::MESSAGE_TOO_LARGE);
    }

    #[test]
    fn a_record_from_the_future_is_refused_by_name() {
        let hour = 3_600_000;
        assert!(check_produced(&batch(&["a"], hour), &plain(), 0).is_ok());
        let refused = check_produced(&batch(&["a", "b"], hour + 1), &plain(), 0).unwrap_err();
        assert_eq!(refused.code, ErrorCode::INVALID_TIMESTAMP);
        assert_eq!(refused.records.len(), 2);
        let appended = settings("message.timestamp.type", "LogAppendTime");
        assert!(check_produced(&batch(&["a"], hour + 1), &appended, 0).is_ok());
    }

    #[test]
    fn a_keyless_record_is_refused_by_name_in_a_compacted_topic() {
        use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
        let mut builder = BatchBuilder::new(64);
        builder.append(0, Some(b"k"), Some(b"v"), NO_HEADERS).unwrap();
        builder.append(0, None, Some(b"v"), NO_HEADERS).unwrap();
        let stamped = builder.seal().stamp(&Stamp::default());
        let mut bytes = BytesMut::from(&stamped.header[..]);
        bytes.extend_from_slice(&stamped.payload);
        let batch = single_batch(9, bytes.freeze()).unwrap();
        let compacted = settings("cleanup.policy", "compact");
        let refused = check_produced(&batch, &compacted, 0).unwrap_err();
        assert_eq!(refused.code, ErrorCode::INVALID_RECORD);
        assert_eq!(refused.records.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1]);
        assert!(check_produced(&batch, &plain(), 0).is_ok());
    }

    const CODECS: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// A batch of records with and without a key, compressed.
    fn packed(codec: Codec, keys: &[Option<&[u8]>], timestamp: i64) -> LogBatch {
        use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
        let mut builder = BatchBuilder::new(64);
        for key in keys {
            builder.append(timestamp, *key, Some(b"v"), NO_HEADERS).unwrap();
        }
        let sealed = builder.seal_compressed(codec.into()).unwrap();
        single_batch(9, sealed.stamp(&Stamp::default()).to_bytes()).unwrap()
    }

    #[test]
    fn the_records_of_a_compressed_batch_are_looked_at_too() {
        let hour = 3_600_000;
        let compacted = settings("cleanup.policy", "compact");
        for codec in CODECS {
            let good = packed(codec, &[Some(b"k"), Some(b"l")], 0);
            assert_eq!(check_produced(&good, &compacted, 0), Ok(good), "{codec}");
            let keyless = packed(codec, &[Some(b"k"), None], 0);
            let refused = check_produced(&keyless, &compacted, 0).unwrap_err();
            assert_eq!(refused.code, ErrorCode::INVALID_RECORD, "{codec}");
            assert_eq!(refused.records.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1]);
            let early = packed(codec, &[Some(b"k")], hour + 1);
            let refused = check_produced(&early, &plain(), 0).unwrap_err();
            assert_eq!(refused.code, ErrorCode::INVALID_TIMESTAMP, "{codec}");
        }
    }

    #[test]
    fn a_compressed_payload_that_is_none_is_refused_although_its_checksum_is_right() {
        use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
        for codec in CODECS {
            let mut builder = BatchBuilder::new(64);
            builder.append(0, None, Some(b"not compressed at all"), NO_HEADERS).unwrap();
            let stamped = builder.seal().stamp(&Stamp::default());
            let mut bytes = BytesMut::from(&stamped.to_bytes()[..]);
            bytes[22] |= codec.id() as u8;
            let crc = crc32c::crc32c(&bytes[21..]);
            bytes[17..21].copy_from_slice(&crc.to_be_bytes());
            let batch = single_batch(9, bytes.freeze()).unwrap();
            let refused = check_produced(&batch, &plain(), 0).unwrap_err();
            assert_eq!(refused.code, ErrorCode::UNKNOWN_SERVER_ERROR, "{codec}");
        }
    }

    #[test]
    fn zstd_needs_the_version_that_brought_it() {
        let batch = packed(Codec::Zstd, &[None], 0);
        let bytes = batch.inner().stamped().to_bytes();
        let refused = single_batch(6, bytes.clone()).map(|_| ()).unwrap_err();
        assert_eq!(refused.code, ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
        assert!(single_batch(7, bytes).is_ok());
    }

    #[test]
    fn a_producer_id_without_a_sequence_is_refused() {
        let batch = single_batch(9, produced(7, 0, -1, &["a"], 0)).unwrap();
        let refused = check_produced(&batch, &plain(), 0).unwrap_err();
        assert_eq!(refused.code, ErrorCode::INVALID_RECORD);
    }

    #[test]
    fn a_batch_is_compressed_as_its_topic_wants_it() {
        let plain_batch = single_batch(9, produced(7, 3, 5, &["a", "b"], 40)).unwrap();
        for codec in CODECS {
            let wanted = settings("compression.type", codec.name());
            let kept = check_produced(&plain_batch, &wanted, 0).unwrap();
            let header = &kept.inner().header;
            assert_eq!(kept.inner().codec(), Ok(codec));
            assert!(kept.inner().verify_crc().is_ok());
            assert_eq!(
                (kept.producer_id(), kept.producer_epoch(), kept.base_sequence()),
                (7, 3, 5)
            );
            assert_eq!((header.base_timestamp, header.max_timestamp), (40, 40));
            let uncompressed = settings("compression.type", "uncompressed");
            let back = check_produced(&kept, &uncompressed, 0).unwrap();
            assert_eq!(back, plain_batch, "{codec}");
        }
    }

    #[test]
    fn a_batch_that_only_fitted_compressed_is_too_large() {
        let value = "z".repeat(5_000);
        let mut wanted = settings("compression.type", "uncompressed");
        wanted.max_message_bytes = 500;
        use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
        let mut builder = BatchBuilder::new(64);
        builder.append(0, None, Some(value.as_bytes()), NO_HEADERS).unwrap();
        let sealed = builder.seal_compressed(Codec::Gzip.into()).unwrap();
        let batch = single_batch(9, sealed.stamp(&Stamp::default()).to_bytes()).unwrap();
        assert!(batch.size() < 500);
        let refused = check_produced(&batch, &wanted, 0).unwrap_err();
        assert_eq!(refused.code, ErrorCode::MESSAGE_TOO_LARGE);
    }

    #[test]
    fn the_largest_timestamp_is_that_of_the_records() {
        let mut bytes = BytesMut::from(&produced(-1, -1, -1, &["a", "b"], 40)[..]);
        bytes[35..43].copy_from_slice(&99_i64.to_be_bytes());
        let crc = crc32c::crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        let batch = single_batch(9, bytes.freeze()).unwrap();
        let kept = check_produced(&batch, &plain(), 0).unwrap();
        assert_eq!(kept.max_timestamp(), 40);
        assert!(kept.inner().verify_crc().is_ok());
    }
}
