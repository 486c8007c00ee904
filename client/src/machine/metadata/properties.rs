//! Invariants of the metadata under arbitrary histories.

use std::collections::BTreeMap;

use milena_protocol::ids::{LeaderEpoch, PartitionIndex, TopicId};
use proptest::prelude::*;

use super::tests::{NO_JITTER, at, cluster, id, name, settings, topic, unknown};
use super::*;

#[derive(Clone, Debug)]
enum Event {
    /// A broker answers, from an image of whatever age.
    Answer { id: u128, leaders: Vec<(i32, i32)> },
    /// A broker that does not know the topic answers.
    Unknown,
    /// A produce or fetch answer names a leader.
    Hint { id: u128, partition: i32, leader: i32, epoch: i32 },
    /// The broker asked cannot be reached.
    Failure,
}

fn event() -> impl Strategy<Value = Event> {
    let leader = (-1..4_i32, -1..6_i32);
    prop_oneof![
        4 => (1..4_u128, prop::collection::vec(leader, 1..4))
            .prop_map(|(id, leaders)| Event::Answer { id, leaders }),
        1 => Just(Event::Unknown),
        2 => (0..4_u128, 0..4_i32, -1..4_i32, -1..8_i32)
            .prop_map(|(id, partition, leader, epoch)| Event::Hint { id, partition, leader, epoch }),
        1 => Just(Event::Failure),
    ]
}

fn carry_out(machine: &mut Metadata, now: u64, event: &Event) {
    let answer = match event {
        Event::Answer { id: number, leaders } => {
            cluster(3).with_topics(vec![topic("orders", id(*number), leaders)])
        }
        Event::Unknown => cluster(3).with_topics(vec![unknown("orders")]),
        Event::Hint { id: number, partition, leader, epoch } => {
            machine.on_hints(&[LeaderHint {
                topic: name("orders"),
                topic_id: id(*number),
                partition: PartitionIndex(*partition),
                leader: BrokerId(*leader),
                epoch: LeaderEpoch(*epoch),
                endpoint: None,
            }]);
            return;
        }
        Event::Failure => {
            machine.on_refresh();
            if let Some(ask) = machine.poll_ask(at(now), NO_JITTER, |_| NodeState::Ready) {
                machine.on_failure(ask.to);
            }
            return;
        }
    };
    machine.on_refresh();
    let asked = machine.poll_ask(at(now), NO_JITTER, |_| NodeState::Ready);
    let from = asked.map_or(BrokerId(1), |ask| ask.to);
    machine.on_answer(at(now), NO_JITTER, from, &answer);
}

proptest! {
    #[test]
    fn known_epochs_never_fall_and_old_incarnations_never_return(
        events in prop::collection::vec(event(), 1..60),
    ) {
        let mut machine = Metadata::new(settings());
        machine.on_want(at(0), &name("orders"));
        let mut ids: Vec<TopicId> = Vec::new();
        let mut highest: BTreeMap<i32, LeaderEpoch> = BTreeMap::new();
        let mut generation = 0;
        for (step, event) in events.iter().enumerate() {
            carry_out(&mut machine, 2_000 * step as u64, event);
            let image = machine.image().clone();
            prop_assert!(image.generation >= generation);
            generation = image.generation;
            let Some(topic) = image.topic("orders") else { continue };
            if !topic.id.is_zero() && ids.last() != Some(&topic.id) {
                prop_assert!(!ids.contains(&topic.id), "{} came back", topic.id);
                ids.push(topic.id);
                highest.clear();
            }
            for (index, partition) in (0..).zip(&topic.partitions) {
                if partition.leader_epoch == LeaderEpoch::UNKNOWN {
                    continue;
                }
                let before = highest.entry(index).or_insert(LeaderEpoch::UNKNOWN);
                prop_assert!(partition.leader_epoch >= *before, "{event:?}");
                *before = partition.leader_epoch;
            }
        }
    }

    #[test]
    fn a_round_always_comes_to_an_end(outcomes in prop::collection::vec(0..3_u8, 1..200)) {
        let mut machine = Metadata::new(settings());
        let mut now = MonoTime::ZERO;
        let mut open = Vec::new();
        for outcome in outcomes {
            machine.on_refresh();
            now = now.max(machine.poll_timeout().min(now + Duration::from_secs(10)));
            // Each question is asked once per round, so this loop is bounded.
            while let Some(ask) = machine.poll_ask(now, NO_JITTER, |_| NodeState::Idle) {
                open.push(ask.to);
                prop_assert!(open.len() <= 1_000);
            }
            match (outcome, open.first().copied()) {
                (0, Some(from)) => {
                    machine.on_answer(now, NO_JITTER, from, &cluster(3));
                    open.remove(0);
                }
                (1, Some(from)) => {
                    machine.on_failure(from);
                    open.remove(0);
                }
                // It stays silent for now.
                _ => {}
            }
            now = now + Duration::from_millis(1);
        }
        for from in open {
            machine.on_failure(from);
        }
        let later = now + Duration::from_secs(10);
        machine.on_refresh();
        let mut asked = machine.poll_ask(later, NO_JITTER, |_| NodeState::Idle);
        if asked.is_none() {
            asked = machine.poll_ask(later + Duration::from_secs(2), NO_JITTER, |_| NodeState::Idle);
        }
        prop_assert!(asked.is_some());
    }
}
