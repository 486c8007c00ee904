//! Figures held against librdkafka's callbacks, krafka's record batches and codecs in C: measured
//! by `protocol-tests/versus/`, which is built when it is needed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use milena_protocol_tests::measure::Pair;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::report::Figure;

/// Workloads of versus and the bounds of the CPU time per record against librdkafka's.
const GOALS: [(&str, f64); 2] = [("produce-100", 0.65), ("consume-100", 0.4)];

pub(crate) const NAMES: [&str; 2] = [GOALS[0].0, GOALS[1].0];

/// Figures of the command `codecs` of versus: their units, and the bounds of those that have one.
const CODECS: [(&str, &str, Option<f64>); 8] = [
    ("decode-headers-krafka", "ns/record", Some(0.25)),
    ("encode-headers-krafka", "ns/record", None),
    ("lz4-encode", "us", Some(1.2)),
    ("lz4-decode", "us", None),
    ("gzip-encode", "us", None),
    ("gzip-decode", "us", None),
    ("zstd-encode", "us", None),
    ("zstd-decode", "us", None),
];

pub(crate) fn codec_names() -> impl Iterator<Item = &'static str> {
    CODECS.into_iter().map(|(name, _, _)| name)
}

/// A line of the command `codecs`.
#[derive(Debug, Deserialize)]
struct Line {
    figure: String,
    ours: f64,
    reference: f64,
    ratio: f64,
}

/// Codecs against krafka's and those in C.
pub(crate) fn measure_codecs(names: &[&'static str]) -> Vec<Figure> {
    if names.is_empty() {
        return Vec::new();
    }
    let lines = build().and_then(|program| run_codecs(&program, names));
    let measured = |(name, unit, goal)| match &lines {
        Ok(lines) => match lines.iter().find(|line| line.figure == name) {
            Some(&Line { ours, reference, ratio, .. }) => {
                Figure::paired(name, Pair { ours, reference, ratio }, unit, goal)
            }
            None => Figure::skipped(name, "versus did not print it"),
        },
        Err(reason) => Figure::skipped(name, reason),
    };
    CODECS.into_iter().filter(|(name, _, _)| names.contains(name)).map(measured).collect()
}

/// How much longer librdkafka's stream of small records takes into the simulated cluster than into
/// Apache Kafka.
pub(crate) const STREAM: &str = "cluster-stream";
const STREAM_GOAL: f64 = 2.0;

/// The simulated cluster over TCP against Apache Kafka.
pub(crate) fn measure_stream(rounds: u32, records: Option<u64>) -> Figure {
    let run = |program: PathBuf| {
        let mut command = Command::new(program);
        command.args(["simulated", "--rounds", &rounds.to_string()]);
        if let Some(records) = records {
            command.args(["--records", &records.to_string()]);
        }
        output_of::<Line>(&mut command)
    };
    match build().and_then(run).as_deref() {
        Ok([Line { ours, reference, ratio, .. }]) => {
            let pair = Pair { ours: *ours, reference: *reference, ratio: *ratio };
            Figure::paired(STREAM, pair, "MB/s", Some(STREAM_GOAL))
        }
        Ok(_) => Figure::skipped(STREAM, "versus did not print it"),
        Err(reason) => Figure::skipped(STREAM, reason),
    }
}

fn run_codecs(program: &Path, names: &[&str]) -> Result<Vec<Line>, String> {
    output_of(Command::new(program).arg("codecs").args(names))
}

const OURS: &str = "milena";
const REFERENCE: &str = "rdkafka-callback";

/// The fields used of the lines with medians; lines of single runs have no `median_of`.
#[derive(Debug, Deserialize)]
struct Median {
    #[serde(rename = "median_of")]
    _median_of: usize,
    client: String,
    workload: String,
    cpu_ns_per_record: f64,
}

pub(crate) fn measure(names: &[&'static str], rounds: u32, records: Option<u64>) -> Vec<Figure> {
    if names.is_empty() {
        return Vec::new();
    }
    let lines = build().and_then(|program| run(&program, names, rounds, records));
    let figure = |name: &'static str| match &lines {
        Ok(lines) => compare(name, lines),
        Err(reason) => Figure::skipped(name, reason),
    };
    names.iter().copied().map(figure).collect()
}

fn compare(name: &'static str, lines: &[Median]) -> Figure {
    let of = |client: &str| {
        let line = lines.iter().find(|line| line.workload == name && line.client == client);
        line.map(|line| line.cpu_ns_per_record)
    };
    let goal = GOALS.iter().find(|(workload, _)| *workload == name).map(|(_, goal)| *goal);
    match (of(OURS), of(REFERENCE), goal) {
        (Some(ours), Some(reference), Some(goal)) => {
            Figure::against(name, ours, reference, "ns/record", goal)
        }
        _ => Figure::skipped(name, "versus printed no medians"),
    }
}

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("versus")
}

fn build() -> Result<PathBuf, String> {
    let target = package().join("target");
    eprintln!("building protocol-tests/versus");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--manifest-path"])
        .arg(package().join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        eprintln!("{stderr}");
        let reason = stderr.lines().find(|line| line.starts_with("error")).unwrap_or("no reason");
        return Err(format!("versus cannot be built: {reason}"));
    }
    Ok(target.join("release").join("versus"))
}

fn run(
    program: &Path,
    names: &[&str],
    rounds: u32,
    records: Option<u64>,
) -> Result<Vec<Median>, String> {
    let mut command = Command::new(program);
    command
        .args(["--clients", &format!("{OURS},{REFERENCE}"), "--workloads", &names.join(",")])
        .args(["--rounds", &rounds.to_string()])
        .stderr(Stdio::piped());
    if let Some(records) = records {
        command.args(["--records", &records.to_string()]);
    }
    output_of(&mut command)
}

/// The lines that versus prints, those of the wanted form.
fn output_of<L: DeserializeOwned>(command: &mut Command) -> Result<Vec<L>, String> {
    let output = command.output().map_err(|error| format!("cannot start versus: {error}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("versus failed: {}", stderr.trim().replace('\n', "; ")));
    }
    let stdout = String::from_utf8_lossy(&output.stdout);
    Ok(stdout.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}
