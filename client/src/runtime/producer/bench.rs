//! Lanes without a task, for benches.

use std::collections::VecDeque;
use std::sync::Arc;

use milena_protocol::ids::{Offset, PartitionIndex, TopicName};

use super::accumulator::Shared;
use super::lane::{Lane, OpenBatch};
use super::table::TopicLanes;
use crate::machine::producer::{LaneId, Outcome};

pub(crate) struct Lanes {
    shared: Arc<Shared>,
    lanes: Vec<Arc<Lane>>,
}

impl Lanes {
    pub(crate) fn new(shared: &Arc<Shared>, topic: &str, partitions: u32) -> Self {
        let name = TopicName::new(topic).expect("a legal name");
        let lane = |n| {
            let place = (name.clone(), PartitionIndex(n as i32));
            Lane::new(LaneId(n), place, Arc::default())
        };
        let lanes: Vec<_> = (0..partitions).map(lane).collect();
        let seen = TopicLanes::new(name.clone(), lanes.clone());
        seen.update(&lanes, partitions, (0..partitions).collect());
        shared.topics.insert(seen);
        Self { shared: Arc::clone(shared), lanes }
    }

    pub(crate) fn acknowledge_full(&self) {
        let mut mail = Vec::new();
        self.shared.take_mail(&mut mail);
        for lane in &self.lanes {
            self.acknowledge(lane.take_full());
        }
    }

    pub(crate) fn acknowledge_all(&self) {
        for lane in &self.lanes {
            self.acknowledge(lane.take_all());
        }
    }

    fn acknowledge(&self, batches: VecDeque<OpenBatch>) {
        for open in batches {
            let records = open.builder.seal();
            let count = records.count() as u32;
            let outcome =
                Outcome::Acknowledged { base_offset: Some(Offset::ZERO), log_append_time: None };
            open.completion.complete((0, count), count, outcome);
            self.shared.memory.give_back(open.reserved);
            if let Some(buffer) = records.reclaim() {
                self.shared.recycle(buffer);
            }
        }
    }
}
