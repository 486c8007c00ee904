//! Compressed batches: opened when their turn comes, within bounds.

use milena_protocol::compression::{Codec, Compression};

use super::*;

/// A compressed batch of `count` records with `size` equal bytes each.
fn packed(base: i64, count: usize, size: usize, codec: Codec) -> Bytes {
    let mut builder = BatchBuilder::new(64);
    for _ in 0..count {
        builder.append(1_000, None, Some(&vec![b'v'; size]), NO_HEADERS).unwrap();
    }
    let sealed = builder.seal_compressed(Compression::of(codec)).unwrap();
    let batch = sealed.stamp(&Stamp::default()).to_batch().unwrap();
    batch.relocate(Offset(base), LeaderEpoch(3)).to_bytes()
}

fn lz4(base: i64, count: usize) -> Bytes {
    packed(base, count, 1_000, Codec::Lz4)
}

/// Reads partition 0 with these limits.
fn limited(per_batch: usize, per_poll: usize) -> Rig {
    let config = FetchConfig {
        max_decompressed: per_batch,
        max_decompressed_poll: per_poll,
        ..FetchConfig::default()
    };
    Rig::new(config, &[(0, Start::at(0))])
}

fn answered(mut rig: Rig, records: Bytes) -> Rig {
    rig.fetch();
    rig.answer(B1, vec![data(0, records)]);
    rig.settle();
    rig
}

/// The fetch that goes ahead meanwhile brings nothing.
fn nothing_ahead(rig: &mut Rig) {
    rig.answer(B1, vec![nothing(0)]);
}

#[test]
fn batches_of_every_codec_are_read() {
    for codec in Codec::ALL.into_iter().filter(|codec| codec.is_built()) {
        let mut rig = answered(Rig::at(2), joined(&[packed(0, 4, 10, codec), batch(4, 2)]));
        assert_eq!(rig.offsets(10), [2, 3, 4, 5], "{codec}");
        assert_eq!(rig.position(0), Position::At(Offset(6)));
    }
}

#[test]
fn what_is_open_and_not_delivered_counts_until_it_is() {
    let bytes = lz4(0, 10);
    let compressed = bytes.len();
    let mut rig = answered(Rig::at(0), bytes);
    assert_eq!(rig.machine.budget.held(), compressed, "nothing is open yet");
    assert_eq!(rig.offsets(3), [0, 1, 2]);
    rig.settle();
    let held = rig.machine.budget.held();
    assert!(held > compressed + 10_000, "{held}");
    assert_eq!(rig.offsets(10).len(), 7);
    rig.settle();
    assert_eq!(rig.machine.budget.held(), 0);
}

#[test]
fn what_is_open_is_given_back_by_a_seek() {
    let mut rig = answered(Rig::at(0), lz4(0, 10));
    rig.offsets(3);
    let slot = rig.slot(0);
    rig.shelf.seek(slot, Start::at(90));
    rig.settle();
    assert_eq!(rig.machine.budget.held(), 0);
}

#[test]
fn a_batch_beyond_the_limit_stops_the_partition_and_can_be_skipped() {
    let mut rig = answered(limited(5_000, 50_000), joined(&[lz4(0, 2), lz4(2, 10), lz4(12, 2)]));
    assert_eq!(rig.shelf.take(10).map(|step| matches!(step, Step::Records(_))), Some(true));
    let error = rig.error();
    let text = error.to_string();
    assert!(matches!(error, ConsumeError::UnsupportedBatch { offset: Offset(2), .. }), "{text}");
    assert!(
        text.contains("orders-0") && text.contains("5000") && text.contains("max_decompressed")
    );
    assert!(rig.shelf.take(10).is_none(), "what follows is not shown as if nothing were missing");
    assert_eq!(rig.position(0), Position::At(Offset(2)));
    nothing_ahead(&mut rig);
    assert!(rig.fetches().is_empty(), "and is not tried again by itself");
    assert_eq!(rig.machine.budget.held(), 0);
    let slot = rig.slot(0);
    rig.shelf.seek(slot, Start::from(error.next_offset().unwrap()));
    assert_eq!(asked(&rig.fetch()), [(0, 12)]);
    rig.answer(B1, vec![data(0, lz4(12, 2))]);
    rig.settle();
    assert_eq!(rig.offsets(10), [12, 13]);
}

