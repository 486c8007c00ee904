//! What record batches cost, beside what they cannot cost less than: a copy and a checksum.
//!
//! `cargo bench -p milena-protocol --bench records`

#![expect(missing_docs, reason = "criterion_group! makes a function without docs")]

use std::hint::black_box;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records as generated;
use milena_protocol::ids::{PartitionIndex, ProducerEpoch, ProducerId, Sequence, TopicId};
use milena_protocol::produce::{PartitionBatch, ProduceSkeleton, TopicBatches};
use milena_protocol::records::{BatchBuilder, HeaderRef, NO_HEADERS, SealedBatch, Stamp, batches};

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// Bytes of a batch's records; large enough that what is done once per batch does not count.
const BATCH: usize = 128 * 1024;

const TIMESTAMP: i64 = 1_700_000_000_000;

const HEADERS: &[HeaderRef<'static>] =
    &[(b"trace-id", Some(b"0123456789abcdef")), (b"source", Some(b"billing"))];

/// What records look like.
struct Shape {
    name: &'static str,
    value: usize,
    key: Option<&'static [u8]>,
    headers: &'static [HeaderRef<'static>],
}

const SHAPES: [Shape; 3] = [
    Shape { name: "100 B", value: 100, key: None, headers: NO_HEADERS },
    Shape { name: "1 KiB", value: 1024, key: None, headers: NO_HEADERS },
    Shape {
        name: "100 B, key, 2 headers",
        value: 100,
        key: Some(b"customer-42"),
        headers: HEADERS,
    },
];

impl Shape {
    fn values(&self) -> Vec<Vec<u8>> {
        (0..BATCH / self.value).map(|at| vec![at as u8; self.value]).collect()
    }

    fn fill(&self, mut builder: BatchBuilder, values: &[Vec<u8>]) -> BatchBuilder {
        for (at, value) in values.iter().enumerate() {
            // A millisecond passes every hundred records.
            let timestamp = TIMESTAMP + at as i64 / 100;
            builder.append(timestamp, self.key, Some(value), self.headers).expect("it fits");
        }
        builder
    }

    fn batch(&self) -> SealedBatch {
        self.fill(BatchBuilder::new(BATCH), &self.values()).seal()
    }
}

fn per_record<'a>(criterion: &'a mut Criterion, name: String, records: usize) -> Group<'a> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(records as u64));
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.sample_size(20);
    group
}

fn encode(criterion: &mut Criterion) {
    for shape in &SHAPES {
        let values = shape.values();
        let mut group = per_record(criterion, format!("encode {}", shape.name), values.len());
        let mut buffer = Some(Vec::with_capacity(2 * BATCH));
        group.bench_function("append", |bencher| {
            bencher.iter(|| {
                let builder = BatchBuilder::with_buffer(buffer.take().unwrap_or_default());
                let filled = shape.fill(builder, black_box(&values));
                buffer = filled.into_buffer().into();
            });
        });
        group.bench_function("append, seal, stamp", |bencher| {
            bencher.iter(|| {
                let builder = BatchBuilder::with_buffer(buffer.take().unwrap_or_default());
                let sealed = shape.fill(builder, black_box(&values)).seal();
                black_box(sealed.stamp(&Stamp::default()));
                buffer = sealed.reclaim();
            });
        });
        group.bench_function("floor: memcpy and crc32c", |bencher| {
            let mut copy = Vec::with_capacity(2 * BATCH);
            bencher.iter(|| {
                copy.clear();
                for value in black_box(&values) {
                    copy.extend_from_slice(value);
                }
                crc32c::crc32c(&copy)
            });
        });
        group.finish();
    }
}

