use std::sync::Arc;

use milena_protocol::ids::{LeaderEpoch, PartitionIndex, TopicId, TopicName};
use milena_protocol::messages::MetadataResponse;
use parking_lot::Mutex;

use super::*;
use crate::machine::image::BrokerNode;
use crate::runtime::core::{LeaderHint, RefreshReason};
use crate::testing::topic;

fn orders() -> TopicName {
    TopicName::new("orders").unwrap()
}

/// A client of broker 1, which answers with what stands in the cell.
async fn changeable(net: &Net, first: MetadataResponse) -> (Kafka, Arc<Mutex<MetadataResponse>>) {
    let cell = Arc::new(Mutex::new(first));
    let shown = cell.clone();
    let served = net.listen(broker(1)).serve(move || shown.lock().clone());
    std::mem::forget(served);
    let kafka = builder(net, "host-1:9092").connect().await.unwrap();
    (kafka, cell)
}

fn leader(core: &Core) -> Option<i32> {
    let image = core.image();
    image.partition("orders", PartitionIndex(0))?.leader.map(BrokerId::get)
}

#[tokio::test(start_paused = true)]
async fn a_wanted_topic_appears_and_wakes_whoever_watches() {
    let net = Net::new();
    let first = cluster(&[1]).with_topics(vec![topic("orders", 0, &[1])]);
    let (kafka, _cell) = changeable(&net, first).await;
    let core = kafka.core();
    assert_eq!(leader(core), None);
    let (mut one, mut two) = (core.metadata_watch(), core.metadata_watch());
    core.want_topic(&orders());
    one.changed().await;
    two.changed().await;
    assert_eq!(leader(core), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_dropped_while_it_waits_misses_nothing() {
    let net = Net::new();
    let first = cluster(&[1]).with_topics(vec![topic("orders", 0, &[1])]);
    let (kafka, _cell) = changeable(&net, first).await;
    let core = kafka.core();
    let mut watch = core.metadata_watch();
    assert!(tokio::time::timeout(SECOND, watch.changed()).await.is_err());
    core.want_topic(&orders());
    tokio::time::sleep(SECOND).await;
    tokio::time::timeout(SECOND, watch.changed()).await.expect("it changed meanwhile");
    assert!(tokio::time::timeout(SECOND, watch.changed()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_refresh_brings_the_new_leader_and_never_the_old_one_back() {
    let net = Net::new();
    let first = cluster(&[1, 2]).with_topics(vec![topic("orders", 4, &[1])]);
    let (kafka, cell) = changeable(&net, first.clone()).await;
    let core = kafka.core();
    let mut watch = core.metadata_watch();
    core.want_topic(&orders());
    watch.changed().await;
    *cell.lock() = cluster(&[1, 2]).with_topics(vec![topic("orders", 5, &[2])]);
    core.refresh_metadata(RefreshReason::StaleLeader);
    watch.changed().await;
    assert_eq!(leader(core), Some(2));
    *cell.lock() = first;
    core.refresh_metadata(RefreshReason::StaleLeader);
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(leader(core), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_hint_is_seen_at_once() {
    let net = Net::new();
    let first = cluster(&[1]).with_topics(vec![topic("orders", 4, &[1])]);
    let (kafka, _cell) = changeable(&net, first).await;
    let core = kafka.core();
    let mut watch = core.metadata_watch();
    core.want_topic(&orders());
    watch.changed().await;
    core.apply_leader_hints(vec![LeaderHint {
        topic: orders(),
        topic_id: TopicId::ZERO,
        partition: PartitionIndex(0),
        leader: BrokerId(2),
        epoch: LeaderEpoch(5),
        endpoint: Some(BrokerNode {
            id: BrokerId(2),
            host: Arc::from("host-2"),
            port: 9092,
            rack: None,
        }),
    }]);
    watch.changed().await;
    assert_eq!(leader(core), Some(2));
    let mut listener = net.listen(broker(2));
    let answer = ask(core, 2);
    let mut peer = listener.accept_client().await;
    let request = peer.request().await;
    peer.answer(&request, yes()).await;
    assert!(answer.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_moved_gets_a_new_connection_once_the_old_one_is_quiet() {
    let net = Net::new();
    let (kafka, cell) = changeable(&net, cluster(&[1, 2])).await;
    let core = kafka.core();
    let mut old = net.listen(broker(2));
    let first = ask(core, 2);
    let mut old_peer = old.accept_client().await;
    let request = old_peer.request().await;
    let mut moved = cluster(&[1, 2]);
    moved.brokers[1].port = 9999;
    *cell.lock() = moved;
    let mut watch = core.metadata_watch();
    core.refresh_metadata(RefreshReason::Asked);
    watch.changed().await;
    let mut new = net.listen(address(2, 9999));
    let second = ask(core, 2);
    old_peer.answer(&request, yes()).await;
    assert!(first.await.unwrap().is_ok());
    assert!(old_peer.next().await.is_none());
    let mut new_peer = new.accept_client().await;
    let request = new_peer.request().await;
    new_peer.answer(&request, yes()).await;
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_moved_and_left_a_silent_peer_behind_holds_nobody_up_for_long() {
    let net = Net::new();
    let (kafka, cell) = changeable(&net, cluster(&[1, 2])).await;
    let core = kafka.core();
    let mut old = net.listen(broker(2));
    let first = ask(core, 2);
    let mut old_peer = old.accept_client().await;
    let _ = old_peer.request().await;
    let mut moved = cluster(&[1, 2]);
    moved.brokers[1].port = 9999;
    *cell.lock() = moved;
    let mut new = net.listen(address(2, 9999));
    core.refresh_metadata(RefreshReason::Asked);
    let mut watch = core.metadata_watch();
    watch.changed().await;
    let before = tokio::time::Instant::now();
    let second = ask(core, 2);
    let mut new_peer = new.accept_client().await;
    let request = new_peer.request().await;
    new_peer.answer(&request, yes()).await;
    assert!(second.await.unwrap().is_ok());
    assert!(first.await.unwrap().is_err());
    assert!(before.elapsed() < 3 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn when_all_known_brokers_are_gone_the_bootstrap_servers_lead_to_the_new_ones() {
    let net = Net::new();
    net.name("kafka", &[broker(1)]);
    let served = net.listen(broker(1)).serve(|| cluster(&[1, 2]));
    let kafka = builder(&net, "kafka:9092").connect().await.unwrap();
    drop(served);
    net.refuse(broker(1));
    net.name("kafka", &[broker(9)]);
    let _served = net.listen(broker(9)).serve(|| cluster(&[9]));
    // Nobody answers what is not about metadata, and that ends the connection.
    assert!(ask(kafka.core(), 1).await.unwrap().is_err());
    let mut watch = kafka.core().metadata_watch();
    kafka.core().refresh_metadata(RefreshReason::Asked);
    watch.changed().await;
    let known: Vec<_> = kafka.core().image().brokers.keys().map(|id| id.get()).collect();
    assert_eq!(known, [9]);
}