#[test]
fn a_partition_that_could_not_be_opened_is_tried_again_when_it_is_resumed() {
    let mut rig = answered(limited(5_000, 50_000), lz4(0, 10));
    rig.error();
    nothing_ahead(&mut rig);
    rig.settle();
    let slot = rig.slot(0);
    rig.shelf.resume(slot);
    rig.fetch();
    rig.answer(B1, vec![data(0, lz4(0, 2))]);
    rig.settle();
    assert_eq!(rig.offsets(10), [0, 1]);
}

#[test]
fn what_came_behind_a_batch_that_cannot_be_opened_is_not_delivered() {
    let mut rig = answered(limited(5_000, 50_000), lz4(0, 10));
    // Fetched ahead, and on its way while the caller comes upon the first.
    rig.answer(B1, vec![data(0, lz4(10, 2))]);
    let error = rig.error();
    assert!(matches!(error, ConsumeError::UnsupportedBatch { .. }), "{error}");
    rig.settle();
    assert!(rig.shelf.take(10).is_none());
    assert_eq!(rig.machine.budget.held(), 0);
}

#[test]
fn a_batch_that_cannot_be_opened_leaves_no_offset_to_a_topic_created_meanwhile() {
    let config = FetchConfig {
        max_decompressed: 5_000,
        max_decompressed_poll: 50_000,
        reset: crate::config::consumer::OffsetReset::Earliest,
        ..FetchConfig::default()
    };
    let mut rig = answered(Rig::new(config, &[(0, Start::at(0))]), lz4(0, 10));
    // The topic is another, and its beginning was found, before the caller comes upon the batch.
    rig.lead_as(0, 1, 9, TopicId(uuid::Uuid::from_u128(2)));
    let lookup = rig.lookup();
    rig.found(&lookup, ErrorCode::NONE, 0);
    let error = rig.error();
    assert!(matches!(error, ConsumeError::UnsupportedBatch { .. }), "{error}");
    nothing_ahead(&mut rig);
    let slot = rig.slot(0);
    rig.shelf.resume(slot);
    assert!(rig.fetches().is_empty(), "where to go on is for the caller to say");
    rig.shelf.seek(slot, Start::at(3));
    assert_eq!(asked(&rig.fetch()), [(0, 3)]);
}

#[test]
fn a_poll_ends_where_its_budget_does_and_the_next_goes_on() {
    let batches: Vec<_> = (0..5).map(|n| lz4(10 * n, 10)).collect();
    let mut rig = answered(limited(12_000, 25_000), joined(&batches));
    assert_eq!(rig.offsets(100), (0..20).collect::<Vec<_>>());
    assert_eq!(rig.offsets(100), (20..40).collect::<Vec<_>>());
    assert_eq!(rig.offsets(100), (40..50).collect::<Vec<_>>());
}

#[test]
fn a_payload_that_is_not_what_it_says_is_corrupt() {
    let mut bytes = BytesMut::from(&batch(0, 4)[..]);
    bytes[22] |= Codec::Zstd.id() as u8;
    let mut rig = answered(Rig::at(0), with_crc(bytes));
    let error = rig.error();
    assert!(matches!(error, ConsumeError::CorruptBatch { next_offset: Offset(4), .. }), "{error}");
    assert!(error.to_string().contains("zstd"), "{error}");
}

#[test]
fn a_paused_partition_keeps_compressed_batches_in_memory_of_their_own() {
    let mut rig = answered(Rig::at(0), lz4(0, 4));
    let slot = rig.slot(0);
    rig.shelf.pause(slot);
    rig.shelf.resume(slot);
    assert_eq!(rig.offsets(10), [0, 1, 2, 3]);
}
