//! When a side has settled: every live broker tells the same, and what can be committed is.

use milena_protocol::messages::metadata_response::MetadataResponsePartition;
use milena_protocol::messages::{MetadataRequest, fetch_response};

use super::super::scenario::metadata_of;
use super::super::{Outcome, Scenario};
use super::act::{Side, TopicState};
use super::plan::Place;
use super::requests::{self, Topic, Wanted};

/// How far it has to have come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// Metadata, and the high watermark at the leader.
    Leaders,
    /// And every live follower has the records, the high watermark and the log's start.
    Followers,
}

impl Side<'_, '_> {
    pub(super) fn settle(&mut self, topic: usize) -> Outcome {
        self.settle_to(topic, Depth::Leaders)
    }

    pub(super) fn settle_with_followers(&mut self, topic: usize) -> Outcome {
        self.settle_to(topic, Depth::Followers)
    }

    pub(super) fn settle_all(&mut self) -> Outcome {
        (0..self.topics.len()).try_for_each(|topic| self.settle_with_followers(topic))
    }

    fn settle_to(&mut self, topic: usize, depth: Depth) -> Outcome {
        let (state, live) = (&self.topics[topic], &self.live);
        let live: Vec<i32> = live.iter().copied().collect();
        self.s.wait_until(&format!("rest of {}", state.name), |s| {
            let Some(partitions) = agreed(s, state, &live)? else {
                return Ok((false, "brokers that disagree".to_owned()));
            };
            for partition in &partitions {
                if let Some(unrest) = unrest(s, state, partition, &live, depth)? {
                    let index = partition.partition_index;
                    return Ok((false, format!("partition {index}: {unrest}")));
                }
            }
            Ok((true, String::new()))
        })
    }

    /// What a broker's metadata says of a topic's partitions.
    pub(super) fn partitions(
        &mut self,
        broker: i32,
        topic: usize,
    ) -> Outcome<Vec<MetadataResponsePartition>> {
        partitions_at(self.s, broker, &self.topics[topic].name)
    }

    /// The leader epoch of a partition; -1 if there is no such partition.
    pub(super) fn epoch(&mut self, Place { topic, partition }: Place) -> Outcome<i32> {
        let seen = self.partitions(self.first_live(), topic)?;
        let seen = seen.iter().find(|seen| seen.partition_index == partition);
        Ok(seen.map_or(-1, |seen| seen.leader_epoch))
    }

    pub(super) fn wait_for_epoch_behind(&mut self, place: Place, before: i32) -> Outcome {
        let name = &self.topics[place.topic].name;
        let live = &self.live;
        self.s.wait_until(&format!("an epoch of {name} behind {before}"), |s| {
            for broker in live {
                let seen = partitions_at(s, *broker, name)?;
                let seen = seen.iter().find(|seen| seen.partition_index == place.partition);
                let epoch = seen.map_or(-1, |seen| seen.leader_epoch);
                if epoch <= before {
                    return Ok((false, format!("epoch {epoch} at {broker}")));
                }
            }
            Ok((true, String::new()))
        })
    }

    /// Waits until the live brokers list each other and nobody else.
    pub(super) fn wait_for_live_brokers(&mut self) -> Outcome {
        let live = &self.live;
        self.s.wait_until(&format!("brokers {live:?}"), |s| {
            for broker in live {
                let request = MetadataRequest::default().with_topics(Some(Vec::new()));
                let seen = s.query(*broker, 12, &request)?.brokers;
                let seen = seen.iter().map(|seen| seen.node_id.0).collect();
                if *live != seen {
                    return Ok((false, format!("broker {broker} lists {seen:?}")));
                }
            }
            Ok((true, String::new()))
        })
    }

    pub(super) fn log_start(&mut self, broker: i32, place: Place) -> Outcome<i64> {
        let name = &self.topics[place.topic].name;
        let request = requests::list_offsets(name, 9, place.partition, -2, -1, 0);
        let answer = self.s.query(broker, 9, &request)?;
        let told = answer.topics.iter().flat_map(|topic| &topic.partitions).next();
        Ok(told.map_or(0, |told| told.offset.max(0)))
    }
}

