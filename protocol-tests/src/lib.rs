//! Failure scenarios, determinism, interoperability and figures for `milena` and its cluster.

pub mod capture;
pub mod conformance;
pub mod fuzzing;
pub mod interop;
pub mod java_peer;
pub mod kafka;
pub mod measure;
pub mod schemas;
pub mod seeds;
pub mod settings_tables;
pub mod vectors;

/// The README's examples, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The examples of `docs/fuzzing.md`, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/fuzzing.md")]
pub struct Fuzzing;
