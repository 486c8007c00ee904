//! How fast the simulated cluster takes records over TCP: librdkafka's stream into it and into Apache
//! Kafka by turns, one broker each. One JSON line.

use anyhow::{Context, Result};
use milena_mock_broker::MockCluster;
use serde::Serialize;

use crate::clients::Client;
use crate::cluster::Cluster;
use crate::runner::{self, Programs, Turn};
use crate::workload::Workload;

#[derive(clap::Args, Debug)]
pub struct Options {
    /// How many rounds; the first is a warm-up and is not counted.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(2..))]
    rounds: u32,
    /// Records per run.
    #[arg(long, default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
}

/// As the figures of codecs are printed: here more is better.
#[derive(Debug, Serialize)]
struct Line {
    figure: &'static str,
    against: &'static str,
    ours: f64,
    reference: f64,
    /// The reference's rate over ours.
    ratio: f64,
    unit: &'static str,
}

pub fn run(options: &Options) -> Result<()> {
    let programs = Programs::find(&[Client::RdkafkaCallback])?;
    let runtime = tokio::runtime::Runtime::new()?;
    let mock = runtime
        .block_on(MockCluster::builder().brokers(1).start())
        .context("the simulated cluster does not start")?;
    let simulated = Cluster::given_or_started(Some(&mock.bootstrap_servers()))?;
    let apache = Cluster::given_or_started(None)?;
    let (mut ours, mut references) = (Vec::new(), Vec::new());
    for round in 0..options.rounds {
        let turn = || Turn {
            client: Client::RdkafkaCallback,
            workload: Workload::Produce100,
            round,
            records: options.records,
            filled: None,
        };
        let here = runner::one_run(&simulated, &programs, turn())?.mb_per_s;
        let there = runner::one_run(&apache, &programs, turn())?.mb_per_s;
        eprintln!("round {round}: {here:.1} MB/s into ours, {there:.1} MB/s into Apache Kafka");
        if round > 0 {
            ours.push(here);
            references.push(there);
        }
    }
    let ratios = ours.iter().zip(&references).map(|(ours, reference)| reference / ours).collect();
    let line = Line {
        figure: "cluster-stream",
        against: "apache-kafka-4.1.0",
        ours: median(ours),
        reference: median(references),
        ratio: median(ratios),
        unit: "MB/s",
    };
    println!("{}", serde_json::to_string(&line)?);
    Ok(())
}

/// The middle value. There is at least one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
