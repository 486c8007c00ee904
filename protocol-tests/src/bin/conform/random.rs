//! `--random`: seeded plans against real brokers and our cluster.

use std::ops::Range;
use std::time::Instant;

use indicatif::ProgressBar;
use milena_protocol_tests::conformance::random::{
    self, FirstDifference, Plan, first_difference, shrink,
};
use milena_protocol_tests::conformance::{Apache, Outcome, Shape};
use milena_protocol_tests::kafka::Version;
use serde::Serialize;

/// How many shorter plans are tried for a seed that differs.
const ATTEMPTS: usize = 60;

/// The same where a broker dies and comes back each time, which takes a quarter of a minute.
const ATTEMPTS_WITH_CRASHES: usize = 20;

/// The last line.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    seeds: usize,
    agreed: usize,
    differing: Vec<u64>,
    /// Seeds with a kill -9 and a restart.
    crashes: usize,
    skipped: usize,
    fields_compared: usize,
    seconds: u64,
}

impl Summary {
    pub(super) fn is_clean(&self) -> bool {
        self.differing.is_empty() && self.skipped == 0
    }
}

/// Parses `A..B`.
pub(super) fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parsed =
        text.split_once("..").and_then(|(first, end)| Some(first.parse().ok()?..end.parse().ok()?));
    parsed.ok_or_else(|| format!("{text:?} is not of the form FIRST..END"))
}

struct Real {
    version: Version,
    /// `None` until it is needed, and after it was of no more use.
    apache: Option<Apache>,
    runs: u64,
}

impl Real {
    /// What differs for a plan, and how many fields agree.
    fn compare(&mut self, plan: &Plan) -> Outcome<(usize, Option<FirstDifference>)> {
        self.runs += 1;
        let name = format!("random-{}-{}", plan.seed, self.runs);
        let apache = match &mut self.apache {
            Some(apache) => apache,
            None => self.apache.insert(Apache::start(self.version, Shape::Three)?),
        };
        let expected = random::run(plan, &name, apache, self.version);
        if expected.is_broken_off() && random::revive(apache, self.version).is_err() {
            self.apache = None;
        }
        let found = random::run_simulated(plan, &name, self.version)?;
        Ok(first_difference(&expected, &found))
    }
}

/// Runs every seed, and shortens the plans that differ.
pub(super) fn run(version: Version, seeds: Range<u64>, bar: &ProgressBar) -> Summary {
    let mut summary = Summary::default();
    let (moment, began) = (now(), begin());
    let mut real = Real { version, apache: None, runs: 0 };
    for seed in seeds {
        bar.set_message(format!("seed {seed}"));
        let plan = Plan { moment, ..Plan::of_seed(seed) };
        summary.seeds += 1;
        summary.crashes += usize::from(plan.has_a_crash());
        match real.compare(&plan) {
            Ok((fields, None)) => {
                summary.fields_compared += fields;
                summary.agreed += 1;
            }
            Ok((fields, Some(difference))) => {
                summary.fields_compared += fields;
                summary.differing.push(seed);
                bar.suspend(|| report(&mut real, &plan, difference));
            }
            Err(error) => {
                summary.skipped += 1;
                bar.suspend(|| eprintln!("seed {seed}: {error}"));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    summary.seconds = began.elapsed().as_secs();
    summary
}

#[expect(clippy::disallowed_methods, reason = "real brokers live on real time")]
fn begin() -> Instant {
    Instant::now()
}

/// The time of day, in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "real brokers live on real time")]
fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

fn report(real: &mut Real, plan: &Plan, difference: FirstDifference) {
    eprintln!("seed {} differs:", plan.seed);
    show(&difference);
    let mut last = difference;
    // Nothing behind the first difference can matter to it.
    let mut plan = plan.clone();
    plan.actions.truncate(last.action.saturating_add(1));
    let most = if plan.has_a_crash() { ATTEMPTS_WITH_CRASHES } else { ATTEMPTS };
    let short = shrink(&plan, most, |plan| match real.compare(plan) {
        Ok((_, Some(difference))) => {
            last = difference;
            true
        }
        _ => false,
    });
    eprintln!("  at its shortest:\n{short}  differs:");
    show(&last);
}

fn show(difference: &FirstDifference) {
    for line in &difference.what {
        eprintln!("    {line}");
    }
}
