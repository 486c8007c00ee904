//! What cannot be done is said in time, and what can be done goes on.

use std::time::Duration;

use milena::consumer::Start;
use milena::protocol::ErrorCode;
use milena::{Persistence, ProduceErrorKind, Record};

use super::{Outcome, connect, create, nothing_more, numbers, read, reader, topic};

const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) async fn a_topic_nobody_created_is_an_error_in_time(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    let producer = kafka.producer().max_block(PATIENCE).build().await?;
    let record = Record::to("never-created").value("v");
    let error = producer.send(record).await.expect_err("there is no such topic");
    assert!(matches!(error.kind(), ProduceErrorKind::UnknownTopic { .. }), "{error}");
    assert_eq!(error.persistence(), Persistence::No);
    assert!(error.to_string().contains("never-created"), "{error}");

    let assignment = [("never-created", 0, Start::Earliest)];
    let builder = kafka.assigned_consumer().assign(assignment).api_timeout(PATIENCE);
    let mut consumer = builder.build().await?;
    let error = consumer.poll(1, Duration::from_secs(30)).await.expect_err("no such topic");
    assert!(error.to_string().contains("never-created"), "{error}");

    // Asking did not create it, although the brokers would have.
    let listed = kafka.admin().list_topics().await?;
    assert!(listed.iter().all(|topic| topic.name.as_str() != "never-created"));
    Ok(())
}

pub(crate) async fn a_record_above_the_limits_is_refused_and_the_rest_goes_on(
    servers: &str,
) -> Outcome {
    let kafka = connect(servers).await?;
    create(&kafka, topic("limited", 1).config("max.message.bytes", "10000")).await?;
    let producer = kafka.producer().build().await?;
    let before = producer.enqueue(Record::to("limited").value("0")).await?;

    let above_ours = vec![0; 2 << 20];
    let error = producer.send(Record::to("limited").value(&above_ours)).await;
    let error = error.expect_err("2 MiB is more than max.request.size");
    assert!(matches!(error.kind(), ProduceErrorKind::RecordTooLarge { .. }), "{error}");

    let above_theirs = vec![0; 20_000];
    let error = producer.send(Record::to("limited").value(&above_theirs)).await;
    let error = error.expect_err("20 kB is more than max.message.bytes");
    assert!(error.to_string().contains(ErrorCode::MESSAGE_TOO_LARGE.name()), "{error}");
    assert_eq!(error.persistence(), Persistence::No);

    producer.send(Record::to("limited").value("1")).await?;
    before.await?;
    let mut consumer = reader(&kafka, "limited", 1, Start::Earliest).await?;
    assert_eq!(numbers(&read(&mut consumer, 2).await?)?, [0, 1]);
    nothing_more(&mut consumer).await
}

pub(crate) async fn a_batch_the_broker_finds_too_large_is_split(servers: &str) -> Outcome {
    let kafka = connect(servers).await?;
    create(&kafka, topic("split", 1).config("max.message.bytes", "5000")).await?;
    let producer = kafka.producer().linger(Duration::from_millis(50)).build().await?;
    let mut deliveries = Vec::new();
    for number in 0..20_u32 {
        // Zeros in front make a number of a kilobyte.
        let value = format!("{number:01000}");
        deliveries.push(producer.enqueue(Record::to("split").value(&value)).await?);
    }
    for (offset, delivery) in (0..).zip(deliveries) {
        assert_eq!(delivery.await?.offset.map(|found| found.get()), Some(offset));
    }
    let mut consumer = reader(&kafka, "split", 1, Start::Earliest).await?;
    let all: Vec<u64> = (0..20).collect();
    assert_eq!(numbers(&read(&mut consumer, 20).await?)?, all);
    nothing_more(&mut consumer).await
}
