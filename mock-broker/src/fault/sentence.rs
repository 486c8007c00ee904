//! The sentence by which a rule is declared.

use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::ApiKey;

use super::rule::{Condition, Filter, Turns};
use super::{Corruption, Delay, Effect, Fault, Rule};
use crate::cluster::Cluster;

/// Takes a finished rule. [`Alone`] gives it back; a
/// [`MockCluster`](crate::MockCluster) puts it in force.
pub trait Declare: sealed::Sealed + Sized {
    /// What the sentence gives.
    type Declared;

    #[doc(hidden)]
    #[track_caller]
    fn declare(self, rule: Rule) -> Self::Declared;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// A sentence that gives a [`Rule`], without a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Alone(pub(super) ());

impl sealed::Sealed for Alone {}

impl Declare for Alone {
    type Declared = Rule;

    fn declare(self, rule: Rule) -> Rule {
        rule
    }
}

/// A rule that is being declared. Begun by [`MockCluster::on`](crate::MockCluster::on) or
/// [`Rule::on`]; ended by what is to happen.
///
/// Without any of the methods that narrow it down it meets every request of its API at every
/// broker, as long as the cluster lives.
#[derive(Clone, Debug)]
#[must_use = "a rule is declared once it says what happens"]
pub struct On<D> {
    place: D,
    filter: Filter,
    turns: Turns,
}

/// Which requests.
impl<D: Declare> On<D> {
    pub(crate) fn begin(place: D, key: Option<ApiKey>) -> Self {
        let filter = Filter { key, ..Filter::default() };
        Self { place, filter, turns: Turns::default() }
    }

    /// Only at this broker. Default: at all of them.
    pub fn broker(mut self, id: impl Into<BrokerId>) -> Self {
        self.filter.broker = Some(id.into());
        self
    }

    /// Only requests that name this topic, by its name or by its id, perhaps among others.
    /// An incremental fetch counts as naming all that its session holds, and a Metadata request
    /// for all topics as naming each. Default: whatever they name.
    ///
    /// An error that is answered is answered for this topic only, where the API answers topics one
    /// by one.
    pub fn topic(mut self, name: impl Into<String>) -> Self {
        self.filter.topic = Some(name.into());
        self
    }

    /// Only requests that name this partition, of the rule's topic if there is one. Requests that
    /// name topics without partitions are met too. Default: whatever they name.
    ///
    /// An error that is answered is answered for this partition only, where the API answers
    /// partitions one by one.
    pub fn partition(mut self, index: i32) -> Self {
        self.filter.partition = Some(index);
        self
    }

    /// Only requests of clients with this `client.id`. Default: of every client.
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.filter.client_id = Some(id.into());
        self
    }

    /// Only while `condition` holds, which `what` says in words for reports. It is looked at before
    /// each event of the cluster that could bring a request to its broker; it must depend on
    /// nothing but the cluster, or a run cannot be repeated. Default: always.
    ///
    /// ```
    /// # use milena_mock_broker::{ApiKey, ErrorCode, fault::Rule};
    /// let rule = Rule::on(ApiKey::Produce)
    ///     .only_while("the ISR is short", |cluster| {
    ///         cluster.partition("orders", 0).is_some_and(|partition| partition.isr.len() < 3)
    ///     })
    ///     .answer(ErrorCode::NOT_ENOUGH_REPLICAS);
    /// # let _ = rule;
    /// ```
    pub fn only_while(
        mut self,
        what: &str,
        condition: impl Fn(&Cluster) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.filter.condition = Some(Condition::new(what, condition));
        self
    }
}

/// How often.
impl<D: Declare> On<D> {
    /// Only the `number`th request that is met, counted from 1.
    pub fn nth(mut self, number: u64) -> Self {
        // The 0th is refused when the rule is declared.
        self.turns.skip = number.wrapping_sub(1);
        self.turns.times = Some(1);
        self
    }

    /// Only the first request that is met. Default: each.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Only the first `count` requests that are met, or those that [`after`](Self::after) leaves.
    /// Default: each.
    pub fn times(mut self, count: u64) -> Self {
        self.turns.times = Some(count);
        self
    }

    /// Lets `count` requests pass first. Default: none.
    pub fn after(mut self, count: u64) -> Self {
        self.turns.skip = count.min(u64::MAX - 1);
        self
    }

    /// Each with this probability, above 0 and at most 1, drawn from the rule's own stream of the
    /// seed. Only those that are harmed count as [`times`](Self::times). Default: 1.
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.turns.set_chance(probability);
        self
    }
}

/// What happens.
///
/// # Panics
/// A rule that cannot mean anything is a mistake of the test: on a running cluster each of these
/// panics then, with what is wrong with it. On the pure machine
/// [`Operation::Declare`](crate::cluster::Operation::Declare) refuses it.
impl<D: Declare> On<D> {
    /// Answers this error; nothing of what the rule is about is done.
    ///
    /// An API that answers topics or partitions one by one (Produce, Fetch, ListOffsets, Metadata,
    /// OffsetForLeaderEpoch, CreateTopics, DeleteTopics, CreatePartitions, DeleteRecords) answers
    /// the error for those that the rule is about, and handles the others.
    #[track_caller]
    pub fn answer(self, code: ErrorCode) -> D::Declared {
        self.end(Effect::Answer(code))
    }

    /// Closes the connection; nothing is done.
    #[track_caller]
    pub fn disconnect(self) -> D::Declared {
        self.end(Effect::Disconnect)
    }

    /// Neither handles nor answers the request; its connection is silent from then on.
    #[track_caller]
    pub fn ignore(self) -> D::Declared {
        self.end(Effect::Ignore)
    }

    /// Handles the request, and lets `fault` happen to the answer when it is ready.
    #[track_caller]
    pub fn apply_then(self, fault: Fault) -> D::Declared {
        self.end(Effect::ApplyThen(fault))
    }

    /// Handles the request, and loses the answer: [`Fault::Silence`].
    #[track_caller]
    pub fn drop_answer(self) -> D::Declared {
        self.apply_then(Fault::Silence)
    }

    /// Handles the request only after a while. Those behind it on its connection wait too.
    #[track_caller]
    pub fn delay_request(self, delay: impl Into<Delay>) -> D::Declared {
        self.end(Effect::DelayRequest(delay.into()))
    }

    /// Handles the request, and sends the answer only after a while.
    #[track_caller]
    pub fn delay_answer(self, delay: impl Into<Delay>) -> D::Declared {
        self.end(Effect::DelayAnswer(delay.into()))
    }

    /// Changes bytes of the request on its way. A batch in it fails its checksum, or the broker
    /// cannot read the request and closes the connection.
    #[track_caller]
    pub fn corrupt_request(self, corruption: Corruption) -> D::Declared {
        self.end(Effect::CorruptRequest(corruption))
    }

    /// Answers with `throttle_time_ms` (KIP-219): the answer comes at once, and nothing else is
    /// handled on its connection before the time is over. Whole milliseconds.
    #[track_caller]
    pub fn throttle(self, time: Duration) -> D::Declared {
        self.end(Effect::Throttle(time))
    }

    /// Handles the request with the metadata image that its broker has at the moment of this
    /// declaration, however old that is by then. A broker that was down has none and is left alone.
    #[track_caller]
    pub fn answer_from_stale_image(self) -> D::Declared {
        self.end(Effect::StaleImage)
    }

    #[track_caller]
    fn end(self, effect: Effect) -> D::Declared {
        self.place.declare(Rule { filter: self.filter, turns: self.turns, effect })
    }
}
