//! Measures every figure that has a goal: `cargo run --release -p milena-protocol-tests --bin
//! figures [NAME…]`.
//!
//! Ours and the reference run alternately; one JSON line per figure goes to stdout, a table to
//! stderr. References that need C live in `protocol-tests/versus/`, which is built on demand; what
//! cannot be built or run is reported as skipped, with the reason.

mod cluster;
mod guard;
mod memory;
mod records;
mod report;
mod startup;
mod versus;

use clap::Parser;

use report::Figure;

/// Measures one figure.
type Measure = fn(&'static str) -> Result<Figure, String>;

#[derive(Parser)]
#[command(about = "Measures the figures that have a goal")]
struct Arguments {
    /// Which figures; all by default.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(names()))]
    names: Vec<String>,
    /// Rounds of the figures measured against other clients; the first is not counted.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(2..))]
    rounds: u32,
    /// Records per run of these, instead of 5 million.
    #[arg(long)]
    records: Option<u64>,
}

fn names() -> Vec<&'static str> {
    let here = here().map(|(name, _)| name);
    here.chain(versus::codec_names()).chain(versus::NAMES).chain([versus::STREAM]).collect()
}

/// What is measured by this program itself.
fn here() -> impl Iterator<Item = (&'static str, Measure)> {
    let startup = startup::FIGURES.into_iter();
    startup
        .chain(cluster::FIGURES)
        .chain(records::FIGURES)
        .chain(guard::FIGURES)
        .chain(memory::FIGURES)
}

fn main() {
    let arguments = Arguments::parse();
    let wanted =
        |name: &str| arguments.names.is_empty() || arguments.names.iter().any(|n| n == name);
    let mut figures: Vec<Figure> = Vec::new();
    for (name, measure) in here() {
        if wanted(name) {
            let figure = measure(name).unwrap_or_else(|error| Figure::skipped(name, &error));
            figure.print();
            figures.push(figure);
        }
    }
    let codecs: Vec<&'static str> = versus::codec_names().filter(|name| wanted(name)).collect();
    for figure in versus::measure_codecs(&codecs) {
        figure.print();
        figures.push(figure);
    }
    let against: Vec<&'static str> =
        versus::NAMES.into_iter().filter(|name| wanted(name)).collect();
    for figure in versus::measure(&against, arguments.rounds, arguments.records) {
        figure.print();
        figures.push(figure);
    }
    if wanted(versus::STREAM) {
        let figure = versus::measure_stream(arguments.rounds, arguments.records);
        figure.print();
        figures.push(figure);
    }
    report::table(&figures);
}
