//! Faults that a test declares: what goes wrong with which requests.
//!
//! A rule is a sentence. It begins with the requests it is about, goes on with which of them, and
//! ends with what happens to those:
//!
//! ```
//! use milena_mock_broker::fault::{Fault, Rule};
//! use milena_mock_broker::{ApiKey, ErrorCode};
//!
//! // The second write to the topic is appended, and its producer never hears of it.
//! let lost = Rule::on(ApiKey::Produce).topic("orders").nth(2).apply_then(Fault::Disconnect);
//!
//! // Broker 1 says for a while that it leads nothing.
//! let moved = Rule::on(ApiKey::Fetch)
//!     .broker(1)
//!     .times(5)
//!     .answer(ErrorCode::NOT_LEADER_OR_FOLLOWER);
//! assert_eq!(
//!     moved.to_string(),
//!     "on Fetch at broker 1, 5 times: answer NOT_LEADER_OR_FOLLOWER instead"
//! );
//! # let _ = lost;
//! ```
//!
//! The same sentence begins with [`MockCluster::on`](crate::MockCluster::on) where there is a
//! running cluster, and is in force at once then. The pure machine takes a [`Rule`] with
//! [`Operation::Declare`](crate::cluster::Operation::Declare).
//!
//! Rules meet the requests of clients, as a broker takes them off a connection and in the order in
//! which it handles them. What brokers say to each other and to the controller is the network's:
//! see [`NetworkHandle`](crate::NetworkHandle). Where several rules meet one request, their delays
//! add up, and of those that decide what becomes of it the one that was declared first does.
//!
//! Whatever is drawn at random, a probability, a delay, a flipped byte, comes from a stream of the
//! seed that belongs to the rule alone: taking one rule out of a test changes nothing about the
//! others.

use std::fmt;

mod book;
mod corruption;
mod decide;
mod effect;
mod parts;
mod refusal;
mod report;
mod rule;
mod sentence;
mod targets;
mod throttle;

pub(crate) use book::{Met, RuleBook};
pub use corruption::Corruption;
pub(crate) use decide::{Fate, Verdict};
pub(crate) use effect::{Corrupt, Effect, Outcome};
pub use effect::{Delay, Fault};
pub(crate) use parts::{Rest, Scope, TakenOut, overwrite, put_together, take_out};
pub(crate) use refusal::refusal;
pub use report::{FaultReport, UnfiredFaults};
pub use rule::{InvalidRule, Rule};
pub(crate) use sentence::sealed;
pub use sentence::{Alone, Declare, On};
pub(crate) use targets::{Target, Targets};
pub(crate) use throttle::set_throttle;

pub use crate::network::{LinkFault, Probability};

/// Names a rule of one cluster: they are numbered from 0 in the order of their declaration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleId(pub u64);

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}", self.0)
    }
}
