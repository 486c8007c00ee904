//! How much memory a simulated cluster holds for each idle broker and for each replica without
//! records: one JSON line. A program of its own, because its allocator counts.

use milena_protocol_tests::fuzzing::memory::{self, CountingAllocator};
use milena_protocol_tests::measure::cluster::Driven;

#[global_allocator]
static ALLOCATOR: CountingAllocator = memory::counting_allocator();

/// Brokers more than one.
const MORE_BROKERS: usize = 10;

const TOPICS: usize = 10_000;
const REPLICATION_FACTOR: usize = 3;

fn main() {
    let one = held_by(|| Driven::start(1));
    let many = held_by(|| Driven::start(1 + MORE_BROKERS));
    let idle_broker = many.saturating_sub(one) / MORE_BROKERS;

    let mut driven = Driven::start(REPLICATION_FACTOR);
    let usage = memory::measure(|| {
        for index in 0..TOPICS {
            driven.create_topic(&format!("topic-{index}"), 1);
        }
        driven.settle();
    });
    let empty_replica = usage.held / (TOPICS * REPLICATION_FACTOR);
    println!("{{\"idle_broker\":{idle_broker},\"empty_replica\":{empty_replica}}}");
}

fn held_by(make: impl FnOnce() -> Driven) -> usize {
    let mut made = None;
    let usage = memory::measure(|| made = Some(make()));
    drop(made);
    usage.held
}
