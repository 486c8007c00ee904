//! The recipes of docs/testing-guide.md, each a test that runs. The guide quotes them; a test below
//! holds it to that.

use std::error::Error;
use std::time::Duration;

use milena::{Acks, Idempotence, Kafka, Offset, Producer, Record};
use milena_mock_broker::cluster::{Happening, Node};
use milena_mock_broker::fault::{Corruption, Fault};
use milena_mock_broker::{ApiKey, ErrorCode, MockCluster, Topic};
use tokio::time::Instant;

type Outcome = Result<(), Box<dyn Error>>;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Three brokers in memory, a topic of one partition that all of them hold, led by broker 1. The
/// end of the cluster fails the test if one of its faults never happened.
async fn three_brokers() -> Result<MockCluster, Box<dyn Error>> {
    let cluster = MockCluster::builder().fail_on_unfired_faults().start_in_memory().await?;
    let topic = Topic::new().assignments([[1, 2, 3]]).min_insync_replicas(2);
    cluster.create_topic("orders", topic)?;
    cluster.wait_until("every broker knows it", MINUTE, knows_orders).await?;
    Ok(cluster)
}

fn knows_orders(cluster: &MockCluster) -> bool {
    let partition = cluster.partition("orders", 0);
    (1..=3).all(|id| partition.in_image_of(id).is_some() && partition.replica(id).is_some())
}

async fn client(cluster: &MockCluster) -> Result<Kafka, Box<dyn Error>> {
    let servers = cluster.bootstrap_servers();
    Ok(Kafka::builder(servers).environment(cluster.environment()).connect().await?)
}

async fn producer(cluster: &MockCluster) -> Result<Producer, Box<dyn Error>> {
    Ok(client(cluster).await?.producer().request_timeout(5 * SECOND).build().await?)
}

/// What the leader's log holds.
fn values(cluster: &MockCluster) -> Result<Vec<String>, Box<dyn Error>> {
    let partition = cluster.partition("orders", 0);
    values_on(cluster, partition.leader().ok_or("no leader")?.get())
}

/// What one broker's log holds.
fn values_on(cluster: &MockCluster, broker: i32) -> Result<Vec<String>, Box<dyn Error>> {
    let records = cluster.partition("orders", 0).records(broker)?;
    let text = |value: Option<Vec<u8>>| Ok(String::from_utf8(value.unwrap_or_default())?);
    records.into_iter().map(|record| text(record.value)).collect()
}

