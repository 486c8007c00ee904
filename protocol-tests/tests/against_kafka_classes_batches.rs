//! Record batches against Apache Kafka's own classes: `MemoryRecords` reads what we write, and we
//! read what `MemoryRecordsBuilder` writes, 10,000 random batches each way for each codec.
//!
//! A failure prints its seed; `MILENA_SEEDS=7..8` runs seed 7 alone.

use arbitrary::Unstructured;
use bytes::Bytes;
use milena_protocol::arbitrary::{ArbitraryBatch, ArbitraryRecord, BatchGenerator};
use milena_protocol::compression::{Codec, Compression, DecompressionBudget};
use milena_protocol::ids::{LeaderEpoch, Offset};
use milena_protocol::records::{self, BatchBuilder, BatchHeader, BatchKind, Stamp, TimestampType};
use milena_protocol_tests::java_peer::{BatchToWrite, JavaBatch, JavaPeer, JavaRecord, Level};
use milena_protocol_tests::kafka::{Jars, Tool, Version, requires};
use milena_protocol_tests::seeds::{bytes_of_seed, seeds};

/// Batches each way.
const BATCHES: u64 = 10_000;
/// How many are asked about at once.
const AT_ONCE: usize = 500;
/// One batch of so many has values beyond the blocks that codecs cut payloads into.
const LARGE: u64 = 250;
/// One batch of so many is also read by Kafka as the generator wrote it: with gaps, emptied, of
/// control records.
const AS_GENERATED: u64 = 4;

const LIMIT: usize = 8 << 20;

fn peer() -> Option<JavaPeer> {
    if !requires(&[Tool::Java, Tool::JavaCompiler, Tool::Maven]) {
        return None;
    }
    let jars = Jars::fetch(Version::V4_1_0).expect("the jars are there");
    Some(JavaPeer::start(&jars).expect("the peer starts"))
}

/// A batch of the seed. Its records are of a few hundred bytes, now and then of some hundred
/// thousand that are neither all alike nor all different.
fn generated(generator: BatchGenerator, seed: u64) -> ArbitraryBatch {
    let data = bytes_of_seed(seed, 700);
    let generated = generator.with_text_in_header_keys().arbitrary(&mut Unstructured::new(&data));
    generated.expect("there always is a batch")
}

fn records_of(batch: &ArbitraryBatch, seed: u64) -> Vec<ArbitraryRecord> {
    let mut records = batch.records().to_vec();
    if seed.is_multiple_of(LARGE) && !batch.header().attributes.is_control() {
        for (record, size) in records.iter_mut().zip([40_000, 150_000, 3_000]) {
            let pieces = bytes_of_seed(seed, 4_000);
            let piece = |at: usize| &pieces[(at * 37) % 3_900..][..at % 90];
            let value: Vec<u8> = (0..).flat_map(piece).take(size).copied().collect();
            record.value = Some(value.into());
        }
    }
    records
}

/// A batch as our producer writes it, and where a broker would put it.
fn written_by_us(codec: Codec, seed: u64) -> (Bytes, BatchHeader, Vec<ArbitraryRecord>) {
    let batch = generated(BatchGenerator::new(codec).as_produced(), seed);
    let mut records = records_of(&batch, seed);
    let mut builder = BatchBuilder::new(256);
    for record in &records {
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        builder.append(record.timestamp, key, value, &record.headers).expect("there is room");
    }
    let sealed = builder.seal_compressed(compression(codec, seed)).expect("the codec is built");
    let wanted = batch.header();
    let stamp = Stamp {
        producer_id: wanted.producer_id,
        producer_epoch: wanted.producer_epoch,
        base_sequence: wanted.base_sequence,
        kind: match wanted.attributes.is_transactional() {
            true => BatchKind::Transactional,
            false => BatchKind::Plain,
        },
    };
    let offset = Offset((seed as i64) << 20);
    let mut batch = sealed.stamp(&stamp).to_batch().expect("it has records");
    batch = batch.at(offset, LeaderEpoch(seed as i32 % 100));
    if seed % 5 == 1 {
        batch = batch.with_append_time(seed as i64);
    }
    for (record, delta) in records.iter_mut().zip(0..) {
        record.offset = offset.plus(delta);
        if batch.timestamp_type() == TimestampType::LogAppendTime {
            record.timestamp = batch.header.max_timestamp;
        }
    }
    (batch.stamped().to_bytes(), batch.header, records)
}

/// Different levels, where there are any.
fn compression(codec: Codec, seed: u64) -> Compression {
    let default = Compression::of(codec);
    match codec {
        Codec::Gzip => default.with_level([1, 6, 9, -1][seed as usize % 4]).expect("it exists"),
        _ => default,
    }
}

