//! Rules and links through the handle, over TCP and in memory.

use std::time::Duration;

use bytes::BytesMut;
use milena_protocol::messages::{ApiKey, MetadataRequest};
use milena_protocol::request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::in_memory;
use crate::MockCluster;
use crate::cluster::Node;
use crate::fault::Fault;

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
async fn clients_that_are_cut_off_on_tcp_are_served_once_the_network_heals() {
    let (cluster, mut stream) = on_tcp().await;
    cluster.network().cut_clients([1]);
    stream.write_all(&ask()).await.expect("the kernel takes it");
    let fired = |cluster: &MockCluster| cluster.check_faults().is_ok();
    let long = Duration::from_secs(10);
    cluster.wait_until("the cut holds something", long, fired).await.expect("it does");
    cluster.network().heal();
    let length = stream.read_u32().await.expect("it answers");
    assert!(length > 0);
}

#[tokio::test(start_paused = true)]
async fn a_cut_of_clients_that_nobody_met_is_told() {
    let cluster = in_memory().await;
    cluster.network().cut_clients([2]);
    let unfired = cluster.check_faults().expect_err("nobody asked").to_string();
    assert!(unfired.contains("the way from clients to broker 2"), "{unfired}");
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
