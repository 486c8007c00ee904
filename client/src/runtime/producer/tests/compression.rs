//! Batches that are compressed when they are sent.

use milena_protocol::compression::{Codec, Compression};
use milena_protocol::ids::BrokerId;

use super::*;
use crate::config::producer::ProducerConfig;
use crate::runtime::producer::wire;

/// Bytes that no codec makes smaller.
fn noise(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2) | 1;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'!' + ((state >> 24) % 90) as u8
    };
    (0..length).map(next).collect()
}

async fn send_all(producer: &Producer, values: impl IntoIterator<Item = String>) {
    let mut deliveries = Vec::new();
    for value in values {
        deliveries.push(producer.enqueue(order(&value)).await.unwrap());
    }
    for delivery in deliveries {
        delivery.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn batches_go_out_in_the_codec_that_was_chosen() {
    for codec in Codec::ALL.into_iter().filter(|codec| codec.is_built()) {
        let world = World::new(&[1]);
        let producer = world.builder().await.compression(codec).build().await.unwrap();
        let values: Vec<_> = (0..50).map(|n| format!("value {n}")).collect();
        send_all(&producer, values.clone()).await;
        assert_eq!(world.values(), values, "{codec}");
        for batch in world.batches.lock().iter() {
            assert_eq!(batch.codec(), Ok(codec));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_takes_more_records_where_those_before_were_compressed_well() {
    let world = World::new(&[1]);
    let builder = world.builder().await.compression(Compression::lz4()).batch_size(2_000);
    let producer = builder.build().await.unwrap();
    send_all(&producer, (0..2_000).map(|_| "the same again".repeat(10))).await;
    let batches = world.batches.lock();
    let most = batches.iter().map(records::Batch::count).max().unwrap();
    // Without compression 13 of them fit.
    assert!(most > 20, "{most} records");
    assert!(batches.iter().all(|batch| batch.size() <= 2_000));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_compressed_worse_than_expected_is_cut_before_it_is_sent() {
    let world = World::new(&[1]);
    let builder = world.builder().await.compression(Compression::lz4());
    let builder = builder.batch_size(2_000).max_request_size(2_000);
    let producer = builder.build().await.unwrap();
    let easy = (0..3_000).map(|_| "the same again".repeat(10));
    let hard = (0..60).map(|n| String::from_utf8(noise(300, n)).unwrap());
    let values: Vec<_> = easy.chain(hard).collect();
    send_all(&producer, values.clone()).await;
    assert_eq!(world.values(), values);
    let batches = world.batches.lock();
    let largest = batches.iter().map(records::Batch::size).max().unwrap();
    assert!(largest <= 2_000, "a batch of {largest} bytes");
}

#[tokio::test(start_paused = true)]
async fn more_than_is_compressed_in_one_turn_goes_out_in_order() {
    let world = World::new(&[1]);
    let producer = world.builder().await.compression(Compression::lz4()).build().await.unwrap();
    let values: Vec<_> = (0..6_000).map(|n| format!("{n:05} {}", "again ".repeat(50))).collect();
    send_all(&producer, values.clone()).await;
    assert!(world.values() == values, "lost, doubled or out of order");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_a_broker_finds_too_large_is_sent_in_halves_of_the_same_codec() {
    for codec in Codec::ALL.into_iter().filter(|codec| codec.is_built()) {
        let world = World::new(&[1]);
        let producer = world.builder().await.compression(codec).build().await.unwrap();
        producer.send(order("warm up")).await.unwrap();
        world.mood(Mood::TooLarge(260));
        let values: Vec<_> = (0..8).map(|n| String::from_utf8(noise(60, n)).unwrap()).collect();
        send_all(&producer, values.clone()).await;
        assert_eq!(world.values()[1..], values, "{codec}");
        assert!(world.batches.lock().iter().all(|batch| batch.codec() == Ok(codec)));
    }
}

#[test]
fn a_producer_of_zstd_asks_for_the_version_that_brought_it() {
    let versions = |codec: Codec| {
        let config = ProducerConfig { compression: codec.into(), ..ProducerConfig::default() };
        wire::request(&config, BrokerId(1), Vec::new()).1.versions
    };
    assert_eq!(*versions(Codec::Zstd).start(), 7);
    assert_eq!(*versions(Codec::Lz4).start(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_compression_saves_is_room_for_other_records() {
    let world = World::new(&[1]);
    let builder = world.builder().await.compression(Compression::lz4());
    let builder = builder.buffer_memory(20_000).batch_size(2_000).max_block(SECOND);
    let producer = builder.build().await.unwrap();
    producer.send(order("warm up")).await.unwrap();
    world.mood(Mood::Silent);
    let value = "x".repeat(500);
    let mut enqueued = 0;
    while producer.enqueue(order(&value)).await.map(drop).is_ok() {
        enqueued += value.len();
        assert!(enqueued < 10_000_000, "memory without a bound");
    }
    assert!(enqueued > 3 * 20_000, "{enqueued} bytes");
}
