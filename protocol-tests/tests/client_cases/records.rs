//! What is written comes back as it was written.

use std::collections::BTreeMap;
use std::time::Duration;

use milena::consumer::{Start, TimestampType};
use milena::{Acks, Idempotence, Record};

use super::{
    Outcome, assert_once_and_in_order, connect, create, key_of, nothing_more, numbers, read,
    reader, topic,
};

pub(crate) async fn keyed_records_come_back_once_and_in_order(servers: &str) -> Outcome {
    const RECORDS: u64 = 10_000;
    let kafka = connect(servers).await?;
    create(&kafka, topic("keyed", 3)).await?;
    let producer = kafka.producer().build().await?;
    let mut deliveries = Vec::new();
    for number in 0..RECORDS {
        let (key, value) = (key_of(number), number.to_string());
        let record = Record::to("keyed").key(&key).value(&value);
        deliveries.push((number, producer.enqueue(record).await?));
    }
    let mut placed = BTreeMap::new();
    for (number, delivery) in deliveries {
        let metadata = delivery.await?;
        let offset = metadata.offset.expect("a first append tells its offset");
        placed.insert((metadata.partition, offset), number);
    }

    let mut consumer = reader(&kafka, "keyed", 3, Start::Earliest).await?;
    let records = read(&mut consumer, 10_000).await?;
    nothing_more(&mut consumer).await?;
    let numbers = numbers(&records)?;
    assert_once_and_in_order(&numbers, RECORDS);
    for (record, number) in records.iter().zip(numbers) {
        let place = (record.partition(), record.offset());
        assert_eq!(placed.get(&place), Some(&number), "the delivery told another place");
        assert_eq!(record.key(), Some(key_of(number).as_bytes()));
    }
    Ok(())
}

pub(crate) async fn records_without_keys_reach_every_partition(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    create(&kafka, topic("keyless", 4)).await?;
    let producer = kafka.producer().batch_size(1_000).build().await?;
    let value = [b'x'; 100];
    let mut deliveries = Vec::new();
    for _ in 0..2_000 {
        deliveries.push(producer.enqueue(Record::to("keyless").value(&value)).await?);
    }
    let mut counts = [0; 4];
    for delivery in deliveries {
        let partition = delivery.await?.partition.get();
        counts[usize::try_from(partition)?] += 1;
    }
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    let mut consumer = reader(&kafka, "keyless", 4, Start::Earliest).await?;
    read(&mut consumer, 2_000).await?;
    nothing_more(&mut consumer).await
}

pub(crate) async fn headers_nulls_and_timestamps_come_back_as_sent(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    create(&kafka, topic("odd", 1)).await?;
    let producer = kafka.producer().build().await?;
    let full = Record::to("odd")
        .key("k")
        .value("v")
        .timestamp(1_700_000_000_123)
        .header("source", "till 7")
        .header("source", "again")
        .null_header("nothing")
        .header(&b"\xff\xfe"[..], "");
    let sent = producer.send(full).await?;
    assert_eq!(sent.timestamp, 1_700_000_000_123);
    producer.send(Record::to("odd").key("tombstone")).await?;
    producer.send(Record::to("odd").key("").value("")).await?;

    let mut consumer = reader(&kafka, "odd", 1, Start::Earliest).await?;
    let records = read(&mut consumer, 3).await?;
    let [full, tombstone, empty] = &records[..] else { return Err("not three".into()) };
    assert_eq!((full.key(), full.value()), (Some(&b"k"[..]), Some(&b"v"[..])));
    assert_eq!(full.timestamp(), 1_700_000_000_123);
    assert_eq!(full.timestamp_type(), TimestampType::CreateTime);
    let headers: Vec<_> = full.headers().collect();
    let expected: [(&[u8], Option<&[u8]>); 4] = [
        (b"source", Some(b"till 7")),
        (b"source", Some(b"again")),
        (b"nothing", None),
        (b"\xff\xfe", Some(b"")),
    ];
    assert_eq!(headers, expected);
    assert_eq!((tombstone.key(), tombstone.value()), (Some(&b"tombstone"[..]), None));
    assert_eq!((empty.key(), empty.value()), (Some(&b""[..]), Some(&b""[..])));
    Ok(())
}

pub(crate) async fn a_topic_with_log_append_time_stamps_records_itself(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    let stamped = topic("stamped", 1).config("message.timestamp.type", "LogAppendTime");
    create(&kafka, stamped).await?;
    let producer = kafka.producer().build().await?;
    let sent = producer.send(Record::to("stamped").value("v").timestamp(1_000)).await?;
    assert!(sent.timestamp > 1_000_000, "the broker's time, not {}", sent.timestamp);
    let mut consumer = reader(&kafka, "stamped", 1, Start::Earliest).await?;
    let records = read(&mut consumer, 1).await?;
    assert_eq!(records[0].timestamp(), sent.timestamp);
    assert_eq!(records[0].timestamp_type(), TimestampType::LogAppendTime);
    Ok(())
}

pub(crate) async fn a_record_near_the_limit_goes_round(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    create(&kafka, topic("large", 1)).await?;
    let producer = kafka.producer().build().await?;
    let value: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251).to_le_bytes()[0]).collect();
    for _ in 0..3 {
        producer.send(Record::to("large").value(&value)).await?;
    }
    // Less than one record: the first batch comes all the same (KIP-74).
    let assignment = [("large", 0, Start::Earliest)];
    let small = kafka.assigned_consumer().partition_max_bytes(1_000).fetch_max_bytes(1_000);
    let mut consumer = small.assign(assignment).build().await?;
    for record in read(&mut consumer, 3).await? {
        assert!(record.value() == Some(&value[..]), "a large value changed on its way");
    }
    Ok(())
}

pub(crate) async fn weaker_acks_deliver_too(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    create(&kafka, topic("weak", 1)).await?;
    let leader = kafka.producer().acks(Acks::Leader).idempotence(Idempotence::Off);
    let leader = leader.build().await?;
    let metadata = leader.send(Record::to("weak").value("0")).await?;
    assert_eq!(metadata.offset.map(|offset| offset.get()), Some(0));
    let nobody = kafka.producer().acks(Acks::None).idempotence(Idempotence::Off);
    let nobody = nobody.build().await?;
    let metadata = nobody.send(Record::to("weak").value("1")).await?;
    assert_eq!(metadata.offset, None, "nobody told an offset");
    nobody.close(Duration::from_secs(10)).await?;
    let mut consumer = reader(&kafka, "weak", 1, Start::Earliest).await?;
    assert_eq!(numbers(&read(&mut consumer, 2).await?)?, [0, 1]);
    Ok(())
}
