//! Memory that is taken, counted by programs of their own: an allocator that counts would
//! slow down everything that is measured here.

use std::process::Command;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Measure;
use crate::report::Figure;

pub(crate) const FIGURES: [(&str, Measure); 3] = [
    ("fetch-memory", fetch_memory),
    ("idle-broker-memory", idle_broker_memory),
    ("empty-replica-memory", empty_replica_memory),
];

/// KiB beside the frame.
const FETCH_GOAL: f64 = 64.0;

/// KiB of a broker without partitions.
const BROKER_GOAL: f64 = 64.0;

/// KiB of a replica without records, its share of all metadata included.
const REPLICA_GOAL: f64 = 2.0;

#[derive(Debug, Deserialize)]
struct Fetch {
    frame: usize,
    decoding: usize,
    receiving_and_decoding: usize,
}

fn fetch_memory(name: &'static str) -> Result<Figure, String> {
    let Fetch { frame, decoding, receiving_and_decoding } = line_of("fetch-memory")?;
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    eprintln!(
        "{name}: a frame of {:.1} MiB; while it is received and decoded {:.1} MiB are taken",
        mib(frame),
        mib(receiving_and_decoding)
    );
    Ok(Figure::alone(name, kib(decoding), "KiB", Some(FETCH_GOAL)))
}

#[derive(Debug, Deserialize)]
struct Held {
    idle_broker: usize,
    empty_replica: usize,
}

fn idle_broker_memory(name: &'static str) -> Result<Figure, String> {
    let Held { idle_broker, .. } = line_of("cluster-memory")?;
    Ok(Figure::alone(name, kib(idle_broker), "KiB", Some(BROKER_GOAL)))
}

fn empty_replica_memory(name: &'static str) -> Result<Figure, String> {
    let Held { empty_replica, .. } = line_of("cluster-memory")?;
    Ok(Figure::alone(name, kib(empty_replica), "KiB", Some(REPLICA_GOAL)))
}

fn kib(bytes: usize) -> f64 {
    bytes as f64 / 1024.0
}

/// Builds and runs a program that counts, and reads its line.
fn line_of<L: DeserializeOwned>(program: &str) -> Result<L, String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--release", "--quiet", "--package", env!("CARGO_PKG_NAME")])
        .args(["--bin", program, "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}
