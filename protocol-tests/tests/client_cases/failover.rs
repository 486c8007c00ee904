//! The leader of a partition dies in the middle of writing and reading.

use std::time::Duration;

use milena::Record;
use milena::admin::NewTopic;
use milena::consumer::Start;

use super::{
    Outcome, assert_once_and_in_order, connect, create, describe, key_of, nothing_more, numbers,
    read, reader,
};

const RECORDS: u64 = 20_000;
const PARTITIONS: i32 = 3;

/// Nothing is lost, nothing comes twice, keys keep their order: for a reader that went through the
/// failover, and for one that comes afterwards. `kill` and `restart` get a broker's id.
pub(crate) async fn nothing_is_lost_when_the_leader_dies(
    servers: &str,
    mut kill: impl FnMut(i32),
    mut restart: impl FnMut(i32),
) -> Outcome {
    let kafka = connect(servers).await?;
    let replicated = NewTopic::new("failover").partitions(PARTITIONS).replication_factor(3);
    create(&kafka, replicated.config("min.insync.replicas", "2")).await?;
    let described = describe(&kafka, "failover").await?;
    let leader = described.partitions[0].leader.ok_or("nobody leads")?.get();

    let count = usize::try_from(RECORDS)?;
    let reading = async {
        let mut consumer = reader(&kafka, "failover", PARTITIONS, Start::Earliest).await?;
        let records = read(&mut consumer, count).await?;
        nothing_more(&mut consumer).await?;
        numbers(&records)
    };
    let writing = async {
        write(&kafka, || kill(leader)).await?;
        restart(leader);
        Ok(())
    };
    let (read_along, written) = tokio::join!(reading, writing);
    let written: Outcome = written;
    written?;
    assert_once_and_in_order(&read_along?, RECORDS);

    let mut afterwards = reader(&kafka, "failover", PARTITIONS, Start::Earliest).await?;
    let records = read(&mut afterwards, count).await?;
    nothing_more(&mut afterwards).await?;
    assert_once_and_in_order(&numbers(&records)?, RECORDS);
    Ok(())
}

/// Writes everything; `kill` comes when a quarter is acknowledged and another quarter is on its
/// way.
async fn write(kafka: &milena::Kafka, kill: impl FnOnce()) -> Outcome {
    let producer = kafka.producer().build().await?;
    let mut deliveries = Vec::new();
    let mut kill = Some(kill);
    let mut acknowledged = 0;
    for number in 0..RECORDS {
        if number == RECORDS / 2 {
            for delivery in deliveries.drain(..deliveries.len() / 2) {
                let delivery: milena::Delivery = delivery;
                delivery.await?;
                acknowledged += 1;
            }
            if let Some(kill) = kill.take() {
                kill();
            }
        }
        let (key, value) = (key_of(number), number.to_string());
        deliveries.push(producer.enqueue(Record::to("failover").key(&key).value(&value)).await?);
    }
    for delivery in deliveries {
        delivery.await?;
        acknowledged += 1;
    }
    assert_eq!(acknowledged, RECORDS);
    Ok(producer.close(Duration::from_secs(30)).await?)
}
