//! What the client knows of the cluster, and when and whom it asks.
//!
//! Owns: leader epochs that never go backwards (KIP-320), topic ids (KIP-516), leader hints
//! (KIP-951), which topics are kept fresh and for how long, the pace of refreshes (KIP-580), and
//! starting again from the bootstrap servers (KIP-899).
//!
//! A refresh is a round: one broker after the other is asked until one answers. A broker that
//! stays silent does not hold up the round: after a second the next one is asked beside it. When
//! every known broker has failed, the bootstrap servers follow in the same round.
//!
//! ```text
//! Idle --due--> Round --answer--> Idle
//!                 |  '--nobody left--> Idle, longer backoff
//!                 '--failure, silence--> Round with the next broker
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{BrokerId, TopicName};
use milena_protocol::messages::metadata_request::MetadataRequestTopic;
use milena_protocol::messages::{MetadataRequest, MetadataResponse};
use milena_protocol::time::MonoTime;

use super::backoff::Backoff;
use super::image::ClusterImage;
use crate::config::client::{MetadataRecovery, TopicCreation};

mod hints;
mod merge;

pub(crate) use hints::LeaderHint;
use merge::Seen;

/// How long a broker may stay silent before another one is asked beside it.
const HEDGE_AFTER: Duration = Duration::from_secs(1);

/// What the machine is told at birth.
#[derive(Clone, Debug)]
pub(crate) struct MetadataSettings {
    /// `metadata.max.age.ms`.
    pub(crate) max_age: Duration,
    /// `metadata.max.idle.ms`.
    pub(crate) max_idle: Duration,
    /// `retry.backoff.ms` to `retry.backoff.max.ms`.
    pub(crate) backoff: Backoff,
    /// `metadata.recovery.strategy`.
    pub(crate) recovery: MetadataRecovery,
    /// `allow.auto.create.topics`.
    pub(crate) creation: TopicCreation,
    /// How many bootstrap servers there are; they are numbered -1, -2 and so on, as in Java.
    pub(crate) bootstrap_servers: usize,
}

/// How a broker is connected at the moment, as far as choosing one is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NodeState {
    /// There is a connection.
    Ready,
    /// A connection is coming about.
    Connecting,
    /// There is none, and one may be opened.
    Idle,
    /// The last attempt failed a moment ago.
    Backoff,
}

/// A question to be sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ask {
    /// Whom.
    pub(crate) to: BrokerId,
    /// What.
    pub(crate) request: MetadataRequest,
}

#[derive(Clone, Copy, Debug)]
struct Wanted {
    last_used: MonoTime,
    answered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Need {
    Nothing,
    NewTopics,
    Everything,
}

#[derive(Debug)]
struct Round {
    scope: Need,
    topics: Vec<TopicName>,
    failed: BTreeSet<BrokerId>,
    open: BTreeSet<BrokerId>,
    next_hedge: MonoTime,
    /// The brokers were found wanting; only the bootstrap servers are asked.
    from_bootstrap: bool,
}

/// The machine.
#[derive(Debug)]
pub(crate) struct Metadata {
    settings: MetadataSettings,
    image: Arc<ClusterImage>,
    seen: BTreeMap<TopicName, Seen>,
    wanted: BTreeMap<TopicName, Wanted>,
    need: Need,
    round: Option<Round>,
    /// Brokers that were overtaken and have not answered since; they are asked last.
    silent: BTreeSet<BrokerId>,
    not_before: MonoTime,
    last_full: Option<MonoTime>,
    failures: u32,
    unchanged: u32,
}

/// The number of the bootstrap server at `index`.
pub(crate) fn bootstrap_id(index: usize) -> BrokerId {
    BrokerId(i32::try_from(index).map_or(i32::MIN, |index| -1 - index))
}

/// The place of a bootstrap server in the list, if `id` is the number of one.
pub(crate) fn bootstrap_index(id: BrokerId) -> Option<usize> {
    usize::try_from(-1 - i64::from(id.get())).ok()
}

impl Metadata {
    /// A client that knows nothing yet and wants to.
    pub(crate) fn new(settings: MetadataSettings) -> Self {
        Self {
            settings,
            image: Arc::default(),
            seen: BTreeMap::new(),
            wanted: BTreeMap::new(),
            need: Need::Everything,
            round: None,
            silent: BTreeSet::new(),
            not_before: MonoTime::ZERO,
            last_full: None,
            failures: 0,
            unchanged: 0,
        }
    }

