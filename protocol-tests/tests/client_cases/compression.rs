//! What is compressed on its way comes back as it was written.

use std::time::Duration;

use milena::{Codec, Compression, Record, Start};

use super::{Outcome, connect, create, nothing_more, numbers, read, reader, topic};

const CODECS: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

pub(crate) async fn records_of_every_codec_come_back_as_sent(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    for codec in CODECS {
        let name = format!("packed-{codec}");
        create(&kafka, topic(&name, 2)).await?;
        let producer = kafka.producer().compression(codec).build().await?;
        let mut deliveries = Vec::new();
        for number in 0..3_000_u64 {
            let (key, value) = (format!("key-{}", number % 7), number.to_string());
            let record = Record::to(name.as_str())
                .key(&key)
                .value(&value)
                .header("codec", codec.name())
                .null_header("nothing");
            deliveries.push(producer.enqueue(record).await?);
        }
        for delivery in deliveries {
            delivery.await?;
        }
        let mut consumer = reader(&kafka, &name, 2, Start::Earliest).await?;
        let records = read(&mut consumer, 3_000).await?;
        nothing_more(&mut consumer).await?;
        for record in &records {
            let headers: Vec<_> = record.headers().collect();
            let expected: [(&[u8], Option<&[u8]>); 2] =
                [(b"codec", Some(codec.name().as_bytes())), (b"nothing", None)];
            assert_eq!(headers, expected, "{codec}");
        }
        let mut found = numbers(&records)?;
        found.sort_unstable();
        assert_eq!(found, (0..3_000).collect::<Vec<_>>(), "{codec}");
    }
    Ok(())
}

pub(crate) async fn reading_starts_in_the_middle_of_a_compressed_batch(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    create(&kafka, topic("middle", 1)).await?;
    let producer = kafka.producer().compression(Compression::lz4()).linger(Duration::from_secs(1));
    let producer = producer.build().await?;
    for number in 0..100_i64 {
        let value = number.to_string();
        let record = Record::to("middle").value(&value).timestamp(1_700_000_000_000 + number);
        drop(producer.enqueue(record).await?);
    }
    producer.flush().await?;
    for start in [Start::at(42), Start::Timestamp(1_700_000_000_042)] {
        let mut consumer = reader(&kafka, "middle", 1, start).await?;
        let expected: Vec<u64> = (42..100).collect();
        assert_eq!(numbers(&read(&mut consumer, 58).await?)?, expected, "{start:?}");
    }
    Ok(())
}

pub(crate) async fn a_compressed_batch_the_broker_finds_too_large_is_split(
    servers: &str,
) -> Outcome {
    let kafka = connect(servers).await?;
    let small = topic("tight", 1).config("max.message.bytes", "2000");
    create(&kafka, small).await?;
    let producer = kafka.producer().compression(Compression::gzip()).batch_size(100_000);
    let producer = producer.linger(Duration::from_millis(200)).build().await?;
    // Digits of a generator: they compress to less than half, not to nothing.
    let mut state = 1_u64;
    let mut deliveries = Vec::new();
    let mut values = Vec::new();
    for _ in 0..200 {
        let digits = (0..10).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            format!("{:08}", state >> 40)
        });
        values.push(digits.collect::<String>());
    }
    for value in &values {
        deliveries.push(producer.enqueue(Record::to("tight").value(value)).await?);
    }
    for (offset, delivery) in (0..).zip(deliveries) {
        assert_eq!(delivery.await?.offset.map(i64::from), Some(offset));
    }
    let mut consumer = reader(&kafka, "tight", 1, Start::Earliest).await?;
    let records = read(&mut consumer, values.len()).await?;
    let read = records.iter().map(|record| record.value().unwrap_or_default());
    assert!(read.eq(values.iter().map(String::as_bytes)), "values changed or moved");
    Ok(())
}
