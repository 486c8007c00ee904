//! `--sabotage`: what is planted, and which case notices.

use std::process::ExitCode;

use milena_protocol_tests::conformance::sabotage::{
    NoticedBy, Planted, agreeing, tampered_answers,
};
use milena_protocol_tests::kafka::Version;
use serde::Serialize;

/// The last line.
#[derive(Debug, Default, Serialize)]
struct Summary {
    cases: usize,
    planted: usize,
    caught: usize,
    /// Of these, by a case that real brokers answered.
    by_cases: usize,
    /// Of these, by a test of the machine, because nobody sees the rule from outside.
    by_machine_tests: usize,
    missed: Vec<String>,
}

impl Summary {
    fn take_in(&mut self, planted: &Planted) {
        self.planted += 1;
        let Planted { name, text, noticed_by } = planted;
        let (first, more) = match noticed_by.as_slice() {
            [] => {
                eprintln!("{name}: NOBODY NOTICED ({text})");
                self.missed.push(name.clone());
                return;
            }
            [first] => (first, String::new()),
            [first, rest @ ..] => (first, format!(" and {} more", rest.len())),
        };
        self.caught += 1;
        match first {
            NoticedBy::Case(case) => {
                eprintln!("{name}: {case}{more} ({text})");
                self.by_cases += 1;
            }
            NoticedBy::MachineTest { name: test, because } => {
                eprintln!("{name}: on the machine alone, {test} ({text}); {because}");
                self.by_machine_tests += 1;
            }
        }
    }
}

/// Plants everything (`all`) or the rules whose names contain `what`.
pub(super) fn run(release: Version, what: &str) -> ExitCode {
    let agreeing = match agreeing(release) {
        Ok(agreeing) => agreeing,
        Err(error) => {
            eprintln!("stored answers cannot be read: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut summary = Summary { cases: agreeing.len(), ..Summary::default() };
    if what == "all" {
        tampered_answers(&agreeing).iter().for_each(|planted| summary.take_in(planted));
    }
    #[cfg(feature = "sabotage")]
    {
        use milena_protocol_tests::conformance::sabotage::broken_rules;
        let part = if what == "all" { "" } else { what };
        let told = broken_rules(release, &agreeing, part, |planted| summary.take_in(planted));
        if let Err(error) = told {
            eprintln!("stored answers cannot be read: {error}");
            return ExitCode::FAILURE;
        }
    }
    #[cfg(not(feature = "sabotage"))]
    {
        eprintln!("the rules can only be broken in a build with --features sabotage");
        summary.missed.push("every rule".to_owned());
    }
    match serde_json::to_string(&summary) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("the summary cannot be written: {error}"),
    }
    if summary.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
