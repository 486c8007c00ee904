//! The table at the end.

use std::fmt;
use std::time::Duration;

use super::consume::Found;
use super::produce::Sent;

/// How many failures are written out.
const TOLD_FAILURES: usize = 5;

pub(crate) struct Report {
    pub(crate) sent: Sent,
    pub(crate) found: Found,
    pub(crate) took: Duration,
}

impl Report {
    /// Whether every record is there once and in order.
    pub(crate) fn is_clean(&self) -> bool {
        let found = &self.found;
        self.sent.failures.is_empty()
            && self.sent.acknowledged_count() == self.sent.records as usize
            && found.consumed == self.sent.records
            && [found.lost, found.duplicated, found.reordered, found.misplaced] == [0; 4]
    }
}

fn rate(records: u32, took: Duration) -> String {
    format!("{:.0} records/s", f64::from(records) / took.as_secs_f64().max(1e-9))
}

fn millis(micros: u64) -> String {
    format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, found) = (&self.sent, &self.found);
        let mut row = |name: &str, value: String| writeln!(f, "  {name:<22} {value:>24}");
        row("sent", sent.records.to_string())?;
        row("acknowledged", sent.acknowledged_count().to_string())?;
        row("consumed", found.consumed.to_string())?;
        row("lost", found.lost.to_string())?;
        row("duplicated", found.duplicated.to_string())?;
        row("out of order", found.reordered.to_string())?;
        if found.misplaced > 0 {
            row("at a wrong place", found.misplaced.to_string())?;
        }
        row("produced", rate(sent.records, sent.took))?;
        row("consumed at", rate(found.consumed, found.took))?;
        row("acknowledgement p50", millis(sent.latency.value_at_quantile(0.50)))?;
        row("acknowledgement p99", millis(sent.latency.value_at_quantile(0.99)))?;
        let stall = millis(sent.latency.max());
        match &sent.killed {
            Some(_) => row("slowest, by failover", stall)?,
            None => row("slowest", stall)?,
        }
        row("in all", format!("{:.2} s", self.took.as_secs_f64()))?;
        for failure in sent.failures.iter().take(TOLD_FAILURES) {
            writeln!(f, "  {failure}")?;
        }
        if let Some(killed) = &sent.killed {
            writeln!(f, "  killed {killed}")?;
        }
        let verdict = if self.is_clean() { "every record once and in order" } else { "FAILED" };
        write!(f, "  {verdict}")
    }
}
