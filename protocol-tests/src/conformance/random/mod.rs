//! Random scenarios: the same seeded actions against Apache Kafka and against our cluster.
//!
//! A [`Plan`] is a list of values, so that it can be printed, and shortened while the two still
//! differ ([`shrink`]). After each action that changes something the side is given time to settle:
//! every live broker tells the same leaders and in-sync replicas, and every record that can be
//! committed is. What is asked then has one right answer.

mod act;
mod draw;
mod plan;
mod requests;
mod settle;
mod shrink;

pub use plan::{Action, Plan};
pub use shrink::shrink;

use serde_json::Value;

use super::normalise::normalise;
use super::{Difference, Outcome, Scenario, Shape, Simulated, Subject, Transcript, differences};
use crate::kafka::Version;

/// What came of a plan on one side: its answers up to where it ended, and why it ended early.
#[derive(Debug)]
pub struct Run {
    transcript: Transcript,
    trouble: Option<String>,
}

impl Run {
    /// Whether it could not be carried through to its end.
    pub fn is_broken_off(&self) -> bool {
        self.trouble.is_some()
    }
}

/// The first thing in which two runs differ, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstDifference {
    /// The action, by its place in the plan; behind the last one stands what is asked at the end.
    pub action: usize,
    /// The fields, or what kept a side from going on.
    pub what: Vec<String>,
}

/// Runs a plan. `name` is one no run before had on this subject: topics are named after it.
pub fn run(plan: &Plan, name: &str, subject: &mut dyn Subject, version: Version) -> Run {
    let mut scenario = Scenario::named(name, Shape::Three, subject, version);
    let outcome = act::carry_out(plan, &mut scenario);
    let mut transcript = scenario.finish();
    for step in &mut transcript.steps {
        count_from(plan.moment, &mut step.value);
    }
    normalise(&mut transcript);
    Run { transcript, trouble: outcome.err().map(|error| error.to_string()) }
}