fn end_on(cluster: &MockCluster, broker: i32) -> Option<Offset> {
    Some(cluster.partition("orders", 0).replica(broker)?.log_end_offset)
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_dies_in_the_middle_of_a_batch_neither_loses_nor_doubles_it() -> Outcome {
    let cluster = three_brokers().await?;
    let producer = producer(&cluster).await?;
    producer.send(Record::to("orders").value("first")).await?;

    // The leader appends, and its followers never hear of it.
    cluster.network().from(1).to([2, 3]).cut();
    let delivery = producer.enqueue(Record::to("orders").value("second")).await?;
    let has_both = |cluster: &MockCluster| end_on(cluster, 1) == Some(Offset(2));
    cluster.wait_until("the leader has the batch", MINUTE, has_both).await?;
    cluster.broker(1).kill();

    // The producer sends it again, to the new leader.
    delivery.await?;
    assert_ne!(cluster.partition("orders", 0).leader(), Some(1.into()));
    assert_eq!(values(&cluster)?, ["first", "second"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn too_few_replicas_before_the_append_leave_the_log_as_it_was() -> Outcome {
    let cluster = three_brokers().await?;
    let producer = producer(&cluster).await?;
    cluster.broker(2).kill();
    cluster.broker(3).kill();
    let partition = cluster.partition("orders", 0);
    partition.wait_for_isr(1, MINUTE).await?;

    // NOT_ENOUGH_REPLICAS, again and again: nothing is appended.
    let delivery = producer.enqueue(Record::to("orders").value("paid")).await?;
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(end_on(&cluster, 1), Some(Offset(0)));

    cluster.broker(2).restart();
    delivery.await?;
    assert_eq!(values(&cluster)?, ["paid"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn too_few_replicas_after_the_append_do_not_double_it() -> Outcome {
    let cluster = three_brokers().await?;
    let producer = producer(&cluster).await?;

    // It was appended and the ISR shrank before enough replicas had it.
    let code = ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND;
    cluster.on(ApiKey::Produce).topic("orders").once().apply_then(Fault::Answer(code));
    let delivered = producer.send(Record::to("orders").value("paid")).await?;

    // The producer sent it again, and the leader knew its sequence.
    assert_eq!(delivered.offset, Some(Offset(0)));
    assert_eq!(values(&cluster)?, ["paid"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_told_yesterdays_metadata_finds_the_leader_in_the_end() -> Outcome {
    let cluster = three_brokers().await?;
    let producer = producer(&cluster).await?;
    producer.send(Record::to("orders").value("first")).await?;

    // Every broker still believes in the old leader when it is asked, five times.
    let stale = cluster.on(ApiKey::Metadata).times(5).answer_from_stale_image();
    cluster.broker(1).kill();
    let partition = cluster.partition("orders", 0);
    cluster
        .wait_until("another leads", MINUTE, |_| {
            partition.leader().is_some_and(|leader| leader != 1)
        })
        .await?;
    producer.send(Record::to("orders").value("second")).await?;

    assert_eq!(stale.fired(), 5);
    assert_eq!(values(&cluster)?, ["first", "second"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_zombie_leader_takes_nothing_that_counts() -> Outcome {
    let cluster = three_brokers().await?;
    let producer = producer(&cluster).await?;
    producer.send(Record::to("orders").value("first")).await?;

    // It stands still as by SIGSTOP, and another leader is elected meanwhile.
    cluster.broker(1).pause();
    let partition = cluster.partition("orders", 0);
    partition.wait_for_isr(2, MINUTE).await?;
    producer.send(Record::to("orders").value("second")).await?;

    // It goes on, believes that it leads, and learns better.
    cluster.broker(1).resume();
    partition.wait_for_isr(3, MINUTE).await?;
    assert_ne!(partition.leader(), Some(1.into()));
    assert_eq!(values_on(&cluster, 1)?, ["first", "second"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_tail_that_only_the_old_leader_had_is_truncated() -> Outcome {
    let cluster = three_brokers().await?;
    let careless = client(&cluster).await?.producer();
    let careless = careless.acks(Acks::Leader).idempotence(Idempotence::Off).build().await?;
    careless.send(Record::to("orders").value("kept")).await?;
    let partition = cluster.partition("orders", 0);
    cluster
        .wait_until("everyone has it", MINUTE, |cluster| {
            (1..=3).all(|id| end_on(cluster, id) == Some(Offset(1)))
        })
        .await?;

    // Cut off from everyone but its client, the leader goes on to acknowledge.
    cluster.network().from(1).to([2, 3]).cut();
    cluster.network().between(1, Node::Controller).cut();
    careless.send(Record::to("orders").value("lost")).await?;
    assert_eq!(values_on(&cluster, 1)?, ["kept", "lost"]);

    // The next leader never had it, and so nobody has.
    partition.wait_for_isr(2, MINUTE).await?;
    cluster.network().heal();
    partition.wait_for_isr(3, 2 * MINUTE).await?;
    assert_eq!(values_on(&cluster, 1)?, ["kept"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_slow_broker_slows_nobody_else() -> Outcome {
    let cluster = three_brokers().await?;
    cluster.create_topic("payments", Topic::new().assignments([[2, 3]]))?;
    let producer = producer(&cluster).await?;
    producer.send(Record::to("payments").value("warm")).await?;
    producer.send(Record::to("orders").value("warm")).await?;

    cluster.on(ApiKey::Produce).broker(1).delay_answer(2 * SECOND..=3 * SECOND);
    let start = Instant::now();
    let slow = producer.enqueue(Record::to("orders").value("slow")).await?;
    producer.send(Record::to("payments").value("fast")).await?;
    assert!(start.elapsed() < SECOND);
    slow.await?;
    assert!(start.elapsed() >= 2 * SECOND);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_half_open_connection_is_given_up_by_time_out() -> Outcome {
    let cluster = three_brokers().await?;
    let producer = producer(&cluster).await?;
    producer.send(Record::to("orders").value("first")).await?;

    // Whatever goes to the leader vanishes; nobody says that the connection is gone.
    cluster.network().from(Node::Clients).to(1).half_open();
    let delivery = producer.enqueue(Record::to("orders").value("second")).await?;
    tokio::time::sleep(20 * SECOND).await;
    assert_eq!(end_on(&cluster, 1), Some(Offset(1)));

    cluster.network().heal();
    delivery.await?;
    assert_eq!(values(&cluster)?, ["first", "second"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_broker_whose_disk_is_full_is_replaced() -> Outcome {
    let cluster = three_brokers().await?;
    let producer = producer(&cluster).await?;
    producer.send(Record::to("orders").value("first")).await?;

    // The next append fails. That takes its only log directory offline, and the broker ends.
    cluster.disk(1).fill("/tmp/kafka-logs")?;
    producer.send(Record::to("orders").value("second")).await?;
    assert_eq!(cluster.partition("orders", 0).leader(), Some(2.into()));

    assert_eq!(values(&cluster)?, ["first", "second"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_comes_does_not_double_what_was_written() -> Outcome {
    let cluster = three_brokers().await?;
    let producer = producer(&cluster).await?;

    let lost = cluster.on(ApiKey::Produce).topic("orders").nth(1).drop_answer();
    let start = Instant::now();
    producer.send(Record::to("orders").value("paid")).await?;

    // The request timed out after 5 s, and was sent again.
    assert!(start.elapsed() >= 5 * SECOND);
    assert_eq!(lost.fired(), 1);
    assert_eq!(values(&cluster)?, ["paid"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_byte_that_flips_on_its_way_to_the_broker_is_noticed_there() -> Outcome {
    let cluster = three_brokers().await?;
    let producer = producer(&cluster).await?;

    cluster.on(ApiKey::Produce).once().corrupt_request(Corruption::Bytes(1));
    producer.send(Record::to("orders").value("paid")).await?;
    assert_eq!(values(&cluster)?, ["paid"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_happened_is_in_the_history() -> Outcome {
    let cluster = three_brokers().await?;
    let producer = producer(&cluster).await?;
    cluster.on(ApiKey::Produce).once().disconnect();
    producer.send(Record::to("orders").value("paid")).await?;

    let produces = cluster
        .history()
        .into_iter()
        .filter(|event| matches!(&event.what, Happening::Requested { key: ApiKey::Produce, .. }));
    assert_eq!(produces.count(), 2);
    println!("{}", cluster.dump());
    Ok(())
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "on Produce of topic payments: disconnect instead")]
async fn a_fault_that_never_happens_fails_its_test() {
    let cluster = three_brokers().await.expect("it starts");
    cluster.on(ApiKey::Produce).topic("payments").disconnect();
}

/// The lines of code blocks in the guide, without their indentation.
fn quoted(guide: &str) -> Vec<Vec<&str>> {
    let mut blocks = Vec::new();
    let mut open: Option<Vec<&str>> = None;
    for line in guide.lines() {
        match (&mut open, line) {
            (None, "```rust") => open = Some(Vec::new()),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some(block), line) => block.push(line.trim()),
            (None, _) => {}
        }
    }
    blocks
}

#[test]
fn the_guide_quotes_tests_that_run() {
    let guide = include_str!("../../docs/testing-guide.md");
    let tests: Vec<&str> = include_str!("recipes.rs").lines().map(str::trim).collect();
    let blocks = quoted(guide);
    assert!(blocks.len() >= 8, "{}", blocks.len());
    for block in blocks {
        let is_there = tests.windows(block.len()).any(|window| window == block);
        assert!(is_there, "not in recipes.rs:\n{}", block.join("\n"));
    }
}
