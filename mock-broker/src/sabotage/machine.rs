//! Rules that no client sees: what shows each of them on the machine itself.

use std::sync::Arc;
use std::time::Duration;

use milena_protocol::ErrorCode;
use milena_protocol::ids::{BrokerId, TopicName};
use milena_protocol::time::MonoTime;

#[cfg(feature = "sabotage")]
use super::Sabotage;
use crate::config::ClusterConfig;
use crate::log::{EndTxnMarker, Log, TxnEnd};
use crate::message::{IsrCommit, IsrProposal, ReplicaPosition};
use crate::metadata::{Image, PartitionState, Recovery, TopicNumber, TopicPartition};
use crate::replication::{Replica, Surroundings};
use crate::settings::{Layers, Values};

const LAG: Duration = Duration::from_secs(30);

/// A test of the machine that notices a defect.
#[derive(Clone, Copy, Debug)]
pub struct MachineTest {
    /// Its name, a sentence.
    pub name: &'static str,
    /// Why nobody sees the rule from outside.
    pub because: &'static str,
    run: fn() -> Result<(), String>,
}

/// All of them.
pub const MACHINE_TESTS: &[MachineTest] = &[
    MachineTest {
        name: "an_isr_that_shrank_after_the_append_is_told",
        because: "the high watermark stands still below the minimum, so that the ISR has to shrink \
                  in the moment between its last move and the answer",
        run: an_isr_that_shrank_after_the_append_is_told,
    },
    MachineTest {
        name: "one_change_of_an_isr_is_in_flight",
        because: "a second change at the same partition epoch would be refused by the controller, \
                  and proposed again",
        run: one_change_of_an_isr_is_in_flight,
    },
];

impl MachineTest {
    /// Runs it.
    ///
    /// # Errors
    /// What was otherwise than the rule says.
    pub fn check(&self) -> Result<(), String> {
        (self.run)()
    }

    /// Whether it fails with a defect.
    #[cfg(feature = "sabotage")]
    pub fn notices(&self, defect: Sabotage) -> bool {
        super::plant(Some(defect));
        let outcome = self.check();
        super::plant(None);
        outcome.is_err()
    }
}

/// A partition on three brokers, as its leader has it, at a time that goes on.
struct Led {
    replica: Replica,
    image: Image,
    now: MonoTime,
}

impl Led {
    fn with_minimum(min_isr: &str) -> Self {
        let key = TopicPartition { topic: TopicNumber(0), index: 0 };
        let name = TopicName::new("led").expect("a short name of letters");
        let minimum = Values::from([("min.insync.replicas".to_owned(), min_isr.to_owned())]);
        let settings = Layers::of(&ClusterConfig::with_brokers(3)).topic(&minimum);
        let replica = Replica::new(key, name, Arc::clone(&settings), Log::default());
        let mut led = Self { replica, image: Image::default(), now: MonoTime::ZERO };
        led.committed(0, &[1, 2, 3]);
        led
    }

    fn around(image: &Image, now: MonoTime) -> Surroundings<'_> {
        Surroundings { now, image, broker: BrokerId(1), broker_epoch: 1, lag_time_max: LAG }
    }

    /// The controller has committed an ISR.
    fn committed(&mut self, partition_epoch: i32, isr: &[i32]) {
        let ids = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect::<Vec<_>>();
        let state = PartitionState {
            partition_epoch,
            ..PartitionState::new(ids(&[1, 2, 3]), ids(isr), BrokerId(1))
        };
        self.replica.apply(&state, Self::around(&self.image, self.now));
    }

    fn append(&mut self) {
        let marker = EndTxnMarker {
            producer_id: 7,
            producer_epoch: 0,
            coordinator_epoch: 0,
            end: TxnEnd::Commit,
        };
        self.replica.append_marker(&marker, 0, |_| None).expect("a leader takes a first marker");
    }

    /// A follower has everything below `offset`.
    fn fetched(&mut self, follower: i32, offset: i64) {
        let position = ReplicaPosition {
            leader_epoch: 0,
            fetch_offset: offset,
            last_fetched_epoch: -1,
            log_start_offset: 0,
            high_watermark: 0,
        };
        let around = Self::around(&self.image, self.now);
        let noted = self.replica.note_fetch(BrokerId(follower), 1, &position, around);
        noted.expect("2 and 3 are followers");
    }

    /// Time passes, and the leader looks for followers that fell behind.
    fn look_after(&mut self, time: Duration) -> Option<IsrProposal> {
        self.now = self.now + time;
        self.replica.maybe_shrink(Self::around(&self.image, self.now))
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Result<(), String> {
    if found == wanted { Ok(()) } else { Err(format!("{what}: {found:?} instead of {wanted:?}")) }
}

fn an_isr_that_shrank_after_the_append_is_told() -> Result<(), String> {
    let mut led = Led::with_minimum("2");
    led.append();
    expect("before the followers have it", led.replica.replicated(1), None)?;
    led.fetched(2, 1);
    led.fetched(3, 1);
    expect("with all of them", led.replica.replicated(1), Some(ErrorCode::NONE))?;
    led.committed(1, &[1, 2]);
    expect("with enough of them", led.replica.replicated(1), Some(ErrorCode::NONE))?;
    led.committed(2, &[1]);
    let told = Some(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    expect("with too few of them", led.replica.replicated(1), told)
}

fn one_change_of_an_isr_is_in_flight() -> Result<(), String> {
    let members = |proposal: &IsrProposal| -> Vec<i32> {
        proposal.isr.iter().map(|(id, _)| id.get()).collect()
    };
    let mut led = Led::with_minimum("1");
    led.append();
    led.fetched(2, 1);
    let Some(first) = led.look_after(LAG * 2) else {
        return Err("nobody proposes that the third leaves".to_owned());
    };
    expect("the third leaves", members(&first), vec![1, 2])?;
    led.append();
    let early = led.look_after(LAG * 2).map(|next| members(&next));
    expect("the next change before the first was answered", early, None)?;
    let commit = IsrCommit {
        leader_epoch: 0,
        partition_epoch: 1,
        isr: vec![BrokerId(1), BrokerId(2)],
        leader: BrokerId(1),
        recovery: Recovery::Recovered,
    };
    led.replica.proposal_answered(&first, Ok(commit), Led::around(&led.image, led.now));
    let next = led.look_after(Duration::ZERO).map(|next| members(&next));
    expect("the next change after the answer", next, Some(vec![1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_that_nobody_sees_hold() {
        for test in MACHINE_TESTS {
            assert_eq!(test.check(), Ok(()), "{}", test.name);
        }
    }
}
