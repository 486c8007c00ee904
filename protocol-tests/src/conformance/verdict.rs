//! A case's outcome: what a release answered, held against what our cluster answers.

use super::deviations::{self, Deviation};
use super::{Case, Difference, Simulated, Stored, Transcript, differences, normalise, run};
use crate::kafka::Version;

/// What came of one case in one release.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// In what the two differ, in words; nothing if they agree.
    pub differences: Vec<String>,
    /// How many fields were compared.
    pub fields: usize,
    /// The release it was held against.
    pub release: Version,
    /// The deviation that is declared for the case.
    pub declared: Option<&'static Deviation>,
}

impl Verdict {
    /// Whether every field agrees.
    pub fn agrees(&self) -> bool {
        self.differences.is_empty()
    }

    /// Whether what was found is what is said of the case: it agrees, or differs where it is declared
    /// to.
    pub fn is_as_declared(&self) -> bool {
        self.agrees() == self.declared.is_none() && self.undeclared().next().is_none()
    }

    /// In what the two differ that nobody declared.
    pub fn undeclared(&self) -> impl Iterator<Item = &str> {
        let differences = self.differences.iter().map(String::as_str);
        differences.filter(|difference| {
            !self.declared.is_some_and(|declared| declared.covers(self.release, difference))
        })
    }
}

/// Runs a case against our cluster and compares with what a release answered.
pub fn judge(case: &Case, release: Version, expected: &Transcript) -> Verdict {
    let declared = deviations::deviation(case.name, release);
    match simulated(case, release) {
        Ok(found) => {
            let (differences, fields) = differences(expected, &found);
            let differences = differences.iter().map(Difference::to_string).collect();
            Verdict { differences, fields, release, declared }
        }
        Err(trouble) => Verdict { differences: vec![trouble], fields: 0, release, declared },
    }
}

/// The verdict on what is stored of a release; `None` if it was never asked.
///
/// # Errors
/// If the stored file cannot be read.
pub fn judge_stored(case: &Case, release: Version) -> std::io::Result<Option<Verdict>> {
    let expected = Stored::of(release).read(case.name)?;
    Ok(expected.map(|expected| judge(case, release, &expected)))
}

/// What our cluster answers; an error in words if the scenario could not be carried through.
fn simulated(case: &Case, release: Version) -> Result<Transcript, String> {
    let mut cluster =
        Simulated::start_as(release, case.shape).map_err(|error| error.to_string())?;
    let mut seen =
        run(case, &mut cluster, release).map_err(|error| format!("our cluster: {error}"))?;
    normalise(&mut seen);
    Ok(seen)
}
