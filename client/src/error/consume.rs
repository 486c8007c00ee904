//! Errors of consumers.
