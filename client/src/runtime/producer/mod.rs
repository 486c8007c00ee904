//! The producer at run time: lanes that senders write into, and the task that sends.

pub(crate) mod accumulator;
#[cfg(feature = "unstable-bench-support")]
pub(crate) mod bench;
mod clock;
pub(crate) mod completion;
pub(crate) mod failures;
mod lane;
pub(crate) mod memory;
mod packing;
mod parked;
mod ratio;
mod table;
pub(crate) mod task;
#[cfg(test)]
mod tests;
mod topics;
pub(crate) mod wire;
