//! The cases against real brokers, one cluster per shape.

use std::collections::BTreeMap;
use std::time::Instant;

use indicatif::ProgressBar;
use milena_protocol_tests::conformance::{
    self, Apache, Case, Shape, Stored, Transcript, Trouble, Verdict,
};
use milena_protocol_tests::kafka::{KafkaError, Version};

use super::{Summary, progress, report, skip};

/// How the cases run.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// Keep what the brokers answer.
    pub(super) store: bool,
    /// Tell how long each case took.
    pub(super) times: bool,
    /// How often a case runs again, on new brokers, before a difference counts.
    pub(super) again: u32,
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
            let mut expected = attempt(&case, version, shape, &mut cluster, &bar);
            let mut judged = judge(version, &case, &expected);
            for _ in 0..how.again {
                let Some(why) = complaint(&judged) else { break };
                bar.suspend(|| eprintln!("{} ({version}) runs again: {why}", case.name));
                cluster = None;
                expected = attempt(&case, version, shape, &mut cluster, &bar);
                judged = judge(version, &case, &expected);
            }
            if let (true, Ok(seen)) = (how.store, &expected)
                && let Err(error) = Stored::of(version).write(seen)
            {
                bar.suspend(|| eprintln!("{}: cannot be stored: {error}", case.name));
            }
            bar.suspend(|| {
                match judged {
                    Ok(verdict) => report(version, &case, verdict, summary),
                    Err(failure) => skip(version, &case, &failure, summary),
                }
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

/// Runs a case against our cluster and compares; or says why there is nothing to compare with.
fn judge(
    version: Version,
    case: &Case,
    expected: &Result<Transcript, Failure>,
) -> Result<Verdict, String> {
    match expected {
        Ok(expected) => Ok(conformance::judge(case, version, expected)),
        Err(failure) => Err(failure.to_string()),
    }
}

/// What is not as it should be.
fn complaint(judged: &Result<Verdict, String>) -> Option<String> {
    match judged {
        Ok(verdict) if verdict.is_as_declared() => None,
        Ok(verdict) => Some(verdict.differences.iter().map(|it| format!("{it}; ")).collect()),
        Err(failure) => Some(failure.clone()),
    }
}

#[expect(clippy::disallowed_methods, reason = "tells how long real processes took")]
fn now() -> Instant {
    Instant::now()
}
