//! What the guard's walk costs beside the decode it comes before, and what codecs cost.
//!
//! `cargo bench -p milena-protocol --bench messages`

#![expect(missing_docs, reason = "criterion_group! makes a function without docs")]

use std::hint::black_box;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use milena_protocol::compression::{self, Codec, Compression, Compressor, DecompressionBudget};
use milena_protocol::guard::{self, Limits};
use milena_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use milena_protocol::messages::metadata_response::{
    MetadataResponsePartition, MetadataResponseTopic,
};
use milena_protocol::messages::{ApiKey, BrokerId, FetchResponse, MetadataResponse};
use milena_protocol::{Decodable, Encodable, schema};

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

fn group<'a>(criterion: &'a mut Criterion, name: &str, throughput: Throughput) -> Group<'a> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(throughput).sample_size(20);
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group
}

fn walks(criterion: &mut Criterion) {
    let nodes = || [1, 2, 3].map(BrokerId).to_vec();
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_replica_nodes(nodes())
            .with_isr_nodes(nodes())
    };
    let topic = MetadataResponseTopic::default().with_partitions((0..100).map(partition).collect());
    let metadata = MetadataResponse::default().with_topics(vec![topic; 10]);
    walk(criterion, ApiKey::Metadata, 13, 1000, &metadata);

    let partition = |index| {
        let records = Bytes::from(vec![0; 16 * 1024]);
        PartitionData::default().with_partition_index(index).with_records(Some(records))
    };
    let topic = FetchableTopicResponse::default().with_partitions((0..10).map(partition).collect());
    let fetched = FetchResponse::default().with_responses(vec![topic; 10]);
    walk(criterion, ApiKey::Fetch, 17, 100, &fetched);
}

fn walk<M: Encodable + Decodable>(
    criterion: &mut Criterion,
    key: ApiKey,
    version: i16,
    partitions: u64,
    message: &M,
) {
    let mut bytes = BytesMut::new();
    message.encode(&mut bytes, version).expect("the message can be written at this version");
    let bytes = bytes.freeze();
    let schema = schema::response(key);
    let mut group = group(criterion, schema.name, Throughput::Elements(partitions));
    group.bench_function("guard", |bencher| {
        bencher.iter(|| {
            guard::check_whole(schema, version, black_box(&bytes), Limits::default()).ok()
        });
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| M::decode(&mut black_box(bytes.clone()), version).ok());
    });
    group.finish();
}

fn codecs(criterion: &mut Criterion) {
    // As compressible as text is: words that repeat, and numbers that do not.
    let plain: Vec<u8> = (0_u64..4096)
        .flat_map(|index| {
            let number = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            format!(r#"{{"customer":{number},"state":"paid"}}"#).into_bytes()
        })
        .collect();
    for codec in Codec::ALL.into_iter().filter(|codec| codec.is_built()) {
        let Ok(mut compressor) = Compressor::new(Compression::of(codec)) else { continue };
        let packed = compressor.compress(&plain).expect("every codec compresses everything");
        let throughput = Throughput::Bytes(plain.len() as u64);
        let mut group = group(criterion, &codec.to_string(), throughput);
        group.bench_function("compress", |bencher| {
            bencher.iter(|| compressor.compress(black_box(&plain)).ok());
        });
        let mut budget = DecompressionBudget::for_one_batch(plain.len());
        group.bench_function("decompress", |bencher| {
            bencher.iter(|| {
                budget.renew();
                compression::decompress(codec, black_box(&packed), &mut budget).ok()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, walks, codecs);
criterion_main!(benches);
