//! Two pieces of work held against each other, on a machine that does other things too.
//!
//! They run by turns, many times and briefly, and what is counted is the processor time of the
//! thread: what slows the machine down for a while slows both, and rarely the median of all turns.

pub mod cluster;
pub mod messages;
pub mod records;

use rustix::time::{ClockId, clock_gettime};

/// Turns of each.
const TURNS: usize = 400;

/// How long a turn takes, in nanoseconds. Long beside a reading of the clock, short beside a slice
/// of the scheduler.
const TURN: f64 = 300_000.0;

/// How often each runs before anything is counted.
const WARM_UP: u32 = 10;

/// What [`alternate`] measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Nanoseconds that one run of the first takes: the median of all turns.
    pub ours: f64,
    /// The same of the second.
    pub reference: f64,
    /// How much longer the first takes: the median over pairs of turns that follow each other.
    pub ratio: f64,
}

impl Pair {
    /// The time for each of `parts` parts of a run.
    #[must_use]
    pub fn per(self, parts: usize) -> Self {
        let parts = parts as f64;
        Self { ours: self.ours / parts, reference: self.reference / parts, ratio: self.ratio }
    }
}

/// Runs two pieces of work by turns.
pub fn alternate(mut ours: impl FnMut(), mut reference: impl FnMut()) -> Pair {
    // The slower one decides how often both run in a turn.
    let first = turn(WARM_UP, &mut ours).min(turn(WARM_UP, &mut ours));
    let second = turn(WARM_UP, &mut reference).min(turn(WARM_UP, &mut reference));
    let runs = (TURN / first.max(second)).ceil().max(1.0) as u32;
    let mut turns = Turns::default();
    for index in 0..TURNS {
        // Nobody always runs after the same neighbour.
        if index % 2 == 0 {
            let ours = turn(runs, &mut ours);
            turns.add(ours, turn(runs, &mut reference));
        } else {
            let reference = turn(runs, &mut reference);
            turns.add(turn(runs, &mut ours), reference);
        }
    }
    turns.pair()
}

/// Nanoseconds of a run.
fn turn(runs: u32, work: &mut impl FnMut()) -> f64 {
    let start = thread_time();
    for _ in 0..runs {
        work();
    }
    (thread_time() - start) / f64::from(runs)
}

/// Nanoseconds of processor time that this thread has had.
pub fn thread_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

#[derive(Default)]
struct Turns {
    ours: Vec<f64>,
    references: Vec<f64>,
    ratios: Vec<f64>,
}

impl Turns {
    fn add(&mut self, ours: f64, reference: f64) {
        self.ours.push(ours);
        self.references.push(reference);
        self.ratios.push(ours / reference);
    }

    fn pair(self) -> Pair {
        let Self { ours, references, ratios } = self;
        Pair { ours: median(ours), reference: median(references), ratio: median(ratios) }
    }
}

/// The middle value. There is at least one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_that_of_neighbours_and_not_moved_by_a_slow_minute() {
        let mut turns = Turns::default();
        for load in [1.0, 1.0, 1.0, 7.0, 7.0] {
            turns.add(30.0 * load, 20.0 * load);
        }
        // Somebody else had the processor in the middle of a turn.
        turns.add(1000.0, 20.0);
        let pair = turns.pair().per(10);
        assert_eq!(pair.ratio, 1.5);
        assert_eq!(pair.reference, 2.0);
    }

    #[test]
    fn what_works_twice_as_much_takes_longer() {
        let work = |rounds: u64| {
            let sum = (0..std::hint::black_box(rounds))
                .fold(0_u64, |sum, n| std::hint::black_box(sum.wrapping_mul(31).wrapping_add(n)));
            std::hint::black_box(sum);
        };
        let pair = alternate(|| work(20_000), || work(10_000));
        assert!(pair.ratio > 1.2 && pair.ratio < 3.5, "{pair:?}");
    }
}
