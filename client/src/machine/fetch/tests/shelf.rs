//! Whatever order things happen in: each record once, in order, and every byte given back.

use proptest::prelude::*;

use super::*;

/// One thing that may happen to a consumer of two partitions.
#[derive(Clone, Debug)]
enum Happening {
    Answer { batches: Vec<(bool, u8)> },
    Lose,
    Poll(u8),
    One,
    Seek { partition: i32, back: u8 },
    Pause(i32),
    Resume(i32),
    Leader { partition: i32, to: i32 },
    Wait,
}

fn happening() -> impl Strategy<Value = Happening> {
    let partition = 0..2_i32;
    prop_oneof![
        4 => prop::collection::vec((any::<bool>(), 1..6_u8), 0..4)
            .prop_map(|batches| Happening::Answer { batches }),
        1 => Just(Happening::Lose),
        4 => (0..12_u8).prop_map(Happening::Poll),
        2 => Just(Happening::One),
        1 => (partition.clone(), any::<u8>())
            .prop_map(|(partition, back)| Happening::Seek { partition, back }),
        1 => partition.clone().prop_map(Happening::Pause),
        1 => partition.clone().prop_map(Happening::Resume),
        1 => (partition, 1..3_i32)
            .prop_map(|(partition, to)| Happening::Leader { partition, to }),
        2 => Just(Happening::Wait),
    ]
}

/// A world whose logs hold a record at each offset, except where a batch was emptied.
struct World {
    rig: Rig,
    in_flight: Vec<FetchPlan>,
    /// The offset each partition has to deliver next, at least.
    next: [i64; 2],
    epoch: i32,
}

impl World {
    fn new() -> Self {
        let config =
            FetchConfig { partition_max_bytes: 300, buffer_bytes: 1_000, ..Default::default() };
        let rig = Rig::new(config, &[(0, Start::at(0)), (1, Start::at(0))]);
        Self { rig, in_flight: Vec::new(), next: [0, 0], epoch: 3 }
    }

    fn settle(&mut self) {
        for effect in self.rig.settle() {
            match effect {
                Effect::Fetch(plan) => self.in_flight.push(plan),
                Effect::ValidateEpochs(lookup) => self.validate(&lookup),
                _ => {}
            }
        }
    }

    /// Every log holds everything, so every position is valid.
    fn validate(&mut self, lookup: &EpochLookup) {
        use milena_protocol::messages::OffsetForLeaderEpochResponse;
        use milena_protocol::messages::offset_for_leader_epoch_response::*;
        let partitions = lookup.doubts.iter().map(|doubt| {
            EpochEndOffset::default()
                .with_partition(doubt.name.partition.get())
                .with_leader_epoch(doubt.last_epoch.get())
                .with_end_offset(i64::MAX)
        });
        let topic = OffsetForLeaderTopicResult::default()
            .with_topic(orders(0).topic.to_wire())
            .with_partitions(partitions.collect());
        let response = OffsetForLeaderEpochResponse::default().with_topics(vec![topic]);
        self.rig.machine.on_epochs_answer(self.rig.now, lookup, Ok(response));
        self.settle();
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Answer { batches } => {
                if let Some(plan) = self.in_flight.pop() {
                    let answers = plan.session.send.iter().map(|wish| {
                        let mut base = wish.offset.get();
                        let mut bytes = Vec::new();
                        for &(filled, count) in &batches {
                            let count = usize::from(count);
                            bytes.push(if filled {
                                batch(base, count)
                            } else {
                                emptied(base, count)
                            });
                            base += count as i64;
                        }
                        data(wish.name.partition.get(), joined(&bytes))
                    });
                    let answers = answers.collect();
                    // Without a session every fetch names all its partitions.
                    self.rig.answer_in(plan.broker, 0, answers);
                }
            }
            Happening::Lose => {
                if let Some(plan) = self.in_flight.pop() {
                    self.rig.lose(plan.broker);
                }
            }
            Happening::Poll(max) => {
                for (partition, offset) in self.rig.poll(usize::from(max)) {
                    self.see(partition, offset);
                }
            }
            Happening::One => {
                if let Some(Step::Records((batch, spans))) = self.rig.shelf.take_one() {
                    self.see(batch.partition.get(), spans.offset.get());
                }
            }
            Happening::Seek { partition, back } => {
                let slot = self.rig.slot(partition);
                let next = &mut self.next[partition as usize];
                *next = (*next - i64::from(back)).max(0);
                self.rig.shelf.seek(slot, Start::at(*next));
            }
            Happening::Pause(partition) => self.rig.shelf.pause(self.rig.slot(partition)),
            Happening::Resume(partition) => self.rig.shelf.resume(self.rig.slot(partition)),
            Happening::Leader { partition, to } => {
                self.epoch += 1;
                self.rig.lead(partition, to, self.epoch);
            }
            Happening::Wait => self.rig.advance(Duration::from_millis(300)),
        }
        self.settle();
    }

    fn see(&mut self, partition: i32, offset: i64) {
        let next = &mut self.next[partition as usize];
        assert!(offset >= *next, "{partition}: {offset} after {next}");
        *next = offset + 1;
        let Position::At(position) = self.rig.position(partition) else { panic!("no position") };
        assert!(position.get() >= *next);
    }
}

proptest! {
    #[test]
    fn no_record_is_delivered_twice_or_out_of_order_whatever_happens(
        happenings in prop::collection::vec(happening(), 1..120)
    ) {
        let mut world = World::new();
        world.settle();
        for happening in happenings {
            world.happen(happening);
            // One smallest fetch per broker may go beyond, and a batch beyond what was asked for.
            prop_assert!(world.rig.machine.budget.held() <= 1_000 + 2 * 300 + 2 * 4 * 150);
        }
        // At rest, everything that was held comes out, and every byte is given back.
        for partition in 0..2 {
            let slot = world.rig.slot(partition);
            world.rig.shelf.resume(slot);
        }
        world.in_flight.clear();
        for broker in [B1, B2] {
            world.rig.lose(broker);
        }
        for (partition, offset) in world.rig.poll(usize::MAX) {
            world.see(partition, offset);
        }
        world.settle();
        prop_assert_eq!(world.rig.machine.budget.held(), 0);
    }

    #[test]
    fn nothing_is_skipped_while_nobody_seeks(
        answers in prop::collection::vec(prop::collection::vec(1..6_u8, 0..4), 1..60),
        polls in prop::collection::vec(0..9_u8, 60),
        losses in prop::collection::vec(any::<bool>(), 60)
    ) {
        let mut world = World::new();
        world.settle();
        let mut seen = [Vec::new(), Vec::new()];
        for ((answer, max), lose) in answers.into_iter().zip(polls).zip(losses) {
            if lose {
                world.happen(Happening::Lose);
                world.epoch += 1;
                let epoch = world.epoch;
                world.rig.lead(1, 1 + epoch % 2, epoch);
                world.settle();
            }
            let batches = answer.into_iter().map(|count| (true, count)).collect();
            world.happen(Happening::Answer { batches });
            for (partition, offset) in world.rig.poll(usize::from(max)) {
                seen[partition as usize].push(offset);
            }
            world.happen(Happening::Wait);
        }
        for (partition, offset) in world.rig.poll(usize::MAX) {
            seen[partition as usize].push(offset);
        }
        for seen in seen {
            let count = seen.len() as i64;
            prop_assert_eq!(seen, (0..count).collect::<Vec<i64>>());
        }
    }
}
