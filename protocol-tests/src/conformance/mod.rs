//! Holds the simulated cluster against Apache Kafka: the same scenario against both, the same
//! answers.
//!
//! A [`Case`] is a scenario written once, in raw requests and in what an operator does. It runs
//! against a [`Subject`]: real processes of Apache Kafka, or our cluster in virtual time. What it
//! asked to be recorded becomes a [`Transcript`]; two transcripts of a case are compared field by
//! field after [`normalise`] took out what cannot agree, such as the ids of topics. What the real
//! brokers answered is stored, so that the suite also runs without Java.

pub mod cases;
mod compare;
mod deviations;
mod dissect;
mod normalise;
pub mod random;
mod release;
pub mod sabotage;
mod scenario;
mod stored;
mod subject;
mod table;
mod transcript;
mod verdict;

pub use compare::{Difference, differences};
pub use deviations::{DEVIATIONS, Deviation, deviation};
pub use normalise::normalise;
pub use scenario::{Pending, Scenario};
pub use stored::Stored;
pub use subject::{Apache, Received, Simulated, Subject};
pub use table::table;
pub use transcript::{Step, Transcript};
pub use verdict::{Verdict, judge, judge_stored};

use crate::kafka::Version;

/// The id of a controller that is a process of its own.
pub const CONTROLLER: i32 = crate::kafka::CONTROLLER.cast_signed();

/// Why a case could not be carried through: not a difference, but nothing to compare.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// The subject cannot be steered.
    #[error(transparent)]
    Kafka(#[from] crate::kafka::KafkaError),
    /// A connection failed where none was to fail.
    #[error("broker {broker}: {what}")]
    Connection {
        /// The broker.
        broker: i32,
        /// What happened.
        what: String,
    },
    /// A request cannot be written in its version.
    #[error(transparent)]
    Encode(#[from] milena_protocol::request::EncodeError),
    /// An answer cannot be read.
    #[error("the answer to {step:?} cannot be read: {reason}")]
    Unreadable {
        /// The step.
        step: String,
        /// Why.
        reason: String,
    },
    /// The subject cannot do this.
    #[error("this subject cannot {what}: {reason}")]
    Impossible {
        /// What was asked of it.
        what: String,
        /// Why.
        reason: String,
    },
    /// Our cluster never comes to rest.
    #[error(
        "our cluster does not come to rest: {events} events of its own in {steps} steps, and only \
         {passed:?} passed"
    )]
    Endless {
        /// Messages that arrived, and timers that were due.
        events: u64,
        /// How often it was stepped.
        steps: u64,
        /// How much of its time passed.
        passed: std::time::Duration,
    },
    /// A state did not come about.
    #[error("{what} did not come about within {waited:?}; last seen: {seen}")]
    NeverCame {
        /// What was waited for.
        what: String,
        /// How long.
        waited: std::time::Duration,
        /// What was seen instead.
        seen: String,
    },
}

/// What a case is told when it fails.
pub type Outcome<T = ()> = Result<T, Trouble>;

/// The cluster a case needs. Cases of one shape share the real brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// One broker.
    One,
    /// Three brokers with a controller in each of them.
    Three,
    /// Three brokers and a controller of its own ([`CONTROLLER`]): more than one broker may be dead,
    /// or the controller, and ways between nodes may be cut.
    Apart,
    /// The same with `auto.leader.rebalance.enable`, which the others go without.
    Balanced,
    /// As [`Shape::Apart`], each broker in a rack of its own (`rack-1` to `rack-3`), with a selector of
    /// read replicas that looks at racks (KIP-392).
    Racks,
    /// One broker with narrow limits ([`Shape::properties`]).
    Narrow,
    /// Three brokers with two log directories each, and with retention and compaction at work all the
    /// time, which the others never see.
    Storage,
}

impl Shape {
    /// How many brokers; their ids are 1 to this.
    pub const fn brokers(self) -> i32 {
        match self {
            Self::One | Self::Narrow => 1,
            Self::Three | Self::Apart | Self::Balanced | Self::Storage | Self::Racks => 3,
        }
    }

    /// The rack of a broker, if the brokers are in racks.
    pub fn rack(self, broker: i32) -> Option<String> {
        (self == Self::Racks).then(|| format!("rack-{broker}"))
    }

    /// What its brokers are told besides what every broker of the suite is told.
    pub const fn properties(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::One
            | Self::Three
            | Self::Apart
            | Self::Balanced
            | Self::Storage
            | Self::Racks => &[],
            Self::Narrow => &[
                ("auto.create.topics.enable", "false"),
                ("connections.max.idle.ms", "4000"),
                // Fewer than the shards that share them.
                ("max.incremental.fetch.session.cache.slots", "7"),
                ("message.max.bytes", "500"),
                ("num.partitions", "3"),
                ("socket.request.max.bytes", "65536"),
            ],
        }
    }
}

/// A scenario, and what it shows.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name: a sentence in snake case. Topics of the case are named after it.
    pub name: &'static str,
    /// The rule it shows: a KIP, or a class of Apache Kafka.
    pub shows: &'static str,
    /// The cluster it needs.
    pub shape: Shape,
    /// The scenario.
    pub run: fn(&mut Scenario<'_>) -> Outcome,
}

/// Runs a case against a subject.
///
/// # Errors
/// If the scenario could not be carried through.
pub fn run(case: &Case, subject: &mut dyn Subject, version: Version) -> Outcome<Transcript> {
    let mut scenario = Scenario::new(case, subject, version);
    let outcome = (case.run)(&mut scenario);
    let transcript = scenario.finish();
    outcome.map(|()| transcript)
}
