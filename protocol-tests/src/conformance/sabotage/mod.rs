//! Shows that the suite notices: one answered field is changed, or one rule of our cluster is
//! broken, and a case has to turn red. The few rules that nobody sees from outside are shown by a
//! test of the machine itself.

mod answers;
#[cfg(feature = "sabotage")]
mod known;
#[cfg(feature = "sabotage")]
mod rules;

pub use answers::tampered_answers;
#[cfg(feature = "sabotage")]
pub use rules::{broken_rules, rules_broken_before_the_known};

use super::{Case, Simulated, Stored, Transcript, Trouble, cases, differences, normalise};
use crate::kafka::Version;

/// Something planted, and who noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// Its name.
    pub name: String,
    /// What it is, in a few words.
    pub text: String,
    /// Who noticed; nothing if nobody did.
    pub noticed_by: Vec<NoticedBy>,
}

/// What noticed something planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticedBy {
    /// A case that real brokers answered turned red.
    Case(&'static str),
    /// A test of the pure machine fails, for a rule that nobody sees from outside.
    MachineTest {
        /// Its name.
        name: &'static str,
        /// Why no case can show it.
        because: &'static str,
    },
}

/// A case that agrees as long as nothing is planted, with what Apache Kafka answered.
#[derive(Clone, Debug)]
pub struct Agreeing {
    case: Case,
    expected: Transcript,
    /// What our cluster answers, as it came.
    found: Transcript,
}

/// The cases that agree with what a release answered.
///
/// # Errors
/// If a stored answer cannot be read.
pub fn agreeing(release: Version) -> std::io::Result<Vec<Agreeing>> {
    let mut agreeing = Vec::new();
    for case in cases::all() {
        let Some(expected) = Stored::of(release).read(case.name)? else { continue };
        let cluster = Simulated::start_as(release, case.shape).map_err(|error| impossible(&error));
        let found = cluster.and_then(|mut cluster| super::run(&case, &mut cluster, release));
        let Ok(found) = found else { continue };
        if agrees(&expected, found.clone()) {
            agreeing.push(Agreeing { case, expected, found });
        }
    }
    Ok(agreeing)
}

fn impossible(error: &impl std::fmt::Display) -> Trouble {
    Trouble::Impossible { what: "start".to_owned(), reason: error.to_string() }
}

fn agrees(expected: &Transcript, mut found: Transcript) -> bool {
    normalise(&mut found);
    differences(expected, &found).0.is_empty()
}
