//! A record goes round: an embedded cluster of three brokers, 200,000 keyed records through it,
//! the leader of a partition killed in the middle, and everything read back.
//!
//! Exits non-zero if a record is lost, there twice, or out of order.
//!
//! ```text
//! cargo run --release --example quickstart
//! cargo run --release --example quickstart -- --seed 7
//! cargo run --release --example quickstart -- --bootstrap localhost:9092
//! ```

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use milena::Kafka;
use milena::admin::NewTopic;
use milena::environment::{Environment, SystemWallClock, WallClock as _};
use milena_mock_broker::MockCluster;
use tokio::time::Instant;

mod chance;
mod consume;
mod produce;
mod report;

use chance::{Chance, SeededEntropy};
use produce::Disturbance;
use report::Report;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const PARTITIONS: i32 = 6;

/// Sends records through a Kafka cluster, kills a leader on the way, and reads everything back.
#[derive(Debug, Parser)]
struct Arguments {
    /// Fixes keys, values, entropy, and when which leader is killed (default: another each time)
    #[arg(long)]
    seed: Option<u64>,
    /// Runs against this cluster instead of an embedded one, and kills nobody
    #[arg(long, value_name = "HOST:PORT,...")]
    bootstrap: Option<String>,
    /// How many records
    #[arg(long, default_value_t = 200_000)]
    records: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(report) => {
            println!("{report}");
            if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<Report, Failure> {
    let started = Instant::now();
    let now = SystemWallClock.now_millis();
    let seed = arguments.seed.unwrap_or(now.cast_unsigned() % 1_000_000);
    let cluster = match arguments.bootstrap {
        None => Some(embedded(seed).await?),
        Some(_) => None,
    };
    let bootstrap = match (&cluster, arguments.bootstrap) {
        (Some(cluster), _) => cluster.bootstrap_servers(),
        (None, bootstrap) => bootstrap.unwrap_or_default(),
    };
    println!("bootstrap.servers={bootstrap} seed={seed}");

    let environment = Environment::tokio().with_entropy(SeededEntropy::new(seed));
    let kafka = Kafka::builder(bootstrap.as_str()).client_id("quickstart").environment(environment);
    let kafka = kafka.connect().await?;
    let topic = format!("quickstart-{now:x}-{seed}");
    create(&kafka, &topic).await?;

    let mut chance = Chance::new(seed);
    let disturbance = cluster.as_ref().map(|cluster| {
        Disturbance::plan(cluster.clone(), &topic, arguments.records, PARTITIONS, &mut chance)
    });
    let sent = produce::run(&kafka, &topic, arguments.records, chance, disturbance).await?;
    let found = consume::run(&kafka, &topic, PARTITIONS, &sent).await?;
    kafka.admin().delete_topic(topic).await?;
    kafka.close(Duration::from_secs(1)).await;
    Ok(Report { sent, found, took: started.elapsed() })
}

async fn embedded(seed: u64) -> Result<MockCluster, Failure> {
    let cluster = MockCluster::builder().brokers(3).seed(seed).fast_failover().start().await?;
    println!(
        "an embedded cluster of 3 brokers; its timings are short, so that a dead leader is \
         replaced after half a second (Kafka's default: 9 s)"
    );
    Ok(cluster)
}

async fn create(kafka: &Kafka, topic: &str) -> Result<(), Failure> {
    let brokers = kafka.admin().describe_cluster().await?.brokers.len();
    let replicas = i16::try_from(brokers.min(3))?;
    let new = NewTopic::new(topic)
        .partitions(PARTITIONS)
        .replication_factor(replicas)
        .config("min.insync.replicas", replicas.min(2).to_string());
    kafka.admin().create_topic(new).await?;
    Ok(())
}
