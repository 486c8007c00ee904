//! Rules and links through the handle, over TCP and in memory.

use std::time::Duration;

use bytes::BytesMut;
use milena::{Kafka, Record};
use milena_protocol::ErrorCode;
use milena_protocol::messages::{ApiKey, MetadataRequest};
use milena_protocol::request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{LONG, in_memory};
use crate::cluster::Node;
use crate::fault::Fault;
use crate::{MockCluster, Topic};

async fn on_tcp() -> (MockCluster, TcpStream) {
    let cluster = MockCluster::builder().brokers(1).start().await.expect("it starts");
    let stream = TcpStream::connect(cluster.bootstrap_servers()).await.expect("it accepts");
    (cluster, stream)
}

/// A frame that asks for metadata.
fn ask() -> BytesMut {
    let encoded = request::encode(1, 12, None, &MetadataRequest::default()).expect("it is sound");
    BytesMut::from(&encoded.to_bytes()[..])
}

#[tokio::test]
async fn a_frame_is_cut_on_tcp_and_its_connection_ends() {
    let (cluster, mut stream) = on_tcp().await;
    let cut = cluster.on(ApiKey::Metadata).once().apply_then(Fault::CutFrame { after: 20 });
    stream.write_all(&ask()).await.expect("it reads");
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await.expect("it ends in order");
    assert_eq!(received.len(), 20);
    assert_eq!((cut.seen(), cut.fired()), (1, 1));
}

#[tokio::test]
async fn an_answer_is_late_on_tcp_by_a_rule_and_by_a_link() {
    let (cluster, mut stream) = on_tcp().await;
    let wait = Duration::from_millis(30);
    let start = tokio::time::Instant::now();
    cluster.on(ApiKey::Metadata).once().delay_answer(wait);
    cluster.network().between(Node::Clients, 1).delay(wait);
    stream.write_all(&ask()).await.expect("it reads");
    let length = stream.read_u32().await.expect("it answers");
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await.expect("all of it");
    assert!(start.elapsed() >= 3 * wait, "{:?}", start.elapsed());
    cluster.check_faults().expect("each of them happened");
}

#[tokio::test]
async fn a_lost_packet_breaks_a_connection_on_tcp() {
    let (cluster, mut stream) = on_tcp().await;
    cluster.network().from(Node::Clients).to(1).lose(1.0);
    stream.write_all(&ask()).await.expect("it reads");
    let read = stream.read(&mut [0]).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    assert!(cluster.connections().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_withdrawn_and_others_stay() {
    let cluster = in_memory().await;
    let code = ErrorCode::KAFKA_STORAGE_ERROR;
    let first = cluster.on(ApiKey::Produce).topic("orders").answer(code);
    let second = cluster.on(ApiKey::Produce).times(1).disconnect();
    first.withdraw();
    let kafka = Kafka::builder(cluster.bootstrap_servers())
        .environment(cluster.environment())
        .connect()
        .await
        .expect("it serves");
    let producer = kafka.producer().build().await.expect("sound settings");
    producer.send(Record::to("orders").value("a")).await.expect("the second try arrives");
    second.wait_until_fired(1, LONG).await.expect("it has");
    assert_eq!(first.fired(), 0);
    let unfired = cluster.check_faults().expect_err("the first never happened");
    assert_eq!(unfired.faults().len(), 1);
    assert!(unfired.to_string().contains("on Produce of topic orders"), "{unfired}");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "there is no 0th request")]
async fn a_rule_that_cannot_mean_anything_is_a_mistake_of_the_test() {
    in_memory().await.on(ApiKey::Produce).nth(0).disconnect();
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "there is no broker 7")]
async fn a_link_to_nowhere_is_a_mistake_of_the_test() {
    in_memory().await.network().between(1, 7).cut();
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "1 fault was declared and never fired")]
async fn a_cluster_that_has_to_fails_for_a_fault_that_never_happened() {
    let builder = MockCluster::builder().fail_on_unfired_faults();
    let cluster = builder.start_in_memory().await.expect("it starts");
    cluster.on(ApiKey::Produce).disconnect();
}

async fn hash_of_a_run_with_faults(seed: u64) -> u64 {
    let cluster = MockCluster::builder().seed(seed).start_in_memory().await.expect("it starts");
    let topic = Topic::new().partitions(3).replication_factor(3);
    cluster.create_topic("orders", topic).expect("it is new");
    cluster.on(ApiKey::Produce).with_probability(0.2).apply_then(Fault::Disconnect);
    let jitter = Duration::from_millis(1)..=Duration::from_millis(20);
    cluster.on_any().with_probability(0.5).delay_answer(jitter.clone());
    cluster.network().between([1, 2, 3], [1, 2, 3]).delay(jitter);
    cluster.network().between([1, 2, 3], Node::Clients).lose(0.02);
    let kafka = Kafka::builder(cluster.bootstrap_servers())
        .environment(cluster.environment())
        .connect()
        .await
        .expect("it serves in the end");
    let producer = kafka.producer().build().await.expect("sound settings");
    for number in 0..30 {
        let record = Record::to("orders").value(format!("{number}"));
        producer.send(record).await.expect("it arrives in the end");
    }
    cluster.trace().hash()
}

#[test]
fn the_same_seed_gives_the_same_run_with_faults() {
    let run = |seed: u64| {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime")
            .block_on(hash_of_a_run_with_faults(seed))
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[tokio::test(start_paused = true)]
async fn what_a_test_sees_goes_down_to_records_and_images() {
    let cluster = in_memory().await;
    let kafka = Kafka::builder(cluster.bootstrap_servers())
        .environment(cluster.environment())
        .connect()
        .await
        .expect("it serves");
    let producer = kafka.producer().build().await.expect("sound settings");
    let record = Record::to("orders").partition(0).key("42").value("paid");
    producer.send(record).await.expect("it arrives");
    let partition = cluster.partition("orders", 0);
    let leader = partition.leader().expect("it has one");
    let records = partition.records(leader).expect("they are sound");
    assert_eq!(records[0].key.as_deref(), Some(&b"42"[..]));
    assert_eq!(records[0].value.as_deref(), Some(&b"paid"[..]));
    let producers = partition.producers(leader);
    assert_eq!((producers.len(), producers[0].last_sequence), (1, Some(0)));
    let believed = partition.in_image_of(leader).expect("it knows");
    assert_eq!((believed.leader, believed.isr.len()), (Some(leader), 3));
    let image = cluster.broker(leader).image().expect("it is up");
    assert_eq!(image.topic("orders").map(|topic| topic.partitions.len()), Some(3));
    assert!(!cluster.connections().is_empty());
    let dump = cluster.dump();
    for part in ["orders-0: leader", "image at offset", "connection 1 of milena", "from sequence 0"]
    {
        assert!(dump.contains(part), "{part:?} is missing in {dump}");
    }
}
