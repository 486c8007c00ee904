//! milena, through its public API.

use anyhow::{Result, ensure};
use milena::consumer::Start;
use milena::{Kafka, Record};

use super::Seen;
use super::deliveries::Deliveries;
use crate::WorkerArguments;
use crate::measure::Run;
use crate::workload::{ValuePool, settings};

pub async fn produce(arguments: &WorkerArguments) -> Result<()> {
    let pool = ValuePool::new(arguments.workload.value_bytes());
    let run = Run::start()?;
    let kafka = Kafka::builder(arguments.bootstrap.as_str()).connect().await?;
    let producer = kafka
        .producer()
        .linger(arguments.workload.linger())
        .batch_size(settings::BATCH_BYTES)
        .buffer_memory(settings::BUFFER_BYTES)
        .build()
        .await?;
    let mut deliveries = Deliveries::new(arguments);
    let start = tokio::time::Instant::now();
    for index in 0..arguments.records {
        if let Some(interval) = arguments.workload.interval() {
            tokio::time::sleep_until(start + interval * index as u32).await;
        }
        deliveries.acks.sent(index);
        let record = Record::to(&arguments.topic).value(pool.get(index));
        deliveries.push(producer.enqueue(record).await?).await?;
    }
    let acks = deliveries.finish().await?;
    run.finish(arguments, Some(&acks))
}

pub async fn consume(arguments: &WorkerArguments) -> Result<()> {
    let run = Run::start()?;
    let kafka = Kafka::builder(arguments.bootstrap.as_str()).connect().await?;
    let topic = arguments.topic.as_str();
    let mut consumer = kafka
        .assigned_consumer()
        .assign((0..settings::PARTITIONS).map(|partition| (topic, partition, Start::Earliest)))
        .fetch_min_bytes(1)
        .fetch_max_bytes(settings::FETCH_MAX_BYTES as usize)
        .partition_max_bytes(settings::FETCH_PARTITION_BYTES as usize)
        .fetch_max_wait(settings::FETCH_MAX_WAIT)
        .build()
        .await?;
    let mut seen = Seen::new(arguments);
    while !seen.is_complete() {
        let records = consumer.poll(100_000, settings::STALL).await?;
        ensure!(!records.is_empty(), "milena reads nothing");
        for record in &records {
            seen.record(record.value().unwrap_or_default());
        }
    }
    seen.check()?;
    run.finish(arguments, None)
}
