//! A rule: which requests it meets, which of those it is done to, and what is done.

use std::fmt;
use std::sync::Arc;

use milena_protocol::ids::BrokerId;
use milena_protocol::messages::ApiKey;

use super::Effect;
use super::sentence::{Alone, On};
use crate::cluster::Cluster;

/// What goes wrong with which requests. Begun by [`Rule::on`] or [`Rule::on_any`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub(crate) filter: Filter,
    pub(crate) turns: Turns,
    pub(crate) effect: Effect,
}

/// Which requests a rule meets. What is not set meets all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) key: Option<ApiKey>,
    pub(crate) broker: Option<BrokerId>,
    pub(crate) topic: Option<String>,
    pub(crate) partition: Option<i32>,
    pub(crate) client_id: Option<String>,
    pub(crate) condition: Option<Condition>,
}

/// To which of the requests that it meets a rule is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turns {
    /// So many are let pass first.
    pub(crate) skip: u64,
    /// So many are harmed at most.
    pub(crate) times: Option<u64>,
    /// Bits of an `f64`, so that rules can be compared.
    chance: Option<u64>,
}

impl Turns {
    pub(super) fn set_chance(&mut self, probability: f64) {
        self.chance = Some(probability.to_bits());
    }

    pub(crate) fn chance(&self) -> Option<f64> {
        self.chance.map(f64::from_bits)
    }
}

type Predicate = dyn Fn(&Cluster) -> bool + Send + Sync;

/// While what holds a rule is in force, with the words for it.
#[derive(Clone)]
pub(crate) struct Condition {
    what: Arc<str>,
    holds: Arc<Predicate>,
}

impl Condition {
    pub(super) fn new(
        what: &str,
        holds: impl Fn(&Cluster) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { what: Arc::from(what), holds: Arc::new(holds) }
    }

    pub(crate) fn holds(&self, cluster: &Cluster) -> bool {
        (self.holds)(cluster)
    }
}

impl PartialEq for Condition {
    /// Two conditions are the same if they were made in the same place at the same time.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.what, &other.what)
    }
}

impl Eq for Condition {}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "while {}", self.what)
    }
}

/// A rule that cannot mean anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRule {
    /// Requests are counted from 1.
    #[error("there is no 0th request: they are counted from 1")]
    Zeroth,
    /// It would never be done.
    #[error("a rule that is done 0 times does nothing")]
    ZeroTimes,
    /// A probability has to be above 0 and at most 1.
    #[error("{0} is no probability above 0 and at most 1")]
    Probability(String),
    /// A delay ends before it begins.
    #[error("the longest delay is shorter than the shortest")]
    Delay,
    /// Nothing would be changed.
    #[error("a corruption of no bit changes nothing")]
    NoCorruption,
    /// NONE is not an error.
    #[error("NONE is not an error to answer")]
    NoError,
    /// There is no broker of this number.
    #[error("there is no broker {broker}")]
    NoSuchBroker {
        /// The number.
        broker: BrokerId,
    },
    /// The answers of this API have no place for an error.
    #[error("an answer to {key:?} has no place for an error")]
    NoPlaceForAnError {
        /// The API.
        key: ApiKey,
    },
}

impl Rule {
    /// Begins a rule about the requests of one API.
    pub fn on(key: ApiKey) -> On<Alone> {
        On::begin(Alone(()), Some(key))
    }

    /// Begins a rule about the requests of every API.
    pub fn on_any() -> On<Alone> {
        On::begin(Alone(()), None)
    }

    pub(crate) fn validate(&self) -> Result<(), InvalidRule> {
        if self.turns.skip == u64::MAX {
            return Err(InvalidRule::Zeroth);
        }
        if self.turns.times == Some(0) {
            return Err(InvalidRule::ZeroTimes);
        }
        if let Some(chance) = self.turns.chance()
            && !(chance > 0.0 && chance <= 1.0)
        {
            return Err(InvalidRule::Probability(chance.to_string()));
        }
        self.effect.validate(self.filter.key)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Filter { key, broker, topic, partition, client_id, condition } = &self.filter;
        match key {
            Some(key) => write!(f, "on {key:?}")?,
            None => f.write_str("on any request")?,
        }
        if let Some(broker) = broker {
            write!(f, " at broker {broker}")?;
        }
        match (topic, partition) {
            (Some(topic), Some(partition)) => write!(f, " of {topic}-{partition}")?,
            (Some(topic), None) => write!(f, " of topic {topic}")?,
            (None, Some(partition)) => write!(f, " of partition {partition}")?,
            (None, None) => {}
        }
        if let Some(client) = client_id {
            write!(f, " from client {client}")?;
        }
        if let Some(condition) = condition {
            write!(f, " {condition:?}")?;
        }
        let Turns { skip, times, .. } = self.turns;
        match (skip, times) {
            (0, None) => {}
            (0, Some(1)) => f.write_str(", once")?,
            (0, Some(times)) => write!(f, ", {times} times")?,
            (skip, Some(1)) => write!(f, ", at number {}", skip.saturating_add(1))?,
            (skip, Some(times)) => write!(f, ", {times} times after {skip}")?,
            (skip, None) => write!(f, ", after {skip}")?,
        }
        if let Some(chance) = self.turns.chance() {
            write!(f, ", with probability {chance}")?;
        }
        write!(f, ": {}", self.effect)
    }
}
