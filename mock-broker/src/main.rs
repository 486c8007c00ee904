//! A simulated Kafka cluster of its own, for clients in any language.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use milena_mock_broker::MockCluster;
use tracing_subscriber::EnvFilter;

/// Serves a simulated Kafka cluster on this machine until ctrl-c.
///
/// The first line on standard output is bootstrap.servers=HOST:PORT,..., printed once every broker
/// serves. Logs go to standard error; RUST_LOG chooses them (default: warn).
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many brokers
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    brokers: u16,
    /// The first broker's port, the others follow; 0 picks free ones
    #[arg(long, default_value_t = 9092)]
    port: u16,
    /// The address to listen on and to advertise
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Partitions of a topic created without saying how many (num.partitions)
    #[arg(long, default_value_t = 1)]
    partitions: i32,
    /// Replicas of a topic created without saying how many (default.replication.factor)
    #[arg(long, default_value_t = 1)]
    replication_factor: i16,
    /// In-sync replicas that acks=all needs (min.insync.replicas)
    #[arg(long, default_value_t = 1)]
    min_insync_replicas: i32,
    /// Whether topics come to be when they are first used (auto.create.topics.enable)
    #[arg(long, default_value = "on")]
    auto_create_topics: Switch,
    /// How fast the failure of a broker is noticed
    #[arg(long, default_value = "kafka")]
    failover: Failover,
    /// Decides topic ids and other choices of the cluster
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Failover {
    /// With Kafka's timings: heartbeats every 2 s, fenced after 9 s
    Kafka,
    /// Within half a second
    Fast,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match serve(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let mut builder = MockCluster::builder()
        .brokers(usize::from(arguments.brokers))
        .port(arguments.port)
        .address(arguments.address)
        .default_partitions(arguments.partitions)
        .default_replication_factor(arguments.replication_factor)
        .min_insync_replicas(arguments.min_insync_replicas)
        .configure(|config| {
            config.auto_create_topics = matches!(arguments.auto_create_topics, Switch::On);
        })
        .seed(arguments.seed);
    if matches!(arguments.failover, Failover::Fast) {
        builder = builder.fast_failover();
    }
    let cluster = builder.start().await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "bootstrap.servers={}", cluster.bootstrap_servers())?;
    stdout.flush()?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
