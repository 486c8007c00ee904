//! krafka.

use anyhow::{Result, ensure};
use krafka::consumer::AutoOffsetReset;
use krafka::producer::Acks;
use krafka::{Compression, Kafka, Record};

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
        .acks(Acks::All)
        .idempotent(true)
        .compression(Compression::None)
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
        let record = Record::new(arguments.topic.as_str(), pool.get(index).clone());
        deliveries.push(producer.enqueue(record).await?).await?;
    }
    let acks = deliveries.finish().await?;
    run.finish(arguments, Some(&acks))
}

pub async fn consume(arguments: &WorkerArguments) -> Result<()> {
    let run = Run::start()?;
    let kafka = Kafka::builder(arguments.bootstrap.as_str()).connect().await?;
    let consumer = kafka
        .consumer_without_group()
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .enable_auto_commit(false)
        .fetch_min_bytes(1)
        .fetch_max_bytes(settings::FETCH_MAX_BYTES)
        .max_partition_fetch_bytes(settings::FETCH_PARTITION_BYTES)
        .fetch_max_wait(settings::FETCH_MAX_WAIT)
        .max_poll_records(100_000)
        .build()
        .await?;
    consumer.assign(&arguments.topic, (0..settings::PARTITIONS).collect()).await?;
    let mut seen = Seen::new(arguments);
    while !seen.is_complete() {
        let records = consumer.poll(settings::STALL).await?;
        ensure!(!records.is_empty(), "krafka reads nothing");
        for record in records {
            seen.record(record.value.as_deref().unwrap_or_default());
        }
    }
    seen.check()?;
    run.finish(arguments, None)
}
