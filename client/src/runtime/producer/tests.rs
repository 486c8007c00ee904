//! The task and the handle against scripted brokers, under paused time.

#[cfg(not(feature = "compression-gzip"))]
mod codec_off;
#[cfg(feature = "compression-lz4")]
mod compression;
mod ending;
mod placing;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::compression::DecompressionBudget;
use milena_protocol::ids::Offset;
use milena_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use milena_protocol::messages::{
    ApiKey, InitProducerIdResponse, MetadataResponse, ProduceRequest, ProduceResponse, RequestKind,
};
use milena_protocol::records;
use parking_lot::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::Kafka;
use crate::config::producer::{Acks, Idempotence};
use crate::error::{Hindrance, Persistence, ProduceErrorKind, TryEnqueueError};
use crate::producer::{Producer, ProducerBuilder};
use crate::record::Record;
use crate::testing::{Net, Served, address, cluster, spawn, topic};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

/// What a broker does with a Produce request.
#[derive(Clone, Copy)]
enum Mood {
    Append,
    Answer(ErrorCode),
    /// Appends batches of up to so many bytes, and refuses larger ones.
    #[cfg_attr(
        not(feature = "compression-lz4"),
        expect(dead_code, reason = "what is too large is told to producers that compress")
    )]
    TooLarge(usize),
    /// Takes it and stays silent.
    Silent,
    /// Appends and closes the connection, so many times; then it appends.
    Drop(u32),
}

/// Brokers 1 and 2, and what they took.
struct World {
    net: Net,
    mood: Arc<Mutex<Mood>>,
    /// Values in the order in which they were appended, with their partition.
    taken: Arc<Mutex<Vec<(i32, String)>>>,
    requests: Arc<AtomicU64>,
    /// Every batch that came, as it came.
    batches: Arc<Mutex<Vec<records::Batch>>>,
    /// The leaders of "orders", and whether it exists yet.
    leaders: Arc<Mutex<Vec<i32>>>,
}

impl World {
    fn new(leaders: &[i32]) -> Self {
        let world = Self {
            net: Net::new(),
            mood: Arc::new(Mutex::new(Mood::Append)),
            taken: Arc::default(),
            requests: Arc::default(),
            batches: Arc::default(),
            leaders: Arc::new(Mutex::new(leaders.to_vec())),
        };
        for number in [1, 2] {
            let leaders = world.leaders.clone();
            let served = world.net.listen(address(number, 9092)).serve(move || describe(&leaders));
            let memory = (world.mood.clone(), world.taken.clone(), world.requests.clone());
            let (mood, taken, requests) = memory;
            spawn(serve(served, (mood, taken, requests, world.batches.clone())));
        }
        world
    }

    async fn builder(&self) -> ProducerBuilder {
        let kafka = Kafka::builder("host-1:9092").environment(self.net.environment());
        kafka.connect().await.expect("broker 1 serves").producer()
    }

    async fn producer(&self) -> Producer {
        self.builder().await.build().await.expect("the defaults")
    }

    fn mood(&self, mood: Mood) {
        *self.mood.lock() = mood;
    }

    fn values(&self) -> Vec<String> {
        self.taken.lock().iter().map(|(_, value)| value.clone()).collect()
    }
}

fn describe(leaders: &Mutex<Vec<i32>>) -> MetadataResponse {
    let leaders = leaders.lock();
    if leaders.is_empty() {
        let unknown = topic("orders", 0, &[])
            .with_error_code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.0)
            .with_topic_id(uuid::Uuid::nil());
        return cluster(&[1, 2]).with_topics(vec![unknown]);
    }
    cluster(&[1, 2]).with_topics(vec![topic("orders", leaders.len() as i32, &leaders)])
}

type Memory = (
    Arc<Mutex<Mood>>,
    Arc<Mutex<Vec<(i32, String)>>>,
    Arc<AtomicU64>,
    Arc<Mutex<Vec<records::Batch>>>,
);

