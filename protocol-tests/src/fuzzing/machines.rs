//! The client's machines, driven by arbitrary sequences of answers, silence and time.

use arbitrary::{Arbitrary, Unstructured};
use milena::fuzzing::{Machines, Operation};

use super::{Target, samples};

/// Connection, metadata, producer and consumer.
pub const TARGET: Target = Target { name: "machines", cap: 1 << 20, exercise, seeds };

fn exercise(input: &[u8]) {
    let mut u = Unstructured::new(input);
    let mut machines = Machines::new();
    while !u.is_empty()
        && let Ok(operation) = Operation::arbitrary(&mut u)
    {
        machines.apply(operation);
    }
    machines.finish();
}

/// Nothing that a peer would send has a form here, so these are bytes of no meaning.
fn seeds() -> Vec<Vec<u8>> {
    (0..32).map(|seed| samples::noise(seed, 64 << (seed % 6))).collect()
}
