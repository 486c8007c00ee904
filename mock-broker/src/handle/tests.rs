use std::time::Duration;

use milena_protocol::ids::Offset;

use super::*;
use crate::StartError;
use crate::cluster::ProcessState;

mod faults;

const LONG: Duration = Duration::from_secs(60);

async fn in_memory() -> MockCluster {
    let cluster = MockCluster::builder().brokers(3).start_in_memory().await.expect("it starts");
    let topic = Topic::new().partitions(3).replication_factor(3).min_insync_replicas(2);
    cluster.create_topic("orders", topic).expect("it is new");
    cluster
}

#[tokio::test(start_paused = true)]
async fn a_started_cluster_has_unfenced_brokers_and_partitions_with_leaders() {
    let cluster = in_memory().await;
    assert_eq!(cluster.bootstrap_servers(), "broker-1:9092,broker-2:9092,broker-3:9092");
    for broker in cluster.brokers() {
        assert_eq!((broker.state, broker.fenced), (ProcessState::Running, false));
    }
    for index in 0..3 {
        let partition = cluster.partition("orders", index);
        assert!(partition.leader().is_some());
        assert_eq!(partition.isr().len(), 3);
        assert_eq!(partition.high_watermark(), Some(Offset(0)));
        let empty = |_: &MockCluster| partition.log_end_offset() == Some(Offset(0));
        cluster.wait_until("the leader has heard of it", LONG, empty).await.expect("it does");
    }
    assert_eq!(cluster.topic("orders").map(|topic| topic.partitions), Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_dead_leader_is_replaced_and_comes_back_into_the_isr() {
    let cluster = in_memory().await;
    let partition = cluster.partition("orders", 0);
    let dead = partition.leader().expect("it has one");
    let epoch = partition.leader_epoch();
    cluster.broker(dead).kill();
    cluster.broker(dead).kill();
    assert!(!cluster.broker(dead).is_running());
    partition.wait_for_isr(2, LONG).await.expect("it is fenced");
    let leader = partition.wait_for_leader(LONG).await.expect("another is elected");
    assert_ne!(leader, dead);
    assert!(partition.leader_epoch() > epoch);
    cluster.broker(dead).restart();
    partition.wait_for_isr(3, LONG).await.expect("it catches up");
}

#[tokio::test(start_paused = true)]
async fn a_broker_cut_off_from_the_controller_is_fenced_until_the_network_heals() {
    let cluster = in_memory().await;
    cluster.network().cut_from_controller([2]);
    let fenced = |cluster: &MockCluster| cluster.broker(2).view().fenced;
    cluster.wait_until("broker 2 is fenced", LONG, fenced).await.expect("it is silent");
    cluster.network().heal();
    cluster.wait_until_ready(LONG).await.expect("it is heard again");
}

#[tokio::test(start_paused = true)]
async fn a_wait_in_vain_says_what_for_and_how_the_cluster_stands() {
    let cluster = in_memory().await;
    cluster.broker(2).kill();
    let never = |_: &MockCluster| false;
    let error = cluster.wait_until("pigs fly", LONG, never).await.expect_err("they do not");
    let text = error.to_string();
    for part in ["pigs fly", "60s", "broker 2 is Killed, fenced", "orders-0: leader "] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_is_none_or_an_error_that_names_it() {
    let cluster = in_memory().await;
    assert_eq!(cluster.partition("nothing", 0).leader(), None);
    assert!(cluster.partition("orders", 9).isr().is_empty());
    let error = cluster.delete_topic("nothing").expect_err("there is none").to_string();
    assert!(error.contains("nothing"), "{error}");
    let error = cluster.create_topic("orders", Topic::new()).expect_err("it is taken").to_string();
    assert!(error.contains("orders"), "{error}");
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "there is no broker 4: they are numbered from 1 to 3")]
async fn a_broker_that_does_not_exist_is_a_mistake_of_the_test() {
    in_memory().await.broker(4);
}

#[tokio::test(start_paused = true)]
async fn clients_are_numbered_and_the_common_environment_is_one_client() {
    let cluster = in_memory().await;
    let _one = cluster.environment();
    let _same = cluster.environment();
    let other = cluster.start_client().expect("it is in memory");
    assert_eq!(other.number(), 1);
}

#[tokio::test]
async fn a_cluster_on_tcp_serves_until_its_last_handle_is_gone() {
    let cluster = MockCluster::builder().brokers(2).start().await.expect("it starts");
    let servers = cluster.bootstrap_servers();
    assert_eq!(servers.split(',').count(), 2);
    let first = servers.split(',').next().expect("there are two").to_owned();
    let clone = cluster.clone();
    drop(cluster);
    tokio::net::TcpStream::connect(&first).await.expect("a handle is left");
    drop(clone);
    tokio::net::TcpStream::connect(&first).await.expect_err("it is over");
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_the_address() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free");
    let port = taken.local_addr().expect("it is bound").port();
    let error = MockCluster::builder().brokers(1).port(port).start().await.expect_err("it is");
    assert!(matches!(&error, StartError::Address { address, .. } if address.port() == port));
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[tokio::test]
async fn a_configuration_that_contradicts_itself_is_refused() {
    let none = MockCluster::builder().brokers(0).start().await;
    assert!(matches!(none, Err(StartError::Config(_))), "{none:?}");
    let port = MockCluster::builder().brokers(3).port(65_534).start().await;
    assert!(matches!(port, Err(StartError::Address { .. })), "{port:?}");
}