async fn serve(mut requests: UnboundedReceiver<Served>, memory: Memory) {
    let (mood, taken, count, batches) = memory;
    let ends = AtomicI64::new(0);
    let mut seen = Vec::new();
    while let Some(Served { request, reply }) = requests.recv().await {
        let produce = match request.body {
            RequestKind::InitProducerId(_) => {
                let id = InitProducerIdResponse::default().with_producer_id(7.into());
                drop(reply.send(id.into()));
                continue;
            }
            RequestKind::Produce(produce) => produce,
            other => panic!("{other:?}"),
        };
        assert_eq!(request.key, ApiKey::Produce);
        count.fetch_add(1, Ordering::Relaxed);
        let now = *mood.lock();
        batches.lock().extend(batches_of(&produce));
        match now {
            Mood::Append => drop(reply.send(append(&produce, &ends, &mut seen, &taken).into())),
            Mood::TooLarge(most) => {
                let large = batches_of(&produce).iter().any(|batch| batch.size() > most);
                drop(reply.send(match large {
                    true => refuse(&produce, ErrorCode::MESSAGE_TOO_LARGE).into(),
                    false => append(&produce, &ends, &mut seen, &taken).into(),
                }));
            }
            Mood::Answer(code) => drop(reply.send(refuse(&produce, code).into())),
            Mood::Silent => spawn(async move {
                std::future::pending::<()>().await;
                drop(reply);
            }),
            Mood::Drop(times) => {
                let _ = append(&produce, &ends, &mut seen, &taken);
                *mood.lock() = if times > 1 { Mood::Drop(times - 1) } else { Mood::Append };
                drop(reply);
            }
        }
    }
}

/// Appends, and recognises what it has by producer, epoch and sequence.
fn append(
    produce: &ProduceRequest,
    ends: &AtomicI64,
    seen: &mut Vec<(i32, i64, i16, i32, i64)>,
    taken: &Mutex<Vec<(i32, String)>>,
) -> ProduceResponse {
    each(produce, |index, bytes| {
        let batch = records::batches(bytes).next().expect("one batch").expect("sound");
        batch.verify_crc().expect("an intact batch");
        let h = &batch.header;
        let key = (h.producer_id.get(), h.producer_epoch.get(), h.base_sequence.get());
        let known = seen.iter().find(|s| (s.0, s.1, s.2, s.3) == (index, key.0, key.1, key.2));
        if let Some(known) = known.filter(|_| key.0 >= 0) {
            return (ErrorCode::NONE, known.4);
        }
        let offset = ends.fetch_add(h.record_count.into(), Ordering::Relaxed);
        seen.push((index, key.0, key.1, key.2, offset));
        let mut budget = DecompressionBudget::for_one_batch(1 << 20);
        let batch = batch.decompressed(&mut budget).expect("what was compressed");
        for record in batch.records().expect("records") {
            let value = record.expect("a record").value.unwrap_or_default().to_vec();
            taken.lock().push((index, String::from_utf8_lossy(&value).into_owned()));
        }
        (ErrorCode::NONE, offset)
    })
}

fn batches_of(produce: &ProduceRequest) -> Vec<records::Batch> {
    let partitions = produce.topic_data.iter().flat_map(|topic| &topic.partition_data);
    let bytes = partitions.filter_map(|partition| partition.records.clone());
    bytes.flat_map(records::batches).map(|batch| batch.expect("sound")).collect()
}

fn refuse(produce: &ProduceRequest, code: ErrorCode) -> ProduceResponse {
    each(produce, |_, _| (code, -1))
}

fn each(
    produce: &ProduceRequest,
    mut answer: impl FnMut(i32, bytes::Bytes) -> (ErrorCode, i64),
) -> ProduceResponse {
    let topics = produce.topic_data.iter().map(|topic| {
        let partitions = topic.partition_data.iter().map(|partition| {
            let bytes = partition.records.clone().unwrap_or_default();
            let (code, offset) = answer(partition.index, bytes);
            PartitionProduceResponse::default()
                .with_index(partition.index)
                .with_error_code(code.0)
                .with_base_offset(offset)
        });
        let partitions = partitions.collect();
        TopicProduceResponse::default()
            .with_name(topic.name.clone())
            .with_topic_id(topic.topic_id)
            .with_partition_responses(partitions)
    });
    ProduceResponse::default().with_responses(topics.collect())
}

fn order(value: &str) -> Record<'_> {
    Record::to("orders").value(value).partition(0)
}

