//! Holds the simulated cluster against Apache Kafka:
//! `cargo run --release -p milena-protocol-tests --bin conform -- --against 4.1.0`
//!
//! Every case runs against the real brokers (or what they answered once, which is stored) and
//! against our cluster; each difference goes to stderr, and the last line of stdout is one JSON
//! object that sums up.

mod random;
mod sabotage;

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use milena_protocol_tests::conformance::{
    self, Apache, Case, Shape, Stored, Transcript, Trouble, Verdict,
};
use milena_protocol_tests::kafka::Version;
use serde::Serialize;

#[derive(Parser)]
#[command(about = "Holds the simulated cluster against Apache Kafka")]
struct Arguments {
    /// What the cluster is held against.
    #[arg(long, value_enum, default_value_t = Against::Vectors)]
    against: Against,
    /// Only the cases whose names contain one of these.
    #[arg(long, value_delimiter = ',')]
    case: Vec<String>,
    /// Keep what the real brokers answer.
    #[arg(long)]
    store: bool,
    /// Random scenarios instead of the cases.
    #[arg(long)]
    random: bool,
    /// The seeds of random scenarios.
    #[arg(long, value_parser = random::seeds, default_value = "0..300")]
    seeds: Range<u64>,
    /// Plants defects and tells which case notices: `all`, or a part of a rule's name. The rules
    /// need a build with `--features sabotage`.
    #[arg(long)]
    sabotage: Option<String>,
    /// Prints docs/conformance.md: every rule and the cases that show it.
    #[arg(long)]
    table: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Against {
    /// Apache Kafka 3.9.1, started from its jars.
    #[value(name = "3.9.1")]
    V3_9_1,
    /// Apache Kafka 4.1.0, started from its jars.
    #[value(name = "4.1.0")]
    V4_1_0,
    /// What both have answered, as it is stored.
    Vectors,
}

/// The last line.
#[derive(Debug, Default, Serialize)]
struct Summary {
    cases: usize,
    agreed: usize,
    differing: Vec<String>,
    skipped: usize,
    fields_compared: usize,
    deviations: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.random {
        return random(&arguments);
    }
    if arguments.table {
        print!("{}", conformance::table());
        return ExitCode::SUCCESS;
    }
    if let Some(what) = &arguments.sabotage {
        let release = match arguments.against {
            Against::V3_9_1 => Version::V3_9_1,
            Against::V4_1_0 | Against::Vectors => Version::V4_1_0,
        };
        return sabotage::run(release, what);
    }
    let mut cases = conformance::cases::all();
    if !arguments.case.is_empty() {
        cases.retain(|case| arguments.case.iter().any(|part| case.name.contains(part)));
    }
    let mut summary = Summary::default();
    match arguments.against {
        Against::V3_9_1 => live(Version::V3_9_1, &cases, arguments.store, &mut summary),
        Against::V4_1_0 => live(Version::V4_1_0, &cases, arguments.store, &mut summary),
        Against::Vectors => {
            for version in [Version::V3_9_1, Version::V4_1_0] {
                stored(version, &cases, &mut summary);
            }
        }
    }
    match serde_json::to_string(&summary) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("the summary cannot be written: {error}"),
    }
    if summary.differing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Random scenarios against real brokers.
fn random(arguments: &Arguments) -> ExitCode {
    let version = match arguments.against {
        Against::V3_9_1 => Version::V3_9_1,
        Against::V4_1_0 => Version::V4_1_0,
        Against::Vectors => {
            eprintln!("random scenarios need real brokers: --against 4.1.0 or 3.9.1");
            return ExitCode::FAILURE;
        }
    };
    let seeds = arguments.seeds.clone();
    let bar = progress(seeds.clone().count());
    let summary = random::run(version, seeds, &bar);
    match serde_json::to_string(&summary) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("the summary cannot be written: {error}"),
    }
    if summary.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Against real brokers, one cluster per shape.
fn live(version: Version, cases: &[Case], store: bool, summary: &mut Summary) {
    let mut shapes: BTreeMap<Shape, Vec<Case>> = BTreeMap::new();
    for case in cases {
        shapes.entry(case.shape).or_default().push(*case);
    }
    let bar = progress(cases.len());
    for (shape, cases) in shapes {
        bar.set_message(format!("Apache Kafka {version} starts"));
        let mut apache = match Apache::start(version, shape) {
            Ok(apache) => apache,
            Err(error) => {
                bar.suspend(|| eprintln!("Apache Kafka {version} does not start: {error}"));
                summary.skipped += cases.len();
                continue;
            }
        };
        for case in cases {
            bar.set_message(case.name);
            let expected = conformance::run(&case, &mut apache, version).map(|mut seen| {
                conformance::normalise(&mut seen);
                seen
            });
            if let (true, Ok(seen)) = (store, &expected)
                && let Err(error) = Stored::of(version).write(seen)
            {
                bar.suspend(|| eprintln!("{}: cannot be stored: {error}", case.name));
            }
            bar.suspend(|| judge(version, &case, expected, summary));
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
}

/// Against what was stored.
fn stored(version: Version, cases: &[Case], summary: &mut Summary) {
    for case in cases {
        match conformance::judge_stored(case, version) {
            Ok(Some(verdict)) => report(version, case, verdict, summary),
            Ok(None) => skip(version, case, "nothing is stored", summary),
            Err(error) => skip(version, case, &format!("cannot be read: {error}"), summary),
        }
    }
}

/// Runs a case against our cluster and compares.
fn judge(
    version: Version,
    case: &Case,
    expected: Result<Transcript, Trouble>,
    summary: &mut Summary,
) {
    match expected {
        Ok(expected) => {
            report(version, case, conformance::judge(case, version, &expected), summary);
        }
        Err(error) => skip(version, case, &format!("Apache Kafka: {error}"), summary),
    }
}

fn skip(version: Version, case: &Case, why: &str, summary: &mut Summary) {
    eprintln!("{} ({version}): {why}", case.name);
    summary.cases += 1;
    summary.skipped += 1;
}

fn report(version: Version, case: &Case, verdict: Verdict, summary: &mut Summary) {
    summary.cases += 1;
    summary.fields_compared += verdict.fields;
    let name = format!("{} ({version})", case.name);
    match (verdict.agrees(), verdict.declared) {
        (true, None) => summary.agreed += 1,
        (true, Some(declared)) => {
            eprintln!("{name} agrees, and is declared to differ: {}", declared.reason);
            summary.differing.push(name);
        }
        (false, declared) => {
            eprintln!("{name}, which shows {}:", case.shows);
            for difference in &verdict.differences {
                eprintln!("    {difference}");
            }
            match declared {
                Some(declared) if verdict.is_as_declared() => {
                    eprintln!("    declared: {}", declared.reason);
                    summary.deviations.push(name);
                }
                _ => summary.differing.push(name),
            }
        }
    }
}

fn progress(cases: usize) -> ProgressBar {
    let bar = ProgressBar::new(cases as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar
}
