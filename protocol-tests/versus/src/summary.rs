//! Medians and ratios.

use anyhow::Result;
use serde::Serialize;

use crate::clients::Client;
use crate::measure::Line;
use crate::workload::Workload;

/// What ratios are taken against.
const REFERENCE: Client = Client::RdkafkaCallback;

/// The median of one client's counted rounds, as printed.
#[derive(Clone, Debug, Serialize)]
struct Median {
    /// Tells this line from those of single runs.
    median_of: usize,
    client: &'static str,
    workload: &'static str,
    records: u64,
    wall_s: f64,
    cpu_ns_per_record: f64,
    mb_per_s: f64,
    p50_ack_ms: Option<f64>,
    p99_ack_ms: Option<f64>,
    peak_rss_mb: f64,
    /// CPU per record against librdkafka's callbacks.
    cpu_ratio: Option<f64>,
}

pub struct Summary {
    workload: Workload,
    lines: Vec<(Client, Vec<Line>)>,
}

impl Summary {
    pub fn new(workload: Workload) -> Self {
        Self { workload, lines: Vec::new() }
    }

    pub fn add(&mut self, client: Client, line: Line) {
        match self.lines.iter_mut().find(|(known, _)| *known == client) {
            Some((_, lines)) => lines.push(line),
            None => {
                self.lines.push((client, vec![line]));
                self.lines.sort_by_key(|(client, _)| *client);
            }
        }
    }

    pub fn print(&self) -> Result<()> {
        let reference = self
            .lines
            .iter()
            .find(|(client, _)| *client == REFERENCE)
            .and_then(|(_, lines)| median(lines, |line| Some(line.cpu_ns_per_record)));
        eprintln!(
            "\n{:<18} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7}",
            self.workload.name(),
            "ns/rec",
            "MB/s",
            "wall s",
            "p50 ms",
            "p99 ms",
            "RSS MB",
            "ratio"
        );
        for (client, lines) in &self.lines {
            let Some(median) = self.median(*client, lines, reference) else { continue };
            println!("{}", serde_json::to_string(&median)?);
            eprintln!("{}", row(&median));
        }
        eprintln!();
        Ok(())
    }

    fn median(&self, client: Client, lines: &[Line], reference: Option<f64>) -> Option<Median> {
        let cpu = median(lines, |line| Some(line.cpu_ns_per_record))?;
        Some(Median {
            median_of: lines.len(),
            client: client.name(),
            workload: self.workload.name(),
            records: lines.first()?.records,
            wall_s: median(lines, |line| Some(line.wall_s))?,
            cpu_ns_per_record: cpu,
            mb_per_s: median(lines, |line| Some(line.mb_per_s))?,
            p50_ack_ms: median(lines, |line| line.p50_ack_ms),
            p99_ack_ms: median(lines, |line| line.p99_ack_ms),
            peak_rss_mb: median(lines, |line| Some(line.peak_rss_mb))?,
            cpu_ratio: reference.map(|reference| cpu / reference),
        })
    }
}

fn row(median: &Median) -> String {
    let optional = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.2}"));
    format!(
        "{:<18} {:>9.0} {:>9.1} {:>9.2} {:>9} {:>9} {:>9.0} {:>7}",
        median.client,
        median.cpu_ns_per_record,
        median.mb_per_s,
        median.wall_s,
        optional(median.p50_ack_ms),
        optional(median.p99_ack_ms),
        median.peak_rss_mb,
        optional(median.cpu_ratio),
    )
}

/// The middle value; of an even number of values the mean of the two in the middle.
fn median(lines: &[Line], value: impl Fn(&Line) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = lines.iter().filter_map(value).collect();
    values.sort_by(f64::total_cmp);
    let (upper, lower) = (values.len() / 2, values.len().checked_sub(1)? / 2);
    Some(f64::midpoint(values[lower], values[upper]))
}
