//! The cases against real brokers, one cluster per shape.

use std::collections::BTreeMap;
use std::time::Instant;

use indicatif::ProgressBar;
use milena_protocol_tests::conformance::{self, Apache, Case, Shape, Stored, Transcript, Trouble};
use milena_protocol_tests::kafka::{KafkaError, Version};

use super::{Summary, progress, report, skip};

/// How the cases run.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// Keep what the brokers answer.
    pub(super) store: bool,
    /// Tell how long each case took.
    pub(super) times: bool,
}

/// Runs the cases and adds what comes of them to the summary.
pub(super) fn run(version: Version, cases: &[Case], how: How, summary: &mut Summary) {
    let mut shapes: BTreeMap<Shape, Vec<Case>> = BTreeMap::new();
    for case in cases {
        shapes.entry(case.shape).or_default().push(*case);
    }
    let bar = progress(cases.len());
    for (shape, cases) in shapes {
        let mut cluster = None;
        for case in cases {
            let since = now();
            bar.set_message(case.name);
            let expected = attempt(&case, version, shape, &mut cluster, &bar);
            if let (true, Ok(seen)) = (how.store, &expected)
                && let Err(error) = Stored::of(version).write(seen)
            {
                bar.suspend(|| eprintln!("{}: cannot be stored: {error}", case.name));
            }
            bar.suspend(|| {
                judge(version, &case, expected, summary);
                if how.times {
                    eprintln!("{:?} {}: {:.1} s", shape, case.name, since.elapsed().as_secs_f64());
                }
            });
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
}

/// Why there is nothing to compare with.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("Apache Kafka does not start: {0}")]
    Start(#[from] KafkaError),
    #[error("Apache Kafka: {0}")]
    Case(#[from] Trouble),
}

/// What the brokers answer. A cluster in which a case could not be carried through is not used for
/// the next: who knows what is dead there.
fn attempt(
    case: &Case,
    version: Version,
    shape: Shape,
    cluster: &mut Option<Apache>,
    bar: &ProgressBar,
) -> Result<Transcript, Failure> {
    let mut apache = match cluster.take() {
        Some(apache) => apache,
        None => {
            bar.set_message(format!("Apache Kafka {version} starts"));
            Apache::start(version, shape)?
        }
    };
    let mut seen = conformance::run(case, &mut apache, version)?;
    *cluster = Some(apache);
    conformance::normalise(&mut seen);
    Ok(seen)
}

/// Runs a case against our cluster and compares.
fn judge(
    version: Version,
    case: &Case,
    expected: Result<Transcript, Failure>,
    summary: &mut Summary,
) {
    match expected {
        Ok(expected) => {
            report(version, case, conformance::judge(case, version, &expected), summary);
        }
        Err(failure) => skip(version, case, &failure.to_string(), summary),
    }
}

#[expect(clippy::disallowed_methods, reason = "tells how long real processes took")]
fn now() -> Instant {
    Instant::now()
}