fn level(codec: Codec, seed: u64) -> Level {
    let levels: &[i32] = match codec {
        Codec::None | Codec::Snappy => return Level::Default,
        Codec::Gzip => &[1, 6, 9],
        Codec::Lz4 => &[1, 9, 17],
        Codec::Zstd => &[-7, 1, 3, 9],
    };
    match levels.get(seed as usize % (levels.len() + 1)) {
        Some(level) => Level::Of(*level),
        None => Level::Default,
    }
}

fn assert_read_by_kafka(
    read: &[JavaBatch],
    header: &BatchHeader,
    records: &[ArbitraryRecord],
    at: &str,
) {
    let [read] = read else { panic!("{at}: Kafka reads {} batches", read.len()) };
    assert_eq!(read.base_offset, header.base_offset, "{at}");
    assert_eq!(read.last_offset, header.last_offset(), "{at}");
    assert_eq!(read.next_offset, header.next_offset(), "{at}");
    assert_eq!(read.leader_epoch, header.leader_epoch, "{at}");
    assert_eq!(Ok(read.codec), header.attributes.codec(), "{at}");
    assert_eq!(read.timestamps, header.attributes.timestamp_type(), "{at}");
    assert_eq!(read.transactional, header.attributes.is_transactional(), "{at}");
    assert_eq!(read.control, header.attributes.is_control(), "{at}");
    assert_eq!(read.max_timestamp, header.max_timestamp, "{at}");
    let horizon = header.attributes.has_delete_horizon().then_some(header.base_timestamp);
    assert_eq!(read.delete_horizon.unwrap_or(-1), horizon.unwrap_or(-1), "{at}");
    assert_eq!(read.producer_id, header.producer_id, "{at}");
    assert_eq!(read.producer_epoch, header.producer_epoch, "{at}");
    assert_eq!(read.base_sequence, header.base_sequence, "{at}");
    assert_eq!(read.last_sequence, header.last_sequence(), "{at}");
    assert_eq!(read.records.len(), records.len(), "{at}");
    for (read, meant) in read.records.iter().zip(records) {
        assert_eq!(as_generated(read), *meant, "{at}");
    }
}

fn as_generated(record: &JavaRecord) -> ArbitraryRecord {
    let JavaRecord { offset, timestamp, key, value, headers } = record.clone();
    ArbitraryRecord { offset, timestamp, key, value, headers }
}

fn as_java(record: ArbitraryRecord) -> JavaRecord {
    let ArbitraryRecord { offset, timestamp, key, value, headers } = record;
    JavaRecord { offset, timestamp, key, value, headers }
}

fn kafka_reads_ours(codec: Codec) {
    let Some(mut peer) = peer() else { return };
    let seeds: Vec<u64> = seeds(BATCHES).collect();
    let mut compressed = 0;
    for seeds in seeds.chunks(AT_ONCE) {
        let mut fields = Vec::new();
        let mut meant = Vec::new();
        for &seed in seeds {
            let (bytes, header, records) = written_by_us(codec, seed);
            compressed += usize::from(header.attributes.codec() == Ok(codec));
            fields.push(bytes);
            meant.push((format!("{codec}, seed {seed}, built"), header, records));
            if seed.is_multiple_of(AS_GENERATED) {
                let batch = generated(BatchGenerator::new(codec), seed);
                fields.push(batch.bytes().clone());
                let at = format!("{codec}, seed {seed}, generated");
                meant.push((at, *batch.header(), batch.records().to_vec()));
            }
        }
        let answers = peer.read_batches(&fields).expect("the peer answers");
        for (answer, (at, header, records)) in answers.into_iter().zip(meant) {
            let read = answer.unwrap_or_else(|refusal| panic!("{at}: {refusal}"));
            assert_read_by_kafka(&read, &header, &records, &at);
        }
    }
    assert_eq!(compressed, seeds.len(), "every batch is compressed with {codec}");
}

/// What Kafka is to write: all that its builder accepts.
fn to_write(codec: Codec, seed: u64) -> BatchToWrite {
    let batch = generated(BatchGenerator::new(codec), seed);
    let header = batch.header();
    let mut records = records_of(&batch, seed);
    for record in &mut records {
        // The builder refuses negative timestamps, and types of control records it does not know.
        record.timestamp = record.timestamp.max(0);
        if header.attributes.is_control() {
            let key = record.key.as_deref().unwrap_or_default();
            let known = key.get(3).is_some_and(|kind| *kind <= 1);
            record.key = Some(Bytes::copy_from_slice(if known { key } else { &[0, 0, 0, 1] }));
        }
    }
    let horizon = header.attributes.has_delete_horizon() && !records.is_empty();
    BatchToWrite {
        codec,
        level: level(codec, seed),
        timestamps: header.attributes.timestamp_type(),
        transactional: header.attributes.is_transactional(),
        control: header.attributes.is_control(),
        base_offset: header.base_offset,
        last_offset: header.last_offset(),
        leader_epoch: header.leader_epoch,
        append_time: match header.attributes.timestamp_type() {
            TimestampType::LogAppendTime => header.max_timestamp,
            TimestampType::CreateTime => -1,
        },
        delete_horizon: horizon.then_some(header.base_timestamp.max(0)),
        producer_id: header.producer_id,
        producer_epoch: header.producer_epoch,
        base_sequence: header.base_sequence,
        records: records.into_iter().map(as_java).collect(),
    }
}

