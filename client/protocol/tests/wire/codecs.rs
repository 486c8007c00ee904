//! Records through every codec of this build: they come back as they were, within a budget, and
//! with a count that can be true.

use bytes::Bytes;
use milena_protocol::compression::{
    self, Codec, Compression, CompressionError, Compressor, DecompressionBudget, LevelError, Scope,
};
use milena_protocol::ids::Offset;
use milena_protocol::records::{
    Batch, BatchError, BatchErrorKind, SealedBatch, Stamp, TimestampType, batches,
};
use proptest::prelude::*;

use crate::reference::{Plain, Record, any_records, any_stamp, budget, built, owned, record};

/// The codecs of this build.
pub(crate) fn built_codecs() -> impl Iterator<Item = Codec> {
    Codec::ALL.into_iter().filter(|codec| codec.is_built())
}

/// The same without "none".
pub(crate) fn compressing() -> impl Iterator<Item = Codec> {
    built_codecs().filter(|&codec| codec != Codec::None)
}

pub(crate) fn unpacked(codec: Codec, payload: &[u8]) -> Result<Bytes, CompressionError> {
    compression::decompress(codec, payload, &mut budget())
}

fn sealed(records: &[Record], codec: Codec) -> SealedBatch {
    built(records).seal_compressed(Compression::of(codec)).unwrap()
}

fn read(sealed: &SealedBatch) -> Batch {
    let bytes = sealed.stamp(&Stamp::default()).to_bytes();
    batches(bytes).next().unwrap().unwrap()
}

/// Bytes as records are: some of it repeats, some of it does not.
fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    let run = (any::<u8>(), 1..2_000_usize).prop_map(|(byte, count)| vec![byte; count]);
    let noise = proptest::collection::vec(any::<u8>(), 1..300);
    let text = (1..60_usize).prop_map(|count| b"key=value;".repeat(count));
    proptest::collection::vec(prop_oneof![run, noise, text], 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn what_is_compressed_is_decompressed_to_the_same(payload in any_payload()) {
        for codec in built_codecs() {
            let packed = compression::compress(Compression::of(codec), &payload).unwrap();
            prop_assert_eq!(&unpacked(codec, &packed).unwrap(), &payload, "{}", codec);
        }
    }

    #[test]
    fn a_compressor_forgets_what_it_compressed_before(
        payloads in proptest::collection::vec(any_payload(), 1..4),
    ) {
        for codec in built_codecs() {
            let mut kept = Compressor::new(Compression::of(codec)).unwrap();
            let mut budget = budget();
            for payload in &payloads {
                let again = kept.compress(payload).unwrap();
                let fresh = compression::compress(Compression::of(codec), payload).unwrap();
                prop_assert_eq!(&again, &fresh, "{}", codec);
                budget.renew();
                let read = compression::decompress(codec, &again, &mut budget).unwrap();
                prop_assert_eq!(&read, payload, "{}", codec);
            }
        }
    }

    #[test]
    fn records_come_back_from_every_codec(records in any_records(200), stamp in any_stamp()) {
        for codec in built_codecs() {
            let sealed = sealed(&records, codec);
            prop_assert_eq!(sealed.codec(), codec);
            prop_assert_eq!(sealed.plain_len(), Plain::of(&records).payload.len());
            let stamped = sealed.stamp(&stamp);
            let batch = batches(stamped.to_bytes()).next().unwrap().unwrap();
            prop_assert_eq!(batch.codec(), Ok(codec));
            prop_assert_eq!(batch.check_produced(&mut budget()), Ok(()));
            prop_assert_eq!(owned(&batch), records.clone());
            prop_assert_eq!(batch.next_offset(), Offset(records.len() as i64));
        }
    }

    #[test]
    fn a_decompressed_batch_is_byte_for_byte_the_one_that_never_was_compressed(
        records in any_records(100),
    ) {
        let expected = Plain::of(&records).to_bytes();
        for codec in built_codecs() {
            let batch = read(&sealed(&records, codec)).decompressed(&mut budget()).unwrap();
            prop_assert_eq!(batch.verify_crc(), Ok(()));
            prop_assert_eq!(batch.size(), expected.len());
            prop_assert_eq!(batch.stamped().to_bytes(), expected.clone());
            let appended = Plain { attributes: 8, max_timestamp: 5, ..Plain::of(&records) };
            let batch = batch.with_append_time(5);
            prop_assert_eq!(batch.verify_crc(), Ok(()));
            prop_assert_eq!(batch.stamped().to_bytes(), appended.to_bytes());
        }
    }

    #[test]
    fn a_damaged_payload_is_an_error_or_something_else_but_never_a_panic(
        payload in any_payload(),
        damage in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..4),
        cut in any::<u16>(),
    ) {
        for codec in compressing() {
            let mut packed = compression::compress(Compression::of(codec), &payload).unwrap().to_vec();
            for &(at, byte) in &damage {
                let at = usize::from(at) % packed.len();
                packed[at] = byte;
            }
            let mut budget = DecompressionBudget::for_one_batch(payload.len() + 1_000);
            for packed in [&packed[..], &packed[..usize::from(cut) % packed.len()]] {
                budget.renew();
                if let Ok(read) = compression::decompress(codec, packed, &mut budget) {
                    prop_assert!(read.len() <= payload.len() + 1_000);
                }
            }
        }
    }

    #[test]
    fn garbage_is_decompressed_without_a_panic(bytes: Vec<u8>) {
        for codec in built_codecs() {
            let mut budget = DecompressionBudget::for_one_batch(1_000);
            let _ = compression::decompress(codec, &bytes, &mut budget);
            prop_assert!(budget.spent() <= 1_000);
        }
    }
}

