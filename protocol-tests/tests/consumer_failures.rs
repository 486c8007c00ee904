//! The consumer against the simulated cluster, in memory and on virtual time, while brokers fail.

use std::error::Error;
use std::time::Duration;

use milena::{
    AssignedConsumer, ConsumeError, ConsumerEvent, Kafka, Offset, OffsetReset, Producer, Record,
    ResetCause, Start,
};
use milena_mock_broker::{MockCluster, Topic};
use tokio::time::Instant;

type Outcome = Result<(), Box<dyn Error>>;

const PARTITIONS: i32 = 3;
const SECOND: Duration = Duration::from_secs(1);

async fn three_brokers(seed: u64) -> Result<MockCluster, Box<dyn Error>> {
    let cluster = MockCluster::builder().brokers(3).seed(seed).start_in_memory().await?;
    create(&cluster, "orders")?;
    Ok(cluster)
}

fn create(cluster: &MockCluster, topic: &str) -> Outcome {
    let settings = Topic::new().partitions(PARTITIONS).replication_factor(3).min_insync_replicas(2);
    Ok(cluster.create_topic(topic, settings)?)
}

async fn client(cluster: &MockCluster) -> Result<Kafka, Box<dyn Error>> {
    let servers = cluster.bootstrap_servers();
    Ok(Kafka::builder(servers).environment(cluster.environment()).connect().await?)
}

/// Writes the numbers of `range` as values, in turn over all partitions, and waits for each.
async fn write(producer: &Producer, range: std::ops::Range<i64>) -> Outcome {
    let mut deliveries = Vec::new();
    for number in range {
        let partition = i32::try_from(number % i64::from(PARTITIONS))?;
        let record = Record::to("orders").partition(partition).value(number.to_string());
        deliveries.push(producer.enqueue(record).await?);
    }
    for delivery in deliveries {
        delivery.await?;
    }
    Ok(())
}

fn everywhere(start: Start) -> impl Iterator<Item = (&'static str, i32, Start)> {
    (0..PARTITIONS).map(move |partition| ("orders", partition, start))
}

async fn reader(kafka: &Kafka) -> Result<AssignedConsumer, ConsumeError> {
    kafka.assigned_consumer().assign(everywhere(Start::Earliest)).build().await
}

/// Reads until `count` values came; fails if one comes twice or out of order.
async fn read(consumer: &mut AssignedConsumer, count: usize) -> Result<Vec<i64>, Box<dyn Error>> {
    let deadline = Instant::now() + Duration::from_secs(120);
    let mut next = [None::<Offset>; PARTITIONS as usize];
    let mut values = Vec::new();
    while values.len() < count {
        assert!(Instant::now() < deadline, "{} of {count} came", values.len());
        for record in &consumer.poll(100, SECOND).await? {
            let expected = &mut next[usize::try_from(record.partition().get())?];
            if let Some(expected) = *expected {
                assert_eq!(record.offset(), expected, "partition {}", record.partition());
            }
            *expected = Some(record.offset().next());
            values.push(std::str::from_utf8(record.value().unwrap_or_default())?.parse()?);
        }
    }
    values.sort_unstable();
    Ok(values)
}

