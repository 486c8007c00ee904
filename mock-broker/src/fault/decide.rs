//! What becomes of a request that rules meet.

use std::time::Duration;

use super::refusal::has_place;
use super::{Corrupt, Effect, Fault, Met, Outcome, RuleBook, RuleId, Scope};

/// What rules do to one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) request_delay: Duration,
    pub(crate) answer_delay: Duration,
    pub(crate) throttle: Duration,
    pub(crate) corrupt_request: Option<Corrupt>,
    pub(crate) stale_image: Option<RuleId>,
    pub(crate) fate: Option<Fate>,
    /// The rules that fired.
    pub(crate) fired: Vec<RuleId>,
}

/// What one rule decides about a request.
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    pub(crate) outcome: Outcome,
    pub(crate) scope: Scope,
}

impl Verdict {
    /// Whether another effect of this kind can be added.
    fn has_room_for(&self, effect: &Effect) -> bool {
        match effect {
            Effect::DelayRequest(_) | Effect::DelayAnswer(_) | Effect::Throttle(_) => true,
            Effect::CorruptRequest(_) => self.corrupt_request.is_none(),
            Effect::StaleImage => self.stale_image.is_none(),
            Effect::Answer(_) | Effect::Disconnect | Effect::Ignore | Effect::ApplyThen(_) => {
                self.fate.is_none()
            }
        }
    }
}

impl RuleBook {
    /// Lets every rule that meets a request take its turn, in the order of their declaration.
    pub(crate) fn decide(&mut self, met: &Met<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        for (id, standing) in &mut self.rules {
            if !standing.meets(met) {
                continue;
            }
            let effect = standing.rule.effect.clone();
            let is_possible = match &effect {
                Effect::StaleImage => standing.has_image_of(met.broker),
                Effect::Answer(_) | Effect::ApplyThen(Fault::Answer(_)) => has_place(met.key),
                _ => true,
            };
            if !is_possible || !standing.takes_its_turn() || !verdict.has_room_for(&effect) {
                continue;
            }
            standing.fired += 1;
            verdict.fired.push(*id);
            let filter = &standing.rule.filter;
            let scope = Scope::new(filter.topic.as_deref(), filter.partition, met.targets);
            let decide = |outcome| verdict.fate = Some(Fate { outcome, scope });
            match effect {
                Effect::Answer(code) => decide(Outcome::Answer(code)),
                Effect::Disconnect => decide(Outcome::Disconnect),
                Effect::Ignore => decide(Outcome::Ignore),
                Effect::ApplyThen(fault) => {
                    decide(Outcome::ApplyThen(fault, standing.draw()));
                }
                Effect::DelayRequest(delay) => verdict.request_delay += delay.pick(standing.draw()),
                Effect::DelayAnswer(delay) => verdict.answer_delay += delay.pick(standing.draw()),
                Effect::Throttle(time) => verdict.throttle = verdict.throttle.max(time),
                Effect::StaleImage => verdict.stale_image = Some(*id),
                Effect::CorruptRequest(corruption) => {
                    verdict.corrupt_request = Some(Corrupt { corruption, drawn: standing.draw() });
                }
            }
        }
        verdict
    }
}
