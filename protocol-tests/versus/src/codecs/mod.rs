//! Codecs held against others that need C, or a workspace of their own: one JSON line per figure.
//!
//! No broker is involved. The two sides run by turns on one thread, as the figures of
//! `milena-protocol-tests` do.

mod compression;
mod records;

use anyhow::{Context, Result};
use milena_protocol_tests::measure::Pair;
use serde::Serialize;

#[derive(clap::Args, Debug)]
pub struct Options {
    /// Which figures, all by default.
    names: Vec<String>,
}

/// One figure, as printed.
#[derive(Debug, Serialize)]
struct Line {
    figure: &'static str,
    /// What ours is held against.
    against: &'static str,
    ours: f64,
    reference: f64,
    ratio: f64,
    unit: &'static str,
    /// Bytes that the two sides compress to, over those before.
    #[serde(skip_serializing_if = "Option::is_none")]
    sizes: Option<(f64, f64)>,
}

/// What is printed beside the times.
struct Measured {
    against: &'static str,
    pair: Pair,
    unit: &'static str,
    sizes: Option<(f64, f64)>,
}

type Measure = fn() -> Result<Measured>;

pub fn run(options: &Options) -> Result<()> {
    for (figure, measure) in records::FIGURES.into_iter().chain(compression::FIGURES) {
        if !options.names.is_empty() && !options.names.iter().any(|name| name == figure) {
            continue;
        }
        let Measured { against, pair, unit, sizes } = measure().context(figure)?;
        let Pair { ours, reference, ratio } = pair;
        let line = Line { figure, against, ours, reference, ratio, unit, sizes };
        println!("{}", serde_json::to_string(&line)?);
    }
    Ok(())
}