#[tokio::test(start_paused = true)]
async fn reading_goes_on_through_a_killed_leader_without_loss_or_repetition() -> Outcome {
    for seed in 0..20 {
        let cluster = three_brokers(seed).await?;
        let kafka = client(&cluster).await?;
        let producer = kafka.producer().build().await?;
        let mut consumer = reader(&kafka).await?;
        write(&producer, 0..300).await?;
        let mut values = read(&mut consumer, 100).await?;
        let leader = cluster.partition("orders", 0).leader().ok_or("no leader")?;
        cluster.broker(leader).kill();
        write(&producer, 300..600).await?;
        values.extend(read(&mut consumer, 400).await?);
        cluster.broker(leader).restart();
        cluster.partition("orders", 0).wait_for_isr(3, Duration::from_secs(60)).await?;
        write(&producer, 600..700).await?;
        values.extend(read(&mut consumer, 200).await?);
        values.sort_unstable();
        assert_eq!(values, (0..700).collect::<Vec<i64>>(), "seed {seed}");
        let rest = consumer.poll(1, SECOND).await?;
        assert!(rest.is_empty() && rest.events().is_empty(), "seed {seed}: {rest:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn poll_returns_within_its_timeout_whatever_the_brokers_do() -> Outcome {
    let cluster = three_brokers(1).await?;
    let kafka = client(&cluster).await?;
    let mut consumer = reader(&kafka).await?;
    consumer.poll(1, SECOND).await?;
    let timeout = Duration::from_millis(300);
    for trouble in 0..4 {
        match trouble {
            0 => (1..=3).for_each(|id| cluster.broker(id).pause()),
            1 => (1..=3).for_each(|id| cluster.broker(id).resume()),
            2 => cluster.network().cut_clients([1, 2, 3]),
            _ => (1..=3).for_each(|id| cluster.broker(id).kill()),
        }
        for _ in 0..30 {
            let start = Instant::now();
            consumer.poll(10, timeout).await?;
            assert!(start.elapsed() <= timeout + Duration::from_millis(1), "trouble {trouble}");
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_was_gone_altogether_is_read_on_when_it_is_back() -> Outcome {
    let cluster = three_brokers(2).await?;
    let kafka = client(&cluster).await?;
    let producer = kafka.producer().build().await?;
    let mut consumer = reader(&kafka).await?;
    write(&producer, 0..90).await?;
    let mut values = read(&mut consumer, 40).await?;
    (1..=3).for_each(|id| cluster.broker(id).kill());
    for _ in 0..20 {
        for record in consumer.poll(100, SECOND).await? {
            values.push(std::str::from_utf8(record.value().unwrap_or_default())?.parse()?);
        }
    }
    (1..=3).for_each(|id| cluster.broker(id).restart());
    for partition in 0..PARTITIONS {
        let handle = cluster.partition("orders", partition);
        handle.wait_for_leader(Duration::from_secs(60)).await?;
    }
    write(&producer, 90..120).await?;
    let left = 120 - values.len();
    values.extend(read(&mut consumer, left).await?);
    values.sort_unstable();
    assert_eq!(values, (0..120).collect::<Vec<i64>>());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_zombie_leader_does_not_keep_its_readers() -> Outcome {
    let cluster = three_brokers(3).await?;
    let kafka = client(&cluster).await?;
    let producer = kafka.producer().build().await?;
    let mut consumer = reader(&kafka).await?;
    write(&producer, 0..30).await?;
    read(&mut consumer, 30).await?;
    let zombie = cluster.partition("orders", 0).leader().ok_or("no leader")?;
    cluster.broker(zombie).pause();
    let start = Instant::now();
    write(&producer, 30..60).await?;
    assert_eq!(read(&mut consumer, 30).await?, (30..60).collect::<Vec<i64>>());
    assert!(start.elapsed() < Duration::from_secs(45), "{:?}", start.elapsed());
    cluster.broker(zombie).resume();
    write(&producer, 60..90).await?;
    assert_eq!(read(&mut consumer, 30).await?, (60..90).collect::<Vec<i64>>());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_offset_beyond_the_log_is_reset_and_reported() -> Outcome {
    let cluster = three_brokers(4).await?;
    let kafka = client(&cluster).await?;
    let producer = kafka.producer().build().await?;
    write(&producer, 0..9).await?;
    let mut consumer = kafka
        .assigned_consumer()
        .assign([("orders", 0, Start::at(1_000))])
        .offset_reset(OffsetReset::Earliest)
        .build()
        .await?;
    let records = consumer.poll(10, 5 * SECOND).await?;
    assert_eq!(records.len(), 3);
    let [ConsumerEvent::PositionReset { old, new, cause, .. }] = records.events() else {
        return Err(format!("{:?}", records.events()).into());
    };
    assert_eq!(
        (*old, *new, *cause),
        (Some(Offset(1_000)), Offset::ZERO, ResetCause::OffsetOutOfRange)
    );
    let mut strict = kafka
        .assigned_consumer()
        .assign([("orders", 0, Start::at(1_000))])
        .offset_reset(OffsetReset::Fail)
        .build()
        .await?;
    let error = strict.poll(10, 5 * SECOND).await.err();
    let Some(ConsumeError::OffsetOutOfRange { offset: Offset(1_000), .. }) = error else {
        return Err(format!("{error:?}").into());
    };
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_topic_created_again_is_read_from_its_beginning_and_reported() -> Outcome {
    let cluster = three_brokers(5).await?;
    let kafka = client(&cluster).await?;
    let producer = kafka.producer().build().await?;
    let mut consumer = kafka
        .assigned_consumer()
        .assign([("orders", 0, Start::Earliest)])
        .offset_reset(OffsetReset::Earliest)
        .build()
        .await?;
    write(&producer, 0..30).await?;
    read(&mut consumer, 10).await?;
    cluster.delete_topic("orders")?;
    consumer.poll(1, 2 * SECOND).await?;
    create(&cluster, "orders")?;
    let fresh = client(&cluster).await?.producer().build().await?;
    write(&fresh, 600..612).await?;
    let mut values = Vec::new();
    let mut causes = Vec::new();
    for _ in 0..30 {
        let records = consumer.poll(10, SECOND).await?;
        for event in records.events() {
            let ConsumerEvent::PositionReset { old, new, cause, .. } = event else { continue };
            causes.push((*old, *new, matches!(cause, ResetCause::TopicRecreated { .. })));
        }
        for record in &records {
            values.push((record.offset().get(), record.value().map(<[u8]>::to_vec)));
        }
    }
    assert_eq!(causes, [(Some(Offset(10)), Offset::ZERO, true)]);
    let expected = [600, 603, 606, 609].map(|value: i32| Some(value.to_string().into_bytes()));
    assert_eq!(values, (0..).zip(expected).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn ends_and_beginnings_are_found_while_a_broker_is_down() -> Outcome {
    let cluster = three_brokers(6).await?;
    let kafka = client(&cluster).await?;
    let producer = kafka.producer().build().await?;
    write(&producer, 0..30).await?;
    let consumer = reader(&kafka).await?;
    let leader = cluster.partition("orders", 1).leader().ok_or("no leader")?;
    cluster.broker(leader).kill();
    let names = || (0..PARTITIONS).map(|partition| ("orders", partition));
    let ends = consumer.end_offsets(names()).await?;
    assert_eq!(ends.into_values().map(Offset::get).collect::<Vec<_>>(), [10, 10, 10]);
    let begins = consumer.begin_offsets(names()).await?;
    assert_eq!(begins.into_values().map(Offset::get).collect::<Vec<_>>(), [0, 0, 0]);
    Ok(())
}
