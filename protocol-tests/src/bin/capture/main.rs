//! Records the vectors: starts Apache Kafka behind a recording proxy, lets clients talk to it, and
//! writes a selection of what was said to `protocol-tests/vectors/`.
//!
//! Needs Java 17, Maven, Python 3 and Go. Takes some minutes.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Parser;
use milena_protocol_tests::capture::{
    Client, Proxy, Recorder, Speaker, TopicNames, every_version, select,
};
use milena_protocol_tests::kafka::{Kafka, Version};
use milena_protocol_tests::vectors::{self, Source, Vector, write_pair};
use tokio::runtime::Runtime;

/// Where the nodes keep their data. Brokers tell this path to those who ask, so it is the same on
/// every machine.
const DATA: &str = "/tmp/kafka-vectors";

/// Records frames between clients and Apache Kafka.
#[derive(Debug, Parser)]
struct Arguments {
    /// Releases of Apache Kafka; both by default.
    #[arg(long)]
    kafka: Vec<String>,
    /// Clients (java, java-share, librdkafka, kafka-python, franz-go); all by default.
    #[arg(long)]
    client: Vec<String>,
    /// Where the vectors are written.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let out = arguments.out.unwrap_or_else(vectors::directory);
    fs::create_dir_all(&out)?;
    let chosen =
        |asked: &[String], name: &str| asked.is_empty() || asked.iter().any(|it| it == name);
    for version in [Version::V3_9_1, Version::V4_1_0] {
        if chosen(&arguments.kafka, version.as_str()) {
            let clients = Client::ALL.into_iter();
            let clients = clients.filter(|client| chosen(&arguments.client, client.name()));
            record(version, clients, &out)?;
        }
    }
    Ok(())
}

fn record(
    version: Version,
    clients: impl Iterator<Item = Client>,
    out: &Path,
) -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let recorder = Arc::new(Recorder::default());
    let mut kafka = start(version, &runtime, &recorder)?;
    let bootstrap = kafka.bootstrap_servers();
    println!("Apache Kafka {version} serves on {bootstrap}");
    let mut all = Vec::new();
    for client in clients {
        if client == Client::JavaShare && version < Version::V4_1_0 {
            continue;
        }
        println!("  {}", client.name());
        match client.run(kafka.jars(), &bootstrap) {
            Ok(name) => {
                let speaker = Speaker::Client(client.name().to_owned());
                all.extend(keep(client.name(), &name, version, &speaker, &recorder, out)?);
            }
            // The others are still worth recording.
            Err(error) => eprintln!("  {}: {error}", client.name()),
        }
    }
    // What the nodes say when one comes back: votes, and replicas that join the in-sync ones again.
    kafka.kill(2)?;
    kafka.restart(2)?;
    let brokers = format!("a node of Apache Kafka {version}");
    sweep(&bootstrap, version, &all, &recorder, out)?;
    keep("nodes", &brokers, version, &Speaker::Broker, &recorder, out)?;
    println!("  spoke: {:?}", recorder.speakers());
    drop(kafka);
    runtime.shutdown_background();
    Ok(())
}

/// Two nodes, so that they replicate and vote; an authorizer, so that there are ACLs to ask for.
fn start(
    version: Version,
    runtime: &Runtime,
    recorder: &Arc<Recorder>,
) -> Result<Kafka, Box<dyn Error>> {
    let proxy = Proxy::new(runtime.handle().clone(), Arc::clone(recorder));
    let protocols = match version {
        Version::V3_9_1 => "classic,consumer",
        Version::V4_1_0 => "classic,consumer,share",
    };
    let kafka = Kafka::builder(version)
        .nodes(2)
        .relay(Arc::new(proxy))
        .directory(DATA)
        .property("default.replication.factor", "2")
        .property("share.coordinator.state.topic.replication.factor", "2")
        .property("share.coordinator.state.topic.min.isr", "1")
        .property("share.coordinator.state.topic.num.partitions", "2")
        .property("group.coordinator.rebalance.protocols", protocols)
        .property("group.consumer.heartbeat.interval.ms", "500")
        .property("group.consumer.min.heartbeat.interval.ms", "100")
        .property("group.min.session.timeout.ms", "1000")
        .property("log.cleaner.backoff.ms", "500")
        .property(
            "authorizer.class.name",
            "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        )
        .property("allow.everyone.if.no.acl.found", "true")
        .property("super.users", "User:ANONYMOUS")
        .start()?;
    Ok(kafka)
}

fn sweep(
    bootstrap: &str,
    version: Version,
    recorded: &[Vector],
    recorder: &Arc<Recorder>,
    out: &Path,
) -> Result<(), Box<dyn Error>> {
    println!("  every version");
    let broker = bootstrap.split(',').next().unwrap_or_default();
    every_version(broker, recorded)?;
    let name = format!("milena-protocol {}", env!("CARGO_PKG_VERSION"));
    let speaker = Speaker::Client("sweep".to_owned());
    keep("every-version", &name, version, &speaker, recorder, out)?;
    Ok(())
}

/// Writes what is kept of a speaker, and gives it.
fn keep(
    name: &str,
    client: &str,
    version: Version,
    speaker: &Speaker,
    recorder: &Recorder,
    out: &Path,
) -> Result<Vec<Vector>, Box<dyn Error>> {
    let mut frames = recorder.frames_of(speaker);
    if name == "every-version" {
        frames.retain(|frame| frame.direction == vectors::Direction::Response);
    }
    let name = format!("{name}-to-kafka-{version}");
    let client = client.to_owned();
    let source = Source { name: name.clone(), client, server: format!("Apache Kafka {version}") };
    let topics = TopicNames::of(&recorder.frames());
    let selection = select(source.clone(), &frames, &topics);
    for complaint in &selection.complaints {
        eprintln!("    {complaint}");
    }
    let (text, kept) = write_pair(&source, &selection.vectors);
    let count = selection.vectors.len();
    println!("    {count} of {} frames, {} bytes", frames.len(), kept.len());
    fs::write(out.join(format!("{name}.txt")), text)?;
    fs::write(out.join(format!("{name}.frames")), kept)?;
    Ok(selection.vectors)
}
