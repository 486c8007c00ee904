//! What Apache Kafka answered once, held against what our cluster answers now.
//!
//! The answers are stored by `conform --against 4.1.0 --store`; the cases that may differ, with
//! their reasons, stand in `conformance/deviations.rs`.

use milena_protocol_tests::conformance::{DEVIATIONS, Stored, Verdict, cases, judge_stored};
use milena_protocol_tests::kafka::Version;

/// Holds every case of which a release's answers are stored, and gives the names of the others.
fn hold_against(release: Version) -> Vec<&'static str> {
    let mut unstored = Vec::new();
    let mut wrong = Vec::new();
    for case in cases::all() {
        match judge_stored(&case, release).expect("stored answers can be read") {
            None => unstored.push(case.name),
            Some(verdict) if verdict.is_as_declared() => {}
            Some(verdict) => wrong.push(in_words(case.name, &verdict)),
        }
    }
    assert!(wrong.is_empty(), "held against {release}:\n{}", wrong.join("\n"));
    unstored
}

fn in_words(case: &str, verdict: &Verdict) -> String {
    match verdict.declared {
        Some(declared) if verdict.agrees() => {
            format!("{case} agrees: take it off the list of deviations ({})", declared.reason)
        }
        _ => {
            let undeclared: Vec<_> = verdict.undeclared().collect();
            format!("{case} differs:\n    {}", undeclared.join("\n    "))
        }
    }
}

#[test]
fn every_case_agrees_with_4_1_0_or_is_declared_to_differ() {
    assert_eq!(hold_against(Version::V4_1_0), Vec::<&str>::new(), "not stored");
}

#[test]
fn every_case_agrees_with_3_9_1_or_is_declared_to_differ() {
    assert_eq!(hold_against(Version::V3_9_1), Vec::<&str>::new(), "not stored");
}

#[test]
fn every_deviation_names_a_case_once_and_a_reason() {
    let cases = cases::all();
    let mut seen = Vec::new();
    for entry in DEVIATIONS {
        assert!(cases.iter().any(|case| case.name == entry.case), "no case {}", entry.case);
        assert!(!entry.reason.is_empty(), "{}", entry.case);
        for release in entry.releases {
            assert!(!seen.contains(&(entry.case, *release)), "{} {release}", entry.case);
            seen.push((entry.case, *release));
        }
    }
}

#[test]
fn every_stored_answer_belongs_to_a_case() {
    let cases = cases::all();
    for release in [Version::V3_9_1, Version::V4_1_0] {
        let stored = Stored::of(release).cases().expect("the directory can be read");
        for name in stored {
            assert!(cases.iter().any(|case| case.name == name), "{release}: no case {name}");
        }
    }
}
