//! Memory that decoding takes, counted by a program of its own: an allocator that counts would
//! slow down everything that is measured here.

use std::process::Command;

use serde::Deserialize;

use crate::Measure;
use crate::report::Figure;

pub(crate) const FIGURES: [(&str, Measure); 1] = [("fetch-memory", fetch_memory)];

/// KiB beside the frame.
const GOAL: f64 = 64.0;

#[derive(Debug, Deserialize)]
struct Line {
    frame: usize,
    decoding: usize,
    receiving_and_decoding: usize,
}

fn fetch_memory(name: &'static str) -> Result<Figure, String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--release", "--quiet", "--package", env!("CARGO_PKG_NAME")])
        .args(["--bin", "fetch-memory", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "));
    }
    let Line { frame, decoding, receiving_and_decoding } =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    eprintln!(
        "{name}: a frame of {:.1} MiB; while it is received and decoded {:.1} MiB are taken",
        mib(frame),
        mib(receiving_and_decoding)
    );
    Ok(Figure::alone(name, decoding as f64 / 1024.0, "KiB", Some(GOAL)))
}