proptest! {
    // Each case compresses every record by itself.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pieces_of_a_compressed_batch_hold_the_same_records_and_stay_compressed(
        records in any_records(60), max_size in 0_usize..2_000,
    ) {
        for codec in built_codecs() {
            let whole = sealed(&records, codec);
            for pieces in [whole.halves(), whole.singles(), whole.pieces(max_size)] {
                let pieces = pieces.unwrap();
                prop_assert!(pieces.iter().all(|piece| piece.compression() == whole.compression()));
                let read: Vec<_> = pieces.iter().map(|piece| owned(&read(piece))).collect();
                prop_assert_eq!(read.concat(), records.clone());
            }
            for piece in whole.pieces(max_size).unwrap() {
                prop_assert!(piece.size() <= max_size || piece.count() == 1, "{}", codec);
            }
        }
    }
}

#[test]
fn an_empty_payload_comes_back_empty() {
    for codec in built_codecs() {
        let packed = compression::compress(Compression::of(codec), &[]).unwrap();
        assert_eq!(unpacked(codec, &packed), Ok(Bytes::new()), "{codec}");
    }
}

#[test]
fn no_bytes_at_all_are_nothing_to_zstd_and_an_error_to_the_others() {
    for codec in compressing() {
        let read = unpacked(codec, &[]);
        if codec == Codec::Zstd {
            assert_eq!(read, Ok(Bytes::new()));
        } else {
            assert!(matches!(read, Err(CompressionError::Corrupt { .. })), "{codec}: {read:?}");
        }
    }
}

#[test]
fn every_level_of_this_build_is_one_that_can_be_read_again() {
    let payload = b"what repeats can be compressed, what repeats more can be more".repeat(200);
    let mut levels = 0;
    for codec in compressing() {
        for level in (-7..=22).chain([-131_072]) {
            let Ok(compression) = Compression::of(codec).with_level(level) else { continue };
            let packed = compression::compress(compression, &payload).unwrap();
            // The lowest level of Zstandard looks for almost nothing.
            let most = if level == -131_072 { payload.len() + 100 } else { payload.len() / 4 };
            assert!(packed.len() < most, "{compression}: {}", packed.len());
            assert_eq!(unpacked(codec, &packed).unwrap(), payload, "{compression}");
            levels += 1;
        }
    }
    assert!(levels > 0);
}

#[test]
#[cfg(feature = "compression-gzip")]
fn a_higher_level_compresses_more() {
    let payload: Vec<u8> = (0..20_000_u32)
        .flat_map(|number| (number * number % 9_973).to_string().into_bytes())
        .collect();
    let at = |level| {
        let compression = Compression::gzip().with_level(level).unwrap();
        compression::compress(compression, &payload).unwrap().len()
    };
    assert!(at(9) < at(1), "{} {}", at(9), at(1));
    // zlib's own choice.
    assert_eq!(at(-1), at(6));
}

