//! What became of the faults that a test declared.

use std::fmt;

use milena_protocol::time::MonoTime;

use super::RuleId;

/// One fault that was declared: a rule about requests, or something done to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultReport {
    /// What was declared, in words.
    pub what: String,
    /// Its number, if it is a rule about requests.
    pub rule: Option<RuleId>,
    /// When it was declared.
    pub declared: MonoTime,
    /// How many requests or messages it met, those that it let pass included.
    pub seen: u64,
    /// How many of them it was done to.
    pub fired: u64,
}

impl fmt::Display for FaultReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.declared.as_micros();
        write!(f, "{} (declared at {micros} us, met {}, done {})", self.what, self.seen, self.fired)
    }
}

/// Faults were declared that never happened: the test did not test what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct UnfiredFaults {
    faults: Vec<FaultReport>,
}

impl UnfiredFaults {
    /// Those of `reports` that never fired, if there are any.
    pub(crate) fn among(reports: Vec<FaultReport>) -> Option<Self> {
        let faults: Vec<_> = reports.into_iter().filter(|report| report.fired == 0).collect();
        (!faults.is_empty()).then_some(Self { faults })
    }

    /// Which.
    pub fn faults(&self) -> &[FaultReport] {
        &self.faults
    }
}

impl fmt::Display for UnfiredFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.faults.len();
        let were = if count == 1 { "fault was" } else { "faults were" };
        write!(f, "{count} {were} declared and never fired:")?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}
