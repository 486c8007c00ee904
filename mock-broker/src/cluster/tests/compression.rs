//! Compressed batches: checked when they come, kept as they are.

use milena_protocol::compression::{Codec, DecompressionBudget};
use milena_protocol::messages::fetch_response::PartitionData;
use milena_protocol::records::{Batch, BatchBuilder, NO_HEADERS, Stamp, batches};

use super::*;

fn packed(codec: Codec, values: &[&str]) -> Bytes {
    let mut builder = BatchBuilder::new(64);
    for value in values {
        builder.append(1_000, Some(b"k"), Some(value.as_bytes()), NO_HEADERS).unwrap();
    }
    let sealed = builder.seal_compressed(codec.into()).unwrap();
    sealed.stamp(&Stamp::default()).to_bytes()
}

fn only_batch(data: &PartitionData) -> Batch {
    let mut found = batches(data.records.clone().unwrap());
    let batch = found.next().unwrap().unwrap();
    assert!(found.next().is_none());
    batch
}

#[test]
fn a_batch_is_kept_in_the_codec_it_came_in() {
    for codec in Codec::ALL {
        let mut harness = Harness::new(1);
        harness.create_on("orders", &[1]);
        let connection = harness.connect(1);
        let written = harness.produce_bytes(connection, "orders", 1, packed(codec, &["a", "b"]));
        assert_eq!((written.error_code, written.base_offset), (0, 0), "{codec}");
        let batch = only_batch(&harness.fetch(connection, "orders", 1));
        assert_eq!(batch.codec(), Ok(codec));
        batch.verify_crc().unwrap();
        let plain = batch.decompressed(&mut DecompressionBudget::for_one_batch(1 << 20)).unwrap();
        let values = plain.records().unwrap().map(|record| record.unwrap().value.unwrap().to_vec());
        assert_eq!(values.collect::<Vec<_>>(), [b"a", b"b"]);
    }
}

#[test]
fn a_topic_of_zstd_needs_the_fetch_version_that_brought_it() {
    let mut harness = Harness::new(1);
    let mut spec = on("orders", &[1]);
    spec.configs.insert("compression.type".to_owned(), "zstd".to_owned());
    harness.create(spec);
    let connection = harness.connect(1);
    let request = fetch_request("orders", 0).with_max_wait_ms(0);
    let old = harness.ask(connection, 9, &request);
    let code = old.responses[0].partitions[0].error_code;
    assert_eq!(code, ErrorCode::UNSUPPORTED_COMPRESSION_TYPE.0);
    let new = harness.ask(connection, 10, &request);
    assert_eq!(new.responses[0].partitions[0].error_code, 0);
}
