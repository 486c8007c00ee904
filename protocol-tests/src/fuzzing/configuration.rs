//! Settings by their Java names, as people write them.

use milena::config::{ConsumerProperties, ProducerProperties, Properties};
use milena::{ConfigError, KafkaBuilder};

use super::Target;

/// Properties files, and settings from pairs.
pub const TARGET: Target = Target { name: "configuration", cap: 256 * 1024, exercise, seeds };

/// The first byte decides: even for the text of a file, odd for pairs of a known name and a value,
/// so that all of them are set to all kinds of values without a fuzzer having to guess names.
fn exercise(input: &[u8]) {
    let Some((mode, rest)) = input.split_first() else { return };
    if mode % 2 == 0 {
        let text = String::from_utf8_lossy(rest);
        match Properties::parse(&text) {
            Ok(properties) => build(&properties),
            Err(error) => describe(&error),
        }
    } else {
        let lines = rest.split(|byte| *byte == b'\n').filter_map(|line| {
            let (name, value) = line.split_first()?;
            let name = NAMES[usize::from(*name) % NAMES.len()];
            Some((name, String::from_utf8_lossy(value).into_owned()))
        });
        let servers = [("bootstrap.servers", "localhost:9092".to_owned())];
        build(&servers.into_iter().chain(lines).collect());
    }
}

/// Whatever is accepted makes a client that could be connected.
fn build(properties: &Properties) {
    let again: Properties = properties.iter().collect();
    assert_eq!(&again, properties);
    let producer = ProducerProperties::from_properties(properties);
    let consumer = ConsumerProperties::from_properties(properties);
    match producer {
        Ok(settings) => drop(settings.client()),
        Err(error) => describe(&error),
    }
    match consumer {
        Ok(settings) => drop(settings.client()),
        Err(error) => describe(&error),
    }
    if let Err(error) = KafkaBuilder::from_properties(properties) {
        describe(&error);
    }
}

/// An error is about one setting, however long its value is.
fn describe(error: &ConfigError) {
    let text = error.to_string();
    assert!(text.len() < 2048, "{} bytes of an error", text.len());
}

/// Settings of Java's clients; some of them have no counterpart here.
const NAMES: [&str; 40] = [
    "bootstrap.servers",
    "client.id",
    "request.timeout.ms",
    "reconnect.backoff.ms",
    "reconnect.backoff.max.ms",
    "retry.backoff.ms",
    "retry.backoff.max.ms",
    "socket.connection.setup.timeout.ms",
    "socket.connection.setup.timeout.max.ms",
    "connections.max.idle.ms",
    "metadata.max.age.ms",
    "metadata.max.idle.ms",
    "metadata.recovery.strategy",
    "allow.auto.create.topics",
    "security.protocol",
    "client.dns.lookup",
    "enable.metrics.push",
    "acks",
    "linger.ms",
    "batch.size",
    "buffer.memory",
    "max.request.size",
    "max.in.flight.requests.per.connection",
    "delivery.timeout.ms",
    "max.block.ms",
    "retries",
    "enable.idempotence",
    "compression.type",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.zstd.level",
    "key.serializer",
    "fetch.min.bytes",
    "fetch.max.bytes",
    "fetch.max.wait.ms",
    "max.partition.fetch.bytes",
    "default.api.timeout.ms",
    "isolation.level",
    "auto.offset.reset",
    "client.rack",
];

fn seeds() -> Vec<Vec<u8>> {
    const VALUES: [&str; 12] = [
        "0",
        "1",
        "-1",
        "5",
        "9",
        "30000",
        "2147483647",
        "true",
        "false",
        "all",
        "zstd",
        "earliest",
    ];
    let text = "bootstrap.servers = one:9092,\\\n  [::1]:9093\n# a comment\nacks: all\nlinger.ms 20\n\
                client.rack = \\u00e4\\ud83d\\ude00\\t\nisolation.level=read_committed\n";
    let mut seeds = vec![[&[0][..], text.as_bytes()].concat()];
    for (index, value) in (0..NAMES.len()).zip(VALUES.iter().cycle()) {
        let name = NAMES[index];
        let line = format!("bootstrap.servers=host:1\n{name}={value}\n");
        seeds.push([&[0][..], line.as_bytes()].concat());
        for value in VALUES {
            seeds.push([&[1, index as u8][..], value.as_bytes()].concat());
        }
    }
    seeds
}
