//! Holds the simulated cluster against Apache Kafka:
//! `cargo run --release -p milena-protocol-tests --bin conform -- --against 4.1.0`
//!
//! Every case runs against the real brokers (or what they answered once, which is stored) and
//! against our cluster; each difference goes to stderr, and the last line of stdout is one JSON
//! object that sums up.

mod live;
mod part;
mod random;
mod sabotage;

use std::ops::Range;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use live::How;
use milena_protocol_tests::conformance::{self, Case, Stored, Verdict};
use milena_protocol_tests::kafka::Version;
use part::Part;
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
    /// Only a part of the cases, such as 1/2: every second case of each shape of cluster.
    #[arg(long)]
    part: Option<Part>,
    /// Keep what the real brokers answer; `missing` runs only the cases of which nothing is kept.
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "all")]
    store: Option<Keep>,
    /// Tell how long each case took.
    #[arg(long)]
    times: bool,
    /// How often a case that differs runs again, on new brokers, before that counts. On a busy
    /// machine real brokers lose their sessions and their leaderships, which no case is about.
    #[arg(long, default_value_t = 0)]
    again: u32,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Keep {
    All,
    Missing,
}

impl Against {
    /// The release whose brokers are started; none for what is stored of both.
    fn release(self) -> Option<Version> {
        match self {
            Self::V3_9_1 => Some(Version::V3_9_1),
            Self::V4_1_0 => Some(Version::V4_1_0),
            Self::Vectors => None,
        }
    }
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
        return sabotage::run(arguments.against.release().unwrap_or(Version::V4_1_0), what);
    }
    let cases = chosen(&arguments);
    let mut summary = Summary::default();
    let how =
        How { store: arguments.store.is_some(), times: arguments.times, again: arguments.again };
    match arguments.against.release() {
        Some(release) => live::run(release, &cases, how, &mut summary),
        None => {
            for release in [Version::V3_9_1, Version::V4_1_0] {
                stored(release, &cases, &mut summary);
            }
        }
    }
    match serde_json::to_string(&summary) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("the summary cannot be written: {error}"),
    }
    // A case that nobody could carry through shows nothing.
    let is_clean = summary.differing.is_empty() && summary.skipped == 0 && summary.cases > 0;
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The cases that were asked for.
fn chosen(arguments: &Arguments) -> Vec<Case> {
    let mut cases = conformance::cases::all();
    if !arguments.case.is_empty() {
        cases.retain(|case| arguments.case.iter().any(|part| case.name.contains(part)));
    }
    if let (Some(Keep::Missing), Some(release)) = (arguments.store, arguments.against.release()) {
        cases.retain(|case| matches!(Stored::of(release).read(case.name), Ok(None)));
    }
    if let Some(part) = arguments.part {
        part.choose(&mut cases);
    }
    cases
}

/// Random scenarios against real brokers.
fn random(arguments: &Arguments) -> ExitCode {
    let Some(version) = arguments.against.release() else {
        eprintln!("random scenarios need real brokers: --against 4.1.0 or 3.9.1");
        return ExitCode::FAILURE;
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
