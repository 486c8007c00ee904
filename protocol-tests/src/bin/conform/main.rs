//! Holds the simulated cluster against Apache Kafka:
//! `cargo run --release -p milena-protocol-tests --bin conform -- --against 4.1.0`
//!
//! Every case runs against the real brokers (or what they answered once, which is stored) and
//! against our cluster; each difference goes to stderr, and the last line of stdout is one JSON
//! object that sums up.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use milena_protocol_tests::conformance::{
    self, Apache, Case, Difference, Shape, Simulated, Stored, Subject, Transcript, Trouble,
};
use milena_protocol_tests::kafka::Version;
use serde::Serialize;

#[derive(Parser)]
#[command(about = "Holds the simulated cluster against Apache Kafka")]
struct Arguments {
    /// What the cluster is held against.
    #[arg(long, value_enum, default_value_t = Against::Vectors)]
    against: Against,
    /// Only the cases whose names contain this.
    #[arg(long)]
    case: Option<String>,
    /// Keep what the real brokers answer.
    #[arg(long)]
    store: bool,
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
    let mut cases = conformance::cases::all();
    if let Some(part) = &arguments.case {
        cases.retain(|case| case.name.contains(part.as_str()));
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
        match Stored::of(version).read(case.name) {
            Ok(Some(seen)) => judge(version, case, Ok(seen), summary),
            Ok(None) => {
                eprintln!("{} ({version}): nothing is stored", case.name);
                summary.cases += 1;
                summary.skipped += 1;
            }
            Err(error) => {
                eprintln!("{} ({version}): cannot be read: {error}", case.name);
                summary.cases += 1;
                summary.skipped += 1;
            }
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
    summary.cases += 1;
    let expected = match expected {
        Ok(expected) => expected,
        Err(error) => {
            eprintln!("{} ({version}): Apache Kafka: {error}", case.name);
            summary.skipped += 1;
            return;
        }
    };
    let found = simulated(version, case);
    let differences: Vec<String> = match &found {
        Ok(found) => {
            let (differences, fields) = conformance::differences(&expected, found);
            summary.fields_compared += fields;
            differences.iter().map(Difference::to_string).collect()
        }
        Err(error) => vec![error.clone()],
    };
    if differences.is_empty() {
        summary.agreed += 1;
        return;
    }
    eprintln!("{} ({version}), which shows {}:", case.name, case.shows);
    for difference in differences {
        eprintln!("    {difference}");
    }
    summary.differing.push(format!("{} ({version})", case.name));
}

fn simulated(version: Version, case: &Case) -> Result<Transcript, String> {
    let mut cluster = Simulated::start(case.shape).map_err(|error| error.to_string())?;
    let subject: &mut dyn Subject = &mut cluster;
    let mut seen = conformance::run(case, subject, version)
        .map_err(|error| format!("our cluster: {error}"))?;
    conformance::normalise(&mut seen);
    Ok(seen)
}

fn progress(cases: usize) -> ProgressBar {
    let bar = ProgressBar::new(cases as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar
}