    /// The newest image. Its generation tells whether it is another than before.
    pub(crate) fn image(&self) -> &Arc<ClusterImage> {
        &self.image
    }

    /// Somebody uses the topic. A topic not known yet is asked for at once.
    /// Tells whether something is to be asked that was not before.
    pub(crate) fn on_want(&mut self, now: MonoTime, topic: &TopicName) -> bool {
        if let Some(wanted) = self.wanted.get_mut(topic) {
            wanted.last_used = now;
            return false;
        }
        self.wanted.insert(topic.clone(), Wanted { last_used: now, answered: false });
        self.need = self.need.max(Need::NewTopics);
        if self.failures == 0 {
            self.not_before = MonoTime::ZERO;
            self.unchanged = 0;
        }
        true
    }

    /// Somebody has reason to believe that the image is out of date. Tells whether nobody had
    /// said so before.
    pub(crate) fn on_refresh(&mut self) -> bool {
        std::mem::replace(&mut self.need, Need::Everything) != Need::Everything
    }

    /// Whether a question should be sent now, and to whom. To be asked again until it says no.
    ///
    /// `random` breaks ties between brokers, and `state` tells how they are connected.
    pub(crate) fn poll_ask(
        &mut self,
        now: MonoTime,
        random: u64,
        state: impl Fn(BrokerId) -> NodeState,
    ) -> Option<Ask> {
        if self.round.is_none() {
            if now < self.due() {
                return None;
            }
            self.begin_round(now);
        }
        let round = self.round.as_ref()?;
        if !round.open.is_empty() && now < round.next_hedge {
            return None;
        }
        match self.choose(random, &state) {
            Some(to) => {
                let request = self.question();
                let round = self.round.as_mut()?;
                round.open.insert(to);
                round.next_hedge = now + HEDGE_AFTER;
                Some(Ask { to, request })
            }
            None => {
                let round = self.round.as_mut()?;
                if round.open.is_empty() {
                    self.end_round_in_failure(now, random);
                } else {
                    // Everybody was asked; what is open will be answered or time out.
                    round.next_hedge = MonoTime::FAR_FUTURE;
                }
                None
            }
        }
    }

    /// When [`Metadata::poll_ask`] may have something to ask.
    pub(crate) fn poll_timeout(&self) -> MonoTime {
        match &self.round {
            None => self.due(),
            Some(round) if round.open.is_empty() => MonoTime::ZERO,
            Some(round) => round.next_hedge,
        }
    }

    /// A broker answered.
    pub(crate) fn on_answer(
        &mut self,
        now: MonoTime,
        random: u64,
        from: BrokerId,
        answer: &MetadataResponse,
    ) {
        self.silent.remove(&from);
        if let Err(error) = ErrorCode(answer.error_code).check() {
            if error == ErrorCode::REBOOTSTRAP_REQUIRED {
                self.start_from_bootstrap();
            }
            return self.on_failure(from);
        }
        // A broker that is starting up knows no broker, not even itself.
        if answer.brokers.is_empty() {
            return self.on_failure(from);
        }
        let changed = self.merge(answer);
        let Some(round) = self.round.take_if(|round| round.open.contains(&from)) else {
            // The answer of a broker that was overtaken: merged all the same.
            return;
        };
        self.silent.extend(round.open.iter().filter(|broker| **broker != from));
        self.failures = 0;
        self.unchanged = if changed { 0 } else { self.unchanged.saturating_add(1) };
        for topic in &round.topics {
            if let Some(wanted) = self.wanted.get_mut(topic) {
                wanted.answered = true;
            }
        }
        if round.scope == Need::Everything {
            self.last_full = Some(now);
        }
        self.not_before = now + self.settings.backoff.after(self.unchanged.max(1), random);
        self.need = self.next_need();
        if self.wanted.values().any(|wanted| !wanted.answered) {
            self.not_before = now;
        }
    }

    /// A broker could not be asked or did not answer: the next one is asked at once.
    pub(crate) fn on_failure(&mut self, from: BrokerId) {
        self.silent.remove(&from);
        let Some(round) = &mut self.round else { return };
        if round.open.remove(&from) {
            round.failed.insert(from);
            round.next_hedge = MonoTime::ZERO;
        }
    }

    /// How many rounds in a row nobody answered.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// From now on, until one answers, only the bootstrap servers are asked (KIP-899, KIP-1102).
    pub(crate) fn start_from_bootstrap(&mut self) {
        self.need = Need::Everything;
        if let Some(round) = &mut self.round {
            round.from_bootstrap = true;
        }
    }

