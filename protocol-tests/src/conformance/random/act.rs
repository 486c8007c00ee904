//! Carries a plan out against one side, and asks at the end what came of it.

use std::collections::BTreeSet;

use milena_protocol::Request;
use uuid::Uuid;

use super::super::scenario::metadata_of;
use super::super::{Outcome, Scenario};
use super::plan::{Action, Place, Plan, Whom};
use super::requests::{self, Topic, Wanted};

const BROKERS: [i32; 3] = [1, 2, 3];

/// A topic of the plan, as far as it was created.
pub(super) struct TopicState {
    pub(super) name: String,
    /// How many partitions it has; none while it does not exist.
    pub(super) partitions: i32,
    /// Its id, or its last one.
    id: Uuid,
    /// Per partition, who holds it.
    pub(super) replicas: Vec<Vec<i32>>,
    /// `min.insync.replicas`
    pub(super) min_isr: usize,
}

/// One side while a plan is carried out.
pub(super) struct Side<'s, 'a> {
    pub(super) s: &'s mut Scenario<'a>,
    plan: &'s Plan,
    pub(super) live: BTreeSet<i32>,
    pub(super) topics: Vec<TopicState>,
    /// The action that is carried out.
    at: usize,
}

pub(super) fn carry_out(plan: &Plan, s: &mut Scenario<'_>) -> Outcome {
    let topics = (0..).zip(&plan.topics).map(|(at, topic): (usize, _)| TopicState {
        name: s.topic(&format!("t{at}")),
        partitions: 0,
        id: Uuid::nil(),
        replicas: Vec::new(),
        min_isr: topic
            .settings
            .iter()
            .find(|(name, _)| *name == "min.insync.replicas")
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(1),
    });
    let topics = topics.collect();
    let mut side = Side { s, plan, live: BROKERS.into(), topics, at: 0 };
    for (at, action) in plan.actions.iter().enumerate() {
        side.at = at;
        side.act(action)?;
    }
    side.at = plan.actions.len();
    side.start()?;
    side.settle_all()?;
    side.look_at_everything()?;
    side.leave_nothing_behind()
}

impl Side<'_, '_> {
    fn act(&mut self, action: &Action) -> Outcome {
        match action {
            Action::Create { topic, validate_only } => self.create(*topic, *validate_only),
            Action::Delete { topic } => self.delete(*topic),
            Action::Grow { topic, count } => self.grow(*topic, *count),
            Action::Produce { place, .. } => {
                self.produce(action, *place)?;
                self.settle(place.topic)
            }
            Action::Elect { place, kind } => self.elect(*place, *kind),
            Action::Kill(broker) => self.kill(*broker),
            Action::Start => self.start(),
            Action::Describe { topic, whom } => self.describe(*topic, *whom),
            Action::DeleteRecords { place, whom, offset } => {
                let broker = self.broker(*place, *whom)?;
                let name = &self.topics[place.topic].name;
                let request = requests::delete_records(name, place.partition, *offset);
                self.ask("delete records", broker, 2, &request)?;
                self.settle(place.topic)
            }
            Action::Fetch { .. }
            | Action::ListOffsets { .. }
            | Action::EndOfEpoch { .. }
            | Action::Producers { .. } => self.look(action),
        }
    }

    fn ask<R: Request>(
        &mut self,
        what: &str,
        broker: i32,
        version: i16,
        request: &R,
    ) -> Outcome<Option<R::Response>> {
        let step = format!("{} {what} v{version} at {broker}", self.at);
        self.s.ask_or_be_closed(&step, broker, version, request)
    }

    pub(super) fn first_live(&self) -> i32 {
        self.live.first().copied().unwrap_or(1)
    }

    /// Whom to ask about a partition.
    fn broker(&mut self, place: Place, whom: Whom) -> Outcome<i32> {
        let first = self.first_live();
        match whom {
            Whom::Broker(broker) if self.live.contains(&broker) => {
                // A follower's high watermark trails behind.
                self.settle_with_followers(place.topic)?;
                Ok(broker)
            }
            Whom::Broker(_) => Ok(first),
            Whom::Leader => {
                let leader = self.leader(place)?;
                Ok(if self.live.contains(&leader) { leader } else { first })
            }
        }
    }