#[test]
fn levels_are_those_of_the_java_client_as_far_as_this_build_has_them() {
    let allowed = |codec: Codec| -> Vec<i32> {
        let has = |level: &i32| Compression::of(codec).with_level(*level).is_ok();
        [-131_073, -131_072, -2, -1, 0, 1, 3, 9, 10, 17, 18, 22, 23]
            .into_iter()
            .filter(has)
            .collect()
    };
    assert!(allowed(Codec::None).is_empty());
    assert!(allowed(Codec::Snappy).is_empty());
    assert_eq!(allowed(Codec::Gzip), [-1, 1, 3, 9]);
    assert_eq!(allowed(Codec::Lz4), [9]);
    if cfg!(feature = "zstd-c") {
        assert_eq!(allowed(Codec::Zstd), [-131_072, -2, -1, 0, 1, 3, 9, 10, 17, 18, 22]);
    } else {
        assert_eq!(allowed(Codec::Zstd), [1]);
    }
}

#[test]
fn a_level_that_cannot_be_had_tells_why() {
    let refused = |codec: Codec, level| Compression::of(codec).with_level(level).unwrap_err();
    assert!(matches!(refused(Codec::Snappy, 1), LevelError::NoLevels { level: 1, .. }));
    let message = refused(Codec::Gzip, 10).to_string();
    assert_eq!(message, "gzip has no level 10, it has levels 1 to 9");
    let message = refused(Codec::Lz4, 1).to_string();
    assert_eq!(message, "lz4 has only level 9 in this build, not 1; no feature has it");
    assert!(matches!(refused(Codec::Zstd, 23), LevelError::Unknown { level: 23, .. }));
    if !cfg!(feature = "zstd-c") {
        let error = refused(Codec::Zstd, 3);
        let LevelError::NotBuilt { feature, .. } = error else { panic!("{error}") };
        assert_eq!(feature, Some("zstd-c"));
        let message = "zstd has only level 1 in this build, not 3; it needs the feature zstd-c";
        assert_eq!(error.to_string(), message);
    }
}