fn partitions_at(
    s: &mut Scenario<'_>,
    broker: i32,
    topic: &str,
) -> Outcome<Vec<MetadataResponsePartition>> {
    let answer = s.query(broker, 12, &metadata_of(&[topic]))?;
    Ok(answer.topics.into_iter().flat_map(|topic| topic.partitions).collect())
}

/// What all live brokers tell of the topic; `None` while they do not tell the same.
fn agreed(
    s: &mut Scenario<'_>,
    state: &TopicState,
    live: &[i32],
) -> Outcome<Option<Vec<MetadataResponsePartition>>> {
    let mut told: Option<Vec<MetadataResponsePartition>> = None;
    for broker in live {
        let mut seen = partitions_at(s, *broker, &state.name)?;
        seen.sort_by_key(|partition| partition.partition_index);
        let differs = told.as_ref().is_some_and(|told| *told != seen);
        if differs || seen.len() != state.partitions as usize {
            return Ok(None);
        }
        told = Some(seen);
    }
    Ok(told)
}

/// What is still to come in a partition.
fn unrest(
    s: &mut Scenario<'_>,
    state: &TopicState,
    partition: &MetadataResponsePartition,
    live: &[i32],
    depth: Depth,
) -> Outcome<Option<String>> {
    let index = partition.partition_index;
    let replicas = &state.replicas[index as usize];
    let alive: Vec<i32> = replicas.iter().copied().filter(|id| live.contains(id)).collect();
    let leader = partition.leader_id.0;
    if alive.is_empty() {
        return Ok((leader != -1).then(|| format!("leader {leader} is dead")));
    }
    let mut isr: Vec<i32> = partition.isr_nodes.iter().map(|id| id.0).collect();
    isr.sort_unstable();
    let mut wanted = alive.clone();
    wanted.sort_unstable();
    if isr != wanted || !alive.contains(&leader) {
        return Ok(Some(format!("leader {leader}, ISR {isr:?}")));
    }
    let request = requests::end_of_epoch(&state.name, index, -1, partition.leader_epoch);
    let answer = s.query(leader, 4, &request)?;
    let told = answer.topics.iter().flat_map(|topic| &topic.partitions).next();
    let Some(end) = told.filter(|told| told.error_code == 0).map(|told| told.end_offset) else {
        return Ok(Some("the leader does not serve".to_owned()));
    };
    let at_leader = position(s, leader, state, index, end)?;
    let can_commit = isr.len() >= state.min_isr.min(replicas.len());
    if at_leader.error_code != 0 || (can_commit && at_leader.high_watermark != end) {
        return Ok(Some(format!("end {end}, high watermark {}", at_leader.high_watermark)));
    }
    for follower in alive.iter().filter(|id| depth == Depth::Followers && **id != leader) {
        let seen = position(s, *follower, state, index, end)?;
        if seen.error_code != 0
            || seen.high_watermark != at_leader.high_watermark
            || seen.log_start_offset != at_leader.log_start_offset
        {
            let high_watermark = seen.high_watermark;
            return Ok(Some(format!("follower {follower}: high watermark {high_watermark}")));
        }
    }
    Ok(None)
}

/// What a replica answers to a fetch at `offset`: an error if its log does not reach there.
fn position(
    s: &mut Scenario<'_>,
    broker: i32,
    state: &TopicState,
    index: i32,
    offset: i64,
) -> Outcome<fetch_response::PartitionData> {
    let topic = Topic { name: &state.name, id: uuid::Uuid::nil() };
    let wanted = Wanted {
        version: 12,
        index,
        offset,
        epoch: -1,
        last_epoch: -1,
        max_bytes: 1,
        isolation: 0,
    };
    let answer = s.query(broker, 12, &requests::fetch(&topic, &wanted))?;
    let told = answer.responses.into_iter().flat_map(|topic| topic.partitions).next();
    Ok(told.unwrap_or_default())
}
