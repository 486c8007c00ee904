//! `--sabotage`: what is planted, and which case notices.

use std::process::ExitCode;

use milena_protocol_tests::conformance::sabotage::{Planted, agreeing, tampered_answers};
use milena_protocol_tests::kafka::Version;
use serde::Serialize;

/// The last line.
#[derive(Debug, Default, Serialize)]
struct Summary {
    cases: usize,
    planted: usize,
    caught: usize,
    missed: Vec<String>,
}

impl Summary {
    fn take_in(&mut self, planted: &Planted) {
        self.planted += 1;
        match planted.caught_by.as_slice() {
            [] => {
                eprintln!("{}: NOBODY NOTICED ({})", planted.name, planted.text);
                self.missed.push(planted.name.clone());
            }
            [first, rest @ ..] => {
                eprintln!("{}: {first} and {} more ({})", planted.name, rest.len(), planted.text);
                self.caught += 1;
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
        broken_rules(release, &agreeing, part, |planted| summary.take_in(planted));
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
