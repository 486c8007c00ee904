//! librdkafka, by its callbacks and by rust-rdkafka's futures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use futures::StreamExt;
use rdkafka::consumer::{BaseConsumer, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{
    BaseProducer, BaseRecord, DeliveryResult, FutureProducer, FutureRecord, Producer,
    ProducerContext,
};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

use super::Seen;
use super::deliveries::Deliveries;
use crate::WorkerArguments;
use crate::measure::{AckTimes, Run};
use crate::workload::{ValuePool, settings};

fn producer_config(arguments: &WorkerArguments) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &arguments.bootstrap)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("compression.type", "none")
        .set("linger.ms", arguments.workload.linger().as_millis().to_string())
        .set("batch.size", settings::BATCH_BYTES.to_string())
        // Batches and buffer are bounded by bytes, as in the other clients.
        .set("batch.num.messages", "1000000")
        .set("queue.buffering.max.messages", "10000000")
        .set("queue.buffering.max.kbytes", (settings::BUFFER_BYTES / 1024).to_string());
    config
}

fn consumer_config(arguments: &WorkerArguments) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &arguments.bootstrap)
        // Asked for by librdkafka even where partitions are assigned; nothing is committed.
        .set("group.id", "versus")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("check.crcs", "true")
        .set("fetch.min.bytes", "1")
        .set("fetch.max.bytes", settings::FETCH_MAX_BYTES.to_string())
        .set("max.partition.fetch.bytes", settings::FETCH_PARTITION_BYTES.to_string())
        .set("fetch.wait.max.ms", settings::FETCH_MAX_WAIT.as_millis().to_string());
    config
}

/// Counts and times outcomes; librdkafka calls it from `poll`.
struct Observer {
    acks: AckTimes,
    delivered: AtomicU64,
    failed: AtomicU64,
}

impl ClientContext for Observer {}

impl ProducerContext for Observer {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, index: usize) {
        match result {
            Ok(message) if message.offset() >= 0 => {
                self.acks.acknowledged(index as u64);
                self.delivered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) | Err(_) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

fn is_full(error: &KafkaError) -> bool {
    matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull))
}

/// Produces and polls on one thread, which is the cheapest way librdkafka can be used.
pub fn produce_callback(arguments: &WorkerArguments) -> Result<()> {
    let pool = ValuePool::new(arguments.workload.value_bytes());
    let run = Run::start()?;
    let observer = Observer {
        acks: AckTimes::new(arguments.records, arguments.workload.sample_every()),
        delivered: AtomicU64::new(0),
        failed: AtomicU64::new(0),
    };
    let producer: BaseProducer<Observer> =
        producer_config(arguments).create_with_context(observer)?;
    let observer = Arc::clone(producer.context());
    let start = Instant::now();
    for index in 0..arguments.records {
        match arguments.workload.interval() {
            Some(interval) => serve_until(&producer, start + interval * index as u32),
            // Serves what has come in without waiting.
            None if index % 1024 == 0 => producer.poll(Duration::ZERO),
            None => {}
        }
        observer.acks.sent(index);
        let mut record = BaseRecord::with_opaque_to(&arguments.topic, index as usize)
            .payload(pool.get(index).as_ref());
        while let Err((error, back)) = producer.send::<(), [u8]>(record) {
            ensure!(is_full(&error), error);
            record = back;
            producer.poll(Duration::from_millis(10));
        }
    }
    producer.flush(settings::STALL)?;
    let failed = observer.failed.load(Ordering::Relaxed);
    let delivered = observer.delivered.load(Ordering::Relaxed);
    ensure!(
        failed == 0 && delivered == arguments.records,
        "{delivered} delivered, {failed} failed"
    );
    run.finish(arguments, Some(&observer.acks))
}

/// Serves callbacks until it is time for the next record.
fn serve_until(producer: &BaseProducer<Observer>, at: Instant) {
    loop {
        let left = at.saturating_duration_since(Instant::now());
        if left < Duration::from_millis(1) {
            // poll counts in milliseconds.
            std::thread::sleep(left);
            producer.poll(Duration::ZERO);
            return;
        }
        producer.poll(left);
    }
}

pub async fn produce_future(arguments: &WorkerArguments) -> Result<()> {
    let pool = ValuePool::new(arguments.workload.value_bytes());
    let run = Run::start()?;
    let producer: FutureProducer = producer_config(arguments).create()?;
    let mut deliveries = Deliveries::new(arguments);
    let start = tokio::time::Instant::now();
    for index in 0..arguments.records {
        if let Some(interval) = arguments.workload.interval() {
            tokio::time::sleep_until(start + interval * index as u32).await;
        }
        deliveries.acks.sent(index);
        let mut record = FutureRecord::<(), [u8]>::to(&arguments.topic).payload(pool.get(index));
        let delivery = loop {
            match producer.send_result(record) {
                Ok(delivery) => break delivery,
                Err((error, back)) => {
                    ensure!(is_full(&error), error);
                    record = back;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        };
        let outcome = async move {
            match delivery.await {
                Ok(Ok(delivered)) => Ok(delivered),
                Ok(Err((error, _))) => Err(anyhow::Error::from(error)),
                Err(_) => Err(anyhow!("librdkafka dropped the record")),
            }
        };
        deliveries.push(outcome).await?;
    }
    let acks = deliveries.finish().await?;
    run.finish(arguments, Some(&acks))
}

fn assignment(arguments: &WorkerArguments) -> Result<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for partition in 0..settings::PARTITIONS {
        list.add_partition_offset(&arguments.topic, partition, Offset::Beginning)?;
    }
    Ok(list)
}

pub fn consume_poll(arguments: &WorkerArguments) -> Result<()> {
    let run = Run::start()?;
    let consumer: BaseConsumer = consumer_config(arguments).create()?;
    consumer.assign(&assignment(arguments)?)?;
    let mut seen = Seen::new(arguments);
    while !seen.is_complete() {
        let message = consumer.poll(settings::STALL).context("librdkafka reads nothing")??;
        seen.record(message.payload().unwrap_or_default());
    }
    seen.check()?;
    run.finish(arguments, None)
}

pub async fn consume_stream(arguments: &WorkerArguments) -> Result<()> {
    let run = Run::start()?;
    let consumer: StreamConsumer = consumer_config(arguments).create()?;
    consumer.assign(&assignment(arguments)?)?;
    let mut seen = Seen::new(arguments);
    let mut stream = consumer.stream();
    while !seen.is_complete() {
        let message = stream.next().await.context("librdkafka's stream ended")??;
        seen.record(message.payload().unwrap_or_default());
    }
    seen.check()?;
    run.finish(arguments, None)
}