/// Writes timestamps of records as the plan has them: as they are sent they are near to now, where
/// the normaliser takes them for a broker's clock.
fn count_from(moment: i64, value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|it| count_from(moment, it)),
        Value::Object(fields) => fields.values_mut().for_each(|it| count_from(moment, it)),
        Value::Number(number) => {
            let of_plan = number.as_i64().and_then(|number| number.checked_sub(moment));
            if let Some(of_plan) = of_plan.filter(|it| (0..Plan::TIMES).contains(it)) {
                *value = Value::from(of_plan);
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Runs a plan on a cluster of ours that is new.
///
/// # Errors
/// If the cluster cannot be started.
pub fn run_simulated(plan: &Plan, name: &str, version: Version) -> Outcome<Run> {
    let mut cluster = Simulated::start_at(version, Shape::Three, plan.moment).map_err(|error| {
        super::Trouble::Impossible { what: "start".to_owned(), reason: error.to_string() }
    })?;
    Ok(run(plan, name, &mut cluster, version))
}

/// Brings every broker of a subject back to life, whatever a broken-off run left behind.
///
/// # Errors
/// If it cannot be done: the subject is of no more use.
pub fn revive(subject: &mut dyn Subject, version: Version) -> Outcome {
    Scenario::named("revive", Shape::Three, subject, version).start_all()
}

/// How many fields agree, and the first action whose answers do not.
pub fn first_difference(expected: &Run, found: &Run) -> (usize, Option<FirstDifference>) {
    let (all, fields) = differences(&expected.transcript, &found.transcript);
    let troubled = |run: &Run| run.trouble.is_some();
    if all.is_empty() && !troubled(expected) && !troubled(found) {
        return (fields, None);
    }
    // A side that broke off lacks every answer behind: only what both have counts before that.
    let whole = all.iter().filter(|difference| !is_missing(difference, expected, found));
    let first = whole.clone().next().map(|difference| place_of(&difference.step));
    let broke = |run: &Run| run.trouble.as_ref().map(|_| run.transcript.steps.len());
    let end = [broke(expected), broke(found)].into_iter().flatten().min();
    let ended_at = end.map(|steps| {
        let longer = [expected, found].into_iter().max_by_key(|run| run.transcript.steps.len());
        let next = longer.and_then(|run| run.transcript.steps.get(steps));
        next.map_or(usize::MAX, |step| place_of(&step.name))
    });
    let action = first.into_iter().chain(ended_at).min().unwrap_or(usize::MAX);
    let mut what: Vec<String> = whole
        .filter(|difference| place_of(&difference.step) == action)
        .map(ToString::to_string)
        .collect();
    if Some(action) == ended_at {
        let told = |who: &str, run: &Run| {
            run.trouble.as_ref().map(|trouble| format!("{who} broke off: {trouble}"))
        };
        what.extend(told("Apache Kafka", expected));
        what.extend(told("our cluster", found));
    }
    (fields, Some(FirstDifference { action, what }))
}

/// Whether a difference is only that one side ended before.
fn is_missing(difference: &Difference, expected: &Run, found: &Run) -> bool {
    difference.field.is_empty()
        && ((difference.expected.is_none() && expected.trouble.is_some())
            || (difference.found.is_none() && found.trouble.is_some()))
}

/// Steps are named `12 fetch …` after the action they belong to.
fn place_of(step: &str) -> usize {
    step.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Step;
    use super::*;

    fn run_of(steps: &[(&str, i64)], trouble: Option<&str>) -> Run {
        let steps = steps.iter().map(|(name, value)| Step {
            name: (*name).to_owned(),
            message: String::new(),
            version: 0,
            value: json!({"offset": value}),
        });
        let transcript = Transcript { case: String::new(), steps: steps.collect() };
        Run { transcript, trouble: trouble.map(str::to_owned) }
    }

    #[test]
    fn the_first_action_that_differs_is_told_with_all_its_fields() {
        let expected = run_of(&[("0 a", 1), ("3 b", 2), ("3 c", 3), ("4 d", 4)], None);
        let found = run_of(&[("0 a", 1), ("3 b", 0), ("3 c", 0), ("4 d", 0)], None);
        let difference = first_difference(&expected, &found).1.expect("they differ");
        assert_eq!((difference.action, difference.what.len()), (3, 2));
    }

    #[test]
    fn a_side_that_broke_off_differs_where_it_ended() {
        let expected = run_of(&[("0 a", 1), ("3 b", 2)], None);
        let found = run_of(&[("0 a", 1)], Some("no leader"));
        let difference = first_difference(&expected, &found).1.expect("they differ");
        assert_eq!(difference.action, 3);
        assert_eq!(difference.what, ["our cluster broke off: no leader"]);
    }

    #[test]
    fn equal_runs_do_not_differ() {
        let run = || run_of(&[("0 a", 1)], None);
        assert_eq!(first_difference(&run(), &run()), (1, None));
    }

    #[test]
    fn timestamps_are_compared_as_the_plan_has_them() {
        let moment = 1_790_000_000_000_i64;
        let mut seen = json!([{"timestamp": moment + 7, "offset": 3, "none": -1},
                              {"timestamp": moment + 60_000}]);
        count_from(moment, &mut seen);
        assert_eq!(
            seen,
            json!([{"timestamp": 7, "offset": 3, "none": -1}, {"timestamp": moment + 60_000}])
        );
    }

    #[test]
    fn random_plans_run_on_our_cluster_to_their_end_and_twice_alike() {
        for seed in 0..12 {
            let plan = Plan::of_seed(seed);
            let run = || run_simulated(&plan, "twice", Version::V4_1_0).expect("it starts");
            let (first, second) = (run(), run());
            assert_eq!(first.trouble, None, "seed {seed}");
            assert_eq!(first_difference(&first, &second).1, None, "seed {seed}");
        }
    }
}
