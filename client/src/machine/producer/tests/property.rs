//! Whatever a broker and the network do, no record is written twice, none out of order, and every
//! acknowledged one is where its outcome says.

use proptest::prelude::*;

use super::log::Log;
use super::*;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// A batch of so many records comes in.
    Batch { lane: u32, records: usize },
    /// The oldest request of some broker is handled as the fault says.
    Handle { broker: usize, fault: Fault },
    /// So many milliseconds pass.
    Pass(u64),
    /// The partition moves to another leader (0: none).
    Move { lane: u32, to: i32 },
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// Not written, and the answer says so.
    Refuse(ErrorCode),
    /// Written, and the answer says that it may be.
    Doubt(ErrorCode),
    /// Written, and the answer is lost.
    AnswerLost,
    /// Neither written nor answered.
    RequestLost,
    /// Answered as lost, and written later, when the connection's last bytes are read.
    Late,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        8 => Just(Fault::None),
        1 => Just(Fault::Refuse(ErrorCode::NOT_ENOUGH_REPLICAS)),
        1 => Just(Fault::Refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER)),
        1 => Just(Fault::Refuse(ErrorCode::INVALID_RECORD)),
        1 => Just(Fault::Refuse(ErrorCode::MESSAGE_TOO_LARGE)),
        1 => Just(Fault::Refuse(ErrorCode::CORRUPT_MESSAGE)),
        1 => Just(Fault::Doubt(ErrorCode::REQUEST_TIMED_OUT)),
        1 => Just(Fault::Doubt(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND)),
        2 => Just(Fault::AnswerLost),
        2 => Just(Fault::RequestLost),
        1 => Just(Fault::Late),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..2_u32, 1..4_usize).prop_map(|(lane, records)| Step::Batch { lane, records }),
        10 => (0..3_usize, fault()).prop_map(|(broker, fault)| Step::Handle { broker, fault }),
        4 => (1..400_u64).prop_map(Step::Pass),
        1 => (5_000..60_000_u64).prop_map(Step::Pass),
        1 => (0..2_u32, 0..3_i32).prop_map(|(lane, to)| Step::Move { lane, to }),
    ]
}

/// A cluster of brokers that share one log per partition: what a leader has, the next one has.
struct World {
    bench: Bench,
    logs: [Log; 2],
    leaders: [i32; 2],
    epoch: i32,
    /// Requests on the wire of each broker, oldest first.
    wires: Vec<std::collections::VecDeque<Sent>>,
    late: Vec<Part>,
    batches: u32,
}

impl World {
    fn new() -> Self {
        let mut bench = Bench::blank(ProducerConfig::default());
        bench.machine.on_producer_id(bench.now, incarnation(7, 0));
        bench.settle();
        Self {
            bench,
            logs: Default::default(),
            leaders: [1, 1],
            epoch: 1,
            wires: (0..3).map(|_| std::collections::VecDeque::new()).collect(),
            late: Vec::new(),
            batches: 0,
        }
    }

    fn collect(&mut self) {
        while let Some(sent) = self.bench.sent.pop_front() {
            self.wires[sent.broker.get() as usize].push_back(sent);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Batch { lane, records } => {
                self.batches += 1;
                // Names live as long as the test process; a few bytes each.
                let name: Name = format!("{lane}/{:05}", self.batches).leak();
                self.bench.batch(LaneId(lane), name, records);
            }
            Step::Handle { broker, fault } => self.handle(broker, fault),
            Step::Pass(millis) => self.bench.pass(Duration::from_millis(millis)),
            Step::Move { lane, to } => {
                self.epoch += 1;
                self.leaders[lane as usize] = to;
                let leader = (to > 0).then_some(BrokerId(to));
                self.bench.lead(LaneId(lane), leader, self.epoch);
            }
        }
        self.collect();
    }

    fn handle(&mut self, broker: usize, fault: Fault) {
        let Some(sent) = self.wires[broker].pop_front() else { return };
        // What a broken connection still held is read before anything that comes by a new one.
        for part in std::mem::take(&mut self.late) {
            let _ = self.write(&part, broker as i32);
        }
        match fault {
            Fault::Late => {
                // One connection: with this request, those behind it are lost, too.
                let mut broken = vec![sent];
                broken.extend(self.wires[broker].drain(..));
                for sent in &broken {
                    self.bench.lose(sent);
                }
                self.late.extend(broken.into_iter().flat_map(|sent| sent.parts));
            }
            Fault::RequestLost | Fault::AnswerLost => {
                let mut broken = vec![sent];
                broken.extend(self.wires[broker].drain(..));
                if matches!(fault, Fault::AnswerLost) {
                    for sent in &broken {
                        for part in &sent.parts {
                            let _ = self.write(part, broker as i32);
                        }
                    }
                }
                for sent in &broken {
                    self.bench.lose(sent);
                }
            }
            Fault::None | Fault::Refuse(_) | Fault::Doubt(_) => {
                let answers = sent
                    .parts
                    .iter()
                    .map(|part| match fault {
                        Fault::Refuse(code) => said(part.lane, code, -1),
                        Fault::Doubt(code) => match self.write(part, broker as i32) {
                            Ok(offset) => said(part.lane, code, offset),
                            Err(code) => said(part.lane, code, -1),
                        },
                        _ => match self.write(part, broker as i32) {
                            Ok(offset) => said(part.lane, ErrorCode::NONE, offset),
                            Err(code) => said(part.lane, code, -1),
                        },
                    })
                    .collect();
                self.bench.answer(&sent, Answer::Partitions(answers));
            }
        }
    }

    fn write(&mut self, part: &Part, broker: i32) -> Result<i64, ErrorCode> {
        let lane = part.lane.0 as usize;
        if self.leaders[lane] != broker {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        self.logs[lane].append(part)
    }

    /// Everything heals, and there is time for every record to end.
    fn heal(&mut self) {
        for lane in 0..2 {
            self.step(Step::Move { lane, to: 1 });
        }
        for _ in 0..400 {
            for broker in 0..3 {
                while !self.wires[broker].is_empty() {
                    self.handle(broker, Fault::None);
                    self.collect();
                }
            }
            self.step(Step::Pass(500));
        }
    }

    fn check(&self) {
        assert!(self.bench.machine.is_idle(), "something never ended");
        for (lane, log) in self.logs.iter().enumerate() {
            // Values carry the number of their batch and their place in it.
            let mut sorted = log.values.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(sorted, log.values, "twice or out of order in partition {lane}");
        }
        let mut ended = std::collections::BTreeMap::new();
        for (name, first, count, outcome) in &self.bench.done {
            *ended.entry(*name).or_insert(0) += count;
            let log = &self.logs[name[..1].parse::<usize>().expect("a lane")];
            for at in *first..first + count {
                let value = format!("{name} {at}");
                let place = log.values.iter().position(|v| *v == value);
                match outcome {
                    Ok(Some(base)) => {
                        let expected = (*base as usize) + (at - first) as usize;
                        assert_eq!(place, Some(expected), "{value}");
                    }
                    Ok(None) => assert!(place.is_some(), "{value} was acknowledged"),
                    Err(error) => {
                        let written = error.persistence();
                        assert!(
                            place.is_none() || written == Persistence::Possibly,
                            "{value} is in the log in spite of {error}"
                        );
                    }
                }
            }
        }
        assert_eq!(ended.len(), self.batches as usize, "every batch ends");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn nothing_is_lost_doubled_or_reordered(steps in prop::collection::vec(step(), 1..120)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        world.heal();
        world.check();
    }
}
