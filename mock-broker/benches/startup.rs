//! What a cluster costs a test before it does anything: its start, and its first record.

#![expect(missing_docs, reason = "criterion_group! makes a function without docs")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use milena::environment::Transport;
use milena::{Kafka, Record};
use milena_mock_broker::{MockCluster, Topic};
use milena_protocol::messages::{ApiKey, MetadataRequest};
use milena_protocol::{decode, request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

const METADATA_VERSION: i16 = 12;

/// Without IO and under paused time, as a simulation runs.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime needs nothing of the system")
}

/// How many brokers a broker's Metadata answer lists.
async fn brokers_in_metadata(stream: &mut Box<dyn Transport>) -> usize {
    let question = MetadataRequest::default().with_topics(None);
    let frame = request::encode(1, METADATA_VERSION, None, &question).expect("it has this version");
    for part in frame.parts() {
        stream.write_all(part).await.expect("the broker reads");
    }
    let length = stream.read_i32().await.expect("the broker answers");
    let mut answer = vec![0; usize::try_from(length).expect("a length is positive")];
    stream.read_exact(&mut answer).await.expect("the broker answers");
    let mut answer = bytes::Bytes::from(answer);
    decode::response_header(ApiKey::Metadata, METADATA_VERSION, &mut answer).expect("a header");
    let answer = decode::response::<MetadataRequest>(METADATA_VERSION, answer).expect("a body");
    answer.brokers.len()
}

async fn start_until_metadata_lists_three() {
    let cluster = MockCluster::builder().brokers(3).start_in_memory().await.expect("it starts");
    let environment = cluster.environment();
    let connector = environment.connector();
    let addresses = connector.resolve("broker-1", 9092).await.expect("it is known");
    let mut stream = connector.connect(addresses[0]).await.expect("it accepts");
    while brokers_in_metadata(&mut stream).await < 3 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn first_acknowledged_produce() {
    let cluster = MockCluster::builder().brokers(3).start_in_memory().await.expect("it starts");
    cluster.create_topic("orders", Topic::new().replication_factor(3)).expect("it is new");
    let kafka = Kafka::builder(cluster.bootstrap_servers()).environment(cluster.environment());
    let kafka = kafka.connect().await.expect("it answers");
    let producer = kafka.producer().linger(Duration::ZERO).build().await.expect("it is sound");
    let sent = producer.send(Record::to("orders").key("42").value("paid")).await;
    black_box(sent.expect("it is acknowledged"));
}

fn startup(criterion: &mut Criterion) {
    let runtime = runtime();
    criterion.bench_function("start of three brokers until metadata lists them", |bencher| {
        bencher.iter(|| runtime.block_on(start_until_metadata_lists_three()));
    });
    criterion.bench_function("start until the first acknowledged produce", |bencher| {
        bencher.iter(|| runtime.block_on(first_acknowledged_produce()));
    });
}

criterion_group!(benches, startup);
criterion_main!(benches);
