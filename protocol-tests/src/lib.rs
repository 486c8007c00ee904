//! Failure scenarios, determinism, interoperability and figures for `milena` and its cluster.

pub mod fuzzing;
pub mod interop;
pub mod kafka;
