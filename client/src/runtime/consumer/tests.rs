//! The task and the handle against scripted brokers, under paused time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use milena_protocol::ErrorCode;
use milena_protocol::ids::{LeaderEpoch, Offset, PartitionIndex};
use milena_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use milena_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use milena_protocol::messages::{
    ApiKey, FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse, RequestKind,
};
use milena_protocol::records::{BatchBuilder, NO_HEADERS, Stamp};
use parking_lot::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::consumer::{
    AssignedConsumer, ConsumeError, ConsumerEvent, OffsetReset, ResetCause, Start,
};
use crate::testing::{Net, Served, address, cluster, spawn, topic};
use crate::{ConfigError, Kafka};

const LEADERS: [i32; 2] = [1, 2];

/// Two brokers, each leading the partition of "orders" of its number minus one.
struct World {
    net: Net,
    brokers: [UnboundedReceiver<Served>; 2],
}

impl World {
    fn new() -> Self {
        let net = Net::new();
        let brokers = [1, 2].map(|number| {
            net.listen(address(number, 9092))
                .serve(|| cluster(&LEADERS).with_topics(vec![topic("orders", 3, &LEADERS)]))
        });
        Self { net, brokers }
    }

    async fn kafka(&self) -> Kafka {
        let builder = Kafka::builder("host-1:9092").environment(self.net.environment());
        builder.connect().await.unwrap()
    }

    /// Lets both brokers serve logs that end at `end`.
    fn serving(self, end: &Arc<AtomicI64>) -> Net {
        for requests in self.brokers {
            spawn(serve(requests, end.clone()));
        }
        self.net
    }
}

/// A broker without fetch sessions whose logs hold a record at each offset below `end`.
async fn serve(mut requests: UnboundedReceiver<Served>, end: Arc<AtomicI64>) {
    while let Some(Served { request, reply }) = requests.recv().await {
        let end = end.clone();
        let answer = async move {
            let body = match request.body {
                RequestKind::Fetch(fetch) => fetched(&fetch, &end).await.into(),
                RequestKind::ListOffsets(lookup) => listed(&lookup, &end).into(),
                other => panic!("{other:?}"),
            };
            drop(reply.send(body));
        };
        spawn(answer);
    }
}

async fn fetched(fetch: &FetchRequest, end: &AtomicI64) -> FetchResponse {
    let wanted = |offset: i64| {
        let left = end.load(Ordering::Relaxed) - offset;
        usize::try_from(left.clamp(0, 10)).unwrap()
    };
    let empty =
        fetch.topics.iter().flat_map(|t| &t.partitions).all(|p| wanted(p.fetch_offset) == 0);
    if empty {
        let wait = Duration::from_millis(fetch.max_wait_ms.try_into().unwrap());
        tokio::time::sleep(wait).await;
    }
    let topics = fetch.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let count = wanted(partition.fetch_offset);
            data(partition.partition, batch(partition.fetch_offset, count))
        });
        FetchableTopicResponse::default()
            .with_topic_id(topic.topic_id)
            .with_partitions(partitions.collect())
    });
    FetchResponse::default().with_responses(topics.collect())
}

fn listed(lookup: &ListOffsetsRequest, end: &AtomicI64) -> ListOffsetsResponse {
    let topics = lookup.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let offset = if partition.timestamp == -2 { 0 } else { end.load(Ordering::Relaxed) };
            ListOffsetsPartitionResponse::default()
                .with_partition_index(partition.partition_index)
                .with_offset(offset)
        });
        ListOffsetsTopicResponse::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn batch(base: i64, count: usize) -> Bytes {
    if count == 0 {
        return Bytes::new();
    }
    let mut builder = BatchBuilder::new(64);
    for index in 0..count as i64 {
        let value = (base + index).to_string();
        builder.append(1_000, Some(b"k"), Some(value.as_bytes()), NO_HEADERS).unwrap();
    }
    let batch = builder.seal().stamp(&Stamp::default()).to_batch().unwrap();
    batch.relocate(Offset(base), LeaderEpoch(3)).to_bytes()
}

fn data(partition: i32, records: Bytes) -> PartitionData {
    PartitionData::default()
        .with_partition_index(partition)
        .with_preferred_read_replica((-1).into())
        .with_records(Some(records))
}

