//! Errors of producers.
