//! Rules, links and views of the cluster, as our client meets them in memory.

mod simulated;

use std::time::Duration;

use milena::{Kafka, Producer, Record};
use milena_mock_broker::cluster::Node;
use milena_mock_broker::fault::Fault;
use milena_mock_broker::{ApiKey, ErrorCode, MockCluster, Topic};

const LONG: Duration = Duration::from_secs(60);

async fn in_memory() -> MockCluster {
    let cluster = MockCluster::builder().brokers(3).start_in_memory().await.expect("it starts");
    let topic = Topic::new().partitions(3).replication_factor(3).min_insync_replicas(2);
    cluster.create_topic("orders", topic).expect("it is new");
    cluster
}

async fn producer(cluster: &MockCluster) -> Producer {
    let kafka = Kafka::builder(cluster.bootstrap_servers()).environment(cluster.environment());
    let kafka = kafka.connect().await.expect("it serves in the end");
    kafka.producer().build().await.expect("sound settings")
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_withdrawn_and_others_stay() {
    let cluster = in_memory().await;
    let code = ErrorCode::KAFKA_STORAGE_ERROR;
    let first = cluster.on(ApiKey::Produce).topic("orders").answer(code);
    let second = cluster.on(ApiKey::Produce).times(1).disconnect();
    first.withdraw();
    let producer = producer(&cluster).await;
    producer.send(Record::to("orders").value("a")).await.expect("the second try arrives");
    second.wait_until_fired(1, LONG).await.expect("it has");
    assert_eq!(first.fired(), 0);
    let unfired = cluster.check_faults().expect_err("the first never happened");
    assert_eq!(unfired.faults().len(), 1);
    assert!(unfired.to_string().contains("on Produce of topic orders"), "{unfired}");
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
    let producer = producer(&cluster).await;
    for number in 0..30 {
        let record = Record::to("orders").value(format!("{number}"));
        producer.send(record).await.expect("it arrives in the end");
    }
    cluster.trace().hash()
}

#[test]
fn the_same_seed_gives_the_same_run_with_faults() {
    let run = |seed: u64| simulated::run(hash_of_a_run_with_faults(seed));
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[tokio::test(start_paused = true)]
async fn what_a_test_sees_goes_down_to_records_and_images() {
    let cluster = in_memory().await;
    let producer = producer(&cluster).await;
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
