//! What producers and consumers see when brokers die, under virtual time.

use std::collections::BTreeSet;
use std::time::Duration;

use milena::consumer::Start;
use milena::{Persistence, Record};
use tokio::time::Instant;

mod simulated;

const PARTITIONS: i32 = 3;

#[test]
fn nothing_is_lost_duplicated_or_reordered_when_a_leader_dies_while_records_are_sent() {
    for seed in 0..20 {
        simulated::run(async move {
            let cluster = simulated::cluster(seed, PARTITIONS).await;
            let kafka = simulated::client(&cluster).await;
            let producer = kafka.producer().build().await.expect("the defaults are sound");
            let mut deliveries = Vec::new();
            let mut victim = None;
            for number in 0..2_000_u32 {
                if number == 700 {
                    let leader = cluster.partition("orders", 0).leader().expect("it has one");
                    cluster.broker(leader).kill();
                    victim = Some(leader);
                }
                let (key, value) = (format!("{}", number % 31), format!("{number}"));
                let record = Record::to("orders").key(&key).value(&value);
                deliveries.push(producer.enqueue(record).await.expect("there is room"));
                if number % 50 == 0 {
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
            }
            for (number, delivery) in deliveries.into_iter().enumerate() {
                delivery.await.unwrap_or_else(|error| panic!("seed {seed}, {number}: {error}"));
            }
            cluster.broker(victim.expect("it was killed")).restart();
            cluster.wait_until_ready(Duration::from_secs(30)).await.expect("it comes back");

            let read = simulated::read_all(&kafka, PARTITIONS).await;
            let mut seen = BTreeSet::new();
            for records in read.values() {
                let numbers: Vec<u32> =
                    records.iter().filter_map(|(_, v)| v.parse().ok()).collect();
                assert!(numbers.is_sorted_by(|a, b| a < b), "seed {seed}: {numbers:?}");
                seen.extend(numbers);
            }
            let total: usize = read.values().map(Vec::len).sum();
            assert_eq!((seen.len(), total), (2_000, 2_000), "seed {seed}");
        });
    }
}

#[test]
fn an_idle_long_poll_does_not_slow_an_acknowledged_send() {
    simulated::run(async {
        let cluster = simulated::cluster(1, 1).await;
        let kafka = simulated::client(&cluster).await;
        let consumer = kafka.assigned_consumer().assign([("orders", 0, Start::Latest)]);
        let mut consumer = consumer
            .fetch_min_bytes(1_000_000)
            .fetch_max_wait(Duration::from_secs(20))
            .build()
            .await
            .expect("the partition exists");
        // From now on a fetch waits at the leader for a megabyte that never comes.
        let nothing = consumer.poll(1, Duration::from_secs(1)).await.expect("the leader answers");
        assert!(nothing.is_empty());

        let producer = kafka.producer().linger(Duration::ZERO).build().await.expect("it is sound");
        let warm = producer.send(Record::to("orders").value("first")).await;
        warm.expect("the leader answers");
        for number in 0..100 {
            let started = Instant::now();
            let value = format!("{number}");
            let sent = producer.send(Record::to("orders").value(&value)).await;
            sent.expect("the leader answers");
            // Two trips between client and leader and two between leader and follower, of half a
            // millisecond at most each, and the grain of tokio's timers.
            let took = started.elapsed();
            assert!(took <= Duration::from_millis(5), "record {number} took {took:?}");
        }
    });
}

#[test]
fn every_delivery_ends_in_time_and_tells_its_persistence_when_all_brokers_are_gone() {
    const LIMIT: Duration = Duration::from_secs(10);
    simulated::run(async {
        let cluster = simulated::cluster(3, PARTITIONS).await;
        let kafka = simulated::client(&cluster).await;
        let producer = kafka
            .producer()
            .request_timeout(Duration::from_secs(2))
            .delivery_timeout(LIMIT)
            .build()
            .await
            .expect("it is sound");
        let warm = producer.send(Record::to("orders").value("first")).await;
        warm.expect("the leader answers");

        // Some are on their way when the brokers die, some are enqueued afterwards.
        let mut before = Vec::new();
        for number in 0..200_u32 {
            let (key, value) = (format!("{number}"), format!("before {number}"));
            let record = Record::to("orders").key(&key).value(&value);
            before.push((Instant::now(), producer.enqueue(record).await.expect("there is room")));
        }
        tokio::time::sleep(Duration::from_millis(6)).await;
        (1..=3).for_each(|id| cluster.broker(id).kill());
        let mut after = Vec::new();
        for number in 0..200_u32 {
            let (key, value) = (format!("{number}"), format!("after {number}"));
            let record = Record::to("orders").key(&key).value(&value);
            after.push((Instant::now(), producer.enqueue(record).await.expect("there is room")));
        }

        let mut told = BTreeSet::new();
        for (enqueued, delivery) in before.into_iter().chain(after) {
            let outcome = delivery.await;
            let took = enqueued.elapsed();
            assert!(took <= LIMIT + Duration::from_millis(100), "it took {took:?}");
            if let Err(error) = outcome {
                assert_ne!(error.persistence(), Persistence::Yes, "{error}");
                told.insert(format!("{:?}", error.persistence()));
            }
        }
        assert!(told.contains("No"), "what was never sent is told as not written: {told:?}");
    });
}
