//! The same workload through several Kafka clients, in turn, against the same cluster.
//!
//! `cargo run --release -- --bootstrap HOST:PORT` measures; without `--bootstrap` it starts Apache
//! Kafka 4.1.0 itself. Each run is a process of its own (`versus worker …`, or the Go program for
//! franz-go), so that CPU time and peak memory are those of one client alone. One JSON line per run
//! goes to stdout, then one per median; a table for people goes to stderr.
#![expect(
    clippy::disallowed_methods,
    reason = "this program measures real clients in real time; nothing here is ever simulated"
)]

mod clients;
mod cluster;
mod codecs;
mod franz;
mod measure;
mod runner;
mod simulated;
mod summary;
mod workload;

use clap::{Parser, Subcommand};

use clients::Client;
use workload::Workload;

#[derive(Parser)]
#[command(about = "Measures Kafka clients against each other", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: runner::Options,
}

#[derive(Subcommand)]
enum Command {
    /// One run of one client; called by the runner.
    Worker(WorkerArguments),
    /// Record batches and compression alone, without a broker.
    Codecs(codecs::Options),
    /// librdkafka's stream into the simulated cluster and into Apache Kafka by turns.
    Simulated(simulated::Options),
}

/// What a worker is told; the Go program takes the same flags.
#[derive(clap::Args, Clone, Debug)]
struct WorkerArguments {
    #[arg(long)]
    client: Client,
    #[arg(long)]
    workload: Workload,
    #[arg(long)]
    bootstrap: String,
    #[arg(long)]
    topic: String,
    #[arg(long)]
    records: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Worker(worker)) => clients::run(&worker),
        Some(Command::Codecs(options)) => codecs::run(&options),
        Some(Command::Simulated(options)) => simulated::run(&options),
        None => runner::run(&arguments.options),
    }
}
