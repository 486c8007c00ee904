//! Settings that were written for a Java client.

use milena::config::{ConsumerProperties, ProducerProperties, Properties};
use milena::{Record, Start};

use super::{Outcome, create, numbers, read, topic};

pub(crate) async fn settings_by_their_java_names_make_producer_and_consumer(
    servers: &str,
) -> Outcome {
    let text = format!(
        "bootstrap.servers = {servers}
         client.id = brought-along
         acks = all
         compression.type = gzip
         compression.gzip.level = 9
         linger.ms = 1
         key.serializer = org.apache.kafka.common.serialization.ByteArraySerializer
         value.serializer = org.apache.kafka.common.serialization.ByteArraySerializer"
    );
    let settings = ProducerProperties::from_properties(&Properties::parse(&text)?)?;
    let kafka = settings.client().connect().await?;
    create(&kafka, topic("brought-along", 1)).await?;
    let producer = kafka.producer().properties(&settings).build().await?;
    for number in 0..10_u64 {
        let value = number.to_string();
        producer.send(Record::to("brought-along").value(&value)).await?;
    }

    let mut pairs = Properties::default();
    pairs.set("bootstrap.servers", servers);
    pairs.set("auto.offset.reset", "earliest");
    pairs.set("enable.auto.commit", "false");
    pairs.set("isolation.level", "read_committed");
    let settings = ConsumerProperties::from_properties(&pairs)?;
    let kafka = settings.client().connect().await?;
    // Not in the log: goes on where auto.offset.reset says.
    let beyond = [("brought-along", 0, Start::at(1_000))];
    let consumer = kafka.assigned_consumer().properties(&settings).assign(beyond);
    let mut consumer = consumer.build().await?;
    let expected: Vec<u64> = (0..10).collect();
    assert_eq!(numbers(&read(&mut consumer, 10).await?)?, expected);
    Ok(())
}