    fn due(&self) -> MonoTime {
        match (self.need, self.last_full) {
            (Need::Nothing, Some(last)) => self.not_before.max(last + self.settings.max_age),
            (Need::Nothing | Need::NewTopics | Need::Everything, _) => self.not_before,
        }
    }

    fn begin_round(&mut self, now: MonoTime) {
        let too_old = match self.last_full {
            Some(last) => now >= last + self.settings.max_age,
            None => true,
        };
        let scope = if too_old { Need::Everything } else { self.need };
        if scope == Need::Everything {
            self.forget_unused(now);
        }
        let topics = self.wanted.iter();
        let topics = topics
            .filter(|(_, wanted)| scope == Need::Everything || !wanted.answered)
            .map(|(name, _)| name.clone())
            .collect();
        self.need = Need::Nothing;
        self.round = Some(Round {
            scope,
            topics,
            failed: BTreeSet::new(),
            open: BTreeSet::new(),
            next_hedge: now,
            from_bootstrap: false,
        });
    }

    fn forget_unused(&mut self, now: MonoTime) {
        let idle = self.settings.max_idle;
        let before = self.wanted.len();
        self.wanted.retain(|_, wanted| now < wanted.last_used + idle);
        if self.wanted.len() < before {
            let wanted = &self.wanted;
            self.seen.retain(|name, _| wanted.contains_key(name));
        }
    }

    fn choose(&self, random: u64, state: &impl Fn(BrokerId) -> NodeState) -> Option<BrokerId> {
        let round = self.round.as_ref()?;
        let untried = |id: &BrokerId| !round.failed.contains(id) && !round.open.contains(id);
        let known: Vec<BrokerId> = self.image.brokers.keys().copied().collect();
        if !round.from_bootstrap {
            let audible = |id: &BrokerId| untried(id) && !self.silent.contains(id);
            let chosen = pick(&known, random, &audible, state)
                .or_else(|| pick(&known, random, &untried, state));
            if chosen.is_some() {
                return chosen;
            }
        }
        let allowed = match self.settings.recovery {
            MetadataRecovery::Rebootstrap => true,
            MetadataRecovery::None => known.is_empty(),
        };
        if !allowed {
            return None;
        }
        let bootstrap: Vec<_> = (0..self.settings.bootstrap_servers).map(bootstrap_id).collect();
        pick(&bootstrap, random, &untried, state)
    }

    fn question(&self) -> MetadataRequest {
        let topics = self.round.iter().flat_map(|round| &round.topics);
        let topics = topics
            .map(|name| MetadataRequestTopic::default().with_name(Some(name.to_wire())))
            .collect();
        MetadataRequest::default()
            .with_topics(Some(topics))
            .with_allow_auto_topic_creation(self.settings.creation == TopicCreation::Allowed)
    }

    fn end_round_in_failure(&mut self, now: MonoTime, random: u64) {
        self.round = None;
        self.failures = self.failures.saturating_add(1);
        self.need = Need::Everything;
        self.not_before = now + self.settings.backoff.after(self.failures, random);
    }

    /// What is still missing after an answer: topics asked for meanwhile, and whatever the
    /// cluster answered with an error that fresh metadata may cure.
    fn next_need(&self) -> Need {
        let stale = self.wanted.keys().filter_map(|name| self.image.topic(name)).any(|topic| {
            topic.error.is_some_and(ErrorCode::is_retriable)
                || topic.partitions.iter().any(|p| p.error.is_some_and(ErrorCode::is_retriable))
        });
        let new = self.wanted.values().any(|wanted| !wanted.answered);
        match (stale, new) {
            (true, _) => Need::Everything,
            (false, true) => self.need.max(Need::NewTopics),
            // What was new when it was noted has been answered meanwhile.
            (false, false) if self.need == Need::NewTopics => Need::Nothing,
            (false, false) => self.need,
        }
    }
}

/// The best connected of those that may be asked; among equals the lot decides.
fn pick(
    nodes: &[BrokerId],
    random: u64,
    untried: &impl Fn(&BrokerId) -> bool,
    state: &impl Fn(BrokerId) -> NodeState,
) -> Option<BrokerId> {
    let start = usize::try_from(random % (nodes.len().max(1) as u64)).unwrap_or(0);
    let rotated = nodes.iter().cycle().skip(start).take(nodes.len()).copied();
    rotated
        .filter(untried)
        .map(|id| (state(id), id))
        .filter(|(state, _)| *state != NodeState::Backoff)
        .min_by_key(|(state, _)| *state)
        .map(|(_, id)| id)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