/// Lets everything happen that happens at this moment.
async fn settle() {
    tokio::time::sleep(MILLI).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_goes_out_after_the_linger_time_and_comes_back_with_its_offset() {
    let world = World::new(&[1]);
    let producer = world.builder().await.linger(50 * MILLI).build().await.unwrap();
    producer.send(order("warm up")).await.unwrap();
    let start = Instant::now();
    let metadata = producer.send(order("paid").timestamp(77)).await.unwrap();
    let took = start.elapsed();
    assert!((50 * MILLI..55 * MILLI).contains(&took), "{took:?}");
    assert_eq!((metadata.offset, metadata.timestamp), (Some(Offset(1)), 77));
    assert_eq!(metadata.topic(), "orders");
    assert_eq!(world.values(), ["warm up", "paid"]);
}

#[tokio::test(start_paused = true)]
async fn records_without_a_timestamp_get_the_wall_clock() {
    let world = World::new(&[1]);
    let producer = world.producer().await;
    let metadata = producer.send(order("paid")).await.unwrap();
    assert_eq!(metadata.timestamp, 1_700_000_000_000);
}

#[tokio::test(start_paused = true)]
async fn records_enqueued_together_share_a_request_and_get_offsets_in_order() {
    let world = World::new(&[1]);
    let producer = world.producer().await;
    producer.send(order("warm up")).await.unwrap();
    let mut deliveries = Vec::new();
    for value in ["a", "b", "c"] {
        deliveries.push(producer.enqueue(order(value)).await.unwrap());
    }
    for (delivery, offset) in deliveries.into_iter().zip(1..) {
        assert_eq!(delivery.await.unwrap().offset, Some(Offset(offset)));
    }
    assert_eq!(world.requests.load(Ordering::Relaxed), 2);
    assert_eq!(world.values(), ["warm up", "a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_does_not_linger() {
    let world = World::new(&[1]);
    let builder = world.builder().await.linger(10 * SECOND).batch_size(400);
    let producer = builder.delivery_timeout(60 * SECOND).build().await.unwrap();
    let value = "x".repeat(250);
    let first = producer.enqueue(order(&value)).await.unwrap();
    let start = Instant::now();
    let _second = producer.enqueue(order(&value)).await.unwrap();
    first.await.unwrap();
    assert!(start.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn flush_sends_open_batches_at_once_and_waits_for_them() {
    let world = World::new(&[1, 2]);
    let builder = world.builder().await.linger(10 * SECOND).delivery_timeout(60 * SECOND);
    let producer = builder.build().await.unwrap();
    // One waits for its topic, the others for their linger time.
    let _early = producer.enqueue(order("a")).await.unwrap();
    settle().await;
    let _late = producer.enqueue(order("b").partition(1)).await.unwrap();
    let start = Instant::now();
    producer.flush().await.unwrap();
    assert!(start.elapsed() < SECOND);
    let mut values = world.values();
    values.sort();
    assert_eq!(values, ["a", "b"]);
    producer.flush().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn failures_nobody_awaits_reach_flush_and_the_hook_once() {
    let world = World::new(&[1]);
    let hooked = Arc::new(AtomicU64::new(0));
    let counter = hooked.clone();
    let builder = world.builder().await.on_unawaited_failure(move |error, count| {
        assert!(matches!(error.kind(), ProduceErrorKind::Refused { .. }));
        counter.fetch_add(count, Ordering::Relaxed);
    });
    let producer = builder.build().await.unwrap();
    world.mood(Mood::Answer(ErrorCode::INVALID_RECORD));
    drop(producer.enqueue(order("a")).await.unwrap());
    drop(producer.enqueue(order("b")).await.unwrap());
    let awaited = producer.enqueue(order("c")).await.unwrap();
    let lost = producer.flush().await.unwrap_err();
    assert_eq!((lost.lost, hooked.load(Ordering::Relaxed)), (2, 2));
    assert_eq!(awaited.await.unwrap_err().persistence(), Persistence::No);
    producer.flush().await.expect("told once");
    // Dropped after it failed, and never looked at.
    let late = producer.enqueue(order("d")).await.unwrap();
    producer.flush().await.expect("somebody may still look");
    drop(late);
    assert_eq!(producer.flush().await.unwrap_err().lost, 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_delivery_does_not_cancel_its_record() {
    let world = World::new(&[1]);
    let producer = world.producer().await;
    drop(producer.enqueue(order("a")).await.unwrap());
    producer.flush().await.unwrap();
    assert_eq!(world.values(), ["a"]);
}

async fn small(world: &World) -> Producer {
    let builder = world.builder().await.batch_size(1024).buffer_memory(4096);
    builder.max_block(3 * SECOND).build().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_full_buffer_gives_the_record_back_or_makes_the_caller_wait() {
    let world = World::new(&[1]);
    let producer = small(&world).await;
    producer.send(order("warm up")).await.unwrap();
    world.mood(Mood::Silent);
    let value = "x".repeat(900);
    let mut pending = Vec::new();
    loop {
        match producer.try_enqueue(order(&value)) {
            Ok(delivery) => pending.push(delivery),
            Err(TryEnqueueError::Full(record)) => {
                assert_eq!(record.topic(), "orders");
                break;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!((3..=4).contains(&pending.len()), "{}", pending.len());
    let start = Instant::now();
    let error = producer.enqueue(order(&value)).await.unwrap_err();
    assert!(matches!(error.kind(), ProduceErrorKind::BufferFull { buffer_memory: 4096, .. }));
    assert_eq!(error.persistence(), Persistence::No);
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_waits_for_room_goes_on_when_there_is_some() {
    let world = World::new(&[1]);
    let producer = small(&world).await;
    let value = "x".repeat(900);
    let mut deliveries = Vec::new();
    for _ in 0..40 {
        deliveries.push(producer.enqueue(order(&value)).await.unwrap());
    }
    for delivery in deliveries {
        delivery.await.unwrap();
    }
    assert_eq!(world.values().len(), 40);
}

#[tokio::test(start_paused = true)]
async fn an_enqueue_that_is_cancelled_while_it_waits_leaves_nothing_behind() {
    let world = World::new(&[1]);
    let producer = small(&world).await;
    producer.send(order("warm up")).await.unwrap();
    world.mood(Mood::Silent);
    let value = "x".repeat(900);
    let mut pending = Vec::new();
    while let Ok(delivery) = producer.try_enqueue(order(&value)) {
        pending.push(delivery);
    }
    let waiting = producer.enqueue(order("cancelled"));
    assert!(tokio::time::timeout(SECOND, waiting).await.is_err());
    world.mood(Mood::Append);
    // The silent connection is given up, and everything is sent again.
    for delivery in pending {
        delivery.await.unwrap();
    }
    producer.flush().await.unwrap();
    assert!(!world.values().contains(&"cancelled".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn records_for_an_unknown_topic_wait_for_it_and_keep_their_order() {
    let world = World::new(&[]);
    let producer = world.producer().await;
    let mut deliveries = Vec::new();
    for value in ["a", "b", "c"] {
        deliveries.push(producer.enqueue(order(value)).await.unwrap());
    }
    tokio::time::sleep(2 * SECOND).await;
    world.leaders.lock().push(1);
    for delivery in deliveries {
        delivery.await.unwrap();
    }
    producer.send(order("d")).await.unwrap();
    assert_eq!(world.values(), ["a", "b", "c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_never_comes_is_an_error_after_max_block() {
    let world = World::new(&[]);
    let producer = world.builder().await.max_block(5 * SECOND).build().await.unwrap();
    let start = Instant::now();
    let error = producer.send(order("a")).await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 5);
    assert!(matches!(error.kind(), ProduceErrorKind::UnknownTopic { .. }), "{error}");
    assert_eq!(error.topic().map(|topic| topic.as_str()), Some("orders"));
    assert!(error.is_retriable() && error.persistence() == Persistence::No);
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_never_comes_is_an_error_that_names_it() {
    let world = World::new(&[1, 2]);
    let producer = world.builder().await.max_block(5 * SECOND).build().await.unwrap();
    let error = producer.send(order("a").partition(2)).await.unwrap_err();
    let unknown = ProduceErrorKind::UnknownPartition { partitions: 2, waited: 5 * SECOND };
    assert_eq!(format!("{:?}", error.kind()), format!("{unknown:?}"));
    assert_eq!(error.partition().map(|partition| partition.get()), Some(2));
}

#[tokio::test(start_paused = true)]
async fn records_that_can_never_be_sent_are_refused_at_once() {
    let world = World::new(&[1]);
    let producer = world.producer().await;
    let illegal = producer.send(Record::to("no spaces").value("a")).await.unwrap_err();
    assert!(matches!(illegal.kind(), ProduceErrorKind::IllegalTopic(_)));
    producer.send(order("a")).await.unwrap();
    let large = vec![0_u8; 2 << 20];
    let large = producer.send(order("").value(&large)).await.unwrap_err();
    assert!(matches!(
        large.kind(),
        ProduceErrorKind::RecordTooLarge { limit_name: "max.request.size", .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn a_record_larger_than_a_batch_gets_one_of_its_own() {
    let world = World::new(&[1]);
    let producer = world.producer().await;
    let value = "x".repeat(100_000);
    let before = producer.enqueue(order("before")).await.unwrap();
    let large = producer.enqueue(order(&value)).await.unwrap();
    let after = producer.enqueue(order("after")).await.unwrap();
    for (delivery, offset) in [(before, 0), (large, 1), (after, 2)] {
        assert_eq!(delivery.await.unwrap().offset, Some(Offset(offset)));
    }
}

#[tokio::test(start_paused = true)]
async fn records_without_a_key_avoid_a_partition_without_a_leader() {
    let world = World::new(&[-1, 2]);
    let producer = world.producer().await;
    for value in ["a", "b"] {
        let record = Record::to("orders").value(value);
        assert_eq!(producer.send(record).await.unwrap().partition.get(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_answer_was_lost_is_recognised_when_it_comes_again() {
    let world = World::new(&[1]);
    let producer = world.producer().await;
    producer.send(order("warm up")).await.unwrap();
    world.mood(Mood::Drop(2));
    let metadata = producer.send(order("once")).await.unwrap();
    assert_eq!(metadata.offset, Some(Offset(1)));
    assert_eq!(world.values(), ["warm up", "once"]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_broker_lets_the_record_expire_on_time_and_possibly_written() {
    let world = World::new(&[1]);
    let builder = world.builder().await.request_timeout(10 * SECOND);
    let producer = builder.delivery_timeout(15 * SECOND).build().await.unwrap();
    producer.send(order("warm up")).await.unwrap();
    world.mood(Mood::Silent);
    let start = Instant::now();
    let error = producer.send(order("a")).await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 15);
    assert_eq!(error.persistence(), Persistence::Possibly);
    assert!(error.attempts() >= 1, "{error}");
    // The partition goes on once the wire has resolved.
    world.mood(Mood::Append);
    producer.send(order("b")).await.unwrap();
    assert_eq!(world.values(), ["warm up", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_gone_lets_the_record_expire_as_certainly_unwritten() {
    let world = World::new(&[1]);
    let producer = world.producer().await;
    let pending = producer.enqueue(order("a")).await.unwrap();
    world.net.refuse(address(1, 9092));
    world.net.refuse(address(2, 9092));
    let error = match pending.await {
        // It was faster than the end of the world.
        Ok(_) => {
            world.mood(Mood::Silent);
            return;
        }
        Err(error) => error,
    };
    assert!(matches!(
        error.kind(),
        ProduceErrorKind::DeliveryTimeout {
            last: Some(Hindrance::Request(_) | Hindrance::NoProducerId),
            ..
        } | ProduceErrorKind::UnknownTopic { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn without_acknowledgements_a_record_counts_as_sent_once_it_is_written() {
    let world = World::new(&[1]);
    let builder = world.builder().await.acks(Acks::None).idempotence(Idempotence::Off);
    let producer = builder.build().await.unwrap();
    world.mood(Mood::Silent);
    let start = Instant::now();
    let metadata = producer.send(order("a")).await.unwrap();
    assert_eq!(metadata.offset, None);
    assert!(start.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn contradictory_settings_are_refused_at_build_with_their_values() {
    let world = World::new(&[1]);
    let error = world.builder().await.acks(Acks::Leader).build().await.unwrap_err();
    assert!(error.to_string().contains("acks"), "{error}");
}
