//! Requests against a whole cluster: raw bytes and structured requests, one after another, on
//! several connections to brokers and to the controller, while time passes and nodes die.
//!
//! Structured requests speak of what is there (module `words`): topics by name and id, epochs,
//! offsets, producers, fetch sessions, settings. Without that nearly every one of them would end at
//! the first look-up.

use std::sync::OnceLock;
use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use bytes::Bytes;
use milena_mock_broker::cluster::Operation;
use milena_protocol::arbitrary::ArbitraryRequest;
use milena_protocol::ids::BrokerId;
use milena_protocol::messages::ApiKey;

use super::{Target, samples};

mod words;
mod world;

use world::{CONTROLLER, PLACES, World};

/// Two brokers with two topics, in virtual time. A cluster holds more than what it is sent: what a
/// request creates, up to 10,000 partitions, and the answers to it.
pub const TARGET: Target = Target {
    name: "broker_requests",
    cap: 256 << 20,
    exercise: |input| drop(exercise(input)),
    seeds,
};

/// An API in a version.
pub type Api = (ApiKey, i16);

/// No more than this is done in one input, so that each of them takes a moment.
const MOST_STEPS: usize = 64;

/// Above this an input ends: each request may add ten thousand, as Apache Kafka lets it, and all of
/// them take memory.
const MOST_PARTITIONS: i32 = 20_000;

/// One thing that is done to the cluster.
enum Step<'a> {
    /// Bytes that need not be a request.
    Raw(usize, &'a [u8]),
    /// A request of any API in any version, with any content.
    Any(usize, Bytes),
    /// A request that is served, about what is there.
    Served(usize, Api),
    /// The same request once more.
    Again(usize),
    /// A client hangs up, and connects anew.
    Reconnect(usize),
    /// Time passes.
    Pass(Duration),
    /// An operator acts.
    Operate(Operation),
}

impl<'a> Step<'a> {
    fn draw(u: &mut Unstructured<'a>) -> Result<Self> {
        let kind = u.int_in_range(0..=31_u8)?;
        let place = u.int_in_range(0..=PLACES - 1)?;
        Ok(match kind {
            0..=1 => {
                let length = u.int_in_range(0..=255_usize)?.min(u.len());
                Self::Raw(place, u.bytes(length)?)
            }
            2 => Self::Reconnect(place),
            3..=4 => Self::Pass(Duration::from_millis(u.int_in_range(1..=20_000)?)),
            5 => Self::Any(place, ArbitraryRequest::arbitrary(u)?.frame()),
            6 => Self::Operate(operation(u)?),
            7..=8 => Self::Again(place),
            _ => {
                let served = served();
                let apis =
                    if place == CONTROLLER { &served.by_controller } else { &served.by_brokers };
                let (key, lowest, highest) = apis[u.int_in_range(0..=apis.len() - 1)?];
                Self::Served(place, (key, u.int_in_range(lowest..=highest)?))
            }
        })
    }
}

/// What nodes answer to, as they say themselves.
struct Served {
    by_brokers: Vec<(ApiKey, i16, i16)>,
    by_controller: Vec<(ApiKey, i16, i16)>,
}

fn served() -> &'static Served {
    static SERVED: OnceLock<Served> = OnceLock::new();
    SERVED.get_or_init(|| {
        let mut world = World::new();
        let (by_brokers, by_controller) = (world.apis(0), world.apis(CONTROLLER));
        Served { by_brokers, by_controller }
    })
}

/// What makes requests take other ways: nodes that are gone, slow or behind. The last broker stays.
fn operation(u: &mut Unstructured<'_>) -> Result<Operation> {
    let second = BrokerId(2);
    Ok(match u.int_in_range(0..=13_u8)? {
        0 => Operation::Kill(second),
        1 => Operation::Restart(second),
        2 => Operation::Pause(second),
        3 => Operation::Resume(second),
        4 => Operation::ShutDown(second),
        5 => Operation::KillController,
        6 => Operation::RestartController,
        7 => Operation::PauseController,
        8 => Operation::ResumeController,
        9 => Operation::HoldMetadata(BrokerId(1)),
        10 => Operation::ReleaseMetadata(BrokerId(1)),
        11 => Operation::CleanLogs(BrokerId(1)),
        12 => Operation::LosePower(second),
        _ => Operation::DeleteLogDirectory {
            broker: BrokerId(1 + u.int_in_range(0..=1)?),
            directory: words::DIRECTORIES[1].to_owned(),
        },
    })
}

/// Feeds one input to a cluster. Returns what was answered.
pub fn exercise(input: &[u8]) -> Vec<Api> {
    // Outside of the first input that needs it, so that every input does the same.
    served();
    let mut u = Unstructured::new(input);
    let mut world = World::new();
    for _ in 0..MOST_STEPS {
        if u.is_empty() || world.partitions() > MOST_PARTITIONS {
            break;
        }
        let Ok(step) = Step::draw(&mut u) else { break };
        match step {
            Step::Raw(place, bytes) => world.send(place, Bytes::copy_from_slice(bytes)),
            Step::Any(place, frame) => world.send(place, frame),
            Step::Served(place, (key, version)) => {
                let words = world.words();
                let Ok(request) = ArbitraryRequest::in_words(&words, key, version, &mut u) else {
                    break;
                };
                world.send(place, request.frame());
            }
            Step::Again(place) => world.send_again(place),
            Step::Reconnect(place) => world.hang_up(place),
            Step::Pass(time) => world.pass(time),
            Step::Operate(operation) => world.operate(operation),
        }
    }
    world.still_serves();
    world.answered()
}

/// What well-behaved clients send, each request as bytes on the first connection; each API that is
/// served, with content that is drawn from bytes of no meaning; and such bytes alone.
fn seeds() -> Vec<Vec<u8>> {
    let requests = samples::requests().into_iter().filter(|frame| frame.len() <= 200);
    let raw = requests.map(|frame| [&[0, 0, frame.len() as u8][..], &frame].concat());
    let mut seeds: Vec<_> = raw.collect();
    let served = served();
    for (place, apis) in [(0, &served.by_brokers), (CONTROLLER, &served.by_controller)] {
        for (at, seed) in (0..apis.len()).zip(0..) {
            let start = [9, place as u8, at as u8];
            seeds.push([&start[..], &samples::noise(seed, 240)].concat());
        }
    }
    seeds.extend((0..32).map(|seed| samples::noise(seed, 64 << (seed % 6))));
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::corpus;

    #[test]
    fn every_api_that_is_served_is_asked_and_answers() {
        let archive = corpus::archive(TARGET.name);
        let kept = corpus::read_archive(&archive).expect("the target has a corpus");
        let kept = kept.into_iter().map(|input| input.bytes);
        let mut answered: Vec<ApiKey> = Vec::new();
        for (key, _) in kept.chain(seeds()).flat_map(|input| exercise(&input)) {
            if !answered.contains(&key) {
                answered.push(key);
            }
        }
        let served = served();
        let apis = served.by_brokers.iter().chain(&served.by_controller);
        let silent: Vec<ApiKey> =
            apis.map(|(key, ..)| *key).filter(|key| !answered.contains(key)).collect();
        assert_eq!(silent, []);
    }
}