fn we_read_kafkas(codec: Codec) {
    let Some(mut peer) = peer() else { return };
    let seeds: Vec<u64> = seeds(BATCHES).collect();
    for seeds in seeds.chunks(AT_ONCE) {
        let wanted: Vec<BatchToWrite> = seeds.iter().map(|seed| to_write(codec, *seed)).collect();
        let answers = peer.write_batches(&wanted).expect("the peer answers");
        for ((answer, wanted), seed) in answers.into_iter().zip(&wanted).zip(seeds) {
            let at = format!("{codec}, seed {seed}");
            let bytes = answer.unwrap_or_else(|refusal| panic!("{at}: {refusal}"));
            assert_read_by_us(bytes, wanted, &at);
        }
    }
}

fn assert_read_by_us(bytes: Bytes, wanted: &BatchToWrite, at: &str) {
    let mut cut = records::batches(bytes);
    let batch = cut.next().unwrap_or_else(|| panic!("{at}: no batch"));
    let batch = batch.unwrap_or_else(|error| panic!("{at}: {error}"));
    assert!(cut.next().is_none() && cut.tail().is_empty(), "{at}: something follows");
    batch.verify_crc().unwrap_or_else(|error| panic!("{at}: {error}"));
    let header = &batch.header;
    let codec = if wanted.records.is_empty() { Codec::None } else { wanted.codec };
    assert_eq!(header.attributes.codec(), Ok(codec), "{at}");
    assert_eq!(header.attributes.timestamp_type(), wanted.timestamps, "{at}");
    assert_eq!(header.attributes.is_transactional(), wanted.transactional, "{at}");
    assert_eq!(header.attributes.is_control(), wanted.control, "{at}");
    let horizon = header.attributes.has_delete_horizon().then_some(header.base_timestamp);
    assert_eq!(horizon, wanted.delete_horizon, "{at}");
    assert_eq!(header.base_offset, wanted.base_offset, "{at}");
    assert_eq!(header.last_offset(), wanted.last_offset, "{at}");
    assert_eq!(header.leader_epoch, wanted.leader_epoch, "{at}");
    assert_eq!(header.producer_id, wanted.producer_id, "{at}");
    assert_eq!(header.producer_epoch, wanted.producer_epoch, "{at}");
    assert_eq!(header.base_sequence, wanted.base_sequence, "{at}");
    let latest = wanted.records.iter().map(|record| record.timestamp).max();
    let latest = match wanted.timestamps {
        TimestampType::CreateTime => latest.unwrap_or(wanted.append_time),
        TimestampType::LogAppendTime => wanted.append_time,
    };
    assert_eq!(header.max_timestamp, latest, "{at}");

    let mut budget = DecompressionBudget::for_one_batch(LIMIT);
    let batch = batch.decompressed(&mut budget).unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(batch.count(), wanted.records.len(), "{at}");
    let own = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    let read = batch.records().unwrap_or_else(|error| panic!("{at}: {error}"));
    let read = read.map(|record| {
        let record = record.unwrap_or_else(|error| panic!("{at}: {error}"));
        JavaRecord {
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key.map(own),
            value: record.value.map(own),
            headers: record.headers().map(|(key, value)| (own(key), value.map(own))).collect(),
        }
    });
    let read: Vec<JavaRecord> = read.collect();
    assert_eq!(read.len(), wanted.records.len(), "{at}");
    for (read, wanted) in read.iter().zip(&wanted.records) {
        assert_eq!(read, wanted, "{at}");
    }
}

macro_rules! exchange {
    ($($codec:ident $ours:ident $theirs:ident,)*) => {
        $(
            #[test]
            fn $ours() {
                kafka_reads_ours(Codec::$codec);
            }

            #[test]
            fn $theirs() {
                we_read_kafkas(Codec::$codec);
            }
        )*
    };
}

exchange! {
    None kafka_reads_our_batches_without_compression we_read_kafkas_batches_without_compression,
    Gzip kafka_reads_our_batches_with_gzip we_read_kafkas_batches_with_gzip,
    Snappy kafka_reads_our_batches_with_snappy we_read_kafkas_batches_with_snappy,
    Lz4 kafka_reads_our_batches_with_lz4 we_read_kafkas_batches_with_lz4,
    Zstd kafka_reads_our_batches_with_zstd we_read_kafkas_batches_with_zstd,
}
