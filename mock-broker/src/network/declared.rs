//! What was done to links, one entry for each time that a test did something.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use milena_protocol::time::MonoTime;

use crate::cluster::Node;
use crate::fault::{Delay, FaultReport};

/// What never harmed anything is remembered up to this many.
const REMEMBERED: usize = 256;

/// Links that are named in a report; more are counted.
const NAMED: usize = 4;

/// What is done to one direction between two nodes. One link can suffer several at once; a second
/// one of the same kind takes the place of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkFault {
    /// Nothing passes. What is sent waits, as TCP repeats it, and arrives once the link heals,
    /// unless its receiver has died meanwhile.
    Cut,
    /// What is sent takes this long, in place of the configured latency. Nothing overtakes.
    Delay(Delay),
    /// Something is lost for good now and then, and the connection it was on breaks: both ends hear
    /// of it. A request that is lost was not handled, one whose answer is lost was.
    Loss(Probability),
    /// So many bytes pass in a second; what is sent queues.
    Bandwidth {
        /// How many. At least one.
        bytes_per_second: u64,
    },
    /// What is sent vanishes, and nobody hears of it: the other end has forgotten the connection.
    /// Once the link heals, connections on which something vanished are reset.
    HalfOpen,
}

/// A probability above 0 and at most 1.
///
/// ```
/// use milena_mock_broker::fault::Probability;
///
/// let one_in_a_hundred = Probability::from(0.01);
/// assert_eq!(one_in_a_hundred.get(), 0.01);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probability(u64);

impl From<f64> for Probability {
    fn from(probability: f64) -> Self {
        // The bits, so that what holds it can be compared.
        Self(probability.to_bits())
    }
}

impl Probability {
    /// As a number.
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }

    pub(crate) fn is_sound(self) -> bool {
        self.get() > 0.0 && self.get() <= 1.0
    }

    /// Of 2^53, how many draws are hits.
    pub(crate) fn threshold(self) -> u64 {
        // Exact for every number that a test writes down: a double has 53 bits.
        (self.get() * (1_u64 << 53) as f64) as u64
    }
}

impl LinkFault {
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Cut | Self::HalfOpen => true,
            Self::Delay(delay) => delay.is_sound(),
            Self::Loss(probability) => probability.is_sound(),
            Self::Bandwidth { bytes_per_second } => *bytes_per_second > 0,
        }
    }
}

impl fmt::Display for LinkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("cut"),
            Self::Delay(delay) => write!(f, "delayed by {delay}"),
            Self::Loss(probability) => write!(f, "lossy with probability {}", probability.get()),
            Self::Bandwidth { bytes_per_second } => write!(f, "of {bytes_per_second} bytes/s"),
            Self::HalfOpen => f.write_str("half open"),
        }
    }
}

#[derive(Debug)]
struct Declared {
    what: String,
    at: MonoTime,
    seen: u64,
    fired: u64,
}

impl Declared {
    fn report(&self) -> FaultReport {
        FaultReport {
            what: self.what.clone(),
            rule: None,
            declared: self.at,
            seen: self.seen,
            fired: self.fired,
        }
    }
}

/// All of them, by number.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    next: u64,
    in_force: BTreeMap<u64, Declared>,
    missed: Vec<FaultReport>,
}

impl Declarations {
    pub(super) fn declare(
        &mut self,
        now: MonoTime,
        links: &[(Node, Node)],
        fault: &LinkFault,
    ) -> u64 {
        let number = self.next;
        self.next += 1;
        let mut what = String::from("the way");
        for (place, (from, to)) in links.iter().take(NAMED).enumerate() {
            let comma = if place == 0 { "" } else { "," };
            what.push_str(&format!("{comma} from {from} to {to}"));
        }
        if links.len() > NAMED {
            what.push_str(&format!(" and {} more", links.len() - NAMED));
        }
        what.push_str(&format!(": {fault}"));
        self.in_force.insert(number, Declared { what, at: now, seen: 0, fired: 0 });
        number
    }

    /// Something met a fault and passed unharmed so far.
    pub(super) fn seen(&mut self, number: u64) {
        if let Some(declared) = self.in_force.get_mut(&number) {
            declared.seen += 1;
        }
    }

    /// Something was harmed.
    pub(super) fn fired(&mut self, number: u64) {
        if let Some(declared) = self.in_force.get_mut(&number) {
            declared.fired += 1;
            declared.seen = declared.seen.max(declared.fired);
        }
    }

    /// Forgets what is not in force any more, but for what never harmed anything.
    pub(super) fn forget_others(&mut self, in_force: &BTreeSet<u64>) {
        let over = self.in_force.extract_if(.., |number, _| !in_force.contains(number));
        for (_, declared) in over {
            if declared.fired == 0 && self.missed.len() < REMEMBERED {
                self.missed.push(declared.report());
            }
        }
    }

    pub(super) fn reports(&self) -> Vec<FaultReport> {
        let in_force = self.in_force.values().map(Declared::report);
        self.missed.iter().cloned().chain(in_force).collect()
    }
}
