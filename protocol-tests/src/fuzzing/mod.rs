//! What the fuzz targets run: each takes arbitrary bytes and must neither panic nor take more
//! memory than it may ([`memory`]).
//!
//! The targets in `fuzz/` are one line each that names one of these. They need no fuzzer here, so
//! `tests/fuzz_corpora.rs` replays what fuzzing found worth keeping ([`corpus`]) with nothing but a
//! stable compiler. `docs/fuzzing.md` tells how to run them.

pub mod broker_requests;
pub mod configuration;
pub mod consumer_protocol;
pub mod corpus;
pub mod decompress;
pub mod frames;
pub mod guard_and_decoder;
pub mod machines;
pub mod memory;
pub mod record_batches;
mod recorded;
pub mod request;
pub mod response;
mod samples;

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of its file in `fuzz/fuzz_targets` and of its corpus.
    pub name: &'static str,
    /// The largest single allocation it may make, in bytes. All that it holds at one time may come
    /// to this and [`memory::PER_BYTE`] times the length of its input.
    pub cap: usize,
    /// What it does with an input.
    pub exercise: fn(&[u8]),
    /// Inputs to start fuzzing with: what a well-behaved peer sends, in the form the target takes.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// The cap of targets that decode messages: what the guard allows beyond the bytes of a message if it
/// is not told otherwise, and what stands around it.
const DECODING: usize = (1 << 20) + (128 << 10);

/// The cap of targets that decompress at most 128 KiB at once. Zstandard in Rust has a window of as
/// much, room for two blocks behind it, the literals and sequences of a block, and while any of them
/// grows its old place.
const DECOMPRESSING: usize = 1 << 20;

/// Every target, by name.
pub const TARGETS: [Target; 10] = [
    broker_requests::TARGET,
    configuration::TARGET,
    consumer_protocol::TARGET,
    decompress::TARGET,
    frames::TARGET,
    guard_and_decoder::TARGET,
    machines::TARGET,
    record_batches::TARGET,
    request::TARGET,
    response::TARGET,
];

impl Target {
    /// Feeds it one input.
    ///
    /// # Panics
    /// If something is found: a broken invariant, or more memory than it may take. Also if the
    /// program does not count its allocations, see [`memory::counting_allocator`].
    pub fn run(&self, input: &[u8]) {
        let usage = memory::measure(|| (self.exercise)(input));
        usage.check(self.cap, input.len());
    }
}