    fn leader(&mut self, Place { topic, partition }: Place) -> Outcome<i32> {
        let seen = self.partitions(self.first_live(), topic)?;
        let seen = seen.iter().find(|seen| seen.partition_index == partition);
        Ok(seen.map_or(-1, |seen| seen.leader_id.0))
    }

    fn create(&mut self, topic: usize, validate_only: bool) -> Outcome {
        let plan = &self.plan.topics[topic];
        let request = requests::create(&self.topics[topic].name, plan, validate_only);
        // Later versions list every setting of the topic, which has cases of its own.
        let answer = self.ask("create", self.first_live(), 4, &request)?;
        let told = answer.and_then(|answer| answer.topics.into_iter().next());
        if told.is_some_and(|told| told.error_code == 0 && !validate_only) {
            let state = &mut self.topics[topic];
            state.replicas = self.plan.topics[topic].replicas.clone();
            state.partitions = state.replicas.len() as i32;
        }
        self.settle(topic)?;
        if self.topics[topic].partitions > 0 {
            let name = self.topics[topic].name.clone();
            let answer = self.s.query(self.first_live(), 12, &metadata_of(&[&name]))?;
            self.topics[topic].id =
                answer.topics.first().map_or(Uuid::nil(), |topic| topic.topic_id);
        }
        Ok(())
    }

    fn delete(&mut self, topic: usize) -> Outcome {
        let request = requests::delete(&self.topics[topic].name);
        let answer = self.ask("delete", self.first_live(), 5, &request)?;
        let told = answer.and_then(|answer| answer.responses.into_iter().next());
        if told.is_some_and(|told| told.error_code == 0) {
            self.topics[topic].partitions = 0;
            self.topics[topic].replicas.clear();
        }
        self.settle(topic)
    }

    fn grow(&mut self, topic: usize, count: i32) -> Outcome {
        let request = requests::grow(&self.topics[topic].name, count, &[1, 2]);
        let answer = self.ask("grow", self.first_live(), 3, &request)?;
        let told = answer.and_then(|answer| answer.results.into_iter().next());
        if told.is_some_and(|told| told.error_code == 0) {
            self.topics[topic].partitions = count;
            self.topics[topic].replicas.resize(count as usize, vec![1, 2]);
        }
        self.settle(topic)
    }

    fn produce(&mut self, action: &Action, place: Place) -> Outcome {
        let Action::Produce { whom, version, acks, times, numbers, flaw, .. } = action else {
            return Ok(());
        };
        let broker = self.broker(place, *whom)?;
        let records = requests::batch(self.plan.moment, times, *numbers, *flaw);
        let state = &self.topics[place.topic];
        let topic = Topic { name: &state.name, id: state.id };
        let request = requests::produce(&topic, *version, place.partition, *acks, records);
        if *acks != 0 {
            return self.ask("produce", broker, *version, &request).map(drop);
        }
        // An error closes the connection; otherwise what is asked next on it is answered.
        let link = self.s.connect(broker)?;
        let _ = self.s.send(link, *version, &request)?;
        let next = self.s.send(link, 12, &metadata_of(&[]))?;
        let step = format!("{} produce v{version} at {broker} without acks", self.at);
        self.s.record_whether_answered(&step, next)
    }

    fn look(&mut self, action: &Action) -> Outcome {
        match *action {
            Action::Fetch { place, whom, version, .. } => {
                let broker = self.broker(place, whom)?;
                let Action::Fetch { offset, epoch, last_epoch, max_bytes, isolation, .. } = *action
                else {
                    return Ok(());
                };
                let index = place.partition;
                let wanted =
                    Wanted { version, index, offset, epoch, last_epoch, max_bytes, isolation };
                self.fetch(broker, place, &wanted)
            }
            Action::ListOffsets { place, whom, version, timestamp, epoch, isolation } => {
                let broker = self.broker(place, whom)?;
                let (name, time) = (
                    &self.topics[place.topic].name,
                    requests::timestamp(self.plan.moment, timestamp),
                );
                let request =
                    requests::list_offsets(name, version, place.partition, time, epoch, isolation);
                self.ask("list offsets", broker, version, &request).map(drop)
            }
            Action::EndOfEpoch { place, whom, current, epoch } => {
                let broker = self.broker(place, whom)?;
                self.end_of_epoch(broker, place, current, epoch)
            }
            Action::Producers { place, whom } => {
                let broker = self.broker(place, whom)?;
                self.producers(broker, place)
            }
            _ => Ok(()),
        }
    }

