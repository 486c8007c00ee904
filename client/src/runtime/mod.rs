//! One task per role: event, machine, effects. The only place that reads clocks.

pub(crate) mod consumer;
pub(crate) mod core;
mod metadata;
pub(crate) mod producer;
mod request;
mod shared;
mod store;

#[cfg(test)]
mod tests;