async fn reading(kafka: &Kafka) -> AssignedConsumer {
    let starts = [("orders", 0, Start::Earliest), ("orders", 1, Start::Earliest)];
    kafka.assigned_consumer().assign(starts).build().await.unwrap()
}

/// Checks that each partition delivered a gapless sequence and counts the records.
#[derive(Default)]
struct Seen([i64; 2]);

impl Seen {
    fn see(&mut self, partition: i32, offset: i64) {
        let next = &mut self.0[partition as usize];
        assert_eq!(offset, *next, "partition {partition}");
        *next += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn records_of_several_brokers_arrive_once_and_in_order() {
    let world = World::new();
    let kafka = world.kafka().await;
    let _net = world.serving(&Arc::new(AtomicI64::new(95)));
    let mut consumer = reading(&kafka).await;
    let mut seen = Seen::default();
    while seen.0 != [95, 95] {
        let records = consumer.poll(7, Duration::from_secs(1)).await.unwrap();
        assert!(!records.is_empty() && records.len() <= 7);
        for record in &records {
            assert_eq!(record.value(), Some(record.offset().to_string().as_bytes()));
            assert_eq!((record.topic(), record.key()), ("orders", Some(&b"k"[..])));
            seen.see(record.partition().get(), record.offset().get());
        }
    }
    assert_eq!(consumer.position("orders", 1).unwrap(), Some(Offset(95)));
}

#[tokio::test(start_paused = true)]
async fn poll_returns_within_its_timeout_while_every_broker_is_silent() {
    let world = World::new();
    let kafka = world.kafka().await;
    let mut consumer = reading(&kafka).await;
    for millis in [0, 1, 250, 45_000] {
        let timeout = Duration::from_millis(millis);
        let start = Instant::now();
        let records = consumer.poll(10, timeout).await.unwrap();
        assert!(records.is_empty());
        assert!(start.elapsed() <= timeout + Duration::from_millis(1), "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_poll_or_next_loses_nothing() {
    let world = World::new();
    let kafka = world.kafka().await;
    let end = Arc::new(AtomicI64::new(0));
    let _net = world.serving(&end);
    let mut consumer = reading(&kafka).await;
    let mut seen = Seen::default();
    let mut dropped = 0;
    for round in 0..2_000_u64 {
        end.fetch_add(i64::from(round % 3 == 0), Ordering::Relaxed);
        let patience = Duration::from_micros(round * 37 % 5_000);
        if round % 2 == 0 {
            match tokio::time::timeout(patience, consumer.next()).await {
                Ok(record) => {
                    let record = record.unwrap().unwrap();
                    seen.see(record.partition().get(), record.offset().get());
                }
                Err(_) => dropped += 1,
            }
        } else {
            match tokio::time::timeout(patience, consumer.poll(3, Duration::from_secs(9))).await {
                Ok(records) => {
                    for record in records.unwrap() {
                        seen.see(record.partition().get(), record.offset().get());
                    }
                }
                Err(_) => dropped += 1,
            }
        }
    }
    assert!(dropped > 100, "{dropped}");
    let end = end.load(Ordering::Relaxed);
    while seen.0 != [end, end] {
        let record = consumer.next().await.unwrap().unwrap();
        seen.see(record.partition().get(), record.offset().get());
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_broker_does_not_delay_the_partitions_of_another() {
    let World { net, brokers: [first, mut second] } = World::new();
    let kafka =
        Kafka::builder("host-1:9092").environment(net.environment()).connect().await.unwrap();
    let end = Arc::new(AtomicI64::new(30));
    spawn(serve(first, end));
    let mut consumer = reading(&kafka).await;
    let start = Instant::now();
    let mut offsets = Vec::new();
    while offsets.len() < 30 {
        let record = consumer.next().await.unwrap().unwrap();
        assert_eq!(record.partition(), PartitionIndex(0));
        offsets.push(record.offset());
    }
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
    assert!(second.recv().await.is_some(), "it was asked");
}

#[tokio::test(start_paused = true)]
async fn an_idle_long_poll_delays_neither_look_ups_nor_another_consumer_of_the_client() {
    let world = World::new();
    let kafka = world.kafka().await;
    let end = Arc::new(AtomicI64::new(0));
    let _net = world.serving(&end);
    let mut idle = reading(&kafka).await;
    assert!(idle.poll(1, Duration::from_millis(100)).await.unwrap().is_empty());
    end.store(5, Ordering::Relaxed);
    let start = Instant::now();
    let ends = idle.end_offsets([("orders", 0), ("orders", 1)]).await.unwrap();
    assert_eq!(ends.values().copied().collect::<Vec<_>>(), [Offset(5), Offset(5)]);
    let begins = idle.begin_offsets([("orders", 1)]).await.unwrap();
    assert_eq!(begins.into_values().collect::<Vec<_>>(), [Offset(0)]);
    let mut other = reading(&kafka).await;
    assert!(!other.poll(1, Duration::from_millis(400)).await.unwrap().is_empty());
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_in_the_middle_costs_and_repeats_no_record() {
    let World { net, brokers: [mut first, second] } = World::new();
    let kafka =
        Kafka::builder("host-1:9092").environment(net.environment()).connect().await.unwrap();
    let end = Arc::new(AtomicI64::new(200));
    spawn(serve(second, end.clone()));
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    spawn(async move {
        while let Some(Served { request, reply }) = first.recv().await {
            let body = match &request.body {
                // Every third fetch ends with its connection.
                RequestKind::Fetch(_) if count.fetch_add(1, Ordering::Relaxed) % 3 == 2 => continue,
                RequestKind::Fetch(fetch) => fetched(fetch, &end).await.into(),
                RequestKind::ListOffsets(lookup) => listed(lookup, &end).into(),
                other => panic!("{other:?}"),
            };
            drop(reply.send(body));
        }
    });
    let mut consumer = reading(&kafka).await;
    let mut seen = Seen::default();
    while seen.0 != [200, 200] {
        let record = consumer.next().await.unwrap().unwrap();
        seen.see(record.partition().get(), record.offset().get());
    }
    assert!(served.load(Ordering::Relaxed) > 20);
}

#[tokio::test(start_paused = true)]
async fn a_consumer_is_a_stream() {
    let world = World::new();
    let kafka = world.kafka().await;
    let _net = world.serving(&Arc::new(AtomicI64::new(3)));
    let mut consumer = reading(&kafka).await;
    let mut seen = Seen::default();
    for _ in 0..6 {
        let next = std::future::poll_fn(|context| Pin::new(&mut consumer).poll_next(context)).await;
        let record = next.unwrap().unwrap();
        seen.see(record.partition().get(), record.offset().get());
        let own = record.detach();
        drop(record);
        assert_eq!(own.value(), Some(own.offset().to_string().as_bytes()));
    }
    assert_eq!(seen.0, [3, 3]);
}

#[tokio::test(start_paused = true)]
async fn seek_and_pause_take_effect_at_once() {
    let world = World::new();
    let kafka = world.kafka().await;
    let _net = world.serving(&Arc::new(AtomicI64::new(1_000)));
    let mut consumer = reading(&kafka).await;
    consumer.poll(1, Duration::from_secs(1)).await.unwrap();
    consumer.pause("orders", 0).unwrap();
    assert!(consumer.is_paused("orders", 0).unwrap());
    consumer.seek("orders", 1, 500).unwrap();
    assert_eq!(consumer.position("orders", 1).unwrap(), Some(Offset(500)));
    let mut next = 500;
    for _ in 0..20 {
        for record in &consumer.poll(10, Duration::from_secs(1)).await.unwrap() {
            assert_eq!((record.partition().get(), record.offset().get()), (1, next));
            next += 1;
        }
    }
    consumer.resume("orders", 0).unwrap();
    consumer.pause("orders", 1).unwrap();
    let records = consumer.poll(10, Duration::from_secs(1)).await.unwrap();
    assert!(records.iter().all(|record| record.partition().get() == 0));
    let unknown = consumer.seek("orders", 7, 0);
    assert!(matches!(unknown, Err(ConsumeError::NotAssigned { partition: PartitionIndex(7), .. })));
}

#[tokio::test(start_paused = true)]
async fn a_reset_reaches_the_hook_and_the_next_poll() {
    let World { net, brokers: [mut first, _second] } = World::new();
    let kafka =
        Kafka::builder("host-1:9092").environment(net.environment()).connect().await.unwrap();
    let end = AtomicI64::new(40);
    spawn(async move {
        while let Some(Served { request, reply }) = first.recv().await {
            let body = match &request.body {
                RequestKind::Fetch(fetch) if fetch.topics[0].partitions[0].fetch_offset == 77 => {
                    let code = ErrorCode::OFFSET_OUT_OF_RANGE.get();
                    let topic = FetchableTopicResponse::default()
                        .with_topic_id(fetch.topics[0].topic_id)
                        .with_partitions(vec![data(0, Bytes::new()).with_error_code(code)]);
                    FetchResponse::default().with_responses(vec![topic]).into()
                }
                RequestKind::Fetch(fetch) => fetched(fetch, &end).await.into(),
                RequestKind::ListOffsets(lookup) => listed(lookup, &end).into(),
                other => panic!("{other:?}"),
            };
            drop(reply.send(body));
        }
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    let hear = told.clone();
    let mut consumer = kafka
        .assigned_consumer()
        .assign([("orders", 0, Start::at(77))])
        .offset_reset(OffsetReset::Earliest)
        .on_event(move |event| hear.lock().push(event.clone()))
        .build()
        .await
        .unwrap();
    let records = consumer.poll(10, Duration::from_secs(1)).await.unwrap();
    assert_eq!(records.iter().next().unwrap().offset(), Offset(0));
    let [ConsumerEvent::PositionReset { old, new, cause, .. }] = records.events() else {
        panic!("{:?}", records.events());
    };
    assert_eq!((*old, *new, *cause), (Some(Offset(77)), Offset(0), ResetCause::OffsetOutOfRange));
    assert_eq!(told.lock().as_slice(), records.events());
}

#[tokio::test(start_paused = true)]
async fn closing_takes_no_longer_than_its_timeout_while_every_broker_is_silent() {
    let mut world = World::new();
    let kafka = world.kafka().await;
    let mut consumer = reading(&kafka).await;
    open_a_session(&mut world.brokers[0]).await;
    consumer.poll(1, Duration::from_millis(10)).await.unwrap();
    let start = Instant::now();
    consumer.close(Duration::from_millis(700)).await;
    assert!(start.elapsed() <= Duration::from_millis(701), "{:?}", start.elapsed());
}

/// Answers the first fetch of partition 0 so that a session is open and the next fetch waits.
async fn open_a_session(requests: &mut UnboundedReceiver<Served>) {
    loop {
        let Served { request, reply } = requests.recv().await.unwrap();
        match request.body {
            RequestKind::ListOffsets(lookup) => {
                drop(reply.send(listed(&lookup, &AtomicI64::new(0)).into()));
            }
            RequestKind::Fetch(fetch) => {
                let topic = FetchableTopicResponse::default()
                    .with_topic_id(fetch.topics[0].topic_id)
                    .with_partitions(vec![data(0, Bytes::new())]);
                let response =
                    FetchResponse::default().with_session_id(5).with_responses(vec![topic]);
                drop(reply.send(response.into()));
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_consumer_asks_for_nothing_more_and_ends_its_session() {
    let mut world = World::new();
    let kafka = world.kafka().await;
    let consumer = reading(&kafka).await;
    open_a_session(&mut world.brokers[0]).await;
    let long_poll = world.brokers[0].recv().await.unwrap();
    assert_eq!(long_poll.request.key, ApiKey::Fetch);
    drop(consumer);
    drop(long_poll.reply.send(FetchResponse::default().with_session_id(5).into()));
    let last = world.brokers[0].recv().await.unwrap();
    let RequestKind::Fetch(last_fetch) = last.request.body else { panic!("another request") };
    assert_eq!((last_fetch.session_id, last_fetch.session_epoch), (5, -1));
    assert!(last_fetch.topics.is_empty());
    drop(last.reply.send(FetchResponse::default().into()));
    let more = tokio::time::timeout(Duration::from_secs(60), world.brokers[0].recv()).await;
    assert!(more.is_err(), "nothing more is asked");
}

#[tokio::test(start_paused = true)]
async fn a_look_up_nobody_answers_ends_with_its_timeout_and_the_reason() {
    let world = World::new();
    let kafka = world.kafka().await;
    let consumer = kafka
        .assigned_consumer()
        .assign([("orders", 0, Start::at(0))])
        .api_timeout(Duration::from_secs(40))
        .build()
        .await
        .unwrap();
    let start = Instant::now();
    let error = consumer.end_offsets([("orders", 0)]).await.unwrap_err();
    assert!(start.elapsed() <= Duration::from_millis(40_001));
    assert!(matches!(error, ConsumeError::TimedOut { last: Some(_), .. }), "{error}");
    assert!(error.is_retriable());
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_work_are_refused_at_build_with_their_values() {
    let world = World::new();
    let kafka = world.kafka().await;
    let new = || kafka.assigned_consumer().assign([("orders", 0, Start::Earliest)]);
    for (builder, part) in [
        (kafka.assigned_consumer(), "assignment"),
        (new().assign([("orders", 0, Start::Latest)]), "orders-0"),
        (new().assign([("no spaces", 0, Start::Latest)]), "no spaces"),
        (new().assign([("orders", -1, Start::Latest)]), "partition"),
        (new().assign([("orders", 1, Start::at(-5))]), "-5"),
        (new().fetch_min_bytes(10).fetch_max_bytes(9), "fetch.min.bytes = 10"),
        (new().buffer_bytes(1_000), "max.partition.fetch.bytes"),
        (new().partition_max_bytes(0), "max.partition.fetch.bytes"),
    ] {
        let error = builder.build().await.unwrap_err();
        let ConsumeError::Config(config) = &error else { panic!("{error}") };
        assert!(matches!(config, ConfigError::Invalid { .. } | ConfigError::Contradiction { .. }));
        assert!(error.to_string().contains(part), "{part}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_can_be_walked_borrowed_or_owned_and_taken_out_of_their_answer() {
    let world = World::new();
    let kafka = world.kafka().await;
    let _net = world.serving(&Arc::new(AtomicI64::new(10)));
    let mut consumer =
        kafka.assigned_consumer().assign([("orders", 1, Start::at(2))]).build().await.unwrap();
    let records = consumer.poll(5, Duration::from_secs(1)).await.unwrap();
    assert_eq!((records.len(), records.iter().len()), (5, 5));
    let borrowed: Vec<_> = records.iter().map(|record| (record.offset(), record.value())).collect();
    let detached: Vec<_> = records.iter().map(|record| record.detach()).collect();
    for ((offset, value), own) in borrowed.iter().zip(&detached) {
        assert_eq!((own.offset(), own.value()), (*offset, *value));
        assert_eq!((own.topic(), own.partition().get(), own.timestamp()), ("orders", 1, 1_000));
        assert_eq!((own.key(), own.leader_epoch()), (Some(&b"k"[..]), Some(LeaderEpoch(3))));
    }
    let mut owned = records.into_iter();
    assert_eq!(owned.len(), 5);
    let first = owned.next().unwrap();
    assert_eq!(first.value_bytes().unwrap(), first.value().unwrap());
    assert_eq!(first.key_bytes().as_deref(), Some(&b"k"[..]));
    assert_eq!(owned.map(|record| record.offset().get()).collect::<Vec<_>>(), [3, 4, 5, 6]);
    assert_eq!(consumer.lag("orders", 1).unwrap(), None, "no answer was delivered in full yet");
}

#[tokio::test(start_paused = true)]
async fn a_look_up_of_an_unknown_topic_says_so_when_its_time_is_up() {
    let world = World::new();
    let kafka = world.kafka().await;
    let _net = world.serving(&Arc::new(AtomicI64::new(10)));
    let consumer = reading(&kafka).await;
    let error = consumer.begin_offsets([("misspelled", 0)]).await.unwrap_err();
    assert_eq!(error.partition(), Some(("misspelled", PartitionIndex(0))), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_consumer_whose_client_was_closed_says_so_after_what_it_holds() {
    let world = World::new();
    let kafka = world.kafka().await;
    let _net = world.serving(&Arc::new(AtomicI64::new(3)));
    let mut consumer = reading(&kafka).await;
    assert_eq!(consumer.poll(2, Duration::from_secs(1)).await.unwrap().len(), 2);
    tokio::time::sleep(Duration::from_millis(50)).await;
    kafka.close(Duration::from_secs(1)).await;
    let mut left = 0;
    while let Some(record) = consumer.next().await {
        record.unwrap();
        left += 1;
    }
    assert_eq!(left, 4);
    let closed = consumer.poll(1, Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(closed, ConsumeError::Closed) && closed.is_fatal());
}
