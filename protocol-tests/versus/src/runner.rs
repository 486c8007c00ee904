//! Runs the clients in turn, round after round.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::clients::Client;
use crate::cluster::Cluster;
use crate::measure::Line;
use crate::summary::Summary;
use crate::workload::Workload;
use crate::{WorkerArguments, franz};

#[derive(clap::Args, Debug)]
pub struct Options {
    /// Where the cluster is (HOST:PORT,…); without it Apache Kafka 4.1.0 is started.
    #[arg(long)]
    bootstrap: Option<String>,
    /// How many rounds; the first is a warm-up and is not counted.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(2..))]
    rounds: u32,
    /// Records per run; the default depends on the workload (5 M of 100 B, 1 M of 1 KiB).
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    records: Option<u64>,
    /// The clients, all by default.
    #[arg(long, value_delimiter = ',')]
    clients: Vec<Client>,
    /// The workloads, all by default.
    #[arg(long, value_delimiter = ',')]
    workloads: Vec<Workload>,
}

fn all_if_empty<T: ValueEnum + Clone + 'static>(given: &[T]) -> Vec<T> {
    if given.is_empty() { T::value_variants().to_vec() } else { given.to_vec() }
}

pub fn run(options: &Options) -> Result<()> {
    let programs = Programs::find(&all_if_empty(&options.clients))?;
    let cluster = Cluster::given_or_started(options.bootstrap.as_deref())?;
    for workload in all_if_empty(&options.workloads) {
        let records = options.records.unwrap_or_else(|| workload.default_records());
        let filled = match workload.filled_by() {
            Some(filler) => Some(fill(&cluster, &programs, filler, records)?),
            None => None,
        };
        let mut summary = Summary::new(workload);
        for round in 0..options.rounds {
            for client in programs.in_round(round) {
                let line = one_run(
                    &cluster,
                    &programs,
                    Turn { client, workload, round, records, filled: filled.as_deref() },
                )?;
                println!("{}", serde_json::to_string(&line)?);
                // The first round warms the broker and its page cache up.
                if round > 0 {
                    summary.add(client, line);
                }
            }
        }
        if let Some(topic) = filled {
            cluster.delete_topic(&topic)?;
        }
        summary.print()?;
    }
    Ok(())
}

pub struct Turn<'a> {
    pub client: Client,
    pub workload: Workload,
    pub round: u32,
    pub records: u64,
    /// The topic to read, for a consume workload.
    pub filled: Option<&'a str>,
}

pub fn one_run(cluster: &Cluster, programs: &Programs, turn: Turn<'_>) -> Result<Line> {
    let (client, workload, round) = (turn.client, turn.workload, turn.round);
    let fresh = topic_name(&format!("{}-{}-{round}", workload.name(), client.name()));
    let topic = match turn.filled {
        Some(filled) => filled.to_owned(),
        None => {
            cluster.create_topic(&fresh)?;
            fresh
        }
    };
    let worker = WorkerArguments {
        client,
        workload,
        bootstrap: cluster.bootstrap().to_owned(),
        topic,
        records: turn.records,
    };
    let mut line = programs.run(&worker)?;
    line.round = round;
    if turn.filled.is_none() {
        cluster.delete_topic(&worker.topic)?;
    }
    Ok(line)
}

fn fill(
    cluster: &Cluster,
    programs: &Programs,
    workload: Workload,
    records: u64,
) -> Result<String> {
    let topic = topic_name(&format!("filled-by-{}", workload.name()));
    cluster.create_topic(&topic)?;
    programs.run(&WorkerArguments {
        client: Client::RdkafkaCallback,
        workload,
        bootstrap: cluster.bootstrap().to_owned(),
        topic: topic.clone(),
        records,
    })?;
    Ok(topic)
}

fn topic_name(what: &str) -> String {
    format!("versus-{what}-{}", std::process::id())
}

/// The programs of the clients that can be run.
pub struct Programs {
    clients: Vec<Client>,
    versus: PathBuf,
    franz: Option<PathBuf>,
}

impl Programs {
    /// franz-go is left out, with the reason on stderr, where it cannot be built.
    pub fn find(clients: &[Client]) -> Result<Self> {
        let mut found = Self {
            clients: clients.to_vec(),
            versus: std::env::current_exe().context("the path of this program")?,
            franz: None,
        };
        if clients.contains(&Client::FranzGo) {
            match franz::build() {
                Ok(program) => found.franz = Some(program),
                Err(error) => {
                    eprintln!("skipped: franz-go: {error:#}");
                    found.clients.retain(|client| *client != Client::FranzGo);
                }
            }
        }
        Ok(found)
    }

    /// The order turns by one each round, so that nobody always runs after the same neighbour.
    fn in_round(&self, round: u32) -> Vec<Client> {
        let mut clients = self.clients.clone();
        if !clients.is_empty() {
            let by = round as usize % clients.len();
            clients.rotate_left(by);
        }
        clients
    }

    fn run(&self, worker: &WorkerArguments) -> Result<Line> {
        let mut command = match (&self.franz, worker.client) {
            (Some(franz), Client::FranzGo) => Command::new(franz),
            _ => {
                let mut command = Command::new(&self.versus);
                command.args(["worker", "--client", worker.client.name()]);
                command
            }
        };
        let output = command
            .args(["--workload", worker.workload.name(), "--bootstrap", &worker.bootstrap])
            .args(["--topic", &worker.topic, "--records", &worker.records.to_string()])
            .stderr(Stdio::inherit())
            .output()
            .context("cannot start a worker")?;
        if !output.status.success() {
            bail!("{} {} failed", worker.client.name(), worker.workload.name());
        }
        serde_json::from_slice(&output.stdout).context("a worker's line")
    }
}