fn decode(criterion: &mut Criterion) {
    for shape in &SHAPES {
        let sealed = shape.batch();
        let bytes = sealed.stamp(&Stamp::default()).to_bytes();
        let mut group = per_record(criterion, format!("decode {}", shape.name), sealed.count());
        group.bench_function("records", |bencher| {
            bencher.iter(|| read(black_box(bytes.clone()), |_| Ok(())));
        });
        group.bench_function("crc and records", |bencher| {
            bencher.iter(|| read(black_box(bytes.clone()), |batch| batch.verify_crc()));
        });
        group.bench_function("floor: crc32c", |bencher| {
            bencher.iter(|| crc32c::crc32c(black_box(&bytes)));
        });
        group.bench_function("kafka-protocol", |bencher| {
            bencher.iter(|| {
                generated::RecordBatchDecoder::decode(&mut black_box(bytes.clone()))
                    .map(|set| set.records.len())
                    .expect("it reads what is correct")
            });
        });
        group.finish();
    }
}

/// Looks at every field of every record, as a consumer does.
fn read(
    bytes: Bytes,
    verify: impl Fn(
        &milena_protocol::records::Batch,
    ) -> Result<(), milena_protocol::records::BatchError>,
) -> usize {
    let mut seen = 0;
    for batch in batches(bytes) {
        let batch = batch.expect("the batch was just written");
        verify(&batch).expect("the batch was just written");
        for record in batch.records().expect("it is not compressed") {
            let record = black_box(record.expect("the batch was just written"));
            seen += record.value.map_or(0, <[u8]>::len) + record.headers.count();
        }
    }
    seen
}

fn generated_encoder(criterion: &mut Criterion) {
    for shape in &SHAPES[..2] {
        let records: Vec<_> = shape
            .values()
            .into_iter()
            .enumerate()
            .map(|(at, value)| generated::Record {
                transactional: false,
                control: false,
                delete_horizon: false,
                partition_leader_epoch: -1,
                producer_id: -1,
                producer_epoch: -1,
                timestamp_type: generated::TimestampType::Creation,
                offset: at as i64,
                sequence: at as i32,
                timestamp: TIMESTAMP,
                key: None,
                value: Some(Bytes::from(value)),
                headers: IndexMap::<StrBytes, Option<Bytes>>::new(),
            })
            .collect();
        let mut group = per_record(criterion, format!("encode {}", shape.name), records.len());
        group.bench_function("kafka-protocol", |bencher| {
            let options = generated::RecordEncodeOptions {
                version: 2,
                compression: generated::Compression::None,
            };
            let mut out = BytesMut::with_capacity(2 * BATCH);
            bencher.iter(|| {
                out.clear();
                generated::RecordBatchEncoder::encode(&mut out, black_box(&records), &options)
                    .expect("the records are plain");
            });
        });
        group.finish();
    }
}

/// What is done once per batch or request.
fn per_batch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("per batch");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let sealed = SHAPES[0].batch();
    let stamp = Stamp {
        producer_id: ProducerId(7),
        producer_epoch: ProducerEpoch(0),
        base_sequence: Sequence(123_456),
        ..Stamp::default()
    };
    group.bench_function("stamp", |bencher| {
        bencher.iter(|| black_box(&sealed).stamp(black_box(&stamp)));
    });
    group.bench_function("crc32c_combine of the crate", |bencher| {
        bencher.iter(|| crc32c::crc32c_combine(black_box(1), black_box(2), black_box(BATCH)));
    });
    let mut small = BatchBuilder::new(1024);
    small.append(TIMESTAMP, None, Some(b"paid"), NO_HEADERS).expect("it fits");
    group.bench_function("seal and stamp one record", |bencher| {
        bencher.iter_batched(
            || small.clone(),
            |builder| builder.seal().stamp(&stamp),
            criterion::BatchSize::SmallInput,
        );
    });
    let batch = sealed.stamp(&stamp);
    group.bench_function("produce request of 6 partitions", |bencher| {
        bencher.iter(|| {
            let partition = |index| PartitionBatch { index: PartitionIndex(index), batch: &batch };
            let skeleton = ProduceSkeleton {
                transactional_id: None,
                acks: -1,
                timeout_ms: 30_000,
                topics: vec![TopicBatches {
                    name: "orders",
                    id: TopicId::ZERO,
                    partitions: (0..6).map(partition).collect(),
                }],
            };
            skeleton.encode(13, 1, None).expect("it is small")
        });
    });
    group.finish();
}

criterion_group!(benches, encode, generated_encoder, decode, per_batch);
criterion_main!(benches);