    fn fetch(&mut self, broker: i32, place: Place, wanted: &Wanted) -> Outcome {
        let state = &self.topics[place.topic];
        let request = requests::fetch(&Topic { name: &state.name, id: state.id }, wanted);
        self.ask("fetch", broker, wanted.version, &request).map(drop)
    }

    fn end_of_epoch(&mut self, broker: i32, place: Place, current: i32, epoch: i32) -> Outcome {
        let name = &self.topics[place.topic].name;
        let request = requests::end_of_epoch(name, place.partition, current, epoch);
        self.ask("end of epoch", broker, 4, &request).map(drop)
    }

    fn producers(&mut self, broker: i32, place: Place) -> Outcome {
        let request = requests::producers(&self.topics[place.topic].name, place.partition);
        self.ask("producers", broker, 0, &request).map(drop)
    }

    fn elect(&mut self, place: Place, kind: i8) -> Outcome {
        self.settle_with_followers(place.topic)?;
        let before = self.epoch(place)?;
        let request = requests::elect(&self.topics[place.topic].name, place.partition, kind);
        let answer = self.ask("elect", self.first_live(), 2, &request)?;
        let results = answer.iter().flat_map(|answer| &answer.replica_election_results);
        let elected = results.flat_map(|topic| &topic.partition_result).any(|p| p.error_code == 0);
        if elected {
            self.wait_for_epoch_behind(place, before)?;
        }
        self.settle(place.topic)
    }

    fn describe(&mut self, topic: usize, whom: Whom) -> Outcome {
        let broker = self.broker(Place { topic, partition: 0 }, whom)?;
        let name = self.topics[topic].name.clone();
        self.ask("metadata", broker, 12, &metadata_of(&[&name]))?;
        self.ask("describe", broker, 0, &requests::describe(&name)).map(drop)
    }

    fn kill(&mut self, broker: i32) -> Outcome {
        if self.live.len() < BROKERS.len() {
            return Ok(());
        }
        self.settle_all()?;
        self.s.kill(broker)?;
        self.live.remove(&broker);
        self.wait_for_live_brokers()?;
        self.settle_all()
    }

    fn start(&mut self) -> Outcome {
        let Some(dead) = BROKERS.into_iter().find(|id| !self.live.contains(id)) else {
            return Ok(());
        };
        self.s.start(dead)?;
        self.live.insert(dead);
        self.settle_all()
    }

    /// What every partition has come to, at its leader and in the metadata.
    fn look_at_everything(&mut self) -> Outcome {
        for topic in 0..self.topics.len() {
            self.describe(topic, Whom::Leader)?;
            for partition in 0..self.topics[topic].partitions {
                let place = Place { topic, partition };
                let leader = self.broker(place, Whom::Leader)?;
                for timestamp in [-2, -1] {
                    let name = &self.topics[topic].name;
                    let request = requests::list_offsets(name, 9, partition, timestamp, -1, 0);
                    self.ask("list offsets", leader, 9, &request)?;
                }
                let start = self.log_start(leader, place)?;
                let wanted = Wanted {
                    version: 12,
                    index: partition,
                    offset: start,
                    epoch: -1,
                    last_epoch: -1,
                    max_bytes: 1_000_000,
                    isolation: 0,
                };
                self.fetch(leader, place, &wanted)?;
                for epoch in 0..=self.epoch(place)? {
                    self.end_of_epoch(leader, place, -1, epoch)?;
                }
                self.producers(leader, place)?;
            }
        }
        Ok(())
    }

    fn leave_nothing_behind(&mut self) -> Outcome {
        for topic in &self.topics {
            if topic.partitions > 0 {
                self.s.query(1, 5, &requests::delete(&topic.name))?;
            }
        }
        Ok(())
    }
}