fn too_large(error: &BatchError) -> (usize, Scope) {
    match error.kind {
        BatchErrorKind::Compression(CompressionError::TooLarge { limit, scope, .. }) => {
            (limit, scope)
        }
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_batch_may_have_exactly_its_budget_and_not_a_byte_less() {
    // More than the window of any encoder here.
    let records = [record(&"x".repeat(200_000))];
    let plain = Plain::of(&records).payload.len();
    for codec in compressing() {
        let batch = read(&sealed(&records, codec));
        let mut exact = DecompressionBudget::new(plain, 10 * plain);
        assert_eq!(batch.decompressed(&mut exact).unwrap().payload().len(), plain, "{codec}");
        assert_eq!((exact.spent(), exact.left()), (plain, 9 * plain));
        let mut short = DecompressionBudget::new(plain - 1, 10 * plain);
        let error = batch.decompressed(&mut short).unwrap_err();
        assert_eq!(too_large(&error), (plain - 1, Scope::Batch), "{codec}");
        assert_eq!(error.next_offset, Some(Offset(1)));
        assert_eq!(short.spent(), 0);
        assert!(!error.is_corrupt());
    }
}

#[test]
fn a_fetch_that_is_used_up_says_that_the_batch_may_be_read_later() {
    // Enough for the window of every encoder.
    let size = 200 << 10;
    let records = [record(&"x".repeat(size))];
    for codec in compressing() {
        let batch = read(&sealed(&records, codec));
        let mut budget = DecompressionBudget::new(size + 100, 2 * size);
        batch.decompressed(&mut budget).unwrap();
        let left = budget.left();
        let error = batch.decompressed(&mut budget).unwrap_err();
        assert_eq!(too_large(&error), (left, Scope::Fetch), "{codec}");
        assert_eq!(budget.left(), left);
        budget.renew();
        assert_eq!(owned(&batch.decompressed(&mut budget).unwrap()), records);
    }
}

#[test]
fn an_uncompressed_batch_takes_nothing_from_the_budget_and_is_not_copied() {
    let batch = read(&built(&[record("a")]).seal());
    let mut nothing = DecompressionBudget::for_one_batch(0);
    let same = batch.decompressed(&mut nothing).unwrap();
    assert_eq!(same.payload().as_ptr(), batch.payload().as_ptr());
    assert_eq!(same, batch);
}

#[test]
fn a_count_that_the_decompressed_records_cannot_have_is_refused() {
    for codec in compressing() {
        let plain = Plain::of(&[record("a"), record("b")]);
        let payload =
            compression::compress(Compression::of(codec), &plain.payload).unwrap().to_vec();
        let length = plain.payload.len();
        let attributes = codec.id();
        let lying = |record_count| Plain {
            attributes,
            payload: payload.clone(),
            record_count,
            last_offset_delta: 1_999_999,
            ..Plain::of(&[])
        };
        let error = lying(2_000_000).read().decompressed(&mut budget()).unwrap_err();
        let expected = BatchErrorKind::RecordCount { count: 2_000_000, payload: length };
        assert_eq!(error.kind, expected, "{codec}");
        assert!(error.is_corrupt());
        // One that only cannot be true once the records are read.
        let batch = lying(1).read().decompressed(&mut budget()).unwrap();
        let last = batch.records().unwrap().last().unwrap();
        assert!(matches!(last.unwrap_err().kind, BatchErrorKind::Slack { .. }), "{codec}");
    }
}

#[test]
fn a_compressed_batch_emptied_by_compaction_is_passed() {
    for codec in compressing() {
        let packed = compression::compress(Compression::of(codec), &[]).unwrap().to_vec();
        for payload in [packed, Vec::new(), vec![0xff]] {
            let attributes = codec.id();
            let plain = Plain { attributes, payload, last_offset_delta: 4, ..Plain::of(&[]) };
            let batch = plain.read().decompressed(&mut budget()).unwrap();
            assert_eq!(batch.records().unwrap().count(), 0);
            assert_eq!(batch.next_offset(), Offset(5));
        }
    }
}

#[test]
fn a_compressed_batch_under_log_append_time_has_the_time_of_the_append() {
    for codec in compressing() {
        let batch = read(&sealed(&[record("a"), record("b")], codec)).with_append_time(77);
        assert_eq!(batch.verify_crc(), Ok(()));
        assert_eq!(batch.timestamp_type(), TimestampType::LogAppendTime);
        assert!(owned(&batch).iter().all(|record| record.timestamp == 77));
    }
}

#[test]
fn a_compressed_control_batch_is_read_once_it_is_decompressed() {
    for codec in compressing() {
        let marker = Record { key: Some(vec![0, 0, 0, 1]), ..record("\0\0\0\0\0\0") };
        let plain = Plain::of(&[marker]);
        let payload =
            compression::compress(Compression::of(codec), &plain.payload).unwrap().to_vec();
        let batch = Plain { attributes: 0x30 | codec.id(), payload, ..plain }.read();
        let error = batch.control_type().unwrap_err();
        assert_eq!(error.kind, BatchErrorKind::Compressed { codec });
        let batch = batch.decompressed(&mut budget()).unwrap();
        assert_eq!(batch.control_type(), Ok(Some(milena_protocol::records::ControlType::Commit)));
    }
}

#[test]
fn a_bomb_of_every_codec_is_refused_at_the_limit() {
    let bomb = vec![0; 16 << 20];
    for codec in compressing() {
        let packed = compression::compress(Compression::of(codec), &bomb).unwrap();
        assert!(packed.len() < bomb.len() / 20, "{codec}");
        let mut budget = DecompressionBudget::for_one_batch(1 << 20);
        let refused = compression::decompress(codec, &packed, &mut budget).unwrap_err();
        let limit = 1 << 20;
        assert_eq!(refused, CompressionError::TooLarge { codec, limit, scope: Scope::Batch });
    }
}

#[test]
fn sealing_with_a_compressor_gives_the_batch_s_memory_back() {
    for codec in compressing() {
        let mut compressor = Compressor::new(Compression::of(codec)).unwrap();
        let (batch, buffer) = built(&[record("a")]).seal_with(&mut compressor).unwrap();
        assert!(buffer.capacity() >= batch.plain_len());
        assert_eq!(owned(&read(&batch)), [record("a")]);
    }
    let mut none = Compressor::new(Compression::NONE).unwrap();
    let (batch, buffer) = built(&[record("a")]).seal_with(&mut none).unwrap();
    assert_eq!(batch, built(&[record("a")]).seal());
    assert_eq!(buffer.capacity(), 0);
}
