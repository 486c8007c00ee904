//! Where reading starts and goes on.

use std::time::Duration;

use milena::consumer::{ConsumeError, ConsumerEvent, OffsetReset, ResetCause, Start};
use milena::{Kafka, Offset, PartitionIndex, Record, TopicName};

use super::{Outcome, connect, create, nothing_more, numbers, read, reader, topic};

const FIRST_TIMESTAMP: i64 = 1_700_000_000_000;

/// A topic of one partition whose record n has offset n, value n, and a timestamp of n seconds.
async fn numbered(kafka: &Kafka, name: &str, count: i64) -> Outcome {
    create(kafka, topic(name, 1)).await?;
    write(kafka, name, 0, 0..count).await
}

async fn write(
    kafka: &Kafka,
    name: &str,
    partition: i32,
    numbers: std::ops::Range<i64>,
) -> Outcome {
    let producer = kafka.producer().build().await?;
    for number in numbers {
        let value = number.to_string();
        let record = Record::to(name).value(&value).partition(partition);
        drop(producer.enqueue(record.timestamp(FIRST_TIMESTAMP + number * 1_000)).await?);
        // A batch every ten records, so that positions fall into batches and between them.
        if number % 10 == 9 {
            producer.flush().await?;
        }
    }
    Ok(producer.close(Duration::from_secs(30)).await?)
}

pub(crate) async fn begin_and_end_offsets_frame_what_was_written(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    create(&kafka, topic("framed", 2)).await?;
    write(&kafka, "framed", 1, 0..25).await?;
    let consumer = reader(&kafka, "framed", 2, Start::Earliest).await?;
    let partitions = [("framed", 0), ("framed", 1)];
    let begin = consumer.begin_offsets(partitions).await?.into_values();
    let end = consumer.end_offsets(partitions).await?.into_values();
    assert_eq!(begin.map(Offset::get).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(end.map(Offset::get).collect::<Vec<_>>(), [0, 25]);
    Ok(())
}

pub(crate) async fn reading_starts_where_it_was_told(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    numbered(&kafka, "starts", 50).await?;
    let cases = [
        (Start::Earliest, 0),
        (Start::at(17), 17),
        (Start::Timestamp(FIRST_TIMESTAMP + 23_000), 23),
        (Start::Timestamp(FIRST_TIMESTAMP + 23_001), 24),
        (Start::Timestamp(0), 0),
    ];
    for (start, first) in cases {
        let mut consumer = reader(&kafka, "starts", 1, start).await?;
        let records = read(&mut consumer, usize::try_from(50 - first)?).await?;
        let expected: Vec<u64> = (u64::try_from(first)?..50).collect();
        assert_eq!(numbers(&records)?, expected, "{start:?}");
        assert_eq!(records[0].offset().get(), first, "{start:?}");
        assert_eq!(consumer.position("starts", 0)?, Some(Offset(50)));
    }
    for start in [Start::Latest, Start::Timestamp(FIRST_TIMESTAMP + 50_000)] {
        let mut consumer = reader(&kafka, "starts", 1, start).await?;
        nothing_more(&mut consumer).await?;
        assert_eq!(consumer.position("starts", 0)?, Some(Offset(50)), "{start:?}");
    }
    Ok(())
}

pub(crate) async fn a_seek_goes_there_and_nowhere_else(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    numbered(&kafka, "sought", 50).await?;
    let mut consumer = reader(&kafka, "sought", 1, Start::Earliest).await?;
    assert_eq!(numbers(&read(&mut consumer, 5).await?)?, [0, 1, 2, 3, 4]);
    consumer.seek("sought", 0, 42)?;
    assert_eq!(numbers(&read(&mut consumer, 3).await?)?, [42, 43, 44]);
    consumer.seek("sought", 0, Start::Timestamp(FIRST_TIMESTAMP + 7_000))?;
    assert_eq!(numbers(&read(&mut consumer, 2).await?)?, [7, 8]);
    consumer.seek("sought", 0, Start::Latest)?;
    nothing_more(&mut consumer).await?;
    consumer.seek("sought", 0, Start::Earliest)?;
    assert_eq!(read(&mut consumer, 50).await?.len(), 50);
    nothing_more(&mut consumer).await
}

pub(crate) async fn a_paused_partition_holds_back_its_records(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    create(&kafka, topic("paused", 2)).await?;
    write(&kafka, "paused", 0, 0..20).await?;
    write(&kafka, "paused", 1, 100..120).await?;
    let mut consumer = reader(&kafka, "paused", 2, Start::Earliest).await?;
    consumer.pause("paused", 0)?;
    let others: Vec<u64> = (100..120).collect();
    assert_eq!(numbers(&read(&mut consumer, 20).await?)?, others);
    nothing_more(&mut consumer).await?;
    consumer.resume("paused", 0)?;
    let held_back: Vec<u64> = (0..20).collect();
    assert_eq!(numbers(&read(&mut consumer, 20).await?)?, held_back);
    nothing_more(&mut consumer).await
}

pub(crate) async fn an_offset_out_of_range_follows_the_reset(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    numbered(&kafka, "ranged", 10).await?;
    let beyond = [("ranged", 0, Start::at(1_000))];

    let builder = kafka.assigned_consumer().assign(beyond).offset_reset(OffsetReset::Earliest);
    let mut consumer = builder.build().await?;
    let records = consumer.poll(10, Duration::from_secs(30)).await?;
    let expected = ConsumerEvent::PositionReset {
        topic: TopicName::new("ranged")?,
        partition: PartitionIndex(0),
        old: Some(Offset(1_000)),
        new: Offset::ZERO,
        cause: ResetCause::OffsetOutOfRange,
    };
    assert_eq!(records.events(), [expected]);
    assert_eq!(records.iter().next().map(|record| record.offset()), Some(Offset::ZERO));

    let builder = kafka.assigned_consumer().assign(beyond).offset_reset(OffsetReset::Fail);
    let mut consumer = builder.build().await?;
    match consumer.poll(10, Duration::from_secs(30)).await {
        Err(ConsumeError::OffsetOutOfRange { partition, offset, .. }) => {
            assert_eq!((partition, offset), (PartitionIndex(0), Offset(1_000)));
        }
        other => return Err(format!("no error, but {other:?}").into()),
    }
    consumer.seek("ranged", 0, 9)?;
    assert_eq!(numbers(&read(&mut consumer, 1).await?)?, [9]);
    Ok(())
}
